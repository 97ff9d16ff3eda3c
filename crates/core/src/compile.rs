//! From a policy as written to one that is right.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::fact::DIRECTORY_FACTS;
use crate::guard::Condition;
use crate::policy::{Case, ConditionalRight, Permission, PermissionId, Policy, Role, RoleId};
use crate::{
    Bits, ConditionSpec, FactType, Facts, Guard, Operation, PolicyError, PolicyErrorKind,
    PolicySpec, Step, Test, Value, fact_type, limits,
};

/// A permission that a role holds, with the guard under which it does.
type Held = (usize, Option<usize>);

impl Policy {
    /// Compiles `spec`.
    ///
    /// # Errors
    /// The first place where the policy is wrong, and what is wrong there.
    pub fn compile(spec: &PolicySpec) -> Result<Self, PolicyError> {
        let role_ids = role_ids(spec)?;
        let permission_ids = permission_ids(spec)?;
        if !spec.roles.iter().any(|role| role.admin) {
            return Err(fail(vec!["roles".into()], PolicyErrorKind::NoAdminRole));
        }
        let names = Names {
            roles: &role_ids,
            permissions: &permission_ids,
        };

        let mut guards = Guards::default();
        let permission_guards = permission_guards(spec, names, &mut guards)?;
        let direct = direct_rights(spec, names, &mut guards)?;
        let held = with_included(spec, names, &direct)?;
        let implied = implied(spec, names)?;

        let mut rights = Rights {
            permissions: spec.permissions.len(),
            conditional: Vec::new(),
        };
        let mut role_numbers = Vec::new();
        for held in &held {
            role_numbers.push(rights.numbers(held, &implied)?);
        }
        let total = rights.total();
        let roles = roles(spec, names, &role_numbers, total)?;
        let everyone = named_set(&spec.everyone, names, &implied, total, "everyone")?;
        let mut ownership = BTreeMap::new();
        for (level, ids) in &spec.ownership {
            let bits = if ids.iter().any(|id| id == "*") {
                Bits::first(spec.permissions.len(), total)
            } else {
                named_set(ids, names, &implied, total, level.as_str())
                    .map_err(|error| under("ownership", error))?
            };
            ownership.insert(*level, bits);
        }
        let operations = operations(spec, names)?;
        let creator = match &spec.creator {
            Some(id) => Some(names.role(id, || vec!["creator".into()])?),
            None => None,
        };
        Ok(Self {
            id: spec.id.clone(),
            permissions: permissions(spec, names, &permission_guards, &rights, &operations)?,
            roles,
            guards: guards.0,
            rights: total,
            conditional_rights: rights.conditional,
            everyone,
            ownership,
            creator,
            operations,
            permission_ids,
            role_ids,
        })
    }
}

fn fail(path: Vec<Step>, kind: PolicyErrorKind) -> PolicyError {
    PolicyError { path, kind }
}

fn under(key: &str, mut error: PolicyError) -> PolicyError {
    error.path.insert(0, key.into());
    error
}

/// The ids of the document, for looking names up.
#[derive(Clone, Copy)]
struct Names<'a> {
    roles: &'a BTreeMap<String, RoleId>,
    permissions: &'a BTreeMap<String, PermissionId>,
}

impl Names<'_> {
    fn role(self, id: &str, path: impl FnOnce() -> Vec<Step>) -> Result<RoleId, PolicyError> {
        self.roles
            .get(id)
            .copied()
            .ok_or_else(|| unknown("role", id, self.roles.keys(), path()))
    }

    fn permission(
        self,
        id: &str,
        path: impl FnOnce() -> Vec<Step>,
    ) -> Result<PermissionId, PolicyError> {
        self.permissions
            .get(id)
            .copied()
            .ok_or_else(|| unknown("permission", id, self.permissions.keys(), path()))
    }
}

fn unknown<'a>(
    noun: &'static str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
    path: Vec<Step>,
) -> PolicyError {
    let known = known.cloned().collect();
    fail(
        path,
        PolicyErrorKind::Unknown {
            noun,
            name: name.to_owned(),
            known,
        },
    )
}

fn role_ids(spec: &PolicySpec) -> Result<BTreeMap<String, RoleId>, PolicyError> {
    check_id(&spec.id, || vec!["id".into()])?;
    let ids = spec.roles.iter().map(|role| &role.id);
    Ok(numbered(ids, "roles", limits::ROLES_MAX)?
        .into_iter()
        .map(|(k, v)| (k, RoleId(v)))
        .collect())
}

fn permission_ids(spec: &PolicySpec) -> Result<BTreeMap<String, PermissionId>, PolicyError> {
    let ids = spec.permissions.iter().map(|permission| &permission.id);
    let numbered = numbered(ids, "permissions", limits::PERMISSIONS_MAX)?;
    Ok(numbered
        .into_iter()
        .map(|(k, v)| (k, PermissionId(v)))
        .collect())
}

fn numbered<'a>(
    ids: impl ExactSizeIterator<Item = &'a String>,
    list: &str,
    limit: usize,
) -> Result<BTreeMap<String, usize>, PolicyError> {
    if ids.len() > limit {
        return Err(fail(vec![list.into()], PolicyErrorKind::TooMany { limit }));
    }
    let mut numbers = BTreeMap::new();
    for (at, id) in ids.enumerate() {
        let path = || vec![list.into(), at.into(), "id".into()];
        check_id(id, path)?;
        if numbers.insert(id.clone(), at).is_some() {
            return Err(fail(path(), PolicyErrorKind::Duplicate(id.clone())));
        }
    }
    Ok(numbers)
}

fn check_id(id: &str, path: impl FnOnce() -> Vec<Step>) -> Result<(), PolicyError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-' | '>');
    if id.is_empty() || id.len() > limits::ID_BYTES_MAX || !id.chars().all(legal) {
        return Err(fail(path(), PolicyErrorKind::InvalidId(id.to_owned())));
    }
    Ok(())
}

/// Guards by number, each distinct one once.
#[derive(Default)]
struct Guards(Vec<Guard>);

impl Guards {
    fn number(&mut self, guard: Guard) -> usize {
        self.0
            .iter()
            .position(|known| *known == guard)
            .unwrap_or_else(|| {
                self.0.push(guard);
                self.0.len() - 1
            })
    }
}

fn guard_of(
    conditions: &[ConditionSpec],
    names: Names<'_>,
    path: &[Step],
) -> Result<Option<Guard>, PolicyError> {
    if conditions.is_empty() {
        return Ok(None);
    }
    let limit = limits::CONDITIONS_MAX;
    if conditions.len() > limit {
        return Err(fail(path.to_vec(), PolicyErrorKind::TooMany { limit }));
    }
    let mut checked = Vec::new();
    for (at, ConditionSpec { fact, test }) in conditions.iter().enumerate() {
        let here = |member: &str| {
            let mut path = path.to_vec();
            path.extend([at.into(), member.into()]);
            path
        };
        check_test(fact, test, names, here)?;
        checked.push(Condition {
            fact: fact.clone(),
            test: test.clone(),
        });
    }
    checked.sort();
    checked.dedup();
    Ok(Some(Guard {
        conditions: checked,
    }))
}

fn check_test(
    fact: &str,
    test: &Test,
    names: Names<'_>,
    path: impl Fn(&str) -> Vec<Step>,
) -> Result<(), PolicyError> {
    let Some(kind) = fact_type(fact) else {
        let known: Vec<String> = DIRECTORY_FACTS
            .iter()
            .map(|(name, _)| (*name).into())
            .chain(["resource.<name>".into()])
            .collect();
        return Err(unknown("fact", fact, known.iter(), path("fact")));
    };
    let fits = matches!(
        (kind, test),
        (FactType::Any, _)
            | (FactType::Bool, Test::Equals(Value::Bool(_)))
            | (FactType::Integer, Test::Equals(Value::Integer(_)))
            | (FactType::Integer, Test::AtLeast(_) | Test::AtMost(_))
            | (
                FactType::Role,
                Test::Equals(Value::Text(_)) | Test::In(_) | Test::NotIn(_)
            )
    );
    if !fits {
        let expected = match kind {
            FactType::Any => "of any type",
            FactType::Bool => "true or false",
            FactType::Integer => "whole numbers",
            FactType::Role => "role ids",
        };
        let kind = PolicyErrorKind::TypeMismatch {
            fact: fact.to_owned(),
            expected,
        };
        return Err(fail(path("fact"), kind));
    }
    if kind == FactType::Role {
        match test {
            Test::Equals(Value::Text(role)) => {
                names.role(role, || path("equals"))?;
            }
            Test::In(roles) | Test::NotIn(roles) => {
                let member = if matches!(test, Test::In(_)) {
                    "in"
                } else {
                    "not_in"
                };
                for role in roles {
                    names.role(role, || path(member))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn permission_guards(
    spec: &PolicySpec,
    names: Names<'_>,
    guards: &mut Guards,
) -> Result<Vec<Option<usize>>, PolicyError> {
    let mut numbers = Vec::new();
    for (at, permission) in spec.permissions.iter().enumerate() {
        let path = ["permissions".into(), at.into(), "guard".into()];
        let guard = guard_of(&permission.guard, names, &path)?;
        numbers.push(guard.map(|guard| guards.number(guard)));
    }
    Ok(numbers)
}

/// What each role holds by the table alone.
fn direct_rights(
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
fn with_included(
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
fn implied(spec: &PolicySpec, names: Names<'_>) -> Result<Vec<Vec<usize>>, PolicyError> {
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
struct Rights {
    permissions: usize,
    conditional: Vec<ConditionalRight>,
}

impl Rights {
    fn total(&self) -> usize {
        self.permissions + self.conditional.len()
    }

    /// The numbers of `held` and of all it implies. What is held under a guard implies under it.
    fn numbers(
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

fn roles(
    spec: &PolicySpec,
    names: Names<'_>,
    numbers: &[Vec<usize>],
    total: usize,
) -> Result<Vec<Role>, PolicyError> {
    let mut roles: Vec<Role> = Vec::new();
    for (at, role) in spec.roles.iter().enumerate() {
        let mut rights = Bits::empty(total);
        numbers
            .get(at)
            .into_iter()
            .flatten()
            .for_each(|right| rights.insert(*right));
        let cap = match &role.cap {
            Some(id) => Some(names.role(id, || vec!["roles".into(), at.into(), "cap".into()])?),
            None => None,
        };
        // Override and cap act on the whole organization, so only its own roles may carry them.
        if (role.overriding || cap.is_some()) && role.level != crate::Level::Organization {
            let member = if role.overriding { "override" } else { "cap" };
            let kind = PolicyErrorKind::WrongLevel {
                role: role.id.clone(),
                level: role.level,
                expected: crate::Level::Organization,
            };
            return Err(fail(vec!["roles".into(), at.into(), member.into()], kind));
        }
        let name = if role.name.is_empty() {
            &role.id
        } else {
            &role.name
        };
        let alike = |known: &Role| known.level == role.level && known.name == *name;
        if roles.iter().any(alike) {
            let path = vec!["roles".into(), at.into(), "name".into()];
            return Err(fail(path, PolicyErrorKind::Duplicate(name.clone())));
        }
        roles.push(Role {
            id: role.id.clone(),
            name: name.clone(),
            level: role.level,
            admin: role.admin,
            overriding: role.overriding,
            rights,
            cap,
        });
    }
    Ok(roles)
}

fn named_set(
    ids: &[String],
    names: Names<'_>,
    implied: &[Vec<usize>],
    total: usize,
    key: &str,
) -> Result<Bits, PolicyError> {
    let mut bits = Bits::empty(total);
    for (at, id) in ids.iter().enumerate() {
        let permission = names.permission(id, || vec![key.into(), at.into()])?;
        implied
            .get(permission.0)
            .into_iter()
            .flatten()
            .for_each(|right| bits.insert(*right));
    }
    Ok(bits)
}

fn operations(
    spec: &PolicySpec,
    names: Names<'_>,
) -> Result<BTreeMap<Operation, PermissionId>, PolicyError> {
    let mut operations = BTreeMap::new();
    for (name, permission) in &spec.operations {
        let path = || vec!["operations".into(), Step::Key(name.clone())];
        let Some(operation) = Operation::parse(name) else {
            let known: Vec<String> = Operation::ALL
                .iter()
                .map(|operation| operation.as_str().into())
                .collect();
            return Err(unknown("operation", name, known.iter(), path()));
        };
        operations.insert(operation, names.permission(permission, path)?);
    }
    Ok(operations)
}

fn permissions(
    spec: &PolicySpec,
    names: Names<'_>,
    guards: &[Option<usize>],
    rights: &Rights,
    operations: &BTreeMap<Operation, PermissionId>,
) -> Result<Vec<Permission>, PolicyError> {
    let mut permissions = Vec::new();
    for (number, permission) in spec.permissions.iter().enumerate() {
        let bound_to_change = operations
            .iter()
            .any(|(operation, bound)| operation.is_change() && bound.0 == number);
        let label = if permission.label.is_empty() {
            &permission.id
        } else {
            &permission.label
        };
        permissions.push(Permission {
            id: permission.id.clone(),
            label: label.clone(),
            level: permission.level,
            sensitive: permission.sensitive || bound_to_change,
            personal: permission.personal,
            cases: cases(spec, names, number)?,
            guard: guards.get(number).copied().flatten(),
            conditional: rights
                .conditional
                .iter()
                .enumerate()
                .filter(|(_, right)| right.permission == number)
                .map(|(at, right)| (rights.permissions + at, right.guard))
                .collect(),
        });
    }
    Ok(permissions)
}

fn cases(spec: &PolicySpec, names: Names<'_>, number: usize) -> Result<Vec<Case>, PolicyError> {
    let Some(permission) = spec.permissions.get(number) else {
        return Ok(Vec::new());
    };
    let at = |rest: &[Step]| {
        let mut path = vec!["permissions".into(), number.into(), "cases".into()];
        path.extend_from_slice(rest);
        path
    };
    let limit = limits::CASES_MAX;
    if permission.cases.len() > limit {
        return Err(fail(at(&[]), PolicyErrorKind::TooMany { limit }));
    }
    let mut cases: Vec<Case> = Vec::new();
    for (index, case) in permission.cases.iter().enumerate() {
        let path = || at(&[index.into(), "id".into()]);
        check_id(&case.id, path)?;
        let row_id = format!("{}:{}", permission.id, case.id);
        if cases.iter().any(|known| known.row_id == row_id)
            || names.permissions.contains_key(&row_id)
        {
            return Err(fail(path(), PolicyErrorKind::Duplicate(row_id)));
        }
        for (fact, value) in &case.facts {
            let here = |_: &str| at(&[index.into(), "facts".into(), Step::Key(fact.clone())]);
            check_test(fact, &Test::Equals(value.clone()), names, here)?;
        }
        let facts: Facts = case.facts.iter().cloned().collect();
        let label = if case.label.is_empty() {
            row_id.clone()
        } else {
            case.label.clone()
        };
        cases.push(Case {
            row_id,
            label,
            facts,
        });
    }
    Ok(cases)
}
