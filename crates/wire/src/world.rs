//! Worlds as they are written: one organization with everybody in it, and questions about it. A world
//! with questions is a test.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

#[cfg(feature = "toml")]
mod messages;

use lockstep_core::{
    CustomRole, Customization, Grant, GroupSpec, Level, Policy, PrincipalSpec, Step, TokenLimit,
    Window, World, WorldError, WorldNode, WorldSpec,
};
use serde::{Deserialize, Serialize};

#[cfg(feature = "toml")]
pub use messages::WithoutEffect;

use crate::{KindName, LevelName, QuestionDocument, RuleDocument, Scalar, table, unique_map};

/// The moment of the questions where a world names none.
const NOW_MS: u64 = 1_764_000_000_000;
/// How a world calls its organization where it does not say.
const ORGANIZATION: &str = "organization";

/// One organization with everybody in it, at one moment, and questions about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WorldDocument {
    /// What it shows, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// The policy of its tests: a file's path ending in `.toml`, from this file's folder; or an id, for
    /// `policies/<id>.toml` in the folder of this file or one above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The moment of the questions, in Unix milliseconds. Defaults to 1764000000000.
    #[serde(default = "now_ms")]
    pub now_ms: u64,
    /// Id of the organization. Defaults to `organization`.
    #[serde(default = "organization")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub organization: String,
    /// Name of the principal who created the organization. Defaults to the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<String>,
    /// Ids of the features that the organization's plan has. Defaults to all of the policy's that take
    /// no roles away, whatever plan is its `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Vec<String>>,
    /// The roles that the organization added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<CustomRoleDocument>,
    /// The rules that the organization added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleDocument>,
    /// Workspaces and projects, each after its parent; without the organization itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<WorldNodeDocument>,
    /// Everybody, in the order in which searches list them.
    pub principals: Vec<PrincipalDocument>,
    /// The access groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupDocument>,
    /// The questions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<QuestionDocument>,
}

/// A role that the organization made of another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomRoleDocument {
    /// Id by which grants name it.
    pub id: String,
    /// Name shown to people. Defaults to the id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
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

/// A workspace or a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WorldNodeDocument {
    /// Its id.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub id: String,
    /// Its level.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["workspace", "project"])))]
    pub level: LevelName,
    /// Id of the node it lies in. Defaults to the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Name of the principal who created it and so owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// A principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PrincipalDocument {
    /// Its id.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub name: String,
    /// What kind of principal it is. Defaults to `user`.
    #[serde(default, skip_serializing_if = "KindName::is_user")]
    pub kind: KindName,
    /// What was granted to it.
    pub grants: Vec<GrantDocument>,
    /// Set when it acts through a token that is narrower than itself.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "table::deserialize::<_, TokenDocument, _>"
    )]
    pub token: Option<TokenDocument>,
    /// What is known about it: the facts `principal.properties.<name>`, which at the edge the caller states.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "unique_map::deserialize"
    )]
    pub properties: BTreeMap<String, Scalar>,
}

/// A role on a node, and on all that lies below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GrantDocument {
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TokenDocument {
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

/// An access group: what is granted to it is granted to its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GroupDocument {
    /// Its id.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub id: String,
    /// Names of its members.
    pub members: Vec<String>,
    /// What was granted to it.
    pub grants: Vec<GrantDocument>,
}

const fn now_ms() -> u64 {
    NOW_MS
}

fn organization() -> String {
    ORGANIZATION.into()
}

impl WorldDocument {
    /// Resolves it under `policy` at `now_ms`, in Unix milliseconds.
    ///
    /// # Errors
    /// The first place where it contradicts itself or passes a limit, as this document calls it.
    pub fn resolve(&self, policy: &Arc<Policy>, now_ms: u64) -> Result<World, WorldError> {
        World::resolve(policy, &self.spec(policy), now_ms).map_err(|mut error| {
            let of_organization = [Step::Key("nodes".into()), Step::Index(0)];
            if error.path.starts_with(&of_organization) {
                error.path = vec!["organization".into()];
            }
            match error.path.as_mut_slice() {
                // The evaluator's list of nodes begins with the organization, this one behind it.
                [Step::Key(list), Step::Index(at), ..] if list == "nodes" => {
                    *at = at.saturating_sub(1);
                }
                [Step::Key(list), Step::Index(_), id] if list == "principals" => {
                    *id = "name".into();
                }
                _ => {}
            }
            error
        })
    }

    /// Who created the organization.
    pub(crate) fn creator(&self) -> Option<&String> {
        let first = self.principals.first();
        self.creator.as_ref().or(first.map(|first| &first.name))
    }

    fn spec(&self, policy: &Policy) -> WorldSpec {
        let organization = WorldNode {
            id: self.organization.clone(),
            level: Level::Organization,
            parent: None,
            owner: None,
        };
        let nodes = self.nodes.iter().map(|node| WorldNode {
            id: node.id.clone(),
            level: node.level.into(),
            parent: Some(node.parent.as_ref().unwrap_or(&self.organization).clone()),
            owner: node.owner.clone(),
        });
        WorldSpec {
            nodes: core::iter::once(organization).chain(nodes).collect(),
            principals: self.principals.iter().map(Into::into).collect(),
            groups: self.groups.iter().map(Into::into).collect(),
            creator: self.creator().cloned(),
            plan: self.plan.clone().unwrap_or_else(|| policy.full_plan()),
            customization: Customization {
                roles: self.roles.iter().map(Into::into).collect(),
                rules: self.rules.iter().map(Into::into).collect(),
            },
        }
    }
}

impl From<&PrincipalDocument> for PrincipalSpec {
    fn from(principal: &PrincipalDocument) -> Self {
        let properties = principal.properties.iter();
        Self {
            id: principal.name.clone(),
            kind: principal.kind.into(),
            grants: principal.grants.iter().map(Into::into).collect(),
            token: principal.token.as_ref().map(Into::into),
            properties: properties
                .map(|(name, value)| (name.clone(), value.clone().into()))
                .collect(),
        }
    }
}

impl From<&GroupDocument> for GroupSpec {
    fn from(group: &GroupDocument) -> Self {
        Self {
            id: group.id.clone(),
            members: group.members.clone(),
            grants: group.grants.iter().map(Into::into).collect(),
        }
    }
}

impl From<&CustomRoleDocument> for CustomRole {
    fn from(role: &CustomRoleDocument) -> Self {
        let name = if role.name.is_empty() {
            &role.id
        } else {
            &role.name
        };
        Self {
            id: role.id.clone(),
            name: name.clone(),
            base: role.base.clone(),
            with: role.with.clone(),
            without: role.without.clone(),
        }
    }
}

impl From<&GrantDocument> for Grant {
    fn from(grant: &GrantDocument) -> Self {
        Self {
            window: Window {
                not_before_ms: grant.not_before_ms,
                expires_at_ms: grant.expires_at_ms,
            },
            ..Self::new(&grant.role, &grant.node)
        }
    }
}

impl From<&TokenDocument> for TokenLimit {
    fn from(token: &TokenDocument) -> Self {
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
