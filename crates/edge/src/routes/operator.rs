//! `/v1/operator`: what only who runs the deployment does.

use lockstep_wire::{PlanPreviewRequest, PlanPreviewView, PlanRequest, PlanView};

use super::organizations::{command, written};
use crate::{
    authenticate::Operator,
    http::{Method, Response},
    json,
    organization::{self, Command, PlanCommand},
    paging::{PAGE, Pages},
    router::{Answer, Call, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/operator/organizations",
        query: PAGE,
        handler: Handler::Operator(|call, operator| Box::pin(organizations(call, operator))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/operator/organizations/{org}/plan",
        query: &[],
        handler: Handler::Operator(|call, operator| Box::pin(plan(call, operator))),
    },
    Route {
        method: Method::Put,
        pattern: "/v1/operator/organizations/{org}/plan",
        query: &[],
        handler: Handler::Operator(|call, operator| Box::pin(set_plan(call, operator))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/operator/organizations/{org}/plan/preview",
        query: &[],
        handler: Handler::Operator(|call, operator| Box::pin(preview_plan(call, operator))),
    },
];

async fn organizations(call: Call<'_>, operator: Operator) -> Answer {
    let pages = Pages::of_operator(&call, operator)?;
    let listed = organization::listed(call.edge, pages.range()?).await?;
    pages.answer("organizations", &listed)
}

async fn plan(call: Call<'_>, operator: Operator) -> Answer {
    let read = Command::Plan(PlanCommand::Read { operator });
    let view: PlanView = command(&call, read).await?;
    Response::json(200, &view)
}

async fn preview_plan(call: Call<'_>, operator: Operator) -> Answer {
    let PlanPreviewRequest { plan } = json::body(call.request)?;
    let preview = Command::Plan(PlanCommand::Preview { operator, plan });
    let view: PlanPreviewView = command(&call, preview).await?;
    Response::json(200, &view)
}

async fn set_plan(call: Call<'_>, operator: Operator) -> Answer {
    let PlanRequest { plan, preview } = json::body(call.request)?;
    let set = Command::Plan(PlanCommand::Set {
        operator,
        plan,
        preview,
    });
    written::<PlanView>(200, &command(&call, set).await?)
}
