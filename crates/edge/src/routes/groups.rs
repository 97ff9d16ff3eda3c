//! `/v1/organizations/{org}/groups`.

use lockstep_token::id::opaque_id;
use lockstep_wire::{GroupMemberView, GroupRequest, GroupView, NameRequest, NodeGrantRequest};

use super::{
    node_members::check_window,
    structure::{self, edit, end, param, read_one, user},
    values::{NothingRequest, name},
};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::Method,
    json,
    organization::{GroupChange, GroupQuestion, StructureChange, StructureQuestion},
    paging::PAGE,
    router::{Answer, Call, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/groups",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/groups",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(create(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/groups/{group}",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(one(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/groups/{group}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(rename(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/groups/{group}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(delete(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/groups/{group}/members",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(members(call, caller))),
    },
    Route {
        method: Method::Put,
        pattern: "/v1/organizations/{org}/groups/{group}/members/{user}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(add_member(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/groups/{group}/members/{user}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(remove_member(call, caller))),
    },
    Route {
        method: Method::Put,
        pattern: "/v1/organizations/{org}/groups/{group}/grants/{node}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(grant(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/groups/{group}/grants/{node}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(revoke(call, caller))),
    },
];

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let asked = |range| StructureQuestion::Group(GroupQuestion::List { range });
    structure::list::<GroupView, _>(&call, &caller, "groups", asked).await
}

async fn create(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: GroupRequest = json::body(call.request)?;
    let stated = body.workspace.as_deref();
    let workspace = call.place()?.workspace(call.edge, &caller, stated).await?;
    let create = GroupChange::Create {
        group: opaque_id("grp", call.edge.random.bytes()?),
        name: name(&body.name)?,
        workspace,
    };
    changed(&call, &caller, 201, create).await
}

async fn one(call: Call<'_>, caller: Caller) -> Answer {
    let question = GroupQuestion::Read {
        group: param(&call, "group")?,
    };
    read_one::<GroupView>(&call, &caller, StructureQuestion::Group(question)).await
}

async fn members(call: Call<'_>, caller: Caller) -> Answer {
    let group = param(&call, "group")?;
    let asked = |range| StructureQuestion::Group(GroupQuestion::Members { group, range });
    structure::list::<GroupMemberView, _>(&call, &caller, "members", asked).await
}

async fn rename(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: NameRequest = json::body(call.request)?;
    let rename = GroupChange::Rename {
        group: param(&call, "group")?,
        name: name(&body.name)?,
    };
    changed(&call, &caller, 200, rename).await
}

async fn delete(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = GroupChange::Delete {
        group: param(&call, "group")?,
    };
    end(&call, &caller, StructureChange::Group(delete)).await
}

async fn add_member(call: Call<'_>, caller: FreshCaller) -> Answer {
    let NothingRequest {} = json::body(call.request)?;
    let add = GroupChange::AddMember {
        group: param(&call, "group")?,
        user: user(&call, call.param("user")?)?,
    };
    changed(&call, &caller, 200, add).await
}

async fn remove_member(call: Call<'_>, caller: FreshCaller) -> Answer {
    let remove = GroupChange::RemoveMember {
        group: param(&call, "group")?,
        user: user(&call, call.param("user")?)?,
    };
    changed(&call, &caller, 200, remove).await
}

async fn grant(call: Call<'_>, caller: FreshCaller) -> Answer {
    let grant: NodeGrantRequest = json::body(call.request)?;
    check_window(&call, (grant.not_before_ms, grant.expires_at_ms))?;
    let grant = GroupChange::Grant {
        group: param(&call, "group")?,
        node: param(&call, "node")?,
        grant,
    };
    changed(&call, &caller, 200, grant).await
}

async fn revoke(call: Call<'_>, caller: FreshCaller) -> Answer {
    let revoke = GroupChange::Revoke {
        group: param(&call, "group")?,
        node: param(&call, "node")?,
    };
    changed(&call, &caller, 200, revoke).await
}

async fn changed(call: &Call<'_>, caller: &FreshCaller, status: u16, asked: GroupChange) -> Answer {
    edit::<GroupView>(call, caller, status, StructureChange::Group(asked)).await
}
