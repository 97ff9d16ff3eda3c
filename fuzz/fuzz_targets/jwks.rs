//! Key sets: what is loaded is public or symmetric and never both, has one name once, and loads as the
//! same key again.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use lockstep_fuzz::{seeds, tokens};
use lockstep_token::Algorithm;
use lockstep_token::jwk::{KEY_SET_LEN_MAX, KEYS_MAX, KeySet};

fuzz_target!(init: seeds::plant(tokens::key_set_seeds()), |bytes: &[u8]| {
    let (symmetric, public): (Vec<_>, Vec<_>) =
        Algorithm::ALL.into_iter().partition(|algorithm| algorithm.is_symmetric());
    for allowed in [&symmetric, &public] {
        let Ok(set) = KeySet::parse(bytes, allowed) else {
            continue;
        };
        assert!(bytes.len() <= KEY_SET_LEN_MAX && (1..=KEYS_MAX).contains(&set.keys().len()));
        let named: Vec<&str> = set.keys().iter().filter_map(|key| key.kid()).collect();
        assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "a name twice");
        for key in set.keys() {
            let algorithm = key.algorithm();
            assert!(allowed.contains(&algorithm));
            assert_eq!(key.jwk().is_none(), algorithm.is_symmetric());
            let Some(jwk) = key.jwk() else { continue };
            let again = format!("{{\"keys\":[{jwk}]}}");
            let again = KeySet::parse(again.as_bytes(), &[algorithm]).expect("it loads again");
            assert_eq!(again.keys()[0].fingerprint(), key.fingerprint());
        }
    }
});
