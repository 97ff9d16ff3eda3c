//! Suspension: everything ends at once, nothing is lost, nothing brings it back but who may.

use serde_json::json;

use super::{
    ADA, BEN, CAT,
    consistency::{BOUND_MS, KV_FAULTS},
    lockstep, refused,
};
use crate::{
    http::{Method, Request},
    testing::{json, text},
};

#[test]
fn m7_who_is_suspended_may_do_nothing_and_has_all_of_it_back_afterwards() {
    for faults in KV_FAULTS {
        let acme = lockstep(faults);
        let ben = acme.joined(BEN, "member");
        let north = acme.workspace("North");
        acme.grant(&north, BEN, "editor");
        acme.world.clock.advance_ms(1_000);
        assert!(acme.may_in(&ben, "data.read", &north), "{faults}");
        assert!(acme.may_in(&ben, "data.delete", &north), "{faults}");
        let suspension = format!("{}/suspension", acme.member(BEN));
        let suspended = acme.put(&acme.ada, &suspension, &json!({}));
        assert_eq!(suspended.status, 200, "{}", text(&suspended));
        assert!(json(&suspended)["suspended_at_ms"].is_i64());
        assert!(!acme.may_in(&ben, "data.delete", &north), "{faults}");
        refused(&acme.get(&ben, ""), 404, "not-found");
        refused(&acme.get(&ben, "/snapshot"), 404, "not-found");
        let of_ben = acme.user(BEN);
        let ended = acme.world.objects.ended.borrow().clone();
        assert!(ended.iter().any(|(_, who)| *who == of_ben), "{faults}");
        acme.world.clock.advance_ms(BOUND_MS);
        assert!(!acme.may_in(&ben, "data.read", &north), "{faults}");
        // Nothing but who ends it ends it: not a new session, and not a change of the role that is kept.
        let again = acme.world.sign_in(BEN);
        assert!(!acme.may_in(&again, "data.read", &north), "m10: {faults}");
        let role = |role: &str| acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": role }));
        assert_eq!(
            (role("view-only").status, role("member").status),
            (200, 200)
        );
        acme.grant(&north, BEN, "viewer");
        acme.grant(&north, BEN, "editor");
        acme.world.clock.advance_ms(BOUND_MS);
        assert!(!acme.may_in(&ben, "data.read", &north), "{faults}");
        let members = json(&acme.get(&acme.ada, &format!("{north}/members")))["members"].clone();
        assert_eq!(
            (&members[0]["role"], members.as_array().unwrap().len()),
            (&json!("editor"), 1)
        );
        let restored = acme.delete(&acme.ada, &suspension);
        assert_eq!(restored.status, 200, "{}", text(&restored));
        assert_eq!(json(&restored)["suspended_at_ms"], json!(null));
        acme.world.clock.advance_ms(500);
        assert!(acme.may_in(&ben, "data.read", &north), "{faults}");
        assert!(acme.may_in(&ben, "data.delete", &north), "{faults}");
    }
}

#[test]
fn m10_who_is_suspended_does_not_come_back_by_an_invitation() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    refused(
        &acme.invite(&acme.ada, BEN, "member"),
        409,
        "already-member",
    );
    refused(&acme.delete(&ben, &acme.member(BEN)), 404, "not-found");
    let me = Request::new(Method::Get, "/v1/me").with_header("cookie", &ben);
    acme.world.settle();
    assert_eq!(json(&acme.world.send(&me))["organizations"], json!([]));
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    let ben = acme.joined(BEN, "member");
    assert_eq!(
        acme.get(&ben, "").status,
        200,
        "who is removed is suspended no longer"
    );
}

#[test]
fn m5_the_last_admin_is_not_suspended_and_m6_nobody_gives_back_what_they_lack() {
    let acme = lockstep("");
    let (ben, cat) = (acme.joined(BEN, "admin"), acme.joined(CAT, "member"));
    let of = |email| format!("{}/suspension", acme.member(email));
    let (of_ada, of_ben, of_cat) = (of(ADA), of(BEN), of(CAT));
    let suspend = |session: &str, of: &str| acme.put(session, of, &json!({}));
    refused(&suspend(&cat, &of_cat), 403, "no-grant");
    refused(&suspend(&ben, &of_ada), 403, "guard-failed");
    assert_eq!(suspend(&acme.ada, &of_ben).status, 200);
    refused(&suspend(&acme.ada, &of_ada), 409, "last-admin");
    refused(&acme.delete(&ben, &of_ben), 404, "not-found");
    refused(&acme.delete(&cat, &of_ben), 403, "no-grant");
    assert_eq!(acme.delete(&acme.ada, &of_ben).status, 200);
    // An admin is left, but nobody who could end it.
    refused(&suspend(&acme.ada, &of_ada), 409, "last-admin");
    // A second Owner is suspended by the first, nobody by themselves, and an Admin gives nobody ownership back.
    assert_eq!(
        acme.patch(&acme.ada, &acme.member(CAT), &json!({ "role": "owner" }))
            .status,
        200
    );
    refused(&suspend(&acme.ada, &of_ada), 409, "conflict");
    assert_eq!(suspend(&acme.ada, &of_cat).status, 200);
    refused(&acme.delete(&ben, &of_cat), 403, "guard-failed");
    assert_eq!(acme.delete(&acme.ada, &of_cat).status, 200);
}

#[test]
fn who_is_suspended_is_told_nothing_until_it_ends() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let invited = acme.invite(&ben, CAT, "member");
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    acme.world.settle();
    let mails = acme.world.mail(BEN).len();
    let renamed = acme.patch(&acme.ada, "", &json!({ "name": "Other" }));
    assert_eq!(renamed.status, 200, "{}", text(&renamed));
    let member = json!({ "role": "member" });
    assert_eq!(
        acme.patch(&acme.ada, &acme.member(BEN), &member).status,
        200
    );
    let cat = acme.world.sign_in(CAT);
    let decline = format!("/invitations/{}/decline", super::id(&invited));
    let declined = acme.post(&cat, &decline, &json!({}));
    assert_eq!(declined.status, 204, "{}", text(&declined));
    acme.world.settle();
    let me = |path: &str| {
        let me = Request::new(Method::Get, path).with_header("cookie", &ben);
        json(&acme.world.send(&me))
    };
    assert_eq!(me("/v1/me")["organizations"], json!([]));
    assert_eq!(me("/v1/me/notifications")["notifications"], json!([]));
    assert_eq!(acme.world.mail(BEN).len(), mails);
    assert_eq!(acme.delete(&acme.ada, &suspension).status, 200);
    acme.world.settle();
    assert_eq!(me("/v1/me")["organizations"][0]["name"], "Other");
}

#[test]
fn law_5_what_is_over_is_not_given_back_by_the_end_of_a_suspension() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let cat = acme.joined(CAT, "admin");
    let north = acme.workspace("North");
    let of_ben = format!("{north}{}", acme.member(BEN));
    let suspension = format!("{}/suspension", acme.member(BEN));
    // An Admin holds all but this in a workspace.
    let rule = json!({ "effect": "deny", "roles": ["admin"], "permissions": ["data.export"] });
    let made = acme.post(&acme.ada, "/rules", &rule);
    assert_eq!(made.status, 201, "{}", text(&made));
    let now_ms = acme.world.edge.clock.now_ms();
    for (window, status) in [("not_before_ms", 403), ("expires_at_ms", 200)] {
        let editor = json!({ "role": "editor", window: now_ms + 60_000 });
        assert_eq!(acme.put(&acme.ada, &of_ben, &editor).status, 200);
        assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
        acme.world
            .clock
            .advance_ms(if status == 200 { 60_000 } else { 1 });
        let ended = acme.delete(&cat, &suspension);
        assert_eq!(ended.status, status, "{}", text(&ended));
    }
}
