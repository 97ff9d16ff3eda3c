//! `lockstep search`: what it lists is what checks allow, page by page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{lockstep_reading, printed, refused, written};

const POLICY: &str = "policies/lockstep.toml";
const WORLD: &str = r#"
nodes = [
    { id = "lab", level = "workspace" },
    { id = "shop", level = "workspace" },
    { id = "probe", level = "project", parent = "lab", owner = "cat" },
    { id = "till", level = "project", parent = "shop" },
]
principals = [
    { name = "ada", grants = [{ role = "owner", node = "organization" }] },
    { name = "ben", grants = [{ role = "member", node = "organization" }, { role = "editor", node = "lab" }] },
    { name = "cat", grants = [{ role = "member", node = "organization" }] },
    { name = "vic", grants = [{ role = "view-only", node = "organization" }, { role = "editor", node = "shop" }] },
    { name = "bot", kind = "service-account", grants = [{ role = "viewer", node = "shop" }] },
]
"#;

fn world(test: &str) -> String {
    written(&format!("search-{test}.toml"), WORLD)
        .display()
        .to_string()
}

fn lines(arguments: &[&str], world: &str) -> Vec<String> {
    let call = ["search", arguments[0], "--policy", POLICY, "--world", world];
    let text = printed(call.iter().chain(&arguments[1..]));
    text.lines().map(str::to_owned).collect()
}

/// What is allowed, of all principals, permissions and nodes, asked one by one.
fn allowed(world: &str) -> BTreeSet<[String; 3]> {
    let permissions = crate::support::matrix("lockstep");
    let permissions: BTreeSet<&str> = permissions["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap().split(':').next().unwrap())
        .collect();
    let mut asked = Vec::new();
    for principal in ["ada", "ben", "cat", "vic", "bot"] {
        for permission in &permissions {
            for (level, node) in [
                ("organization", "organization"),
                ("workspace", "lab"),
                ("workspace", "shop"),
                ("project", "probe"),
                ("project", "till"),
            ] {
                let request = json!({
                    "subject": {"type": "user", "id": principal},
                    "action": {"name": permission},
                    "resource": {"type": level, "id": node},
                });
                asked.push((
                    [principal, permission, node].map(str::to_owned),
                    request.to_string(),
                ));
            }
        }
    }
    let requests: Vec<&str> = asked.iter().map(|(_, request)| request.as_str()).collect();
    let call = ["evaluate", "--policy", POLICY, "--world", world];
    let output = lockstep_reading(call, requests.join("\n").as_bytes());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), asked.len());
    let answered = asked.into_iter().zip(text.lines());
    let allowed = answered.filter(|(_, line)| line.starts_with("{\"decision\":true"));
    allowed.map(|((question, _), _)| question).collect()
}

#[test]
fn each_search_lists_what_checks_allow() {
    let world = world("checks");
    let allowed = allowed(&world);
    assert!(allowed.len() > 100);
    let of = |wanted: [Option<&str>; 3], at: usize| -> BTreeSet<String> {
        let fits = |question: &&[String; 3]| {
            let mut pairs = question.iter().zip(wanted);
            pairs.all(|(part, wanted)| wanted.is_none_or(|wanted| wanted == part))
        };
        allowed
            .iter()
            .filter(fits)
            .map(|question| question[at].clone())
            .collect()
    };
    for node in ["lab", "probe"] {
        for permission in ["data.read", "data.update", "project.update", "member.read"] {
            let found = lines(
                &["subjects", "--permission", permission, "--node", node],
                &world,
            );
            let found: BTreeSet<String> = found.into_iter().collect();
            assert_eq!(
                found,
                of([None, Some(permission), Some(node)], 0),
                "{permission} {node}"
            );
        }
    }
    for principal in ["ada", "ben", "cat", "vic", "bot"] {
        let mut found = BTreeSet::new();
        for level in ["organization", "workspace", "project"] {
            let call = [
                "resources",
                "--principal",
                principal,
                "--permission",
                "data.read",
                "--level",
                level,
            ];
            found.extend(lines(&call, &world));
        }
        assert_eq!(
            found,
            of([Some(principal), Some("data.read"), None], 2),
            "{principal}"
        );
        let call = ["actions", "--principal", principal, "--node", "till"];
        let found: BTreeSet<String> = lines(&call, &world).into_iter().collect();
        assert_eq!(
            found,
            of([Some(principal), None, Some("till")], 1),
            "{principal}"
        );
    }
}

#[test]
fn pages_together_are_the_whole() {
    let world = world("pages");
    let whole = lines(&["actions", "--principal", "ben", "--node", "lab"], &world);
    assert!(whole.len() > 10);
    for size in ["1", "7", "1000"] {
        let mut found: Vec<String> = Vec::new();
        loop {
            let mut call = vec![
                "actions",
                "--principal",
                "ben",
                "--node",
                "lab",
                "--page-size",
                size,
            ];
            let last = found.last().cloned();
            if let Some(last) = &last {
                call.extend(["--after", last]);
            }
            let page = lines(&call, &world);
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        assert_eq!(found, whole, "{size}");
    }
    // Who no longer is a result still says where to go on.
    let call = [
        "subjects",
        "--permission",
        "data.read",
        "--node",
        "lab",
        "--after",
        "vic",
    ];
    assert_eq!(lines(&call, &world), [""; 0]);
    let call = [
        "subjects",
        "--permission",
        "data.read",
        "--node",
        "shop",
        "--after",
        "cat",
    ];
    assert_eq!(lines(&call, &world), ["vic", "bot"]);
}

#[test]
fn json_has_entities_and_the_next_page() {
    let world = world("json");
    let json = |arguments: &[&str]| -> Value {
        let call = [
            "search",
            arguments[0],
            "--policy",
            POLICY,
            "--world",
            &world,
            "--format",
            "json",
        ];
        serde_json::from_str(&printed(call.iter().chain(&arguments[1..]))).unwrap()
    };
    let subjects = json(&[
        "subjects",
        "--permission",
        "data.read",
        "--node",
        "shop",
        "--page-size",
        "2",
    ]);
    assert_eq!(
        subjects,
        json!({"page": {"next_token": "vic"}, "results": [{"type": "user", "id": "ada"}, {"type": "user", "id": "vic"}]})
    );
    let rest = json(&[
        "subjects",
        "--permission",
        "data.read",
        "--node",
        "shop",
        "--after",
        "vic",
    ]);
    assert_eq!(
        rest,
        json!({"page": {"next_token": ""}, "results": [{"type": "service-account", "id": "bot"}]})
    );
    let resources = json(&[
        "resources",
        "--principal",
        "ben",
        "--permission",
        "data.read",
        "--level",
        "project",
    ]);
    assert_eq!(
        resources["results"],
        json!([{"type": "project", "id": "probe"}])
    );
}

#[test]
fn facts_are_stated_on_the_command_line() {
    let rule = r#"rules = [{ id = "protected", effect = "deny", permissions = ["data.delete"], when = [{ fact = "resource.tags.protected", equals = true }] }]"#;
    let world = written("search-facts.toml", [WORLD, rule].concat())
        .display()
        .to_string();
    let found = |more: &[&str]| {
        let call = ["subjects", "--permission", "data.delete", "--node", "lab"];
        lines(&[&call, more].concat(), &world)
    };
    assert_eq!(
        found(&["--fact", "resource.tags.protected=false"]),
        ["ada", "ben"]
    );
    assert_eq!(found(&["--fact", "resource.tags.protected=true"]), [""; 0]);
    // A text is no yes, so the rule is not known not to apply.
    assert_eq!(
        found(&["--fact", "resource.tags.protected=\"false\""]),
        [""; 0]
    );
    assert_eq!(found(&[]), [""; 0]);
}

/// What is passed over in silence would look like an answer.
#[test]
fn what_cannot_be_asked_is_refused() {
    let world = world("refused");
    let call = ["search", "subjects", "--policy", POLICY, "--world", &world];
    let more = ["--permission", "workspace.delete", "--node", "lab"];
    let call: Vec<&str> = call.iter().chain(&more).copied().collect();
    for (wrong, said) in [
        (["--page-size", "0"], "'0' for '--page-size <N>'"),
        (
            ["--fact", "organization.members=1"],
            "the world says what `organization.members` is: state it there",
        ),
        (
            ["--fact", "principal.creator=true"],
            "the world says what `principal.creator` is: state it there",
        ),
        (["--fact", "resource.n=9007199254740992"], "53 bits"),
        (["--fact", "resource.n=-9999999999999999999"], "53 bits"),
    ] {
        let output = crate::support::lockstep(call.iter().chain(&wrong));
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {text}");
        assert!(text.contains(said), "{text}");
    }
    // What the world leaves open is stated.
    let call = call.iter().copied().chain(["--fact", "target.role=admin"]);
    assert_eq!(printed(call), "ada\n");
}

/// Nor is a fact that is misspelt, that cannot be so, or that is stated twice.
#[test]
fn facts_that_tell_nothing_are_refused() {
    let rule = r#"rules = [{ id = "kept", effect = "deny", permissions = ["data.delete"], when = [{ fact = "resource.tags.kept", equals = "yes", if_exists = false }] }]"#;
    let world = written("search-odd-facts.toml", [WORLD, rule].concat());
    let world = world.display().to_string();
    let call = ["search", "subjects", "--policy", POLICY, "--world", &world];
    let more = ["--permission", "data.delete", "--node", "lab"];
    let call: Vec<&str> = call.iter().chain(&more).copied().collect();
    for (facts, said) in [
        (
            &["resource.tgas.kept=no"][..],
            "no condition asks for `resource.tgas.kept`; did you mean `resource.tags.kept`?\n",
        ),
        (
            &["target.role=onwer"],
            "there is no role `onwer`; did you mean `owner`?\n",
        ),
        (
            &["target.self=no"],
            "the values of `target.self` are true or false\n",
        ),
        (
            &["resource.tags.kept=no", "resource.tags.kept=yes"],
            "`resource.tags.kept` is stated twice\n",
        ),
        (
            &["resource.tags.kept=no", "resource.tags={\"kept\":\"yes\"}"],
            "`resource.tags.kept` is stated twice\n",
        ),
    ] {
        let facts = facts.iter().flat_map(|fact| ["--fact", *fact]);
        let call = call.iter().copied().chain(facts);
        refused(call, said, 2);
    }
    // Beside a tag that is asked for there may be others.
    let call = call.into_iter().chain(["--fact", "resource.tags.other=no"]);
    assert_eq!(printed(call), "");
}

/// Only who states all tags says which are not there.
#[test]
fn all_facts_of_a_group_are_stated_at_once() {
    let rule = r#"rules = [{ id = "kept", effect = "deny", permissions = ["data.delete"], when = [{ fact = "resource.tags.kept", equals = "yes" }] }]"#;
    let world = written("search-groups.toml", [WORLD, rule].concat());
    let world = world.display().to_string();
    let found = |fact: &str| {
        let call = ["subjects", "--permission", "data.delete", "--node", "lab"];
        lines(&[&call, &["--fact", fact][..]].concat(), &world)
    };
    assert_eq!(found("resource.tags={}"), ["ada", "ben"]);
    assert_eq!(found(r#"resource.tags={"env":"prod"}"#), ["ada", "ben"]);
    assert_eq!(found(r#"resource.tags={"kept":"yes"}"#), [""; 0]);
    assert_eq!(found("resource.tags.env=prod"), [""; 0]);
    let call = ["search", "subjects", "--policy", POLICY, "--world", &world];
    let call = call
        .iter()
        .chain(&["--permission", "data.delete", "--fact"]);
    for (wrong, said) in [
        ("resource.tags={\"a\":[1]}", "a fact is true or false"),
        ("resource.tags={\"a\":1,\"a\":2}", "a fact is true or false"),
        (
            "resource.tags={a",
            "a text that begins with `{` stands in quotes",
        ),
        (
            "target={\"self\":true}",
            "there is no group of facts `target`",
        ),
    ] {
        let output = crate::support::lockstep(call.clone().chain(&[wrong]));
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}: {text}");
        assert!(text.contains(said), "{wrong}: {text}");
    }
}

#[test]
fn names_that_nothing_has_are_refused() {
    let world = world("names");
    let call = ["search", "subjects", "--policy", POLICY, "--world", &world];
    let said = |more: &[&str], said: &str, code: i32| refused(call.iter().chain(more), said, code);
    said(
        &["--permission", "data.fly"],
        "there is no permission `data.fly`; did you mean `data.delete`?\n",
        2,
    );
    said(
        &["--permission", "data.read", "--node", "gone"],
        "there is no node `gone`; known: organization, lab, shop, probe, till\n",
        2,
    );
    said(
        &["--permission", "data.read", "--after", "bob"],
        "there is no principal `bob`; did you mean `bot`?\n",
        2,
    );
    let wrong = crate::support::lockstep(call.iter().chain(&[
        "--permission",
        "data.read",
        "--fact",
        "size=3",
    ]));
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        String::from_utf8(wrong.stderr)
            .unwrap()
            .contains("there is no fact `size`")
    );
}
