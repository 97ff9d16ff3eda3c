//! What core has permitted, as the value without which nothing is written.

use lockstep_core::{
    Access, Facts, InvitationError, InvitationState, MembershipError, NodeId, Operation, Outcome,
    PermissionId,
};
use lockstep_wire::DecisionView;

use crate::{
    objects::Context,
    organization::refusal,
    problem::{ApiError, Code},
};

/// Proof that an actor may do one operation at this instant; only what is in this file makes it, each time of an answer of core's.
#[derive(Debug)]
pub(in crate::organization) struct Permitted(());

/// Whether the actor may do `operation` on the organization under `facts`.
///
/// # Errors
/// 403 with the decision.
pub(in crate::organization) fn permit(
    context: &Context<'_>,
    access: &Access,
    operation: Operation,
    facts: &Facts,
) -> Result<Permitted, ApiError> {
    permit_on(context, access, operation, access.root(), facts)
}

/// What core's own transitions have allowed. It is for who asks core in the same breath: nobody beside [`super`] has it.
///
/// # Errors
/// What they refuse with.
pub(super) fn permitted(
    context: &Context<'_>,
    access: &Access,
    allowed: Result<(), MembershipError>,
) -> Result<Permitted, ApiError> {
    allowed
        .map(Permitted)
        .map_err(|error| refusal::membership(context, access, error))
}

/// Whether the actor may do `operation` on `node` under `facts`.
///
/// # Errors
/// 403 with the decision.
pub(in crate::organization) fn permit_on(
    context: &Context<'_>,
    access: &Access,
    operation: Operation,
    node: NodeId,
    facts: &Facts,
) -> Result<Permitted, ApiError> {
    let policy = &context.config.policy;
    let Some(permission) = policy.policy.operation(operation) else {
        let detail = "The policy of this deployment offers this to nobody.";
        return Err(ApiError::new(Code::NoGrant, detail));
    };
    // Most are allowed, and a list asks for each of its rows.
    if lockstep_core::verdict(access, permission, node, facts) == Outcome::True {
        rest_on(context, permission);
        return Ok(Permitted(()));
    }
    let decision = lockstep_core::evaluate(access, permission, node, facts);
    let refused = refusal::denied(&DecisionView::new(access, &decision));
    Err(refused.of_sensitive(is_sensitive(context, permission)))
}

/// Notes that the answer hangs on `permission`, which was allowed.
pub(in crate::organization) fn rest_on(context: &Context<'_>, permission: PermissionId) {
    if is_sensitive(context, permission) {
        context.basis.is_sensitive.set(true);
    }
}

fn is_sensitive(context: &Context<'_>, permission: PermissionId) -> bool {
    let described = context.config.policy.policy.describe(permission);
    described.is_none_or(|permission| permission.sensitive)
}

/// What has become of an invitation that core lets somebody accept.
///
/// # Errors
/// What it refuses with.
pub(super) fn accepted(
    accepted: Result<InvitationState, InvitationError>,
) -> Result<(InvitationState, Permitted), ApiError> {
    accepted
        .map(|state| (state, Permitted(())))
        .map_err(|error| refusal::invitation(&error))
}
