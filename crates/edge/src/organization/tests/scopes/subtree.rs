//! Tokens that are narrowed by a subtree alone (threat P4, law 6).

use super::*;

/// A subtree of all of an organization leaves everything in it, and its user is still more than that.
#[test]
fn p4_a_token_with_a_subtree_and_no_scopes_is_refused_where_all_of_a_user_is_wanted() {
    let full = Full::new();
    let acme = &full.acme;
    let subtree = json!({ "name": "narrow", "subtree": { "organization": acme.id } });
    let (_, secret) = acme.token(&acme.ada, &subtree);
    let send = |request: Request| {
        let request = request.with_header("x-organization-id", &acme.id);
        acme.world.send(&request.with_header("x-api-key", &secret))
    };
    assert_eq!(
        send(Request::new(Method::Get, acme.path("/members"))).status,
        200
    );
    let (mut count, mut open) = (0, Vec::new());
    for route in signed_in() {
        let (needs, body) = row(route);
        let is_creation = route.method == Method::Post && route.pattern == "/v1/organizations";
        if !is_creation && !matches!(needs, Needs::Whole) {
            continue;
        }
        count += 1;
        let path = full.fill(route.pattern);
        let body: Value = serde_json::from_str(&full.fill(&body.to_string())).unwrap();
        let request = match route.method {
            Method::Get => Request::new(Method::Get, path),
            method => write(method, &path, &body),
        };
        let answer = send(request);
        if answer.status != 403 || json(&answer)["code"] != "out-of-token-scope" {
            open.push((route.pattern, text(&answer)));
        }
    }
    assert!(count > 10, "{count}");
    assert!(open.is_empty(), "{open:?}");
    let me = json(&send(Request::new(Method::Get, "/v1/me")));
    assert_eq!(me["user"]["email"], Value::Null, "{me}");
    assert_eq!(me["organizations"], json!([]), "{me}");
}
