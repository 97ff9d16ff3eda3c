//! What is said of a change beside its rows: to the member whom it concerns, and to the audit log.

use lockstep_wire::AuditFields;

use super::Change;
use crate::{
    audit,
    mail::Mail,
    organization::{
        mails,
        store::{self, Member},
    },
    outbox,
    problem::ApiError,
    user::NoticeKind,
};

/// How long it is worth telling somebody what became of their membership, in milliseconds: a day.
const TOLD_MS: i64 = 86_400_000;

impl Change<'_> {
    /// Notes for the audit log what no watched row says.
    pub(in crate::organization) fn note(
        &self,
        noun: &str,
        fields: AuditFields,
    ) -> Result<(), ApiError> {
        audit::note(self.acting.context.sql, noun, fields)
    }

    /// Tells a member of their new role, unless they are suspended.
    pub(in crate::organization) fn tell_of_role(
        &self,
        member: &Member,
        role: &str,
        role_name: &str,
    ) -> Result<(), ApiError> {
        if member.suspended_at_ms.is_some() {
            return self.withdraw_mails(member);
        }
        let kind = NoticeKind::RoleChanged {
            role: role.to_owned(),
            role_name: role_name.to_owned(),
        };
        self.notify(member, kind)?;
        let organization = &self.acting.organization;
        self.tell(member, |to, expires_at_ms| Mail::RoleChanged {
            to,
            organization: organization.id.clone(),
            organization_name: organization.name.clone(),
            role_name: role_name.to_owned(),
            epoch: self.epoch,
            expires_at_ms,
        })
    }

    /// Tells a member that they were removed.
    pub(in crate::organization) fn tell_of_removal(&self, member: &Member) -> Result<(), ApiError> {
        self.notify(member, NoticeKind::Removed)?;
        let organization = &self.acting.organization;
        self.tell(member, |to, expires_at_ms| Mail::Removed {
            to,
            organization: organization.id.clone(),
            organization_name: organization.name.clone(),
            epoch: self.epoch,
            expires_at_ms,
        })
    }

    /// Tells a member on their own page; nobody is told what they did themselves.
    fn notify(&self, member: &Member, kind: NoticeKind) -> Result<(), ApiError> {
        if member.user == self.acting.principal() {
            return Ok(());
        }
        let acting = &self.acting.acting;
        let organization = &acting.organization;
        store::notify(acting.context, organization, &member.user, self.epoch, kind)
    }

    /// Nobody is told what they did themselves, nor at an address that they have not proven: an organization's own issuer proves none. What is over the limits of mails is not mailed; their own page has it.
    fn tell(
        &self,
        member: &Member,
        mail: impl FnOnce(String, i64) -> Mail,
    ) -> Result<(), ApiError> {
        self.withdraw_mails(member)?;
        let is_own_doing = member.user == self.acting.principal();
        let Some(address) = member
            .address
            .as_ref()
            .filter(|_| !is_own_doing && member.issuer.is_none())
        else {
            return Ok(());
        };
        if mails::wait_s(self.acting, address)?.is_some() {
            return Ok(());
        }
        let expires_at_ms = self.acting.now_ms().saturating_add(TOLD_MS);
        let mail = mail(address.clone(), expires_at_ms);
        mails::send(self, mail, &mails::of_member(&member.user))
    }

    /// What is told now, or is not, comes after what still waits to be told.
    /// What waits to be mailed to a member about their membership goes.
    pub(in crate::organization) fn withdraw_mails(&self, member: &Member) -> Result<(), ApiError> {
        outbox::withdraw(self.context().sql, &mails::of_member(&member.user))
    }
}
