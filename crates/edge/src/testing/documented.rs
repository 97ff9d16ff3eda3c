//! What the interface's document says of every answer that a test gets.

mod bodies;

use std::sync::LazyLock;

use serde_json::Value;

use crate::{
    http::{Request, Response},
    router,
};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap());

/// Programs that ask so may send members that nobody knows (AuthZEN 1.0, section 5).
const TOLERANT: &str = "/access/v1/";

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
    let is_replay = response.header("idempotency-replayed").is_some();
    let said = &route["responses"][&status]["headers"]["Idempotency-Replayed"];
    assert!(
        said.is_object() || !is_replay,
        "docs/openapi.json has no repeated answer of {method} {pattern}"
    );
    let place = format!(
        "/paths/{}/{method}",
        pattern.replace('~', "~0").replace('/', "~1")
    );
    let answered = bodies::of_answer(&place, response);
    assert_eq!(answered, None, "the answer of {method} {pattern}, {status}");
    if response.status < 300 && !pattern.contains(TOLERANT) {
        let asked = bodies::of_request(&place, request);
        assert_eq!(asked, None, "the request of {method} {pattern}");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn members(schema: &Value) -> BTreeSet<&str> {
        let members = schema["properties"].as_object().unwrap();
        members.keys().map(String::as_str).collect()
    }

    /// The interface's document is written by hand, the other schemas are made of the types.
    #[test]
    fn what_two_documents_describe_has_the_same_members_in_both() {
        let read = |text| serde_json::from_str::<Value>(text).unwrap();
        let snapshot = read(include_str!("../../../../docs/schema/snapshot.json"));
        let decision = read(include_str!("../../../../docs/schema/decision.json"));
        let schemas = &DOCUMENT["components"]["schemas"];
        let shown = &schemas["Snapshot"];
        let of = |name| &shown["properties"][name];
        for (name, one, other) in [
            ("Snapshot", shown, &snapshot),
            (
                "node",
                &of("nodes")["items"],
                &snapshot["$defs"]["NodesRecord"],
            ),
            (
                "grant",
                &of("grants")["items"],
                &snapshot["$defs"]["GrantRecord"],
            ),
            (
                "role",
                &of("roles")["items"],
                &snapshot["$defs"]["CustomRoleRecord"],
            ),
            ("token", of("token"), &snapshot["$defs"]["TokenRecord"]),
            (
                "Reason",
                &schemas["Reason"],
                &decision["$defs"]["ReasonView"],
            ),
            ("Grant", &schemas["Grant"], &decision["$defs"]["GrantView"]),
        ] {
            assert_eq!((name, members(one)), (name, members(other)));
        }
    }

    /// Who sends a request again is told that the secret was shown before.
    #[test]
    fn no_answer_that_shows_a_secret_always_has_it() {
        let mut shown = 0;
        for (path, routes) in DOCUMENT["paths"].as_object().unwrap() {
            for status in ["200", "201"] {
                let answer = &routes["post"]["responses"][status];
                let parts = &answer["content"]["application/json"]["schema"]["allOf"];
                let parts = parts.as_array().into_iter().flatten();
                let secret = |part: &&Value| {
                    ["token", "secret"]
                        .iter()
                        .any(|name| part["properties"][name].is_object())
                };
                for part in parts.filter(secret) {
                    assert!(part["required"].is_null(), "{path}");
                    assert_eq!(
                        part["properties"]["withheld"]["const"], "already-shown",
                        "{path}"
                    );
                    shown += 1;
                }
            }
        }
        assert!(shown > 5, "{shown}");
    }
}
