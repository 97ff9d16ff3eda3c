//! The shipped policies: who can hand out which roles, if they may hand out any at all (law 5), and how their
//! tokens begin.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::{Access, Grant, Level, Node, Policy, Record, can_delegate};
use lockstep_wire::{CompiledPolicy, compile_toml};

#[test]
fn who_creates_an_organization_can_hand_out_every_role_in_it() {
    let shipped = shipped();
    assert!(!shipped.is_empty());
    for id in shipped {
        let policy = policy(&id);
        let creator = policy
            .describe_role(policy.creator_role().unwrap())
            .unwrap();
        let roles: Vec<&str> = policy.roles().iter().map(|role| role.id.as_str()).collect();
        assert_eq!(handed_out(&policy, &[&creator.id]), roles, "{id}");
    }
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

/// Each is its product's own. No matrix shows them, and another one ends all tokens that begin as before.
#[test]
fn tokens_begin_as_those_of_the_product() {
    let begin: BTreeMap<String, (String, String)> = shipped()
        .into_iter()
        .map(|id| {
            let tokens = compiled(&id).document.tokens;
            (id, (tokens.personal().into(), tokens.service().into()))
        })
        .collect();
    let wanted = [
        ("langsmith", ("lsv2_pt", "lsv2_sk")),
        ("langsmith-current", ("lsv2_pt", "lsv2_sk")),
        ("lockstep", ("lsk_pat", "lsk_svc")),
        ("openlayer", ("sk-ol-", "lsk_svc")),
        ("openlit", ("openlit-", "lsk_svc")),
        ("openlit-product", ("openlit-", "lsk_svc")),
        ("opik", ("lsk_pat", "lsk_svc")),
    ];
    let wanted =
        wanted.map(|(id, (personal, service))| (id.into(), (personal.into(), service.into())));
    assert_eq!(begin, BTreeMap::from(wanted));
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
    compiled(id).policy
}

fn compiled(id: &str) -> CompiledPolicy {
    compile_toml(&text(id)).unwrap()
}

fn text(id: &str) -> String {
    std::fs::read_to_string(folder().join(format!("{id}.toml"))).unwrap()
}

/// The ids of all shipped policies: every TOML file there is, so that none can be left out.
fn shipped() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let policies = paths.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
    let id = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    policies.map(id).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")
}

/// TOML 1.0 has no line breaks in an inline table but within its values. Of the editors that complete a policy
/// some know no later one.
#[test]
fn shipped_policies_are_toml_1_0() {
    for id in shipped() {
        let text = text(&id);
        let (mut open, mut quoted, mut commented) = (Vec::new(), false, false);
        for c in text.chars() {
            match c {
                '\n' => {
                    assert_ne!(open.last(), Some(&'{'), "{id}: {open:?}");
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
        assert!(open.is_empty() && !quoted, "{id}");
    }
}
