//! Service accounts and their keys: what they may, who makes them, and when they stop (threats P2, P5, P9, J17; laws 5 and 7).

use serde_json::{Value, json};

use super::{ADA, Acme, BEN, CAT, consistency::BOUND_MS, refused, roles::blind_editor};
use crate::{
    http::{Method, Response},
    objects::Class,
    sql::Sql,
    testing::{START_MS, World, json, post, text, write},
};

pub(super) fn lockstep() -> Acme {
    let acme = Acme::in_world(World::with_vars(&[("LOCKSTEP_POLICY", "lockstep")]));
    for (position, workspace) in ["ws_1", "ws_2"].into_iter().enumerate() {
        let sql = acme
            .world
            .objects
            .database(Class::Organization, &acme.id)
            .unwrap();
        let sql: &dyn Sql = &*sql;
        let insert = "INSERT INTO node (id, level, parent, position) VALUES (?, 'workspace', ?, ?)";
        let position = i64::try_from(position).unwrap();
        let values = [workspace.into(), acme.id.as_str().into(), position.into()];
        sql.exec(insert, &values).unwrap();
    }
    acme
}

/// A grant of `role` on the workspace `ws_1`.
pub(super) fn in_ws_1(role: &str) -> Value {
    json!({ "role": role, "node": "ws_1" })
}

impl Acme {
    fn create_account(&self, session: &str, grants: &[Value]) -> Response {
        let body = json!({ "name": "Deployer", "grants": grants });
        self.post(session, "/service-accounts", &body)
    }

    /// The path of an account that Ada made.
    pub(super) fn account(&self, grants: &[Value]) -> String {
        let created = self.create_account(&self.ada, grants);
        assert_eq!(created.status, 201, "{}", text(&created));
        self.world.settle();
        format!(
            "/service-accounts/{}",
            json(&created)["id"].as_str().unwrap()
        )
    }

    pub(super) fn create_key(&self, session: &str, account: &str, body: &Value) -> Response {
        self.post(session, &format!("{account}/keys"), body)
    }

    /// The path and the secret of a key that was made in this session.
    pub(super) fn key(&self, session: &str, account: &str, body: &Value) -> (String, String) {
        let created = self.create_key(session, account, body);
        assert_eq!(created.status, 201, "{}", text(&created));
        let created = json(&created);
        let text = |member: &str| created[member].as_str().unwrap().to_owned();
        (format!("{account}/keys/{}", text("id")), text("token"))
    }

    pub(super) fn key_status(&self, key: &str) -> u16 {
        self.asks(&self.world.isolate(), key, "data.read").status
    }

    /// Whether a key may, in `ws_1`.
    pub(super) fn key_may(&self, key: &str, permission: &str) -> bool {
        let body = json!({ "permission": permission, "resource": { "workspace": "ws_1" } });
        let answer = self.by(key, Method::Post, "/evaluate", &body);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        json(&answer)["decision"].as_bool().unwrap()
    }
}

#[test]
fn a_service_account_acts_with_roles_of_its_own() {
    let acme = lockstep();
    let account = acme.account(&[in_ws_1("editor")]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    assert!(key.starts_with("lsk_svc_org_"));
    assert!(acme.key_may(&key, "data.update") && acme.key_may(&key, "data.delete"));
    assert!(!acme.key_may(&key, "workspace-member.manage"));
    refused(
        &acme.by(&key, Method::Get, "/members", &json!({})),
        403,
        "no-grant",
    );
    let snapshot = json(&acme.by(&key, Method::Get, "/snapshot", &json!({})));
    assert_eq!(snapshot["kind"], "service-account");
    let listed = json(&acme.get(&acme.ada, "/service-accounts"));
    assert_eq!(listed["service_accounts"][0]["keys"], 1);
    assert_eq!(
        listed["service_accounts"][0]["grants"],
        json!([in_ws_1("editor")])
    );
    let keys = acme.get(&acme.ada, &format!("{account}/keys"));
    assert!(!text(&keys).contains(key.rsplit('_').nth(1).unwrap()));
    assert!(json(&keys)["keys"][0]["last_used_at_ms"].is_i64());
}

/// Law 7: a program is nobody who could be the last admin, and no seat.
#[test]
fn m5_a_service_account_is_neither_member_nor_admin() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "owner");
    let account = acme.account(&[json!({ "role": "owner" })]);
    let (_, key) = acme.key(&ben, &account, &json!({ "name": "ci" }));
    assert_eq!(acme.members().len(), 2);
    // Nobody changes the last Owner's role, though a program holds all that an Owner does.
    let ada = acme.member(ADA);
    let lowered = acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": "member" }));
    assert_eq!(lowered.status, 200, "{}", text(&lowered));
    refused(
        &acme.by(&key, Method::Patch, &ada, &json!({ "role": "member" })),
        409,
        "last-admin",
    );
    refused(
        &acme.by(&key, Method::Delete, &ada, &json!({})),
        409,
        "last-admin",
    );
}

#[test]
fn nothing_personal_is_a_programs() {
    let acme = lockstep();
    let account = acme.account(&[json!({ "role": "owner" })]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    for (method, path) in [
        (Method::Get, "/v1/me"),
        (Method::Get, "/v1/me/invitations"),
        (Method::Get, "/v1/me/tokens"),
        (Method::Post, "/v1/organizations"),
    ] {
        let request = write(method, path, &json!({ "name": "x" })).with_header("x-api-key", &key);
        refused(&acme.world.send(&request), 403, "person-required");
    }
    let tokens = post("/v1/me/tokens", &json!({ "name": "x" })).with_header("x-api-key", &key);
    refused(&acme.world.send(&tokens), 403, "session-required");
    assert!(!acme.token_may(&key, "member.leave"));
    assert!(!acme.token_may(&key, "own-token.manage"));
}

/// Law 5, for every way in which a program comes to hold something.
#[test]
fn m6_nobody_gives_a_program_what_they_do_not_hold() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let cat = acme.joined(CAT, "member");
    refused(
        &acme.create_account(&ben, &[json!({ "role": "owner" })]),
        403,
        "exceeds-grantor",
    );
    refused(
        &acme.create_account(&cat, &[in_ws_1("viewer")]),
        403,
        "no-grant",
    );
    let created = acme.create_account(&ben, &[in_ws_1("editor"), json!({ "role": "admin" })]);
    assert_eq!(created.status, 201, "{}", text(&created));
    // What a change leaves in place is handed out as well.
    let owner = acme.account(&[json!({ "role": "owner" })]);
    let more = json!({ "grants": [json!({ "role": "owner" }), in_ws_1("viewer")] });
    refused(&acme.patch(&ben, &owner, &more), 403, "exceeds-grantor");
    let less = json!({ "grants": [in_ws_1("viewer")] });
    assert_eq!(
        acme.patch(&ben, &owner, &less).status,
        200,
        "and taking away is not handing out"
    );
    for (grants, code) in [
        (json!([]), "invalid-value"),
        (json!([{ "role": "root" }]), "unknown-role"),
        (json!([{ "role": "editor" }]), "unknown-role"),
        (json!([{ "role": "admin", "node": "ws_1" }]), "unknown-role"),
        (
            json!([{ "role": "editor", "node": "ws_9" }]),
            "invalid-value",
        ),
        (
            json!([{ "role": "editor", "node": "ws_1", "group": "grp_1" }]),
            "invalid-body",
        ),
    ] {
        let body = json!({ "name": "x", "grants": grants });
        refused(&acme.post(&acme.ada, "/service-accounts", &body), 400, code);
    }
}

/// What was given out before a window opened decides as the object does once it has.
#[test]
fn a_grant_that_begins_later_reaches_what_lies_below_its_node() {
    let acme = lockstep();
    let bridge = json!({ "name": "Bridge", "workspace": "ws_1" });
    let bridge = super::id(&acme.post(&acme.ada, "/projects", &bridge));
    let begins = START_MS + 60_000;
    let later = json!({ "role": "editor", "node": "ws_1", "not_before_ms": begins });
    let account = acme.account(&[later]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let may = || {
        let resource = json!({ "workspace": "ws_1", "project": bridge });
        let body = json!({ "permission": "data.read", "resource": resource });
        json(&acme.by(&key, Method::Post, "/evaluate", &body))["decision"] == true
    };
    assert!(!may());
    acme.world.clock.advance_ms(60_000);
    assert!(may());
}

#[test]
fn a_program_holds_a_role_that_the_organization_made() {
    let acme = lockstep();
    let role = blind_editor(&acme);
    let account = acme.account(&[in_ws_1(&role)]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    assert!(!acme.key_may(&key, "data.read") && acme.key_may(&key, "run.read"));
    let path = format!("/roles/{role}");
    let sees = json!({ "without": [] });
    assert_eq!(acme.patch(&acme.ada, &path, &sees).status, 200);
    acme.world.settle();
    acme.world.clock.advance_ms(1_000);
    assert!(acme.key_may(&key, "data.read"));
    let deleted = acme.delete_with(&acme.ada, &path, "reassign=viewer");
    assert_eq!(deleted.status, 204, "{}", text(&deleted));
    acme.world.settle();
    acme.world.clock.advance_ms(BOUND_MS);
    assert!(acme.key_may(&key, "data.read") && !acme.key_may(&key, "data.update"));
    let listed = json(&acme.get(&acme.ada, "/service-accounts"));
    let granted = &listed["service_accounts"][0]["grants"];
    assert_eq!(granted, &json!([in_ws_1("viewer")]));
}

#[test]
fn a_grant_of_a_program_has_a_window_that_holds_some_time_and_is_there_once() {
    let acme = lockstep();
    let windowed = |window: Value| {
        let mut grant = in_ws_1("viewer");
        let members = grant.as_object_mut().unwrap();
        members.extend(window.as_object().unwrap().clone());
        grant
    };
    for grants in [
        vec![windowed(json!({ "expires_at_ms": START_MS }))],
        vec![windowed(json!({ "not_before_ms": -1 }))],
        vec![windowed(
            json!({ "not_before_ms": START_MS + 9, "expires_at_ms": START_MS + 9 }),
        )],
        vec![
            in_ws_1("viewer"),
            windowed(json!({ "expires_at_ms": START_MS + 9 })),
        ],
    ] {
        let created = acme.create_account(&acme.ada, &grants);
        refused(&created, 400, "invalid-value");
        let account = acme.account(&[in_ws_1("editor")]);
        let changed = acme.patch(&acme.ada, &account, &json!({ "grants": grants }));
        refused(&changed, 400, "invalid-value");
    }
}

#[test]
fn m9_an_account_that_has_changed_meanwhile_is_not_changed() {
    let acme = lockstep();
    let account = acme.account(&[in_ws_1("editor")]);
    let path = acme.path(&account);
    let rename = |tag: &str| {
        let rename = write(Method::Patch, &path, &json!({ "name": "Other" }));
        let rename = rename.with_header("cookie", &acme.ada);
        acme.world.send(&rename.with_header("if-match", tag))
    };
    let listed = json(&acme.get(&acme.ada, "/service-accounts"));
    let epoch = &listed["service_accounts"][0]["epoch"];
    let renamed = rename(&format!("\"{epoch}\""));
    assert_eq!(renamed.status, 200, "{}", text(&renamed));
    let tag = renamed.header("etag").unwrap().to_owned();
    refused(&rename(&format!("\"{epoch}\"")), 412, "precondition-failed");
    assert_eq!(rename(&tag).status, 200);
}
