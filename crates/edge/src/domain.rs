//! Domains: who has proven one, and for how long yet.
//!
//! Which organization of the deployment has proven a domain is one fact, so one object has it: that of the domain, named by it. It is a lease. Whoever shows the record of their own challenge holds the domain until [`PROOF_MS`] after the record was last seen, and nobody else may hold it until ten minutes later.
//! Until when the proof counts the organization is told, and goes by that alone when somebody joins: what it was told is never longer than the lease, so two organizations never let in people of one domain.
//! The object looks for the record every [`CHECK_MS`]. An organization that has given up its claim is asked then, too, so a lease that nobody needs ends by itself.

mod public_mail;

use serde::{Deserialize, Serialize};

pub(crate) use self::public_mail::is_public;

use crate::{
    dns,
    edge::{Edge, Later},
    log,
    objects::{self, Class, Context, Object, Reply, ask},
    organization::{self, DomainCommand, OrganizationObject},
    problem::{ApiError, Code},
    provenance::Provenance,
    sql::Sql,
};

/// How long a proof counts after its record was last seen, in milliseconds: three days, so that a weekend without a resolver or a name server ends none.
pub const PROOF_MS: i64 = 259_200_000;
/// How often the record is looked for, in milliseconds: twice a day.
pub const CHECK_MS: i64 = 43_200_000;
/// How soon it is looked for again when it was not found, or nobody answered, in milliseconds: an hour.
const RETRY_MS: i64 = 3_600_000;
/// How much longer a proof that is over keeps others out, in milliseconds: clocks differ, but not by that.
const SLACK_MS: i64 = 600_000;

/// The label below which the record lies.
const LABEL: &str = "_lockstep";

/// The name of the record that proves a domain.
#[must_use]
pub fn record_name(domain: &str) -> String {
    format!("{LABEL}.{domain}")
}

/// The text of the record that proves a domain.
#[must_use]
pub fn record_text(challenge: &str) -> String {
    format!("lockstep-verification={challenge}")
}

/// Whether the record of a challenge is there.
///
/// # Errors
/// 503 when the resolver does not say.
pub async fn is_shown(edge: &Edge, domain: &str, challenge: &str) -> Result<bool, ApiError> {
    dns::has_text(edge, &record_name(domain), &record_text(challenge)).await
}

/// The object of one domain.
#[derive(Debug, Clone, Copy)]
pub struct DomainObject;

/// What may be asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// The organization that has proven it; answers its id.
    Holder,
    /// The record of an organization's challenge was seen; answers [`Held`].
    Hold {
        /// The organization.
        organization: String,
        /// Its challenge.
        challenge: String,
    },
    /// An organization's outbox tells that it has given up its claim.
    Release {
        /// The organization.
        organization: String,
        /// The challenge of that claim.
        challenge: String,
    },
}

/// The answer to [`Command::Hold`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// Another organization holds it.
    Taken,
    /// The organization holds it.
    Until {
        /// From when on it no longer counts, in Unix milliseconds.
        at_ms: i64,
    },
}

impl objects::Command for Command {
    fn is_birth(&self) -> bool {
        matches!(self, Self::Hold { .. })
    }

    fn is_idempotent(&self) -> bool {
        true
    }
}

/// The lease's row.
struct Lease {
    organization: String,
    challenge: String,
    until_ms: i64,
    check_at_ms: i64,
}

impl Lease {
    const fn end_ms(&self) -> i64 {
        self.until_ms.saturating_add(SLACK_MS)
    }
}

impl Object for DomainObject {
    type Command = Command;

    const CLASS: Class = Class::Domain;

    const MIGRATIONS: &'static [&'static str] = &["
        CREATE TABLE lease (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            organization TEXT NOT NULL,
            challenge TEXT NOT NULL,
            until_ms INTEGER NOT NULL,
            check_at_ms INTEGER NOT NULL
        ) STRICT;
    "];

    fn handle(context: &Context<'_>, command: Command) -> Result<Reply, ApiError> {
        let lease = lease(context.sql)?;
        match command {
            Command::Holder => {
                let lease = lease.filter(|lease| context.now_ms < lease.until_ms);
                Reply::of(&lease.ok_or_else(ApiError::not_found)?.organization)
            }
            Command::Hold {
                organization,
                challenge,
            } => {
                let other = lease.filter(|lease| lease.organization != organization);
                if other.is_some_and(|lease| context.now_ms < lease.end_ms()) {
                    return Reply::of(&Held::Taken);
                }
                let at_ms = hold(context, &organization, &challenge)?;
                Reply::of(&Held::Until { at_ms })
            }
            Command::Release {
                organization,
                challenge,
            } => {
                release(context.sql, &organization, &challenge)?;
                Ok(Reply::done())
            }
        }
    }

    fn deliver<'a>(
        sql: &'a dyn Sql,
        edge: &'a Edge,
        name: &'a str,
    ) -> Later<'a, Result<Option<String>, ApiError>> {
        Box::pin(async move {
            let due = lease(sql)?.filter(|lease| lease.check_at_ms <= edge.clock.now_ms());
            if let Some(lease) = due {
                check(sql, edge, name, &lease).await?;
            }
            Ok(None)
        })
    }

    fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
        let lease = lease(context.sql)?;
        // Without one there is nothing left, and the next sweep says so.
        Ok(Some(lease.map_or(context.now_ms, |lease| {
            lease.check_at_ms.min(lease.end_ms())
        })))
    }

    fn sweep(context: &Context<'_>) -> Result<bool, ApiError> {
        let over = "DELETE FROM lease WHERE until_ms <= ?";
        let over_ms = context.now_ms.saturating_sub(SLACK_MS);
        context.sql.exec(over, &[over_ms.into()])?;
        Ok(lease(context.sql)?.is_none())
    }
}

/// Looks for the record, and tells the organization how long its proof counts now.
async fn check(sql: &dyn Sql, edge: &Edge, domain: &str, lease: &Lease) -> Result<(), ApiError> {
    let Lease {
        organization,
        challenge,
        ..
    } = lease;
    let shown = is_shown(edge, domain, challenge).await;
    if let Err(error) = &shown {
        log::error(error.cause().unwrap_or(error.detail()));
    }
    let own_doing = Provenance::default();
    let context = Context::of(sql, edge, domain, &own_doing);
    if !shown.unwrap_or(false) {
        return look_again(&context);
    }
    // The lease first: what the organization goes by is never longer. It may have ended meanwhile.
    let prolong = "UPDATE lease SET until_ms = ?, check_at_ms = ? WHERE organization = ? AND challenge = ? RETURNING one";
    let at_ms = context.now_ms.saturating_add(PROOF_MS);
    let values = [
        at_ms.into(),
        context.now_ms.saturating_add(CHECK_MS).into(),
        organization.into(),
        challenge.into(),
    ];
    if sql.one(prolong, &values)?.is_none() {
        return Ok(());
    }
    let renew = DomainCommand::Renew {
        domain: domain.to_owned(),
        challenge: challenge.clone(),
        until_ms: at_ms,
    };
    let renew = organization::Command::Domain(renew);
    match ask::<OrganizationObject, bool>(&*edge.objects, organization, &renew).await {
        Ok(true) => Ok(()),
        Ok(false) => release(sql, organization, challenge),
        Err(error) if error.code() == Code::NotFound => release(sql, organization, challenge),
        // It goes by what it was told before, and is told again.
        Err(error) => {
            log::error(error.cause().unwrap_or(error.detail()));
            look_again(&context)
        }
    }
}

fn look_again(context: &Context<'_>) -> Result<(), ApiError> {
    let later = "UPDATE lease SET check_at_ms = ?";
    let later_ms = context.now_ms.saturating_add(RETRY_MS);
    context.sql.exec(later, &[later_ms.into()])?;
    Ok(())
}

/// Gives an organization the lease; answers until when it counts.
fn hold(context: &Context<'_>, organization: &str, challenge: &str) -> Result<i64, ApiError> {
    let until_ms = context.now_ms.saturating_add(PROOF_MS);
    let hold = "INSERT INTO lease (one, organization, challenge, until_ms, check_at_ms) VALUES (1, ?, ?, ?, ?)
        ON CONFLICT (one) DO UPDATE SET organization = excluded.organization, challenge = excluded.challenge,
            until_ms = excluded.until_ms, check_at_ms = excluded.check_at_ms";
    let values = [
        organization.into(),
        challenge.into(),
        until_ms.into(),
        context.now_ms.saturating_add(CHECK_MS).into(),
    ];
    context.sql.exec(hold, &values)?;
    Ok(until_ms)
}

/// Ends the lease of a claim; of a newer one nothing ends.
fn release(sql: &dyn Sql, organization: &str, challenge: &str) -> Result<(), ApiError> {
    let end = "DELETE FROM lease WHERE organization = ? AND challenge = ?";
    sql.exec(end, &[organization.into(), challenge.into()])?;
    Ok(())
}

fn lease(sql: &dyn Sql) -> Result<Option<Lease>, ApiError> {
    let select = "SELECT organization, challenge, until_ms, check_at_ms FROM lease";
    let Some(row) = sql.one(select, &[])? else {
        return Ok(None);
    };
    Ok(Some(Lease {
        organization: row.text("organization")?.to_owned(),
        challenge: row.text("challenge")?.to_owned(),
        until_ms: row.integer("until_ms")?,
        check_at_ms: row.integer("check_at_ms")?,
    }))
}
