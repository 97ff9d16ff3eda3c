//! Service keys: secrets by which programs act as a service account. Only the hash is stored.
//!
//! A key is the account's and outlives its maker. But people leave with what they have seen: when the person a secret was shown to is removed, the key stops a day later unless somebody else rotates it meanwhile.
//! What a program is shown, the person sees who saw the secret that it acts by: so no key leads to another one that stays, and one that stops hands nothing out.

use lockstep_core::Operation;
use lockstep_wire::{ServiceKeyView, ServiceKeysView, TokenRecord};
use serde::{Deserialize, Serialize};

use super::{
    acting::{Acting, Change, FreshActing},
    admission,
    decisions::{Freshness, freshness_of},
    service_accounts,
    store::organization,
};
use crate::{
    narrow::{Narrow, Subtree, TokenUse},
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

/// What a member may change about the keys of a service account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKeyChange {
    /// Makes a key, and shows its secret to who asks; answers `Written` with `ServiceKeyView`.
    Create {
        /// The account.
        account: String,
        /// The key.
        key: NewKey,
    },
    /// Deletes a key; answers `Written`.
    Delete {
        /// The account.
        account: String,
        /// The key's id.
        key: String,
    },
    /// Gives a key another secret, and shows it to who asks; answers `Written` with `ServiceKeyView`.
    Rotate {
        /// The account.
        account: String,
        /// The key's id.
        key: String,
        /// The new secret's hash.
        hash: String,
        /// How long the old secret still counts, in seconds.
        overlap_s: i64,
    },
    /// Switches a key on or off; answers `Written` with `ServiceKeyView`.
    SetActive {
        /// The account.
        account: String,
        /// The key's id.
        key: String,
        /// Whether it is to be on.
        active: bool,
    },
}

/// What a member may ask about the keys of a service account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKeyQuestion {
    /// All of them; answers `ServiceKeysView`.
    List {
        /// The account.
        account: String,
    },
}

impl ServiceKeyChange {
    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Create { account, key } => create(acting, account, key),
            Self::Delete { account, key } => delete(acting, account, key),
            Self::Rotate {
                account,
                key,
                hash,
                overlap_s,
            } => rotate(acting, account, key, hash, *overlap_s),
            Self::SetActive {
                account,
                key,
                active,
            } => set_active(acting, account, key, *active),
        }
    }
}

impl ServiceKeyQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        acting.permit(Operation::ServiceAccountRead, acting.access.root())?;
        match self {
            Self::List { account } => list(acting, account),
        }
    }
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
    // Who else has a secret that was replaced is not noted.
    let is_current = row.text("hash")? == hash;
    let seen_by = row.optional_text("seen_by")?.filter(|_| is_current);
    let stored = StoredToken::read(&row)?;
    let place = stored.node.is_some().then_some(organization.id.as_str());
    Reply::of(&PresentedKey {
        account: account.to_owned(),
        id: stored.id.clone(),
        narrow: Narrow {
            seen_by: seen_by.map(str::to_owned),
            ..stored.narrow(place)?
        },
        until_ms: until_ms(&row, hash)?.into_iter().chain(stops_at_ms).min(),
        freshness: freshness_of(context, account)?,
    })
}

fn list(acting: &Acting<'_>, account: &str) -> Result<Reply, ApiError> {
    acting.require_account(account)?;
    let select = "SELECT * FROM service_key WHERE account = ?
        AND (expires_at_ms IS NULL OR expires_at_ms > ?) ORDER BY created_at_ms DESC, id";
    let rows = acting.rows(select, &[account.into(), acting.now_ms().into()])?;
    Reply::of(&ServiceKeysView {
        keys: rows.iter().map(view).collect::<Result<_, _>>()?,
    })
}

fn create(acting: &FreshActing<'_>, account: &str, key: &NewKey) -> Result<Reply, ApiError> {
    manageable(acting, account)?;
    check_scopes(acting.base(), key.scopes.as_deref())?;
    let organization = &acting.organization;
    let narrow = Narrow {
        scopes: key.scopes.clone(),
        subtree: key.node.clone().map(|node| Subtree {
            organization: organization.id.clone(),
            node,
        }),
        ..Narrow::default()
    };
    require_node(acting, key.node.as_deref())?;
    let permitted = acting.show_key(account, &narrow.within(&organization.id).record)?;
    let life_ms = |life_s: i64| life_s.saturating_mul(1_000);
    let ends_at_ms = key.expires_in_s.map(life_ms);
    acting.require_end(ends_at_ms.map(|ms| acting.now_ms().saturating_add(ms)))?;
    if let Some(max_s) = organization.token_lifetime_max_s
        && key.expires_in_s.is_none_or(|life_s| life_s > max_s)
    {
        let detail =
            format!("The organization takes no key that lives longer than {max_s} seconds.");
        return Err(ApiError::new(Code::TokenLifetime, detail));
    }
    if acting.keys(account)? >= KEYS_MAX {
        let detail = format!("A service account may have {KEYS_MAX} keys. Delete one first.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    let change = acting.change(permitted)?;
    let new = NewToken {
        id: &key.id,
        hash: &key.hash,
        name: &key.name,
        scopes: key.scopes.as_deref(),
        node: key.node.as_deref(),
        expires_in_s: key.expires_in_s,
    };
    let own = [
        ("account", Some(account)),
        ("shown_to", Some(acting.principal())),
        ("seen_by", Some(acting.seer())),
    ];
    TABLE.sweep(change.context())?;
    TABLE.insert(change.context(), &new, &own)?;
    finish(change, account, &key.id)
}

/// Another secret is shown to who asks, so they must hold what it gives, as if the key were made anew.
fn rotate(
    acting: &FreshActing<'_>,
    account: &str,
    id: &str,
    hash: &str,
    overlap_s: i64,
) -> Result<Reply, ApiError> {
    manageable(acting, account)?;
    let row = find(acting, account, id)?;
    let permitted = acting.show_key(account, &limit(acting, &row)?)?;
    acting.require_end(row.optional_integer("expires_at_ms")?)?;
    // What a removed person has seen lives no longer for being replaced.
    let left_s = row
        .optional_integer("stops_at_ms")?
        .map(|at_ms| at_ms.saturating_sub(acting.now_ms()).max(0) / 1_000);
    let overlap_s = left_s.map_or(overlap_s, |left_s| overlap_s.min(left_s));
    let change = acting.change(permitted)?;
    TABLE.rotate(change.context(), id, hash, overlap_s)?;
    let shown = "UPDATE service_key SET shown_to = ?, seen_by = ?, stops_at_ms = NULL WHERE id = ?";
    let values = [acting.principal().into(), acting.seer().into(), id.into()];
    change.exec(shown, &values)?;
    Ok(finish(change, account, id)?.ending(account))
}

fn set_active(
    acting: &FreshActing<'_>,
    account: &str,
    id: &str,
    is_active: bool,
) -> Result<Reply, ApiError> {
    // Taking away is everybody's who may manage keys, under any plan; giving back is not (law 5).
    let ended = acting.permit_to_end(Operation::ServiceKeyManage)?;
    let row = find(acting, account, id)?;
    let permitted = if is_active {
        acting.show_key(account, &limit(acting, &row)?)?
    } else {
        ended
    };
    let change = acting.change(permitted)?;
    TABLE.set_active(change.context(), id, is_active)?;
    let reply = finish(change, account, id)?;
    // What it may have opened ends with it; the account's other keys open theirs anew.
    Ok(if is_active {
        reply
    } else {
        reply.ending(account)
    })
}

fn delete(acting: &FreshActing<'_>, account: &str, id: &str) -> Result<Reply, ApiError> {
    let permitted = acting.permit_to_end(Operation::ServiceKeyManage)?;
    find(acting, account, id)?;
    let change = acting.change(permitted)?;
    TABLE.delete(change.context(), id)?;
    Ok(change.finish(())?.ending(account))
}

/// What a stored key leaves of what its account holds.
fn limit(acting: &Acting<'_>, row: &Row) -> Result<TokenRecord, ApiError> {
    Ok(used(acting, row)?.record)
}

/// What a stored key is where it is used.
fn used(acting: &Acting<'_>, row: &Row) -> Result<TokenUse, ApiError> {
    let organization = acting.organization.id.as_str();
    let stored = StoredToken::read(row)?;
    let place = stored.node.is_some().then_some(organization);
    Ok(stored.narrow(place)?.within(organization))
}

/// Refuses who lets keys live up to `max_s` that were over what they may so far, and does not hold what those give: they count again, as if each were switched on (law 5).
pub(super) fn require_revival(acting: &Acting<'_>, max_s: Option<i64>) -> Result<(), ApiError> {
    let before_s = acting.organization.token_lifetime_max_s;
    if before_s.is_none() {
        return Ok(());
    }
    // Many keys of one account give the same.
    let select = "SELECT * FROM service_key WHERE deactivated_at_ms IS NULL
        AND (expires_at_ms IS NULL OR expires_at_ms > ?1) AND (stops_at_ms IS NULL OR stops_at_ms > ?1)
        GROUP BY account, scopes, node, expires_at_ms - created_at_ms";
    for row in acting.rows(select, &[acting.now_ms().into()])? {
        let key = used(acting, &row)?;
        if key.lives_within(max_s) && !key.lives_within(before_s) {
            acting.revive_key(row.text("account")?, &key.record)?;
        }
    }
    Ok(())
}

/// Refuses a program that gives or takes what others hold, unless an active member has seen the secret it acts by: whoever else has it may be somebody who was removed. It does everything else until it stops.
pub(super) fn require_seer(context: &Context<'_>, seen_by: Option<&str>) -> Result<(), ApiError> {
    let select = "SELECT id FROM service_key WHERE id = ? AND stops_at_ms IS NULL";
    let key = context.provenance.credential_id.as_deref();
    let goes_on = context.sql.one(select, &[key.into()])?.is_some();
    if let Some(seer) = seen_by.filter(|_| goes_on)
        && admission::is_active(context, seer)?
    {
        return Ok(());
    }
    let detail = "Who saw the secret of this key is no active member, or it was replaced. Until somebody else rotates it, it hands nothing out.";
    Err(ApiError::new(Code::OutOfTokenScope, detail))
}

/// Keys whose secret a person saw stop a while after the person has gone. Of those from before that was noted only the program is known that was shown them, so they go with any key of it.
pub(super) fn stop_those_shown_to(context: &Context<'_>, principal: &str) -> Result<(), ApiError> {
    let stop = "UPDATE service_key SET stops_at_ms = ?1 WHERE stops_at_ms IS NULL AND (shown_to = ?2 OR seen_by = ?2
        OR seen_by IN (SELECT account FROM service_key WHERE seen_by = ?2))";
    let at_ms = context.now_ms.saturating_add(STOP_MS);
    context.sql.exec(stop, &[at_ms.into(), principal.into()])?;
    Ok(())
}

/// Whether the actor may manage the keys of this account.
fn manageable(acting: &Acting<'_>, account: &str) -> Result<(), ApiError> {
    acting.permit_on_others(Operation::ServiceKeyManage)?;
    acting.require_account(account)
}

fn require_node(acting: &Acting<'_>, node: Option<&str>) -> Result<(), ApiError> {
    if node.is_none_or(|node| acting.access.node(node).is_some()) {
        return Ok(());
    }
    let detail = "`node` is no workspace or project of this organization.";
    Err(ApiError::new(Code::InvalidValue, detail))
}

fn find(acting: &Acting<'_>, account: &str, id: &str) -> Result<Row, ApiError> {
    let row = acting.token(TABLE, id)?;
    if row.text("account")? == account {
        Ok(row)
    } else {
        Err(ApiError::not_found())
    }
}

fn finish(change: Change<'_>, account: &str, id: &str) -> Result<Reply, ApiError> {
    let view = view(&find(change.acting, account, id)?)?;
    change.finish(view)
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
