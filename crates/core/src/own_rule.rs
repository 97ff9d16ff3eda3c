//! Rules that an organization makes by itself: which may be saved, and law 5 for making, editing and deleting one.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::delegate::{Holder, exceeds};
use crate::error::write_path;
use crate::hierarchy::ROOT;
use crate::membership::permit;
use crate::{
    Access, DelegationError, Effect, Facts, Guard, MembershipError, Operation, PermissionId,
    Policy, PolicyError, Role, RuleSpec, Step,
};

/// A change of one of the organization's own rules. An edit ends one and begins another.
#[derive(Clone, Copy, Debug)]
pub struct RuleChange<'a> {
    /// The rule that ends, as it is.
    pub old: Option<&'a RuleSpec>,
    /// The rule that begins.
    pub new: Option<&'a RuleSpec>,
    /// The actor in the organization as it will be.
    pub after: &'a Access,
}

/// Whether `actor` may do it. Rules reach whoever is granted their roles, anywhere and at any time, so what
/// is handed out must be held on the organization itself, by the rules as they are (law 5): an allow rule
/// hands out what it gives, under its conditions; a deny rule, when it ends, what it took. Who holds
/// everything may end a deny rule that binds themselves. A deny rule that begins is one that its maker could
/// end again, and binds nobody who holds everything unless its maker does.
///
/// # Errors
/// The first reason against it.
pub fn change_rule(
    actor: &Access,
    change: &RuleChange<'_>,
    facts: &Facts,
) -> Result<(), MembershipError> {
    permit(actor, Operation::RuleManage, facts)?;
    let is_deny = |rule: &&RuleSpec| rule.effect == Effect::Deny;
    if let Some(old) = change.old.filter(is_deny) {
        ends(actor, old).map_err(MembershipError::Delegation)?;
    }
    match change.new {
        None => Ok(()),
        Some(new) if is_deny(&new) => {
            let is_bound = binds_overriding(actor.policy(), new) && !overrides(actor);
            if is_bound || ends(change.after, new).is_err() {
                return Err(MembershipError::BindsTooMuch);
            }
            Ok(())
        }
        Some(new) => begins(actor, new).map_err(MembershipError::Delegation),
    }
}

/// Whether all that an allow rule gives is held.
fn begins(actor: &Access, rule: &RuleSpec) -> Result<(), DelegationError> {
    let policy = actor.policy();
    let guard = (!rule.when.is_empty()).then(|| Guard::new(rule.when.clone()));
    let named = policy.numbers(&rule.permissions).into_iter();
    let given = named.flat_map(|permission| policy.implied_by(permission).iter().copied());
    let given: Vec<usize> = given.collect();
    holds_each(actor, rule, &given, &|holder, permission, role| {
        holder.holds_under(permission, guard.as_ref(), role)
    })
}

/// Whether all that a deny rule takes is held by who ends it.
fn ends(actor: &Access, rule: &RuleSpec) -> Result<(), DelegationError> {
    let policy = actor.policy();
    // Those of organizations come behind the policy's.
    let number = policy.rules.iter().rposition(|known| known.id == rule.id);
    let taken = policy.numbers(&rule.permissions);
    holds_each(actor, rule, &taken, &|holder, permission, role| {
        holder.holds_without(permission, number, role)
    })
}

/// Whether each of `permissions` is held as `holds` says, towards each role of the rule, or everybody.
fn holds_each(
    actor: &Access,
    rule: &RuleSpec,
    permissions: &[usize],
    holds: &dyn Fn(&Holder<'_>, usize, Option<&Role>) -> bool,
) -> Result<(), DelegationError> {
    let policy = actor.policy();
    let holder = Holder::on(actor, ROOT).ok_or(DelegationError::Unknown)?;
    let named = rule.roles.iter();
    // A role that is gone may have been anything.
    let named = named.map(|id| policy.role(id).and_then(|role| policy.describe_role(role)));
    let mut roles: Vec<Option<&Role>> = named.collect();
    if roles.is_empty() {
        roles.push(None);
    }
    let is_held = |permission: usize| roles.iter().all(|role| holds(&holder, permission, *role));
    let is_personal = |permission: usize| policy.personal.contains(permission);
    let missing = permissions.iter().copied();
    let missing = missing.filter(|permission| !is_personal(*permission) && !is_held(*permission));
    exceeds(missing.map(PermissionId).collect())
}

fn overrides(actor: &Access) -> bool {
    Holder::on(actor, ROOT).is_some_and(|holder| holder.overriding())
}

/// Whether `rule` binds whoever holds everything.
fn binds_overriding(policy: &Policy, rule: &RuleSpec) -> bool {
    let mut overriding = policy.roles().iter().filter(|role| role.overriding);
    overriding.any(|role| rule.roles.is_empty() || rule.roles.contains(&role.id))
}

/// Why an organization may not make a rule by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnRuleError {
    /// A name in it does not exist, or a condition does not fit its fact.
    Wrong(PolicyError),
    /// It is about all permissions, whatever they will be.
    Everything {
        /// The place in its permissions.
        at: usize,
    },
    /// It takes what rules are seen or managed by.
    KeepsRules {
        /// The place in its permissions.
        at: usize,
        /// The permission.
        id: String,
    },
    /// It is about what concerns only what is one's own.
    Personal {
        /// The place in its permissions.
        at: usize,
        /// The permission.
        id: String,
    },
}

impl OwnRuleError {
    /// The place in the rule.
    #[must_use]
    pub fn path(&self) -> Vec<Step> {
        match self {
            Self::Wrong(error) => error.path.clone(),
            Self::Everything { at } | Self::KeepsRules { at, .. } | Self::Personal { at, .. } => {
                vec!["permissions".into(), (*at).into()]
            }
        }
    }

    /// What is wrong there, in a sentence.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Wrong(error) => error.kind.to_string(),
            Self::Everything { .. } => {
                "a rule of an organization names its permissions, so that it never means others"
                    .into()
            }
            Self::KeepsRules { id, .. } => {
                format!("rules are seen and managed by `{id}`, so no rule takes it from anybody")
            }
            Self::Personal { id, .. } => {
                format!("`{id}` concerns only what is one's own, so no rule is about it")
            }
        }
    }
}

impl fmt::Display for OwnRuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_path(f, &self.path())?;
        write!(f, ": {}", self.message())
    }
}

impl core::error::Error for OwnRuleError {}

impl Policy {
    /// Whether an organization may make `rule` by itself: as [`Self::check_rule`], and it names what it is
    /// about, which is nothing personal and, for a deny, not what rules are seen and managed by.
    ///
    /// # Errors
    /// The first place where it is wrong.
    pub fn check_own_rule(&self, rule: &RuleSpec) -> Result<(), OwnRuleError> {
        self.check_rule(rule).map_err(OwnRuleError::Wrong)?;
        let managing = [Operation::RuleManage, Operation::RuleRead].map(|by| self.operation(by));
        for (at, id) in rule.permissions.iter().enumerate() {
            let permission = self.permission(id);
            let is_kept = rule.effect == Effect::Deny && managing.contains(&permission);
            let id = id.clone();
            match permission.and_then(|permission| self.describe(permission)) {
                None => return Err(OwnRuleError::Everything { at }),
                Some(described) if described.personal => {
                    return Err(OwnRuleError::Personal { at, id });
                }
                Some(_) if is_kept => return Err(OwnRuleError::KeepsRules { at, id }),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Whether there was room for all rights that rules give under conditions. Those beyond give nothing.
    #[must_use]
    pub const fn has_room_for_conditions(&self) -> bool {
        !self.overfull
    }
}
