use super::*;

const PUBLIC: [Algorithm; 3] = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256];

/// RFC 7515 appendix A.3.
const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// RFC 8037 appendix A.2.
const ED: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// RFC 7515 appendix A.2.
const RSA: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
const OCT: &str = r#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;

fn set(keys: &[&str]) -> Vec<u8> {
    format!(r#"{{"keys":[{}]}}"#, keys.join(",")).into_bytes()
}

/// The key with more members in front.
fn with(members: &str, key: &str) -> String {
    key.replacen('{', &format!("{{{members},"), 1)
}

#[track_caller]
fn fault(key: &str, expected: KeyFault) {
    let found = KeySet::parse(&set(&[key]), &PUBLIC).map(|_| ());
    assert_eq!(
        found,
        Err(KeySetError::Key {
            index: 0,
            fault: expected
        }),
        "{key}"
    );
}

#[track_caller]
fn left_out(key: &str, expected: LeftOut) {
    let found = KeySet::parse(&set(&[key]), &PUBLIC).map(|_| ());
    assert_eq!(
        found,
        Err(KeySetError::NoKeyLeft {
            left_out: vec![(0, expected)]
        }),
        "{key}"
    );
}

#[test]
fn j2_a_key_without_alg_is_bound_at_load() {
    let keys = KeySet::parse(&set(&[EC, ED, RSA]), &PUBLIC).unwrap();
    let bound: Vec<Algorithm> = keys.keys().iter().map(Key::algorithm).collect();
    assert_eq!(
        bound,
        [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256]
    );
    // With two that it could have, the key decides nothing.
    let both = [Algorithm::Rs256, Algorithm::Ps256];
    let found = KeySet::parse(&set(&[RSA]), &both).map(|_| ());
    let expected = KeySetError::NoKeyLeft {
        left_out: vec![(0, LeftOut::AlgorithmUnclear)],
    };
    assert_eq!(found, Err(expected));
}

#[test]
fn j2_a_key_is_only_for_an_allowed_algorithm_of_its_type() {
    left_out(&with(r#""alg":"RS512""#, RSA), LeftOut::AlgorithmNotAllowed);
    left_out(&with(r#""alg":"ES512""#, EC), LeftOut::AlgorithmNotAllowed);
    left_out(
        &with(r#""alg":"RSA-OAEP""#, RSA),
        LeftOut::AlgorithmNotAllowed,
    );
    left_out(&with(r#""alg":"none""#, RSA), LeftOut::AlgorithmNotAllowed);
    fault(&with(r#""alg":"RS256""#, EC), KeyFault::AlgorithmOfType);
    fault(&with(r#""alg":"HS256""#, RSA), KeyFault::AlgorithmOfType);
    fault(&with(r#""alg":"ES384""#, EC), KeyFault::AlgorithmOfType);
    fault(
        &with(r#""alg":["RS256"]"#, RSA),
        KeyFault::Member { name: "alg" },
    );
}

#[test]
fn j14_short_or_empty_symmetric_keys_are_refused() {
    let allowed = [Algorithm::Hs256];
    assert!(KeySet::parse(&set(&[OCT]), &allowed).is_ok());
    for (k, bytes) in [
        ("", 0),
        ("AA", 1),
        (&"A".repeat(41), 30),
        (&"A".repeat(1368), 1026),
    ] {
        let key = format!(r#"{{"kty":"oct","k":"{k}"}}"#);
        let found = KeySet::parse(&set(&[&key]), &allowed).map(|_| ());
        let sized = KeySetError::Key {
            index: 0,
            fault: KeyFault::SymmetricSize { bytes },
        };
        let spelled = KeySetError::Key {
            index: 0,
            fault: KeyFault::Member { name: "k" },
        };
        assert!(found == Err(sized) || found == Err(spelled), "{found:?}");
    }
    let missing = KeySet::parse(&set(&[r#"{"kty":"oct"}"#]), &allowed).map(|_| ());
    let expected = KeySetError::Key {
        index: 0,
        fault: KeyFault::Member { name: "k" },
    };
    assert_eq!(missing, Err(expected));
    // Each hash wants a key of its own length.
    assert!(KeySet::parse(&set(&[OCT]), &[Algorithm::Hs384]).is_err());
    assert!(KeySet::parse(&set(&[OCT]), &[Algorithm::Hs512]).is_err());
    // Nobody configured a symmetric algorithm.
    left_out(OCT, LeftOut::AlgorithmUnclear);
}

#[test]
fn j15_symmetric_and_public_keys_do_not_mix() {
    for keys in [[OCT, RSA], [RSA, OCT]] {
        let found = KeySet::parse(&set(&keys), &[Algorithm::Hs256, Algorithm::Rs256]).map(|_| ());
        assert_eq!(found, Err(KeySetError::Mixed));
    }
}

#[test]
fn j15_two_keys_of_one_name_are_refused() {
    let named = |key| with(r#""kid":"a""#, key);
    let found = KeySet::parse(&set(&[&named(EC), ED, &named(RSA)]), &PUBLIC).map(|_| ());
    assert_eq!(found, Err(KeySetError::DuplicateKid));
    assert!(
        KeySet::parse(&set(&[EC, ED, RSA]), &PUBLIC).is_ok(),
        "no name is not a name"
    );
    // One that is not for us is in nobody's way, as where an issuer publishes its key once for each algorithm.
    let of = |name| with(&format!(r#""kid":"a","alg":"{name}""#), RSA);
    let once_for_each = set(&[&of("RS256"), &of("RS384")]);
    let found = KeySet::parse(&once_for_each, &[Algorithm::Rs256]).unwrap();
    assert_eq!(found.keys().len(), 1);
    let both = [Algorithm::Rs256, Algorithm::Rs384];
    let found = KeySet::parse(&once_for_each, &both).map(|_| ());
    assert_eq!(found, Err(KeySetError::DuplicateKid));
}

#[test]
fn j15_published_private_keys_are_refused() {
    for key in [EC, ED, RSA] {
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            fault(&with(&format!(r#""{name}":"AA""#), key), KeyFault::Private);
        }
    }
    // Even one that would have been left out.
    fault(&with(r#""use":"enc","d":"AA""#, RSA), KeyFault::Private);
}

#[test]
fn j15_rsa_sizes_and_exponents_are_checked() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let rsa = |n: &[u8], e: &str| {
        format!(
            r#"{{"kty":"RSA","n":"{}","e":"{e}"}}"#,
            URL_SAFE_NO_PAD.encode(n)
        )
    };
    fault(&rsa(&[0xFF; 128], "AQAB"), KeyFault::RsaSize { bits: 1024 });
    left_out(&rsa(&[0xFF; 1024], "AQAB"), LeftOut::RsaSize);
    fault(
        &rsa(&[&[0][..], &[0xFF; 256]].concat(), "AQAB"),
        KeyFault::Member { name: "n" },
    );
    for e in ["AQ", "Aw", "AQAA", "__8"] {
        fault(&RSA.replace("AQAB", e), KeyFault::RsaExponent);
    }
    for e in ["AQAD", "AQAAAQ", "Af____8", "AQAAAAE"] {
        left_out(&RSA.replace("AQAB", e), LeftOut::RsaExponent);
    }
    for e in ["", "AAEAAQ", "AQAB=", "AQA B", "AQAA*"] {
        fault(&RSA.replace("AQAB", e), KeyFault::Member { name: "e" });
    }
    // Even (2^2047), and with the factor 3 (2^2048 - 1).
    fault(
        &rsa(&[&[0x80][..], &[0; 255]].concat(), "AQAB"),
        KeyFault::RsaWeak,
    );
    fault(&rsa(&[0xFF; 256], "AQAB"), KeyFault::RsaWeak);
    // A power of 65,537 is a power of it modulo every prime, as the moduli of ROCA are.
    let mut roca = vec![1_u8];
    while roca.len() < 257 {
        let shifted = [&roca[..], &[0, 0]].concat();
        roca = add(&shifted, &roca);
    }
    fault(&rsa(&roca, "AQAB"), KeyFault::RsaWeak);
}

#[test]
fn j15_points_off_their_curve_are_refused() {
    fault(&EC.replace("f83OJ3D2", "f83OJ3D3"), KeyFault::Point);
    fault(&ED.replace("11qYAYKx", "21qYAYKx"), KeyFault::Point);
    // The coordinates of one curve on another have the wrong length, when they load at all.
    let other_curve = EC.replace("P-256", "P-384");
    left_out(&other_curve, LeftOut::AlgorithmUnclear);
    let found = KeySet::parse(&set(&[&other_curve]), &[Algorithm::Es384]).map(|_| ());
    let fault = KeyFault::Member { name: "x" };
    assert_eq!(found, Err(KeySetError::Key { index: 0, fault }));
}

#[test]
fn j16_keys_for_other_uses_are_left_out() {
    for members in [
        r#""use":"enc""#,
        r#""use":"""#,
        r#""use":"SIG""#,
        r#""key_ops":[]"#,
        r#""key_ops":["encrypt"]"#,
        r#""key_ops":["sign"]"#,
        r#""key_ops":["verify","encrypt"]"#,
        r#""key_ops":["verify",1]"#,
        r#""use":"sig","key_ops":["encrypt"]"#,
        r#""use":"enc","key_ops":["verify"]"#,
    ] {
        left_out(&with(members, RSA), LeftOut::Use);
    }
    for members in [
        r#""use":"sig""#,
        r#""key_ops":["verify"]"#,
        r#""key_ops":["sign","verify"]"#,
    ] {
        assert!(
            KeySet::parse(&set(&[&with(members, RSA)]), &PUBLIC).is_ok(),
            "{members}"
        );
    }
    fault(&with(r#""use":1"#, RSA), KeyFault::Member { name: "use" });
    fault(
        &with(r#""key_ops":"verify""#, RSA),
        KeyFault::Member { name: "key_ops" },
    );
}

/// What Keycloak, Entra and others publish: keys for other uses beside the one that signs.
#[test]
fn a_mixed_bag_keeps_what_is_for_us() {
    let encryption = with(r#""kid":"e","use":"enc","alg":"RSA-OAEP""#, RSA);
    let other_curve = r#"{"kty":"OKP","crv":"X25519","kid":"x","x":"AA"}"#;
    let unknown = r#"{"kty":"AKP","alg":"ML-DSA-44","kid":"q","pub":"AA"}"#;
    let signing = with(r#""kid":"s","use":"sig","x5t":"AA","x5c":["AA"]"#, RSA);
    let keys = KeySet::parse(
        &set(&[&encryption, other_curve, unknown, &signing]),
        &PUBLIC,
    )
    .unwrap();
    assert_eq!(
        keys.keys().iter().map(Key::kid).collect::<Vec<_>>(),
        [Some("s")]
    );
    assert_eq!(
        keys.left_out(),
        [(0, LeftOut::Use), (1, LeftOut::Type), (2, LeftOut::Type),]
    );
}

/// RFC 7517 section 5: what is not understood, or beyond what is offered, harms no other key.
#[test]
fn a_key_that_others_can_use_harms_no_other() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let signing = with(r#""kid":"s""#, RSA);
    // RFC 8037: Ed448 signs EdDSA, too.
    let ed448 = r#"{"kty":"OKP","crv":"Ed448","alg":"EdDSA","use":"sig","kid":"e","x":"AA"}"#;
    let unknown = r#"{"kty":"XYZ","alg":"RS256","kid":"u"}"#;
    let huge = RSA.replace(
        r#""n":""#,
        &format!(r#""n":"{}"#, URL_SAFE_NO_PAD.encode([0xFF; 768])),
    );
    for allowed in [&[Algorithm::Rs256][..], &PUBLIC] {
        let keys = KeySet::parse(&set(&[&signing, ed448, unknown, &huge]), allowed).unwrap();
        let kids: Vec<Option<&str>> = keys.keys().iter().map(Key::kid).collect();
        assert_eq!(kids, [Some("s")]);
        let expected = [
            (1, LeftOut::Type),
            (2, LeftOut::Type),
            (3, LeftOut::RsaSize),
        ];
        assert_eq!(keys.left_out(), expected);
    }
}

#[test]
fn sets_are_bounded_and_strict() {
    let parse = |json: &str| KeySet::parse(json.as_bytes(), &PUBLIC).map(|_| ());
    for json in [
        "{}",
        "[]",
        r#"{"keys":{}}"#,
        r#"{"keys":[1]}"#,
        r#"{"keys":null}"#,
    ] {
        assert!(
            matches!(parse(json), Err(KeySetError::Shape | KeySetError::Json(_))),
            "{json}"
        );
    }
    assert_eq!(
        parse(r#"{"keys":[]}"#),
        Err(KeySetError::NoKeyLeft { left_out: vec![] })
    );
    let many = set(&vec![ED; KEYS_MAX + 1]);
    assert_eq!(
        KeySet::parse(&many, &PUBLIC).map(|_| ()),
        Err(KeySetError::TooMany)
    );
    let long = format!(r#"{{"keys":[{ED}],"x":"{}"}}"#, "x".repeat(KEY_SET_LEN_MAX));
    assert_eq!(parse(&long), Err(KeySetError::TooLong));
    assert!(matches!(
        parse(&format!(r#"{{"keys":[{ED}],"keys":[]}}"#)),
        Err(KeySetError::Json(_))
    ));
    assert!(parse(&format!(r#"{{"keys":[{}]}}"#, with(r#""kty":"OKP""#, ED))).is_err());
}

#[test]
fn what_webcrypto_imports_has_only_the_numbers() {
    let keys = KeySet::parse(&set(&[EC, ED, RSA]), &PUBLIC).unwrap();
    let exported: Vec<String> = keys.keys().iter().filter_map(Key::jwk).collect();
    for (exported, original) in exported.iter().zip([EC, ED, RSA]) {
        assert_eq!(
            Object::parse(exported.as_bytes()),
            Object::parse(original.as_bytes())
        );
    }
    let secret = KeySet::parse(&set(&[OCT]), &[Algorithm::Hs256]).unwrap();
    assert_eq!(secret.keys()[0].jwk(), None);
    assert!(!format!("{secret:?}").contains("AAAA"));
}

#[test]
fn j5_a_fingerprint_names_key_and_algorithm_and_not_the_kid() {
    let load = |key: &str, algorithm| {
        *KeySet::parse(&set(&[key]), &[algorithm]).unwrap().keys()[0].fingerprint()
    };
    let plain = load(RSA, Algorithm::Rs256);
    assert_eq!(plain, load(&with(r#""kid":"a""#, RSA), Algorithm::Rs256));
    assert_ne!(plain, load(RSA, Algorithm::Ps256));
    assert_ne!(load(ED, Algorithm::EdDsa), load(EC, Algorithm::Es256));
}

/// Big-endian sum; the second number is not longer than the first.
fn add(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut sum = one.to_vec();
    let mut carry = 0_u16;
    let others = other.iter().rev().chain(std::iter::repeat(&0));
    for (digit, other) in sum.iter_mut().rev().zip(others) {
        let part = u16::from(*digit) + u16::from(*other) + carry;
        carry = part >> 8;
        [_, *digit] = part.to_be_bytes();
    }
    assert_eq!(carry, 0);
    sum
}
