//! `/v1/organizations`: create, see, rename, delete.

use lockstep_core::Operation;
use lockstep_token::OrganizationId;
use lockstep_wire::{NameRequest, OrganizationView};

use crate::{
    authenticate::Caller,
    http::{Method, Response},
    json,
    objects::ask,
    organization::{Actor, Command, OrganizationObject, Written},
    precondition::with_etag,
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
};

/// Longest name of an organization, in characters.
const NAME_CHARS_MAX: usize = 100;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Post,
        pattern: "/v1/organizations",
        handler: Handler::SignedIn(|call, caller| Box::pin(create(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}",
        handler: Handler::SignedIn(|call, caller| Box::pin(read(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}",
        handler: Handler::SignedIn(|call, caller| Box::pin(rename(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}",
        handler: Handler::SignedIn(|call, caller| Box::pin(delete(call, caller))),
    },
];

async fn create(call: Call<'_>, caller: Caller) -> Answer {
    let body: NameRequest = json::body(call.request)?;
    let policy = &call.edge.config.policy.policy;
    // Nobody is a member of what is not there yet, so only what everybody holds counts here.
    let may = policy
        .operation(Operation::OrganizationCreate)
        .is_some_and(|p| policy.everyone_holds(p));
    if !may {
        let detail = "The policy of this deployment lets nobody create an organization.";
        return Err(ApiError::new(Code::NoGrant, detail));
    }
    let id = OrganizationId::mint(&call.edge.config.keys.id, call.id_bytes()?);
    let command = Command::Create {
        name: name(&body.name)?,
        user: caller.user.as_str().to_owned(),
        address: caller.address,
    };
    let written: Written<OrganizationView> =
        ask::<OrganizationObject, _>(&*call.edge.objects, id.as_str(), &command).await?;
    Ok(with_epoch(
        Response::json(201, &written.value)?,
        written.epoch,
    ))
}

async fn read(call: Call<'_>, caller: Caller) -> Answer {
    let view: OrganizationView = command(
        &call,
        Command::Read {
            actor: actor(&caller),
        },
    )
    .await?;
    Ok(with_etag(Response::json(200, &view)?, view.epoch))
}

async fn rename(call: Call<'_>, caller: Caller) -> Answer {
    let body: NameRequest = json::body(call.request)?;
    let rename = Command::Rename {
        actor: actor(&caller),
        name: name(&body.name)?,
    };
    let written: Written<OrganizationView> = command(&call, rename).await?;
    let response = Response::json(200, &written.value)?;
    Ok(with_etag(
        with_epoch(response, written.epoch),
        written.value.epoch,
    ))
}

async fn delete(call: Call<'_>, caller: Caller) -> Answer {
    let written: Written = command(
        &call,
        Command::Delete {
            actor: actor(&caller),
        },
    )
    .await?;
    Ok(with_epoch(Response::no_content(), written.epoch))
}

/// The organization of the path. Its keyed check is read before any object is called.
pub(super) fn organization(call: &Call<'_>) -> Result<OrganizationId, ApiError> {
    OrganizationId::parse(&call.edge.config.keys.id, call.param("org")?)
        .map_err(|_| ApiError::not_found())
}

/// Asks the object of the organization in the path.
pub(super) async fn command<R: serde::de::DeserializeOwned>(
    call: &Call<'_>,
    command: Command,
) -> Result<R, ApiError> {
    let organization = organization(call)?;
    ask::<OrganizationObject, R>(&*call.edge.objects, organization.as_str(), &command).await
}

pub(super) fn actor(caller: &Caller) -> Actor {
    Actor {
        user: caller.user.as_str().to_owned(),
        token: None,
    }
}

/// Tells the epoch that a change led to. A caller who sends it back is never answered from before it.
pub(super) fn with_epoch(response: Response, epoch: i64) -> Response {
    response.with_header("lockstep-epoch", &epoch.to_string())
}

/// A name that people read.
pub(super) fn name(name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    let chars = name.chars().count();
    if (1..=NAME_CHARS_MAX).contains(&chars) && !name.contains(char::is_control) {
        return Ok(name.to_owned());
    }
    let detail =
        format!("`name` has 1 to {NAME_CHARS_MAX} characters, none of them a control character.");
    Err(ApiError::new(Code::InvalidValue, detail))
}
