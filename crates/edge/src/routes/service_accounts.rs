//! `/v1/organizations/{org}/service-accounts`: programs of an organization, and their keys.

use lockstep_token::{Secret, id::opaque_id};
use lockstep_wire::{
    GrantRequest, ServiceAccountChangeRequest, ServiceAccountRequest, ServiceAccountView,
    ServiceKeyRequest, ServiceKeyView, ServiceKeysView,
};

use super::{
    node_members::check_window,
    organizations::{command, organization, with_epoch, written},
    structure::{self, change, edit, end, param, read},
    tokens::{ActiveRequest, RotateRequest, shown},
    values::{life_s, name, overlap_s, scopes},
};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::Method,
    json,
    organization::{
        NewKey, ServiceAccountChange, ServiceAccountQuestion, ServiceKeyChange, ServiceKeyQuestion,
        StructureChange, StructureQuestion, Written,
    },
    paging::PAGE,
    problem::ApiError,
    router::{Answer, Call, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/service-accounts",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/service-accounts",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(create(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/service-accounts/{account}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(update(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/service-accounts/{account}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(delete(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/service-accounts/{account}/keys",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(list_keys(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/service-accounts/{account}/keys",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(create_key(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/service-accounts/{account}/keys/{key}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(set_key_active(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/service-accounts/{account}/keys/{key}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(delete_key(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/service-accounts/{account}/keys/{key}/rotate",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(rotate_key(call, caller))),
    },
];

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let asked = |range| StructureQuestion::ServiceAccount(ServiceAccountQuestion::List { range });
    structure::list::<ServiceAccountView, _>(&call, &caller, "service_accounts", asked).await
}

async fn create(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ServiceAccountRequest = json::body(call.request)?;
    check_windows(&call, &body.grants)?;
    let create = ServiceAccountChange::Create {
        account: opaque_id("svc", call.edge.random.bytes()?),
        name: name(&body.name)?,
        grants: body.grants,
    };
    let create = StructureChange::ServiceAccount(create);
    edit::<ServiceAccountView>(&call, &caller, 201, create).await
}

async fn update(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ServiceAccountChangeRequest = json::change(call.request, "`name` or `grants`")?;
    check_windows(&call, body.grants.as_deref().unwrap_or_default())?;
    let update = ServiceAccountChange::Update {
        account: param(&call, "account")?,
        name: body.name.as_deref().map(name).transpose()?,
        grants: body.grants,
    };
    let update = StructureChange::ServiceAccount(update);
    edit::<ServiceAccountView>(&call, &caller, 200, update).await
}

fn check_windows(call: &Call<'_>, grants: &[GrantRequest]) -> Result<(), ApiError> {
    let mut windows = grants
        .iter()
        .map(|grant| (grant.not_before_ms, grant.expires_at_ms));
    windows.try_for_each(|window| check_window(call, window))
}

async fn delete(call: Call<'_>, caller: FreshCaller) -> Answer {
    let account = param(&call, "account")?;
    let delete = ServiceAccountChange::Delete {
        account: account.clone(),
    };
    let answer = end(&call, &caller, StructureChange::ServiceAccount(delete)).await?;
    call.edge.credentials.forget_principal(&account);
    Ok(answer)
}

async fn list_keys(call: Call<'_>, caller: Caller) -> Answer {
    let list = ServiceKeyQuestion::List {
        account: param(&call, "account")?,
    };
    read::<ServiceKeysView>(&call, &caller, StructureQuestion::ServiceKey(list)).await
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
    let create = ServiceKeyChange::Create {
        account: param(&call, "account")?,
        key,
    };
    let written = change_key(&call, &caller, create).await?;
    let response = shown(201, &written.value, &secret)?;
    Ok(with_epoch(response, written.epoch))
}

async fn set_key_active(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ActiveRequest = json::body(call.request)?;
    let set = ServiceKeyChange::SetActive {
        account: param(&call, "account")?,
        key: param(&call, "key")?,
        active: body.active,
    };
    written(200, &change_key(&call, &caller, set).await?)
}

async fn rotate_key(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: RotateRequest = json::body(call.request)?;
    let secret = secret(&call)?;
    let rotate = ServiceKeyChange::Rotate {
        account: param(&call, "account")?,
        key: param(&call, "key")?,
        hash: secret.hash().to_hex(),
        overlap_s: overlap_s(body.overlap_s)?,
    };
    let written = change_key(&call, &caller, rotate).await?;
    let response = shown(200, &written.value, &secret)?;
    Ok(with_epoch(response, written.epoch))
}

async fn delete_key(call: Call<'_>, caller: FreshCaller) -> Answer {
    let key = param(&call, "key")?;
    let delete = ServiceKeyChange::Delete {
        account: param(&call, "account")?,
        key: key.clone(),
    };
    let answer = end(&call, &caller, StructureChange::ServiceKey(delete)).await?;
    call.edge.credentials.forget_credential(&key);
    Ok(answer)
}

/// What was known of the key counts no longer in this isolate.
async fn change_key(
    call: &Call<'_>,
    caller: &FreshCaller,
    asked: ServiceKeyChange,
) -> Result<Written<ServiceKeyView>, ApiError> {
    let asked = change(call, caller, StructureChange::ServiceKey(asked))?;
    let written: Written<ServiceKeyView> = command(call, asked).await?;
    call.edge.credentials.forget_credential(&written.value.id);
    Ok(written)
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
