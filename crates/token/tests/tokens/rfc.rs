//! The appendices of RFC 7515, 7519 and 8037: 4 verify, 7 are refused (A.4 is ES512, not offered).

use lockstep_token::Algorithm;
use lockstep_token::json::{Object, Value};
use lockstep_token::jwk::KeySet;
use lockstep_token::jws::Jws;
use lockstep_token::native::{Native, ready};

use crate::vectors;

#[test]
fn rfc_appendices_11_of_11() {
    let Some(path) = vectors::path("rfc/jose-rfc-appendices.json") else {
        return;
    };
    let file = Object::parse(&std::fs::read(path).unwrap()).unwrap();
    let cases = file.member("cases").and_then(Value::as_array).unwrap();
    let mut verified = 0;
    for case in cases {
        let case = case.as_object().unwrap();
        let id = case.text("id").unwrap();
        let token = case.text("jws").or_else(|| case.text("jws_json")).unwrap();
        let algorithm = case.text("alg").and_then(Algorithm::from_name);
        let keys = key_set(case).and_then(|set| {
            KeySet::parse(set.as_bytes(), &algorithm.into_iter().collect::<Vec<_>>()).ok()
        });
        let accepted = Jws::parse(token).is_ok_and(|jws| {
            keys.is_some_and(|keys| {
                keys.select(&jws)
                    .is_ok_and(|check| ready(check.verify(&Native)).unwrap().is_ok())
            })
        });
        let expected = case.text("result") == Some("valid") && algorithm.is_some();
        assert_eq!(accepted, expected, "{id}");
        verified += usize::from(accepted);
    }
    let all = cases.len();
    assert!(all >= 11 && verified >= 4, "{verified} of {all} verified");
    println!("RFC appendices: {all} of {all}");
}

fn key_set(case: &Object) -> Option<String> {
    let jwk = case.member("jwk").and_then(Value::as_object)?;
    let member = |name| Some(format!(r#""{name}":"{}""#, jwk.text(name)?));
    let members: Option<Vec<String>> = jwk.names().map(member).collect();
    Some(format!(r#"{{"keys":[{{{}}}]}}"#, members?.join(",")))
}
