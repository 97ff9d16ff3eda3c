//! What each test of a condition says of each value, and of none: as the table in docs/formats.md has it.
#![expect(clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;

use lockstep_core::{Access, Facts, Grant, Node, Outcome, Record, Value, evaluate};
use lockstep_wire::{CompiledPolicy, DecisionView, compile_toml};

/// What the table calls the types, with a value of each that is also what is asked for.
fn values() -> [(&'static str, Value, &'static str); 3] {
    [
        ("yes or no", Value::Bool(true), "true"),
        ("number", Value::Integer(3), "3"),
        ("text", Value::Text("a".into()), "\"a\""),
    ]
}

/// A policy with one deny rule, by `test` of the fact `resource.tags.x`.
fn policy(test: &str, asked: &str, if_exists: bool) -> CompiledPolicy {
    let asked = match test {
        "in" | "not_in" => format!("[{asked}]"),
        _ if test.ends_with("_fact") => "\"context.other\"".into(),
        _ => asked.into(),
    };
    compile_toml(&format!(
        r#"id = "p"
        name = "P"
        roles = [{{ id = "admin", level = "organization", admin = true }}]
        permissions = [{{ id = "read", level = "organization", allow = ["admin"] }}]
        rules = [{{ id = "d", effect = "deny", permissions = ["read"],
            when = [{{ fact = "resource.tags.x", {test} = {asked}, if_exists = {if_exists} }}] }}]"#
    ))
    .unwrap()
}

/// Whether the condition holds under `facts`: whether the rule denies.
fn outcome(policy: &CompiledPolicy, facts: &Facts) -> Outcome {
    let record = Record {
        nodes: vec![Node::organization("acme")],
        grants: vec![Grant::new("admin", "acme")],
        ..Record::default()
    };
    let access = Access::resolve(&policy.policy, record, 0).unwrap();
    let read = access.policy().permission("read").unwrap();
    let decision = evaluate(&access, read, access.root(), facts);
    let view = DecisionView::new(&access, &decision);
    let [reason] = view.reasons.as_slice() else {
        panic!("{view:?}");
    };
    match reason.code.as_str() {
        "granted" => Outcome::False,
        "denied-by-rule" => Outcome::True,
        code => {
            assert_eq!(code, "fact-missing");
            Outcome::Unknown
        }
    }
}

#[test]
fn the_table_of_tests_is_what_is_evaluated() {
    let formats = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/formats.md");
    let formats = std::fs::read_to_string(formats).unwrap();
    let (_, table) = formats.split_once("| test | of | holds where").unwrap();
    let rows = table.lines().skip(2).take_while(|line| !line.is_empty());
    let rows: BTreeMap<&str, Vec<&str>> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            (cells[1].trim_matches('`'), cells[2].split(", ").collect())
        })
        .collect();
    let wrong = compile_toml(&POLICY.replace("equals = 1", ""))
        .unwrap_err()
        .to_string();
    for (test, types) in &rows {
        assert!(wrong.contains(&format!("`{test}`")), "{test}: {wrong}");
        for (of, value, asked) in values() {
            if !types.contains(&of) {
                continue;
            }
            for (other, given, _) in values() {
                let mut facts = Facts::default();
                facts.set("context.other", value.clone());
                facts.set("resource.tags.x", given);
                // What is asked for is there: so the negative tests fail, and all others hold.
                let wanted = match (other == of, test.starts_with("not_")) {
                    (false, _) => Outcome::Unknown,
                    (true, negative) => Outcome::from(!negative),
                };
                let policy = policy(test, asked, false);
                assert_eq!(
                    outcome(&policy, &facts),
                    wanted,
                    "{test} {asked} of {other}"
                );
            }
            for (if_exists, wanted) in [(false, Outcome::False), (true, Outcome::True)] {
                let policy = policy(test, asked, if_exists);
                let mut facts = Facts::default();
                facts.set("context.other", value.clone());
                assert_eq!(
                    outcome(&policy, &facts),
                    Outcome::Unknown,
                    "{test} of nothing"
                );
                facts.complete("resource.tags");
                assert_eq!(outcome(&policy, &facts), wanted, "{test} of what is absent");
            }
        }
    }
    assert_eq!(wrong.matches('`').count() / 2, rows.len());
}

const POLICY: &str = r#"id = "p"
name = "P"
roles = [{ id = "admin", level = "organization", admin = true }]
permissions = [{ id = "read", level = "organization", guard = [{ fact = "resource.a", equals = 1 }] }]
"#;

#[test]
fn a_number_is_the_same_however_it_is_written() {
    for test in ["equals", "at_least", "at_most"] {
        let policy = policy(test, "3.0", false);
        let mut facts = Facts::default();
        facts.set("resource.tags.x", Value::Integer(3));
        assert_eq!(outcome(&policy, &facts), Outcome::True, "{test}");
    }
}
