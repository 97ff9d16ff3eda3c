//! By which addresses a member is known, and was before.
//!
//! A person's issuer may give them another address, which their own object hears of first and tells the organizations that it lists.
//! The present one is what mails go to. The earlier ones stay as long as the organization does: by another account of one of them nobody comes back who was removed (law 8).

use super::store::{self, committed, next_epoch, touch};
use crate::{
    objects::{Context, Reply},
    problem::ApiError,
};

/// Whoever is the user that is the first parameter, or has or had the address that is the second one: a condition on `member`.
pub(super) const SAME_PERSON: &str =
    "user = ?1 OR address = ?2 OR user IN (SELECT user FROM former_address WHERE address = ?2)";

/// The address of a member is another one since `at_ms`, or none; what was told later stands. Several of one moment come in their order.
pub(super) fn change(
    context: &Context<'_>,
    user: &str,
    address: Option<&str>,
    at_ms: i64,
) -> Result<Reply, ApiError> {
    let select =
        "SELECT user FROM member WHERE user = ? AND address IS NOT ? AND address_at_ms <= ?";
    let values = [user.into(), address.into(), at_ms.into()];
    if context.sql.one(select, &values)?.is_none() {
        return Ok(Reply::done());
    }
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
