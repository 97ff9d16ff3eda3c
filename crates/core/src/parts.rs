//! A compiled policy as plain data, so that a reader need not compile it again.
//!
//! It holds what a decision and its reasons need. Operations, cases and the creator's role stay behind.

use alloc::string::String;
use alloc::vec::Vec;

use crate::index::Index;
use crate::policy::{
    ConditionalRight, Permission, Policy, Replacement, Role, RoleId, Rule, RuleDenial,
};
use crate::{Bits, Condition, Guard, Level, limits};

/// A compiled policy. All numbers are places in the lists; one that is out of range gives nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyParts {
    /// The permissions; their places are also the first rights.
    pub permissions: Vec<PermissionParts>,
    /// The roles.
    pub roles: Vec<RoleParts>,
    /// The guards.
    pub guards: Vec<Vec<Condition>>,
    /// How many rights there are.
    pub rights: usize,
    /// Rights of every member.
    pub everyone: Vec<usize>,
    /// Rights of who owns a node of a level.
    pub ownership: Vec<(Level, Vec<usize>)>,
    /// The rules, as far as reasons name them.
    pub rules: Vec<RuleParts>,
    /// What deny rules take away.
    pub denials: Vec<DenialParts>,
    /// Denials that hold for every member.
    pub everyone_denied: Vec<usize>,
    /// Ids of what an organization's plan may have.
    pub features: Vec<String>,
    /// What features make of people's roles.
    pub replacements: Vec<ReplacementParts>,
    /// The levels at which organizations may add roles.
    pub custom_levels: Vec<Level>,
    /// Whether a custom role may hold what its base does not.
    pub custom_additions: bool,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleParts {
    /// Its id.
    pub id: String,
    /// The sentence shown when it denies; empty when there is none.
    pub because: String,
}

/// A permission that a deny rule takes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenialParts {
    /// The permission.
    pub permission: usize,
    /// The guard under which it does; `None`: always.
    pub guard: Option<usize>,
    /// The rule.
    pub rule: usize,
}

/// What a feature makes of people's roles of one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacementParts {
    /// The feature.
    pub feature: usize,
    /// The level.
    pub level: Level,
    /// The role that they count as.
    pub role: usize,
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
    /// Features that the plan must all have.
    pub plan: Vec<usize>,
    /// Permissions that come with it, beside itself.
    pub implied: Vec<usize>,
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
    /// What deny rules take from it.
    pub denied: Vec<usize>,
    /// The rights that its holder may have at most; `None`: any.
    pub cap: Option<Vec<usize>>,
}

impl From<&Policy> for PolicyParts {
    fn from(policy: &Policy) -> Self {
        let permission = |(at, permission): (usize, &Permission)| {
            let implied = policy.implied.get(at).into_iter().flatten().copied();
            PermissionParts {
                id: permission.id.clone(),
                because: permission.because.clone(),
                level: permission.level,
                personal: permission.personal,
                guard: permission.guard,
                plan: permission.plan.clone(),
                implied: implied.filter(|implied| *implied != at).collect(),
                conditional: permission.conditional.clone(),
            }
        };
        let role = |role: &Role| RoleParts {
            id: role.id.clone(),
            name: role.name.clone(),
            level: role.level,
            overriding: role.overriding,
            rights: role.rights.iter().collect(),
            denied: role.denied.iter().collect(),
            cap: role.cap.as_ref().map(|cap| cap.iter().collect()),
        };
        let rule = |Rule { id, because }: &Rule| RuleParts {
            id: id.clone(),
            because: because.clone(),
        };
        let denial = |denial: &RuleDenial| DenialParts {
            permission: denial.permission,
            guard: denial.guard,
            rule: denial.rule,
        };
        let replacement = |replacement: &Replacement| ReplacementParts {
            feature: replacement.feature,
            level: replacement.level,
            role: replacement.role.index(),
        };
        let guards = policy.guards.iter();
        let ownership = policy.ownership.iter();
        Self {
            permissions: policy
                .permissions
                .iter()
                .enumerate()
                .map(permission)
                .collect(),
            roles: policy.roles.iter().map(role).collect(),
            guards: guards.map(|guard| guard.conditions.clone()).collect(),
            rights: policy.rights,
            everyone: policy.everyone.iter().collect(),
            ownership: ownership
                .map(|(level, bits)| (*level, bits.iter().collect()))
                .collect(),
            rules: policy.rules.iter().map(rule).collect(),
            denials: policy.denials.iter().map(denial).collect(),
            everyone_denied: policy.everyone_denied.iter().collect(),
            features: policy.features.clone(),
            replacements: policy.replacements.iter().map(replacement).collect(),
            custom_levels: policy.custom_levels.clone(),
            custom_additions: policy.custom_additions,
        }
    }
}

impl PolicyParts {
    /// Whether every number is a place in the list that it points into. A guard that is not there would
    /// hold no one back.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let in_guards = |guard: usize| guard < self.guards.len();
        let permissions = self.permissions.iter().all(|permission| {
            let mut conditional = permission.conditional.iter();
            permission.guard.is_none_or(in_guards)
                && conditional.all(|(_, guard)| in_guards(*guard))
                && permission.plan.iter().all(|at| *at < self.features.len())
        });
        let in_denials = |denials: &[usize]| denials.iter().all(|at| *at < self.denials.len());
        let roles = self.roles.iter().all(|role| in_denials(&role.denied));
        let denials = self.denials.iter().all(|denial| {
            denial.permission < self.permissions.len()
                && denial.guard.is_none_or(in_guards)
                && denial.rule < self.rules.len()
        });
        permissions && roles && denials && in_denials(&self.everyone_denied)
    }
}

impl From<PolicyParts> for Policy {
    /// The policy of `parts`, which must be [whole](PolicyParts::is_whole).
    fn from(parts: PolicyParts) -> Self {
        let rights = parts
            .rights
            .min(limits::PERMISSIONS_MAX + limits::CONDITIONAL_RIGHTS_MAX);
        let bits = |numbers: &[usize]| Bits::of(numbers.iter().copied(), rights);
        let denials = parts.denials.len();
        let denied = |numbers: &[usize]| Bits::of(numbers.iter().copied(), denials);
        let implied = parts.permissions.iter().enumerate();
        let ids = parts
            .permissions
            .iter()
            .map(|permission| permission.id.as_str());
        let mut policy = Self {
            permission_names: Index::new(ids).unwrap_or_default(),
            conditional_rights: conditional_rights(&parts, rights),
            implied: implied
                .map(|(at, permission)| {
                    let with = permission.implied.iter().copied();
                    core::iter::once(at).chain(with).collect()
                })
                .collect(),
            everyone: bits(&parts.everyone),
            everyone_denied: denied(&parts.everyone_denied),
            ownership: parts
                .ownership
                .iter()
                .map(|(level, own)| (*level, bits(own)))
                .collect(),
            roles: parts
                .roles
                .into_iter()
                .map(|role| Role {
                    rights: bits(&role.rights),
                    denied: denied(&role.denied),
                    id: role.id,
                    name: role.name,
                    level: role.level,
                    admin: false,
                    overriding: role.overriding,
                    cap: role.cap.as_deref().map(bits),
                })
                .collect(),
            permissions: parts.permissions.into_iter().map(permission).collect(),
            guards: parts
                .guards
                .into_iter()
                .map(|conditions| Guard { conditions })
                .collect(),
            rights,
            rules: parts
                .rules
                .into_iter()
                .map(|RuleParts { id, because }| Rule { id, because })
                .collect(),
            features: parts.features,
            replacements: parts
                .replacements
                .into_iter()
                .map(|replacement| Replacement {
                    feature: replacement.feature,
                    level: replacement.level,
                    role: RoleId(replacement.role),
                })
                .collect(),
            custom_levels: parts.custom_levels,
            custom_additions: parts.custom_additions,
            ..Self::default()
        };
        for denial in parts.denials {
            if let Some(permission) = policy.permissions.get_mut(denial.permission) {
                permission.denials.push(policy.denials.len());
            }
            policy.denials.push(RuleDenial {
                permission: denial.permission,
                guard: denial.guard,
                rule: denial.rule,
            });
        }
        policy.name_roles();
        policy.settle();
        policy
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
        plan: parts.plan,
        conditional: parts.conditional,
        denials: Vec::new(),
    }
}

/// The conditional rights in the order of their numbers.
fn conditional_rights(parts: &PolicyParts, rights: usize) -> Vec<ConditionalRight> {
    let first = parts.permissions.len();
    let mut found: Vec<(usize, ConditionalRight)> = Vec::new();
    for (permission, described) in parts.permissions.iter().enumerate() {
        for (right, guard) in &described.conditional {
            let right_of = ConditionalRight {
                permission,
                guard: *guard,
            };
            found.push((*right, right_of));
        }
    }
    (first..rights)
        .map_while(|right| {
            let right = found.iter().find(|(at, _)| *at == right);
            right.map(|(_, right)| *right)
        })
        .collect()
}
