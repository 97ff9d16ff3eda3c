use super::*;
use crate::uri::UriError;

const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// A good record with one member replaced, or taken away when the value is empty.
fn record(name: &str, value: &str) -> String {
    let members = [
        ("issuer", r#""https://login.example""#),
        ("audiences", r#"["lockstep"]"#),
        ("algorithms", r#"["EdDSA"]"#),
        ("keys", KEYS),
    ];
    let kept = members.into_iter().filter(|(other, _)| *other != name);
    let replaced = (!value.is_empty()).then_some((name, value));
    let members: Vec<String> = kept
        .chain(replaced)
        .map(|(name, value)| format!(r#""{name}":{value}"#))
        .collect();
    format!("{{{}}}", members.join(","))
}

#[track_caller]
fn refused(name: &'static str, value: &str) {
    let found = IssuerRecord::parse(&record(name, value)).map(|_| ());
    assert_eq!(found, Err(IssuerError::Member { name }), "{name} {value}");
}

#[test]
fn a_record_has_stated_defaults() {
    let found = IssuerRecord::parse(&record("", "")).unwrap();
    assert_eq!((found.leeway_s(), found.max_lifetime_s()), (30, 86_400));
    assert!(found.issued_at_required());
    assert_eq!(found.audiences(), ["lockstep"]);
}

/// J8, J9: without issuer, audience, algorithm or key there is no record.
#[test]
fn j8_nothing_that_is_checked_can_be_left_away() {
    let no_source = IssuerRecord::parse(&record("keys", "")).map(|_| ());
    assert_eq!(no_source, Err(IssuerError::KeySource));
    for name in ["issuer", "audiences", "algorithms", "keys"] {
        if name != "keys" {
            refused(name, "");
        }
        for value in ["null", "true", "1", "\"\"", "[]"] {
            refused(name, value);
        }
    }
    refused("issuer", r#"["https://login.example"]"#);
    refused("audiences", r#""lockstep""#);
    refused("audiences", r#"["lockstep",""]"#);
    refused("audiences", r#"["lockstep",1]"#);
    let no_key = IssuerRecord::parse(&record("keys", r#"{"keys":[]}"#)).map(|_| ());
    assert!(matches!(no_key, Err(IssuerError::Keys(_))));
}

#[test]
fn leeway_and_lifetime_are_bounded() {
    for value in ["-1", "121", "1.5", "30.0", "\"30\"", "null", "1e2"] {
        refused("leeway_s", value);
    }
    for value in ["0", "-1", "2678401", "\"60\"", "null"] {
        refused("max_lifetime_s", value);
    }
    assert_eq!(
        IssuerRecord::parse(&record("leeway_s", "0"))
            .unwrap()
            .leeway_s(),
        0
    );
    assert_eq!(
        IssuerRecord::parse(&record("leeway_s", "120"))
            .unwrap()
            .leeway_s(),
        120
    );
    refused("issued_at_required", "\"false\"");
    refused("types", "[]");
}

#[test]
fn j2_algorithms_are_named_and_do_not_mix() {
    for value in [
        r#"["none"]"#,
        r#"["ES512"]"#,
        r#"["EdDSA","HS256"]"#,
        r#"["eddsa"]"#,
    ] {
        let found = IssuerRecord::parse(&record("algorithms", value)).map(|_| ());
        assert_eq!(found, Err(IssuerError::Algorithms), "{value}");
    }
    // A symmetric algorithm does not make a public key symmetric.
    let found = IssuerRecord::parse(&record("algorithms", r#"["HS256"]"#)).map(|_| ());
    assert!(matches!(
        found,
        Err(IssuerError::Keys(KeySetError::NoKeyLeft { .. }))
    ));
}

#[test]
fn unknown_and_duplicate_members_are_refused() {
    let found = IssuerRecord::parse(&record("audience", r#""lockstep""#)).map(|_| ());
    assert_eq!(
        found,
        Err(IssuerError::Unknown {
            name: "audience".to_owned()
        })
    );
    let twice = record("", "").replacen('{', r#"{"issuer":"x","#, 1);
    assert!(matches!(
        IssuerRecord::parse(&twice),
        Err(IssuerError::Json(_))
    ));
}

#[test]
fn a_list_has_each_issuer_once() {
    let one = record("", "");
    let other = record("issuer", r#""https://login.example/""#);
    assert_eq!(
        Issuers::parse(&format!("[{one},{other}]"))
            .unwrap()
            .records()
            .len(),
        2
    );
    let twice = Issuers::parse(&format!("[{one},{other},{one}]")).map(|_| ());
    assert_eq!(twice, Err(IssuersError::Duplicate { index: 2 }));
    let many = format!("[{}]", vec!["{}"; ISSUERS_MAX + 1].join(","));
    assert_eq!(
        Issuers::parse(&many).map(|_| ()),
        Err(IssuersError::TooMany)
    );
    for json in ["{}", "null", "[1]", "[[]]"] {
        assert_eq!(
            Issuers::parse(json).map(|_| ()),
            Err(IssuersError::Shape),
            "{json}"
        );
    }
    let second = Issuers::parse(&format!("[{one},{}]", record("issuer", ""))).unwrap_err();
    assert_eq!(
        second.to_string(),
        "issuer 1: `issuer` is missing, empty, of the wrong type or out of range"
    );
}

#[test]
fn j4_keys_are_in_the_record_or_at_a_public_address() {
    let with = |members: &str, reach| {
        let record = record("keys", "").replacen('{', &format!("{{{members},"), 1);
        IssuerRecord::parse_within(&record, reach)
    };
    let uri = r#""jwks_uri":"https://login.example/keys""#;
    let found = with(uri, Reach::Public).unwrap();
    assert!(matches!(found.source(), KeySource::Uri(_)));
    assert!(found.read_keys(KEYS.as_bytes()).is_ok());
    let emptied = found.read_keys(b"{\"keys\":[]}").unwrap();
    let expected = KeySetError::NoKeyLeft { left_out: vec![] };
    assert_eq!(emptied.refused(), Some(&expected));
    assert!(emptied.keys().keys().is_empty());
    assert!(found.read_keys(b"{\"keys\":{}}").is_err());
    let plain = r#""jwks_uri":"http://login.example/keys""#;
    let refused = with(plain, Reach::Public).map(|_| ());
    assert_eq!(refused, Err(IssuerError::Uri(UriError::Scheme)));
    let loopback = r#""jwks_uri":"http://127.0.0.1:1/keys""#;
    assert!(with(loopback, Reach::Public).is_err());
    assert!(with(loopback, Reach::Loopback).is_ok());
    let both = format!(r#"{uri},"keys":{KEYS}"#);
    let refused = with(&both, Reach::Public).map(|_| ());
    assert_eq!(refused, Err(IssuerError::KeySource));
    let refused = with(r#""jwks_uri":1"#, Reach::Public).map(|_| ());
    assert_eq!(refused, Err(IssuerError::Member { name: "jwks_uri" }));
    let symmetric = record("keys", "").replace("EdDSA", "HS256");
    let symmetric = symmetric.replacen('{', &format!("{{{uri},"), 1);
    let refused = IssuerRecord::parse(&symmetric).map(|_| ());
    assert_eq!(refused, Err(IssuerError::KeySource));
    let inline = IssuerRecord::parse(&record("", "")).unwrap();
    let refused = inline.read_keys(KEYS.as_bytes()).map(|_| ());
    assert_eq!(refused, Err(KeySetError::NotPublished));
}

#[test]
fn a_subject_claim_names_somebody() {
    let plain = IssuerRecord::parse(&record("", "")).unwrap();
    assert_eq!(plain.subject_claim(), "sub");
    let named = IssuerRecord::parse(&record("subject_claim", r#""email""#)).unwrap();
    assert_eq!(named.subject_claim(), "email");
    for value in [
        "\"\"",
        "null",
        "1",
        "[\"sub\"]",
        "\"iss\"",
        "\"aud\"",
        "\"exp\"",
        "\"jti\"",
    ] {
        refused("subject_claim", value);
    }
}

/// J17: tokens of other kinds carry other types.
#[test]
fn j17_only_access_tokens_are_of_an_accepted_type() {
    let plain = IssuerRecord::parse(&record("", "")).unwrap();
    for kind in [
        None,
        Some("JWT"),
        Some("jwt"),
        Some("at+jwt"),
        Some("application/at+JWT"),
    ] {
        assert!(plain.accepts_type(kind), "{kind:?}");
    }
    for kind in [
        "",
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "application/",
        "xJWT",
        "JWT ",
    ] {
        assert!(!plain.accepts_type(Some(kind)), "{kind}");
    }
    let strict = IssuerRecord::parse(&record("types", r#"["at+jwt"]"#)).unwrap();
    assert!(strict.accepts_type(Some("at+jwt")));
    assert!(!strict.accepts_type(Some("JWT")));
    assert!(!strict.accepts_type(None));
}
