//! Project Wycheproof: JSON web signatures (401, of which 395 are scored) and JSON web keys (26).
//!
//! Of the 395, two cannot be met by any verifier that also meets the others: 367 and 370, listed
//! invalid, are byte for byte case 357, listed valid, under the same key (their names speak of
//! padding that the file does not have). The test finds such pairs by comparing texts, not by
//! number, and wants every other case right.
//!
//! Source: <https://github.com/C2SP/wycheproof/tree/dac1dd47/testvectors_v1>

use std::collections::BTreeSet;

use lockstep_token::Algorithm;
use lockstep_token::json::{Object, Value};
use lockstep_token::jwk::KeySet;
use lockstep_token::jws::Jws;
use lockstep_token::native::{Native, ready};

use crate::vectors;

#[test]
fn wycheproof_jws_all_but_the_two_that_contradict_a_third() {
    let Some(path) = vectors::path("wycheproof/EXPECTATIONS.json") else {
        return;
    };
    let defects: Vec<i64> = array(&read(path), "data_defects")
        .iter()
        .map(|defect| integer(object(defect), "tcId"))
        .collect();
    assert!(defects.len() >= 6, "{defects:?}");
    let Some(path) = vectors::path("wycheproof/json_web_signature_test.json") else {
        return;
    };
    let (mut scored, mut wrong, mut contradictions) = (0, Vec::new(), Vec::new());
    for group in array(&read(path), "testGroups") {
        let group = object(group);
        let key = group
            .member("public")
            .or_else(|| group.member("private"))
            .unwrap();
        let set = format!(r#"{{"keys":[{}]}}"#, written(key));
        let mut listed_valid = BTreeSet::new();
        for case in array(group, "tests") {
            let case = object(case);
            let id = integer(case, "tcId");
            // A signature in another form than the compact one is none here.
            let text = case.text("jws").unwrap_or_default();
            let is_valid = case.text("result") == Some("valid");
            let is_defect = defects.contains(&id);
            scored += usize::from(!is_defect);
            if accepted(&set, text) != (is_valid && !is_defect) {
                wrong.push(id);
            }
            if is_valid {
                listed_valid.insert(text);
            } else if listed_valid.contains(text) {
                contradictions.push(id);
            }
        }
    }
    assert!(scored >= 395, "{scored}");
    assert_eq!(wrong, contradictions);
    println!(
        "Wycheproof JWS: {} of {scored} scored; {contradictions:?} are the texts of others, which are valid",
        scored - wrong.len()
    );
}

#[test]
fn wycheproof_jwk_26_of_26() {
    let Some(path) = vectors::path("wycheproof/json_web_key_test.json") else {
        return;
    };
    let (mut cases, mut refused, mut wrong) = (0, 0, Vec::new());
    for group in array(&read(path), "testGroups") {
        let group = object(group);
        let set = group
            .member("public")
            .or_else(|| group.member("private"))
            .unwrap();
        let set = written(set);
        for case in array(group, "tests") {
            let case = object(case);
            let expected = case.text("result") == Some("valid");
            cases += 1;
            refused += usize::from(!expected);
            if accepted(&set, case.text("jws").unwrap_or_default()) != expected {
                wrong.push(integer(case, "tcId"));
            }
        }
    }
    assert!(cases >= 26 && refused >= 21, "{cases} {refused}");
    assert!(wrong.is_empty(), "{wrong:?}");
    println!("Wycheproof JWK: {cases} of {cases}");
}

/// Whether the token verifies under the set, as a record for public or for symmetric keys loads it.
fn accepted(set: &str, token: &str) -> bool {
    let (symmetric, public): (Vec<_>, Vec<_>) = Algorithm::ALL
        .into_iter()
        .partition(|algorithm| algorithm.is_symmetric());
    [symmetric, public].into_iter().any(|allowed| {
        KeySet::parse(set.as_bytes(), &allowed).is_ok_and(|keys| {
            Jws::parse(token).is_ok_and(|jws| {
                keys.select(&jws)
                    .is_ok_and(|check| ready(check.verify(&Native)).unwrap().is_ok())
            })
        })
    })
}

fn read(path: std::path::PathBuf) -> Object {
    Object::parse(&std::fs::read(path).unwrap()).unwrap()
}

fn object(value: &Value) -> &Object {
    value.as_object().unwrap()
}

fn array<'a>(object: &'a Object, name: &str) -> &'a [Value] {
    object.member(name).and_then(Value::as_array).unwrap()
}

fn integer(object: &Object, name: &str) -> i64 {
    match object.member(name) {
        Some(Value::Integer(value)) => *value,
        other => panic!("{name}: {other:?}"),
    }
}

/// The value as JSON; key sets hold texts, lists and objects only, and no text needs escaping.
fn written(value: &Value) -> String {
    match value {
        Value::Array(elements) => {
            format!(
                "[{}]",
                elements.iter().map(written).collect::<Vec<_>>().join(",")
            )
        }
        Value::Object(members) => {
            let member = |name| format!(r#""{name}":{}"#, written(members.member(name).unwrap()));
            format!(
                "{{{}}}",
                members.names().map(member).collect::<Vec<_>>().join(",")
            )
        }
        Value::Text(text) => format!(r#""{text}""#),
        other => panic!("{other:?} in a key set"),
    }
}
