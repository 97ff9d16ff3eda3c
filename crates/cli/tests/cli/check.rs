//! `lockstep check`: errors and findings at their places, and what they do to the exit code.

use crate::support::{lockstep, printed, shipped, written};

const POLICY: &str = r#"id = "shop"
name = "Shop"
roles = [
    { id = "owner", level = "organization", admin = true },
    { id = "guest", level = "organization" },
]
permissions = [
    { id = "look", level = "organization", allow = ["owner"] },
    { id = "fly", level = "organization" },
    { id = "sell", level = "organization", conditional = [
        { roles = ["owner"], when = [{ fact = "resource.price", at_least = 9 }, { fact = "resource.price", at_most = 3 }] },
    ] },
]
rules = [
    { id = "closed", effect = "deny", permissions = ["*"], when = [{ fact = "context.closed", equals = true }] },
    { id = "shut", effect = "deny", permissions = ["look"], when = [{ fact = "context.closed", equals = true }] },
]
"#;

#[test]
fn in_the_shipped_policies_all_has_an_effect() {
    let policies: Vec<String> = shipped()
        .iter()
        .map(|id| format!("policies/{id}.toml"))
        .collect();
    let call = ["check", "--deny-warnings"]
        .into_iter()
        .chain(policies.iter().map(String::as_str));
    let counted = format!("{} policies: 0 errors, 0 warnings\n", policies.len());
    assert_eq!(printed(call), counted);
}

#[test]
fn findings_are_said_at_their_places_and_fail_when_denied() {
    let path = written("check-odd.toml", POLICY).display().to_string();
    let said = [
        "5:5: warning: the role `guest` holds no permission",
        "9:5: warning: nothing gives `fly` to anybody",
        "11:81: warning: these conditions ask of `resource.price` what it cannot be, so they never hold",
        "16:5: warning: all that this rule denies is denied without it, by `closed`",
    ];
    let said: String = said.map(|line| format!("{path}:{line}\n")).concat();
    for (more, code) in [(None, 0), (Some("--deny-warnings"), 1)] {
        let output = lockstep(["check", &path].into_iter().chain(more));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), said);
        assert_eq!(output.status.code(), Some(code));
        let counted = "1 policy: 0 errors, 4 warnings\n";
        assert_eq!(String::from_utf8(output.stdout).unwrap(), counted);
    }
}

#[test]
fn an_error_fails_and_the_other_policies_are_checked() {
    let wrong = POLICY.replace("allow = [\"owner\"]", "allow = [\"boss\"]");
    let wrong = written("check-wrong.toml", wrong).display().to_string();
    let output = lockstep([
        "check",
        &wrong,
        "policies/opik.toml",
        "policies/no-such.toml",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let first = format!("{wrong}:8:53: there is no role `boss`; known: guest, owner\n");
    assert!(said.starts_with(&first), "{said}");
    assert!(
        said.contains("policies/no-such.toml: cannot read it: "),
        "{said}"
    );
    assert_eq!(output.stdout, b"3 policies: 2 errors, 0 warnings\n");
}
