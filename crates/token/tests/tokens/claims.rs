//! J7 to J10: claims that are missing, of another type, or not satisfied. Every token here is
//! signed with the right key.

use lockstep_token::{Algorithm, Token, TokenError};

use crate::world::{NOW_S, World};

#[track_caller]
fn check(world: &World, name: &'static str, value: &str, expected: Result<&str, TokenError>) {
    let text = world.token(&world.header(), &world.claims_with(name, value));
    assert_eq!(
        world.subject(&text),
        expected.map(str::to_owned),
        "{name} {value}"
    );
}

#[test]
fn j7_a_time_of_the_wrong_type_is_not_an_absent_one() {
    let world = World::new(Algorithm::EdDsa);
    let soon = NOW_S + 300;
    for claim in ["exp", "iat", "nbf"] {
        let values = [
            format!(r#""{soon}""#),
            "null".into(),
            "true".into(),
            "false".into(),
            "[]".into(),
            format!("[{NOW_S}]"),
            "{}".into(),
            format!("{NOW_S}.0"),
            format!("{NOW_S}.5"),
            "1.8e9".into(),
            "-1".into(),
            "-0".into(),
            "9223372036854775808".into(),
            "18446744073709551616".into(),
            r#""NaN""#.into(),
            r#""""#.into(),
        ];
        for value in values {
            check(&world, claim, &value, Err(TokenError::ClaimType { claim }));
        }
        let text = world.token(&world.header(), &world.claims_with(claim, "1e400"));
        assert!(matches!(
            world.subject(&text),
            Err(TokenError::Json {
                segment: "claims",
                ..
            })
        ));
        let text = world.token(&world.header(), &world.claims_with(claim, "NaN"));
        assert!(matches!(
            world.subject(&text),
            Err(TokenError::Json {
                segment: "claims",
                ..
            })
        ));
    }
}

#[test]
fn j7_times_hold_to_the_second() {
    let world = World::new(Algorithm::EdDsa);
    let leeway_s = 30;
    check(
        &world,
        "exp",
        &(NOW_S - leeway_s + 1).to_string(),
        Ok("ann"),
    );
    check(
        &world,
        "exp",
        &(NOW_S - leeway_s).to_string(),
        Err(TokenError::Expired),
    );
    check(&world, "exp", "0", Err(TokenError::Expired));
    check(&world, "nbf", &(NOW_S + leeway_s).to_string(), Ok("ann"));
    check(
        &world,
        "nbf",
        &(NOW_S + leeway_s + 1).to_string(),
        Err(TokenError::NotYetValid),
    );
    check(
        &world,
        "nbf",
        "9223372036854775807",
        Err(TokenError::NotYetValid),
    );
    check(&world, "iat", &(NOW_S + leeway_s).to_string(), Ok("ann"));
    check(
        &world,
        "iat",
        &(NOW_S + leeway_s + 1).to_string(),
        Err(TokenError::IssuedInFuture),
    );
    check(
        &world,
        "iat",
        "9223372036854775807",
        Err(TokenError::IssuedInFuture),
    );
}

#[test]
fn j8_one_audience_has_to_be_ours_exactly() {
    let world = World::new(Algorithm::EdDsa);
    for value in [
        r#""lockstep""#,
        r#"["lockstep"]"#,
        r#"["a","lockstep","b"]"#,
    ] {
        check(&world, "aud", value, Ok("ann"));
    }
    for value in [
        r#""""#,
        r#""Lockstep""#,
        r#""lockstep ""#,
        r#""lockste""#,
        r#""lockstep2""#,
        r#""*""#,
        "[]",
        r#"["a"]"#,
        r#"[""]"#,
        r#""l\u043eckstep""#,
    ] {
        check(&world, "aud", value, Err(TokenError::Audience));
    }
    let claim = "aud";
    for value in [
        "1",
        "null",
        "true",
        "{}",
        r#"["lockstep",1]"#,
        r#"[["lockstep"]]"#,
        "[null]",
    ] {
        check(&world, claim, value, Err(TokenError::ClaimType { claim }));
    }
    check(&world, claim, "", Err(TokenError::ClaimMissing { claim }));
}

#[test]
fn j9_the_issuer_is_compared_byte_by_byte() {
    let world = World::new(Algorithm::EdDsa);
    for value in [
        r#""https://EdDSA.example/""#,
        r#""https://EdDSA.exampl""#,
        r#""https://EdDSA.example.evil.example""#,
        r#""https://eddsa.example""#,
        r#""HTTPS://EdDSA.example""#,
        r#""https://EdDSA.example ""#,
        r#"" https://EdDSA.example""#,
        r#""https://EdDSA.ex\u0430mple""#,
        r#""https://EdDSA.example#""#,
        r#""EdDSA.example""#,
    ] {
        check(&world, "iss", value, Err(TokenError::Issuer));
    }
    let claim = "iss";
    for value in [r#"["https://EdDSA.example"]"#, "null", "1", "{}", r#""""#] {
        check(&world, claim, value, Err(TokenError::ClaimType { claim }));
    }
    check(&world, claim, "", Err(TokenError::ClaimMissing { claim }));
    // Written with an escape it is the same issuer.
    check(&world, claim, r#""https:\/\/EdDSA.example""#, Ok("ann"));
}

#[test]
fn j10_required_claims_are_required() {
    let world = World::new(Algorithm::EdDsa);
    for claim in ["iss", "sub", "aud", "exp", "iat"] {
        check(&world, claim, "", Err(TokenError::ClaimMissing { claim }));
    }
    for value in [r#""""#, "null", "1", r#"["ann"]"#] {
        check(
            &world,
            "sub",
            value,
            Err(TokenError::ClaimType { claim: "sub" }),
        );
    }
    // Optional, and any text at all (RFC 7519, section 4.1.7).
    check(&world, "jti", r#""""#, Ok("ann"));
    check(
        &world,
        "jti",
        "1",
        Err(TokenError::ClaimType { claim: "jti" }),
    );
}

#[test]
fn j10_a_token_may_not_live_longer_than_its_record_allows() {
    let world = World::with(Algorithm::EdDsa, r#""max_lifetime_s":600,"#);
    let issued = NOW_S - 60;
    check(&world, "exp", &(issued + 600).to_string(), Ok("ann"));
    check(
        &world,
        "exp",
        &(issued + 601).to_string(),
        Err(TokenError::Lifetime),
    );
    check(
        &world,
        "exp",
        "9223372036854775807",
        Err(TokenError::Lifetime),
    );
    check(&world, "iat", "0", Err(TokenError::Lifetime));

    // Without `iat` the time counts from now, leeway included.
    let members = r#""max_lifetime_s":600,"issued_at_required":false,"leeway_s":10,"#;
    let world = World::with(Algorithm::EdDsa, members);
    let without = |exp: i64| {
        let claims = format!(
            r#"{{"iss":"https://EdDSA.example","sub":"ann","aud":"lockstep","exp":{exp}}}"#
        );
        world.subject(&world.token(&world.header(), &claims))
    };
    assert_eq!(without(NOW_S + 610).as_deref(), Ok("ann"));
    assert_eq!(without(NOW_S + 611), Err(TokenError::Lifetime));
    check(
        &world,
        "iat",
        "null",
        Err(TokenError::ClaimType { claim: "iat" }),
    );
}

#[test]
fn j11_doubtful_claims_are_refused_though_signed() {
    let world = World::new(Algorithm::EdDsa);
    let good = world.claims();
    for member in [
        r#""sub":"bob""#,
        r#""sub\u0000":"bob""#,
        r#""name":"a\u0000b""#,
        r#""name":"\ud800""#,
        r#""nested":[{"a":1,"a":2}]"#,
        r#""\u0073ub":"bob""#,
    ] {
        for claims in [
            good.replacen('{', &format!("{{{member},"), 1),
            good.replacen('}', &format!(",{member}}}"), 1),
        ] {
            let found = world.subject(&world.token(&world.header(), &claims));
            assert!(
                matches!(
                    found,
                    Err(TokenError::Json {
                        segment: "claims",
                        ..
                    })
                ),
                "{claims}"
            );
        }
    }
    for claims in [
        format!("\u{feff}{good}"),
        format!("{good}{{}}"),
        format!("[{good}]"),
        String::new(),
        "null".into(),
    ] {
        let found = world.subject(&world.token(&world.header(), &claims));
        assert!(
            matches!(
                found,
                Err(TokenError::Json {
                    segment: "claims",
                    ..
                })
            ),
            "{claims}"
        );
    }
    // Another case is another claim.
    check(&world, "SUB", r#""bob""#, Ok("ann"));
}

#[test]
fn j17_tokens_for_other_uses_are_refused() {
    let world = World::new(Algorithm::EdDsa);
    for kind in [
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "oauth-authz-req+jwt",
        "",
    ] {
        let header = format!(r#"{{"alg":"EdDSA","kid":"k1","typ":"{kind}"}}"#);
        let text = world.token(&header, &world.claims());
        assert_eq!(world.subject(&text), Err(TokenError::Type), "{kind}");
        // Nor where somebody has the record by other means.
        let token = Token::parse(&text).unwrap();
        let found = token.select_from(&world.issuers.records()[0], None);
        assert_eq!(found.map(|_| ()), Err(TokenError::Type), "{kind}");
    }
    // A token inside a token.
    let nested = world.token(
        r#"{"alg":"EdDSA","kid":"k1","cty":"JWT"}"#,
        &world.good_token(),
    );
    assert!(world.subject(&nested).is_err());
}

#[test]
fn j6_extensions_are_refused_though_signed() {
    let world = World::new(Algorithm::EdDsa);
    for member in [
        r#""crit":["x"],"x":1"#,
        r#""crit":[]"#,
        r#""crit":["alg"]"#,
        r#""crit":["b64"],"b64":false"#,
        r#""b64":true"#,
        r#""zip":"DEF""#,
    ] {
        let header = world.header().replacen('{', &format!("{{{member},"), 1);
        let found = world.subject(&world.token(&header, &world.claims()));
        assert!(
            matches!(found, Err(TokenError::Extension { .. })),
            "{member}"
        );
    }
}
