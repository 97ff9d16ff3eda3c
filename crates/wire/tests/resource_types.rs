//! What a policy calls its projects and workspaces.

use lockstep_core::{Access, Grant, Level, Node, Record};
use lockstep_wire::{EvaluationRequest, Search, SearchRequest, compile_toml};

const TYPES: &str = r#"id = "p"
name = "P"
roles = [{ id = "admin", level = "organization", admin = true }]
permissions = [{ id = "read", level = "project", allow = ["admin"] }]
[resource_types]
record = "project"
team = "workspace"
"#;

fn asked(resource: &str) -> String {
    format!(
        r#"{{"subject": {{"type": "user", "id": "ben"}}, "action": {{"name": "read"}}, "resource": {resource}}}"#
    )
}

#[test]
fn a_resource_of_a_type_that_the_policy_names_is_a_node_of_its_level() {
    let policy = compile_toml(TYPES).unwrap();
    let types = &policy.document.resource_types;
    let record = Record {
        nodes: vec![
            Node::organization("acme"),
            Node::inside(Level::Workspace, "w", "acme"),
            Node::inside(Level::Project, "p", "w"),
        ],
        grants: vec![Grant::new("admin", "acme")],
        ..Record::default()
    };
    let access = Access::resolve(&policy.policy, record, 0).unwrap();
    let found = |resource: &str| {
        let request = EvaluationRequest::read(asked(resource).as_bytes(), types).unwrap();
        let node = request.location.find(&access)?;
        Some(access.describe(node)?.id.to_owned())
    };
    for (resource, node) in [
        (r#"{"type": "record", "id": "p"}"#, Some("p")),
        (r#"{"type": "project", "id": "p"}"#, Some("p")),
        (r#"{"type": "team", "id": "w"}"#, Some("w")),
        (
            r#"{"type": "record", "id": "p", "properties": {"workspace": "w"}}"#,
            Some("p"),
        ),
        // Of another level, in another place, or not there.
        (r#"{"type": "record", "id": "w"}"#, None),
        (
            r#"{"type": "record", "id": "p", "properties": {"workspace": "p"}}"#,
            None,
        ),
        (r#"{"type": "record", "id": "q"}"#, None),
        // A type that nobody named is something in the organization.
        (r#"{"type": "Record", "id": "p"}"#, Some("acme")),
    ] {
        assert_eq!(found(resource).as_deref(), node, "{resource}");
    }
    let body = asked(r#"{"type": "record"}"#);
    let asked = SearchRequest::resources(body.as_bytes(), types).unwrap();
    assert_eq!(asked.kind.as_deref(), Some("record"));
    let Search::Resources { level, .. } = asked.search else {
        panic!("{body}");
    };
    assert_eq!(level.map(Level::from), Some(Level::Project));
}

#[test]
fn a_type_is_called_as_nothing_else_is() {
    for (name, error) in [
        ("organization", "`organization` is defined twice"),
        ("project", "`project` is defined twice"),
        ("member", "`member` is defined twice"),
        ("\"a b\"", "`a b`"),
        ("\"\"", "``"),
    ] {
        let found = compile_toml(&TYPES.replace("record", name)).unwrap_err();
        assert_eq!(found.place.line, 6, "{found}");
        assert!(found.message.contains(error), "{found}");
    }
    let level = TYPES.replace("\"project\"\n", "\"folder\"\n");
    assert!(compile_toml(&level).is_err());
}
