//! What tokens do in an organization: never more than their user does at that moment, and less by scopes, subtree and life (threats P2, P4, P9; law 6).

use serde_json::{Value, json};

use super::{ADA, Acme, BEN, refused};
use crate::{
    edge::Edge,
    http::{Method, Request, Response},
    testing::{World, json, post, text, write},
};

/// Under the policy of these tests every member holds it, and it is not sensitive.
const ORDINARY: &str = "resources.view";
/// Only admins hold it, and it is sensitive.
const SENSITIVE: &str = "members.invite";
/// The bound for what is not sensitive, in milliseconds; README states it.
const BOUND_MS: i64 = 10_000;

impl Acme {
    /// A personal access token of whoever has this session.
    pub(super) fn token(&self, session: &str, body: &Value) -> (String, String) {
        let created = post("/v1/me/tokens", body).with_header("cookie", session);
        let created = self.world.send(&created);
        assert_eq!(created.status, 201, "{}", text(&created));
        let text = |member: &str| json(&created)[member].as_str().unwrap().to_owned();
        (text("id"), text("token"))
    }

    /// A request that carries a token or key.
    pub(super) fn by(&self, token: &str, method: Method, rest: &str, body: &Value) -> Response {
        let request = write(method, &self.path(rest), body).with_header("x-api-key", token);
        self.world.send(&request)
    }

    /// A question to an isolate.
    pub(super) fn asks(&self, isolate: &Edge, token: &str, permission: &str) -> Response {
        let body = json!({ "permission": permission });
        let request = post(&self.path("/evaluate"), &body).with_header("x-api-key", token);
        self.world.send_to(isolate, &request)
    }

    /// Whether a token or key may.
    pub(super) fn token_may(&self, token: &str, permission: &str) -> bool {
        let answer = self.asks(&self.world.edge, token, permission);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        json(&answer)["decision"].as_bool().unwrap()
    }
}

/// Whatever ends it at one place has ended the streams that were there, and none is opened where it is remembered.
#[test]
fn m7_no_stream_of_events_is_opened_by_a_token_that_is_only_remembered() {
    let acme = Acme::new();
    let (token, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    let other = acme.world.isolate();
    let open = |isolate: &Edge| {
        let request = Request::new(Method::Get, acme.path("/events"));
        let request = request.with_header("x-api-key", &pat);
        acme.world.send_to(isolate, &request).status
    };
    assert_eq!(open(&other), 200);
    let delete = write(
        Method::Delete,
        &format!("/v1/me/tokens/{token}"),
        &json!({}),
    );
    let deleted = acme.world.send(&delete.with_header("cookie", &acme.ada));
    assert_eq!(deleted.status, 204);
    acme.world.settle();
    assert_eq!(open(&other), 401);
}

/// Sessions are bounded: whoever opens one too many ends the oldest, and what it may have opened.
#[test]
fn m7_the_oldest_session_ends_with_its_streams_when_there_are_too_many() {
    let acme = Acme::new();
    let ada = acme.user(ADA);
    let is_ended = || {
        let ended = acme.world.objects.ended.borrow();
        ended.iter().any(|(_, who)| *who == ada)
    };
    for _ in 1..50 {
        acme.world.sign_in(ADA);
        acme.world.clock.advance_ms(60_000);
    }
    acme.world.settle();
    assert!(!is_ended());
    acme.world.sign_in(ADA);
    acme.world.settle();
    assert!(is_ended());
}

#[test]
fn p9_a_token_is_at_most_its_user_at_that_moment() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "admin");
    let (_, pat) = acme.token(&ben, &json!({ "name": "ci" }));
    assert!(acme.token_may(&pat, SENSITIVE) && acme.token_may(&pat, ORDINARY));
    let of_ben = acme.member(BEN);
    let demoted = acme.patch(&acme.ada, &of_ben, &json!({ "role": "member" }));
    assert_eq!(demoted.status, 200, "{}", text(&demoted));
    assert!(!acme.token_may(&pat, SENSITIVE), "at once");
    let invite = json!({ "email": "x@example.com", "role": "member" });
    refused(
        &acme.by(&pat, Method::Post, "/invitations", &invite),
        403,
        "no-grant",
    );
    acme.world.clock.advance_ms(BOUND_MS);
    assert!(acme.token_may(&pat, ORDINARY), "what is left");
    assert!(!acme.token_may(&pat, "organisation.update"));
}

#[test]
fn p2_a_token_of_a_removed_member_is_dead() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "admin");
    let (_, pat) = acme.token(&ben, &json!({ "name": "ci" }));
    assert!(acme.token_may(&pat, SENSITIVE) && acme.token_may(&pat, ORDINARY));
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    assert!(!acme.token_may(&pat, SENSITIVE), "at once");
    refused(
        &acme.by(&pat, Method::Get, "/members", &json!({})),
        404,
        "not-found",
    );
    refused(
        &acme.by(&pat, Method::Patch, "", &json!({ "name": "x" })),
        404,
        "not-found",
    );
    acme.world.clock.advance_ms(BOUND_MS);
    assert!(!acme.token_may(&pat, ORDINARY), "within the bound");
}

/// Whoever comes back leaves behind what they had: perhaps it was why they had to go.
#[test]
fn p2_a_token_of_a_removed_member_stays_dead_when_they_come_back() {
    let acme = Acme::new();
    let ben = acme.world.sign_in(BEN);
    // From before the first membership: nobody has ended it.
    let (id, pat) = acme.token(&ben, &json!({ "name": "ci" }));
    let rename = |pat: &str| acme.by(pat, Method::Patch, "", &json!({ "name": "Acme" }));
    acme.joined(BEN, "admin");
    assert!(acme.token_may(&pat, SENSITIVE) && acme.token_may(&pat, ORDINARY));
    assert_eq!(rename(&pat).status, 200);
    acme.world.clock.advance_ms(60_000);
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    acme.world.clock.advance_ms(60_000);
    acme.forget_mails();
    let ben = acme.joined(BEN, "admin");
    for isolate in [&acme.world.isolate(), &acme.world.edge] {
        for permission in [SENSITIVE, ORDINARY] {
            let answer = acme.asks(isolate, &pat, permission);
            assert_eq!(answer.status, 200, "{}", text(&answer));
            assert!(text(&answer).contains("out-of-token-scope"));
        }
    }
    refused(&rename(&pat), 403, "out-of-token-scope");
    for rest in ["", "/members", "/snapshot", "/events"] {
        let answer = acme.by(&pat, Method::Get, rest, &json!({}));
        refused(&answer, 403, "out-of-token-scope");
    }
    // It is Ben's in other organizations, and another secret of it is as good as another token.
    let me = Request::new(Method::Get, "/v1/me").with_header("x-api-key", &pat);
    assert_eq!(acme.world.send(&me).status, 200);
    let rotate = post(
        &format!("/v1/me/tokens/{id}/rotate"),
        &json!({ "overlap_s": 600 }),
    );
    let rotated = acme.world.send(&rotate.with_header("cookie", &ben));
    let rotated = json(&rotated)["token"].as_str().unwrap().to_owned();
    let (_, fresh) = acme.token(&ben, &json!({ "name": "ci 2" }));
    for pat in [&rotated, &fresh] {
        assert!(acme.token_may(pat, SENSITIVE) && acme.token_may(pat, ORDINARY));
        assert_eq!(rename(pat).status, 200);
    }
    assert!(!acme.token_may(&pat, ORDINARY) && !acme.token_may(&pat, SENSITIVE));
}

/// The isolate that answers was told nothing: it knows only what the user's object says.
#[test]
fn p2_a_revoked_token_is_refused_sensitive_actions_at_once_and_others_within_the_bound() {
    for faults in super::consistency::KV_FAULTS {
        for revoke in ["delete", "deactivate", "rotate", "everywhere"] {
            let world = World::with_vars(&[("LOCKSTEP_FAULTS", faults)]);
            let acme = Acme::in_world(world);
            let (id, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
            let (elsewhere, there) = (acme.world.isolate(), acme.world.isolate());
            let allows = |isolate, permission| {
                let answer = acme.asks(isolate, &pat, permission);
                (answer.status == 200).then(|| json(&answer)["decision"] == true)
            };
            for isolate in [&elsewhere, &there] {
                assert_eq!(allows(isolate, SENSITIVE), Some(true));
                assert_eq!(allows(isolate, ORDINARY), Some(true));
            }
            let (method, path, body) = match revoke {
                "delete" => (Method::Delete, format!("/v1/me/tokens/{id}"), json!({})),
                "deactivate" => (
                    Method::Patch,
                    format!("/v1/me/tokens/{id}"),
                    json!({ "active": false }),
                ),
                "rotate" => (
                    Method::Post,
                    format!("/v1/me/tokens/{id}/rotate"),
                    json!({}),
                ),
                _ => (
                    Method::Post,
                    "/v1/me/sign-out".to_owned(),
                    json!({ "tokens": true }),
                ),
            };
            let request = write(method, &path, &body).with_header("cookie", &acme.ada);
            assert!(acme.world.send(&request).status < 300, "{revoke}");
            // What is known of the token does not count for anything sensitive.
            let sensitive = acme.asks(&elsewhere, &pat, SENSITIVE);
            refused(&sensitive, 401, "unauthenticated");
            let rename = write(Method::Patch, &acme.path(""), &json!({ "name": "x" }));
            // An isolate that was asked nothing since still remembers the token.
            let rename = acme
                .world
                .send_to(&there, &rename.with_header("x-api-key", &pat));
            refused(&rename, 401, "unauthenticated");
            acme.world.clock.advance_ms(BOUND_MS);
            refused(
                &acme.asks(&elsewhere, &pat, ORDINARY),
                401,
                "unauthenticated",
            );
        }
    }
}

/// As long as nothing sensitive was asked, an isolate that was told nothing goes by what it knows, and no longer than it says.
#[test]
fn p2_the_window_is_what_keeps_a_token_and_no_longer() {
    let acme = Acme::new();
    let (id, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    let elsewhere = acme.world.isolate();
    assert_eq!(acme.asks(&elsewhere, &pat, ORDINARY).status, 200);
    let delete = write(Method::Delete, &format!("/v1/me/tokens/{id}"), &json!({}));
    let deleted = acme.world.send(&delete.with_header("cookie", &acme.ada));
    assert_eq!(deleted.status, 204);
    acme.world.clock.advance_ms(4_999);
    assert_eq!(
        acme.asks(&elsewhere, &pat, ORDINARY).status,
        200,
        "the answer still counts"
    );
    acme.world.clock.advance_ms(1);
    refused(
        &acme.asks(&elsewhere, &pat, ORDINARY),
        401,
        "unauthenticated",
    );
}

#[test]
fn p4_scopes_bind_decisions_wherever_they_are_made() {
    let acme = Acme::new();
    let (_, pat) = acme.token(&acme.ada, &json!({ "name": "ci", "scopes": [ORDINARY] }));
    assert!(acme.token_may(&pat, ORDINARY), "the isolate's own decision");
    assert!(!acme.token_may(&pat, SENSITIVE), "the object's");
    let denied = json(&acme.asks(&acme.world.edge, &pat, SENSITIVE));
    assert_eq!(denied["reasons"][0]["code"], "out-of-token-scope");
    let (_, sensitive) = acme.token(&acme.ada, &json!({ "name": "ci", "scopes": [SENSITIVE] }));
    assert!(!acme.token_may(&sensitive, ORDINARY) && acme.token_may(&sensitive, SENSITIVE));
    // The snapshot says so, too, and the page shows no more than the token may do.
    let snapshot = json(&acme.by(&pat, Method::Get, "/snapshot", &json!({})));
    assert_eq!(snapshot["token"]["permissions"], json!([ORDINARY]));
}

#[test]
fn p4_a_subtree_in_one_organization_gives_nothing_in_another() {
    let acme = Acme::new();
    let other = acme.world.send(
        &post("/v1/organizations", &json!({ "name": "Other" })).with_header("cookie", &acme.ada),
    );
    let other = json(&other)["id"].as_str().unwrap().to_owned();
    acme.world.settle();
    let subtree = json!({ "name": "ci", "subtree": { "organization": other } });
    let (_, pat) = acme.token(&acme.ada, &subtree);
    let (_, here) = acme.token(
        &acme.ada,
        &json!({ "name": "ci", "subtree": { "organization": acme.id } }),
    );
    for permission in [ORDINARY, SENSITIVE, "members.leave"] {
        assert!(acme.token_may(&here, permission), "{permission}");
        let asked = acme.asks(&acme.world.edge, &pat, permission);
        refused(&asked, 403, "out-of-token-scope");
    }
    for rest in [
        "",
        "/members",
        "/invitations",
        "/snapshot",
        "/events",
        "/service-accounts",
    ] {
        refused(
            &acme.by(&pat, Method::Get, rest, &json!({})),
            403,
            "out-of-token-scope",
        );
        assert_eq!(
            acme.by(&here, Method::Get, rest, &json!({})).status,
            200,
            "{rest}"
        );
    }
    refused(
        &acme.by(&pat, Method::Delete, "", &json!({})),
        403,
        "out-of-token-scope",
    );
}

#[test]
fn a_subtree_is_a_node_in_which_its_user_holds_something() {
    let acme = Acme::new();
    let mallory = acme.world.sign_in("mallory@example.com");
    let subtree =
        |node: Value| json!({ "name": "x", "subtree": { "organization": acme.id, "node": node } });
    let create = |session: &str, body: &Value| {
        acme.world
            .send(&post("/v1/me/tokens", body).with_header("cookie", session))
    };
    refused(
        &create(&mallory, &subtree(Value::Null)),
        400,
        "invalid-value",
    );
    refused(
        &create(&acme.ada, &subtree(json!("ws_none"))),
        400,
        "invalid-value",
    );
    assert_eq!(create(&acme.ada, &subtree(json!(acme.id))).status, 201);
}

#[test]
fn a_token_that_lives_longer_than_the_organization_allows_gives_nothing_in_it() {
    let acme = Acme::new();
    let life = |body: Value| acme.token(&acme.ada, &body).1;
    let for_ever = life(json!({ "name": "a" }));
    let long = life(json!({ "name": "b", "expires_in_s": 3_601 }));
    let short = life(json!({ "name": "c", "expires_in_s": 3_600 }));
    assert!(
        [&for_ever, &long, &short]
            .iter()
            .all(|pat| acme.token_may(pat, ORDINARY))
    );
    let set =
        |seconds: Value| acme.patch(&acme.ada, "", &json!({ "token_lifetime_max_s": seconds }));
    let answer = set(json!(3_600));
    assert_eq!(
        (answer.status, &json(&answer)["token_lifetime_max_s"]),
        (200, &json!(3_600))
    );
    assert_eq!(json(&answer)["name"], "Acme", "and the name stays");
    for pat in [&for_ever, &long] {
        refused(
            &acme.asks(&acme.world.edge, pat, SENSITIVE),
            403,
            "token-lifetime",
        );
        refused(
            &acme.by(pat, Method::Get, "/members", &json!({})),
            403,
            "token-lifetime",
        );
        refused(
            &acme.by(pat, Method::Get, "/snapshot", &json!({})),
            403,
            "token-lifetime",
        );
    }
    acme.world.clock.advance_ms(BOUND_MS);
    for pat in [&for_ever, &long] {
        refused(
            &acme.asks(&acme.world.edge, pat, ORDINARY),
            403,
            "token-lifetime",
        );
    }
    assert!(acme.token_may(&short, ORDINARY) && acme.token_may(&short, SENSITIVE));
    assert!(acme.may(&acme.ada, SENSITIVE), "a session is no token");
    assert_eq!(set(Value::Null).status, 200);
    acme.world.clock.advance_ms(BOUND_MS);
    assert!(acme.token_may(&for_ever, ORDINARY));
    for wrong in [json!(59), json!(-1), json!("1d")] {
        assert_eq!(set(wrong).status, 400);
    }
    assert_eq!(acme.patch(&acme.ada, "", &json!({})).status, 400);
}

/// Law 5: what a token may not do itself, it hands to nobody.
#[test]
fn a_narrow_token_hands_out_no_more_than_it_holds() {
    let acme = Acme::new();
    let scopes = json!({ "name": "ci", "scopes": ["members.invite", "members.read"] });
    let (_, pat) = acme.token(&acme.ada, &scopes);
    let invite = json!({ "email": "x@example.com", "role": "member" });
    refused(
        &acme.by(&pat, Method::Post, "/invitations", &invite),
        403,
        "exceeds-grantor",
    );
}

/// P10: whatever comes after a deleted organization has another id, and no token reaches the old one.
#[test]
fn p10_after_its_deletion_nothing_reaches_an_organization() {
    let acme = Acme::new();
    let (_, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    assert!(acme.token_may(&pat, ORDINARY));
    let delete = write(Method::Delete, &acme.path(""), &json!({})).with_query("name=Acme");
    let deleted = acme.world.send(&delete.with_header("x-api-key", &pat));
    assert_eq!(deleted.status, 204);
    refused(
        &acme.by(&pat, Method::Get, "", &json!({})),
        404,
        "not-found",
    );
    acme.world.clock.advance_ms(BOUND_MS);
    refused(
        &acme.asks(&acme.world.edge, &pat, ORDINARY),
        404,
        "not-found",
    );
    let again = post("/v1/organizations", &json!({ "name": "Acme" }));
    let again = json(&acme.world.send(&again.with_header("x-api-key", &pat)));
    assert_ne!(again["id"], json!(acme.id));
    let read = Request::new(Method::Get, acme.path("")).with_header("x-api-key", &pat);
    assert_eq!(acme.world.send(&read).status, 404);
}
