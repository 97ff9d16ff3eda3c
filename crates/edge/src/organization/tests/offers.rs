//! What comes with an invitation, sending it again, and many at once.

use serde_json::{Value, json};

use super::{
    ADA, Acme, BEN, CAT, id,
    invitations::{link, preview},
    lockstep, refused,
};
use crate::{
    http::{Method, Request, Response},
    testing::{json, post, text},
};

const HOUR_MS: i64 = 3_600_000;
const WEEK_MS: i64 = 604_800_000;

impl Acme {
    /// Invites as Ada under the body's terms; answers the invitation.
    pub(super) fn invited_to(&self, email: &str, terms: &Value) -> Value {
        let mut body = json!({ "email": email, "role": "member" });
        body.as_object_mut()
            .unwrap()
            .extend(terms.as_object().unwrap().clone());
        let invited = self.post(&self.ada, "/invitations", &body);
        assert_eq!(invited.status, 201, "{}", text(&invited));
        json(&invited)
    }

    fn resend(&self, session: &str, invitation: &str, body: &Value) -> Response {
        self.post(session, &format!("/invitations/{invitation}/resend"), body)
    }

    /// What becomes of each row of a batch.
    fn batch(&self, session: &str, rows: &Value) -> Vec<(u64, Option<String>)> {
        let body = json!({ "invitations": rows });
        let answer = self.post(session, "/invitations/batch", &body);
        assert_eq!(answer.status, 207, "{}", text(&answer));
        statuses(&answer)
    }

    fn own_role(&self, name: &str, base: &str) -> String {
        let role = json!({ "name": name, "base": base });
        id(&self.post(&self.ada, "/roles", &role))
    }
}

fn statuses(answer: &Response) -> Vec<(u64, Option<String>)> {
    let results = json(answer)["results"].clone();
    let results = results.as_array().unwrap().iter();
    let status = |result: &Value| {
        let code = result["problem"]["code"].as_str();
        (result["status"].as_u64().unwrap(), code.map(str::to_owned))
    };
    results.map(status).collect()
}

fn of(path: &str) -> String {
    path.replace("/workspaces/", "")
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn workspaces_and_own_roles_come_with_an_invitation() {
    let acme = lockstep("");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    let role = acme.own_role("Reader", "viewer");
    let workspaces = json!([
        { "workspace": of(&north), "role": "editor" },
        { "workspace": of(&south), "role": role },
    ]);
    let invited = acme.invited_to(
        BEN,
        &json!({ "workspaces": workspaces, "message": "Hi\nBen" }),
    );
    assert_eq!(invited["workspaces"][1]["role_name"], "Reader");
    let shown = json(&preview(&acme, &link(&acme, BEN)));
    assert_eq!(shown["workspaces"][0]["name"], "North");
    assert_eq!(
        (&shown["invited_by"], &shown["message"]),
        (&json!(ADA), &json!("Hi\nBen"))
    );
    let ben = acme.world.sign_in(BEN);
    let mine = Request::new(Method::Get, "/v1/me/invitations").with_header("cookie", &ben);
    assert_eq!(
        json(&acme.world.send(&mine))["invitations"][0]["message"],
        "Hi\nBen"
    );
    assert_eq!(acme.accept(&ben, &text_of(&invited["id"])).status, 200);
    assert!(acme.may_in(&ben, "data.update", &north));
    assert!(acme.may_in(&ben, "data.read", &south) && !acme.may_in(&ben, "data.update", &south));
}

#[test]
fn i3_no_workspace_comes_with_an_invitation_that_its_sender_could_not_hand_out() {
    let acme = lockstep("");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    let offer = |workspace: &str, role: &str| json!({ "email": CAT, "role": "member", "workspaces": [{ "workspace": workspace, "role": role }] });
    for (role, code) in [("gone", "unknown-role"), ("member", "unknown-role")] {
        let answer = acme.post(&acme.ada, "/invitations", &offer(&of(&north), role));
        refused(&answer, 400, code);
    }
    let unknown = acme.post(&acme.ada, "/invitations", &offer("wsp_1", "viewer"));
    refused(&unknown, 404, "not-found");
    let twice = json!([{ "workspace": of(&north), "role": "viewer" }, { "workspace": of(&north), "role": "editor" }]);
    let twice = json!({ "email": CAT, "role": "member", "workspaces": twice });
    refused(
        &acme.post(&acme.ada, "/invitations", &twice),
        400,
        "invalid-value",
    );
    // A workspace Admin invites nobody into the organization, whatever they hold in their workspace.
    let ben = acme.joined(BEN, "member");
    acme.grant(&north, BEN, "workspace-admin");
    refused(
        &acme.post(&ben, "/invitations", &offer(&of(&north), "viewer")),
        403,
        "no-grant",
    );
    refused(
        &acme.post(&ben, "/invitations", &offer(&of(&south), "viewer")),
        404,
        "not-found",
    );
}

#[test]
fn i4_what_the_sender_lost_of_a_workspace_voids_the_whole_invitation() {
    let acme = lockstep("");
    let north = acme.workspace("North");
    let ben = acme.joined(BEN, "admin");
    let body = json!({ "email": CAT, "role": "member", "workspaces": [{ "workspace": of(&north), "role": "editor" }] });
    let invitation = id(&acme.post(&ben, "/invitations", &body));
    let cat = acme.world.sign_in(CAT);
    let demoted = acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": "member" }));
    assert_eq!(demoted.status, 200);
    refused(&acme.accept(&cat, &invitation), 409, "invitation-void");
    acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": "admin" }));
    assert_eq!(acme.accept(&cat, &invitation).status, 200);
}

#[test]
fn a_workspace_that_is_deleted_comes_with_no_invitation_any_more() {
    let acme = lockstep("");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    let workspaces = json!([
        { "workspace": of(&north), "role": "editor" },
        { "workspace": of(&south), "role": "viewer" },
    ]);
    let invited = acme.invited_to(BEN, &json!({ "workspaces": workspaces }));
    assert_eq!(acme.delete(&acme.ada, &north).status, 204);
    let listed = json(&acme.get(&acme.ada, "/invitations"));
    let listed = listed["invitations"][0]["workspaces"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(listed, 1);
    let ben = acme.world.sign_in(BEN);
    assert_eq!(acme.accept(&ben, &text_of(&invited["id"])).status, 200);
    assert!(acme.may_in(&ben, "data.read", &south));
    assert!(!acme.may_in(&ben, "data.read", &north));
}

#[test]
fn a_role_that_is_deleted_gives_way_in_invitations_in_the_same_change() {
    for (reassign, reads) in [(Some("viewer"), true), (None, false)] {
        let acme = lockstep("");
        let north = acme.workspace("North");
        let role = acme.own_role("Own", "editor");
        let workspaces = json!([{ "workspace": of(&north), "role": role }]);
        let invited = acme.invited_to(BEN, &json!({ "workspaces": workspaces }));
        let asked = json!({ "role": role, "reassign": reassign });
        let asked = match reassign {
            Some(_) => asked,
            None => json!({ "role": role }),
        };
        let shown = json(&acme.post(&acme.ada, "/roles/preview", &asked));
        assert_eq!(
            (&shown["holders"], &shown["invitations"]),
            (&json!(0), &json!(1))
        );
        let query = reassign.map_or(String::new(), |new| format!("reassign={new}"));
        let deleted = acme.delete_with(&acme.ada, &format!("/roles/{role}"), &query);
        assert_eq!(deleted.status, 204, "{}", text(&deleted));
        let ben = acme.world.sign_in(BEN);
        assert_eq!(acme.accept(&ben, &text_of(&invited["id"])).status, 200);
        assert_eq!(
            acme.may_in(&ben, "data.read", &north),
            reads,
            "{reassign:?}"
        );
        assert!(!acme.may_in(&ben, "data.update", &north));
    }
}

#[test]
fn m6_nobody_deletes_a_role_for_one_that_they_may_not_hand_out_where_it_is_offered() {
    let acme = lockstep("");
    let (ben, north) = (acme.joined(BEN, "admin"), acme.workspace("North"));
    let role = acme.own_role("Own", "viewer");
    let workspaces = json!([{ "workspace": of(&north), "role": role }]);
    acme.invited_to(CAT, &json!({ "workspaces": workspaces }));
    let path = format!("/roles/{role}");
    let answer = acme.delete_with(&ben, &path, "reassign=owner");
    refused(&answer, 400, "unknown-role");
    acme.rule(&json!({ "effect": "deny", "roles": ["admin"], "permissions": ["data.export"] }));
    let answer = acme.delete_with(&ben, &path, "reassign=editor");
    refused(&answer, 403, "exceeds-grantor");
    assert_eq!(acme.delete_with(&ben, &path, "reassign=viewer").status, 204);
}

#[test]
fn sent_again_the_old_link_is_dead_and_time_begins_anew() {
    let acme = Acme::new();
    let first = acme.invited(BEN, "member");
    let old = link(&acme, BEN);
    acme.world.clock.advance_ms(WEEK_MS + HOUR_MS);
    assert_eq!(json(&preview(&acme, &old))["status"], "expired");
    let again = acme.resend(&acme.ada, &first, &json!({ "message": "Still?" }));
    assert_eq!(again.status, 200, "{}", text(&again));
    assert_eq!(json(&again)["status"], "pending");
    refused(&preview(&acme, &old), 404, "not-found");
    let new = link(&acme, BEN);
    assert_ne!(new, old);
    assert_eq!(json(&preview(&acme, &new))["message"], "Still?");
    acme.world.clock.advance_ms(WEEK_MS - 1);
    let ben = acme.world.sign_in(BEN);
    let mine = Request::new(Method::Get, "/v1/me/invitations").with_header("cookie", &ben);
    assert_eq!(
        json(&acme.world.send(&mine))["invitations"][0]["id"],
        json!(first)
    );
    assert_eq!(acme.accept(&ben, &first).status, 200);
    refused(
        &acme.resend(&acme.ada, &first, &json!({})),
        409,
        "invitation-not-pending",
    );
}

#[test]
fn i4_who_sends_it_again_stands_for_it() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "admin");
    let by_ben = id(&acme.invite(&ben, CAT, "admin"));
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    let cat = acme.world.sign_in(CAT);
    refused(&acme.accept(&cat, &by_ben), 409, "invitation-void");
    assert_eq!(acme.resend(&acme.ada, &by_ben, &json!({})).status, 200);
    assert_eq!(acme.accept(&cat, &by_ben).status, 200);
    // Nobody sends again what they could not send.
    let dan = acme.joined("dan@example.com", "member");
    let waiting = acme.invited("eve@example.com", "member");
    refused(&acme.resend(&dan, &waiting, &json!({})), 403, "no-grant");
    refused(&acme.resend(&dan, "inv_1", &json!({})), 403, "no-grant");
    refused(
        &acme.resend(&acme.ada, "inv_1", &json!({})),
        404,
        "not-found",
    );
}

#[test]
fn i4_an_admin_sends_no_owner_s_invitation_again() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let owner = acme.invited(CAT, "owner");
    refused(
        &acme.resend(&ben, &owner, &json!({})),
        403,
        "exceeds-grantor",
    );
}

#[test]
fn an_address_never_has_two_pending_invitations_by_sending_again() {
    let acme = Acme::new();
    let first = acme.invited(BEN, "member");
    acme.world.clock.advance_ms(WEEK_MS);
    let second = acme.invited(BEN, "member");
    refused(
        &acme.resend(&acme.ada, &first, &json!({})),
        409,
        "already-invited",
    );
    let ben = acme.world.sign_in(BEN);
    assert_eq!(acme.accept(&ben, &second).status, 200);
    refused(
        &acme.resend(&acme.ada, &first, &json!({})),
        409,
        "already-member",
    );
}

#[test]
fn i12_an_address_gets_five_mails_a_day_whatever_became_of_them() {
    let acme = Acme::new();
    for at in 0..5 {
        let invitation = acme.invited(BEN, "member");
        if at < 4 {
            acme.delete(&acme.ada, &format!("/invitations/{invitation}"));
        }
    }
    let waiting = json(&acme.get(&acme.ada, "/invitations"));
    let waiting = text_of(&waiting["invitations"][0]["id"]);
    let again = acme.resend(&acme.ada, &waiting, &json!({}));
    refused(&again, 429, "too-many-requests");
    assert_eq!(again.header("retry-after"), Some("86401"));
    assert_eq!(acme.world.mail(BEN).len(), 5);
    acme.world.clock.advance_ms(86_400_000);
    assert_eq!(acme.resend(&acme.ada, &waiting, &json!({})).status, 200);
}

#[test]
fn i12_an_inviter_sends_two_hundred_mails_a_day() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let rows = |from: usize| {
        let rows = (from..from + 100)
            .map(|n| json!({ "email": format!("p{n}@example.com"), "role": "member" }));
        rows.collect::<Value>()
    };
    for from in [0, 100] {
        let sent = acme.batch(&ben, &rows(from));
        assert!(sent.iter().all(|(status, _)| *status == 201));
    }
    let one = acme.batch(
        &ben,
        &json!([{ "email": "one@example.com", "role": "member" }]),
    );
    assert_eq!(one, [(429, Some("too-many-requests".to_owned()))]);
    assert_eq!(
        acme.invite(&acme.ada, "one@example.com", "member").status,
        201
    );
}

#[test]
fn every_row_of_a_batch_has_its_own_result() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    acme.invited(CAT, "member");
    let row = |email: &str, role: &str| json!({ "email": email, "role": role });
    let rows = json!([
        row("dan@example.com", "member"),
        row(" DAN@example.com ", "view-only"),
        row(BEN, "member"),
        row(CAT, "member"),
        row("no address", "member"),
        row("eve@example.com", "king"),
        row("eve@example.com", "view-only"),
    ]);
    let key = post(
        &acme.path("/invitations/batch"),
        &json!({ "invitations": rows }),
    )
    .with_header("cookie", &acme.ada)
    .with_header("idempotency-key", "k");
    let answer = acme.world.send(&key);
    let code = |status, code: &str| (status, Some(code.to_owned()));
    let expected = [
        (201, None),
        code(409, "already-invited"),
        code(409, "already-member"),
        code(409, "already-invited"),
        code(400, "invalid-address"),
        code(400, "unknown-role"),
        (201, None),
    ];
    assert_eq!(statuses(&answer), expected);
    let again = acme.world.send(&key);
    assert_eq!(
        (text(&again), again.header("idempotency-replayed")),
        (text(&answer), Some("true"))
    );
    assert_eq!(acme.world.mail("dan@example.com").len(), 1);
    let pending = json(&acme.get(&acme.ada, "/invitations"));
    assert_eq!(pending["invitations"].as_array().unwrap().len(), 3);
    // One epoch for all of it.
    let epoch = answer.header("lockstep-epoch").unwrap();
    let invited = json(&answer)["results"][6]["invitation"]["id"].clone();
    assert!(invited.is_string() && !epoch.is_empty());
    let none = acme.post(
        &acme.ada,
        "/invitations/batch",
        &json!({ "invitations": [] }),
    );
    refused(&none, 400, "invalid-value");
    // Who may not learns it of every row, and who is no member that there is nothing.
    let ben = acme.world.sign_in(BEN);
    let denied = acme.batch(&ben, &json!([row("fay@example.com", "member")]));
    assert_eq!(denied, [code(403, "no-grant")]);
    let mallory = acme.world.sign_in("mallory@example.com");
    let body = json!({ "invitations": [row("fay@example.com", "member")] });
    refused(
        &acme.post(&mallory, "/invitations/batch", &body),
        404,
        "not-found",
    );
}

#[test]
fn i6_an_invitation_lives_as_long_as_it_says_and_no_longer() {
    for (waited_ms, status) in [(HOUR_MS - 1, 200), (HOUR_MS, 409)] {
        let acme = Acme::new();
        let ben = acme.world.sign_in(BEN);
        let invited = acme.invited_to(BEN, &json!({ "expires_in_s": 3_600 }));
        acme.world.clock.advance_ms(waited_ms);
        assert_eq!(acme.accept(&ben, &text_of(&invited["id"])).status, status);
    }
    let acme = Acme::new();
    for seconds in [0, 59, -1, 2_592_001] {
        let body = json!({ "email": BEN, "role": "member", "expires_in_s": seconds });
        refused(
            &acme.post(&acme.ada, "/invitations", &body),
            400,
            "invalid-value",
        );
    }
}

#[test]
fn a_message_is_plain_text_or_refused() {
    let acme = Acme::new();
    for message in [
        "",
        "a\r\nb",
        "a\u{0}",
        "a\u{1b}[31m",
        "a\tb",
        &"x".repeat(501),
    ] {
        let body = json!({ "email": BEN, "role": "member", "message": message });
        let answer = acme.post(&acme.ada, "/invitations", &body);
        assert_eq!(answer.status, 400, "{message:?}: {}", text(&answer));
    }
    let longest = "\u{1f44b}".repeat(500);
    assert_eq!(
        acme.invited_to(BEN, &json!({ "message": longest }))["message"],
        json!(longest)
    );
}
