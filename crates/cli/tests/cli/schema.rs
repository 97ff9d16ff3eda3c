//! `lockstep schema`: the committed schemas are those of the types, and fit what is committed.

use std::path::Path;

use jsonschema::Validator;
use lockstep_wire::{compile_toml, read_world};
use serde_json::{Value, json};

use crate::support::{lockstep_reading, printed, root};

pub(crate) fn schema(document: &str) -> Validator {
    let schema = serde_json::from_str(&printed(["schema", document])).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// Every TOML file in `folder`, as JSON.
fn files(folder: &str) -> Vec<(String, Value)> {
    let files = std::fs::read_dir(root().join(folder)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let is_toml = |path: &Path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    };
    let read = files.filter(|path| is_toml(path)).map(|path| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path.display().to_string(), toml::from_str(&text).unwrap())
    });
    read.collect()
}

#[track_caller]
pub(crate) fn fits(schema: &Validator, name: &str, document: &Value) {
    let errors = schema
        .iter_errors(document)
        .map(|error| format!("{error} at {}", error.instance_path));
    assert_eq!(errors.collect::<Vec<_>>(), [""; 0], "{name}");
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    for document in [
        "audit",
        "decision",
        "organization",
        "policy",
        "request",
        "snapshot",
        "world",
    ] {
        let path = root().join(format!("docs/schema/{document}.json"));
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(
            printed(["schema", document]),
            committed,
            "stale: run `cargo xtask bless`"
        );
    }
}

#[test]
fn every_world_and_every_policy_fits_its_schema() {
    for (folder, document) in [("tests/corpus", "world"), ("policies", "policy")] {
        let schema = schema(document);
        let files = files(folder);
        assert!(files.len() > 5);
        for (name, read) in files {
            fits(&schema, &name, &read);
            let mut wrong = read;
            wrong["surprise"] = json!(true);
            assert!(!schema.is_valid(&wrong), "{name}");
        }
    }
    let world = schema("world");
    let case = |expect: &str| {
        let case = json!({"principal": "a", "permission": "b", "expect": expect});
        json!({"principals": [], "cases": [case]})
    };
    assert!(world.is_valid(&case("no-grant")) && !world.is_valid(&case("no-grnat")));
}

#[test]
fn requests_answers_and_snapshots_fit_theirs() {
    let text = std::fs::read_to_string(root().join("docs/formats.md")).unwrap();
    let blocks = text.split("```json\n").skip(1);
    let blocks =
        blocks.map(|rest| serde_json::from_str(rest.split("```").next().unwrap()).unwrap());
    let blocks: Vec<Value> = blocks.collect();
    // The last one is what a compiled policy has beside its document.
    let [request, decision, snapshot, _] = blocks.as_slice() else {
        panic!("the documentation shows another number of documents");
    };
    fits(&schema("request"), "request", request);
    fits(&schema("snapshot"), "snapshot", snapshot);
    let answers = schema("decision");
    fits(&answers, "decision", decision);
    let world = "tests/corpus/opik-cap.toml";
    let call = [
        "evaluate",
        "--policy",
        "policies/opik.toml",
        "--world",
        world,
    ];
    let output = lockstep_reading(call, format!("{request}\n{{\n").as_bytes());
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        fits(&answers, line, &serde_json::from_str(line).unwrap());
    }
    assert!(!schema("request").is_valid(&json!({"subject": {"type": "user", "id": "a"}})));
    assert!(!answers.is_valid(&json!({"decision": "yes"})));
}

/// An editor that shows no fault where `lockstep` finds one is of no use.
#[test]
fn what_is_refused_fits_no_schema() {
    let policy = schema("policy");
    let rule = |more: Value| {
        let mut rule = json!({"id": "r", "effect": "deny", "permissions": ["p"]});
        rule.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"id": "p", "name": "P", "roles": [], "permissions": [], "rules": [rule]})
    };
    let when = |condition: Value| rule(json!({"when": [condition]}));
    assert!(policy.is_valid(&rule(json!({}))));
    assert!(!policy.is_valid(&rule(json!({"permissions": []}))));
    assert!(policy.is_valid(&when(json!({"fact": "a", "in": ["x"], "if_exists": true}))));
    assert!(!policy.is_valid(&when(json!({"fact": "a"}))));
    assert!(!policy.is_valid(&when(json!({"fact": "a", "equals": 1, "not_equals": 2}))));
    let row = |when: Value| {
        let row = json!({"roles": ["r"], "when": when});
        let permission = json!({"id": "p", "level": "project", "conditional": [row]});
        json!({"id": "p", "name": "P", "roles": [], "permissions": [permission]})
    };
    assert!(policy.is_valid(&row(json!([{"fact": "a", "equals": 1}]))));
    assert!(!policy.is_valid(&row(json!([]))));
    let offer = |seats: u64| {
        let offers = json!({"o": {"name": "O", "seats": seats, "workspaces": seats}});
        json!({"id": "p", "name": "P", "roles": [], "permissions": [], "plan": {"offers": offers}})
    };
    assert!(policy.is_valid(&offer(u32::MAX.into())));
    assert!(!policy.is_valid(&offer(u64::from(u32::MAX) + 1)));
    let request = schema("request");
    let asked = |evaluations: Value| {
        json!({
            "subject": {"type": "user", "id": "a"}, "action": {"name": "p"},
            "resource": {"type": "x", "id": "y"}, "evaluations": evaluations,
        })
    };
    assert!(request.is_valid(&asked(json!([]))));
    assert!(!request.is_valid(&asked(json!([{}]))));
}

const POLICY: &str = r#"id = "shop"
name = "Shop"
roles = [{ id = "owner", level = "organization", admin = true }, { id = "clerk", level = "workspace" }]
permissions = [{ id = "look", level = "organization", allow = ["owner"], cases = [{ id = "a", facts = {} }] }]
rules = [{ id = "stay", effect = "deny", permissions = ["look"], roles = ["clerk"] }]
plan = { features = ["no-rbac"], replace = { no-rbac = { workspace = "clerk" } } }
tokens = { personal = "shp_pat", service = "shp-" }
"#;

const WORLD: &str = r#"organization = "acme"
nodes = [{ id = "lab", level = "workspace" }]
principals = [{ name = "ada", grants = [{ role = "owner", node = "acme" }] }]
groups = [{ id = "crew", members = ["ada"], grants = [] }]
"#;

/// Each is refused by the reader as well as by the schema.
#[test]
fn names_and_levels_that_are_refused_fit_no_schema() {
    let lockstep = std::fs::read_to_string(root().join("policies/lockstep.toml")).unwrap();
    let lockstep = compile_toml(&lockstep).unwrap().policy;
    let reads_policy = |text: &str| compile_toml(text).is_ok();
    let reads_world =
        |text: &str| read_world(text).is_ok_and(|world| world.resolve(&lockstep, 0).is_ok());
    let (policy, world) = (schema("policy"), schema("world"));
    let json = |text: &str| toml::from_str::<Value>(text).unwrap();
    assert!(reads_policy(POLICY) && policy.is_valid(&json(POLICY)));
    assert!(reads_world(WORLD) && world.is_valid(&json(WORLD)));
    for (sound, spoiled) in [
        (r#"id = "shop""#, r#"id = "the shop""#),
        (r#"{ id = "owner""#, r#"{ id = "öwner""#),
        (r#"{ id = "look""#, r#"{ id = """#),
        (r#"{ id = "a""#, r#"{ id = "a b""#),
        (r#"{ id = "stay""#, r#"{ id = "st/ay""#),
        (r#"["no-rbac"]"#, r#"["no-rbac", "sso+"]"#),
        (r#"{ workspace = "clerk" }"#, r#"{ worksapce = "clerk" }"#),
        (r#""shp_pat""#, r#""9ab""#),
        (r#""shp_pat""#, r#""abc_""#),
        (r#""shp_pat""#, r#""ab""#),
        (r#""shp-""#, r#""Shp-""#),
        (r#""shp-""#, r#""a-prefix-of-17-cs""#),
    ] {
        let text = POLICY.replacen(sound, spoiled, 1);
        assert_ne!(text, POLICY, "nothing to spoil: {sound}");
        assert!(!reads_policy(&text), "the reader takes {spoiled}");
        assert!(!policy.is_valid(&json(&text)), "the schema takes {spoiled}");
    }
    for (sound, spoiled) in [
        (r#"id = "lab""#, r#"id = """#),
        (r#"name = "ada""#, r#"name = """#),
        (
            r#"id = "crew", members = ["ada"]"#,
            r#"id = "", members = ["ada"]"#,
        ),
        (r#"level = "workspace""#, r#"level = "organization""#),
    ] {
        let text = WORLD.replacen(sound, spoiled, 1);
        assert_ne!(text, WORLD, "nothing to spoil: {sound}");
        assert!(!reads_world(&text), "the reader takes {spoiled}");
        assert!(!world.is_valid(&json(&text)), "the schema takes {spoiled}");
    }
    let nameless = WORLD.replace("\"acme\"", "\"\"");
    assert!(!reads_world(&nameless) && !world.is_valid(&json(&nameless)));
    for prefix in ["abc", "lsv2_pt", "sk-ol-", "a-prefix-of-16-c"] {
        let text = POLICY.replace("shp_pat", prefix);
        assert!(
            reads_policy(&text) && policy.is_valid(&json(&text)),
            "{prefix}"
        );
    }
}
