//! Service accounts: programs that act in the organization with roles of their own.
//!
//! An account is a principal beside the members: it is granted roles on nodes as they are, holds nothing personal, is counted neither as a member nor as an admin, and has no account anywhere else.
//! Nobody gives one what they do not hold (law 5); all that it is to hold is compared each time, so what a change leaves in place is handed out, too; and what grants that end held back on what the account owns.

use lockstep_core::{Grant, Operation, PrincipalKind};
use lockstep_wire::{GrantRecord, GrantRequest, ServiceAccountView};
use serde::{Deserialize, Serialize};

use super::{
    acting::{Acting, Change, FreshActing},
    links, nodes, service_keys,
    store::unsigned,
};
use crate::{
    objects::{Context, Reply},
    paging::Range,
    problem::{ApiError, Code},
    sql::{Row, SqlError},
};

/// Service accounts of one organization.
pub(super) const ACCOUNTS_MAX: i64 = 200;
/// Grants of one service account.
pub(super) const GRANTS_MAX: usize = 100;

/// What a member may change about service accounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceAccountChange {
    /// Makes an account; answers `Written` with `ServiceAccountView`.
    Create {
        /// Id of the new account.
        account: String,
        /// Its name.
        name: String,
        /// What it is granted.
        grants: Vec<GrantRequest>,
    },
    /// Deletes an account and its keys; answers `Written`.
    Delete {
        /// The account.
        account: String,
    },
    /// Renames an account, and says what it is granted; answers `Written` with `ServiceAccountView`.
    Update {
        /// The account.
        account: String,
        /// Its new name; as it is, when absent.
        name: Option<String>,
        /// All that it is granted from now on; as it is, when absent.
        grants: Option<Vec<GrantRequest>>,
    },
}

/// What a member may ask about service accounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceAccountQuestion {
    /// All of them; answers a slice of `ServiceAccountView`.
    List {
        /// Which of them.
        range: Range<i64>,
    },
}

impl ServiceAccountChange {
    /// The account that it edits.
    pub(super) fn edits(&self) -> Option<&str> {
        match self {
            Self::Delete { account } | Self::Update { account, .. } => Some(account),
            Self::Create { .. } => None,
        }
    }

    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Create {
                account,
                name,
                grants,
            } => create(acting, account, name, grants),
            Self::Delete { account } => delete(acting, account),
            Self::Update {
                account,
                name,
                grants,
            } => update(acting, account, name.as_deref(), grants.as_deref()),
        }
    }
}

impl ServiceAccountQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        acting.permit(Operation::ServiceAccountRead, acting.access.root())?;
        match self {
            Self::List { range } => list(acting, range),
        }
    }
}

/// What kind of principal it is: an account, deleted ones included, is never taken for a person.
pub(super) fn kind(context: &Context<'_>, principal: &str) -> Result<PrincipalKind, ApiError> {
    let select = "SELECT id FROM service_account WHERE id = ?";
    let account = context.sql.one(select, &[principal.into()])?;
    Ok(account.map_or(PrincipalKind::User, |_| PrincipalKind::ServiceAccount))
}

/// Refuses an account that is not there: 404.
pub(super) fn require(context: &Context<'_>, account: &str) -> Result<(), ApiError> {
    let select = "SELECT id FROM service_account WHERE id = ? AND deleted_at_ms IS NULL";
    let account = context.sql.one(select, &[account.into()])?;
    account.map(|_| ()).ok_or_else(ApiError::not_found)
}

/// The ids of all accounts that are there.
pub(super) fn all(context: &Context<'_>) -> Result<Vec<String>, ApiError> {
    let select = "SELECT id FROM service_account WHERE deleted_at_ms IS NULL";
    let rows = context.sql.exec(select, &[])?;
    let read = |row: &Row| row.text("id").map(str::to_owned);
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

fn list(acting: &Acting<'_>, range: &Range<i64>) -> Result<Reply, ApiError> {
    let select = "SELECT rowid AS place, id FROM service_account
        WHERE deleted_at_ms IS NULL AND rowid > ? ORDER BY rowid LIMIT ?";
    let values = [range.after.unwrap_or_default().into(), range.rows().into()];
    let rows = acting.rows(select, &values)?;
    let position = |row: &Row| Ok::<_, ApiError>(row.integer("place")?);
    let seen = |row: &Row| Ok(Some(view(acting, row.text("id")?)?));
    Reply::of(&range.fill(&rows, position, seen)?)
}

fn create(
    acting: &FreshActing<'_>,
    account: &str,
    name: &str,
    grants: &[GrantRequest],
) -> Result<Reply, ApiError> {
    // Who may not is told so before what is wrong with the grants.
    acting.permit(Operation::ServiceAccountManage, acting.access.root())?;
    let permitted = acting.grant_account(None, &known(acting, grants)?)?;
    let count = "SELECT COUNT(*) AS count FROM service_account WHERE deleted_at_ms IS NULL";
    if acting.count(count, &[])? >= ACCOUNTS_MAX {
        let detail = format!("An organization may have {ACCOUNTS_MAX} service accounts.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    let change = acting.change(permitted)?;
    write(&change, account, name)?;
    grant(&change, account, grants)?;
    finish(change, account)
}

/// Writes an account down.
pub(super) fn write(change: &Change<'_>, account: &str, name: &str) -> Result<(), ApiError> {
    let insert = "INSERT INTO service_account (id, name, created_at_ms, epoch) VALUES (?, ?, ?, ?)";
    let values = [
        account.into(),
        name.into(),
        change.acting.now_ms().into(),
        change.epoch.into(),
    ];
    change.exec(insert, &values)?;
    Ok(())
}

fn update(
    acting: &FreshActing<'_>,
    account: &str,
    name: Option<&str>,
    grants: Option<&[GrantRequest]>,
) -> Result<Reply, ApiError> {
    let mut permitted = acting.permit_on_others(Operation::ServiceAccountManage)?;
    acting.require_account(account)?;
    if let Some(grants) = grants {
        permitted = acting.grant_account(Some(account), &known(acting, grants)?)?;
    }
    let before = view(acting, account)?;
    let is_called = name.is_none_or(|name| name == before.name);
    if is_called && grants.is_none_or(|grants| is_granted(acting, &before, grants)) {
        return acting.unchanged(before);
    }
    let change = acting.change(permitted)?;
    if let Some(name) = name {
        let rename = "UPDATE service_account SET name = ? WHERE id = ?";
        change.exec(rename, &[name.into(), account.into()])?;
    }
    if let Some(grants) = grants {
        links::through(change.context(), account, account, || {
            grant(&change, account, grants)
        })?;
    }
    finish(change, account)
}

/// Every grant and key goes; the row stays as the tombstone that carries the epoch.
fn delete(acting: &FreshActing<'_>, account: &str) -> Result<Reply, ApiError> {
    let permitted = acting.permit_to_end(Operation::ServiceAccountManage)?;
    acting.require_account(account)?;
    let change = acting.change(permitted)?;
    change.exec("DELETE FROM granted WHERE user = ?", &[account.into()])?;
    links::revoke_those_beyond(change.context(), account)?;
    let keys = "DELETE FROM service_key WHERE account = ?";
    change.exec(keys, &[account.into()])?;
    service_keys::stop_those_shown_to(change.context(), account)?;
    let unowned = "UPDATE node SET owner = NULL, epoch = ? WHERE owner = ?";
    change.exec(unowned, &[change.epoch.into(), account.into()])?;
    let end = "UPDATE service_account SET deleted_at_ms = ? WHERE id = ?";
    change.exec(end, &[acting.now_ms().into(), account.into()])?;
    change.withdraw(account)?;
    Ok(change.finish(())?.ending(account))
}

/// The answer, once an account is written.
fn finish(change: Change<'_>, account: &str) -> Result<Reply, ApiError> {
    change.touch(&[account.to_owned()])?;
    let view = view(change.acting, account)?;
    change.finish(view)
}

/// The roles with their nodes, each named once.
fn known(acting: &Acting<'_>, grants: &[GrantRequest]) -> Result<Vec<Grant>, ApiError> {
    let wrong = |detail: String| Err(ApiError::new(Code::InvalidValue, detail));
    if grants.is_empty() || grants.len() > GRANTS_MAX {
        return wrong(format!("A service account has 1 to {GRANTS_MAX} grants."));
    }
    let mut known: Vec<Grant> = Vec::new();
    for grant in grants {
        acting.role(&grant.role)?;
        let node = node_of(acting, grant);
        if acting.access.node(node).is_none() {
            return wrong("`node` is no node of this organization.".to_owned());
        }
        let mut before = known.iter();
        if before.any(|known| known.role == grant.role && known.node == node) {
            return wrong("A role is granted on a node once.".to_owned());
        }
        known.push(held_of(grant, node));
    }
    Ok(known)
}

/// Whether `grants`, each of which is named once, are all that an account has.
fn is_granted(acting: &Acting<'_>, account: &ServiceAccountView, grants: &[GrantRequest]) -> bool {
    let is_same = |grant: &GrantRequest, held: &GrantRecord| {
        held.role == grant.role
            && held.node == node_of(acting, grant)
            && held.not_before_ms == grant.not_before_ms.map(unsigned)
            && held.expires_at_ms == grant.expires_at_ms.map(unsigned)
    };
    let is_held = |grant| account.grants.iter().any(|held| is_same(grant, held));
    grants.len() == account.grants.len() && grants.iter().all(is_held)
}

/// What a grant on `node` is to core.
pub(super) fn held_of(grant: &GrantRequest, node: &str) -> Grant {
    Grant {
        window: nodes::window_of(grant.not_before_ms, grant.expires_at_ms),
        ..Grant::new(grant.role.clone(), node)
    }
}

/// The node that is named; the organization itself, where none is.
fn node_of<'a>(acting: &'a Acting<'_>, grant: &'a GrantRequest) -> &'a str {
    grant.node.as_deref().unwrap_or(&acting.organization.id)
}

/// Puts `grants` in the place of all that the account was granted.
pub(super) fn grant(
    change: &Change<'_>,
    account: &str,
    grants: &[GrantRequest],
) -> Result<(), ApiError> {
    change.exec("DELETE FROM granted WHERE user = ?", &[account.into()])?;
    let insert = "INSERT INTO granted (user, node, role, not_before_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?)";
    for grant in grants {
        let values = [
            account.into(),
            node_of(change.acting, grant).into(),
            (&grant.role).into(),
            grant.not_before_ms.into(),
            grant.expires_at_ms.into(),
        ];
        change.exec(insert, &values)?;
    }
    Ok(())
}

fn view(acting: &Acting<'_>, account: &str) -> Result<ServiceAccountView, ApiError> {
    let select = "SELECT id, name, created_at_ms, epoch FROM service_account WHERE id = ?";
    let row = acting.row(select, &[account.into()])?;
    let row = row.ok_or_else(ApiError::not_found)?;
    let select = "SELECT role, node, not_before_ms, expires_at_ms FROM granted WHERE user = ? ORDER BY node, role";
    let grants = acting.rows(select, &[account.into()])?;
    let time = |row: &Row, column| {
        let at_ms = row.optional_integer(column)?;
        Ok::<_, SqlError>(at_ms.map(unsigned))
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
        keys: acting.keys(account)?,
        epoch: row.integer("epoch")?,
    })
}
