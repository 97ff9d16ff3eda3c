//! From a policy as written to one that is right.

mod guards;
mod names;
mod rights;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::policy::{Case, Permission, PermissionId, Policy, Role, RoleId};
use crate::{
    Bits, Facts, Level, Operation, PolicyError, PolicyErrorKind, PolicySpec, Step, Test, limits,
};

use guards::{Guards, check_test, permission_guards};
use names::{Names, check_id, fail, permission_ids, role_ids, under, unknown};
use rights::{Rights, direct_rights, implied, named_set, with_included};

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
            Some(id) => Some(creator(id, names, &roles)?),
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
        if (role.overriding || cap.is_some()) && role.level != Level::Organization {
            let member = if role.overriding { "override" } else { "cap" };
            let kind = PolicyErrorKind::WrongLevel {
                role: role.id.clone(),
                level: role.level,
                expected: Level::Organization,
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

/// An organization has an admin from its first moment on (law 7), so its creator must be one.
fn creator(id: &str, names: Names<'_>, roles: &[Role]) -> Result<RoleId, PolicyError> {
    let path = || vec!["creator".into()];
    let found = names.role(id, path)?;
    let top = roles.iter().map(|role| role.level).min();
    match (roles.get(found.0), top) {
        (Some(role), Some(expected)) if role.level != expected => Err(fail(
            path(),
            PolicyErrorKind::WrongLevel {
                role: id.into(),
                level: role.level,
                expected,
            },
        )),
        (Some(role), _) if !role.admin => {
            Err(fail(path(), PolicyErrorKind::CreatorNotAdmin(id.into())))
        }
        _ => Ok(found),
    }
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
            because: permission.because.clone(),
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
