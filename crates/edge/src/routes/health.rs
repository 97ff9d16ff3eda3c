//! `/v1/health`: the Worker runs and its configuration is right. It touches no storage.

use serde::Serialize;

use crate::{
    http::{Method, Response},
    router::{Answer, Handler, Route},
};

pub(super) const ROUTES: &[Route] = &[Route {
    method: Method::Get,
    pattern: "/v1/health",
    query: &[],
    handler: Handler::Anonymous(|_| Box::pin(async { health() })),
}];

#[derive(Serialize)]
struct HealthView {
    status: &'static str,
}

fn health() -> Answer {
    Response::json(200, &HealthView { status: "ok" })
}
