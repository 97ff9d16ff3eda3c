//! What gateways ask: the interface of OpenID AuthZEN Authorization API 1.0.
//!
//! The same questions as [`super::decisions`] has, about anybody, in the standard's words. What a body may be and what is answered is `lockstep_wire`'s.

use lockstep_token::OrganizationId;
use lockstep_wire::{
    Entity, EvaluationRequest, EvaluationResponse, Evaluations, PageView, RequestError,
    ResourceTypes, Search, SearchRequest, SearchResponse, Semantic,
};
use serde_json::json;

use super::organizations::{actor, command};
use crate::{
    authenticate::Caller,
    freshness,
    http::{Method, Response},
    json,
    organization::{Actor, Command, Evaluations as Asked, Searching},
    paging::{LIMIT_DEFAULT, LIMIT_MAX, Pages, Range, Slice},
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
};

/// Both spellings of a route: where the path does not name the organization, a header or the credential does.
macro_rules! routes {
    ($($path:literal: $handler:expr;)*) => {&[
        Route {
            method: Method::Get,
            pattern: "/.well-known/authzen-configuration",
            query: &[],
            handler: Handler::Anonymous(|call| Box::pin(metadata(call))),
        },
        Route {
            method: Method::Get,
            pattern: "/.well-known/authzen-configuration/v1/organizations/{org}",
            query: &[],
            handler: Handler::Anonymous(|call| Box::pin(metadata(call))),
        },
        $(
            Route {
                method: Method::Post,
                pattern: concat!("/access/v1/", $path),
                query: &[],
                handler: Handler::Asking(|call, caller| Box::pin($handler(call, caller))),
            },
            Route {
                method: Method::Post,
                pattern: concat!("/v1/organizations/{org}/access/v1/", $path),
                query: &[],
                handler: Handler::Asking(|call, caller| Box::pin($handler(call, caller))),
            },
        )*
    ]};
}

pub(super) const ROUTES: &[Route] = routes! {
    "evaluation": evaluation;
    "evaluations": evaluations;
    "search/subject": search_subject;
    "search/resource": search_resource;
    "search/action": search_action;
};

/// Where what is. A deployment's own base is its origin, an organization's is its path.
async fn metadata(call: Call<'_>) -> Answer {
    let config = &call.edge.config;
    let base = match call.param("org") {
        Ok(id) => {
            // Of which ids there is an organization is told nobody; which are none of ours, their check says.
            let organization = OrganizationId::parse(&config.keys.id, id);
            let organization = organization.map_err(|_| ApiError::not_found())?;
            format!(
                "{}/v1/organizations/{}",
                config.origin,
                organization.as_str()
            )
        }
        Err(_) => config.origin.clone(),
    };
    let endpoint = |name: &str| format!("{base}/access/v1/{name}");
    let body = json!({
        "policy_decision_point": base,
        "access_evaluation_endpoint": endpoint("evaluation"),
        "access_evaluations_endpoint": endpoint("evaluations"),
        "search_subject_endpoint": endpoint("search/subject"),
        "search_resource_endpoint": endpoint("search/resource"),
        "search_action_endpoint": endpoint("search/action"),
    });
    Ok(Response::json(200, &body)?.with_header("cache-control", "public, max-age=3600"))
}

async fn evaluation(call: Call<'_>, caller: Caller) -> Answer {
    let request = EvaluationRequest::read(body(&call)?, types(&call)).map_err(refused)?;
    one(&call, &caller, request).await
}

async fn evaluations(call: Call<'_>, caller: Caller) -> Answer {
    match Evaluations::read(body(&call)?, types(&call)).map_err(refused)? {
        Evaluations::One(request) => one(&call, &caller, request).await,
        Evaluations::Several(requests, semantic) => {
            let requests = requests.into_iter();
            let requests = requests.map(|request| request.map_err(|error| (&error).into()));
            let responses = decided(&call, &caller, requests.collect(), semantic).await?;
            Response::json(200, &json!({ "evaluations": responses }))
        }
    }
}

/// Answers a request by itself.
async fn one(call: &Call<'_>, caller: &Caller, request: EvaluationRequest) -> Answer {
    let responses = decided(call, caller, vec![Ok(request)], Semantic::default()).await?;
    let none = || ApiError::internal("one request, and no response");
    Response::json(200, responses.first().ok_or_else(none)?)
}

async fn decided(
    call: &Call<'_>,
    caller: &Caller,
    requests: Vec<Result<EvaluationRequest, EvaluationResponse>>,
    semantic: Semantic,
) -> Result<Vec<EvaluationResponse>, ApiError> {
    let permissions = requests.iter().flatten();
    let permissions = permissions.map(|request| request.permission.as_str());
    let asked = Asked {
        actor: asking(call, caller, permissions).await?,
        requests,
        semantic,
        at_least: freshness::at_least(call.request)?,
    };
    command(call, Command::EvaluateAll(asked)).await
}

/// Who asks. A sensitive permission is nothing that is answered on the word of a remembered credential.
async fn asking(
    call: &Call<'_>,
    caller: &Caller,
    mut permissions: impl Iterator<Item = &str>,
) -> Result<Actor, ApiError> {
    let policy = &call.edge.config.policy.policy;
    let is_sensitive = permissions.any(|id| {
        let described = policy.permission(id).and_then(|id| policy.describe(id));
        described.is_some_and(|permission| permission.sensitive)
    });
    if is_sensitive {
        let fresh = caller.clone().confirm(call.edge).await?;
        return actor(call, &fresh);
    }
    actor(call, caller)
}

async fn search_subject(call: Call<'_>, caller: Caller) -> Answer {
    let asked = SearchRequest::subjects(body(&call)?, types(&call)).map_err(refused)?;
    search(&call, &caller, asked).await
}

async fn search_resource(call: Call<'_>, caller: Caller) -> Answer {
    let asked = SearchRequest::resources(body(&call)?, types(&call)).map_err(refused)?;
    search(&call, &caller, asked).await
}

async fn search_action(call: Call<'_>, caller: Caller) -> Answer {
    let asked = SearchRequest::actions(body(&call)?, types(&call)).map_err(refused)?;
    search(&call, &caller, asked).await
}

async fn search(call: &Call<'_>, caller: &Caller, asked: SearchRequest) -> Answer {
    // What is searched for is part of what a token counts for, and so is how much of it a page has.
    let query = serde_json::to_string(&asked.search)
        .map_err(|error| ApiError::internal(format!("search cannot be written: {error}")))?;
    let organization = call.place()?.organization().as_str();
    let pages = Pages::searched(call, caller, organization, (&query, asked.token.as_deref()));
    let (limit, after) = match pages.position::<(u32, String)>()? {
        Some((limit, _)) if asked.limit.is_some_and(|asked| asked != limit) => {
            let detail = "`page.limit` is what the first page had, or absent.";
            return Err(ApiError::new(Code::InvalidCursor, detail));
        }
        Some((limit, after)) => (limit, Some(after)),
        None => (asked.limit.unwrap_or(LIMIT_DEFAULT), None),
    };
    let permissions: Vec<String> = match &asked.search {
        // It may be any of them.
        Search::Actions(_) => {
            let all = call.edge.config.policy.policy.permissions().iter();
            all.map(|known| known.id.clone()).collect()
        }
        Search::Resources { request, .. } | Search::Subjects { request, .. } => {
            vec![request.permission.clone()]
        }
    };
    let searching = Searching {
        actor: asking(call, caller, permissions.iter().map(String::as_str)).await?,
        search: asked.search,
        range: Range {
            after: after.clone(),
            limit: limit.clamp(1, LIMIT_MAX),
        },
        at_least: freshness::at_least(call.request)?,
    };
    let mut found: Slice<String, String> = command(call, Command::Search(searching)).await?;
    if limit == 0 {
        found = Slice {
            entries: Vec::new(),
            next: Some(after.unwrap_or_default()),
        };
    }
    let next = found.next.map(|next| pages.cursor(&(limit, next)));
    let entity = |id| match &asked.kind {
        Some(kind) => Entity::Named {
            kind: kind.clone(),
            id,
        },
        None => Entity::Action { name: id },
    };
    let response = SearchResponse {
        page: PageView {
            next_token: next.transpose()?.unwrap_or_default(),
        },
        results: found.entries.into_iter().map(entity).collect(),
    };
    Response::json(200, &response)
}

/// What the policy calls resources.
fn types<'a>(call: &Call<'a>) -> &'a ResourceTypes {
    &call.edge.config.policy.document.resource_types
}

/// The body of a request. The standard knows 400 alone for one that is not as it should be.
fn body<'a>(call: &Call<'a>) -> Result<&'a [u8], ApiError> {
    // Whoever is in the wrong place is not told what is wrong with what they ask there.
    call.place()?;
    json::text(call.request).map_err(|error| match error.code() {
        Code::UnsupportedMediaType => ApiError::new(Code::InvalidBody, error.detail().to_owned()),
        _ => error,
    })
}

fn refused(error: RequestError) -> ApiError {
    ApiError::new(
        Code::InvalidBody,
        format!("The body is no request: {error}."),
    )
}
