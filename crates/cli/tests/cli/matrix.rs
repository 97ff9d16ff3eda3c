//! `lockstep matrix`: what it prints, and how it is called.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::support::{lockstep, matrix, printed, root, shipped, written};

#[test]
fn the_committed_matrices_are_those_of_the_policies() {
    let folder = root().join("policies/matrix");
    for id in shipped() {
        let committed =
            std::fs::read_to_string(folder.join(format!("{id}.txt"))).unwrap_or_default();
        let policy = format!("policies/{id}.toml");
        assert_eq!(
            printed(["matrix", &policy]),
            committed,
            "stale: run `cargo xtask bless`, or `lockstep matrix {policy} > policies/matrix/{id}.txt`"
        );
    }
    let committed = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(committed, shipped().len(), "a matrix without a policy");
}

#[test]
fn json_is_what_the_text_shows() {
    for id in shipped() {
        let (json, text) = (
            matrix(&id),
            printed(["matrix", &format!("policies/{id}.toml")]),
        );
        for row in json["rows"].as_array().unwrap() {
            let start = format!("  {} ", row["id"].as_str().unwrap());
            let line = text.lines().find(|line| line.starts_with(&start)).unwrap();
            for cell in row["cells"].as_object().unwrap().values() {
                assert!(line.contains(cell.as_str().unwrap()), "{line}");
            }
        }
    }
}

/// Another permission behind an act of the directory is another line, too.
#[test]
fn the_operations_are_listed_with_what_they_need() {
    let text = printed(["matrix", "policies/lockstep.toml"]);
    let (_, operations) = text.split_once("\noperations\n").unwrap();
    let (operations, _) = operations.split_once("\n\n").unwrap();
    let lines: Vec<Vec<&str>> = operations
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], ["operation", "permission"]);
    assert!(lines.contains(&vec!["member.suspend", "member.remove"]));
    let json = &matrix("lockstep")["operations"];
    assert_eq!(json.as_object().unwrap().len(), lines.len() - 1);
    assert_eq!(json["member.suspend"], "member.remove");
    let markdown = printed(["matrix", "policies/lockstep.toml", "--format", "markdown"]);
    assert!(markdown.contains("\n## operations\n\n| operation | permission |\n"));
    assert!(markdown.contains("\n| member.suspend | member.remove |\n"));
}

/// A change of what no cell shows is a line of the committed matrix, too.
#[test]
fn what_no_cell_shows_is_listed_at_the_end() {
    let text = printed(["matrix", "policies/lockstep.toml"]);
    let (_, tail) = text.split_once("\ndefinitions\n").unwrap();
    let lines: Vec<&str> = tail.lines().map(str::trim).collect();
    for wanted in [
        "role owner  admin; holds everything",
        "role admin  admin; includes member, workspace-admin",
        "role view-only  capped by viewer",
        "owner of a project  ",
        "custom roles  of the workspace",
    ] {
        let found = |line: &&str| {
            let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
            words.starts_with(&wanted.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        assert!(lines.iter().any(found), "{wanted}: {tail}");
    }
    let json = &matrix("lockstep")["definitions"];
    assert_eq!(json["role owner"], "admin; holds everything");
    let markdown = printed(["matrix", "policies/lockstep.toml", "--format", "markdown"]);
    assert!(markdown.contains("\n## definitions\n\n| definition | is |\n"));
}

/// Whatever changes who may do what is a line to review: also what a role of another level is given, what a
/// cell that says `conditional` depends on, and what an organization's own roles get by it.
#[test]
fn a_change_that_no_cell_shows_is_a_line_of_its_own() {
    let shipped = std::fs::read_to_string(root().join("policies/lockstep.toml")).unwrap();
    for (old, new, line) in [
        (
            r#""View data", level = "workspace", allow = ["#,
            r#""View data", level = "workspace", allow = ["member", "#,
            "permission data.read  also held by member",
        ),
        (
            r#"not_in = ["owner"]"#,
            r#"not_in = ["viewer"]"#,
            "permission member.update-role  admin if target.role not in [\"viewer\"]; \
             everybody only if target.self = false; sensitive",
        ),
        (
            r#""target.self", equals = false"#,
            r#""target.creator", equals = false"#,
            "permission member.update-role  admin if target.role not in [\"owner\"]; \
             everybody only if target.creator = false; sensitive",
        ),
        (
            r#"allow = ["workspace-admin", "editor", "annotator"], implies = ["data.read"]"#,
            r#"allow = ["workspace-admin", "editor", "annotator"], implies = ["data.export"]"#,
            "permission data.annotate  comes with data.export",
        ),
        (
            r#""run.delete", label = "Delete runs", level = "workspace", "#,
            r#""run.delete", label = "Delete runs", level = "workspace", personal = true, "#,
            "permission run.delete  only what is one's own; sensitive",
        ),
    ] {
        let changed = shipped.replacen(old, new, 1);
        assert_ne!(changed, shipped, "{old}");
        let file = written("matrix-changed.toml", changed);
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let has = |text: &str| text.lines().any(|found| words(found) == words(line));
        let text = printed(["matrix", &file.display().to_string()]);
        assert!(has(&text), "{line}: {text}");
        assert!(!has(&printed(["matrix", "policies/lockstep.toml"])));
    }
}

#[test]
fn roles_come_from_the_organization_down() {
    let roles = &matrix("opik")["roles"];
    let names = [
        "Admin",
        "Member",
        "View-Only Member",
        "Manage",
        "Write",
        "Annotate",
        "Read",
    ];
    assert_eq!(*roles, serde_json::json!(names));
}

#[test]
fn a_row_shows_the_roles_of_its_level_only() {
    let matrix = matrix("langsmith");
    for row in matrix["rows"].as_array().unwrap() {
        let roles: Vec<&String> = row["cells"].as_object().unwrap().keys().collect();
        let wanted = match row["level"].as_str().unwrap() {
            "organization" => vec!["Organization Admin", "Organization User"],
            _ => vec!["Admin", "Editor", "Viewer"],
        };
        assert_eq!(roles, wanted);
    }
}

#[test]
fn markdown_escapes_what_it_would_read_as_marks() {
    let text = printed(["matrix", "policies/openlit.toml", "--format", "markdown"]);
    assert!(
        text.contains("| api\\_key.read | List API keys (full secret returned) | allow | allow |")
    );
    assert!(text.contains("| members.role\\_change:member-\\>admin |"));
    let policy = std::fs::read_to_string(root().join("policies/openlit.toml")).unwrap();
    let label = "List API keys (full secret returned)";
    let policy = policy.replace(label, "List\\u001b[31m\\r\\nkeys");
    let path = written("matrix-escapes.toml", policy);
    let text = printed(["matrix", path.to_str().unwrap(), "--format", "markdown"]);
    assert!(text.contains("| List \\[31m  keys |"), "{text}");
}

#[test]
fn a_wrong_call_is_code_2_and_help_is_code_0() {
    for wrong in [
        vec![],
        vec!["matrix"],
        vec!["matrix", "x.toml", "--format", "xml"],
        vec!["matricks"],
    ] {
        let output = lockstep(&wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    for help in [vec!["--help"], vec!["matrix", "--help"], vec!["--version"]] {
        assert_eq!(lockstep(&help).status.code(), Some(0), "{help:?}");
    }
    assert!(printed(["--help"]).contains("lockstep matrix policies/openlit.toml --format json"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(["matrix", "policies/opik.toml"])
        .current_dir(root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Closed before anything is read from it.
    drop(child.stdout.take());
    let mut complaint = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut complaint)
        .unwrap();
    assert_eq!(complaint, "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
