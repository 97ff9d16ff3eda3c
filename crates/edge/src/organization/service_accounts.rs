//! Service accounts: programs that act in the organization with roles of their own.
//!
//! An account is a principal beside the members: it is granted roles on nodes as they are, holds nothing personal, is counted neither as a member nor as an admin, and has no account anywhere else.
//! Nobody gives one what they do not hold (law 5); all that it is to hold is compared each time, so what a change leaves in place is handed out, too.

use lockstep_core::{Level, Operation, PrincipalKind, can_delegate};
use lockstep_wire::{GrantRecord, ServiceAccountView};
use serde::{Deserialize, Serialize};

use super::{
    Actor, FreshActor,
    actor::{self, access, directory_facts},
    holdings,
    members::known_role,
    refusal, service_keys,
    service_keys::NewKey,
    store::{self, Organization, announce, next_epoch, organization, written},
};
use crate::{
    objects::{Context, Reply},
    paging::Range,
    problem::{ApiError, Code},
    sql::{Row, SqlError},
};

/// Service accounts of one organization.
const ACCOUNTS_MAX: i64 = 200;
/// Grants of one service account.
const GRANTS_MAX: usize = 100;

/// What may be asked about service accounts and their keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceAccountCommand {
    /// Makes an account; answers `Written` with `ServiceAccountView`.
    Create {
        /// Who asks.
        actor: FreshActor,
        /// Id of the new account.
        id: String,
        /// Its name.
        name: String,
        /// What it is granted.
        grants: Vec<GrantRecord>,
    },
    /// Makes a key; answers `Written` with `ServiceKeyView`.
    CreateKey {
        /// Who asks, and is shown the secret.
        actor: FreshActor,
        /// The account.
        account: String,
        /// The key.
        key: NewKey,
    },
    /// Deletes an account and its keys; answers `Written`.
    Delete {
        /// Who asks.
        actor: FreshActor,
        /// The account.
        account: String,
    },
    /// Deletes a key; answers `Written`.
    DeleteKey {
        /// Who asks.
        actor: FreshActor,
        /// The account.
        account: String,
        /// The key's id.
        key: String,
    },
    /// The accounts; answers a slice of `ServiceAccountView`.
    List {
        /// Who asks.
        actor: Actor,
        /// Which of them.
        range: Range<i64>,
    },
    /// The keys of an account; answers `ServiceKeysView`.
    ListKeys {
        /// Who asks.
        actor: Actor,
        /// The account.
        account: String,
    },
    /// Gives a key another secret; answers `Written` with `ServiceKeyView`.
    RotateKey {
        /// Who asks, and is shown the secret.
        actor: FreshActor,
        /// The account.
        account: String,
        /// The key's id.
        key: String,
        /// The new secret's hash.
        hash: String,
        /// How long the old secret still counts, in seconds.
        overlap_s: i64,
    },
    /// Switches a key on or off; answers `Written` with `ServiceKeyView`.
    SetKeyActive {
        /// Who asks.
        actor: FreshActor,
        /// The account.
        account: String,
        /// The key's id.
        key: String,
        /// Whether it is to be on.
        active: bool,
    },
    /// Renames an account, and says what it is granted; answers `Written` with `ServiceAccountView`.
    Update {
        /// Who asks.
        actor: FreshActor,
        /// The account.
        account: String,
        /// Its new name; as it is, when absent.
        name: Option<String>,
        /// All that it is granted from now on; as it is, when absent.
        grants: Option<Vec<GrantRecord>>,
    },
}

impl ServiceAccountCommand {
    pub(super) const fn is_idempotent(&self) -> bool {
        matches!(self, Self::List { .. } | Self::ListKeys { .. })
    }
}

pub(super) fn handle(
    context: &Context<'_>,
    command: ServiceAccountCommand,
) -> Result<Reply, ApiError> {
    match command {
        ServiceAccountCommand::Create {
            actor,
            id,
            name,
            grants,
        } => create(context, &actor, &id, &name, &grants),
        ServiceAccountCommand::CreateKey {
            actor,
            account,
            key,
        } => service_keys::create(context, &actor, &account, &key),
        ServiceAccountCommand::Delete { actor, account } => delete(context, &actor, &account),
        ServiceAccountCommand::DeleteKey {
            actor,
            account,
            key,
        } => service_keys::delete(context, &actor, &account, &key),
        ServiceAccountCommand::List { actor, range } => list(context, &actor, &range),
        ServiceAccountCommand::ListKeys { actor, account } => {
            service_keys::list(context, &actor, &account)
        }
        ServiceAccountCommand::RotateKey {
            actor,
            account,
            key,
            hash,
            overlap_s,
        } => service_keys::rotate(context, &actor, &account, &key, &hash, overlap_s),
        ServiceAccountCommand::SetKeyActive {
            actor,
            account,
            key,
            active,
        } => service_keys::set_active(context, &actor, &account, &key, active),
        ServiceAccountCommand::Update {
            actor,
            account,
            name,
            grants,
        } => update(
            context,
            &actor,
            &account,
            name.as_deref(),
            grants.as_deref(),
        ),
    }
}

/// What kind of principal it is: an account, deleted ones included, is never taken for a person.
pub(super) fn kind(context: &Context<'_>, principal: &str) -> Result<PrincipalKind, ApiError> {
    let select = "SELECT id FROM service_account WHERE id = ?";
    let account = context.sql.one(select, &[principal.into()])?;
    Ok(account.map_or(PrincipalKind::User, |_| PrincipalKind::ServiceAccount))
}

/// An account that is there.
pub(super) fn require(context: &Context<'_>, id: &str) -> Result<(), ApiError> {
    let select = "SELECT id FROM service_account WHERE id = ? AND deleted_at_ms IS NULL";
    let account = context.sql.one(select, &[id.into()])?;
    account.map(|_| ()).ok_or_else(ApiError::not_found)
}

/// What the actor holds, who may do `operation`.
pub(super) fn permitted(
    context: &Context<'_>,
    organization: &Organization,
    actor: &Actor,
    operation: Operation,
) -> Result<lockstep_core::Access, ApiError> {
    let access = access(context, organization, actor)?;
    let facts = directory_facts(context, organization, &actor.principal)?;
    actor::permit(context, &access, operation, &facts)?;
    Ok(access)
}

/// The ids of all accounts that are there.
pub(super) fn all(context: &Context<'_>) -> Result<Vec<String>, ApiError> {
    let select = "SELECT id FROM service_account WHERE deleted_at_ms IS NULL";
    let rows = context.sql.exec(select, &[])?;
    let read = |row: &Row| row.text("id").map(str::to_owned);
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

fn list(context: &Context<'_>, actor: &Actor, range: &Range<i64>) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    permitted(context, &organization, actor, Operation::ServiceAccountRead)?;
    let select = "SELECT rowid AS place, id FROM service_account
        WHERE deleted_at_ms IS NULL AND rowid > ? ORDER BY rowid LIMIT ?";
    let values = [range.after.unwrap_or_default().into(), range.rows().into()];
    let rows = context.sql.exec(select, &values)?;
    let position = |row: &Row| Ok::<_, ApiError>(row.integer("place")?);
    let seen = |row: &Row| Ok(Some(view(context, row.text("id")?)?));
    Reply::of(&range.fill(&rows, position, seen)?)
}

fn create(
    context: &Context<'_>,
    actor: &FreshActor,
    id: &str,
    name: &str,
    grants: &[GrantRecord],
) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = permitted(
        context,
        &organization,
        actor,
        Operation::ServiceAccountManage,
    )?;
    let count = "SELECT COUNT(*) AS n FROM service_account WHERE deleted_at_ms IS NULL";
    let count = context.sql.one(count, &[])?;
    if count.map_or(Ok(0), |row| row.integer("n"))? >= ACCOUNTS_MAX {
        let detail = format!("An organization may have {ACCOUNTS_MAX} service accounts.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    let epoch = next_epoch(context)?;
    let insert = "INSERT INTO service_account (id, name, created_at_ms, epoch) VALUES (?, ?, ?, ?)";
    let values = [id.into(), name.into(), context.now_ms.into(), epoch.into()];
    context.sql.exec(insert, &values)?;
    grant(context, &access, id, grants)?;
    holdings::publish(context, &organization, id)?;
    Ok(announce(written(epoch, view(context, id)?)?, epoch))
}

fn update(
    context: &Context<'_>,
    actor: &FreshActor,
    id: &str,
    name: Option<&str>,
    grants: Option<&[GrantRecord]>,
) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = permitted(
        context,
        &organization,
        actor,
        Operation::ServiceAccountManage,
    )?;
    require(context, id)?;
    let epoch = next_epoch(context)?;
    if let Some(name) = name {
        let rename = "UPDATE service_account SET name = ? WHERE id = ?";
        context.sql.exec(rename, &[name.into(), id.into()])?;
    }
    if let Some(grants) = grants {
        grant(context, &access, id, grants)?;
        touch(context, id, epoch)?;
        holdings::publish(context, &organization, id)?;
    }
    Ok(announce(written(epoch, view(context, id)?)?, epoch))
}

fn delete(context: &Context<'_>, actor: &FreshActor, id: &str) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    permitted(
        context,
        &organization,
        actor,
        Operation::ServiceAccountManage,
    )?;
    require(context, id)?;
    let epoch = next_epoch(context)?;
    end(context, &organization, id, epoch)?;
    Ok(announce(written(epoch, ())?, epoch).ending(id))
}

/// Every grant and key goes; the row stays as the tombstone that carries the epoch.
fn end(
    context: &Context<'_>,
    organization: &Organization,
    id: &str,
    epoch: i64,
) -> Result<(), ApiError> {
    context
        .sql
        .exec("DELETE FROM granted WHERE user = ?", &[id.into()])?;
    context
        .sql
        .exec("DELETE FROM service_key WHERE account = ?", &[id.into()])?;
    service_keys::stop_those_shown_to(context, id)?;
    let end = "UPDATE service_account SET deleted_at_ms = ? WHERE id = ?";
    context.sql.exec(end, &[context.now_ms.into(), id.into()])?;
    touch(context, id, epoch)?;
    holdings::publish(context, organization, id)
}

fn touch(context: &Context<'_>, id: &str, epoch: i64) -> Result<(), ApiError> {
    let touch = "UPDATE service_account SET epoch = ? WHERE id = ?";
    context.sql.exec(touch, &[epoch.into(), id.into()])?;
    Ok(())
}

/// Puts `grants` in the place of all that the account was granted. The actor must hold each of them where it is given (law 5).
fn grant(
    context: &Context<'_>,
    access: &lockstep_core::Access,
    account: &str,
    grants: &[GrantRecord],
) -> Result<(), ApiError> {
    if grants.is_empty() || grants.len() > GRANTS_MAX {
        let detail = format!("A service account has 1 to {GRANTS_MAX} grants.");
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    context
        .sql
        .exec("DELETE FROM granted WHERE user = ?", &[account.into()])?;
    for grant in grants {
        let role = known_role(context, &grant.role)?;
        let node = access.node(&grant.node);
        let (Some(node), None) = (node, &grant.group) else {
            let detail =
                "A grant of a service account names a node of this organization, and no group.";
            return Err(ApiError::new(Code::InvalidValue, detail));
        };
        let level = access.describe(node).map(|node| node.level);
        let policy = &context.config.policy.policy;
        let fits = if level == Some(Level::Organization) {
            policy.organization_roles().any(|known| known == role)
        } else {
            policy.describe_role(role).map(|role| role.level) == level
        };
        if !fits {
            let detail = "The role does not belong to the level of that node.";
            return Err(ApiError::new(Code::UnknownRole, detail));
        }
        can_delegate(access, role, node).map_err(|error| refusal::delegation(context, &error))?;
        let insert = "INSERT INTO granted (user, node, role, not_before_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING";
        let time = |at: Option<u64>| at.map(|at| i64::try_from(at).unwrap_or(i64::MAX));
        let values = [
            account.into(),
            (&grant.node).into(),
            (&grant.role).into(),
            time(grant.not_before_ms).into(),
            time(grant.expires_at_ms).into(),
        ];
        context.sql.exec(insert, &values)?;
    }
    Ok(())
}

fn view(context: &Context<'_>, id: &str) -> Result<ServiceAccountView, ApiError> {
    let select = "SELECT id, name, created_at_ms FROM service_account WHERE id = ?";
    let row = context.sql.one(select, &[id.into()])?;
    let row = row.ok_or_else(ApiError::not_found)?;
    let select = "SELECT role, node, not_before_ms, expires_at_ms FROM granted WHERE user = ? ORDER BY node, role";
    let grants = context.sql.exec(select, &[id.into()])?;
    let time = |row: &Row, column| {
        let at_ms = row.optional_integer(column)?;
        Ok::<_, SqlError>(at_ms.map(store::unsigned))
    };
    let grant = |row: &Row| {
        Ok::<_, SqlError>(GrantRecord {
            role: row.text("role")?.to_owned(),
            node: row.text("node")?.to_owned(),
            group: None,
            not_before_ms: time(row, "not_before_ms")?,
            expires_at_ms: time(row, "expires_at_ms")?,
        })
    };
    Ok(ServiceAccountView {
        id: row.text("id")?.to_owned(),
        name: row.text("name")?.to_owned(),
        grants: grants.iter().map(grant).collect::<Result<_, _>>()?,
        created_at_ms: row.integer("created_at_ms")?,
        keys: service_keys::count(context, id)?,
    })
}
