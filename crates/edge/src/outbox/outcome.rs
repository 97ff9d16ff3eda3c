//! What becomes of a delivery after a try.

use super::{Delivery, Due, mail, payload};
use crate::{
    audit, log,
    mail::Mail,
    objects::{Context, Object},
    problem::ApiError,
    sql::{Sql, SqlError},
};

/// How long other values of a key wait after a put that did not answer and may be done yet, in milliseconds.
const LATE_MS: i64 = 60_000;
/// Wait after the first failed delivery, in milliseconds; it doubles with each further one.
const RETRY_MS_MIN: i64 = 1_000;
/// Longest wait between two tries, in milliseconds.
const RETRY_MS_MAX: i64 = 300_000;
/// The longest wait that a receiver may ask for, in milliseconds: an hour.
const RETRY_AFTER_MS_MAX: i64 = 3_600_000;

/// Why a delivery did not succeed.
pub(super) enum Undelivered {
    /// A mail that may have been sent: what waits instead of it, why, and for how many seconds.
    Doubtful(Box<Delivery>, String, u32),
    /// It never will.
    ForGood(String),
    /// It may later, and not before so many seconds where the receiver says so.
    ForNow(String, Option<u32>),
    /// It may be done yet, of its own accord: a put of this key.
    Late(String, String),
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

pub(super) fn settle<O: Object>(
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
                audit::undelivered(context, "mail", mail::lost(&mail, &reason))?;
            }
        }
        Err(Undelivered::Doubtful(again, reason, wait_s)) => {
            postpone(context, due, &reason, Some(wait_s))?;
            let instead = "UPDATE outbox SET payload = ? WHERE id = ?";
            sql.exec(instead, &[payload(&again)?.into(), due.id.into()])?;
        }
        Err(Undelivered::ForNow(reason, retry_after_s)) => {
            postpone(context, due, &reason, retry_after_s)?;
        }
        Err(Undelivered::Late(key, reason)) => {
            postpone(context, due, &reason, None)?;
            hold_lane(sql, &key, now_ms.saturating_add(LATE_MS), due.id)?;
        }
    }
    Ok(())
}

fn postpone(
    context: &Context<'_>,
    due: &Due,
    reason: &str,
    retry_after_s: Option<u32>,
) -> Result<(), SqlError> {
    log::error(&format!(
        "outbox: delivery failed {} times: {reason}",
        due.attempts.saturating_add(1)
    ));
    let wait_ms = wait_ms(due.attempts, retry_after_s);
    let next_at_ms = context.now_ms.saturating_add(wait_ms);
    let later = "UPDATE outbox SET attempts = attempts + 1, next_at_ms = ? WHERE id = ?";
    let values = [next_at_ms.into(), due.id.into()];
    context.sql.exec(later, &values)?;
    Ok(())
}

/// Has other values of a key wait, so that what is under way is not put over them: the same one again does no harm.
fn hold_lane(sql: &dyn Sql, lane: &str, until_ms: i64, id: i64) -> Result<(), SqlError> {
    let held = "INSERT INTO outbox_lane (lane, put_at_ms) VALUES (?, ?) ON CONFLICT (lane) DO UPDATE SET put_at_ms = excluded.put_at_ms";
    sql.exec(held, &[lane.into(), until_ms.into()])?;
    let others = "UPDATE outbox SET next_at_ms = MAX(next_at_ms, ?) WHERE lane = ? AND id <> ?";
    sql.exec(others, &[until_ms.into(), lane.into(), id.into()])?;
    Ok(())
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
