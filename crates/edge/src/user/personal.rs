//! The organization of one's own that everybody gets at their first sign-in, where the policy says so.
//!
//! Its id is kept with the user in the same transaction that owes it to the world: whatever breaks, there is one in the end, and never a second.

use lockstep_token::OrganizationId;

use crate::{
    objects::Context,
    outbox::{self, Delivery},
    problem::ApiError,
};

/// Sees to it that the user has one, or had one: who deleted theirs gets no other.
pub(super) fn ensure(context: &Context<'_>) -> Result<(), ApiError> {
    if context.config.policy.document.plan.personal.is_none() {
        return Ok(());
    }
    let select = "SELECT user, address FROM birth WHERE personal IS NULL";
    let Some(row) = context.sql.one(select, &[])? else {
        return Ok(());
    };
    let id = OrganizationId::mint(&context.config.keys.id, context.random.bytes()?);
    let organization = id.as_str().to_owned();
    let keep = "UPDATE birth SET personal = ?";
    context.sql.exec(keep, &[(&organization).into()])?;
    let delivery = Delivery::PersonalOrganization {
        organization,
        user: row.text("user")?.to_owned(),
        address: row.optional_text("address")?.map(str::to_owned),
    };
    outbox::enqueue(context.sql, context.now_ms, &delivery)
}
