//! The directory's own operations, which a policy binds to its permissions.

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What Lockstep's own routes do. A policy says which of its permissions each one needs;
        /// an operation it leaves out is open to nobody.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $($(#[$doc])* $name,)*
        }

        impl Operation {
            /// All operations.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The operation's name in a policy.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

operations! {
    /// Read and export the audit log.
    AuditRead = "audit.read",
    /// State facts about resources, actions and the context with a question about oneself.
    DecisionsAsk = "decisions.ask",
    /// Claim domains, and say as what their people come in.
    DomainManage = "domain.manage",
    /// See the domains that the organization claimed.
    DomainRead = "domain.read",
    /// Create access groups, and change their members and what they are granted.
    GroupManage = "group.manage",
    /// See access groups.
    GroupRead = "group.read",
    /// Cancel a pending invitation.
    InvitationCancel = "invitation.cancel",
    /// Invite an address into the organization.
    InvitationCreate = "invitation.create",
    /// List pending invitations.
    InvitationRead = "invitation.read",
    /// Register identity providers of the organization's own, change and remove them.
    IssuerManage = "issuer.manage",
    /// See the identity providers that the organization registered.
    IssuerRead = "issuer.read",
    /// Leave the organization.
    MemberLeave = "member.leave",
    /// List the members.
    MemberRead = "member.read",
    /// Remove a member.
    MemberRemove = "member.remove",
    /// Suspend a member, and take that back.
    MemberSuspend = "member.suspend",
    /// Change a member's role.
    MemberUpdateRole = "member.update-role",
    /// Create another organization.
    OrganizationCreate = "organization.create",
    /// Delete the organization.
    OrganizationDelete = "organization.delete",
    /// Have all of the organization as a file.
    OrganizationExport = "organization.export",
    /// See the organization's name and settings.
    OrganizationRead = "organization.read",
    /// Make somebody else the owner of the organization.
    OrganizationTransfer = "organization.transfer",
    /// Rename the organization, and say how long tokens may live in it.
    OrganizationUpdate = "organization.update",
    /// Create projects; whoever does owns them.
    ProjectCreate = "project.create",
    /// Delete projects.
    ProjectDelete = "project.delete",
    /// See projects.
    ProjectRead = "project.read",
    /// Grant access groups a role on a project.
    ProjectShare = "project.share",
    /// Make somebody else the owner of a project.
    ProjectTransfer = "project.transfer",
    /// Rename projects.
    ProjectUpdate = "project.update",
    /// Create, edit and delete custom roles.
    RoleManage = "role.manage",
    /// See custom roles.
    RoleRead = "role.read",
    /// Create, edit and delete the organization's own rules.
    RuleManage = "rule.manage",
    /// See the organization's own rules.
    RuleRead = "rule.read",
    /// Read secrets of settings in clear.
    SecretRead = "secret.read",
    /// Set and remove secrets of settings, and change what has one.
    SecretUpdate = "secret.update",
    /// See the organization's settings, their secrets masked.
    SettingsRead = "settings.read",
    /// Set, change and remove settings of the organization.
    SettingsUpdate = "settings.update",
    /// Register webhooks, change and remove them, and have events sent again.
    WebhookManage = "webhook.manage",
    /// See webhooks, and what was sent to them.
    WebhookRead = "webhook.read",
    /// Create workspaces.
    WorkspaceCreate = "workspace.create",
    /// Delete the workspace.
    WorkspaceDelete = "workspace.delete",
    /// See the workspace.
    WorkspaceRead = "workspace.read",
    /// Rename, archive and revive the workspace.
    WorkspaceUpdate = "workspace.update",
    /// Invite an address into the organization together with a role in the workspace.
    WorkspaceMemberInvite = "workspace-member.invite",
    /// Give members a role in the workspace, and take it.
    WorkspaceMemberManage = "workspace-member.manage",
    /// See who has a role in the workspace.
    WorkspaceMemberRead = "workspace-member.read",
    /// See the workspace's settings, their secrets masked.
    WorkspaceSettingsRead = "workspace-settings.read",
    /// Set, change and remove settings of the workspace.
    WorkspaceSettingsUpdate = "workspace-settings.update",
    /// Create, rename and delete service accounts, and say what they may do.
    ServiceAccountManage = "service-account.manage",
    /// List service accounts and their keys.
    ServiceAccountRead = "service-account.read",
    /// Create, rotate, deactivate and delete keys of service accounts.
    ServiceKeyManage = "service-key.manage",
    /// Ask what somebody's token or key is worth.
    TokenIntrospect = "token.introspect",
}

impl Operation {
    /// The operation called `text`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|operation| operation.as_str() == text)
    }

    /// Whether the operation changes members, roles, credentials or settings, shows secrets, or deletes. The permission it needs
    /// is then sensitive, whatever the policy says.
    #[must_use]
    pub const fn is_change(self) -> bool {
        !matches!(
            self,
            Self::AuditRead
                | Self::DecisionsAsk
                | Self::DomainRead
                | Self::GroupRead
                | Self::InvitationRead
                | Self::IssuerRead
                | Self::MemberRead
                | Self::OrganizationCreate
                | Self::OrganizationRead
                | Self::ProjectCreate
                | Self::ProjectRead
                | Self::ProjectUpdate
                | Self::RoleRead
                | Self::RuleRead
                | Self::SettingsRead
                | Self::WebhookRead
                | Self::WorkspaceMemberRead
                | Self::WorkspaceRead
                | Self::WorkspaceSettingsRead
                | Self::ServiceAccountRead
                | Self::TokenIntrospect
        )
    }
}
