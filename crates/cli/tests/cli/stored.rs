//! `lockstep diff`: what a new policy does to what organizations have stored under the old one.

use serde_json::{Value, json};

use crate::support::{lockstep, printed, written};

const POLICY: &str = r#"id = "shop"
name = "Shop"
roles = [
    { id = "owner", level = "organization", admin = true },
    { id = "chief", level = "organization", admin = true },
    { id = "clerk", level = "workspace" },
]
permissions = [
    { id = "sell", level = "workspace", allow = ["owner", "chief", "clerk"] },
    { id = "refund", level = "workspace", allow = ["owner", "chief"] },
]
[plan.offers.small]
name = "Small"
[plan.offers.large]
name = "Large"
"#;

const HEAD: &str = "(what organizations have stored)\n";

const GONE_ROLE: &str = "is gone: grants of it, roles made of it and allow rules for it give nothing; deny rules for it, or for a role made of it, bind every member";

/// The policy without a role that holds something and is no admin's.
fn without_clerk() -> String {
    let role = "    { id = \"clerk\", level = \"workspace\" },\n";
    POLICY.replace(role, "").replace(", \"clerk\"", "")
}

/// What is printed, which is a difference, when the policy becomes `new`.
#[track_caller]
fn differences(test: &str, new: &str, more: &[&str]) -> String {
    let old = written(&format!("stored-{test}-old.toml"), POLICY);
    let new = written(&format!("stored-{test}-new.toml"), new);
    let files = [&old, &new].map(|path| path.to_str().unwrap());
    let output = lockstep(["diff"].iter().chain(&files).chain(more));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_names_something_that_is_gone_is_told() {
    let permission = "is gone: tokens, rules and roles of organizations name it for nothing; what their deny rules took by it, and their roles left out, is taken and left out no more";
    let admin = "was an admin's and is none: an organization whose admins have no other such role has no admin any more";
    let plan = "is gone: an organization that has it gets no features, members or workspaces by it until the operator gives it another one";
    let plans = "is gone, as all plans: an organization that has it is without limits";
    let changed = |found: &str, put: &str| {
        let changed = POLICY.replace(found, put);
        assert_ne!(changed, POLICY);
        changed
    };
    for (test, new, wanted) in [
        (
            "renamed",
            changed("id = \"refund\"", "id = \"return\""),
            format!("  ! permission refund  {permission}\n"),
        ),
        (
            "role",
            without_clerk(),
            format!("  ! role clerk  {GONE_ROLE}\n"),
        ),
        (
            "admin",
            changed(
                "\"chief\", level = \"organization\", admin = true",
                "\"chief\", level = \"organization\"",
            ),
            format!("  ! role chief  {admin}\n"),
        ),
        (
            "admins-role",
            changed("\"chief\"", "\"boss\""),
            format!("  ! role chief  {GONE_ROLE}\n  ! role chief  {admin}\n"),
        ),
        (
            "plan",
            changed("[plan.offers.small]", "[plan.offers.tiny]"),
            format!("  ! plan small  {plan}\n"),
        ),
        (
            "plans",
            POLICY.split("[plan").next().unwrap().to_owned(),
            format!("  ! plan large  {plans}\n  ! plan small  {plans}\n"),
        ),
        // What holds something else is what it was.
        ("held", changed(", \"clerk\"", ""), String::new()),
    ] {
        let text = differences(test, &new, &[]);
        let stored = text.split_once(HEAD).map_or("", |(_, stored)| stored);
        assert_eq!(stored, wanted, "{test}");
    }
    // What is only called otherwise is what it was.
    let named = changed("name = \"Small\"", "name = \"Little\"");
    let [old, new] = [("old", POLICY), ("named", &named)]
        .map(|(name, text)| written(&format!("stored-{name}.toml"), text));
    let files = [&old, &new].map(|path| path.to_str().unwrap());
    assert_eq!(printed(["diff", files[0], files[1]]), "");
}

/// Of a role that is gone nothing is left, what it held back included.
#[test]
fn whom_a_role_capped_is_free_when_it_is_gone() {
    let guest =
        "    { id = \"guest\", level = \"organization\", cap = \"clerk\" },\n]\npermissions";
    let old = POLICY.replace("]\npermissions", guest);
    let [old, new] = [("old", old.as_str()), ("new", POLICY)]
        .map(|(name, text)| written(&format!("stored-cap-{name}.toml"), text));
    let world = "principals = [
        { name = \"ada\", grants = [{ role = \"owner\", node = \"organization\" }] },
        { name = \"gil\", grants = [{ role = \"guest\", node = \"organization\" }, { role = \"chief\", node = \"organization\" }] },
    ]\n";
    let world = written("stored-cap-world.toml", world);
    let output = lockstep([
        "diff".as_ref(),
        old.as_os_str(),
        new.as_os_str(),
        "--world".as_ref(),
        world.as_os_str(),
    ]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("  + refund"), "{text}");
    let freed =
        "capped whoever had it and caps nobody any more: they hold all else that they were granted";
    let wanted = format!("{HEAD}  ! role guest  {GONE_ROLE}\n  ! role guest  {freed}\n");
    assert!(text.ends_with(&wanted), "{text}");
}

/// Tokens that begin otherwise are refused, all of them at once.
#[test]
fn a_prefix_is_part_of_every_secret_that_was_made() {
    let old = written("stored-tokens-old.toml", POLICY);
    let new = format!("{POLICY}[tokens]\npersonal = \"shp_pat\"\n");
    let new = written("stored-tokens-new.toml", new);
    let files = [&old, &new].map(|path| path.to_str().unwrap());
    let output = lockstep(["diff"].iter().chain(&files));
    let wanted = "(definitions)
  ~ tokens  personal shp_pat, service lsk_svc; before, personal lsk_pat, service lsk_svc
(what organizations have stored)
  ! personal access tokens  end at once: they begin with lsk_pat, and only shp_pat is read any more
";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), wanted);
    assert_eq!(output.status.code(), Some(1));
    // What is written as it was meant is the same.
    let same = written(
        "stored-tokens-same.toml",
        format!("{POLICY}[tokens]\nservice = \"lsk_svc\"\n"),
    );
    let same = same.to_str().unwrap();
    assert_eq!(printed(["diff", files[0], same]), "");
    let keys = written(
        "stored-tokens-keys.toml",
        format!("{POLICY}[tokens]\nservice = \"shp-\"\n"),
    );
    let output = lockstep(["diff", files[0], keys.to_str().unwrap(), "--format", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let stored = json!([{
        "of": "keys of service accounts",
        "text": "end at once: they begin with lsk_svc, and only shp- is read any more",
    }]);
    assert_eq!(json["stored"], stored);
}

/// An organization's deny rule takes what it took, also where that is what rules are managed by now.
#[test]
fn deny_rules_for_what_rules_are_managed_by_from_now_on_are_told() {
    let text = "go on: whom they bind neither sees nor manages rules, which is done by it now; where that is everybody, nobody ends them";
    let top = POLICY.replace(
        "\"refund\", level = \"workspace\"",
        "\"refund\", level = \"organization\"",
    );
    let top = top.replace("[plan.offers.small]", "    RULES\n[plan.offers.small]");
    let more = "    { id = \"see\", level = \"organization\", allow = [\"owner\"] },\n    { id = \"rule\", level = \"organization\", allow = [\"owner\"] },\n";
    let top = top.replace("]\n    RULES", &format!("{more}]\n    RULES"));
    let bound = |read: &str, manage: &str| {
        let mut operations = String::from("[operations]\n");
        for (operation, by) in [("rule.read", read), ("rule.manage", manage)] {
            if !by.is_empty() {
                operations += &format!("\"{operation}\" = \"{by}\"\n");
            }
        }
        top.replace("    RULES\n", &operations)
    };
    let told = |permission: &str| format!("  ! deny rules for {permission}  {text}\n");
    for (test, old, new, wanted) in [
        (
            "manage",
            bound("see", "rule"),
            bound("see", "refund"),
            told("refund"),
        ),
        (
            "read",
            bound("see", "rule"),
            bound("refund", "rule"),
            told("refund"),
        ),
        (
            "both",
            bound("see", "rule"),
            bound("refund", "refund"),
            told("refund"),
        ),
        (
            "same",
            bound("see", "rule"),
            bound("see", "rule"),
            String::new(),
        ),
        (
            "ended",
            bound("see", "rule"),
            bound("see", ""),
            String::new(),
        ),
        // Nobody made any before.
        (
            "begun",
            bound("see", ""),
            bound("see", "refund"),
            String::new(),
        ),
        // No rule is for what was not there.
        (
            "new",
            bound("see", "rule")
                .replace(
                    "    { id = \"see\", level = \"organization\", allow = [\"owner\"] },\n",
                    "",
                )
                .replace("\"rule.read\" = \"see\"\n", ""),
            bound("see", "rule"),
            String::new(),
        ),
    ] {
        let [old, new] = [("old", old), ("new", new)]
            .map(|(name, text)| written(&format!("stored-rules-{test}-{name}.toml"), text));
        let output = lockstep(["diff".as_ref(), old.as_os_str(), new.as_os_str()]);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{test}");
        let text = String::from_utf8(output.stdout).unwrap();
        let stored = text.split_once(HEAD).map_or("", |(_, stored)| stored);
        assert_eq!(stored, wanted, "{test}: {text}");
    }
}

/// A world in which nobody has the role says nothing of who has it elsewhere.
#[test]
fn what_is_stored_is_a_difference_also_where_a_world_shows_none() {
    let world = "principals = [{ name = \"ada\", grants = [{ role = \"owner\", node = \"organization\" }] }]\n";
    let world = written("stored-world.toml", world);
    let more = ["--world", world.to_str().unwrap()];
    let wanted = format!("{HEAD}  ! role clerk  {GONE_ROLE}\n");
    assert_eq!(differences("world", &without_clerk(), &more), wanted);
}

/// What organizations made of roles goes by whether it can be made.
#[test]
fn roles_that_organizations_made_and_can_make_no_more_are_told() {
    let base = "is none of which organizations make roles any more: those that they made of it give nothing, and deny rules for these bind every member";
    let additions =
        "hold no more than what they are made of: what they added to it counts for nothing";
    let own = |levels: &str, additions: bool| {
        format!("{POLICY}[custom_roles]\nlevels = [{levels}]\nadditions = {additions}\n")
    };
    let overriding = own("\"workspace\"", true).replace(
        "{ id = \"clerk\", level = \"workspace\" }",
        "{ id = \"clerk\", level = \"organization\", override = true }",
    );
    let overriding = overriding.replace(", \"clerk\"]", "]");
    let clerk = format!("  ! role clerk  {base}\n");
    let added = format!("  ! roles of organizations  {additions}\n");
    let both = format!("  ! role clerk              {base}\n{added}");
    for (test, new, wanted) in [
        ("none", POLICY.to_owned(), both),
        ("no-additions", own("\"workspace\"", false), added),
        ("overriding", overriding, clerk),
        (
            "more",
            own("\"organization\", \"workspace\"", true),
            String::new(),
        ),
    ] {
        let [old, new] = [("old", own("\"workspace\"", true)), ("new", new)]
            .map(|(name, text)| written(&format!("own-{test}-{name}.toml"), &text));
        let output = lockstep(["diff".as_ref(), old.as_os_str(), new.as_os_str()]);
        let text = String::from_utf8(output.stdout).unwrap();
        let stored = text.split_once(HEAD).map_or("", |(_, stored)| stored);
        assert_eq!(stored, wanted, "{test}: {text}");
    }
}
