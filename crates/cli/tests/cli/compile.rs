//! `lockstep compile`: the JSON that the browser reads.

use lockstep_wire::PolicyView;

use crate::support::{lockstep, printed, root, shipped};

#[test]
fn it_is_the_policy_as_it_is_served() {
    for id in shipped() {
        let path = format!("policies/{id}.toml");
        let source = std::fs::read_to_string(root().join(&path)).unwrap();
        let written = lockstep_wire::compile_toml(&source).unwrap();
        let json = printed(["compile", &path]);
        assert_eq!(json.as_bytes(), PolicyView::new(&written).to_json());
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["id"], id.as_str());
        assert_eq!(json["gate"]["digest"], written.digest.as_str());
    }
}

#[test]
fn a_policy_that_is_wrong_is_not_printed() {
    let output = lockstep(["compile", "Cargo.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("Cargo.toml:") && said.contains(": unknown field `"),
        "{said}"
    );
}
