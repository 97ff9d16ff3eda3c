//! Published keys through the router: J5 and J21, natively. The real fetch is tested in tests/e2e.

use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::*;
use crate::{
    edge::{Clock, Later},
    http::{Method, Request, Response},
    router,
    testing::{Answers, World, yield_once},
};

const ISSUER: &str = "https://login.example";
const URI: &str = "https://login.example/keys";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn jwk(seed: u8, kid: &str) -> Value {
    let x = URL_SAFE_NO_PAD.encode(key(seed).verifying_key().as_bytes());
    json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x})
}

fn set(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

fn record(issuer: &str, uri: &str) -> Value {
    json!({"issuer": issuer, "audiences": ["lockstep"], "algorithms": ["EdDSA"], "jwks_uri": uri})
}

fn world(records: &[Value]) -> World {
    World::with_vars(&[("LOCKSTEP_ISSUERS", &Value::from(records).to_string())])
}

/// A deployment with one issuer that publishes key 1 as `k1`.
fn one() -> World {
    let world = world(&[record(ISSUER, URI)]);
    world.upstream.set(URI, Answers::Body(set(&[jwk(1, "k1")])));
    world
}

fn token(world: &World, issuer: &str, seed: u8, header: &Value) -> String {
    let now_s = world.edge.clock.now_ms() / 1_000;
    let claims =
        json!({"iss": issuer, "aud": "lockstep", "sub": "ann", "iat": now_s, "exp": now_s + 60});
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(header), encode(&claims));
    let signature = key(seed).sign(message.as_bytes()).to_bytes();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn request(token: &str) -> Request {
    Request::new(Method::Get, "/v1/me").with_header("authorization", &format!("Bearer {token}"))
}

fn send(world: &World, seed: u8, kid: &str) -> Response {
    let header = json!({"alg": "EdDSA", "kid": kid});
    world.send(&request(&token(world, ISSUER, seed, &header)))
}

fn status(world: &World, seed: u8, kid: &str) -> u16 {
    send(world, seed, kid).status
}

#[test]
fn j21_keys_are_fetched_once_and_kept() {
    let world = one();
    for _ in 0..100 {
        assert_eq!(status(&world, 1, "k1"), 200);
        assert_eq!(status(&world, 2, "k1"), 401);
    }
    assert_eq!(world.upstream.count(URI), 1);
}

#[test]
fn j21_a_thousand_unknown_kids_make_one_fetch_in_a_cool_down() {
    let world = one();
    assert_eq!(status(&world, 1, "k1"), 200);
    for second in 0..100 {
        for kid in 0..10 {
            assert_eq!(status(&world, 1, &format!("unknown {second} {kid}")), 401);
        }
        world.clock.advance_ms(1_000);
    }
    // 100 seconds have four cool-downs, the first of which began with the first token.
    assert_eq!(world.upstream.count(URI), 4);
    assert_eq!(status(&world, 1, "k1"), 200);
}

#[test]
fn j21_a_token_that_no_key_can_have_signed_makes_no_fetch() {
    let world = one();
    for header in [
        json!({"alg": "RS256", "kid": "k2"}),
        json!({"alg": "none", "kid": "k2"}),
        json!({"alg": "EdDSA", "jku": URI, "crit": ["jku"]}),
    ] {
        assert_eq!(
            world
                .send(&request(&token(&world, ISSUER, 1, &header)))
                .status,
            401
        );
    }
    let header = json!({"alg": "EdDSA", "kid": "k1", "jku": "https://thief.example/keys", "x5u": "https://thief.example/x"});
    assert_eq!(
        world
            .send(&request(&token(
                &world,
                "https://thief.example",
                1,
                &header
            )))
            .status,
        401
    );
    assert_eq!(*world.upstream.asked.borrow(), Vec::<String>::new());
    // J4: a token that names an address is held against the record's, and only that is fetched.
    assert_eq!(
        world
            .send(&request(&token(&world, ISSUER, 1, &header)))
            .status,
        200
    );
    assert_eq!(*world.upstream.asked.borrow(), [URI]);
}

#[test]
fn j21_keys_rotate_with_overlap_and_a_removed_one_dies() {
    let world = one();
    assert_eq!(status(&world, 1, "k1"), 200);
    world
        .upstream
        .set(URI, Answers::Body(set(&[jwk(1, "k1"), jwk(2, "k2")])));
    world.clock.advance_ms(COOL_DOWN_MS);
    assert_eq!(
        (status(&world, 2, "k2"), status(&world, 1, "k1")),
        (200, 200)
    );
    world.upstream.set(URI, Answers::Body(set(&[jwk(2, "k2")])));
    world.clock.advance_ms(REFRESH_MS - 1);
    assert_eq!(status(&world, 1, "k1"), 200, "nobody has looked yet");
    world.clock.advance_ms(1);
    assert_eq!(status(&world, 2, "k2"), 200);
    assert_eq!(
        world.upstream.count(URI),
        2,
        "the refresh does not hold up the answer"
    );
    world.run_background();
    assert_eq!(world.upstream.count(URI), 3);
    assert_eq!(
        (status(&world, 1, "k1"), status(&world, 2, "k2")),
        (401, 200)
    );
}

/// An isolate that was idle for long does not answer from before.
#[test]
fn j21_a_stale_set_is_waited_for() {
    let world = one();
    assert_eq!(status(&world, 1, "k1"), 200);
    world.upstream.set(URI, Answers::Body(set(&[jwk(2, "k2")])));
    world.clock.advance_ms(STALE_MS);
    assert_eq!(status(&world, 1, "k1"), 401);
}

/// What was fetched at a time that has not come yet is fetched again when it has.
#[test]
fn j21_a_set_of_before_the_clock_was_set_back_is_waited_for() {
    let world = one();
    world.clock.advance_ms(7_200_000);
    assert_eq!(status(&world, 1, "k1"), 200);
    world.upstream.set(URI, Answers::Body(set(&[jwk(2, "k2")])));
    world.clock.advance_ms(-7_200_000);
    assert_eq!(
        world.send(&Request::new(Method::Get, "/v1/health")).status,
        200
    );
    world.clock.advance_ms(7_200_000);
    assert_eq!(status(&world, 1, "k1"), 401);
}

#[test]
fn j21_while_the_endpoint_is_down_the_last_set_counts_for_an_hour() {
    let world = one();
    assert_eq!(status(&world, 1, "k1"), 200);
    for broken in [
        Answers::Error,
        Answers::Nothing,
        Answers::WithoutEnd,
        Answers::Body(b"<html>".to_vec()),
        Answers::Body(b"{\"keys\":[],\"keys\":[]}".to_vec()),
        Answers::Body(b"{\"keys\":{}}".to_vec()),
    ] {
        world.upstream.set(URI, broken);
        world.clock.advance_ms(COOL_DOWN_MS);
        let before = world.upstream.count(URI);
        assert_eq!(
            status(&world, 2, "k2"),
            503,
            "nobody knows whether there is such a key"
        );
        assert_eq!(status(&world, 2, "k3"), 503);
        assert_eq!(status(&world, 1, "k1"), 200);
        assert_eq!(world.upstream.count(URI), before + 1);
    }
    world.clock.advance_ms(STALE_MS);
    assert_eq!(status(&world, 1, "k1"), 200);
    world.clock.advance_ms(AGE_MS_MAX);
    let refused = send(&world, 1, "k1");
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (503, Some("31"))
    );
    world.upstream.set(URI, Answers::Body(set(&[jwk(1, "k1")])));
    world.clock.advance_ms(COOL_DOWN_MS);
    assert_eq!(status(&world, 1, "k1"), 200);
}

/// What was answered is what the issuer says now, also when there is nothing in it that could be taken.
#[test]
fn j21_an_emptied_set_ends_its_keys() {
    let mut private = jwk(1, "k1");
    private["d"] = json!("AA");
    for emptied in [
        vec![],
        vec![json!({"kty": "RSA", "kid": "k1", "use": "enc", "n": "AA", "e": "AQAB"})],
        vec![
            jwk(2, "k2"),
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "k3", "x": "AA"}),
        ],
        vec![json!({"kty": "oct", "kid": "k1", "k": "A".repeat(43)})],
        vec![jwk(2, "k1"), jwk(1, "k1")],
        vec![private, jwk(2, "k2")],
        vec![jwk(2, "k2"); 65],
    ] {
        let world = one();
        assert_eq!(status(&world, 1, "k1"), 200);
        world.upstream.set(URI, Answers::Body(set(&emptied)));
        world.clock.advance_ms(STALE_MS);
        for seed in [1, 2] {
            assert_eq!(status(&world, seed, "k1"), 401, "{emptied:?}");
            assert_eq!(status(&world, seed, "k2"), 401, "{emptied:?}");
        }
        assert_eq!(world.upstream.count(URI), 2);
        world.upstream.set(URI, Answers::Body(set(&[jwk(2, "k2")])));
        world.clock.advance_ms(COOL_DOWN_MS);
        assert_eq!(
            (status(&world, 2, "k2"), status(&world, 1, "k1")),
            (200, 401)
        );
    }
}

/// Nobody gets in by a set that was never good, and nobody waits for it either.
#[test]
fn j21_a_dangerous_set_is_one_without_keys() {
    let world = one();
    let mut private = jwk(1, "k1");
    private["d"] = json!("AA");
    world.upstream.set(URI, Answers::Body(set(&[private])));
    assert_eq!(status(&world, 1, "k1"), 401);
    assert_eq!(status(&world, 1, "k1"), 401);
    assert_eq!(world.upstream.count(URI), 1);
}

#[test]
fn j21_an_endpoint_that_never_answered_is_asked_once_in_a_cool_down() {
    let world = one();
    world.upstream.set(URI, Answers::Error);
    for _ in 0..50 {
        assert_eq!(status(&world, 1, "k1"), 503);
    }
    assert_eq!(world.upstream.count(URI), 1);
    world.upstream.set(URI, Answers::Nothing);
    world.clock.advance_ms(COOL_DOWN_MS);
    assert_eq!(status(&world, 1, "k1"), 503);
    assert_eq!(world.upstream.count(URI), 2);
}

#[test]
fn j5_one_kid_of_two_issuers_is_two_keys() {
    let other = ("https://other.example", "https://other.example/keys");
    for order in [[0, 1], [1, 0]] {
        let world = world(&[record(ISSUER, URI), record(other.0, other.1)]);
        world
            .upstream
            .set(URI, Answers::Body(set(&[jwk(1, "shared")])));
        world
            .upstream
            .set(other.1, Answers::Body(set(&[jwk(2, "shared")])));
        for at in order {
            for seed in [1, 2] {
                let issuer = [ISSUER, other.0][at];
                let header = json!({"alg": "EdDSA", "kid": "shared"});
                let answer = world.send(&request(&token(&world, issuer, seed, &header)));
                let expected = if usize::from(seed) == at + 1 {
                    200
                } else {
                    401
                };
                assert_eq!(answer.status, expected, "{issuer} {seed}");
            }
        }
    }
}

/// A clock under which everybody has a turn while one sleeps.
struct PatientClock(Cell<i64>);

impl Clock for PatientClock {
    fn now_ms(&self) -> i64 {
        self.0.get()
    }

    fn sleep(&self, duration_ms: u64) -> Later<'static, ()> {
        // A time-out is far away: it must not end what only waits for its turn.
        let turns = duration_ms / POLL_MS;
        Box::pin(async move {
            for _ in 0..turns {
                yield_once().await;
            }
        })
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future: Pin<Box<dyn Future<Output = T>>> = Box::pin(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..10_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    panic!("it never ends");
}

#[test]
fn j21_whoever_comes_while_keys_are_fetched_waits_for_them() {
    let world = one();
    world
        .upstream
        .set(URI, Answers::BodyLater(set(&[jwk(1, "k1")])));
    let clock = Rc::new(PatientClock(Cell::new(world.edge.clock.now_ms())));
    let edge = Edge {
        clock,
        ..world.edge.clone()
    };
    let header = json!({"alg": "EdDSA", "kid": "k1"});
    let requests = [(); 50].map(|()| request(&token(&world, ISSUER, 1, &header)));
    let answers = run(join_all(
        requests
            .iter()
            .map(|request| router::handle(&edge, request)),
    ));
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(world.upstream.count(URI), 1);
}

/// J24, J5: whatever a `kid` is, it is a name that is not there.
#[test]
fn j5_no_kid_is_more_than_a_name() {
    let world = one();
    for kid in [
        "",
        "K1",
        "k1 ",
        "../k1",
        "k1' OR '1'='1",
        URI,
        &"k".repeat(4_096),
        "k1\u{0}",
    ] {
        assert_eq!(status(&world, 1, kid), 401, "{kid}");
    }
    assert_eq!(world.upstream.count(URI), 1);
}

/// Who asks and hangs up takes the request along; the fetch that it began ends all the same.
#[test]
fn j21_a_fetch_ends_though_its_request_is_gone() {
    let world = one();
    assert_eq!(status(&world, 1, "k1"), 200);
    world
        .upstream
        .set(URI, Answers::BodyLater(set(&[jwk(2, "k2")])));
    world.clock.advance_ms(STALE_MS);
    let clock = Rc::new(PatientClock(Cell::new(world.edge.clock.now_ms())));
    let edge = Edge {
        clock,
        ..world.edge.clone()
    };
    let header = json!({"alg": "EdDSA", "kid": "unknown"});
    let request = request(&token(&world, ISSUER, 1, &header));
    let mut gone: Later<'_, Response> = Box::pin(router::handle(&edge, &request));
    let mut context = Context::from_waker(Waker::noop());
    assert!(gone.as_mut().poll(&mut context).is_pending());
    drop(gone);
    world.run_background();
    assert_eq!(
        (status(&world, 1, "k1"), status(&world, 2, "k2")),
        (401, 200),
        "a key that is published no more"
    );
    assert_eq!(world.upstream.count(URI), 2);
}
