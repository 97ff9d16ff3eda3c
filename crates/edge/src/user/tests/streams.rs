//! Streams of events that were opened by what has ended.

use serde_json::{Value, json};

use super::{ANN, create_token, get};
use crate::{
    http::{Body, Method, Response},
    objects::Subscription,
    testing::{START_MS, World, json, post, text, write},
};

/// Organizations of Ann's, in which her streams were ended.
fn ended(world: &World) -> Vec<String> {
    world.settle();
    let ended = world.objects.ended.take();
    ended
        .into_iter()
        .map(|(organization, _)| organization)
        .collect()
}

fn create(world: &World, session: &str, name: &str) -> String {
    let create = post("/v1/organizations", &json!({ "name": name }));
    let created = json(&world.send(&create.with_header("cookie", session)));
    world.settle();
    created["id"].as_str().unwrap().to_owned()
}

fn send(world: &World, session: &str, method: Method, path: &str, body: &Value) -> Response {
    let answer = world.send(&write(method, path, body).with_header("cookie", session));
    assert!(answer.status < 300, "{path}: {}", text(&answer));
    answer
}

#[test]
fn what_ends_a_session_or_a_token_ends_the_streams_that_it_may_have_opened() {
    let world = World::new();
    let (session, other) = (world.sign_in(ANN), world.sign_in(ANN));
    let both = [create(&world, &session, "A"), create(&world, &session, "B")];
    let of_b = json!({ "name": "b", "subtree": { "organization": both[1] } });
    let narrow = json(&create_token(&world, &session, &of_b));
    let whole = json(&create_token(&world, &session, &json!({ "name": "all" })));
    assert_eq!(ended(&world), [""; 0]);
    let path = |token: &Value| format!("/v1/me/tokens/{}", token["id"].as_str().unwrap());

    send(
        &world,
        &session,
        Method::Patch,
        &path(&narrow),
        &json!({ "active": false }),
    );
    assert_eq!(ended(&world), [both[1].clone()], "where it reaches");
    let on = json!({ "active": true });
    send(&world, &session, Method::Patch, &path(&narrow), &on);
    assert_eq!(ended(&world), [""; 0]);
    let rotate = format!("{}/rotate", path(&whole));
    send(&world, &session, Method::Post, &rotate, &json!({}));
    assert_eq!(ended(&world), both);
    send(&world, &session, Method::Delete, &path(&whole), &json!({}));
    assert_eq!(ended(&world), both);

    send(&world, &other, Method::Delete, "/v1/session", &json!({}));
    assert_eq!(ended(&world), both);
    let everywhere = json!({ "tokens": false });
    send(
        &world,
        &session,
        Method::Post,
        "/v1/me/sign-out",
        &everywhere,
    );
    assert_eq!(ended(&world), both);
}

#[test]
fn a_stream_ends_with_what_it_was_opened_by() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let organization = create(&world, &session, "A");
    let short = json!({ "name": "short", "expires_in_s": 60 });
    let short = json(&create_token(&world, &session, &short));
    let until_ms = |header: (&str, &str)| {
        let path = format!("/v1/organizations/{organization}/events");
        let Body::Stream(stream) = get(&world, &path, header).body else {
            panic!("a stream");
        };
        stream.downcast::<Subscription>().unwrap().until_ms
    };
    let token = short["token"].as_str().unwrap();
    assert_eq!(until_ms(("x-api-key", token)), Some(START_MS + 60_000));
    let thirty_days_ms = 2_592_000_000;
    assert_eq!(
        until_ms(("cookie", &session)),
        Some(START_MS + thirty_days_ms)
    );
}
