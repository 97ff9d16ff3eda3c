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

/// Strings that are tried; `cargo xtask soak` asks for 10^8.
const STRINGS: usize = 1_000_000;
/// Where soak says how many.
const STRINGS_VARIABLE: &str = "LOCKSTEP_STRINGS";

/// Strings as secrets of other makers are, and near misses of ours, each with an end on both sides.
#[test]
fn p7_the_published_expression_finds_nothing_in_random_text() {
    let pattern = Regex::new(&Prefixes::default().leak_pattern()).unwrap();
    let named = std::env::var(STRINGS_VARIABLE).ok();
    let strings = named.map_or(STRINGS, |named| named.parse().unwrap());
    let mut random = Random(2);
    let mut text = String::new();
    for at in 0..strings {
        random.look_alike(&mut text);
        text.push(['"', ' ', '=', '\n'][at % 4]);
        if at % 1_000 == 999 {
            assert_eq!(pattern.find(&text), None);
            text.clear();
        }
    }
    assert_eq!(pattern.find(&text), None);
    println!("counted: P7: a secret is found in 0 of {strings} strings that look like one");
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

    /// Base62 of some length; the parts of a secret without its prefix; or a secret of which one part is a
    /// character too long or too short.
    fn look_alike(&mut self, text: &mut String) {
        const OURS: [&str; 4] = ["lsk_pat_usr", "lsk_svc_org", "lsk_ses_usr", "lsk_inv_org"];
        let drawn = usize::try_from(self.next() % 4_096).unwrap();
        let (kind, drawn) = (drawn % 4, drawn / 4);
        let mut lengths = [28, 43, 6];
        match kind {
            0 => return self.digits(text, 40 + drawn % 64),
            1 => self.digits(text, 7),
            2 => text.push_str(["ghp_usr", "lsk_key_org"][drawn % 2]),
            _ => {
                text.push_str(OURS[drawn % 4]);
                let length = &mut lengths[drawn / 4 % 3];
                *length = if drawn % 5 < 2 {
                    *length + 1
                } else {
                    *length - 1
                };
            }
        }
        for length in lengths {
            text.push('_');
            self.digits(text, length);
        }
    }

    /// Ten digits of each number that is drawn.
    fn digits(&mut self, text: &mut String, count: usize) {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut rest = 0;
        for at in 0..count {
            if at % 10 == 0 {
                rest = self.next();
            }
            text.push(char::from(DIGITS[usize::try_from(rest % 62).unwrap()]));
            rest /= 62;
        }
    }
}
