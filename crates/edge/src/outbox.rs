//! The outbox: what an object owes to the world, written in the same transaction as the change that caused it.
//!
//! The object's alarm delivers it: every delivery is idempotent at its receiver, retried with back-off until it succeeds, and dropped only when the receiver refuses it for good.
//! Mail is dropped, too, once it is of no more use or was tried for a day; an object that keeps an audit log then has a row about it.
//! Puts of one KV key are a lane: one at a time, at least a second apart, and only the newest waits; a minute after one that did not answer, which may be done behind it otherwise. So are an organization's mails about one invitation or one membership, as soon as they can be sent, and what one receiver is told of one thing: who is told goes by its epoch.

mod mail;
mod outcome;
#[cfg(test)]
mod tests;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::outcome::Undelivered;
use crate::{
    address, domain,
    edge::{Edge, KvError},
    mail::Mail,
    objects::{Context, Object, ask},
    organization::{self, OrganizationObject},
    problem::ApiError,
    provenance::Provenance,
    sql::{Row, Sql, SqlError},
    user,
};

/// Shortest time between two puts of one KV key, in milliseconds.
const LANE_GAP_MS: i64 = 1_000;
/// How often a delivery is tried that this code cannot read: for a week. Newer code has written it before it was rolled back, and reads it when it comes again.
const UNREADABLE_TRIES_MAX: i64 = 2_016;
/// Deliveries that are under way together. A Worker has no more connections at a time that wait for an answer, KV's included ("Simultaneous open connections" among the limits of Workers): what waited for one would be late without ever having been sent.
const BATCH_MAX: usize = 6;
/// After how long a batch is the last one of its kind in an alarm, in milliseconds: the others have their turn.
const SLOW_MS: i64 = 1_000;
/// Batches of one kind and alarm; what is left rings the next one.
const BATCHES_MAX: u32 = 20;

/// One thing to be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// A pending invitation appears at, or leaves, an e-mail address.
    AddressInvitation {
        /// The address in its normal form.
        address: String,
        /// What happened.
        change: address::InvitationChange,
    },
    /// An organization gives up a domain that it has proven.
    DomainRelease {
        /// The domain.
        domain: String,
        /// Of which claim.
        release: domain::Command,
    },
    /// A value for a KV key. Deletion is a value, too (a tombstone).
    KvPut {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// A mail.
    Mail {
        /// What it says.
        mail: Mail,
        /// Since when it waits, in Unix milliseconds; absent where earlier code wrote it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since_ms: Option<i64>,
        /// How many tries may have sent it, for all that is known.
        #[serde(default)]
        doubtful: usize,
    },
    /// A member has another address, or none.
    MemberAddress {
        /// The organization's id.
        organization: String,
        /// The user's id.
        user: String,
        /// The address in its normal form.
        address: Option<String>,
        /// Since when, in Unix milliseconds.
        at_ms: i64,
    },
    /// A user's own organization comes into being.
    PersonalOrganization {
        /// Its id.
        organization: String,
        /// The user's id.
        user: String,
        /// The user's verified address.
        address: Option<String>,
    },
    /// Streams of an organization that a user may have opened by what has ended now.
    StreamsEnd {
        /// The organization's id.
        organization: String,
        /// The user's id.
        user: String,
    },
    /// A user is told something on their own page.
    UserNotice {
        /// The user's id.
        user: String,
        /// What.
        notice: user::Notice,
    },
    /// An organization appears in, or leaves, a user's list.
    UserOrganization {
        /// The user's id.
        user: String,
        /// What happened.
        change: user::OrganizationChange,
    },
}

impl Delivery {
    /// A mail that waits from now on.
    #[must_use]
    pub const fn mail(mail: Mail, now_ms: i64) -> Self {
        Self::Mail {
            mail,
            since_ms: Some(now_ms),
            doubtful: 0,
        }
    }
}

type Created = organization::Written<lockstep_wire::OrganizationView>;

/// Creates the tables; [`crate::objects::run`] does it at an object's birth.
///
/// # Errors
/// When the database fails.
pub fn create(sql: &dyn Sql) -> Result<(), SqlError> {
    sql.exec(
        "CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            lane TEXT,
            payload TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            next_at_ms INTEGER NOT NULL
        ) STRICT",
        &[],
    )?;
    sql.exec("CREATE INDEX outbox_next ON outbox (next_at_ms)", &[])?;
    sql.exec(
        "CREATE TABLE outbox_lane (lane TEXT PRIMARY KEY, put_at_ms INTEGER NOT NULL) STRICT",
        &[],
    )?;
    Ok(())
}

/// Adds a delivery; call it inside the transaction of the change.
///
/// # Errors
/// When the database fails.
pub fn enqueue(sql: &dyn Sql, now_ms: i64, delivery: &Delivery) -> Result<(), ApiError> {
    let Delivery::KvPut { key, .. } = delivery else {
        return insert(sql, None, now_ms, delivery);
    };
    let put = sql.one(
        "SELECT put_at_ms FROM outbox_lane WHERE lane = ?",
        &[key.into()],
    )?;
    let put_at_ms = put.map(|row| row.integer("put_at_ms")).transpose()?;
    let next_at_ms = put_at_ms.map_or(now_ms, |at| now_ms.max(at.saturating_add(LANE_GAP_MS)));
    replace(sql, next_at_ms, key, delivery)
}

/// Adds a delivery in the place of what waits in its lane; call it inside the transaction of the change.
///
/// # Errors
/// When the database fails.
pub fn replace(
    sql: &dyn Sql,
    next_at_ms: i64,
    lane: &str,
    delivery: &Delivery,
) -> Result<(), ApiError> {
    withdraw(sql, lane)?;
    insert(sql, Some(lane), next_at_ms, delivery)
}

/// Removes what waits in a lane; call it inside the transaction of the change.
///
/// # Errors
/// When the database fails.
pub fn withdraw(sql: &dyn Sql, lane: &str) -> Result<(), ApiError> {
    // What is under way keeps its deleted row's id; ids are never used twice, so its end cannot touch another row.
    sql.exec("DELETE FROM outbox WHERE lane = ?", &[lane.into()])?;
    Ok(())
}

fn insert(
    sql: &dyn Sql,
    lane: Option<&str>,
    next_at_ms: i64,
    delivery: &Delivery,
) -> Result<(), ApiError> {
    let insert = "INSERT INTO outbox (lane, payload, next_at_ms) VALUES (?, ?, ?)";
    let payload = payload(delivery)?;
    sql.exec(insert, &[lane.into(), payload.into(), next_at_ms.into()])?;
    Ok(())
}

fn payload(delivery: &Delivery) -> Result<String, ApiError> {
    serde_json::to_string(delivery)
        .map_err(|error| ApiError::internal(format!("delivery cannot be written: {error}")))
}

/// When the next delivery is due, in Unix milliseconds; `None` when nothing waits.
///
/// # Errors
/// When the database fails.
pub fn next_at_ms(sql: &dyn Sql) -> Result<Option<i64>, SqlError> {
    let row = sql.one("SELECT MIN(next_at_ms) AS next_at_ms FROM outbox", &[])?;
    row.map_or(Ok(None), |row| row.optional_integer("next_at_ms"))
}

/// Delivers what is due. Only one drain of an object runs at a time: its alarm.
///
/// # Errors
/// When the database fails.
pub async fn drain<O: Object>(sql: &dyn Sql, edge: &Edge, name: &str) -> Result<(), ApiError> {
    let own_doing = Provenance::default();
    // Others decide by what is owed beside mails, so that comes first; but a KV that hangs stops no mail.
    for kind in [Kind::Rest, Kind::Mail] {
        for _ in 0..BATCHES_MAX {
            let began_ms = edge.clock.now_ms();
            let batch = take(sql, began_ms, kind)?;
            if batch.is_empty() {
                break;
            }
            let outcomes = join_all(batch.iter().map(|due| deliver(edge, due))).await;
            let context = Context::of(sql, edge, name, &own_doing);
            sql.transaction(|| {
                let mut settled = batch.iter().zip(outcomes);
                settled.try_for_each(|(due, outcome)| outcome::settle::<O>(&context, due, outcome))
            })?;
            let took_ms = edge.clock.now_ms().saturating_sub(began_ms);
            // What has come meanwhile rings the next alarm, and so does the rest of what is slow.
            if batch.len() < BATCH_MAX || took_ms >= SLOW_MS {
                break;
            }
        }
    }
    Ok(())
}

/// What is delivered together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mail,
    Rest,
}

struct Due {
    id: i64,
    payload: String,
    attempts: i64,
}

impl Due {
    fn read(row: &Row) -> Result<Self, SqlError> {
        Ok(Self {
            id: row.integer("id")?,
            payload: row.text("payload")?.to_owned(),
            attempts: row.integer("attempts")?,
        })
    }
}

/// The due deliveries of one kind, their lanes marked.
fn take(sql: &dyn Sql, now_ms: i64, kind: Kind) -> Result<Vec<Due>, SqlError> {
    let is_kind = match kind {
        Kind::Mail => "payload LIKE '{\"mail\":%'",
        Kind::Rest => "payload NOT LIKE '{\"mail\":%'",
    };
    sql.transaction(|| {
        let gone_ms = now_ms.saturating_sub(LANE_GAP_MS);
        sql.exec("DELETE FROM outbox_lane WHERE put_at_ms < ?", &[gone_ms.into()])?;
        let select = format!("SELECT id, lane, payload, attempts FROM outbox WHERE next_at_ms <= ? AND {is_kind} ORDER BY next_at_ms, id LIMIT ?");
        let limit = i64::try_from(BATCH_MAX).unwrap_or(i64::MAX);
        let rows = sql.exec(&select, &[now_ms.into(), limit.into()])?;
        for lane in rows.iter().filter_map(|row| row.optional_text("lane").transpose()) {
            let mark = "INSERT INTO outbox_lane (lane, put_at_ms) VALUES (?, ?) ON CONFLICT (lane) DO UPDATE SET put_at_ms = MAX(put_at_ms, excluded.put_at_ms)";
            sql.exec(mark, &[lane?.into(), now_ms.into()])?;
        }
        rows.iter().map(Due::read).collect()
    })
}

async fn deliver(edge: &Edge, due: &Due) -> Result<(), Undelivered> {
    let delivery = serde_json::from_slice(due.payload.as_bytes()).map_err(|error| {
        let reason = format!("delivery cannot be read: {error}");
        if due.attempts < UNREADABLE_TRIES_MAX {
            Undelivered::ForNow(reason, None)
        } else {
            Undelivered::ForGood(reason)
        }
    })?;
    match delivery {
        Delivery::AddressInvitation { address, change } => {
            let name = address::name(edge, &address)?;
            let command = address::Command::ProjectInvitation { change };
            Ok(ask::<address::AddressObject, ()>(&*edge.objects, &name, &command).await?)
        }
        Delivery::DomainRelease { domain, release } => {
            Ok(ask::<domain::DomainObject, ()>(&*edge.objects, &domain, &release).await?)
        }
        Delivery::KvPut { key, value } => {
            edge.kv
                .put(&key, &value)
                .await
                .map_err(|error| match error {
                    KvError::Failed(reason) => Undelivered::ForNow(reason, None),
                    KvError::Late(reason) => Undelivered::Late(key, reason),
                })
        }
        Delivery::Mail {
            mail,
            since_ms,
            doubtful,
        } => {
            let attempts = due.attempts;
            let waiting = mail::Waiting {
                mail,
                since_ms,
                doubtful,
                attempts,
            };
            mail::deliver(edge, waiting).await
        }
        Delivery::MemberAddress {
            organization,
            user,
            address,
            at_ms,
        } => {
            let command = organization::Command::MemberAddress {
                user,
                address,
                at_ms,
            };
            ask::<OrganizationObject, Value>(&*edge.objects, &organization, &command).await?;
            Ok(())
        }
        Delivery::PersonalOrganization {
            organization,
            user,
            address,
        } => {
            let create = organization::Command::Create {
                name: organization::PERSONAL.to_owned(),
                user,
                address,
                is_personal: true,
            };
            ask::<OrganizationObject, Created>(&*edge.objects, &organization, &create).await?;
            Ok(())
        }
        Delivery::StreamsEnd { organization, user } => {
            let end = organization::Command::EndStreams { user };
            Ok(ask::<OrganizationObject, ()>(&*edge.objects, &organization, &end).await?)
        }
        Delivery::UserNotice { user, notice } => {
            let command = user::Command::ProjectNotice { notice };
            Ok(ask::<user::UserObject, ()>(&*edge.objects, &user, &command).await?)
        }
        Delivery::UserOrganization { user, change } => {
            let command = user::Command::ProjectOrganization { change };
            Ok(ask::<user::UserObject, ()>(&*edge.objects, &user, &command).await?)
        }
    }
}
