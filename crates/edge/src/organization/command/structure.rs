//! What may be changed and asked about the structure of an organization, by those whose house each part is.

use serde::{Deserialize, Serialize};

use crate::{
    objects::Reply,
    organization::{
        DomainChange, DomainQuestion, GroupChange, GroupQuestion, IssuerChange, IssuerQuestion,
        LinkChange, LinkQuestion, NodeMemberChange, NodeMemberQuestion, ProjectChange,
        ProjectQuestion, RoleChange, RoleQuestion, RuleChange, RuleQuestion, ServiceAccountChange,
        ServiceAccountQuestion, ServiceKeyChange, ServiceKeyQuestion, SettingChange,
        SettingQuestion, SuspensionChange, WebhookChange, WebhookQuestion, WorkspaceChange,
        WorkspaceQuestion,
        acting::{Acting, FreshActing},
    },
    problem::ApiError,
};

/// What a member may change about the structure of an organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StructureChange {
    /// About domains by which people come in.
    Domain(DomainChange),
    /// About access groups.
    Group(GroupChange),
    /// About the organization's own issuers.
    Issuer(IssuerChange),
    /// About links by which several people come in.
    Link(LinkChange),
    /// About roles in one workspace, or on one project.
    NodeMember(NodeMemberChange),
    /// About projects.
    Project(ProjectChange),
    /// About roles that the organization made.
    Role(RoleChange),
    /// About rules that the organization made.
    Rule(RuleChange),
    /// About service accounts.
    ServiceAccount(ServiceAccountChange),
    /// About the keys of service accounts.
    ServiceKey(ServiceKeyChange),
    /// About settings.
    Setting(SettingChange),
    /// About somebody's suspension.
    Suspension(SuspensionChange),
    /// About webhooks.
    Webhook(WebhookChange),
    /// About workspaces.
    Workspace(WorkspaceChange),
}

impl StructureChange {
    /// The table and the id of what it edits; `None` for what has no tag.
    pub(in crate::organization) fn edits(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Domain(change) => Some(("domain", change.edits()?)),
            Self::Group(change) => Some(("access_group", change.edits()?)),
            Self::Issuer(change) => Some(("issuer", change.edits()?)),
            // What has no tag, and what is known by its place and name.
            Self::Link(_) | Self::ServiceKey(_) | Self::Setting(_) => None,
            // A role of theirs somewhere is a part of what the member is.
            Self::NodeMember(change) => Some(("member", change.edits()?)),
            Self::Project(change) => Some(("node", change.edits()?)),
            Self::Role(change) => Some(("custom_role", change.edits()?)),
            Self::Rule(change) => Some(("custom_role", change.edits()?)),
            Self::ServiceAccount(change) => Some(("service_account", change.edits()?)),
            Self::Suspension(change) => Some(("member", change.edits())),
            Self::Webhook(change) => Some(("webhook", change.edits()?)),
            Self::Workspace(change) => Some(("node", change.edits()?)),
        }
    }

    pub(in crate::organization) fn make(
        &self,
        acting: &FreshActing<'_>,
    ) -> Result<Reply, ApiError> {
        match self {
            Self::Domain(change) => change.make(acting),
            Self::Group(change) => change.make(acting),
            Self::Issuer(change) => change.make(acting),
            Self::Link(change) => change.make(acting),
            Self::NodeMember(change) => change.make(acting),
            Self::Project(change) => change.make(acting),
            Self::Role(change) => change.make(acting),
            Self::Rule(change) => change.make(acting),
            Self::ServiceAccount(change) => change.make(acting),
            Self::ServiceKey(change) => change.make(acting),
            Self::Setting(change) => change.make(acting),
            Self::Suspension(change) => change.make(acting),
            Self::Webhook(change) => change.make(acting),
            Self::Workspace(change) => change.make(acting),
        }
    }
}

/// What a member may ask about the structure of an organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StructureQuestion {
    /// About domains by which people come in.
    Domain(DomainQuestion),
    /// About access groups.
    Group(GroupQuestion),
    /// About the organization's own issuers.
    Issuer(IssuerQuestion),
    /// About links by which several people come in.
    Link(LinkQuestion),
    /// About roles in one workspace.
    NodeMember(NodeMemberQuestion),
    /// About projects.
    Project(ProjectQuestion),
    /// About roles that the organization made.
    Role(RoleQuestion),
    /// About rules that the organization made.
    Rule(RuleQuestion),
    /// About service accounts.
    ServiceAccount(ServiceAccountQuestion),
    /// About the keys of service accounts.
    ServiceKey(ServiceKeyQuestion),
    /// About settings.
    Setting(SettingQuestion),
    /// About webhooks.
    Webhook(WebhookQuestion),
    /// About workspaces.
    Workspace(WorkspaceQuestion),
}

impl StructureQuestion {
    pub(in crate::organization) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Domain(question) => question.answer(acting),
            Self::Group(question) => question.answer(acting),
            Self::Issuer(question) => question.answer(acting),
            Self::Link(question) => question.answer(acting),
            Self::NodeMember(question) => question.answer(acting),
            Self::Project(question) => question.answer(acting),
            Self::Role(question) => question.answer(acting),
            Self::Rule(question) => question.answer(acting),
            Self::ServiceAccount(question) => question.answer(acting),
            Self::ServiceKey(question) => question.answer(acting),
            Self::Setting(question) => question.answer(acting),
            Self::Webhook(question) => question.answer(acting),
            Self::Workspace(question) => question.answer(acting),
        }
    }
}
