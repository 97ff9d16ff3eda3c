//! What other suites try (RFC 7520, RFC 7797, RFC 8037, jwt_tool, the tests of other implementations):
//! spellings of keys, headers and claims that some reader somewhere takes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lockstep_token::jwk::KeySet;
use lockstep_token::{Algorithm, TokenError};

use crate::keys::{TestKey, message};
use crate::world::World;

/// Whether a set of this one key is taken by a record for `algorithm`.
fn loads(jwk: &str, algorithm: Algorithm) -> bool {
    KeySet::parse(format!(r#"{{"keys":[{jwk}]}}"#).as_bytes(), &[algorithm]).is_ok()
}

fn number(jwk: &str, name: &str) -> Vec<u8> {
    let (_, rest) = jwk.split_once(&format!(r#""{name}":""#)).unwrap();
    URL_SAFE_NO_PAD
        .decode(rest.split_once('"').unwrap().0)
        .unwrap()
}

fn with_number(jwk: &str, name: &str, bytes: &[u8]) -> String {
    let own = URL_SAFE_NO_PAD.encode(number(jwk, name));
    jwk.replace(&own, &URL_SAFE_NO_PAD.encode(bytes))
}

/// A number has one length (RFC 7518 sections 6.2.1.2 and 6.3.1.1, RFC 8037 section 2).
#[test]
fn j15_numbers_of_keys_have_one_spelling() {
    for algorithm in [
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::EdDsa,
        Algorithm::Rs256,
    ] {
        let jwk = TestKey::new(algorithm, 7).jwk("");
        assert!(loads(&jwk, algorithm));
        for name in ["x", "y", "n", "e"]
            .into_iter()
            .filter(|name| jwk.contains(&format!("\"{name}\":")))
        {
            let own = number(&jwk, name);
            for other in [
                [&[0], &own[..]].concat(),
                [&own[..], &[0]].concat(),
                own[1..].to_vec(),
                own[..own.len() - 1].to_vec(),
                vec![0; own.len()],
                vec![0xFF; own.len()],
                Vec::new(),
            ] {
                assert!(
                    !loads(&with_number(&jwk, name, &other), algorithm),
                    "{name} {other:?}"
                );
            }
            let spelled = URL_SAFE_NO_PAD.encode(&own);
            for other in [
                format!("{spelled}="),
                format!(" {spelled}"),
                format!("{spelled}\\n"),
                spelled.replace(['-', '_'], "+"),
            ] {
                assert!(
                    other == spelled || !loads(&jwk.replace(&spelled, &other), algorithm),
                    "{other}"
                );
            }
        }
    }
}

#[test]
fn j15_names_of_types_and_curves_have_one_spelling() {
    for (algorithm, own, others) in [
        (
            Algorithm::Es256,
            "P-256",
            &[
                "p-256",
                "P256",
                "secp256r1",
                "prime256v1",
                "P-384",
                "P-521",
                "secp256k1",
                "",
            ][..],
        ),
        (
            Algorithm::EdDsa,
            "Ed25519",
            &["ed25519", "Ed448", "X25519", "P-256"],
        ),
        (Algorithm::Es256, "EC", &["ec", "RSA", "OKP", "oct", ""]),
        (Algorithm::Rs256, "RSA", &["rsa", "EC", "oct", "RSA "]),
        (Algorithm::EdDsa, "OKP", &["okp", "EC", "oct"]),
    ] {
        let jwk = TestKey::new(algorithm, 7).jwk("");
        for other in others {
            let jwk = jwk.replace(&format!("\"{own}\""), &format!("\"{other}\""));
            assert!(!loads(&jwk, algorithm), "{other} for {own}");
        }
    }
}

/// Names and members of a set, as two programs might read them differently.
#[test]
fn j11_a_key_set_has_one_meaning() {
    let jwk = TestKey::new(Algorithm::EdDsa, 7).jwk(r#""kid":"a""#);
    let other = TestKey::new(Algorithm::EdDsa, 8);
    let parse = |set: &str| KeySet::parse(set.as_bytes(), &[Algorithm::EdDsa]).is_ok();
    assert!(parse(&format!(r#"{{"keys":[{jwk}],"note":{{"x":1}}}}"#)));
    for set in [
        format!(r#"{{"keys":[{jwk},{}]}}"#, other.jwk(r#""kid":"\u0061""#)),
        format!(r#"{{"keys":[{jwk}],"k\u0065ys":[]}}"#),
        format!(
            r#"{{"keys":[{}]}}"#,
            jwk.replacen('{', r#"{"\u006bty":"RSA","#, 1)
        ),
        format!(
            r#"{{"keys":[{}]}}"#,
            jwk.replacen('{', r#"{"x5c":[{"a":1,"a":2}],"#, 1)
        ),
        format!(
            r#"{{"keys":[{}]}}"#,
            jwk.replacen('{', r#"{"kid\u0000":"b","#, 1)
        ),
        format!(r#"{{"Keys":[{jwk}]}}"#),
        format!(r#"{{"keys":[[{jwk}]]}}"#),
        format!(r#"{{"keys":{{"a":{jwk}}}}}"#),
        format!("\u{feff}{{\"keys\":[{jwk}]}}"),
        format!(r#"{{"keys":[{jwk},]}}"#),
        format!("[{jwk}]"),
        jwk.clone(),
    ] {
        assert!(!parse(&set), "{set}");
    }
    for kid in ["1", "null", "[]", "{}", "true"] {
        assert!(!parse(&format!(
            r#"{{"keys":[{}]}}"#,
            other.jwk(&format!(r#""kid":{kid}"#))
        )));
    }
}

/// RFC 7517 section 4.3: no operation twice.
#[test]
fn j16_an_operation_is_named_once() {
    let jwk = |operations: &str| {
        TestKey::new(Algorithm::EdDsa, 7).jwk(&format!(r#""key_ops":{operations}"#))
    };
    assert!(loads(&jwk(r#"["verify"]"#), Algorithm::EdDsa));
    for operations in [
        r#"["verify","verify"]"#,
        r#"["verify","sign","verify"]"#,
        r#"["Verify"]"#,
        r#"["sign, verify"]"#,
    ] {
        assert!(!loads(&jwk(operations), Algorithm::EdDsa), "{operations}");
    }
}

/// The header is read as strictly as claims are, and what may vary in JSON and in media types may.
#[test]
fn j11_headers_are_read_as_they_are_meant() {
    let world = World::new(Algorithm::EdDsa);
    let found = |header: &str| world.subject(&world.token(header, &world.claims()));
    for header in [
        "{\"typ\":\"JWT\",\r\n \"alg\":\"EdDSA\"}",
        r#"{"alg":"\u0045dDSA"}"#,
        r#"{"alg":"EdDSA","typ":"jwt"}"#,
        r#"{"alg":"EdDSA","typ":"application/at+jwt"}"#,
        r#"{"alg":"EdDSA","cty":"JWT"}"#,
        r#"{"alg":"EdDSA","x5t#S256":"AA","iss":"somebody","exp":1}"#,
    ] {
        assert_eq!(found(header).as_deref(), Ok("ann"), "{header}");
    }
    for header in [
        r#"{"alg":"EdDSA","\u0061lg":"none"}"#,
        r#"{"alg":"EdDSA","alg\u0000":"none"}"#,
        r#"{"alg":"EdDSA",}"#,
        r#"{'alg':'EdDSA'}"#,
        r#"{"alg":"EdDSA"/**/}"#,
        r#"{"alg":"Ed25519"}"#,
        r#"{"alg":"ED25519"}"#,
        r#"{"alg":"EdDSA","typ":"at+jwt+x"}"#,
        r#"{"alg":"EdDSA","typ":"application/application/jwt"}"#,
        r#"{"alg":"EdDSA","typ":"JOSE"}"#,
        r#"{"alg":"EdDSA","typ":"JWT "}"#,
        r#"{"alg":"EdDSA","b64":false}"#,
        r#"{"alg":"EdDSA","crit":["b64"],"b64":false}"#,
        r#"{"alg":"EdDSA","zip":null}"#,
        r#"{"alg":"EdDSA","enc":""}"#,
        r#"{"protected":{"alg":"EdDSA"}}"#,
        r#""eyJhbGciOiJFZERTQSJ9""#,
        "\u{feff}{\"alg\":\"EdDSA\"}",
    ] {
        assert!(found(header).is_err(), "{header}");
    }
}

/// RFC 7797 and RFC 7515 appendix F: no payload outside of the token, none that is not encoded.
#[test]
fn j12_the_payload_is_in_the_token_and_encoded() {
    let world = World::new(Algorithm::EdDsa);
    let signed = |message: &str| {
        let signature = world.key.sign(world.algorithm, message.as_bytes());
        world.subject(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    };
    let full = message(&world.header(), &world.claims());
    assert_eq!(signed(&full).as_deref(), Ok("ann"));
    let (header, claims) = full.split_once('.').unwrap();
    for other in [
        format!("{header}."),
        format!(".{claims}"),
        format!("{header}.{}", world.claims()),
        format!("{header}.{claims}="),
        format!("{header}.{claims}.{claims}"),
        full.replace('-', "+").replace('_', "/") + "==",
    ] {
        assert!(signed(&other).is_err(), "{other}");
    }
    let detached = format!(
        "{header}..{}",
        URL_SAFE_NO_PAD.encode(world.key.sign(world.algorithm, full.as_bytes()))
    );
    assert!(world.subject(&detached).is_err());
}

/// What JSON has more than one way to say, and what some readers take that is no JSON.
#[test]
fn j7_claims_are_read_as_they_are_written() {
    let world = World::new(Algorithm::EdDsa);
    let good = world.claims();
    let found = |claims: &str| world.subject(&world.token(&world.header(), claims));
    assert_eq!(found(&format!(" \t\r\n{good}\n")).as_deref(), Ok("ann"));
    assert_eq!(
        found(&good.replace("\"ann\"", r#""\u0061nn""#)).as_deref(),
        Ok("ann")
    );
    let exp = good.split_once("\"exp\":").unwrap().1;
    let exp: String = exp.chars().take_while(char::is_ascii_digit).collect();
    for other in [
        format!("0{exp}"),
        format!("+{exp}"),
        format!("0x{exp}"),
        format!("{exp}.0"),
        format!("{exp}e0"),
        format!("{exp}n"),
    ] {
        assert!(found(&good.replace(&exp, &other)).is_err(), "{other}");
    }
    for claims in [
        good.replace('"', "'"),
        good.replace("}", ",}"),
        good.replacen('{', "{//\n", 1),
        good.replace("ann", "a\nnn"),
        good.replace("ann", "a\u{7f}nn") + "\u{c}",
        format!("{good}\0"),
        format!("{good}null"),
        good.replace(":\"ann\"", ":undefined"),
        good.replace(":\"ann\"", ":Infinity"),
    ] {
        assert!(found(&claims).is_err(), "{claims}");
    }
    let latin: Vec<u8> = good
        .replace("ann", "a?n")
        .bytes()
        .map(|byte| if byte == b'?' { 0xE9 } else { byte })
        .collect();
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(world.header()),
        URL_SAFE_NO_PAD.encode(latin)
    );
    let signature = world.key.sign(world.algorithm, message.as_bytes());
    let found = world.subject(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)));
    assert!(matches!(
        found,
        Err(TokenError::Json {
            segment: "claims",
            ..
        })
    ));
}
