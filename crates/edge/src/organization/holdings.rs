//! What somebody was granted, as rows, as core wants it, and as it is sent.

use std::collections::BTreeSet;

use lockstep_core::{Access, Grant, Level, Node, Record, Window};
use lockstep_wire::{
    GrantRecord, LevelName, NodeRecord, PolicyReference, SNAPSHOT_FORMAT, Snapshot,
};

use super::{
    customization,
    decisions::{StoredSnapshot, grants_key},
    plan::Plan,
    service_accounts,
    store::{Organization, SUSPENDED, unsigned},
};
use crate::{
    objects::Context,
    outbox::{self, Delivery},
    problem::ApiError,
    sql::{Row, SqlError},
};

/// For how long after KV was sent something its absence there is taken for KV's own slowness, in milliseconds: an hour. A namespace may be lost, or another one put in its place.
const SENT_MS: i64 = 3_600_000;

/// Sends what a principal holds now to KV: a snapshot, which without grants is the tombstone.
pub(super) fn publish(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
) -> Result<(), ApiError> {
    remember(context, user)?;
    send(context, snapshot(context, organization, user)?)
}

/// As [`publish`], of who holds nothing any more: no node need be read for that, however many leave at once.
pub(super) fn publish_end(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
) -> Result<(), ApiError> {
    let epoch = remember(context, user)?;
    entomb(context, organization, user, epoch)
}

/// Puts a tombstone in the place of what KV has of a principal.
pub(super) fn entomb(
    context: &Context<'_>,
    organization: &Organization,
    principal: &str,
    epoch: i64,
) -> Result<(), ApiError> {
    let policy = &context.config.policy;
    let tombstone = Snapshot {
        format: SNAPSHOT_FORMAT,
        policy: PolicyReference {
            id: policy.document.id.clone(),
            digest: policy.digest.clone(),
        },
        organization: organization.id.clone(),
        principal: principal.to_owned(),
        epoch: unsigned(epoch),
        server_time_ms: unsigned(context.now_ms),
        kind: service_accounts::kind(context, principal)?.into(),
        plan: Vec::new(),
        roles: Vec::new(),
        rules: Vec::new(),
        nodes: vec![NodeRecord {
            id: organization.id.clone(),
            level: LevelName::Organization,
            parent: None,
            owned: false,
        }],
        grants: Vec::new(),
        token: None,
    };
    send(context, tombstone)
}

/// Keeps that KV is sent what a principal holds as of their epoch, which is answered.
fn remember(context: &Context<'_>, user: &str) -> Result<i64, ApiError> {
    let published = "INSERT INTO published (principal, epoch, sent) VALUES (?, ?, ?)
        ON CONFLICT (principal) DO UPDATE SET epoch = excluded.epoch, sent = excluded.sent";
    let epoch = principal_epoch(context, user)?;
    let sent = sent_now(context, epoch);
    context
        .sql
        .exec(published, &[user.into(), epoch.into(), sent.into()])?;
    Ok(epoch)
}

fn send(context: &Context<'_>, snapshot: Snapshot) -> Result<(), ApiError> {
    let key = grants_key(&snapshot.organization, &snapshot.principal);
    let stored = StoredSnapshot {
        key: key.clone(),
        snapshot,
    };
    let value = serde_json::to_string(&stored)
        .map_err(|error| ApiError::internal(format!("snapshot cannot be written: {error}")))?;
    outbox::enqueue(context.sql, context.now_ms, &Delivery::KvPut { key, value })
}

/// How it is remembered that KV was sent something: as of which epoch, in which form, under which policy, and when. To whoever runs another policy it is worth nothing.
pub(super) fn sent_now(context: &Context<'_>, epoch: i64) -> String {
    format!("{} {}", sent_as(context, epoch), context.now_ms)
}

fn sent_as(context: &Context<'_>, epoch: i64) -> String {
    let digest = &context.config.policy.digest;
    format!("{epoch} {SNAPSHOT_FORMAT} {digest}")
}

/// Whether KV was sent what is of this epoch, and not so long ago that who asks for it shows that KV has lost it.
pub(super) fn was_sent(context: &Context<'_>, sent: Option<&str>, epoch: i64) -> bool {
    let Some((what, at_ms)) = sent.and_then(|sent| sent.rsplit_once(' ')) else {
        return false;
    };
    let age_ms = at_ms
        .parse()
        .map(|at_ms| context.now_ms.saturating_sub(at_ms));
    what == sent_as(context, epoch) && age_ms.is_ok_and(|age_ms| (0..SENT_MS).contains(&age_ms))
}

/// What [`principal_epoch`] answers, of the organization's row; NULL for who was never here. The principal is its first and its second parameter.
pub(super) const PRINCIPAL_EPOCH: &str = "MAX(nodes_epoch, COALESCE(
        (SELECT epoch FROM member WHERE user = ?), (SELECT epoch FROM service_account WHERE id = ?)))";

/// The epoch of a principal's last change; 0 for who was never here. The nodes are everybody's.
pub(super) fn principal_epoch(context: &Context<'_>, principal: &str) -> Result<i64, ApiError> {
    let select = format!("SELECT {PRINCIPAL_EPOCH} AS epoch FROM organization");
    let values = [principal.into(), principal.into()];
    let row = context.sql.one(&select, &values)?;
    let epoch = row.map(|row| row.optional_integer("epoch")).transpose()?;
    Ok(epoch.flatten().unwrap_or(0))
}

/// What a principal was granted, without the nodes of which they need not know.
pub(super) fn snapshot(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
) -> Result<Snapshot, ApiError> {
    let policy = &context.config.policy;
    let record = record_of_asker(context, organization, user)?;
    let access = resolve(context, record)?;
    let Record {
        kind,
        plan,
        nodes,
        grants,
        ..
    } = access.record();
    let known = access.known_nodes();
    let nodes = nodes.iter().zip(access.node_ids());
    let nodes = nodes.filter(|(_, id)| known.contains(id.index()));
    let mut kept: Vec<NodeRecord> = nodes.map(|(node, _)| node_record(node)).collect();
    // Nodes of one level in one place are one entry of the JSON when they lie side by side. They keep their order among
    // themselves, and each comes after its parent, which is of a higher level.
    kept.sort_by(|one, other| beside(one).cmp(&beside(other)));
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

/// What nodes that lie side by side have in common.
fn beside(node: &NodeRecord) -> (LevelName, Option<&str>, bool) {
    (node.level, node.parent.as_deref(), node.owned)
}

/// As [`record`], of whoever asks something: who is no member is told of no place and of nothing that the organization added, so neither is read. Strangers may ask as often as they like, and an organization may have much.
pub(super) fn record_of_asker(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
) -> Result<Record, ApiError> {
    let direct = "SELECT 1 AS one FROM granted WHERE user = ? LIMIT 1";
    if context.sql.one(direct, &[user.into()])?.is_some() {
        return record(context, organization, user);
    }
    Ok(Record {
        principal: user.to_owned(),
        kind: service_accounts::kind(context, user)?,
        nodes: vec![Node::organization(organization.id.as_str())],
        plan: Plan::of(context, organization).features,
        ..Record::default()
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
    Ok(Record {
        principal: user.to_owned(),
        kind: service_accounts::kind(context, user)?,
        nodes,
        grants: grants(context, user)?,
        plan: Plan::of(context, organization).features,
        customization: customization::added(context, organization)?,
        ..Record::default()
    })
}

/// As [`record`], in the organization of somebody who is `known`, without what that added: it is in their policy.
pub(super) fn record_beside(
    context: &Context<'_>,
    known: &Record,
    user: &str,
) -> Result<Record, ApiError> {
    let owned = "SELECT id FROM node WHERE owner = ?";
    let owned = context.sql.exec(owned, &[user.into()])?;
    let owned = owned.iter().map(|row| row.text("id"));
    let owned: BTreeSet<&str> = owned.collect::<Result<_, _>>()?;
    let nodes = known.nodes.iter().map(|node| Node {
        owned: owned.contains(node.id.as_str()),
        ..node.clone()
    });
    Ok(Record {
        principal: user.to_owned(),
        kind: service_accounts::kind(context, user)?,
        nodes: nodes.collect(),
        grants: grants(context, user)?,
        plan: known.plan.clone(),
        ..Record::default()
    })
}

/// What a principal was granted, by themselves and through groups.
fn grants(context: &Context<'_>, user: &str) -> Result<Vec<Grant>, ApiError> {
    let person = user.strip_prefix(SUSPENDED).unwrap_or(user);
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
    Ok(rows.iter().map(grant).collect::<Result<_, _>>()?)
}

/// Those of `grants` whose node is still there, in `access`, which has all: the others give nothing, and nobody could hold what they give.
pub(super) fn on_nodes_of(access: &Access, mut grants: Vec<Grant>) -> Vec<Grant> {
    grants.retain(|grant| access.node(&grant.node).is_some());
    grants
}

pub(super) fn resolve(context: &Context<'_>, record: Record) -> Result<Access, ApiError> {
    Access::resolve(
        &context.config.policy.policy,
        record,
        unsigned(context.now_ms),
    )
    .map_err(|error| ApiError::internal(format!("nodes of {}: {error}", context.name)))
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
