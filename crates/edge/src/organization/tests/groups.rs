//! Access groups: what they are granted their members have, by nobody who lacks it, and no longer than they are in.

use serde_json::{Value, json};

use super::{
    ADA, Acme, BEN, CAT,
    consistency::{BOUND_MS, KV_FAULTS},
    id, lockstep, refused,
};
use crate::{
    http::Response,
    testing::{json, text},
};

/// A group of the north.
struct Crew {
    acme: Acme,
    north: String,
    path: String,
}

impl Crew {
    fn new(faults: &str) -> Self {
        let acme = lockstep(faults);
        let north = acme.workspace("North");
        let body = json!({ "name": "Crew", "workspace": north.replace("/workspaces/", "") });
        let created = acme.post(&acme.ada, "/groups", &body);
        assert_eq!(created.status, 201, "{}", text(&created));
        let path = format!("/groups/{}", id(&created));
        assert_eq!(json(&acme.get(&acme.ada, &path)), json(&created));
        Self { acme, north, path }
    }

    fn grant(&self, session: &str, node: &str, role: &str) -> Response {
        let node = node.rsplit('/').next().unwrap();
        let path = format!("{}/grants/{node}", self.path);
        self.acme.put(session, &path, &json!({ "role": role }))
    }

    fn member(&self, email: &str) -> String {
        format!("{}{}", self.path, self.acme.member(email))
    }

    fn add(&self, session: &str, email: &str) -> Response {
        self.acme.put(session, &self.member(email), &json!({}))
    }

    fn read(&self) -> Value {
        json(&self.acme.get(&self.acme.ada, &self.path))
    }
}

#[test]
fn m9_a_group_is_what_its_writes_said() {
    let crew = Crew::new("");
    let acme = &crew.acme;
    acme.joined(BEN, "member");
    let check = |written: Response| {
        assert_eq!(written.status, 200, "{}", text(&written));
        assert_eq!(crew.read(), json(&written));
    };
    check(crew.grant(&acme.ada, &crew.north, "viewer"));
    check(crew.grant(&acme.ada, &crew.north, "editor"));
    check(crew.add(&acme.ada, BEN));
    check(crew.add(&acme.ada, BEN));
    check(acme.patch(&acme.ada, &crew.path, &json!({ "name": "Team" })));
    let group = crew.read();
    assert_eq!(
        (&group["name"], &group["grants"][0]["role"]),
        (&json!("Team"), &json!("editor"))
    );
    assert_eq!(
        group["members"],
        json!([{ "user_id": acme.user(BEN), "email": BEN }])
    );
    assert_eq!(
        group["grants"].as_array().unwrap().len(),
        1,
        "one role on a node"
    );
    assert_eq!(
        json(&acme.get(&acme.ada, "/groups")),
        json!({ "groups": [group] })
    );
    let revoke = format!(
        "{}/grants/{}",
        crew.path,
        crew.north.replace("/workspaces/", "")
    );
    assert_eq!(acme.delete(&acme.ada, &revoke).status, 200);
    refused(&acme.delete(&acme.ada, &revoke), 404, "not-found");
    assert_eq!(acme.delete(&acme.ada, &crew.member(BEN)).status, 200);
    refused(&acme.delete(&acme.ada, &crew.member(BEN)), 404, "not-found");
    assert_eq!(acme.delete(&acme.ada, &crew.path).status, 204);
    refused(&acme.get(&acme.ada, &crew.path), 404, "not-found");
}

#[test]
fn m7_what_a_group_gave_ends_on_every_way_out_of_it() {
    for (faults, way) in KV_FAULTS.into_iter().zip([
        "member",
        "grant",
        "group",
        "workspace",
        "person",
        "suspended",
    ]) {
        let crew = Crew::new(faults);
        let acme = &crew.acme;
        acme.workspace("South");
        let ben = acme.joined(BEN, "member");
        assert_eq!(crew.add(&acme.ada, BEN).status, 200);
        assert!(!acme.may_in(&ben, "data.read", &crew.north), "{faults}");
        assert_eq!(crew.grant(&acme.ada, &crew.north, "editor").status, 200);
        acme.world.clock.advance_ms(500);
        assert!(
            acme.may_in(&ben, "data.read", &crew.north),
            "granted is seen: {faults}"
        );
        assert!(acme.may_in(&ben, "data.delete", &crew.north), "{faults}");
        let of_north = crew.north.replace("/workspaces/", "");
        let suspension = format!("{}/suspension", acme.member(BEN));
        let end = match way {
            "member" => acme.delete(&acme.ada, &crew.member(BEN)),
            "grant" => acme.delete(&acme.ada, &format!("{}/grants/{of_north}", crew.path)),
            "group" => acme.delete(&acme.ada, &crew.path),
            "workspace" => acme.delete(&acme.ada, &crew.north),
            "person" => acme.delete(&acme.ada, &acme.member(BEN)),
            _ => acme.put(&acme.ada, &suspension, &json!({})),
        };
        assert!(end.status < 300, "{way}: {}", text(&end));
        assert!(
            !acme.may_in(&ben, "data.delete", &crew.north),
            "{faults}, {way}"
        );
        acme.world.clock.advance_ms(BOUND_MS);
        assert!(
            !acme.may_in(&ben, "data.read", &crew.north),
            "{faults}, {way}"
        );
        match way {
            // Nobody comes back into a group.
            "person" => {
                let ben = acme.joined(BEN, "member");
                assert!(!acme.may_in(&ben, "data.read", &crew.north));
                assert_eq!(crew.read()["members"], json!([]));
            }
            "suspended" => {
                assert_eq!(acme.delete(&acme.ada, &suspension).status, 200);
                assert!(acme.may_in(&ben, "data.delete", &crew.north));
            }
            "workspace" => refused(&acme.get(&acme.ada, &crew.path), 404, "not-found"),
            _ => assert_eq!(acme.get(&ben, "").status, 200),
        }
    }
}

#[test]
fn a_group_makes_nobody_a_member_and_takes_only_members() {
    let crew = Crew::new("");
    let acme = &crew.acme;
    assert_eq!(crew.grant(&acme.ada, &crew.north, "editor").status, 200);
    acme.joined(BEN, "member");
    let of_ben = crew.member(BEN);
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    refused(&acme.put(&acme.ada, &of_ben, &json!({})), 404, "not-found");
    assert_eq!(crew.read()["members"], json!([]));
}

#[test]
fn a_group_reaches_no_further_than_its_own_workspace_and_no_role_of_the_organization() {
    let crew = Crew::new("");
    let acme = &crew.acme;
    let south = acme.workspace("South");
    let ben = acme.joined(BEN, "member");
    acme.grant(&crew.north, BEN, "workspace-admin");
    let body = json!({ "name": "Bridge", "workspace": south.replace("/workspaces/", "") });
    let bridge = id(&acme.post(&acme.ada, "/projects", &body));
    for node in [&south, &bridge, &acme.id, "wsp_1"] {
        refused(&crew.grant(&acme.ada, node, "viewer"), 404, "not-found");
    }
    let body = json!({ "name": "Tunnel", "workspace": crew.north.replace("/workspaces/", "") });
    let tunnel = id(&acme.post(&ben, "/projects", &body));
    assert_eq!(crew.grant(&ben, &tunnel, "viewer").status, 200);
    for role in ["owner", "member", "gone"] {
        refused(
            &crew.grant(&acme.ada, &crew.north, role),
            400,
            "unknown-role",
        );
    }
    // The organization's own group reaches everywhere, and is none of Ben's.
    let created = acme.post(&acme.ada, "/groups", &json!({ "name": "All" }));
    let all = Crew {
        path: format!("/groups/{}", id(&created)),
        ..crew
    };
    let acme = &all.acme;
    for node in [&south, &bridge, &acme.id] {
        assert_eq!(all.grant(&acme.ada, node, "viewer").status, 200, "{node}");
    }
    refused(&acme.get(&ben, &all.path), 404, "not-found");
    refused(
        &acme.post(&ben, "/groups", &json!({ "name": "Mine" })),
        403,
        "no-grant",
    );
}

#[test]
fn m6_who_cannot_give_the_role_cannot_put_anybody_into_the_group() {
    let crew = Crew::new("");
    let acme = &crew.acme;
    let (ben, cat) = (acme.joined(BEN, "member"), acme.joined(CAT, "member"));
    acme.grant(&crew.north, BEN, "editor");
    acme.grant(&crew.north, CAT, "workspace-admin");
    for refusal in [
        crew.add(&ben, BEN),
        crew.grant(&ben, &crew.north, "viewer"),
        acme.patch(&ben, &crew.path, &json!({ "name": "Mine" })),
        acme.delete(&ben, &crew.path),
    ] {
        refused(&refusal, 403, "no-grant");
    }
    assert_eq!(crew.grant(&cat, &crew.north, "workspace-admin").status, 200);
    assert_eq!(crew.add(&cat, ADA).status, 200);
    refused(&acme.delete(&ben, &crew.member(ADA)), 403, "no-grant");
    // Nor does who manages groups, and lacks what the group or its role gives.
    let steward = acme.role("viewer", &["group.manage"]);
    acme.grant(&crew.north, BEN, &steward);
    for refusal in [crew.add(&ben, BEN), crew.grant(&ben, &crew.north, "editor")] {
        refused(&refusal, 403, "exceeds-grantor");
    }
    assert_eq!(crew.read()["members"].as_array().unwrap().len(), 1);
    assert_eq!(crew.grant(&ben, &crew.north, "viewer").status, 200);
    assert_eq!(crew.add(&ben, BEN).status, 200);
}

/// As for a role that is given in another way, the directory states whom it is about.
#[test]
fn who_comes_into_a_group_or_owns_a_project_is_known_to_rules() {
    let crew = Crew::new("");
    let acme = &crew.acme;
    let ben = acme.joined(BEN, "member");
    acme.joined(CAT, "member");
    acme.joined(super::DAN, "member");
    acme.grant(&crew.north, BEN, "workspace-admin");
    acme.rule(&json!({
        "effect": "deny", "roles": [], "permissions": ["group.manage", "project.share"],
        "when": [{ "fact": "target.role", "equals": "view-only" }],
    }));
    let put = |session: &str, email: &str| crew.add(session, email);
    let take = |email: &str| acme.delete(&acme.ada, &crew.member(email));
    for email in [super::DAN, CAT] {
        let added = put(&acme.ada, email);
        assert_eq!(added.status, 200, "{}", text(&added));
    }
    let bridge = json!({ "name": "Bridge", "workspace": crew.north.replace("/workspaces/", "") });
    let bridge = id(&acme.post(&ben, "/projects", &bridge));
    let own = |email: &str| {
        let owner = json!({ "user_id": acme.user(email) });
        acme.put(&acme.ada, &format!("/projects/{bridge}/owner"), &owner)
    };
    acme.make(CAT, "view-only");
    for refusal in [put(&acme.ada, CAT), take(CAT), own(CAT)] {
        refused(&refusal, 403, "denied-by-rule");
    }
    for done in [take(super::DAN), own(super::DAN)] {
        assert_eq!(done.status, 200, "{}", text(&done));
    }
}

#[test]
fn who_is_in_as_many_groups_as_may_be_is_put_into_one_of_them_again() {
    let crew = Crew::new("");
    let acme = &crew.acme;
    acme.joined(BEN, "member");
    for at in 1..50 {
        let group = id(&acme.post(&acme.ada, "/groups", &json!({ "name": format!("G{at}") })));
        let member = format!("/groups/{group}{}", acme.member(BEN));
        assert_eq!(acme.put(&acme.ada, &member, &json!({})).status, 200);
    }
    assert_eq!(crew.add(&acme.ada, BEN).status, 200);
    let again = crew.add(&acme.ada, BEN);
    assert_eq!(again.status, 200, "{}", text(&again));
    let more = id(&acme.post(&acme.ada, "/groups", &json!({ "name": "More" })));
    let more = acme.put(
        &acme.ada,
        &format!("/groups/{more}{}", acme.member(BEN)),
        &json!({}),
    );
    refused(&more, 409, "limit-reached");
}
