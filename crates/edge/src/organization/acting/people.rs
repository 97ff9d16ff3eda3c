//! What core says about members and who is to be one, and their rows.

use lockstep_core::{
    Facts, Invitation, InvitationState, MembershipError, Offer, Operation, RoleId, Target, Value,
};
use lockstep_wire::{InvitationView, LinkView};

use super::{Acting, Change, Permitted, Word, proof::permit};
use crate::{
    clients::counted,
    keys::hex,
    organization::{
        groups,
        invitations::{self, Known, Stored},
        links::{self, Link},
        mails, members,
        store::{self, Member},
    },
    problem::ApiError,
};

impl Acting<'_> {
    /// The member called `user`, whoever asks.
    pub(in crate::organization) fn known_member(
        &self,
        user: &str,
    ) -> Result<Option<Member>, ApiError> {
        store::member(self.context, user)
    }

    /// The facts about the member called `user`, for who may see the members; none about anybody else.
    pub(in crate::organization) fn facts_about(&self, user: &str) -> Result<Facts, ApiError> {
        if !self.may(Operation::MemberRead, self.access.root()) {
            return Ok(Facts::default());
        }
        let member = self.known_member(user)?;
        let target = member.as_ref().map(|member| self.target(member));
        Ok(target
            .transpose()?
            .map_or_else(Facts::default, |target| target.facts()))
    }

    /// The directory's facts, and those of what is about somebody.
    pub(super) fn among(&self, about: &Facts) -> Facts {
        let mut facts = self.facts.clone();
        facts.extend(about);
        facts
    }

    /// Core's [`lockstep_core::change_role`].
    pub(in crate::organization) fn change_role(
        &self,
        target: &Target<'_>,
        role: RoleId,
    ) -> Result<Permitted, ApiError> {
        let changed = lockstep_core::change_role(&self.access, target, role, &self.facts);
        self.permitted(changed)
    }

    /// Core's [`lockstep_core::leave`] for who acts, [`lockstep_core::remove`] for others.
    pub(in crate::organization) fn end_membership(
        &self,
        target: &Target<'_>,
    ) -> Result<Permitted, ApiError> {
        let ended = match (target.is_self, self.is_program()) {
            (true, false) => lockstep_core::leave(&self.access, target, &self.facts),
            // Whoever has its key could otherwise put out for good who may not even leave.
            (true, true) => lockstep_core::remove(&self.access, target, &self.facts)
                .and(Err(MembershipError::Oneself)),
            (false, _) => lockstep_core::remove(&self.access, target, &self.facts),
        };
        self.permitted(ended)
    }

    /// Whether the actor may take something by `operation` on the organization from who has, or is to have, `role`.
    pub(in crate::organization) fn permit_towards(
        &self,
        operation: Operation,
        role: Option<&str>,
    ) -> Result<Permitted, ApiError> {
        let mut facts = self.facts.clone();
        if let Some(role) = role {
            facts.set("target.role", Value::Text(role.to_owned()));
        }
        let permitted = permit(self.context, &self.access, operation, &facts)?;
        self.require_seer()?;
        Ok(permitted)
    }

    /// Core's [`Invitation::may_invite`].
    pub(in crate::organization) fn may_invite(
        &self,
        offer: &Offer<'_>,
    ) -> Result<Permitted, ApiError> {
        let invited = Invitation::may_invite(&self.access, offer, &self.facts);
        self.permitted(invited)
    }

    /// Core's [`lockstep_core::may_link`].
    pub(in crate::organization) fn may_link(
        &self,
        offer: &Offer<'_>,
    ) -> Result<Permitted, ApiError> {
        let linked = lockstep_core::may_link(&self.access, offer, &self.facts);
        self.permitted(linked)
    }

    /// Core's [`lockstep_core::let_workspace_admins_invite`].
    pub(in crate::organization) fn let_workspace_admins_invite(
        &self,
    ) -> Result<Permitted, ApiError> {
        let allowed = lockstep_core::let_workspace_admins_invite(&self.access, &self.facts);
        self.permitted(allowed)
    }

    /// Core's [`lockstep_core::save_domain`]; the role is one of the policy's, which no organization takes away.
    pub(in crate::organization) fn open_domain(&self, role: &str) -> Result<Permitted, ApiError> {
        // Who may not is told so before whether there is such a role.
        self.permit(Operation::DomainManage, self.access.root())?;
        let role = members::known_role(self.context, role)?;
        let saved = lockstep_core::save_domain(&self.access, role, &self.facts);
        self.permitted(saved)
    }

    /// Whether somebody comes in as `role` by a domain on the word of `saved_by`.
    pub(in crate::organization) fn opens_domain(
        &self,
        saved_by: &str,
        seen_by: Option<&str>,
        role: &str,
    ) -> Result<bool, ApiError> {
        let word = Word::of(self.context, &self.organization, saved_by, seen_by)?;
        Ok(word.is_some_and(|word| word.open_domain(role).is_ok()))
    }

    /// A link as it is shown, with the workspaces that the actor may see.
    pub(in crate::organization) fn view_link(&self, link: &Link) -> Result<LinkView, ApiError> {
        let is_seen = |node: &str| {
            let node = self.access.node(node);
            node.is_some_and(|node| self.may(Operation::WorkspaceRead, node))
        };
        links::view(self.context, link, &|role| self.role_name(role), &is_seen)
    }

    /// The invitation called `id`, whoever asks; else 404.
    pub(in crate::organization) fn invitation(&self, id: &str) -> Result<Stored, ApiError> {
        invitations::find(self.context, id)
    }

    /// What an invitation offers, as far as it is still there; `None` without the role on the organization.
    pub(in crate::organization) fn offered(
        &self,
        stored: &Stored,
    ) -> Result<Option<Known>, ApiError> {
        let brought = invitations::brought_with(self.context, &stored.id)?;
        let group_of = |id: &str| groups::given(self.context, &self.access, id);
        invitations::known(&self.access, &stored.role, &brought, &group_of)
    }

    /// An invitation with all that comes with it.
    pub(in crate::organization) fn view_invitation(
        &self,
        stored: &Stored,
    ) -> Result<InvitationView, ApiError> {
        let names = |role: &str| self.role_name(role);
        invitations::view(self.context, stored, &names, &|_| true)
    }

    /// An invitation without the workspaces that come with it.
    pub(in crate::organization) fn view_invitation_alone(
        &self,
        stored: &Stored,
    ) -> Result<InvitationView, ApiError> {
        let names = |role: &str| self.role_name(role);
        invitations::without_workspaces(self.context, stored, &names)
    }

    /// What the secret of another link may be derived from.
    pub(in crate::organization) fn nonce(&self) -> Result<String, ApiError> {
        Ok(hex(&self.context.random.bytes::<32>()?))
    }

    /// What the client is counted by, where it is known.
    pub(in crate::organization) fn client(&self) -> Option<String> {
        self.context.provenance.client.as_deref().map(counted)
    }
}

impl Change<'_> {
    /// Replaces the role on the organization itself, by the name that the member's grants have.
    pub(in crate::organization) fn set_role(
        &self,
        granted_as: &str,
        role: &str,
    ) -> Result<(), ApiError> {
        let acting = self.acting;
        store::set_role(acting.context, &acting.organization, granted_as, role)
    }

    /// Uses an invitation up.
    pub(in crate::organization) fn settle(
        &self,
        stored: &Stored,
        state: InvitationState,
    ) -> Result<(), ApiError> {
        let acting = self.acting;
        invitations::settle(
            acting.context,
            &acting.organization,
            stored,
            state,
            self.epoch,
        )
    }

    /// Cancels what waits for the address of a member.
    pub(in crate::organization) fn cancel_invitations_to(
        &self,
        user: &str,
    ) -> Result<(), ApiError> {
        let acting = self.acting;
        let (context, organization) = (acting.context, &acting.organization);
        invitations::cancel_those_to(context, organization, user, self.epoch)
    }

    /// Tells the invited address what its invitation looks like now, and mails it the link that `nonce` stands for, in the place of an earlier one that still waits.
    pub(in crate::organization) fn send_invitation(
        &self,
        stored: &Stored,
        nonce: &str,
    ) -> Result<(), ApiError> {
        let acting = self.acting;
        let (context, organization) = (acting.context, &acting.organization);
        invitations::tell_address(context, organization, stored, self.epoch)?;
        let mail = invitations::mail(context, organization, stored, nonce)?;
        mails::send(self, mail, &mails::of_invitation(&stored.id))
    }
}
