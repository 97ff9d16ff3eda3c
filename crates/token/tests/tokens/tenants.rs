//! J5, J14: keys are looked for inside the record of the token's own issuer, by exact name.

use lockstep_token::native::{Native, ready};
use lockstep_token::{Algorithm, IssuerRecord, Issuers, Token, TokenError};

use crate::keys::TestKey;
use crate::world::{NOW_S, subject};

/// Two issuers whose keys have one name.
fn two(first: &str, second: &str) -> Issuers {
    let record = |name: &str| {
        let key = TestKey::new(Algorithm::EdDsa, name.as_bytes()[0]);
        format!(
            r#"{{"issuer":"https://{name}.example","audiences":["lockstep"],"algorithms":["EdDSA"],
                "keys":{{"keys":[{}]}}}}"#,
            key.jwk(r#""kid":"shared""#)
        )
    };
    Issuers::parse(&format!("[{},{}]", record(first), record(second))).unwrap()
}

fn token(issuer: &str, signer: &str, kid: &str) -> String {
    let key = TestKey::new(Algorithm::EdDsa, signer.as_bytes()[0]);
    let claims = format!(
        r#"{{"iss":"https://{issuer}.example","sub":"{signer}","aud":"lockstep","exp":{},"iat":{NOW_S}}}"#,
        NOW_S + 60
    );
    key.token(
        Algorithm::EdDsa,
        &format!(r#"{{"alg":"EdDSA"{kid}}}"#),
        &claims,
    )
}

#[test]
fn j5_one_kid_under_two_issuers_is_two_keys() {
    for issuers in [two("a", "b"), two("b", "a")] {
        for (issuer, signer) in [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")] {
            for kid in [r#","kid":"shared""#, ""] {
                let found = subject(&issuers, &token(issuer, signer, kid));
                if issuer == signer {
                    assert_eq!(found.as_deref(), Ok(signer));
                } else {
                    assert_eq!(found, Err(TokenError::Signature));
                }
            }
        }
    }
}

#[test]
fn j5_a_kid_is_a_name_and_nothing_else() {
    let issuers = two("a", "b");
    let long = "k".repeat(4096);
    for kid in [
        "",
        "Shared",
        "shared ",
        "share",
        "sharedd",
        "../shared",
        "/dev/null",
        "%73hared",
        "shared' OR '1'='1",
        "*",
        ".*",
        "0",
        "null",
        "https://thief.example/jwks.json",
        &long,
    ] {
        let text = token("a", "a", &format!(r#","kid":"{kid}""#));
        assert_eq!(subject(&issuers, &text), Err(TokenError::Key), "{kid}");
    }
    let text = token("a", "a", r#","kid":"shared\u0000""#);
    assert!(matches!(
        subject(&issuers, &text),
        Err(TokenError::Json {
            segment: "header",
            ..
        })
    ));
}

/// J14: an unknown name never gives an empty key, and no key at all never verifies.
#[test]
fn j14_an_unknown_kid_yields_no_key() {
    let record = format!(
        r#"[{{"issuer":"https://a.example","audiences":["lockstep"],"algorithms":["HS256"],
            "keys":{{"keys":[{}]}}}}]"#,
        TestKey::new(Algorithm::Hs256, 1).jwk(r#""kid":"k1""#)
    );
    let issuers = Issuers::parse(&record).unwrap();
    let claims = format!(
        r#"{{"iss":"https://a.example","sub":"a","aud":"lockstep","exp":{},"iat":{NOW_S}}}"#,
        NOW_S + 60
    );
    for secret in [vec![], vec![0], vec![0; 32], vec![1; 32]] {
        let forged = TestKey::Symmetric(secret);
        for (kid, expected) in [
            ("k1", TokenError::Signature),
            ("k2", TokenError::Key),
            ("", TokenError::Key),
        ] {
            let header = format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
            let text = forged.token(Algorithm::Hs256, &header, &claims);
            assert_eq!(subject(&issuers, &text), Err(expected));
        }
    }
    assert_eq!(
        subject(&Issuers::default(), &token("a", "a", "")),
        Err(TokenError::Issuer)
    );
}

#[test]
fn a_token_without_kid_is_refused_where_two_keys_could_be_meant() {
    let keys = [1, 2]
        .map(|number| TestKey::new(Algorithm::EdDsa, number).jwk(&format!(r#""kid":"k{number}""#)));
    let issuers = Issuers::parse(&format!(
        r#"[{{"issuer":"https://a.example","audiences":["lockstep"],"algorithms":["EdDSA"],
            "keys":{{"keys":[{}]}}}}]"#,
        keys.join(",")
    ))
    .unwrap();
    let claims = format!(
        r#"{{"iss":"https://a.example","sub":"a","aud":"lockstep","exp":{},"iat":{NOW_S}}}"#,
        NOW_S + 60
    );
    for number in [1, 2] {
        let key = TestKey::new(Algorithm::EdDsa, number);
        let text = key.token(Algorithm::EdDsa, r#"{"alg":"EdDSA"}"#, &claims);
        assert_eq!(subject(&issuers, &text), Err(TokenError::Key));
        let header = format!(r#"{{"alg":"EdDSA","kid":"k{number}"}}"#);
        let text = key.token(Algorithm::EdDsa, &header, &claims);
        assert_eq!(subject(&issuers, &text).as_deref(), Ok("a"));
    }
}

/// Published keys count only for the record that they were read for.
#[test]
fn j5_keys_fetched_for_one_issuer_never_verify_a_token_of_another() {
    let record = |issuer: &str, uri: &str| {
        format!(
            r#"{{"issuer":"https://{issuer}.example","audiences":["lockstep"],"algorithms":["EdDSA"],
                "jwks_uri":"https://{uri}.example/keys"}}"#
        )
    };
    let published = |signer: &str| {
        let key = TestKey::new(Algorithm::EdDsa, signer.as_bytes()[0]);
        format!(r#"{{"keys":[{}]}}"#, key.jwk(r#""kid":"shared""#))
    };
    let a = IssuerRecord::parse(&record("a", "a")).unwrap();
    let b = IssuerRecord::parse(&record("b", "b")).unwrap();
    let wider = record("a", "a").replace(r#"["EdDSA"]"#, r#"["EdDSA","ES256"]"#);
    let wider = IssuerRecord::parse(&wider).unwrap();
    let moved = IssuerRecord::parse(&record("b", "a")).unwrap();
    let of_a = a.read_keys(published("a").as_bytes()).unwrap();
    let text = token("a", "a", r#","kid":"shared""#);
    let parsed = Token::parse(&text).unwrap();
    let verified = ready(parsed.select_from(&a, Some(&of_a)).unwrap().verify(&Native)).unwrap();
    assert_eq!(verified.unwrap().claims(NOW_S).unwrap().subject(), "a");
    let none = parsed.select_from(&a, None).map(|_| ());
    assert_eq!(none, Err(TokenError::Key));
    let other = parsed.select_from(&wider, Some(&of_a)).map(|_| ());
    assert_eq!(other, Err(TokenError::Key));
    assert_eq!(
        parsed.select_from(&b, None).map(|_| ()),
        Err(TokenError::Issuer)
    );
    let text = token("b", "a", r#","kid":"shared""#);
    let parsed = Token::parse(&text).unwrap();
    for record in [&b, &moved] {
        let found = parsed.select_from(record, Some(&of_a)).map(|_| ());
        assert_eq!(found, Err(TokenError::Key));
    }
}

/// An issuer whose subjects are not in `sub`.
#[test]
fn the_record_says_which_claim_names_the_user() {
    let key = TestKey::new(Algorithm::EdDsa, 1);
    let issuers = Issuers::parse(&format!(
        r#"[{{"issuer":"https://a.example","audiences":["lockstep"],"algorithms":["EdDSA"],
            "subject_claim":"employee","keys":{{"keys":[{}]}}}}]"#,
        key.jwk(r#""kid":"k1""#)
    ))
    .unwrap();
    let found = |names: &str| {
        let claims = format!(
            r#"{{"iss":"https://a.example",{names}"aud":"lockstep","exp":{},"iat":{NOW_S}}}"#,
            NOW_S + 60
        );
        subject(
            &issuers,
            &key.token(Algorithm::EdDsa, r#"{"alg":"EdDSA"}"#, &claims),
        )
    };
    assert_eq!(found(r#""employee":"7","#).as_deref(), Ok("7"));
    assert_eq!(found(r#""employee":"7","sub":"root","#).as_deref(), Ok("7"));
    let missing = Err(TokenError::ClaimMissing { claim: "sub" });
    assert_eq!(found(r#""sub":"root","#), missing);
    for value in ["7", "null", "\"\"", "[\"7\"]", "true"] {
        let mistyped = Err(TokenError::ClaimType { claim: "sub" });
        assert_eq!(found(&format!(r#""employee":{value},"#)), mistyped);
    }
}
