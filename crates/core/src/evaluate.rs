//! The decision itself.
//!
//! ```text
//! allow(p) = guards(p) and token(p) and ( override(p) or ( cap(p) and granted(p) ) )
//! ```
//! where `granted` is the union of roles, inherited grants, ownership and what everybody holds, each
//! closed under `implies`. The first factor that is false names the reason.

use alloc::vec::Vec;

use crate::{
    Access, Decision, Denial, DenyReason, Facts, NodeId, Outcome, PermissionId, Policy, explain,
};

/// Answers whether the principal of `access` may do `permission` on `node` under `facts`.
///
/// A guard whose fact is missing counts as a deny.
#[must_use]
pub fn evaluate(
    policy: &Policy,
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
) -> Decision {
    let factors = Factors::of(policy, access, permission, node, facts);
    if factors.outcome() == Outcome::True {
        Decision::Allow(explain::allowance(policy, access, permission, node, facts))
    } else {
        Decision::Deny(explain::denial(
            policy, access, permission, node, facts, &factors,
        ))
    }
}

/// [`evaluate`] on the node called `node`. A node that is not there, or that the principal may not know
/// of, is an ordinary deny.
#[must_use]
pub fn evaluate_on(
    policy: &Policy,
    access: &Access,
    permission: PermissionId,
    node: &str,
    facts: &Facts,
) -> Decision {
    if let Some(node) = access.node(node) {
        return evaluate(policy, access, permission, node, facts);
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
pub fn verdict(
    policy: &Policy,
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
) -> Outcome {
    Factors::of(policy, access, permission, node, facts).outcome()
}

/// The factors of one decision, each evaluated by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factors {
    pub(crate) member: bool,
    pub(crate) guards: Outcome,
    pub(crate) token: bool,
    pub(crate) overriding: Outcome,
    pub(crate) cap: Outcome,
    pub(crate) granted: Outcome,
}

impl Factors {
    pub(crate) fn of(
        policy: &Policy,
        access: &Access,
        permission: PermissionId,
        node: NodeId,
        facts: &Facts,
    ) -> Self {
        Self {
            member: access.is_member(),
            guards: policy
                .guard(permission)
                .map_or(Outcome::True, |guard| guard.outcome(facts)),
            token: access.token_allows(permission.0, node),
            overriding: policy.holds(access.override_bits(), permission, facts),
            cap: access
                .caps()
                .iter()
                .map(|cap| policy.holds(cap, permission, facts))
                .min()
                .unwrap_or(Outcome::True),
            granted: access.granted(node).map_or(Outcome::False, |granted| {
                policy.holds(granted, permission, facts)
            }),
        }
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let held = self.overriding.max(self.cap.min(self.granted));
        held.min(self.guards)
            .min(self.token.into())
            .min(self.member.into())
    }
}
