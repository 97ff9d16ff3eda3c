//! What core refuses, as callers see it.

use lockstep_core::{
    Access, Decision, DelegationError, InvitationError, InvitationStatus, MembershipError,
};
use lockstep_wire::DecisionView;

use crate::{
    objects::Context,
    problem::{ApiError, Code},
};

/// A deny, with the same decision object that `/evaluate` answers.
pub(super) fn denied(view: &DecisionView) -> ApiError {
    let reason = view.reasons.first();
    let code = reason
        .and_then(|reason| Code::from_name(&reason.code))
        .unwrap_or(Code::NoGrant);
    let text = reason.map(|reason| reason.text.clone()).unwrap_or_default();
    match serde_json::to_value(view) {
        Ok(decision) => ApiError::new(code, text).with_member("decision", decision),
        Err(error) => ApiError::internal(format!("decision cannot be written: {error}")),
    }
}

/// The problem document of a refusal, as one result among several.
pub(super) fn document(error: &ApiError) -> Result<serde_json::Value, ApiError> {
    serde_json::from_slice(error.to_problem().as_bytes())
        .map_err(|error| ApiError::internal(format!("problem cannot be read: {error}")))
}

pub(super) fn membership(
    context: &Context<'_>,
    actor: &Access,
    error: MembershipError,
) -> ApiError {
    match error {
        MembershipError::Denied(denial) => {
            let decision = Decision::Deny(denial);
            denied(&DecisionView::new(actor, &decision))
        }
        MembershipError::NotOffered(_) => ApiError::new(
            Code::NoGrant,
            "The policy of this deployment offers this to nobody.",
        ),
        MembershipError::Delegation(error) => delegation(context, &error),
        MembershipError::NotAssignable => {
            let detail = "This is not a role that can be held there.";
            ApiError::new(Code::UnknownRole, detail)
        }
        MembershipError::LastAdmin => {
            let detail = "An organization always keeps an admin, and who holds everything if there is one: somebody whom the deployment vouches for. Make somebody else one first.";
            ApiError::new(Code::LastAdmin, detail)
        }
        MembershipError::Oneself => {
            let detail = "Nobody does this to themselves, nor does a program to who saw its secret: they could not undo it. Leave instead.";
            ApiError::new(Code::Conflict, detail)
        }
        MembershipError::NotAdmin => {
            ApiError::new(Code::NoGrant, "This takes an admin of the organization.")
        }
        MembershipError::BindsTooMuch => {
            let detail = "A deny rule takes only what you hold yourself, from nobody who holds everything unless you do, and not from you: you could not take it back.";
            ApiError::new(Code::ExceedsGrantor, detail)
        }
        MembershipError::NotOwner => {
            ApiError::new(Code::NoGrant, "This takes who owns the organization.")
        }
    }
}

pub(super) fn delegation(context: &Context<'_>, error: &DelegationError) -> ApiError {
    let detail = match error {
        DelegationError::Exceeds { permissions } => {
            let policy = &context.config.policy.policy;
            let labels: Vec<&str> = permissions
                .iter()
                .filter_map(|permission| policy.describe(*permission))
                .map(|permission| permission.label.as_str())
                .collect();
            format!(
                "You cannot hand out what you do not hold yourself: {}.",
                labels.join(", ")
            )
        }
        DelegationError::LiftsCap => {
            "Your own role is limited, so you cannot hand out one that is not.".to_owned()
        }
        DelegationError::Unknown => return ApiError::not_found(),
    };
    ApiError::new(Code::ExceedsGrantor, detail)
}

/// A refusal to somebody who was invited. They learn nothing about who invited them but that it no longer counts.
pub(super) fn invitation(error: &InvitationError) -> ApiError {
    match error {
        // A stranger is not told that there is an invitation for somebody else.
        InvitationError::OtherAddress => ApiError::not_found(),
        InvitationError::NotPending(status) => not_pending(*status),
        InvitationError::Inviter(_) => {
            let detail = "Who sent this invitation may no longer invite you into this role. Ask for a new one.";
            ApiError::new(Code::InvitationVoid, detail)
        }
    }
}

pub(super) fn not_pending(status: InvitationStatus) -> ApiError {
    let detail = match status {
        InvitationStatus::Accepted => "The invitation was accepted already.",
        InvitationStatus::Canceled => "The invitation was taken back.",
        InvitationStatus::Declined => "The invitation was declined already.",
        InvitationStatus::Expired | InvitationStatus::Pending => "The invitation has expired.",
    };
    ApiError::new(Code::InvitationNotPending, detail)
        .with_member("invitation_status", status.as_str().into())
}
