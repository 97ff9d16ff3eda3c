//! The deployment's list of its organizations: each has a key of its own in KV, which its object puts there at its birth.
//!
//! There is no object that knows them all: it would have to be asked for every birth. The list decides nothing, and who is not in it yet works all the same.

use lockstep_token::OrganizationId;
use lockstep_wire::ListedOrganization;

use crate::{
    edge::{Edge, KvError},
    objects::Context,
    outbox::{self, Delivery},
    paging::{Range, Slice},
    problem::ApiError,
};

/// What the keys of the list begin with; the organization's id follows. The migration of those from before ([`super::schema::LISTED`]) says it, too.
const LISTED: &str = "organizations/";

/// Enters an organization; call it inside the transaction of its birth.
pub(super) fn enter(context: &Context<'_>) -> Result<(), ApiError> {
    let key = format!("{LISTED}{}", context.name);
    // The list is made of keys; as everywhere in KV, a value repeats its own.
    let value = key.clone();
    outbox::enqueue(context.sql, context.now_ms, &Delivery::KvPut { key, value })
}

/// A page of the list, by id. Of what is deleted the key stays.
///
/// # Errors
/// 503 while KV does not answer.
pub async fn page(
    edge: &Edge,
    range: Range<String>,
) -> Result<Slice<ListedOrganization, String>, ApiError> {
    let after = range.after.as_deref();
    let listed = edge.kv.list(LISTED, after, range.limit).await;
    let listed = listed.map_err(|error| match error {
        KvError::Failed(reason) | KvError::Late(reason) => {
            ApiError::unavailable(format!("kv: {reason}"))
        }
    })?;
    let keys = listed.keys.iter();
    let ids = keys.filter_map(|key| key.strip_prefix(LISTED));
    // Whatever else somebody has put there names no organization of ours.
    let ids = ids.filter(|id| OrganizationId::parse(&edge.config.keys.id, id).is_ok());
    let entries = ids.map(|id| ListedOrganization { id: id.to_owned() });
    Ok(Slice {
        entries: entries.collect(),
        next: listed.next,
    })
}
