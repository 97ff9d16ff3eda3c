//! `/v1/organizations/{org}/members`.

use std::collections::BTreeSet;

use lockstep_wire::{ChangeMembersRequest, ChangeRoleRequest, MemberView, ResultsView};

use super::{
    organizations::{actor, command, done, fresh_actor, tagged, written},
    structure::user,
};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::Method,
    json,
    organization::{Command, MemberList, MemberPosition, MemberSort},
    paging::{Pages, Slice},
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
};

/// The most rows of one request.
const ROWS_MAX: usize = 100;
/// The query's parameters that choose and order members.
const FILTERS: &[&str] = &["search", "sort"];
/// Longest text that is searched for, in characters.
const SEARCH_CHARS_MAX: usize = 100;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/members",
        query: &["search", "sort", "limit", "cursor"],
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/members/batch",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(change_all(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/members/{user}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(change_role(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/members/{user}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(remove(call, caller))),
    },
];

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let pages = Pages::of(&call, &caller, FILTERS)?;
    let search = call.query("search")?;
    if search.is_some_and(|search| search.is_empty() || search.chars().count() > SEARCH_CHARS_MAX) {
        let detail = format!("`search` is 1 to {SEARCH_CHARS_MAX} characters of an address.");
        return Err(ApiError::new(Code::InvalidQuery, detail));
    }
    let list = Command::ListMembers {
        actor: actor(&call, &caller)?,
        list: MemberList {
            range: pages.range()?,
            search: search.map(str::to_ascii_lowercase),
            sort: sort(call.query("sort")?)?,
        },
    };
    let slice: Slice<MemberView, MemberPosition> = command(&call, list).await?;
    pages.answer("members", &slice)
}

fn sort(text: Option<&str>) -> Result<MemberSort, ApiError> {
    match text {
        None | Some("joined") => Ok(MemberSort::Joined),
        Some("email") => Ok(MemberSort::Email),
        Some(_) => {
            let detail = "`sort` is `joined` or `email`.";
            Err(ApiError::new(Code::InvalidQuery, detail))
        }
    }
}

async fn change_role(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: ChangeRoleRequest = json::body(call.request)?;
    let change = Command::ChangeRole {
        actor: fresh_actor(&call, &caller)?,
        user: user(&call, call.param("user")?)?,
        role: body.role,
    };
    tagged::<MemberView>(200, &command(&call, change).await?)
}

/// Every row has its own result, also one about somebody who cannot be there.
async fn change_all(call: Call<'_>, caller: FreshCaller) -> Answer {
    let ChangeMembersRequest { members } = json::body(call.request)?;
    if !(1..=ROWS_MAX).contains(&members.len()) {
        let detail = format!("`members` has 1 to {ROWS_MAX} rows.");
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    if members.iter().any(|row| row.role.is_some() == row.remove) {
        let detail = "A row has either a `role` or `remove`.";
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    let named: BTreeSet<&str> = members.iter().map(|row| &*row.user_id).collect();
    if named.len() < members.len() {
        let detail =
            "`members` names each member once: they are told what has become of them once.";
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    let change = Command::ChangeMembers {
        actor: fresh_actor(&call, &caller)?,
        rows: members,
    };
    written::<ResultsView>(207, &command(&call, change).await?)
}

async fn remove(call: Call<'_>, caller: FreshCaller) -> Answer {
    let remove = Command::RemoveMember {
        actor: fresh_actor(&call, &caller)?,
        user: user(&call, call.param("user")?)?,
    };
    done(&command(&call, remove).await?)
}
