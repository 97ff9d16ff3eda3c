//! Streams of events, and the credentials that open them.

use std::{cell::Cell, rc::Rc};

use serde_json::json;

use super::service_accounts::{in_ws_1, lockstep};
use crate::{
    edge::{Edge, Later},
    http::{Method, Request, Response},
    objects::{CallError, ObjectCall, Objects},
    testing::write,
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
