//! Members: law 5, law 7, tenants apart, and nothing left of who is gone.

mod batch;

use lockstep_wire::Snapshot;
use serde_json::json;

use super::{ADA, Acme, BEN, CAT, refused};
use crate::{
    http::{Method, Request},
    testing::{World, json, post, write},
};

#[test]
fn m5_the_last_admin_neither_leaves_nor_steps_down() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "admin");
    let of_ben = acme.member(BEN);
    // Ada created the organization, so the policy lets nobody change or remove her.
    refused(
        &acme.patch(&ben, &acme.member(ADA), &json!({ "role": "member" })),
        403,
        "guard-failed",
    );
    refused(&acme.delete(&ben, &acme.member(ADA)), 403, "guard-failed");
    assert_eq!(
        acme.delete(&acme.ada, &acme.member(ADA)).status,
        204,
        "Ben is left as an admin"
    );
    refused(
        &acme.patch(&ben, &of_ben, &json!({ "role": "member" })),
        409,
        "last-admin",
    );
    refused(&acme.delete(&ben, &of_ben), 409, "last-admin");
    assert!(acme.may(&ben, "members.invite"));
}

#[test]
fn m6_nobody_raises_themselves_or_others_beyond_what_they_hold() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    acme.joined(CAT, "member");
    for member in [BEN, CAT] {
        refused(
            &acme.patch(&ben, &acme.member(member), &json!({ "role": "admin" })),
            403,
            "no-grant",
        );
    }
    refused(
        &acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": "root" })),
        400,
        "unknown-role",
    );
}

#[test]
fn a_refused_change_carries_the_decision_that_evaluate_gives() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    let refusal = json(&acme.invite(&ben, CAT, "member"));
    let evaluated = json(&acme.evaluate(&ben, "members.invite"));
    assert_eq!(refusal["decision"], evaluated);
    assert_eq!(refusal["detail"], evaluated["reasons"][0]["text"]);
}

#[test]
fn m4_every_route_is_closed_to_another_tenant() {
    let acme = Acme::new();
    let invitation = acme.invited(CAT, "member");
    let ben_of = acme.joined(BEN, "member");
    let of_ben = acme.member(BEN);
    let mallory = acme.world.sign_in("mallory@example.com");
    let before = (acme.members(), json(&acme.get(&acme.ada, "")));
    for rest in ["", "/members", "/invitations", "/snapshot", "/events"] {
        refused(&acme.get(&mallory, rest), 404, "not-found");
    }
    refused(
        &acme.patch(&mallory, "", &json!({ "name": "Mine" })),
        404,
        "not-found",
    );
    refused(&acme.delete(&mallory, ""), 404, "not-found");
    refused(
        &acme.patch(&mallory, &of_ben, &json!({ "role": "admin" })),
        404,
        "not-found",
    );
    refused(&acme.delete(&mallory, &of_ben), 404, "not-found");
    refused(
        &acme.invite(&mallory, "x@example.com", "member"),
        404,
        "not-found",
    );
    refused(
        &acme.delete(&mallory, &format!("/invitations/{invitation}")),
        404,
        "not-found",
    );
    let evaluated = json(&acme.evaluate(&mallory, "members.invite"));
    assert_eq!(evaluated["reasons"][0]["code"], "no-membership");
    assert_eq!(
        (acme.members(), json(&acme.get(&acme.ada, ""))),
        before,
        "nothing changed"
    );
    assert_eq!(acme.get(&ben_of, "/members").status, 200);
}

#[test]
fn ids_that_we_did_not_make_reach_no_object() {
    let acme = Acme::new();
    let flipped = acme.id.replace("org_", "usr_");
    let mut edited = acme.id.clone();
    edited.pop();
    for id in [
        flipped.as_str(),
        edited.as_str(),
        "org_1",
        "org_0000000000000000000000000000",
    ] {
        let path = format!("/v1/organizations/{id}/members");
        let get = Request::new(Method::Get, path).with_header("cookie", &acme.ada);
        refused(&acme.world.send(&get), 404, "not-found");
        let class = crate::objects::Class::Organization;
        assert!(acme.world.objects.database(class, id).is_none(), "{id}");
    }
}

#[test]
fn m9_what_was_answered_is_what_is_stored() {
    let acme = Acme::new();
    acme.joined(BEN, "member");
    let changed = json(&acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": "admin" })));
    assert_eq!(changed["role_name"], "Admin");
    assert_eq!(acme.members()[1].1, "admin");
    let renamed = json(&acme.patch(&acme.ada, "", &json!({ "name": "  Räksmörgås  " })));
    assert_eq!(renamed["name"], "Räksmörgås");
    assert_eq!(json(&acme.get(&acme.ada, ""))["name"], "Räksmörgås");
}

#[test]
fn m10_what_was_removed_stays_removed() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "admin");
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    // One key is put at most once a second.
    acme.world.clock.advance_ms(1_000);
    acme.world.settle();
    let put = acme.world.kv.puts.borrow().last().unwrap().1.clone();
    assert!(
        put.contains("\"grants\":[]"),
        "the last bytes in KV are a tombstone: {put}"
    );
    let me = acme
        .world
        .send(&Request::new(Method::Get, "/v1/me").with_header("cookie", &ben));
    assert_eq!(json(&me)["organizations"], json!([]));
    let ended = acme.world.objects.ended.borrow();
    assert_eq!(
        ended.len(),
        1,
        "the open pages of who was removed are closed"
    );
}

#[test]
fn m13_members_that_are_not_writable_are_refused() {
    let acme = Acme::new();
    let body = json!({ "name": "Acme", "creator": "usr_x", "epoch": 9 });
    refused(&acme.patch(&acme.ada, "", &body), 400, "invalid-body");
    let body = json!({ "role": "member", "creator": true });
    refused(
        &acme.patch(&acme.ada, &acme.member(ADA), &body),
        400,
        "invalid-body",
    );
    let body = json!({ "email": BEN, "role": "member", "invited_by": CAT });
    refused(
        &acme.post(&acme.ada, "/invitations", &body),
        400,
        "invalid-body",
    );
}

#[test]
fn m15_and_p10_nothing_is_left_of_a_deleted_organization() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    let invitation = acme.invited(CAT, "member");
    refused(&acme.delete(&ben, ""), 403, "no-grant");
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    acme.world.settle();
    for session in [&acme.ada, &ben] {
        refused(&acme.get(session, ""), 404, "not-found");
        refused(&acme.get(session, "/snapshot"), 404, "not-found");
        refused(&acme.evaluate(session, "resources.view"), 404, "not-found");
        let me = Request::new(Method::Get, "/v1/me").with_header("cookie", session);
        assert_eq!(json(&acme.world.send(&me))["organizations"], json!([]));
    }
    let cat = acme.world.sign_in(CAT);
    refused(&acme.accept(&cat, &invitation), 404, "not-found");
    let mine = Request::new(Method::Get, "/v1/me/invitations").with_header("cookie", &cat);
    assert_eq!(json(&acme.world.send(&mine))["invitations"], json!([]));
}

#[test]
fn names_are_short_and_visible() {
    let acme = Acme::new();
    for name in ["", "   ", "a\u{7}b", "a\r\nb", &"x".repeat(101)] {
        refused(
            &acme.patch(&acme.ada, "", &json!({ "name": name })),
            400,
            "invalid-value",
        );
        let create =
            post("/v1/organizations", &json!({ "name": name })).with_header("cookie", &acme.ada);
        refused(&acme.world.send(&create), 400, "invalid-value");
    }
}

#[test]
fn w2_a_page_of_another_origin_changes_nothing() {
    let acme = Acme::new();
    for origin in [
        None,
        Some("null"),
        Some("http://evil.example"),
        Some("http://localhost:8787.evil.example"),
    ] {
        let mut request =
            Request::new(Method::Delete, acme.path("")).with_header("cookie", &acme.ada);
        if let Some(origin) = origin {
            request = request.with_header("origin", origin);
        }
        refused(&acme.world.send(&request), 403, "origin-refused");
        let mut request = write(Method::Patch, &acme.path(""), &json!({ "name": "Theirs" }));
        request = request
            .with_header("cookie", &acme.ada)
            .with_header("origin", origin.unwrap_or(""));
        refused(&acme.world.send(&request), 403, "origin-refused");
    }
    assert_eq!(json(&acme.get(&acme.ada, ""))["name"], "Acme");
}

#[test]
fn j24_what_is_no_credential_is_told_so_whatever_the_method() {
    let acme = Acme::new();
    let operator = format!("/v1/operator/organizations/{}/plan", acme.id);
    let send = |path: &str, headers: &[(&str, &str)]| {
        let request = Request::new(Method::Put, path).with_body(Ok(b"{}".to_vec()));
        let add = |request: Request, (name, value): &(&str, &str)| request.with_header(name, value);
        acme.world.send(&headers.iter().fold(request, add))
    };
    let path = acme.path("/settings/name");
    for path in [path.as_str(), &operator] {
        for text in ["Basic eDp5", "Bearer a b", "Bearer", "Digest a=b"] {
            let answer = send(path, &[("authorization", text)]);
            refused(&answer, 401, "unauthenticated");
            assert!(answer.header("www-authenticate").is_some(), "{path} {text}");
        }
    }
    let two = [("authorization", "Bearer a"), ("x-api-key", "b")];
    refused(&send(&path, &two), 400, "several-credentials");
    let answer = send(&path, &[]);
    refused(&answer, 401, "unauthenticated");
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer realm=\"lockstep\"")
    );
    // Where nobody needs one, they prove where they come from.
    let code = Request::new(Method::Post, "/v1/sign-in/codes");
    let code = code.with_header("authorization", "Basic eDp5");
    refused(&acme.world.send(&code), 403, "origin-refused");
}

#[test]
fn an_unknown_permission_is_an_error_and_not_a_deny() {
    let acme = Acme::new();
    refused(
        &acme.evaluate(&acme.ada, "members.fly"),
        400,
        "unknown-permission",
    );
}

#[test]
fn facts_are_believed_from_nobody_under_this_policy() {
    let acme = Acme::new();
    let body = json!({ "permission": "members.remove", "facts": { "target.creator": false } });
    refused(&acme.post(&acme.ada, "/evaluate", &body), 403, "no-grant");
}

#[test]
fn the_directory_states_the_facts_about_a_member() {
    let acme = Acme::new();
    acme.joined(BEN, "member");
    let ask = |member: &str| {
        let id = acme.member(member).replace("/members/", "");
        let body =
            json!({ "permission": "members.remove", "resource": { "type": "member", "id": id } });
        json(&acme.post(&acme.ada, "/evaluate", &body))
    };
    assert_eq!(ask(BEN)["decision"], true);
    assert_eq!(ask(ADA)["reasons"][0]["code"], "guard-failed");
    let body = json!({ "permission": "members.remove" });
    let without = json(&acme.post(&acme.ada, "/evaluate", &body));
    assert_eq!(without["reasons"][0]["code"], "fact-missing");
}

#[test]
fn a_cap_is_lifted_by_who_holds_what_it_held_back() {
    let world = World::with_vars(&[("LOCKSTEP_POLICY", "lockstep")]);
    let acme = Acme::in_world(world);
    let admin = acme.joined(BEN, "admin");
    acme.joined(CAT, "view-only");
    let (ada, cat) = (acme.member(ADA), acme.member(CAT));
    let role = |session: &str, member: &str, role: &str| {
        acme.patch(session, member, &json!({ "role": role }))
    };
    // Nothing that an Admin lacks comes to life, because the View-Only member was granted nothing beside.
    assert_eq!(role(&admin, &cat, "member").status, 200);
    refused(&role(&admin, &cat, "owner"), 403, "exceeds-grantor");
    refused(&role(&admin, &ada, "member"), 403, "guard-failed");
    refused(&role(&acme.ada, &ada, "admin"), 403, "guard-failed");
    refused(&acme.delete(&acme.ada, &ada), 403, "denied-by-rule");
}

#[test]
fn an_organization_carries_the_facts_that_its_deletion_is_decided_by() {
    let world = World::with_vars(&[("LOCKSTEP_POLICY", "openlit-product")]);
    let acme = Acme::in_world(world);
    let facts = || json(&acme.get(&acme.ada, ""))["facts"].clone();
    let alone = facts();
    assert_eq!(alone["organization.members"], 1);
    assert_eq!(alone["principal.creator"], true);
    let ben = acme.joined(BEN, "admin");
    assert_eq!(facts()["organization.members"], 2);
    assert_eq!(
        json(&acme.get(&ben, ""))["facts"]["principal.creator"],
        false
    );
    refused(&acme.delete(&ben, ""), 403, "no-grant");
    refused(&acme.delete(&acme.ada, ""), 403, "guard-failed");
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
}

#[test]
fn a_page_may_ask_for_its_snapshot_in_the_binary_form() {
    let acme = Acme::new();
    let ask = |accept: &str| {
        let request = Request::new(Method::Get, acme.path("/snapshot"))
            .with_header("cookie", &acme.ada)
            .with_header("accept", accept);
        acme.world.send(&request)
    };
    let policy = &acme.world.edge.config.policy;
    let snapshot = Snapshot::read(ask("*/*").bytes(), policy).unwrap();
    for accept in [
        Snapshot::MEDIA_TYPE,
        "text/html, Application/vnd.lockstep.snapshot;q=1",
    ] {
        let answer = ask(accept);
        assert_eq!(answer.header("content-type"), Some(Snapshot::MEDIA_TYPE));
        assert_eq!(answer.header("vary"), Some("accept"));
        assert_eq!(answer.bytes(), snapshot.to_bytes(policy).unwrap());
    }
    for accept in [
        "application/json",
        "application/*",
        "application/vnd.lockstep.snapshots",
        "application/json, application/vnd.lockstep.snapshot; q=0.0",
    ] {
        assert_eq!(ask(accept).header("content-type"), Some("application/json"));
    }
}

#[test]
fn who_gets_another_role_or_is_removed_is_told_by_mail_and_nobody_else_is() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    let subjects = |to: &str| -> Vec<String> {
        let mail = acme.world.mail(to);
        let told = mail.into_iter().map(|kept| kept.message.subject);
        told.filter(|subject| subject.starts_with("You")).collect()
    };
    let of_ben = acme.member(BEN);
    acme.patch(&acme.ada, &of_ben, &json!({ "role": "admin" }));
    assert_eq!(subjects(BEN), ["Your role in Acme is now Admin."]);
    // The same role again is no news.
    acme.patch(&acme.ada, &of_ben, &json!({ "role": "admin" }));
    assert_eq!(subjects(BEN).len(), 1);
    // What is refused tells nobody.
    let of_nobody = of_ben.replace("usr_", "usr_x");
    refused(&acme.delete(&acme.ada, &of_nobody), 404, "not-found");
    refused(
        &acme.patch(&acme.ada, &of_ben, &json!({ "role": "none-such" })),
        400,
        "unknown-role",
    );
    assert_eq!(subjects(BEN).len(), 1);
    acme.delete(&acme.ada, &of_ben);
    assert_eq!(subjects(BEN)[0], "You are no longer a member of Acme.");
    let cat = acme.joined(CAT, "member");
    acme.delete(&cat, &acme.member(CAT));
    assert!(subjects(CAT).is_empty(), "who leaves knows it");
    assert!(subjects(super::ADA).is_empty());
    drop(ben);
}
