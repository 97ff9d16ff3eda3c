//! Rights: what each role holds, by the table, by the roles it includes and by what is implied.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::guards::{Guards, guard_of};
use super::names::{Names, fail};
use crate::policy::{ConditionalRight, RoleId};
use crate::{Bits, PolicyError, PolicyErrorKind, PolicySpec, Step, limits};

/// What means all permissions, where permissions are named.
pub(super) const ALL: &str = "*";

/// The guard under which a role holds a permission, and the permission.
pub(super) type Held = (Option<usize>, usize);

/// What each role holds by the table alone, by guard, each once.
pub(super) fn direct_rights(
    spec: &PolicySpec,
    names: Names<'_>,
    guards: &mut Guards,
) -> Result<Vec<Vec<Held>>, PolicyError> {
    let mut held: Vec<Vec<Held>> = vec![Vec::new(); spec.roles.len()];
    let mut add = |role: RoleId, right: Held| {
        if let Some(rights) = held.get_mut(role.0) {
            rights.push(right);
        }
    };
    for (at, _) in spec.roles.iter().enumerate().filter(|r| r.1.overriding) {
        (0..spec.permissions.len()).for_each(|number| add(RoleId(at), (None, number)));
    }
    for (number, permission) in spec.permissions.iter().enumerate() {
        let at = |rest: &[Step]| {
            let mut path = vec!["permissions".into(), number.into()];
            path.extend_from_slice(rest);
            path
        };
        for (index, role) in permission.allow.iter().enumerate() {
            let role = names.role(role, || at(&["allow".into(), index.into()]))?;
            add(role, (None, number));
        }
        for (index, conditional) in permission.conditional.iter().enumerate() {
            let here = at(&["conditional".into(), index.into()]);
            let inside = |member: &str| [here.as_slice(), &[member.into()]].concat();
            // An empty list would hold always, which is what `allow` is for.
            let Some(guard) = guard_of(&conditional.when, names, &inside("when"))? else {
                return Err(fail(inside("when"), PolicyErrorKind::NoCondition));
            };
            let guard = Some(guards.number(guard));
            for (position, role) in conditional.roles.iter().enumerate() {
                let path = || [inside("roles").as_slice(), &[position.into()]].concat();
                add(names.role(role, path)?, (guard, number));
            }
        }
    }
    for rights in &mut held {
        rights.sort_unstable();
        rights.dedup();
    }
    Ok(held)
}

/// For each role, itself and all that it includes.
pub(super) fn included(spec: &PolicySpec, names: Names<'_>) -> Result<Vec<Bits>, PolicyError> {
    let mut includes = Vec::new();
    for (at, role) in spec.roles.iter().enumerate() {
        let mut direct = Bits::empty(spec.roles.len());
        for (index, id) in role.includes.iter().enumerate() {
            let path = || vec!["roles".into(), at.into(), "includes".into(), index.into()];
            direct.insert(names.role(id, path)?.0);
        }
        includes.push(direct);
    }
    closed(includes).map_err(|at| {
        let id = spec.roles.get(at).map(|role| role.id.clone());
        let path = vec!["roles".into(), at.into(), "includes".into()];
        fail(path, PolicyErrorKind::Cycle(id.unwrap_or_default()))
    })
}

/// For each permission, itself and all that comes with it.
pub(super) fn implied(spec: &PolicySpec, names: Names<'_>) -> Result<Vec<Bits>, PolicyError> {
    let permissions = &spec.permissions;
    let place = |at: usize| vec!["permissions".into(), at.into(), "implies".into()];
    let mut implies = Vec::new();
    for (at, permission) in permissions.iter().enumerate() {
        let mut direct = Bits::empty(permissions.len());
        for (index, id) in permission.implies.iter().enumerate() {
            let path = || [place(at), vec![index.into()]].concat();
            direct.insert(names.permission(id, path)?.0);
        }
        implies.push(direct);
    }
    closed(implies).map_err(|at| {
        let id = permissions.get(at).map(|permission| permission.id.clone());
        fail(place(at), PolicyErrorKind::Cycle(id.unwrap_or_default()))
    })
}

/// For each number, itself and all that `edges` lead to from it, however far.
///
/// # Errors
/// The first number that they lead back to.
fn closed(mut edges: Vec<Bits>) -> Result<Vec<Bits>, usize> {
    for via in 0..edges.len() {
        let Some(further) = edges.get(via).cloned() else {
            continue;
        };
        for reached in &mut edges {
            if reached.contains(via) {
                reached.union_with(&further);
            }
        }
    }
    for (at, reached) in edges.iter_mut().enumerate() {
        if reached.contains(at) {
            return Err(at);
        }
        reached.insert(at);
    }
    Ok(edges)
}

/// Numbers for rights: the permissions first, then each pair of permission and guard in use.
pub(super) struct Rights {
    pub(super) permissions: usize,
    pub(super) conditional: Vec<ConditionalRight>,
    known: BTreeMap<(usize, usize), usize>,
}

impl Rights {
    pub(super) const fn new(permissions: usize) -> Self {
        Self {
            permissions,
            conditional: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    pub(super) fn total(&self) -> usize {
        self.permissions + self.conditional.len()
    }

    /// What is `held`, and all that it implies. What is held under a guard implies under it.
    pub(super) fn of(&mut self, held: &[Held], implied: &[Bits]) -> Result<Bits, PolicyError> {
        let mut rights = Bits::empty(self.permissions + limits::CONDITIONAL_RIGHTS_MAX);
        for under_guard in held.chunk_by(|one, other| one.0 == other.0) {
            let mut all = Bits::empty(self.permissions);
            for (_, permission) in under_guard {
                implied
                    .get(*permission)
                    .into_iter()
                    .for_each(|implied| all.union_with(implied));
            }
            match under_guard.first() {
                Some((Some(guard), _)) => {
                    for permission in all.iter() {
                        rights.insert(self.conditional_number(permission, *guard)?);
                    }
                }
                _ => rights.union_with(&all),
            }
        }
        Ok(rights)
    }

    fn conditional_number(
        &mut self,
        permission: usize,
        guard: usize,
    ) -> Result<usize, PolicyError> {
        let next = self.total();
        let limit = limits::CONDITIONAL_RIGHTS_MAX;
        let has_room = self.conditional.len() < limit;
        match self.known.entry((permission, guard)) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(free) if has_room => {
                self.conditional
                    .push(ConditionalRight { permission, guard });
                Ok(*free.insert(next))
            }
            Entry::Vacant(_) => {
                let member = "conditional".into();
                let path = vec!["permissions".into(), permission.into(), member];
                Err(fail(path, PolicyErrorKind::TooMany { limit }))
            }
        }
    }
}

/// The set of permissions called `ids`, each with its place in the list `key`.
pub(super) fn named_set<'a>(
    ids: impl Iterator<Item = (usize, &'a String)>,
    names: Names<'_>,
    implied: &[Bits],
    total: usize,
    key: &str,
) -> Result<Bits, PolicyError> {
    let mut bits = Bits::empty(total);
    for (at, id) in ids {
        let permission = names.permission(id, || vec![key.into(), at.into()])?;
        if let Some(implied) = implied.get(permission.0) {
            bits.union_with(implied);
        }
    }
    Ok(bits)
}
