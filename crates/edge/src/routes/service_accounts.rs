//! `/v1/organizations/{org}/service-accounts`: programs of an organization, and their keys.

use lockstep_token::{Secret, id::opaque_id};
use lockstep_wire::{
    ServiceAccountChangeRequest, ServiceAccountRequest, ServiceAccountView, ServiceKeyRequest,
    ServiceKeyView, ServiceKeysView,
};

use super::{
    organizations::{actor, command, fresh_actor, organization, with_epoch},
    tokens::{ActiveRequest, RotateRequest, shown},
    values::{life_s, name, overlap_s, scopes},
};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::{Method, Response},
    json,
    organization::{Command, NewKey, ServiceAccountCommand, Written},
    paging::{Pages, Slice},
    problem::ApiError,
    router::{Answer, Call, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/service-accounts",
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/service-accounts",
        handler: Handler::Fresh(|call, caller| Box::pin(create(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/service-accounts/{account}",
        handler: Handler::Fresh(|call, caller| Box::pin(update(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/service-accounts/{account}",
        handler: Handler::Fresh(|call, caller| Box::pin(delete(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/service-accounts/{account}/keys",
        handler: Handler::SignedIn(|call, caller| Box::pin(list_keys(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/service-accounts/{account}/keys",
        handler: Handler::Fresh(|call, caller| Box::pin(create_key(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/service-accounts/{account}/keys/{key}",
        handler: Handler::Fresh(|call, caller| Box::pin(set_key_active(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/service-accounts/{account}/keys/{key}",
        handler: Handler::Fresh(|call, caller| Box::pin(delete_key(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/service-accounts/{account}/keys/{key}/rotate",
        handler: Handler::Fresh(|call, caller| Box::pin(rotate_key(call, caller))),
    },
];

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let pages = Pages::of(&call, &caller, &[])?;
    let list = ServiceAccountCommand::List {
        actor: actor(&call, &caller)?,
        range: pages.range()?,
    };
    let list = Command::ServiceAccounts(list);
    let slice: Slice<ServiceAccountView, i64> = command(&call, list).await?;
    pages.answer("service_accounts", &slice)
}

async fn create(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ServiceAccountRequest = json::body(call.request)?;
    let organization = organization(&call)?;
    let grants = body.grants.into_iter();
    let create = ServiceAccountCommand::Create {
        actor: fresh_actor(&call, &caller)?,
        id: opaque_id("svc", call.edge.random.bytes()?),
        name: name(&body.name)?,
        grants: grants
            .map(|grant| grant.into_record(organization.as_str()))
            .collect(),
    };
    let written: Written<ServiceAccountView> = ask(&call, create).await?;
    let response = Response::json(201, &written.value)?;
    Ok(with_epoch(response, written.epoch))
}

async fn update(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ServiceAccountChangeRequest = json::body(call.request)?;
    let organization = organization(&call)?;
    let grants = body.grants.map(|grants| {
        let grants = grants.into_iter();
        grants
            .map(|grant| grant.into_record(organization.as_str()))
            .collect()
    });
    let update = ServiceAccountCommand::Update {
        actor: fresh_actor(&call, &caller)?,
        account: account(&call)?,
        name: body.name.as_deref().map(name).transpose()?,
        grants,
    };
    let written: Written<ServiceAccountView> = ask(&call, update).await?;
    let response = Response::json(200, &written.value)?;
    Ok(with_epoch(response, written.epoch))
}

async fn delete(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = ServiceAccountCommand::Delete {
        actor: fresh_actor(&call, &caller)?,
        account: account(&call)?,
    };
    let written: Written = ask(&call, delete).await?;
    call.edge.credentials.forget_principal(&account(&call)?);
    Ok(with_epoch(Response::no_content(), written.epoch))
}

async fn list_keys(call: Call<'_>, caller: Caller) -> Answer {
    let list = ServiceAccountCommand::ListKeys {
        actor: actor(&call, &caller)?,
        account: account(&call)?,
    };
    let view: ServiceKeysView = command(&call, Command::ServiceAccounts(list)).await?;
    Response::json(200, &view)
}

async fn create_key(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ServiceKeyRequest = json::body(call.request)?;
    let secret = secret(&call)?;
    let key = NewKey {
        id: opaque_id("key", call.edge.random.bytes()?),
        hash: secret.hash().to_hex(),
        name: name(&body.name)?,
        scopes: scopes(body.scopes)?,
        node: body.node,
        expires_in_s: body
            .expires_in_s
            .map(|seconds| life_s("expires_in_s", seconds))
            .transpose()?,
    };
    let create = ServiceAccountCommand::CreateKey {
        actor: fresh_actor(&call, &caller)?,
        account: account(&call)?,
        key,
    };
    let written: Written<ServiceKeyView> = ask(&call, create).await?;
    let response = shown(201, &written.value, &secret)?;
    Ok(with_epoch(response, written.epoch))
}

async fn set_key_active(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ActiveRequest = json::body(call.request)?;
    let set = ServiceAccountCommand::SetKeyActive {
        actor: fresh_actor(&call, &caller)?,
        account: account(&call)?,
        key: key(&call)?,
        active: body.active,
    };
    let written: Written<ServiceKeyView> = ask(&call, set).await?;
    call.edge.credentials.forget_credential(&written.value.id);
    let response = Response::json(200, &written.value)?;
    Ok(with_epoch(response, written.epoch))
}

async fn rotate_key(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: RotateRequest = json::body(call.request)?;
    let secret = secret(&call)?;
    let rotate = ServiceAccountCommand::RotateKey {
        actor: fresh_actor(&call, &caller)?,
        account: account(&call)?,
        key: key(&call)?,
        hash: secret.hash().to_hex(),
        overlap_s: overlap_s(body.overlap_s)?,
    };
    let written: Written<ServiceKeyView> = ask(&call, rotate).await?;
    call.edge.credentials.forget_credential(&written.value.id);
    let response = shown(200, &written.value, &secret)?;
    Ok(with_epoch(response, written.epoch))
}

async fn delete_key(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = ServiceAccountCommand::DeleteKey {
        actor: fresh_actor(&call, &caller)?,
        account: account(&call)?,
        key: key(&call)?,
    };
    let written: Written = ask(&call, delete).await?;
    call.edge.credentials.forget_credential(&key(&call)?);
    Ok(with_epoch(Response::no_content(), written.epoch))
}

async fn ask<R: serde::de::DeserializeOwned>(
    call: &Call<'_>,
    asked: ServiceAccountCommand,
) -> Result<R, ApiError> {
    command(call, Command::ServiceAccounts(asked)).await
}

fn secret(call: &Call<'_>) -> Result<Secret, ApiError> {
    let (edge, organization) = (call.edge, organization(call)?);
    let random = edge.random.bytes()?;
    Ok(Secret::service_key(
        &edge.config.prefixes,
        organization,
        random,
    ))
}

fn account(call: &Call<'_>) -> Result<String, ApiError> {
    call.param("account").map(str::to_owned)
}

fn key(call: &Call<'_>) -> Result<String, ApiError> {
    call.param("key").map(str::to_owned)
}
