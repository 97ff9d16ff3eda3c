//! Policies and worlds in which a value has another shape than the document wants there, and TOML's own reader
//! would make a value of it all the same: where it is and what is wrong, and exit code 1.

use crate::support::{refused, written};

/// A policy without fault.
const POLICY: &str = r#"id = "shop"
name = "Shop"
roles = [{ id = "owner", level = "organization", admin = true }]
permissions = [{ id = "orders.view", level = "organization", allow = ["owner"] }]
"#;

/// A world without fault.
const WORLD: &str = r#"policy = "../../policies/lockstep.toml"
principals = [{ name = "ada", grants = [{ role = "owner", node = "organization" }] }]
cases = [{ principal = "ada", permission = "data.read", facts = {}, expect = "allow" }]
"#;

/// What is spoiled in one of them, and what it becomes. The value that is wrong stands behind the arrow.
type Spoiled = (&'static str, &'static str);

const A_DATE: &str = "invalid type: date; write a date as text, in quotes";
const A_DATE_FOR_A_MAP: &str =
    "invalid type: date, expected a map without repeated members; write a date as text, in quotes";
const A_LIST: &str = "invalid type: sequence, expected a table; write a table: `{ … }`";

/// The reader of TOML makes a table of a date, so that one was taken for a group of facts, and of properties.
#[test]
fn a_date_is_no_fact_and_no_group_of_them() {
    for (sound, spoiled) in [
        ("facts = {}", r#"facts = { "resource.tags" = →2020-01-01 }"#),
        ("facts = {}", r#"facts = { "resource.day" = →10:00:00 }"#),
        (
            "facts = {}",
            r#"facts = { "resource.tags" = { day = →2020-01-01T10:00:00Z } }"#,
        ),
    ] {
        refused_world((sound, spoiled), A_DATE);
    }
    for spoiled in [
        ("facts = {}", "facts = →2020-01-01"),
        (
            r#"name = "ada""#,
            r#"name = "ada", properties = →2020-01-01"#,
        ),
    ] {
        refused_world(spoiled, A_DATE_FOR_A_MAP);
    }
    refused_policy(
        (
            "allow =",
            r#"guard = [{ fact = "resource.day", equals = →2020-01-01 }], allow ="#,
        ),
        A_DATE,
    );
    refused_policy(
        (r#"name = "Shop""#, "name = →2020-01-01"),
        "invalid type: date, expected a string; write a date as text, in quotes",
    );
    refused_policy(
        ("roles =", "plan = →2020-01-01\nroles ="),
        "invalid type: date, expected a table; write a table: `{ … }`",
    );
}

/// Its members would be told apart by their order alone.
#[test]
fn a_list_is_no_table() {
    for spoiled in [
        (
            r#"{ role = "owner", node = "organization" }"#,
            r#"→["owner", "organization"]"#,
        ),
        (
            r#"[{ name = "ada", grants = [{ role = "owner", node = "organization" }] }]"#,
            r#"[→["ada", "user", []]]"#,
        ),
        (
            r#"{ principal = "ada", permission = "data.read", facts = {}, expect = "allow" }"#,
            r#"→["ada", "data.read", "organization", "ada", {}, 1, "allow"]"#,
        ),
        (
            "principals =",
            "nodes = [→[\"lab\", \"workspace\"]]\nprincipals =",
        ),
        ("principals =", "groups = [→[\"a\", [], []]]\nprincipals ="),
        (
            "principals =",
            "roles = [→[\"a\", \"A\", \"viewer\"]]\nprincipals =",
        ),
        (
            "principals =",
            "rules = [→[\"a\", \"deny\", [\"viewer\"], [\"data.read\"]]]\nprincipals =",
        ),
    ] {
        refused_world(spoiled, A_LIST);
    }
    for spoiled in [
        (
            r#"{ id = "owner", level = "organization", admin = true }"#,
            r#"→["owner", "Owner", "organization", true]"#,
        ),
        (
            r#"{ id = "orders.view", level = "organization", allow = ["owner"] }"#,
            r#"→["orders.view", "View", "organization", ["owner"]]"#,
        ),
        ("roles =", "plan = →[]\nroles ="),
        ("roles =", "plan.offers.free = →[\"x\"]\nroles ="),
        ("roles =", "custom_roles = →[[\"workspace\"]]\nroles ="),
        ("roles =", "tokens = →[\"abc\", \"def\"]\nroles ="),
        ("allow =", r#"guard = [→["resource.a", 1]], allow ="#),
        (
            "allow =",
            r#"conditional = [→[["owner"], [{ fact = "resource.a", equals = 1 }]]], allow ="#,
        ),
        ("allow =", r#"cases = [→["a", "A", {}]], allow ="#),
    ] {
        refused_policy(spoiled, A_LIST);
    }
}

#[track_caller]
fn refused_world(spoiled: Spoiled, wrong: &str) {
    let (path, said) = file("misshapen-world", WORLD, spoiled, wrong);
    let call = [
        "evaluate",
        "--policy",
        "policies/lockstep.toml",
        "--world",
        &path,
    ];
    refused(call, &said, 1);
}

#[track_caller]
fn refused_policy(spoiled: Spoiled, wrong: &str) {
    let (path, said) = file("misshapen-policy", POLICY, spoiled, wrong);
    refused(["matrix", &path], &said, 1);
}

/// A file with one thing spoiled, and what must be said of it.
#[track_caller]
fn file(name: &str, document: &str, (sound, spoiled): Spoiled, wrong: &str) -> (String, String) {
    let text = document.replacen(sound, spoiled, 1);
    let (before, behind) = text.split_once('→').unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    // Each test has a file of its own.
    let test = std::thread::current().name().unwrap().replace(':', "-");
    let path = written(&format!("{name}-{test}.toml"), format!("{before}{behind}"));
    let path = path.display().to_string();
    let said = format!("{path}:{line}:{column}: {wrong}\n");
    (path, said)
}
