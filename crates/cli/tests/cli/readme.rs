//! What the README files show is so: their permissions are the default policy's, their policy is one.

use std::collections::BTreeSet;

use crate::support::{matrix, printed, root, written};

const FILES: [&str; 3] = [
    "README.md",
    "www/packages/gate/README.md",
    "www/packages/react/README.md",
];

/// How code names a permission: what stands before its id.
const NAMED_BY: [&str; 5] = [
    "can(\"",
    "explain(\"",
    "permission=\"",
    "\"permission\": \"",
    "useCan(\"",
];

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// What stands in `text` behind each `start`, up to the next quotation mark.
fn named<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    let rests = text.split(start).skip(1);
    rests.map(|rest| rest.split('"').next().unwrap()).collect()
}

/// The deployment that nobody configured runs `lockstep`, and what it does not know is denied for ever.
#[test]
fn examples_ask_for_permissions_of_the_default_policy() {
    let matrix = matrix("lockstep");
    let rows = matrix["rows"].as_array().unwrap();
    let known: BTreeSet<&str> = rows
        .iter()
        .map(|row| row["id"].as_str().unwrap().split(':').next().unwrap())
        .collect();
    for file in FILES {
        let text = read(file);
        let mut asked = 0;
        for start in NAMED_BY {
            for permission in named(&text, start) {
                assert!(known.contains(permission), "{file}: `{permission}`");
                asked += 1;
            }
        }
        assert!(asked > 0, "{file} asks for nothing");
    }
}

/// A store reads nothing before somebody follows it, so its gate denies until then.
#[test]
fn examples_follow_a_store_before_they_ask_its_gate() {
    for file in FILES {
        let text = read(file);
        // What is shown by a function is asked where that is called.
        let asks = text.find("\nshow();").or(text.find("getSnapshot()"));
        if let Some(asks) = asks {
            let follows = text.find(".subscribe(").unwrap_or(usize::MAX);
            assert!(follows < asks, "{file}");
        }
    }
}

#[test]
fn the_policy_that_is_shown_is_one() {
    let readme = read("README.md");
    let shown = readme.split("```toml\n").nth(1).unwrap();
    let shown = shown.split("```").next().unwrap();
    let path = written("readme-policy.toml", shown).display().to_string();
    let matrix = printed(["matrix", &path]);
    let mut lines = matrix.lines();
    let removes = lines.find(|line| line.contains("members.remove")).unwrap();
    let cells: Vec<_> = removes.split_whitespace().rev().take(2).collect();
    assert_eq!(cells, ["deny", "conditional"], "{matrix}");
    let checked = printed(["check", &path, "--deny-warnings"]);
    assert_eq!(checked, "1 policy: 0 errors, 0 warnings\n");
}

/// The mistake, in the policy that is shown right above it.
#[test]
fn the_mistake_is_said_as_it_is_shown() {
    let readme = read("README.md");
    let said = readme.split("policies/mine.toml:").nth(1).unwrap();
    let (place, said) = said.split_once(": ").unwrap();
    let said = said.lines().next().unwrap();
    let shown = readme.split("```toml\n").nth(1).unwrap();
    let shown = shown.split("```").next().unwrap();
    let wrong = shown.replacen("allow = [\"admin\"]", "allow = [\"amdin\"]", 1);
    let path = written("readme-mistake.toml", wrong).display().to_string();
    crate::support::refused(["matrix", &path], &format!("{path}:{place}: {said}\n"), 1);
}
