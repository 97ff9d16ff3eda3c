//! Several members at once.

use serde_json::{Value, json};

use super::{
    super::{DAN, lockstep},
    ADA, Acme, BEN, CAT, refused,
};
use lockstep_wire::{AuditOutcome, AuditRow};

use crate::{
    http::Response,
    testing::{json, post},
};

fn change(acme: &Acme, session: &str, rows: &[Value]) -> Response {
    acme.post(session, "/members/batch", &json!({ "members": rows }))
}

/// Status and code of each row.
fn results(answer: &Response) -> Vec<(u64, String)> {
    assert_eq!(answer.status, 207);
    let rows = json(answer)["results"].as_array().unwrap().clone();
    let read = |row: &Value| {
        let code = row["problem"]["code"].as_str().unwrap_or_default();
        (row["status"].as_u64().unwrap(), code.to_owned())
    };
    rows.iter().map(read).collect()
}

fn of(rows: &[(u64, &str)]) -> Vec<(u64, String)> {
    rows.iter()
        .map(|(status, code)| (*status, (*code).to_owned()))
        .collect()
}

fn given(acme: &Acme, email: &str, role: &str) -> Value {
    json!({ "user_id": acme.user(email), "role": role })
}

fn removed(acme: &Acme, email: &str) -> Value {
    json!({ "user_id": acme.user(email), "remove": true })
}

#[test]
fn each_row_has_its_own_result_and_all_are_one_step() {
    let acme = Acme::new();
    acme.joined(BEN, "member");
    let cat = acme.joined(CAT, "member");
    acme.joined(DAN, "member");
    let epoch = || json(&acme.get(&acme.ada, ""))["epoch"].as_i64().unwrap();
    let before = epoch();
    let rows = [
        given(&acme, BEN, "admin"),
        json!({ "user_id": "usr_nobody", "role": "member" }),
        given(&acme, DAN, "root"),
        removed(&acme, CAT),
    ];
    let answer = change(&acme, &acme.ada, &rows);
    let expected = of(&[
        (200, ""),
        (404, "not-found"),
        (400, "unknown-role"),
        (200, ""),
    ]);
    assert_eq!(results(&answer), expected);
    assert_eq!(epoch(), before + 1);
    assert_eq!(
        answer.header("lockstep-epoch"),
        Some((before + 1).to_string().as_str())
    );
    let roles: Vec<String> = acme.members().into_iter().map(|(_, role)| role).collect();
    assert_eq!(roles, ["admin", "admin", "member"]);
    assert_eq!(acme.get(&cat, "").status, 404);
    assert_eq!(acme.world.objects.ended.borrow().len(), 1);
}

#[test]
fn m5_no_batch_leaves_an_organization_without_an_admin() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "admin");
    acme.joined(CAT, "admin");
    let rows = [given(&acme, CAT, "member"), given(&acme, BEN, "member")];
    let removals = [removed(&acme, CAT), removed(&acme, BEN)];
    // Ada created it, so she goes by herself.
    assert_eq!(acme.delete(&acme.ada, &acme.member(ADA)).status, 204);
    let expected = of(&[(200, ""), (409, "last-admin")]);
    assert_eq!(results(&change(&acme, &ben, &rows)), expected);
    assert_eq!(results(&change(&acme, &ben, &removals)), expected);
    assert!(acme.may(&ben, "members.invite"));
}

#[test]
fn m6_a_row_is_decided_on_what_the_rows_before_it_have_made() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "admin");
    acme.joined(CAT, "member");
    let rows = [given(&acme, BEN, "member"), given(&acme, CAT, "admin")];
    let answer = change(&acme, &ben, &rows);
    assert_eq!(results(&answer), of(&[(200, ""), (403, "no-grant")]));
    let rows = [removed(&acme, CAT), removed(&acme, ADA)];
    let expected = of(&[(403, "no-grant"), (403, "guard-failed")]);
    assert_eq!(results(&change(&acme, &ben, &rows)), expected);
}

/// A way round the log it is not.
#[test]
fn that_a_row_was_not_allowed_is_in_the_log() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    acme.joined(CAT, "member");
    let rows = [removed(&acme, ADA), removed(&acme, CAT)];
    assert_eq!(change(&acme, &ben, &rows).status, 207);
    acme.world.clock.advance_ms(60_000);
    let denied = |acme: &Acme| {
        let rows = acme.log().into_iter();
        let rows = rows.filter(|row| row.outcome == AuditOutcome::Denied);
        let read = |row: AuditRow| (row.action, row.code.unwrap_or_default());
        rows.map(read).collect::<Vec<_>>()
    };
    let expected = [("change-members".to_owned(), "no-grant".to_owned())];
    assert_eq!(denied(&acme), expected);
}

/// What waits for a limit to pass is not refused for a day.
#[test]
fn a_batch_of_which_nothing_was_done_is_decided_anew_when_it_is_sent_again() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    acme.joined(CAT, "member");
    let send = |session: &str, rows: &[Value]| {
        let request = post(&acme.path("/members/batch"), &json!({ "members": rows }))
            .with_header("cookie", session)
            .with_header("idempotency-key", "one");
        acme.world.send(&request)
    };
    let rows = [given(&acme, CAT, "admin")];
    assert_eq!(results(&send(&ben, &rows)), of(&[(403, "no-grant")]));
    let promoted = acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": "admin" }));
    assert_eq!(promoted.status, 200);
    assert_eq!(results(&send(&ben, &rows)), of(&[(200, "")]));
    let again = send(&ben, &rows);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[test]
fn a_row_says_one_thing_and_there_are_a_hundred_at_most() {
    let acme = Acme::new();
    acme.joined(BEN, "member");
    let user = acme.user(BEN);
    let hundred_and_one = vec![json!({ "user_id": user, "role": "admin" }); 101];
    for rows in [
        vec![],
        hundred_and_one,
        vec![json!({ "user_id": user })],
        vec![given(&acme, BEN, "admin"), removed(&acme, BEN)],
        vec![json!({ "user_id": user, "remove": false })],
        vec![json!({ "user_id": user, "role": "admin", "remove": true })],
    ] {
        let answer = change(&acme, &acme.ada, &rows);
        refused(&answer, 400, "invalid-value");
    }
    let answer = change(
        &acme,
        &acme.ada,
        &[json!({ "user_id": user, "roles": "admin" })],
    );
    refused(&answer, 400, "invalid-body");
    assert_eq!(acme.members()[1].1, "member");
}
