//! Workspaces: list, create, rename, archive, delete.

use lockstep_core::{Level, NodeId, Operation, keeps_workspace};
use lockstep_wire::{WorkspaceChangeRequest, WorkspaceView};
use serde::{Deserialize, Serialize};

use super::{
    acting::{Acting, FreshActing},
    nodes::{self, NodeRow},
};
use crate::{
    objects::Reply,
    paging::Range,
    problem::{ApiError, Code},
};

/// What a member may change about workspaces.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkspaceChange {
    /// Creates one; answers `Written` with `WorkspaceView`.
    Create {
        /// Its id.
        workspace: String,
        /// Its name.
        name: String,
    },
    /// Deletes one with all that lies in it; answers `Written`.
    Delete {
        /// Its id.
        workspace: String,
    },
    /// Renames, archives or revives one; answers `Written` with `WorkspaceView`.
    Update {
        /// Its id.
        workspace: String,
        /// What changes.
        change: WorkspaceChangeRequest,
    },
}

/// What a member may ask about workspaces.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkspaceQuestion {
    /// The one of that name in which the actor holds anything; answers its id.
    Find {
        /// The name.
        name: String,
    },
    /// Those that the actor may see; answers a slice of `WorkspaceView`.
    List {
        /// Which of them.
        range: Range<i64>,
    },
    /// One of them; answers `WorkspaceView`.
    Read {
        /// Its id.
        workspace: String,
    },
}

impl WorkspaceChange {
    /// The id of what it edits, which is there already.
    pub(super) fn edits(&self) -> Option<&str> {
        match self {
            Self::Create { .. } => None,
            Self::Delete { workspace } | Self::Update { workspace, .. } => Some(workspace),
        }
    }

    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Create { workspace, name } => create(acting, workspace, name),
            Self::Delete { workspace } => delete(acting, workspace),
            Self::Update { workspace, change } => update(acting, workspace, change),
        }
    }
}

impl WorkspaceQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Find { name } => find(acting, name),
            Self::List { range } => list(acting, range),
            Self::Read { workspace } => {
                visible(acting, workspace)?;
                Reply::of(&view(&nodes::find(acting, workspace)?))
            }
        }
    }
}

/// The workspace called `id`, for who may see it; else 404.
pub(super) fn visible(acting: &Acting<'_>, id: &str) -> Result<NodeId, ApiError> {
    acting.node(id, Level::Workspace, Operation::WorkspaceRead)
}

fn list(acting: &Acting<'_>, range: &Range<i64>) -> Result<Reply, ApiError> {
    let listed = nodes::list(acting, Level::Workspace, range, |workspace| {
        let seen = visible(acting, &workspace.id);
        seen.is_ok().then(|| view(workspace))
    })?;
    Reply::of(&listed)
}

/// The workspace called `name`, among those that a snapshot names and the actor's token reaches. Names may repeat; whoever relies on one is told.
fn find(acting: &Acting<'_>, name: &str) -> Result<Reply, ApiError> {
    let select = "SELECT id FROM node WHERE level = 'workspace' AND name = ? ORDER BY position";
    let rows = acting.rows(select, &[name.into()])?;
    let ids = rows.iter().map(|row| row.text("id"));
    let mut ids = ids.collect::<Result<Vec<_>, _>>()?;
    let known = acting.access.known_nodes();
    ids.retain(|id| {
        let workspace = acting.access.node(id);
        let known = workspace.filter(|workspace| known.contains(workspace.index()));
        known.is_some_and(|workspace| acting.reaches_into(workspace))
    });
    match ids.as_slice() {
        [] => Err(ApiError::not_found()),
        [id] => Reply::of(id),
        _ => {
            let detail = "Several workspaces have this name; send `X-Workspace-Id`.";
            Err(ApiError::new(Code::InvalidValue, detail))
        }
    }
}

fn create(acting: &FreshActing<'_>, id: &str, name: &str) -> Result<Reply, ApiError> {
    let permitted = acting.permit(Operation::WorkspaceCreate, acting.access.root())?;
    acting.require_workspace()?;
    let change = acting.change(permitted)?;
    let workspace = NodeRow {
        id: id.to_owned(),
        parent: acting.organization.id.clone(),
        owner: None,
        name: name.to_owned(),
        created_at_ms: acting.now_ms(),
        archived_at_ms: None,
        epoch: change.epoch,
    };
    nodes::insert(&change, Level::Workspace, &workspace)?;
    change.finish(view(&workspace))
}

fn update(
    acting: &FreshActing<'_>,
    id: &str,
    wanted: &WorkspaceChangeRequest,
) -> Result<Reply, ApiError> {
    let node = visible(acting, id)?;
    let permitted = acting.permit(Operation::WorkspaceUpdate, node)?;
    let before = nodes::find(acting, id)?;
    if !nodes::differs(&before, wanted) {
        return acting.unchanged(view(&before));
    }
    let change = acting.change(permitted)?;
    if let Some(name) = &wanted.name {
        nodes::rename(&change, id, name)?;
    }
    if let Some(archived) = wanted.archived {
        nodes::archive(&change, id, archived)?;
    }
    let workspace = view(&nodes::find(acting, id)?);
    change.finish(workspace)
}

fn delete(acting: &FreshActing<'_>, id: &str) -> Result<Reply, ApiError> {
    let node = visible(acting, id)?;
    let permitted = acting.permit_on_others_at(Operation::WorkspaceDelete, node)?;
    // Whatever the policy says of it.
    if !keeps_workspace(acting.workspaces()?) {
        let detail = "An organization keeps its only workspace.";
        return Err(ApiError::new(Code::Conflict, detail));
    }
    let change = acting.change(permitted)?;
    nodes::delete(&change, id)?;
    change.finish(())
}

fn view(workspace: &NodeRow) -> WorkspaceView {
    WorkspaceView {
        id: workspace.id.clone(),
        name: workspace.name.clone(),
        created_at_ms: workspace.created_at_ms,
        archived_at_ms: workspace.archived_at_ms,
        epoch: workspace.epoch,
    }
}
