//! Who has which role in a workspace: list, give, take, several at once. Nobody gives a person a role on a project; one that came with a file is taken.

use lockstep_core::{Assignment, NodeId, Operation};
use lockstep_wire::{NodeGrantRequest, NodeMemberRequest, NodeMemberView, ResultsView};
use serde::{Deserialize, Serialize};

use super::{
    acting::{Acting, Change, FreshActing},
    actor::Permitted,
    batch,
    invitations::{self, Taken},
    links, nodes, projects,
    store::Member,
    workspaces,
};
use crate::{objects::Reply, paging::Range, problem::ApiError, sql::Row};

/// What a member may change about roles in one workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeMemberChange {
    /// Takes the role that a member has there; answers `Written`.
    Remove {
        /// The workspace.
        workspace: String,
        /// The member.
        user: String,
    },
    /// Takes the role that a member has on a project; answers `Written`.
    RemoveFromProject {
        /// The project.
        project: String,
        /// The member.
        user: String,
    },
    /// Gives a member a role there in place of any other; answers `Written` with `NodeMemberView`.
    Set {
        /// The workspace.
        workspace: String,
        /// The member.
        user: String,
        /// What they are given.
        grant: NodeGrantRequest,
    },
    /// As `Set`, for several members, each decided by itself; answers `Written` with `ResultsView`.
    SetAll {
        /// The workspace.
        workspace: String,
        /// The members with what they are given.
        rows: Vec<NodeMemberRequest>,
    },
}

/// What a member may ask about roles in one workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeMemberQuestion {
    /// Who has a role there; answers a slice of `NodeMemberView`.
    List {
        /// The workspace.
        workspace: String,
        /// Which of them.
        range: Range<i64>,
    },
}

impl NodeMemberChange {
    /// The one member whose role it changes.
    pub(super) fn edits(&self) -> Option<&str> {
        match self {
            Self::Remove { user, .. }
            | Self::RemoveFromProject { user, .. }
            | Self::Set { user, .. } => Some(user),
            Self::SetAll { .. } => None,
        }
    }

    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Remove { workspace, user } => {
                let there = in_workspace(acting, workspace)?;
                remove(acting, there, workspace, user)
            }
            Self::RemoveFromProject { project, user } => {
                let there = (projects::visible(acting, project)?, Operation::ProjectShare);
                remove(acting, there, project, user)
            }
            Self::Set {
                workspace,
                user,
                grant,
            } => {
                let there = in_workspace(acting, workspace)?;
                let (member, permitted) = may_set(acting, there, workspace, user, Some(grant))?;
                let change = acting.change(permitted)?;
                set(&change, workspace, &member, Some(grant))?;
                let view = view_of(acting, &member, grant);
                change.finish(view)
            }
            Self::SetAll { workspace, rows } => set_all(acting, workspace, rows),
        }
    }
}

impl NodeMemberQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::List { workspace, range } => list(acting, workspace, range),
        }
    }
}

fn list(acting: &Acting<'_>, workspace: &str, range: &Range<i64>) -> Result<Reply, ApiError> {
    let node = workspaces::visible(acting, workspace)?;
    acting.permit(Operation::WorkspaceMemberRead, node)?;
    // Who is suspended keeps their role, so they are listed.
    let select = "SELECT granted.rowid AS place, member.user, member.address, granted.role, granted.not_before_ms, granted.expires_at_ms
        FROM granted JOIN member ON member.user =
            CASE WHEN granted.user LIKE 'suspended/%' THEN SUBSTR(granted.user, 11) ELSE granted.user END
        WHERE granted.node = ? AND granted.rowid > ? AND member.left_at_ms IS NULL
        ORDER BY granted.rowid LIMIT ?";
    let after = range.after.unwrap_or_default();
    let values = [workspace.into(), after.into(), range.rows().into()];
    let rows = acting.rows(select, &values)?;
    let position = |row: &Row| Ok::<_, ApiError>(row.integer("place")?);
    let seen = |row: &Row| -> Result<_, ApiError> {
        let role = row.text("role")?;
        Ok(Some(NodeMemberView {
            user_id: row.text("user")?.to_owned(),
            email: row.optional_text("address")?.map(str::to_owned),
            role: role.to_owned(),
            role_name: acting.role_name(role),
            not_before_ms: row.optional_integer("not_before_ms")?,
            expires_at_ms: row.optional_integer("expires_at_ms")?,
        }))
    };
    Reply::of(&range.fill(&rows, position, seen)?)
}

/// Where a role is given or taken, and what that takes.
type There = (NodeId, Operation);

fn in_workspace(acting: &Acting<'_>, id: &str) -> Result<There, ApiError> {
    let node = workspaces::visible(acting, id)?;
    Ok((node, Operation::WorkspaceMemberManage))
}

fn remove(acting: &FreshActing<'_>, there: There, id: &str, user: &str) -> Result<Reply, ApiError> {
    let (member, permitted) = may_set(acting, there, id, user, None)?;
    let change = acting.change(permitted)?;
    set(&change, id, &member, None)?;
    change.finish(())
}

/// Each row is decided on what the rows before it have made.
fn set_all(
    acting: &FreshActing<'_>,
    workspace: &str,
    rows: &[NodeMemberRequest],
) -> Result<Reply, ApiError> {
    workspaces::visible(acting, workspace)?;
    let named = rows.iter().map(|row| (&*row.user_id, row));
    let (done, results) = batch::each(acting, named, |acting, row, epoch| {
        let there = in_workspace(acting, workspace)?;
        let grant = row.grant();
        let (member, permitted) = may_set(acting, there, workspace, &row.user_id, Some(&grant))?;
        let change = acting.change_of(permitted, epoch)?;
        set(&change, workspace, &member, Some(&grant))?;
        Ok(change.epoch)
    })?;
    done.finish(acting, ResultsView { results })
}

/// The member, if the actor may give them what is granted, or take what they have, on the node called `id`.
fn may_set(
    acting: &Acting<'_>,
    (node, operation): There,
    id: &str,
    user: &str,
    grant: Option<&NodeGrantRequest>,
) -> Result<(Member, Permitted), ApiError> {
    let member = acting.member(user)?;
    let new = grant
        .map(|grant| nodes::role_of(acting, grant))
        .transpose()?;
    let select =
        "SELECT role, not_before_ms, expires_at_ms FROM granted WHERE user = ? AND node = ?";
    let values = [member.granted_as().into(), id.into()];
    let rows = acting.rows(select, &values)?;
    // A role that is gone, or over, gives and holds back nothing.
    let old = nodes::roles_that_count(acting, &rows)?;
    let permitted = acting.assign(Assignment {
        operation,
        node,
        old: &old,
        new,
        facts: acting.target(&member)?.facts(),
    })?;
    if grant.is_none() && rows.is_empty() {
        return Err(ApiError::not_found());
    }
    Ok((member, permitted))
}

fn set(
    change: &Change<'_>,
    node: &str,
    member: &Member,
    grant: Option<&NodeGrantRequest>,
) -> Result<(), ApiError> {
    let (user, granted_as) = (&member.user, member.granted_as());
    links::through(change.context(), user, &granted_as, || {
        replace(change, node, member, grant)
    })?;
    change.touch(std::slice::from_ref(user))
}

fn replace(
    change: &Change<'_>,
    node: &str,
    member: &Member,
    grant: Option<&NodeGrantRequest>,
) -> Result<(), ApiError> {
    let granted_as = member.granted_as();
    let end = "DELETE FROM granted WHERE user = ? AND node = ? RETURNING role, not_before_ms, expires_at_ms";
    let ended = change.exec(end, &[(&granted_as).into(), node.into()])?;
    // Also in exchange for less; not for the same again, nor what was over. Whoever takes it away means all of it.
    let mut is_taken = false;
    for row in &ended {
        let Some(grant) = grant else {
            is_taken = true;
            continue;
        };
        let until_ms = row.optional_integer("expires_at_ms")?;
        let is_over = until_ms.is_some_and(|at_ms| at_ms <= change.acting.now_ms());
        let is_same = row.text("role")? == grant.role
            && row.optional_integer("not_before_ms")? == grant.not_before_ms
            && until_ms == grant.expires_at_ms;
        is_taken |= !is_over && !is_same;
    }
    if is_taken {
        invitations::take(change, &member.user, &Taken::Role(node))?;
    }
    if let Some(grant) = grant {
        let begin = "INSERT INTO granted (user, node, role, not_before_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?)";
        let values = [
            granted_as.into(),
            node.into(),
            (&grant.role).into(),
            grant.not_before_ms.into(),
            grant.expires_at_ms.into(),
        ];
        change.exec(begin, &values)?;
    }
    Ok(())
}

fn view_of(acting: &Acting<'_>, member: &Member, grant: &NodeGrantRequest) -> NodeMemberView {
    NodeMemberView {
        user_id: member.user.clone(),
        email: member.address.clone(),
        role: grant.role.clone(),
        role_name: acting.role_name(&grant.role),
        not_before_ms: grant.not_before_ms,
        expires_at_ms: grant.expires_at_ms,
    }
}
