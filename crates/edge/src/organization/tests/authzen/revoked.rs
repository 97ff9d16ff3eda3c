//! What an isolate that only remembers a credential tells of what is sensitive: nothing (threat M7).

use super::*;
use crate::testing::write;

/// Not sensitive under `lockstep`.
const ORDINARY: &str = "data.read";
/// Sensitive under `lockstep`.
const SENSITIVE: &str = "data.delete";
const QUESTIONS: [&str; 5] = [
    "evaluation",
    "evaluations",
    "search/subject",
    "search/resource",
    "search/action",
];

/// A question about `user` and `permission`.
fn question(kind: &str, [user, permission, workspace]: [&str; 3]) -> Value {
    let subject = json!({ "type": "user", "id": user });
    let action = json!({ "name": permission });
    let resource = json!({ "type": "workspace", "id": workspace });
    match kind {
        "evaluations" => {
            json!({ "subject": subject, "resource": resource, "evaluations": [{ "action": { "name": ORDINARY } }, { "action": action }] })
        }
        "search/subject" => {
            json!({ "subject": { "type": "user" }, "action": action, "resource": resource })
        }
        "search/resource" => {
            json!({ "subject": subject, "action": action, "resource": { "type": "workspace" } })
        }
        "search/action" => json!({ "subject": subject, "resource": resource }),
        _ => json!({ "subject": subject, "action": action, "resource": resource }),
    }
}

/// Each question goes to an isolate that was told nothing: who is refused once is remembered no more.
fn is_told_nothing(asked: &Asked, secret: &str, user: &str, questions: &[&str], end: &Request) {
    let acme = &asked.acme;
    let ask = |isolate: &Edge, kind: &str, permission: &str| {
        let body = question(kind, [user, permission, &asked.north]);
        let path = acme.path(&format!("/access/v1/{kind}"));
        let request = write(Method::Post, &path, &body).with_header("x-api-key", secret);
        acme.world.send_to(isolate, &request)
    };
    let isolates: Vec<_> = questions.iter().map(|_| acme.world.isolate()).collect();
    for isolate in &isolates {
        let answer = ask(isolate, "evaluation", ORDINARY);
        assert_eq!(answer.status, 200, "{}", text(&answer));
    }
    let ended = acme.world.send(end);
    assert!(ended.status < 300, "{}", text(&ended));
    for (kind, isolate) in questions.iter().zip(&isolates) {
        // What is not sensitive counts as long as it is remembered.
        assert_eq!(ask(isolate, "evaluation", ORDINARY).status, 200);
        let answer = ask(isolate, kind, SENSITIVE);
        assert_eq!(answer.status, 401, "{kind}: {}", text(&answer));
    }
}

/// The ways in which a token or key at `path` ends.
fn ends(path: &str, session: &str) -> [Request; 3] {
    let rotate = format!("{path}/rotate");
    let ends = [
        write(Method::Delete, path, &json!({})),
        write(Method::Patch, path, &json!({ "active": false })),
        write(Method::Post, &rotate, &json!({})),
    ];
    ends.map(|end| end.with_header("cookie", session))
}

#[test]
fn m7_a_revoked_gateway_is_told_nothing_sensitive() {
    let asked = Asked::new();
    let acme = &asked.acme;
    let ben = acme.user(BEN);
    let account = acme.account(&[json!({ "role": "gateway" })]);
    for way in 0..3 {
        let (key, secret) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
        let end = &ends(&acme.path(&key), &acme.ada)[way];
        is_told_nothing(&asked, &secret, &ben, &QUESTIONS, end);
    }
}

/// Who may not ask about others asks about themselves, and searches for nothing.
#[test]
fn m7_a_revoked_token_is_told_nothing_sensitive_of_its_own_user() {
    let asked = Asked::new();
    let acme = &asked.acme;
    let ben = acme.user(BEN);
    let session = acme.world.sign_in(BEN);
    for way in 0..3 {
        let (id, secret) = acme.token(&session, &json!({ "name": "ci" }));
        let end = &ends(&format!("/v1/me/tokens/{id}"), &session)[way];
        is_told_nothing(&asked, &secret, &ben, &QUESTIONS[..2], end);
    }
}
