//! J20: what is remembered of a token is never another verdict than a fresh one.

use std::rc::Rc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use futures_util::FutureExt;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;
use crate::{
    authenticate::jwt::{Scope, Token, refused, remembered, verified},
    edge::Edge,
    problem::{ApiError, Code},
    testing::{Answers, START_MS, World},
};

const SECRETS: [&[u8]; 2] = [
    b"the first secret, of 32 bytes or more",
    b"the second secret, of 32 bytes or more",
];
const PUBLISHED: &str = "https://published.example/keys";
const NOW_S: i64 = START_MS / 1_000;
/// Pairs of a token and a moment.
const PAIRS: usize = 100_000;

/// Two symmetric issuers and one that publishes its keys; the third counts no time without `iat`.
fn world() -> World {
    let symmetric = |at: usize| {
        let key = URL_SAFE_NO_PAD.encode(SECRETS[at]);
        json!({"issuer": format!("https://{at}.example"), "audiences": ["lockstep"], "algorithms": ["HS256"],
            "leeway_s": 10 * at, "max_lifetime_s": 400, "issued_at_required": at == 0,
            "keys": {"keys": [{"kty": "oct", "kid": "k1", "k": key}]}})
    };
    let published = json!({"issuer": "https://published.example", "audiences": ["lockstep"],
        "algorithms": ["EdDSA"], "jwks_uri": PUBLISHED});
    let records = json!([symmetric(0), symmetric(1), published]);
    let world = World::with_vars(&[("LOCKSTEP_ISSUERS", &records.to_string())]);
    publish(&world, &[1, 2]);
    world
}

fn publish(world: &World, seeds: &[u8]) {
    let jwk = |seed: &u8| {
        let key = SigningKey::from_bytes(&[*seed; 32]).verifying_key();
        json!({"kty": "OKP", "crv": "Ed25519", "kid": format!("k{seed}"), "x": URL_SAFE_NO_PAD.encode(key.as_bytes())})
    };
    let keys: Vec<Value> = seeds.iter().map(jwk).collect();
    let set = json!({ "keys": keys }).to_string();
    world
        .upstream
        .set(PUBLISHED, Answers::Body(set.into_bytes()));
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn claims(issuer: &str, subject: usize, times: [Option<i64>; 3]) -> Value {
    let mut claims = json!({"iss": issuer, "aud": "lockstep", "sub": format!("user {subject}")});
    for (name, time) in ["iat", "nbf", "exp"].into_iter().zip(times) {
        if let Some(time) = time {
            claims[name] = json!(NOW_S + time);
        }
    }
    claims
}

fn symmetric(signer: usize, claims: &Value) -> String {
    let message = format!(
        "{}.{}",
        encode(&json!({"alg": "HS256", "kid": "k1"})),
        encode(claims)
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRETS[signer]).unwrap();
    mac.update(message.as_bytes());
    format!(
        "{message}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

fn published(seed: u8, claims: &Value) -> String {
    let header = json!({"alg": "EdDSA", "kid": format!("k{seed}")});
    let message = format!("{}.{}", encode(&header), encode(claims));
    let signature = SigningKey::from_bytes(&[seed; 32]).sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// Good and bad tokens, most of which live for some minutes.
fn tokens() -> Vec<String> {
    let times = [
        [Some(0), None, Some(300)],
        [Some(-100), Some(50), Some(200)],
        [None, Some(-5), Some(100)],
        [None, None, Some(500)],
        [Some(30), None, Some(60)],
        [Some(0), None, None],
    ];
    let mut tokens = Vec::new();
    for (subject, times) in times.into_iter().enumerate() {
        for at in [0, 1] {
            let claims = claims(&format!("https://{at}.example"), subject, times);
            tokens.extend([symmetric(at, &claims), symmetric(1 - at, &claims)]);
        }
    }
    for seed in [1, 2] {
        let claims = claims("https://published.example", 9, [Some(0), None, Some(3_000)]);
        tokens.push(published(seed, &claims));
    }
    tokens
}

/// What a token of the deployment's issuers says.
async fn proven(edge: &Edge, text: &str) -> Result<Rc<Proven>, ApiError> {
    let scope = Scope::deployment(edge);
    let name = Name::of(scope.epoch, text);
    if let Some(proven) = remembered(edge, &scope, &name).await? {
        return Ok(proven);
    }
    let token = Token::parse(text).map_err(refused)?;
    verified(edge, &scope, &token, name).await
}

/// The verdict as a caller sees it.
fn verdict(edge: &Edge, token: &str) -> Result<(String, String), Code> {
    let proven = proven(edge, token).now_or_never().unwrap();
    proven
        .map(|proven| (proven.issuer.clone(), proven.subject.clone()))
        .map_err(|error| error.code())
}

#[test]
fn j20_a_remembered_verdict_is_a_fresh_verdict() {
    let world = world();
    let tokens = tokens();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |end: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % 1_000_003).unwrap() % end
    };
    let (mut accepted, mut remembered) = (0, 0);
    for pair in 0..PAIRS {
        match below(200) {
            // Forward and back, as clocks are set.
            0 => {
                let at_ms = START_MS - 60_000 + i64::try_from(below(400_000)).unwrap();
                world.clock.advance_ms(at_ms - world.edge.clock.now_ms());
            }
            1 => publish(&world, [&[1, 2][..], &[1], &[2]][below(3)]),
            _ => {}
        }
        // Few of the tokens need slow arithmetic.
        let at = if below(50) == 0 {
            tokens.len() - 1 - below(2)
        } else {
            below(tokens.len() - 2)
        };
        let mut token = tokens[at].clone();
        if below(4) == 0 {
            let at = below(token.len());
            let other = if token.as_bytes()[at] == b'A' {
                "B"
            } else {
                "A"
            };
            token.replace_range(at..=at, other);
        }
        let fresh = Edge {
            verified: Rc::default(),
            ..world.edge.clone()
        };
        remembered += usize::from(
            world
                .edge
                .verified
                .find(&Name::of(&world.edge.config.issuers_digest, &token))
                .is_some(),
        );
        let warm = verdict(&world.edge, &token);
        assert_eq!(warm, verdict(&fresh, &token), "pair {pair}: {token}");
        accepted += usize::from(warm.is_ok());
        world.run_background();
    }
    assert!(
        accepted > PAIRS / 20 && remembered > PAIRS / 20,
        "{accepted} {remembered}"
    );
}

#[test]
fn j20_a_token_is_remembered_as_a_whole_and_under_one_configuration() {
    let world = world();
    let mut one = claims("https://0.example", 1, [Some(0), None, Some(300)]);
    let token = symmetric(0, &one);
    assert!(verdict(&world.edge, &token).is_ok());
    one["sub"] = json!("root");
    let (header, rest) = token.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let promoted = format!("{header}.{}.{signature}", encode(&one));
    assert_eq!(verdict(&world.edge, &promoted), Err(Code::Unauthenticated));
    // The same isolate under other records: another secret of the same issuer.
    let records = json!([{"issuer": "https://0.example", "audiences": ["lockstep"], "algorithms": ["HS256"],
        "keys": {"keys": [{"kty": "oct", "kid": "k1", "k": URL_SAFE_NO_PAD.encode(SECRETS[1])}]}}]);
    let other = World::with_vars(&[("LOCKSTEP_ISSUERS", &records.to_string())]);
    let edge = Edge {
        verified: world.edge.verified.clone(),
        ..other.edge.clone()
    };
    assert_eq!(verdict(&edge, &token), Err(Code::Unauthenticated));
}

#[test]
fn an_isolate_remembers_a_bounded_number_of_tokens() {
    let cache = Cache::default();
    let world = world();
    let token = symmetric(
        0,
        &claims("https://0.example", 1, [Some(0), None, Some(300)]),
    );
    let one = proven(&world.edge, &token).now_or_never().unwrap().unwrap();
    let name = |at: usize| Name::of("", &at.to_string());
    for at in 0..ENTRIES_MAX + 10 {
        cache.remember(name(at), one.clone());
    }
    let kept = (0..ENTRIES_MAX + 10).filter(|at| cache.find(&name(*at)).is_some());
    assert_eq!(
        kept.collect::<Vec<_>>(),
        (10..ENTRIES_MAX + 10).collect::<Vec<_>>()
    );
    cache.forget(&name(10));
    assert!(cache.find(&name(10)).is_none());
}
