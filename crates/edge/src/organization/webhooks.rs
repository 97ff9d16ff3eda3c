//! Webhooks: addresses that are told of what happens in the organization, signed as Standard Webhooks 1.0.0 has it.
//!
//! An event is written in the transaction of the change, for every change that the audit log has, without a command's doing ([`event`]); the object's alarm sends it ([`delivery`]).

mod delivery;
mod event;
mod signature;

use lockstep_core::Operation;
use lockstep_token::uri::PublicUri;
use lockstep_wire::{
    AuditFields, AuditValue, WebhookChangeRequest, WebhookDeliveryView, WebhookView, WebhooksView,
};
use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(crate) use delivery::next_at_ms;
pub(super) use delivery::{deliver, prune, wake_at_ms};
pub use event::TYPES;
pub(super) use event::record;
pub(crate) use signature::PREFIX as SECRET_PREFIX;
pub use signature::secret;

use super::{
    acting::{Acting, FreshActing},
    reach,
};
use crate::{
    config::Config,
    objects::Reply,
    paging::{NEWEST, Range},
    problem::{ApiError, Code},
    sql::{Row, SqlError},
};

/// Webhooks of one organization.
const WEBHOOKS_MAX: i64 = 10;
/// Why a webhook is inactive, when somebody said so.
const SWITCHED_OFF: &str = "switched-off";

/// What a member may change about webhooks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookChange {
    /// Registers one; answers `Written` with `WebhookView`.
    Create {
        /// Its id.
        webhook: String,
        /// What people call it.
        name: String,
        /// Where events are sent.
        url: String,
        /// Types of events; every one when absent.
        events: Option<Vec<String>>,
        /// What its secret is derived from.
        nonce: String,
    },
    /// Deletes one, with all that was to be sent; answers `Written`.
    Delete {
        /// Its id.
        webhook: String,
    },
    /// Has an event sent again; answers `Written` with `WebhookDeliveryView`.
    Replay {
        /// The webhook.
        webhook: String,
        /// The event.
        event: String,
    },
    /// Gives it another secret; answers `Written` with `WebhookView`.
    Rotate {
        /// Its id.
        webhook: String,
        /// What the new secret is derived from.
        nonce: String,
        /// How long events are signed with the old one, too, in seconds.
        overlap_s: i64,
    },
    /// Changes one; answers `Written` with `WebhookView`.
    Update {
        /// Its id.
        webhook: String,
        /// What changes.
        change: WebhookChangeRequest,
    },
}

/// What a member may ask about webhooks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookQuestion {
    /// What was and will be sent to one of them, the newest first; answers a slice of `WebhookDeliveryView`.
    Deliveries {
        /// Its id.
        webhook: String,
        /// Which of them.
        range: Range<i64>,
    },
    /// All of them; answers `WebhooksView`.
    List,
    /// One of them; answers `WebhookView`.
    Read {
        /// Its id.
        webhook: String,
    },
}

/// A webhook's row.
struct Stored {
    view: WebhookView,
    nonce: String,
}

const COLUMNS: &str = "SELECT id, name, url, events, nonce, previous_until_ms, created_by, created_at_ms, disabled_at_ms, disabled_because, failing_since_ms, epoch FROM webhook";
const DELIVERIES: &str = "SELECT webhook_delivery.seq AS place, event, type, at_ms, state, attempts, next_at_ms, tried_at_ms, status, reason
    FROM webhook_delivery JOIN webhook_event ON webhook_event.id = webhook_delivery.event WHERE webhook = ?";

impl WebhookChange {
    /// The webhook that it edits.
    pub(super) fn edits(&self) -> Option<&str> {
        match self {
            Self::Delete { webhook } | Self::Rotate { webhook, .. } => Some(webhook),
            Self::Update { webhook, .. } => Some(webhook),
            Self::Create { .. } | Self::Replay { .. } => None,
        }
    }

    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Create {
                webhook,
                name,
                url,
                events,
                nonce,
            } => create(acting, webhook, [name, url, nonce], events.as_deref()),
            Self::Delete { webhook } => delete(acting, webhook),
            Self::Replay { webhook, event } => replay(acting, webhook, event),
            Self::Rotate {
                webhook,
                nonce,
                overlap_s,
            } => rotate(acting, webhook, nonce, *overlap_s),
            Self::Update { webhook, change } => update(acting, webhook, change),
        }
    }
}

impl WebhookQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        acting.permit(Operation::WebhookRead, acting.access.root())?;
        match self {
            Self::Deliveries { webhook, range } => deliveries(acting, webhook, range),
            Self::List => {
                let rows = acting.rows(&format!("{COLUMNS} ORDER BY created_at_ms, rowid"), &[])?;
                let views = rows.iter().map(|row| Ok(read(row)?.view));
                Reply::of(&WebhooksView {
                    webhooks: views.collect::<Result<_, ApiError>>()?,
                })
            }
            Self::Read { webhook } => Reply::of(&find(acting, webhook)?.view),
        }
    }
}

fn find(acting: &Acting<'_>, id: &str) -> Result<Stored, ApiError> {
    let row = acting.row(&format!("{COLUMNS} WHERE id = ?"), &[id.into()])?;
    read(&row.ok_or_else(ApiError::not_found)?)
}

fn read(row: &Row) -> Result<Stored, ApiError> {
    let text = |name: &str| -> Result<Option<String>, SqlError> {
        Ok(row.optional_text(name)?.map(str::to_owned))
    };
    let disabled_at_ms = row.optional_integer("disabled_at_ms")?;
    let view = WebhookView {
        id: row.text("id")?.to_owned(),
        name: row.text("name")?.to_owned(),
        url: row.text("url")?.to_owned(),
        events: text("events")?.map(|list| wanted(&list)).transpose()?,
        active: disabled_at_ms.is_none(),
        inactive_because: text("disabled_because")?,
        failing_since_ms: row.optional_integer("failing_since_ms")?,
        previous_until_ms: row.optional_integer("previous_until_ms")?,
        created_by: row.text("created_by")?.to_owned(),
        created_at_ms: row.integer("created_at_ms")?,
        epoch: row.integer("epoch")?,
    };
    let nonce = row.text("nonce")?.to_owned();
    Ok(Stored { view, nonce })
}

/// The types of events in a row.
fn wanted(list: &str) -> Result<Vec<String>, ApiError> {
    serde_json::from_slice(list.as_bytes())
        .map_err(|error| ApiError::internal(format!("types of events cannot be read: {error}")))
}

fn create(
    acting: &FreshActing<'_>,
    id: &str,
    [name, url, nonce]: [&str; 3],
    events: Option<&[String]>,
) -> Result<Reply, ApiError> {
    let permitted = acting.permit_on_others(Operation::WebhookManage)?;
    let select = "SELECT COUNT(*) AS count FROM webhook";
    if acting.count(select, &[])? >= WEBHOOKS_MAX {
        let detail = format!("An organization may have {WEBHOOKS_MAX} webhooks.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    let (url, events) = (address(acting.config(), url)?, checked(events)?);
    let change = acting.change(permitted)?;
    let insert = "INSERT INTO webhook (id, name, url, events, nonce, created_by, created_at_ms, epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let values = [
        id.into(),
        name.into(),
        url.into(),
        events.into(),
        nonce.into(),
        acting.principal().into(),
        acting.now_ms().into(),
        change.epoch.into(),
    ];
    change.exec(insert, &values)?;
    let view = find(acting, id)?.view;
    change.finish(view)
}

fn update(
    acting: &FreshActing<'_>,
    id: &str,
    asked: &WebhookChangeRequest,
) -> Result<Reply, ApiError> {
    let permitted = acting.permit_on_others(Operation::WebhookManage)?;
    let before = find(acting, id)?.view;
    let WebhookView {
        name,
        url,
        events,
        active,
        ..
    } = before.clone();
    let url = match &asked.url {
        Some(url) => address(acting.config(), url)?,
        None => url,
    };
    let events = asked.events.clone().unwrap_or(events);
    let is_active = asked.active.unwrap_or(active);
    let name = asked.name.as_deref().unwrap_or(&name);
    let sent = checked(events.as_deref())?;
    let is_so = name == before.name && url == before.url && is_active == before.active;
    if is_so && sent == checked(before.events.as_deref())? {
        return acting.unchanged(before);
    }
    let change = acting.change(permitted)?;
    // Who switches it on, or sends it elsewhere, gives it a new beginning.
    let set = "UPDATE webhook SET name = ?, url = ?, events = ?, epoch = ?,
        failing_since_ms = CASE WHEN ? AND (disabled_at_ms IS NOT NULL OR url IS NOT ?) THEN NULL ELSE failing_since_ms END,
        disabled_at_ms = CASE WHEN ? THEN NULL ELSE COALESCE(disabled_at_ms, ?) END,
        disabled_because = CASE WHEN ? THEN NULL ELSE COALESCE(disabled_because, ?) END WHERE id = ?";
    let values = [
        name.into(),
        url.as_str().into(),
        sent.into(),
        change.epoch.into(),
        is_active.into(),
        url.as_str().into(),
        is_active.into(),
        acting.now_ms().into(),
        is_active.into(),
        SWITCHED_OFF.into(),
        id.into(),
    ];
    change.exec(set, &values)?;
    if !is_active {
        change.exec(delivery::GIVE_UP, &[id.into()])?;
    }
    let view = find(acting, id)?.view;
    change.finish(view)
}

fn rotate(
    acting: &FreshActing<'_>,
    id: &str,
    nonce: &str,
    overlap_s: i64,
) -> Result<Reply, ApiError> {
    let permitted = acting.permit_on_others(Operation::WebhookManage)?;
    let before = find(acting, id)?.nonce;
    let change = acting.change(permitted)?;
    let set = "UPDATE webhook SET nonce = ?, previous_nonce = ?, previous_until_ms = ?, epoch = ? WHERE id = ?";
    let overlap_ms = overlap_s.saturating_mul(1_000);
    let until_ms = acting.now_ms().saturating_add(overlap_ms);
    let values = [
        nonce.into(),
        before.into(),
        until_ms.into(),
        change.epoch.into(),
        id.into(),
    ];
    change.exec(set, &values)?;
    let view = find(acting, id)?.view;
    change.finish(view)
}

fn delete(acting: &FreshActing<'_>, id: &str) -> Result<Reply, ApiError> {
    let permitted = acting.permit_to_end(Operation::WebhookManage)?;
    find(acting, id)?;
    let change = acting.change(permitted)?;
    change.exec(
        "DELETE FROM webhook_delivery WHERE webhook = ?",
        &[id.into()],
    )?;
    change.exec("DELETE FROM webhook WHERE id = ?", &[id.into()])?;
    change.finish(())
}

fn replay(acting: &FreshActing<'_>, id: &str, event: &str) -> Result<Reply, ApiError> {
    let permitted = acting.permit_on_others(Operation::WebhookManage)?;
    let webhook = find(acting, id)?.view;
    let delivery = |acting: &Acting<'_>| {
        let select = format!("{DELIVERIES} AND event = ?");
        let row = acting.row(&select, &[id.into(), event.into()])?;
        delivery_view(&row.ok_or_else(ApiError::not_found)?)
    };
    delivery(acting)?;
    if !webhook.active {
        let detail = "The webhook is inactive. Switch it on first.";
        return Err(ApiError::new(Code::Conflict, detail));
    }
    let change = acting.change(permitted)?;
    let again = "UPDATE webhook_delivery SET state = 'pending', attempts = 0, next_at_ms = ? WHERE webhook = ? AND event = ?";
    let values = [acting.now_ms().into(), id.into(), event.into()];
    change.exec(again, &values)?;
    // What follows from events is not watched, and this is somebody's doing.
    let text = |(name, value): (&str, &str)| (name.to_owned(), AuditValue::Text(value.to_owned()));
    let noted = [("webhook", id), ("event", event)].map(text);
    change.note("webhook_delivery", AuditFields(noted.into_iter().collect()))?;
    let view = delivery(acting)?;
    change.finish(view)
}

fn deliveries(acting: &Acting<'_>, id: &str, range: &Range<i64>) -> Result<Reply, ApiError> {
    find(acting, id)?;
    let select = format!(
        "{DELIVERIES} AND webhook_delivery.seq < ? ORDER BY webhook_delivery.seq DESC LIMIT ?"
    );
    let before = range.after.unwrap_or(NEWEST);
    let rows = acting.rows(&select, &[id.into(), before.into(), range.rows().into()])?;
    let position = |row: &Row| Ok::<_, ApiError>(row.integer("place")?);
    let seen = |row: &Row| Ok(Some(delivery_view(row)?));
    Reply::of(&range.fill(&rows, position, seen)?)
}

fn delivery_view(row: &Row) -> Result<WebhookDeliveryView, ApiError> {
    Ok(WebhookDeliveryView {
        event: row.text("event")?.to_owned(),
        kind: row.text("type")?.to_owned(),
        at_ms: row.integer("at_ms")?,
        state: row.text("state")?.to_owned(),
        attempts: row.integer("attempts")?,
        next_at_ms: row.optional_integer("next_at_ms")?,
        tried_at_ms: row.optional_integer("tried_at_ms")?,
        status: row.optional_integer("status")?,
        reason: row.optional_text("reason")?.map(str::to_owned),
    })
}

/// An address of the public network, as keys are fetched from.
fn address(config: &Config, url: &str) -> Result<String, ApiError> {
    let url = PublicUri::parse(url, reach(config)).map_err(|error| {
        let detail = format!("`url` {error}.");
        ApiError::new(Code::InvalidValue, detail)
    })?;
    Ok(url.as_str().to_owned())
}

/// Types of events as they are stored: known ones, each once.
fn checked(events: Option<&[String]>) -> Result<Option<String>, ApiError> {
    let Some(events) = events else {
        return Ok(None);
    };
    let refused = |detail: String| Err(ApiError::new(Code::InvalidValue, detail));
    if events.is_empty() {
        return refused("`events` names at least one type, or is absent.".to_owned());
    }
    if let Some(unknown) = events.iter().find(|one| !TYPES.contains(&one.as_str())) {
        return refused(format!("There are no events of type `{unknown}`."));
    }
    let mut events = events.to_vec();
    events.sort_unstable();
    events.dedup();
    let list = serde_json::to_string(&events)
        .map_err(|error| ApiError::internal(format!("types cannot be written: {error}")))?;
    Ok(Some(list))
}
