//! Invitations: pending, then accepted, declined or canceled, once. Pure transitions.

use core::fmt;

use crate::membership::{assignable, permit};
use crate::{Access, Facts, MembershipError, Operation, RoleId, Value};

/// What is stored of an invitation's fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationState {
    /// The invited person joined.
    Accepted,
    /// Somebody of the organization took it back.
    Canceled,
    /// The invited person said no.
    Declined,
    /// Nobody acted on it so far.
    Pending,
}

/// What an invitation is at one moment: its state, or expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationStatus {
    /// The invited person joined.
    Accepted,
    /// Somebody of the organization took it back.
    Canceled,
    /// The invited person said no.
    Declined,
    /// Its time ran out while nobody had acted on it.
    Expired,
    /// It can be accepted.
    Pending,
}

impl InvitationStatus {
    /// The status as a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Canceled => "canceled",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Pending => "pending",
        }
    }
}

/// An invitation, as far as its transitions need to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// What is stored of its fate.
    pub state: InvitationState,
    /// First millisecond at which it can no longer be accepted, in Unix time.
    pub expires_at_ms: u64,
}

/// Why nothing can be done with an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvitationError {
    /// It is not pending.
    NotPending(InvitationStatus),
    /// It was sent to another address than the one proven by who acts.
    OtherAddress,
    /// Who invited may not, or no longer, hand out this role here.
    Inviter(MembershipError),
}

impl fmt::Display for InvitationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPending(status) => write!(f, "the invitation is {}", status.as_str()),
            Self::OtherAddress => f.write_str("the invitation was sent to another address"),
            Self::Inviter(error) => write!(f, "the inviter: {error}"),
        }
    }
}

impl core::error::Error for InvitationError {}

impl Invitation {
    /// The status at `now_ms`. Expiry is exact and needs no sweeper.
    #[must_use]
    pub const fn status(&self, now_ms: u64) -> InvitationStatus {
        match self.state {
            InvitationState::Accepted => InvitationStatus::Accepted,
            InvitationState::Canceled => InvitationStatus::Canceled,
            InvitationState::Declined => InvitationStatus::Declined,
            InvitationState::Pending if now_ms >= self.expires_at_ms => InvitationStatus::Expired,
            InvitationState::Pending => InvitationStatus::Pending,
        }
    }

    /// Whether `inviter` may invite somebody as `role` at this moment. Asked when the invitation is
    /// made and again when it is accepted: rights lost in between are not handed on.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn may_invite(inviter: &Access, role: RoleId) -> Result<(), InvitationError> {
        let mut facts = Facts::default();
        if let Some(role) = inviter.policy().describe_role(role) {
            facts.set("grant.role", Value::Text(role.id.clone()));
        }
        permit(inviter, Operation::InvitationCreate, &facts)
            .and_then(|()| assignable(inviter, role))
            .map_err(InvitationError::Inviter)
    }

    /// Accepts: the state to store, if it may be.
    ///
    /// # Errors
    /// The first reason against it, in an order that tells strangers nothing: the address first.
    pub fn accept(
        &self,
        now_ms: u64,
        address_matches: bool,
        inviter: &Access,
        role: RoleId,
    ) -> Result<InvitationState, InvitationError> {
        self.act(now_ms, address_matches)?;
        Self::may_invite(inviter, role)?;
        Ok(InvitationState::Accepted)
    }

    /// Declines: the state to store, if it may be.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn decline(
        &self,
        now_ms: u64,
        address_matches: bool,
    ) -> Result<InvitationState, InvitationError> {
        self.act(now_ms, address_matches)?;
        Ok(InvitationState::Declined)
    }

    /// Cancels: the state to store, if it may be. An expired one may be canceled too, so that it
    /// leaves the list.
    ///
    /// # Errors
    /// When somebody already acted on it.
    pub const fn cancel(&self, now_ms: u64) -> Result<InvitationState, InvitationError> {
        match self.status(now_ms) {
            InvitationStatus::Pending | InvitationStatus::Expired => Ok(InvitationState::Canceled),
            other => Err(InvitationError::NotPending(other)),
        }
    }

    fn act(&self, now_ms: u64, address_matches: bool) -> Result<(), InvitationError> {
        if !address_matches {
            return Err(InvitationError::OtherAddress);
        }
        match self.status(now_ms) {
            InvitationStatus::Pending => Ok(()),
            other => Err(InvitationError::NotPending(other)),
        }
    }
}
