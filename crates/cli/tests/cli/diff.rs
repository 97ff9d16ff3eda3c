//! `lockstep diff`: who gains and loses what, grouped; exhaustive as JSON; and exit codes as diff(1) has.

use serde_json::{Value, json};

use crate::support::{lockstep, printed, refused, written};

const POLICY: &str = r#"id = "shop"
name = "Shop"
roles = [
    { id = "owner", level = "organization", admin = true },
    { id = "clerk", level = "workspace" },
]
permissions = [
    { id = "sell", level = "workspace", allow = ["owner", "clerk"] },
    { id = "refund", level = "workspace", allow = ["owner"], conditional = [{ roles = ["clerk"], when = [{ fact = "resource.price", at_most = 9 }] }] },
    { id = "count", level = "workspace", allow = ["owner"] },
]
"#;

const WORLD: &str = r#"
nodes = [
    { id = "north", level = "workspace" },
    { id = "till", level = "project", parent = "north" },
    { id = "safe", level = "project", parent = "north" },
    { id = "south", level = "workspace" },
]
principals = [
    { name = "ada", grants = [{ role = "owner", node = "organization" }] },
    { name = "ben", grants = [{ role = "clerk", node = "north" }] },
    { name = "bob", grants = [{ role = "clerk", node = "north" }] },
    { name = "cat", grants = [{ role = "clerk", node = "till" }, { role = "clerk", node = "south" }] },
]
"#;

fn changed() -> String {
    POLICY
        .replace("allow = [\"owner\", \"clerk\"]", "allow = [\"owner\"]")
        .replace("at_most = 9", "at_most = 5")
        .replace(
            "id = \"count\", level = \"workspace\", allow = [\"owner\"",
            "id = \"count\", level = \"workspace\", allow = [\"owner\", \"clerk\"",
        )
}

fn files(test: &str) -> [String; 3] {
    [("old", POLICY), ("new", &changed()), ("world", WORLD)].map(|(name, text)| {
        written(&format!("diff-{test}-{name}.toml"), text)
            .display()
            .to_string()
    })
}

/// What it prints about differences, which is code 1.
#[track_caller]
fn differences<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let output = lockstep(["diff"].into_iter().chain(arguments));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn without_a_world_each_role_is_compared() {
    let [old, new, _] = files("roles");
    let wanted = "clerk
  - sell    on workspace and below
  ~ refund  on workspace and below, if resource.price <= 5; before, if resource.price <= 9
  + count   on workspace and below
";
    assert_eq!(differences([old.as_str(), &new]), wanted);
    assert_eq!(printed(["diff", &old, &old]), "");
    let json: Value =
        serde_json::from_str(&differences([old.as_str(), &new, "--format", "json"])).unwrap();
    // Three permissions, in the workspace and in its project.
    assert_eq!(json["changes"].as_array().unwrap().len(), 6);
    let first = json!({
        "role": "clerk", "node": "workspace", "permission": "sell",
        "before": {"standing": "allow"}, "after": {"standing": "deny"},
    });
    assert_eq!(json["changes"][0], first);
}

#[test]
fn in_a_world_people_with_the_same_changes_stand_together() {
    let [old, new, world] = files("world");
    let wanted = "ben, bob
  - sell    on north and below
  ~ refund  on north and below, if resource.price <= 5; before, if resource.price <= 9
  + count   on north and below
cat
  - sell    on till, south
  ~ refund  on till, south, if resource.price <= 5; before, if resource.price <= 9
  + count   on till, south
";
    assert_eq!(differences([old.as_str(), &new, "--world", &world]), wanted);
    assert_eq!(printed(["diff", &old, &old, "--world", &world]), "");
    let json = differences([old.as_str(), &new, "--world", &world, "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["changes"].as_array().unwrap().len(), 3 * (3 + 3 + 2));
    let conditional = json!({
        "principal": "ben", "node": "north", "permission": "refund",
        "before": {"standing": "conditional", "conditions": "resource.price <= 9"},
        "after": {"standing": "conditional", "conditions": "resource.price <= 5"},
    });
    assert!(json["changes"].as_array().unwrap().contains(&conditional));
    let none = printed(["diff", &old, &old, "--world", &world, "--format", "json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&none).unwrap(),
        json!({"changes": [], "operations": [], "definitions": [], "stored": []})
    );
}

/// Conditions that hold for others look other, whatever the texts and names in them are.
#[test]
fn no_two_guards_read_alike() {
    let guard = |test: &str, when: &str| {
        let when = POLICY.replace("\"resource.price\", at_most = 9", when);
        written(&format!("diff-guard-{test}.toml"), when)
            .display()
            .to_string()
    };
    for (old, new, words) in [
        (
            "\"resource.can_edit\", equals = true",
            "\"resource.can_edit\", equals = \"true\"",
            "resource.can_edit = \"true\"; before, if resource.can_edit = true",
        ),
        (
            "\"resource.owner\", equals_fact = \"principal.id\"",
            "\"resource.owner\", equals = \"principal.id\"",
            "resource.owner = \"principal.id\"; before, if resource.owner = principal.id",
        ),
        (
            "\"resource.env\", in = [\"a\", \"b\"]",
            "\"resource.env\", in = [\"a, b\"]",
            "resource.env in [\"a, b\"]; before, if resource.env in [\"a\", \"b\"]",
        ),
        (
            "\"resource.env\", in = [\"a\", \"b\"]",
            r#""resource.env", in = ['a", "b']"#,
            r#"resource.env in ["a\", \"b"]; before, if resource.env in ["a", "b"]"#,
        ),
        (
            "\"resource.env\", equals_ignore_case = \"a\"",
            "\"resource.env\", equals = \"a (any case)\"",
            "resource.env = \"a (any case)\"; before, if resource.env = \"a\" (any case)",
        ),
        (
            "\"resource.a\", equals = 1 }, { fact = \"resource.b\", equals = 2",
            "\"resource.a = 1 and resource.b\", equals = 2",
            "resource.a\\ =\\ 1\\ and\\ resource.b = 2; before, if resource.a = 1 and resource.b = 2",
        ),
    ] {
        let (old, new) = (guard("old", old), guard("new", new));
        let wanted = format!("clerk\n  ~ refund  on workspace and below, if {words}\n");
        assert_eq!(differences([old.as_str(), &new]), wanted);
        assert_eq!(printed(["diff", &new, &new]), "");
    }
}

/// Whose permission an act of the directory asks for is who may do it.
#[test]
fn another_permission_behind_an_operation_is_a_difference() {
    let bound = |test: &str, operations: &str| {
        let text = format!("{POLICY}[operations]\n{operations}");
        written(&format!("diff-operations-{test}.toml"), text)
            .display()
            .to_string()
    };
    let old = bound(
        "old",
        "\"workspace.delete\" = \"count\"\n\"workspace.read\" = \"sell\"\n\"project.read\" = \"sell\"\n",
    );
    let new = bound(
        "new",
        "\"workspace.delete\" = \"sell\"\n\"workspace.create\" = \"count\"\n\"project.read\" = \"sell\"\n",
    );
    let wanted = "(operations of the directory)
  + workspace.create  needs count; before, open to nobody
  ~ workspace.delete  needs sell; before, count
  - workspace.read    open to nobody; before, needed sell
(definitions)
  ~ permission sell  of the workspace; sensitive; before, of the workspace
";
    assert_eq!(differences([old.as_str(), &new]), wanted);
    assert_eq!(printed(["diff", &old, &old]), "");
    let json: Value =
        serde_json::from_str(&differences([old.as_str(), &new, "--format", "json"])).unwrap();
    let operations = json!([
        {"operation": "workspace.create", "after": "count"},
        {"operation": "workspace.delete", "before": "count", "after": "sell"},
        {"operation": "workspace.read", "before": "sell"},
    ]);
    // What a change of the directory asks for is sensitive by itself.
    let definitions = json!([{
        "definition": "permission sell",
        "before": "of the workspace", "after": "of the workspace; sensitive",
    }]);
    assert_eq!(
        json,
        json!({"changes": [], "operations": operations, "definitions": definitions, "stored": []})
    );
}

/// What bounds, replaces and goes beyond roles is what they give only to somebody.
#[test]
fn what_no_role_shows_is_a_difference() {
    let roles = |text: &str| {
        text.replace(
            "level = \"workspace\" },\n]",
            "level = \"workspace\", MORE },\n]",
        )
    };
    let policy = |test: &str, role: &str, tail: &str| {
        let text = roles(POLICY).replace(", MORE", role);
        written(&format!("diff-definitions-{test}.toml"), text + tail)
            .display()
            .to_string()
    };
    let rest = "[plan]\nfeatures = [\"flat\"]\nreplace = { flat = { workspace = \"clerk\" } }\n\
        [ownership]\nproject = [\"count\"]\n";
    let old = policy("old", "", rest);
    let new = policy(
        "new",
        "",
        "[[rules]]\nid = \"till\"\neffect = \"deny\"\nroles = [\"clerk\"]\npermissions = [\"count\"]\n\
         when = [{ fact = \"resource.open\", equals = true, if_exists = true }]\n\
         [plan]\nfeatures = [\"flat\"]\n\
         [custom_roles]\nlevels = [\"workspace\"]\nadditions = true\n\
         [ownership]\nproject = [\"count\"]\n",
    );
    let wanted = "(definitions)
  + custom roles                          of the workspace; with permissions added
  + rule till                             denies clerk count if resource.open = true if it exists
  - feature flat, roles of the workspace  count as clerk
";
    assert_eq!(differences([old.as_str(), &new]), wanted);
    assert_eq!(printed(["diff", &new, &new]), "");
    let owning = policy(
        "owning",
        "",
        &rest.replace("[\"count\"]", "[\"count\", \"sell\"]"),
    );
    let text = differences([old.as_str(), &owning]);
    assert!(
        text.ends_with("(definitions)\n  ~ owner of a project  count, sell; before, count\n"),
        "{text}"
    );
    let json: Value =
        serde_json::from_str(&differences([old.as_str(), &owning, "--format", "json"])).unwrap();
    let definitions = json!([
        {"definition": "owner of a project", "before": "count", "after": "count, sell"},
    ]);
    assert_eq!(json["definitions"], definitions);
}

/// Neither how often a name stands in a list nor where in it says anything.
#[test]
fn the_order_of_a_list_is_no_difference() {
    let policy = |test: &str, everyone: &str, permissions: &str, when: &str| {
        let tail = format!(
            "everyone = [{everyone}]\n[[rules]]\nid = \"till\"\neffect = \"deny\"\npermissions = [{permissions}]\nwhen = [{when}]\n"
        );
        let (head, rest) = POLICY.split_once('\n').unwrap();
        let (everyone, rule) = tail.split_once('\n').unwrap();
        written(
            &format!("diff-order-{test}.toml"),
            format!("{head}\n{everyone}\n{rest}\n{rule}"),
        )
        .display()
        .to_string()
    };
    let (open, late) = (
        "{ fact = \"resource.open\", in = [\"a\", \"b\"] }",
        "{ fact = \"resource.late\", equals = true }",
    );
    let one = policy(
        "one",
        "\"count\", \"sell\"",
        "\"count\", \"sell\"",
        &format!("{open}, {late}"),
    );
    let other = policy(
        "other",
        "\"sell\", \"count\"",
        "\"sell\", \"count\", \"sell\"",
        &format!(
            "{late}, {}",
            open.replace("\"a\", \"b\"", "\"b\", \"a\", \"b\"")
        ),
    );
    assert_eq!(printed(["diff", &one, &other]), "");
}

/// A policy of somebody else's writes no lines of its own, nor escape sequences.
#[test]
fn names_of_definitions_are_printed_on_one_line() {
    let plan = |name: &str, seats: u32| {
        let offer = format!("[plan.offers.\"x\\nred\"]\nname = \"X\"\nseats = {seats}\n");
        written(name, [POLICY, &offer].concat())
            .display()
            .to_string()
    };
    let (old, new) = (plan("diff-red-1.toml", 1), plan("diff-red-2.toml", 2));
    let text = differences([old.as_str(), &new]);
    assert!(text.contains("red") && !text.contains("\nred"), "{text:?}");
}

/// What comes with a permission, what is asked about anew every time, and where a permission belongs change no
/// role of the policy's: an organization's own do, and the edge.
#[test]
fn what_a_permission_is_beside_its_roles_is_a_difference() {
    let of_count = |test: &str, more: &str| {
        let count = "id = \"count\", level = \"workspace\", allow = [\"owner\"]";
        let text = POLICY.replace(count, &format!("{count}{more}"));
        written(&format!("diff-permission-{test}.toml"), text)
            .display()
            .to_string()
    };
    let old = of_count("old", "");
    for (test, more, line) in [
        (
            "implies",
            ", implies = [\"sell\"]",
            "of the workspace; comes with sell; before, of the workspace",
        ),
        (
            "sensitive",
            ", sensitive = true",
            "of the workspace; sensitive; before, of the workspace",
        ),
    ] {
        let new = of_count(test, more);
        let wanted = format!("(definitions)\n  ~ permission count  {line}\n");
        assert_eq!(differences([old.as_str(), &new]), wanted);
        assert_eq!(printed(["diff", &new, &new]), "");
    }
    let level = POLICY.replace(
        "\"count\", level = \"workspace\"",
        "\"count\", level = \"organization\"",
    );
    let level = written("diff-permission-level.toml", level);
    let level = level.display().to_string();
    let wanted = "(definitions)
  ~ permission count  of the organization; before, of the workspace
";
    assert_eq!(differences([old.as_str(), &level]), wanted);
    // Sensitive by what it is bound to, it loses nothing when it is no longer said.
    let bound = "\n[operations]\n\"project.delete\" = \"count\"\n";
    let bound = |test: &str, more: &str| {
        let file = std::fs::read_to_string(of_count(test, more)).unwrap() + bound;
        let file = written(&format!("diff-bound-{test}.toml"), file);
        file.display().to_string()
    };
    let (without, with) = (bound("without", ""), bound("with", ", sensitive = true"));
    assert_eq!(printed(["diff", &without, &with]), "");
}

#[test]
fn two_worlds_are_compared_under_one_policy() {
    let [old, _, world] = files("two");
    let after = WORLD.replace(
        "{ name = \"bob\", grants = [{ role = \"clerk\", node = \"north\" }] }",
        "{ name = \"bob\", grants = [{ role = \"clerk\", node = \"till\" }] }",
    );
    let after = after.replace(
        "{ id = \"south\", level",
        "{ id = \"west\", level = \"workspace\" },\n{ id = \"south\", level",
    );
    let after = written("diff-two-after.toml", after).display().to_string();
    let wanted = "ada
  + sell    on west
  + refund  on west
  + count   on west
bob
  - sell    on north, safe
  - refund  on north, safe, where it was held if resource.price <= 9
";
    assert_eq!(
        differences([old.as_str(), &old, "--world", &world, "--new-world", &after]),
        wanted
    );
}

#[test]
fn a_wrong_file_is_code_2() {
    let [old, _, world] = files("wrong");
    let wrong = written("diff-wrong.toml", POLICY.replace("\"clerk\"]", "\"boss\"]"));
    let wrong = wrong.display().to_string();
    let said = format!("{wrong}:8:59: there is no role `boss`; known: clerk, owner\n");
    refused(["diff", &old, &wrong], &said, 2);
    let circle = WORLD.replace("parent = \"north\"", "parent = \"till\"");
    let circle = written("diff-circle.toml", circle).display().to_string();
    let said = format!(
        "{circle}:4:5: the parent of `till` must come before it and be of a higher level\n"
    );
    refused(["diff", &old, &old, "--world", &circle], &said, 2);
    let alone = lockstep(["diff", &old, &old, "--new-world", &world]);
    assert_eq!(alone.status.code(), Some(2));
}
