//! What may be asked of an organization's object.

mod structure;

use lockstep_wire::{ChangeMemberRequest, OrganizationChangeRequest, WorkspaceRoleRequest};
use serde::{Deserialize, Serialize};

pub use self::structure::{StructureChange, StructureQuestion};

use super::{
    Actor, AdmissionCommand, AuditPart, DomainCommand, DomainQuestion, Evaluation, Evaluations,
    FreshActor, FreshAddress, FreshPerson, MemberList, NewInvitation, PlanCommand, ResealCommand,
    Resend, ResendAll, Searching, SeedNode, SeedPrincipal, SlugCommand, WorthCommand,
};
use crate::{audit::Filter, objects, paging::Range};

/// What may be asked of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// The invited person joins; answers `Written` with `AcceptedView`.
    AcceptInvitation {
        /// The invitation.
        invitation: String,
        /// Who accepts.
        #[serde(flatten)]
        person: FreshPerson,
    },
    /// About whom the organization's own issuers vouch for.
    Admission(AdmissionCommand),
    /// Checks a service key; answers `PresentedKey`, or refuses with `unauthenticated`.
    Authenticate {
        /// The secret's hash.
        hash: String,
    },
    /// Takes a pending invitation back; answers `Written`.
    CancelInvitation {
        /// Who asks.
        actor: FreshActor,
        /// The invitation.
        invitation: String,
    },
    /// Changes workspaces, projects, or who has which role where.
    Change {
        /// Who asks.
        actor: FreshActor,
        /// What.
        command: StructureChange,
    },
    /// Gives members other roles or removes them, each decided by itself; answers `Written` with `ResultsView`.
    ChangeMembers {
        /// Who asks.
        actor: FreshActor,
        /// The members with what becomes of them.
        rows: Vec<ChangeMemberRequest>,
    },
    /// Gives a member another role; answers `Written` with `MemberView`.
    ChangeRole {
        /// Who asks.
        actor: FreshActor,
        /// The member.
        user: String,
        /// Role id.
        role: String,
    },
    /// What a program runs with; answers `StoredConfiguration`.
    Configuration {
        /// Who asks.
        actor: FreshActor,
        /// The workspace; the organization itself, when absent.
        workspace: Option<String>,
        /// The epochs of what the program has already.
        #[serde(default)]
        known: Vec<i64>,
    },
    /// Brings the organization into being; answers `Written` with `OrganizationView`.
    Create {
        /// Its name.
        name: String,
        /// Who creates it.
        user: String,
        /// The creator's verified address.
        address: Option<String>,
        /// Whether it is the creator's own one, which they did not ask for; sent again, it is there already.
        #[serde(default)]
        is_personal: bool,
    },
    /// The invited person says no; answers `Written`.
    DeclineInvitation {
        /// The invitation.
        invitation: String,
        /// To whom it was sent.
        address: FreshAddress,
    },
    /// Deletes the organization; answers `Written`.
    Delete {
        /// Who asks.
        actor: FreshActor,
        /// The organization's name, as who asks has typed it.
        name: String,
    },
    /// About who may join by a domain.
    Domain(DomainCommand),
    /// A user's outbox tells that a session or token of theirs has ended: so do the streams that it may have opened. Others are opened anew.
    EndStreams {
        /// The user.
        user: String,
    },
    /// Decides with the directory's own facts; answers `DecisionView`.
    Evaluate(Evaluation),
    /// Decides what is asked about anybody; answers a list of `EvaluationResponse`.
    EvaluateAll(Evaluations),
    /// All of it as a file; answers `ExportedOrganization`.
    Export {
        /// Who asks.
        actor: FreshActor,
    },
    /// The epoch of a principal's last change; answers `Freshness`.
    Freshness {
        /// The principal.
        user: String,
    },
    /// Brings an organization into being that is as a file says; answers `Written` with `ImportedView`.
    Import {
        /// Who asks, and becomes its only member.
        actor: FreshActor,
        /// Their verified address.
        address: Option<String>,
        /// The file, as it came in.
        file: String,
    },
    /// Invites an address; answers `Written` with `InvitationView`.
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
        /// Roles on workspaces.
        #[serde(default)]
        workspaces: Vec<WorkspaceRoleRequest>,
        /// What the invited person is told.
        #[serde(default)]
        message: Option<String>,
        /// How long it can be accepted, in seconds.
        #[serde(default)]
        expires_in_s: Option<i64>,
    },
    /// As `Invite`, for several addresses, each decided by itself; answers `Written` with `InvitationResultsView`.
    InviteAll {
        /// Who asks.
        actor: FreshActor,
        /// The invitations.
        rows: Vec<NewInvitation>,
    },
    /// Whoever has a link's secret joins; answers `Written` with `AcceptedView`.
    JoinByLink {
        /// Hash of the secret.
        hash: String,
        /// Who joins.
        #[serde(flatten)]
        person: FreshPerson,
    },
    /// The invitations that nobody acted on; answers a slice of `InvitationView`.
    ListInvitations {
        /// Who asks.
        actor: Actor,
        /// Which of them.
        range: Range<i64>,
        /// Those whose time ran out; those that can be accepted, otherwise.
        #[serde(default)]
        is_expired: bool,
    },
    /// The members; answers a slice of `MemberView`.
    ListMembers {
        /// Who asks.
        actor: Actor,
        /// Which of them.
        list: MemberList,
    },
    /// Something about workspaces, projects, and who has which role where.
    Structure {
        /// Who asks.
        actor: Actor,
        /// What.
        command: StructureQuestion,
    },
    /// A member's own object tells that they have another address, or none; answers `Written`, or nothing.
    MemberAddress {
        /// The member, who may have left.
        user: String,
        /// The address in its normal form.
        address: Option<String>,
        /// Since when, in Unix milliseconds.
        at_ms: i64,
    },
    /// What the actor was granted and its token leaves of it, as of now; answers `Snapshot`.
    OwnSnapshot {
        /// Who asks.
        actor: Actor,
    },
    /// About the organization's plan.
    Plan(PlanCommand),
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
    /// Rows of the audit log; answers `AuditPage`.
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
    /// Ends a membership: the actor's own, or another's. Answers `Written`.
    RemoveMember {
        /// Who asks.
        actor: FreshActor,
        /// The member.
        user: String,
    },
    /// About secrets that are sealed with an earlier key.
    Reseal(ResealCommand),
    /// Sends a pending or expired invitation again, with another link; answers `Written` with `InvitationView`.
    ResendInvitation {
        /// Who asks.
        actor: FreshActor,
        /// Which, and how.
        again: Resend,
    },
    /// As `ResendInvitation`, for several, each decided by itself; answers `Written` with `ResendResultsView`.
    ResendInvitations {
        /// Who asks.
        actor: FreshActor,
        /// Which, and how.
        all: ResendAll,
    },
    /// Brings back the deleted organization; answers `Written` with `OrganizationView`.
    Restore {
        /// Who asks.
        actor: FreshActor,
    },
    /// The roles that the organization made; answers `StoredRoles`.
    Roles,
    /// Finds who may do something, on what, or what somebody may do; answers a slice of ids.
    Search(Searching),
    /// Fills a new organization with a whole world; development only. Answers `Written`.
    Seed {
        /// Its name.
        name: String,
        /// Workspaces and projects.
        nodes: Vec<SeedNode>,
        /// Members with what they were granted; the first is the creator.
        principals: Vec<SeedPrincipal>,
    },
    /// About slugs.
    Slug(SlugCommand),
    /// What a principal was granted, as of now; answers `Snapshot`.
    Snapshot {
        /// The principal.
        user: String,
    },
    /// Opens a stream that tells each new epoch.
    Subscribe {
        /// Who listens.
        actor: Actor,
        /// From when on the credential no longer counts, in Unix milliseconds, as far as that is known.
        #[serde(default)]
        until_ms: Option<i64>,
    },
    /// Makes a member the owner of the organization; answers `Written` with `MemberView`.
    Transfer {
        /// Who asks, and owns it.
        actor: FreshActor,
        /// The member.
        user: String,
    },
    /// Renames the organization, and says how long tokens may live in it; answers `Written` with `OrganizationView`.
    Update {
        /// Who asks.
        actor: FreshActor,
        /// What is to be changed.
        change: OrganizationChangeRequest,
        /// Until when the slug is reserved that it may take; absent when it holds it.
        #[serde(default)]
        reserved_until_ms: Option<i64>,
    },
    /// About what a token is worth.
    Worth(WorthCommand),
}

impl objects::Command for Command {
    fn is_birth(&self) -> bool {
        matches!(
            self,
            Self::Create { .. } | Self::Import { .. } | Self::Seed { .. }
        )
    }

    fn is_idempotent(&self) -> bool {
        if let Self::Plan(command) = self {
            return command.is_idempotent();
        }
        if let Self::Domain(command) = self {
            return command.is_idempotent();
        }
        matches!(
            self,
            Self::Admission(_)
                | Self::Authenticate { .. }
                | Self::Configuration { .. }
                | Self::EndStreams { .. }
                | Self::Evaluate(_)
                | Self::EvaluateAll(_)
                | Self::Export { .. }
                | Self::Freshness { .. }
                | Self::ListInvitations { .. }
                | Self::ListMembers { .. }
                | Self::MemberAddress { .. }
                | Self::OwnSnapshot { .. }
                | Self::PreviewInvitation { .. }
                | Self::Read { .. }
                | Self::ReadAudit { .. }
                | Self::Reseal(_)
                | Self::Roles
                | Self::Search(_)
                | Self::Slug(_)
                | Self::Snapshot { .. }
                | Self::Structure { .. }
                | Self::Worth(_)
        )
    }

    fn is_question(&self) -> bool {
        matches!(self, Self::Freshness { .. })
    }

    fn opens_stream(&self) -> bool {
        matches!(self, Self::Subscribe { .. })
    }

    fn is_sensitive(&self) -> bool {
        // Who tries to read what everybody did, secrets, or everything, is worth a row, too.
        let is_told_of_more = matches!(
            self,
            Self::Configuration { .. }
                | Self::Export { .. }
                | Self::ReadAudit { .. }
                | Self::Slug(SlugCommand::Prepare { .. })
                | Self::Structure {
                    command: StructureQuestion::Domain(DomainQuestion::Prepare { .. }),
                    ..
                }
        );
        is_told_of_more || !self.is_idempotent()
    }

    fn is_attributed(&self) -> bool {
        // What the policy of the deployment may guard by a permission that it calls sensitive.
        let is_guarded = matches!(
            self,
            Self::EvaluateAll(_)
                | Self::ListInvitations { .. }
                | Self::ListMembers { .. }
                | Self::Read { .. }
                | Self::Search(_)
                | Self::Structure { .. }
                | Self::Worth(_)
        );
        is_guarded || self.is_sensitive()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        objects::{Class, Manner, ObjectCall, Objects},
        problem::{ApiError, Code},
        testing::{World, now, text},
    };

    /// And a Worker that has newer code already asks an object that has not.
    #[test]
    fn what_a_later_worker_asks_is_to_be_asked_again_and_is_no_fault() {
        let world = World::new();
        for command in [
            "{\"from_tomorrow\":{}}",
            "\"from_tomorrow\"",
            "{\"read\":{}}",
        ] {
            let call = ObjectCall {
                class: Class::Organization,
                name: "org_a",
                command,
                manner: Manner::Once,
                is_attributed: false,
                provenance: None,
            };
            let answer = now(world.objects.call(call)).unwrap();
            let error = ApiError::from_problem(&text(&answer));
            assert_eq!(error.code(), Code::Unavailable, "{command}");
            let told = error.into_response();
            assert_eq!(told.header("retry-after"), Some("10"), "{command}");
        }
        assert_eq!(world.objects.count(Class::Organization), 0);
    }
}
