//! Projects: list, create, rename, hand over, delete.

use lockstep_core::{Level, NodeId, Operation};
use lockstep_wire::{ProjectView, ProjectsView};
use serde::{Deserialize, Serialize};

use super::{
    acting::{Acting, FreshActing},
    nodes::{self, NodeRow},
    workspaces,
};
use crate::{
    objects::Reply,
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
    /// Renames one; answers `Written` with `ProjectView`.
    Rename {
        /// Its id.
        project: String,
        /// The new name.
        name: String,
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
    /// Those that the actor may see; answers `ProjectsView`.
    List,
    /// One of them; answers `ProjectView`.
    Read {
        /// Its id.
        project: String,
    },
}

impl ProjectChange {
    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Create {
                project,
                name,
                workspace,
            } => create(acting, project, name, workspace.as_deref()),
            Self::Delete { project } => delete(acting, project),
            Self::Rename { project, name } => rename(acting, project, name),
            Self::Transfer { project, user } => transfer(acting, project, user),
        }
    }
}

impl ProjectQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::List => list(acting),
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

fn list(acting: &Acting<'_>) -> Result<Reply, ApiError> {
    let all = nodes::all(acting, Level::Project)?;
    let visible = all
        .iter()
        .filter(|project| visible(acting, &project.id).is_ok());
    Reply::of(&ProjectsView {
        projects: visible.map(|project| view(acting, project)).collect(),
    })
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
        Some(workspace) if nodes::find(acting, workspace)?.archived_at_ms.is_some() => {
            let detail = "The workspace is archived; revive it first.";
            return Err(ApiError::new(Code::Conflict, detail));
        }
        _ => {}
    }
    let project = NodeRow {
        id: id.to_owned(),
        parent: workspace.unwrap_or(&acting.organization.id).to_owned(),
        // What the policy gives an owner is not a grant by the creator.
        owner: Some(acting.principal().to_owned()),
        name: name.to_owned(),
        created_at_ms: acting.now_ms(),
        archived_at_ms: None,
    };
    let change = acting.change(permitted)?;
    nodes::insert(&change, Level::Project, &project)?;
    change.touch(&[acting.principal().to_owned()])?;
    change.finish(view(acting, &project))
}

fn rename(acting: &FreshActing<'_>, id: &str, name: &str) -> Result<Reply, ApiError> {
    let node = visible(acting, id)?;
    let change = acting.change(acting.permit(Operation::ProjectUpdate, node)?)?;
    nodes::rename(&change, id, name)?;
    let project = view(acting, &nodes::find(acting, id)?);
    change.finish(project)
}

fn transfer(acting: &FreshActing<'_>, id: &str, user: &str) -> Result<Reply, ApiError> {
    let node = visible(acting, id)?;
    let permitted = acting.transfer(node)?;
    let member = acting.member(user)?;
    let before = nodes::find(acting, id)?;
    let change = acting.change(permitted)?;
    let hand_over = "UPDATE node SET owner = ? WHERE id = ?";
    change.exec(hand_over, &[user.into(), id.into()])?;
    let touched: Vec<String> = before.owner.into_iter().chain([member.user]).collect();
    change.touch(&touched)?;
    let project = view(acting, &nodes::find(acting, id)?);
    change.finish(project)
}

fn delete(acting: &FreshActing<'_>, id: &str) -> Result<Reply, ApiError> {
    let node = visible(acting, id)?;
    let change = acting.change(acting.permit(Operation::ProjectDelete, node)?)?;
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
    }
}
