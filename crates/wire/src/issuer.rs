//! Bodies of the routes about an organization's own issuers. Times are Unix milliseconds.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::directory::present;

/// POST `/v1/organizations/{org}/issuers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerRequest {
    /// Issuer, audiences, algorithms and keys, as a record of the deployment's own issuers has them.
    pub record: Value,
    /// Id of the role on the organization with which people come in at first sight; nobody does when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// PATCH `/v1/organizations/{org}/issuers/{issuer}`. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerChangeRequest {
    /// The whole record, with the same `issuer` and `subject_claim`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Value>,
    /// The role with which people come in from now on; `null`: none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub role: Option<Option<String>>,
    /// Whether its tokens count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// GET `/v1/organizations/{org}/issuers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuersView {
    /// The issuers, the oldest first.
    pub issuers: Vec<IssuerView>,
}

/// An organization's own issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerView {
    /// Its id.
    pub id: String,
    /// Its record, with what was left out spelled out.
    pub record: Value,
    /// Id of the role with which people come in at first sight.
    pub role: Option<String>,
    /// Whether they do: who saved the issuer must still be allowed to give that role.
    pub admits: bool,
    /// Whether its tokens count.
    pub active: bool,
    /// How many members it vouches for.
    pub members: i64,
    /// Id of who registered it.
    pub created_by: String,
    /// When that was.
    pub created_at_ms: i64,
    /// Id of who said last what its record and role are.
    pub saved_by: String,
    /// The epoch of its last change; in quotes it is the entity tag for `If-Match`.
    pub epoch: i64,
}
