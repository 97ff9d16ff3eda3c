//! A compiled policy as plain data, so that a reader need not compile it again.
//!
//! It holds what a decision and its reasons need. Operations, cases and the creator's role stay behind.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::guard::Condition;
use crate::policy::{ConditionalRight, Permission, PermissionId, Policy, Role, RoleId};
use crate::{Bits, ConditionSpec, Guard, Level, limits};

/// A compiled policy. All numbers are places in the lists; one that is out of range gives nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyParts {
    /// The permissions; their places are also the first rights.
    pub permissions: Vec<PermissionParts>,
    /// The roles.
    pub roles: Vec<RoleParts>,
    /// The guards.
    pub guards: Vec<Vec<ConditionSpec>>,
    /// How many rights there are.
    pub rights: usize,
    /// Rights of every member.
    pub everyone: Vec<usize>,
    /// Rights of who owns a node of a level.
    pub ownership: Vec<(Level, Vec<usize>)>,
}

/// A permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionParts {
    /// Id by which it is asked for.
    pub id: String,
    /// The sentence shown when a condition does not hold; empty when there is none.
    pub because: String,
    /// The level whose table it belongs to.
    pub level: Level,
    /// Whether it concerns only what is one's own.
    pub personal: bool,
    /// The guard that must hold whoever asks.
    pub guard: Option<usize>,
    /// Rights that hold it under a guard, as (right, guard).
    pub conditional: Vec<(usize, usize)>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleParts {
    /// Id by which grants name it.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// The level whose table it belongs to.
    pub level: Level,
    /// Whether it holds everything in the organization, whatever caps say.
    pub overriding: bool,
    /// What it holds.
    pub rights: Vec<usize>,
    /// The role whose rights bound its holder.
    pub cap: Option<usize>,
}

impl From<&Policy> for PolicyParts {
    fn from(policy: &Policy) -> Self {
        let permission = |permission: &Permission| PermissionParts {
            id: permission.id.clone(),
            because: permission.because.clone(),
            level: permission.level,
            personal: permission.personal,
            guard: permission.guard,
            conditional: permission.conditional.clone(),
        };
        let role = |role: &Role| RoleParts {
            id: role.id.clone(),
            name: role.name.clone(),
            level: role.level,
            overriding: role.overriding,
            rights: role.rights.iter().collect(),
            cap: role.cap.map(RoleId::index),
        };
        let guard = |guard: &Guard| {
            let conditions = guard.conditions.iter().cloned();
            conditions
                .map(|Condition { fact, test }| ConditionSpec { fact, test })
                .collect()
        };
        let ownership = policy.ownership.iter();
        Self {
            permissions: policy.permissions.iter().map(permission).collect(),
            roles: policy.roles.iter().map(role).collect(),
            guards: policy.guards.iter().map(guard).collect(),
            rights: policy.rights,
            everyone: policy.everyone.iter().collect(),
            ownership: ownership
                .map(|(level, bits)| (*level, bits.iter().collect()))
                .collect(),
        }
    }
}

impl From<PolicyParts> for Policy {
    fn from(parts: PolicyParts) -> Self {
        let rights = parts
            .rights
            .min(limits::PERMISSIONS_MAX + limits::CONDITIONAL_RIGHTS_MAX);
        let bits = |numbers: &[usize]| {
            let mut bits = Bits::empty(rights);
            numbers.iter().for_each(|number| bits.insert(*number));
            bits
        };
        let permission_ids = parts.permissions.iter().enumerate();
        let role_ids = parts.roles.iter().enumerate();
        Self {
            id: String::new(),
            permission_ids: permission_ids
                .map(|(at, p)| (p.id.clone(), PermissionId(at)))
                .collect(),
            role_ids: role_ids
                .map(|(at, role)| (role.id.clone(), RoleId(at)))
                .collect(),
            conditional_rights: conditional_rights(&parts, rights),
            guards: parts.guards.into_iter().map(guard).collect(),
            rights,
            everyone: bits(&parts.everyone),
            ownership: parts
                .ownership
                .iter()
                .map(|(level, own)| (*level, bits(own)))
                .collect(),
            creator: None,
            operations: BTreeMap::new(),
            roles: parts
                .roles
                .into_iter()
                .map(|role| Role {
                    rights: bits(&role.rights),
                    id: role.id,
                    name: role.name,
                    level: role.level,
                    admin: false,
                    overriding: role.overriding,
                    cap: role.cap.map(RoleId),
                })
                .collect(),
            permissions: parts.permissions.into_iter().map(permission).collect(),
        }
    }
}

fn permission(parts: PermissionParts) -> Permission {
    Permission {
        label: parts.id.clone(),
        id: parts.id,
        because: parts.because,
        level: parts.level,
        sensitive: false,
        personal: parts.personal,
        cases: Vec::new(),
        guard: parts.guard,
        conditional: parts.conditional,
    }
}

fn guard(conditions: Vec<ConditionSpec>) -> Guard {
    let conditions = conditions.into_iter();
    Guard {
        conditions: conditions
            .map(|ConditionSpec { fact, test }| Condition { fact, test })
            .collect(),
    }
}

/// The conditional rights in the order of their numbers.
fn conditional_rights(parts: &PolicyParts, rights: usize) -> Vec<ConditionalRight> {
    let first = parts.permissions.len();
    let mut found: Vec<(usize, ConditionalRight)> = Vec::new();
    for (permission, described) in parts.permissions.iter().enumerate() {
        for (right, guard) in &described.conditional {
            found.push((
                *right,
                ConditionalRight {
                    permission,
                    guard: *guard,
                },
            ));
        }
    }
    (first..rights)
        .map_while(|right| {
            found
                .iter()
                .find(|(at, _)| *at == right)
                .map(|(_, right)| *right)
        })
        .collect()
}
