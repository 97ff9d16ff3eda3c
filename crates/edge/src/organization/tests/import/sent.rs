//! Invitations are sent again many at once: each by itself, under the limits of mails, and what is kept back stays.

use super::*;
use crate::{objects::Class, sql::Sql};

impl Acme {
    /// What becomes of each invitation: its id, and the status.
    fn send_all(&self, session: &str, body: &Value) -> Vec<(String, u64)> {
        let answer = self.post(session, "/invitations/resend", body);
        assert_eq!(answer.status, 207, "{}", text(&answer));
        let results = json(&answer)["results"].as_array().unwrap().clone();
        for result in &results {
            let is_sent = result["status"] == 200;
            let sent_at_ms = &result["invitation"]["sent_at_ms"];
            assert_eq!(is_sent, sent_at_ms.is_number(), "{result}");
            assert_eq!(is_sent, result["problem"].is_null(), "{result}");
        }
        let row = |result: &Value| {
            let id = result["id"].as_str().unwrap().to_owned();
            (id, result["status"].as_u64().unwrap())
        };
        results.iter().map(row).collect()
    }
}

/// An organization to which so many are invited who have not been told.
fn invited(count: usize) -> Acme {
    let acme = lockstep("");
    let member = |number: usize| {
        let email = format!("p{number:03}@example.com");
        json!({ "email": email, "suspended": false, "grants": [{ "role": "member" }] })
    };
    let members: Vec<Value> = (0..count).map(member).collect();
    let (copy, view) = acme.imported(&file_of("lockstep", &members));
    assert_eq!(view["invitations"], count);
    copy
}

#[test]
fn all_that_were_never_sent_are_sent_once() {
    let acme = invited(3);
    let ben = acme.invited(BEN, "member");
    let unsent = json!({ "unsent": true, "message": "We have moved." });
    let resend = || {
        let resend = post(&acme.path("/invitations/resend"), &unsent);
        let resend = resend.with_header("idempotency-key", "once");
        acme.world.send(&resend.with_header("cookie", &acme.ada))
    };
    let (first, again) = (resend(), resend());
    acme.world.settle();
    assert_eq!((first.status, again.status), (207, 207));
    assert_eq!(json(&first), json(&again));
    assert!(first.header("lockstep-epoch").is_some());
    let sent = json(&first)["results"].clone();
    assert_eq!(sent.as_array().unwrap().len(), 3);
    assert_eq!(sent[0]["invitation"]["message"], "We have moved.");
    for number in 0..3 {
        assert_eq!(acme.mails_to(&format!("p00{number}@example.com")), 1);
    }
    assert_eq!(
        acme.mails_to(BEN),
        1,
        "who was told before is not told again"
    );
    assert_eq!(acme.send_all(&acme.ada, &unsent), []);
    // By their ids they are sent as often as that is wanted, and each row is by itself.
    let first = sent[0]["id"].as_str().unwrap().to_owned();
    let these = json!({ "invitations": [first, "inv_gone", ben] });
    let statuses: Vec<u64> = acme
        .send_all(&acme.ada, &these)
        .into_iter()
        .map(|row| row.1)
        .collect();
    assert_eq!(statuses, [200, 404, 200]);
    acme.world.settle();
    assert_eq!(acme.mails_to("p000@example.com"), 2);
    let guest = acme.world.sign_in("p000@example.com");
    assert_eq!(acme.accept(&guest, &first).status, 200);
}

#[test]
fn what_a_limit_keeps_back_says_so_and_stays_as_it_was() {
    let acme = invited(203);
    let mut after = Value::Null;
    let mut sent = 0;
    for expected in [100, 100, 3] {
        let mut body = json!({ "unsent": true });
        if !after.is_null() {
            body["after"] = after;
        }
        let rows = acme.send_all(&acme.ada, &body);
        assert_eq!(rows.len(), expected);
        sent += rows.iter().filter(|row| row.1 == 200).count();
        after = json!(rows.last().unwrap().0);
        if expected == 3 {
            assert!(rows.iter().all(|row| row.1 == 429), "{rows:?}");
        }
    }
    assert_eq!(sent, 200, "as many as one inviter mails in a day");
    acme.world.settle();
    let kept_back = acme.post(&acme.ada, "/invitations/resend", &json!({ "unsent": true }));
    let row = json(&kept_back)["results"][0].clone();
    assert_eq!(row["problem"]["code"], "too-many-requests");
    assert!(row["problem"]["retry_after_s"].as_u64().unwrap() > 80_000);
    acme.world.clock.advance_ms(86_400_000);
    let acme = Acme {
        ada: acme.world.sign_in(super::super::ADA),
        ..acme
    };
    let rows = acme.send_all(&acme.ada, &json!({ "unsent": true }));
    assert_eq!(rows.iter().map(|row| row.1).collect::<Vec<_>>(), [200; 3]);
    acme.world.settle();
    assert_eq!(acme.mails_to("p202@example.com"), 1);
}

#[test]
fn who_may_not_invite_sends_nothing_and_learns_of_none() {
    let acme = invited(2);
    let waiting = acme.pending()[0]["id"].clone();
    let ben = acme.joined(BEN, "member");
    let all = json!({ "unsent": true });
    refused(
        &acme.post(&ben, "/invitations/resend", &all),
        403,
        "no-grant",
    );
    for id in [waiting, json!("inv_gone")] {
        let rows = acme.send_all(&ben, &json!({ "invitations": [id] }));
        assert_eq!(rows[0].1, 403);
    }
    let eve = acme.world.sign_in("eve@example.com");
    refused(
        &acme.post(&eve, "/invitations/resend", &all),
        404,
        "not-found",
    );
    for wrong in [
        json!({}),
        json!({ "invitations": [] }),
        json!({ "invitations": ["inv_1", "inv_1"] }),
        json!({ "invitations": vec!["inv_1"; 101] }),
        json!({ "invitations": ["inv_1"], "unsent": true }),
        json!({ "invitations": ["inv_1"], "after": "inv_1" }),
        json!({ "unsent": true, "message": "" }),
        json!({ "unsent": true, "expires_in_s": 1 }),
    ] {
        refused(
            &acme.post(&acme.ada, "/invitations/resend", &wrong),
            400,
            "invalid-value",
        );
    }
    assert!(acme.pending().iter().all(|one| one["sent_at_ms"].is_null()));
    assert_eq!(acme.mails_to("p000@example.com"), 0);
}

/// A row of the database has at most 2 MB.
#[test]
fn what_is_kept_of_many_that_are_sent_again_is_short_however_much_they_bring() {
    let acme = lockstep("");
    let name = "\u{1f512}".repeat(100);
    let key = |level: &str, at: usize| format!("{level}/{at}");
    let grants =
        (1..=50).map(|at| json!({ "node": key("workspace", at), "role": key("role", at) }));
    let grants: Vec<Value> = std::iter::once(json!({ "role": "member" }))
        .chain(grants)
        .collect();
    let member = |number: usize| {
        let email = format!("p{number:03}@example.com");
        json!({ "email": email, "suspended": false, "grants": grants })
    };
    let mut file = file_of("lockstep", &(0..100).map(member).collect::<Vec<_>>());
    let workspace = |at| json!({ "key": key("workspace", at), "name": name, "archived": false });
    file["workspaces"] = (1..=50).map(workspace).collect();
    let role = |at| json!({ "key": key("role", at), "name": name, "base": "viewer" });
    file["roles"] = (1..=50).map(role).collect();
    let (acme, _) = acme.imported(&file);
    let resend = || {
        let resend = post(
            &acme.path("/invitations/resend"),
            &json!({ "unsent": true, "message": name.repeat(5) }),
        );
        let resend = resend.with_header("idempotency-key", "once");
        acme.world.send(&resend.with_header("cookie", &acme.ada))
    };
    let (first, again) = (resend(), resend());
    assert_eq!((first.status, again.status), (207, 207));
    assert_eq!(json(&first), json(&again));
    let results = json(&first)["results"].clone();
    assert_eq!(results.as_array().unwrap().len(), 100);
    assert_eq!(results[0]["status"], 200);
    let invitation = results[0]["id"].as_str().unwrap();
    let list = Request::new(Method::Get, acme.path("/invitations")).with_query("limit=200");
    let list = json(&acme.world.send(&list.with_header("cookie", &acme.ada)));
    let listed = list["invitations"].as_array().unwrap().iter();
    let listed: Vec<&Value> = listed.filter(|one| one["id"] == invitation).collect();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["workspaces"].as_array().unwrap().len(), 50);
    let select = "SELECT MAX(LENGTH(CAST(reply AS BLOB))) AS bytes FROM idempotency";
    let kept = acme.world.objects.database(Class::Organization, &acme.id);
    let kept = Sql::exec(&*kept.unwrap(), select, &[]).unwrap();
    let bytes = kept[0].integer("bytes").unwrap();
    assert!((100_000..1_000_000).contains(&bytes), "{bytes}");
}
