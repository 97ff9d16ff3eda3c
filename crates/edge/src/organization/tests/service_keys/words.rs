//! What a program gives its word for ends with the person who saw its key's secret (threat P2).

use super::*;
use crate::{
    http::Response,
    organization::tests::{CAT, issuers::Idp},
};

const EVE: &str = "eve@people.example";

/// What somebody comes in by, each saved by a program whose secret Ben saw.
struct Doors {
    acme: Acme,
    idp: Idp,
    account: String,
    domain: String,
    issuer: String,
    invitation: String,
    eve: String,
}

impl Doors {
    fn new() -> Self {
        let acme = lockstep();
        let ben = acme.joined(BEN, "admin");
        let account = acme.account(&[json!({ "role": "admin" })]);
        let (_, secret) = acme.key(&ben, &account, &json!({ "name": "ben's" }));
        let idp = Idp::new(1);
        let eve = acme.world.sign_in(EVE);
        let doors = Self {
            domain: format!("/domains/{}", acme.proven("people.example", "member")),
            issuer: acme.issuer(&idp, Some("member")),
            invitation: String::new(),
            acme,
            idp,
            account,
            eve,
        };
        doors.save_by(&secret)
    }

    /// Each saved anew through a key.
    fn save_by(mut self, secret: &str) -> Self {
        let by = |method, path: &str, body: &Value| {
            let saved = self.acme.by(secret, method, path, body);
            assert!(saved.status < 300, "{path}: {}", text(&saved));
            saved
        };
        let role = json!({ "role": "member" });
        by(Method::Patch, &self.domain, &role);
        by(Method::Patch, &self.issuer, &role);
        let invitation = if self.invitation.is_empty() {
            let invite = json!({ "email": CAT, "role": "member" });
            super::super::id(&by(Method::Post, "/invitations", &invite))
        } else {
            let again = format!("/invitations/{}/resend", self.invitation);
            by(Method::Post, &again, &json!({}));
            self.invitation.clone()
        };
        self.invitation = invitation;
        self
    }

    /// The statuses with which somebody comes in by domain, issuer and invitation.
    fn open(&self) -> [u16; 3] {
        let by_issuer = |subject: &str| -> Response {
            let token = format!("Bearer {}", self.idp.token(subject));
            let request = Request::new(Method::Get, self.acme.path(""));
            let request = request.with_header("authorization", &token);
            self.acme.world.send(&request)
        };
        let cat = self.acme.world.sign_in(CAT);
        [
            self.acme.post(&self.eve, "/join", &json!({})).status,
            by_issuer("dan").status,
            self.acme.accept(&cat, &self.invitation).status,
        ]
    }

    fn vouched_for(&self) -> [bool; 2] {
        let view =
            |path: &str, member: &str| json(&self.acme.get(&self.acme.ada, path))[member] == true;
        [view(&self.domain, "admits"), view(&self.issuer, "admits")]
    }
}

#[test]
fn p2_a_domain_an_issuer_and_an_invitation_of_a_program_let_people_in() {
    let doors = Doors::new();
    assert_eq!(doors.vouched_for(), [true, true]);
    assert_eq!(doors.open(), [200, 200, 200]);
}

#[test]
fn p2_they_end_with_who_saw_its_secret() {
    let doors = Doors::new();
    let (acme, ada) = (&doors.acme, &doors.acme.ada);
    assert_eq!(acme.delete(ada, &acme.member(BEN)).status, 204);
    assert_eq!(doors.vouched_for(), [false, false]);
    assert_eq!(doors.open(), [404, 404, 409]);
    // Whoever comes back stands behind nothing from before: an invitation of theirs is another decision.
    acme.joined(BEN, "member");
    acme.world.clock.advance_ms(1_000);
    assert_eq!(doors.vouched_for(), [false, false]);
    assert_eq!(doors.open(), [404, 404, 409]);
    let (_, secret) = acme.key(ada, &doors.account, &json!({ "name": "ada's" }));
    assert_eq!(doors.save_by(&secret).open(), [200, 200, 200]);
}

/// Ben's own are no other than those of a program that he let see them.
#[test]
fn law_8_what_a_member_saved_does_not_come_back_with_them() {
    let doors = Doors::new();
    let (acme, ada) = (&doors.acme, &doors.acme.ada);
    let ben = acme.world.sign_in(BEN);
    let role = json!({ "role": "member" });
    for path in [&doors.domain, &doors.issuer] {
        assert_eq!(acme.patch(&ben, path, &role).status, 200);
    }
    assert_eq!(doors.vouched_for(), [true, true]);
    assert_eq!(acme.delete(ada, &acme.member(BEN)).status, 204);
    let ben = acme.joined(BEN, "admin");
    acme.world.clock.advance_ms(1_000);
    assert_eq!(doors.vouched_for(), [false, false]);
    assert_eq!(doors.open(), [404, 404, 409]);
    for path in [&doors.domain, &doors.issuer] {
        assert_eq!(acme.patch(&ben, path, &role).status, 200);
    }
    assert_eq!(doors.vouched_for(), [true, true]);
}

#[test]
fn p2_and_rest_while_they_are_suspended() {
    let doors = Doors::new();
    let (acme, ada) = (&doors.acme, &doors.acme.ada);
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(ada, &suspension, &json!({})).status, 200);
    assert_eq!(doors.open(), [404, 404, 409]);
    assert_eq!(acme.delete(ada, &suspension).status, 200);
    // The isolate remembers for a moment that nobody came in.
    acme.world.clock.advance_ms(1_000);
    assert_eq!(doors.open(), [200, 200, 200]);
}

/// A link lets people in for as long as it says, whoever has its secret by then.
#[test]
fn p2_a_link_outlives_no_key_by_which_it_was_shown() {
    let acme = lockstep();
    let account = acme.account(&[json!({ "role": "admin" })]);
    let hour = json!({ "name": "short", "expires_in_s": 3_600 });
    let (_, secret) = acme.key(&acme.ada, &account, &hour);
    let link = |life_s: Option<i64>| {
        let body = json!({ "role": "member", "uses_max": 1, "expires_in_s": life_s });
        acme.by(&secret, Method::Post, "/links", &body)
    };
    for life_s in [None, Some(3_601)] {
        refused(&link(life_s), 403, "token-lifetime");
    }
    let made = link(Some(3_600));
    assert_eq!(made.status, 201, "{}", text(&made));
}

/// What rests by a rule has its account's word still, until what it is granted is changed.
#[test]
fn law_5_a_program_s_link_rests_and_does_not_wake_with_a_role_given_anew_after_its_end() {
    let acme = lockstep();
    let soon_ms = acme.world.edge.clock.now_ms() + 3_600_000;
    let [admin, until] = [
        json!({ "role": "admin" }),
        json!({ "role": "admin", "expires_at_ms": soon_ms }),
    ];
    let account = acme.account(std::slice::from_ref(&until));
    let (_, secret) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let body = json!({ "role": "member", "uses_max": 9 });
    let made = acme.by(&secret, Method::Post, "/links", &body);
    assert_eq!(made.status, 201, "{}", text(&made));
    let link = json(&made)["token"].as_str().unwrap().to_owned();
    let grant = |grant: &Value| {
        let granted = acme.patch(&acme.ada, &account, &json!({ "grants": [grant] }));
        assert_eq!(granted.status, 200, "{}", text(&granted));
    };
    let deny =
        json!({ "effect": "deny", "roles": ["admin"], "permissions": ["invitation.create"] });
    let rule = acme.post(&acme.ada, "/rules", &deny);
    assert_eq!(rule.status, 201, "{}", text(&rule));
    grant(&until);
    let rule = format!("/rules/{}", super::super::id(&rule));
    assert_eq!(acme.delete(&acme.ada, &rule).status, 204);
    let eve = acme.world.sign_in(EVE);
    assert_eq!(acme.join(&eve, &link).status, 200);
    acme.world.clock.advance_ms(3_600_000);
    let cat = acme.world.sign_in(CAT);
    refused(&acme.join(&cat, &link), 409, "invitation-void");
    grant(&admin);
    refused(&acme.join(&cat, &link), 409, "invitation-not-pending");
}

#[test]
fn law_5_what_is_over_is_not_compared_when_a_key_is_rotated() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let soon_ms = acme.world.edge.clock.now_ms() + 1_000;
    let owner = json!({ "role": "owner", "expires_at_ms": soon_ms });
    let account = acme.account(&[json!({ "role": "member" }), owner]);
    let (key, _) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let rotate = || acme.post(&ben, &format!("{key}/rotate"), &json!({}));
    refused(&rotate(), 403, "exceeds-grantor");
    acme.world.clock.advance_ms(1_000);
    assert_eq!(rotate().status, 200, "{}", text(&rotate()));
}
