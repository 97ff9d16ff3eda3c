//! `/v1/organizations/{org}/workspaces` and `/projects`.

use lockstep_token::{UserId, id::opaque_id};
use lockstep_wire::{
    MoveRequest, NameRequest, OwnerRequest, ProjectRequest, ProjectView, WorkspaceChangeRequest,
    WorkspaceView,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    organizations::{actor, command, done, fresh_actor, tagged, written},
    values::name,
};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::{Method, Response},
    json,
    organization::{
        Command, ProjectChange, ProjectQuestion, StructureChange, StructureQuestion,
        WorkspaceChange, WorkspaceQuestion,
    },
    paging::{PAGE, Pages, Range, Slice},
    precondition::{Tagged, with_etag},
    problem::ApiError,
    router::{Answer, Call, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/workspaces",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(workspaces(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/workspaces",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(create_workspace(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/workspaces/{workspace}",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(workspace(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/workspaces/{workspace}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(update_workspace(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/workspaces/{workspace}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(delete_workspace(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/projects",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(projects(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/projects",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(create_project(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/projects/{project}",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(project(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/projects/{project}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(update_project(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/projects/{project}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(delete_project(call, caller))),
    },
    Route {
        method: Method::Put,
        pattern: "/v1/organizations/{org}/projects/{project}/owner",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(transfer_project(call, caller))),
    },
    Route {
        method: Method::Put,
        pattern: "/v1/organizations/{org}/projects/{project}/workspace",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(move_project(call, caller))),
    },
];

async fn workspaces(call: Call<'_>, caller: Caller) -> Answer {
    let asked = |range| StructureQuestion::Workspace(WorkspaceQuestion::List { range });
    list::<WorkspaceView, _>(&call, &caller, "workspaces", asked).await
}

async fn create_workspace(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: NameRequest = json::body(call.request)?;
    let create = WorkspaceChange::Create {
        workspace: opaque_id("wsp", call.edge.random.bytes()?),
        name: name(&body.name)?,
    };
    let create = StructureChange::Workspace(create);
    edit::<WorkspaceView>(&call, &caller, 201, create).await
}

async fn workspace(call: Call<'_>, caller: Caller) -> Answer {
    let question = WorkspaceQuestion::Read {
        workspace: param(&call, "workspace")?,
    };
    read_one::<WorkspaceView>(&call, &caller, StructureQuestion::Workspace(question)).await
}

async fn update_workspace(call: Call<'_>, caller: FreshCaller) -> Answer {
    let update = WorkspaceChange::Update {
        workspace: param(&call, "workspace")?,
        change: node_change(&call)?,
    };
    let update = StructureChange::Workspace(update);
    edit::<WorkspaceView>(&call, &caller, 200, update).await
}

fn node_change(call: &Call<'_>) -> Result<WorkspaceChangeRequest, ApiError> {
    let body: WorkspaceChangeRequest = json::change(call.request, "`name` or `archived`")?;
    Ok(WorkspaceChangeRequest {
        name: body.name.as_deref().map(name).transpose()?,
        ..body
    })
}

async fn delete_workspace(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = WorkspaceChange::Delete {
        workspace: param(&call, "workspace")?,
    };
    end(&call, &caller, StructureChange::Workspace(delete)).await
}

async fn projects(call: Call<'_>, caller: Caller) -> Answer {
    let asked = |range| StructureQuestion::Project(ProjectQuestion::List { range });
    list::<ProjectView, _>(&call, &caller, "projects", asked).await
}

async fn create_project(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ProjectRequest = json::body(call.request)?;
    let stated = body.workspace.as_deref();
    let workspace = call.place()?.workspace(call.edge, &caller, stated).await?;
    let create = ProjectChange::Create {
        project: opaque_id("prj", call.edge.random.bytes()?),
        name: name(&body.name)?,
        workspace,
    };
    let create = StructureChange::Project(create);
    edit::<ProjectView>(&call, &caller, 201, create).await
}

async fn project(call: Call<'_>, caller: Caller) -> Answer {
    let question = ProjectQuestion::Read {
        project: param(&call, "project")?,
    };
    read_one::<ProjectView>(&call, &caller, StructureQuestion::Project(question)).await
}

async fn update_project(call: Call<'_>, caller: FreshCaller) -> Answer {
    let update = ProjectChange::Update {
        project: param(&call, "project")?,
        change: node_change(&call)?,
    };
    edit::<ProjectView>(&call, &caller, 200, StructureChange::Project(update)).await
}

async fn transfer_project(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: OwnerRequest = json::body(call.request)?;
    let transfer = ProjectChange::Transfer {
        project: param(&call, "project")?,
        user: user(&call, &body.user_id)?,
    };
    edit::<ProjectView>(&call, &caller, 200, StructureChange::Project(transfer)).await
}

async fn move_project(call: Call<'_>, caller: FreshCaller) -> Answer {
    let MoveRequest { workspace } = json::body(call.request)?;
    let relocate = ProjectChange::Move {
        project: param(&call, "project")?,
        workspace,
    };
    edit::<ProjectView>(&call, &caller, 200, StructureChange::Project(relocate)).await
}

async fn delete_project(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = ProjectChange::Delete {
        project: param(&call, "project")?,
    };
    end(&call, &caller, StructureChange::Project(delete)).await
}

/// Answers what the object says.
pub(super) async fn read<T: DeserializeOwned + Serialize>(
    call: &Call<'_>,
    caller: &Caller,
    asked: StructureQuestion,
) -> Answer {
    let asked = Command::Structure {
        actor: actor(call, caller)?,
        command: asked,
    };
    let view: T = command(call, asked).await?;
    Response::json(200, &view)
}

/// Answers a page of a list, whose entries are called `name`.
pub(super) async fn list<T: DeserializeOwned + Serialize, P: DeserializeOwned + Serialize>(
    call: &Call<'_>,
    caller: &Caller,
    name: &str,
    asked: impl FnOnce(Range<P>) -> StructureQuestion,
) -> Answer {
    let pages = Pages::of(call, caller, &[])?;
    let asked = Command::Structure {
        actor: actor(call, caller)?,
        command: asked(pages.range()?),
    };
    let slice: Slice<T, P> = command(call, asked).await?;
    pages.answer(name, &slice)
}

/// As [`read`], of what has an entity tag.
pub(super) async fn read_one<T: DeserializeOwned + Serialize + Tagged>(
    call: &Call<'_>,
    caller: &Caller,
    asked: StructureQuestion,
) -> Answer {
    let asked = Command::Structure {
        actor: actor(call, caller)?,
        command: asked,
    };
    let view: T = command(call, asked).await?;
    Ok(with_etag(Response::json(200, &view)?, view.epoch()))
}

/// As [`write()`], of what has an entity tag.
pub(super) async fn edit<T: DeserializeOwned + Serialize + Tagged>(
    call: &Call<'_>,
    caller: &FreshCaller,
    status: u16,
    asked: StructureChange,
) -> Answer {
    tagged::<T>(status, &command(call, change(call, caller, asked)?).await?)
}

/// Answers what has become of the thing that was changed.
pub(super) async fn write<T: DeserializeOwned + Serialize>(
    call: &Call<'_>,
    caller: &FreshCaller,
    status: u16,
    asked: StructureChange,
) -> Answer {
    written::<T>(status, &command(call, change(call, caller, asked)?).await?)
}

/// Answers that it is done.
pub(super) async fn end(call: &Call<'_>, caller: &FreshCaller, asked: StructureChange) -> Answer {
    done(&command(call, change(call, caller, asked)?).await?)
}

pub(super) fn change(
    call: &Call<'_>,
    caller: &FreshCaller,
    command: StructureChange,
) -> Result<Command, ApiError> {
    Ok(Command::Change {
        actor: fresh_actor(call, caller)?,
        command,
    })
}

pub(super) fn param(call: &Call<'_>, name: &str) -> Result<String, ApiError> {
    call.param(name).map(str::to_owned)
}

/// A user's id. What is none of ours is nobody's.
pub(super) fn user(call: &Call<'_>, id: &str) -> Result<String, ApiError> {
    UserId::parse(&call.edge.config.keys.id, id)
        .map(|user| user.as_str().to_owned())
        .map_err(|_| ApiError::not_found())
}
