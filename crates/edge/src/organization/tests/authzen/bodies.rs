//! What is a request and what is none, and where each is sent.

use serde_json::json;

use super::{
    super::{lockstep, refused},
    Asked, asked,
};
use crate::{
    http::{Method, Request},
    testing::{ORIGIN, json, text, write},
};

#[test]
fn what_is_no_request_is_400_and_says_what_is_wrong() {
    let all = Asked::new();
    let good = asked(
        "usr_1",
        "data.read",
        &json!({ "type": "workspace", "id": "w" }),
    );
    let without = |entity: &str, member: &str| {
        let mut body = good.clone();
        let entity = if member.is_empty() {
            &mut body
        } else {
            &mut body[entity]
        };
        let name = if member.is_empty() { "subject" } else { member };
        entity.as_object_mut().unwrap().remove(name);
        body
    };
    for (entity, member) in [
        ("", ""),
        ("subject", "type"),
        ("subject", "id"),
        ("action", "name"),
        ("resource", "type"),
        ("resource", "id"),
    ] {
        let answer = all.ask("evaluation", &without(entity, member));
        refused(&answer, 400, "invalid-body");
        assert!(text(&answer).contains("is missing"), "{}", text(&answer));
    }
    let mut wrong = good.clone();
    wrong["subject"] = json!("usr_1");
    refused(&all.ask("evaluation", &wrong), 400, "invalid-body");
    let send = |media_type: &str, body: &str| {
        let request = Request::new(Method::Post, all.acme.path("/access/v1/evaluation"))
            .with_header("x-api-key", &all.key)
            .with_header("x-request-id", "req-1~a")
            .with_header("content-type", media_type)
            .with_body(Ok(body.as_bytes().to_vec()));
        all.acme.world.send(&request)
    };
    let whole = good.to_string();
    let answer = send("application/json", &whole);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-request-id"), Some("req-1~a"));
    for (media_type, body) in [
        ("text/plain", whole.as_str()),
        ("application/json", ""),
        ("application/json", "{"),
        ("application/json", "[]"),
        ("application/json", r#"{"subject":{},"subject":{}}"#),
    ] {
        let answer = send(media_type, body);
        refused(&answer, 400, "invalid-body");
        assert_eq!(answer.header("x-request-id"), Some("req-1~a"));
    }
    let unasked = write(Method::Post, &all.acme.path("/access/v1/evaluation"), &good);
    let unasked = all
        .acme
        .world
        .send(&unasked.with_header("x-request-id", "two\twords"));
    assert_eq!(unasked.status, 401);
    assert_eq!(unasked.header("x-request-id"), None);
}

#[test]
fn metadata_names_the_base_that_was_asked_about_and_tells_of_no_organization() {
    let acme = lockstep("");
    let read = |path: &str| acme.world.send(&Request::new(Method::Get, path));
    let well_known = "/.well-known/authzen-configuration";
    let metadata = json(&read(well_known));
    assert_eq!(metadata["policy_decision_point"], ORIGIN);
    let endpoint = format!("{ORIGIN}/access/v1/evaluation");
    assert_eq!(metadata["access_evaluation_endpoint"], endpoint);
    let base = acme.path("");
    let own = json(&read(&format!("{well_known}{base}")));
    assert_eq!(own["policy_decision_point"], format!("{ORIGIN}{base}"));
    for (name, endpoint) in own.as_object().unwrap() {
        let Some(path) = endpoint.as_str().unwrap().strip_prefix(ORIGIN) else {
            panic!("{name}");
        };
        let asked = acme.post(&acme.ada, path.strip_prefix(&base).unwrap(), &json!({}));
        let expected = if path == base { 405 } else { 400 };
        assert_eq!(asked.status, expected, "{name}");
    }
    let foreign = read(&format!("{well_known}/v1/organizations/org_0000"));
    refused(&foreign, 404, "not-found");
}
