//! `/v1/organizations/{org}/links`, and joining by one.

use lockstep_token::{Secret, id::opaque_id};
use lockstep_wire::{AcceptedView, LinkRequest, LinkView};

use super::{
    invitations::secret,
    organizations::{command, organization, with_epoch, written},
    structure::{self, change, end, param},
    tokens::shown,
    values::{NothingRequest, invitation_life_s},
};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::Method,
    json,
    objects::ask,
    organization::{
        Command, FreshPerson, LinkChange, LinkQuestion, OrganizationObject, StructureChange,
        StructureQuestion, Written,
    },
    paging::PAGE,
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
};

/// The most people who come in by one link.
const USES_MAX: i64 = 1_000;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/links",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/links",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(create(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/links/{link}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(revoke(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/invitations/join",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(join(call, caller))),
    },
];

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let asked = |range| StructureQuestion::Link(LinkQuestion::List { range });
    structure::list::<LinkView, _>(&call, &caller, "links", asked).await
}

async fn create(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: LinkRequest = json::body(call.request)?;
    if !(1..=USES_MAX).contains(&body.uses_max) {
        let detail = format!("`uses_max` is a number from 1 to {USES_MAX}.");
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    let secret = Secret::invitation(organization(&call)?, call.edge.random.bytes()?);
    let create = LinkChange::Create {
        link: opaque_id("lnk", call.edge.random.bytes()?),
        hash: secret.hash().to_hex(),
        wanted: LinkRequest {
            expires_in_s: invitation_life_s(body.expires_in_s)?,
            ..body
        },
    };
    let create = change(&call, &caller, StructureChange::Link(create))?;
    let written: Written<LinkView> = command(&call, create).await?;
    let response = shown(201, &written.value, &secret)?;
    Ok(with_epoch(response, written.epoch))
}

async fn revoke(call: Call<'_>, caller: FreshCaller) -> Answer {
    let revoke = LinkChange::Revoke {
        link: param(&call, "link")?,
    };
    end(&call, &caller, StructureChange::Link(revoke)).await
}

/// The secret says which organization it is, so the path does not. Only a whole user joins: no permission stands for it.
async fn join(call: Call<'_>, caller: FreshCaller) -> Answer {
    let NothingRequest {} = json::body(call.request)?;
    let person = FreshPerson::of(&caller)?;
    let secret = secret(&call)?;
    let organization = secret.organization().ok_or_else(ApiError::not_found)?;
    let join = Command::JoinByLink {
        hash: secret.hash().to_hex(),
        person,
    };
    let objects = &*call.edge.objects;
    let joined = ask::<OrganizationObject, _>(objects, organization.as_str(), &join).await?;
    written::<AcceptedView>(200, &joined)
}
