//! Invitations: the organization's side, and the invited person's.

use std::collections::BTreeSet;

use lockstep_token::{Address, Secret, SecretKind, id::opaque_id};
use lockstep_wire::{
    AcceptedView, InvitationPreview, InvitationResultsView, InvitationView, InvitationsRequest,
    InviteRequest, ResendAllRequest, ResendRequest, ResendResultsView,
};

use super::{
    organizations::{actor, command, done, fresh_actor, written},
    structure::param,
    values::{NothingRequest, invitation_life_s, message},
};
use crate::{
    authenticate::{Caller, FreshCaller},
    credential::INVITATION_HEADER,
    http::{Method, Response},
    json,
    keys::hex,
    objects::ask,
    organization::{
        Command, FreshAddress, FreshPerson, INVITATIONS_MAX, NewInvitation, OrganizationObject,
        Resend, ResendAll, Which,
    },
    paging::{Pages, Slice},
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
};

/// What a page of invitations is bound to.
const FILTERS: &[&str] = &["status"];

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/invitations",
        query: &["status", "limit", "cursor"],
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/invitations",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(invite(call, caller))),
    },
    // No invitation is called `batch` or `resend`: ids are ours.
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/invitations/batch",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(invite_all(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/invitations/resend",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(resend_all(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/invitations/{invitation}/resend",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(resend(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/invitations/{invitation}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(cancel(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/invitations/{invitation}/accept",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(accept(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/invitations/{invitation}/decline",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(decline(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/invitations/preview",
        query: &[],
        handler: Handler::Anonymous(|call| Box::pin(preview(call))),
    },
];

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let pages = Pages::of(&call, &caller, FILTERS)?;
    let list = Command::ListInvitations {
        actor: actor(&call, &caller)?,
        range: pages.range()?,
        is_expired: is_expired(call.query("status")?)?,
    };
    let slice: Slice<InvitationView, i64> = command(&call, list).await?;
    pages.answer("invitations", &slice)
}

fn is_expired(status: Option<&str>) -> Result<bool, ApiError> {
    match status {
        None | Some("pending") => Ok(false),
        Some("expired") => Ok(true),
        Some(_) => {
            let detail = "`status` is `pending` or `expired`.";
            Err(ApiError::new(Code::InvalidQuery, detail))
        }
    }
}

async fn invite(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: InviteRequest = json::body(call.request)?;
    let address = Address::from_typed(&body.email).map_err(|error| {
        ApiError::new(
            Code::InvalidAddress,
            format!("The address is not accepted: {error}."),
        )
    })?;
    let new = new(&call, body)?;
    let invite = Command::Invite {
        actor: fresh_actor(&call, &caller)?,
        invitation: new.invitation,
        address: address.as_str().to_owned(),
        role: new.role,
        nonce: new.nonce,
        workspaces: new.workspaces,
        message: new.message,
        expires_in_s: new.expires_in_s,
    };
    written::<InvitationView>(201, &command(&call, invite).await?)
}

/// Every row has its own result, also one with an address that is none.
async fn invite_all(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: InvitationsRequest = json::body(call.request)?;
    if !(1..=INVITATIONS_MAX).contains(&body.invitations.len()) {
        let detail = format!("`invitations` has 1 to {INVITATIONS_MAX} rows.");
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    let rows = body.invitations.into_iter().map(|row| new(&call, row));
    let invite_all = Command::InviteAll {
        actor: fresh_actor(&call, &caller)?,
        rows: rows.collect::<Result<_, _>>()?,
    };
    written::<InvitationResultsView>(207, &command(&call, invite_all).await?)
}

fn new(call: &Call<'_>, body: InviteRequest) -> Result<NewInvitation, ApiError> {
    Ok(NewInvitation {
        invitation: opaque_id("inv", call.edge.random.bytes()?),
        address: body.email,
        role: body.role,
        nonce: hex(&call.edge.random.bytes::<32>()?),
        workspaces: body.workspaces,
        message: message(body.message)?,
        expires_in_s: invitation_life_s(body.expires_in_s)?,
    })
}

async fn resend(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ResendRequest = json::body(call.request)?;
    let resend = Command::ResendInvitation {
        actor: fresh_actor(&call, &caller)?,
        again: Resend {
            invitation: param(&call, "invitation")?,
            nonce: hex(&call.edge.random.bytes::<32>()?),
            message: message(body.message)?,
            expires_in_s: invitation_life_s(body.expires_in_s)?,
        },
    };
    written::<InvitationView>(200, &command(&call, resend).await?)
}

/// Every invitation has its own result.
async fn resend_all(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ResendAllRequest = json::body(call.request)?;
    let resend_all = Command::ResendInvitations {
        actor: fresh_actor(&call, &caller)?,
        all: ResendAll {
            which: which(body.invitations, body.unsent, body.after)?,
            message: message(body.message)?,
            expires_in_s: invitation_life_s(body.expires_in_s)?,
        },
    };
    written::<ResendResultsView>(207, &command(&call, resend_all).await?)
}

fn which(ids: Option<Vec<String>>, unsent: bool, after: Option<String>) -> Result<Which, ApiError> {
    let wrong = |detail: String| Err(ApiError::new(Code::InvalidValue, detail));
    match ids {
        None if unsent => Ok(Which::Unsent { after }),
        Some(ids) if !unsent && after.is_none() => {
            let once: BTreeSet<&String> = ids.iter().collect();
            if once.len() < ids.len() || !(1..=INVITATIONS_MAX).contains(&ids.len()) {
                return wrong(format!(
                    "`invitations` has 1 to {INVITATIONS_MAX} ids, each once."
                ));
            }
            Ok(Which::These(ids))
        }
        _ => wrong("Name `invitations`, or say `unsent`, and `after` only with that.".to_owned()),
    }
}

async fn cancel(call: Call<'_>, caller: FreshCaller) -> Answer {
    let cancel = Command::CancelInvitation {
        actor: fresh_actor(&call, &caller)?,
        invitation: param(&call, "invitation")?,
    };
    done(&command(&call, cancel).await?)
}

async fn accept(call: Call<'_>, caller: FreshCaller) -> Answer {
    let NothingRequest {} = json::body(call.request)?;
    let accept = Command::AcceptInvitation {
        invitation: param(&call, "invitation")?,
        person: FreshPerson::of(&caller)?,
    };
    written::<AcceptedView>(200, &command(&call, accept).await?)
}

async fn decline(call: Call<'_>, caller: FreshCaller) -> Answer {
    let NothingRequest {} = json::body(call.request)?;
    let decline = Command::DeclineInvitation {
        invitation: param(&call, "invitation")?,
        address: FreshAddress::of(&caller)?,
    };
    done(&command(&call, decline).await?)
}

/// What an invitation's link shows. It has no effect: mail scanners follow links, too.
async fn preview(call: Call<'_>) -> Answer {
    let secret = secret(&call)?;
    let organization = secret.organization().ok_or_else(ApiError::not_found)?;
    let command = Command::PreviewInvitation {
        hash: secret.hash().to_hex(),
    };
    let objects = &*call.edge.objects;
    let view: InvitationPreview =
        ask::<OrganizationObject, _>(objects, organization.as_str(), &command).await?;
    Response::json(200, &view)
}

/// The secret of the link that the caller has. A wrong one, a canceled organization and a secret of another kind look alike.
pub(super) fn secret(call: &Call<'_>) -> Result<Secret, ApiError> {
    let text = call.request.header(INVITATION_HEADER);
    let config = &call.edge.config;
    Secret::parse(
        SecretKind::Invitation,
        &config.prefixes,
        &config.keys.id,
        text.ok_or_else(ApiError::not_found)?,
    )
    .map_err(|_| ApiError::not_found())
}
