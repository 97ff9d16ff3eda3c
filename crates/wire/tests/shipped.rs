//! The shipped policies under law 5: who can hand out which roles, if they may hand out any at all.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::path::Path;
use std::sync::Arc;

use lockstep_core::{Access, Grant, Level, Node, Policy, Record, can_delegate};
use lockstep_wire::compile_toml;

#[test]
fn who_creates_an_organization_can_hand_out_every_role_in_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let mut shipped = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let policy = policy(path.file_stem().unwrap().to_str().unwrap());
            let creator = policy
                .describe_role(policy.creator_role().unwrap())
                .unwrap();
            let roles: Vec<&str> = policy.roles().iter().map(|role| role.id.as_str()).collect();
            assert_eq!(
                handed_out(&policy, &[&creator.id]),
                roles,
                "{}",
                policy.id()
            );
            shipped += 1;
        }
    }
    assert!(shipped > 0);
}

#[test]
fn under_lockstep_nobody_makes_an_owner_but_an_owner() {
    let policy = policy("lockstep");
    let of_workspaces = [
        "workspace-admin",
        "editor",
        "annotator",
        "restricted",
        "viewer",
    ];
    let of_admins = ["admin", "member", "view-only", "gateway"];
    assert_eq!(
        handed_out(&policy, &["admin"]),
        [&of_admins[..], &of_workspaces].concat()
    );
    // A workspace's Admin hands out all that there is in it.
    assert_eq!(
        handed_out(&policy, &["member", "workspace-admin"]),
        [&["member", "view-only"][..], &of_workspaces].concat()
    );
    assert_eq!(handed_out(&policy, &["member"]), ["member", "view-only"]);
    // Who is capped frees nobody from the cap, whatever their role in the workspace.
    assert_eq!(
        handed_out(&policy, &["view-only", "workspace-admin"]),
        ["view-only", "viewer"]
    );
    assert_eq!(handed_out(&policy, &["gateway"]), ["gateway"]);
}

/// The roles that somebody with `held`, the first of them on the organization and others on a
/// workspace, can hand out there.
fn handed_out<'a>(policy: &'a Arc<Policy>, held: &[&str]) -> Vec<&'a str> {
    let (organization, workspace) = ("organization", "workspace");
    let grants = held
        .iter()
        .enumerate()
        .map(|(at, role)| Grant::new(*role, if at == 0 { organization } else { workspace }));
    let record = Record {
        principal: "somebody".into(),
        nodes: vec![
            Node::organization(organization),
            Node::inside(Level::Workspace, workspace, organization),
        ],
        grants: grants.collect(),
        plan: policy.full_plan(),
        ..Record::default()
    };
    let access = Access::resolve(policy, record, 0).unwrap();
    let top = policy.roles().iter().map(|role| role.level).min();
    let here = policy.roles().iter().filter(|role| {
        let node = if Some(role.level) == top {
            organization
        } else {
            workspace
        };
        let node = access.node(node).unwrap();
        can_delegate(&access, policy.role(&role.id).unwrap(), node).is_ok()
    });
    here.map(|role| role.id.as_str()).collect()
}

fn policy(id: &str) -> Arc<Policy> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../policies/{id}.toml"));
    compile_toml(&std::fs::read_to_string(path).unwrap())
        .unwrap()
        .policy
}

/// TOML 1.0 has no line breaks in an inline table but within its values. Of the editors that complete a policy
/// some know no later one.
#[test]
fn shipped_policies_are_toml_1_0() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let (mut open, mut quoted, mut commented) = (Vec::new(), false, false);
        for c in text.chars() {
            match c {
                '\n' => {
                    assert_ne!(open.last(), Some(&'{'), "{}: {open:?}", path.display());
                    commented = false;
                }
                _ if commented => {}
                '"' => quoted = !quoted,
                _ if quoted => {}
                '#' => commented = true,
                '{' | '[' => open.push(c),
                '}' | ']' => {
                    open.pop();
                }
                _ => {}
            }
        }
        assert!(open.is_empty() && !quoted, "{}", path.display());
    }
}
