//! Bodies of the routes about webhooks. Times are Unix milliseconds.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::directory::present;

/// POST `/v1/organizations/{org}/webhooks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookRequest {
    /// What people call it.
    pub name: String,
    /// Where events are sent: https, a public name.
    pub url: String,
    /// Types of events; every one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
}

/// PATCH `/v1/organizations/{org}/webhooks/{webhook}`. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookChangeRequest {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where events are sent from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Types of events; `null`: every one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub events: Option<Option<Vec<String>>>,
    /// Whether events are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// GET `/v1/organizations/{org}/webhooks`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhooksView {
    /// The webhooks, the oldest first.
    pub webhooks: Vec<WebhookView>,
}

/// An address that is told of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookView {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where events are sent.
    pub url: String,
    /// Types of events; `null`: every one.
    pub events: Option<Vec<String>>,
    /// Whether events are sent.
    pub active: bool,
    /// Why they are not: `switched-off` by somebody, `failing` for too long, or the endpoint is `gone`.
    pub inactive_because: Option<String>,
    /// Since when nothing has been taken although something was sent; absent, too, when all that was to be sent was given up.
    pub failing_since_ms: Option<i64>,
    /// Until when events are signed with the secret before the last rotation, too.
    pub previous_until_ms: Option<i64>,
    /// Id of who registered it.
    pub created_by: String,
    /// When that was.
    pub created_at_ms: i64,
    /// The epoch of its last change; in quotes it is the entity tag for `If-Match`.
    pub epoch: i64,
}

/// An event on its way to a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookDeliveryView {
    /// The event's id, which is sent as `webhook-id`.
    pub event: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub at_ms: i64,
    /// `pending`, `delivered`, or `failed`: nothing is tried any more.
    pub state: String,
    /// How often it was tried since it was last asked for.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at_ms: Option<i64>,
    /// When it was tried last.
    pub tried_at_ms: Option<i64>,
    /// What the endpoint answered then.
    pub status: Option<i64>,
    /// Why that was no yes.
    pub reason: Option<String>,
}
