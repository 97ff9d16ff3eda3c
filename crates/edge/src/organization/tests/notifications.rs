//! What a person is told on their own page: what became of their invitations and memberships, and what waits for them.

use serde_json::{Value, json};

use super::{ADA, Acme, BEN, CAT, lockstep, refused};
use crate::{
    http::{Method, Request, Response},
    testing::{json, text, write},
};

impl Acme {
    fn notified_with(&self, session: &str, query: &str) -> Response {
        self.world.settle();
        let request = Request::new(Method::Get, "/v1/me/notifications").with_query(query);
        self.world.send(&request.with_header("cookie", session))
    }

    fn notified(&self, session: &str) -> Value {
        let answer = self.notified_with(session, "");
        assert_eq!(answer.status, 200, "{}", text(&answer));
        json(&answer)
    }

    fn read_until(&self, session: &str, body: &Value) -> Response {
        let request = write(Method::Put, "/v1/me/notifications/read", body);
        self.world.send(&request.with_header("cookie", session))
    }
}

fn kinds(told: &Value) -> Vec<&str> {
    let all = told["notifications"].as_array().unwrap().iter();
    all.map(|one| one["kind"].as_str().unwrap()).collect()
}

#[test]
fn people_are_told_what_became_of_their_invitations_and_memberships_and_nobody_else_is() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let invitation = acme.invited(CAT, "member");
    let cat = acme.world.sign_in(CAT);
    let waiting = acme.notified(&cat);
    assert_eq!(waiting["invitations"][0]["id"], invitation);
    assert_eq!(
        (&waiting["notifications"], &waiting["unread"]),
        (&json!([]), &json!(0))
    );
    let declined = acme.post(
        &cat,
        &format!("/invitations/{invitation}/decline"),
        &json!({}),
    );
    assert_eq!(declined.status, 204, "{}", text(&declined));
    assert_eq!(acme.notified(&cat)["invitations"], json!([]));
    let ada = acme.notified(&acme.ada);
    assert_eq!(kinds(&ada), ["invitation_declined", "invitation_accepted"]);
    assert_eq!(ada["notifications"][0]["email"], CAT);
    assert_eq!(ada["notifications"][1]["email"], BEN);
    assert_eq!(
        ada["notifications"][1]["organization"],
        json!({ "id": acme.id, "name": "Acme" })
    );
    assert!(kinds(&acme.notified(&ben)).is_empty());
    let changed = acme.patch(
        &acme.ada,
        &acme.member(BEN),
        &json!({ "role": "view-only" }),
    );
    assert_eq!(changed.status, 200);
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    let ben = acme.notified(&ben);
    assert_eq!(kinds(&ben), ["removed", "role_changed"]);
    let role = &ben["notifications"][1];
    assert_eq!(
        (&role["role"], &role["role_name"]),
        (&json!("view-only"), &json!("View-Only"))
    );
    assert_eq!(kinds(&acme.notified(&acme.ada)).len(), 2);
    assert!(kinds(&acme.notified(&cat)).is_empty());
}

#[test]
fn who_leaves_is_not_told_that_they_were_removed() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    assert_eq!(acme.delete(&ben, &acme.member(BEN)).status, 204);
    assert!(kinds(&acme.notified(&ben)).is_empty());
}

#[test]
fn who_is_no_member_any_more_hears_nothing_of_what_they_sent() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let sent = acme.invite(&ben, CAT, "member");
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    let cat = acme.world.sign_in(CAT);
    let path = format!("/invitations/{}/decline", super::id(&sent));
    assert_eq!(acme.post(&cat, &path, &json!({})).status, 204);
    assert_eq!(kinds(&acme.notified(&ben)), ["removed"]);
}

#[test]
fn what_was_read_stays_read_and_what_comes_later_is_not() {
    let acme = lockstep("");
    for email in [BEN, CAT] {
        acme.joined(email, "member");
    }
    let told = acme.notified(&acme.ada);
    assert_eq!(told["unread"], 2);
    let first = told["notifications"][1]["id"].clone();
    let read = acme.read_until(&acme.ada, &json!({ "until": first }));
    assert_eq!(read.status, 204, "{}", text(&read));
    let told = acme.notified(&acme.ada);
    let read: Vec<&Value> = [0, 1].map(|at| &told["notifications"][at]["read"]).to_vec();
    assert_eq!(
        (read, &told["unread"]),
        (vec![&json!(false), &json!(true)], &json!(1))
    );
    acme.read_until(
        &acme.ada,
        &json!({ "until": told["notifications"][0]["id"] }),
    );
    acme.joined("dan@example.com", "member");
    assert_eq!(acme.notified(&acme.ada)["unread"], 1);
    refused(
        &acme.read_until(&acme.ada, &json!({ "until": 1, "user": "x" })),
        400,
        "invalid-body",
    );
}

#[test]
fn they_come_in_pages_and_a_cursor_is_ones_own() {
    let acme = lockstep("");
    for email in [BEN, CAT, "dan@example.com"] {
        acme.joined(email, "member");
    }
    let first = json(&acme.notified_with(&acme.ada, "limit=2"));
    assert_eq!(kinds(&first).len(), 2);
    assert_eq!(first["invitations"], json!([]));
    let query = format!("limit=2&cursor={}", first["next"].as_str().unwrap());
    let second = json(&acme.notified_with(&acme.ada, &query));
    assert_eq!(second["notifications"][0]["email"], BEN);
    assert_eq!(
        (second.get("next"), second.get("invitations")),
        (None, None)
    );
    let ben = acme.world.sign_in(BEN);
    refused(&acme.notified_with(&ben, &query), 400, "invalid-cursor");
}

#[test]
fn a_notice_that_comes_twice_is_one_and_the_oldest_give_way() {
    use crate::user::{Command, Notice, NoticeKind, NoticePage, UserObject};
    let acme = lockstep("");
    let user = acme.user(super::ADA);
    let tell = |organization: &str, epoch| {
        let notice = Notice {
            organization: organization.to_owned(),
            organization_name: "Acme".to_owned(),
            epoch,
            at_ms: 1,
            kind: NoticeKind::Removed,
        };
        let command = Command::ProjectNotice { notice };
        acme.world.ask::<UserObject, ()>(&user, &command).unwrap();
    };
    tell("org_told_before", 1);
    for epoch in 1..=120 {
        tell(&acme.id, epoch);
        tell(&acme.id, epoch);
    }
    let range = crate::paging::Range {
        after: None,
        limit: 200,
    };
    let command = Command::ListNotices { range };
    let page: NoticePage = acme.world.ask::<UserObject, _>(&user, &command).unwrap();
    assert_eq!(
        page.unread, 101,
        "one organization takes nothing from another"
    );
    let ends = [0, 99, 100].map(|at| &page.slice.entries[at].notice);
    let ends = ends.map(|notice| (notice.organization.as_str(), notice.epoch));
    let acme_id = acme.id.as_str();
    assert_eq!(
        ends,
        [(acme_id, 120), (acme_id, 21), ("org_told_before", 1)]
    );
    for organization in 0..5 {
        for epoch in 1..=90 {
            tell(&format!("org_{organization}"), epoch);
        }
    }
    let page: NoticePage = acme.world.ask::<UserObject, _>(&user, &command).unwrap();
    assert_eq!(page.unread, 500);
}

#[test]
fn whoever_is_made_the_owner_is_told_of_their_new_role() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let hand_over = |from: &str, to: &str| {
        let body = json!({ "user_id": acme.user(to) });
        let handed = acme.put(from, "/owner", &body);
        assert_eq!(handed.status, 200, "{}", text(&handed));
    };
    hand_over(&acme.ada, BEN);
    let told = acme.notified(&ben);
    assert_eq!(kinds(&told), ["role_changed"]);
    assert_eq!(told["notifications"][0]["role"], "owner");
    let mails = acme.world.mail(BEN);
    assert!(
        mails
            .iter()
            .any(|mail| mail.message.subject.starts_with("Your role"))
    );
    // Who owned it keeps their role, and is given it back as it is: there is nothing to tell.
    hand_over(&ben, ADA);
    assert!(!kinds(&acme.notified(&acme.ada)).contains(&"role_changed"));
    assert_eq!(kinds(&acme.notified(&ben)), ["role_changed"]);
}
