//! What a request is answered.

use alloc::vec::Vec;

use lockstep_core::{
    Access, Decision, Denial, DenyReason, Facts, NodeId, Outcome, PermissionId, evaluate, verdict,
};

use super::EvaluationRequest;
use crate::{DecisionView, UnknownPermission};

impl EvaluationRequest {
    /// The answer for the principal of `access`, under what the request states and `known`, which the
    /// directory knows. What the request states of the subject counts, and not what is known of it.
    ///
    /// # Errors
    /// When the policy has no such permission.
    pub fn decide(
        &self,
        access: &Access,
        known: &Facts,
    ) -> Result<DecisionView, UnknownPermission> {
        self.decide_at(access, self.location.find(access), known)
    }

    /// As [`Self::decide`], where the resource lies at `node`; `None` is no place of the principal's.
    ///
    /// # Errors
    /// When the policy has no such permission.
    pub fn decide_at(
        &self,
        access: &Access,
        node: Option<NodeId>,
        known: &Facts,
    ) -> Result<DecisionView, UnknownPermission> {
        let Some(permission) = access.policy().permission(&self.permission) else {
            return Err(UnknownPermission(self.permission.clone()));
        };
        let facts = self.facts_beside(known);
        let decision = match node {
            Some(node) => evaluate(access, permission, node, &facts),
            None => Decision::Deny(Denial {
                permission,
                reason: if access.is_member() {
                    DenyReason::NoGrant
                } else {
                    DenyReason::NoMembership
                },
                suggestions: Vec::new(),
            }),
        };
        Ok(DecisionView::new(access, &decision))
    }

    /// Whether [`Self::decide_at`] allows it: without the reason, which costs more than the decision.
    #[must_use]
    pub fn allows_at(
        &self,
        access: &Access,
        permission: PermissionId,
        node: NodeId,
        known: &Facts,
    ) -> bool {
        verdict(access, permission, node, &self.facts_beside(known)) == Outcome::True
    }

    /// What the request states, beside what is known without it.
    fn facts_beside(&self, known: &Facts) -> Facts {
        let mut facts = known.clone();
        facts.state(&self.facts, &self.unusable);
        facts
    }
}
