//! Bodies of the routes about service accounts and their keys. Times are Unix milliseconds.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::GrantRecord;

/// A grant as it is asked for: a role, on the organization itself unless another node is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    /// Role id.
    pub role: String,
    /// Node id; the organization when absent.
    #[serde(default)]
    pub node: Option<String>,
    /// First millisecond at which it counts; open when absent.
    #[serde(default)]
    pub not_before_ms: Option<i64>,
    /// First millisecond at which it no longer counts; open when absent.
    #[serde(default)]
    pub expires_at_ms: Option<i64>,
}

/// POST `/v1/organizations/{org}/service-accounts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountRequest {
    /// Its name, 1 to 100 characters.
    pub name: String,
    /// What it is granted, 1 to 100 grants.
    pub grants: Vec<GrantRequest>,
}

/// PATCH `/v1/organizations/{org}/service-accounts/{account}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountChangeRequest {
    /// Its new name; as it is, when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// All that it is granted from now on; as it is, when absent.
    #[serde(default)]
    pub grants: Option<Vec<GrantRequest>>,
}

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceAccountView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is granted.
    pub grants: Vec<GrantRecord>,
    /// When it was made.
    pub created_at_ms: i64,
    /// How many keys it has.
    pub keys: i64,
    /// The epoch of its last change, which its entity tag is made of.
    #[serde(default)]
    pub epoch: i64,
}

/// POST `/v1/organizations/{org}/service-accounts/{account}/keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceKeyRequest {
    /// Its name, 1 to 100 characters.
    pub name: String,
    /// Permission ids that it may use; all of its account's, when absent.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// Node on which, and below which, it may act; everywhere, when absent.
    #[serde(default)]
    pub node: Option<String>,
    /// How long it lives, in seconds, 60 to 315,360,000; for ever, when absent.
    #[serde(default)]
    pub expires_in_s: Option<i64>,
}

/// GET `/v1/organizations/{org}/service-accounts/{account}/keys`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceKeysView {
    /// The keys, the newest first.
    pub keys: Vec<ServiceKeyView>,
}

/// A key of a service account. Never its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceKeyView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Permission ids that it may use; all of its account's, when absent.
    pub scopes: Option<Vec<String>>,
    /// Node on which, and below which, it may act; everywhere, when absent.
    pub node: Option<String>,
    /// Whether it is switched on.
    pub active: bool,
    /// When it was made.
    pub created_at_ms: i64,
    /// From when on it is over; never, when absent.
    pub expires_at_ms: Option<i64>,
    /// When it was last used, to the hour; never, when absent.
    pub last_used_at_ms: Option<i64>,
    /// Id of who saw its secret.
    pub shown_to: String,
    /// From when on it stops because that person was removed; rotate it before.
    pub stops_at_ms: Option<i64>,
}
