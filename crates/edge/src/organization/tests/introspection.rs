//! What a token is worth (RFC 7662), told to who may ask in its organization; every other token is inactive, and nothing says why.

use serde_json::{Value, json};

use super::{
    Acme, BEN, CAT,
    exchange::{exchanging, form},
    refused,
};
use crate::{
    edge::Edge,
    http::{Method, Response},
    testing::{START_MS, json, post, session_secret, text, write},
};

/// A key of a service account that may ask.
fn gateway(acme: &Acme) -> String {
    let account = acme.account(&[json!({ "role": "gateway" })]);
    acme.key(&acme.ada, &account, &json!({ "name": "gate" })).1
}

fn introspect_by(acme: &Acme, isolate: &Edge, key: &str, token: &str) -> Response {
    let request = form("/v1/oauth/introspect", &[("token", token)]);
    let request = request.with_header("authorization", &format!("Bearer {key}"));
    acme.world.send_to(isolate, &request)
}

fn introspect(acme: &Acme, key: &str, token: &str) -> Response {
    introspect_by(acme, &acme.world.edge, key, token)
}

/// The same status, headers and bytes, whatever is wrong with the token.
#[track_caller]
fn is_inactive(answer: &Response) {
    assert_eq!(
        (answer.status, text(answer).as_str()),
        (200, r#"{"active":false}"#)
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

fn active(answer: &Response) -> Value {
    assert_eq!(answer.status, 200, "{}", text(answer));
    let view = json(answer);
    assert_eq!(view["active"], true, "{view}");
    view
}

#[test]
fn who_may_ask_is_told_what_a_token_is_worth_now() {
    let acme = exchanging();
    let gate = gateway(&acme);
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    acme.grant(&north, BEN, "workspace-admin");
    let node = north.replace("/workspaces/", "");
    let limits = json!({
        "name": "ci", "scopes": ["data.read", "project.delete", "member.remove"],
        "subtree": { "organization": acme.id, "node": node }, "expires_in_s": 3_600,
    });
    let (id, pat) = acme.token(&ben, &limits);
    let begun = START_MS / 1_000;
    let expected = json!({
        "active": true, "scope": "project.delete data.read", "client_id": id, "token_type": "Bearer",
        "sub": acme.user(BEN), "exp": begun + 3_600, "iat": begun, "organization": acme.id, "subtree": node,
    });
    assert_eq!(active(&introspect(&acme, &gate, &pat)), expected);
    acme.grant(&north, BEN, "viewer");
    assert_eq!(
        active(&introspect(&acme, &gate, &pat))["scope"],
        "data.read",
        "at once"
    );
    let (_, whole) = acme.token(&ben, &json!({ "name": "ci" }));
    let view = active(&introspect(&acme, &gate, &whole));
    assert_eq!((&view["subtree"], view.get("exp")), (&json!(acme.id), None));
    assert_eq!(
        active(&introspect(&acme, &gate, &gate))["scope"],
        "decisions.ask token.introspect"
    );
}

#[test]
fn every_other_token_is_inactive_and_nothing_says_why() {
    let acme = exchanging();
    let gate = gateway(&acme);
    let mut other = Acme {
        world: acme.world,
        ada: acme.ada.clone(),
        id: String::new(),
    };
    let twin = post("/v1/organizations", &json!({ "name": "Twin" }));
    other.id = super::id(&other.world.send(&twin.with_header("cookie", &other.ada)));
    let there = gateway(&other);
    let subtree = json!({ "name": "ci", "subtree": { "organization": other.id } });
    let (_, there_too) = other.token(&other.ada, &subtree);
    let acme = Acme {
        id: acme.id,
        ..other
    };
    let mallory = acme.world.sign_in("mallory@example.com");
    let (_, stranger) = acme.token(&mallory, &json!({ "name": "ci" }));
    let here = json!({ "name": "ci", "subtree": { "organization": acme.id } });
    let (_, pat) = acme.token(&acme.ada, &here);
    let audience = [("audience", "billing")];
    let jwt = json(&acme.exchange(&pat, &audience))["access_token"].clone();
    acme.invited(CAT, "member");
    let mail = acme.world.mail(CAT);
    let (_, link) = mail.first().unwrap().message.text.split_once('#').unwrap();
    let link = link.split_whitespace().next().unwrap();
    let session = session_secret(&acme.ada);
    let misspelled = pat.replace("lsk_pat", "lsk_svc");
    for (name, token) in [
        ("of another organization", there.as_str()),
        ("narrowed to another organization", &there_too),
        ("of who is no member", &stranger),
        ("a JWT that was issued here", jwt.as_str().unwrap()),
        ("an invitation", link),
        ("a session", session),
        ("of another kind", &misspelled),
        ("nothing", "x"),
        ("old", "ls__abc"),
    ] {
        println!("{name}");
        is_inactive(&introspect(&acme, &gate, token));
    }
    active(&introspect(&acme, &gate, &pat));
    let missing = form("/v1/oauth/introspect", &[("token", "")]).with_header("x-api-key", &gate);
    let missing = acme.world.send(&missing);
    assert_eq!(
        (missing.status, &json(&missing)["error"]),
        (400, &json!("invalid_request"))
    );
}

/// The isolate that answers has just seen the token work, and was told of nothing.
#[test]
fn p2_introspection_asks_the_objects_every_time() {
    for revoke in [
        "delete",
        "deactivate",
        "rotate",
        "remove",
        "suspend",
        "expire",
        "lifetime",
    ] {
        let acme = exchanging();
        let gate = gateway(&acme);
        let ben = acme.joined(BEN, "admin");
        let (id, pat) = acme.token(&ben, &json!({ "name": "ci", "expires_in_s": 7_200 }));
        let elsewhere = acme.world.isolate();
        let asked = acme.asks(&elsewhere, &pat, "member.read");
        assert_eq!(json(&asked)["decision"], true);
        active(&introspect_by(&acme, &elsewhere, &gate, &pat));
        let path = format!("/v1/me/tokens/{id}");
        let own = |method, path: &str, body: &Value| {
            let request = write(method, path, body).with_header("cookie", &ben);
            acme.world.send(&request).status
        };
        let status = match revoke {
            "delete" => own(Method::Delete, &path, &json!({})),
            "deactivate" => own(Method::Patch, &path, &json!({ "active": false })),
            "rotate" => own(Method::Post, &format!("{path}/rotate"), &json!({})),
            "remove" => acme.delete(&acme.ada, &acme.member(BEN)).status,
            "suspend" => {
                let path = format!("{}/suspension", acme.member(BEN));
                acme.put(&acme.ada, &path, &json!({})).status
            }
            "lifetime" => {
                let change = json!({ "token_lifetime_max_s": 3_600 });
                acme.patch(&acme.ada, "", &change).status
            }
            _ => {
                acme.world.clock.advance_ms(7_200_000);
                200
            }
        };
        assert!(status < 300, "{revoke}");
        if revoke == "lifetime" {
            // The gate's own key lives for ever, which the organization takes no longer.
            refused(
                &introspect_by(&acme, &elsewhere, &gate, &pat),
                403,
                "token-lifetime",
            );
            let request = form("/v1/oauth/introspect", &[("token", &pat)])
                .with_header("x-organization-id", &acme.id)
                .with_header("origin", crate::testing::ORIGIN)
                .with_header("cookie", &acme.ada);
            is_inactive(&acme.world.send_to(&elsewhere, &request));
        } else {
            is_inactive(&introspect_by(&acme, &elsewhere, &gate, &pat));
        }
    }
}

#[test]
fn who_may_not_ask_is_told_nothing_of_any_token() {
    let acme = exchanging();
    let ben = acme.joined(BEN, "member");
    let (_, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    let here = json!({ "name": "ci", "subtree": { "organization": acme.id } });
    let (_, asking) = acme.token(&ben, &here);
    let (_, whole) = acme.token(&ben, &json!({ "name": "ci" }));
    for token in [pat.as_str(), &asking, "x"] {
        refused(&introspect(&acme, &asking, token), 403, "no-grant");
        refused(
            &introspect(&acme, &whole, token),
            400,
            "organization-required",
        );
        refused(&introspect(&acme, "x", token), 401, "unauthenticated");
    }
    let mallory = acme.world.sign_in("mallory@example.com");
    let (_, stranger) = acme.token(&mallory, &json!({ "name": "ci" }));
    let request = form("/v1/oauth/introspect", &[("token", &pat)])
        .with_header("x-organization-id", &acme.id)
        .with_header("x-api-key", &stranger);
    refused(&acme.world.send(&request), 404, "not-found");
    // A policy that binds no permission to it offers it to nobody.
    let acme = Acme::new();
    let (_, pat) = acme.token(
        &acme.ada,
        &json!({ "name": "ci", "subtree": { "organization": acme.id } }),
    );
    refused(&introspect(&acme, &pat, &pat), 403, "no-grant");
}
