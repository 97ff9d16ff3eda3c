//! Personal access tokens: scopes, subtrees, switching off, other secrets (threats P2, P3, P4, P6).

use serde_json::{Value, json};

use super::{ANN, create_token, get, me, token};
use crate::{
    http::{Method, Request, Response},
    objects::Class,
    sql::Sql,
    testing::{World, json, post, text, write},
};

const HOUR_MS: i64 = 3_600_000;

fn patch(world: &World, session: &str, id: &str, active: bool) -> Response {
    let path = format!("/v1/me/tokens/{id}");
    let body = json!({ "active": active });
    world.send(&write(Method::Patch, &path, &body).with_header("cookie", session))
}

fn rotate(world: &World, session: &str, id: &str, body: &Value) -> Response {
    let path = format!("/v1/me/tokens/{id}/rotate");
    world.send(&post(&path, body).with_header("cookie", session))
}

fn only_token(world: &World, session: &str) -> Value {
    let list = json(&get(world, "/v1/me/tokens", ("cookie", session)));
    let [only] = list["tokens"].as_array().unwrap().as_slice() else {
        panic!("{list}");
    };
    only.clone()
}

#[test]
fn a_token_that_is_switched_off_is_refused_until_it_is_switched_on() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let (id, pat) = token(&world, &session);
    let off = patch(&world, &session, &id, false);
    assert_eq!(
        (off.status, &json(&off)["active"]),
        (200, &json!(false)),
        "{}",
        text(&off)
    );
    assert_eq!(me(&world, ("x-api-key", &pat)), 401);
    assert_eq!(only_token(&world, &session)["active"], false);
    assert_eq!(patch(&world, &session, &id, true).status, 200);
    assert_eq!(me(&world, ("x-api-key", &pat)), 200);
    assert_eq!(patch(&world, &session, "tok_other", true).status, 404);
}

#[test]
fn a_rotated_token_has_one_secret_unless_an_overlap_is_asked_for() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let (id, first) = token(&world, &session);
    let secret = |answer: &Response| json(answer)["token"].as_str().unwrap().to_owned();
    let rotated = rotate(&world, &session, &id, &json!({}));
    let second = secret(&rotated);
    assert_eq!((rotated.status, &json(&rotated)["id"]), (200, &json!(id)));
    assert_eq!(me(&world, ("x-api-key", &first)), 401);
    assert_eq!(me(&world, ("x-api-key", &second)), 200);

    let third = secret(&rotate(&world, &session, &id, &json!({ "overlap_s": 60 })));
    world.clock.advance_ms(59_999);
    assert_eq!(me(&world, ("x-api-key", &second)), 200);
    // A third secret ends the first at once: two are the most that count.
    let fourth = secret(&rotate(&world, &session, &id, &json!({ "overlap_s": 60 })));
    assert_eq!(me(&world, ("x-api-key", &second)), 401);
    world.clock.advance_ms(60_000);
    assert_eq!(me(&world, ("x-api-key", &third)), 401);
    assert_eq!(me(&world, ("x-api-key", &fourth)), 200);
    for body in [json!({ "overlap_s": -1 }), json!({ "overlap_s": 86_401 })] {
        assert_eq!(rotate(&world, &session, &id, &body).status, 400);
    }
}

#[test]
fn the_old_secret_of_a_token_that_is_switched_off_or_over_is_refused_too() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let body = json!({ "name": "short", "expires_in_s": 60 });
    let created = json(&create_token(&world, &session, &body));
    let (id, old) = (
        created["id"].as_str().unwrap(),
        created["token"].as_str().unwrap(),
    );
    let day = json!({ "overlap_s": 86_400 });
    assert_eq!(rotate(&world, &session, id, &day).status, 200);
    assert_eq!(me(&world, ("x-api-key", old)), 200);
    patch(&world, &session, id, false);
    assert_eq!(me(&world, ("x-api-key", old)), 401);
    patch(&world, &session, id, true);
    world.clock.advance_ms(60_000);
    assert_eq!(me(&world, ("x-api-key", old)), 401, "its end stays its end");
    assert_eq!(rotate(&world, &session, id, &day).status, 404);
}

#[test]
fn when_a_token_was_last_used_is_written_once_an_hour() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let (_, pat) = token(&world, &session);
    assert_eq!(only_token(&world, &session)["last_used_at_ms"], Value::Null);
    let used = || {
        assert_eq!(me(&world, ("x-api-key", &pat)), 200);
        only_token(&world, &session)["last_used_at_ms"]
            .as_i64()
            .unwrap()
    };
    let first = used();
    world.clock.advance_ms(HOUR_MS - 1);
    assert_eq!(used(), first);
    world.clock.advance_ms(1);
    world
        .edge
        .credentials
        .forget_credential(only_token(&world, &session)["id"].as_str().unwrap());
    assert_eq!(used(), first + HOUR_MS);
}

#[test]
fn a_token_costs_its_object_one_call_in_a_window_and_the_object_may_be_away_meanwhile() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let created = create_token(&world, &session, &json!({ "name": "ci", "scopes": [] }));
    let pat = json(&created)["token"].as_str().unwrap().to_owned();
    let asked = || world.objects.asked("authenticate");
    let before = asked();
    for _ in 0..5 {
        assert_eq!(me(&world, ("x-api-key", &pat)), 200);
    }
    assert_eq!(asked(), before + 1);
    world.objects.is_down.set(Some(Class::User));
    world.clock.advance_ms(4_999);
    assert_eq!(
        me(&world, ("x-api-key", &pat)),
        200,
        "what was answered still counts"
    );
    world.run_background();
    world.clock.advance_ms(1);
    assert_eq!(
        me(&world, ("x-api-key", &pat)),
        503,
        "too old to allow, and no reason to deny"
    );
    world.objects.is_down.set(None);
    assert_eq!(me(&world, ("x-api-key", &pat)), 200);
}

#[test]
fn past_half_the_window_a_credential_is_confirmed_in_the_background() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let (id, pat) = token(&world, &session);
    assert_eq!(me(&world, ("x-api-key", &pat)), 200);
    world.run_background();
    world.clock.advance_ms(2_500);
    assert_eq!(me(&world, ("x-api-key", &pat)), 200);
    assert_eq!(world.run_background(), 1);
    world.clock.advance_ms(4_900);
    let before = world.objects.asked("authenticate");
    assert_eq!(me(&world, ("x-api-key", &pat)), 200);
    assert_eq!(
        world.objects.asked("authenticate"),
        before,
        "it is counted from"
    );
    // What the refresh learns is a refusal: then nothing is left to answer from.
    let elsewhere = world.isolate();
    let delete = write(Method::Delete, &format!("/v1/me/tokens/{id}"), &json!({}));
    assert_eq!(
        world
            .send_to(&elsewhere, &delete.with_header("cookie", &session))
            .status,
        204
    );
    assert_eq!(me(&world, ("x-api-key", &pat)), 200, "within the window");
    world.run_background();
    assert_eq!(me(&world, ("x-api-key", &pat)), 401);
}

#[test]
fn p4_a_narrow_token_is_nobody_in_the_account() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let created = create_token(
        &world,
        &session,
        &json!({ "name": "ci", "scopes": ["resources.view"] }),
    );
    let pat = json(&created)["token"].as_str().unwrap().to_owned();
    let whose = json(&get(&world, "/v1/me", ("x-api-key", &pat)));
    assert!(whose["user"]["id"].is_string());
    assert_eq!(
        (&whose["user"]["email"], &whose["organizations"]),
        (&Value::Null, &json!([]))
    );
    for path in ["/v1/me/tokens", "/v1/me/invitations"] {
        assert_eq!(
            json(&get(&world, path, ("x-api-key", &pat)))["code"],
            "out-of-token-scope",
            "{path}"
        );
    }
    let create =
        post("/v1/organizations", &json!({ "name": "Acme" })).with_header("x-api-key", &pat);
    assert_eq!(json(&world.send(&create))["code"], "out-of-token-scope");
}

/// P6: the answer that makes a token shows it; what is stored and listed does not.
#[test]
fn p5_only_the_hash_is_stored() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let (id, first) = token(&world, &session);
    let second = rotate(&world, &session, &id, &json!({ "overlap_s": 60 }));
    let second = json(&second)["token"].as_str().unwrap().to_owned();
    let whose = json(&get(&world, "/v1/me", ("cookie", &session)));
    let sql = world
        .objects
        .database(Class::User, whose["user"]["id"].as_str().unwrap());
    let sql = sql.unwrap();
    let sql: &dyn Sql = &*sql;
    let row = sql
        .one("SELECT hash, previous_hash FROM access_token", &[])
        .unwrap()
        .unwrap();
    for column in ["hash", "previous_hash"] {
        assert_eq!(row.text(column).unwrap().len(), 64);
    }
    let listed = only_token(&world, &session).to_string();
    for secret in [&first, &second] {
        let random = secret.rsplit('_').nth(1).unwrap();
        assert!(!format!("{row:?} {listed}").contains(random));
    }
}

/// RFC 6750, section 3.1: which error, and nothing about why.
#[test]
fn every_401_and_a_403_for_a_scope_carry_a_challenge() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let (id, pat) = token(&world, &session);
    patch(&world, &session, &id, false);
    let challenge = |request: &Request| {
        let answer = world.send(request);
        assert_eq!(answer.status, 401);
        answer.header("www-authenticate").unwrap().to_owned()
    };
    let bare = Request::new(Method::Get, "/v1/me");
    assert_eq!(challenge(&bare), "Bearer realm=\"lockstep\"");
    for (name, value) in [
        ("x-api-key", pat.as_str()),
        ("authorization", "Bearer a.b.c"),
        ("authorization", "Basic YTpi"),
        ("cookie", "__Host-lockstep_session=x"),
    ] {
        let request = Request::new(Method::Get, "/v1/me").with_header(name, value);
        let challenge = challenge(&request);
        assert_eq!(
            challenge, "Bearer realm=\"lockstep\", error=\"invalid_token\"",
            "{name} {value}"
        );
    }
    let narrow = json!({ "name": "narrow", "scopes": ["resources.view"] });
    let made = json(&create_token(&world, &session, &narrow));
    let narrow = made["token"].as_str().unwrap();
    let answer = get(&world, "/v1/me/invitations", ("x-api-key", narrow));
    assert_eq!(answer.status, 403);
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer realm=\"lockstep\", error=\"insufficient_scope\"")
    );
}
