//! What may be registered, and by whom (threat S11).

use super::*;

#[test]
fn an_issuer_is_registered_read_changed_and_deleted() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let made = acme.post(&acme.ada, "/issuers", &idp.body(Some("member")));
    assert_eq!(made.status, 201, "{}", text(&made));
    let view = json(&made);
    let path = format!("/issuers/{}", id(&made));
    assert_eq!(
        (&view["record"]["issuer"], &view["role"], &view["active"]),
        (&json!(idp.name), &json!("member"), &json!(true))
    );
    let spelled = json!({
        "subject_claim": "sub", "leeway_s": 30, "max_lifetime_s": 86_400, "issued_at_required": true,
    });
    for (name, value) in spelled.as_object().unwrap() {
        assert_eq!(&view["record"][name], value, "{name}");
    }
    assert_eq!(
        (&view["admits"], &view["members"]),
        (&json!(true), &json!(0))
    );
    let one = acme.get(&acme.ada, &path);
    assert_eq!(json(&one), view);
    let tag = one.header("etag").unwrap().to_owned();
    assert_eq!(tag, format!("\"{}\"", view["epoch"]));
    let list = json(&acme.get(&acme.ada, "/issuers"));
    assert_eq!(list, json!({ "issuers": [view] }));
    let edit = |tag: &str| {
        let body = json!({ "role": null });
        let edit = write(Method::Patch, &acme.path(&path), &body).with_header("if-match", tag);
        acme.world.send(&edit.with_header("cookie", &acme.ada))
    };
    refused(&edit("\"1\""), 412, "precondition-failed");
    let edited = edit(&tag);
    assert_eq!((edited.status, &json(&edited)["role"]), (200, &Value::Null));
    assert_eq!(json(&edited)["admits"], json!(false));
    refused(&edit(&tag), 412, "precondition-failed");
    refused(
        &acme.patch(&acme.ada, &path, &json!({})),
        400,
        "invalid-body",
    );
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    refused(&acme.get(&acme.ada, &path), 404, "not-found");
    let actions: Vec<String> = acme.log().into_iter().map(|row| row.action).collect();
    let ours = ["issuer.create", "issuer.update", "issuer.delete"];
    assert!(actions.ends_with(&ours.map(str::to_owned)), "{actions:?}");
}

#[test]
fn an_issuer_that_is_switched_off_admits_nobody() {
    let acme = lockstep("");
    let made = acme.post(&acme.ada, "/issuers", &Idp::new(1).body(Some("member")));
    let path = format!("/issuers/{}", id(&made));
    for (body, admits) in [
        (json!({ "role": "member" }), true),
        (json!({ "active": false }), false),
        (json!({ "active": true }), true),
        (json!({ "role": null }), false),
    ] {
        let edited = json(&acme.patch(&acme.ada, &path, &body));
        assert_eq!(edited["admits"], json!(admits), "{body}");
    }
}

#[test]
fn a_registration_that_is_sent_again_is_made_once() {
    let acme = lockstep("");
    let send = || {
        let path = acme.path("/issuers");
        let request = post(&path, &Idp::new(1).body(None)).with_header("idempotency-key", "one");
        acme.world.send(&request.with_header("cookie", &acme.ada))
    };
    let (first, again) = (send(), send());
    assert_eq!((first.status, id(&first)), (201, id(&again)));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let twice = acme.post(&acme.ada, "/issuers", &Idp::new(1).body(None));
    refused(&twice, 409, "conflict");
    for seed in 2..=10 {
        acme.issuer(&Idp::new(seed), None);
    }
    let more = acme.post(&acme.ada, "/issuers", &Idp::new(11).body(None));
    refused(&more, 409, "limit-reached");
}

#[test]
fn s11_a_record_that_is_not_good_is_not_saved() {
    let acme = lockstep("");
    let with = |name: &str, value: Value| {
        let mut record = Idp::new(1).record();
        match value {
            Value::Null => drop(record.as_object_mut().unwrap().remove(name)),
            value => record[name] = value,
        }
        record
    };
    let secret = URL_SAFE_NO_PAD.encode([7; 32]);
    let symmetric = json!({ "keys": [{ "kty": "oct", "kid": "k1", "k": secret }] });
    let mut hmac = with("algorithms", json!(["HS256"]));
    hmac["keys"] = symmetric;
    let mut private = Idp::new(1).keys();
    private["keys"][0]["d"] = json!(secret);
    for record in [
        with("issuer", Value::Null),
        with("issuer", json!("")),
        with("issuer", json!([NAME])),
        with("audiences", Value::Null),
        with("audiences", json!([])),
        with("algorithms", Value::Null),
        with("algorithms", json!(["none"])),
        with("keys", Value::Null),
        with("keys", json!({ "keys": [] })),
        with("keys", private),
        with("leeway_s", json!(121)),
        with("max_lifetime_s", json!(2_678_401)),
        with("subject_claim", json!("iss")),
        with("jwks_uri", json!("https://idp.example/keys")),
        with("admin", json!(true)),
        with("issuer", json!(format!("{NAME}{}", "x".repeat(20_000)))),
        hmac,
        json!("record"),
        json!([]),
    ] {
        let answer = acme.post(&acme.ada, "/issuers", &json!({ "record": record }));
        refused(&answer, 400, "invalid-issuer");
    }
    assert_eq!(json(&acme.get(&acme.ada, "/issuers"))["issuers"], json!([]));
}

#[test]
fn s11_keys_are_published_on_the_public_network_only() {
    let acme = lockstep("");
    let of = |uri: &str| {
        let mut record = Idp::new(1).record();
        record.as_object_mut().unwrap().remove("keys");
        record["jwks_uri"] = json!(uri);
        json!({ "record": record })
    };
    let refused_uris = [
        "http://idp.example/keys",
        "https://10.0.0.1/keys",
        "https://192.168.1.1/keys",
        "https://169.254.169.254/keys",
        "https://[::ffff:169.254.169.254]/keys",
        "https://[fe80::1]/keys",
        "https://2130706433/keys",
        "https://0x7f000001/keys",
        "https://127.1/keys",
        "https://idp.example@10.0.0.1/keys",
        "https://user:password@idp.example/keys",
        "https://metadata.google.internal/keys",
        "https://idp.example/a/../keys",
        "https://idp.example/keys#x",
        "file:///keys",
    ];
    for uri in refused_uris {
        let answer = acme.post(&acme.ada, "/issuers", &of(uri));
        refused(&answer, 400, "invalid-issuer");
    }
    // Only a development deployment reaches this machine, and this one is one.
    let loopback = of("http://127.0.0.1:4000/keys");
    assert_eq!(acme.post(&acme.ada, "/issuers", &loopback).status, 201);
    let (acme, _) = in_production();
    let local = [
        "http://127.0.0.1:4000/keys",
        "http://localhost/keys",
        "https://localhost/keys",
        "https://127.0.0.1/keys",
        "https://[::1]/keys",
    ];
    for uri in refused_uris.iter().chain(&local) {
        let answer = acme.post_by_jwt("/issuers", &of(uri));
        refused(&answer, 400, "invalid-issuer");
    }
    assert_eq!(
        acme.post_by_jwt("/issuers", &of("https://idp.example/keys"))
            .status,
        201
    );
}

/// A deployment that is none for development, whose Ada comes by one of its own issuers.
fn in_production() -> (Production, Idp) {
    let idp = Idp::named(9, "https://deployment.example");
    let issuers = Value::from(vec![idp.record()]).to_string();
    let world = World::with_vars(&[
        ("LOCKSTEP_POLICY", "lockstep"),
        ("LOCKSTEP_DEVELOPMENT", "false"),
        ("LOCKSTEP_ISSUERS", &issuers),
    ]);
    let token = idp.token("ada");
    let made = post("/v1/organizations", &json!({ "name": "Acme" }));
    let made = world.send(&made.with_header("authorization", &format!("Bearer {token}")));
    let id = id(&made);
    (Production { world, token, id }, idp)
}

struct Production {
    world: World,
    token: String,
    id: String,
}

impl Production {
    fn post_by_jwt(&self, rest: &str, body: &Value) -> Response {
        let request = post(&format!("/v1/organizations/{}{rest}", self.id), body);
        let bearer = format!("Bearer {}", self.token);
        self.world
            .send(&request.with_header("authorization", &bearer))
    }
}

#[test]
fn s11_the_deployments_own_issuers_are_nobodys_to_register() {
    let (production, deployments) = in_production();
    let origin = production.world.edge.config.origin.clone();
    for name in [deployments.name.as_str(), origin.as_str()] {
        let body = Idp::named(1, name).body(None);
        refused(
            &production.post_by_jwt("/issuers", &body),
            400,
            "invalid-issuer",
        );
    }
}

#[test]
fn s11_who_may_not_registers_nothing() {
    let acme = lockstep("");
    let path = acme.issuer(&Idp::new(1), None);
    for (email, role, code) in [(BEN, "member", "no-grant"), (CAT, "view-only", "capped")] {
        let session = acme.joined(email, role);
        let made = acme.post(&session, "/issuers", &Idp::new(2).body(None));
        refused(&made, 403, code);
        refused(&acme.get(&session, "/issuers"), 403, code);
        refused(&acme.get(&session, &path), 403, code);
        let off = json!({ "active": false });
        refused(&acme.patch(&session, &path, &off), 403, code);
        refused(&acme.delete(&session, &path), 403, code);
        // What is wrong with a record is told to who may register one.
        let bad = acme.post(&session, "/issuers", &json!({ "record": {} }));
        refused(&bad, 403, code);
    }
    let view = json(&acme.get(&acme.ada, "/issuers"));
    assert_eq!(view["issuers"].as_array().unwrap().len(), 1);
}
