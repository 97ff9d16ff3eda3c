//! P7: the published expression finds every secret we issue, and nothing else.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "test code")]

use lockstep_token::{IdKey, OrganizationId, Prefixes, Secret, UserId};
use regex::Regex;

#[test]
fn p7_the_published_expression_finds_every_issued_secret() {
    let prefixes = [
        Prefixes::default(),
        Prefixes::new(Some("lsv2_pt"), Some("lsv2_sk")).unwrap(),
        Prefixes::new(Some("sk-ol-"), None).unwrap(),
        Prefixes::new(Some("openlit-"), None).unwrap(),
    ];
    prefixes.iter().for_each(finds_every_issued_secret);
}

#[test]
fn the_expression_is_published_as_it_is() {
    let published = include_str!("../../../docs/http.md");
    assert!(published.contains(&Prefixes::default().leak_pattern()));
}

/// 10,000 of 10,000.
fn finds_every_issued_secret(prefixes: &Prefixes) {
    let pattern = Regex::new(&prefixes.leak_pattern()).unwrap();
    let key = IdKey::from_base64url("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE").unwrap();
    let mut random = Random(1);
    let around = [("", ""), ("TOKEN=", "\n"), ("\"", "\""), ("#", "&x=1")];
    for (before, after) in around.iter().cycle().take(2_500) {
        let user = UserId::mint(&key, random.bytes());
        let organization = OrganizationId::mint(&key, random.bytes());
        for secret in [
            Secret::personal_access_token(prefixes, &user, random.bytes()),
            Secret::session(&user, random.bytes()),
            Secret::invitation(&organization, random.bytes()),
            Secret::service_key(prefixes, &organization, random.bytes()),
        ] {
            let text = format!("{before}{}{after}", secret.reveal());
            let found: Vec<&str> = pattern.find_iter(&text).map(|hit| hit.as_str()).collect();
            assert_eq!(found, [secret.reveal()]);
        }
    }
}

/// 10^8 characters of base62 and underscores, in which secrets of other makers live.
#[test]
fn p7_the_published_expression_finds_nothing_in_random_text() {
    let pattern = Regex::new(&Prefixes::default().leak_pattern()).unwrap();
    let mut random = Random(2);
    for _ in 0..100 {
        let text: String = (0..1_000_000).map(|_| random.character()).collect();
        assert_eq!(pattern.find(&text), None);
    }
}

/// A small generator (SplitMix64), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn bytes<const LEN: usize>(&mut self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        bytes
    }

    fn character(&mut self) -> char {
        const CHARACTERS: &[u8; 64] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz__";
        char::from(CHARACTERS[usize::try_from(self.next() % 64).unwrap()])
    }
}
