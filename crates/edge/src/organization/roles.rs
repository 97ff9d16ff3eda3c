//! Roles that the organization makes of the policy's: list, create, edit, delete, and what a change would do.

use std::collections::BTreeSet;

use lockstep_core::{CustomRole, NodeId, Operation, Policy, RoleId, limits};
use lockstep_wire::{CustomRoleRecord, RoleChangeRequest, RolePreviewRequest, RoleView};
use serde::{Deserialize, Serialize};

use super::{
    acting::{Acting, Change, FreshActing},
    customization::{self, IS_RULE, StoredRoles, roles_key},
    invitations::{self, Taken},
    preview, rules,
};
use crate::{
    objects::Reply,
    paging::Range,
    problem::{ApiError, Code},
    sql::Row,
};

/// How long the definitions of all roles and rules may be together, in bytes: they are one value in KV and one row of the outbox, of which the database takes 2 MB, and there every quote and backslash is written as two bytes.
const BYTES_MAX: usize = 900_000;

/// What a member may change about the organization's own roles.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleChange {
    /// Creates one; answers `Written` with `CustomRoleRecord`.
    Create(CustomRoleRecord),
    /// Deletes one; answers `Written`.
    Delete {
        /// The role.
        role: String,
        /// The role that takes its place wherever it was granted; none does when absent.
        reassign: Option<String>,
    },
    /// Changes one; answers `Written` with `CustomRoleRecord`.
    Update {
        /// The role.
        role: String,
        /// What changes.
        change: RoleChangeRequest,
    },
}

/// What a member may ask about the organization's own roles.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleQuestion {
    /// All of them; answers a slice of `RoleView`.
    List {
        /// Which of them.
        range: Range<i64>,
    },
    /// What a change would give and take; answers `RolePreviewView`.
    Preview {
        /// The change.
        preview: RolePreviewRequest,
    },
}

impl RoleChange {
    /// The id of what it edits, which is there already.
    pub(super) fn edits(&self) -> Option<&str> {
        match self {
            Self::Create(_) => None,
            Self::Delete { role, .. } | Self::Update { role, .. } => Some(role),
        }
    }

    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Create(role) => save(acting, &ordered(role), None),
            Self::Delete { role, reassign } => delete(acting, role, reassign.as_deref()),
            Self::Update { role, change } => {
                let old = find(acting, role)?;
                save(acting, &ordered(&changed(&old, change)), Some(&old))
            }
        }
    }
}

impl RoleQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::List { range } => {
                acting.permit(Operation::RoleRead, acting.access.root())?;
                list(acting, range)
            }
            Self::Preview { preview } => preview::answer(acting, preview),
        }
    }
}

fn list(acting: &Acting<'_>, range: &Range<i64>) -> Result<Reply, ApiError> {
    let select = format!(
        "SELECT rowid AS place, definition, epoch FROM custom_role
        WHERE rowid > ? AND NOT {IS_RULE} ORDER BY rowid LIMIT ?"
    );
    let after = range.after.unwrap_or_default();
    let rows = acting.rows(&select, &[after.into(), range.rows().into()])?;
    let position = |row: &Row| Ok::<_, ApiError>(row.integer("place")?);
    Reply::of(&range.fill(&rows, position, |row| {
        let role = customization::read(row)?;
        Ok(Some(view(acting, role, row.integer("epoch")?)))
    })?)
}

fn view(acting: &Acting<'_>, role: CustomRoleRecord, epoch: i64) -> RoleView {
    let named: BTreeSet<&String> = role.with.iter().chain(&role.without).collect();
    let gone = customization::gone_permissions(acting.base(), named);
    RoleView::new(role, gone, epoch)
}

/// The role called `id`, for who may see the roles; else 404.
pub(super) fn find(acting: &Acting<'_>, id: &str) -> Result<CustomRoleRecord, ApiError> {
    let may = acting.may(lockstep_core::Operation::RoleRead, acting.access.root());
    let roles = acting.own_roles()?.into_iter();
    let mut named = roles.filter(|role| may && role.id == id);
    named.next().ok_or_else(ApiError::not_found)
}

/// `role` after `change`. Its base stays, and with it the deny rules that bind whoever holds it.
pub(super) fn changed(role: &CustomRoleRecord, change: &RoleChangeRequest) -> CustomRoleRecord {
    let RoleChangeRequest {
        name,
        with,
        without,
    } = change.clone();
    CustomRoleRecord {
        name: name.unwrap_or_else(|| role.name.clone()),
        with: with.unwrap_or_else(|| role.with.clone()),
        without: without.unwrap_or_else(|| role.without.clone()),
        ..role.clone()
    }
}

/// `role` with each permission once.
pub(super) fn ordered(role: &CustomRoleRecord) -> CustomRoleRecord {
    let once = |ids: &[String]| {
        let ids: BTreeSet<&String> = ids.iter().collect();
        ids.into_iter().cloned().collect()
    };
    CustomRoleRecord {
        with: once(&role.with),
        without: once(&role.without),
        ..role.clone()
    }
}

/// Whether the policy lets an organization save `role`.
pub(super) fn check(acting: &Acting<'_>, role: &CustomRoleRecord) -> Result<CustomRole, ApiError> {
    let role = CustomRole::from(role);
    acting.base().check_role(&role).map_err(|error| {
        let detail = format!("The role cannot be saved: {error}.");
        ApiError::new(Code::InvalidValue, detail)
    })?;
    Ok(role)
}

fn save(
    acting: &FreshActing<'_>,
    role: &CustomRoleRecord,
    old: Option<&CustomRoleRecord>,
) -> Result<Reply, ApiError> {
    // Who may not is told so before what is wrong with the role.
    let narrows = old.is_some_and(|old| is_within(acting.base(), role, old));
    let permitted = acting.define_role(&CustomRole::from(role), narrows)?;
    check(acting, role)?;
    if old.is_none() && acting.own_roles()?.len() >= limits::CUSTOM_ROLES_MAX {
        let detail = format!("There may be {} own roles.", limits::CUSTOM_ROLES_MAX);
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    if old.is_some_and(|old| old == role) {
        return acting.unchanged(view(acting, role.clone(), epoch(acting, &role.id)?));
    }
    let change = acting.change(permitted)?;
    write(&change, role)?;
    if is_held_on(acting, acting.organization.id.as_str(), &role.id)? {
        // Whether it reaches below settles which places its holders are told of.
        change.renew_nodes()?;
    }
    publish(&change)?;
    let view = view(acting, role.clone(), change.epoch);
    change.finish(view)
}

/// The epoch of the last change of a row of the table.
pub(super) fn epoch(acting: &Acting<'_>, id: &str) -> Result<i64, ApiError> {
    let select = "SELECT epoch FROM custom_role WHERE id = ?";
    let row = acting.row(select, &[id.into()])?;
    let row = row.ok_or_else(ApiError::not_found)?;
    Ok(row.integer("epoch")?)
}

/// Whether `new`, of the base of `old`, adds nothing to it. What is gone was not left out any more, and no role is saved with it.
fn is_within(policy: &Policy, new: &CustomRoleRecord, old: &CustomRoleRecord) -> bool {
    let mut with = new.with.iter();
    let left_out = old.without.iter();
    let mut left_out = left_out.filter(|id| policy.permission(id).is_some());
    with.all(|id| old.with.contains(id)) && left_out.all(|id| new.without.contains(id))
}

/// Whether anybody, or a group, has the role on that node.
fn is_held_on(acting: &Acting<'_>, node: &str, role: &str) -> Result<bool, ApiError> {
    let select = "SELECT role FROM granted WHERE node = ?1 AND role = ?2
        UNION ALL SELECT role FROM group_granted WHERE node = ?1 AND role = ?2 LIMIT 1";
    Ok(acting.row(select, &[node.into(), role.into()])?.is_some())
}

/// Writes a role down; whoever has written all of them publishes them.
pub(super) fn write(change: &Change<'_>, role: &CustomRoleRecord) -> Result<(), ApiError> {
    let definition = serde_json::to_string(role)
        .map_err(|error| ApiError::internal(format!("role cannot be written: {error}")))?;
    define(change, &role.id, definition)
}

/// Writes down what a row of the table is.
pub(super) fn define(change: &Change<'_>, id: &str, definition: String) -> Result<(), ApiError> {
    let save = "INSERT INTO custom_role (id, definition, created_at_ms, epoch) VALUES (?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET definition = excluded.definition, epoch = excluded.epoch";
    let values = [
        id.into(),
        definition.into(),
        change.acting.now_ms().into(),
        change.epoch.into(),
    ];
    change.exec(save, &values)?;
    Ok(())
}

fn delete(acting: &FreshActing<'_>, id: &str, reassign: Option<&str>) -> Result<Reply, ApiError> {
    // Who may not is told so before what others were granted.
    acting.permit_under_any_plan(Operation::RoleManage)?;
    find(acting, id)?;
    let new = successor(acting, id, reassign)?;
    let old = acting.access.policy().role(id);
    let permitted = acting.replace_role(old, new, &nodes(acting, id)?)?;
    let renamed = rules::reassigned(acting, id, reassign)?;
    let touched = holders(acting, id)?;
    let change = acting.change(permitted)?;
    if reassign.is_none() {
        take_from_invitations(&change, id)?;
    }
    for rule in &renamed {
        rules::write(&change, rule)?;
        change.renew_nodes()?;
    }
    if let Some(new) = reassign {
        // Who has the new role there already has it as long as either counted, since a time that is absent is no bound, and the least or most of none and another is none. What is over joins nothing with what is to come.
        let moved = "INSERT INTO granted (user, node, role, not_before_ms, expires_at_ms)
            SELECT user, node, ?1, not_before_ms, expires_at_ms FROM granted WHERE role = ?2
            ON CONFLICT (user, node, role) DO UPDATE SET expires_at_ms = MAX(expires_at_ms, excluded.expires_at_ms), not_before_ms = CASE
                WHEN expires_at_ms <= ?3 THEN excluded.not_before_ms
                WHEN excluded.expires_at_ms <= ?3 THEN not_before_ms
                ELSE MIN(not_before_ms, excluded.not_before_ms) END";
        let now_ms = acting.now_ms();
        change.exec(moved, &[new.into(), id.into(), now_ms.into()])?;
        let moved = "UPDATE group_granted SET role = ? WHERE role = ?";
        change.exec(moved, &[new.into(), id.into()])?;
    }
    let named = "SELECT access_group FROM group_granted WHERE role IN (?, ?)";
    let renew = format!("UPDATE access_group SET epoch = ? WHERE id IN ({named})");
    let new = reassign.unwrap_or(id);
    change.exec(&renew, &[change.epoch.into(), id.into(), new.into()])?;
    for (table, column) in [
        ("granted", "role"),
        ("group_granted", "role"),
        ("custom_role", "id"),
    ] {
        let end = format!("DELETE FROM {table} WHERE {column} = ?");
        change.exec(&end, &[id.into()])?;
    }
    invitations::reassign(&change, id, reassign)?;
    change.touch(&touched)?;
    publish(&change)?;
    change.finish(())
}

/// Takes the role on each node where somebody has the one called `id` out of what waits for them, as by hand: what is over was no longer theirs.
fn take_from_invitations(change: &Change<'_>, id: &str) -> Result<(), ApiError> {
    let select = "SELECT CASE WHEN user LIKE 'suspended/%' THEN SUBSTR(user, 11) ELSE user END AS user, node
        FROM granted WHERE role = ? AND COALESCE(expires_at_ms > ?, 1) AND node IN (SELECT node FROM invitation_grant)";
    let now_ms = change.acting.now_ms();
    for row in change.exec(select, &[id.into(), now_ms.into()])? {
        let taken = Taken::Role(row.text("node")?);
        invitations::take(change, row.text("user")?, &taken)?;
    }
    Ok(())
}

/// The role that takes the place of the one called `id`, if one is to.
///
/// # Errors
/// 409 where somebody would have it at two times that do not touch: a role is granted on a node once.
pub(super) fn successor(
    acting: &Acting<'_>,
    id: &str,
    reassign: Option<&str>,
) -> Result<Option<RoleId>, ApiError> {
    let Some(new) = reassign else {
        return Ok(None);
    };
    if new == id {
        let detail = "`reassign` names another role than the one that is deleted.";
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    let role = acting.role(new)?;
    let apart = "SELECT 1 FROM granted AS one JOIN granted AS other ON other.user = one.user AND other.node = one.node
        WHERE ((one.role = ?1 AND other.role = ?2) OR (one.role = ?2 AND other.role = ?1))
        AND one.expires_at_ms > ?3 AND other.not_before_ms > one.expires_at_ms LIMIT 1";
    let values = [id.into(), new.into(), acting.now_ms().into()];
    if acting.row(apart, &values)?.is_some() {
        let detail = "Somebody has both roles on one node, at times that do not touch. Change one of these grants first.";
        return Err(ApiError::new(Code::Conflict, detail));
    }
    Ok(Some(role))
}

/// Marks roles and rules as changed, once that is written. One value for the whole organization, whoever holds them.
pub(super) fn publish(change: &Change<'_>) -> Result<(), ApiError> {
    let acting = change.acting;
    let renew = "UPDATE organization SET roles_epoch = ?";
    change.exec(renew, &[change.epoch.into()])?;
    let (roles, rules) = (acting.own_roles()?, acting.own_rules()?);
    let stored = StoredRoles {
        key: roles_key(&acting.organization.id),
        epoch: change.epoch,
        digest: acting.digest().to_owned(),
        roles,
        rules,
    };
    if customization::text(&stored)?.len() > BYTES_MAX {
        let detail = format!("All own roles together may have {BYTES_MAX} bytes.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    change.send_roles(&stored)
}

/// Where a role was granted, to whomever, and is not over, or is offered.
fn nodes(acting: &Acting<'_>, role: &str) -> Result<Vec<NodeId>, ApiError> {
    let select = "SELECT node FROM granted WHERE role = ?1 AND COALESCE(expires_at_ms > ?2, 1)
        UNION SELECT node FROM group_granted WHERE role = ?1 AND COALESCE(expires_at_ms > ?2, 1)";
    let rows = acting.rows(select, &[role.into(), acting.now_ms().into()])?;
    let mut nodes = invitations::nodes_of(acting, role)?;
    for row in &rows {
        nodes.extend(acting.access.node(row.text("node")?));
    }
    Ok(nodes)
}

/// Who was granted a role, by themselves or through a group.
pub(super) fn holders(acting: &Acting<'_>, role: &str) -> Result<Vec<String>, ApiError> {
    let select =
        "SELECT CASE WHEN user LIKE 'suspended/%' THEN SUBSTR(user, 11) ELSE user END AS user
        FROM granted WHERE role = ?
        UNION SELECT group_member.user FROM group_granted
        JOIN group_member ON group_member.access_group = group_granted.access_group
        WHERE group_granted.role = ? ORDER BY user";
    let rows = acting.rows(select, &[role.into(), role.into()])?;
    let read = |row: &Row| row.text("user").map(str::to_owned);
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}
