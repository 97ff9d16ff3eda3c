//! What objects answer, in every form that it ever had: during a roll-out a Worker reads what an object of other code answers, and for a day what one of before has kept for an `Idempotency-Key`.
//!
//! `replies.txt` only grows. A form that is new fails here with the line to be added; one that is no longer read fails, too: what is added to an answer has a `serde(default)`.

use std::{collections::BTreeSet, rc::Rc};

use serde_json::{Value, json};

use super::{
    super::{Acme, id, lockstep, refused},
    asked, form,
};
use crate::{
    edge::{Edge, Later},
    http::{Body, Method, Response},
    objects::{CallError, ObjectCall, Objects},
    testing::{post, replies, text, write},
};

const REPLIES: &str = include_str!("replies.txt");

/// Every line: what it is read as, and what it says.
fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    REPLIES.lines().map(|line| line.split_once(' ').unwrap())
}

/// What is read on the way of a program that acts, which no route asks by itself.
fn by_a_program() {
    let acme = lockstep("");
    let account = acme.account(&[json!({ "role": "gateway" })]);
    let (_, secret) = acme.key(&acme.ada, &account, &json!({ "name": "gate" }));
    for permission in ["organization.read", "organization.update"] {
        let body = json!({ "permission": permission });
        let request = post(&acme.path("/evaluate"), &body).with_header("x-api-key", &secret);
        assert_eq!(acme.world.send(&request).status, 200);
        acme.world.clock.advance_ms(10_000);
    }
    assert!(acme.may(&acme.ada, "organization.read"));
}

#[test]
fn every_form_of_a_reply_is_written_down_and_is_still_read() {
    let (heard, ()) = replies::during(|| {
        asked();
        by_a_program();
    });
    let of = |text: &str| form(&serde_json::from_str(text).unwrap()).to_string();
    let mut known = BTreeSet::new();
    for (name, text) in lines() {
        let read = heard.get(name);
        let read = read.unwrap_or_else(|| panic!("nothing is read as {name}"));
        assert_eq!((read.misread)(text), None, "{name} {text}");
        known.insert((name.to_owned(), of(text)));
    }
    let mut new = String::new();
    for (name, read) in &heard {
        for text in &read.texts {
            if known.insert((name.clone(), of(text))) {
                new.push_str(&format!("{name} {text}\n"));
            }
        }
    }
    assert!(new.is_empty(), "add to commands/replies.txt:\n{new}");
    assert!(known.len() > 80, "{}", known.len());
}

/// Objects of another release: their answers are other ones.
struct Other {
    inner: Rc<dyn Objects>,
    answer: fn(&str) -> Response,
}

impl Objects for Other {
    fn call<'a>(&'a self, call: ObjectCall<'a>) -> Later<'a, Result<Response, CallError>> {
        let answer = self.inner.call(call);
        let is_change = call.command.contains("\"service_account\"");
        Box::pin(async move {
            let answer = answer.await?;
            Ok(if is_change {
                (self.answer)(&text(&answer))
            } else {
                answer
            })
        })
    }
}

/// An isolate whose objects give other answers about service accounts.
fn isolate(acme: &Acme, answer: fn(&str) -> Response) -> Edge {
    let inner: Rc<dyn Objects> = acme.world.objects.clone();
    Edge {
        objects: Rc::new(Other { inner, answer }),
        ..acme.world.isolate()
    }
}

fn answered(status: u16, body: &Value) -> Response {
    let bytes = body.to_string().into_bytes();
    Response {
        body: Body::Bytes(bytes),
        ..Response::new(status)
    }
}

/// The answer without one of its members.
fn without(text: &str, member: &str) -> Response {
    let mut body: Value = serde_json::from_str(text).unwrap();
    let value = body["value"].as_object_mut().unwrap();
    value.remove(member);
    answered(200, &body)
}

#[test]
fn what_an_object_of_another_release_answers_is_read_or_is_to_be_asked_again() {
    let acme = lockstep("");
    let body = json!({ "name": "CI", "grants": [{ "role": "gateway" }] });
    let account = id(&acme.post(&acme.ada, "/service-accounts", &body));
    let path = acme.path(&format!("/service-accounts/{account}"));
    let rename = |answer| {
        let request = write(Method::Patch, &path, &json!({ "name": "Next" }));
        let isolate = isolate(&acme, answer);
        acme.world
            .send_to(&isolate, &request.with_header("cookie", &acme.ada))
    };
    // What was added since counts as unsaid.
    let read = rename(|text| without(text, "epoch"));
    assert_eq!(read.status, 200, "{}", text(&read));
    // What was always there, and what no code of ours refuses with.
    let unread = rename(|text| without(text, "name"));
    let unheard = rename(|_| {
        let problem = json!({ "code": "from-tomorrow", "status": 409, "detail": "x" });
        answered(409, &problem)
    });
    for answer in [unread, unheard] {
        refused(&answer, 503, "unavailable");
        assert_eq!(answer.header("retry-after"), Some("10"));
        // It was made all the same.
        assert!(!text(&answer).contains("nothing was decided"));
    }
    let made = acme.get(&acme.ada, "/service-accounts");
    assert!(text(&made).contains("Next"));
}

/// An object keeps its answers for a day, and reads none of them.
#[test]
fn what_was_kept_by_code_of_before_is_still_answered() {
    let acme = lockstep("");
    let request = || {
        let body = json!({ "name": "CI", "grants": [{ "role": "gateway" }] });
        post(&acme.path("/service-accounts"), &body)
            .with_header("cookie", &acme.ada)
            .with_header("idempotency-key", "k1")
    };
    let made = acme.world.send(&request());
    assert_eq!(made.status, 201, "{}", text(&made));
    acme.execute("UPDATE idempotency SET reply = json_remove(reply, '$.value.epoch')");
    let again = acme.world.send(&request());
    assert_eq!(again.status, 201, "{}", text(&again));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(id(&again), id(&made));
}
