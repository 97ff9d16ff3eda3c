//! What is offered beside a role on the organization: roles on workspaces; and, where an organization comes from a file, roles on projects, access groups and projects of one's own. It names what may be gone when somebody joins.

use lockstep_core::{Access, Grant, InvitationState, NodeId, Offer, RoleId};
use lockstep_wire::WorkspaceRoleRequest;

use super::{COLUMNS, TO_MEMBER};
use crate::{
    objects::Context,
    organization::{
        acting::{Acting, Change},
        groups, workspaces,
    },
    problem::{ApiError, Code},
};

/// The most workspaces and projects on which one invitation gives a role.
pub(in crate::organization) const WORKSPACES_MAX: usize = 50;
/// What can still be accepted, or sent again.
const OPEN: &str = "IN (SELECT id FROM invitation WHERE state = 'pending'
    UNION SELECT id FROM invitation_link WHERE revoked_at_ms IS NULL)";

/// One thing that is offered, by its ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::organization) enum Brought {
    /// Membership of an access group.
    Group(String),
    /// Ownership of a project that nobody owns.
    Project(String),
    /// A role on a workspace or a project.
    Role { node: String, role: String },
}

/// What a group gives: where it is at home, and what it was granted.
pub(in crate::organization) type Group = (NodeId, Vec<Grant>);

/// What is offered, as numbers of one access.
pub(in crate::organization) struct Known {
    role: RoleId,
    grants: Vec<(NodeId, RoleId)>,
    groups: Vec<Group>,
    owned: Vec<NodeId>,
    kept: Vec<Brought>,
}

impl Known {
    pub(in crate::organization) fn offer(&self) -> Offer<'_> {
        Offer {
            role: self.role,
            grants: &self.grants,
            groups: &self.groups,
            owned: &self.owned,
        }
    }

    /// What it was made of.
    pub(in crate::organization) fn kept(&self) -> &[Brought] {
        &self.kept
    }
}

/// What is offered as far as it is still there; `None` without the role on the organization. `group_of` finds groups.
pub(in crate::organization) fn known(
    access: &Access,
    role: &str,
    brought: &[Brought],
    group_of: &dyn Fn(&str) -> Result<Option<Group>, ApiError>,
) -> Result<Option<Known>, ApiError> {
    let policy = access.policy();
    let Some(role) = policy.role(role) else {
        return Ok(None);
    };
    let mut known = Known {
        role,
        grants: Vec::new(),
        groups: Vec::new(),
        owned: Vec::new(),
        kept: Vec::new(),
    };
    for one in brought {
        let is_there = match one {
            Brought::Group(id) => {
                let group = group_of(id)?;
                let is_there = group.is_some();
                known.groups.extend(group);
                is_there
            }
            Brought::Project(id) => {
                let node = access.node(id);
                known.owned.extend(node);
                node.is_some()
            }
            Brought::Role { node, role } => {
                let granted = access.node(node).zip(policy.role(role));
                known.grants.extend(granted);
                granted.is_some()
            }
        };
        if is_there {
            known.kept.push(one.clone());
        }
    }
    Ok(Some(known))
}

/// What somebody asks to offer: all of it has to be there, and each workspace once.
pub(in crate::organization) fn asked(
    acting: &Acting<'_>,
    role: &str,
    wanted: &[WorkspaceRoleRequest],
) -> Result<Known, ApiError> {
    let mut names: Vec<&str> = wanted.iter().map(|one| one.workspace.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < wanted.len() || wanted.len() > WORKSPACES_MAX {
        let detail = format!("`workspaces` names at most {WORKSPACES_MAX} workspaces, each once.");
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    let role = acting.role(role)?;
    let mut grants = Vec::new();
    let mut kept = Vec::new();
    for one in wanted {
        let node = workspaces::visible(acting, &one.workspace)?;
        grants.push((node, acting.role(&one.role)?));
        kept.push(Brought::Role {
            node: one.workspace.clone(),
            role: one.role.clone(),
        });
    }
    Ok(Known {
        role,
        grants,
        groups: Vec::new(),
        owned: Vec::new(),
        kept,
    })
}

/// All that comes with what is called `id`.
pub(in crate::organization) fn of(
    context: &Context<'_>,
    id: &str,
) -> Result<Vec<Brought>, ApiError> {
    let mut brought = Vec::new();
    let select = "SELECT node, role FROM invitation_grant WHERE invitation = ? ORDER BY node";
    for row in context.sql.exec(select, &[id.into()])? {
        brought.push(Brought::Role {
            node: row.text("node")?.to_owned(),
            role: row.text("role")?.to_owned(),
        });
    }
    let select =
        "SELECT access_group FROM invitation_group WHERE invitation = ? ORDER BY access_group";
    for row in context.sql.exec(select, &[id.into()])? {
        brought.push(Brought::Group(row.text("access_group")?.to_owned()));
    }
    let select = "SELECT node FROM invitation_project WHERE invitation = ? ORDER BY node";
    for row in context.sql.exec(select, &[id.into()])? {
        brought.push(Brought::Project(row.text("node")?.to_owned()));
    }
    Ok(brought)
}

/// Writes down what comes with what is called `id`.
pub(in crate::organization) fn write(
    change: &Change<'_>,
    id: &str,
    brought: &[Brought],
) -> Result<(), ApiError> {
    for one in brought {
        match one {
            Brought::Group(group) => {
                let insert =
                    "INSERT INTO invitation_group (invitation, access_group) VALUES (?, ?)";
                change.exec(insert, &[id.into(), group.into()])?;
            }
            Brought::Project(node) => {
                let insert = "INSERT INTO invitation_project (invitation, node) VALUES (?, ?)";
                change.exec(insert, &[id.into(), node.into()])?;
            }
            Brought::Role { node, role } => {
                let insert =
                    "INSERT INTO invitation_grant (invitation, node, role) VALUES (?, ?, ?)";
                change.exec(insert, &[id.into(), node.into(), role.into()])?;
            }
        }
    }
    Ok(())
}

/// Gives a member what was offered, beside what they have: nobody loses a role or a project by it.
pub(super) fn give(
    context: &Context<'_>,
    user: &str,
    granted_as: &str,
    brought: &[Brought],
    epoch: i64,
) -> Result<(), ApiError> {
    for one in brought {
        match one {
            Brought::Group(group) => groups::enter(context, group, user, epoch)?,
            Brought::Project(node) => {
                let own = "UPDATE node SET owner = ?, epoch = ? WHERE id = ? AND owner IS NULL";
                let values = [user.into(), epoch.into(), node.into()];
                context.sql.exec(own, &values)?;
            }
            Brought::Role { node, role } => {
                // What is over gives nothing; what has not begun was given, too.
                let end = "DELETE FROM granted WHERE user = ? AND node = ? AND expires_at_ms <= ?";
                let values = [granted_as.into(), node.into(), context.now_ms.into()];
                context.sql.exec(end, &values)?;
                let begin = "INSERT INTO granted (user, node, role) SELECT ?1, ?2, ?3
                    WHERE NOT EXISTS (SELECT 1 FROM granted WHERE user = ?1 AND node = ?2)";
                let values = [granted_as.into(), node.into(), role.into()];
                context.sql.exec(begin, &values)?;
            }
        }
    }
    Ok(())
}

/// What was taken from a member, or given in another way.
pub(in crate::organization) enum Taken<'a> {
    /// Membership of an access group.
    Group(&'a str),
    /// Ownership of a project.
    Project(&'a str),
    /// Their role on a node.
    Role(&'a str),
}

/// Takes it out of what waits for the member's addresses: an invitation from before gives nothing back (law 8). It was sent before whoever took it decided; one that they accept later brings the rest.
pub(in crate::organization) fn take(
    change: &Change<'_>,
    user: &str,
    taken: &Taken<'_>,
) -> Result<(), ApiError> {
    let (table, column, id) = match taken {
        Taken::Group(id) => ("invitation_group", "access_group", id),
        Taken::Project(id) => ("invitation_project", "node", id),
        Taken::Role(node) => ("invitation_grant", "node", node),
    };
    // SQLite would look at all that wait, for each member who had a role that is deleted.
    let end = format!(
        "DELETE FROM {table} WHERE {column} = ?2 AND invitation IN
        (SELECT id FROM invitation INDEXED BY invitation_pending WHERE {TO_MEMBER})"
    );
    change.exec(&end, &[user.into(), (*id).into()])?;
    Ok(())
}

/// Where a role is offered.
pub(in crate::organization) fn nodes_of(
    acting: &Acting<'_>,
    role: &str,
) -> Result<Vec<NodeId>, ApiError> {
    let select =
        format!("SELECT DISTINCT node FROM invitation_grant WHERE role = ? AND invitation {OPEN}");
    let rows = acting.rows(&select, &[role.into()])?;
    let mut nodes = Vec::new();
    for row in &rows {
        nodes.extend(acting.access.node(row.text("node")?));
    }
    Ok(nodes)
}

/// How many invitations and links offer a role.
pub(in crate::organization) fn named_by(
    acting: &Acting<'_>,
    role: &str,
) -> Result<usize, ApiError> {
    let select = format!(
        "SELECT COUNT(*) AS count FROM (SELECT id FROM invitation WHERE role = ? AND state = 'pending'
        UNION SELECT id FROM invitation_link WHERE role = ? AND revoked_at_ms IS NULL
        UNION SELECT invitation FROM invitation_grant WHERE role = ? AND invitation {OPEN})"
    );
    let count = acting.count(&select, &[role.into(), role.into(), role.into()])?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Puts `new` in the place of a role that is deleted, wherever it is offered. Without it nothing is offered in its place; whoever was invited into the organization as that is invited no more.
pub(in crate::organization) fn reassign(
    change: &Change<'_>,
    old: &str,
    new: Option<&str>,
) -> Result<(), ApiError> {
    let acting = change.acting;
    match new {
        Some(new) => {
            let moved = format!(
                "UPDATE invitation_grant SET role = ? WHERE role = ? AND invitation {OPEN}"
            );
            change.exec(&moved, &[new.into(), old.into()])?;
        }
        None => {
            let end = format!("DELETE FROM invitation_grant WHERE role = ? AND invitation {OPEN}");
            change.exec(&end, &[old.into()])?;
        }
    }
    let select = format!("{COLUMNS} WHERE role = ? AND state = 'pending'");
    for row in acting.rows(&select, &[old.into()])? {
        change.settle(&super::read(&row)?, InvitationState::Canceled)?;
    }
    let revoke =
        "UPDATE invitation_link SET revoked_at_ms = ? WHERE role = ? AND revoked_at_ms IS NULL";
    change.exec(revoke, &[acting.now_ms().into(), old.into()])?;
    Ok(())
}
