//! `/v1/me/tokens`: personal access tokens of the caller.

use lockstep_token::{Secret, id::opaque_id};
use serde::{Deserialize, Serialize};

use crate::{
    authenticate::Caller,
    http::{Method, Response},
    json,
    objects::ask,
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
    user::{self, ListedToken, TokenList, UserObject},
};

/// Longest name of a token, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Shortest life of a token that expires, in seconds.
const EXPIRES_IN_S_MIN: i64 = 60;
/// Longest life of a token that expires, in seconds: ten years.
const EXPIRES_IN_S_MAX: i64 = 315_360_000;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/me/tokens",
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/me/tokens",
        handler: Handler::SignedIn(|call, caller| Box::pin(create(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/me/tokens/{token}",
        handler: Handler::SignedIn(|call, caller| Box::pin(delete(call, caller))),
    },
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateTokenRequest {
    name: String,
    expires_in_s: Option<i64>,
}

#[derive(Serialize)]
struct CreatedTokenView<'a> {
    id: &'a str,
    name: &'a str,
    token: &'a str,
    created_at_ms: i64,
    expires_at_ms: Option<i64>,
}

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let command = user::Command::ListTokens;
    let list: TokenList =
        ask::<UserObject, _>(&*call.edge.objects, caller.user.as_str(), &command).await?;
    Response::json(200, &list)
}

async fn create(call: Call<'_>, caller: Caller) -> Answer {
    caller.require_session()?;
    let edge = call.edge;
    let body: CreateTokenRequest = json::body(call.request)?;
    let secret = Secret::personal_access_token(&caller.user, edge.random.bytes()?);
    let command = user::Command::CreateToken {
        id: opaque_id("tok", edge.random.bytes()?),
        hash: secret.hash().to_hex(),
        name: token_name(&body.name)?,
        expires_in_s: body.expires_in_s.map(life_s).transpose()?,
    };
    let listed: ListedToken =
        ask::<UserObject, _>(&*edge.objects, caller.user.as_str(), &command).await?;
    let view = CreatedTokenView {
        id: &listed.id,
        name: &listed.name,
        token: secret.reveal(),
        created_at_ms: listed.created_at_ms,
        expires_at_ms: listed.expires_at_ms,
    };
    Response::json(201, &view)
}

async fn delete(call: Call<'_>, caller: Caller) -> Answer {
    caller.require_session()?;
    let command = user::Command::DeleteToken {
        id: call.param("token")?.to_owned(),
    };
    ask::<UserObject, ()>(&*call.edge.objects, caller.user.as_str(), &command).await?;
    Ok(Response::no_content())
}

fn token_name(name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    let is_good = !name.is_empty()
        && name.chars().count() <= NAME_CHARS_MAX
        && !name.contains(char::is_control);
    if is_good {
        return Ok(name.to_owned());
    }
    let detail =
        format!("`name` has 1 to {NAME_CHARS_MAX} characters, none of them a control character.");
    Err(ApiError::new(Code::InvalidValue, detail))
}

fn life_s(seconds: i64) -> Result<i64, ApiError> {
    if (EXPIRES_IN_S_MIN..=EXPIRES_IN_S_MAX).contains(&seconds) {
        return Ok(seconds);
    }
    let detail =
        format!("`expires_in_s` is a number from {EXPIRES_IN_S_MIN} to {EXPIRES_IN_S_MAX}.");
    Err(ApiError::new(Code::InvalidValue, detail))
}
