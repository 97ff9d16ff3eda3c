//! What an AuthZEN request states, and what of it is a fact.
#![expect(clippy::unwrap_used, reason = "test code")]

use lockstep_core::{Facts, Knowledge, Value};
use lockstep_wire::EvaluationRequest;

/// What is known under a request whose resource and action have these properties, beside `known`.
fn facts(resource: &str, action: &str, known: &Facts) -> Facts {
    let text = format!(
        r#"{{"subject": {{"type": "user", "id": "ben"}}, "action": {{"name": "read", "properties": {action}}},
            "resource": {{"type": "trace", "id": "t", "properties": {resource}}}}}"#
    );
    let request = EvaluationRequest::read(text.as_bytes()).unwrap();
    let mut facts = known.clone();
    facts.state(&request.facts, &request.unusable);
    facts
}

/// Such properties are stated, and valid, and test nothing that a rule may have meant by the name.
#[test]
fn what_the_request_calls_its_resource_and_action_is_no_fact() {
    let mut known = Facts::default();
    known.set("resource.id", Value::Text("known".into()));
    let found = facts(
        r#"{"id": "x", "type": [1], "key": "k"}"#,
        r#"{"name": "y"}"#,
        &known,
    );
    for name in ["resource.id", "resource.type", "action.name"] {
        assert_eq!(found.knowledge(name), Knowledge::Unknown, "{name}");
    }
    assert_eq!(found.value("resource.key"), Some(&Value::Text("k".into())));
}
