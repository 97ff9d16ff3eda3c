//! Invitations: pending, then accepted, declined or canceled, once. Pure transitions.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::delegate::can_allow;
use crate::issuer::is_no_admin;
use crate::membership::{assignable, permit, permit_on};
use crate::{
    Access, Assignment, Effect, Facts, Grant, Level, MembershipError, NodeId, Operation, Policy,
    Role, RoleId, RuleSpec, Target, Value, Window, assign, enter_group, transfer,
};

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

/// What somebody is invited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer<'a> {
    /// The role on the organization.
    pub role: RoleId,
    /// Roles on workspaces and projects.
    pub grants: &'a [(NodeId, RoleId)],
    /// Access groups that they are to be in: where each is at home, and what it was granted on nodes that are
    /// there (see [`enter_group`]).
    pub groups: &'a [(NodeId, Vec<Grant>)],
    /// Projects that they are to own.
    pub owned: &'a [NodeId],
}

impl Offer<'_> {
    /// A role on the organization, and nothing beside it.
    #[must_use]
    pub const fn of(role: RoleId) -> Self {
        Self {
            role,
            grants: &[],
            groups: &[],
            owned: &[],
        }
    }
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

    /// Whether `inviter` may invite somebody to `offer` at this moment, under the `facts` of the
    /// directory. Asked when the invitation is made and again when it is accepted: rights lost in
    /// between are not handed on.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn may_invite(
        inviter: &Access,
        offer: &Offer<'_>,
        facts: &Facts,
    ) -> Result<(), MembershipError> {
        may_offer(inviter, offer, None, facts)
    }

    /// Accepts: the state to store, if it may be. `invited` is who accepts, where they are a member by now: what
    /// they are given is then given to such a member, as if by hand.
    ///
    /// # Errors
    /// The first reason against it, in an order that tells strangers nothing: the address first.
    pub fn accept(
        &self,
        now_ms: u64,
        address_matches: bool,
        inviter: &Access,
        offer: &Offer<'_>,
        invited: Option<&Target<'_>>,
        facts: &Facts,
    ) -> Result<InvitationState, InvitationError> {
        self.act(now_ms, address_matches)?;
        may_offer(inviter, offer, invited, facts).map_err(InvitationError::Inviter)?;
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

    /// Whether it may be sent again: also after its time ran out.
    ///
    /// # Errors
    /// When somebody already acted on it.
    pub fn resend(&self, now_ms: u64) -> Result<(), InvitationError> {
        self.cancel(now_ms).map(|_| ())
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

/// Whether `inviter` may offer that to `invited`; to somebody who is no member yet, when absent.
fn may_offer(
    inviter: &Access,
    offer: &Offer<'_>,
    invited: Option<&Target<'_>>,
    facts: &Facts,
) -> Result<(), MembershipError> {
    let mut facts = facts.clone();
    if let Some(role) = inviter.policy().describe_role(offer.role) {
        facts.set("grant.role", Value::Text(role.id.clone()));
    }
    may_send(inviter, offer, &facts)?;
    assignable(inviter, offer.role)?;
    if let Some(invited) = invited {
        facts.extend(&invited.facts());
    } else {
        // They have the role of the offer, and no other.
        if let Some(role) = inviter.policy().describe_role(offer.role) {
            facts.set("target.role", Value::Text(role.id.clone()));
        }
        facts.set("target.self", Value::Bool(false));
        facts.set("target.creator", Value::Bool(false));
    }
    may_grant(inviter, offer, &facts)?;
    may_bring(inviter, offer, &facts)
}

/// Whether whoever has a link of `maker` comes in to `offer`, under the `facts` of the directory. Asked
/// when the link is made and again of each who uses it. As an admin nobody comes in by a link.
///
/// # Errors
/// The first reason against it.
pub fn may_link(maker: &Access, offer: &Offer<'_>, facts: &Facts) -> Result<(), MembershipError> {
    Invitation::may_invite(maker, offer, facts)?;
    is_no_admin(maker, offer.role)
}

/// The rule by which an organization leaves inviting to who manages the members of a workspace: each from
/// their own. `None` when the policy binds no permission for it, or has no such roles.
#[must_use]
pub fn workspace_admins_invite(policy: &Policy) -> Option<RuleSpec> {
    let invite = policy.describe(policy.operation(Operation::WorkspaceMemberInvite)?)?;
    let manage = policy.operation(Operation::WorkspaceMemberManage)?;
    let manages =
        |role: &&Role| role.level == Level::Workspace && policy.gives(&role.rights, manage.0);
    let roles = policy.roles().iter().filter(manages);
    let roles: Vec<_> = roles.map(|role| role.id.clone()).collect();
    // Without roles a rule would be everybody's.
    (!roles.is_empty()).then(|| RuleSpec {
        id: "workspace-admins-invite".into(),
        effect: Effect::Allow,
        roles,
        permissions: vec![invite.id.clone()],
        when: Vec::new(),
        because: String::new(),
    })
}

/// Whether `actor` may let that rule hold: they change the organization, and hold on all of it what is handed
/// out by that (law 5).
///
/// # Errors
/// The first reason against it; [`MembershipError::NotAssignable`] when the policy binds nothing.
pub fn let_workspace_admins_invite(actor: &Access, facts: &Facts) -> Result<(), MembershipError> {
    permit(actor, Operation::OrganizationUpdate, facts)?;
    let policy = actor.policy();
    let invite = policy.operation(Operation::WorkspaceMemberInvite);
    can_allow(actor, invite.ok_or(MembershipError::NotAssignable)?)
        .map_err(MembershipError::Delegation)
}

/// Whether `inviter` may invite into the organization at all, or, as no admin, from each workspace of the
/// offer.
fn may_send(inviter: &Access, offer: &Offer<'_>, facts: &Facts) -> Result<(), MembershipError> {
    let Err(denied) = permit(inviter, Operation::InvitationCreate, facts) else {
        return Ok(());
    };
    let mut nodes = offer.grants.iter().map(|(node, _)| *node);
    let from = |node| permit_on(inviter, Operation::WorkspaceMemberInvite, node, facts).is_ok();
    if !offer.grants.is_empty() && nodes.all(from) {
        is_no_admin(inviter, offer.role)
    } else {
        Err(denied)
    }
}

/// Whether `inviter` may put whom the `facts` are about into all groups, and make them the owner of all projects.
fn may_bring(inviter: &Access, offer: &Offer<'_>, facts: &Facts) -> Result<(), MembershipError> {
    let mut groups = offer.groups.iter();
    groups.try_for_each(|(home, grants)| enter_group(inviter, *home, grants, facts))?;
    let mut owned = offer.owned.iter();
    owned.try_for_each(|node| transfer(inviter, *node, facts))
}

/// Whether `inviter` may give whom the `facts` are about all roles on workspaces and projects.
fn may_grant(inviter: &Access, offer: &Offer<'_>, facts: &Facts) -> Result<(), MembershipError> {
    offer.grants.iter().try_for_each(|(node, role)| {
        let operation = match inviter.level(*node) {
            Some(Level::Workspace) => Operation::WorkspaceMemberManage,
            Some(Level::Project) => Operation::ProjectShare,
            // There they have the role of the offer.
            _ => return Err(MembershipError::NotAssignable),
        };
        let assignment = Assignment {
            operation,
            node: *node,
            old: &[],
            new: Some((*role, Window::default())),
            facts: facts.clone(),
        };
        assign(inviter, &assignment)
    })
}
