//! What a terminal is shown of names that anybody may have written.

use crate::support::{lockstep, written};

/// Names in a world are anybody's: what a terminal would obey does not reach it, and one name is one line.
#[test]
fn names_reach_a_terminal_without_line_breaks_and_escape_sequences() {
    let world = |test: &str, more: &str| {
        let text = format!(
            r#"policy = "lockstep"
            principals = [
                {{ name = "ada", grants = [{{ role = "owner", node = "organization" }}] }},
                {{ name = "eve\u001b[2J\nroot", grants = [{{ role = "{more}", node = "organization" }}] }},
            ]
            cases = [{{ principal = "eve\u001b[2J\nroot", permission = "organization.read", expect = "deny" }}]
            "#
        );
        let file = written(&format!("terminal-{test}.toml"), text);
        file.display().to_string()
    };
    let (old, new) = (world("old", "member"), world("new", "admin"));
    let policy = "policies/lockstep.toml";
    let search = [
        "search",
        "subjects",
        "--policy",
        policy,
        "--world",
        &old,
        "--permission",
        "organization.read",
    ];
    let diff = ["diff", policy, policy, "--world", &old, "--new-world", &new];
    for call in [&search[..], &diff[..], &["test", &old]] {
        let output = lockstep(call);
        let text = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("eve [2J root"), "{call:?}: {text}{said}");
        assert!(
            !text.contains('\u{1b}') && !text.contains("\nroot"),
            "{text:?}"
        );
    }
}

/// Nor by what is said of a mistake, which tells the names there are.
#[test]
fn names_reach_standard_error_without_line_breaks_and_escape_sequences() {
    let world = written(
        "terminal-errors.toml",
        r#"policy = "lockstep"
        organization = "a\u001b[2J\nroot"
        principals = [{ name = "ada", grants = [{ role = "gone\u001b[2J\nroot", node = "a\u001b[2J\nroot" }] }]
        cases = [{ principal = "ada", permission = "data.read", expect = "no-grant" }]
        "#,
    );
    let world = world.display().to_string();
    let missing = written(
        "terminal-missing.toml",
        r#"policy = "lockstep"
        organization = "a\u001b[2J\nroot"
        principals = [{ name = "ada", grants = [{ role = "member", node = "b\u001b[2J\nroot" }] }]
        cases = [{ principal = "ada", permission = "data.read", expect = "no-grant" }]
        "#,
    );
    let missing = missing.display().to_string();
    let search = |principal, node| {
        let of = ["search", "actions", "--policy", "policies/lockstep.toml"];
        let asked = ["--world", &world, "--principal", principal, "--node", node];
        lockstep(of.into_iter().chain(asked))
    };
    for output in [
        search("ada", "lab"),
        search("ada", "lab\u{1b}[2J\nroot"),
        lockstep(["test", &missing]),
        lockstep(["test", &world]),
    ] {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains('\u{1b}'), "{said:?}");
        assert!(!said.contains("\nroot"), "{said:?}");
        assert!(said.contains("root"), "{said:?}");
    }
}
