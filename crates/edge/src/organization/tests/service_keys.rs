//! Keys of service accounts: who makes them, what they cost, and when they stop (threats P2, P3, P9; law 5).

mod revived;
mod seers;
mod words;

use serde_json::{Value, json};

use super::{
    ADA, Acme, BEN, refused,
    service_accounts::{in_ws_1, lockstep},
};
use crate::{
    http::{Method, Request},
    objects::Class,
    testing::{World, json, post, text, write},
};

const DAY_MS: i64 = 86_400_000;
/// The bound for what is not sensitive, in milliseconds; README states it.
const BOUND_MS: i64 = 10_000;

/// Law 5 at minting: who sees a key's secret could do what it gives.
#[test]
fn p9_a_key_is_made_and_rotated_by_who_holds_what_it_gives() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let owner = acme.account(&[json!({ "role": "owner" })]);
    let body = |scopes: Value| json!({ "name": "ci", "scopes": scopes });
    refused(
        &acme.create_key(&ben, &owner, &body(Value::Null)),
        403,
        "exceeds-grantor",
    );
    refused(
        &acme.create_key(&ben, &owner, &body(json!(["organization.delete"]))),
        403,
        "exceeds-grantor",
    );
    let (_, narrow) = acme.key(&ben, &owner, &body(json!(["member.read"])));
    assert!(acme.token_may(&narrow, "member.read"));
    assert!(!acme.token_may(&narrow, "organization.delete"));
    let (whole, _) = acme.key(&acme.ada, &owner, &body(Value::Null));
    refused(
        &acme.post(&ben, &format!("{whole}/rotate"), &json!({})),
        403,
        "exceeds-grantor",
    );
    // Taking away is everybody's who may manage keys; giving back is not.
    let [off, on] = [false, true].map(|active| json!({ "active": active }));
    let path = whole.clone();
    assert_eq!(acme.patch(&ben, &path, &off).status, 200);
    refused(&acme.patch(&ben, &path, &on), 403, "exceeds-grantor");
    assert_eq!(acme.patch(&acme.ada, &path, &on).status, 200);
    // A subtree bounds what is handed out, and what the key may do.
    let program = acme.account(&[
        in_ws_1("editor"),
        json!({ "role": "editor", "node": "ws_2" }),
    ]);
    let in_2 = json!({ "name": "ci", "node": "ws_2" });
    let (_, elsewhere) = acme.key(&acme.ada, &program, &in_2);
    assert!(!acme.key_may(&elsewhere, "data.read"));
    let (_, here) = acme.key(
        &acme.ada,
        &program,
        &json!({ "name": "ci", "node": "ws_1" }),
    );
    assert!(acme.key_may(&here, "data.read"));
    refused(
        &acme.create_key(&acme.ada, &program, &json!({ "name": "x", "node": "ws_9" })),
        400,
        "invalid-value",
    );
    refused(
        &acme.create_key(&acme.ada, &program, &body(json!(["no.such"]))),
        400,
        "unknown-permission",
    );
}

#[test]
fn p2_a_key_outlives_its_maker_and_stops_a_day_after_they_left() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let account = acme.account(&[in_ws_1("viewer")]);
    let (of_ben, seen_by_ben) = acme.key(&ben, &account, &json!({ "name": "ben's" }));
    let (_, seen_by_ada) = acme.key(&acme.ada, &account, &json!({ "name": "ada's" }));
    let demoted = json!({ "role": "member" });
    assert_eq!(
        acme.patch(&acme.ada, &acme.member(BEN), &demoted).status,
        200
    );
    acme.world.clock.advance_ms(2 * DAY_MS);
    let mut ada = acme.world.sign_in(ADA);
    assert_eq!(acme.key_status(&seen_by_ben), 200, "it is the account's");
    let members = json(&acme.get(&ada, "/members"));
    let ben = members["members"][1]["user_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(acme.delete(&ada, &format!("/members/{ben}")).status, 204);
    let keys = json(&acme.get(&ada, &format!("{account}/keys")));
    let stops: Vec<bool> = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["stops_at_ms"].is_i64())
        .collect();
    assert_eq!(stops.iter().filter(|stops| **stops).count(), 1);
    acme.world.clock.advance_ms(DAY_MS - 1);
    assert_eq!(acme.key_status(&seen_by_ben), 200);
    acme.world.clock.advance_ms(1);
    assert_eq!(acme.key_status(&seen_by_ben), 401);
    assert_eq!(acme.key_status(&seen_by_ada), 200);
    // Somebody else who rotates it has seen the only secret that counts from then on.
    ada = acme.world.sign_in(ADA);
    let rotated = acme.post(
        &ada,
        &format!("{of_ben}/rotate"),
        &json!({ "overlap_s": 86_400 }),
    );
    let fresh = json(&rotated)["token"].as_str().unwrap().to_owned();
    assert_eq!(
        (
            json(&rotated)["stops_at_ms"].clone(),
            acme.key_status(&fresh)
        ),
        (Value::Null, 200)
    );
    assert_eq!(
        acme.key_status(&seen_by_ben),
        401,
        "no overlap brings it back"
    );
}

#[test]
fn p2_an_overlap_leaves_a_removed_person_no_more_than_their_day() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let account = acme.account(&[in_ws_1("viewer")]);
    let (key, seen_by_ben) = acme.key(&ben, &account, &json!({ "name": "ben's" }));
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    acme.world.clock.advance_ms(DAY_MS / 2);
    let day = json!({ "overlap_s": 86_400 });
    assert_eq!(
        acme.post(&acme.ada, &format!("{key}/rotate"), &day).status,
        200
    );
    acme.world.clock.advance_ms(DAY_MS / 2 - 1_000);
    assert_eq!(acme.key_status(&seen_by_ben), 200);
    acme.world.clock.advance_ms(1_000);
    assert_eq!(acme.key_status(&seen_by_ben), 401);
}

/// Against an isolate that was told nothing, under every fault of KV.
#[test]
fn p2_a_revoked_key_is_refused_sensitive_actions_at_once_and_others_within_the_bound() {
    const SENSITIVE: &str = "organization.update";
    const ORDINARY: &str = "member.read";
    for faults in super::consistency::KV_FAULTS {
        for revoke in ["key", "off", "rotate", "account", "role"] {
            let vars = [("LOCKSTEP_POLICY", "lockstep"), ("LOCKSTEP_FAULTS", faults)];
            let acme = Acme::in_world(World::with_vars(&vars));
            let account = acme.account(&[json!({ "role": "admin" })]);
            let (key, secret) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
            let elsewhere = acme.world.isolate();
            let allows = |permission| {
                let answer = acme.asks(&elsewhere, &secret, permission);
                answer.status == 200 && json(&answer)["decision"] == true
            };
            assert!(allows(SENSITIVE) && allows(ORDINARY));
            let revoked = match revoke {
                "key" => acme.delete(&acme.ada, &key),
                "off" => acme.patch(&acme.ada, &key, &json!({ "active": false })),
                "rotate" => acme.post(&acme.ada, &format!("{key}/rotate"), &json!({})),
                "account" => acme.delete(&acme.ada, &account),
                _ => acme.patch(
                    &acme.ada,
                    &account,
                    &json!({ "grants": [{ "role": "gateway" }] }),
                ),
            };
            assert!(revoked.status < 300, "{revoke} {}", text(&revoked));
            assert!(!allows(SENSITIVE), "{revoke} {faults}");
            let rename = write(Method::Patch, &acme.path(""), &json!({ "name": "x" }));
            let rename = acme
                .world
                .send_to(&elsewhere, &rename.with_header("x-api-key", &secret));
            assert!([401, 403].contains(&rename.status), "{revoke} {faults}");
            acme.world.clock.advance_ms(BOUND_MS);
            assert!(!allows(ORDINARY), "{revoke} {faults}");
        }
    }
}

/// The organization's object answers for the key and for the account in one call.
#[test]
fn a_key_costs_one_call_for_many_questions() {
    let acme = lockstep();
    let account = acme.account(&[in_ws_1("editor")]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let asked = |command| acme.world.objects.asked(command);
    let before = (asked("authenticate"), asked("freshness"), asked("snapshot"));
    for _ in 0..5 {
        assert!(acme.key_may(&key, "data.read"));
    }
    let after = (asked("authenticate"), asked("freshness"), asked("snapshot"));
    assert_eq!(
        after,
        (before.0 + 1, before.1, before.2 + 1),
        "and once for the bytes, which KV has from now on"
    );
    acme.world.objects.is_down.set(Some(Class::Organization));
    acme.world.clock.advance_ms(4_999);
    assert!(acme.key_may(&key, "data.read"));
    acme.world.run_background();
    acme.world.clock.advance_ms(1);
    assert_eq!(acme.by(&key, Method::Get, "", &json!({})).status, 503);
}

#[test]
fn m4_a_key_is_worth_nothing_in_another_organization() {
    let acme = lockstep();
    let account = acme.account(&[json!({ "role": "owner" })]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let other =
        post("/v1/organizations", &json!({ "name": "Other" })).with_header("cookie", &acme.ada);
    let other = json(&acme.world.send(&other))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let read = |path: String| {
        acme.world
            .send(&Request::new(Method::Get, path).with_header("x-api-key", &key))
    };
    for rest in ["", "/members", "/snapshot", "/events", "/service-accounts"] {
        refused(
            &read(format!("/v1/organizations/{other}{rest}")),
            403,
            "out-of-token-scope",
        );
    }
    let ask = post(
        &format!("/v1/organizations/{other}/evaluate"),
        &json!({ "permission": "member.read" }),
    );
    let answer = acme.world.send(&ask.with_header("x-api-key", &key));
    refused(&answer, 403, "out-of-token-scope");
    let mallory = acme.world.sign_in("mallory@example.com");
    for rest in ["/service-accounts".to_owned(), format!("{account}/keys")] {
        refused(&acme.get(&mallory, &rest), 404, "not-found");
    }
    refused(&acme.delete(&mallory, &account), 404, "not-found");
}

#[test]
fn a_key_of_one_account_is_not_found_under_another() {
    let acme = lockstep();
    let (one, other) = (
        acme.account(&[in_ws_1("viewer")]),
        acme.account(&[in_ws_1("viewer")]),
    );
    let (key, secret) = acme.key(&acme.ada, &one, &json!({ "name": "ci" }));
    let wrong = key.replace(&one, &other);
    refused(&acme.delete(&acme.ada, &wrong), 404, "not-found");
    refused(
        &acme.post(&acme.ada, &format!("{wrong}/rotate"), &json!({})),
        404,
        "not-found",
    );
    refused(
        &acme.patch(&acme.ada, &wrong, &json!({ "active": false })),
        404,
        "not-found",
    );
    assert_eq!(acme.key_status(&secret), 200);
    assert_eq!(acme.delete(&acme.ada, &one).status, 204);
    refused(
        &acme.get(&acme.ada, &format!("{one}/keys")),
        404,
        "not-found",
    );
    refused(
        &acme.create_key(&acme.ada, &one, &json!({ "name": "x" })),
        404,
        "not-found",
    );
}

#[test]
fn keys_live_no_longer_than_the_organization_allows() {
    let acme = lockstep();
    let account = acme.account(&[in_ws_1("viewer")]);
    let (_, for_ever) = acme.key(&acme.ada, &account, &json!({ "name": "a" }));
    let hour = json!({ "token_lifetime_max_s": 3_600 });
    assert_eq!(acme.patch(&acme.ada, "", &hour).status, 200);
    for body in [
        json!({ "name": "b" }),
        json!({ "name": "b", "expires_in_s": 3_601 }),
    ] {
        refused(
            &acme.create_key(&acme.ada, &account, &body),
            403,
            "token-lifetime",
        );
    }
    let (_, short) = acme.key(
        &acme.ada,
        &account,
        &json!({ "name": "c", "expires_in_s": 3_600 }),
    );
    assert!(acme.key_may(&short, "data.read"));
    refused(
        &acme.asks(&acme.world.isolate(), &for_ever, "data.read"),
        403,
        "token-lifetime",
    );
    acme.world.clock.advance_ms(3_600_000);
    refused(
        &acme.asks(&acme.world.edge, &short, "data.read"),
        401,
        "unauthenticated",
    );
}

#[test]
fn p3_no_edit_of_a_key_reaches_an_object() {
    let acme = lockstep();
    let account = acme.account(&[in_ws_1("viewer")]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    acme.world.objects.is_down.set(Some(Class::Organization));
    let status = |text: &str| {
        let request = Request::new(Method::Get, acme.path("")).with_header("x-api-key", text);
        acme.world.send(&request).status
    };
    for cut in 1..key.len() {
        assert_eq!(status(key.split_at(cut).0), 401);
    }
    for at in 0..key.len() {
        let mut edited = key.clone().into_bytes();
        edited[at] = if edited[at] == b'a' { b'b' } else { b'a' };
        assert_eq!(status(std::str::from_utf8(&edited).unwrap()), 401);
    }
    for text in [
        format!("{key}0"),
        key.to_uppercase(),
        key.replace("svc", "pat"),
    ] {
        assert_eq!(status(&text), 401);
    }
    assert_eq!(status(&key), 503, "only the true one is looked up");
}

#[test]
fn an_account_that_is_deleted_owns_nothing_any_more() {
    let acme = lockstep();
    let account = acme.account(&[json!({ "role": "admin" })]);
    let (_, secret) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let project = json!({ "name": "Dock", "workspace": "ws_1" });
    let made = acme.by(&secret, Method::Post, "/projects", &project);
    assert_eq!(made.status, 201, "{}", text(&made));
    let path = format!("/projects/{}", super::id(&made));
    let owner = || json(&acme.get(&acme.ada, &path));
    assert!(account.ends_with(owner()["owner_id"].as_str().unwrap()));
    let before = owner()["epoch"].clone();
    assert_eq!(acme.delete(&acme.ada, &account).status, 204);
    assert_eq!(owner()["owner_id"], json!(null));
    assert_ne!(owner()["epoch"], before, "its tag is another one");
}
