//! Clocks that are set back: what was asked at a time that has not come yet.

use serde_json::json;

use super::{Acme, BEN, CAT, id, lockstep};
use crate::{
    http::{Method, Request},
    testing::{json, post, text, write},
};

const AHEAD_MS: i64 = 7_200_000;

/// By an isolate that is told of nothing, and once its first answers' time has come again.
#[test]
fn what_was_remembered_before_the_clock_was_set_back_allows_nothing_when_its_time_comes() {
    for asks_meanwhile in [true, false] {
        let acme = lockstep("");
        let (ben, cat) = (acme.joined(BEN, "member"), acme.joined(CAT, "member"));
        let isolate = acme.world.isolate();
        let may = |session: &str| {
            let path = format!("/v1/organizations/{}/evaluate", acme.id);
            let asked = post(&path, &json!({ "permission": "organization.read" }));
            let asked = asked.with_header("cookie", session);
            let answer = acme.world.send_to(&isolate, &asked);
            answer.status == 200 && json(&answer)["decision"] == true
        };
        acme.world.clock.advance_ms(AHEAD_MS);
        assert!(may(&ben) && may(&cat));
        acme.world.clock.advance_ms(-AHEAD_MS);
        assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
        if asks_meanwhile {
            assert!(!may(&ben), "asked of the object");
        }
        assert!(may(&cat));
        acme.world.clock.advance_ms(AHEAD_MS);
        assert!(!may(&ben), "its time has come: {asks_meanwhile}");
        acme.world.clock.advance_ms(-500);
        acme.world.clock.advance_ms(500);
        assert!(may(&cat) && !may(&ben));
    }
}

/// A session ends as well as a membership.
#[test]
fn a_credential_that_has_ended_since_the_clock_was_set_back_stays_ended() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let isolate = acme.world.isolate();
    let asked = |session: &str| {
        let me = Request::new(Method::Get, "/v1/me").with_header("cookie", session);
        acme.world.send_to(&isolate, &me).status
    };
    acme.world.clock.advance_ms(AHEAD_MS);
    assert_eq!(asked(&ben), 200);
    acme.world.clock.advance_ms(-AHEAD_MS);
    let out = write(Method::Delete, "/v1/session", &json!({})).with_header("cookie", &ben);
    assert_eq!(acme.world.send(&out).status, 204);
    // It is not asked about, but by this the clock is seen to have gone back.
    assert_eq!(asked(&acme.ada), 200);
    acme.world.clock.advance_ms(AHEAD_MS);
    assert_eq!(asked(&ben), 401);
}

#[test]
fn what_is_answered_after_the_clock_was_set_back_counts_as_asked_long_ago() {
    let acme = Acme::new();
    let now_ms = acme.world.edge.clock.now_ms();
    assert_eq!(acme.world.edge.since(now_ms), now_ms);
    assert_eq!(acme.world.edge.since(now_ms + 1), 0);
}

/// While a question waits for what somebody holds, the clock is set back: what comes then is remembered as of long ago.
#[test]
fn what_was_asked_before_the_clock_was_set_back_is_not_kept_as_of_then() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    acme.world.settle();
    let isolate = acme.world.isolate();
    let may = || {
        let path = format!("/v1/organizations/{}/evaluate", acme.id);
        let asked = post(&path, &json!({ "permission": "organization.read" }));
        let answer = acme
            .world
            .send_to(&isolate, &asked.with_header("cookie", &ben));
        answer.status == 200 && json(&answer)["decision"] == true
    };
    acme.world.clock.advance_ms(AHEAD_MS);
    // KV has nothing, so the object is asked for the snapshot after it has said how new that is.
    acme.world.kv.lose_all();
    let clock = acme.world.clock.clone();
    let goes_back = move || clock.advance_ms(-AHEAD_MS);
    acme.world.objects.while_answering("snapshot", goes_back);
    assert!(may());
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    assert!(!may());
    acme.world.clock.advance_ms(AHEAD_MS);
    assert!(!may(), "its time has come");
}

/// What begins later gives nothing today, so it makes up for nothing that a change takes today.
#[test]
fn a_preview_is_of_now() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let north = acme.workspace("North");
    let role = id(&acme.post(
        &acme.ada,
        "/roles",
        &json!({ "name": "Own", "base": "editor" }),
    ));
    acme.grant(&north, BEN, &role);
    let north = north.replace("/workspaces/", "");
    let crew = json!({ "name": "Crew", "workspace": north });
    let crew = format!("/groups/{}", id(&acme.post(&acme.ada, "/groups", &crew)));
    let tomorrow_ms = acme.world.edge.clock.now_ms() + 86_400_000;
    for (rest, body) in [
        (
            format!("/grants/{north}"),
            json!({ "role": "editor", "not_before_ms": tomorrow_ms }),
        ),
        (acme.member(BEN), json!({})),
    ] {
        let put = acme.put(&acme.ada, &format!("{crew}{rest}"), &body);
        assert_eq!(put.status, 200, "{}", text(&put));
    }
    let asked = json!({ "role": role, "change": { "without": ["data.export"] } });
    let preview = json(&acme.post(&acme.ada, "/roles/preview", &asked));
    let told = preview["changes"].as_array().unwrap().iter();
    let told: Vec<_> = told
        .map(|change| json!([change["permission"], change["before"], change["after"]]))
        .collect();
    assert!(
        told.contains(&json!(["data.export", "allowed", "denied"])),
        "{preview}"
    );
}
