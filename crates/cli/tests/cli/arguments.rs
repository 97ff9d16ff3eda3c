//! Help, completions and colours.

use crate::support::{lockstep, printed};

const COMMANDS: [&str; 12] = [
    "audit",
    "check",
    "compile",
    "completions",
    "diff",
    "evaluate",
    "export",
    "import",
    "matrix",
    "schema",
    "search",
    "test",
];

#[test]
fn every_command_has_help_with_an_example() {
    let all = printed(["--help"]);
    let (_, listed) = all.split_once("\nCommands:\n").unwrap();
    let listed = listed.lines().take_while(|line| !line.is_empty());
    let listed = listed.filter_map(|line| line.split_whitespace().next());
    let listed = listed.filter(|command| *command != "help");
    assert_eq!(listed.collect::<Vec<_>>(), COMMANDS);
    for command in COMMANDS {
        let help = printed([command, "--help"]);
        assert!(help.contains("xamples:\n"), "{command}");
        assert!(
            help.contains(&format!("  lockstep {command} ")),
            "{command}"
        );
        // What belongs to no terminal has no colours.
        assert!(!help.contains('\u{1b}'), "{command}");
    }
    for command in [
        "audit", "check", "diff", "evaluate", "export", "import", "test",
    ] {
        assert!(
            printed([command, "--help"]).contains("Exit codes"),
            "{command}"
        );
    }
    for kind in ["actions", "resources", "subjects"] {
        assert!(printed(["search", kind, "--help"]).contains("Examples:"));
    }
    let verify = printed(["audit", "verify", "--help"]);
    assert!(verify.contains("Examples:") && verify.contains("Exit codes"));
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    assert_eq!(lockstep(["completions", "tcsh"]).status.code(), Some(2));
}
