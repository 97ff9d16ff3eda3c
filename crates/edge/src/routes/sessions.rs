//! `/v1/me/sessions` and `/v1/session`: the caller's sessions. Only who signed in ends one.

use serde::{Deserialize, Serialize};

use crate::{
    authenticate::{Caller, FreshCaller},
    credential::SESSION_COOKIE,
    http::{Method, Response},
    json,
    objects::ask,
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
    user::{self, ListedSession, SessionList, UserObject},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Delete,
        pattern: "/v1/session",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(close_own(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/me/sessions",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/me/sessions/{session}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(close(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/me/sign-out",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(end_all(call, caller))),
    },
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignOutRequest {
    tokens: bool,
}

#[derive(Serialize)]
struct SessionsView {
    sessions: Vec<SessionView>,
}

#[derive(Serialize)]
struct SessionView {
    #[serde(flatten)]
    session: ListedSession,
    current: bool,
}

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let user = caller.signed_in()?;
    let command = user::Command::ListSessions;
    let list: SessionList =
        ask::<UserObject, _>(&*call.edge.objects, user.as_str(), &command).await?;
    let sessions = list.sessions.into_iter().map(|session| SessionView {
        current: caller.credential_id.as_ref() == Some(&session.id),
        session,
    });
    let sessions = sessions.collect();
    Response::json(200, &SessionsView { sessions })
}

async fn close(call: Call<'_>, caller: FreshCaller) -> Answer {
    let id = call.param("session")?;
    close_session(&call, &caller, id).await?;
    let response = Response::no_content();
    if caller.credential_id.as_deref() == Some(id) {
        return Ok(response.with_cookie(SESSION_COOKIE, "", 0));
    }
    Ok(response)
}

async fn close_own(call: Call<'_>, caller: FreshCaller) -> Answer {
    caller.signed_in()?;
    if let Some(id) = &caller.credential_id {
        match close_session(&call, &caller, id).await {
            // Somebody else's request was faster.
            Err(error) if error.code() == Code::NotFound => {}
            closed => closed?,
        }
    }
    Ok(Response::no_content().with_cookie(SESSION_COOKIE, "", 0))
}

async fn close_session(call: &Call<'_>, caller: &FreshCaller, id: &str) -> Result<(), ApiError> {
    let user = caller.signed_in()?;
    let command = user::Command::CloseSession { id: id.to_owned() };
    ask::<UserObject, ()>(&*call.edge.objects, user.as_str(), &command).await?;
    call.edge.credentials.forget_credential(id);
    Ok(())
}

/// Signs out everywhere: what to do when somebody else may have got in. Service keys are the organizations' and stay.
async fn end_all(call: Call<'_>, caller: FreshCaller) -> Answer {
    let user = caller.signed_in()?;
    let body: SignOutRequest = json::body(call.request)?;
    let command = user::Command::EndAll {
        tokens: body.tokens,
    };
    ask::<UserObject, ()>(&*call.edge.objects, user.as_str(), &command).await?;
    call.edge.credentials.forget_principal(user.as_str());
    Ok(Response::no_content().with_cookie(SESSION_COOKIE, "", 0))
}
