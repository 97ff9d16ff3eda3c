//! The organization as a whole: handed over, and brought back.

use lockstep_core::{Grant, NodeId, Target, revive, transfer_organization};

use super::{Acting, FreshActing, Permitted};
use crate::{
    objects::Context,
    organization::{
        FreshActor,
        store::{self, Member, Organization},
    },
    problem::ApiError,
};

impl Acting<'_> {
    /// The id of the role of who creates an organization, and so of who owns it.
    pub(in crate::organization) fn creator_role(&self) -> Result<&str, ApiError> {
        let policy = self.base();
        let role = policy.creator_role();
        let role = role.and_then(|role| policy.describe_role(role));
        role.map(|role| role.id.as_str())
            .ok_or_else(ApiError::not_found)
    }

    /// Core's [`transfer_organization`].
    pub(in crate::organization) fn transfer_organization(
        &self,
        member: &Member,
    ) -> Result<Permitted, ApiError> {
        let record = self.record(&member.granted_as())?;
        let target = Target {
            record: Some(&record),
            ..self.target(member)?
        };
        // Where nobody owns it any more, those hand it over who count as admins (law 7).
        let is_owner = match self.organization.creator.as_str() {
            "" => store::admin_users(self.context)?
                .iter()
                .any(|user| user == self.principal()),
            creator => creator == self.principal(),
        };
        let role = self.role(self.creator_role()?)?;
        let transferred = transfer_organization(&self.access, is_owner, &target, role, &self.facts);
        self.permitted(transferred)
    }

    /// Core's [`revive`]: all that comes back is handed out by who acts.
    pub(in crate::organization) fn revive(
        &self,
        was_admin: bool,
        granted: &[Grant],
        owned: &[NodeId],
    ) -> Result<Permitted, ApiError> {
        let revived = revive(&self.access, was_admin, granted, owned, &self.facts);
        self.permitted(revived)
    }
}

impl<'a> FreshActing<'a> {
    /// Who brings back what was deleted as `before`; nothing else begins with it.
    pub(in crate::organization) fn begin_again(
        context: &'a Context<'a>,
        actor: &'a FreshActor,
        before: Organization,
    ) -> Result<Self, ApiError> {
        Self::of(context, actor, before)
    }
}
