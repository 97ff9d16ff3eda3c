//! What is not even syntax: JSONTestSuite, and a megabyte of nested brackets, for every reader.
#![expect(clippy::unwrap_used, reason = "test code")]

#[path = "../../token/tests/vectors/mod.rs"]
mod vectors;

use lockstep_wire::{
    CompiledPolicy, FactsView, GatePolicy, PolicyDocumentError, Snapshot, SnapshotError,
    compile_toml, read_facts,
};

const MEBIBYTE: usize = 1 << 20;
/// Just under the limit of bytes for a policy, so that it is the nesting that is refused.
const POLICY_BYTES: usize = 999_000;

fn policy() -> CompiledPolicy {
    compile_toml(include_str!("../../../policies/opik.toml")).unwrap()
}

/// A policy whose permissions of everybody are `value`.
fn policy_with(value: &str) -> String {
    format!(
        r#"{{"everyone": {value}, "id": "a", "name": "A", "permissions": [],
            "roles": [{{"id": "admin", "level": "organization", "admin": true}}]}}"#
    )
}

/// A snapshot with `value` in a member that this release does not know, as a later one may add.
fn snapshot_with(value: &[u8]) -> Vec<u8> {
    let rest = format!(
        r#", "format": 1, "policy": {{"id": "opik", "digest": "{}"}}, "organization": "o",
            "principal": "p", "epoch": 1, "server_time_ms": 1, "grants": [],
            "nodes": [{{"id": "o", "level": "organization"}}]}}"#,
        policy().digest
    );
    [br#"{"later": "#, value, rest.as_bytes()].concat()
}

/// The files of JSONTestSuite; `None` without the outside test data.
///
/// Source: <https://github.com/nst/JSONTestSuite/tree/1ef36fa>
fn suite() -> Option<Vec<(String, Vec<u8>)>> {
    let folder = vectors::path("json/test_parsing")?;
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let mut files: Vec<(String, Vec<u8>)> = files
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            (name, std::fs::read(file.path()).unwrap())
        })
        .collect();
    files.sort();
    assert_eq!(files.len(), 318);
    Some(files)
}

#[test]
fn snapshots_are_json_also_where_they_are_not_known() {
    let policy = policy();
    let Some(files) = suite() else { return };
    for (name, value) in files {
        let read = Snapshot::read(&snapshot_with(&value), &policy);
        match name.as_bytes().first() {
            Some(b'y') => assert!(read.is_ok(), "{name}: {read:?}"),
            Some(b'n') => assert!(matches!(read, Err(SnapshotError::Json(_))), "{name}"),
            // `i_` is free to the parser; what it may not do is crash.
            _ => {}
        }
    }
}

#[test]
fn snapshots_are_text_also_where_they_are_not_known() {
    let policy = policy();
    assert!(Snapshot::read(&snapshot_with("\"\u{fc}\"".as_bytes()), &policy).is_ok());
    let read = Snapshot::read(&snapshot_with(b"\"\xfc\""), &policy);
    assert!(matches!(read, Err(SnapshotError::Json(_))), "{read:?}");
}

#[test]
fn policies_and_facts_are_json() {
    let mut refused = Vec::new();
    let Some(files) = suite() else { return };
    for (name, value) in files {
        let Ok(value) = String::from_utf8(value) else {
            // These readers take texts; what is none does not come this far.
            continue;
        };
        let read = CompiledPolicy::from_json(&policy_with(&value));
        let facts = serde_json::from_str::<FactsView>(&value);
        match name.as_bytes().first() {
            Some(b'n') => {
                assert!(matches!(read, Err(PolicyDocumentError::Json(_))), "{name}");
                assert!(facts.is_err(), "{name}");
            }
            // A list of one text is a list of permissions, if only of one that does not exist.
            Some(b'y') if name.starts_with("y_string_") && value.trim_start().starts_with('[') => {
                assert!(
                    matches!(read, Err(PolicyDocumentError::Policy(_))),
                    "{name}: {read:?}"
                );
            }
            Some(b'y') if name.starts_with("y_object_") && facts.is_err() => refused.push(name),
            _ => {}
        }
    }
    // Names twice, and values that no fact has.
    assert_eq!(
        refused,
        [
            "y_object_duplicated_key.json",
            "y_object_duplicated_key_and_value.json",
            "y_object_extreme_numbers.json",
            "y_object_long_strings.json",
            "y_object_simple.json",
        ]
    );
}

/// Of two roles for one level the last would count, and the first is what is read.
#[test]
fn a_level_whose_roles_a_plan_replaces_twice_is_refused() {
    let policy = |replaced: &str| {
        format!(
            r#"{{"id": "p", "name": "P",
                "roles": [{{"id": "a", "level": "organization", "admin": true}}, {{"id": "b", "level": "organization"}}],
                "permissions": [{{"id": "read", "level": "organization", "allow": ["a"]}}],
                "plan": {{"features": ["flat"], "replace": {{"flat": {{{replaced}}}}}}}}}"#
        )
    };
    CompiledPolicy::from_json(&policy(r#""organization": "b""#)).unwrap();
    let twice = policy(r#""organization": "b", "organization": "a""#);
    let error = CompiledPolicy::from_json(&twice).unwrap_err().to_string();
    assert!(
        error.contains("the member Organization appears twice"),
        "{error}"
    );
}

#[test]
fn deep_nesting_is_refused_by_every_reader() {
    let both = |bytes: usize| {
        [
            "[".repeat(bytes),
            ["[", "]"].map(|b| b.repeat(bytes / 2)).concat(),
        ]
    };
    for brackets in both(POLICY_BYTES) {
        let error = compile_toml(&format!("id = \"a\"\nname = {brackets}")).unwrap_err();
        assert_eq!(error.to_string(), "2:24: nested deeper than 16");
        for text in [policy_with(&brackets), brackets.clone()] {
            let error = CompiledPolicy::from_json(&text).unwrap_err().to_string();
            assert_eq!(error, "not a policy document: nested deeper than 16");
        }
    }
    for brackets in both(MEBIBYTE) {
        let error = compile_toml(&format!("id = {brackets}")).unwrap_err();
        assert_eq!(error.to_string(), "1:1: more than 1000000 bytes");
        let error = CompiledPolicy::from_json(&policy_with(&brackets)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "not a policy document: more than 1000000 bytes"
        );
        let facts = serde_json::from_str::<FactsView>(&format!(r#"{{"a": {brackets}}}"#));
        assert!(
            facts
                .unwrap_err()
                .to_string()
                .starts_with("recursion limit exceeded")
        );
        let error = Snapshot::read(&snapshot_with(brackets.as_bytes()), &policy()).unwrap_err();
        assert_eq!(error.to_string(), "not a snapshot: nested deeper than 16");
    }
    // What the page hands over nests nowhere.
    assert_eq!(read_facts(&vec![1; MEBIBYTE]), None);
    assert!(GatePolicy::read(vec![1; MEBIBYTE]).is_none());
}

/// Whoever takes the last role out of a file does not mean everybody.
#[test]
fn a_rule_of_an_exported_organization_names_some_roles_or_none_at_all() {
    let rule = |roles: &str| {
        let text = format!(r#"{{"effect": "allow",{roles} "permissions": ["read"]}}"#);
        serde_json::from_str::<lockstep_wire::ExportedRule>(&text).map(|rule| rule.roles.len())
    };
    assert_eq!(rule("").unwrap(), 0);
    assert_eq!(rule(r#" "roles": ["admin"],"#).unwrap(), 1);
    let refused = rule(r#" "roles": [],"#).unwrap_err().to_string();
    assert!(refused.contains("no role is named"), "{refused}");
}
