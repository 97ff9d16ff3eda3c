//! The decision itself.
//!
//! ```text
//! allow(p) = not deny(p) and plan(p) and guards(p) and token(p)
//!            and ( override(p) or ( cap(p) and granted(p) ) )
//! ```
//! where `granted` is the union of roles, groups, inherited grants, ownership, allow rules and what
//! everybody holds, each closed under `implies`. The first factor that is false names the reason.

use alloc::vec::Vec;

use crate::hierarchy::NodeId;
use crate::holdings::{Holdings, Set};
use crate::{
    Access, Bits, Decision, Denial, DenyReason, Facts, Outcome, PermissionId, Policy, explain,
};

/// Answers whether the principal of `access` may do `permission` on `node` under `facts`.
///
/// A deny rule or guard whose fact is missing counts as a deny.
#[must_use]
pub fn evaluate(
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
) -> Decision {
    let factors = factors(access, permission, node, facts);
    if factors.outcome() == Outcome::True {
        Decision::Allow(explain::allowance(access, permission, node, facts))
    } else {
        Decision::Deny(explain::denial(access, permission, node, facts, &factors))
    }
}

/// [`evaluate`] on the node called `node`. A node that the access does not have is an ordinary deny.
///
/// Reasons name nodes of the access, and one is told apart from none by them: leave out of the record what the
/// principal may not know of, or ask [`Access::known_nodes`] first. [`crate::World::access`] has all nodes.
#[must_use]
pub fn evaluate_on(
    access: &Access,
    permission: PermissionId,
    node: &str,
    facts: &Facts,
) -> Decision {
    if let Some(node) = access.node(node) {
        return evaluate(access, permission, node, facts);
    }
    let reason = if access.is_member() {
        DenyReason::NoGrant
    } else {
        DenyReason::NoMembership
    };
    Decision::Deny(Denial {
        permission,
        reason,
        suggestions: Vec::new(),
    })
}

/// The decision as far as `facts` settle it: [`Outcome::Unknown`] when it depends on a missing fact.
///
/// [`evaluate`] allows exactly when this is [`Outcome::True`].
#[must_use]
pub fn verdict(access: &Access, permission: PermissionId, node: NodeId, facts: &Facts) -> Outcome {
    match access.settled(permission, node) {
        Outcome::Unknown if !facts.is_empty() => factors(access, permission, node, facts).outcome(),
        settled => settled,
    }
}

/// Every permission that the principal of `access` has on `node` under `facts`: all the buttons of a
/// page in one call.
#[must_use]
pub fn mask(access: &Access, node: NodeId, facts: &Facts) -> Bits {
    let permissions = access.policy().permissions.len();
    let mut allowed = Bits::empty(permissions);
    for at in 0..permissions {
        if verdict(access, PermissionId(at), node, facts) == Outcome::True {
            allowed.insert(at);
        }
    }
    allowed
}

/// [`mask`] for each of `rows`, such as the rows of a page with the facts of each.
#[must_use]
pub fn masks<'a>(
    access: &Access,
    rows: impl IntoIterator<Item = (NodeId, &'a Facts)>,
) -> Vec<Bits> {
    let rows = rows.into_iter();
    rows.map(|(node, facts)| mask(access, node, facts))
        .collect()
}

fn factors(access: &Access, permission: PermissionId, node: NodeId, facts: &Facts) -> Factors {
    let nothing = Factors {
        member: access.is_member(),
        ..Factors::NONE
    };
    access.set(node).map_or(nothing, |set| {
        Factors::of(access.policy(), access.holdings(), permission, set, facts)
    })
}

/// The factors of one decision, each evaluated by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factors {
    pub(crate) member: bool,
    pub(crate) denied: Outcome,
    pub(crate) plan: bool,
    pub(crate) guards: Outcome,
    pub(crate) token: bool,
    pub(crate) overriding: Outcome,
    pub(crate) cap: Outcome,
    pub(crate) granted: Outcome,
}

impl Factors {
    /// On a node that is not there.
    const NONE: Self = Self {
        member: false,
        denied: Outcome::False,
        plan: true,
        guards: Outcome::True,
        token: true,
        overriding: Outcome::False,
        cap: Outcome::True,
        granted: Outcome::False,
    };

    pub(crate) fn of(
        policy: &Policy,
        holdings: &Holdings,
        permission: PermissionId,
        set: &Set,
        facts: &Facts,
    ) -> Self {
        let mut cap = Outcome::True;
        for bits in &holdings.caps {
            cap = cap.min(policy.holds(bits, permission, facts));
        }
        Self {
            member: holdings.member,
            denied: policy.denies(&set.denied, permission, facts),
            plan: holdings.in_plan.contains(permission.0),
            guards: policy
                .guard(permission)
                .map_or(Outcome::True, |guard| guard.outcome(facts)),
            token: holdings.token_allows(permission.0, set),
            overriding: holdings.overriding.contains(permission.0).into(),
            cap,
            granted: policy.holds(&set.granted, permission, facts),
        }
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let held = self.overriding.max(self.cap.min(self.granted));
        held.min(self.denied.negated())
            .min(self.guards)
            .min(self.plan.into())
            .min(self.token.into())
            .min(self.member.into())
    }
}
