//! Rights: what each role holds, by the table, by the roles it includes and by what is implied.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::guards::{Guards, guard_of};
use super::names::{Names, fail};
use crate::policy::{ConditionalRight, RoleId};
use crate::{Bits, PolicyError, PolicyErrorKind, PolicySpec, Step, limits};

/// What means all permissions, where permissions are named.
pub(super) const ALL: &str = "*";

/// A permission that a role holds, with the guard under which it does.
pub(super) type Held = (usize, Option<usize>);

/// What each role holds by the table alone.
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
        (0..spec.permissions.len()).for_each(|number| add(RoleId(at), (number, None)));
    }
    for (number, permission) in spec.permissions.iter().enumerate() {
        let at = |rest: &[Step]| {
            let mut path = vec!["permissions".into(), number.into()];
            path.extend_from_slice(rest);
            path
        };
        for (index, role) in permission.allow.iter().enumerate() {
            let role = names.role(role, || at(&["allow".into(), index.into()]))?;
            add(role, (number, None));
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
                add(names.role(role, path)?, (number, guard));
            }
        }
    }
    Ok(held)
}

/// What each role holds by the table and by the roles it includes.
pub(super) fn with_included(
    spec: &PolicySpec,
    names: Names<'_>,
    direct: &[Vec<Held>],
) -> Result<Vec<Vec<Held>>, PolicyError> {
    let mut includes = Vec::new();
    for (at, role) in spec.roles.iter().enumerate() {
        let mut ids = Vec::new();
        for (index, id) in role.includes.iter().enumerate() {
            let path = || vec!["roles".into(), at.into(), "includes".into(), index.into()];
            ids.push(names.role(id, path)?.0);
        }
        includes.push(ids);
    }
    let mut all = Vec::new();
    for at in 0..spec.roles.len() {
        let reached = closure(at, &includes);
        if includes
            .get(at)
            .is_some_and(|ids| ids.iter().any(|id| closure(*id, &includes).contains(&at)))
        {
            let id = spec
                .roles
                .get(at)
                .map(|role| role.id.clone())
                .unwrap_or_default();
            let path = vec!["roles".into(), at.into(), "includes".into()];
            return Err(fail(path, PolicyErrorKind::Cycle(id)));
        }
        all.push(
            reached
                .iter()
                .filter_map(|role| direct.get(*role))
                .flatten()
                .copied()
                .collect(),
        );
    }
    Ok(all)
}

/// For each permission, itself and all that comes with it.
pub(super) fn implied(spec: &PolicySpec, names: Names<'_>) -> Result<Vec<Vec<usize>>, PolicyError> {
    let mut direct = Vec::new();
    for (at, permission) in spec.permissions.iter().enumerate() {
        let mut ids = Vec::new();
        for (index, id) in permission.implies.iter().enumerate() {
            let path = || {
                vec![
                    "permissions".into(),
                    at.into(),
                    "implies".into(),
                    index.into(),
                ]
            };
            ids.push(names.permission(id, path)?.0);
        }
        direct.push(ids);
    }
    let all: Vec<Vec<usize>> = (0..direct.len()).map(|at| closure(at, &direct)).collect();
    for (at, permission) in spec.permissions.iter().enumerate() {
        let back = |ids: &Vec<usize>| {
            ids.iter()
                .any(|id| all.get(*id).is_some_and(|ids| ids.contains(&at)))
        };
        if direct.get(at).is_some_and(back) {
            let path = vec!["permissions".into(), at.into(), "implies".into()];
            return Err(fail(path, PolicyErrorKind::Cycle(permission.id.clone())));
        }
    }
    Ok(all)
}

/// `start` and everything that `edges` lead to from it.
fn closure(start: usize, edges: &[Vec<usize>]) -> Vec<usize> {
    let mut reached = vec![start];
    let mut next = 0;
    while let Some(at) = reached.get(next).copied() {
        next += 1;
        for to in edges.get(at).into_iter().flatten() {
            if !reached.contains(to) {
                reached.push(*to);
            }
        }
    }
    reached
}

/// Numbers for rights: the permissions first, then each pair of permission and guard in use.
pub(super) struct Rights {
    pub(super) permissions: usize,
    pub(super) conditional: Vec<ConditionalRight>,
}

impl Rights {
    pub(super) fn total(&self) -> usize {
        self.permissions + self.conditional.len()
    }

    /// The numbers of `held` and of all it implies. What is held under a guard implies under it.
    pub(super) fn numbers(
        &mut self,
        held: &[Held],
        implied: &[Vec<usize>],
    ) -> Result<Vec<usize>, PolicyError> {
        let mut numbers = Vec::new();
        for (permission, guard) in held {
            for implied in implied.get(*permission).into_iter().flatten().copied() {
                numbers.push(match guard {
                    None => implied,
                    Some(guard) => self.conditional_number(implied, *guard)?,
                });
            }
        }
        Ok(numbers)
    }

    fn conditional_number(
        &mut self,
        permission: usize,
        guard: usize,
    ) -> Result<usize, PolicyError> {
        let right = ConditionalRight { permission, guard };
        let at = match self.conditional.iter().position(|known| *known == right) {
            Some(at) => at,
            None => {
                let limit = limits::CONDITIONAL_RIGHTS_MAX;
                if self.conditional.len() >= limit {
                    let path = vec![
                        "permissions".into(),
                        permission.into(),
                        "conditional".into(),
                    ];
                    return Err(fail(path, PolicyErrorKind::TooMany { limit }));
                }
                self.conditional.push(right);
                self.conditional.len() - 1
            }
        };
        Ok(self.permissions + at)
    }
}

/// The set of permissions called `ids`, each with its place in the list `key`.
pub(super) fn named_set<'a>(
    ids: impl Iterator<Item = (usize, &'a String)>,
    names: Names<'_>,
    implied: &[Vec<usize>],
    total: usize,
    key: &str,
) -> Result<Bits, PolicyError> {
    let mut bits = Bits::empty(total);
    for (at, id) in ids {
        let permission = names.permission(id, || vec![key.into(), at.into()])?;
        implied
            .get(permission.0)
            .into_iter()
            .flatten()
            .for_each(|right| bits.insert(*right));
    }
    Ok(bits)
}
