//! Sessions: listed, ended, given another secret (threat P11).

use serde_json::{Value, json};

use super::{ANN, DAY_MS, get, me, token};
use crate::{
    http::{Method, Request, Response},
    testing::{World, cookies, json, post, session_secret, text, write},
};

fn sessions(world: &World, session: &str) -> Vec<Value> {
    let listed = json(&get(world, "/v1/me/sessions", ("cookie", session)));
    listed["sessions"].as_array().unwrap().clone()
}

fn sign_out(world: &World, session: &str, tokens: bool) -> Response {
    let body = json!({ "tokens": tokens });
    world.send(&post("/v1/me/sign-out", &body).with_header("cookie", session))
}

#[test]
fn the_list_says_which_session_asks() {
    let world = World::new();
    let one = world.sign_in(ANN);
    world.clock.advance_ms(60_000);
    let other = world.sign_in(ANN);
    let current = |session: &str| -> Vec<bool> {
        let listed = sessions(&world, session);
        listed
            .iter()
            .map(|listed| listed["current"].as_bool().unwrap())
            .collect()
    };
    assert_eq!(current(&other), [true, false], "the newest first");
    assert_eq!(current(&one), [false, true]);
    let secret = session_secret(&one);
    assert!(
        !sessions(&world, &one)
            .iter()
            .any(|listed| listed.to_string().contains(secret))
    );
}

#[test]
fn one_session_is_ended_from_another_and_nobody_elses() {
    let world = World::new();
    let (one, other) = (world.sign_in(ANN), world.sign_in(ANN));
    let mallory = world.sign_in("mallory@example.com");
    let listed = sessions(&world, &one);
    let of_other = listed
        .iter()
        .find(|listed| listed["current"] == false)
        .unwrap();
    let path = format!("/v1/me/sessions/{}", of_other["id"].as_str().unwrap());
    let end = |session: &str| {
        let request = write(Method::Delete, &path, &json!({})).with_header("cookie", session);
        world.send(&request).status
    };
    assert_eq!(end(&mallory), 404);
    assert_eq!(me(&world, ("cookie", &other)), 200);
    assert_eq!(end(&one), 204);
    assert_eq!(me(&world, ("cookie", &other)), 401);
    assert_eq!(me(&world, ("cookie", &one)), 200);
}

#[test]
fn p11_signing_out_everywhere_ends_every_session_and_on_demand_every_token() {
    let world = World::new();
    let (one, other) = (world.sign_in(ANN), world.sign_in(ANN));
    let (_, pat) = token(&world, &one);
    assert_eq!(me(&world, ("cookie", &other)), 200);
    let out = sign_out(&world, &one, false);
    assert_eq!(
        (out.status, cookies(&out)),
        (204, String::new()),
        "{}",
        text(&out)
    );
    assert_eq!(me(&world, ("cookie", &one)), 401);
    assert_eq!(me(&world, ("cookie", &other)), 401);
    assert_eq!(me(&world, ("x-api-key", &pat)), 200, "by choice");
    let again = world.sign_in(ANN);
    assert_eq!(sign_out(&world, &again, true).status, 204);
    assert_eq!(me(&world, ("cookie", &again)), 401);
    assert_eq!(me(&world, ("x-api-key", &pat)), 401);
}

#[test]
fn only_a_session_sees_and_ends_sessions() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let (_, pat) = token(&world, &session);
    let list = get(&world, "/v1/me/sessions", ("x-api-key", &pat));
    assert_eq!(json(&list)["code"], "session-required");
    let out = post("/v1/me/sign-out", &json!({ "tokens": true })).with_header("x-api-key", &pat);
    assert_eq!(json(&world.send(&out))["code"], "session-required");
    assert_eq!(me(&world, ("cookie", &session)), 200);
}

#[test]
fn a_session_gets_another_secret_every_day_and_the_old_one_ends_soon_after() {
    let world = World::new();
    let old = world.sign_in(ANN);
    world.clock.advance_ms(DAY_MS - 1);
    assert_eq!(cookies(&get(&world, "/v1/me", ("cookie", &old))), "");
    world.clock.advance_ms(5_000);
    let rotated = get(&world, "/v1/me", ("cookie", &old));
    let fresh = cookies(&rotated);
    assert_eq!(rotated.status, 200);
    assert!(!fresh.is_empty() && fresh != old);
    // Requests that were under way still carry the old one, and get no third secret.
    let parallel = get(&world, "/v1/me", ("cookie", &old));
    assert_eq!((parallel.status, cookies(&parallel)), (200, String::new()));
    assert_eq!(sessions(&world, &fresh).len(), 1, "one session all along");
    world.clock.advance_ms(30_000);
    assert_eq!(me(&world, ("cookie", &old)), 401);
    assert_eq!(me(&world, ("cookie", &fresh)), 200);
}

/// Whoever leaves a page before its answer comes has the old secret only.
#[test]
fn a_new_secret_that_never_arrived_signs_nobody_out() {
    let world = World::new();
    let old = world.sign_in(ANN);
    world.clock.advance_ms(DAY_MS);
    let lost = cookies(&get(&world, "/v1/me", ("cookie", &old)));
    assert!(!lost.is_empty());
    world.clock.advance_ms(31_000);
    let again = get(&world, "/v1/me", ("cookie", &old));
    let fresh = cookies(&again);
    assert_eq!(again.status, 200);
    assert!(!fresh.is_empty() && fresh != lost);
    assert_eq!(me(&world, ("cookie", &lost)), 401, "another took its place");
    // Not used yet, so the old one goes on; used, it ends.
    world.clock.advance_ms(20_000);
    let waiting = get(&world, "/v1/me", ("cookie", &old));
    assert_eq!((waiting.status, cookies(&waiting)), (200, String::new()));
    assert_eq!(sessions(&world, &fresh).len(), 1, "one session all along");
    world.clock.advance_ms(29_999);
    assert_eq!(me(&world, ("cookie", &old)), 200);
    world.clock.advance_ms(1);
    assert_eq!(me(&world, ("cookie", &old)), 401);
    assert_eq!(me(&world, ("cookie", &fresh)), 200);
}

#[test]
fn a_session_whose_new_secrets_are_all_lost_ends_with_its_thirty_days() {
    let world = World::new();
    let old = world.sign_in(ANN);
    for _ in 0..29 {
        world.clock.advance_ms(DAY_MS);
        assert_eq!(me(&world, ("cookie", &old)), 200);
    }
    world.clock.advance_ms(DAY_MS);
    assert_eq!(me(&world, ("cookie", &old)), 401);
}

#[test]
fn a_refusal_carries_the_new_secret_too() {
    let world = World::new();
    let old = world.sign_in(ANN);
    world.clock.advance_ms(DAY_MS);
    let refused = get(&world, "/v1/organizations/org_1", ("cookie", &old));
    assert_eq!(refused.status, 404);
    assert_eq!(me(&world, ("cookie", &cookies(&refused))), 200);
}

#[test]
fn a_stolen_cookie_is_worth_nothing_once_its_owner_signed_out() {
    let world = World::new();
    let old = world.sign_in(ANN);
    world.clock.advance_ms(DAY_MS);
    let fresh = cookies(&get(&world, "/v1/me", ("cookie", &old)));
    let out = write(Method::Delete, "/v1/session", &json!({})).with_header("cookie", &fresh);
    assert_eq!(world.send(&out).status, 204);
    assert_eq!(me(&world, ("cookie", &old)), 401);
    assert_eq!(me(&world, ("cookie", &fresh)), 401);
}

/// Against another isolate, which was told nothing: `LOCKSTEP_FRESHNESS_MS` is the bound, and a change asks every time.
#[test]
fn an_ended_session_changes_nothing_any_more_and_reads_no_longer_than_the_window() {
    let world = World::new();
    let (one, other) = (world.sign_in(ANN), world.sign_in(ANN));
    let elsewhere = world.isolate();
    let read = |session: &str| {
        let request = Request::new(Method::Get, "/v1/me").with_header("cookie", session);
        world.send_to(&elsewhere, &request).status
    };
    assert_eq!(read(&other), 200);
    assert_eq!(sign_out(&world, &one, false).status, 204);
    let create =
        post("/v1/organizations", &json!({ "name": "Acme" })).with_header("cookie", &other);
    assert_eq!(world.send_to(&elsewhere, &create).status, 401, "at once");
    assert_eq!(read(&other), 401, "and what was refused is forgotten");
}
