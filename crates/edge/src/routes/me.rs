//! `/v1/me`: the caller, their organizations, and the invitations that wait for them.

use serde::Serialize;

use crate::{
    address::{self, AddressObject, ListedInvitation},
    authenticate::Caller,
    http::{Method, Response},
    objects::ask,
    paging::{LIMIT_MAX, PAGE, Pages, Range, Slice},
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
    user::{
        self, DeletedOrganization, ListedOrganization, OrganizationPosition, Profile, UserObject,
    },
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/me",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(me(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/me/organizations",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(organizations(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/me/invitations",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(invitations(call, caller))),
    },
];

#[derive(Serialize)]
struct MeView<'a> {
    user: UserView<'a>,
    credential: &'static str,
    organizations: Vec<ListedOrganization>,
    has_more_organizations: bool,
    deleted_organizations: Vec<DeletedOrganization>,
    policy: PolicyView<'a>,
    development: bool,
}

#[derive(Serialize)]
struct PolicyView<'a> {
    id: &'a str,
    name: &'a str,
    digest: &'a str,
}

#[derive(Serialize)]
struct UserView<'a> {
    id: &'a str,
    email: Option<&'a str>,
}

#[derive(Serialize)]
struct InvitationView<'a> {
    id: &'a str,
    organization: OrganizationView<'a>,
    role: &'a str,
    role_name: &'a str,
    invited_by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    invited_by_program: Option<&'a str>,
    message: Option<&'a str>,
    expires_at_ms: i64,
}

#[derive(Serialize)]
struct OrganizationView<'a> {
    id: &'a str,
    name: &'a str,
}

/// A token that is less than its user is told whose it is, which it says itself, and nothing else of the account.
async fn me(call: Call<'_>, caller: Caller) -> Answer {
    let objects = &*call.edge.objects;
    let user = caller.user()?;
    let command = user::Command::Profile;
    let profile = if caller.is_limited() {
        Profile::default()
    } else {
        ask::<UserObject, _>(objects, user.as_str(), &command).await?
    };
    let email = caller.address.as_deref();
    let policy = &call.edge.config.policy;
    let view = MeView {
        user: UserView {
            id: user.as_str(),
            email: email.filter(|_| !caller.is_limited()),
        },
        credential: caller.credential.as_str(),
        organizations: profile.organizations,
        has_more_organizations: profile.has_more,
        deleted_organizations: profile.deleted,
        policy: PolicyView {
            id: &policy.document.id,
            name: &policy.document.name,
            digest: &policy.digest,
        },
        development: call.edge.config.is_development,
    };
    Response::json(200, &view)
}

async fn organizations(call: Call<'_>, caller: Caller) -> Answer {
    let pages = Pages::of(&call, &caller, &[])?;
    let user = caller.whole_user()?;
    let command = user::Command::ListOrganizations {
        range: pages.range()?,
    };
    let slice: Slice<ListedOrganization, OrganizationPosition> =
        ask::<UserObject, _>(&*call.edge.objects, user.as_str(), &command).await?;
    pages.answer("organizations", &slice)
}

async fn invitations(call: Call<'_>, caller: Caller) -> Answer {
    let pages = Pages::of(&call, &caller, &[])?;
    let slice = list(&call, &caller, pages.range()?).await?;
    let slice = Slice {
        entries: slice.entries.iter().map(view).collect(),
        next: slice.next,
    };
    pages.answer("invitations", &slice)
}

/// The newest invitations that wait for the caller, as they are shown.
pub(super) async fn waiting(
    call: &Call<'_>,
    caller: &Caller,
) -> Result<serde_json::Value, ApiError> {
    let newest = Range {
        after: None,
        limit: LIMIT_MAX,
    };
    let list = list(call, caller, newest).await?;
    let invitations: Vec<_> = list.entries.iter().map(view).collect();
    serde_json::to_value(invitations)
        .map_err(|error| ApiError::internal(format!("invitations cannot be written: {error}")))
}

/// Of an address that nobody has invited there is no object.
async fn list(
    call: &Call<'_>,
    caller: &Caller,
    range: Range<i64>,
) -> Result<Slice<ListedInvitation, i64>, ApiError> {
    caller.whole_user()?;
    let none = || Slice {
        entries: Vec::new(),
        next: None,
    };
    let Some(address) = &caller.address else {
        return Ok(none());
    };
    let name = address::name(call.edge, address)?;
    let command = address::Command::PageInvitations { range };
    match ask::<AddressObject, _>(&*call.edge.objects, &name, &command).await {
        Err(error) if error.code() == Code::NotFound => Ok(none()),
        asked => asked,
    }
}

fn view(invitation: &ListedInvitation) -> InvitationView<'_> {
    let pending = &invitation.pending;
    InvitationView {
        id: &invitation.id,
        organization: OrganizationView {
            id: &pending.organization,
            name: &pending.organization_name,
        },
        role: &pending.role,
        role_name: &pending.role_name,
        invited_by: &pending.invited_by,
        invited_by_program: pending.invited_by_program.as_deref(),
        message: pending.message.as_deref(),
        expires_at_ms: invitation.expires_at_ms,
    }
}
