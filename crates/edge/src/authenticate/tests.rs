//! J24: whatever an `Authorization` header holds, the answer is 400 or 401.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    credential::SESSION_COOKIE,
    http::{Method, Request},
    testing::{START_MS, World, json, post, session_secret},
};

/// Headers that are tried.
const HEADERS: usize = 100_000;
const SECRET: &[u8] = b"a secret of thirty-two bytes or more";

/// What is put into a header: separators, other alphabets, pieces of tokens of every kind.
const PIECES: [&str; 36] = [
    "",
    " ",
    "  ",
    "\t",
    ",",
    ", ",
    ";",
    "=",
    "==",
    ".",
    "..",
    "...",
    "-",
    "_",
    "+",
    "/",
    "\\",
    "\"",
    "'",
    "\u{0}",
    "\n",
    "\u{7f}",
    "\u{fc}",
    "\u{ff}",
    "Bearer",
    "Bearer ",
    "bearer ",
    "Basic ",
    "DPoP ",
    "lsk_pat_",
    "ls__",
    "usr_",
    "eyJhbGciOiJub25lIn0",
    "e30",
    "%00",
    "{}",
];

fn jwt() -> String {
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let now_s = START_MS / 1_000;
    let claims = json!({"iss": "https://login.example", "aud": "lockstep", "sub": "ann", "iat": now_s, "exp": now_s + 300});
    let message = format!(
        "{}.{}",
        encode(json!({"alg": "HS256", "kid": "k1"})),
        encode(claims)
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(message.as_bytes());
    format!(
        "{message}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

fn world() -> World {
    let key = URL_SAFE_NO_PAD.encode(SECRET);
    let records = json!([{"issuer": "https://login.example", "audiences": ["lockstep"], "algorithms": ["HS256"],
        "keys": {"keys": [{"kty": "oct", "kid": "k1", "k": key}]}}]);
    World::with_vars(&[("LOCKSTEP_ISSUERS", &records.to_string())])
}

fn status(world: &World, header: &str) -> u16 {
    let request = Request::new(Method::Get, "/v1/me").with_header("authorization", header);
    world.send(&request).status
}

#[test]
fn j24_any_authorization_header_is_answered_400_or_401() {
    let world = world();
    let session = world.sign_in("ann@example.com");
    let made = post("/v1/me/tokens", &json!({"name": "ci"})).with_header("cookie", &session);
    let made = json(&world.send(&made));
    let good = [jwt(), made["token"].as_str().unwrap().to_owned()];
    for token in &good {
        assert_eq!(status(&world, &format!("Bearer {token}")), 200);
    }
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |end: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % 1_000_003).unwrap() % end
    };
    let mut refused = 0;
    for _ in 0..HEADERS {
        let token = &good[below(2)];
        let mut header: Vec<char> = format!("Bearer {token}").chars().collect();
        for _ in 0..=below(3) {
            let at = below(header.len().max(1)).min(header.len());
            let end = (at + below(9)).min(header.len());
            let piece = PIECES[below(PIECES.len())].chars();
            match below(4) {
                0 => drop(header.splice(at..at, piece)),
                1 => drop(header.splice(at..end, piece)),
                2 => header.truncate(at),
                _ => header.extend_from_within(at..end),
            }
        }
        let header: String = header.into_iter().collect();
        let answer = status(&world, &header);
        // White space around a good token, or another spelling of the scheme, leaves it a good one.
        let spelled = header.trim().rsplit(' ').next() == Some(token);
        let is_good = answer == 200 && spelled;
        assert!(
            is_good || matches!(answer, 400 | 401),
            "{answer} {header:?}"
        );
        refused += usize::from(answer != 200);
    }
    assert!(refused > HEADERS * 9 / 10, "{refused}");
}

/// A known secret is found by its hash alone, which has to say what it is a secret of.
#[test]
fn j17_what_is_known_of_a_secret_counts_where_its_kind_is_sent() {
    let world = world();
    let session = world.sign_in("ann@example.com");
    let made = post("/v1/me/tokens", &json!({"name": "ci"})).with_header("cookie", &session);
    let made = json(&world.send(&made));
    let token = made["token"].as_str().unwrap();
    let session = session_secret(&session);
    let by_cookie = |text: &str| {
        let request = Request::new(Method::Get, "/v1/me");
        let request = request.with_header("cookie", &format!("{SESSION_COOKIE}={text}"));
        world.send(&request).status
    };
    for _ in 0..2 {
        assert_eq!((by_cookie(session), status(&world, token)), (200, 200));
        assert_eq!((by_cookie(token), status(&world, session)), (401, 401));
        // Known, but another text.
        assert_eq!(status(&world, &token.to_ascii_lowercase()), 401);
    }
}
