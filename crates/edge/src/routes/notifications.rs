//! `/v1/me/notifications`: what a person is told on their own page.

use lockstep_wire::OrganizationReference;
use serde::{Deserialize, Serialize};

use super::me;
use crate::{
    authenticate::{Caller, FreshCaller},
    http::{Method, Response},
    json,
    objects::ask,
    paging::{NEWEST, PAGE, Pages, Slice},
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
    user::{self, ListedNotice, Notice, NoticeKind, NoticePage, UserObject},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/me/notifications",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Put,
        pattern: "/v1/me/notifications/read",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(mark(call, caller))),
    },
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadRequest {
    until: i64,
}

#[derive(Serialize)]
struct NotificationView {
    id: i64,
    kind: &'static str,
    organization: OrganizationReference,
    at_ms: i64,
    read: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_name: Option<String>,
}

/// The first page has the invitations that wait for the caller besides: the object of their address knows these.
async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let pages = Pages::of(&call, &caller, &[])?;
    let user = caller.whole_user()?;
    let range = pages.range()?;
    let is_first = range.after.is_none();
    let command = user::Command::ListNotices { range };
    let page: NoticePage =
        ask::<UserObject, _>(&*call.edge.objects, user.as_str(), &command).await?;
    let slice = Slice {
        entries: page.slice.entries.into_iter().map(view).collect(),
        next: page.slice.next,
    };
    let mut more = serde_json::Map::new();
    more.insert("unread".to_owned(), page.unread.into());
    if is_first {
        more.insert("invitations".to_owned(), me::waiting(&call, &caller).await?);
    }
    pages.answer_with("notifications", &slice, more)
}

async fn mark(call: Call<'_>, caller: FreshCaller) -> Answer {
    let ReadRequest { until } = json::body(call.request)?;
    let user = caller.whole_user()?;
    if !(0..=NEWEST).contains(&until) {
        let detail = "`until` is the id of a notification.";
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    let command = user::Command::MarkNotices { until };
    ask::<UserObject, ()>(&*call.edge.objects, user.as_str(), &command).await?;
    Ok(Response::no_content())
}

fn view(listed: ListedNotice) -> NotificationView {
    let Notice {
        organization,
        organization_name,
        at_ms,
        kind,
        ..
    } = listed.notice;
    let (kind, email, role) = match kind {
        NoticeKind::InvitationAccepted { email } => ("invitation_accepted", Some(email), None),
        NoticeKind::InvitationDeclined { email } => ("invitation_declined", Some(email), None),
        NoticeKind::Removed => ("removed", None, None),
        NoticeKind::RoleChanged { role, role_name } => {
            ("role_changed", None, Some((role, role_name)))
        }
    };
    let (role, role_name) = role.unzip();
    NotificationView {
        id: listed.number,
        kind,
        organization: OrganizationReference {
            id: organization,
            name: organization_name,
        },
        at_ms,
        read: listed.is_read,
        email,
        role,
        role_name,
    }
}
