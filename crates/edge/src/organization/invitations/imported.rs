//! Invitations of who was a member where an organization comes from. Nobody is told of them before they are sent, which the limits of mails bound.

use lockstep_core::InvitationState;
use lockstep_token::id::opaque_id;

use super::{Brought, Stored, send};
use crate::{keys::hex, organization::acting::Change, problem::ApiError};

/// What stands in the place of the time at which an invitation was sent that never was.
pub(super) const NEVER: i64 = -1;
/// How long one can be accepted or sent, in milliseconds: 30 days.
const LIFE_MS: i64 = 2_592_000_000;

/// Invites `address`. The link is nobody's: what it is made of is kept nowhere.
pub(in crate::organization) fn invite(
    change: &Change<'_>,
    address: &str,
    role: &str,
    brought: &[Brought],
) -> Result<(), ApiError> {
    let acting = change.acting;
    let random = change.context().random;
    let stored = Stored {
        id: opaque_id("inv", random.bytes()?),
        address: address.to_owned(),
        role: role.to_owned(),
        state: InvitationState::Pending,
        invited_by: acting.principal().to_owned(),
        seen_by: Some(acting.seer().to_owned()),
        message: None,
        created_at_ms: acting.now_ms(),
        sent_at_ms: NEVER,
        expires_at_ms: acting.now_ms().saturating_add(LIFE_MS),
    };
    let nonce = hex(&random.bytes::<32>()?);
    send::write(change, &stored, &nonce, brought)
}
