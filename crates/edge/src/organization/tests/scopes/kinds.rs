//! J17: what one kind of credential is worth where another is wanted.

use serde_json::json;

use super::{CAT, Full, row, signed_in};
use crate::{
    http::{Method, Request},
    testing::{post, session_secret, write},
};

/// J17: a credential of one kind is none of another, whatever the route.
#[test]
fn j17_a_secret_of_one_kind_is_refused_as_any_other() {
    let full = Full::new();
    let acme = &full.acme;
    let (_, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    let account = acme.account(&[json!({ "role": "gateway" })]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let session = session_secret(&acme.ada);
    let mail = acme.world.mail(CAT);
    let (_, link) = mail.first().unwrap().message.text.split_once('#').unwrap();
    let link = link.split_whitespace().next().unwrap();
    let bearers = [session, link];
    let cookies = [pat.as_str(), key.as_str(), link];
    for route in signed_in() {
        let (_, body) = row(route);
        let path = full.fill(route.pattern);
        let request = || write(route.method, &path, &body);
        for secret in bearers {
            let answer = acme.world.send(&request().with_header("x-api-key", secret));
            assert_eq!(answer.status, 401, "{path}");
        }
        for secret in cookies {
            let cookie = format!("__Host-lockstep_session={secret}");
            assert_eq!(
                acme.world
                    .send(&request().with_header("cookie", &cookie))
                    .status,
                401,
                "{path}"
            );
        }
    }
    for secret in [pat.as_str(), key.as_str(), session] {
        let preview = Request::new(Method::Get, "/v1/invitations/preview")
            .with_header("lockstep-invitation-token", secret);
        assert_eq!(acme.world.send(&preview).status, 404);
    }
    let code = post(
        "/v1/sign-in/sessions",
        &json!({ "email": CAT, "code": "7K3M01Q9" }),
    );
    assert_eq!(
        acme.world
            .send(&code.with_header("cookie", &format!("__Host-lockstep_sign_in={session}")))
            .status,
        401
    );
}
