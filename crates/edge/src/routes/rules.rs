//! `/v1/organizations/{org}/rules`: rules that the organization makes by itself.

use lockstep_token::id::opaque_id;
use lockstep_wire::{
    RuleChangeRequest, RulePreviewRequest, RulePreviewView, RuleRequest, RuleView,
};

use super::structure::{self, edit, end, param, read, read_one};
use crate::{
    authenticate::{Caller, FreshCaller},
    http::Method,
    json,
    organization::{RuleChange, RuleQuestion, StructureChange, StructureQuestion},
    paging::PAGE,
    router::{Answer, Call, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/rules",
        query: PAGE,
        handler: Handler::SignedIn(|call, caller| Box::pin(list(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/rules",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(create(call, caller))),
    },
    // No rule is called `preview`: ids are ours.
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/rules/preview",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(preview(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/rules/{rule}",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(rule(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}/rules/{rule}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(update(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}/rules/{rule}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(delete(call, caller))),
    },
];

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let asked = |range| StructureQuestion::Rule(RuleQuestion::List { range });
    structure::list::<RuleView, _>(&call, &caller, "rules", asked).await
}

async fn create(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: RuleRequest = json::body(call.request)?;
    let rule = body.named(opaque_id("rule", call.edge.random.bytes()?));
    let create = StructureChange::Rule(RuleChange::Create(rule));
    edit::<RuleView>(&call, &caller, 201, create).await
}

async fn preview(call: Call<'_>, caller: FreshCaller) -> Answer {
    let preview: RulePreviewRequest = json::body(call.request)?;
    let preview = StructureQuestion::Rule(RuleQuestion::Preview { preview });
    read::<RulePreviewView>(&call, &caller, preview).await
}

async fn rule(call: Call<'_>, caller: Caller) -> Answer {
    let rule = param(&call, "rule")?;
    let read = StructureQuestion::Rule(RuleQuestion::Read { rule });
    read_one::<RuleView>(&call, &caller, read).await
}

async fn update(call: Call<'_>, caller: FreshCaller) -> Answer {
    let members = "`roles`, `permissions`, `when` or `because`";
    let change: RuleChangeRequest = json::change(call.request, members)?;
    let update = RuleChange::Update {
        rule: param(&call, "rule")?,
        change,
    };
    edit::<RuleView>(&call, &caller, 200, StructureChange::Rule(update)).await
}

async fn delete(call: Call<'_>, caller: FreshCaller) -> Answer {
    let rule = param(&call, "rule")?;
    end(
        &call,
        &caller,
        StructureChange::Rule(RuleChange::Delete { rule }),
    )
    .await
}
