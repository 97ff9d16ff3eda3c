//! Worlds with one thing wrong: where it is and what is wrong, and exit code 1.

use crate::support::{lockstep, refused, written};

/// A world without fault: each test below spoils one thing in it.
const WORLD: &str = r#"about = "A shop."
nodes = [
    { id = "lab", level = "workspace" },
    { id = "probe", level = "project", parent = "lab", owner = "ben" },
]
principals = [
    { name = "ada", grants = [{ role = "owner", node = "organization" }] },
    { name = "ben", grants = [{ role = "member", node = "organization" }] },
]
groups = [{ id = "all", members = ["ben"], grants = [{ role = "viewer", node = "lab" }] }]
"#;

/// What is spoiled, what it becomes, and what `lockstep` says after the path.
const SPOILED: &[(&str, &str, &str)] = &[
    // Nodes.
    (
        r#"parent = "lab""#,
        r#"parent = "gone""#,
        "4:49: there is no node `gone`; known: organization, lab, probe",
    ),
    (
        r#"parent = "lab""#,
        r#"parent = "labb""#,
        "4:49: there is no node `labb`; did you mean `lab`?",
    ),
    (
        r#"{ id = "lab", level = "workspace" }"#,
        r#"{ id = "lab", level = "workspace", parent = "probe" }"#,
        "3:5: the parent of `lab` must come before it and be of a higher level",
    ),
    (
        r#"id = "probe""#,
        r#"id = "lab""#,
        "4:5: the node `lab` appears twice",
    ),
    (
        r#"level = "project""#,
        r#"level = "organization""#,
        "4:29: `probe` cannot be an organization: a world has one, and workspaces and projects in it",
    ),
    (
        r#"level = "project""#,
        r#"level = "team""#,
        "4:29: unknown variant `team`, expected one of `organization`, `workspace`, `project`",
    ),
    // What narrows nothing would be a token like its principal.
    (
        r#"name = "ben", grants"#,
        r#"name = "ben", token = [], grants"#,
        "8:29: invalid type: sequence, expected a table; write a table: `{ … }`",
    ),
    (
        r#"name = "ben", grants"#,
        r#"name = "ben", properties = { old = 1, rank = 9007199254740992 }, grants"#,
        "8:52: a fact is a whole number of more than 53 bits",
    ),
    (
        "about = \"A shop.\"\n",
        "\u{feff}about = 3\n",
        "1:9: invalid type: integer `3`, expected a string",
    ),
    // Principals and groups.
    (
        r#"name = "ben""#,
        r#"name = "ada""#,
        "8:14: `ada` is defined twice",
    ),
    // Nothing comes after a name that is empty.
    (
        r#"name = "ben""#,
        r#"name = """#,
        "8:14: an id is not empty",
    ),
    (r#"id = "probe""#, r#"id = """#, "4:12: an id is not empty"),
    (r#"id = "all""#, r#"id = """#, "10:18: an id is not empty"),
    (
        r#"about = "A shop.""#,
        r#"organization = """#,
        "1:16: an id is not empty",
    ),
    (
        r#"owner = "ben""#,
        r#"owner = "bob""#,
        "4:64: there is no principal `bob`; known: ada, ben",
    ),
    (
        r#"members = ["ben"]"#,
        r#"members = ["ben", "bob"]"#,
        "10:43: there is no principal `bob`; known: ada, ben",
    ),
    (
        r#"role = "viewer", node = "lab""#,
        r#"role = "viewer", node = "gone""#,
        "10:80: there is no node `gone`; known: organization, lab, probe",
    ),
    (
        r#"groups = [{"#,
        r#"groups = [{ id = "all", members = [], grants = [] }, {"#,
        "10:61: `all` is defined twice",
    ),
    (
        r#"role = "member", node"#,
        r#"role = "member", expires_at = 3, node"#,
        "8:50: unknown field `expires_at`, expected one of `role`, `node`, `not_before_ms`, `expires_at_ms`",
    ),
    (
        r#"about = "A shop.""#,
        r#"plan = ["ssso"]"#,
        "1:9: there is no feature `ssso`; did you mean `sso`?",
    ),
    (
        r#"about = "A shop.""#,
        r#"creator = "bob""#,
        "1:11: there is no principal `bob`; known: ada, ben",
    ),
    // What the organization added.
    (
        r#"about = "A shop.""#,
        r#"roles = [{ id = "clerk", base = "viewer" }, { id = "clerk", base = "editor" }]"#,
        "1:52: `clerk` is defined twice",
    ),
    (
        r#"about = "A shop.""#,
        r#"rules = [{ id = "a", effect = "deny", permissions = ["data.read"] }, { id = "a", effect = "allow", permissions = ["data.read"] }]"#,
        "1:77: `a` is defined twice",
    ),
    (
        r#"about = "A shop.""#,
        r#"rules = [{ id = "a", effect = "allow", roles = [], permissions = ["data.read"] }]"#,
        "1:48: no role is named; a rule for every member has no `roles`",
    ),
    // Moments are numbers.
    (
        r#"role = "member", node"#,
        r#"role = "member", expires_at_ms = 2030-01-01, node"#,
        "8:66: invalid type: date, expected u64; write a moment as a whole number: milliseconds since 1970",
    ),
    // The text.
    (
        r#"about = "A shop.""#,
        "about = [[[[[[[[[[[[[[[[[",
        "1:25: nested deeper than 16",
    ),
    (
        r#"about = "A shop.""#,
        "about = \"A\"\nabout = \"B\"",
        "2:1: duplicate key",
    ),
];

#[test]
fn the_place_is_named() {
    for (at, (sound, spoiled, said)) in SPOILED.iter().enumerate() {
        let text = WORLD.replacen(sound, spoiled, 1);
        assert_ne!(text, WORLD, "nothing to spoil: {sound}");
        let path = written(&format!("bad-world-{at}.toml"), text)
            .display()
            .to_string();
        let call = [
            "evaluate",
            "--policy",
            "policies/lockstep.toml",
            "--world",
            &path,
        ];
        refused(call, &format!("{path}:{said}\n"), 1);
    }
}

#[test]
fn what_gives_nothing_is_said_and_the_rest_counts() {
    let token = r#"name = "ada", token = { permissions = ["data.raed"], node = "lba" }"#;
    let text = WORLD
        .replace(r#"name = "ada""#, token)
        .replace("role = \"member\"", "role = \"membre\"")
        + r#"roles = [{ id = "clerk", base = "nobody" }]
rules = [{ id = "freeze", effect = "deny", permissions = ["data.fly"] },
    { id = "odd", effect = "deny", permissions = ["data.read"], when = [{ fact = "target.self", equals = "no" }] },
    { id = "none", effect = "deny", permissions = ["data.read"], when = [{ fact = "target.slef", equals = true }] },
    { id = "vain", effect = "allow", permissions = ["data.read"], when = [{ fact = "target.self", equals = "no" }] },
    { id = "all", effect = "allow", permissions = ["data.read", "*"], roles = ["viewer"] },
    { id = "own", effect = "deny", permissions = ["member.leave"] },
]
"#;
    let path = written("odd-world.toml", text).display().to_string();
    let output = lockstep([
        "evaluate",
        "--policy",
        "policies/lockstep.toml",
        "--world",
        &path,
        "-",
    ]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stderr).unwrap();
    let wanted = [
        "11:10: warning: the policy has no role `nobody` to start from; known: owner, admin, member, view-only, \
         gateway, workspace-admin, editor, annotator, restricted, viewer",
        "12:59: warning: there is no permission `data.fly`; did you mean `data.delete`?",
        "13:82: warning: the values of `target.self` are true or false, so nobody knows whether this holds, and the \
         rule denies",
        "14:83: warning: there is no fact `target.slef`, so nobody knows whether this holds, and the rule denies; \
         did you mean `target.self`?",
        "15:84: warning: the values of `target.self` are true or false, so this would never hold",
        "16:65: warning: a rule of an organization names its permissions, so that it never means others: no \
         organization can make this one",
        "17:51: warning: `member.leave` concerns only what is one's own, so no rule is about it: no organization \
         can make this one",
        "8:40: warning: there is no role `membre`, so the grant makes a member and gives nothing; did you mean `member`?",
        "7:67: warning: there is no node `lba`, so the token reaches nothing; known: organization, lab, probe",
        "7:46: warning: there is no permission `data.raed`, so the token may nothing by it; did you mean `data.read`?",
    ];
    let wanted = wanted.map(|line| format!("{path}:{line}"));
    assert_eq!(said.lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn a_file_larger_than_any_world_is_refused() {
    let path = written("huge-world.toml", "#".repeat(64_000_001))
        .display()
        .to_string();
    let call = [
        "evaluate",
        "--policy",
        "policies/lockstep.toml",
        "--world",
        &path,
    ];
    refused(
        call,
        &format!("{path}: larger than 64000000 bytes, so not a world\n"),
        1,
    );
    std::fs::remove_file(path).unwrap();
}

/// Thousands of rules took minutes before they were found to be too many.
#[test]
fn too_many_rules_are_refused_before_they_are_compared() {
    let rules = (0..20_000).map(|at| {
        format!("{{ id = \"r{at}\", effect = \"deny\", permissions = [\"data.read\"], when = [{{ fact = \"resource.a{at}\", equals = 1 }}] }},\n")
    });
    let text = format!("{WORLD}rules = [\n{}]\n", rules.collect::<String>());
    let path = written("many-rules.toml", text).display().to_string();
    let call = [
        "evaluate",
        "--policy",
        "policies/lockstep.toml",
        "--world",
        &path,
    ];
    refused(call, &format!("{path}:11:9: more than 256 entries\n"), 1);
}

#[test]
fn of_many_warnings_the_first_are_said() {
    let people = (0..150).map(|at| {
        format!(
            "{{ name = \"p{at}\", grants = [{{ role = \"membre\", node = \"organization\" }}] }},\n"
        )
    });
    let text = format!("principals = [\n{}]\n", people.collect::<String>());
    let path = written("many-warnings.toml", text).display().to_string();
    let output = lockstep([
        "evaluate",
        "--policy",
        "policies/lockstep.toml",
        "--world",
        &path,
        "-",
    ]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 101, "{said}");
    assert_eq!(
        said.lines().last(),
        Some(&*format!("{path}: and 50 more warnings"))
    );
}

/// What the edge would not save, and what does not count where it stands.
#[test]
fn a_rule_by_an_own_role_and_a_cap_elsewhere_are_told() {
    let path = written(
        "odd-grants.toml",
        r#"roles = [{ id = "curator", base = "viewer" }]
nodes = [{ id = "lab", level = "workspace" }]
rules = [
    { id = "own", effect = "deny", permissions = ["data.read"], when = [{ fact = "target.role", equals = "curator" }] },
    { id = "gone", effect = "deny", permissions = ["data.read"], when = [{ fact = "target.role", equals = "ghost" }] },
]
principals = [
    { name = "ada", grants = [{ role = "view-only", node = "organization" }, { role = "owner", node = "lab" }] },
    { name = "ben", grants = [{ role = "member", node = "organization" }, { role = "view-only", node = "lab" }] },
]
groups = [{ id = "crew", members = ["ben"], grants = [{ role = "view-only", node = "lab" }] }]
"#,
    );
    let path = path.display().to_string();
    let call = ["evaluate", "--policy", "policies/lockstep.toml", "--world"];
    let output = lockstep(call.into_iter().chain([&*path, "-"]));
    let said = String::from_utf8(output.stderr).unwrap();
    let cap = "warning: `view-only` is a role of the organization; here its cap does not count";
    for line in [
        "there is no role `curator` of the policy's: no organization can make this one",
        "there is no role `ghost`, so nobody knows whether this holds, and the rule denies; known: ",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let capped = said.lines().filter(|line| line.ends_with(cap));
    let places: Vec<&str> = capped
        .filter_map(|line| {
            line.strip_prefix(&path)?
                .strip_prefix(':')?
                .split(':')
                .next()
        })
        .collect();
    assert_eq!(places, ["9", "11"], "{said}");
}
