//! The rows of workspaces and projects.

use lockstep_core::{Grant, Level, RoleId, Window};
use lockstep_wire::{NodeGrantRequest, WorkspaceChangeRequest};

use super::{
    acting::{Acting, Change},
    store::unsigned,
};
use crate::{
    paging::{Range, Slice},
    problem::{ApiError, Code},
    sql::{Row, SqlError},
};

/// The roles of `rows` that give or hold back anything, and when: they are there, and what was granted is not over.
pub(super) fn roles_that_count(
    acting: &Acting<'_>,
    rows: &[Row],
) -> Result<Vec<(RoleId, Window)>, ApiError> {
    let mut roles = Vec::new();
    for row in rows {
        let window = window_of(
            row.optional_integer("not_before_ms")?,
            row.optional_integer("expires_at_ms")?,
        );
        if !window.is_over(unsigned(acting.now_ms())) {
            let role = acting.access.policy().role(row.text("role")?);
            roles.extend(role.map(|role| (role, window)));
        }
    }
    Ok(roles)
}

/// The role that is asked for, and when it counts.
pub(super) fn role_of(
    acting: &Acting<'_>,
    grant: &NodeGrantRequest,
) -> Result<(RoleId, Window), ApiError> {
    let window = window_of(grant.not_before_ms, grant.expires_at_ms);
    Ok((acting.role(&grant.role)?, window))
}

/// When a grant counts, by the moments that are stored and sent.
pub(super) fn window_of(not_before_ms: Option<i64>, expires_at_ms: Option<i64>) -> Window {
    Window {
        not_before_ms: not_before_ms.map(unsigned),
        expires_at_ms: expires_at_ms.map(unsigned),
    }
}

/// The most workspaces and projects of one organization: with what groups add, what somebody may be granted stays
/// within core's limit.
pub(super) const NODES_MAX: i64 = 4_000;

/// A workspace or a project.
#[derive(Debug, Clone)]
pub(super) struct NodeRow {
    pub(super) id: String,
    pub(super) parent: String,
    pub(super) owner: Option<String>,
    pub(super) name: String,
    pub(super) created_at_ms: i64,
    pub(super) archived_at_ms: Option<i64>,
    /// The epoch of its last change.
    pub(super) epoch: i64,
}

const COLUMNS: &str = "SELECT rowid AS place, id, parent, owner, name, created_at_ms, archived_at_ms, epoch FROM node";

/// Those of `level` from a position on that `view` lets through, the oldest first.
pub(super) fn list<T>(
    acting: &Acting<'_>,
    level: Level,
    range: &Range<i64>,
    view: impl Fn(&NodeRow) -> Option<T>,
) -> Result<Slice<T, i64>, ApiError> {
    let select = format!("{COLUMNS} WHERE level = ? AND rowid > ? ORDER BY rowid");
    let after = range.after.unwrap_or_default();
    let rows = acting.rows(&select, &[level.as_str().into(), after.into()])?;
    let position = |row: &Row| Ok(row.integer("place")?);
    range.fill(&rows, position, |row| Ok(view(&read(row)?)))
}

pub(super) fn find(acting: &Acting<'_>, id: &str) -> Result<NodeRow, ApiError> {
    let row = acting.row(&format!("{COLUMNS} WHERE id = ?"), &[id.into()])?;
    Ok(read(&row.ok_or_else(ApiError::not_found)?)?)
}

/// Adds a node after all others, so that each comes after its parent.
pub(super) fn insert(change: &Change<'_>, level: Level, node: &NodeRow) -> Result<(), ApiError> {
    let nodes = change
        .acting
        .count("SELECT COUNT(*) AS count FROM node", &[])?;
    if nodes >= NODES_MAX {
        let detail = format!("An organization may have {NODES_MAX} workspaces and projects.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    let insert = "INSERT INTO node (id, level, parent, owner, name, created_at_ms, epoch, position)
        SELECT ?, ?, ?, ?, ?, ?, ?, COALESCE(MAX(position), -1) + 1 FROM node";
    let values = [
        (&node.id).into(),
        level.as_str().into(),
        (&node.parent).into(),
        node.owner.clone().into(),
        (&node.name).into(),
        node.created_at_ms.into(),
        node.epoch.into(),
    ];
    change.exec(insert, &values)?;
    change.renew_nodes()
}

/// Whether `wanted` is something else than the node is.
pub(super) fn differs(node: &NodeRow, wanted: &WorkspaceChangeRequest) -> bool {
    let name = wanted.name.as_ref();
    name.is_some_and(|name| *name != node.name)
        || wanted
            .archived
            .is_some_and(|archived| archived != node.archived_at_ms.is_some())
}

pub(super) fn rename(change: &Change<'_>, id: &str, name: &str) -> Result<(), ApiError> {
    let rename = "UPDATE node SET name = ?, epoch = ? WHERE id = ?";
    change.exec(rename, &[name.into(), change.epoch.into(), id.into()])?;
    Ok(())
}

/// Archives or revives a node. Who archives what is archived does not move the date.
pub(super) fn archive(change: &Change<'_>, id: &str, archived: bool) -> Result<(), ApiError> {
    let since = "UPDATE node SET archived_at_ms = CASE WHEN ? THEN COALESCE(archived_at_ms, ?) END, epoch = ? WHERE id = ?";
    let now_ms = change.acting.now_ms();
    let values = [
        archived.into(),
        now_ms.into(),
        change.epoch.into(),
        id.into(),
    ];
    change.exec(since, &values)?;
    Ok(())
}

/// Puts a project into another workspace, after all other nodes, so that it comes after its parent. What
/// groups of the workspace that it leaves were granted on it goes: they reach no further.
pub(super) fn relocate(
    change: &Change<'_>,
    id: &str,
    from: &str,
    to: &str,
) -> Result<(), ApiError> {
    let end = "DELETE FROM group_granted WHERE node = ? AND access_group IN (SELECT id FROM access_group WHERE home = ?)
        RETURNING access_group";
    for row in change.exec(end, &[id.into(), from.into()])? {
        let renew = "UPDATE access_group SET epoch = ? WHERE id = ?";
        change.exec(
            renew,
            &[change.epoch.into(), row.text("access_group")?.into()],
        )?;
    }
    let put = "UPDATE node SET parent = ?, epoch = ?, position = (SELECT MAX(position) + 1 FROM node) WHERE id = ?";
    change.exec(put, &[to.into(), change.epoch.into(), id.into()])?;
    change.renew_nodes()
}

/// Removes a node with all that lies in it and all that was granted there. Ids are random, so nothing
/// that still names one ever means another.
pub(super) fn delete(change: &Change<'_>, id: &str) -> Result<(), ApiError> {
    let within = [id.into(), id.into()];
    let there = "IN (SELECT id FROM node WHERE id = ? OR parent = ?)";
    let of_groups = format!("IN (SELECT id FROM access_group WHERE home {there})");
    let renew = format!(
        "UPDATE access_group SET epoch = ? WHERE id IN (SELECT access_group FROM group_granted WHERE node {there})"
    );
    change.exec(&renew, &[change.epoch.into(), id.into(), id.into()])?;
    for (table, column, gone) in [
        ("granted", "node", there),
        ("group_granted", "node", there),
        ("invitation_grant", "node", there),
        ("invitation_project", "node", there),
        ("invitation_group", "access_group", &of_groups),
        ("group_granted", "access_group", &of_groups),
        ("group_member", "access_group", &of_groups),
        ("access_group", "home", there),
        ("setting", "node", there),
    ] {
        let end = format!("DELETE FROM {table} WHERE {column} {gone}");
        change.exec(&end, &within)?;
    }
    change.exec("DELETE FROM node WHERE id = ? OR parent = ?", &within)?;
    change.renew_nodes()
}

/// What is granted on a node and not over, to whomever, each role once.
pub(super) fn granted(acting: &Acting<'_>, id: &str) -> Result<Vec<Grant>, ApiError> {
    let select = "SELECT role FROM granted WHERE node = ?1 AND COALESCE(expires_at_ms > ?2, 1)
        UNION SELECT role FROM group_granted WHERE node = ?1 AND COALESCE(expires_at_ms > ?2, 1)";
    let mut granted = Vec::new();
    for row in acting.rows(select, &[id.into(), acting.now_ms().into()])? {
        granted.push(Grant::new(row.text("role")?, id));
    }
    Ok(granted)
}

fn read(row: &Row) -> Result<NodeRow, SqlError> {
    Ok(NodeRow {
        id: row.text("id")?.to_owned(),
        parent: row.text("parent")?.to_owned(),
        owner: row.optional_text("owner")?.map(str::to_owned),
        name: row.text("name")?.to_owned(),
        created_at_ms: row.integer("created_at_ms")?,
        archived_at_ms: row.optional_integer("archived_at_ms")?,
        epoch: row.integer("epoch")?,
    })
}
