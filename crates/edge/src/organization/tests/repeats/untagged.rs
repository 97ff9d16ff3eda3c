//! `If-Match` of what has no entity tag, made from the route table.

use super::{super::scopes::Full, *};
use crate::{
    organization::tests::scopes,
    router::{Handler, Route},
    routes::ROUTES,
};

const OPERATOR_KEY: &str = "b3BlcmF0b3Itb3BlcmF0b3Itb3BlcmF0b3Itb3BlcmF0b3I";

/// Unsafe routes outside of any organization's path that change something, and the ways of signing in.
fn changes() -> impl Iterator<Item = &'static Route> {
    let all = ROUTES.iter().copied().flatten();
    all.filter(|route| {
        let is_question = matches!(route.handler, Handler::Asking(_) | Handler::SignedIn(_))
            || route.pattern.ends_with("/preview")
            || route.pattern.starts_with("/v1/oauth/");
        let is_listed = route.pattern.starts_with("/v1/dev/")
            || route.pattern.starts_with("/v1/organizations/{org}");
        route.method.is_unsafe() && !is_question && !is_listed
    })
}

fn request(full: &Full, route: &Route) -> Request {
    let acme = &full.acme;
    let email = json!({ "email": "new@example.com" });
    let body = match (route.pattern, &route.handler) {
        ("/v1/sign-in/codes", _) => email,
        ("/v1/sign-in/sessions", _) => json!({ "email": "new@example.com", "code": "1" }),
        (pattern, Handler::Operator(_)) if pattern.ends_with("/plan") => json!({ "plan": "free" }),
        (_, Handler::Operator(_)) => json!({}),
        _ => scopes::row(route).1,
    };
    let sessions = Request::new(Method::Get, "/v1/me/sessions").with_header("cookie", &acme.ada);
    let sessions = json(&acme.world.send(&sessions));
    let session = sessions["sessions"][0]["id"].as_str().unwrap();
    let path = full.fill(&route.pattern.replace("{session}", session));
    let request = write(route.method, &path, &body);
    match (&route.handler, route.pattern) {
        (Handler::Operator(_), _) => {
            request.with_header("authorization", &format!("Bearer {OPERATOR_KEY}"))
        }
        (_, "/v1/invitations/join") => {
            let (_, secret) = acme.link("member", 9);
            let dan = acme.world.sign_in("dan@example.com");
            let request = request.with_header("cookie", &dan);
            request.with_header("lockstep-invitation-token", &secret)
        }
        _ => request.with_header("cookie", &acme.ada),
    }
}

#[test]
fn what_has_no_tag_is_not_edited_by_one() {
    let mut routes = Vec::new();
    for route in changes() {
        let name = format!("{} {}", route.method.as_str(), route.pattern);
        let vars = [
            ("LOCKSTEP_POLICY", "lockstep"),
            ("LOCKSTEP_OPERATOR_KEY", OPERATOR_KEY),
        ];
        let full = Full::of(Acme::in_world(World::with_vars(&vars)), [BEN, CAT]);
        let request = request(&full, route).with_header("if-match", "\"4711\"");
        full.acme.world.settle();
        let objects = &full.acme.world.objects;
        let before = objects.dump();
        let answer = full.acme.world.send(&request);
        assert_eq!((&name, answer.status), (&name, 412), "{}", text(&answer));
        assert!(objects.dump() == before, "{name}");
        routes.push(name);
    }
    assert!(routes.len() > 12, "{routes:?}");
}

#[test]
fn a_token_is_deleted_whatever_its_tag_is() {
    let acme = Acme::new();
    let (token, _) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    let delete = |tag: &str| {
        let delete = write(
            Method::Delete,
            &format!("/v1/me/tokens/{token}"),
            &json!({}),
        );
        let delete = delete.with_header("cookie", &acme.ada);
        acme.world.send(&delete.with_header("if-match", tag))
    };
    refused(&delete("4711"), 400, "invalid-value");
    refused(&delete("\"4711\""), 412, "precondition-failed");
    assert_eq!(delete("*").status, 204);
}

/// RFC 9110, section 13.1.1: it keeps a method from changing what has changed, and these change nothing.
#[test]
fn a_question_is_answered_whatever_tag_it_names() {
    let vars = [
        ("LOCKSTEP_POLICY", "lockstep"),
        ("LOCKSTEP_OPERATOR_KEY", OPERATOR_KEY),
    ];
    let full = Full::of(Acme::in_world(World::with_vars(&vars)), [BEN, CAT]);
    let organization = ("x-organization-id", full.acme.id.as_str());
    let mut asked = 0;
    for route in ROUTES.iter().copied().flatten() {
        let is_question = route.method == Method::Get
            || route.pattern.ends_with("/preview")
            || route.pattern.ends_with("/introspect")
            || matches!(route.handler, Handler::Asking(_));
        if !is_question || route.pattern.starts_with("/v1/dev/") {
            continue;
        }
        let ask = || {
            let path = full.fill(route.pattern);
            let body = match route.pattern {
                _ if route.method == Method::Get => Value::Null,
                "/v1/operator/organizations/{org}/plan/preview" => json!({ "plan": "free" }),
                "/v1/invitations/preview" => json!({}),
                _ => scopes::row(route).1,
            };
            let body: Value = serde_json::from_str(&full.fill(&body.to_string())).unwrap();
            let request = if route.method == Method::Get {
                Request::new(Method::Get, path)
            } else if route.pattern.ends_with("/introspect") {
                scopes::form(post(&path, &body), &body)
            } else {
                post(&path, &body)
            };
            let request = request.with_header(organization.0, organization.1);
            match route.handler {
                Handler::Operator(_) => {
                    request.with_header("authorization", &format!("Bearer {OPERATOR_KEY}"))
                }
                _ => request.with_header("cookie", &full.acme.ada),
            }
        };
        let plain = full.acme.world.send(&ask()).status;
        for tag in ["\"4711\"", "no tag"] {
            let tagged = full.acme.world.send(&ask().with_header("if-match", tag));
            assert_eq!((route.pattern, tagged.status), (route.pattern, plain));
        }
        asked += usize::from(plain == 200);
    }
    assert!(asked > 40, "{asked}");
}
