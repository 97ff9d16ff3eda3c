//! From a policy as written to one that is right.

mod admins;
mod guards;
mod names;
mod rights;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::index::Index;
use crate::policy::{Case, Permission, PermissionId, Policy, Replacement, Role, RoleId};
use crate::sorted::SortedMap;
use crate::{
    Bits, Facts, Level, Operation, PermissionSpec, PolicyError, PolicyErrorKind, PolicySpec,
    ReplacementSpec, RuleSpec, Step, Test, limits,
};

use admins::{creator, require_admin};
use guards::{Guards, check_test, guard_of, permission_guards};
pub use names::is_id;
use names::{Names, check_id, fail, permission_ids, role_ids, under, unknown};
use rights::{ALL, Rights, direct_rights, implied, included, named_set};

impl Policy {
    /// Compiles `spec`.
    ///
    /// # Errors
    /// The first place where the policy is wrong, and what is wrong there.
    pub fn compile(spec: &PolicySpec) -> Result<Self, PolicyError> {
        let role_ids = role_ids(spec)?;
        let permission_ids = permission_ids(spec)?;
        require_admin(spec)?;
        let names = Names {
            roles: &role_ids,
            permissions: &permission_ids,
        };

        let mut guards = Guards::default();
        let permission_guards = permission_guards(spec, names, &mut guards)?;
        let direct = direct_rights(spec, names, &mut guards)?;
        let included = included(spec, names)?;
        let implied = implied(spec, names)?;

        let mut rights = Rights::new(spec.permissions.len());
        let mut own = Vec::new();
        for held in &direct {
            own.push(rights.of(held, &implied)?);
        }
        let total = rights.total();
        let held = included.iter().map(|roles| {
            let mut held = Bits::empty(total);
            roles
                .iter()
                .filter_map(|role| own.get(role))
                .for_each(|own| held.union_with(own));
            held
        });
        let roles = roles(spec, names, &held.collect::<Vec<_>>())?;
        let everyone = spec.everyone.iter().enumerate();
        let everyone = named_set(everyone, names, &implied, total, "everyone")?;
        let mut ownership = SortedMap::default();
        for (level, ids) in &spec.ownership {
            let named = ids.iter().enumerate().filter(|(_, id)| *id != ALL);
            let named = named_set(named, names, &implied, total, level.as_str())
                .map_err(|error| under("ownership", error))?;
            let all = || Bits::first(spec.permissions.len(), total);
            let is_all = ids.iter().any(|id| id == ALL);
            ownership.insert(*level, if is_all { all() } else { named });
        }
        let operations = operations(spec, names)?;
        let creator = match &spec.creator {
            Some(id) => Some(creator(id, names, &roles)?),
            None => None,
        };
        let features = features(spec)?;
        let mut policy = Self {
            id: spec.id.clone(),
            permissions: permissions(spec, names, &permission_guards, &rights, &operations)?,
            permission_names: index(spec.permissions.iter().map(|permission| &permission.id)),
            roles,
            role_names: index(spec.roles.iter().map(|role| &role.id)),
            guards: guards.all,
            rights: total,
            conditional_rights: rights.conditional,
            everyone,
            ownership,
            implied: listed(&implied),
            replacements: replacements(spec, names, features)?,
            features: spec.features.clone(),
            custom_levels: spec.custom_levels.clone(),
            custom_additions: spec.custom_additions,
            creator,
            operations,
            ..Self::default()
        };
        rules(spec, names, &mut policy)?;
        policy.settle();
        Ok(policy)
    }

    /// Whether an organization may save `rule`: every name in it exists, and its conditions fit their
    /// facts.
    ///
    /// # Errors
    /// The first place where it is wrong.
    pub fn check_rule(&self, rule: &RuleSpec) -> Result<(), PolicyError> {
        let roles = self.roles.iter().enumerate();
        let permissions = self.permissions.iter().enumerate();
        let names = Names {
            roles: &roles
                .map(|(at, role)| (role.id.clone(), RoleId(at)))
                .collect(),
            permissions: &permissions
                .map(|(at, known)| (known.id.clone(), PermissionId(at)))
                .collect(),
        };
        check_rule(rule, names, &[]).map(drop)
    }
}

/// For each permission itself, and then what comes with it.
fn listed(implied: &[Bits]) -> Vec<Vec<usize>> {
    let all = implied.iter().enumerate();
    all.map(|(at, implied)| {
        let others = implied.iter().filter(|other| *other != at);
        core::iter::once(at).chain(others).collect()
    })
    .collect()
}

/// The index of names that were checked to be different.
fn index<'a>(ids: impl Iterator<Item = &'a String>) -> Index {
    Index::new(ids.map(String::as_str)).unwrap_or_default()
}

/// The ids of the features, which are all different.
fn features(spec: &PolicySpec) -> Result<&[String], PolicyError> {
    let limit = limits::FEATURES_MAX;
    let path = |at: usize| vec!["plan".into(), "features".into(), at.into()];
    if spec.features.len() > limit {
        return Err(fail(path(limit), PolicyErrorKind::TooMany { limit }));
    }
    for (at, id) in spec.features.iter().enumerate() {
        check_id(id, || path(at))?;
        if spec.features.iter().take(at).any(|known| known == id) {
            return Err(fail(path(at), PolicyErrorKind::Duplicate(id.clone())));
        }
    }
    Ok(&spec.features)
}

fn feature(
    features: &[String],
    id: &str,
    path: impl FnOnce() -> Vec<Step>,
) -> Result<usize, PolicyError> {
    let found = features.iter().position(|known| known == id);
    found.ok_or_else(|| unknown("feature", id, features.iter(), path()))
}

fn replacements(
    spec: &PolicySpec,
    names: Names<'_>,
    features: &[String],
) -> Result<Vec<Replacement>, PolicyError> {
    let mut replacements: Vec<Replacement> = Vec::new();
    for ReplacementSpec {
        feature: id,
        level,
        role,
    } in &spec.replacements
    {
        let path = || vec!["plan".into(), "replace".into(), Step::Key(id.clone())];
        let here = || [path(), vec![level.as_str().into()]].concat();
        let role_id = names.role(role, here)?;
        let found = spec.roles.get(role_id.0).map_or(*level, |role| role.level);
        if found != *level {
            let kind = PolicyErrorKind::WrongLevel {
                role: role.clone(),
                level: found,
                expected: *level,
            };
            return Err(fail(here(), kind));
        }
        // Whose order would decide is nobody's to say: a plan has features, and no order of them.
        let differs = |known: &&Replacement| known.level == *level && known.role != role_id;
        if let Some(known) = replacements.iter().find(differs) {
            let by = features.get(known.feature).cloned().unwrap_or_default();
            let kind = PolicyErrorKind::ReplacedTwice { level: *level, by };
            return Err(fail(here(), kind));
        }
        replacements.push(Replacement {
            feature: feature(features, id, path)?,
            level: *level,
            role: role_id,
        });
    }
    Ok(replacements)
}

fn rules(spec: &PolicySpec, names: Names<'_>, policy: &mut Policy) -> Result<(), PolicyError> {
    let limit = limits::RULES_MAX;
    if spec.rules.len() > limit {
        return Err(fail(
            vec!["rules".into()],
            PolicyErrorKind::TooMany { limit },
        ));
    }
    for (at, rule) in spec.rules.iter().enumerate() {
        let path = ["rules".into(), at.into()];
        if spec.rules.iter().take(at).any(|known| known.id == rule.id) {
            let path = [path.as_slice(), &["id".into()]].concat();
            return Err(fail(path, PolicyErrorKind::Duplicate(rule.id.clone())));
        }
        let (roles, permissions) = check_rule(rule, names, &path)?;
        if !policy.add_rule(rule, roles.as_deref(), &permissions) {
            let limit = limits::CONDITIONAL_RIGHTS_MAX;
            let path = [path.as_slice(), &["when".into()]].concat();
            return Err(fail(path, PolicyErrorKind::TooMany { limit }));
        }
    }
    Ok(())
}

/// The numbers of the roles (`None`: all members) and permissions that `rule` names.
fn check_rule(
    rule: &RuleSpec,
    names: Names<'_>,
    path: &[Step],
) -> Result<(Option<Vec<usize>>, Vec<usize>), PolicyError> {
    let at = |rest: &[Step]| [path, rest].concat();
    check_id(&rule.id, || at(&["id".into()]))?;
    guard_of(&rule.when, names, &at(&["when".into()]))?;
    let mut roles = Bits::empty(names.roles.len());
    for (index, id) in rule.roles.iter().enumerate() {
        roles.insert(names.role(id, || at(&["roles".into(), index.into()]))?.0);
    }
    if rule.permissions.is_empty() {
        return Err(fail(
            at(&["permissions".into()]),
            PolicyErrorKind::NoPermission,
        ));
    }
    let count = names.permissions.len();
    let mut permissions = Bits::empty(count);
    for (index, id) in rule.permissions.iter().enumerate() {
        if id != ALL {
            let here = || at(&["permissions".into(), index.into()]);
            permissions.insert(names.permission(id, here)?.0);
        }
    }
    if rule.permissions.iter().any(|id| id == ALL) {
        permissions = Bits::first(count, count);
    }
    let roles = (!rule.roles.is_empty()).then(|| roles.iter().collect());
    Ok((roles, permissions.iter().collect()))
}

fn roles(spec: &PolicySpec, names: Names<'_>, held: &[Bits]) -> Result<Vec<Role>, PolicyError> {
    let mut roles: Vec<Role> = Vec::new();
    for (at, role) in spec.roles.iter().enumerate() {
        let rights = held.get(at).cloned().unwrap_or_default();
        let cap = match &role.cap {
            Some(id) => {
                let path = || vec!["roles".into(), at.into(), "cap".into()];
                held.get(names.role(id, path)?.0).cloned()
            }
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
            denied: Bits::default(),
            cap,
        });
    }
    Ok(roles)
}

fn operations(
    spec: &PolicySpec,
    names: Names<'_>,
) -> Result<SortedMap<Operation, PermissionId>, PolicyError> {
    let mut operations = SortedMap::default();
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
    operations: &SortedMap<Operation, PermissionId>,
) -> Result<Vec<Permission>, PolicyError> {
    let mut permissions: Vec<Permission> = Vec::new();
    let mut rows = names.permissions.clone();
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
            cases: cases(spec, names, number, &mut rows)?,
            guard: guards.get(number).copied().flatten(),
            plan: plan(spec, number, permission)?,
            denials: Vec::new(),
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

/// The features that `permission` needs.
fn plan(
    spec: &PolicySpec,
    number: usize,
    permission: &PermissionSpec,
) -> Result<Vec<usize>, PolicyError> {
    let ids = permission.plan.iter().enumerate();
    ids.map(|(at, id)| {
        let path = || {
            vec![
                "permissions".into(),
                number.into(),
                "plan".into(),
                at.into(),
            ]
        };
        feature(&spec.features, id, path)
    })
    .collect()
}

/// The cases of the permission numbered `number`; `rows` are those of the matrix that there are before it.
fn cases(
    spec: &PolicySpec,
    names: Names<'_>,
    number: usize,
    rows: &mut BTreeMap<String, PermissionId>,
) -> Result<Vec<Case>, PolicyError> {
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
        let row = rows.insert(row_id.clone(), PermissionId(number));
        if row.is_some() {
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
