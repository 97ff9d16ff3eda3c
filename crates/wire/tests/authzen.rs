//! AuthZEN requests: what each part of one becomes, and what is no request.
#![expect(clippy::unwrap_used, reason = "test code")]

use lockstep_core::{Access, Facts, Grant, Knowledge, Level, Node, Record, Value};
use lockstep_wire::{
    EvaluationRequest, Evaluations, FactsView, RequestError, ResourceTypes, Search, SearchRequest,
    Semantic, compile_toml,
};

fn read(text: &str) -> Result<EvaluationRequest, RequestError> {
    EvaluationRequest::read(text.as_bytes(), &levels())
}

/// What requests call resources where the policy says nothing of it.
fn levels() -> ResourceTypes {
    ResourceTypes::default()
}

/// A request with `more` members beside those that it must have.
fn with(more: &str) -> String {
    format!(
        r#"{{"subject": {{"type": "user", "id": "ben"}}, "action": {{"name": "read"}},
            "resource": {{"type": "trace", "id": "t"}}{more}}}"#
    )
}

fn facts(resource: &str) -> Facts {
    let text = with("").replace(
        r#""id": "t""#,
        &format!(r#""id": "t", "properties": {resource}"#),
    );
    read(&text).unwrap().stated().facts.clone()
}

#[test]
fn every_part_states_its_own_facts() {
    let request = read(
        r#"{"subject": {"type": "user", "id": "ben", "properties": {"team": "a", "id": "ada"}},
            "action": {"name": "read", "properties": {"soft": true}},
            "resource": {"type": "trace", "id": "t", "properties": {"size": 3, "tags": {"Env": "prod"}}},
            "context": {"ip": "::1"}, "later": [{"a": 1.5}]}"#,
    )
    .unwrap();
    assert_eq!(request.principal, "ben");
    assert_eq!(request.permission, "read");
    let text = |text: &str| Value::Text(text.into());
    let stated: Vec<(&str, &Value)> = request.stated().facts.iter().collect();
    let wanted = [
        ("action.soft", &Value::Bool(true)),
        ("context.ip", &text("::1")),
        // Nobody becomes another principal by saying so.
        ("principal.properties.id", &text("ada")),
        ("principal.properties.team", &text("a")),
        ("resource.size", &Value::Integer(3)),
        ("resource.tags.Env", &text("prod")),
    ];
    assert_eq!(stated, wanted);
    assert_eq!(
        request.stated().facts.groups().collect::<Vec<_>>(),
        ["resource.tags"]
    );
}

#[test]
fn what_no_fact_can_be_is_not_known_rather_than_absent() {
    for value in ["[1]", "1.5", "null", "18446744073709551615", r#"{"a": 1}"#] {
        let facts = facts(&format!(r#"{{"tags": {{"Env": {value}, "Kind": "x"}}}}"#));
        assert_eq!(
            facts.knowledge("resource.tags.Env"),
            Knowledge::Unknown,
            "{value}"
        );
        // So nothing is said about the others either.
        assert_eq!(
            facts.knowledge("resource.tags.Other"),
            Knowledge::Unknown,
            "{value}"
        );
        assert!(facts.value("resource.tags.Kind").is_some());
    }
    let facts = facts(r#"{"tags": {"Kind": "x"}, "tags.Env": [1]}"#);
    assert_eq!(facts.knowledge("resource.tags.Env"), Knowledge::Unknown);
}

/// A page has one kind of numbers, and takes all of these for the same (law 9).
#[test]
fn a_whole_number_is_the_same_however_it_is_written() {
    for (written, number) in [
        ("1", Some(1)),
        ("1.0", Some(1)),
        ("1e0", Some(1)),
        ("8067189797887815.0", Some(8_067_189_797_887_815)),
        ("6459882821004395.000", Some(6_459_882_821_004_395)),
        ("90150160905051.000", Some(90_150_160_905_051)),
        ("753632493121000000e-6", Some(753_632_493_121)),
        ("10e-1", Some(1)),
        ("-0", Some(0)),
        ("-3.0", Some(-3)),
        ("1000000000000001.0", Some(1_000_000_000_000_001)),
        ("9007199254740991", Some(9_007_199_254_740_991)),
        ("-9007199254740991", Some(-9_007_199_254_740_991)),
        ("9007199254740992", None),
        ("-9007199254740992", None),
        ("9007199254740992.0", None),
        ("-1e300", None),
        ("1.5", None),
    ] {
        let number = number.map(Value::Integer);
        let facts = facts(&format!(r#"{{"size": {written}}}"#));
        assert_eq!(facts.value("resource.size"), number.as_ref(), "{written}");
        let view = format!(r#"{{"resource.size": {written}}}"#);
        let view = serde_json::from_str::<FactsView>(&view).ok();
        let stated = view.and_then(|view| view.0.value("resource.size").cloned());
        assert_eq!(stated, number, "{written}");
    }
}

/// As the schema has it, and as it is for `properties` and `context`.
#[test]
fn null_is_what_is_not_there() {
    let within = |properties: &str| {
        let text = with("").replace(
            r#""id": "t""#,
            &format!(r#""id": "t", "properties": {properties}"#),
        );
        read(&text).map(|request| request.location)
    };
    assert_eq!(
        within(r#"{"workspace": null, "project": null}"#),
        within("{}")
    );
    let lab = within(r#"{"workspace": "lab"}"#);
    assert_eq!(within(r#"{"workspace": "lab", "project": null}"#), lab);
    assert_ne!(lab, within("{}"));
    assert_eq!(read(&with(r#", "context": null"#)), read(&with("")));
}

/// Answered as one question, a batch would look as if all of it had been.
#[test]
fn several_requests_are_not_one() {
    for none in ["null", "[]"] {
        assert_eq!(
            read(&with(&format!(r#", "evaluations": {none}"#))),
            read(&with(""))
        );
    }
    for several in [r#"[{}]"#, r#"[{"action": {"name": "write"}}]"#, "{}", "1"] {
        let refused = read(&with(&format!(r#", "evaluations": {several}"#)));
        assert_eq!(
            refused.unwrap_err().to_string(),
            "`evaluations` are several requests: write each on its own"
        );
    }
}

#[test]
fn a_byte_order_mark_is_called_so() {
    let refused = read(&format!("\u{feff}{}", with(""))).unwrap_err();
    assert_eq!(refused.to_string(), "it begins with a byte order mark");
}

#[test]
fn what_is_no_request_is_refused_with_the_reason() {
    let refused = [
        ("null", "the request is not an object"),
        ("{}", "`subject` is missing"),
        (
            &with("").replace("\"ben\"", "7"),
            "`subject.id` is not a text",
        ),
        (
            &with("").replace("\"type\": \"user\", ", ""),
            "`subject.type` is missing",
        ),
        (
            &with("").replace("{\"name\": \"read\"}", "\"read\""),
            "`action` is not an object",
        ),
        (
            &with("").replace("\"name\"", "\"called\""),
            "`action.name` is missing",
        ),
        (
            &with("").replace(", \"id\": \"t\"", ""),
            "`resource.id` is missing",
        ),
        (&with(r#", "context": []"#), "`context` is not an object"),
        (
            &with("").replace("\"t\"", r#""t", "properties": {"workspace": 7}"#),
            "`resource.properties.workspace` is not a text",
        ),
        (
            &with(r#", "context": {"a.b": 1, "a": {"b": 2}}"#),
            "`context.a.b` is stated twice",
        ),
        (
            &with(r#", "context": {"a": {"b": [1]}, "a.b": 2}"#),
            "`context.a.b` is stated twice",
        ),
        (
            &with(r#", "context": {"a": {"b": null}, "a.b": 2}"#),
            "`context.a.b` is stated twice",
        ),
        (
            &with(r#", "context": {"a.b": null, "a": {"b": 2}}"#),
            "`context.a.b` is stated twice",
        ),
        (
            &with(r#", "context": {"a": {"b": {"c": 1}}, "a.b": {"c": 2}}"#),
            "`context.a.b.c` is stated twice",
        ),
        (
            &with(r#", "context": {"a.b": {"c": 2}, "a": {"b": {"c": 1}}}"#),
            "`context.a.b.c` is stated twice",
        ),
        (
            &with(r#", "context": {"a": {"b.c": 2, "b": {"c": 1}}}"#),
            "`context.a.b.c` is stated twice",
        ),
        (
            &with(r#", "context": {"a.b.c": 2, "a": {"b": {"c": 1}}}"#),
            "`context.a.b.c` is stated twice",
        ),
        (
            &with(r#", "context": {"a.b.c": [2], "a": {"b": {"c": {}}}}"#),
            "`context.a.b.c` is stated twice",
        ),
        (
            &with(r#", "context": {"a.b.c.d": 2, "a.b": {"c": {"d": 1}}}"#),
            "`context.a.b.c.d` is stated twice",
        ),
    ];
    for (text, reason) in refused {
        let error = read(text).unwrap_err();
        assert_eq!(
            (error.code(), error.to_string().as_str()),
            ("invalid-request", reason)
        );
    }
    for text in [
        "",
        "{",
        "[1,]",
        &with(r#", "context": {"a": 1, "a": 1}"#),
        &with(r#", "x": [{"a": 1, "\u0061": 1}]"#),
    ] {
        assert_eq!(read(text).unwrap_err().code(), "invalid-json", "{text}");
    }
    let long = with(&format!(
        r#", "context": {{"a": "{}"}}"#,
        "a".repeat(65_536)
    ));
    assert_eq!(read(&long), Err(RequestError::TooLong));
}

#[test]
fn what_is_stated_of_the_subject_counts_before_what_is_known() {
    let policy = compile_toml(
        r#"id = "p"
        name = "P"
        roles = [{ id = "admin", level = "organization", admin = true }]
        permissions = [{ id = "read", level = "organization", allow = ["admin"], guard = [
            { fact = "principal.properties.team", equals = "a" },
            { fact = "principal.id", equals = "ben" },
        ] }]"#,
    )
    .unwrap();
    let record = Record {
        principal: "ben".into(),
        nodes: vec![
            Node::organization("o"),
            Node::inside(Level::Workspace, "w", "o"),
        ],
        grants: vec![Grant::new("admin", "o")],
        ..Record::default()
    };
    let access = Access::resolve(&policy.policy, record, 0).unwrap();
    let mut known = Facts::default();
    known.set("principal.id", Value::Text("ben".into()));
    known.set("principal.properties.team", Value::Text("b".into()));
    let code = |subject: &str| {
        let text = with("").replace("\"ben\"", &format!("\"ben\"{subject}"));
        let decision = read(&text).unwrap().decide(&access, &known).unwrap();
        decision.reasons.first().unwrap().code.clone()
    };
    assert_eq!(code(""), "guard-failed");
    assert_eq!(code(r#", "properties": {"team": "a"}"#), "granted");
}

/// Otherwise what is known would answer in place of who knows better.
#[test]
fn what_is_stated_of_the_subject_and_is_no_fact_leaves_nothing_known() {
    let policy = compile_toml(
        r#"id = "p"
        name = "P"
        roles = [{ id = "admin", level = "organization", admin = true }]
        permissions = [{ id = "read", level = "organization", allow = ["admin"], guard = [
            { fact = "principal.properties.team", equals = "blue" },
            { fact = "principal.properties.site.city", equals = "Ulm", if_exists = true },
        ] }]"#,
    )
    .unwrap();
    let record = Record {
        principal: "ben".into(),
        nodes: vec![
            Node::organization("o"),
            Node::inside(Level::Workspace, "w", "o"),
        ],
        grants: vec![Grant::new("admin", "o")],
        ..Record::default()
    };
    let access = Access::resolve(&policy.policy, record, 0).unwrap();
    let mut known = Facts::default();
    for (name, value) in [("team", "blue"), ("site.city", "Ulm")] {
        known.set(
            format!("principal.properties.{name}"),
            Value::Text(value.into()),
        );
    }
    let code = |properties: &str| {
        let subject = format!("\"ben\", \"properties\": {properties}");
        let request = read(&with("").replace("\"ben\"", &subject)).unwrap();
        let sent = serde_json::to_string(&request).unwrap();
        assert_eq!(
            serde_json::from_str::<EvaluationRequest>(&sent).unwrap(),
            request
        );
        let decision = request.decide(&access, &known).unwrap();
        decision.reasons.first().unwrap().code.clone()
    };
    assert_eq!(code("{}"), "granted");
    for no_fact in ["[\"red\"]", "[]", "null", "1.5", "{}", "{\"a\": 1}"] {
        let properties = format!("{{\"team\": {no_fact}}}");
        assert_eq!(code(&properties), "fact-missing", "{no_fact}");
    }
    // A group states all there are of it, unless one of them is no fact.
    assert_eq!(code(r#"{"site": {}}"#), "granted");
    assert_eq!(code(r#"{"site": {"city": "Bonn"}}"#), "guard-failed");
    assert_eq!(code(r#"{"site": {"city": []}}"#), "fact-missing");
    assert_eq!(code(r#"{"site": {"lab": []}}"#), "fact-missing");
    assert_eq!(code(r#"{"site": []}"#), "fact-missing");
}

#[test]
fn what_one_of_several_does_not_say_the_body_says_for_it_as_a_whole() {
    let body = with(
        r#", "context": {"a": 1}, "options": {"evaluations_semantic": "permit_on_first_permit"},
            "evaluations": [{}, {"context": {"b": 2}, "subject": {"type": "user", "id": "ada"}}, {"action": {}}, 1]"#,
    );
    let Ok(Evaluations::Several(requests, semantic)) =
        Evaluations::read(body.as_bytes(), &levels())
    else {
        panic!("{body}");
    };
    assert_eq!(semantic, Semantic::PermitOnFirstPermit);
    let names = |at: usize| -> (String, Vec<String>) {
        let request = requests[at].as_ref().unwrap();
        let facts = request
            .stated()
            .facts
            .iter()
            .map(|(name, _)| name.to_owned());
        (request.principal.clone(), facts.collect())
    };
    assert_eq!(names(0), ("ben".into(), vec!["context.a".into()]));
    assert_eq!(names(1), ("ada".into(), vec!["context.b".into()]));
    let error = |at: usize| requests[at].as_ref().unwrap_err().to_string();
    assert_eq!(error(2), "`action.name` is missing");
    assert_eq!(error(3), "the request is not an object");
}

#[test]
fn a_search_does_not_look_at_the_id_of_what_it_is_for() {
    let body = with(r#", "page": {"token": "", "limit": 3}"#);
    let subjects = SearchRequest::subjects(body.as_bytes(), &levels()).unwrap();
    assert_eq!((subjects.token, subjects.limit), (None, Some(3)));
    let Search::Subjects { kind, request } = subjects.search else {
        panic!("{body}");
    };
    assert!(kind.is_some() && request.principal.is_empty());
    let resources = SearchRequest::resources(body.as_bytes(), &levels())
        .unwrap()
        .search;
    let Search::Resources { level, request, .. } = resources else {
        panic!("{body}");
    };
    // The directory has no traces.
    assert_eq!((level, request.principal.as_str()), (None, "ben"));
    let actions = SearchRequest::actions(body.as_bytes(), &levels())
        .unwrap()
        .search;
    let Search::Actions(request) = actions else {
        panic!("{body}");
    };
    assert!(request.permission.is_empty());
    for (without, error) in [
        ("\"subject\"", "`subject` is missing"),
        ("\"resource\"", "`resource` is missing"),
    ] {
        let body = body.replace(without, "\"other\"");
        for read in [
            SearchRequest::subjects,
            SearchRequest::resources,
            SearchRequest::actions,
        ] {
            assert_eq!(
                read(body.as_bytes(), &levels()).unwrap_err().to_string(),
                error
            );
        }
    }
}

#[test]
fn a_request_is_the_same_after_it_was_sent() {
    let request = read(
        r#"{"subject": {"type": "user", "id": "ben", "properties": {"team.a": "x", "team": {}}},
            "action": {"name": "read"}, "resource": {"type": "project", "id": "p",
            "properties": {"workspace": "w", "tags": {"a.b": 1}, "tags.c": {"d": true}}}}"#,
    )
    .unwrap();
    let sent = serde_json::to_string(&request).unwrap();
    assert_eq!(
        serde_json::from_str::<EvaluationRequest>(&sent).unwrap(),
        request
    );
}

/// As many nested names as a body has room for are read a hundred times in no more steps than as many others.
#[test]
fn nested_names_cost_what_others_do() {
    let item = |at: usize| format!("\"{at}\": {{}}");
    let tags = (0..6_000).map(item).collect::<Vec<_>>().join(",");
    let items = vec!["{}"; 100].join(",");
    let text = format!(
        r#"{{"subject": {{"type": "user", "id": "ann"}}, "action": {{"name": "read"}},
        "resource": {{"type": "t", "id": "r"}}, "context": {{"tags": {{{tags}}}}}, "evaluations": [{items}]}}"#
    );
    let requests = match Evaluations::read(text.as_bytes(), &levels()).unwrap() {
        Evaluations::Several(requests, _) => requests,
        Evaluations::One(_) => Vec::new(),
    };
    let good = requests.iter().filter(|request| request.is_ok());
    assert_eq!(good.count(), 100);
}
