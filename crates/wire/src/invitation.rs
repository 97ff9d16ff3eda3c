//! Bodies of the routes about invitations. Times are Unix milliseconds.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::OrganizationReference;

/// POST `/v1/organizations/{org}/invitations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InviteRequest {
    /// The address to invite.
    pub email: String,
    /// Role id.
    pub role: String,
    /// Roles on workspaces, at most one each, which come with it; 0 to 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<WorkspaceRoleRequest>,
    /// What the invited person is told beside it, as plain text: 1 to 500 characters, line breaks the only
    /// control characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How long it can be accepted, in seconds, 60 to 2,592,000; 604,800 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<i64>,
}

/// A role on a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceRoleRequest {
    /// Id of the workspace.
    pub workspace: String,
    /// Role id.
    pub role: String,
}

/// POST `/v1/organizations/{org}/invitations/batch`: several at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationsRequest {
    /// One row for each address, 1 to 100.
    pub invitations: Vec<InviteRequest>,
}

/// POST `/v1/organizations/{org}/invitations/{invitation}/resend`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResendRequest {
    /// Another message; the one that was sent before when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How long it can be accepted from now on, in seconds, 60 to 2,592,000; 604,800 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<i64>,
}

/// POST `/v1/organizations/{org}/invitations/resend`: several at once, either by their ids or all that were
/// never sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResendAllRequest {
    /// Ids of invitations, each once; 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitations: Option<Vec<String>>,
    /// Whether those are meant that were never sent, the oldest 100 of them.
    #[serde(default)]
    pub unsent: bool,
    /// Of those that were never sent, the ones after this one, by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Another message for each; the one that was sent before when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How long they can be accepted from now on, in seconds, 60 to 2,592,000; 604,800 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<i64>,
}

/// What became of invitations that were to be sent, in the order of the request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResendResultsView {
    /// One result each.
    pub results: Vec<ResendResultView>,
}

/// What became of one of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResendResultView {
    /// Its id.
    pub id: String,
    /// The status that it would have had by itself; 200 is sent.
    pub status: u16,
    /// The invitation as it was sent, without `workspaces`: what so many bring would be megabytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationView>,
    /// The problem document, if it was not: it stays as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Value>,
}

/// An invitation as the organization sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    /// Its id.
    pub id: String,
    /// The invited address.
    pub email: String,
    /// Role id.
    pub role: String,
    /// Role name.
    pub role_name: String,
    /// The roles on workspaces that come with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<WorkspaceRoleView>,
    /// What else comes with it; absent where nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brings: Option<InvitationBringsView>,
    /// What the invited person is told beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `pending`, `accepted`, `declined`, `canceled` or `expired`.
    pub status: String,
    /// Address of who invited, or who sent it again; the id of who has none.
    pub invited_by: String,
    /// Name of the program that did, which is no address whatever it looks like; absent for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by_program: Option<String>,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it was sent last; absent for one that came with an import and was not sent so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at_ms: Option<i64>,
    /// From when on it can no longer be accepted.
    pub expires_at_ms: i64,
}

/// How much comes with an invitation of an imported organization beside roles on workspaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationBringsView {
    /// Access groups that whoever accepts is put into.
    pub groups: i64,
    /// Roles on projects.
    pub project_roles: i64,
    /// Projects of which whoever accepts becomes the owner, unless they have one by then.
    pub projects: i64,
}

/// A role on a workspace, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceRoleView {
    /// Id of the workspace.
    pub workspace: String,
    /// Its name.
    pub name: String,
    /// Role id.
    pub role: String,
    /// Role name.
    pub role_name: String,
}

/// What became of the rows of [`InvitationsRequest`], in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvitationResultsView {
    /// One result each.
    pub results: Vec<InvitationResultView>,
}

/// What became of one row of [`InvitationsRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvitationResultView {
    /// The address as the row has it.
    pub email: String,
    /// The status that the row would have had by itself.
    pub status: u16,
    /// The invitation, if there is one now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationView>,
    /// The problem document, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Value>,
}

/// GET `/v1/invitations/preview`: an invitation as its link shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationPreview {
    /// Its id.
    pub id: String,
    /// Into which organization.
    pub organization: OrganizationReference,
    /// Role id.
    pub role: String,
    /// Role name.
    pub role_name: String,
    /// The roles on workspaces that come with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<WorkspaceRoleView>,
    /// The invited address; absent for a link, which is for whoever has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Address of who invited, sent it again, or made the link; the id of who has none.
    #[serde(default)]
    pub invited_by: String,
    /// Name of the program that did, which is no address whatever it looks like; absent for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by_program: Option<String>,
    /// What the invited person is told beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `pending`, `accepted`, `declined`, `canceled` or `expired`.
    pub status: String,
    /// From when on it can no longer be accepted.
    pub expires_at_ms: i64,
}

/// POST `/v1/organizations/{org}/links`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// Role id; none that makes an admin.
    pub role: String,
    /// Roles on workspaces, at most one each, which come with it; 0 to 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<WorkspaceRoleRequest>,
    /// How many people may come in by it, 1 to 1,000.
    pub uses_max: i64,
    /// How long it can be used, in seconds, 60 to 2,592,000; 604,800 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<i64>,
}

/// A link by which several people come in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    /// Its id.
    pub id: String,
    /// Role id.
    pub role: String,
    /// Role name.
    pub role_name: String,
    /// The roles on workspaces that come with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<WorkspaceRoleView>,
    /// `pending`, `accepted` (used as often as it may), `canceled` or `expired`.
    pub status: String,
    /// How many came in by it.
    pub uses: i64,
    /// How many may.
    pub uses_max: i64,
    /// Address of who made it; the id of who has none.
    pub made_by: String,
    /// Name of the program that did, which is no address whatever it looks like; absent for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by_program: Option<String>,
    /// When it was made.
    pub created_at_ms: i64,
    /// From when on it can no longer be used.
    pub expires_at_ms: i64,
}
