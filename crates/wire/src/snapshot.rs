//! A snapshot: what the page and the edge evaluate on. One principal in one organization.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use lockstep_core::{Grant, Node, Record, TokenLimit, Window};
use serde::{Deserialize, Serialize};

use crate::gate_policy::level;
use crate::{CompiledPolicy, LevelName, Tree, nesting};

/// The only format this release reads and writes.
pub const SNAPSHOT_FORMAT: u32 = 1;

/// What one principal was granted in one organization, as of one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The nodes the principal may know of, each after its parent.
    pub nodes: Vec<NodeRecord>,
    /// The grants.
    pub grants: Vec<GrantRecord>,
    /// Set when the principal acts through a token that is narrower than itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenRecord>,
}

/// A policy, by name and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyReference {
    /// Short name.
    pub id: String,
    /// SHA-256 of the compact JSON document, in lower-case hex.
    pub digest: String,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: LevelName,
    /// Id of the node it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Whether the principal owns it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub owned: bool,
}

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRecord {
    /// Role id.
    pub role: String,
    /// Node id.
    pub node: String,
    /// First millisecond at which it counts, in Unix time; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<u64>,
    /// First millisecond at which it no longer counts, in Unix time; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<u64>,
}

/// What a token narrows its principal to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// Permission ids it may use; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// Node on which, and below which, it may act; everywhere when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

/// Why a snapshot cannot be used. Whoever meets it denies everything and says so.
#[derive(Debug)]
pub enum SnapshotError {
    /// It is not a snapshot.
    Json(serde_json::Error),
    /// What the browser parsed is not a snapshot.
    Tree,
    /// It was written by a release with another format.
    OtherFormat(u32),
    /// It was made under another policy, or another version of it.
    OtherPolicy,
    /// Its nodes do not form a hierarchy.
    Record(lockstep_core::RecordError),
}

impl SnapshotError {
    /// The error's stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(_) | Self::Record(_) | Self::Tree => "snapshot-unreadable",
            Self::OtherFormat(_) => "snapshot-other-format",
            Self::OtherPolicy => "snapshot-other-policy",
        }
    }
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "not a snapshot: {error}"),
            Self::Tree => f.write_str("not a snapshot"),
            Self::OtherFormat(format) => {
                write!(
                    f,
                    "the snapshot has format {format}, but only {SNAPSHOT_FORMAT} is known"
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

    /// Reads a snapshot that the browser has parsed; it is checked with [`Self::check`] afterwards.
    #[must_use]
    pub fn read_tree(tree: &Tree<'_>) -> Option<Self> {
        let text = |tree: &Tree<'_>, name: &str| Some(tree.member(name)?.text()?.to_owned());
        let policy = tree.member("policy")?;
        let optional_text = |tree: &Tree<'_>, name: &str| match tree.optional(name) {
            Some(value) => value.text().map(|text| Some(text.to_owned())),
            None => Some(None),
        };
        let optional_time = |tree: &Tree<'_>, name: &str| match tree.optional(name) {
            Some(value) => value.unsigned().map(Some),
            None => Some(None),
        };
        Some(Self {
            format: u32::try_from(tree.member("format")?.unsigned()?).ok()?,
            policy: PolicyReference {
                id: text(policy, "id")?,
                digest: text(policy, "digest")?,
            },
            organization: text(tree, "organization")?,
            principal: text(tree, "principal")?,
            epoch: tree.member("epoch")?.unsigned()?,
            server_time_ms: tree.member("server_time_ms")?.unsigned()?,
            nodes: tree.member("nodes")?.list(|node| {
                Some(NodeRecord {
                    id: text(node, "id")?,
                    level: level(node)?.into(),
                    parent: optional_text(node, "parent")?,
                    owned: node.flag("owned"),
                })
            })?,
            grants: tree.member("grants")?.list(|grant| {
                Some(GrantRecord {
                    role: text(grant, "role")?,
                    node: text(grant, "node")?,
                    not_before_ms: optional_time(grant, "not_before_ms")?,
                    expires_at_ms: optional_time(grant, "expires_at_ms")?,
                })
            })?,
            token: match tree.optional("token") {
                None => None,
                Some(token) => Some(TokenRecord {
                    permissions: match token.optional("permissions") {
                        None => None,
                        Some(list) => Some(list.list(|id| Some(id.text()?.to_owned()))?),
                    },
                    node: optional_text(token, "node")?,
                }),
            },
        })
    }

    /// Whether the snapshot has this format and was made under the policy of that digest.
    ///
    /// # Errors
    /// When it has not, or was not.
    pub fn check(&self, digest: &str) -> Result<(), SnapshotError> {
        if self.format != SNAPSHOT_FORMAT {
            return Err(SnapshotError::OtherFormat(self.format));
        }
        if self.policy.digest != digest {
            return Err(SnapshotError::OtherPolicy);
        }
        let root = self.nodes.first().map(|node| &node.id);
        if root != Some(&self.organization) {
            return Err(SnapshotError::Record(
                lockstep_core::RecordError::NoOrganization,
            ));
        }
        Ok(())
    }

    /// What the evaluator needs of it.
    #[must_use]
    pub fn record(&self) -> Record {
        Record {
            principal: self.principal.clone(),
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
        }
    }
}

impl From<&TokenRecord> for TokenLimit {
    fn from(token: &TokenRecord) -> Self {
        Self {
            permissions: token.permissions.clone(),
            node: token.node.clone(),
        }
    }
}
