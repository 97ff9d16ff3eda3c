//! What an invitation tells: whoever invites nothing about who has an account, and a look at it changes nothing.

use serde_json::{Value, json};

use super::{WEEK_MS, link, preview};
use crate::{
    http::{Method, Request},
    organization::tests::{BEN, CAT, id, lockstep},
    testing::{json, post},
};

/// Mail scanners follow links, too.
#[test]
fn a_preview_of_an_invitation_has_no_effect() {
    let acme = lockstep("");
    let ben = acme.world.sign_in(BEN);
    let invitation = acme.invited(BEN, "member");
    let secret = link(&acme, BEN);
    let wrong = secret.replacen('a', "b", 1);
    let looks = |status: &str| {
        acme.world.settle();
        let stored = acme.world.objects.dump();
        let sent = acme.world.kv.puts.borrow().len();
        assert_eq!(json(&preview(&acme, &secret))["status"], status);
        assert_eq!(preview(&acme, &wrong).status, 404);
        acme.world.settle();
        assert!(acme.world.objects.dump() == stored, "{status}");
        assert_eq!(acme.world.kv.puts.borrow().len(), sent, "{status}");
    };
    looks("pending");
    assert_eq!(acme.accept(&ben, &invitation).status, 200);
    looks("accepted");

    let acme = lockstep("");
    acme.invited(BEN, "member");
    let secret = link(&acme, BEN);
    acme.world.clock.advance_ms(WEEK_MS);
    acme.world.settle();
    let stored = acme.world.objects.dump();
    assert_eq!(json(&preview(&acme, &secret))["status"], "expired");
    acme.world.settle();
    assert!(acme.world.objects.dump() == stored, "expired");
}

/// A status, headers and a body.
type Told = (u16, Vec<(String, String)>, Value);

/// All that an admin is told who invites Ben, and then again, after `account` has signed in once.
fn told(account: &str) -> Vec<Told> {
    let acme = lockstep("");
    acme.world.sign_in(account);
    let mut answers = Vec::new();
    let mut ask = |method: Method, rest: &str, body: &Value| {
        let request = match method {
            Method::Get => Request::new(method, acme.path(rest)),
            method => crate::testing::write(method, &acme.path(rest), body),
        };
        let answer = acme.world.send(&request.with_header("cookie", &acme.ada));
        acme.world.settle();
        let made = (answer.status == 201).then(|| id(&answer));
        let shown = if answer.bytes().is_empty() {
            Value::Null
        } else {
            json(&answer)
        };
        answers.push((answer.status, answer.headers.clone(), shown));
        made
    };
    let body = json!({ "email": BEN, "role": "member" });
    let invitation = ask(Method::Post, "/invitations", &body).unwrap();
    let all = json!({ "invitations": [body] });
    ask(Method::Post, "/invitations", &body);
    ask(Method::Post, "/invitations/batch", &all);
    let resend = format!("/invitations/{invitation}/resend");
    ask(Method::Post, &resend, &json!({}));
    let these = json!({ "invitations": [invitation] });
    ask(Method::Post, "/invitations/resend", &these);
    ask(Method::Get, "/invitations", &Value::Null);
    ask(Method::Get, "/members", &Value::Null);
    ask(Method::Get, "/audit", &Value::Null);
    ask(
        Method::Delete,
        &format!("/invitations/{invitation}"),
        &json!({}),
    );
    ask(Method::Post, "/invitations/batch", &all);
    let shown = preview(&acme, &link(&acme, BEN));
    answers.push((shown.status, shown.headers.clone(), json(&shown)));
    // Who has no session learns nothing by a wrong code, either.
    let code = json!({ "email": BEN, "code": "0000-0000" });
    let refused = acme.world.send(&post("/v1/sign-in/sessions", &code));
    answers.push((refused.status, refused.headers.clone(), json(&refused)));
    answers
}

/// I15: ids are counted in tests, so both tell the same to the letter.
#[test]
fn i15_who_invites_does_not_learn_whether_an_address_has_an_account() {
    let (known, unknown) = (told(BEN), told(CAT));
    let statuses: Vec<u16> = known.iter().map(|(status, ..)| *status).collect();
    let expected = [201, 409, 207, 200, 207, 200, 200, 200, 204, 207, 200, 401];
    assert_eq!(statuses, expected, "{known:?}");
    for (one, other) in known.iter().zip(&unknown) {
        assert_eq!(one, other);
    }
}
