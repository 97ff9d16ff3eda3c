//! Access groups: what is granted to one is granted to its members, and makes nobody a member of the organization.

mod given;

use lockstep_core::{Assignment, Facts, Level, NodeId, Operation, RoleId, Window};
use lockstep_wire::{GroupGrantView, GroupView, NodeGrantRequest};
use serde::{Deserialize, Serialize};

use self::given::page;
pub(super) use self::given::{enter, given, granted_from, grants};
use super::{
    acting::{Acting, Change, FreshActing},
    actor::Permitted,
    invitations::{self, Taken},
    nodes, workspaces,
};
use crate::{
    objects::Reply,
    paging::Range,
    problem::{ApiError, Code},
    sql::Row,
};

/// The most access groups of one organization.
pub(super) const GROUPS_MAX: i64 = 1_000;
/// The most nodes on which one group is granted something.
pub(super) const GRANTS_MAX: i64 = 100;
/// The most groups that one member is in: what somebody holds has a limit in core.
pub(super) const GROUPS_OF_MEMBER_MAX: i64 = 50;

/// The members that a group's record names: it is the answer to every change, and a page has many of them.
const MEMBERS_SHOWN: u32 = 20;

/// What a member may change about access groups.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupChange {
    /// Puts a member into one; answers `Written` with `GroupView`.
    AddMember {
        /// The group.
        group: String,
        /// The member.
        user: String,
    },
    /// Creates one; answers `Written` with `GroupView`.
    Create {
        /// Its id.
        group: String,
        /// Its name.
        name: String,
        /// The workspace whose group it is; the organization's when absent.
        workspace: Option<String>,
    },
    /// Deletes one; answers `Written`.
    Delete {
        /// The group.
        group: String,
    },
    /// Grants one a role on a node, in place of any other there; answers `Written` with `GroupView`.
    Grant {
        /// The group.
        group: String,
        /// The workspace or project.
        node: String,
        /// What it is given.
        grant: NodeGrantRequest,
    },
    /// Takes a member out of one; answers `Written` with `GroupView`.
    RemoveMember {
        /// The group.
        group: String,
        /// The member.
        user: String,
    },
    /// Renames one; answers `Written` with `GroupView`.
    Rename {
        /// The group.
        group: String,
        /// The new name.
        name: String,
    },
    /// Takes what one was granted on a node; answers `Written` with `GroupView`.
    Revoke {
        /// The group.
        group: String,
        /// The workspace or project.
        node: String,
    },
}

/// What a member may ask about access groups.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupQuestion {
    /// Those that the actor may see; answers a slice of `GroupView`.
    List {
        /// Which of them.
        range: Range<i64>,
    },
    /// The members of one; answers a slice of `GroupMemberView`.
    Members {
        /// The group.
        group: String,
        /// Which of them.
        range: Range<String>,
    },
    /// One of them; answers `GroupView`.
    Read {
        /// The group.
        group: String,
    },
}

impl GroupChange {
    /// The id of what it edits, which is there already.
    pub(super) fn edits(&self) -> Option<&str> {
        match self {
            Self::Create { .. } => None,
            Self::AddMember { group, .. }
            | Self::Delete { group }
            | Self::Grant { group, .. }
            | Self::RemoveMember { group, .. }
            | Self::Rename { group, .. }
            | Self::Revoke { group, .. } => Some(group),
        }
    }

    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::AddMember { group, user } => add_member(acting, group, user),
            Self::Create {
                group,
                name,
                workspace,
            } => create(acting, group, name, workspace.as_deref()),
            Self::Delete { group } => delete(acting, group),
            Self::Grant { group, node, grant } => set(acting, group, node, Some(grant)),
            Self::RemoveMember { group, user } => remove_member(acting, group, user),
            Self::Rename { group, name } => rename(acting, group, name),
            Self::Revoke { group, node } => set(acting, group, node, None),
        }
    }
}

impl GroupQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::List { range } => list(acting, range),
            Self::Members { group, range } => {
                visible(acting, group)?;
                Reply::of(&page(acting, group, range)?)
            }
            Self::Read { group } => {
                visible(acting, group)?;
                Reply::of(&view(acting, group)?)
            }
        }
    }
}

/// The node whose group it is, for who may see its groups; else 404.
fn visible(acting: &Acting<'_>, group: &str) -> Result<NodeId, ApiError> {
    let select = "SELECT home FROM access_group WHERE id = ?";
    let row = acting.row(select, &[group.into()])?;
    let row = row.ok_or_else(ApiError::not_found)?;
    let home = acting.access.node(row.text("home")?);
    home.filter(|home| acting.may(Operation::GroupRead, *home))
        .ok_or_else(ApiError::not_found)
}

fn list(acting: &Acting<'_>, range: &Range<i64>) -> Result<Reply, ApiError> {
    let select = "SELECT rowid AS place, id FROM access_group WHERE rowid > ? ORDER BY rowid";
    let rows = acting.rows(select, &[range.after.unwrap_or_default().into()])?;
    let position = |row: &Row| Ok::<_, ApiError>(row.integer("place")?);
    Reply::of(&range.fill(&rows, position, |row| {
        let id = row.text("id")?;
        let seen = visible(acting, id).is_ok();
        seen.then(|| view(acting, id)).transpose()
    })?)
}

fn create(
    acting: &FreshActing<'_>,
    id: &str,
    name: &str,
    workspace: Option<&str>,
) -> Result<Reply, ApiError> {
    let home = match workspace {
        Some(workspace) => workspaces::visible(acting, workspace)?,
        None => acting.access.root(),
    };
    let permitted = acting.permit(Operation::GroupManage, home)?;
    limited(
        acting,
        "SELECT COUNT(*) AS count FROM access_group",
        &[],
        GROUPS_MAX,
        "access groups",
    )?;
    let change = acting.change(permitted)?;
    write(
        &change,
        id,
        name,
        workspace.unwrap_or(&acting.organization.id),
    )?;
    let group = view(acting, id)?;
    change.finish(group)
}

/// Writes down a group of the node called `home`.
pub(super) fn write(change: &Change<'_>, id: &str, name: &str, home: &str) -> Result<(), ApiError> {
    let insert =
        "INSERT INTO access_group (id, home, name, created_at_ms, epoch) VALUES (?, ?, ?, ?, ?)";
    let values = [
        id.into(),
        home.into(),
        name.into(),
        change.acting.now_ms().into(),
        change.epoch.into(),
    ];
    change.exec(insert, &values)?;
    Ok(())
}

fn rename(acting: &FreshActing<'_>, id: &str, name: &str) -> Result<Reply, ApiError> {
    let home = visible(acting, id)?;
    let permitted = acting.permit(Operation::GroupManage, home)?;
    let before = view(acting, id)?;
    if before.name == name {
        return acting.unchanged(before);
    }
    let change = acting.change(permitted)?;
    let rename = "UPDATE access_group SET name = ? WHERE id = ?";
    change.exec(rename, &[name.into(), id.into()])?;
    renew(&change, id)?;
    let group = view(acting, id)?;
    change.finish(group)
}

fn delete(acting: &FreshActing<'_>, id: &str) -> Result<Reply, ApiError> {
    let home = visible(acting, id)?;
    let permitted = acting.leave_group(home, &grants(acting, id)?, &Facts::default())?;
    let members = members(acting, id)?;
    let change = acting.change(permitted)?;
    for table in ["group_member", "group_granted", "invitation_group"] {
        let end = format!("DELETE FROM {table} WHERE access_group = ?");
        change.exec(&end, &[id.into()])?;
    }
    change.exec("DELETE FROM access_group WHERE id = ?", &[id.into()])?;
    change.touch(&members)?;
    change.finish(())
}

fn add_member(acting: &FreshActing<'_>, id: &str, user: &str) -> Result<Reply, ApiError> {
    let home = visible(acting, id)?;
    let about = acting.facts_about(user)?;
    let permitted = acting.enter_group(home, &grants(acting, id)?, &about)?;
    let member = acting.member(user)?;
    let count = "SELECT COUNT(*) AS count FROM group_member WHERE user = ? AND access_group <> ?";
    limited(
        acting,
        count,
        &[user.into(), id.into()],
        GROUPS_OF_MEMBER_MAX,
        "groups of one member",
    )?;
    let change = acting.change(permitted)?;
    let insert =
        "INSERT INTO group_member (access_group, user) VALUES (?, ?) ON CONFLICT DO NOTHING";
    change.exec(insert, &[id.into(), user.into()])?;
    renew(&change, id)?;
    change.touch(&[member.user])?;
    let group = view(acting, id)?;
    change.finish(group)
}

fn remove_member(acting: &FreshActing<'_>, id: &str, user: &str) -> Result<Reply, ApiError> {
    let home = visible(acting, id)?;
    let about = acting.facts_about(user)?;
    let permitted = acting.leave_group(home, &grants(acting, id)?, &about)?;
    let change = acting.change(permitted)?;
    let end = "DELETE FROM group_member WHERE access_group = ? AND user = ? RETURNING user";
    if change.exec(end, &[id.into(), user.into()])?.is_empty() {
        return Err(ApiError::not_found());
    }
    invitations::take(&change, user, &Taken::Group(id))?;
    renew(&change, id)?;
    change.touch(&[user.to_owned()])?;
    let group = view(acting, id)?;
    change.finish(group)
}

/// Gives a group a role on a node in place of any other there, or none. The node is the group's own or
/// lies in it; a project is shared by who may share it.
fn set(
    acting: &FreshActing<'_>,
    id: &str,
    node_id: &str,
    grant: Option<&NodeGrantRequest>,
) -> Result<Reply, ApiError> {
    let home = visible(acting, id)?;
    acting.permit(Operation::GroupManage, home)?;
    let node = within(acting, home, node_id)?;
    let new = grant
        .map(|grant| nodes::role_of(acting, grant))
        .transpose()?;
    let select = "SELECT role, not_before_ms, expires_at_ms FROM group_granted WHERE access_group = ? AND node = ?";
    let rows = acting.rows(select, &[id.into(), node_id.into()])?;
    let old = nodes::roles_that_count(acting, &rows)?;
    let permitted = share(acting, node, &old, new)?;
    if grant.is_none() && rows.is_empty() {
        return Err(ApiError::not_found());
    }
    let change = acting.change(permitted)?;
    let end = "DELETE FROM group_granted WHERE access_group = ? AND node = ?";
    change.exec(end, &[id.into(), node_id.into()])?;
    if let Some(grant) = grant {
        begin(&change, id, node_id, grant)?;
    }
    renew(&change, id)?;
    change.touch(&members(acting, id)?)?;
    let group = view(acting, id)?;
    change.finish(group)
}

/// The node called `id`, if a group of `home` can be granted something on it; else 404.
pub(super) fn within(acting: &Acting<'_>, home: NodeId, id: &str) -> Result<NodeId, ApiError> {
    let node = acting.access.node(id);
    let node = node.filter(|node| acting.access.is_within(*node, home));
    node.ok_or_else(ApiError::not_found)
}

/// Whether the actor may put `new` in the place of what a group was granted on a node.
pub(super) fn share(
    acting: &Acting<'_>,
    node: NodeId,
    old: &[(RoleId, Window)],
    new: Option<(RoleId, Window)>,
) -> Result<Permitted, ApiError> {
    let is_project = acting.access.level(node) == Some(Level::Project);
    acting.assign(Assignment {
        operation: if is_project {
            Operation::ProjectShare
        } else {
            Operation::GroupManage
        },
        node,
        old,
        new,
        facts: Facts::default(),
    })
}

/// The group is another one from now on.
fn renew(change: &Change<'_>, id: &str) -> Result<(), ApiError> {
    let renew = "UPDATE access_group SET epoch = ? WHERE id = ?";
    change.exec(renew, &[change.epoch.into(), id.into()])?;
    Ok(())
}

pub(super) fn begin(
    change: &Change<'_>,
    id: &str,
    node: &str,
    grant: &NodeGrantRequest,
) -> Result<(), ApiError> {
    let count = "SELECT COUNT(*) AS count FROM group_granted WHERE access_group = ?";
    limited(
        change.acting,
        count,
        &[id.into()],
        GRANTS_MAX,
        "roles of one group",
    )?;
    let begin = "INSERT INTO group_granted (access_group, node, role, not_before_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?)";
    let values = [
        id.into(),
        node.into(),
        (&grant.role).into(),
        grant.not_before_ms.into(),
        grant.expires_at_ms.into(),
    ];
    change.exec(begin, &values)?;
    Ok(())
}

/// Refuses one more where there are `max`.
fn limited(
    acting: &Acting<'_>,
    count: &str,
    values: &[crate::sql::Value],
    max: i64,
    what: &str,
) -> Result<(), ApiError> {
    if acting.count(count, values)? < max {
        return Ok(());
    }
    let detail = format!("There may be {max} {what}.");
    Err(ApiError::new(Code::LimitReached, detail))
}

fn members(acting: &Acting<'_>, id: &str) -> Result<Vec<String>, ApiError> {
    let select = "SELECT user FROM group_member WHERE access_group = ? ORDER BY rowid";
    let rows = acting.rows(select, &[id.into()])?;
    let read = |row: &Row| row.text("user").map(str::to_owned);
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// A group with what it was granted, and the first of its members.
fn view(acting: &Acting<'_>, id: &str) -> Result<GroupView, ApiError> {
    let select = "SELECT name, home, epoch FROM access_group WHERE id = ?";
    let row = acting.row(select, &[id.into()])?;
    let row = row.ok_or_else(ApiError::not_found)?;
    let workspace = Some(row.text("home")?).filter(|home| *home != acting.organization.id);
    let grants = grants(acting, id)?.into_iter().map(|grant| GroupGrantView {
        role_name: acting.role_name(&grant.role),
        role: grant.role,
        node: grant.node,
        not_before_ms: grant.window.not_before_ms,
        expires_at_ms: grant.window.expires_at_ms,
    });
    let count = "SELECT COUNT(*) AS count FROM group_member WHERE access_group = ?";
    let first = Range {
        after: None,
        limit: MEMBERS_SHOWN,
    };
    Ok(GroupView {
        id: id.to_owned(),
        name: row.text("name")?.to_owned(),
        workspace: workspace.map(str::to_owned),
        grants: grants.collect(),
        members: page(acting, id, &first)?.entries,
        member_count: acting.count(count, &[id.into()])?,
        epoch: row.integer("epoch")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{GRANTS_MAX, GROUPS_OF_MEMBER_MAX};
    use crate::organization::nodes::NODES_MAX;

    #[test]
    fn nobody_comes_to_hold_more_than_core_takes() {
        // A role on the organization and one on each node, and what groups give.
        let held = 1 + NODES_MAX + GROUPS_OF_MEMBER_MAX * GRANTS_MAX;
        assert!(usize::try_from(held).unwrap() <= lockstep_core::limits::GRANTS_MAX);
    }
}
