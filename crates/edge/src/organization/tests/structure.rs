//! Workspaces and projects: what is made is there, what is deleted gives nothing any more, wherever it was known.

use serde_json::json;

use super::{
    Acme, BEN, CAT,
    consistency::{BOUND_MS, KV_FAULTS},
    id, lockstep, refused,
};
use crate::testing::{json, text};

/// A permission of workspaces that is not sensitive.
const ORDINARY: &str = "data.read";
/// One that is.
const SENSITIVE: &str = "data.delete";

#[test]
fn m9_a_workspace_is_what_its_writes_said() {
    let acme = lockstep("");
    let created = acme.post(&acme.ada, "/workspaces", &json!({ "name": " North " }));
    assert_eq!(created.status, 201, "{}", text(&created));
    assert!(created.header("lockstep-epoch").is_some());
    let north = format!("/workspaces/{}", id(&created));
    let read = || json(&acme.get(&acme.ada, &north));
    assert_eq!(read(), json(&created));
    assert_eq!(
        (&read()["name"], &read()["archived_at_ms"]),
        (&json!("North"), &json!(null))
    );
    let patch = |body| acme.patch(&acme.ada, &north, &body);
    for body in [
        json!({ "name": "South" }),
        json!({ "archived": true }),
        json!({ "archived": true }),
        json!({ "archived": false }),
        json!({ "name": "South" }),
    ] {
        let changed = patch(body.clone());
        assert_eq!(changed.status, 200, "{}", text(&changed));
        assert_eq!(read(), json(&changed), "{body}");
        assert_eq!(read()["archived_at_ms"].is_null(), body["archived"] != true);
        acme.world.clock.advance_ms(1);
    }
    assert_eq!(read()["name"], "South");
    let list = json(&acme.get(&acme.ada, "/workspaces"));
    assert_eq!(list, json!({ "workspaces": [read()] }));
    for name in ["", " ", "a\nb", &"x".repeat(101)] {
        refused(&patch(json!({ "name": name })), 400, "invalid-value");
    }
}

#[test]
fn the_only_workspace_stays() {
    let acme = lockstep("");
    let north = acme.workspace("North");
    refused(&acme.delete(&acme.ada, &north), 403, "guard-failed");
    let south = acme.workspace("South");
    assert_eq!(acme.delete(&acme.ada, &north).status, 204);
    refused(&acme.delete(&acme.ada, &north), 404, "not-found");
    refused(&acme.delete(&acme.ada, &south), 403, "guard-failed");
    assert_eq!(acme.get(&acme.ada, &south).status, 200);
}

#[test]
fn m7_a_deleted_workspace_gives_nothing_sensitive_at_once_and_nothing_else_within_the_bound() {
    for faults in KV_FAULTS {
        let acme = lockstep(faults);
        let ben = acme.joined(BEN, "member");
        let (north, south) = (acme.workspace("North"), acme.workspace("South"));
        acme.grant(&north, BEN, "editor");
        acme.grant(&south, BEN, "editor");
        acme.world.clock.advance_ms(1_000);
        for permission in [ORDINARY, SENSITIVE] {
            assert!(acme.may_in(&ben, permission, &north), "{faults}");
        }
        assert_eq!(acme.delete(&acme.ada, &north).status, 204);
        assert!(!acme.may_in(&ben, SENSITIVE, &north), "{faults}");
        refused(&acme.get(&ben, &north), 404, "not-found");
        acme.world.clock.advance_ms(BOUND_MS);
        assert!(!acme.may_in(&ben, ORDINARY, &north), "{faults}");
        assert!(acme.may_in(&ben, ORDINARY, &south), "{faults}");
        let snapshot = text(&acme.get(&ben, "/snapshot"));
        assert!(!snapshot.contains(&north.replace("/workspaces/", "")));
    }
}

#[test]
fn a_new_workspace_is_known_within_a_second_to_whoever_runs_all_of_them() {
    for faults in KV_FAULTS {
        let acme = lockstep(faults);
        let ben = acme.joined(BEN, "admin");
        let north = acme.workspace("North");
        assert!(acme.may_in(&ben, ORDINARY, &north), "{faults}");
        let south = acme.workspace("South");
        let project = acme.post(&acme.ada, "/projects", &project(&south));
        acme.world.clock.advance_ms(500);
        assert!(acme.may_in(&ben, ORDINARY, &south), "{faults}");
        let resource = json!({ "project": id(&project) });
        let body = json!({ "permission": ORDINARY, "resource": resource });
        assert_eq!(json(&acme.post(&ben, "/evaluate", &body))["decision"], true);
    }
}

fn project(workspace: &str) -> serde_json::Value {
    json!({ "name": "Bridge", "workspace": workspace.replace("/workspaces/", "") })
}

#[test]
fn what_many_were_not_sent_kv_learns_when_one_of_them_asks() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let north = acme.workspace("North");
    acme.world.settle();
    let (puts, snapshots) = (
        || acme.world.kv.puts.borrow().len(),
        || acme.world.objects.asked("snapshot"),
    );
    let (put, asked) = (puts(), snapshots());
    assert!(acme.may_in(&ben, ORDINARY, &north));
    assert_eq!(snapshots(), asked + 1, "KV was behind");
    acme.world.clock.advance_ms(1_000);
    acme.world.settle();
    assert_eq!(puts(), put + 1, "and is no longer");
    acme.world.edge.grants.forget();
    assert!(acme.may_in(&ben, ORDINARY, &north));
    assert_eq!(snapshots(), asked + 1);
}

#[test]
fn whoever_creates_a_project_owns_it_and_the_policy_says_what_that_gives() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    acme.grant(&north, BEN, "restricted");
    let created = acme.post(&ben, "/projects", &project(&north));
    assert_eq!(created.status, 201, "{}", text(&created));
    let of_ada = acme.post(&acme.ada, "/projects", &project(&north));
    let path = |created| format!("/projects/{}", id(created));
    assert_eq!(json(&created)["owner_id"], acme.user(BEN));
    assert_eq!(json(&acme.get(&ben, &path(&created))), json(&created));
    let rename = |path: &str| acme.patch(&ben, path, &json!({ "name": "Tunnel" }));
    refused(&rename(&path(&of_ada)), 403, "no-grant");
    refused(&acme.delete(&ben, &path(&of_ada)), 403, "no-grant");
    assert_eq!(json(&rename(&path(&created)))["name"], "Tunnel");
    assert_eq!(
        json(&acme.get(&acme.ada, &path(&created)))["name"],
        "Tunnel"
    );
    assert_eq!(acme.delete(&ben, &path(&created)).status, 204);
    refused(&acme.get(&ben, &path(&created)), 404, "not-found");
    // An archived workspace takes no new one; without a workspace there is none here.
    let list = json(&acme.get(&ben, "/projects"));
    assert_eq!(list, json!({ "projects": [json(&of_ada)] }));
    acme.patch(&acme.ada, &north, &json!({ "archived": true }));
    refused(
        &acme.post(&ben, "/projects", &project(&north)),
        409,
        "conflict",
    );
    let nowhere = json!({ "name": "Bridge" });
    refused(
        &acme.post(&acme.ada, "/projects", &nowhere),
        400,
        "invalid-value",
    );
    refused(&acme.post(&ben, "/projects", &nowhere), 403, "no-grant");
}

#[test]
fn m6_a_project_is_handed_over_by_who_holds_what_ownership_gives() {
    let acme = lockstep("");
    let (ben, cat) = (acme.joined(BEN, "member"), acme.joined(CAT, "member"));
    let north = acme.workspace("North");
    acme.grant(&north, BEN, "restricted");
    acme.grant(&north, CAT, "editor");
    let path = format!(
        "/projects/{}",
        id(&acme.post(&ben, "/projects", &project(&north)))
    );
    let owner = format!("{path}/owner");
    let to = |email| json!({ "user_id": acme.user(email) });
    // An Editor changes the project, but does not take it.
    refused(&acme.put(&cat, &owner, &to(CAT)), 403, "no-grant");
    // Nor does who may share it, and holds less than its owner.
    let sharer = acme.role("viewer", &["project.share"]);
    acme.grant(&north, CAT, &sharer);
    refused(&acme.put(&cat, &owner, &to(CAT)), 403, "exceeds-grantor");
    acme.grant(&north, CAT, "editor");
    refused(
        &acme.put(&ben, &owner, &json!({ "user_id": "usr_1" })),
        404,
        "not-found",
    );
    let stranger = json!({ "user_id": "usr_5Lg3BgiIpGka912PhNBRDWRQImHI" });
    refused(&acme.put(&ben, &owner, &stranger), 404, "not-found");
    let given = acme.put(&ben, &owner, &to(CAT));
    assert_eq!(given.status, 200, "{}", text(&given));
    assert_eq!(json(&acme.get(&ben, &path)), json(&given));
    refused(&acme.delete(&ben, &path), 403, "no-grant");
    refused(&acme.put(&ben, &owner, &to(BEN)), 403, "no-grant");
    // Who leaves owns nothing, and nobody gets it by that.
    assert_eq!(acme.delete(&acme.ada, &acme.member(CAT)).status, 204);
    assert_eq!(json(&acme.get(&ben, &path))["owner_id"], json!(null));
    refused(&acme.delete(&ben, &path), 403, "no-grant");
}

#[test]
fn where_the_policy_has_no_workspaces_projects_lie_in_the_organization() {
    let world = crate::testing::World::with_vars(&[("LOCKSTEP_POLICY", "openlayer")]);
    let acme = Acme::in_world(world);
    let ben = acme.joined(BEN, "viewer");
    let created = acme.post(&acme.ada, "/projects", &json!({ "name": "Bridge" }));
    assert_eq!(created.status, 201, "{}", text(&created));
    assert_eq!(json(&created).get("workspace"), None);
    let nothing = acme.post(&ben, "/projects", &json!({ "name": "Mine" }));
    refused(&nothing, 403, "no-grant");
    assert_eq!(
        acme.get(&ben, &format!("/projects/{}", id(&created)))
            .status,
        200
    );
    let workspace = acme.post(&acme.ada, "/workspaces", &json!({ "name": "North" }));
    refused(&workspace, 403, "no-grant");
}

/// Projects are made here and there, and a page reads those of one workspace as one entry.
#[test]
fn a_snapshot_names_projects_of_one_workspace_together() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let places = ["North", "South"].map(|name| acme.workspace(name));
    for place in &places {
        acme.grant(place, BEN, "editor");
    }
    let mut expected = vec![Vec::new(), Vec::new()];
    for _ in 0..3 {
        for (place, made) in places.iter().zip(&mut expected) {
            let body = json!({ "name": "x", "workspace": place.replace("/workspaces/", "") });
            made.push(id(&acme.post(&acme.ada, "/projects", &body)));
        }
    }
    let snapshot = json(&acme.get(&ben, "/snapshot"));
    let nodes = snapshot["nodes"].as_array().unwrap();
    let projects = nodes.iter().filter(|node| node["level"] == "project");
    let mut named: Vec<_> = projects.map(|node| node["ids"].clone()).collect();
    named.sort_by_key(|ids| ids.to_string());
    expected.sort_by_key(|ids| json!(ids).to_string());
    assert_eq!(json!(named), json!(expected));
}
