//! Bodies of the routes about workspaces, projects and who has which role in them. Times are Unix milliseconds.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::CustomRoleRecord;

/// PATCH `/v1/organizations/{org}/workspaces/{workspace}` and `…/projects/{project}`. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceChangeRequest {
    /// The new name, 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created_at_ms: i64,
    /// Since when it is archived.
    pub archived_at_ms: Option<i64>,
    /// The epoch of its last change; in quotes it is the entity tag for `If-Match`.
    #[serde(default)]
    pub epoch: i64,
}

/// POST `/v1/organizations/{org}/projects`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectRequest {
    /// The project's name, 1 to 100 characters.
    pub name: String,
    /// Id of the workspace in which it is created; absent where the policy has no workspaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Id of the workspace it lies in; absent where the policy has no workspaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Id of who owns it: its creator, until somebody hands it over; nobody once they left.
    pub owner_id: Option<String>,
    /// When it was created.
    pub created_at_ms: i64,
    /// Since when it is archived.
    pub archived_at_ms: Option<i64>,
    /// The epoch of its last change; in quotes it is the entity tag for `If-Match`.
    #[serde(default)]
    pub epoch: i64,
}

/// PUT `/v1/organizations/{org}/projects/{project}/workspace`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveRequest {
    /// Id of the workspace in which it is to lie.
    pub workspace: String,
}

/// PUT `/v1/organizations/{org}/projects/{project}/owner`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerRequest {
    /// Id of the member who is to own it.
    pub user_id: String,
}

/// PUT `/v1/organizations/{org}/workspaces/{workspace}/members/{user}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeGrantRequest {
    /// Role id.
    pub role: String,
    /// First moment at which it counts; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<i64>,
    /// First moment at which it no longer counts; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<i64>,
}

/// POST `/v1/organizations/{org}/workspaces/{workspace}/members`: several at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeMembersRequest {
    /// One row for each member, 1 to 100.
    pub members: Vec<NodeMemberRequest>,
}

/// One row of [`NodeMembersRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeMemberRequest {
    /// Id of the member.
    pub user_id: String,
    /// Role id.
    pub role: String,
    /// First moment at which it counts; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<i64>,
    /// First moment at which it no longer counts; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<i64>,
}

impl NodeMemberRequest {
    /// What the row grants.
    #[must_use]
    pub fn grant(&self) -> NodeGrantRequest {
        NodeGrantRequest {
            role: self.role.clone(),
            not_before_ms: self.not_before_ms,
            expires_at_ms: self.expires_at_ms,
        }
    }
}

/// Somebody with a role in a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeMemberView {
    /// User id.
    pub user_id: String,
    /// The verified address, where the user has one.
    pub email: Option<String>,
    /// Role id.
    pub role: String,
    /// Role name.
    pub role_name: String,
    /// First moment at which it counts; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<i64>,
    /// First moment at which it no longer counts; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<i64>,
}

/// POST `/v1/organizations/{org}/groups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRequest {
    /// The group's name, 1 to 100 characters.
    pub name: String,
    /// Id of the workspace whose group it is; the organization's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
}

/// An access group: what is granted to it is granted to its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Id of the workspace whose group it is; absent for the organization's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// What it was granted, one role on a node.
    pub grants: Vec<GroupGrantView>,
    /// The first of its members, by their ids.
    pub members: Vec<GroupMemberView>,
    /// How many members it has. An object of an earlier release names all of them instead.
    #[serde(default)]
    pub member_count: i64,
    /// The epoch of its last change; in quotes it is the entity tag for `If-Match`.
    #[serde(default)]
    pub epoch: i64,
}

/// A role of an access group on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupGrantView {
    /// Id of the workspace or project.
    pub node: String,
    /// Role id.
    pub role: String,
    /// Role name.
    pub role_name: String,
    /// First moment at which it counts; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<u64>,
    /// First moment at which it no longer counts; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<u64>,
}

/// Somebody in an access group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMemberView {
    /// User id.
    pub user_id: String,
    /// The verified address, where the user has one.
    pub email: Option<String>,
}

/// POST `/v1/organizations/{org}/roles`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRequest {
    /// The role's name, 1 to 100 characters.
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

/// PATCH `/v1/organizations/{org}/roles/{role}`. What is absent stays, and the base always does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleChangeRequest {
    /// The new name, 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Permission ids that it holds beside those of the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Vec<String>>,
    /// Permission ids of the base that it does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<Vec<String>>,
}

/// A role that the organization made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleView {
    /// Its id.
    pub id: String,
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
    /// Those of both that are gone: it neither holds them nor leaves anything out by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone_permissions: Vec<String>,
    /// The epoch of its last change; in quotes it is the entity tag for `If-Match`.
    pub epoch: i64,
}

impl RoleView {
    /// A role as of the epoch of its last change, with those of its permissions that are gone.
    #[must_use]
    pub fn new(role: CustomRoleRecord, gone_permissions: Vec<String>, epoch: i64) -> Self {
        Self {
            id: role.id,
            name: role.name,
            base: role.base,
            with: role.with,
            without: role.without,
            gone_permissions,
            epoch,
        }
    }
}

/// POST `/v1/organizations/{org}/roles/preview`: a change of a role, or its deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolePreviewRequest {
    /// Id of the role.
    pub role: String,
    /// What changes; it is deleted when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<RoleChangeRequest>,
    /// Id of the role that takes the place of the deleted one; none does when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reassign: Option<String>,
}

/// Who would gain and lose what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolePreviewView {
    /// How many hold the role, by themselves or through a group; and whom rules are about that name another role once it is deleted.
    pub holders: usize,
    /// Of how many of them the changes are counted: 100 at most.
    pub holders_compared: usize,
    /// How many invitations that nobody acted on, and links that nobody revoked, offer it. They are not compared: whoever accepts gets what it holds by then.
    #[serde(default)]
    pub invitations: usize,
    /// How many changes there are for those.
    pub changes_total: usize,
    /// The changes, by holder, node and permission: 1,000 at most. They are those of now: what a holder was granted from a later time on is not counted.
    pub changes: Vec<AccessChangeView>,
}

/// One permission that somebody would gain, lose or have under other conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessChangeView {
    /// Id of who it is.
    pub principal: String,
    /// Id of the node.
    pub node: String,
    /// Permission id.
    pub permission: String,
    /// `denied`, `allowed`, or `if` and a condition.
    pub before: String,
    /// `denied`, `allowed`, or `if` and a condition.
    pub after: String,
}

/// The answer to several changes at once: one result for each row, in the order of the rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultsView {
    /// The results.
    pub results: Vec<ResultView>,
}

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultView {
    /// Id of the member that the row was about.
    pub user_id: String,
    /// The status that the row would have had by itself.
    pub status: u16,
    /// The problem, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<serde_json::Value>,
}
