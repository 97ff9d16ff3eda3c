//! A compiled policy as plain data, so that a reader need not compile it again.
//!
//! It holds what a decision and its reasons need; [`Assembly`] says what stays behind.

use alloc::string::String;
use alloc::vec::Vec;

use crate::index::Index;
use crate::policy::{
    ConditionalRight, Permission, Policy, Replacement, Role, RoleId, Rule, RuleDenial,
};
use crate::{Bits, Condition, Guard, Level, limits};

/// A compiled policy. All numbers are places in the lists; with one that is out of range there is no policy.
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
    pub everyone: Bits,
    /// Rights of who owns a node of a level.
    pub ownership: Vec<(Level, Bits)>,
    /// The rules, as far as reasons name them.
    pub rules: Vec<RuleParts>,
    /// What deny rules take away.
    pub denials: Vec<DenialParts>,
    /// Denials that hold for every member.
    pub everyone_denied: Bits,
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
    pub rights: Bits,
    /// What deny rules take from it.
    pub denied: Bits,
    /// The rights that its holder may have at most; `None`: any.
    pub cap: Option<Bits>,
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
            rights: role.rights.clone(),
            denied: role.denied.clone(),
            cap: role.cap.clone(),
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
            everyone: policy.everyone.clone(),
            ownership: ownership
                .map(|(level, bits)| (*level, bits.clone()))
                .collect(),
            rules: policy.rules.iter().map(rule).collect(),
            denials: policy.denials.iter().map(denial).collect(),
            everyone_denied: policy.everyone_denied.clone(),
            features: policy.features.clone(),
            replacements: policy.replacements.iter().map(replacement).collect(),
            custom_levels: policy.custom_levels.clone(),
            custom_additions: policy.custom_additions,
        }
    }
}

/// A compiled policy in the making, for a reader that has its parts one by one. It decides as the whole one does; its id, operations, cases, labels and creator's role are not there, no role is an admin's, and nothing is sensitive.
#[derive(Debug, Default)]
pub struct Assembly(Policy);

impl Assembly {
    /// Begins with how many rights there are, and the rights and denials of every member.
    #[must_use]
    pub fn new(rights: usize, everyone: Bits, everyone_denied: Bits) -> Self {
        Self(Policy {
            rights: rights.min(limits::PERMISSIONS_MAX + limits::CONDITIONAL_RIGHTS_MAX),
            everyone,
            everyone_denied,
            ..Policy::default()
        })
    }

    /// Adds what an organization may have and add: features of its plan, the levels of its own roles, and
    /// whether those may hold what their base does not.
    pub fn organization(&mut self, features: Vec<String>, levels: Vec<Level>, additions: bool) {
        self.0.features = features;
        self.0.custom_levels = levels;
        self.0.custom_additions = additions;
    }

    /// Adds the next guard.
    pub fn guard(&mut self, conditions: Vec<Condition>) {
        self.0.guards.push(Guard { conditions });
    }

    /// Adds the next permission.
    pub fn permission(&mut self, permission: PermissionParts) {
        let mut implied = permission.implied;
        implied.insert(0, self.0.permissions.len());
        self.0.implied.push(implied);
        self.0.permissions.push(Permission {
            label: String::new(),
            id: permission.id,
            because: permission.because,
            level: permission.level,
            sensitive: false,
            personal: permission.personal,
            cases: Vec::new(),
            guard: permission.guard,
            plan: permission.plan,
            conditional: permission.conditional,
            denials: Vec::new(),
        });
    }

    /// Adds the next role.
    pub fn role(&mut self, role: RoleParts) {
        self.0.roles.push(Role {
            id: role.id,
            name: role.name,
            level: role.level,
            admin: false,
            overriding: role.overriding,
            rights: role.rights,
            denied: role.denied,
            cap: role.cap,
        });
    }

    /// Sets the rights of who owns a node of `level`.
    pub fn ownership(&mut self, level: Level, rights: Bits) {
        self.0.ownership.insert(level, rights);
    }

    /// Adds the next rule.
    pub fn rule(&mut self, rule: RuleParts) {
        self.0.rules.push(Rule {
            id: rule.id,
            because: rule.because,
        });
    }

    /// Adds the next denial.
    pub fn denial(&mut self, denial: &DenialParts) {
        let number = self.0.denials.len();
        if let Some(permission) = self.0.permissions.get_mut(denial.permission) {
            permission.denials.push(number);
        }
        self.0.denials.push(RuleDenial {
            permission: denial.permission,
            guard: denial.guard,
            rule: denial.rule,
        });
    }

    /// Adds the next replacement.
    pub fn replacement(&mut self, replacement: &ReplacementParts) {
        self.0.replacements.push(Replacement {
            feature: replacement.feature,
            level: replacement.level,
            role: RoleId(replacement.role),
        });
    }

    /// The policy; `None` when a number points behind its list.
    #[must_use]
    pub fn finish(mut self) -> Option<Policy> {
        if !self.is_whole() {
            return None;
        }
        self.number_conditional_rights();
        let mut policy = self.0;
        let ids = policy.permissions.iter().map(|known| known.id.as_str());
        policy.permission_names = Index::new(ids).unwrap_or_default();
        policy.name_roles();
        policy.settle();
        Some(policy)
    }

    /// Whether every number is a place in the list that it points into. A guard that is not there would hold no one
    /// back.
    fn is_whole(&self) -> bool {
        let policy = &self.0;
        let (guards, denials) = (policy.guards.len(), policy.denials.len());
        let in_guards = |guard: Option<usize>| guard.is_none_or(|guard| guard < guards);
        let mut is_whole = policy.everyone_denied.is_below(denials);
        for permission in &policy.permissions {
            is_whole &= in_guards(permission.guard);
            for (_, guard) in &permission.conditional {
                is_whole &= *guard < guards;
            }
            for feature in &permission.plan {
                is_whole &= *feature < policy.features.len();
            }
        }
        for role in &policy.roles {
            is_whole &= role.denied.is_below(denials);
        }
        for denial in &policy.denials {
            is_whole &= denial.permission < policy.permissions.len();
            is_whole &= in_guards(denial.guard) && denial.rule < policy.rules.len();
        }
        is_whole
    }

    /// The conditional rights in the order of their numbers.
    fn number_conditional_rights(&mut self) {
        let policy = &mut self.0;
        for right in policy.permissions.len()..policy.rights {
            let mut found = None;
            for (permission, described) in policy.permissions.iter().enumerate() {
                for (number, guard) in &described.conditional {
                    if *number == right {
                        found = Some(ConditionalRight {
                            permission,
                            guard: *guard,
                        });
                    }
                }
            }
            let Some(found) = found else {
                return;
            };
            policy.conditional_rights.push(found);
        }
    }
}
