//! What the interface's document says of every answer that a test gets.

use std::sync::LazyLock;

use serde_json::Value;

use crate::{
    http::{Request, Response},
    router,
};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap());

/// Fails for an answer that no reader of the document expects. Faults are in none, and neither are routes of development.
#[track_caller]
pub(super) fn check(request: &Request, response: &Response) {
    let Some(pattern) = router::pattern(request) else {
        return;
    };
    let method = request.method.as_str().to_ascii_lowercase();
    let route = &DOCUMENT["paths"][pattern][&method];
    // An edit of what has no entity tag is 412 everywhere, which the document says once.
    let is_tagged = request.header("if-match").is_some() && router::is_edit(request);
    let is_everywhere = response.status == 412 && is_tagged;
    if route.is_null() || response.status >= 500 || is_everywhere {
        return;
    }
    let status = response.status.to_string();
    assert!(
        route["responses"][&status].is_object(),
        "docs/openapi.json has no {status} of {method} {pattern}: {}",
        String::from_utf8_lossy(response.bytes())
    );
}
