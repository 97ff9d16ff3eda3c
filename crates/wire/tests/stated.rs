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

/// A group in a group states facts of that name, as its dotted spelling does; by itself it is none, so of the
/// outer one nothing else is known.
#[test]
fn groups_in_groups_state_facts() {
    let mut known = Facts::default();
    known.set("resource.owner.org.plan", Value::Text("free".into()));
    let found = facts(
        r#"{"owner": {"org": {"name": "acme", "place": {"city": "Bern"}}, "age": 3, "odd": {"list": [1], "x": 1}}}"#,
        "{}",
        &known,
    );
    let text = |name: &str, text: &str| {
        assert_eq!(found.value(name), Some(&Value::Text(text.into())), "{name}");
    };
    text("resource.owner.org.name", "acme");
    text("resource.owner.org.place.city", "Bern");
    assert_eq!(found.value("resource.owner.age"), Some(&Value::Integer(3)));
    for (name, is_absent) in [
        ("resource.owner.org.place.street", true),
        // What is there and is no fact is never absent, nor what the group around it does not name.
        ("resource.owner.org", false),
        ("resource.owner.org.place", false),
        ("resource.owner.org.plan", false),
        ("resource.owner.other", false),
        ("resource.owner.odd.list", false),
        ("resource.owner.odd.other", false),
    ] {
        let wanted = if is_absent {
            Knowledge::Absent
        } else {
            Knowledge::Unknown
        };
        assert_eq!(found.knowledge(name), wanted, "{name}");
    }
}
