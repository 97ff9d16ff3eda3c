//! Projects: list, create, rename, archive, hand over, move, delete.

use lockstep_core::{Grant, Level, Move, NodeId, Operation};
use lockstep_wire::{ProjectView, WorkspaceChangeRequest};
use serde::{Deserialize, Serialize};

use super::{
    acting::{Acting, FreshActing},
    groups,
    invitations::{self, Taken},
    nodes::{self, NodeRow},
    workspaces,
};
use crate::{
    objects::Reply,
    paging::Range,
    problem::{ApiError, Code},
};

/// What a member may change about projects.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectChange {
    /// Creates one, which the actor then owns; answers `Written` with `ProjectView`.
    Create {
        /// Its id.
        project: String,
        /// Its name.
        name: String,
        /// The workspace it lies in.
        workspace: Option<String>,
    },
    /// Deletes one; answers `Written`.
    Delete {
        /// Its id.
        project: String,
    },
    /// Puts one into another workspace; answers `Written` with `ProjectView`.
    Move {
        /// Its id.
        project: String,
        /// The workspace.
        workspace: String,
    },
    /// Renames, archives or revives one; answers `Written` with `ProjectView`.
    Update {
        /// Its id.
        project: String,
        /// What changes.
        change: WorkspaceChangeRequest,
    },
    /// Makes a member the owner of one; answers `Written` with `ProjectView`.
    Transfer {
        /// Its id.
        project: String,
        /// The member.
        user: String,
    },
}

/// What a member may ask about projects.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectQuestion {
    /// Those that the actor may see; answers a slice of `ProjectView`.
    List {
        /// Which of them.
        range: Range<i64>,
    },
    /// One of them; answers `ProjectView`.
    Read {
        /// Its id.
        project: String,
    },
}

impl ProjectChange {
    /// The id of what it edits, which is there already.
    pub(super) fn edits(&self) -> Option<&str> {
        match self {
            Self::Create { .. } => None,
            Self::Delete { project }
            | Self::Move { project, .. }
            | Self::Transfer { project, .. }
            | Self::Update { project, .. } => Some(project),
        }
    }

    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Create {
                project,
                name,
                workspace,
            } => create(acting, project, name, workspace.as_deref()),
            Self::Delete { project } => delete(acting, project),
            Self::Move { project, workspace } => relocate(acting, project, workspace),
            Self::Update { project, change } => update(acting, project, change),
            Self::Transfer { project, user } => transfer(acting, project, user),
        }
    }
}

impl ProjectQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::List { range } => list(acting, range),
            Self::Read { project } => {
                visible(acting, project)?;
                Reply::of(&view(acting, &nodes::find(acting, project)?))
            }
        }
    }
}

/// The project called `id`, for who may see it; else 404.
pub(super) fn visible(acting: &Acting<'_>, id: &str) -> Result<NodeId, ApiError> {
    acting.node(id, Level::Project, Operation::ProjectRead)
}

fn list(acting: &Acting<'_>, range: &Range<i64>) -> Result<Reply, ApiError> {
    let listed = nodes::list(acting, Level::Project, range, |project| {
        let seen = visible(acting, &project.id);
        seen.is_ok().then(|| view(acting, project))
    })?;
    Reply::of(&listed)
}

fn create(
    acting: &FreshActing<'_>,
    id: &str,
    name: &str,
    workspace: Option<&str>,
) -> Result<Reply, ApiError> {
    let parent = match workspace {
        Some(workspace) => workspaces::visible(acting, workspace)?,
        None => acting.access.root(),
    };
    let permitted = acting.permit(Operation::ProjectCreate, parent)?;
    let has_workspaces = acting.access.policy().operation(Operation::WorkspaceCreate);
    match workspace {
        None if has_workspaces.is_some() => {
            let detail = "`workspace` says in which workspace the project is created.";
            return Err(ApiError::new(Code::InvalidValue, detail));
        }
        Some(workspace) => require_open(acting, workspace)?,
        None => {}
    }
    let change = acting.change(permitted)?;
    let project = NodeRow {
        id: id.to_owned(),
        parent: workspace.unwrap_or(&acting.organization.id).to_owned(),
        // What the policy gives an owner is not a grant by the creator.
        owner: Some(acting.principal().to_owned()),
        name: name.to_owned(),
        created_at_ms: acting.now_ms(),
        archived_at_ms: None,
        epoch: change.epoch,
    };
    nodes::insert(&change, Level::Project, &project)?;
    change.touch(&[acting.principal().to_owned()])?;
    change.finish(view(acting, &project))
}

/// Moves a project. What is granted on the workspace that it leaves no longer reaches it, and what is granted on
/// the one that it comes to does.
fn relocate(acting: &FreshActing<'_>, id: &str, workspace: &str) -> Result<Reply, ApiError> {
    let node = visible(acting, id)?;
    let to = workspaces::visible(acting, workspace)?;
    let from = nodes::find(acting, id)?.parent;
    let on_project = groups::granted_from(acting, &from, id)?;
    let ends: Vec<Grant> = nodes::granted(acting, &from)?
        .into_iter()
        .chain(on_project)
        .collect();
    let permitted = acting.relocate(&Move {
        node,
        to,
        begins: &nodes::granted(acting, workspace)?,
        ends: &ends,
    })?;
    if from == workspace {
        return Err(ApiError::new(Code::Conflict, "The project lies there."));
    }
    require_open(acting, workspace)?;
    let change = acting.change(permitted)?;
    nodes::relocate(&change, id, &from, workspace)?;
    let project = view(acting, &nodes::find(acting, id)?);
    change.finish(project)
}

/// Refuses to put anything into a workspace that is archived.
fn require_open(acting: &Acting<'_>, workspace: &str) -> Result<(), ApiError> {
    if nodes::find(acting, workspace)?.archived_at_ms.is_none() {
        return Ok(());
    }
    let detail = "The workspace is archived; revive it first.";
    Err(ApiError::new(Code::Conflict, detail))
}

fn update(
    acting: &FreshActing<'_>,
    id: &str,
    wanted: &WorkspaceChangeRequest,
) -> Result<Reply, ApiError> {
    let node = visible(acting, id)?;
    let permitted = acting.permit(Operation::ProjectUpdate, node)?;
    let before = nodes::find(acting, id)?;
    if !nodes::differs(&before, wanted) {
        return acting.unchanged(view(acting, &before));
    }
    let change = acting.change(permitted)?;
    if let Some(name) = &wanted.name {
        nodes::rename(&change, id, name)?;
    }
    if let Some(archived) = wanted.archived {
        nodes::archive(&change, id, archived)?;
    }
    let project = view(acting, &nodes::find(acting, id)?);
    change.finish(project)
}

fn transfer(acting: &FreshActing<'_>, id: &str, user: &str) -> Result<Reply, ApiError> {
    let node = visible(acting, id)?;
    let permitted = acting.transfer(node, &acting.facts_about(user)?)?;
    let member = acting.member(user)?;
    let before = nodes::find(acting, id)?;
    let change = acting.change(permitted)?;
    let hand_over = "UPDATE node SET owner = ?, epoch = ? WHERE id = ?";
    change.exec(hand_over, &[user.into(), change.epoch.into(), id.into()])?;
    if let Some(owner) = &before.owner {
        invitations::take(&change, owner, &Taken::Project(id))?;
    }
    let touched: Vec<String> = before.owner.into_iter().chain([member.user]).collect();
    change.touch(&touched)?;
    let project = view(acting, &nodes::find(acting, id)?);
    change.finish(project)
}

fn delete(acting: &FreshActing<'_>, id: &str) -> Result<Reply, ApiError> {
    let node = visible(acting, id)?;
    let change = acting.change(acting.permit_on_others_at(Operation::ProjectDelete, node)?)?;
    nodes::delete(&change, id)?;
    change.finish(())
}

fn view(acting: &Acting<'_>, project: &NodeRow) -> ProjectView {
    let workspace = Some(&project.parent).filter(|parent| **parent != acting.organization.id);
    ProjectView {
        id: project.id.clone(),
        name: project.name.clone(),
        workspace: workspace.cloned(),
        owner_id: project.owner.clone(),
        created_at_ms: project.created_at_ms,
        archived_at_ms: project.archived_at_ms,
        epoch: project.epoch,
    }
}
