//! `/v1/organizations/{org}/members`.

use lockstep_token::UserId;
use lockstep_wire::{ChangeRoleRequest, MemberView, MembersView};

use super::organizations::{actor, command, fresh_actor, with_epoch};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::{Method, Response},
    json,
    organization::{Command, Written},
    precondition::with_etag,
    problem::ApiError,
    router::{Answer, Call, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/members",
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/members/{user}",
        handler: Handler::Fresh(|call, caller| Box::pin(change_role(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/members/{user}",
        handler: Handler::Fresh(|call, caller| Box::pin(remove(call, caller))),
    },
];

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let view: MembersView = command(
        &call,
        Command::ListMembers {
            actor: actor(&call, &caller)?,
        },
    )
    .await?;
    Response::json(200, &view)
}

async fn change_role(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ChangeRoleRequest = json::body(call.request)?;
    let change = Command::ChangeRole {
        actor: fresh_actor(&call, &caller)?,
        user: user(&call)?,
        role: body.role,
    };
    let written: Written<MemberView> = command(&call, change).await?;
    let response = Response::json(200, &written.value)?;
    Ok(with_etag(
        with_epoch(response, written.epoch),
        written.value.epoch,
    ))
}

async fn remove(call: Call<'_>, caller: FreshCaller) -> Answer {
    let remove = Command::RemoveMember {
        actor: fresh_actor(&call, &caller)?,
        user: user(&call)?,
    };
    let written: Written = command(&call, remove).await?;
    Ok(with_epoch(Response::no_content(), written.epoch))
}

fn user(call: &Call<'_>) -> Result<String, ApiError> {
    UserId::parse(&call.edge.config.keys.id, call.param("user")?)
        .map(|user| user.as_str().to_owned())
        .map_err(|_| ApiError::not_found())
}
