//! Invitations: used once, by the right person, while they count.

mod told;

use serde_json::json;

use super::{ADA, Acme, BEN, CAT, lockstep, refused};
use crate::{
    http::{Method, Request},
    testing::{World, json, text},
};

const WEEK_MS: i64 = 604_800_000;

/// The secret in the newest invitation mail to `email`.
pub(super) fn link(acme: &Acme, email: &str) -> String {
    let mails = acme.world.mail(email);
    let after_link = |text: &str| Some(text.split_once("/invitations#")?.1.to_owned());
    let rest = mails
        .iter()
        .find_map(|mail| after_link(&mail.message.text))
        .unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

pub(super) fn preview(acme: &Acme, secret: &str) -> crate::http::Response {
    let request = Request::new(Method::Get, "/v1/invitations/preview");
    acme.world
        .send(&request.with_header("lockstep-invitation-token", secret))
}

#[test]
fn who_accepts_is_a_member_and_the_list_says_so() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    let members = [
        (ADA.to_owned(), "admin".to_owned()),
        (BEN.to_owned(), "member".to_owned()),
    ];
    assert_eq!(acme.members(), members);
    let me = acme
        .world
        .send(&Request::new(Method::Get, "/v1/me").with_header("cookie", &ben));
    assert_eq!(json(&me)["organizations"][0]["name"], "Acme");
    let mine = Request::new(Method::Get, "/v1/me/invitations").with_header("cookie", &ben);
    assert_eq!(json(&acme.world.send(&mine))["invitations"], json!([]));
}

#[test]
fn i1_no_edited_link_shows_an_invitation() {
    let acme = Acme::new();
    acme.invited(BEN, "member");
    let secret = link(&acme, BEN);
    assert_eq!(json(&preview(&acme, &secret))["email"], BEN);
    for at in 0..secret.len() {
        let mut bytes = secret.clone().into_bytes();
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        let edited = String::from_utf8(bytes).unwrap();
        refused(&preview(&acme, &edited), 404, "not-found");
    }
    refused(
        &preview(&acme, secret.split_at(secret.len() - 1).0),
        404,
        "not-found",
    );
}

#[test]
fn i2_only_the_invited_address_acts_on_it() {
    let acme = Acme::new();
    let invitation = acme.invited(BEN, "admin");
    for email in [
        CAT,
        "ben+x@example.com",
        "b.en@example.com",
        "ben@example.com.example.org",
    ] {
        let stranger = acme.world.sign_in(email);
        refused(&acme.accept(&stranger, &invitation), 404, "not-found");
        let decline = format!("/invitations/{invitation}/decline");
        refused(
            &acme.post(&stranger, &decline, &json!({})),
            404,
            "not-found",
        );
    }
    assert_eq!(acme.members().len(), 1);
    // The invited person typed the address in other letters: it is the same address.
    let ben = acme.world.sign_in("BEN@Example.com");
    assert_eq!(acme.accept(&ben, &invitation).status, 200);
}

#[test]
fn i3_nobody_invites_into_more_than_they_hold() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    refused(&acme.invite(&ben, CAT, "member"), 403, "no-grant");
    refused(&acme.invite(&ben, CAT, "admin"), 403, "no-grant");
    refused(&acme.invite(&acme.ada, CAT, "owner"), 400, "unknown-role");
    refused(&acme.invite(&acme.ada, CAT, ""), 400, "unknown-role");
    // Who may invite gives no more than they hold: a rule takes from Admins what Members see.
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    refused(&acme.invite(&ben, CAT, "owner"), 403, "exceeds-grantor");
    acme.rule(&json!({ "effect": "deny", "roles": ["admin"], "permissions": ["member.read"] }));
    refused(&acme.invite(&ben, CAT, "member"), 403, "exceeds-grantor");
    let invited = acme.invite(&ben, CAT, "gateway");
    assert_eq!(invited.status, 201, "{}", text(&invited));
}

#[test]
fn i3_nobody_offers_more_in_a_workspace_than_they_hold_there() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let north = acme.workspace("North").replace("/workspaces/", "");
    acme.rule(&json!({ "effect": "deny", "roles": ["admin"], "permissions": ["data.export"] }));
    let offer = |role: &str| {
        let workspaces = json!([{ "workspace": north, "role": role }]);
        let body = json!({ "email": CAT, "role": "member", "workspaces": workspaces });
        acme.post(&ben, "/invitations", &body)
    };
    refused(&offer("editor"), 403, "exceeds-grantor");
    let invited = offer("viewer");
    assert_eq!(invited.status, 201, "{}", text(&invited));
}

#[test]
fn i4_the_inviters_rights_are_asked_again_when_it_is_accepted() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "admin");
    let by_ben = json(&acme.invite(&ben, CAT, "admin"))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let demoted = acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": "member" }));
    assert_eq!(demoted.status, 200);
    let cat = acme.world.sign_in(CAT);
    refused(&acme.accept(&cat, &by_ben), 409, "invitation-void");
    assert_eq!(acme.members().len(), 2);
    // Given back in time, the rights count again: nothing was used up.
    acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": "admin" }));
    assert_eq!(acme.accept(&cat, &by_ben).status, 200);
}

#[test]
fn i4_an_invitation_of_somebody_removed_is_void() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "admin");
    let by_ben = json(&acme.invite(&ben, CAT, "member"))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    let cat = acme.world.sign_in(CAT);
    refused(&acme.accept(&cat, &by_ben), 409, "invitation-void");
    // It does not come back with them (law 8).
    let ben = acme.joined(BEN, "admin");
    refused(&acme.accept(&cat, &by_ben), 409, "invitation-void");
    let again = acme.post(&ben, &format!("/invitations/{by_ben}/resend"), &json!({}));
    assert_eq!(again.status, 200, "{}", text(&again));
    assert_eq!(acme.accept(&cat, &by_ben).status, 200);
}

/// By hand they could be given as little.
#[test]
fn i4_who_is_a_member_by_now_is_given_what_the_sender_may_give_such_a_member() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let north = acme.workspace("North");
    let offer = json!([{ "workspace": north.replace("/workspaces/", ""), "role": "editor" }]);
    let body = json!({ "email": CAT, "role": "member", "workspaces": offer });
    let by_ben = super::id(&acme.post(&ben, "/invitations", &body));
    let when = json!([{ "fact": "target.role", "equals": "view-only" }]);
    let rule = json!({ "effect": "deny", "roles": ["admin"], "permissions": ["workspace-member.manage"], "when": when });
    acme.rule(&rule);
    let (_, secret) = acme.link("view-only", 5);
    let cat = acme.world.sign_in(CAT);
    assert_eq!(acme.join(&cat, &secret).status, 200);
    let by_hand = format!("{north}{}", acme.member(CAT));
    let editor = json!({ "role": "editor" });
    refused(&acme.put(&ben, &by_hand, &editor), 403, "denied-by-rule");
    refused(&acme.accept(&cat, &by_ben), 409, "invitation-void");
    let member = json!({ "role": "member" });
    assert_eq!(
        acme.patch(&acme.ada, &acme.member(CAT), &member).status,
        200
    );
    assert_eq!(acme.accept(&cat, &by_ben).status, 200);
}

#[test]
fn i5_another_organizations_invitation_is_out_of_reach() {
    let acme = Acme::new();
    let invitation = acme.invited(BEN, "member");
    let mallory = acme.world.sign_in("mallory@example.com");
    let created = acme.world.send(
        &crate::testing::post("/v1/organizations", &json!({ "name": "Other" }))
            .with_header("cookie", &mallory),
    );
    let other = json(&created)["id"].as_str().unwrap().to_owned();
    let cancel = |organization: &str| {
        let path = format!("/v1/organizations/{organization}/invitations/{invitation}");
        let request =
            Request::new(Method::Delete, path).with_header("origin", crate::testing::ORIGIN);
        acme.world.send(&request.with_header("cookie", &mallory))
    };
    refused(&cancel(&other), 404, "not-found");
    refused(&cancel(&acme.id), 404, "not-found");
    let ben = acme.world.sign_in(BEN);
    assert_eq!(acme.accept(&ben, &invitation).status, 200);
}

#[test]
fn i6_expiry_is_exact_to_the_millisecond() {
    for (waited_ms, status) in [(WEEK_MS - 1, 200), (WEEK_MS, 409), (WEEK_MS + 1, 409)] {
        let acme = Acme::new();
        let ben = acme.world.sign_in(BEN);
        let invitation = acme.invited(BEN, "member");
        acme.world.clock.advance_ms(waited_ms);
        let accepted = acme.accept(&ben, &invitation);
        assert_eq!(accepted.status, status, "{}", text(&accepted));
        let pending = json(&acme.get(&acme.ada, "/invitations"));
        assert_eq!(
            pending["invitations"],
            json!([]),
            "an expired one is not listed"
        );
    }
}

#[test]
fn i7_it_is_used_once() {
    let acme = Acme::new();
    let first = acme.invited(BEN, "member");
    let ben = acme.world.sign_in(BEN);
    assert_eq!(acme.accept(&ben, &first).status, 200);
    refused(&acme.accept(&ben, &first), 409, "invitation-not-pending");
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    refused(&acme.accept(&ben, &first), 409, "invitation-not-pending");

    let declined = acme.invited(BEN, "member");
    let decline = format!("/invitations/{declined}/decline");
    assert_eq!(acme.post(&ben, &decline, &json!({})).status, 204);
    refused(&acme.accept(&ben, &declined), 409, "invitation-not-pending");

    let canceled = acme.invited(BEN, "member");
    assert_eq!(
        acme.delete(&acme.ada, &format!("/invitations/{canceled}"))
            .status,
        204
    );
    refused(&acme.accept(&ben, &canceled), 409, "invitation-not-pending");
    assert_eq!(acme.members().len(), 1);
}

#[test]
fn i7_the_link_of_a_member_signs_nobody_in() {
    let acme = Acme::new();
    acme.joined(BEN, "member");
    let secret = link(&acme, BEN);
    for name in ["authorization", "x-api-key"] {
        let me = Request::new(Method::Get, "/v1/me").with_header(name, &secret);
        refused(&acme.world.send(&me), 401, "unauthenticated");
    }
    let cookie = format!("__Host-lockstep_session={secret}");
    let me = Request::new(Method::Get, "/v1/me").with_header("cookie", &cookie);
    refused(&acme.world.send(&me), 401, "unauthenticated");
}

#[test]
fn i9_the_secret_is_in_the_mail_and_nowhere_else() {
    let acme = Acme::new();
    acme.invited(BEN, "member");
    let secret = link(&acme, BEN);
    for rest in ["/invitations", "/members", "", "/snapshot"] {
        assert!(
            !text(&acme.get(&acme.ada, rest)).contains(&secret),
            "{rest}"
        );
    }
    assert!(
        acme.world
            .kv
            .puts
            .borrow()
            .iter()
            .all(|(_, value)| !value.contains(&secret))
    );
    let sql = acme
        .world
        .objects
        .database(crate::objects::Class::Organization, &acme.id)
        .unwrap();
    let sql: &dyn crate::sql::Sql = &*sql;
    let found = "SELECT COUNT(*) AS n FROM invitation WHERE hash = ?";
    let plain = sql.one(found, &[secret.as_str().into()]).unwrap().unwrap();
    assert_eq!(plain.integer("n").unwrap(), 0);
}

#[test]
fn one_address_has_one_pending_invitation_and_members_need_none() {
    let acme = Acme::new();
    acme.invited(BEN, "member");
    refused(
        &acme.invite(&acme.ada, " BEN@example.com ", "admin"),
        409,
        "already-invited",
    );
    refused(
        &acme.invite(&acme.ada, ADA, "member"),
        409,
        "already-member",
    );
    acme.world.clock.advance_ms(WEEK_MS);
    assert_eq!(acme.invite(&acme.ada, BEN, "admin").status, 201);
}

#[test]
fn what_is_no_address_is_not_invited() {
    let acme = Acme::new();
    for email in [
        "",
        "ben",
        "ben@",
        "@example.com",
        "a@b@example.com",
        "ben@example.com\r\nbcc: x@y.z",
    ] {
        refused(
            &acme.invite(&acme.ada, email, "member"),
            400,
            "invalid-address",
        );
    }
    assert_eq!(
        json(&acme.get(&acme.ada, "/invitations"))["invitations"],
        json!([])
    );
}

#[test]
fn the_invited_person_sees_it_and_a_rename_follows() {
    let acme = Acme::new();
    acme.invited(BEN, "member");
    assert_eq!(
        acme.patch(&acme.ada, "", &json!({ "name": "Acme Two" }))
            .status,
        200
    );
    acme.world.settle();
    let ben = acme.world.sign_in(BEN);
    let mine = Request::new(Method::Get, "/v1/me/invitations").with_header("cookie", &ben);
    let mine = json(&acme.world.send(&mine));
    assert_eq!(mine["invitations"][0]["organization"]["name"], "Acme Two");
    assert_eq!(mine["invitations"][0]["invited_by"], ADA);
}

#[test]
fn who_may_act_towards_some_roles_cancels_the_invitations_of_those_only() {
    let world = World::with_vars(&[("LOCKSTEP_POLICY", "langsmith-current")]);
    let acme = Acme::in_world(world);
    let operator = acme.joined(BEN, "organization-operator");
    refused(
        &acme.invite(&operator, CAT, "organization-operator"),
        403,
        "guard-failed",
    );
    let of_operator = acme.invited(CAT, "organization-operator");
    let of_viewer = acme.invite(&operator, "dan@example.com", "organization-viewer");
    assert_eq!(of_viewer.status, 201, "{}", text(&of_viewer));
    let of_viewer = json(&of_viewer)["id"].as_str().unwrap().to_owned();
    let cancel = |session: &str, id: &str| acme.delete(session, &format!("/invitations/{id}"));
    refused(&cancel(&operator, &of_operator), 403, "guard-failed");
    assert_eq!(cancel(&operator, &of_viewer).status, 204);
    assert_eq!(cancel(&acme.ada, &of_operator).status, 204);
}
