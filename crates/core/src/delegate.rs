//! Law 5: no one hands out what they do not hold.

use alloc::vec::Vec;
use core::fmt;

use crate::{Access, Bits, Level, NodeId, PermissionId, Policy, RoleId};

/// Why a role may not be handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DelegationError {
    /// The role gives these permissions, which the grantor does not hold there, or not without the
    /// same condition.
    Exceeds {
        /// The permissions, by rising number.
        permissions: Vec<PermissionId>,
    },
    /// The role would free its holder from a cap that binds the grantor, or that holds back what the
    /// grantor does not hold.
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
            Self::LiftsCap => f.write_str("the role lifts a cap that the grantor may not lift"),
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
    let holder = Holder::on(policy, grantor, node).ok_or(DelegationError::Unknown)?;
    let mut missing: Vec<PermissionId> = rights(policy, &role.rights)
        .filter(|(right, permission)| !holder.holds(*right, *permission))
        .map(|(_, permission)| PermissionId(permission))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    if !missing.is_empty() {
        return Err(DelegationError::Exceeds {
            permissions: missing,
        });
    }
    // An empty role still frees its holder from a cap that binds the grantor.
    let bound = role.level != Level::Organization || grantor.caps().is_empty();
    let free = if role.overriding {
        holder.overriding
    } else {
        bound || holder.binds_as_much(role.cap)
    };
    if free {
        Ok(())
    } else {
        Err(DelegationError::LiftsCap)
    }
}

/// Whether the principal of `grantor` may put `new` in the place of `old`, as far as caps go: what the
/// old role capped and the new one does not comes to life, on whatever node it was granted, so the
/// grantor must hold it everywhere.
///
/// # Errors
/// [`DelegationError::LiftsCap`] when the grantor does not.
pub(crate) fn can_lift_cap(
    policy: &Policy,
    grantor: &Access,
    old: RoleId,
    new: RoleId,
) -> Result<(), DelegationError> {
    let cap_of = |role: RoleId| policy.describe_role(role).and_then(|role| role.cap);
    let holder = Holder::on(policy, grantor, grantor.root()).ok_or(DelegationError::Unknown)?;
    let Some(left) = cap_of(old).and_then(|cap| policy.describe_role(cap)) else {
        return Ok(());
    };
    let revived = |(right, permission): &(usize, usize)| {
        !left.rights.contains(*right) && !left.rights.contains(*permission)
    };
    let all = policy.all();
    let cap = cap_of(new).and_then(|cap| policy.describe_role(cap));
    let lifted = rights(policy, cap.map_or(&all, |cap| &cap.rights));
    if lifted
        .filter(revived)
        .all(|(right, permission)| holder.holds(right, permission))
    {
        Ok(())
    } else {
        Err(DelegationError::LiftsCap)
    }
}

/// The rights in `bits` that a delegation compares, as (right, permission).
fn rights<'a>(policy: &'a Policy, bits: &'a Bits) -> impl Iterator<Item = (usize, usize)> + 'a {
    bits.iter()
        .filter_map(move |right| Some((right, policy.permission_of(right)?)))
        .filter(|(_, permission)| {
            !policy
                .permissions
                .get(*permission)
                .is_some_and(|p| p.personal)
        })
}

/// What a grantor holds on one node, and so on every node below.
struct Holder<'a> {
    policy: &'a Policy,
    access: &'a Access,
    node: NodeId,
    granted: &'a Bits,
    overriding: bool,
}

impl<'a> Holder<'a> {
    fn on(policy: &'a Policy, access: &'a Access, node: NodeId) -> Option<Self> {
        Some(Self {
            policy,
            access,
            node,
            granted: access.granted(node)?,
            overriding: !access.override_bits().is_empty(),
        })
    }

    /// Whether the grantor holds `permission`, without conditions or under those of `right`.
    fn holds(&self, right: usize, permission: usize) -> bool {
        let under_cap = self.under_caps(right, permission);
        let in_granted = self.granted.contains(right) || self.granted.contains(permission);
        self.access.is_member()
            && (self.overriding || (under_cap && in_granted))
            && self.access.token_allows(permission, self.node)
    }

    fn under_caps(&self, right: usize, permission: usize) -> bool {
        let mut caps = self.access.caps().iter();
        caps.all(|cap| cap.contains(right) || cap.contains(permission))
    }

    /// Whether whoever is bound by `cap`, if it is one, is bound at least as the grantor is.
    fn binds_as_much(&self, cap: Option<RoleId>) -> bool {
        let cap = cap.and_then(|cap| self.policy.describe_role(cap));
        self.overriding
            || cap.is_some_and(|cap| {
                rights(self.policy, &cap.rights)
                    .all(|(right, permission)| self.under_caps(right, permission))
            })
    }
}
