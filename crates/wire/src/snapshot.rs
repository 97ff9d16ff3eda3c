//! A snapshot: what the page and the edge evaluate on. One principal in one organization.

mod binary;
mod held;
mod nodes;
#[cfg(test)]
mod tests;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use lockstep_core::{
    CustomRole, Customization, Grant, Node, PrincipalKind, Record, RecordError, TokenLimit, Window,
};
use serde::{Deserialize, Serialize};

use crate::{CompiledPolicy, LevelName, RuleDocument, nesting};

pub use held::Held;

/// The format of the JSON form that this release writes.
pub const SNAPSHOT_FORMAT: u32 = 3;
/// The first format that it still reads: without kind, plan, custom roles, rules, groups and windows of
/// tokens, all of which may be absent. Up to format 2 each node is an entry of its own.
const OLDEST_FORMAT: u32 = 1;

/// What one principal was granted in one organization, as of one epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Snapshot {
    /// Version of this format.
    pub format: u32,
    /// The policy it was made under.
    pub policy: PolicyReference,
    /// Organization id.
    pub organization: String,
    /// Principal id.
    pub principal: String,
    /// The organization's epoch when the principal last changed.
    pub epoch: u64,
    /// The server's clock when it was sent, in Unix milliseconds; the page adds the difference to
    /// its own clock.
    pub server_time_ms: u64,
    /// What kind of principal it is.
    #[serde(default, skip_serializing_if = "KindName::is_user")]
    pub kind: KindName,
    /// Ids of the features that the organization's plan has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<String>,
    /// The roles that the organization added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<CustomRoleRecord>,
    /// The rules that the organization added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleDocument>,
    /// The nodes the principal may know of, each after its parent.
    #[serde(with = "nodes")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<nodes::Entry<'static>>"))]
    pub nodes: Vec<NodeRecord>,
    /// The grants.
    pub grants: Vec<GrantRecord>,
    /// Set when the principal acts through a token that is narrower than itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenRecord>,
}

/// What kind of principal it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum KindName {
    /// A person.
    #[default]
    User,
    /// A program with roles of its own.
    ServiceAccount,
}

impl KindName {
    /// Its name in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ServiceAccount => "service-account",
        }
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    pub(crate) const fn is_user(&self) -> bool {
        matches!(self, Self::User)
    }
}

/// A role that the organization made of another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CustomRoleRecord {
    /// Id by which grants name it.
    pub id: String,
    /// Name shown to people.
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

/// A policy, by name and content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyReference {
    /// Short name.
    pub id: String,
    /// SHA-256 of the compact JSON document, in lower-case hex.
    pub digest: String,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRecord {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: LevelName,
    /// Id of the node it lies in.
    pub parent: Option<String>,
    /// Whether the principal owns it.
    pub owned: bool,
}

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GrantRecord {
    /// Role id.
    pub role: String,
    /// Node id.
    pub node: String,
    /// Id of the access group through which the principal has it; one of its own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// First millisecond at which it counts, in Unix time; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<u64>,
    /// First millisecond at which it no longer counts, in Unix time; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<u64>,
}

/// What a token narrows its principal to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TokenRecord {
    /// Permission ids it may use; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// Node on which, and below which, it may act; everywhere when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// First millisecond at which it may act, in Unix time; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<u64>,
    /// First millisecond at which it no longer may, in Unix time; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<u64>,
}

/// Why a snapshot cannot be used. Whoever meets it denies everything and says so.
#[derive(Debug)]
pub enum SnapshotError {
    /// It is not a snapshot.
    Json(serde_json::Error),
    /// The bytes are damaged, or what the browser parsed is not a snapshot.
    Damaged,
    /// It was written by a release with another format.
    OtherFormat(u64),
    /// It was made under another policy, or another version of it.
    OtherPolicy,
    /// Its nodes do not form a hierarchy.
    Record(RecordError),
}

impl SnapshotError {
    /// The error's stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Damaged | Self::Json(_) | Self::Record(_) => "snapshot-unreadable",
            Self::OtherFormat(_) => "snapshot-other-format",
            Self::OtherPolicy => "snapshot-other-policy",
        }
    }
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "not a snapshot: {error}"),
            Self::Damaged => f.write_str("not a snapshot"),
            Self::OtherFormat(format) => {
                write!(
                    f,
                    "the snapshot has format {format}, but only {OLDEST_FORMAT} to {SNAPSHOT_FORMAT} are known"
                )
            }
            Self::OtherPolicy => f.write_str("the snapshot was made under another policy"),
            Self::Record(error) => write!(f, "the snapshot's nodes: {error}"),
        }
    }
}

impl core::error::Error for SnapshotError {}

impl Snapshot {
    /// Reads `text`, which must have been written in this format under `policy`.
    ///
    /// # Errors
    /// When it was not.
    pub fn read(text: &[u8], policy: &CompiledPolicy) -> Result<Self, SnapshotError> {
        // serde_json does not look closely at members that it does not know.
        let snapshot: Self = core::str::from_utf8(text)
            .map_err(serde::de::Error::custom)
            .and_then(|text| {
                nesting::check(text).map_err(|error| serde::de::Error::custom(error.message))
            })
            .and_then(|()| serde_json::from_slice(text))
            .map_err(SnapshotError::Json)?;
        snapshot.check(&policy.digest)?;
        Ok(snapshot)
    }

    /// Whether the snapshot has this format and was made under the policy of that digest.
    ///
    /// # Errors
    /// When it has not, or was not.
    pub fn check(&self, digest: &str) -> Result<(), SnapshotError> {
        if !(OLDEST_FORMAT..=SNAPSHOT_FORMAT).contains(&self.format) {
            return Err(SnapshotError::OtherFormat(self.format.into()));
        }
        if self.policy.digest != digest {
            return Err(SnapshotError::OtherPolicy);
        }
        let root = self.nodes.first().map(|node| &node.id);
        if root != Some(&self.organization) {
            return Err(SnapshotError::Record(RecordError::NoOrganization));
        }
        Ok(())
    }

    /// What the evaluator needs of it.
    #[must_use]
    pub fn record(&self) -> Record {
        Record {
            principal: self.principal.clone(),
            kind: self.kind.into(),
            plan: self.plan.clone(),
            customization: Customization {
                roles: self.roles.iter().map(Into::into).collect(),
                rules: self.rules.iter().map(Into::into).collect(),
            },
            nodes: self.nodes.iter().map(Into::into).collect(),
            grants: self.grants.iter().map(Into::into).collect(),
            token: self.token.as_ref().map(Into::into),
        }
    }
}

impl From<&NodeRecord> for Node {
    fn from(node: &NodeRecord) -> Self {
        Self {
            id: node.id.clone(),
            level: node.level.into(),
            parent: node.parent.clone(),
            owned: node.owned,
        }
    }
}

impl From<&GrantRecord> for Grant {
    fn from(grant: &GrantRecord) -> Self {
        let window = Window {
            not_before_ms: grant.not_before_ms,
            expires_at_ms: grant.expires_at_ms,
        };
        Self {
            role: grant.role.clone(),
            node: grant.node.clone(),
            window,
            group: grant.group.clone(),
        }
    }
}

impl From<&TokenRecord> for TokenLimit {
    fn from(token: &TokenRecord) -> Self {
        Self {
            permissions: token.permissions.clone(),
            node: token.node.clone(),
            window: Window {
                not_before_ms: token.not_before_ms,
                expires_at_ms: token.expires_at_ms,
            },
        }
    }
}

impl From<KindName> for PrincipalKind {
    fn from(kind: KindName) -> Self {
        match kind {
            KindName::User => Self::User,
            KindName::ServiceAccount => Self::ServiceAccount,
        }
    }
}

impl From<PrincipalKind> for KindName {
    fn from(kind: PrincipalKind) -> Self {
        match kind {
            PrincipalKind::User => Self::User,
            PrincipalKind::ServiceAccount => Self::ServiceAccount,
        }
    }
}

impl From<&CustomRoleRecord> for CustomRole {
    fn from(role: &CustomRoleRecord) -> Self {
        Self {
            id: role.id.clone(),
            name: role.name.clone(),
            base: role.base.clone(),
            with: role.with.clone(),
            without: role.without.clone(),
        }
    }
}
