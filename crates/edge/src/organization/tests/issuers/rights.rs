//! What an issuer may give, and what it takes to say which keys it has (threats M5, M6; laws 5 and 7).

use super::*;

#[test]
fn m6_an_issuer_gives_no_role_that_its_saver_lacks_and_none_that_is_admin() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    for (session, role, status, code) in [
        (&acme.ada, "owner", 400, "unknown-role"),
        (&acme.ada, "admin", 400, "unknown-role"),
        (&acme.ada, "editor", 400, "unknown-role"),
        (&acme.ada, "none-such", 400, "unknown-role"),
        (&ben, "owner", 400, "unknown-role"),
    ] {
        let made = acme.post(session, "/issuers", &Idp::new(1).body(Some(role)));
        refused(&made, status, code);
        let path = acme.issuer(&Idp::new(2), None);
        let edited = acme.patch(session, &path, &json!({ "role": role }));
        refused(&edited, status, code);
        assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    }
    // A token hands out what it holds.
    let (_, token) = acme.token(&ben, &json!({ "name": "sso", "scopes": ["sso.manage"] }));
    let body = Idp::new(1).body(Some("member"));
    let made = acme.by(&token, Method::Post, "/issuers", &body);
    refused(&made, 403, "exceeds-grantor");
    assert_eq!(acme.post(&ben, "/issuers", &body).status, 201);
}

#[test]
fn m6_whoever_saves_the_keys_of_an_issuer_holds_what_its_members_hold() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    assert_eq!(acme.read_by(&idp.token("dan"), "").status, 200);
    // Dan is made an Owner, which Ben is not: with keys of his own Ben would be Dan.
    let keys = json!({ "record": Idp::named(2, &idp.name).record() });
    assert_eq!(acme.patch(&ben, &path, &keys).status, 200);
    let back = json!({ "record": idp.record() });
    assert_eq!(acme.patch(&ben, &path, &back).status, 200);
    let owner = json!({ "role": "owner" });
    let made = acme.patch(&acme.ada, &acme.vouched_member("dan"), &owner);
    assert_eq!(made.status, 200, "{}", text(&made));
    for change in [&keys, &json!({ "role": null }), &json!({ "active": true })] {
        refused(&acme.patch(&ben, &path, change), 403, "exceeds-grantor");
    }
    // Taking away is everybody's who may manage issuers; giving back is not.
    let off = json!({ "active": false });
    assert_eq!(acme.patch(&ben, &path, &off).status, 200);
    let on = json!({ "active": true });
    refused(&acme.patch(&ben, &path, &on), 403, "exceeds-grantor");
    let saved_by = json(&acme.get(&acme.ada, &path))["saved_by"].clone();
    assert_eq!(
        saved_by,
        acme.user(BEN),
        "switching off says nothing of keys"
    );
    assert_eq!(acme.patch(&acme.ada, &path, &on).status, 200);
    assert_eq!(acme.read_by(&idp.token("dan"), "").status, 200);
}

#[test]
fn m6_what_groups_and_ownership_give_the_members_of_an_issuer_is_compared_too() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    acme.read_by(&idp.token("dan"), "");
    let (_, token) = acme.token(
        &acme.ada,
        &json!({ "name": "sso", "scopes": ["sso.manage", "organization.read", "member.read", "role.read"] }),
    );
    let save = || {
        acme.by(
            &token,
            Method::Patch,
            &path,
            &json!({ "record": idp.record() }),
        )
    };
    assert_eq!(save().status, 200, "{}", text(&save()));
    let north = acme.workspace("North");
    let group = json!({ "name": "Crew", "workspace": north.replace("/workspaces/", "") });
    let group = format!("/groups/{}", id(&acme.post(&acme.ada, "/groups", &group)));
    let viewer = json!({ "role": "viewer" });
    let node = north.replace("/workspaces/", "/grants/");
    acme.put(&acme.ada, &format!("{group}{node}"), &viewer);
    let dan = acme.vouched_member("dan");
    let put = acme.put(&acme.ada, &format!("{group}{dan}"), &json!({}));
    assert_eq!(put.status, 200, "{}", text(&put));
    refused(&save(), 403, "exceeds-grantor");
    assert!(acme.delete(&acme.ada, &format!("{group}{dan}")).status < 300);
    assert_eq!(save().status, 200);
    let project = json!({ "name": "Bridge", "workspace": north.replace("/workspaces/", "") });
    let project = id(&acme.post(&acme.ada, "/projects", &project));
    let owner = json!({ "user_id": dan.replace("/members/", "") });
    let owned = acme.put(&acme.ada, &format!("/projects/{project}/owner"), &owner);
    assert_eq!(owned.status, 200, "{}", text(&owned));
    refused(&save(), 403, "exceeds-grantor");
}

#[test]
fn who_is_whom_stays_in_a_changed_record() {
    let acme = lockstep("");
    let path = acme.issuer(&Idp::new(1), None);
    let renamed = Idp::new(2).record();
    let mut mapped = Idp::new(1).record();
    mapped["subject_claim"] = json!("email");
    for record in [renamed, mapped, json!({})] {
        let edited = acme.patch(&acme.ada, &path, &json!({ "record": record }));
        refused(&edited, 400, "invalid-issuer");
    }
}

#[test]
fn m5_an_admin_whom_only_an_issuer_vouches_for_is_not_the_last_one() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    acme.read_by(&idp.token("dan"), "");
    let dan = acme.vouched_member("dan");
    let owner = json!({ "role": "owner" });
    assert_eq!(acme.patch(&acme.ada, &dan, &owner).status, 200);
    let token = idp.token("dan");
    let act =
        |method, rest: &str, body: &Value| acme.bear(&acme.world.edge, &token, method, rest, body);
    // Otherwise whoever switches the issuer off would leave nobody who could switch it on.
    let ada = acme.member(ADA);
    refused(&act(Method::Delete, &ada, &json!({})), 409, "last-admin");
    let member = json!({ "role": "member" });
    refused(&act(Method::Patch, &ada, &member), 409, "last-admin");
    assert_eq!(
        act(Method::Patch, &path, &json!({ "active": false })).status,
        200
    );
    assert_eq!(act(Method::Get, "", &json!({})).status, 401);
    assert_eq!(acme.get(&acme.ada, "").status, 200);
}

/// Whoever may choose the keys of an issuer would be the owner otherwise, and nobody after its end.
#[test]
fn m5_whom_only_an_issuer_vouches_for_becomes_no_owner() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    acme.issuer(&idp, Some("member"));
    acme.read_by(&idp.token("dan"), "");
    let dan = acme.vouched_member("dan").replace("/members/", "");
    let handed = acme.put(&acme.ada, "/owner", &json!({ "user_id": dan }));
    refused(&handed, 409, "conflict");
}

/// What a suspended member is kept is theirs once it ends, and whoever has the keys then is them.
#[test]
fn m6_what_a_suspended_member_is_kept_is_compared_too() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    assert_eq!(acme.read_by(&idp.token("dan"), "").status, 200);
    let dan = acme.vouched_member("dan");
    let owner = json!({ "role": "owner" });
    assert_eq!(acme.patch(&acme.ada, &dan, &owner).status, 200);
    let suspension = format!("{dan}/suspension");
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    let keys = json!({ "record": Idp::named(2, &idp.name).record() });
    refused(&acme.patch(&ben, &path, &keys), 403, "exceeds-grantor");
    assert_eq!(acme.patch(&acme.ada, &path, &keys).status, 200);
}

/// Whoever switches the issuer off would leave nobody who may hand out what an Owner holds.
#[test]
fn m5_an_owner_by_an_issuer_leaves_another_owner() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    acme.read_by(&idp.token("dan"), "");
    let dan = acme.vouched_member("dan");
    let owner = json!({ "role": "owner" });
    assert_eq!(acme.patch(&acme.ada, &dan, &owner).status, 200);
    let ben = acme.joined(BEN, "admin");
    let token = idp.token("dan");
    let act =
        |method, rest: &str, body: &Value| acme.bear(&acme.world.edge, &token, method, rest, body);
    let ada = acme.member(ADA);
    let (admin, none) = (json!({ "role": "admin" }), json!({}));
    refused(&act(Method::Patch, &ada, &admin), 409, "last-admin");
    refused(&act(Method::Delete, &ada, &none), 409, "last-admin");
    let suspension = format!("{ada}/suspension");
    refused(&act(Method::Put, &suspension, &none), 409, "last-admin");
    // With another one it is theirs to decide; and nobody is kept for being an Owner by an issuer.
    acme.joined(CAT, "owner");
    let demoted = act(Method::Patch, &ada, &admin);
    assert_eq!(demoted.status, 200, "{}", text(&demoted));
    let off = acme.patch(&ben, &path, &json!({ "active": false }));
    assert_eq!(off.status, 200, "{}", text(&off));
    let cat = acme.world.sign_in(CAT);
    assert_eq!(acme.patch(&cat, &dan, &admin).status, 200);
}

/// It gives nothing, so nobody hands it out.
#[test]
fn law_5_what_is_over_is_not_compared_when_keys_of_an_issuer_change() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    acme.read_by(&idp.token("dan"), "");
    let north = acme.workspace("North");
    let dan = acme.vouched_member("dan");
    let soon_ms = acme.world.edge.clock.now_ms() + 1_000;
    let hour = json!({ "role": "viewer", "expires_at_ms": soon_ms });
    let given = acme.put(&acme.ada, &format!("{north}{dan}"), &hour);
    assert_eq!(given.status, 200, "{}", text(&given));
    let crew = json!({ "name": "Crew", "workspace": north.replace("/workspaces/", "") });
    let crew = format!("/groups/{}", id(&acme.post(&acme.ada, "/groups", &crew)));
    let node = north.replace("/workspaces/", "/grants/");
    let granted = acme.put(&acme.ada, &format!("{crew}{node}"), &hour);
    assert_eq!(granted.status, 200, "{}", text(&granted));
    let put = acme.put(&acme.ada, &format!("{crew}{dan}"), &json!({}));
    assert_eq!(put.status, 200, "{}", text(&put));
    let scopes = json!({ "name": "sso", "scopes": ["sso.manage", "organization.read", "member.read", "role.read"] });
    let (_, token) = acme.token(&acme.ada, &scopes);
    let keys = json!({ "record": idp.record() });
    let save = || acme.by(&token, Method::Patch, &path, &keys);
    refused(&save(), 403, "exceeds-grantor");
    acme.world.clock.advance_ms(1_000);
    assert_eq!(save().status, 200, "{}", text(&save()));
}
