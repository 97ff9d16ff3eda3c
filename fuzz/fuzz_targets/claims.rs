//! Claims of tokens that are signed as they should be: only what the record and the time allow is
//! accepted, by a second reading of the same JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_fuzz::seeds;
use lockstep_fuzz::tokens::{self, AUDIENCE, ISSUER, NOW_S};
use lockstep_token::issuer::{LEEWAY_S, LIFETIME_S};
use serde_json::Value;

fuzz_target!(init: seeds::plant(tokens::claims_seeds()), |bytes: &[u8]| {
    let text = tokens::signed(bytes);
    let Some(subject) = tokens::subject(&text, NOW_S) else {
        return;
    };
    let claims: Value = serde_json::from_slice(bytes).expect("accepted claims are JSON");
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["sub"], subject.as_str());
    let audience = &claims["aud"];
    let listed = audience.as_array().is_some_and(|all| all.iter().any(|one| one == AUDIENCE));
    assert!(audience == AUDIENCE || listed);
    let time = |name: &str| claims.get(name).map(|time| time.as_i64().expect("a whole number"));
    let expires_at_s = time("exp").expect("it ends");
    let issued_at_s = time("iat").expect("it began");
    assert!(expires_at_s + LEEWAY_S > NOW_S && issued_at_s <= NOW_S + LEEWAY_S);
    assert!(expires_at_s - issued_at_s <= LIFETIME_S);
    assert!(time("nbf").is_none_or(|from_s| from_s <= NOW_S + LEEWAY_S));
    // The end is exact.
    assert!(tokens::subject(&text, expires_at_s.saturating_add(LEEWAY_S)).is_none());
});
