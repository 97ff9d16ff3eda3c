//! Who was a member does not come back, nor beside themselves, by an invitation from before (threat I7, law 8).

use serde_json::{Value, json};

use super::{
    Acme, BEN, CAT, DAN, id,
    invitations::{link, preview},
    lockstep, refused,
};
use crate::{
    http::{Method, Request, Response},
    testing::{START_MS, json, text},
};

const HOUR_MS: i64 = 3_600_000;

impl Acme {
    /// Dan, who was invited as an Admin and has come in by a link meanwhile: his session, and the invitation.
    fn came_by_a_link(&self) -> (String, String) {
        let invitation = self.invited(DAN, "admin");
        let (_, secret) = self.link("member", 5);
        let dan = self.world.sign_in(DAN);
        let joined = self.join(&dan, &secret);
        assert_eq!(joined.status, 200, "{}", text(&joined));
        self.world.settle();
        (dan, invitation)
    }

    /// As if every membership were that of another account of the same address.
    fn by_another_account(&self) {
        let other = |column: &str, table: &str| {
            format!(
                "UPDATE {table} SET {column} = REPLACE({column}, 'usr_', 'usr_other')
                WHERE REPLACE({column}, 'suspended/', '') IN (SELECT user FROM member WHERE address = '{DAN}')"
            )
        };
        self.execute(&other("user", "granted"));
        self.execute(&other("user", "member"));
    }

    fn suspend(&self, email: &str) {
        let suspension = format!("{}/suspension", self.member(email));
        assert_eq!(self.put(&self.ada, &suspension, &json!({})).status, 200);
    }

    fn decline(&self, session: &str, invitation: &str) -> Response {
        let path = format!("/invitations/{invitation}/decline");
        self.post(session, &path, &json!({}))
    }

    fn pending_of(&self, session: &str) -> Value {
        self.world.settle();
        let mine = Request::new(Method::Get, "/v1/me/invitations").with_header("cookie", session);
        json(&self.world.send(&mine))["invitations"].clone()
    }
}

#[test]
fn i7_an_earlier_invitation_brings_nobody_back_whose_membership_has_ended() {
    for ends in ["removed", "left"] {
        let acme = lockstep("");
        let (dan, invitation) = acme.came_by_a_link();
        let secret = link(&acme, DAN);
        acme.world.clock.advance_ms(1);
        let by = if ends == "left" { &dan } else { &acme.ada };
        assert_eq!(acme.delete(by, &acme.member(DAN)).status, 204);
        let back = acme.accept(&dan, &invitation);
        refused(&back, 409, "invitation-not-pending");
        // It is shown as open to nobody.
        refused(
            &acme.decline(&dan, &invitation),
            409,
            "invitation-not-pending",
        );
        assert_eq!(json(&preview(&acme, &secret))["status"], "canceled");
        assert_eq!(acme.pending_of(&dan), json!([]), "{ends}");
        let listed = json(&acme.get(&acme.ada, "/invitations"));
        assert_eq!(listed["invitations"], json!([]), "{ends}");
        // One that is made afterwards is a new decision, at the same moment, too.
        let invitation = acme.invited(DAN, "view-only");
        assert_eq!(acme.accept(&dan, &invitation).status, 200, "{ends}");
    }
}

/// Of one that an earlier release has left open.
#[test]
fn i7_an_open_invitation_is_void_once_a_membership_has_ended_since_it_was_sent() {
    for is_other in [false, true] {
        let acme = lockstep("");
        let (dan, invitation) = acme.came_by_a_link();
        acme.world.clock.advance_ms(1);
        assert_eq!(acme.delete(&acme.ada, &acme.member(DAN)).status, 204);
        if is_other {
            acme.by_another_account();
        }
        acme.execute("UPDATE invitation SET state = 'pending'");
        refused(&acme.accept(&dan, &invitation), 409, "invitation-void");
        // Sent again, it is.
        acme.world.clock.advance_ms(1);
        let again = format!("/invitations/{invitation}/resend");
        let again = acme.post(&acme.ada, &again, &json!({}));
        assert_eq!(again.status, 200, "{}", text(&again));
        assert_eq!(acme.accept(&dan, &invitation).status, 200);
    }
}

#[test]
fn m10_a_suspended_member_does_not_come_in_beside_themselves() {
    let acme = lockstep("");
    let (dan, invitation) = acme.came_by_a_link();
    acme.suspend(DAN);
    let back = acme.accept(&dan, &invitation);
    refused(&back, 409, "invitation-not-pending");
    assert_eq!(acme.pending_of(&dan), json!([]));
    acme.execute("UPDATE invitation SET state = 'pending'");
    refused(&acme.accept(&dan, &invitation), 409, "invitation-void");
    acme.by_another_account();
    refused(&acme.accept(&dan, &invitation), 409, "invitation-void");
    assert_eq!(
        acme.list_of_members()["members"].as_array().unwrap().len(),
        2
    );
}

/// What an export names, and links and domains see to, too: an address is one member's.
#[test]
fn i2_a_second_account_of_a_member_s_address_does_not_come_in_beside_it() {
    let acme = lockstep("");
    let (dan, invitation) = acme.came_by_a_link();
    acme.by_another_account();
    refused(&acme.accept(&dan, &invitation), 409, "already-member");
    let names: Vec<String> = acme.members().into_iter().map(|(email, _)| email).collect();
    assert_eq!(names.iter().filter(|name| *name == DAN).count(), 1);
    // It is still the member's.
    acme.execute("UPDATE granted SET user = REPLACE(user, 'usr_other', 'usr_')");
    acme.execute("UPDATE member SET user = REPLACE(user, 'usr_other', 'usr_')");
    assert_eq!(acme.accept(&dan, &invitation).status, 200);
}

#[test]
fn law_8_a_creator_who_comes_back_is_a_member_like_others() {
    // OpenLIT's guards keep everybody's hands off the creator.
    let acme = Acme::new();
    let ben = acme.joined(BEN, "admin");
    assert_eq!(acme.delete(&acme.ada, &acme.member(super::ADA)).status, 204);
    let invited = acme.invite(&ben, super::ADA, "member");
    assert_eq!(acme.accept(&acme.ada, &id(&invited)).status, 200);
    let ada = acme.member(super::ADA);
    let admin = json!({ "role": "admin" });
    let changed = acme.patch(&ben, &ada, &admin);
    assert_eq!(changed.status, 200, "{}", text(&changed));
    assert_eq!(json(&changed)["creator"], false);
    let removed = acme.delete(&ben, &ada);
    assert_eq!(removed.status, 204, "{}", text(&removed));
}

#[test]
fn law_7_an_organization_that_nobody_owns_is_handed_over_by_an_admin_of_it() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "owner");
    let cat = acme.joined(CAT, "admin");
    let eve = acme.joined("eve@example.com", "owner");
    acme.let_end("eve@example.com");
    acme.joined(DAN, "member");
    let to = |email: &str| json!({ "user_id": acme.user(email) });
    let (to_cat, to_dan, ada) = (to(CAT), to(DAN), acme.member(super::ADA));
    refused(&acme.put(&ben, "/owner", &to_dan), 403, "no-grant");
    assert_eq!(acme.delete(&ben, &ada).status, 204);
    refused(&acme.put(&cat, "/owner", &to_dan), 403, "no-grant");
    // Who holds everything for a while is no admin that counts.
    let by_eve = acme.put(&eve, "/owner", &to_dan);
    refused(&by_eve, 403, "no-grant");
    assert!(text(&by_eve).contains("who owns the organization"));
    let handed = acme.put(&ben, "/owner", &to_cat);
    assert_eq!(handed.status, 200, "{}", text(&handed));
    assert_eq!(json(&handed)["creator"], true);
    refused(&acme.put(&ben, "/owner", &to_dan), 403, "no-grant");
}

#[test]
fn law_8_an_invitation_from_before_gives_back_no_role_that_was_taken() {
    for lowered in [
        None,
        Some(json!({ "role": "viewer" })),
        // What is lowered for a while does not rise again when that is over.
        Some(json!({ "role": "viewer", "expires_at_ms": START_MS + HOUR_MS })),
    ] {
        let acme = lockstep("");
        let (north, south) = (acme.workspace("North"), acme.workspace("South"));
        let offered =
            |path: &str| json!({ "workspace": path.replace("/workspaces/", ""), "role": "editor" });
        let workspaces = json!([offered(&north), offered(&south)]);
        let invited = acme.invited_to(DAN, &json!({ "workspaces": workspaces }));
        let (_, secret) = acme.link("member", 5);
        let dan = acme.world.sign_in(DAN);
        assert_eq!(acme.join(&dan, &secret).status, 200);
        acme.grant(&north, DAN, "editor");
        let of_dan = format!("{north}{}", acme.member(DAN));
        match &lowered {
            None => assert_eq!(acme.delete(&acme.ada, &of_dan).status, 204),
            Some(lowered) => assert_eq!(acme.put(&acme.ada, &of_dan, lowered).status, 200),
        }
        acme.world.clock.advance_ms(HOUR_MS);
        let invitation = invited["id"].as_str().unwrap();
        assert_eq!(acme.accept(&dan, invitation).status, 200);
        assert!(!acme.may_in(&dan, "data.update", &north), "{lowered:?}");
        // What was not taken comes.
        assert!(acme.may_in(&dan, "data.update", &south));
    }
}

/// The same role given twice is given once; and who takes one that is over means all of it.
#[test]
fn law_8_a_role_that_is_over_and_taken_is_given_back_by_no_invitation() {
    for is_taken in [false, true] {
        let acme = lockstep("");
        let north = acme.workspace("North");
        let offered = json!([{ "workspace": north.replace("/workspaces/", ""), "role": "editor" }]);
        let invited = acme.invited_to(DAN, &json!({ "workspaces": offered }));
        let (_, secret) = acme.link("member", 5);
        let dan = acme.world.sign_in(DAN);
        assert_eq!(acme.join(&dan, &secret).status, 200);
        let of_dan = format!("{north}{}", acme.member(DAN));
        let viewer = json!({ "role": "viewer", "expires_at_ms": START_MS + HOUR_MS });
        for _ in 0..2 {
            assert_eq!(acme.put(&acme.ada, &of_dan, &viewer).status, 200);
        }
        acme.world.clock.advance_ms(HOUR_MS);
        if is_taken {
            assert_eq!(acme.delete(&acme.ada, &of_dan).status, 204);
        }
        let invitation = invited["id"].as_str().unwrap();
        assert_eq!(acme.accept(&dan, invitation).status, 200);
        assert_eq!(acme.may_in(&dan, "data.update", &north), !is_taken);
    }
}

#[test]
fn law_8_an_invitation_from_before_gives_back_no_group_that_was_left_and_nothing_on_a_project() {
    let acme = lockstep("");
    let north = acme.workspace("North").replace("/workspaces/", "");
    let group = json!({ "name": "Crew", "workspace": north });
    let group = id(&acme.post(&acme.ada, "/groups", &group));
    let project = |name: &str| {
        id(&acme.post(
            &acme.ada,
            "/projects",
            &json!({ "name": name, "workspace": north }),
        ))
    };
    let (shared, owned) = (project("Shared"), project("Owned"));
    let (dan, invitation) = acme.came_by_a_link();
    // What only a file brings.
    for insert in [
        format!("INSERT INTO invitation_group VALUES ('{invitation}', '{group}')"),
        format!("INSERT INTO invitation_grant VALUES ('{invitation}', '{shared}', 'editor')"),
        format!("INSERT INTO invitation_project VALUES ('{invitation}', '{owned}')"),
        format!(
            "INSERT INTO granted (user, node, role) VALUES ('{}', '{shared}', 'editor')",
            acme.user(DAN)
        ),
    ] {
        acme.execute(&insert);
    }
    let in_group = format!("/groups/{group}{}", acme.member(DAN));
    assert_eq!(acme.put(&acme.ada, &in_group, &json!({})).status, 200);
    assert_eq!(acme.delete(&acme.ada, &in_group).status, 200);
    let shared = format!("/projects/{shared}{}", acme.member(DAN));
    assert_eq!(acme.delete(&acme.ada, &shared).status, 204);
    for owner in [DAN, super::ADA] {
        let to = json!({ "user_id": acme.user(owner) });
        let handed = acme.put(&acme.ada, &format!("/projects/{owned}/owner"), &to);
        assert_eq!(handed.status, 200, "{}", text(&handed));
    }
    acme.execute("UPDATE node SET owner = NULL");
    assert_eq!(acme.accept(&dan, &invitation).status, 200);
    let read = |path: &str| json(&acme.get(&acme.ada, path));
    assert_eq!(read(&format!("/groups/{group}"))["members"], json!([]));
    assert_eq!(read(&format!("/projects/{owned}"))["owner_id"], json!(null));
    refused(&acme.delete(&acme.ada, &shared), 404, "not-found");
}

#[test]
fn a_role_whose_time_is_over_makes_room_for_what_an_invitation_brings() {
    for (window, may) in [
        (json!({ "expires_at_ms": START_MS + HOUR_MS }), true),
        (json!({ "not_before_ms": START_MS + 2 * HOUR_MS }), false),
    ] {
        let acme = lockstep("");
        let north = acme.workspace("North");
        let offered = json!({ "workspace": north.replace("/workspaces/", ""), "role": "editor" });
        let invited = acme.invited_to(DAN, &json!({ "workspaces": [offered] }));
        let (_, secret) = acme.link("member", 5);
        let dan = acme.world.sign_in(DAN);
        assert_eq!(acme.join(&dan, &secret).status, 200);
        let mut viewer = window.clone();
        viewer["role"] = json!("viewer");
        let of_dan = format!("{north}{}", acme.member(DAN));
        assert_eq!(acme.put(&acme.ada, &of_dan, &viewer).status, 200);
        acme.world.clock.advance_ms(HOUR_MS);
        assert_eq!(
            acme.accept(&dan, invited["id"].as_str().unwrap()).status,
            200
        );
        assert_eq!(acme.may_in(&dan, "data.update", &north), may, "{window}");
    }
}
