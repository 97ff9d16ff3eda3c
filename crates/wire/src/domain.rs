//! Bodies of the routes about domains by which people come in. Times are Unix milliseconds.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::OrganizationReference;

/// POST `/v1/organizations/{org}/domains`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainRequest {
    /// The part after the @ of its people's addresses.
    pub domain: String,
    /// Id of the role with which they come in.
    pub role: String,
    /// Whether they come in when they sign in, without asking for it; else they join by themselves.
    #[serde(default)]
    pub automatic: bool,
}

/// PATCH `/v1/organizations/{org}/domains/{domain}`. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainChangeRequest {
    /// Id of the role with which its people come in from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Whether they come in when they sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic: Option<bool>,
}

/// GET `/v1/organizations/{org}/domains`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainsView {
    /// The domains, the oldest claim first.
    pub domains: Vec<DomainView>,
}

/// A domain that an organization has claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainView {
    /// The claim's id.
    pub id: String,
    /// The domain in its normal form: A-labels in lower case.
    pub domain: String,
    /// Id of the role with which its people come in.
    pub role: String,
    /// That role's name.
    pub role_name: String,
    /// Whether they come in when they sign in, without asking for it.
    pub automatic: bool,
    /// `claimed`, `proven`, or `lapsed`: the record was not seen for too long.
    pub status: String,
    /// What proves it.
    pub record: DomainRecordView,
    /// Whether anybody comes in by it now: it is proven, and who saved it may still hand out the role.
    pub admits: bool,
    /// When it was claimed.
    pub claimed_at_ms: i64,
    /// Id of the principal on whose word people come in.
    pub saved_by: String,
    /// Until when the proof counts when the record is not seen again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_until_ms: Option<i64>,
    /// The epoch of its last change.
    pub epoch: i64,
}

/// A DNS record that proves a domain as long as it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainRecordView {
    /// The record's name.
    pub name: String,
    /// `TXT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its whole text.
    pub value: String,
}

/// GET `/v1/me/joinable`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinableView {
    /// The organizations that one may join by the domain of one's address.
    pub organizations: Vec<JoinableOrganizationView>,
}

/// An organization that one may join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinableOrganizationView {
    /// The organization.
    pub organization: OrganizationReference,
    /// The domain by which one may.
    pub domain: String,
    /// Id of the role with which one comes in.
    pub role: String,
    /// That role's name.
    pub role_name: String,
}
