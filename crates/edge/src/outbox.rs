//! The outbox: what an object owes to the world, written in the same transaction as the change that caused it.
//!
//! The object's alarm delivers it: every delivery is idempotent at its receiver, retried with back-off until it succeeds, and dropped only when the receiver refuses it for good.
//! Mail is dropped, too, once it is of no more use or was tried for a day; an object that keeps an audit log then has a row about it.
//! Puts of one KV key are a lane: one at a time, at least a second apart, and only the newest waits. So are an organization's mails about one invitation or one membership, as soon as they can be sent.

#[cfg(test)]
mod tests;

use futures_util::future::join_all;
use lockstep_wire::{AuditFields, AuditValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    address, audit, domain,
    edge::Edge,
    log,
    mail::{Mail, PostError},
    objects::{Context, Object, ask},
    organization::{self, OrganizationObject},
    problem::ApiError,
    provenance::Provenance,
    sql::{Row, Sql, SqlError},
    user,
};

/// Shortest time between two puts of one KV key, in milliseconds.
const LANE_GAP_MS: i64 = 1_000;
/// Wait after the first failed delivery, in milliseconds; it doubles with each further one.
const RETRY_MS_MIN: i64 = 1_000;
/// Longest wait between two tries, in milliseconds.
const RETRY_MS_MAX: i64 = 300_000;
/// The longest wait that a receiver may ask for, in milliseconds: an hour.
const RETRY_AFTER_MS_MAX: i64 = 3_600_000;
/// How often a mail is tried: for a day, when nobody asks for longer waits.
const MAIL_TRIES_MAX: i64 = 300;
/// How often a delivery is tried that this code cannot read: for a week. Newer code has written it before it was rolled back, and reads it when it comes again.
const UNREADABLE_TRIES_MAX: i64 = 2_016;
/// Longest kept reason why a mail was not sent, in characters.
const REASON_CHARS_MAX: usize = 200;
/// Deliveries that are under way together.
const BATCH_MAX: usize = 16;
/// Batches of one alarm; what is left rings the next one.
const BATCHES_MAX: u32 = 8;

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
    let payload = serde_json::to_string(delivery)
        .map_err(|error| ApiError::internal(format!("delivery cannot be written: {error}")))?;
    let insert = "INSERT INTO outbox (lane, payload, next_at_ms) VALUES (?, ?, ?)";
    sql.exec(insert, &[lane.into(), payload.into(), next_at_ms.into()])?;
    Ok(())
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
    for _ in 0..BATCHES_MAX {
        let batch = take(sql, edge.clock.now_ms())?;
        if batch.is_empty() {
            break;
        }
        let outcomes = join_all(batch.iter().map(|due| deliver(edge, due))).await;
        let context = Context::of(sql, edge, name, &own_doing);
        sql.transaction(|| {
            let mut settled = batch.iter().zip(outcomes);
            settled.try_for_each(|(due, outcome)| settle::<O>(&context, due, outcome))
        })?;
        if batch.len() < BATCH_MAX {
            // What has come meanwhile rings the next alarm.
            break;
        }
    }
    Ok(())
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

/// The due deliveries, their lanes marked.
fn take(sql: &dyn Sql, now_ms: i64) -> Result<Vec<Due>, SqlError> {
    sql.transaction(|| {
        let gone_ms = now_ms.saturating_sub(LANE_GAP_MS);
        sql.exec("DELETE FROM outbox_lane WHERE put_at_ms < ?", &[gone_ms.into()])?;
        let select = "SELECT id, lane, payload, attempts FROM outbox WHERE next_at_ms <= ? ORDER BY next_at_ms, id LIMIT ?";
        let limit = i64::try_from(BATCH_MAX).unwrap_or(i64::MAX);
        let rows = sql.exec(select, &[now_ms.into(), limit.into()])?;
        for lane in rows.iter().filter_map(|row| row.optional_text("lane").transpose()) {
            let mark = "INSERT INTO outbox_lane (lane, put_at_ms) VALUES (?, ?) ON CONFLICT (lane) DO UPDATE SET put_at_ms = excluded.put_at_ms";
            sql.exec(mark, &[lane?.into(), now_ms.into()])?;
        }
        rows.iter().map(Due::read).collect()
    })
}

/// Why a delivery did not succeed.
enum Undelivered {
    /// It never will.
    ForGood(String),
    /// It may later, and not before so many seconds where the receiver says so.
    ForNow(String, Option<u32>),
    /// A mail that never will be sent.
    Lost(Box<Mail>, String),
}

impl From<ApiError> for Undelivered {
    fn from(error: ApiError) -> Self {
        let reason = format!(
            "{}: {}",
            error.code().as_str(),
            error.cause().unwrap_or_default()
        );
        match error.code().status() {
            408 | 429 | 500.. => Self::ForNow(reason, None),
            _ => Self::ForGood(reason),
        }
    }
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
        Delivery::KvPut { key, value } => edge
            .kv
            .put(&key, &value)
            .await
            .map_err(|error| Undelivered::ForNow(error.0, None)),
        Delivery::Mail { mail } => deliver_mail(edge, mail, due.attempts).await,
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

async fn deliver_mail(edge: &Edge, mail: Mail, attempts: i64) -> Result<(), Undelivered> {
    let lost = |mail: Mail, reason: &str| Undelivered::Lost(Box::new(mail), shortened(reason));
    if mail.expires_at_ms() <= edge.clock.now_ms() {
        return Err(lost(mail, "no longer of use"));
    }
    let message = mail.render(&edge.config)?;
    // A code is asked for by who has the address, and counted there.
    let is_of_organization = !matches!(mail, Mail::SignInCode { .. });
    if is_of_organization && !counted(edge, &mail, &message.id).await? {
        // How many of them others sent is nobody's business.
        return Err(lost(mail, "the address is sent no more mails today"));
    }
    let sent = edge.post.send(&message).await;
    sent.map_err(|error| match error {
        PostError::Refused(reason) => lost(mail, &reason),
        PostError::Unavailable { reason, .. } if attempts.saturating_add(1) >= MAIL_TRIES_MAX => {
            lost(mail, &reason)
        }
        PostError::Unavailable {
            reason,
            retry_after_s,
        } => Undelivered::ForNow(reason, retry_after_s),
    })
}

/// Whether an organization's mail may be sent, as far as its address goes: many organizations may write to it.
async fn counted(edge: &Edge, mail: &Mail, message: &str) -> Result<bool, ApiError> {
    let name = address::name(edge, mail.to())?;
    let command = address::Command::CountMail {
        message: message.to_owned(),
    };
    ask::<address::AddressObject, bool>(&*edge.objects, &name, &command).await
}

fn shortened(reason: &str) -> String {
    let visible = reason.chars().filter(|c| !c.is_control());
    visible.take(REASON_CHARS_MAX).collect()
}

fn settle<O: Object>(
    context: &Context<'_>,
    due: &Due,
    outcome: Result<(), Undelivered>,
) -> Result<(), ApiError> {
    let (sql, now_ms) = (context.sql, context.now_ms);
    let delete = || sql.exec("DELETE FROM outbox WHERE id = ?", &[due.id.into()]);
    match outcome {
        Ok(()) => {
            delete()?;
        }
        Err(Undelivered::ForGood(reason)) => {
            log::error(&format!("outbox: dropped a delivery: {reason}"));
            delete()?;
        }
        Err(Undelivered::Lost(mail, reason)) => {
            log::error(&format!(
                "outbox: dropped a mail ({}): {reason}",
                mail.kind()
            ));
            delete()?;
            if O::IS_AUDITED {
                audit::undelivered(context, "mail", lost(&mail, &reason))?;
            }
        }
        Err(Undelivered::ForNow(reason, retry_after_s)) => {
            log::error(&format!(
                "outbox: delivery failed {} times: {reason}",
                due.attempts.saturating_add(1)
            ));
            let next_at_ms = now_ms.saturating_add(wait_ms(due.attempts, retry_after_s));
            let later = "UPDATE outbox SET attempts = attempts + 1, next_at_ms = ? WHERE id = ?";
            sql.exec(later, &[next_at_ms.into(), due.id.into()])?;
        }
    }
    Ok(())
}

/// What the audit log says of a mail that was not sent.
fn lost(mail: &Mail, reason: &str) -> AuditFields {
    let members = [("kind", mail.kind()), ("to", mail.to()), ("reason", reason)];
    let text = |(name, value): (&str, &str)| (name.to_owned(), AuditValue::Text(value.to_owned()));
    AuditFields(members.into_iter().map(text).collect())
}

/// The wait after another failed try, in milliseconds; a receiver that asks for a longer one gets it, within bounds.
fn wait_ms(attempts: i64, retry_after_s: Option<u32>) -> i64 {
    let asked_ms = i64::from(retry_after_s.unwrap_or(0)).saturating_mul(1_000);
    retry_ms(attempts).max(asked_ms.min(RETRY_AFTER_MS_MAX))
}

fn retry_ms(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX);
    let factor = 2_i64.checked_pow(doublings).unwrap_or(i64::MAX);
    RETRY_MS_MIN.saturating_mul(factor).min(RETRY_MS_MAX)
}
