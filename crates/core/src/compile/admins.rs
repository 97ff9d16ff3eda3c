//! Law 7: an organization always has an admin, so its policy has roles of admins.

use alloc::vec;

use super::names::{Names, fail};
use crate::policy::{Role, RoleId};
use crate::{PolicyError, PolicyErrorKind, PolicySpec};

/// Law 7 counts who holds such a role on the organization itself, which roles of a lower level than its own
/// are not held on.
pub(super) fn require_admin(spec: &PolicySpec) -> Result<(), PolicyError> {
    let top = spec.roles.iter().map(|role| role.level).min();
    let admins = spec.roles.iter().enumerate().filter(|(_, role)| role.admin);
    let mut below = None;
    for (at, role) in admins {
        if Some(role.level) == top {
            return Ok(());
        }
        below = below.or(Some((at, role)));
    }
    Err(match (below, top) {
        (Some((at, role)), Some(expected)) => {
            let kind = PolicyErrorKind::WrongLevel {
                role: role.id.clone(),
                level: role.level,
                expected,
            };
            fail(vec!["roles".into(), at.into(), "admin".into()], kind)
        }
        _ => fail(vec!["roles".into()], PolicyErrorKind::NoAdminRole),
    })
}

/// An organization has an admin from its first moment on (law 7), so its creator must be one.
pub(super) fn creator(id: &str, names: Names<'_>, roles: &[Role]) -> Result<RoleId, PolicyError> {
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
