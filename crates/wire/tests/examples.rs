//! Examples of other systems, natively: every folder of `tests/examples`, and the AuthZEN suites where
//! they are there.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lockstep_core::{Facts, Level, World};
use lockstep_wire::{
    CompiledPolicy, EvaluationRequest, ResourceTypes, WorldDocument, compile_toml, read_world,
};
use serde_json::{Value, json};

#[test]
fn every_example_is_decided_as_it_says() {
    let mut folders = 0;
    for entry in std::fs::read_dir(root().join("tests/examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !root().join("tests/examples").join(&name).is_dir() {
            continue;
        }
        folders += 1;
        let (policy, document) = read(&name);
        let world = document.resolve(&policy.policy, document.now_ms).unwrap();
        let without_effect = document.without_effect(&policy.policy, &world);
        assert!(without_effect.is_empty(), "{name}: {without_effect:?}");
        let mut allowed = 0;
        for case in &document.cases {
            let moment = case.now_ms.unwrap_or(document.now_ms);
            let world = document.resolve(&policy.policy, moment).unwrap();
            let found = document.answer(&world, case).unwrap();
            assert!(case.expect.is_met(&found), "{name}: {case:?}: {found:?}");
            allowed += usize::from(found.decision);
        }
        assert!(
            (1..document.cases.len()).contains(&allowed),
            "{name} shows one answer only"
        );
    }
    assert!(folders >= 18, "only {folders} examples");
}

#[test]
fn authzen_to_do_list() {
    let Some(suite) = suite("authzen/todo__decisions-authorization-api-1_0-02.json") else {
        return;
    };
    let example = Example::of("authzen-todo");
    let mut count = 0;
    for case in list(&suite["evaluation"]) {
        count += 1;
        assert_eq!(
            Ok(case["expected"].as_bool().unwrap()),
            example.decide(&case["request"]),
            "{case}"
        );
    }
    assert_eq!(count, 40);
    let batches = list(&suite["evaluations"]);
    assert_eq!(batches.len(), 3);
    for case in batches {
        let expected = list(&case["expected"]).iter();
        let expected: Vec<bool> = expected
            .map(|one| one["decision"].as_bool().unwrap())
            .collect();
        assert_eq!(example.decide_all(&case["request"]), expected, "{case}");
    }
}

#[test]
fn authzen_certification() {
    let Some(suite) = suite("authzen/certification-1_0-cases.json") else {
        return;
    };
    let example = Example::of("authzen-records");
    let mut counts = [0; 3];
    for case in list(&suite["cases"]) {
        let (request, body) = (&case["request"], &case["expect_body"]);
        let expected = body["decision"]
            .as_bool()
            .or(case["expect_decision"].as_bool());
        match case["endpoint"].as_str().unwrap() {
            "evaluation" => {
                counts[0] += 1;
                let answer = example.decide(request);
                match case["expect_status"].as_u64() {
                    Some(400) => assert!(answer.is_err(), "{case}"),
                    _ => assert_eq!(answer, Ok(expected.unwrap()), "{case}"),
                }
            }
            "evaluations" => {
                counts[1] += 1;
                let items = request["evaluations"]
                    .as_array()
                    .is_some_and(|all| !all.is_empty());
                if items {
                    let answers = example.decide_all(request);
                    assert_eq!(answers.len(), list(&request["evaluations"]).len(), "{case}");
                    for (answer, expected) in answers
                        .iter()
                        .zip(body["evaluations"].as_array().into_iter().flatten())
                    {
                        assert_eq!(Some(*answer), expected["decision"].as_bool(), "{case}");
                    }
                } else {
                    assert_eq!(example.decide(request), Ok(expected.unwrap()), "{case}");
                }
            }
            "search/subject" if body["results"].is_array() => {
                counts[2] += 1;
                let found = example.subjects(request);
                for wanted in list(&body["results"]) {
                    assert!(
                        found
                            .iter()
                            .any(|name| Some(name.as_str()) == wanted["id"].as_str()),
                        "{case}"
                    );
                }
            }
            // Paging, and searches over resources and their stored properties, are those of a server.
            _ => {}
        }
    }
    assert_eq!(counts, [19, 10, 2]);
}

/// What each may do to which records, as the scenario's table has it.
const RECORDS: [(&str, &str, &str); 18] = [
    (
        "alice",
        "view",
        "101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120",
    ),
    ("alice", "edit", "101 107 110 113 119"),
    ("alice", "delete", "101 107 113 119"),
    ("bob", "view", "101 102 103 105 108 112 114 116 117 119 120"),
    ("bob", "edit", "102 108 114 120"),
    ("bob", "delete", "102 108 114 120"),
    (
        "carol",
        "view",
        "101 102 103 105 108 109 112 115 116 117 119",
    ),
    ("carol", "edit", "103 109 115"),
    ("carol", "delete", "103 109 115"),
    (
        "dan",
        "view",
        "101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120",
    ),
    ("dan", "edit", "104 110 115 116"),
    ("dan", "delete", "104 110 116"),
    ("erin", "view", "105 111 115 117"),
    ("erin", "edit", "105 111 117"),
    ("erin", "delete", "105 111 117"),
    ("felix", "view", "104 106 109 111 112 114 118 120"),
    ("felix", "edit", "106 112 118"),
    ("felix", "delete", "106 112 118"),
];

/// The three searches of the scenario: on which records, who, and what.
#[test]
fn authzen_search() {
    let example = Example::of("authzen-search");
    let world = &example.world;
    let none = Facts::default();
    let policy = world.policy();
    let (mut who, mut what) = (BTreeSet::new(), BTreeSet::new());
    for (person, id, records) in RECORDS {
        let principal = world.principal(person).unwrap();
        let permission = policy.permission(id).unwrap();
        let found = world.resources(principal, permission, Level::Project, &none);
        let found: BTreeSet<&str> = found.map(|node| world.node_name(node)).collect();
        assert_eq!(found, records.split(' ').collect(), "{person} {id}");
        for record in found {
            who.insert((record.to_owned(), id, person));
            what.insert((person, record.to_owned(), id));
        }
    }
    let (mut found_who, mut found_what) = (BTreeSet::new(), BTreeSet::new());
    for node in world
        .nodes()
        .filter(|node| world.level(*node) == Some(Level::Project))
    {
        let record = world.node_name(node);
        for id in ["view", "edit", "delete"] {
            let permission = policy.permission(id).unwrap();
            for principal in world.subjects(permission, node, &none) {
                found_who.insert((record.to_owned(), id, world.principal_name(principal)));
            }
        }
        for principal in world.principals() {
            for at in world.actions(principal, node, &none).iter() {
                let id = &*policy.permissions()[at].id;
                found_what.insert((world.principal_name(principal), record.to_owned(), id));
            }
        }
    }
    assert_eq!(found_who, who);
    assert_eq!(found_what, what);
    // As the scenario asks: a record is a type of its own.
    for node in world
        .nodes()
        .filter(|node| world.level(*node) == Some(Level::Project))
    {
        let record = world.node_name(node);
        for (person, id, records) in RECORDS {
            let decided = example.decide(&json!({
                "subject": { "type": "user", "id": person },
                "action": { "name": id },
                "resource": { "type": "record", "id": record },
            }));
            let wanted = records.split(' ').any(|allowed| allowed == record);
            assert_eq!(decided, Ok(wanted), "{person} {id} {record}");
        }
    }
}

/// An example, and requests put to it.
struct Example {
    world: World,
    types: ResourceTypes,
}

impl Example {
    fn of(name: &str) -> Self {
        let (policy, document) = read(name);
        let world = document.resolve(&policy.policy, document.now_ms);
        Self {
            world: world.unwrap(),
            types: policy.document.resource_types,
        }
    }

    /// The decision, or what is wrong with the request.
    fn decide(&self, request: &Value) -> Result<bool, String> {
        let text = serde_json::to_vec(request).unwrap();
        let request =
            EvaluationRequest::read(&text, &self.types).map_err(|error| error.to_string())?;
        let Some(principal) = self.world.principal(&request.principal) else {
            return Ok(false);
        };
        let decided = request.decide(&self.world.access(principal), &self.world.facts(principal));
        decided
            .map(|view| view.decision)
            .map_err(|error| error.to_string())
    }

    /// The decisions of a batch, in which what the request says once holds for every item that does not
    /// say otherwise. An item that is no request is denied.
    fn decide_all(&self, request: &Value) -> Vec<bool> {
        let items = list(&request["evaluations"]).iter().map(|item| {
            let mut whole = request.as_object().unwrap().clone();
            whole.remove("evaluations");
            whole.extend(item.as_object().unwrap().clone());
            self.decide(&Value::Object(whole)).unwrap_or(false)
        });
        items.collect()
    }

    /// The names of all who may do what `request` asks.
    fn subjects(&self, request: &Value) -> Vec<String> {
        let mut whole = request.clone();
        // A search names no subject; a request does.
        whole["subject"]["id"] = "nobody".into();
        let whole =
            EvaluationRequest::read(&serde_json::to_vec(&whole).unwrap(), &self.types).unwrap();
        let permission = self.world.policy().permission(&whole.permission).unwrap();
        let root = self.world.nodes().next().unwrap();
        let found = self.world.subjects(permission, root, &whole);
        found
            .map(|id| self.world.principal_name(id).to_owned())
            .collect()
    }
}

fn read(name: &str) -> (CompiledPolicy, WorldDocument) {
    let folder = root().join("tests/examples").join(name);
    let text = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let policy =
        compile_toml(&text("policy.toml")).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let world = read_world(&text("world.toml")).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    (policy, world)
}

/// A suite that this project did not write; `None`, and a line that says so, without `LOCKSTEP_VECTORS`.
fn suite(name: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("LOCKSTEP_VECTORS") else {
        println!("left out: {name} (set LOCKSTEP_VECTORS to the folder of vectors)");
        return None;
    };
    let text = std::fs::read_to_string(root().join(folder).join(name)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
