//! What an organization adds to the policy: roles made from the policy's, and rules.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use crate::compile::is_id;
use crate::policy::Role;
use crate::{Bits, Effect, Level, Policy, RecordError, RuleSpec, limits};

/// What one organization adds to the policy.
///
/// It is data that outlives policies, so what no longer fits is left out, in the safe direction: a
/// permission or role that is gone is not held, a deny rule whose condition cannot be tested denies, and one
/// for a role that is gone binds everybody: whoever had the role may hold another one. Only what was taken by
/// a permission that is gone has no such direction: what it has become, if anything, nobody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customization {
    /// Roles. [`Policy::check_role`] says which may be saved.
    pub roles: Vec<CustomRole>,
    /// Rules. [`Policy::check_rule`] says which may be saved.
    pub rules: Vec<RuleSpec>,
}

impl Customization {
    /// Whether the organization adds nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.rules.is_empty()
    }
}

/// A policy as one organization has it: made once, for everybody in it.
///
/// It is read like any [`Policy`], and nothing is added to it any more: roles and rules that were narrowed or
/// deleted since would stay in it. When they change, it is made anew of the policy that it was made of.
///
/// ```compile_fail,E0308
/// # use lockstep_core::{Access, Record, RecordError};
/// fn anew(before: &Access, edited: Record) -> Result<Access, RecordError> {
///     Access::resolve(before.policy(), edited, before.now_ms())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct OwnPolicy(pub(crate) Arc<Policy>);

impl OwnPolicy {
    /// `policy` with what the organization added.
    ///
    /// # Errors
    /// When that passes a limit.
    pub fn new(policy: &Arc<Policy>, customization: &Customization) -> Result<Self, RecordError> {
        for (len, limit) in [
            (customization.roles.len(), limits::CUSTOM_ROLES_MAX),
            (customization.rules.len(), limits::RULES_MAX),
        ] {
            if len > limit {
                return Err(RecordError::TooMany { limit });
            }
        }
        Ok(policy.customized(customization))
    }

    /// `policy` in an organization that added nothing.
    #[must_use]
    pub fn plain(policy: &Arc<Policy>) -> Self {
        Self(Arc::clone(policy))
    }

    /// Whether it is the same one as `other`, and not only one like it.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for OwnPolicy {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        &self.0
    }
}

/// A role that an organization made: another role, with some permissions fewer or more.
///
/// It belongs to the level of its base and is bound by the base's cap and by every deny rule that names
/// the base. It is never marked `admin` and never overrides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomRole {
    /// Id by which grants name it.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// Id of the policy's role that it starts from.
    pub base: String,
    /// Permission ids that it holds beside those of the base, without conditions.
    pub with: Vec<String>,
    /// Permission ids of the base that it does not hold, nor anything with which they come.
    pub without: Vec<String>,
}

/// Why a custom role may not be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomRoleError {
    /// The policy does not let organizations add permissions to a role.
    AdditionsNotAllowed,
    /// The policy does not let organizations make roles of this level.
    LevelNotAllowed(Level),
    /// It keeps a permission that comes with another one, and drops that one.
    Implied {
        /// The permission it keeps.
        kept: String,
        /// The permission it drops, which comes with the other.
        dropped: String,
    },
    /// The id is not one, or a role of the policy has it.
    InvalidId(String),
    /// The name is empty.
    NoName,
    /// The base overrides everything, so a role made of it would too.
    OverridingBase(String),
    /// The policy has no such role, or it is itself a custom one.
    UnknownBase(String),
    /// The policy has no such permission.
    UnknownPermission(String),
}

impl fmt::Display for CustomRoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AdditionsNotAllowed => {
                f.write_str("a custom role may only drop permissions of its base, not add any")
            }
            Self::LevelNotAllowed(level) => {
                write!(f, "organizations may not make roles of the {level}")
            }
            Self::Implied { kept, dropped } => write!(
                f,
                "`{kept}` comes with `{dropped}`, so a role cannot keep the one and drop the other"
            ),
            Self::InvalidId(id) => write!(f, "`{id}` cannot be the id of a custom role"),
            Self::NoName => f.write_str("a custom role needs a name"),
            Self::OverridingBase(id) => {
                write!(
                    f,
                    "`{id}` holds everything, so no custom role starts from it"
                )
            }
            Self::UnknownBase(id) => write!(f, "the policy has no role `{id}` to start from"),
            Self::UnknownPermission(id) => write!(f, "the policy has no permission `{id}`"),
        }
    }
}

impl core::error::Error for CustomRoleError {}

impl Policy {
    /// Whether an organization may save `role`.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn check_role(&self, role: &CustomRole) -> Result<(), CustomRoleError> {
        if !is_id(&role.id) || self.role(&role.id).is_some() {
            return Err(CustomRoleError::InvalidId(role.id.clone()));
        }
        if role.name.trim().is_empty() {
            return Err(CustomRoleError::NoName);
        }
        let base = self.role(&role.base).and_then(|id| self.describe_role(id));
        let base = base.ok_or_else(|| CustomRoleError::UnknownBase(role.base.clone()))?;
        if base.overriding {
            return Err(CustomRoleError::OverridingBase(role.base.clone()));
        }
        if !self.custom_levels.contains(&base.level) {
            return Err(CustomRoleError::LevelNotAllowed(base.level));
        }
        if !self.custom_additions && !role.with.is_empty() {
            return Err(CustomRoleError::AdditionsNotAllowed);
        }
        let mut named = role.with.iter().chain(&role.without);
        if let Some(unknown) = named.find(|id| self.permission(id).is_none()) {
            return Err(CustomRoleError::UnknownPermission(unknown.clone()));
        }
        let id = |permission: usize| self.id_of(permission).into();
        let held = self.held(base, role, false);
        let dropped = self.held(base, role, true);
        match held.iter().find(|right| !dropped.contains(*right)) {
            None => Ok(()),
            Some(right) => {
                let kept = self.permission_of(right).unwrap_or(right);
                let implied = self.implied.get(kept).into_iter().flatten();
                let mut dropped = implied.filter(|id| {
                    role.without.iter().any(|without| {
                        self.permission(without)
                            .is_some_and(|permission| permission.0 == **id)
                    })
                });
                Err(CustomRoleError::Implied {
                    kept: id(kept),
                    dropped: id(dropped.next().copied().unwrap_or(kept)),
                })
            }
        }
    }

    /// The policy as one organization has it: with `customization` added.
    pub(crate) fn customized(&self, customization: &Customization) -> OwnPolicy {
        let mut policy = self.clone();
        policy.customize(customization);
        policy.own()
    }

    /// Makes it the policy of one organization: nothing is added to it from here on.
    pub(crate) fn own(self) -> OwnPolicy {
        OwnPolicy(Arc::new(self))
    }

    /// Makes it the policy as one organization has it.
    ///
    /// Numbers of permissions and roles stay what they are; custom roles come after the policy's own.
    pub(crate) fn customize(&mut self, customization: &Customization) {
        // The numbers of the roles that were added, each with that of its base.
        let mut made: Vec<(usize, usize)> = Vec::new();
        for role in customization.roles.iter().take(limits::CUSTOM_ROLES_MAX) {
            if let Some(base) = self.add_role(role) {
                made.push((self.roles.len() - 1, base));
            }
        }
        self.name_roles();
        for rule in &customization.rules {
            let (mut roles, permissions) = self.reach_of(rule);
            if let Some(bound) = roles.as_mut().filter(|_| rule.effect == Effect::Deny) {
                if bound.len() < rule.roles.len() {
                    roles = None;
                } else {
                    for (role, base) in &made {
                        if bound.contains(base) {
                            bound.push(*role);
                        }
                    }
                }
            }
            // What there is no room for gives nothing: whoever adds rules asks before
            // ([`Self::has_room_for_conditions`]).
            let _ = self.add_rule(rule, roles.as_deref(), &permissions);
        }
        self.settle();
    }

    /// Adds `role`, and answers the number of its base; `None` when it does not fit the policy. It has no
    /// name for others to start from before [`Self::name_roles`].
    fn add_role(&mut self, role: &CustomRole) -> Option<usize> {
        let number = self.role(&role.base)?;
        let from = self.describe_role(number)?;
        let known = self.roles.iter().any(|known| known.id == role.id);
        if known || from.overriding || !self.custom_levels.contains(&from.level) {
            return None;
        }
        self.roles.push(Role {
            id: role.id.clone(),
            name: role.name.clone(),
            level: from.level,
            admin: false,
            overriding: false,
            rights: self.held(from, role, true),
            denied: from.denied.clone(),
            cap: from.cap.clone(),
        });
        self.made += 1;
        Some(number.0)
    }

    /// What `role` would hold, whether or not it may be saved, with the role that it is made of.
    pub(crate) fn would_hold(&self, role: &CustomRole) -> Option<(Bits, &Role)> {
        let base = self.describe_role(self.role(&role.base)?)?;
        Some((self.held(base, role, true), base))
    }

    /// What `role`, made of `base`, holds. With `closed`, nothing that comes with what it dropped.
    fn held(&self, base: &Role, role: &CustomRole, closed: bool) -> Bits {
        let without = self.numbers(&role.without);
        let mut rights = base.rights.clone();
        if self.custom_additions {
            for permission in self.numbers(&role.with) {
                for permission in self.implied_by(permission) {
                    rights.insert(*permission);
                }
            }
        }
        let drops = |permission: usize| {
            // Of which it is one itself.
            let mut implied = self.implied_by(permission).iter();
            implied.any(|id| without.contains(id) && (closed || *id == permission))
        };
        let mut held = Bits::empty(self.rights);
        for right in 0..self.rights {
            if rights.contains(right) && self.permission_of(right).is_some_and(|of| !drops(of)) {
                held.insert(right);
            }
        }
        held
    }

    /// The numbers of those of `ids` that the policy has.
    pub(crate) fn numbers(&self, ids: &[String]) -> Vec<usize> {
        self.permission_names.numbers(ids)
    }

    /// `permission` and all that comes with it.
    pub(crate) fn implied_by(&self, permission: usize) -> &[usize] {
        self.implied.get(permission).map_or(&[], Vec::as_slice)
    }

    /// The roles (`None`: all members) and permissions that `rule` names and the policy has.
    fn reach_of(&self, rule: &RuleSpec) -> (Option<Vec<usize>>, Vec<usize>) {
        let roles = self.role_names.numbers(&rule.roles);
        let mut permissions: Vec<usize> = if rule.permissions.iter().any(|id| id == "*") {
            (0..self.permissions.len()).collect()
        } else {
            self.numbers(&rule.permissions)
        };
        // What is one's own no organization gives: a policy may have made it that since the rule was stored.
        if rule.effect == Effect::Allow {
            permissions.retain(|permission| !self.personal.contains(*permission));
        }
        ((!rule.roles.is_empty()).then_some(roles), permissions)
    }
}
