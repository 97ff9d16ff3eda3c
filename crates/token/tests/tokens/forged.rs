//! Scoreboard line 3: forged tokens, made from good ones by every trick in the book: 0 accepted.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lockstep_token::{Algorithm, Token, TokenError};
use rsa::rand_core::RngCore;

use crate::keys::{TestKey, hmac, message};
use crate::random::Random;
use crate::world::{NOW_S, World};

/// Forgeries of each kind for each algorithm. RSA and P-384 are slow without optimization.
const WORLDS: [(Algorithm, usize); 6] = [
    (Algorithm::EdDsa, 120),
    (Algorithm::Hs256, 200),
    (Algorithm::Es256, 40),
    (Algorithm::Rs256, 60),
    (Algorithm::Ps256, 30),
    (Algorithm::Es384, 10),
];

#[test]
fn j1_to_j24_no_forged_token_is_accepted() {
    let mut random = Random::new(20_260_801);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut forged = 0;
    for (algorithm, times) in WORLDS {
        let world = World::new(algorithm);
        let good = world.good_token();
        assert_eq!(
            world.subject(&good).as_deref(),
            Ok("ann"),
            "the pattern has to be good"
        );
        let mut tokens = BTreeSet::new();
        for _ in 0..times {
            tokens.extend(misspelled(&mut random, &good));
            tokens.extend(resigned(&mut random, &world));
            tokens.extend(altered(&mut random, &world, &good));
        }
        tokens.extend(fixed(&world, &good));
        tokens.remove(&good);
        for text in &tokens {
            match world.subject(text) {
                Ok(_) => panic!("{} accepted {text}", algorithm.name()),
                Err(error) => *reasons.entry(format!("{error}")).or_default() += 1,
            }
        }
        forged += tokens.len();
    }
    assert!(forged >= 5_000, "{forged}");
    let at_the_primitive = reasons["the signature does not verify"];
    assert!(
        at_the_primitive >= 1_500,
        "{at_the_primitive} forgeries had nothing else wrong"
    );
    println!(
        "{forged} forged tokens, 0 accepted, {at_the_primitive} of them by the signature alone"
    );
}

/// J24: whatever a text is made of, it is refused and nothing breaks.
#[test]
fn j24_random_texts_are_refused() {
    let mut random = Random::new(24);
    let world = World::new(Algorithm::EdDsa);
    let good = world.good_token();
    let pieces = [
        ".",
        "..",
        "e30",
        "eyJhbGciOiJFZERTQSJ9",
        "eyJhbGciOiJub25lIn0",
        "=",
        "-",
        "_",
        "A",
        "\0",
        "é",
        "\u{10ffff}",
        "Bearer ",
        " ",
        "{}",
        "null",
        "\"",
        "%00",
        &good[..40],
        &good[40..],
    ];
    for _ in 0..100_000 {
        let text: String = (0..random.below(8))
            .map(|_| *random.pick(&pieces))
            .collect();
        if text != good {
            assert!(world.subject(&text).is_err(), "{text}");
        }
    }
}

/// Mutated header objects, validly signed: accepted only when they still say what they have to.
#[test]
fn j24_mutated_headers_never_change_the_key() {
    let mut random = Random::new(7);
    let world = World::new(Algorithm::Hs256);
    let members = [
        r#""alg":"HS256""#,
        r#""alg":"HS384""#,
        r#""alg":"none""#,
        r#""alg":"RS256""#,
        r#""alg":null"#,
        r#""ALG":"HS256""#,
        r#""kid":"k1""#,
        r#""kid":"k2""#,
        r#""kid":1"#,
        r#""KID":"k1""#,
        r#""typ":"JWT""#,
        r#""typ":1"#,
        r#""typ":"dpop+jwt""#,
        r#""crit":[]"#,
        r#""b64":false"#,
        r#""zip":"DEF""#,
        r#""x":{"a":1}"#,
        r#""x":{"a":1,"a":2}"#,
        r#""jwk":{"kty":"oct","k":"AA"}"#,
        r#""jku":"http://127.0.0.1:9/""#,
        r#""cty":"JWT""#,
        r#""x":"\u0000""#,
        "",
        "1",
    ];
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let chosen: Vec<&str> = (0..=random.below(5))
            .map(|_| *random.pick(&members))
            .collect();
        let header = format!("{{{}}}", chosen.join(","));
        let text = world.token(&header, &world.claims());
        match world.subject(&text) {
            Ok(_) => {
                accepted += 1;
                assert!(chosen.contains(&r#""alg":"HS256""#), "{header}");
                for bad in [
                    r#""alg":"HS384""#,
                    r#""kid":"k2""#,
                    r#""kid":1"#,
                    r#""typ":1"#,
                    r#""crit":[]"#,
                    r#""typ":"dpop+jwt""#,
                    r#""b64":false"#,
                    r#""zip":"DEF""#,
                    "",
                    "1",
                    r#""x":{"a":1,"a":2}"#,
                    r#""x":"\u0000""#,
                    r#""alg":"none""#,
                    r#""alg":null"#,
                ] {
                    assert!(!chosen.contains(&bad), "{header}");
                }
            }
            Err(_) => refused += 1,
        }
    }
    assert!(accepted > 100 && refused > 10_000, "{accepted} {refused}");
}

/// J20: the same token gives the same answer, whatever was verified before it.
#[test]
fn j20_answers_do_not_depend_on_what_came_before() {
    let world = World::new(Algorithm::Hs256);
    let good = world.good_token();
    let other = world.token(&world.header(), &world.claims_with("sub", r#""bob""#));
    let swapped = format!(
        "{}.{}",
        good.rsplit_once('.').unwrap().0,
        other.rsplit_once('.').unwrap().1
    );
    for _ in 0..100 {
        assert_eq!(world.subject(&good).as_deref(), Ok("ann"));
        assert_eq!(world.subject(&swapped), Err(TokenError::Signature));
        assert_eq!(world.subject(&other).as_deref(), Ok("bob"));
    }
}

/// One change to the text.
fn misspelled(random: &mut Random, good: &str) -> Vec<String> {
    const DIGITS: &[u8] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0";
    let at = random.below(good.len());
    let (head, tail) = good.split_at(at);
    let digit = char::from(*random.pick(DIGITS));
    let flipped: String = good
        .char_indices()
        .map(|(index, character)| {
            if index == at {
                swap_case(character)
            } else {
                character
            }
        })
        .collect();
    vec![
        format!("{head}{digit}{}", &tail[1..]),
        format!("{head}{digit}{tail}"),
        format!("{head}{}", &tail[1..]),
        head.to_owned(),
        tail.to_owned(),
        flipped,
    ]
}

/// Good claims under a wrong key or a wrong name of the algorithm.
fn resigned(random: &mut Random, world: &World) -> Vec<String> {
    let subject = format!(r#""mallory{}""#, random.next_u32());
    let claims = world.claims_with("sub", &subject);
    let own = world.algorithm;
    let claimed = *random.pick(&Algorithm::ALL);
    let header = format!(r#"{{"alg":"{}","kid":"k1"}}"#, claimed.name());
    let unsigned = message(&world.header(), &claims);
    let public = world.key.jwk("");
    let secret = if own.is_symmetric() {
        vec![0; 32]
    } else {
        public.into_bytes()
    };
    let confused = message(r#"{"alg":"HS256","kid":"k1"}"#, &claims);
    let mac = hmac(Algorithm::Hs256, &secret, confused.as_bytes());
    let mut noise = vec![0; [0, 1, 31, 32, 64, 96, 255, 256][random.below(8)]];
    random.fill_bytes(&mut noise);
    let mut tokens = vec![
        format!("{confused}.{}", URL_SAFE_NO_PAD.encode(mac)),
        format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(noise)),
        format!("{unsigned}."),
    ];
    let thief = TestKey::new(Algorithm::EdDsa, 99);
    let embedded = format!(r#"{{"alg":"EdDSA","kid":"k1","jwk":{}}}"#, thief.jwk(""));
    tokens.push(thief.token(Algorithm::EdDsa, &embedded, &claims));
    if !matches!(world.key, TestKey::Rsa(_)) {
        let thief = TestKey::new(own, u8::try_from(100 + random.below(100)).unwrap());
        tokens.push(thief.token(own, &world.header(), &claims));
        if claimed != own {
            tokens.push(thief.token(own, &header, &claims));
        }
    }
    tokens
}

/// A good signature over something else.
fn altered(random: &mut Random, world: &World, good: &str) -> Vec<String> {
    let (message_part, signature) = good.rsplit_once('.').unwrap();
    let (header, claims) = message_part.split_once('.').unwrap();
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let subject = format!(r#""root{}""#, random.next_u32());
    let later = (NOW_S + 300 + i64::from(random.next_u32() % 1000) + 1).to_string();
    let name = Algorithm::ALL[random.below(12)].name();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let at = random.below(bytes.len());
    bytes[at] ^= 1 << random.below(8);
    let mut halves = URL_SAFE_NO_PAD.decode(signature).unwrap();
    halves.rotate_left(random.below(bytes.len() - 1) + 1);
    vec![
        format!(
            "{header}.{}.{signature}",
            encode(&world.claims_with("sub", &subject))
        ),
        format!(
            "{header}.{}.{signature}",
            encode(&world.claims_with("exp", &later))
        ),
        format!(
            "{}.{claims}.{signature}",
            encode(&format!(r#"{{"alg":"{name}","kid":"k1"}}"#))
        ),
        format!(
            "{}.{claims}.{signature}",
            encode(&format!(r#"{{"alg":"{name}","x":{}}}"#, random.next_u32()))
        ),
        format!("{message_part}.{}", URL_SAFE_NO_PAD.encode(bytes)),
        format!("{message_part}.{}", URL_SAFE_NO_PAD.encode(halves)),
        format!("{claims}.{header}.{signature}"),
    ]
}

/// What needs no chance.
fn fixed(world: &World, good: &str) -> Vec<String> {
    let (message_part, signature) = good.rsplit_once('.').unwrap();
    let claims = world.claims();
    let none = [
        "none", "None", "NONE", "nOnE", "null", "", "RS1", "MD5", "HS1",
    ]
    .map(|name| format!("{}.", message(&format!(r#"{{"alg":"{name}"}}"#), &claims)));
    let kept = none.clone().map(|token| format!("{token}{signature}"));
    let wrapped = [
        message_part.to_owned(),
        format!("{good}.{signature}"),
        format!("{good}.{signature}.{signature}"),
        format!("Bearer {good}"),
        format!("\"{good}\""),
        format!("{{\"payload\":\"\",\"signatures\":[\"{good}\"]}}"),
        good.to_uppercase(),
        good.to_lowercase(),
        good.replace('.', ".."),
        ".".repeat(8_000),
        format!("{good}{}", "A".repeat(8_192)),
    ];
    none.into_iter().chain(kept).chain(wrapped).collect()
}

fn swap_case(character: char) -> char {
    if character.is_ascii_lowercase() {
        character.to_ascii_uppercase()
    } else {
        character.to_ascii_lowercase()
    }
}

/// A parsed token shows nothing of itself in logs.
#[test]
fn j23_debug_shows_no_claims() {
    let world = World::new(Algorithm::EdDsa);
    let text = world.good_token();
    let token = Token::parse(&text).unwrap();
    let request = token.select(world.issuers.records()).unwrap();
    assert_eq!(
        format!("{token:?} {request:?}"),
        "Token(unverified) Request(unverified)"
    );
}
