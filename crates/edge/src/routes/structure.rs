//! `/v1/organizations/{org}/workspaces` and `/projects`.

use lockstep_token::{UserId, id::opaque_id};
use lockstep_wire::{
    NameRequest, OwnerRequest, ProjectRequest, ProjectView, ProjectsView, WorkspaceChangeRequest,
    WorkspaceView, WorkspacesView,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    organizations::{actor, command, with_epoch},
    values::name,
};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::{Method, Response},
    json,
    organization::{Command, ProjectCommand, StructureCommand, WorkspaceCommand, Written},
    problem::ApiError,
    router::{Answer, Call, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/workspaces",
        handler: Handler::SignedIn(|call, caller| Box::pin(workspaces(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/workspaces",
        handler: Handler::Fresh(|call, caller| Box::pin(create_workspace(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/workspaces/{workspace}",
        handler: Handler::SignedIn(|call, caller| Box::pin(workspace(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/workspaces/{workspace}",
        handler: Handler::Fresh(|call, caller| Box::pin(update_workspace(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/workspaces/{workspace}",
        handler: Handler::Fresh(|call, caller| Box::pin(delete_workspace(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/projects",
        handler: Handler::SignedIn(|call, caller| Box::pin(projects(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/projects",
        handler: Handler::Fresh(|call, caller| Box::pin(create_project(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/projects/{project}",
        handler: Handler::SignedIn(|call, caller| Box::pin(project(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/projects/{project}",
        handler: Handler::Fresh(|call, caller| Box::pin(rename_project(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/projects/{project}",
        handler: Handler::Fresh(|call, caller| Box::pin(delete_project(call, caller))),
    },
    Route {
        method: Method::Put,
        pattern: "/v1/organizations/{org}/projects/{project}/owner",
        handler: Handler::Fresh(|call, caller| Box::pin(transfer_project(call, caller))),
    },
];

async fn workspaces(call: Call<'_>, caller: Caller) -> Answer {
    let list = StructureCommand::Workspace(WorkspaceCommand::List);
    read::<WorkspacesView>(&call, &caller, list).await
}

async fn create_workspace(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: NameRequest = json::body(call.request)?;
    let create = WorkspaceCommand::Create {
        workspace: opaque_id("wsp", call.edge.random.bytes()?),
        name: name(&body.name)?,
    };
    let create = StructureCommand::Workspace(create);
    write::<WorkspaceView>(&call, &caller, 201, create).await
}

async fn workspace(call: Call<'_>, caller: Caller) -> Answer {
    let read_one = WorkspaceCommand::Read {
        workspace: param(&call, "workspace")?,
    };
    read::<WorkspaceView>(&call, &caller, StructureCommand::Workspace(read_one)).await
}

async fn update_workspace(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: WorkspaceChangeRequest = json::body(call.request)?;
    let update = WorkspaceCommand::Update {
        workspace: param(&call, "workspace")?,
        change: WorkspaceChangeRequest {
            name: body.name.as_deref().map(name).transpose()?,
            ..body
        },
    };
    let update = StructureCommand::Workspace(update);
    write::<WorkspaceView>(&call, &caller, 200, update).await
}

async fn delete_workspace(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = WorkspaceCommand::Delete {
        workspace: param(&call, "workspace")?,
    };
    end(&call, &caller, StructureCommand::Workspace(delete)).await
}

async fn projects(call: Call<'_>, caller: Caller) -> Answer {
    let list = StructureCommand::Project(ProjectCommand::List);
    read::<ProjectsView>(&call, &caller, list).await
}

async fn create_project(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ProjectRequest = json::body(call.request)?;
    let stated = body.workspace.as_deref();
    let workspace = call.place()?.workspace(call.edge, &caller, stated).await?;
    let create = ProjectCommand::Create {
        project: opaque_id("prj", call.edge.random.bytes()?),
        name: name(&body.name)?,
        workspace,
    };
    let create = StructureCommand::Project(create);
    write::<ProjectView>(&call, &caller, 201, create).await
}

async fn project(call: Call<'_>, caller: Caller) -> Answer {
    let read_one = ProjectCommand::Read {
        project: param(&call, "project")?,
    };
    read::<ProjectView>(&call, &caller, StructureCommand::Project(read_one)).await
}

async fn rename_project(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: NameRequest = json::body(call.request)?;
    let rename = ProjectCommand::Rename {
        project: param(&call, "project")?,
        name: name(&body.name)?,
    };
    write::<ProjectView>(&call, &caller, 200, StructureCommand::Project(rename)).await
}

async fn transfer_project(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: OwnerRequest = json::body(call.request)?;
    let transfer = ProjectCommand::Transfer {
        project: param(&call, "project")?,
        user: user(&call, &body.user_id)?,
    };
    write::<ProjectView>(&call, &caller, 200, StructureCommand::Project(transfer)).await
}

async fn delete_project(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = ProjectCommand::Delete {
        project: param(&call, "project")?,
    };
    end(&call, &caller, StructureCommand::Project(delete)).await
}

/// Answers what the object says.
pub(super) async fn read<T: DeserializeOwned + Serialize>(
    call: &Call<'_>,
    caller: &Caller,
    asked: StructureCommand,
) -> Answer {
    let view: T = command(call, structure(call, caller, asked)?).await?;
    Response::json(200, &view)
}

/// Answers what has become of the thing that was changed.
pub(super) async fn write<T: DeserializeOwned + Serialize>(
    call: &Call<'_>,
    caller: &FreshCaller,
    status: u16,
    asked: StructureCommand,
) -> Answer {
    let written: Written<T> = command(call, structure(call, caller, asked)?).await?;
    let response = Response::json(status, &written.value)?;
    Ok(with_epoch(response, written.epoch))
}

/// Answers that it is done.
pub(super) async fn end(call: &Call<'_>, caller: &FreshCaller, asked: StructureCommand) -> Answer {
    let written: Written = command(call, structure(call, caller, asked)?).await?;
    Ok(with_epoch(Response::no_content(), written.epoch))
}

fn structure(
    call: &Call<'_>,
    caller: &Caller,
    command: StructureCommand,
) -> Result<Command, ApiError> {
    Ok(Command::Structure {
        actor: actor(call, caller)?,
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
