//! `Idempotency-Key`, `If-Match` and cursors: what callers repeat, edit and page through.

mod made;
mod untagged;

use serde_json::{Value, json};

use super::{Acme, BEN, CAT, refused};
use crate::{
    http::{Method, Request, Response},
    objects::Class,
    sql::Sql,
    testing::{World, json, post, text, write},
};

const KEY: &str = "3f8a-key";

impl Acme {
    fn post_with_key(&self, session: &str, path: &str, body: &Value, key: &str) -> Response {
        let request = post(path, body)
            .with_header("cookie", session)
            .with_header("idempotency-key", key);
        self.world.send(&request)
    }

    fn invite_with_key(&self, session: &str, email: &str, key: &str) -> Response {
        let body = json!({ "email": email, "role": "member" });
        self.post_with_key(session, &self.path("/invitations"), &body, key)
    }

    fn invitations(&self) -> usize {
        let view = json(&self.get(&self.ada, "/invitations"));
        view["invitations"].as_array().unwrap().len()
    }
}

fn is_replay(response: &Response) -> bool {
    response.header("idempotency-replayed") == Some("true")
}

#[test]
fn a_request_that_is_sent_again_is_answered_again_and_done_once() {
    let acme = Acme::new();
    let first = acme.invite_with_key(&acme.ada, BEN, KEY);
    assert_eq!((first.status, is_replay(&first)), (201, false));
    let again = acme.invite_with_key(&acme.ada, BEN, KEY);
    assert_eq!((again.status, is_replay(&again)), (201, true));
    assert_eq!(text(&first), text(&again));
    assert_eq!(
        first.header("lockstep-epoch"),
        again.header("lockstep-epoch")
    );
    assert_eq!(acme.invitations(), 1);
    assert_eq!(acme.world.mail(BEN).len(), 1);
    // Without a key it is another request.
    refused(
        &acme.invite(&acme.ada, BEN, "member"),
        409,
        "already-invited",
    );
}

#[test]
fn the_same_key_with_another_body_is_refused() {
    let acme = Acme::new();
    acme.invite_with_key(&acme.ada, BEN, KEY);
    let other = acme.invite_with_key(&acme.ada, CAT, KEY);
    refused(&other, 422, "idempotency-key-reused");
    assert_eq!(acme.invitations(), 1);
}

/// What was answered to all of a person is not for a token that may do less.
#[test]
fn p4_another_credential_is_not_answered_by_a_key() {
    let acme = Acme::new();
    acme.joined(BEN, "member");
    let path = acme.path("/members/batch");
    let user = acme.member(BEN).replace("/members/", "");
    let body = json!({ "members": [{ "user_id": user, "role": "admin" }] });
    let first = acme.post_with_key(&acme.ada, &path, &body, KEY);
    assert_eq!(first.status, 207, "{}", text(&first));
    let (_, narrow) = acme.token(&acme.ada, &json!({ "name": "ci", "scopes": [] }));
    let by_token = post(&path, &body)
        .with_header("x-api-key", &narrow)
        .with_header("idempotency-key", KEY);
    let by_token = acme.world.send(&by_token);
    refused(&by_token, 422, "idempotency-key-reused");
    let again = acme.post_with_key(&acme.ada, &path, &body, KEY);
    assert_eq!((again.status, is_replay(&again)), (207, true));
    // Another secret of the same session is the same credential.
    acme.world.clock.advance_ms(86_399_000);
    let me = Request::new(Method::Get, "/v1/me").with_header("cookie", &acme.ada);
    acme.world.send(&me);
    let kept = acme.post_with_key(&acme.ada, &path, &body, KEY);
    assert!(is_replay(&kept), "{}", text(&kept));
}

#[test]
fn a_key_counts_for_its_principal_and_path() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "admin");
    let of_ada = acme.invite_with_key(&acme.ada, CAT, KEY);
    assert_eq!(of_ada.status, 201);
    let of_ben = acme.invite_with_key(&ben, CAT, KEY);
    refused(&of_ben, 409, "already-invited");
    let id = json(&of_ada)["id"].as_str().unwrap().to_owned();
    let cat = acme.world.sign_in(CAT);
    let accept = acme.path(&format!("/invitations/{id}/accept"));
    let accepted = acme.post_with_key(&cat, &accept, &json!({}), KEY);
    assert_eq!((accepted.status, is_replay(&accepted)), (200, false));
    let again = acme.post_with_key(&cat, &accept, &json!({}), KEY);
    assert_eq!((again.status, is_replay(&again)), (200, true));
    assert_eq!(text(&accepted), text(&again));
    assert_eq!(acme.members().len(), 3);
}

#[test]
fn what_was_refused_is_not_remembered() {
    let acme = Acme::new();
    let first = acme.invited(BEN, "member");
    refused(
        &acme.invite_with_key(&acme.ada, BEN, KEY),
        409,
        "already-invited",
    );
    acme.delete(&acme.ada, &format!("/invitations/{first}"));
    let now = acme.invite_with_key(&acme.ada, BEN, KEY);
    assert_eq!((now.status, is_replay(&now)), (201, false));
}

#[test]
fn a_key_is_forgotten_after_a_day() {
    let acme = Acme::new();
    acme.invite_with_key(&acme.ada, BEN, KEY);
    acme.world.clock.advance_ms(86_399_999);
    assert!(is_replay(&acme.invite_with_key(&acme.ada, BEN, KEY)));
    acme.world.clock.advance_ms(1);
    refused(
        &acme.invite_with_key(&acme.ada, BEN, KEY),
        409,
        "already-invited",
    );
    acme.world.settle();
    acme.world.ring(Class::Organization, &acme.id);
    let sql = acme
        .world
        .objects
        .database(Class::Organization, &acme.id)
        .unwrap();
    let kept = Sql::exec(&*sql, "SELECT key FROM idempotency", &[]).unwrap();
    assert!(kept.is_empty());
}

#[test]
fn p6_a_repeated_request_shows_no_secret_again() {
    let acme = Acme::new();
    let make = || {
        let body = json!({ "name": "ci" });
        acme.post_with_key(&acme.ada, "/v1/me/tokens", &body, KEY)
    };
    let first = json(&make());
    assert!(first["token"].as_str().unwrap().starts_with("openlit-"));
    let again = make();
    assert!(is_replay(&again));
    let mut expected = first.clone();
    expected.as_object_mut().unwrap().remove("token");
    expected["withheld"] = json!("already-shown");
    assert_eq!(json(&again), expected);
    let tokens = Request::new(Method::Get, "/v1/me/tokens").with_header("cookie", &acme.ada);
    let tokens = json(&acme.world.send(&tokens));
    assert_eq!(tokens["tokens"].as_array().unwrap().len(), 1);
}

#[test]
fn an_answer_that_got_lost_is_asked_for_again_by_the_edge_itself() {
    let acme = Acme::new();
    acme.world.objects.loses_answers.set(Some(Class::User));
    let body = json!({ "name": "ci" });
    let lost = acme
        .world
        .send(&post("/v1/me/tokens", &body).with_header("cookie", &acme.ada));
    refused(&lost, 503, "unavailable");
    let made = acme.post_with_key(&acme.ada, "/v1/me/tokens", &body, KEY);
    assert_eq!((made.status, is_replay(&made)), (201, false));
    // The caller has not seen it yet, so it is shown, and it works.
    let token = json(&made)["token"].as_str().unwrap().to_owned();
    acme.world.objects.loses_answers.set(None);
    let me = Request::new(Method::Get, "/v1/me").with_header("x-api-key", &token);
    assert_eq!(acme.world.send(&me).status, 200);
    let list = Request::new(Method::Get, "/v1/me/tokens").with_header("cookie", &acme.ada);
    let tokens = json(&acme.world.send(&list))["tokens"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(tokens, 2, "one of each request");
}

#[test]
fn nothing_is_repeated_of_what_is_deleted() {
    let acme = Acme::new();
    acme.invite_with_key(&acme.ada, BEN, KEY);
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    refused(&acme.invite_with_key(&acme.ada, BEN, KEY), 404, "not-found");
}

#[test]
fn keys_are_bounded_in_length_and_number() {
    let acme = Acme::new();
    for key in ["", "a b", &"k".repeat(256)] {
        refused(
            &acme.invite_with_key(&acme.ada, BEN, key),
            400,
            "invalid-idempotency-key",
        );
    }
    let me = Request::new(Method::Get, "/v1/me").with_header("cookie", &acme.ada);
    let user = json(&acme.world.send(&me))["user"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let sql = acme
        .world
        .objects
        .database(Class::Organization, &acme.id)
        .unwrap();
    for at in 0..1_000 {
        let insert = "INSERT INTO idempotency (principal, route, key, ordinal, digest, request, reply, expires_at_ms) VALUES (?, '/', ?, 0, '', '', '', 9000000000000)";
        Sql::exec(&*sql, insert, &[user.as_str().into(), i64::from(at).into()]).unwrap_or_else(
            |_| {
                Sql::exec(
                    &*sql,
                    insert,
                    &[user.as_str().into(), at.to_string().into()],
                )
                .unwrap()
            },
        );
    }
    refused(
        &acme.invite_with_key(&acme.ada, BEN, KEY),
        429,
        "too-many-requests",
    );
    assert_eq!(
        acme.invite(&acme.ada, BEN, "member").status,
        201,
        "without a key it goes on"
    );
}

#[test]
fn an_edit_of_what_has_changed_meanwhile_changes_nothing() {
    let acme = Acme::new();
    acme.joined(BEN, "member");
    let tag = acme.get(&acme.ada, "").header("etag").unwrap().to_owned();
    let edit = |rest: &str, body: Value, tag: &str| {
        let request = write(Method::Patch, &acme.path(rest), &body)
            .with_header("cookie", &acme.ada)
            .with_header("if-match", tag);
        acme.world.send(&request)
    };
    let renamed = edit("", json!({ "name": "New" }), &tag);
    assert_eq!(renamed.status, 200, "{}", text(&renamed));
    refused(
        &edit("", json!({ "name": "Newer" }), &tag),
        412,
        "precondition-failed",
    );
    assert_eq!(json(&acme.get(&acme.ada, ""))["name"], "New");
    let next = renamed.header("etag").unwrap();
    assert_eq!(next, acme.get(&acme.ada, "").header("etag").unwrap());
    assert_eq!(edit("", json!({ "name": "Newer" }), next).status, 200);
    assert_eq!(edit("", json!({ "name": "Newest" }), "*").status, 200);
    refused(&edit("", json!({ "name": "x" }), "7"), 400, "invalid-value");

    let ben = acme.member(BEN);
    let view = json(&acme.get(&acme.ada, "/members"));
    let epoch = view["members"][1]["epoch"].as_i64().unwrap();
    let changed = edit(&ben, json!({ "role": "admin" }), &format!("\"{epoch}\""));
    assert_eq!(changed.status, 200, "a rename did not change the member");
    let stale = edit(&ben, json!({ "role": "member" }), &format!("\"{epoch}\""));
    refused(&stale, 412, "precondition-failed");
    assert_eq!(acme.members()[1].1, "admin");
    let next = changed.header("etag").unwrap();
    assert_eq!(edit(&ben, json!({ "role": "member" }), next).status, 200);
}

#[test]
fn who_may_not_edit_learns_nothing_from_a_tag() {
    let acme = Acme::new();
    let mallory = acme.world.sign_in("mallory@example.com");
    for tag in ["\"1\"", "\"999\"", "*"] {
        let request = write(Method::Patch, &acme.path(""), &json!({ "name": "Mine" }))
            .with_header("cookie", &mallory)
            .with_header("if-match", tag);
        refused(&acme.world.send(&request), 404, "not-found");
    }
    // What has no tag matches none.
    let request = post(
        &acme.path("/invitations"),
        &json!({ "email": BEN, "role": "member" }),
    )
    .with_header("cookie", &acme.ada)
    .with_header("if-match", "\"1\"");
    refused(&acme.world.send(&request), 412, "precondition-failed");
    assert_eq!(acme.invitations(), 0);
}

/// Threat M12.
#[test]
fn m12_a_cursor_that_was_not_given_out_is_refused() {
    let acme = Acme::in_world(World::with_vars(&[("LOCKSTEP_POLICY", "lockstep")]));
    let ben = acme.joined(BEN, "admin");
    let get = |session: &str, path: &str, query: &str| {
        let request = Request::new(Method::Get, path)
            .with_query(query)
            .with_header("cookie", session);
        acme.world.send(&request)
    };
    let path = acme.path("/audit");
    let first = get(&acme.ada, &path, "limit=1&action=invite");
    assert_eq!(json(&first)["next"], Value::Null);
    let first = get(&acme.ada, &path, "limit=1");
    let cursor = json(&first)["next"].as_str().unwrap().to_owned();
    let with = |query: &str| format!("{query}&cursor={cursor}");
    assert_eq!(get(&acme.ada, &path, &with("limit=3")).status, 200);
    refused(
        &get(&acme.ada, &path, &with("action=invite")),
        400,
        "invalid-cursor",
    );
    refused(
        &get(&acme.ada, &path, &with("action=")),
        400,
        "invalid-cursor",
    );
    refused(&get(&ben, &path, &with("limit=1")), 400, "invalid-cursor");
    let other = acme.post_with_key(&acme.ada, "/v1/organizations", &json!({ "name": "B" }), KEY);
    let other = format!(
        "/v1/organizations/{}/audit",
        json(&other)["id"].as_str().unwrap()
    );
    refused(
        &get(&acme.ada, &other, &with("limit=1")),
        400,
        "invalid-cursor",
    );
    // A small generator of its own, so that a failure can be repeated.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % u64::try_from(below).unwrap()).unwrap()
    };
    let alphabet: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain("-_=%'\"+ ".chars())
        .collect();
    for _ in 0..10_000 {
        let mut mutated: Vec<char> = cursor.chars().collect();
        for _ in 0..=random(3) {
            let at = random(mutated.len());
            match random(4) {
                0 => mutated[at] = alphabet[random(alphabet.len())],
                1 => mutated.insert(at, alphabet[random(alphabet.len())]),
                2 => mutated.truncate(at.max(1)),
                _ => drop(mutated.remove(at)),
            }
            if mutated.is_empty() {
                mutated.push('A');
            }
        }
        let mutated: String = mutated.into_iter().collect();
        let encoded: String = form_urlencoded::byte_serialize(mutated.as_bytes()).collect();
        let answer = get(&acme.ada, &path, &format!("limit=1&cursor={encoded}"));
        if mutated == cursor {
            assert_eq!(answer.status, 200);
        } else {
            refused(&answer, 400, "invalid-cursor");
        }
    }
}
