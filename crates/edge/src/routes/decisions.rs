//! Decisions: the snapshot for the page, one question for a program, and the stream that tells of changes.

use lockstep_core::{Facts, Operation};
use lockstep_wire::{DecisionView, EvaluateRequest, FactsView, PolicyView, ReasonView, Snapshot};

use super::organizations::{actor, command, organization};
use crate::{
    authenticate::{Caller, Principal},
    freshness::{self, Confirmed, Question},
    http::{Method, Request, Response},
    json,
    objects::{ask, open},
    organization::{Command, Evaluation, OrganizationObject},
    place, precondition,
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/policy",
        query: &[],
        handler: Handler::Anonymous(|call| Box::pin(policy(call))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/snapshot",
        query: &[],
        handler: Handler::Asking(|call, caller| Box::pin(snapshot(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/snapshot",
        query: &[],
        handler: Handler::Asking(|call, caller| Box::pin(snapshot(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/evaluate",
        query: &[],
        handler: Handler::Asking(|call, caller| Box::pin(evaluate(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/evaluate",
        query: &[],
        handler: Handler::Asking(|call, caller| Box::pin(evaluate(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/events",
        query: &[],
        handler: Handler::Asking(|call, caller| Box::pin(events(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/events",
        query: &[],
        handler: Handler::Asking(|call, caller| Box::pin(events(call, caller))),
    },
];

/// The policy of this deployment. It holds no secret: whoever may use a product may know its roles.
async fn policy(call: Call<'_>) -> Answer {
    let policy = &call.edge.config.policy;
    let tag = format!("{}.{}", policy.digest, PolicyView::FORMAT);
    let response = if precondition::knows(call.request, &tag) {
        Response::new(304)
    } else {
        Response::new(200).with_body("application/json", PolicyView::new(policy).to_json())
    };
    Ok(response
        .with_header("etag", &format!("\"{tag}\""))
        .with_header("cache-control", "no-cache"))
}

/// The page fetches it after it was told of a new epoch, so it comes from the object itself.
async fn snapshot(call: Call<'_>, caller: Caller) -> Answer {
    let own = Command::OwnSnapshot {
        actor: actor(&call, &caller)?,
    };
    let snapshot: Snapshot = command(&call, own).await?;
    // Made under another policy than this isolate's, it has no binary form; its JSON says so to the page.
    let bytes = accepts(call.request, Snapshot::MEDIA_TYPE)
        .then(|| snapshot.to_bytes(&call.edge.config.policy))
        .flatten();
    let response = match bytes {
        Some(bytes) => Response::new(200).with_body(Snapshot::MEDIA_TYPE, bytes),
        None => Response::json(200, &snapshot)?,
    };
    Ok(response.with_header("vary", "accept"))
}

/// Whether the caller names `media_type` among what it takes (RFC 9110, section 12.5.1). Wildcards take JSON, which people can read.
pub(super) fn accepts(request: &Request, media_type: &str) -> bool {
    let accept = request.header("accept").unwrap_or_default();
    accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().unwrap_or_default();
        let weight =
            parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let is_refused = weight.and_then(|weight| weight.parse().ok()) == Some(0.0_f32);
        named.eq_ignore_ascii_case(media_type) && !is_refused
    })
}

async fn evaluate(call: Call<'_>, caller: Caller) -> Answer {
    let body: EvaluateRequest = json::body(call.request)?;
    let at_least = freshness::at_least(call.request)?;
    let organization = organization(&call)?;
    let types = &call.edge.config.policy.document.resource_types;
    let resource = place::Resource::read(&body.resource, types)?;
    let place = call.place()?;
    // A header stands in for what the body leaves out, and what is the organization lies in no workspace.
    let workspace = if resource.is(organization.as_str()) {
        resource.workspace.map(str::to_owned)
    } else {
        let workspace = place.workspace(call.edge, &caller, resource.workspace);
        workspace.await?
    };
    let policy = &call.edge.config.policy;
    let Some(permission) = policy.policy.permission(&body.permission) else {
        let detail = "The policy of this deployment has no such permission.";
        return Err(ApiError::new(Code::UnknownPermission, detail));
    };
    let node = resource.node(organization.as_str(), workspace.as_deref());
    if !body.facts.0.is_empty() {
        require_trust(&call, &caller).await?;
    }
    let described = policy.policy.describe(permission);
    let about_member = body.resource.kind.as_deref() == Some("member");
    let is_sensitive = described.is_none_or(|permission| permission.sensitive);
    let asks_object = policy.policy.depends_on_facts(permission)
        || is_sensitive
        || !body.facts.0.is_empty()
        || about_member;
    let known = if asks_object {
        None
    } else {
        let token = caller.token(organization.as_str());
        let question = Question {
            organization: organization.as_str(),
            user: caller.principal.as_str(),
            token: token.as_ref(),
            confirmed: confirmed(&caller, organization.as_str()),
            permission: &body.permission,
            node,
            workspace: workspace.as_deref(),
            at_least,
        };
        freshness::decide(call.edge, &question).await?
    };
    let view = if let Some(view) = known {
        view
    } else {
        let actor = if is_sensitive {
            let fresh = caller.confirm(call.edge).await?;
            actor(&call, &fresh)?
        } else {
            actor(&call, &caller)?
        };
        let evaluate = Command::Evaluate(Evaluation {
            actor,
            permission: body.permission.clone(),
            node: node.to_owned(),
            workspace: workspace.clone(),
            target: body.resource.id.clone().filter(|_| about_member),
            facts: body.facts.clone(),
            at_least,
        });
        ask::<OrganizationObject, _>(&*call.edge.objects, organization.as_str(), &evaluate).await?
    };
    Response::json(200, &view)
}

/// Facts are believed only from who may ask for decisions.
async fn require_trust(call: &Call<'_>, caller: &Caller) -> Result<(), ApiError> {
    let refuse = |reason: Option<&ReasonView>| {
        let why = reason
            .map(|reason| format!(" {}", reason.text))
            .unwrap_or_default();
        let detail =
            format!("Facts are believed only from callers that may ask for decisions.{why}");
        ApiError::new(Code::NoGrant, detail)
    };
    let policy = &call.edge.config.policy.policy;
    let ask_permission = policy
        .operation(Operation::DecisionsAsk)
        .and_then(|permission| policy.describe(permission))
        .ok_or_else(|| refuse(None))?;
    let evaluate = Command::Evaluate(Evaluation {
        actor: actor(call, caller)?,
        permission: ask_permission.id.clone(),
        node: organization(call)?.as_str().to_owned(),
        workspace: None,
        target: None,
        facts: FactsView::from(&Facts::default()),
        at_least: None,
    });
    let view: DecisionView = command(call, evaluate).await?;
    if view.decision {
        Ok(())
    } else {
        Err(refuse(view.reasons.first()))
    }
}

/// A stream outlives what is remembered of the credential that opens it, so nothing opens one that was only remembered: whatever ended it meanwhile has ended the streams that were there. It may end between that check and the stream, too, at another object; so it is checked again once the stream is there.
async fn events(call: Call<'_>, caller: Caller) -> Answer {
    let organization = organization(&call)?;
    let caller = caller.confirm(call.edge).await?;
    let subscribe = Command::Subscribe {
        actor: actor(&call, &caller)?,
        until_ms: caller.until_ms(),
    };
    let stream =
        open::<OrganizationObject>(&*call.edge.objects, organization.as_str(), &subscribe).await?;
    caller.confirm_again(call.edge).await?;
    Ok(stream)
}

/// What the organization of a service key or an issuer said when it checked the caller; another organization's word says nothing here.
fn confirmed<'a>(caller: &'a Caller, organization: &str) -> Option<&'a Confirmed> {
    let own = match (&caller.principal, &caller.issuer) {
        (Principal::ServiceAccount { organization, .. }, _) => Some(organization.as_str()),
        (Principal::User(_), issuer) => issuer.as_ref().map(|used| used.organization.as_str()),
    };
    caller
        .confirmed
        .as_ref()
        .filter(|_| own == Some(organization))
}
