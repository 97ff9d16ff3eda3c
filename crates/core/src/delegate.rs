//! Law 5: no one hands out what they do not hold.

use alloc::vec::Vec;
use core::fmt;

use crate::{Access, NodeId, PermissionId, Policy, RoleId};

/// Why a role may not be handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DelegationError {
    /// The role gives these permissions, which the grantor does not hold there, or not without the
    /// same condition.
    Exceeds {
        /// The permissions, by rising number.
        permissions: Vec<PermissionId>,
    },
    /// The grantor's own rights are bounded by a cap that the role would not carry.
    LiftsCap,
    /// No such role or node.
    Unknown,
}

impl fmt::Display for DelegationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exceeds { permissions } => {
                write!(
                    f,
                    "the role gives {} permissions that the grantor lacks",
                    permissions.len()
                )
            }
            Self::LiftsCap => f.write_str("the grantor is capped and the role is not"),
            Self::Unknown => f.write_str("no such role or node"),
        }
    }
}

impl core::error::Error for DelegationError {}

/// Whether the principal of `grantor` may hand out `role` on `node`.
///
/// What is handed out must be a subset of what the grantor holds on the node. Rights only grow on
/// the way down, so what holds on the node holds on every node below it. A permission held under a
/// guard is handed on only under the same guard. Permissions on what is one's own (`personal`) are
/// not compared. The limits of the grantor's token count like the grantor's own.
///
/// # Errors
/// What is missing.
pub fn can_delegate(
    policy: &Policy,
    grantor: &Access,
    role: RoleId,
    node: NodeId,
) -> Result<(), DelegationError> {
    let role = policy.describe_role(role).ok_or(DelegationError::Unknown)?;
    let granted = grantor.granted(node).ok_or(DelegationError::Unknown)?;
    let overriding = !grantor.override_bits().is_empty();
    let permission_of = |right: usize| {
        right
            .checked_sub(policy.permissions.len())
            .map_or(Some(right), |conditional| {
                policy
                    .conditional_rights
                    .get(conditional)
                    .map(|right| right.permission)
            })
    };
    let holds = |right: usize, permission: usize| {
        let in_set = |bits: &crate::Bits| bits.contains(right) || bits.contains(permission);
        let held = overriding || (grantor.cap_bits().is_none_or(in_set) && in_set(granted));
        grantor.is_member() && held && grantor.token_allows(permission, node)
    };
    let mut missing: Vec<PermissionId> = role
        .rights
        .iter()
        .filter_map(|right| Some((right, permission_of(right)?)))
        .filter(|(_, permission)| {
            !policy
                .permissions
                .get(*permission)
                .is_some_and(|p| p.personal)
        })
        .filter(|(right, permission)| !holds(*right, *permission))
        .map(|(_, permission)| PermissionId(permission))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    if !missing.is_empty() {
        return Err(DelegationError::Exceeds {
            permissions: missing,
        });
    }
    // An empty role still frees its holder from the cap that binds the grantor.
    let frees = role.level == crate::Level::Organization && role.cap.is_none();
    if frees && !overriding && grantor.cap_bits().is_some() {
        return Err(DelegationError::LiftsCap);
    }
    if role.overriding && !overriding {
        return Err(DelegationError::LiftsCap);
    }
    Ok(())
}
