//! Service keys: secrets by which programs act as a service account. Only the hash is stored.
//!
//! A key is the account's and outlives its maker. But people leave with what they have seen: when the person a secret was shown to is removed, the key stops a day later unless somebody else rotates it meanwhile.

use lockstep_core::{Operation, can_hand_over};
use lockstep_wire::{ServiceKeyView, ServiceKeysView, TokenRecord};
use serde::{Deserialize, Serialize};

use super::{
    Actor, FreshActor,
    decisions::{Freshness, freshness_of},
    holdings, refusal,
    service_accounts::{self, permitted},
    store::{Organization, announce, next_epoch, organization, written},
};
use crate::{
    narrow::{Narrow, Subtree},
    objects::{Context, Reply},
    problem::{ApiError, Code},
    sql::Row,
    stored_token::{NewToken, StoredToken, Table, check_scopes, until_ms},
    user,
};

/// Keys of one service account.
const KEYS_MAX: i64 = 50;
/// How long a key still counts after the person who saw its secret was removed, in milliseconds: 24 hours.
const STOP_MS: i64 = 86_400_000;

const TABLE: Table = Table("service_key");

/// A key to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    /// Its id.
    pub id: String,
    /// The secret's hash.
    pub hash: String,
    /// Its name.
    pub name: String,
    /// Permission ids that it may use; all of its account's, when absent.
    pub scopes: Option<Vec<String>>,
    /// Node on which, and below which, it may act; everywhere, when absent.
    pub node: Option<String>,
    /// How long it lives, in seconds; for ever, when absent.
    pub expires_in_s: Option<i64>,
}

/// The answer to the check of a service key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresentedKey {
    /// The account that the key acts as.
    pub account: String,
    /// The key's id.
    pub id: String,
    /// What it is narrowed to.
    pub narrow: Narrow,
    /// From when on the secret no longer counts, in Unix milliseconds, as far as that is known.
    pub until_ms: Option<i64>,
    /// How fresh what is known of the account must be.
    pub freshness: Freshness,
}

/// Checks a key; the answer says, too, how fresh what is known of its account must be.
pub(super) fn authenticate(context: &Context<'_>, hash: &str) -> Result<Reply, ApiError> {
    let row = TABLE.present(context, hash)?.ok_or_else(user::refused)?;
    let stops_at_ms = row.optional_integer("stops_at_ms")?;
    if stops_at_ms.is_some_and(|at_ms| at_ms <= context.now_ms) {
        return Err(user::refused());
    }
    let account = row.text("account")?;
    service_accounts::require(context, account).map_err(|_| user::refused())?;
    let organization = organization(context)?;
    let stored = StoredToken::read(&row)?;
    let place = stored.node.is_some().then_some(organization.id.as_str());
    Reply::of(&PresentedKey {
        account: account.to_owned(),
        id: stored.id.clone(),
        narrow: stored.narrow(place)?,
        until_ms: until_ms(&row, hash)?.into_iter().chain(stops_at_ms).min(),
        freshness: freshness_of(context, account)?,
    })
}

pub(super) fn list(context: &Context<'_>, actor: &Actor, account: &str) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    permitted(context, &organization, actor, Operation::ServiceAccountRead)?;
    service_accounts::require(context, account)?;
    let select = "SELECT * FROM service_key WHERE account = ?
        AND (expires_at_ms IS NULL OR expires_at_ms > ?) ORDER BY created_at_ms DESC, id";
    let values = [account.into(), context.now_ms.into()];
    let rows = context.sql.exec(select, &values)?;
    Reply::of(&ServiceKeysView {
        keys: rows.iter().map(view).collect::<Result<_, _>>()?,
    })
}

pub(super) fn create(
    context: &Context<'_>,
    actor: &FreshActor,
    account: &str,
    key: &NewKey,
) -> Result<Reply, ApiError> {
    let organization = manageable(context, actor, account)?;
    check_scopes(context, key.scopes.as_deref())?;
    let narrow = Narrow {
        scopes: key.scopes.clone(),
        subtree: key.node.clone().map(|node| Subtree {
            organization: organization.id.clone(),
            node,
        }),
        ..Narrow::default()
    };
    require_node(context, &organization, key.node.as_deref())?;
    let limit = narrow.within(&organization.id).record;
    require_holds(context, &organization, actor, account, limit)?;
    if let Some(max_s) = organization.token_lifetime_max_s
        && key.expires_in_s.is_none_or(|life_s| life_s > max_s)
    {
        let detail =
            format!("The organization takes no key that lives longer than {max_s} seconds.");
        return Err(ApiError::new(Code::TokenLifetime, detail));
    }
    TABLE.sweep(context)?;
    if count(context, account)? >= KEYS_MAX {
        let detail = format!("A service account may have {KEYS_MAX} keys. Delete one first.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    let new = NewToken {
        id: &key.id,
        hash: &key.hash,
        name: &key.name,
        scopes: key.scopes.as_deref(),
        node: key.node.as_deref(),
        expires_in_s: key.expires_in_s,
    };
    let shown_to = actor.principal.as_str();
    let own = [("account", Some(account)), ("shown_to", Some(shown_to))];
    TABLE.insert(context, &new, &own)?;
    changed(context, account, &key.id)
}

/// Another secret is shown to who asks, so they must hold what it gives, as if the key were made anew.
pub(super) fn rotate(
    context: &Context<'_>,
    actor: &FreshActor,
    account: &str,
    id: &str,
    hash: &str,
    overlap_s: i64,
) -> Result<Reply, ApiError> {
    let organization = manageable(context, actor, account)?;
    let row = find(context, account, id)?;
    require_holds_key(context, &organization, actor, account, &row)?;
    // What a removed person has seen lives no longer for being replaced.
    let left_s = row
        .optional_integer("stops_at_ms")?
        .map(|at_ms| at_ms.saturating_sub(context.now_ms).max(0) / 1_000);
    let overlap_s = left_s.map_or(overlap_s, |left_s| overlap_s.min(left_s));
    TABLE.rotate(context, id, hash, overlap_s)?;
    let shown = "UPDATE service_key SET shown_to = ?, stops_at_ms = NULL WHERE id = ?";
    context
        .sql
        .exec(shown, &[actor.principal.as_str().into(), id.into()])?;
    changed(context, account, id)
}

pub(super) fn set_active(
    context: &Context<'_>,
    actor: &FreshActor,
    account: &str,
    id: &str,
    is_active: bool,
) -> Result<Reply, ApiError> {
    let organization = manageable(context, actor, account)?;
    let row = find(context, account, id)?;
    // Taking away is everybody's who may manage keys; giving back is not (law 5).
    if is_active {
        require_holds_key(context, &organization, actor, account, &row)?;
    }
    TABLE.set_active(context, id, is_active)?;
    changed(context, account, id)
}

/// Refuses whoever holds less than the key gives.
fn require_holds_key(
    context: &Context<'_>,
    organization: &Organization,
    actor: &FreshActor,
    account: &str,
    row: &Row,
) -> Result<(), ApiError> {
    let stored = StoredToken::read(row)?;
    let place = stored.node.is_some().then_some(organization.id.as_str());
    let limit = stored.narrow(place)?.within(&organization.id).record;
    require_holds(context, organization, actor, account, limit)
}

pub(super) fn delete(
    context: &Context<'_>,
    actor: &FreshActor,
    account: &str,
    id: &str,
) -> Result<Reply, ApiError> {
    manageable(context, actor, account)?;
    find(context, account, id)?;
    TABLE.delete(context, id)?;
    let epoch = next_epoch(context)?;
    Ok(announce(written(epoch, ())?, epoch))
}

/// Keys whose secret a person saw stop a while after the person has gone.
pub(super) fn stop_those_shown_to(context: &Context<'_>, principal: &str) -> Result<(), ApiError> {
    let stop = "UPDATE service_key SET stops_at_ms = ? WHERE shown_to = ? AND stops_at_ms IS NULL";
    let at_ms = context.now_ms.saturating_add(STOP_MS);
    context.sql.exec(stop, &[at_ms.into(), principal.into()])?;
    Ok(())
}

/// How many keys an account has.
pub(super) fn count(context: &Context<'_>, account: &str) -> Result<i64, ApiError> {
    let count = "SELECT COUNT(*) AS n FROM service_key WHERE account = ? AND (expires_at_ms IS NULL OR expires_at_ms > ?)";
    let values = [account.into(), context.now_ms.into()];
    let row = context.sql.one(count, &values)?;
    Ok(row.map_or(Ok(0), |row| row.integer("n"))?)
}

/// The organization, in which the actor may manage the keys of this account.
fn manageable(
    context: &Context<'_>,
    actor: &FreshActor,
    account: &str,
) -> Result<Organization, ApiError> {
    let organization = organization(context)?;
    permitted(context, &organization, actor, Operation::ServiceKeyManage)?;
    service_accounts::require(context, account)?;
    Ok(organization)
}

/// Whoever is shown a key could do what it gives, so they must hold that: law 5.
fn require_holds(
    context: &Context<'_>,
    organization: &Organization,
    actor: &FreshActor,
    account: &str,
    limit: TokenRecord,
) -> Result<(), ApiError> {
    let grantor = super::actor::access(context, organization, actor)?;
    let mut record = holdings::record(context, organization, account)?;
    record.token = Some((&limit).into());
    let holder = holdings::resolve(context, record)?;
    can_hand_over(&grantor, &holder).map_err(|error| refusal::delegation(context, &error))
}

fn require_node(
    context: &Context<'_>,
    organization: &Organization,
    node: Option<&str>,
) -> Result<(), ApiError> {
    let Some(node) = node.filter(|node| *node != organization.id) else {
        return Ok(());
    };
    let select = "SELECT id FROM node WHERE id = ?";
    if context.sql.one(select, &[node.into()])?.is_some() {
        return Ok(());
    }
    let detail = "`node` is no workspace or project of this organization.";
    Err(ApiError::new(Code::InvalidValue, detail))
}

fn find(context: &Context<'_>, account: &str, id: &str) -> Result<Row, ApiError> {
    let row = TABLE.find(context, id)?;
    if row.text("account")? == account {
        Ok(row)
    } else {
        Err(ApiError::not_found())
    }
}

fn changed(context: &Context<'_>, account: &str, id: &str) -> Result<Reply, ApiError> {
    let view = view(&find(context, account, id)?)?;
    let epoch = next_epoch(context)?;
    Ok(announce(written(epoch, view)?, epoch))
}

fn view(row: &Row) -> Result<ServiceKeyView, ApiError> {
    let stored = StoredToken::read(row)?;
    Ok(ServiceKeyView {
        id: stored.id,
        name: stored.name,
        scopes: stored.scopes,
        node: stored.node,
        active: stored.is_active,
        created_at_ms: stored.created_at_ms,
        expires_at_ms: stored.expires_at_ms,
        last_used_at_ms: stored.seen_at_ms,
        shown_to: row.text("shown_to")?.to_owned(),
        stops_at_ms: row.optional_integer("stops_at_ms")?,
    })
}
