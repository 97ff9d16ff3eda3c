//! The 164 addresses of isemail: VALID and DNSWARN are accepted, every other category refused.
//!
//! Source: <https://github.com/dominicsayers/isemail/blob/cfeefc3/test/tests.xml>

#![expect(clippy::panic, clippy::unwrap_used, reason = "test code")]

mod vectors;

use lockstep_token::Address;

#[test]
fn i10_isemail_164_of_164() {
    let Some(file) = vectors::path("misc/isemail-tests.xml") else {
        return;
    };
    let xml = std::fs::read_to_string(file).unwrap();
    let mut cases = 0;
    let mut wrong = Vec::new();
    for case in xml.split("<test id=").skip(1) {
        let address = control_characters(&unescape(element(case, "address")));
        let category = element(case, "category");
        let expected = matches!(category, "ISEMAIL_VALID_CATEGORY" | "ISEMAIL_DNSWARN");
        if Address::parse(&address).is_ok() != expected {
            wrong.push(format!("{address:?} {category}"));
        }
        cases += 1;
    }
    assert_eq!(cases, 164);
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("isemail: 164 of 164");
}

/// The text of an element; the file writes an empty one as `<address/>`.
fn element<'xml>(case: &'xml str, name: &str) -> &'xml str {
    if case.contains(&format!("<{name}/>")) {
        return "";
    }
    let Some((_, rest)) = case.split_once(&format!("<{name}>")) else {
        panic!("no {name} in {case}");
    };
    rest.split_once("</").unwrap().0
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (name, after) = after.split_once(';').unwrap();
        plain.push_str(before);
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            code => {
                let code = code.strip_prefix("#x").unwrap();
                char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap()
            }
        });
        rest = after;
    }
    plain + rest
}

/// The file writes control characters as their pictures (note 1 at its head).
fn control_characters(text: &str) -> String {
    text.chars()
        .map(|character| match u32::from(character).checked_sub(0x2400) {
            Some(code @ 0..=0x1F) => char::from_u32(code).unwrap(),
            _ => character,
        })
        .collect()
}
