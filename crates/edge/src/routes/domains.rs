//! `/v1/organizations/{org}/domains`, and joining by the domain of one's address.

use lockstep_token::{Address, Secret, id::opaque_id};
use lockstep_wire::{
    AcceptedView, DomainChangeRequest, DomainRequest, DomainView, DomainsView,
    JoinableOrganizationView, JoinableView,
};

use super::{
    organizations::{actor, command, organization, written},
    structure::{edit, end, param, read, read_one},
    values::NothingRequest,
};
use crate::{
    authenticate::{self, Caller, FreshCaller},
    domain::{self, DomainObject, Held, is_public, is_shown, record_name},
    edge::Edge,
    http::{Method, Response},
    json,
    keys::hex,
    log,
    objects::ask,
    organization::{
        Challenge, Command, DomainChange, DomainCommand, DomainQuestion, FreshPerson,
        OrganizationObject, StructureChange, StructureQuestion, Written,
    },
    problem::{ApiError, Code},
    provenance::Asked,
    router::{Answer, Call, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/domains",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/domains",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(claim(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/domains/{domain}",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(one(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/domains/{domain}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(update(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/domains/{domain}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(delete(call, caller))),
    },
    Route {
        method: Method::Put,
        pattern: "/v1/organizations/{org}/domains/{domain}/proof",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(prove(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/join",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(join(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/me/joinable",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(joinable(call, caller))),
    },
];

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let list = StructureQuestion::Domain(DomainQuestion::List);
    read::<DomainsView>(&call, &caller, list).await
}

async fn one(call: Call<'_>, caller: Caller) -> Answer {
    let one = DomainQuestion::Read {
        domain: param(&call, "domain")?,
    };
    read_one::<DomainView>(&call, &caller, StructureQuestion::Domain(one)).await
}

async fn claim(call: Call<'_>, caller: FreshCaller) -> Answer {
    let wanted: DomainRequest = json::body(call.request)?;
    let claim = DomainChange::Claim {
        domain: opaque_id("dom", call.edge.random.bytes()?),
        challenge: hex(&call.edge.random.bytes::<32>()?),
        wanted,
    };
    edit::<DomainView>(&call, &caller, 201, StructureChange::Domain(claim)).await
}

async fn update(call: Call<'_>, caller: FreshCaller) -> Answer {
    let members = "`role` or `automatic`";
    let wanted: DomainChangeRequest = json::change(call.request, members)?;
    let update = DomainChange::Update {
        domain: param(&call, "domain")?,
        change: wanted,
    };
    edit::<DomainView>(&call, &caller, 200, StructureChange::Domain(update)).await
}

async fn delete(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = DomainChange::Delete {
        domain: param(&call, "domain")?,
    };
    end(&call, &caller, StructureChange::Domain(delete)).await
}

/// Looks for the record. Whether another organization holds the domain is told only to who has shown that it is theirs.
async fn prove(call: Call<'_>, caller: FreshCaller) -> Answer {
    let NothingRequest {} = json::body(call.request)?;
    let id = param(&call, "domain")?;
    let prepare = Command::Structure {
        actor: actor(&call, &caller)?,
        command: StructureQuestion::Domain(DomainQuestion::Prepare { domain: id.clone() }),
    };
    let Challenge { domain, challenge } = command(&call, prepare).await?;
    let (edge, organization) = (call.edge, organization(&call)?.as_str());
    if !edge.clients.allow("domains", organization).await {
        let detail = "Too many records were looked for. Wait a minute.";
        return Err(ApiError::new(Code::TooManyRequests, detail).with_retry_after_s(60));
    }
    if !is_shown(edge, &domain, &challenge).await? {
        let detail = format!(
            "{} has no TXT record with the text of this claim. A new one may take hours to be seen.",
            record_name(&domain)
        );
        return Err(ApiError::new(Code::DomainUnproven, detail));
    }
    let hold = domain::Command::Hold {
        organization: organization.to_owned(),
        challenge: challenge.clone(),
    };
    let until_ms = match ask::<DomainObject, Held>(&*edge.objects, &domain, &hold).await? {
        Held::Until { at_ms } => at_ms,
        Held::Taken => {
            let detail = "Another organization has proven this domain. It is free again three days after that one's record was seen last.";
            return Err(ApiError::new(Code::DomainTaken, detail));
        }
    };
    let prove = DomainChange::Prove {
        domain: id,
        challenge,
        until_ms,
    };
    edit::<DomainView>(&call, &caller, 200, StructureChange::Domain(prove)).await
}

/// No permission stands for joining, so only a whole user does.
async fn join(call: Call<'_>, caller: FreshCaller) -> Answer {
    let NothingRequest {} = json::body(call.request)?;
    let join = Command::Domain(DomainCommand::Join {
        person: FreshPerson::of(&caller)?,
        by_sign_in: false,
    });
    written::<AcceptedView>(200, &command(&call, join).await?)
}

async fn joinable(call: Call<'_>, caller: FreshCaller) -> Answer {
    let person = FreshPerson::of(&caller)?;
    let mut view = JoinableView::default();
    let holder = match person.domain() {
        Some(domain) => holder(call.edge, domain).await?,
        None => None,
    };
    if let Some(organization) = holder {
        let asked = Command::Domain(DomainCommand::Joinable { person });
        let objects = &*call.edge.objects;
        let asked =
            ask::<OrganizationObject, JoinableOrganizationView>(objects, &organization, &asked);
        view.organizations.extend(found(asked.await)?);
    }
    Response::json(200, &view)
}

/// The organization that has proven a domain, if there is one. Of a domain of everybody's there is none, and one object is not asked with each of its people.
async fn holder(edge: &Edge, domain: &str) -> Result<Option<String>, ApiError> {
    if is_public(domain) {
        return Ok(None);
    }
    let holder = domain::Command::Holder;
    found(ask::<DomainObject, String>(&*edge.objects, domain, &holder).await)
}

fn found<T>(asked: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match asked {
        Err(error) if error.code() == Code::NotFound => Ok(None),
        asked => asked.map(Some),
    }
}

/// Who has just signed in comes into the organization of their domain, where that has said so. They have signed in, whatever becomes of this; what is refused they may join by themselves.
pub(super) async fn join_by_sign_in(call: &Call<'_>, address: &Address, session: &Secret) {
    if let Err(error) = try_to_join(call, address, session).await
        && error.code().status() >= 500
    {
        log::error(error.cause().unwrap_or(error.detail()));
    }
}

async fn try_to_join(call: &Call<'_>, address: &Address, session: &Secret) -> Result<(), ApiError> {
    let Some(organization) = holder(call.edge, address.domain()).await? else {
        return Ok(());
    };
    let caller = authenticate::opened(call.edge, session).await?;
    let asked = Asked::by_sign_in(call.edge, call.request, &caller);
    let join = Command::Domain(DomainCommand::Join {
        person: FreshPerson::of(&caller)?,
        by_sign_in: true,
    });
    let objects = &*asked.edge.objects;
    ask::<OrganizationObject, Written<AcceptedView>>(objects, &organization, &join).await?;
    Ok(())
}
