//! What an AuthZEN request states, and what of it is a fact.
#![expect(clippy::unwrap_used, reason = "test code")]

use lockstep_core::{Facts, Knowledge, Level, Outcome, Value};
use lockstep_wire::{EvaluationRequest, FactsView, ResourceTypes, compile_toml, read_world};

/// What is known under a request whose resource and action have these properties, beside `known`.
fn facts(resource: &str, action: &str, known: &Facts) -> Facts {
    let text = format!(
        r#"{{"subject": {{"type": "user", "id": "ben"}}, "action": {{"name": "read", "properties": {action}}},
            "resource": {{"type": "trace", "id": "t", "properties": {resource}}}}}"#
    );
    let request = EvaluationRequest::read(text.as_bytes(), &ResourceTypes::default()).unwrap();
    let mut facts = known.clone();
    let stated = request.stated();
    facts.state(stated.facts, stated.unusable);
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

/// A page has its numbers from a reader of JSON, which takes the nearest one that it has: so does every reader here,
/// that of worlds included (law 9).
#[test]
fn a_fraction_that_no_number_is_nearer_to_than_a_whole_one_is_that_one() {
    for (written, wanted) in [
        ("1e-400", Some(0)),
        ("-1e-400", Some(0)),
        ("0.99999999999999999999", Some(1)),
        ("9007199254740990.9999", Some(9_007_199_254_740_991)),
        ("1e-300", None),
        ("0.9999999999999999", None),
        ("4503599627370495.5", None),
    ] {
        let wanted = wanted.map(Value::Integer);
        let properties = format!(r#"{{"size": {written}}}"#);
        let found = facts(&properties, "{}", &Facts::default());
        assert_eq!(found.value("resource.size"), wanted.as_ref(), "{written}");
        let view = format!(r#"{{"resource.size": {written}}}"#);
        let view = serde_json::from_str::<FactsView>(&view).ok();
        let stated = view.and_then(|view| view.0.value("resource.size").cloned());
        assert_eq!(stated, wanted, "{written}");
        let world = format!(
            "principals = [{{ name = \"ben\", grants = [], properties = {{ size = {written} }} }}]"
        );
        let known = read_world(&world).ok().and_then(|world| {
            let ben = world.principals.into_iter().next()?;
            Some(Value::from(ben.properties.get("size")?.clone()))
        });
        assert_eq!(known, wanted, "{written}");
    }
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

/// However it is spelled: what a group is is there.
#[test]
fn an_object_is_there_however_its_name_is_spelled() {
    let name = "resource.tags.env";
    for resource in [
        r#"{"tags": {"a": "b", "env": {"stage": "prod"}}}"#,
        r#"{"tags": {"a": "b"}, "tags.env": {"stage": "prod"}}"#,
        r#"{"tags": {}, "tags.env": {}}"#,
        r#"{"tags": {}, "tags.env.of": {"stage": "prod"}}"#,
    ] {
        let found = facts(resource, "{}", &Facts::default());
        assert_eq!(found.knowledge(name), Knowledge::Unknown, "{resource}");
    }
    let stated = r#"{"resource.tags": {"a": "b"}, "resource.tags.env": {"stage": "prod"}}"#;
    let stated: FactsView = serde_json::from_str(stated).unwrap();
    assert_eq!(Facts::from(stated).knowledge(name), Knowledge::Unknown);
}

/// Every fact of a group has the group's name before its own.
#[test]
fn a_name_is_not_there_thousands_of_times() {
    let members: Vec<String> = (0..3_000).map(|at| format!(r#""{at}": {{}}"#)).collect();
    let members = members.join(", ");
    let read = |group: &str| {
        let text = format!(
            r#"{{"subject": {{"type": "user", "id": "ben"}}, "action": {{"name": "read"}},
                "resource": {{"type": "trace", "id": "t", "properties": {{"{group}": {{{members}}}}}}}}}"#
        );
        EvaluationRequest::read(text.as_bytes(), &ResourceTypes::default()).map(|_| ())
    };
    assert!(read(&"x".repeat(498)).is_ok());
    let refused = read(&"x".repeat(500)).unwrap_err().to_string();
    assert!(refused.contains("longer than 512 bytes"), "{refused}");
    let stated = |group: usize| {
        let text = format!(r#"{{"{}": {{"m": 1}}}}"#, "x".repeat(group));
        serde_json::from_str::<FactsView>(&text)
    };
    assert!(stated(510).is_ok());
    assert!(stated(511).is_err());
}

/// A list in the place of a team says that the directory's is not the whole answer.
#[test]
fn a_world_is_asked_under_all_that_a_request_states() {
    let policy = compile_toml(
        r#"
        id = "teams"
        name = "Teams"
        roles = [{ id = "admin", level = "organization", admin = true }]
        [[permissions]]
        id = "read"
        level = "organization"
        allow = ["admin"]
        guard = [{ fact = "principal.properties.team", equals = "x" }]
        "#,
    );
    let policy = policy.unwrap().policy;
    let document = r#"
        principals = [{ name = "ann", grants = [{ role = "admin", node = "organization" }], properties = { team = "x" } }]
    "#;
    let document = read_world(document).unwrap();
    let world = document.resolve(&policy, document.now_ms).unwrap();
    let ann = world.principal("ann").unwrap();
    let (read, root) = (policy.permission("read").unwrap(), world.root());
    let asked = |properties: &str| {
        let text = format!(
            r#"{{"subject": {{"type": "user", "id": "ann", "properties": {properties}}},
                "action": {{"name": "read"}}, "resource": {{"type": "organization", "id": "o"}}}}"#
        );
        let request = EvaluationRequest::read(text.as_bytes(), &ResourceTypes::default()).unwrap();
        let decision = request.decide_at(&world.access(ann), Some(root), &world.facts(ann));
        let allows = decision.unwrap().decision;
        let outcome = world.verdict(ann, read, root, &request);
        assert_eq!(outcome == Outcome::True, allows, "{properties}");
        let decision = world.evaluate(ann, read, root, &request);
        assert_eq!(decision.is_allow(), allows, "{properties}");
        let resources = world.resources(ann, read, Level::Organization, &request);
        let found = [
            world.subjects(read, root, &request).count(),
            resources.count(),
            world.actions(ann, root, &request).iter().count(),
        ];
        assert_eq!(found, [usize::from(allows); 3], "{properties}");
        allows
    };
    assert!(asked("{}"));
    assert!(asked(r#"{"team": "x"}"#));
    for other in [r#""y""#, r#"["y"]"#, "null", r#"{"a": 1}"#] {
        assert!(!asked(&format!(r#"{{"team": {other}}}"#)), "{other}");
    }
}

/// The form in which parts of one service hand a request on says no more than a body can.
#[test]
fn what_the_directory_states_nobody_else_does() {
    let sent = |facts: &str| {
        let text = format!(
            r#"{{"principal": "ann", "permission": "read", "location": [], "member": null, "facts": {facts}}}"#
        );
        serde_json::from_str::<EvaluationRequest>(&text).map(|_| ())
    };
    let open =
        r#"{"principal.properties.team": "x", "resource.tags": {"env": "prod"}, "context.at": 1}"#;
    assert!(sent(open).is_ok());
    for name in [
        "organization.members",
        "target.self",
        "principal.creator",
        "principal.id",
    ] {
        assert!(sent(&format!(r#"{{"{name}": 1}}"#)).is_err(), "{name}");
    }
    assert!(sent(r#"{"organization": {"members": 1}}"#).is_err());
}

/// A tag may be called as Kubernetes calls them.
#[test]
fn a_dotted_name_beside_an_object_that_has_it_not_is_a_fact() {
    let tags = r#"{"app": {"x": 1}, "app.kubernetes.io/name": "web", "stage": "prod"}"#;
    let text = format!(
        r#"{{"subject": {{"type": "user", "id": "ann"}}, "action": {{"name": "read"}},
        "resource": {{"type": "t", "id": "r", "properties": {{"tags": {tags}}}}}}}"#
    );
    let request = EvaluationRequest::read(text.as_bytes(), &ResourceTypes::default()).unwrap();
    let facts = request.stated().facts;
    let of = |name: &str| facts.value(&format!("resource.tags.{name}")).cloned();
    assert_eq!(
        of("app.kubernetes.io/name"),
        Some(Value::Text("web".into()))
    );
    assert_eq!(of("stage"), Some(Value::Text("prod".into())));
    assert_eq!(of("app.x"), Some(Value::Integer(1)));
}
