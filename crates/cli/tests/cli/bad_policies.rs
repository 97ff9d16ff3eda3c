//! Policies with one thing wrong: where it is, what is wrong, what would be right; and exit code 1.

use std::path::PathBuf;

use crate::support::lockstep;

/// A policy without fault: each test below spoils one thing in it.
const SHOP: &str = r#"id = "shop"
name = "Shop"
creator = "owner"
everyone = ["orders.view"]
roles = [
    { id = "owner", level = "organization", admin = true },
    { id = "clerk", level = "organization" },
]
permissions = [
    { id = "orders.view", level = "organization", allow = ["owner"] },
    { id = "orders.delete", level = "organization", allow = ["owner"] },
]
[ownership]
project = ["*"]
[operations]
"organization.read" = "orders.view"
"#;

/// What is spoiled, what it becomes, and what `lockstep` says after the path.
const SPOILED: &[(&str, &str, &str)] = &[
    // Names that nothing has.
    (
        r#"everyone = ["orders.view"]"#,
        r#"everyone = ["orders.veiw"]"#,
        "4:13: there is no permission `orders.veiw`; did you mean `orders.view`?",
    ),
    (
        r#"creator = "owner""#,
        r#"creator = "boss""#,
        "3:11: there is no role `boss`; known: clerk, owner",
    ),
    (
        r#""orders.delete", level = "organization", allow = ["owner"]"#,
        r#""orders.delete", level = "organization", allow = ["owner", "clark"]"#,
        "11:71: there is no role `clark`; did you mean `clerk`?",
    ),
    (
        r#""organization" },"#,
        r#""organization", cap = "reader" },"#,
        "7:51: there is no role `reader`; known: clerk, owner",
    ),
    (
        r#""organization" },"#,
        r#""organization", includes = ["owner", "boss"] },"#,
        "7:66: there is no role `boss`; known: clerk, owner",
    ),
    (
        r#"allow = ["owner"] },
]"#,
        r#"implies = ["orders.see"] },
]"#,
        "11:64: there is no permission `orders.see`; did you mean `orders.delete`?",
    ),
    (
        r#"project = ["*"]"#,
        r#"project = ["orders.view", "orders.edit"]"#,
        "14:27: there is no permission `orders.edit`; did you mean `orders.delete`?",
    ),
    (
        r#""organization.read" ="#,
        r#""organization.raed" ="#,
        "16:23: there is no operation `organization.raed`; did you mean `organization.read`?",
    ),
    (
        r#""organization.read" = "orders.view""#,
        "\"organization.read\" = \"orders.view\"\n[tokens]\npersonal = \"lsk_svc\"",
        "18:12: `lsk_svc` is no prefix: use 3 to 16 lower-case letters, digits, `_` and `-`, a letter first and no `_` last, and let no two kinds of secrets begin alike",
    ),
    // Ids.
    (
        r#"id = "clerk""#,
        r#"id = "owner""#,
        "7:12: `owner` is defined twice",
    ),
    (
        r#"id = "orders.delete""#,
        r#"id = "orders.view""#,
        "11:12: `orders.view` is defined twice",
    ),
    (
        r#"id = "clerk""#,
        r#"id = "clerk", name = "owner""#,
        "7:28: `owner` is defined twice",
    ),
    (
        r#"id = "orders.delete""#,
        r#"id = "delete orders""#,
        "11:12: `delete orders` is not an id: use 1 to 128 letters, digits and `. _ : - >`",
    ),
    (
        r#"id = "shop""#,
        r#"id = """#,
        "1:6: `` is not an id: use 1 to 128 letters, digits and `. _ : - >`",
    ),
    // Circles.
    (
        r#""organization" },"#,
        r#""organization", includes = ["clerk"] },"#,
        "7:56: `clerk` leads back to itself",
    ),
    (
        r#"allow = ["owner"] },
]"#,
        r#"implies = ["orders.delete"] },
]"#,
        "11:63: `orders.delete` leads back to itself",
    ),
    // Guards and conditions.
    (
        r#"allow = ["owner"] },
]"#,
        r#"guard = [{ fact = "target.creator", equals = true, in = ["owner"] }] },
]"#,
        "11:61: a condition has exactly one of `equals`, `not_equals`, `equals_ignore_case`, `not_equals_ignore_case`, `equals_fact`, `not_equals_fact`, `in`, `not_in`, `matches`, `not_matches`, `at_least`, `at_most`, `at_least_fact`, `at_most_fact`",
    ),
    (
        r#"allow = ["owner"] },
]"#,
        r#"guard = [{ fact = "target.creator" }] },
]"#,
        "11:61: a condition has exactly one of `equals`, `not_equals`, `equals_ignore_case`, `not_equals_ignore_case`, `equals_fact`, `not_equals_fact`, `in`, `not_in`, `matches`, `not_matches`, `at_least`, `at_most`, `at_least_fact`, `at_most_fact`",
    ),
    (
        r#"allow = ["owner"] },
]"#,
        r#"guard = [{ fact = "target.age", at_least = 3 }] },
]"#,
        "11:71: there is no fact `target.age`; did you mean `target.self`?",
    ),
    (
        r#"allow = ["owner"] },
]"#,
        r#"guard = [{ fact = "target.creator", at_least = 3 }] },
]"#,
        "11:71: the values of `target.creator` are true or false, so this would never hold",
    ),
    (
        r#"allow = ["owner"] },
]"#,
        r#"guard = [{ fact = "target.role", in = ["boss"] }] },
]"#,
        "11:91: there is no role `boss`; known: clerk, owner",
    ),
    (
        r#"allow = ["owner"] },
]"#,
        r#"guard = [{ fact = "resource.size", equals = 1.5 }] },
]"#,
        "11:97: a fact is true or false, a whole number, or a text",
    ),
    (
        r#"allow = ["owner"] },
]"#,
        r#"conditional = [{ roles = ["clerk"], when = [] }] },
]"#,
        "11:96: a condition is needed here; use `allow` for roles that need none",
    ),
    // Cases.
    (
        r#"allow = ["owner"] },
]"#,
        r#"cases = [{ id = "a", facts = {} }, { id = "a", facts = {} }] },
]"#,
        "11:95: `orders.delete:a` is defined twice",
    ),
    (
        r#"allow = ["owner"] },
]"#,
        r#"cases = [{ id = "a", facts = { "target.role" = "boss" } }] },
]"#,
        "11:100: there is no role `boss`; known: clerk, owner",
    ),
    (
        r#"allow = ["owner"] },
]"#,
        r#"cases = [{ id = "a", facts = { "target.self" = "yes" } }] },
]"#,
        "11:100: the values of `target.self` are true or false, so this would never hold",
    ),
    // Levels.
    (
        r#""clerk", level = "organization" }"#,
        r#""clerk", level = "workspace", cap = "owner" }"#,
        "7:48: `clerk` is a role of the workspace, but a role of the organization is needed",
    ),
    (
        r#""clerk", level = "organization" }"#,
        r#""clerk", level = "team" }"#,
        "7:29: unknown variant `team`, expected one of `organization`, `workspace`, `project`",
    ),
    (
        ", admin = true",
        "",
        "5:9: no role is marked `admin = true`, so nobody could administer an organization; \
         add `admin = true` to a role",
    ),
    (
        r#"creator = "owner""#,
        r#"creator = "clerk""#,
        "3:11: `clerk` is not marked `admin = true`, so a new organization would have no admin; \
         give creators a role that is, or mark this one",
    ),
    (
        r#""orders.delete", level = "organization", allow = ["owner"]"#,
        r#""orders.delete", level = "organization", guard = [{ fact = "resource.owner", equals_fact = "principal.di" }]"#,
        "11:103: there is no fact `principal.di`; did you mean `principal.id`?",
    ),
    (
        r#""orders.delete", level = "organization", allow = ["owner"]"#,
        r#""orders.delete", level = "organization", guard = [{ fact = "resource.id", equals = "o1" }]"#,
        "11:71: there is no fact `resource.id`: state a property, such as `resource.key`; did you mean `resource.<name>`?",
    ),
    (
        r#""orders.delete", level = "organization", allow = ["owner"]"#,
        r#""orders.delete", level = "organization", guard = [{ fact = "resource.kind", equals_fact = "action.name" }]"#,
        "11:102: there is no fact `action.name`: the permission is the action's name; did you mean `action.<name>`?",
    ),
    // The shape of the document.
    (
        "admin = true",
        r#"admin = "yes""#,
        r#"6:53: invalid type: string "yes", expected a boolean"#,
    ),
    (
        r#"everyone = ["orders.view"]"#,
        r#"everyone = "orders.view""#,
        r#"4:12: invalid type: string "orders.view", expected a sequence; write a list: `[…]`"#,
    ),
    (
        "creator =",
        "founder =",
        "3:1: unknown field `founder`, expected one of `id`, `name`, `description`, `creator`, \
         `everyone`, `roles`, `permissions`, `rules`, `plan`, `custom_roles`, `ownership`, `operations`, `resource_types`, \
         `tokens`",
    ),
    (r#"{ id = "clerk", "#, "{ ", "7:5: missing field `id`"),
    (
        r#"{ id = "clerk", level = "organization" }"#,
        r#""clerk""#,
        r#"7:5: invalid type: string "clerk", expected a table; write a table: `{ … }`"#,
    ),
    // A dot in a name that stands in no quotes.
    (
        r#""organization.read" ="#,
        "organization.read =",
        "16:1: invalid type: map, expected a string; a name with a dot in it stands in quotes",
    ),
    // The text.
    (
        r#"name = "Shop""#,
        r#"name = "Shop"#,
        "2:13: invalid basic string, expected `\"`",
    ),
    (
        r#"name = "Shop""#,
        "name = \"Shop\"\nname = \"Shop\"",
        "3:1: duplicate key",
    ),
    (
        r#"name = "Shop""#,
        r#"name = "Läden 店" x"#,
        "2:18: unexpected key or value, expected newline, `#`",
    ),
];

const MEMBERS: &str = "`id`, `name`, `description`, `creator`, `everyone`, `roles`, `permissions`, `rules`, \
                       `plan`, `custom_roles`, `ownership`, `operations`, `resource_types`, `tokens`";

#[test]
fn the_place_and_the_way_out_are_named() {
    for (at, (sound, spoiled, said)) in SPOILED.iter().enumerate() {
        let text = SHOP.replacen(sound, spoiled, 1);
        assert_ne!(text, SHOP, "nothing to spoil: {sound}");
        check(
            &format!("spoiled-{at}"),
            text.as_bytes(),
            &format!(":{said}\n"),
        );
    }
    // The same place on a machine that ends its lines otherwise.
    let text = SHOP
        .replace("[\"owner\"]", "[\"boss\"]")
        .replace('\n', "\r\n");
    check(
        "crlf",
        text.as_bytes(),
        ":10:60: there is no role `boss`; known: clerk, owner\n",
    );
}

#[test]
fn what_is_no_text_and_no_policy_is_refused() {
    check("empty", b"", ":1:1: missing field `id`\n");
    let latin_1 = b"id = \"shop\"\nname = \"L\xe4den\"\n";
    check(
        "latin-1",
        latin_1,
        ":2:10: not UTF-8 text; save the file as UTF-8\n",
    );
    check(
        "zero-byte",
        b"id = \"shop\"\0",
        ":1:12: unexpected key or value, expected newline, `#`\n",
    );
    check(
        "json",
        br#"{"id": "shop"}"#,
        ":1:1: invalid key-value pair, expected key\n",
    );
}

#[test]
fn a_huge_or_deeply_nested_file_is_refused_quickly() {
    let huge = "#".repeat(5 * 1024 * 1024);
    check(
        "huge",
        huge.as_bytes(),
        ": larger than 1000000 bytes, so not a policy\n",
    );
    let deep = format!("x = {}", "[".repeat(100_000));
    check("deep", deep.as_bytes(), ":1:21: nested deeper than 16\n");
    let dotted = format!("a{} = 1", ".a".repeat(100_000));
    check(
        "dotted",
        dotted.as_bytes(),
        ":1:34: nested deeper than 16\n",
    );
    let permissions = (0..1_025).map(|at| format!("{{ id = \"p{at}\", level = \"project\" }},\n"));
    let many = format!(
        "id = \"shop\"\nname = \"Shop\"\nroles = []\npermissions = [\n{}]\n",
        permissions.collect::<String>()
    );
    check("many", many.as_bytes(), ":4:15: more than 1024 entries\n");
}

/// A name may be as long as the file, and may have characters that move the cursor.
#[test]
fn what_is_quoted_from_a_file_is_short_and_on_one_line() {
    let long = "x".repeat(900_000);
    let start = "x".repeat(200);
    check(
        "long-key",
        format!("{long} = 1").as_bytes(),
        &format!(":1:1: unknown field `{start}…`, expected one of {MEMBERS}\n"),
    );
    let of = |id: &str| format!("id = \"{id}\"\nname = \"Shop\"\nroles = []\npermissions = []\n");
    let form = "use 1 to 128 letters, digits and `. _ : - >`";
    check(
        "long-id",
        of(&long).as_bytes(),
        &format!(":1:6: `{start}…` is not an id: {form}\n"),
    );
    check(
        "cursor",
        of("a\\u001b[2J\\nb").as_bytes(),
        &format!(":1:6: `a\\u{{1b}}[2J\\nb` is not an id: {form}\n"),
    );
}

/// Each name would be compared with all there are, for minutes.
#[test]
fn a_name_without_end_is_refused_quickly() {
    let permissions =
        (0..1_000).map(|at| format!("{{ id = \"{at:0>128}\", level = \"project\" }},\n"));
    let text = format!(
        "id = \"shop\"\nname = \"Shop\"\neveryone = [\"{}\"]\nroles = [{{ id = \"a\", level = \"organization\", admin = true }}]\npermissions = [\n{}]\n",
        "x".repeat(700_000),
        permissions.collect::<String>()
    );
    let path = crate::support::written("endless-name.toml", text);
    let output = lockstep(["check".as_ref(), path.as_os_str()]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let absent = lockstep(["matrix", "policies/no-such.toml"]);
    assert_eq!(absent.status.code(), Some(1));
    let said = String::from_utf8(absent.stderr).unwrap();
    assert!(
        said.starts_with("policies/no-such.toml: cannot read it: "),
        "{said}"
    );
    let folder = lockstep(["matrix", "policies"]);
    assert_eq!(folder.status.code(), Some(1));
}

/// `lockstep matrix` of a file that holds `bytes` must say the file's path and `said`, and exit with 1.
#[track_caller]
fn check(name: &str, bytes: &[u8], said: &str) {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.toml"));
    std::fs::write(&path, bytes).unwrap();
    let output = lockstep(["matrix".as_ref(), path.as_os_str()]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, format!("{}{said}", path.display()));
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
}
