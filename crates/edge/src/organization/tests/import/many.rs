//! A file with more than anybody has by hand.

use super::*;
use crate::organization::tests::ADA;

/// Ada, with grants, in a file with workspaces and roles of its own.
fn file(workspaces: usize, roles: usize, grants: Vec<Value>) -> Value {
    let mut grants = grants;
    grants.insert(0, json!({ "role": "owner" }));
    let ada = json!({ "email": ADA, "suspended": false, "grants": grants });
    let mut file = file_of("lockstep", &[ada]);
    let named = |level: &str, number: usize| json!({ "key": format!("{level}/{number}"), "name": "x", "archived": false });
    file["workspaces"] = (1..=workspaces).map(|at| named("workspace", at)).collect();
    let role = |at| json!({ "key": format!("role/{at}"), "name": "x", "base": "viewer" });
    file["roles"] = (1..=roles).map(role).collect();
    file
}

/// What somebody holds has a limit in core; who is past it is answered with a fault whatever they ask.
#[test]
fn who_imports_has_one_role_on_a_node() {
    let acme = lockstep("");
    let (workspaces, roles) = (41, 250);
    let pairs = (1..=workspaces).flat_map(|at| (1..=roles).map(move |role| (at, role)));
    let grant =
        |(at, role)| json!({ "node": format!("workspace/{at}"), "role": format!("role/{role}") });
    let grants: Vec<Value> = pairs.map(grant).collect();
    assert!(grants.len() > lockstep_core::limits::GRANTS_MAX);
    let file = file(workspaces, roles, grants);
    let (copy, view) = acme.imported(&file);
    assert_eq!(view["left_out_total"], workspaces * (roles - 1));
    let first = &view["left_out"][0];
    assert_eq!(
        (&first["at"], &first["code"]),
        (&json!("/members/0/grants/2"), &json!("conflict"))
    );
    let grants = json(&exported(&copy))["members"][0]["grants"].clone();
    assert_eq!(grants.as_array().unwrap().len(), 1 + workspaces);
    assert_eq!(copy.get(&copy.ada, "/snapshot").status, 200);
}

#[test]
fn who_imports_is_in_as_many_groups_as_anybody() {
    let acme = lockstep("");
    let mut file = file(0, 0, Vec::new());
    let group = json!({ "name": "x", "members": [ADA], "grants": [] });
    file["groups"] = (0..52).map(|_| group.clone()).collect();
    let (copy, view) = acme.imported(&file);
    assert_eq!(view["left_out_total"], 2, "{view}");
    let first = &view["left_out"][0];
    assert_eq!(
        (&first["at"], &first["code"]),
        (&json!("/groups/50/members/0"), &json!("limit-reached"))
    );
    let groups = json(&exported(&copy))["groups"].clone();
    let with_her = groups.as_array().unwrap().iter();
    let with_her = with_her.filter(|group| group["members"] == json!([ADA]));
    assert_eq!(with_her.count(), 50);
}
