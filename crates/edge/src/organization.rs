//! The object of one organization: the truth about its members, what they were granted, and its invitations.
//!
//! It is single-threaded and every command is one transaction, so the last admin, single use and "what the actor holds right now" are settled without a race.
//! Who may do what is asked of `lockstep-core` inside that transaction, on the rows as they are: a change is authorized and made at the same instant.

mod acting;
mod actor;
mod audit;
mod customization;
mod decisions;
mod groups;
mod invitations;
mod members;
mod node_members;
mod nodes;
mod preview;
mod projects;
mod refusal;
mod roles;
mod schema;
mod seed;
mod service_accounts;
mod service_keys;
mod settings;
mod store;
mod suspension;
#[cfg(test)]
mod tests;
mod workspaces;

use lockstep_wire::OrganizationChangeRequest;
use serde::{Deserialize, Serialize};

use acting::Acting;
pub use actor::{Actor, FreshActor, require_lifetime};
pub use audit::{AuditPage, AuditPart};
pub use customization::{StoredRoles, roles_key};
pub use decisions::{Evaluation, Freshness, StoredSnapshot, grants_key};
pub use groups::GroupCommand;
pub use node_members::NodeMemberCommand;
pub use projects::ProjectCommand;
pub use roles::RoleCommand;
pub use seed::{SeedNode, SeedPrincipal};
pub use service_accounts::ServiceAccountCommand;
pub use service_keys::{NewKey, PresentedKey};
pub use suspension::SuspensionCommand;
pub use workspaces::WorkspaceCommand;

use crate::{
    audit::{Filter, SCHEMA as AUDIT_SCHEMA},
    objects::{self, Class, Context, Object, Reply},
    precondition,
    problem::ApiError,
};

/// The object of one organization.
#[derive(Debug, Clone, Copy)]
pub struct OrganizationObject;

/// What may be asked of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// The invited person joins; answers [`Written`] with `AcceptedView`.
    AcceptInvitation {
        /// The invitation.
        invitation: String,
        /// Who accepts.
        user: String,
        /// The address that they have proven.
        address: String,
    },
    /// Checks a service key; answers [`PresentedKey`], or refuses with `unauthenticated`.
    Authenticate {
        /// The secret's hash.
        hash: String,
    },
    /// Takes a pending invitation back; answers [`Written`].
    CancelInvitation {
        /// Who asks.
        actor: FreshActor,
        /// The invitation.
        invitation: String,
    },
    /// Gives a member another role; answers [`Written`] with `MemberView`.
    ChangeRole {
        /// Who asks.
        actor: FreshActor,
        /// The member.
        user: String,
        /// Role id.
        role: String,
    },
    /// Brings the organization into being; answers [`Written`] with `OrganizationView`.
    Create {
        /// Its name.
        name: String,
        /// Who creates it.
        user: String,
        /// The creator's verified address.
        address: Option<String>,
    },
    /// The invited person says no; answers [`Written`].
    DeclineInvitation {
        /// The invitation.
        invitation: String,
        /// The address that they have proven.
        address: String,
    },
    /// Deletes the organization; answers [`Written`].
    Delete {
        /// Who asks.
        actor: FreshActor,
    },
    /// Decides with the directory's own facts; answers `DecisionView`.
    Evaluate(Evaluation),
    /// The epoch of a principal's last change; answers [`Freshness`].
    Freshness {
        /// The principal.
        user: String,
    },
    /// Invites an address; answers [`Written`] with `InvitationView`.
    Invite {
        /// Who asks.
        actor: FreshActor,
        /// Id of the new invitation.
        invitation: String,
        /// The address in its normal form.
        address: String,
        /// Role id.
        role: String,
        /// What the link's secret is derived from.
        nonce: String,
    },
    /// The pending invitations; answers `InvitationsView`.
    ListInvitations {
        /// Who asks.
        actor: Actor,
    },
    /// The members; answers `MembersView`.
    ListMembers {
        /// Who asks.
        actor: Actor,
    },
    /// Something about workspaces, projects, and who has which role where.
    Structure {
        /// Who asks.
        actor: Actor,
        /// What.
        command: StructureCommand,
    },
    /// What the actor was granted and its token leaves of it, as of now; answers `Snapshot`.
    OwnSnapshot {
        /// Who asks.
        actor: Actor,
    },
    /// An invitation as its link shows it; answers `InvitationPreview`.
    PreviewInvitation {
        /// Hash of the link's secret.
        hash: String,
    },
    /// Name and epoch; answers `OrganizationView`.
    Read {
        /// Who asks.
        actor: Actor,
    },
    /// Rows of the audit log; answers [`AuditPage`].
    ReadAudit {
        /// Who asks.
        actor: Actor,
        /// Which rows.
        filter: Filter,
        /// From where on.
        part: AuditPart,
        /// At most so many.
        limit: u32,
    },
    /// Ends a membership: the actor's own, or another's. Answers [`Written`].
    RemoveMember {
        /// Who asks.
        actor: FreshActor,
        /// The member.
        user: String,
    },
    /// The roles that the organization made; answers [`StoredRoles`].
    Roles,
    /// Fills a new organization with a whole world; development only. Answers [`Written`].
    Seed {
        /// Its name.
        name: String,
        /// Workspaces and projects.
        nodes: Vec<SeedNode>,
        /// Members with what they were granted; the first is the creator.
        principals: Vec<SeedPrincipal>,
    },
    /// About service accounts and their keys.
    ServiceAccounts(ServiceAccountCommand),
    /// What a principal was granted, as of now; answers `Snapshot`.
    Snapshot {
        /// The principal.
        user: String,
    },
    /// Opens a stream that tells each new epoch.
    Subscribe {
        /// Who listens.
        actor: Actor,
    },
    /// Renames the organization, and says how long tokens may live in it; answers [`Written`] with `OrganizationView`.
    Update {
        /// Who asks.
        actor: FreshActor,
        /// What is to be changed.
        change: OrganizationChangeRequest,
    },
}

/// What a member may ask about the structure of an organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StructureCommand {
    /// About access groups.
    Group(GroupCommand),
    /// About roles in one workspace.
    NodeMember(NodeMemberCommand),
    /// About projects.
    Project(ProjectCommand),
    /// About roles that the organization made.
    Role(RoleCommand),
    /// About somebody's suspension.
    Suspension(SuspensionCommand),
    /// About workspaces.
    Workspace(WorkspaceCommand),
}

impl StructureCommand {
    const fn is_idempotent(&self) -> bool {
        match self {
            Self::Group(command) => command.is_idempotent(),
            Self::NodeMember(command) => command.is_idempotent(),
            Self::Project(command) => command.is_idempotent(),
            Self::Role(command) => command.is_idempotent(),
            Self::Suspension(_) => false,
            Self::Workspace(command) => command.is_idempotent(),
        }
    }

    fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Group(command) => command.answer(acting),
            Self::NodeMember(command) => command.answer(acting),
            Self::Project(command) => command.answer(acting),
            Self::Role(command) => command.answer(acting),
            Self::Suspension(command) => command.answer(acting),
            Self::Workspace(command) => command.answer(acting),
        }
    }
}

/// The answer to a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written<T = ()> {
    /// The organization's epoch after the change.
    pub epoch: i64,
    /// What became of the thing that was changed.
    pub value: T,
}

impl objects::Command for Command {
    fn is_birth(&self) -> bool {
        matches!(self, Self::Create { .. } | Self::Seed { .. })
    }

    fn is_idempotent(&self) -> bool {
        if let Self::Structure { command, .. } = self {
            return command.is_idempotent();
        }
        if let Self::ServiceAccounts(command) = self {
            return command.is_idempotent();
        }
        matches!(
            self,
            Self::Authenticate { .. }
                | Self::Evaluate(_)
                | Self::Freshness { .. }
                | Self::ListInvitations { .. }
                | Self::ListMembers { .. }
                | Self::OwnSnapshot { .. }
                | Self::PreviewInvitation { .. }
                | Self::Read { .. }
                | Self::ReadAudit { .. }
                | Self::Roles
                | Self::Snapshot { .. }
        )
    }

    fn opens_stream(&self) -> bool {
        matches!(self, Self::Subscribe { .. })
    }

    fn is_sensitive(&self) -> bool {
        // Who tries to read what everybody did is worth a row, too.
        matches!(self, Self::ReadAudit { .. }) || !self.is_idempotent()
    }
}

impl Object for OrganizationObject {
    type Command = Command;

    const CLASS: Class = Class::Organization;

    const MIGRATIONS: &'static [&'static str] = &[
        schema::FIRST,
        schema::STRUCTURE,
        AUDIT_SCHEMA,
        schema::SERVICE_ACCOUNTS,
        schema::GROUPS,
        schema::ROLES,
    ];

    const IS_AUDITED: bool = true;

    fn may_replay(context: &Context<'_>) -> Result<(), ApiError> {
        store::require_live(context)
    }

    fn handle(context: &Context<'_>, command: Command) -> Result<Reply, ApiError> {
        let edited = context.provenance.if_match.as_ref();
        let is_met = edited.map_or(Ok(true), |edited| {
            tag(context, &command).map(|epoch| edited.is_met(epoch))
        })?;
        let reply = answer(context, command)?;
        // Who may not edit is told so, and not whether what they believe to edit is up to date.
        if is_met {
            Ok(reply)
        } else {
            Err(precondition::failed())
        }
    }
}

/// The epoch of the last change of what a command edits; `None` for what has no tag.
fn tag(context: &Context<'_>, command: &Command) -> Result<Option<i64>, ApiError> {
    match command {
        Command::ChangeRole { user, .. } | Command::RemoveMember { user, .. } => {
            let member = store::member(context, user)?;
            Ok(member.map(|member| member.epoch))
        }
        Command::Delete { .. } | Command::Update { .. } => {
            Ok(Some(store::organization(context)?.epoch))
        }
        _ => Ok(None),
    }
}

fn answer(context: &Context<'_>, command: Command) -> Result<Reply, ApiError> {
    match command {
        Command::Create {
            name,
            user,
            address,
        } => {
            return settings::create(context, &name, &user, address.as_deref());
        }
        Command::Seed {
            name,
            nodes,
            principals,
        } => {
            return seed::seed(context, &name, &nodes, &principals);
        }
        _ => store::require_live(context)?,
    }
    match command {
        Command::AcceptInvitation {
            invitation,
            user,
            address,
        } => invitations::accept(context, &invitation, &user, &address),
        Command::Authenticate { hash } => service_keys::authenticate(context, &hash),
        Command::CancelInvitation { actor, invitation } => {
            invitations::cancel(context, &actor, &invitation)
        }
        Command::ChangeRole { actor, user, role } => {
            members::change_role(context, &actor, &user, &role)
        }
        Command::DeclineInvitation {
            invitation,
            address,
        } => invitations::decline(context, &invitation, &address),
        Command::Delete { actor } => settings::delete(context, &actor),
        Command::Evaluate(evaluation) => decisions::evaluate(context, evaluation),
        Command::Freshness { user } => decisions::freshness(context, &user),
        Command::Invite {
            actor,
            invitation,
            address,
            role,
            nonce,
        } => invitations::invite(context, &actor, &invitation, &address, &role, &nonce),
        Command::ListInvitations { actor } => invitations::list(context, &actor),
        Command::ListMembers { actor } => members::list(context, &actor),
        Command::OwnSnapshot { actor } => decisions::own_snapshot(context, &actor),
        Command::Structure { actor, command } => command.answer(&Acting::begin(context, &actor)?),
        Command::PreviewInvitation { hash } => invitations::preview(context, &hash),
        Command::Read { actor } => settings::read(context, &actor),
        Command::ReadAudit {
            actor,
            filter,
            part,
            limit,
        } => audit::read(context, &actor, &filter, &part, limit),
        Command::RemoveMember { actor, user } => members::remove(context, &actor, &user),
        Command::Roles => customization::answer(context),
        Command::ServiceAccounts(command) => service_accounts::handle(context, command),
        Command::Snapshot { user } => decisions::snapshot(context, &user),
        Command::Subscribe { actor } => decisions::subscribe(context, &actor),
        Command::Update { actor, change } => settings::update(context, &actor, &change),
        // Both were answered above, before anything had to be there.
        Command::Create { .. } | Command::Seed { .. } => Err(ApiError::not_found()),
    }
}
