//! Differences that no role shows by itself.

use crate::support::{lockstep, written};

/// What counts for others only: for a role or rule that an organization makes, by a cap, under another plan.
#[test]
fn what_no_row_shows_of_a_permission_or_role_is_a_difference() {
    let base = r#"
        id = "p"
        name = "P"
        roles = [
            { id = "admin", level = "organization", admin = true },
            { id = "guest", level = "organization", cap = "viewer" },
            { id = "viewer", level = "workspace" },
            { id = "editor", level = "workspace" },
            { id = "idle", level = "workspace" },
        ]
        permissions = [
            { id = "data.read", level = "workspace", allow = ["viewer", "editor"] },
            { id = "data.export", level = "workspace", guard = [{ fact = "resource.public", equals = true }] },
            { id = "data.share", level = "workspace", allow = ["editor"] },
            { id = "solo.do", level = "workspace", allow = ["editor"], plan = ["solo"] },
        ]
        rules = [{ id = "no", effect = "deny", roles = ["viewer"], permissions = ["data.share"] }]
        custom_roles = { levels = ["workspace"], additions = true }
        plan = { features = ["solo"], replace = { solo = { workspace = "editor" } } }
    "#;
    let old = written("diff-unseen.toml", base).display().to_string();
    for (at, (found, put, line)) in [
        (
            r#", guard = [{ fact = "resource.public", equals = true }]"#,
            "",
            "- holders of data.export  everybody only if resource.public = true",
        ),
        (
            r#"allow = ["editor"], plan"#,
            r#"allow = ["editor", "viewer"], plan"#,
            "~ holders of solo.do  editor, viewer; before, editor",
        ),
        (
            r#"allow = ["editor"] }"#,
            r#"allow = ["editor", "viewer"] }"#,
            "~ holders of data.share  editor, viewer; before, editor",
        ),
        (
            r#"{ id = "idle", level = "workspace" }"#,
            r#"{ id = "idle", level = "project" }"#,
            "~ role idle  of the project; before, of the workspace",
        ),
        (
            r#"{ id = "idle", level = "workspace" },"#,
            "",
            "- role idle  of the workspace",
        ),
        (
            "plan = { features",
            "resource_types = { record = \"project\" }\n        plan = { features",
            "+ resource type record  a project",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let new = written(
            &format!("diff-unseen-{at}.toml"),
            base.replacen(found, put, 1),
        );
        let new = new.display().to_string();
        let output = lockstep(["diff", &old, &new]);
        let said = String::from_utf8(output.stdout).unwrap();
        // Then comes what organizations have stored.
        let said = said.split("(what").next().unwrap();
        assert_eq!(said, format!("(definitions)\n  {line}\n"));
        assert_eq!(output.status.code(), Some(1));
    }
}
