//! `/v1/organizations/{org}/workspaces/{workspace}/members`, `/projects/{project}/members/{user}`, and `/members/{user}/suspension`.

use lockstep_wire::{
    MemberView, NodeGrantRequest, NodeMemberView, NodeMembersRequest, ResultsView,
};

use super::{
    structure::{self, edit, end, param, user, write},
    values::NothingRequest,
};
use crate::{
    authenticate::{Caller, FreshCaller},
    bounds::TIME_MS_MAX,
    http::Method,
    json,
    organization::{
        NodeMemberChange, NodeMemberQuestion, StructureChange, StructureQuestion, SuspensionChange,
    },
    paging::PAGE,
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
};

/// The most rows of one request.
const ROWS_MAX: usize = 100;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/workspaces/{workspace}/members",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/workspaces/{workspace}/members",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(set_all(call, caller))),
    },
    Route {
        method: Method::Put,
        pattern: "/v1/organizations/{org}/workspaces/{workspace}/members/{user}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(set(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/workspaces/{workspace}/members/{user}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(remove(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/projects/{project}/members/{user}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(remove_from_project(call, caller))),
    },
    Route {
        method: Method::Put,
        pattern: "/v1/organizations/{org}/members/{user}/suspension",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(suspend(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/members/{user}/suspension",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(restore(call, caller))),
    },
];

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let workspace = param(&call, "workspace")?;
    let asked =
        |range| StructureQuestion::NodeMember(NodeMemberQuestion::List { workspace, range });
    structure::list::<NodeMemberView, _>(&call, &caller, "members", asked).await
}

async fn set(call: Call<'_>, caller: FreshCaller) -> Answer {
    let grant: NodeGrantRequest = json::body(call.request)?;
    check_window(&call, (grant.not_before_ms, grant.expires_at_ms))?;
    let set = NodeMemberChange::Set {
        workspace: param(&call, "workspace")?,
        user: user(&call, call.param("user")?)?,
        grant,
    };
    write::<NodeMemberView>(&call, &caller, 200, StructureChange::NodeMember(set)).await
}

/// Every row has its own result, also one about somebody who cannot be there.
async fn set_all(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: NodeMembersRequest = json::body(call.request)?;
    if !(1..=ROWS_MAX).contains(&body.members.len()) {
        let detail = format!("`members` has 1 to {ROWS_MAX} rows.");
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    let mut rows = body.members.iter();
    rows.try_for_each(|row| check_window(&call, (row.not_before_ms, row.expires_at_ms)))?;
    let set_all = NodeMemberChange::SetAll {
        workspace: param(&call, "workspace")?,
        rows: body.members,
    };
    write::<ResultsView>(&call, &caller, 207, StructureChange::NodeMember(set_all)).await
}

async fn remove(call: Call<'_>, caller: FreshCaller) -> Answer {
    let remove = NodeMemberChange::Remove {
        workspace: param(&call, "workspace")?,
        user: user(&call, call.param("user")?)?,
    };
    end(&call, &caller, StructureChange::NodeMember(remove)).await
}

async fn remove_from_project(call: Call<'_>, caller: FreshCaller) -> Answer {
    let remove = NodeMemberChange::RemoveFromProject {
        project: param(&call, "project")?,
        user: user(&call, call.param("user")?)?,
    };
    end(&call, &caller, StructureChange::NodeMember(remove)).await
}

async fn suspend(call: Call<'_>, caller: FreshCaller) -> Answer {
    let NothingRequest {} = json::body(call.request)?;
    let begin = SuspensionChange::Begin {
        user: user(&call, call.param("user")?)?,
    };
    edit::<MemberView>(&call, &caller, 200, StructureChange::Suspension(begin)).await
}

async fn restore(call: Call<'_>, caller: FreshCaller) -> Answer {
    let over = SuspensionChange::End {
        user: user(&call, call.param("user")?)?,
    };
    edit::<MemberView>(&call, &caller, 200, StructureChange::Suspension(over)).await
}

/// A window, from when on and until when, that holds at some time from now on.
pub(super) fn check_window(
    call: &Call<'_>,
    (not_before_ms, expires_at_ms): (Option<i64>, Option<i64>),
) -> Result<(), ApiError> {
    let now_ms = call.edge.clock.now_ms();
    let start_ms = not_before_ms.unwrap_or(0);
    let end_ms = expires_at_ms.unwrap_or(TIME_MS_MAX);
    if start_ms >= 0 && start_ms.max(now_ms) < end_ms && end_ms <= TIME_MS_MAX {
        return Ok(());
    }
    let detail = "`not_before_ms` comes before `expires_at_ms`, and that comes after now; both are Unix milliseconds.";
    Err(ApiError::new(Code::InvalidValue, detail))
}
