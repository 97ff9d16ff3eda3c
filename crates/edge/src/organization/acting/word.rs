//! On whose word somebody comes in: who invited, made a link, or saved a domain or an issuer. They are not asked, so what they may is looked at as it is now.

use lockstep_core::{
    Access, Facts, InvitationState, Offer, RoleId, may_admit, may_link, may_open_domain,
};

use super::{
    Permitted,
    proof::{accepted, permitted},
};
use crate::{
    objects::Context,
    organization::{
        Actor,
        actor::{self, access_of, directory_facts},
        admission, groups,
        invitations::{self, Known, Stored},
        store::{self, Organization, unsigned},
    },
    problem::ApiError,
};

/// What a member gives their word with.
pub(in crate::organization) struct Word<'a> {
    context: &'a Context<'a>,
    organization: &'a Organization,
    /// The person behind it.
    person: String,
    access: Access,
    facts: Facts,
}

impl<'a> Word<'a> {
    /// A member's; nothing, while only an issuer that is switched off vouches for them. A program's is also that of `seen_by`, who saw the secret that it was given with: nothing once they are gone.
    pub(in crate::organization) fn of(
        context: &'a Context<'a>,
        organization: &'a Organization,
        user: &str,
        seen_by: Option<&str>,
    ) -> Result<Option<Self>, ApiError> {
        let is_seer_gone = |seer| admission::is_active(context, seer).map(|is_there| !is_there);
        if admission::is_switched_off(context, user)? || seen_by.map_or(Ok(false), is_seer_gone)? {
            return Ok(None);
        }
        let member = Actor {
            principal: user.to_owned(),
            token: None,
            issuer: None,
            is_remembered: false,
        };
        Ok(Some(Self {
            access: access_of(context, organization, &member)?,
            facts: directory_facts(context, organization, user)?,
            person: seen_by.unwrap_or(user).to_owned(),
            organization,
            context,
        }))
    }

    /// What is offered as `role` and by all that comes with what is called `id`, as far as it is still there; `None` without the role.
    pub(in crate::organization) fn known(
        &self,
        id: &str,
        role: &str,
    ) -> Result<Option<Known>, ApiError> {
        let brought = invitations::brought_with(self.context, id)?;
        let group_of = |id: &str| groups::given(self.context, &self.access, id);
        invitations::known(&self.access, role, &brought, &group_of)
    }

    /// Core's [`lockstep_core::Invitation::accept`]: who invited is asked again, about the member whom `user` is by now.
    pub(in crate::organization) fn accept(
        &self,
        stored: &Stored,
        user: &str,
        address_matches: bool,
        offer: &Offer<'_>,
    ) -> Result<(InvitationState, Permitted), ApiError> {
        let now_ms = unsigned(self.context.now_ms);
        let member = store::member(self.context, user)?;
        let target = |member| {
            let policy = self.access.policy();
            actor::target(
                self.context,
                policy,
                self.organization,
                &self.person,
                member,
            )
        };
        let target = member.as_ref().map(target).transpose()?;
        let (access, facts) = (&self.access, &self.facts);
        let invitation = stored.transition();
        accepted(invitation.accept(
            now_ms,
            address_matches,
            access,
            offer,
            target.as_ref(),
            facts,
        ))
    }

    /// Core's [`may_link`].
    pub(in crate::organization) fn link(&self, offer: &Offer<'_>) -> Result<Permitted, ApiError> {
        permitted(
            self.context,
            &self.access,
            may_link(&self.access, offer, &self.facts),
        )
    }

    /// Core's [`may_open_domain`]; the role is one of the policy's.
    pub(in crate::organization) fn open_domain(&self, role: &str) -> Result<Permitted, ApiError> {
        let opened = may_open_domain(&self.access, self.base_role(role)?, &self.facts);
        permitted(self.context, &self.access, opened)
    }

    /// Core's [`may_admit`]; the role is one of the policy's.
    pub(in crate::organization) fn admit(&self, role: &str) -> Result<Permitted, ApiError> {
        let admitted = may_admit(&self.access, self.base_role(role)?, &self.facts);
        permitted(self.context, &self.access, admitted)
    }

    fn base_role(&self, id: &str) -> Result<RoleId, ApiError> {
        let role = self.context.config.policy.policy.role(id);
        role.ok_or_else(ApiError::not_found)
    }
}
