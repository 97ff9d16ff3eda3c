//! `/v1/organizations/{org}/webhooks`.

use lockstep_token::id::opaque_id;
use lockstep_wire::{
    WebhookChangeRequest, WebhookDeliveryView, WebhookRequest, WebhookView, WebhooksView,
};
use serde::Serialize;

use super::{
    organizations::{command, organization, with_epoch},
    structure::{self, change, edit, end, list, param, read, read_one},
    tokens::RotateRequest,
    values::{NothingRequest, name, overlap_s},
};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::{Method, Response},
    json,
    keys::hex,
    organization::{
        StructureChange, StructureQuestion, WebhookChange, WebhookQuestion, Written, webhook_secret,
    },
    paging::PAGE,
    precondition::with_etag,
    problem::ApiError,
    router::{Answer, Call, Handler, Route},
};

/// How long a webhook's old secret still signs when nobody says it, in seconds: a day.
const OVERLAP_S_DEFAULT: i64 = 86_400;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/webhooks",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(all(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/webhooks",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(create(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/webhooks/{webhook}",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(one(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/webhooks/{webhook}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(update(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/webhooks/{webhook}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(delete(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/webhooks/{webhook}/rotate",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(rotate(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/webhooks/{webhook}/deliveries",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(deliveries(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/webhooks/{webhook}/deliveries/{event}/replay",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(replay(call, caller))),
    },
];

/// A webhook with its secret, which is shown in this answer and never again.
#[derive(Serialize)]
struct ShownView<'a> {
    #[serde(flatten)]
    webhook: &'a WebhookView,
    secret: &'a str,
}

async fn all(call: Call<'_>, caller: Caller) -> Answer {
    let all = StructureQuestion::Webhook(WebhookQuestion::List);
    read::<WebhooksView>(&call, &caller, all).await
}

async fn one(call: Call<'_>, caller: Caller) -> Answer {
    let one = WebhookQuestion::Read {
        webhook: param(&call, "webhook")?,
    };
    read_one::<WebhookView>(&call, &caller, StructureQuestion::Webhook(one)).await
}

async fn create(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: WebhookRequest = json::body(call.request)?;
    let nonce = nonce(&call)?;
    let create = WebhookChange::Create {
        webhook: opaque_id("whk", call.edge.random.bytes()?),
        name: name(&body.name)?,
        url: body.url,
        events: body.events,
        nonce: nonce.clone(),
    };
    show(&call, &caller, 201, create, &nonce).await
}

async fn update(call: Call<'_>, caller: FreshCaller) -> Answer {
    let members = "`name`, `url`, `events` or `active`";
    let body: WebhookChangeRequest = json::change(call.request, members)?;
    let update = WebhookChange::Update {
        webhook: param(&call, "webhook")?,
        change: WebhookChangeRequest {
            name: body.name.as_deref().map(name).transpose()?,
            ..body
        },
    };
    edit::<WebhookView>(&call, &caller, 200, StructureChange::Webhook(update)).await
}

async fn delete(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = WebhookChange::Delete {
        webhook: param(&call, "webhook")?,
    };
    end(&call, &caller, StructureChange::Webhook(delete)).await
}

async fn rotate(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: RotateRequest = json::body(call.request)?;
    let nonce = nonce(&call)?;
    let rotate = WebhookChange::Rotate {
        webhook: param(&call, "webhook")?,
        nonce: nonce.clone(),
        overlap_s: overlap_s(body.overlap_s.or(Some(OVERLAP_S_DEFAULT)))?,
    };
    show(&call, &caller, 200, rotate, &nonce).await
}

async fn deliveries(call: Call<'_>, caller: Caller) -> Answer {
    let webhook = param(&call, "webhook")?;
    let asked = |range| StructureQuestion::Webhook(WebhookQuestion::Deliveries { webhook, range });
    list::<WebhookDeliveryView, _>(&call, &caller, "deliveries", asked).await
}

async fn replay(call: Call<'_>, caller: FreshCaller) -> Answer {
    json::body::<NothingRequest>(call.request)?;
    let replay = WebhookChange::Replay {
        webhook: param(&call, "webhook")?,
        event: param(&call, "event")?,
    };
    let replay = StructureChange::Webhook(replay);
    structure::write::<WebhookDeliveryView>(&call, &caller, 200, replay).await
}

fn nonce(call: &Call<'_>) -> Result<String, ApiError> {
    Ok(hex(&call.edge.random.bytes::<16>()?))
}

/// Answers with the secret that `nonce` stands for; a repeated answer leaves it out.
async fn show(
    call: &Call<'_>,
    caller: &FreshCaller,
    status: u16,
    asked: WebhookChange,
    nonce: &str,
) -> Answer {
    let asked = change(call, caller, StructureChange::Webhook(asked))?;
    let written: Written<WebhookView> = command(call, asked).await?;
    let webhook = &written.value;
    let organization = organization(call)?;
    let keys = &call.edge.config.keys;
    let secret = webhook_secret(keys, organization.as_str(), &webhook.id, nonce);
    let shown = ShownView {
        webhook,
        secret: &secret,
    };
    let response = with_epoch(Response::json(status, &shown)?, written.epoch);
    Ok(with_etag(response, webhook.epoch))
}
