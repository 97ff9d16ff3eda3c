//! Whose the organization is: handed over to another member, by who owns it; by an admin, once its owner has left.

use super::{acting::FreshActing, links};
use crate::{
    objects::Reply,
    problem::{ApiError, Code},
};

/// Makes a member the owner, who holds the role of a creator from then on; who owned it keeps theirs.
pub(super) fn transfer(acting: &FreshActing<'_>, user: &str) -> Result<Reply, ApiError> {
    acting.require_whole()?;
    let member = acting.member(user)?;
    let permitted = acting.transfer_organization(&member)?;
    // Whoever has an issuer's keys speaks for whom it vouches for, and switching it off would leave no owner.
    let is_vouched_for = member.issuer.is_some();
    if user == acting.principal() || member.suspended_at_ms.is_some() || is_vouched_for {
        let detail =
            "It goes to another member with an account of their own, who is not suspended.";
        return Err(ApiError::new(Code::Conflict, detail));
    }
    let role = acting.creator_role()?;
    let organization = acting.organization.id.as_str();
    let change = acting.change(permitted)?;
    change.exec("UPDATE organization SET creator = ?", &[user.into()])?;
    let on_it = [user.into(), organization.into()];
    links::through(change.context(), user, user, || {
        change.exec("DELETE FROM granted WHERE user = ? AND node = ?", &on_it)?;
        let begin = "INSERT INTO granted (user, node, role) VALUES (?, ?, ?)";
        change.exec(begin, &[user.into(), organization.into(), role.into()])
    })?;
    change.touch(&[acting.principal().to_owned(), member.user.clone()])?;
    if member.role != role {
        change.tell_of_role(&member, role, &acting.role_name(role))?;
    }
    let acting = acting.anew()?;
    let view = acting.view(&acting.member(user)?);
    change.finish(view)
}
