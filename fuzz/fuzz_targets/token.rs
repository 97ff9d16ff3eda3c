//! Tokens: whatever the bytes are, a token that is read has one spelling, and one that is accepted was
//! signed with the issuer's key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_fuzz::seeds;
use lockstep_fuzz::tokens::{self, ISSUERS, NOW_S};
use lockstep_token::Token;
use lockstep_token::jws::TOKEN_LEN_MAX;

fuzz_target!(init: seeds::plant(tokens::seeds()), |bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(token) = Token::parse(text) else {
        assert!(tokens::subject(text, NOW_S).is_none(), "accepted, but not read");
        return;
    };
    assert!(text.len() <= TOKEN_LEN_MAX);
    let segments: Vec<&str> = text.split('.').collect();
    assert_eq!(segments.len(), 3);
    for segment in &segments {
        assert_eq!(tokens::respelled(segment).as_deref(), Some(*segment), "another spelling");
    }
    let Some(subject) = tokens::subject(text, NOW_S) else {
        return;
    };
    let (message, signature) = text.rsplit_once('.').expect("it has segments");
    assert_eq!(tokens::signature(message), signature, "accepted without our signature");
    let known = ISSUERS.records().iter().map(|record| record.issuer());
    assert!(known.into_iter().any(|issuer| Some(issuer) == token.unverified_issuer()));
    assert!(!subject.is_empty());
});
