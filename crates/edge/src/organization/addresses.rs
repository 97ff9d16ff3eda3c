//! By which addresses a member is known, and was before.
//!
//! A person's issuer may give them another address, which their own object hears of first and tells the organizations that it lists.
//! The present one is what mails go to. The earlier ones stay as long as the organization does: by another account of one of them nobody comes back who was removed (law 8). Of who has left, later ones are kept as what tells them again, and no more.

use super::{
    actor::FreshPerson,
    mails,
    store::{self, committed, next_epoch, touch},
};
use crate::{
    keys::Purpose,
    objects::{Context, Reply},
    outbox,
    problem::ApiError,
    sql::Value,
};

/// Whom the [`values`] of a person tell, which are the first parameters: a condition on `member`.
pub(super) const SAME_PERSON: &str = "user = ?1 OR address = ?2 OR user IN (SELECT user FROM former_address WHERE address IN (?2, ?3))";

/// A person's id, their address, and that as it is kept of who has left.
pub(super) fn values(context: &Context<'_>, person: &FreshPerson) -> [Value; 3] {
    let hidden = person.address().map(|address| hidden(context, address));
    [person.user().into(), person.address().into(), hidden.into()]
}

/// An address by which nobody is to be known, but known again: it is like no address, and in no two organizations the same.
fn hidden(context: &Context<'_>, address: &str) -> String {
    let keys = &context.config.keys;
    keys.derive_hex(Purpose::FormerAddress, &[context.name, address])
}

/// The address of a member is another one since `at_ms`, or none; what was told later stands. Several of one moment come in their order.
pub(super) fn change(
    context: &Context<'_>,
    user: &str,
    address: Option<&str>,
    at_ms: i64,
) -> Result<Reply, ApiError> {
    // It is nobody's business there any more what they are called.
    let left = "SELECT user FROM member WHERE user = ? AND left_at_ms IS NOT NULL";
    // What waits to be mailed to the earlier address may be read by somebody else by now.
    let withdraw = || outbox::withdraw(context.sql, &mails::of_member(user));
    if context.sql.one(left, &[user.into()])?.is_some() {
        withdraw()?;
        if let Some(address) = address {
            let keep = "INSERT OR IGNORE INTO former_address (user, address) VALUES (?, ?)";
            let values = [user.into(), hidden(context, address).into()];
            context.sql.exec(keep, &values)?;
        }
        return Ok(Reply::done());
    }
    let select =
        "SELECT user FROM member WHERE user = ? AND address IS NOT ? AND address_at_ms <= ?";
    let values = [user.into(), address.into(), at_ms.into()];
    if context.sql.one(select, &values)?.is_none() {
        return Ok(Reply::done());
    }
    withdraw()?;
    keep(context, user, address)?;
    let set = "UPDATE member SET address = ?, address_at_ms = ? WHERE user = ?";
    let values = [address.into(), at_ms.into(), user.into()];
    context.sql.exec(set, &values)?;
    if store::deleted(context)?.is_some() {
        // Restored, it has the address; until then nothing of it goes on. Whatever tag the member had is from before its end.
        touch(context, user, store::epoch(context)?)?;
        return Ok(Reply::done());
    }
    let epoch = next_epoch(context)?;
    touch(context, user, epoch)?;
    committed(epoch, ())
}

/// Keeps the address that a member has, before they get another one.
pub(super) fn keep(
    context: &Context<'_>,
    user: &str,
    address: Option<&str>,
) -> Result<(), ApiError> {
    let keep = "INSERT OR IGNORE INTO former_address (user, address)
        SELECT user, address FROM member WHERE user = ? AND address IS NOT NULL AND address IS NOT ?";
    context.sql.exec(keep, &[user.into(), address.into()])?;
    Ok(())
}
