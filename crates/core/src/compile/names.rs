//! The names of a policy: each is an id, defined once, and found or reported with what there is.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::policy::{PermissionId, RoleId};
use crate::{PolicyError, PolicyErrorKind, PolicySpec, Step, limits};

pub(super) fn fail(path: Vec<Step>, kind: PolicyErrorKind) -> PolicyError {
    PolicyError { path, kind }
}

pub(super) fn under(key: &str, mut error: PolicyError) -> PolicyError {
    error.path.insert(0, key.into());
    error
}

/// The ids of the document, for looking names up.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) roles: &'a BTreeMap<String, RoleId>,
    pub(super) permissions: &'a BTreeMap<String, PermissionId>,
}

impl Names<'_> {
    pub(super) fn role(
        self,
        id: &str,
        path: impl FnOnce() -> Vec<Step>,
    ) -> Result<RoleId, PolicyError> {
        self.roles
            .get(id)
            .copied()
            .ok_or_else(|| unknown("role", id, self.roles.keys(), path()))
    }

    pub(super) fn permission(
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

pub(super) fn unknown<'a>(
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

pub(super) fn role_ids(spec: &PolicySpec) -> Result<BTreeMap<String, RoleId>, PolicyError> {
    check_id(&spec.id, || vec!["id".into()])?;
    let ids = spec.roles.iter().map(|role| &role.id);
    Ok(numbered(ids, "roles", limits::ROLES_MAX)?
        .into_iter()
        .map(|(k, v)| (k, RoleId(v)))
        .collect())
}

pub(super) fn permission_ids(
    spec: &PolicySpec,
) -> Result<BTreeMap<String, PermissionId>, PolicyError> {
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

pub(super) fn check_id(id: &str, path: impl FnOnce() -> Vec<Step>) -> Result<(), PolicyError> {
    if is_id(id) {
        return Ok(());
    }
    Err(fail(path(), PolicyErrorKind::InvalidId(id.to_owned())))
}

/// Whether `id` can name a permission, a role, a case, a feature, a rule or a type of resources.
#[must_use]
pub fn is_id(id: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-' | '>');
    (1..=limits::ID_BYTES_MAX).contains(&id.len()) && id.chars().all(legal)
}
