//! Bodies of the organization routes. Times are Unix milliseconds.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{FactsView, PlanView};

/// POST `/v1/organizations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameRequest {
    /// The organization's name, 1 to 100 characters.
    pub name: String,
}

/// PATCH `/v1/organizations/{org}`. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationChangeRequest {
    /// The organization's name, 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its slug, 3 to 40 lower-case letters and digits with single hyphens between them, the first one a
    /// letter. Earlier ones stay its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// How long a token or key may live to be taken in the organization, in seconds, 60 to 315,360,000;
    /// `null`: as long as it likes.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub token_lifetime_max_s: Option<Option<i64>>,
    /// Whether whoever manages the members of a workspace may invite into the organization from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_admins_invite: Option<bool>,
}

/// Tells `null` from what is absent.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its slug, by which it is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Its epoch: how many changes it has seen.
    pub epoch: i64,
    /// When it was created.
    pub created_at_ms: i64,
    /// How long a token or key may live to be taken here, in seconds; as long as it likes, when absent.
    pub token_lifetime_max_s: Option<i64>,
    /// Whether whoever manages the members of a workspace may invite into the organization from there.
    #[serde(default)]
    pub workspace_admins_invite: bool,
    /// What its plan has, and how much of it is used; earlier code does not say.
    #[serde(default)]
    pub plan: PlanView,
    /// The facts that guards may ask about it and who asks: what a gate is handed for its own actions.
    pub facts: FactsView,
}

/// An organization in the operator's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedOrganization {
    /// Its id.
    pub id: String,
}

/// PATCH `/v1/organizations/{org}/members/{user}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRoleRequest {
    /// Role id.
    pub role: String,
}

/// POST `/v1/organizations/{org}/members/batch`: several at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeMembersRequest {
    /// One row for each member, 1 to 100.
    pub members: Vec<ChangeMemberRequest>,
}

/// One row of [`ChangeMembersRequest`]: another role, or the end of the membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeMemberRequest {
    /// Id of the member.
    pub user_id: String,
    /// Role id; absent for who is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Whether the member is removed.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub remove: bool,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// User id.
    pub user_id: String,
    /// The verified address, where the user has one.
    pub email: Option<String>,
    /// The organization's own issuer that vouches for the member, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// How that issuer calls the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Id of the role on the organization.
    pub role: String,
    /// Name of that role.
    pub role_name: String,
    /// Whether it is who asks.
    #[serde(rename = "self")]
    pub is_self: bool,
    /// Whether the organization is theirs: they created it, or it was handed over to them.
    pub creator: bool,
    /// When it joined.
    pub joined_at_ms: i64,
    /// The epoch of its last change; in quotes it is the entity tag for `If-Match`.
    #[serde(default)]
    pub epoch: i64,
    /// Since when it is suspended: its roles are kept and give nothing.
    pub suspended_at_ms: Option<i64>,
    /// What it was granted, and where, as far as the reader may see it; in lists only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<MemberRoleView>>,
    /// The facts that guards may ask about this member: what a gate is handed for this row.
    pub facts: FactsView,
}

/// A role that a member was granted somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRoleView {
    /// Id of the organization, workspace or project.
    pub node: String,
    /// Role id.
    pub role: String,
    /// Role name.
    pub role_name: String,
    /// From when on it counts; at once, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<i64>,
    /// When it ends; never, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<i64>,
    /// Id of the access group through which it was; absent for what is the member's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// POST `…/invitations/{inv}/accept`: where one now is a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedView {
    /// The organization.
    pub organization: OrganizationReference,
    /// Its epoch after the change.
    pub epoch: i64,
}

/// An organization by id and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationReference {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// POST `/v1/organizations/{org}/evaluate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluateRequest {
    /// Permission id.
    pub permission: String,
    /// On what; the organization itself when absent.
    #[serde(default)]
    pub resource: ResourceRequest,
    /// Facts about the resource; only from callers with `decisions.ask`.
    #[serde(default)]
    pub facts: FactsView,
}

/// A resource: where it lies, and what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceRequest {
    /// Id of the workspace it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Id of the project it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// What kind of thing it is; `member` makes the directory state the facts about that member. One that is
    /// itself an organization, workspace or project is named by its `id`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its id. Below a project, ids are opaque.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}
