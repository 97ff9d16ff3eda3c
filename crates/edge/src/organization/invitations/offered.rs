//! What is offered beside a role on the organization: roles on workspaces. They name nodes and roles, which may be gone when somebody joins.

use lockstep_core::{Access, InvitationState, NodeId, Offer, RoleId};
use lockstep_wire::WorkspaceRoleRequest;

use super::COLUMNS;
use crate::{
    objects::Context,
    organization::{
        acting::{Acting, Change},
        workspaces,
    },
    problem::{ApiError, Code},
    sql::{Row, SqlError},
};

/// The most workspaces of one invitation.
pub(in crate::organization) const WORKSPACES_MAX: usize = 50;
/// What can still be accepted, or sent again.
const OPEN: &str = "IN (SELECT id FROM invitation WHERE state = 'pending'
    UNION SELECT id FROM invitation_link WHERE revoked_at_ms IS NULL)";

/// A role on a workspace, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::organization) struct Granted {
    pub(in crate::organization) node: String,
    pub(in crate::organization) role: String,
}

/// What is offered, as numbers of one access.
pub(in crate::organization) struct Known {
    role: RoleId,
    grants: Vec<(NodeId, RoleId)>,
    kept: Vec<bool>,
}

impl Known {
    pub(in crate::organization) fn offer(&self) -> Offer<'_> {
        Offer {
            grants: &self.grants,
            ..Offer::of(self.role)
        }
    }

    /// Those of `grants` that it was made of.
    pub(in crate::organization) fn kept(&self, grants: &[Granted]) -> Vec<Granted> {
        let kept = grants.iter().zip(&self.kept);
        let kept = kept.filter(|(_, kept)| **kept);
        kept.map(|(granted, _)| granted.clone()).collect()
    }
}

/// What is offered as far as it is still there; `None` without the role on the organization.
pub(in crate::organization) fn known(
    access: &Access,
    role: &str,
    grants: &[Granted],
) -> Option<Known> {
    let policy = access.policy();
    let found = grants.iter().map(|granted| {
        let node = access.node(&granted.node)?;
        Some((node, policy.role(&granted.role)?))
    });
    let found: Vec<Option<(NodeId, RoleId)>> = found.collect();
    Some(Known {
        role: policy.role(role)?,
        kept: found.iter().map(Option::is_some).collect(),
        grants: found.into_iter().flatten().collect(),
    })
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
    for one in wanted {
        let node = workspaces::visible(acting, &one.workspace)?;
        grants.push((node, acting.role(&one.role)?));
    }
    Ok(Known {
        role,
        kept: vec![true; grants.len()],
        grants,
    })
}

/// The roles on workspaces that come with what is called `id`.
pub(in crate::organization) fn of(
    context: &Context<'_>,
    id: &str,
) -> Result<Vec<Granted>, ApiError> {
    let select = "SELECT node, role FROM invitation_grant WHERE invitation = ? ORDER BY node";
    let rows = context.sql.exec(select, &[id.into()])?;
    let read = |row: &Row| -> Result<Granted, SqlError> {
        Ok(Granted {
            node: row.text("node")?.to_owned(),
            role: row.text("role")?.to_owned(),
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Writes down the roles on workspaces that come with what is called `id`.
pub(in crate::organization) fn write(
    change: &Change<'_>,
    id: &str,
    wanted: &[WorkspaceRoleRequest],
) -> Result<(), ApiError> {
    let insert = "INSERT INTO invitation_grant (invitation, node, role) VALUES (?, ?, ?)";
    for one in wanted {
        let values = [id.into(), (&one.workspace).into(), (&one.role).into()];
        change.exec(insert, &values)?;
    }
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
