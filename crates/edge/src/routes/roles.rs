//! `/v1/organizations/{org}/roles`: roles that the organization makes of the policy's.

use lockstep_token::id::opaque_id;
use lockstep_wire::{
    CustomRoleRecord, RoleChangeRequest, RolePreviewRequest, RolePreviewView, RoleRequest, RoleView,
};

use super::{
    structure::{self, edit, end, param, read},
    values::name,
};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::Method,
    json,
    organization::{RoleChange, RoleQuestion, StructureChange, StructureQuestion},
    paging::PAGE,
    problem::ApiError,
    router::{Answer, Call, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/roles",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/roles",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(create(call, caller))),
    },
    // No role is called `preview`: ids are ours.
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/roles/preview",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(preview(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/roles/{role}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(update(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/roles/{role}",
        query: &["reassign"],
        handler: Handler::Fresh(|call, caller| Box::pin(delete(call, caller))),
    },
];

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let asked = |range| StructureQuestion::Role(RoleQuestion::List { range });
    structure::list::<RoleView, _>(&call, &caller, "roles", asked).await
}

async fn create(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: RoleRequest = json::body(call.request)?;
    let role = CustomRoleRecord {
        id: opaque_id("role", call.edge.random.bytes()?),
        name: name(&body.name)?,
        base: body.base,
        with: body.with,
        without: body.without,
    };
    let create = StructureChange::Role(RoleChange::Create(role));
    edit::<RoleView>(&call, &caller, 201, create).await
}

async fn preview(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: RolePreviewRequest = json::body(call.request)?;
    let preview = RolePreviewRequest {
        change: body.change.map(checked).transpose()?,
        ..body
    };
    let preview = StructureQuestion::Role(RoleQuestion::Preview { preview });
    read::<RolePreviewView>(&call, &caller, preview).await
}

async fn update(call: Call<'_>, caller: FreshCaller) -> Answer {
    let members = "`name`, `with` or `without`";
    let change = checked(json::change(call.request, members)?)?;
    let update = RoleChange::Update {
        role: param(&call, "role")?,
        change,
    };
    edit::<RoleView>(&call, &caller, 200, StructureChange::Role(update)).await
}

/// `reassign` in the query names the role that takes its place.
async fn delete(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = RoleChange::Delete {
        role: param(&call, "role")?,
        reassign: call.query("reassign")?.map(str::to_owned),
    };
    end(&call, &caller, StructureChange::Role(delete)).await
}

fn checked(change: RoleChangeRequest) -> Result<RoleChangeRequest, ApiError> {
    Ok(RoleChangeRequest {
        name: change.name.as_deref().map(name).transpose()?,
        ..change
    })
}
