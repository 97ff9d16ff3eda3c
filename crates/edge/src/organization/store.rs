//! The rows of an organization, and what follows from a change of them.

use lockstep_core::{Access, Grant, Level, Node, Record, Window};
use lockstep_wire::{
    GrantRecord, LevelName, NodeRecord, PolicyReference, SNAPSHOT_FORMAT, Snapshot,
};

use serde::Serialize;

use super::{
    Written, customization,
    decisions::{StoredSnapshot, grants_key},
};
use crate::{
    objects::{Context, Reply},
    outbox::{self, Delivery},
    problem::ApiError,
    sql::{Row, SqlError},
    user::OrganizationChange,
};

/// The organization's own row.
#[derive(Debug, Clone)]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) creator: String,
    pub(super) created_at_ms: i64,
    pub(super) epoch: i64,
    /// How long tokens may live in it, in seconds.
    pub(super) token_lifetime_max_s: Option<i64>,
}

/// A member's row, with the role it holds on the organization itself.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) user: String,
    pub(super) address: Option<String>,
    pub(super) joined_at_ms: i64,
    pub(super) suspended_at_ms: Option<i64>,
    pub(super) role: String,
    pub(super) epoch: i64,
}

impl Member {
    /// By which name the member's grants are kept.
    pub(super) fn granted_as(&self) -> String {
        match self.suspended_at_ms {
            Some(_) => format!("{SUSPENDED}{}", self.user),
            None => self.user.clone(),
        }
    }
}

/// A deleted organization answers as if it had never been.
pub(super) fn require_live(context: &Context<'_>) -> Result<(), ApiError> {
    organization(context).map(|_| ())
}

pub(super) fn organization(context: &Context<'_>) -> Result<Organization, ApiError> {
    let select = "SELECT id, name, creator, created_at_ms, epoch, token_lifetime_max_s FROM organization WHERE deleted_at_ms IS NULL";
    let row = context
        .sql
        .one(select, &[])?
        .ok_or_else(ApiError::not_found)?;
    Ok(Organization {
        id: row.text("id")?.to_owned(),
        name: row.text("name")?.to_owned(),
        creator: row.text("creator")?.to_owned(),
        created_at_ms: row.integer("created_at_ms")?,
        epoch: row.integer("epoch")?,
        token_lifetime_max_s: row.optional_integer("token_lifetime_max_s")?,
    })
}

/// The epoch after this change; a command takes one step, whatever it changes.
pub(super) fn next_epoch(context: &Context<'_>) -> Result<i64, ApiError> {
    let step = "UPDATE organization SET epoch = epoch + 1 RETURNING epoch";
    let row = context
        .sql
        .one(step, &[])?
        .ok_or_else(ApiError::not_found)?;
    Ok(row.integer("epoch")?)
}

/// Who is suspended keeps what they were granted under another name, by which nobody is asked about.
pub(super) const SUSPENDED: &str = "suspended/";

const MEMBER: &str = "SELECT member.user, member.address, member.joined_at_ms, member.suspended_at_ms, member.epoch, granted.role
    FROM member JOIN organization JOIN granted ON granted.node = organization.id
        AND granted.user = CASE WHEN member.suspended_at_ms IS NULL THEN member.user ELSE 'suspended/' || member.user END
    WHERE member.left_at_ms IS NULL";

pub(super) fn members(context: &Context<'_>) -> Result<Vec<Member>, ApiError> {
    let select = format!("{MEMBER} ORDER BY member.joined_at_ms, member.rowid");
    let rows = context.sql.exec(&select, &[])?;
    Ok(rows.iter().map(read_member).collect::<Result<_, _>>()?)
}

pub(super) fn member(context: &Context<'_>, user: &str) -> Result<Option<Member>, ApiError> {
    let row = context
        .sql
        .one(&format!("{MEMBER} AND member.user = ?"), &[user.into()])?;
    Ok(row.as_ref().map(read_member).transpose()?)
}

pub(super) fn member_of_address(
    context: &Context<'_>,
    address: &str,
) -> Result<Option<Member>, ApiError> {
    let row = context.sql.one(
        &format!("{MEMBER} AND member.address = ?"),
        &[address.into()],
    )?;
    Ok(row.as_ref().map(read_member).transpose()?)
}

fn read_member(row: &Row) -> Result<Member, SqlError> {
    Ok(Member {
        user: row.text("user")?.to_owned(),
        address: row.optional_text("address")?.map(str::to_owned),
        joined_at_ms: row.integer("joined_at_ms")?,
        suspended_at_ms: row.optional_integer("suspended_at_ms")?,
        role: row.text("role")?.to_owned(),
        epoch: row.integer("epoch")?,
    })
}

/// How many members there are; who is suspended is one.
pub(super) fn member_count(context: &Context<'_>) -> Result<i64, ApiError> {
    let count = "SELECT COUNT(*) AS members FROM member WHERE left_at_ms IS NULL";
    let row = context.sql.one(count, &[])?;
    Ok(row.map_or(Ok(0), |row| row.integer("members"))?)
}

/// How many members are admins in the sense of law 7: a direct grant on the organization, without any time limit, of a role marked `admin`. `except` is not counted.
pub(super) fn admins(context: &Context<'_>, except: Option<&str>) -> Result<usize, ApiError> {
    let select = "SELECT member.user, granted.role
        FROM member JOIN organization JOIN granted ON granted.user = member.user AND granted.node = organization.id
        WHERE member.left_at_ms IS NULL AND granted.expires_at_ms IS NULL AND granted.not_before_ms IS NULL";
    let policy = &context.config.policy.policy;
    let mut admins = 0_usize;
    for row in context.sql.exec(select, &[])? {
        let role = policy
            .role(row.text("role")?)
            .and_then(|role| policy.describe_role(role));
        if role.is_some_and(|role| role.admin) && Some(row.text("user")?) != except {
            admins = admins.saturating_add(1);
        }
    }
    Ok(admins)
}

/// How many workspaces there are.
pub(super) fn workspaces(context: &Context<'_>) -> Result<usize, ApiError> {
    let count = "SELECT COUNT(*) AS workspaces FROM node WHERE level = 'workspace'";
    let row = context.sql.one(count, &[])?;
    let count = row.map_or(Ok(0), |row| row.integer("workspaces"))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Adds a member with a role on the organization, and tells the user's object.
pub(super) fn join(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
    address: Option<&str>,
    role: &str,
    epoch: i64,
) -> Result<(), ApiError> {
    let join = "INSERT INTO member (user, address, joined_at_ms, epoch) VALUES (?, ?, ?, ?)
        ON CONFLICT (user) DO UPDATE SET address = excluded.address, joined_at_ms = excluded.joined_at_ms, left_at_ms = NULL, epoch = excluded.epoch";
    let values = [
        user.into(),
        address.into(),
        context.now_ms.into(),
        epoch.into(),
    ];
    context.sql.exec(join, &values)?;
    set_role(context, organization, user, role)?;
    tell_user(context, organization, user, epoch, Some(&organization.name))?;
    publish(context, organization, user)
}

/// Ends a membership: every grant goes, the row stays as the tombstone that carries the epoch.
pub(super) fn leave(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
    epoch: i64,
) -> Result<(), ApiError> {
    let granted = "DELETE FROM granted WHERE user IN (?, ?)";
    let suspended = format!("{SUSPENDED}{user}");
    context
        .sql
        .exec(granted, &[user.into(), suspended.into()])?;
    // Whoever comes back is in no group.
    context
        .sql
        .exec("DELETE FROM group_member WHERE user = ?", &[user.into()])?;
    let left = "UPDATE member SET left_at_ms = ?, suspended_at_ms = NULL, epoch = ? WHERE user = ?";
    context
        .sql
        .exec(left, &[context.now_ms.into(), epoch.into(), user.into()])?;
    context.sql.exec(
        "UPDATE node SET owner = NULL WHERE owner = ?",
        &[user.into()],
    )?;
    super::service_keys::stop_those_shown_to(context, user)?;
    tell_user(context, organization, user, epoch, None)?;
    publish(context, organization, user)
}

/// Replaces the role that a member holds on the organization itself, by the name that their grants have;
/// grants on nodes below stay.
pub(super) fn set_role(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
    role: &str,
) -> Result<(), ApiError> {
    let on_root = [user.into(), organization.id.as_str().into()];
    context
        .sql
        .exec("DELETE FROM granted WHERE user = ? AND node = ?", &on_root)?;
    let insert = "INSERT INTO granted (user, node, role) VALUES (?, ?, ?)";
    context.sql.exec(
        insert,
        &[user.into(), organization.id.as_str().into(), role.into()],
    )?;
    Ok(())
}

/// Marks a principal as changed at `epoch`.
pub(super) fn touch(context: &Context<'_>, user: &str, epoch: i64) -> Result<(), ApiError> {
    context.sql.exec(
        "UPDATE member SET epoch = ? WHERE user = ?",
        &[epoch.into(), user.into()],
    )?;
    Ok(())
}

pub(super) fn tell_user(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
    epoch: i64,
    name: Option<&str>,
) -> Result<(), ApiError> {
    let change = OrganizationChange {
        organization: organization.id.clone(),
        epoch,
        name: name.map(str::to_owned),
    };
    let delivery = Delivery::UserOrganization {
        user: user.to_owned(),
        change,
    };
    outbox::enqueue(context.sql, context.now_ms, &delivery)
}

/// Sends what a principal holds now to KV: a snapshot, which without grants is the tombstone.
pub(super) fn publish(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
) -> Result<(), ApiError> {
    let key = grants_key(&organization.id, user);
    let stored = StoredSnapshot {
        key: key.clone(),
        snapshot: snapshot(context, organization, user)?,
    };
    let value = serde_json::to_string(&stored)
        .map_err(|error| ApiError::internal(format!("snapshot cannot be written: {error}")))?;
    let published = "INSERT INTO published (principal, epoch) VALUES (?, ?)
        ON CONFLICT (principal) DO UPDATE SET epoch = excluded.epoch";
    let epoch = principal_epoch(context, user)?;
    context.sql.exec(published, &[user.into(), epoch.into()])?;
    outbox::enqueue(context.sql, context.now_ms, &Delivery::KvPut { key, value })
}

/// The epoch of a principal's last change; 0 for who was never here. The nodes are everybody's.
pub(super) fn principal_epoch(context: &Context<'_>, principal: &str) -> Result<i64, ApiError> {
    let select = "SELECT MAX(known.epoch, organization.nodes_epoch) AS epoch FROM organization JOIN (
        SELECT epoch FROM member WHERE user = ? UNION ALL SELECT epoch FROM service_account WHERE id = ?
    ) AS known";
    let row = context
        .sql
        .one(select, &[principal.into(), principal.into()])?;
    Ok(row.map_or(Ok(0), |row| row.integer("epoch"))?)
}

/// What a principal was granted, without the nodes on which they hold nothing.
pub(super) fn snapshot(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
) -> Result<Snapshot, ApiError> {
    let policy = &context.config.policy;
    let record = record(context, organization, user)?;
    let access = resolve(context, record)?;
    let Record {
        kind,
        plan,
        nodes,
        grants,
        ..
    } = access.record();
    let mut kept: Vec<NodeRecord> = Vec::new();
    for (node, id) in nodes.iter().zip(access.node_ids()) {
        // What is granted on a node, or will be, needs the nodes above it.
        let leads_to_grant = grants.iter().any(|grant| {
            let mut above = access.node(&grant.node);
            while let Some(at) = above {
                if at == id {
                    return true;
                }
                above = access.describe(at).and_then(|node| node.parent);
            }
            false
        });
        if id == access.root() || access.holds_anything(id) || leads_to_grant {
            kept.push(node_record(node));
        }
    }
    Ok(Snapshot {
        format: SNAPSHOT_FORMAT,
        policy: PolicyReference {
            id: policy.document.id.clone(),
            digest: policy.digest.clone(),
        },
        organization: organization.id.clone(),
        principal: user.to_owned(),
        epoch: unsigned(principal_epoch(context, user)?),
        server_time_ms: unsigned(context.now_ms),
        kind: kind.into(),
        plan,
        roles: Vec::new(),
        rules: Vec::new(),
        nodes: kept,
        grants: grants.iter().map(grant_record).collect(),
        token: None,
    })
}

/// All nodes, and what a principal was granted on them, by themselves and through groups. Under the name
/// that a suspended member's grants have, it is what they would hold.
pub(super) fn record(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
) -> Result<Record, ApiError> {
    let person = user.strip_prefix(SUSPENDED).unwrap_or(user);
    let mut nodes = vec![Node::organization(organization.id.as_str())];
    let select = "SELECT id, level, parent, owner FROM node ORDER BY position";
    for row in context.sql.exec(select, &[])? {
        let level = match row.text("level")? {
            "workspace" => Level::Workspace,
            _ => Level::Project,
        };
        let owned = row.optional_text("owner")? == Some(person);
        let node = Node::inside(level, row.text("id")?, row.text("parent")?);
        nodes.push(Node { owned, ..node });
    }
    let select = "SELECT role, node, not_before_ms, expires_at_ms, NULL AS through FROM granted WHERE user = ?
        UNION ALL SELECT role, node, not_before_ms, expires_at_ms, group_member.access_group AS through
        FROM group_member JOIN group_granted ON group_granted.access_group = group_member.access_group
        WHERE group_member.user = ? ORDER BY through, node, role";
    let rows = context.sql.exec(select, &[user.into(), person.into()])?;
    let grant = |row: &Row| -> Result<Grant, SqlError> {
        let window = Window {
            not_before_ms: row.optional_integer("not_before_ms")?.map(unsigned),
            expires_at_ms: row.optional_integer("expires_at_ms")?.map(unsigned),
        };
        Ok(Grant {
            window,
            group: row.optional_text("through")?.map(str::to_owned),
            ..Grant::new(row.text("role")?, row.text("node")?)
        })
    };
    let grants = rows.iter().map(grant).collect::<Result<_, _>>()?;
    Ok(Record {
        principal: user.to_owned(),
        kind: super::service_accounts::kind(context, user)?,
        nodes,
        grants,
        // No organization has less than everything yet.
        plan: context.config.policy.policy.full_plan(),
        customization: customization::added(context)?,
        ..Record::default()
    })
}

pub(super) fn resolve(context: &Context<'_>, record: Record) -> Result<Access, ApiError> {
    Access::resolve(
        &context.config.policy.policy,
        record,
        unsigned(context.now_ms),
    )
    .map_err(|error| ApiError::internal(format!("nodes of {}: {error}", context.name)))
}

/// The answer to a change.
pub(super) fn written<T: Serialize>(epoch: i64, value: T) -> Result<Reply, ApiError> {
    Reply::of(&Written { epoch, value })
}

/// Tells open pages the new epoch.
pub(super) fn announce(reply: Reply, epoch: i64) -> Reply {
    reply.announcing(epoch_event(epoch))
}

pub(super) fn epoch_event(epoch: i64) -> String {
    format!("event: epoch\ndata: {{\"epoch\":{epoch}}}\n\n")
}

/// Times and epochs are never negative.
pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn node_record(node: &Node) -> NodeRecord {
    NodeRecord {
        id: node.id.clone(),
        level: LevelName::from(node.level),
        parent: node.parent.clone(),
        owned: node.owned,
    }
}

fn grant_record(grant: &Grant) -> GrantRecord {
    GrantRecord {
        role: grant.role.clone(),
        node: grant.node.clone(),
        group: grant.group.clone(),
        not_before_ms: grant.window.not_before_ms,
        expires_at_ms: grant.window.expires_at_ms,
    }
}
