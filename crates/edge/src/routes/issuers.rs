//! `/v1/organizations/{org}/issuers`: identity providers that the organization registers, whose tokens act in it.

use lockstep_token::id::opaque_id;
use lockstep_wire::{IssuerChangeRequest, IssuerRequest, IssuerView, IssuersView};

use super::{
    organizations::organization,
    structure::{self, edit, end, param, read},
};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::Method,
    json,
    organization::{IssuerChange, IssuerQuestion, StructureChange, StructureQuestion},
    router::{Answer, Call, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/issuers",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/issuers",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(create(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/issuers/{issuer}",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(read_one(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/issuers/{issuer}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(update(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/issuers/{issuer}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(delete(call, caller))),
    },
];

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let list = StructureQuestion::Issuer(IssuerQuestion::List);
    read::<IssuersView>(&call, &caller, list).await
}

async fn read_one(call: Call<'_>, caller: Caller) -> Answer {
    let read = IssuerQuestion::Read {
        issuer: param(&call, "issuer")?,
    };
    structure::read_one::<IssuerView>(&call, &caller, StructureQuestion::Issuer(read)).await
}

async fn create(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: IssuerRequest = json::body(call.request)?;
    let create = IssuerChange::Create {
        issuer: opaque_id("iss", call.edge.random.bytes()?),
        record: body.record,
        role: body.role,
    };
    write(&call, &caller, 201, create).await
}

async fn update(call: Call<'_>, caller: FreshCaller) -> Answer {
    let members = "`record`, `role` or `active`";
    let wanted: IssuerChangeRequest = json::change(call.request, members)?;
    let update = IssuerChange::Update {
        issuer: param(&call, "issuer")?,
        change: wanted,
    };
    write(&call, &caller, 200, update).await
}

async fn delete(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = IssuerChange::Delete {
        issuer: param(&call, "issuer")?,
    };
    let answer = end(&call, &caller, StructureChange::Issuer(delete)).await;
    forget(&call);
    answer
}

async fn write(call: &Call<'_>, caller: &FreshCaller, status: u16, asked: IssuerChange) -> Answer {
    let answer = edit::<IssuerView>(call, caller, status, StructureChange::Issuer(asked)).await;
    forget(call);
    answer
}

/// In this isolate the change counts at once, elsewhere within the stated time.
fn forget(call: &Call<'_>) {
    if let Ok(organization) = organization(call) {
        call.edge.issuers.forget(organization.as_str());
    }
}
