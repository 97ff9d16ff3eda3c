//! JSONTestSuite: `y_` accepted, `n_` refused, and of `y_` refused exactly the two files with a
//! duplicate name and the two with an escaped NUL.
//!
//! Source: <https://github.com/nst/JSONTestSuite/tree/1ef36fa>

mod vectors;

use lockstep_token::json::Value;

const REFUSED_FOR_CREDENTIALS: [&str; 4] = [
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_object_escaped_null_in_key.json",
    "y_string_null_escape.json",
];

#[test]
fn j11_json_test_suite_parsing() {
    let Some(folder) = vectors::path("json/test_parsing") else {
        return;
    };
    let (mut cases, mut wrong) = (0, Vec::new());
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let accepted = Value::parse(&std::fs::read(file.path()).unwrap()).is_ok();
        let expected = match name.as_bytes().first() {
            Some(b'y') => !REFUSED_FOR_CREDENTIALS.contains(&name.as_str()),
            Some(b'n') => false,
            // `i_` is free to the parser; what it may not do is crash.
            _ => accepted,
        };
        cases += 1;
        if accepted != expected {
            wrong.push(name);
        }
    }
    assert!(cases >= 318, "{cases}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("JSONTestSuite parsing: {cases} of {cases}");
}

/// The transform files show what parsers make of doubtful texts; these are the ones we refuse.
#[test]
fn j11_json_test_suite_transform() {
    let Some(folder) = vectors::path("json/test_transform") else {
        return;
    };
    let mut refused = Vec::new();
    let mut cases = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        cases += 1;
        if Value::parse(&std::fs::read(file.path()).unwrap()).is_err() {
            refused.push(file.file_name().into_string().unwrap());
        }
    }
    refused.sort();
    assert_eq!(cases, 22);
    assert_eq!(
        refused,
        [
            "object_same_key_different_values.json",
            "object_same_key_same_value.json",
            "object_same_key_unclear_values.json",
            "string_1_escaped_invalid_codepoint.json",
            "string_1_invalid_codepoint.json",
            "string_2_escaped_invalid_codepoints.json",
            "string_2_invalid_codepoints.json",
            "string_3_escaped_invalid_codepoints.json",
            "string_3_invalid_codepoints.json",
            "string_with_escaped_NULL.json",
        ]
    );
}
