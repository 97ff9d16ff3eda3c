//! An organization as a file: what it is made of, without what identifies, proves or hides anything.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{
    ConditionDocument, EffectName, OrganizationView, PolicyReference, SettingValue, unique_map,
};

/// The form that [`ExportedOrganization`] has.
pub const EXPORT_FORMAT: u32 = 1;
/// Largest file that a deployment takes, in bytes: a few times that, as it is read, fits into a Worker's memory.
pub const IMPORT_BYTES_MAX: usize = 4_194_304;
/// The most members of such a file.
pub const IMPORT_MEMBERS_MAX: usize = 10_000;

/// An organization as a file. Nodes and own roles are named by what they are and their place in it (`workspace/1`,
/// `project/2`, `role/1`), people by their addresses; so what is made alike is written alike, byte by byte.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportedOrganization {
    /// The form, [`EXPORT_FORMAT`].
    pub format: u32,
    /// The policy that the roles are of.
    pub policy: PolicyReference,
    /// The organization's name.
    pub name: String,
    /// How long tokens may live in it, in seconds; as long as they like, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_lifetime_max_s: Option<i64>,
    /// Whether whoever manages the members of a workspace invites from there; absent when not.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub workspace_admins_invite: bool,
    /// Its own roles, the oldest first.
    pub roles: Vec<ExportedRole>,
    /// Its own rules in an order in which they can be made: what allows first, then the oldest first, and last what binds who holds everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ExportedRule>,
    /// Its workspaces, the oldest first.
    pub workspaces: Vec<ExportedNode>,
    /// Its projects, the oldest first.
    pub projects: Vec<ExportedNode>,
    /// Its members with an address of their own, by their addresses.
    pub members: Vec<ExportedMember>,
    /// How many members are left out: they have none, or share one with somebody who joined before.
    pub members_left_out: usize,
    /// Its access groups, the oldest first.
    pub groups: Vec<ExportedGroup>,
    /// Its service accounts without their keys, the oldest first.
    pub service_accounts: Vec<ExportedAccount>,
    /// Its settings that have no secret, by their names.
    #[serde(deserialize_with = "unique_map::deserialize")]
    pub settings: BTreeMap<String, ExportedSetting>,
}

/// A role of the organization's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportedRole {
    /// How this file names it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Id of the policy's role that it starts from.
    pub base: String,
    /// Permission ids that it holds beside those of the base.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// Permission ids of the base that it does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

/// A rule of the organization's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportedRule {
    /// What it does.
    pub effect: EffectName,
    /// Ids of roles of the policy, or keys of own ones; every member, when absent.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "crate::document::some_roles"
    )]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub roles: Vec<String>,
    /// Permission ids.
    pub permissions: Vec<String>,
    /// Conditions that must all hold; always, when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<ConditionDocument>,
    /// The sentence shown when it denies.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
}

/// A workspace or a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportedNode {
    /// How this file names it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The workspace that a project lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Address of who owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Whether it is archived.
    pub archived: bool,
    /// A workspace's settings that have no secret, by their names.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "unique_map::deserialize"
    )]
    pub settings: BTreeMap<String, ExportedSetting>,
}

/// A role on a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportedGrant {
    /// The workspace or project; the organization itself, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Id of a role of the policy, or the key of an own one.
    pub role: String,
    /// First moment at which it counts, in Unix milliseconds; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<i64>,
    /// First moment at which it no longer counts; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<i64>,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportedMember {
    /// The verified address.
    pub email: String,
    /// Whether the member is suspended.
    pub suspended: bool,
    /// What the member was granted, the organization itself first.
    pub grants: Vec<ExportedGrant>,
}

/// An access group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportedGroup {
    /// Its name.
    pub name: String,
    /// The workspace whose group it is; the organization's, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Addresses of its members, in order.
    pub members: Vec<String>,
    /// What it was granted.
    pub grants: Vec<ExportedGrant>,
}

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportedAccount {
    /// Its name.
    pub name: String,
    /// What it was granted.
    pub grants: Vec<ExportedGrant>,
}

/// A setting without a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportedSetting {
    /// What it is.
    pub value: SettingValue,
    /// Whether it is the current one of the databases in its place.
    pub current: bool,
}

/// The answer to an import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportedView {
    /// The new organization.
    pub organization: OrganizationView,
    /// How many of the file's members are invited. Nobody is told before an invitation is sent.
    pub invitations: usize,
    /// The first of what the file has and the organization and its invitations do not.
    pub left_out: Vec<LeftOutView>,
    /// How much that is in all.
    pub left_out_total: usize,
}

/// Something in the file that became of nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutView {
    /// Where it is in the file, as a JSON Pointer.
    pub at: String,
    /// Why, as a problem's code.
    pub code: String,
    /// Why, as a sentence.
    pub detail: String,
}

/// What a program says of a problem document (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ProblemText {
    /// The stable code.
    pub code: String,
    /// The sentence for this occurrence.
    pub detail: String,
    /// Where in what was sent, as a JSON Pointer.
    #[serde(default)]
    pub at: Option<String>,
}
