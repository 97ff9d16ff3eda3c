//! The object of one organization: the truth about its members, what they were granted, and its invitations.
//!
//! It is single-threaded and every command is one transaction, so the last admin, single use and "what the actor holds right now" are settled without a race.
//! Who may do what is asked of `lockstep-core` inside that transaction, on the rows as they are: a change is authorized and made at the same instant.

mod acting;
mod actor;
mod addresses;
mod admission;
mod audit;
mod authzen;
mod batch;
mod command;
mod customization;
mod decisions;
mod domains;
mod ending;
mod export;
mod groups;
mod holdings;
mod import;
mod invitations;
mod issuers;
mod links;
mod listing;
mod mails;
mod member_list;
mod members;
mod node_members;
mod nodes;
mod ownership;
mod plan;
mod preview;
mod profile;
mod projects;
mod refusal;
mod resealing;
mod roles;
mod rules;
mod schema;
mod seed;
mod service_accounts;
mod service_keys;
mod settings;
mod slugs;
mod store;
mod suspension;
#[cfg(test)]
mod tests;
mod webhooks;
mod workspaces;
mod worth;

use serde::{Deserialize, Serialize};

use acting::{Acting, FreshActing};
pub use actor::{Actor, FreshActor, FreshAddress, FreshPerson, require_lifetime};
pub use admission::{AdmissionCommand, IssuerUse, StoredIssuer, StoredIssuers};
pub use audit::{AuditPage, AuditPart};
pub use authzen::{Evaluations, Searching};
pub use command::{Command, StructureChange, StructureQuestion};
pub use customization::{StoredRoles, roles_key};
pub use decisions::{Evaluation, Freshness, StoredSnapshot, grants_key};
pub use domains::{Challenge, DomainChange, DomainCommand, DomainQuestion};
pub use groups::{GroupChange, GroupQuestion};
pub use invitations::{NewInvitation, ROWS_MAX as INVITATIONS_MAX, Resend, ResendAll, Which};
pub(crate) use issuers::reach;
pub use issuers::{IssuerChange, IssuerQuestion};
pub use links::{LinkChange, LinkQuestion};
pub use listing::page as listed;
pub use member_list::{MemberList, MemberPosition, MemberSort};
pub use node_members::{NodeMemberChange, NodeMemberQuestion};
pub use plan::PlanCommand;
pub use profile::PERSONAL;
pub use projects::{ProjectChange, ProjectQuestion};
pub use resealing::{ResealCommand, StoredSecret};
pub use roles::{RoleChange, RoleQuestion};
pub use rules::{RuleChange, RuleQuestion};
pub use seed::{SeedNode, SeedPrincipal};
pub use service_accounts::{ServiceAccountChange, ServiceAccountQuestion};
pub use service_keys::{NewKey, PresentedKey, ServiceKeyChange, ServiceKeyQuestion};
pub use settings::{SecretChange, SettingChange, SettingQuestion, StoredConfiguration};
pub use slugs::SlugCommand;
pub use suspension::SuspensionChange;
pub(crate) use webhooks::SECRET_PREFIX as WEBHOOK_SECRET_PREFIX;
#[cfg(test)]
pub(crate) use webhooks::next_at_ms as next_webhook_at_ms;
pub use webhooks::{
    TYPES as EVENT_TYPES, WebhookChange, WebhookQuestion, secret as webhook_secret,
};
pub use workspaces::{WorkspaceChange, WorkspaceQuestion};
pub use worth::{Worth, WorthCommand};

use crate::{
    audit::{About, SCHEMA as AUDIT_SCHEMA},
    edge::{Edge, Later},
    objects::{self, Class, Context, Object, Reply},
    precondition::{self, IfMatch},
    problem::ApiError,
    sql::Sql,
    user,
};

/// The object of one organization.
#[derive(Debug, Clone, Copy)]
pub struct OrganizationObject;

/// The answer to a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written<T = ()> {
    /// The organization's epoch after the change.
    pub epoch: i64,
    /// What became of the thing that was changed.
    pub value: T,
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
        schema::PLANS,
        schema::TAGS,
        schema::ISSUERS,
        schema::SLUGS,
        schema::SETTINGS,
        schema::INVITATIONS,
        schema::LINKS,
        schema::WEBHOOKS,
        schema::INDEXES,
        schema::DOMAINS,
        schema::WORKSPACE_ADMINS,
        schema::BROUGHT,
        schema::SEEN,
        schema::PEOPLE,
        schema::RETURNS,
        schema::OWNERS,
        schema::WORDS,
        schema::LISTED,
    ];

    const IS_AUDITED: bool = true;

    fn may_replay(context: &Context<'_>) -> Result<(), ApiError> {
        store::require_live(context)
    }

    fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
        let all = [
            ending::purge_at_ms(context)?,
            webhooks::wake_at_ms(context)?,
            mails::wake_at_ms(context)?,
            invitations::over::wake_at_ms(context)?,
        ];
        Ok(all.into_iter().flatten().min())
    }

    fn sweep(context: &Context<'_>) -> Result<bool, ApiError> {
        webhooks::prune(context)?;
        mails::prune(context)?;
        invitations::over::prune(context)?;
        ending::is_over(context)
    }

    fn tell(context: &Context<'_>, about: &About) -> Result<(), ApiError> {
        webhooks::record(context, about)
    }

    fn deliver<'a>(
        sql: &'a dyn Sql,
        edge: &'a Edge,
        name: &'a str,
    ) -> Later<'a, Result<Option<String>, ApiError>> {
        Box::pin(async move {
            let epoch = webhooks::deliver(sql, edge, name).await?;
            Ok(epoch.map(store::epoch_event))
        })
    }

    fn handle(context: &Context<'_>, command: Command) -> Result<Reply, ApiError> {
        // Who edits may have to ask first, such as where the workspace is that a header names.
        let edited = context.provenance.if_match.as_ref();
        let edited = edited.filter(|_| objects::Command::is_sensitive(&command));
        let is_met = edited.map_or(Ok(true), |edited| is_met(context, &command, edited))?;
        let reply = answer(context, command);
        // Nothing sensitive is told, nor what was found behind it, on the word of what was only remembered; the Worker asks again once it has checked the credential.
        let basis = &context.basis;
        if basis.is_remembered.get() && basis.is_sensitive.get() {
            return Err(user::refused());
        }
        let reply = reply?;
        // Who may not edit is told so, and not whether what they believe to edit is up to date.
        if is_met {
            Ok(reply)
        } else {
            Err(precondition::failed())
        }
    }
}

/// Whether a command edits what its caller means.
fn is_met(context: &Context<'_>, command: &Command, edited: &IfMatch) -> Result<bool, ApiError> {
    let epoch = tag(context, command)?;
    // What it sets may not be there, and `*` is any that is.
    let is_to_be_there = matches!(
        command,
        Command::Change {
            command: StructureChange::Setting(SettingChange::Put { .. }),
            ..
        }
    );
    Ok(edited.is_met(epoch) && (epoch.is_some() || !is_to_be_there))
}

/// The epoch of the last change of what a command edits; `None` for what has no tag.
fn tag(context: &Context<'_>, command: &Command) -> Result<Option<i64>, ApiError> {
    match command {
        Command::ChangeRole { user, .. }
        | Command::RemoveMember { user, .. }
        | Command::Transfer { user, .. } => {
            let member = store::member(context, user)?;
            Ok(member.map(|member| member.epoch))
        }
        Command::Delete { .. }
        | Command::Update { .. }
        | Command::Slug(SlugCommand::Prepare { .. }) => {
            Ok(Some(store::organization(context)?.epoch))
        }
        Command::Change { command, .. } => edited(context, command),
        Command::Structure {
            command: StructureQuestion::Domain(DomainQuestion::Prepare { domain }),
            ..
        } => epoch_of(context, "domain", domain),
        _ => Ok(None),
    }
}

/// As [`tag`], of what lies in the organization.
fn edited(context: &Context<'_>, command: &StructureChange) -> Result<Option<i64>, ApiError> {
    if let StructureChange::Setting(change) = command {
        return settings::tag(context, change);
    }
    let Some((table, id)) = command.edits() else {
        return Ok(None);
    };
    epoch_of(context, table, id)
}

fn epoch_of(context: &Context<'_>, table: &str, id: &str) -> Result<Option<i64>, ApiError> {
    let column = if table == "member" { "user" } else { "id" };
    let select = format!("SELECT epoch FROM {table} WHERE {column} = ?");
    let row = context.sql.one(&select, &[id.into()])?;
    Ok(row.map(|row| row.integer("epoch")).transpose()?)
}

fn answer(context: &Context<'_>, command: Command) -> Result<Reply, ApiError> {
    let organization = match command {
        Command::Create {
            name,
            user,
            address,
            is_personal,
        } => {
            return profile::create(context, &name, &user, address.as_deref(), is_personal);
        }
        Command::Seed {
            name,
            nodes,
            principals,
        } => {
            return seed::seed(context, &name, &nodes, &principals);
        }
        Command::Import {
            actor,
            address,
            file,
        } => {
            return import::import(context, &actor, address.as_deref(), &file);
        }
        Command::EndStreams { user } => return Ok(Reply::done().ending(&user)),
        // It looks by itself whether the organization is live.
        Command::Freshness { user } => return decisions::freshness(context, &user),
        Command::Restore { actor } => return ending::restore(context, &actor),
        // What was deleted holds its slugs until nothing is left of it.
        Command::Slug(SlugCommand::Holds { skeleton }) => {
            return Reply::of(&slugs::holds(context, &skeleton)?);
        }
        // A person may come back by an organization that does, whatever they are called by then.
        Command::MemberAddress {
            user,
            address,
            at_ms,
        } => return addresses::change(context, &user, address.as_deref(), at_ms),
        // Whoever has it back has its secrets, too, however long ago a key has gone by then.
        Command::Reseal(command) => return command.answer(context),
        _ => store::organization(context)?,
    };
    match command {
        Command::AcceptInvitation { invitation, person } => {
            invitations::accept(context, &organization, &invitation, &person)
        }
        Command::Admission(command) => admission::handle(context, &command),
        Command::Authenticate { hash } => service_keys::authenticate(context, &hash),
        Command::CancelInvitation { actor, invitation } => invitations::cancel(
            &FreshActing::of(context, &actor, organization)?,
            &invitation,
        ),
        Command::Change { actor, command } => {
            command.make(&FreshActing::of(context, &actor, organization)?)
        }
        Command::Configuration {
            actor,
            workspace,
            known,
        } => {
            let acting = FreshActing::of(context, &actor, organization)?;
            settings::configuration(&acting, workspace.as_deref(), &known)
        }
        Command::ChangeMembers { actor, rows } => {
            members::change_all(&FreshActing::of(context, &actor, organization)?, &rows)
        }
        Command::ChangeRole { actor, user, role } => members::change_role(
            &FreshActing::of(context, &actor, organization)?,
            &user,
            &role,
        ),
        Command::DeclineInvitation {
            invitation,
            address,
        } => invitations::decline(context, &invitation, &address),
        Command::Delete { actor, name } => {
            ending::delete(&FreshActing::of(context, &actor, organization)?, &name)
        }
        Command::Domain(command) => command.answer(context),
        Command::Evaluate(evaluation) => decisions::evaluate(context, &organization, evaluation),
        Command::EvaluateAll(asked) => authzen::evaluate(context, &organization, &asked),
        Command::Export { actor } => {
            export::export(&FreshActing::of(context, &actor, organization)?)
        }
        Command::Invite {
            actor,
            invitation,
            address,
            role,
            nonce,
            workspaces,
            message,
            expires_in_s,
        } => {
            let new = NewInvitation {
                invitation,
                address,
                role,
                nonce,
                workspaces,
                message,
                expires_in_s,
            };
            invitations::invite(&FreshActing::of(context, &actor, organization)?, &new)
        }
        Command::InviteAll { actor, rows } => {
            invitations::invite_all(&FreshActing::of(context, &actor, organization)?, &rows)
        }
        Command::JoinByLink { hash, person } => links::join(context, &hash, &person),
        Command::ListInvitations {
            actor,
            range,
            is_expired,
        } => invitations::list(context, &actor, &range, is_expired),
        Command::ListMembers { actor, list } => member_list::list(context, &actor, &list),
        Command::OwnSnapshot { actor } => decisions::own_snapshot(context, &organization, &actor),
        Command::Structure { actor, command } => {
            command.answer(&Acting::of(context, &actor, organization)?)
        }
        Command::Plan(command) => command.answer(context),
        Command::PreviewInvitation { hash } => invitations::preview(context, &hash),
        Command::Read { actor } => profile::read(context, &actor),
        Command::ReadAudit {
            actor,
            filter,
            part,
            limit,
        } => audit::read(context, &actor, &filter, &part, limit),
        Command::RemoveMember { actor, user } => {
            members::remove(&FreshActing::of(context, &actor, organization)?, &user)
        }
        Command::ResendInvitation { actor, again } => {
            invitations::resend(&FreshActing::of(context, &actor, organization)?, &again)
        }
        Command::ResendInvitations { actor, all } => {
            invitations::resend_all(&FreshActing::of(context, &actor, organization)?, &all)
        }
        Command::Roles => customization::answer(context),
        Command::Search(asked) => authzen::search(context, &organization, &asked),
        Command::Snapshot { user } => decisions::snapshot(context, &organization, &user),
        Command::Subscribe { actor, until_ms } => {
            decisions::subscribe(context, &organization, &actor, until_ms)
        }
        Command::Transfer { actor, user } => {
            ownership::transfer(&FreshActing::of(context, &actor, organization)?, &user)
        }
        Command::Slug(command) => command.answer(context),
        Command::Update {
            actor,
            change,
            reserved_until_ms,
        } => profile::update(
            &FreshActing::of(context, &actor, organization)?,
            &change,
            reserved_until_ms,
        ),
        Command::Worth(command) => worth::handle(context, &command),
        // They were answered above, before anything had to be there.
        Command::Create { .. }
        | Command::EndStreams { .. }
        | Command::Freshness { .. }
        | Command::Import { .. }
        | Command::MemberAddress { .. }
        | Command::Reseal(_)
        | Command::Restore { .. }
        | Command::Seed { .. } => Err(ApiError::not_found()),
    }
}
