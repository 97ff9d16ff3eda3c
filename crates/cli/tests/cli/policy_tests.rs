//! `lockstep test`: what it prints of tests that pass, fail and are wrong.

use std::ffi::OsStr;

use serde_json::Value;

use crate::support::{lockstep, lockstep_reading, printed, root, written};

const TEST: &str = r#"about = "Who updates data."
policy = "lockstep"
nodes = [{ id = "lab", level = "workspace" }]
principals = [
    { name = "ada", grants = [{ role = "owner", node = "organization" }] },
    { name = "ben", grants = [{ role = "member", node = "organization" }] },
]
cases = [
    { principal = "ada", permission = "data.update", node = "lab", expect = "allow" },
    { principal = "ada", permission = "data.update", node = "lab", expect = "granted" },
    { principal = "ben", permission = "data.update", node = "lab", expect = "deny" },
    { principal = "ben", permission = "data.update", node = "lab", expect = "no-grant" },
]
"#;

#[test]
fn the_corpus_passes() {
    let mut files = Vec::new();
    for file in std::fs::read_dir(root().join("tests/corpus")).unwrap() {
        let path = file.unwrap().path();
        if path.extension() == Some(OsStr::new("toml")) {
            files.push(path);
        }
    }
    let output = lockstep(
        [OsStr::new("test")]
            .into_iter()
            .chain(files.iter().map(|path| path.as_os_str())),
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains(&format!("{} files: ", files.len())), "{text}");
    assert!(text.ends_with(" passed, 0 failed\n"), "{text}");
}

/// A test that lies beside a policy of its own, so that it finds it.
#[test]
fn a_policy_is_found_beside_its_tests_or_passed() {
    let folder = root().join("policies/lockstep.toml");
    let near = written("near-policy.toml", std::fs::read(&folder).unwrap());
    let text = TEST.replace("\"lockstep\"", "\"near-policy.toml\"");
    let path = written("beside.toml", text).display().to_string();
    let passed = format!("ok   {path} (4 cases)\n1 file: 4 passed, 0 failed\n");
    assert_eq!(printed(["test", &path]), passed);
    let text = TEST.replace("policy = \"lockstep\"\n", "");
    std::fs::write(&path, text).unwrap();
    let policy = near.display().to_string();
    assert_eq!(printed(["test", &path, "--policy", &policy]), passed);
    let output = lockstep(["test", &path]);
    let text = String::from_utf8(output.stdout).unwrap();
    let wanted = format!(
        "FAIL {path}\n     {path}:1:1: no `policy` says what is tested; name a file that ends in `.toml`, \
         or pass --policy\n1 file: 0 passed, 1 failed\n"
    );
    assert_eq!(text, wanted);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_fails_is_said_with_its_place() {
    let text = TEST.replace("expect = \"deny\"", "expect = \"allow\"") + "# The end.\n";
    let text = text.replacen(
        "\"ada\", permission = \"data.update\"",
        "\"ada\", permission = \"data.fly\"",
        1,
    );
    let path = written("failing.toml", text).display().to_string();
    let junit = written("failing.xml", "").display().to_string();
    let call = [
        "test",
        &path,
        "--policy",
        "policies/lockstep.toml",
        "--junit",
        &junit,
    ];
    let output = lockstep(call);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let wanted = format!(
        "FAIL {path} (4 cases)
     {path}:9:5: ada data.fly on lab
         the policy has no permission `data.fly`; did you mean `data.delete`?
     {path}:11:5: ben data.update on lab
         expected allow, found deny (no-grant): This needs "
    );
    assert!(text.starts_with(&wanted), "{text}");
    assert!(text.ends_with("1 file: 2 passed, 2 failed\n"), "{text}");
    let xml = std::fs::read_to_string(junit).unwrap();
    assert!(
        xml.contains("tests=\"4\" failures=\"2\" errors=\"0\""),
        "{xml}"
    );
    assert_eq!(xml.matches("<testcase ").count(), 4);
    assert_eq!(xml.matches("<failure ").count(), 2);
}

/// Every name in a question is one of something: a deny of what is misspelt tells nothing.
#[test]
fn a_misspelt_name_fails_the_test() {
    let rule = r#"rules = [{ id = "kept", effect = "deny", permissions = ["data.delete"], when = [{ fact = "resource.tags.kept", equals = "yes" }] }]
"#;
    let world = [TEST.split("cases").next().unwrap(), rule].concat();
    for (question, said) in [
        (
            "node = \"lba\"",
            "there is no node `lba`; known: organization, lab",
        ),
        (
            "target = \"adda\"",
            "there is no principal `adda`; did you mean `ada`?",
        ),
        (
            "facts = { \"tagret.role\" = \"owner\" }",
            "there is no fact `tagret.role`; did you mean `target.role`?",
        ),
        (
            "facts = { tags = {} }",
            "there is no fact `tags`; did you mean `target.self`?",
        ),
        (
            "facts = { \"resource.tgas\" = {} }",
            "no condition asks for `resource.tgas`; did you mean `resource.tags.kept`?",
        ),
        (
            "facts = { \"resource.tags\" = {}, \"resource.kept\" = true }",
            "no condition asks for `resource.kept`; did you mean `resource.tags.kept`?",
        ),
        // What the directory never says: no condition on it would tell anything.
        (
            "facts = { \"target.role\" = \"onwer\" }",
            "there is no role `onwer`; did you mean `owner`?",
        ),
        (
            "facts = { \"target.self\" = \"false\" }",
            "the values of `target.self` are true or false",
        ),
        (
            "facts = { \"organization.members\" = \"3\" }",
            "the values of `organization.members` are whole numbers",
        ),
        ("facts = { \"target.role\" = \"\" }", ""),
        // As it should be: a tag beside the one that is asked for, and what the directory knows.
        ("facts = { \"resource.tags\" = { other = \"yes\" } }", ""),
        ("facts = { resource = { \"tags.kept\" = \"no\" } }", ""),
        (
            "facts = { \"resource.tags.kept\" = \"no\", \"organization.members\" = 3 }",
            "",
        ),
        (
            "target = \"ada\", facts = { target = { role = \"owner\" } }",
            "",
        ),
    ] {
        let case = format!(
            "cases = [\n    {{ principal = \"ben\", permission = \"data.delete\", {question}, expect = \"deny\" }},\n]\n"
        );
        let path = written("misspelt.toml", [&world, case.as_str()].concat());
        let path = path.display().to_string();
        let output = lockstep(["test", &path, "--policy", "policies/lockstep.toml"]);
        let text = String::from_utf8(output.stdout).unwrap();
        if said.is_empty() {
            assert_eq!(output.status.code(), Some(0), "{text}");
        } else {
            assert_eq!(output.status.code(), Some(1), "{question}: {text}");
            assert!(
                text.contains(&format!("{path}:10:5: ben data.delete")),
                "{text}"
            );
            assert!(text.contains(&format!("\n         {said}")), "{text}");
        }
    }
}

#[test]
fn a_wrong_file_fails_and_the_others_run() {
    let good = written("good.toml", TEST).display().to_string();
    let bad = TEST.replace("\"no-grant\"", "\"no-<grant\"");
    let bad = written("bad & wrong.toml", bad).display().to_string();
    let junit = written("wrong.xml", "").display().to_string();
    let empty = TEST.split("cases").next().unwrap();
    let empty = written("no-cases.toml", empty).display().to_string();
    let policy = "policies/lockstep.toml";
    let output = lockstep([
        "test", &bad, &empty, &good, "--policy", policy, "--junit", &junit,
    ]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains(&format!(
            "{bad}:12:77: unknown answer `no-<grant`, expected one of"
        )),
        "{text}"
    );
    assert!(
        text.contains(&format!("{empty}:1:1: no `cases`, so nothing is tested\n")),
        "{text}"
    );
    assert!(text.ends_with("3 files: 4 passed, 2 failed\n"), "{text}");
    let xml = std::fs::read_to_string(junit).unwrap();
    assert!(
        xml.contains("bad &amp; wrong.toml") && xml.contains("no-&lt;grant"),
        "{xml}"
    );
    assert_eq!(xml.matches("<error ").count(), 2);
}

/// The world, the test and the request that docs/formats.md shows.
#[test]
fn what_the_documentation_shows_is_so() {
    let text = std::fs::read_to_string(root().join("docs/formats.md")).unwrap();
    let blocks = |kind: &str| -> Vec<&str> {
        let start = format!("```{kind}\n");
        let blocks = text.split(&start).skip(1);
        blocks
            .map(|rest| rest.split("```").next().unwrap())
            .collect()
    };
    let world = blocks("toml").concat();
    let path = written("documented.toml", world).display().to_string();
    let policy = "policies/lockstep.toml";
    let passed = format!("ok   {path} (4 cases)\n1 file: 4 passed, 0 failed\n");
    assert_eq!(printed(["test", &path, "--policy", policy]), passed);
    let json = blocks("json");
    let call = ["evaluate", "--policy", policy, "--world", &path];
    let output = lockstep_reading(call, json[0].as_bytes());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let answered: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answered, serde_json::from_str::<Value>(json[1]).unwrap());
}

/// A case is told by what it states, also where that is no more than that there is nothing.
#[test]
fn a_group_is_part_of_the_name_of_a_case() {
    let path = asked(
        "named-groups.toml",
        r#"
    { principal = "ben", permission = "data.update", facts = { "principal.properties" = {} }, expect = "allow" },
    { principal = "ben", permission = "data.update", facts = { "target.self" = true, "principal.properties" = { team = "red" } }, expect = "allow" },
"#,
    );
    let output = lockstep(["test", &path, "--policy", "policies/lockstep.toml"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for name in [
        "ben data.update on organization with principal.properties = {}\n",
        "ben data.update on organization with principal.properties = {team = \"red\"}, target.self = true\n",
    ] {
        assert!(text.contains(name), "{text}");
    }
}

/// Questions about a world in which a rule asks for the team, and another for the role of whom
/// it is about.
fn asked(name: &str, cases: &str) -> String {
    let text = format!(
        r#"rules = [
    {{ id = "team", effect = "allow", permissions = ["data.update"], when = [{{ fact = "principal.properties.team", equals = "blue" }}] }},
    {{ id = "kept", effect = "deny", permissions = ["member.remove"], when = [{{ fact = "target.role", equals = "member" }}] }},
]
principals = [
    {{ name = "ada", grants = [{{ role = "owner", node = "organization" }}] }},
    {{ name = "ben", grants = [{{ role = "member", node = "organization" }}], properties = {{ team = "blue" }} }},
    {{ name = "cat", grants = [
        {{ role = "view-only", node = "organization", expires_at_ms = 1_000 }},
        {{ role = "owner", node = "organization", not_before_ms = 1_900_000_000_000 }},
        {{ role = "member", node = "organization" }},
    ] }},
    {{ name = "bot", kind = "service-account", grants = [{{ role = "gateway", node = "organization" }}] }},
]
cases = [{cases}]
"#
    );
    written(name, text).display().to_string()
}

#[test]
fn a_group_that_a_case_states_is_all_that_there_is_of_it() {
    let path = asked(
        "stated-group.toml",
        r#"
    { principal = "ben", permission = "data.update", expect = "everyone" },
    { principal = "ben", permission = "data.update", facts = { "principal.properties" = {} }, expect = "guard-failed" },
    { principal = "ben", permission = "data.update", facts = { "principal.properties" = { team = "blue" } }, expect = "everyone" },
"#,
    );
    let passed = format!("ok   {path} (3 cases)\n1 file: 3 passed, 0 failed\n");
    assert_eq!(
        printed(["test", &path, "--policy", "policies/lockstep.toml"]),
        passed
    );
    let call = ["search", "subjects", "--permission", "data.update"];
    let call = [
        &call,
        &["--policy", "policies/lockstep.toml", "--world", &path][..],
    ]
    .concat();
    let listed = |fact: &str| printed(call.iter().chain(&["--fact", fact]));
    assert_eq!(
        listed("principal.properties.team=blue"),
        "ada\nben\ncat\nbot\n"
    );
    assert_eq!(listed("principal.properties={}"), "ada\n");
    assert_eq!(printed(&call), "ada\nben\n");
}

/// The directory always has them, so a deny rule binds whoever leaves one out.
#[test]
fn a_group_of_directory_facts_is_no_more_than_the_facts_in_it() {
    let path = asked(
        "directory-group.toml",
        r#"
    { principal = "ada", permission = "member.remove", facts = { target = { self = false } }, expect = "fact-missing" },
    { principal = "ada", permission = "member.remove", facts = { "target.self" = false }, expect = "fact-missing" },
    { principal = "ben", permission = "data.update", facts = { principal = { creator = false } }, expect = "everyone" },
"#,
    );
    let passed = format!("ok   {path} (3 cases)\n1 file: 3 passed, 0 failed\n");
    assert_eq!(
        printed(["test", &path, "--policy", "policies/lockstep.toml"]),
        passed
    );
}

/// An expired role would be looked up in place of the one that counts.
#[test]
fn the_role_of_whom_it_is_about_is_the_one_that_counts_at_the_moment() {
    let path = asked(
        "target-role.toml",
        r#"
    { principal = "ada", permission = "member.remove", target = "cat", expect = "denied-by-rule" },
    { principal = "ada", permission = "member.remove", target = "cat", now_ms = 10, expect = "allow" },
    { principal = "ada", permission = "member.remove", target = "bot", expect = "fact-missing" },
"#,
    );
    let passed = format!("ok   {path} (3 cases)\n1 file: 3 passed, 0 failed\n");
    assert_eq!(
        printed(["test", &path, "--policy", "policies/lockstep.toml"]),
        passed
    );
}
