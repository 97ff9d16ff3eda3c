//! Streams of events, and the credentials that open them.

use std::{cell::Cell, rc::Rc};

use serde_json::{Value, json};

use super::{
    issuers::Idp,
    service_accounts::{in_ws_1, lockstep},
};
use crate::{
    edge::{Edge, Later},
    http::{Method, Request, Response},
    objects::{CallError, ObjectCall, Objects},
    testing::{text, write},
};

/// Objects, and what happens once before the next stream opens.
struct Before {
    inner: Rc<dyn Objects>,
    happens: Cell<Option<Box<dyn FnOnce()>>>,
}

impl Objects for Before {
    fn call<'a>(&'a self, call: ObjectCall<'a>) -> Later<'a, Result<Response, CallError>> {
        if call.command.starts_with(r#"{"subscribe""#)
            && let Some(happens) = self.happens.take()
        {
            happens();
        }
        self.inner.call(call)
    }
}

/// Streams are ended by whose they are: the program's whose key ends, and the people's for whom a switched-off issuer vouched.
#[test]
fn m7_whatever_ends_a_key_or_an_issuer_ends_the_streams_that_it_may_have_opened() {
    let acme = lockstep();
    let account = acme.account(&[in_ws_1("viewer")]);
    let program = account.replace("/service-accounts/", "");
    let ends = |principal: &str, method, path: &str, body: &Value| {
        acme.world.objects.ended.borrow_mut().clear();
        let request = write(method, &acme.path(path), body);
        let answer = acme.world.send(&request.with_header("cookie", &acme.ada));
        assert!(answer.status < 300, "{path}: {}", text(&answer));
        let ended = acme.world.objects.ended.borrow();
        ended.contains(&(acme.id.clone(), principal.to_owned()))
    };
    let key = || acme.key(&acme.ada, &account, &json!({ "name": "ci" })).0;
    let (off, none) = (json!({ "active": false }), json!({}));
    let rotate = format!("{}/rotate", key());
    let mut ended = vec![
        ("rotated", ends(&program, Method::Post, &rotate, &none)),
        ("off", ends(&program, Method::Patch, &key(), &off)),
        ("deleted", ends(&program, Method::Delete, &key(), &none)),
    ];
    key();
    let gone = ends(&program, Method::Delete, &account, &none);
    ended.push(("account deleted", gone));
    let idp = Idp::new(1);
    let issuer = acme.issuer(&idp, Some("member"));
    let isolate = acme.world.isolate();
    let asked = json!({ "permission": "member.read" });
    let token = idp.token("ann");
    let bear = acme.bear(&isolate, &token, Method::Post, "/evaluate", &asked);
    assert_eq!(bear.status, 200, "{}", text(&bear));
    acme.world.settle();
    let ann = acme.vouched_member("ann").replace("/members/", "");
    let keys = json!({ "record": Idp::named(2, &idp.name).record() });
    ended.extend([
        ("other keys", ends(&ann, Method::Patch, &issuer, &keys)),
        ("switched off", ends(&ann, Method::Patch, &issuer, &off)),
        ("issuer gone", ends(&ann, Method::Delete, &issuer, &none)),
    ]);
    let go_on: Vec<_> = ended.iter().filter(|(_, is_ended)| !is_ended).collect();
    assert!(go_on.is_empty(), "{go_on:?}");
}

/// What ends a credential ends the streams that are there, and one that opens meanwhile is not there yet.
#[test]
fn m7_no_stream_survives_a_credential_that_ends_while_it_opens() {
    let acme = Rc::new(lockstep());
    let account = acme.account(&[in_ws_1("viewer")]);
    let (token, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    let (key, secret) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    for (path, credential) in [
        (format!("/v1/me/tokens/{token}"), pat),
        (acme.path(&key), secret),
    ] {
        let open = |happens: Option<Box<dyn FnOnce()>>| {
            let isolate = acme.world.isolate();
            let objects = Rc::new(Before {
                inner: isolate.objects.clone(),
                happens: Cell::new(happens),
            });
            let isolate = Edge { objects, ..isolate };
            let request = Request::new(Method::Get, acme.path("/events"));
            let request = request.with_header("x-api-key", &credential);
            acme.world.send_to(&isolate, &request).status
        };
        assert_eq!(open(None), 200, "{path}");
        let delete = write(Method::Delete, &path, &json!({})).with_header("cookie", &acme.ada);
        let world = acme.clone();
        let end = move || {
            assert_eq!(world.world.send(&delete).status, 204);
            world.world.settle();
        };
        assert_eq!(open(Some(Box::new(end))), 401, "{path}");
    }
}
