//! `/v1/me/tokens`: personal access tokens of the caller. Only who signed in makes and changes them.

use lockstep_token::{OrganizationId, Secret, id::opaque_id};
use lockstep_wire::Snapshot;
use serde::{Deserialize, Serialize};

use super::values::{life_s, name, overlap_s, scopes};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::{Method, Response},
    json,
    narrow::Subtree,
    objects::ask,
    organization::{self, OrganizationObject},
    paging::{PAGE, Pages, Slice},
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
    user::{self, ListedToken, UserObject},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/me/tokens",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/me/tokens",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(create(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/me/tokens/{token}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(set_active(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/me/tokens/{token}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(delete(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/me/tokens/{token}/rotate",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(rotate(call, caller))),
    },
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateTokenRequest {
    name: String,
    scopes: Option<Vec<String>>,
    subtree: Option<SubtreeRequest>,
    expires_in_s: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubtreeRequest {
    organization: String,
    node: Option<String>,
}

/// A body that switches a token or key on or off.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActiveRequest {
    pub(super) active: bool,
}

/// A body that asks for another secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateRequest {
    pub(super) overlap_s: Option<i64>,
}

/// A token or key with its secret, which is shown in this answer and never again.
#[derive(Serialize)]
pub(super) struct ShownView<'a, T> {
    #[serde(flatten)]
    pub(super) listed: &'a T,
    pub(super) token: &'a str,
}

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let user = caller.whole_user()?;
    let pages = Pages::of(&call, &caller, &[])?;
    let command = user::Command::ListTokens {
        range: pages.range()?,
    };
    let list: Slice<ListedToken, i64> =
        ask::<UserObject, _>(&*call.edge.objects, user.as_str(), &command).await?;
    pages.answer("tokens", &list)
}

async fn create(call: Call<'_>, caller: FreshCaller) -> Answer {
    let user = caller.signed_in()?;
    let edge = call.edge;
    let body: CreateTokenRequest = json::body(call.request)?;
    let secret = Secret::personal_access_token(&edge.config.prefixes, user, edge.random.bytes()?);
    let subtree = match body.subtree {
        Some(subtree) => Some(place(&call, user.as_str(), subtree).await?),
        None => None,
    };
    let command = user::Command::CreateToken {
        id: opaque_id("tok", edge.random.bytes()?),
        hash: secret.hash().to_hex(),
        name: name(&body.name)?,
        scopes: scopes(body.scopes)?,
        subtree,
        expires_in_s: body
            .expires_in_s
            .map(|seconds| life_s("expires_in_s", seconds))
            .transpose()?,
    };
    let listed: ListedToken = ask::<UserObject, _>(&*edge.objects, user.as_str(), &command).await?;
    shown(201, &listed, &secret)
}

async fn set_active(call: Call<'_>, caller: FreshCaller) -> Answer {
    let user = caller.signed_in()?;
    let body: ActiveRequest = json::body(call.request)?;
    let command = user::Command::SetTokenActive {
        id: call.param("token")?.to_owned(),
        active: body.active,
    };
    let listed: ListedToken =
        ask::<UserObject, _>(&*call.edge.objects, user.as_str(), &command).await?;
    call.edge.credentials.forget_credential(&listed.id);
    Response::json(200, &listed)
}

async fn rotate(call: Call<'_>, caller: FreshCaller) -> Answer {
    let user = caller.signed_in()?;
    let edge = call.edge;
    let body: RotateRequest = json::body(call.request)?;
    let secret = Secret::personal_access_token(&edge.config.prefixes, user, edge.random.bytes()?);
    let command = user::Command::RotateToken {
        id: call.param("token")?.to_owned(),
        hash: secret.hash().to_hex(),
        overlap_s: overlap_s(body.overlap_s)?,
    };
    let listed: ListedToken = ask::<UserObject, _>(&*edge.objects, user.as_str(), &command).await?;
    edge.credentials.forget_credential(&listed.id);
    shown(200, &listed, &secret)
}

async fn delete(call: Call<'_>, caller: FreshCaller) -> Answer {
    let user = caller.signed_in()?;
    let id = call.param("token")?;
    let command = user::Command::DeleteToken { id: id.to_owned() };
    ask::<UserObject, ()>(&*call.edge.objects, user.as_str(), &command).await?;
    call.edge.credentials.forget_credential(id);
    Ok(Response::no_content())
}

/// The answer that shows a secret.
pub(super) fn shown<T: Serialize>(status: u16, listed: &T, secret: &Secret) -> Answer {
    let view = ShownView {
        listed,
        token: secret.reveal(),
    };
    Response::json(status, &view)
}

/// The subtree of a new token, if its user holds anything there: a token for a misspelled node would do nothing, and nobody would know why.
async fn place(call: &Call<'_>, user: &str, asked: SubtreeRequest) -> Result<Subtree, ApiError> {
    let nowhere = || {
        let detail =
            "`subtree` names no organization, workspace or project in which you hold anything.";
        ApiError::new(Code::InvalidValue, detail)
    };
    let organization = OrganizationId::parse(&call.edge.config.keys.id, &asked.organization)
        .map_err(|_| nowhere())?;
    let node = asked.node.unwrap_or_else(|| asked.organization.clone());
    let command = organization::Command::Snapshot {
        user: user.to_owned(),
    };
    let objects = &*call.edge.objects;
    let snapshot = ask::<OrganizationObject, Snapshot>(objects, organization.as_str(), &command);
    let snapshot = snapshot.await.map_err(|error| match error.code() {
        Code::NotFound => nowhere(),
        _ => error,
    })?;
    let is_known = snapshot.nodes.iter().any(|known| known.id == node);
    if snapshot.grants.is_empty() || !is_known {
        return Err(nowhere());
    }
    Ok(Subtree {
        organization: asked.organization,
        node,
    })
}
