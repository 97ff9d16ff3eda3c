//! JWTs through the router: who they stand for, and which address they bring (threats I11, S10, S12). The arithmetic is tested in lockstep-token, and on workerd in tests/e2e.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    authenticate, credential,
    http::{Method, Request, Response},
    objects::Class,
    testing::{START_MS, World, json, now},
};

const SECRET: &[u8] = b"a secret of thirty-two bytes, or more";
const ISSUER: &str = "https://login.example";
const NOW_S: i64 = START_MS / 1_000;

fn issuers(names: &[&str]) -> String {
    let key = URL_SAFE_NO_PAD.encode(SECRET);
    let record = |name: &&str| {
        json!({
            "issuer": name,
            "audiences": ["lockstep"],
            "algorithms": ["HS256"],
            "keys": {"keys": [{"kty": "oct", "kid": "k1", "k": key}]},
        })
    };
    Value::from(names.iter().map(record).collect::<Vec<_>>()).to_string()
}

/// A deployment that accepts JWTs of two issuers, and believes the first about addresses.
fn world() -> World {
    let issuers = issuers(&[ISSUER, "https://other.example"]);
    let believed = json!([ISSUER]).to_string();
    World::with_vars(&[
        ("LOCKSTEP_ISSUERS", &issuers),
        ("LOCKSTEP_EMAIL_ISSUERS", &believed),
    ])
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": "lockstep", "sub": "1", "iat": NOW_S, "exp": NOW_S + 60})
}

fn token(changes: &Value) -> String {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!(
        "{}.{}",
        encode(&json!({"alg": "HS256", "kid": "k1"})),
        encode(&claims)
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(message.as_bytes());
    format!(
        "{message}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

fn me(world: &World, token: &str) -> Response {
    let request = Request::new(Method::Get, "/v1/me");
    world.send(&request.with_header("authorization", &format!("Bearer {token}")))
}

fn user(world: &World, changes: &Value) -> Value {
    json(&me(world, &token(changes)))["user"].clone()
}

#[test]
fn a_token_stands_for_its_issuer_and_subject() {
    let world = world();
    let first = json(&me(&world, &token(&json!({}))));
    assert_eq!(
        (&first["credential"], &first["user"]["email"]),
        (&json!("jwt"), &Value::Null)
    );
    assert_eq!(user(&world, &json!({}))["id"], first["user"]["id"]);
    assert_ne!(
        user(&world, &json!({"sub": "2"}))["id"],
        first["user"]["id"]
    );
    assert_ne!(
        user(&world, &json!({"iss": "https://other.example"}))["id"],
        first["user"]["id"]
    );
}

#[test]
fn i11_an_address_comes_only_from_a_believed_issuer_that_has_verified_it() {
    let world = world();
    let email = |changes: Value| user(&world, &changes)["email"].clone();
    let verified = json!({"email": "Ann@Example.com", "email_verified": true});
    assert_eq!(email(verified.clone()), "ann@example.com");
    assert_eq!(
        email(json!({"email": "ann@example.com"})),
        Value::Null,
        "and gone again"
    );
    for unverified in [json!(false), json!("true"), json!(1), Value::Null] {
        let changes = json!({"email": "ann@example.com", "email_verified": unverified});
        assert_eq!(email(changes), Value::Null);
    }
    assert_eq!(
        email(json!({"email": "ann@@example.com", "email_verified": true})),
        Value::Null
    );
    let mut other = verified;
    other["iss"] = json!("https://other.example");
    assert_eq!(email(other), Value::Null);
}

#[test]
fn s10_the_address_of_a_token_makes_nobody_the_person_who_proved_it() {
    let world = world();
    let session = world.sign_in("ann@example.com");
    let request = Request::new(Method::Get, "/v1/me").with_header("cookie", &session);
    let ann = json(&world.send(&request))["user"]["id"].clone();
    let changes = json!({"email": "ann@example.com", "email_verified": true});
    assert_ne!(user(&world, &changes)["id"], ann);
}

#[test]
fn what_is_wrong_with_a_token_is_not_told_and_reaches_no_object() {
    let world = world();
    world.objects.is_down.set(Some(Class::User));
    let good = token(&json!({}));
    assert_eq!(me(&world, &good).status, 503);
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let mut answers: Vec<Value> = [
        token(&json!({"exp": NOW_S - 60})),
        token(&json!({"aud": "another"})),
        token(&json!({"iss": "https://unknown.example"})),
        token(&json!({"nbf": NOW_S + 60})),
        token(&json!({"sub": 1})),
        format!("{unsigned}."),
        format!("{good}A"),
        "a.b.c".to_owned(),
    ]
    .iter()
    .map(|token| json(&me(&world, token)))
    .collect();
    assert!(
        answers
            .iter()
            .all(|answer| answer["code"] == "unauthenticated")
    );
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

#[test]
fn a_deployment_without_issuers_accepts_no_jwt() {
    assert_eq!(me(&World::new(), &token(&json!({}))).status, 401);
}

#[test]
fn who_only_asks_needs_no_object_of_their_own() {
    let world = world();
    let post = |path: &str, body: &str| {
        let request = Request::new(Method::Post, path)
            .with_header("authorization", &format!("Bearer {}", token(&json!({}))))
            .with_header("content-type", "application/json")
            .with_body(Ok(body.as_bytes().to_vec()));
        world.send(&request)
    };
    let created = json(&post("/v1/organizations", r#"{"name":"Acme"}"#));
    let path = format!(
        "/v1/organizations/{}/evaluate",
        created["id"].as_str().unwrap()
    );
    world.objects.is_down.set(Some(Class::User));
    let answer = post(&path, r#"{"permission":"resources.view"}"#);
    assert_eq!(
        (answer.status, &json(&answer)["decision"]),
        (200, &json!(true))
    );
    assert_eq!(me(&world, &token(&json!({}))).status, 503);
}

/// A stream of events that it opens ends with it.
#[test]
fn a_caller_is_one_until_the_token_is_over() {
    let world = world();
    let token = token(&json!({}));
    let request = Request::new(Method::Get, "/v1/events")
        .with_header("authorization", &format!("Bearer {token}"));
    let carried = credential::read(&request);
    let caller = now(authenticate::caller(&world.edge, carried, None, None)).unwrap();
    // `exp`, and what clocks may differ by.
    assert_eq!(caller.until_ms(), Some((NOW_S + 60 + 30) * 1_000));
}

/// Nobody ends it but its own time.
#[test]
fn m7_a_token_is_confirmed_again_until_its_end() {
    let world = world();
    let text = token(&json!({}));
    let carried = Ok(Some(credential::Credential::Bearer(&text)));
    let caller = now(authenticate::fresh_caller(&world.edge, carried, None)).unwrap();
    let ends_at_ms = caller.until_ms().unwrap();
    world.clock.advance_ms(ends_at_ms - START_MS - 1);
    let caller = now(caller.confirm_again(&world.edge)).unwrap();
    world.clock.advance_ms(1);
    let over = now(caller.confirm_again(&world.edge));
    assert_eq!(
        over.unwrap_err().code(),
        crate::problem::Code::Unauthenticated
    );
}
