//! Roles in workspaces: law 5 at the node, one row or many, and windows.

use serde_json::{Value, json};

use super::{
    ADA, Acme, BEN, CAT,
    consistency::{BOUND_MS, KV_FAULTS},
    id, lockstep, refused,
};
use crate::{
    http::Method,
    testing::{START_MS, json, text},
};

/// Ben is Admin of the north, Cat a Member without any role there.
struct North {
    acme: Acme,
    ben: String,
    cat: String,
    path: String,
}

impl North {
    fn new() -> Self {
        let acme = lockstep("");
        let (ben, cat) = (acme.joined(BEN, "member"), acme.joined(CAT, "member"));
        let path = acme.workspace("North");
        acme.grant(&path, BEN, "workspace-admin");
        Self {
            acme,
            ben,
            cat,
            path,
        }
    }

    fn of(&self, email: &str) -> String {
        format!("{}{}", self.path, self.acme.member(email))
    }

    fn list(&self) -> Value {
        json(
            &self
                .acme
                .get(&self.acme.ada, &format!("{}/members", self.path)),
        )["members"]
            .clone()
    }
}

#[test]
fn m10_who_comes_back_holds_nothing_of_before() {
    let north = North::new();
    let acme = &north.acme;
    assert_eq!(north.list()[0]["role"], "workspace-admin");
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    acme.joined(BEN, "member");
    assert_eq!(north.list(), json!([]));
}

#[test]
fn m9_a_role_in_a_workspace_is_what_its_writes_said() {
    let north = North::new();
    let acme = &north.acme;
    let of_cat = north.of(CAT);
    let expires_at_ms = START_MS + 3_600_000;
    for body in [
        json!({ "role": "viewer" }),
        json!({ "role": "editor", "expires_at_ms": expires_at_ms }),
        json!({ "role": "editor", "not_before_ms": START_MS, "expires_at_ms": expires_at_ms }),
    ] {
        let set = acme.put(&north.ben, &of_cat, &body);
        assert_eq!(set.status, 200, "{}", text(&set));
        let view = json(&set);
        assert_eq!(north.list()[1], view, "one role at a time");
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(view[name], *value);
        }
    }
    assert_eq!(north.list()[0]["role_name"], "Admin");
    // So does the list of members, which says who has which role anywhere.
    let members = acme.list_of_members()["members"].clone();
    let cat = members.as_array().unwrap().iter();
    let cat = cat.clone().find(|member| member["email"] == CAT).unwrap();
    let there = cat["roles"].as_array().unwrap().iter();
    let there = there.clone().find(|role| role["role"] == "editor").unwrap();
    assert_eq!(
        (&there["not_before_ms"], &there["expires_at_ms"]),
        (&json!(START_MS), &json!(expires_at_ms))
    );
    assert_eq!(acme.delete(&north.ben, &of_cat).status, 204);
    refused(&acme.delete(&north.ben, &of_cat), 404, "not-found");
    assert_eq!(north.list().as_array().unwrap().len(), 1);
}

#[test]
fn m6_nobody_gives_a_role_that_they_do_not_hold_there_and_below() {
    let north = North::new();
    let acme = &north.acme;
    let south = acme.workspace("South");
    let of_cat = acme.member(CAT);
    let role = |role: &str| json!({ "role": role });
    // Ben runs the north and knows of no other workspace.
    let in_south = format!("{south}{of_cat}");
    refused(
        &acme.put(&north.ben, &in_south, &role("viewer")),
        404,
        "not-found",
    );
    // Nobody holds a role of the organization in a workspace, and unknown roles are no roles.
    for (name, code) in [
        ("owner", "unknown-role"),
        ("admin", "unknown-role"),
        ("root", "unknown-role"),
    ] {
        refused(
            &acme.put(&north.ben, &north.of(CAT), &role(name)),
            400,
            code,
        );
    }
    // An Editor gives nobody anything, and takes nothing.
    acme.grant(&north.path, CAT, "editor");
    for email in [BEN, CAT] {
        refused(
            &acme.put(&north.cat, &north.of(email), &role("editor")),
            403,
            "no-grant",
        );
        refused(&acme.delete(&north.cat, &north.of(email)), 403, "no-grant");
    }
    // Who is limited frees nobody: a View-Only Admin of the workspace hands out what a Viewer holds.
    let view_only = acme.patch(&acme.ada, &acme.member(BEN), &role("view-only"));
    assert_eq!(view_only.status, 200, "{}", text(&view_only));
    refused(
        &acme.put(&north.ben, &north.of(CAT), &role("editor")),
        403,
        "capped",
    );
    assert_eq!(north.list()[1]["role"], "editor");
}

/// By a role that manages the members of a workspace, and holds little else in it.
#[test]
fn m6_who_manages_members_gives_what_they_hold_there_and_below() {
    let north = North::new();
    let acme = &north.acme;
    let of = north.path.replace("/workspaces/", "");
    let keeper = acme.role("viewer", &["workspace-member.manage"]);
    acme.grant(&north.path, BEN, &keeper);
    let give = |role: &str| acme.put(&north.ben, &north.of(CAT), &json!({ "role": role }));
    refused(&give("editor"), 403, "exceeds-grantor");
    let rows = json!({ "members": [{ "user_id": acme.user(CAT), "role": "editor" }] });
    let rows = acme.post(&north.ben, &format!("{}/members", north.path), &rows);
    let result = json(&rows)["results"][0].clone();
    assert_eq!(result["problem"]["code"], "exceeds-grantor", "{result}");
    assert_eq!(give("viewer").status, 200);
    // What a rule takes from them on a project reaches the whole of what they would give.
    acme.grant(&north.path, BEN, "workspace-admin");
    let bridge = json!({ "name": "Bridge", "workspace": of });
    let bridge = id(&acme.post(&acme.ada, "/projects", &bridge));
    let crew = json!({ "name": "Crew", "workspace": of });
    let crew = format!("/groups/{}", id(&acme.post(&acme.ada, "/groups", &crew)));
    for (path, body) in [
        (
            format!("{crew}/grants/{bridge}"),
            json!({ "role": "restricted" }),
        ),
        (format!("{crew}{}", acme.member(BEN)), json!({})),
    ] {
        assert_eq!(acme.put(&acme.ada, &path, &body).status, 200, "{path}");
    }
    assert_eq!(give("editor").status, 200);
    assert_eq!(give("viewer").status, 200);
    let rule = json!({ "effect": "deny", "roles": ["restricted"], "permissions": ["data.export"] });
    acme.rule(&rule);
    refused(&give("editor"), 403, "exceeds-grantor");
    assert_eq!(give("annotator").status, 200);
}

#[test]
fn who_is_no_member_of_the_organization_gets_no_role_in_a_workspace() {
    let north = North::new();
    let acme = &north.acme;
    acme.world.sign_in("mallory@example.com");
    let of_cat = north.of(CAT);
    assert_eq!(acme.delete(&acme.ada, &acme.member(CAT)).status, 204);
    let viewer = json!({ "role": "viewer" });
    refused(&acme.put(&acme.ada, &of_cat, &viewer), 404, "not-found");
    refused(
        &acme.put(&acme.ada, &format!("{}/members/usr_1", north.path), &viewer),
        404,
        "not-found",
    );
    assert_eq!(north.list().as_array().unwrap().len(), 1);
}

#[test]
fn p10_who_comes_back_has_none_of_their_old_roles() {
    let north = North::new();
    let acme = &north.acme;
    acme.grant(&north.path, CAT, "editor");
    assert_eq!(acme.delete(&acme.ada, &acme.member(CAT)).status, 204);
    let cat = acme.joined(CAT, "member");
    assert!(!acme.may_in(&cat, "data.read", &north.path));
}

#[test]
fn p10_a_workspace_of_the_same_name_is_another_one() {
    let north = North::new();
    let acme = &north.acme;
    acme.grant(&north.path, CAT, "editor");
    let cat = acme.world.sign_in(CAT);
    assert!(acme.may_in(&cat, "data.read", &north.path));
    let node = north.path.replace("/workspaces/", "");
    let subtree = json!({ "name": "ci", "subtree": { "organization": acme.id, "node": node } });
    let (_, pat) = acme.token(&acme.ada, &subtree);
    let reads = |path: &str| {
        let members = format!("{path}/members");
        acme.by(&pat, Method::Get, &members, &json!({})).status == 200
    };
    assert!(reads(&north.path));
    acme.workspace("South");
    assert_eq!(acme.delete(&acme.ada, &north.path).status, 204);
    let again = acme.workspace("North");
    assert_ne!(again, north.path);
    acme.world.clock.advance_ms(BOUND_MS);
    assert!(!acme.may_in(&cat, "data.read", &again));
    assert!(!reads(&again) && !reads(&north.path));
}

#[test]
fn m7_a_role_that_was_taken_gives_nothing_sensitive_at_once_and_nothing_else_within_the_bound() {
    for faults in KV_FAULTS {
        let acme = lockstep(faults);
        let ben = acme.joined(BEN, "member");
        let path = acme.workspace("North");
        assert!(!acme.may_in(&ben, "data.read", &path), "{faults}");
        acme.grant(&path, BEN, "editor");
        acme.world.clock.advance_ms(500);
        assert!(
            acme.may_in(&ben, "data.read", &path),
            "granted is seen: {faults}"
        );
        assert!(acme.may_in(&ben, "data.delete", &path), "{faults}");
        let of_ben = format!("{path}{}", acme.member(BEN));
        assert_eq!(acme.delete(&acme.ada, &of_ben).status, 204);
        assert!(!acme.may_in(&ben, "data.delete", &path), "{faults}");
        acme.world.clock.advance_ms(BOUND_MS);
        assert!(!acme.may_in(&ben, "data.read", &path), "{faults}");
    }
}

#[test]
fn a_window_opens_and_ends_by_itself_to_the_millisecond() {
    let north = North::new();
    let acme = &north.acme;
    let start_ms = acme.world.edge.clock.now_ms() + 10_000;
    let window =
        json!({ "role": "editor", "not_before_ms": start_ms, "expires_at_ms": start_ms + 10_000 });
    assert_eq!(acme.put(&north.ben, &north.of(CAT), &window).status, 200);
    let may = |after_ms: i64| {
        acme.world.clock.advance_ms(after_ms);
        (
            acme.may_in(&north.cat, "data.delete", &north.path),
            acme.may_in(&north.cat, "data.read", &north.path),
        )
    };
    assert_eq!(may(9_999), (false, false));
    assert_eq!(may(1), (true, true));
    assert_eq!(may(9_999), (true, true));
    assert_eq!(may(1), (false, false));
    for (not_before, expires) in [
        (json!(5), json!(5)),
        (json!(-1), json!(null)),
        (json!(null), json!(START_MS - 1)),
        (json!(null), json!(8_640_000_000_000_001_i64)),
        (json!(8_640_000_000_000_000_i64), json!(null)),
    ] {
        let body =
            json!({ "role": "editor", "not_before_ms": not_before, "expires_at_ms": expires });
        refused(
            &acme.put(&north.ben, &north.of(CAT), &body),
            400,
            "invalid-value",
        );
    }
}

#[test]
fn several_rows_have_a_result_each_and_take_one_step() {
    let north = North::new();
    let acme = &north.acme;
    let row = |email: &str, role: &str| json!({ "user_id": acme.user(email), "role": role });
    let all = format!("{}/members", north.path);
    let post =
        |session: &str, rows: Vec<Value>| acme.post(session, &all, &json!({ "members": rows }));
    let epoch = || json(&acme.get(&acme.ada, ""))["epoch"].as_i64().unwrap();
    let before = epoch();
    let stranger = json!({ "user_id": "usr_1", "role": "viewer" });
    let answer = post(
        &north.ben,
        vec![
            row(CAT, "viewer"),
            stranger,
            row(ADA, "owner"),
            row(ADA, "editor"),
        ],
    );
    assert_eq!(answer.status, 207, "{}", text(&answer));
    let results = json(&answer)["results"].clone();
    let statuses: Vec<i64> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["status"].as_i64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 404, 400, 200]);
    assert_eq!(results[1]["problem"]["code"], "not-found");
    assert_eq!(epoch(), before + 1);
    // Ben steps down in the first row, so the second is no longer his.
    let answer = json(&post(
        &north.ben,
        vec![row(BEN, "viewer"), row(CAT, "editor")],
    ));
    assert_eq!(answer["results"][0]["status"], 200);
    assert_eq!(answer["results"][1]["problem"]["code"], "no-grant");
    let roles: Vec<Value> = north
        .list()
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["role"].clone())
        .collect();
    // The oldest role first: what was set anew is at the end.
    assert_eq!(roles, ["viewer", "editor", "viewer"]);
    // Nothing was written, so nothing has changed.
    let before = epoch();
    assert_eq!(post(&north.cat, vec![row(BEN, "editor")]).status, 207);
    assert_eq!(epoch(), before);
    refused(&post(&north.ben, Vec::new()), 400, "invalid-value");
    refused(
        &post(&north.ben, vec![row(CAT, "viewer"); 101]),
        400,
        "invalid-value",
    );
}
