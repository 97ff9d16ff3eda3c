//! Sending: what is due goes out when the object's alarm rings, each event to each webhook by itself, and again until it is taken.

use futures_util::future::join_all;
use lockstep_token::uri::PublicUri;

use super::signature;
use crate::{
    audit,
    edge::{Acknowledgement, Edge, Outgoing},
    objects::Context,
    organization::{reach, store},
    problem::ApiError,
    provenance::Provenance,
    sql::{Row, Sql, SqlError},
};

/// How long an endpoint may take, in milliseconds. What else the object owes waits behind it, so it is below the 15 seconds that the specification recommends.
const SEND_MS: u64 = 10_000;
/// Deliveries that are under way together; what is left rings the next alarm. A Worker has no more connections at a time that wait for an answer ("Simultaneous open connections" among the limits of Workers): what waited for one would be late without ever having been sent.
const BATCH_MAX: i64 = 6;
/// For how long what was taken counts as under way, in milliseconds: longer than it may take, because the object may be gone.
const LEASE_MS: i64 = 30_000;
/// Waits between tries, in seconds: the schedule of the specification, 76 hours in all.
const WAITS_S: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// The longest wait that an endpoint may ask for, in seconds: a day.
const RETRY_AFTER_S_MAX: u32 = 86_400;
/// A wait is longer by up to a tenth of it, so that what failed together is not tried together.
const JITTER_PARTS: i64 = 2_560;
/// After how long without a yes an endpoint is switched off, in milliseconds: five days.
const FAILING_MS_MAX: i64 = 432_000_000;
/// How long events and what became of them are kept, in milliseconds: 30 days.
const KEPT_MS: i64 = 2_592_000_000;
/// Events that one sweep removes.
const PRUNED_MAX: i64 = 1_000;
/// What is kept of an endpoint that wants no more.
const GONE: &str = "status 410";
/// Longest kept reason, in characters.
const REASON_CHARS_MAX: usize = 200;

/// Nothing more is sent to a webhook.
pub(super) const GIVE_UP: &str = "UPDATE webhook_delivery SET state = 'failed', next_at_ms = NULL, reason = 'the webhook is inactive' WHERE state = 'pending' AND webhook = ?";

/// One event that is due for one webhook.
struct Due {
    seq: i64,
    webhook: String,
    attempts: i64,
    /// Until when it counts as under way; a row that is due at any other time was asked for anew meanwhile.
    leased_until_ms: i64,
    url: String,
    event: String,
    body: String,
    nonce: String,
    previous_nonce: Option<String>,
    previous_until_ms: Option<i64>,
}

/// What became of a try.
enum Outcome {
    /// The endpoint has it.
    Taken(u16),
    /// The endpoint wants no more of anything.
    Gone,
    /// It may be taken later.
    Refused {
        status: Option<u16>,
        reason: String,
        retry_after_s: Option<u32>,
    },
}

/// Sends what is due. Answers the new epoch when an endpoint was switched off.
///
/// # Errors
/// When the database fails.
pub(in crate::organization) async fn deliver(
    sql: &dyn Sql,
    edge: &Edge,
    name: &str,
) -> Result<Option<i64>, ApiError> {
    let batch = take(sql, edge.clock.now_ms())?;
    if batch.is_empty() {
        return Ok(None);
    }
    let outcomes = join_all(batch.iter().map(|due| send(edge, name, due))).await;
    let own_doing = Provenance::default();
    let context = Context::of(sql, edge, name, &own_doing);
    sql.transaction(|| {
        let mut epoch = None;
        for (due, outcome) in batch.iter().zip(outcomes) {
            epoch = settle(&context, due, outcome?)?.or(epoch);
        }
        Ok(epoch)
    })
}

/// What is due, marked as under way: of each webhook in turn, and first of those that took what they were sent. An endpoint that does not answer keeps others waiting, so those that fail have one delivery under way each, and nothing else beside it.
fn take(sql: &dyn Sql, now_ms: i64) -> Result<Vec<Due>, ApiError> {
    sql.transaction(|| {
        let select = "SELECT seq, webhook, attempts, url, event, body, nonce, previous_nonce, previous_until_ms FROM webhook_delivery
            JOIN webhook ON webhook.id = webhook_delivery.webhook JOIN webhook_event ON webhook_event.id = webhook_delivery.event
            WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY next_at_ms, seq";
        let rows = sql.exec(select, &[turns(sql, now_ms)?.into()])?;
        let until_ms = now_ms.saturating_add(LEASE_MS);
        let batch = rows.iter().map(|row| read(row, until_ms));
        let batch: Vec<Due> = batch.collect::<Result<_, _>>()?;
        for due in &batch {
            let lease = "UPDATE webhook_delivery SET next_at_ms = ? WHERE seq = ?";
            sql.exec(lease, &[until_ms.into(), due.seq.into()])?;
        }
        Ok(batch)
    })
}

/// The numbers of those whose turn it is, as JSON.
fn turns(sql: &dyn Sql, now_ms: i64) -> Result<String, ApiError> {
    let webhooks = "SELECT id, failing_since_ms IS NOT NULL AS is_failing FROM webhook ORDER BY is_failing, id";
    let webhooks = sql.exec(webhooks, &[])?;
    let mut due: Vec<(bool, usize, i64, i64)> = Vec::new();
    for webhook in &webhooks {
        let is_failing = webhook.integer("is_failing")? != 0;
        if is_failing && due.iter().any(|(fails, ..)| !fails) {
            break;
        }
        let first = "SELECT seq, next_at_ms FROM webhook_delivery WHERE webhook = ? AND next_at_ms <= ? ORDER BY next_at_ms, seq LIMIT ?";
        let most = if is_failing { 1 } else { BATCH_MAX };
        let values = [webhook.text("id")?.into(), now_ms.into(), most.into()];
        for (turn, row) in sql.exec(first, &values)?.iter().enumerate() {
            due.push((
                is_failing,
                turn,
                row.integer("next_at_ms")?,
                row.integer("seq")?,
            ));
        }
    }
    due.sort_unstable();
    let most = usize::try_from(BATCH_MAX).unwrap_or(usize::MAX);
    let turns: Vec<i64> = due.iter().take(most).map(|(.., seq)| *seq).collect();
    serde_json::to_string(&turns)
        .map_err(|error| ApiError::internal(format!("turns cannot be written: {error}")))
}

fn read(row: &Row, leased_until_ms: i64) -> Result<Due, SqlError> {
    Ok(Due {
        seq: row.integer("seq")?,
        webhook: row.text("webhook")?.to_owned(),
        attempts: row.integer("attempts")?,
        leased_until_ms,
        url: row.text("url")?.to_owned(),
        event: row.text("event")?.to_owned(),
        body: row.text("body")?.to_owned(),
        nonce: row.text("nonce")?.to_owned(),
        previous_nonce: row.optional_text("previous_nonce")?.map(str::to_owned),
        previous_until_ms: row.optional_integer("previous_until_ms")?,
    })
}

async fn send(edge: &Edge, organization: &str, due: &Due) -> Result<Outcome, ApiError> {
    let refused = |reason: String| Outcome::Refused {
        status: None,
        reason,
        retry_after_s: None,
    };
    // What this deployment would not save any more is not called.
    if let Err(error) = PublicUri::parse(&due.url, reach(&edge.config)) {
        return Ok(refused(format!("the address {error}")));
    }
    let outgoing = outgoing(edge, organization, due)?;
    let sent = edge.upstream.post(&outgoing);
    Ok(match edge.clock.within(SEND_MS, sent).await {
        None => refused(format!("no answer within {SEND_MS} ms")),
        Some(Err(error)) => refused(error.0),
        Some(Ok(answer)) => outcome(answer),
    })
}

fn outcome(answer: Acknowledgement) -> Outcome {
    match answer.status {
        status if answer.is_yes() => Outcome::Taken(status),
        410 => Outcome::Gone,
        status => Outcome::Refused {
            status: Some(status),
            reason: format!("status {status}"),
            retry_after_s: answer.retry_after_s,
        },
    }
}

fn outgoing(edge: &Edge, organization: &str, due: &Due) -> Result<Outgoing, ApiError> {
    let now_ms = edge.clock.now_ms();
    let key = |nonce| signature::key(&edge.config.keys, organization, &due.webhook, nonce);
    let current = key(&due.nonce);
    let still_counts = due.previous_until_ms.is_some_and(|until| now_ms < until);
    let previous = due.previous_nonce.as_deref().filter(|_| still_counts);
    let previous = previous.map(key);
    let mut keys = vec![current.as_slice()];
    keys.extend(previous.as_ref().map(<[u8; 32]>::as_slice));
    let timestamp_s = now_ms.div_euclid(1_000);
    Ok(Outgoing {
        url: due.url.clone(),
        headers: vec![
            ("webhook-id", due.event.clone()),
            ("webhook-timestamp", timestamp_s.to_string()),
            (
                "webhook-signature",
                signature::sign(&keys, &due.event, timestamp_s, &due.body)?,
            ),
        ],
        body: due.body.clone(),
    })
}

fn settle(context: &Context<'_>, due: &Due, outcome: Outcome) -> Result<Option<i64>, ApiError> {
    let (sql, now_ms) = (context.sql, context.now_ms);
    let (webhook, url) = (|| (&due.webhook).into(), || (&due.url).into());
    let seq = || due.seq.into();
    match outcome {
        Outcome::Taken(status) => {
            // Who asked for it meanwhile was told that it will be sent, and this one was sent before.
            let taken = "UPDATE webhook_delivery SET state = 'delivered', attempts = attempts + 1, next_at_ms = NULL, tried_at_ms = ?, status = ?, reason = NULL
                WHERE seq = ? AND (state <> 'pending' OR next_at_ms = ?)";
            let leased = due.leased_until_ms.into();
            let values = [now_ms.into(), u32::from(status).into(), seq(), leased];
            sql.exec(taken, &values)?;
            let well = "UPDATE webhook SET failing_since_ms = NULL WHERE id = ? AND url = ? AND failing_since_ms IS NOT NULL";
            sql.exec(well, &[webhook(), url()])?;
            Ok(None)
        }
        Outcome::Gone if is_still_there(context, due)? => {
            tried(context, due, Some(410), GONE, None)?;
            switch_off(context, &due.webhook, "gone")
        }
        // The old address wants no more; the new one has not been asked.
        Outcome::Gone => later(context, due, Some(410), GONE, None),
        Outcome::Refused {
            status,
            reason,
            retry_after_s,
        } => later(context, due, status, &reason, retry_after_s),
    }
}

/// Whether the webhook still has the address that was asked: what an earlier one answers says nothing of it.
fn is_still_there(context: &Context<'_>, due: &Due) -> Result<bool, ApiError> {
    let select = "SELECT id FROM webhook WHERE id = ? AND url = ?";
    let values = [(&due.webhook).into(), (&due.url).into()];
    Ok(context.sql.one(select, &values)?.is_some())
}

/// What was not taken is tried again, until its tries are over.
fn later(
    context: &Context<'_>,
    due: &Due,
    status: Option<u16>,
    reason: &str,
    retry_after_s: Option<u32>,
) -> Result<Option<i64>, ApiError> {
    let (sql, now_ms) = (context.sql, context.now_ms);
    let attempts = due.attempts.saturating_add(1);
    let wait_ms = wait_ms(context, attempts, retry_after_s)?;
    let next_at_ms = wait_ms.map(|wait_ms| now_ms.saturating_add(wait_ms));
    tried(context, due, status, reason, next_at_ms)?;
    let since = "UPDATE webhook SET failing_since_ms = COALESCE(failing_since_ms, ?) WHERE id = ? AND url = ? AND disabled_at_ms IS NULL RETURNING failing_since_ms";
    let values = [now_ms.into(), (&due.webhook).into(), (&due.url).into()];
    let row = sql.one(since, &values)?;
    let since_ms = row.map(|row| row.integer("failing_since_ms")).transpose()?;
    let is_over = |since: i64| now_ms.saturating_sub(since) >= FAILING_MS_MAX;
    if since_ms.is_some_and(is_over) {
        return switch_off(context, &due.webhook, "failing");
    }
    // While nothing is tried nobody knows whether it would be taken, so that time is not counted.
    let unasked = "UPDATE webhook SET failing_since_ms = NULL WHERE id = ? AND failing_since_ms IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM webhook_delivery WHERE webhook = webhook.id AND state = 'pending')";
    if next_at_ms.is_none() {
        sql.exec(unasked, &[(&due.webhook).into()])?;
    }
    Ok(None)
}

/// Writes down a try that was no yes. What somebody has ended or asked for anew meanwhile stays as it is.
fn tried(
    context: &Context<'_>,
    due: &Due,
    status: Option<u16>,
    reason: &str,
    next_at_ms: Option<i64>,
) -> Result<(), ApiError> {
    let state = if next_at_ms.is_some() {
        "pending"
    } else {
        "failed"
    };
    let visible = reason.chars().filter(|c| !c.is_control());
    let reason: String = visible.take(REASON_CHARS_MAX).collect();
    let tried = "UPDATE webhook_delivery SET state = ?, attempts = attempts + 1, next_at_ms = ?, tried_at_ms = ?, status = ?, reason = ? WHERE seq = ? AND next_at_ms = ?";
    let values = [
        state.into(),
        next_at_ms.into(),
        context.now_ms.into(),
        status.map(u32::from).into(),
        reason.into(),
        due.seq.into(),
        due.leased_until_ms.into(),
    ];
    context.sql.exec(tried, &values)?;
    Ok(())
}

/// Switches a webhook off: a change of the organization like any other, by nobody.
fn switch_off(
    context: &Context<'_>,
    webhook: &str,
    because: &str,
) -> Result<Option<i64>, ApiError> {
    let select = "SELECT id FROM webhook WHERE id = ? AND disabled_at_ms IS NULL";
    if context.sql.one(select, &[webhook.into()])?.is_none() {
        return Ok(None);
    }
    let epoch = store::next_epoch(context)?;
    let off = "UPDATE webhook SET disabled_at_ms = ?, disabled_because = ?, epoch = ? WHERE id = ?";
    let values = [
        context.now_ms.into(),
        because.into(),
        epoch.into(),
        webhook.into(),
    ];
    context.sql.exec(off, &values)?;
    context.sql.exec(GIVE_UP, &[webhook.into()])?;
    audit::delivered(context)?;
    Ok(Some(epoch))
}

/// The wait after so many tries, in milliseconds; `None` after the last one.
fn wait_ms(
    context: &Context<'_>,
    attempts: i64,
    retry_after_s: Option<u32>,
) -> Result<Option<i64>, ApiError> {
    let tried = usize::try_from(attempts).unwrap_or(usize::MAX);
    let Some(wait_s) = WAITS_S.get(tried.saturating_sub(1)) else {
        return Ok(None);
    };
    let asked_s = retry_after_s.unwrap_or(0).min(RETRY_AFTER_S_MAX);
    let wait_ms = i64::from(asked_s).max(*wait_s).saturating_mul(1_000);
    let [random] = context.random.bytes::<1>()?;
    let jitter_ms = (wait_ms / JITTER_PARTS).saturating_mul(random.into());
    Ok(Some(wait_ms.saturating_add(jitter_ms)))
}

/// When something is due next, in Unix milliseconds.
pub(crate) fn next_at_ms(sql: &dyn Sql) -> Result<Option<i64>, ApiError> {
    let first =
        "SELECT MIN(next_at_ms) AS first FROM webhook_delivery WHERE next_at_ms IS NOT NULL";
    let row = sql.one(first, &[])?;
    Ok(row.map_or(Ok(None), |row| row.optional_integer("first"))?)
}

/// When something is due next, or the oldest event has been kept long enough.
pub(in crate::organization) fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
    let oldest = "SELECT MIN(at_ms) AS oldest FROM webhook_event";
    let row = context.sql.one(oldest, &[])?;
    let oldest = row.map_or(Ok(None), |row| row.optional_integer("oldest"))?;
    let expires = oldest.map(|at_ms| at_ms.saturating_add(KEPT_MS));
    Ok(next_at_ms(context.sql)?.into_iter().chain(expires).min())
}

/// Removes events that were kept long enough.
pub(in crate::organization) fn prune(context: &Context<'_>) -> Result<(), ApiError> {
    let gone_ms = context.now_ms.saturating_sub(KEPT_MS);
    let old = "SELECT id FROM webhook_event WHERE at_ms <= ? ORDER BY at_ms LIMIT ?";
    for row in context
        .sql
        .exec(old, &[gone_ms.into(), PRUNED_MAX.into()])?
    {
        let event = || row.text("id").map(Into::into);
        let deliveries = "DELETE FROM webhook_delivery WHERE event = ?";
        context.sql.exec(deliveries, &[event()?])?;
        let event_row = "DELETE FROM webhook_event WHERE id = ?";
        context.sql.exec(event_row, &[event()?])?;
    }
    Ok(())
}
