//! Who comes in on the word of an organization's own issuer, and who acts by it.
//!
//! A member whom an issuer vouches for is (this organization, the issuer's record, subject): no account anywhere, no address, and not an admin that law 7 counts, because switching the issuer off must leave the organization one.

use lockstep_token::{OrganizationId, id::organization_user_id};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    acting::Word,
    decisions,
    plan::Plan,
    store::{self, Organization, announce, next_epoch, organization},
};
use crate::{
    objects::{Context, Reply},
    problem::{ApiError, Code},
    sql::{Row, SqlError},
    user,
};

/// Longest kept name that an issuer has for a member, in bytes.
const SUBJECT_BYTES_MAX: usize = 512;
/// The most members that come in by themselves.
const ADMITTED_MAX: i64 = 10_000;

/// What an isolate asks when somebody presents a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdmissionCommand {
    /// Lets in whom an issuer vouches for, if they may come in; answers [`super::Freshness`].
    Admit {
        /// The issuer.
        used: IssuerUse,
        /// How it calls them.
        subject: String,
    },
    /// The issuers whose tokens count; answers [`StoredIssuers`].
    List {
        /// The epoch of those that the isolate knows.
        known: Option<i64>,
    },
}

/// The record by which a caller's token was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerUse {
    /// Organization id.
    pub organization: String,
    /// The record's id.
    pub id: String,
    /// The epoch of its last change.
    pub epoch: i64,
}

/// The answer to [`AdmissionCommand::List`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredIssuers {
    /// The epoch of the last change of any of them; 0 when there never was one.
    pub epoch: i64,
    /// Those whose tokens count; absent when the caller knows them.
    pub issuers: Option<Vec<StoredIssuer>>,
}

/// An issuer as an isolate needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredIssuer {
    /// Its id.
    pub id: String,
    /// The epoch of its last change.
    pub epoch: i64,
    /// Whether people may come in on its word.
    pub admits: bool,
    /// Its record.
    pub record: Value,
}

/// An issuer's row.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) id: String,
    /// The `iss` of its tokens.
    pub(super) issuer: String,
    pub(super) record: String,
    pub(super) role: Option<String>,
    pub(super) created_by: String,
    pub(super) created_at_ms: i64,
    pub(super) saved_by: String,
    pub(super) seen_by: Option<String>,
    pub(super) disabled_at_ms: Option<i64>,
    pub(super) epoch: i64,
}

pub(super) const COLUMNS: &str = "SELECT id, issuer, record, role, created_by, created_at_ms, saved_by, seen_by, disabled_at_ms, epoch FROM issuer";

pub(super) fn read(row: &Row) -> Result<Stored, SqlError> {
    Ok(Stored {
        id: row.text("id")?.to_owned(),
        issuer: row.text("issuer")?.to_owned(),
        record: row.text("record")?.to_owned(),
        role: row.optional_text("role")?.map(str::to_owned),
        created_by: row.text("created_by")?.to_owned(),
        created_at_ms: row.integer("created_at_ms")?,
        saved_by: row.text("saved_by")?.to_owned(),
        seen_by: row.optional_text("seen_by")?.map(str::to_owned),
        disabled_at_ms: row.optional_integer("disabled_at_ms")?,
        epoch: row.integer("epoch")?,
    })
}

impl Stored {
    pub(super) fn value(&self) -> Result<Value, ApiError> {
        serde_json::from_slice(self.record.as_bytes())
            .map_err(|error| ApiError::internal(format!("stored issuer: {error}")))
    }

    /// The claim by which it calls people what it calls them.
    pub(super) fn subject_claim(&self) -> Result<String, ApiError> {
        let value = self.value()?;
        let claim = value.get("subject_claim").and_then(Value::as_str);
        Ok(claim.unwrap_or("sub").to_owned())
    }
}

pub(super) fn handle(context: &Context<'_>, command: &AdmissionCommand) -> Result<Reply, ApiError> {
    match command {
        AdmissionCommand::Admit { used, subject } => admit(context, used, subject),
        AdmissionCommand::List { known } => list(context, *known),
    }
}

/// The issuers as an isolate asks for them, unless it knows those of `known`.
fn list(context: &Context<'_>, known: Option<i64>) -> Result<Reply, ApiError> {
    let epoch = epoch(context)?;
    if known == Some(epoch) {
        return Reply::of(&StoredIssuers {
            epoch,
            issuers: None,
        });
    }
    let select = format!("{COLUMNS} WHERE disabled_at_ms IS NULL ORDER BY created_at_ms, rowid");
    let mut issuers = Vec::new();
    for row in context.sql.exec(&select, &[])? {
        let stored = read(&row)?;
        issuers.push(StoredIssuer {
            record: stored.value()?,
            admits: stored.role.is_some(),
            id: stored.id,
            epoch: stored.epoch,
        });
    }
    Reply::of(&StoredIssuers {
        epoch,
        issuers: Some(issuers),
    })
}

/// The epoch of the last change of any issuer; 0 when there never was one.
pub(super) fn epoch(context: &Context<'_>) -> Result<i64, ApiError> {
    let row = context
        .sql
        .one("SELECT issuers_epoch FROM organization", &[])?;
    Ok(row.map_or(Ok(0), |row| row.integer("issuers_epoch"))?)
}

/// Refuses who was vouched for by an issuer that is not, or no longer, what it was.
///
/// # Errors
/// 401 for an issuer that is gone, switched off or another organization's; 503 for one that was changed: the same token may count under it.
pub(super) fn require(
    context: &Context<'_>,
    organization: &Organization,
    used: &IssuerUse,
) -> Result<(), ApiError> {
    current(context, organization, used).map(|_| ())
}

fn current(
    context: &Context<'_>,
    organization: &Organization,
    used: &IssuerUse,
) -> Result<Stored, ApiError> {
    let select = format!("{COLUMNS} WHERE id = ? AND disabled_at_ms IS NULL");
    let row = context.sql.one(&select, &[(&used.id).into()])?;
    let row = row.filter(|_| used.organization == organization.id);
    let stored = read(&row.ok_or_else(user::refused)?)?;
    if stored.epoch == used.epoch {
        Ok(stored)
    } else {
        Err(ApiError::unavailable("the issuer was changed meanwhile"))
    }
}

/// Lets in whom an issuer calls `subject`, if they were never here, it gives a role and there is room; answers [`decisions::Freshness`] in any case. Who was removed stays so.
fn admit(context: &Context<'_>, used: &IssuerUse, subject: &str) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let stored = current(context, &organization, used)?;
    let id = OrganizationId::parse(&context.config.keys.id, &organization.id)
        .map_err(|error| ApiError::internal(format!("organization id: {error}")))?;
    let user = organization_user_id(&context.config.keys.id, &id, &stored.id, subject);
    let user = user.as_str();
    let reply = |context| Reply::of(&decisions::freshness_of(context, user)?);
    let Some(role) = &stored.role else {
        return reply(context);
    };
    let select = "SELECT user FROM member WHERE user = ? OR (issuer = ? AND subject = ?)";
    let values = [user.into(), (&stored.issuer).into(), subject.into()];
    let is_known = context.sql.one(select, &values)?.is_some();
    if is_known
        || !admits(context, &organization, &stored)?
        || !has_room(context, &organization, subject)?
    {
        return reply(context);
    }
    let epoch = next_epoch(context)?;
    let join = "INSERT INTO member (user, issuer, subject, subject_claim, joined_at_ms, epoch) VALUES (?, ?, ?, ?, ?, ?)";
    let values = [
        user.into(),
        (&stored.issuer).into(),
        subject.into(),
        stored.subject_claim()?.into(),
        context.now_ms.into(),
        epoch.into(),
    ];
    context.sql.exec(join, &values)?;
    store::set_role(context, &organization, user, role)?;
    Ok(announce(reply(context)?, epoch).about(user))
}

/// Whether somebody comes in on the word of an issuer, as things are now.
pub(super) fn admits(
    context: &Context<'_>,
    organization: &Organization,
    stored: &Stored,
) -> Result<bool, ApiError> {
    let Some(role) = &stored.role else {
        return Ok(false);
    };
    let word = Word::of(
        context,
        organization,
        &stored.saved_by,
        stored.seen_by.as_deref(),
    )?;
    Ok(word.is_some_and(|word| word.admit(role).is_ok()))
}

/// Whether only an issuer that is switched off vouches for a member, who then acts no more and gives no word.
pub(super) fn is_switched_off(context: &Context<'_>, user: &str) -> Result<bool, ApiError> {
    let select = "SELECT 1 AS off FROM member JOIN issuer ON issuer.issuer = member.issuer
        WHERE member.user = ? AND issuer.disabled_at_ms IS NOT NULL";
    Ok(context.sql.one(select, &[user.into()])?.is_some())
}

/// Whether somebody is a member whose word counts: there, not suspended, and not vouched for by an issuer that is switched off alone.
pub(super) fn is_active(context: &Context<'_>, user: &str) -> Result<bool, ApiError> {
    let select =
        "SELECT user FROM member WHERE user = ? AND left_at_ms IS NULL AND suspended_at_ms IS NULL";
    let there = context.sql.one(select, &[user.into()])?;
    Ok(there.is_some() && !is_switched_off(context, user)?)
}

/// Whether there is a place for somebody whom an issuer calls `subject`. Whoever finds none is no member, and it is not theirs to know what the plan has.
fn has_room(
    context: &Context<'_>,
    organization: &Organization,
    subject: &str,
) -> Result<bool, ApiError> {
    let seat = Plan::of(context, organization).require_seat(context);
    if let Err(error) = seat {
        return match error.code() {
            Code::LimitReached => Ok(false),
            _ => Err(error),
        };
    }
    let count =
        "SELECT COUNT(*) AS members FROM member WHERE issuer IS NOT NULL AND left_at_ms IS NULL";
    let row = context.sql.one(count, &[])?;
    let members = row.map_or(Ok(0), |row| row.integer("members"))?;
    Ok(members < ADMITTED_MAX && subject.len() <= SUBJECT_BYTES_MAX)
}
