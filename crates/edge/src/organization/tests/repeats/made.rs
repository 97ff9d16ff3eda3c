//! What a request with a key makes: one thing as long as the key is known, and another one afterwards.

use super::{
    super::{ADA, lockstep},
    *,
};

#[test]
fn an_organization_is_made_once() {
    let acme = Acme::new();
    let make = |name: &str| {
        let body = json!({ "name": name });
        acme.post_with_key(&acme.ada, "/v1/organizations", &body, KEY)
    };
    let first = make("Beta");
    assert_eq!(first.status, 201);
    assert_eq!(text(&make("Beta")), text(&first));
    refused(&make("Gamma"), 422, "idempotency-key-reused");
    let ben = acme.world.sign_in(BEN);
    let other = acme.post_with_key(&ben, "/v1/organizations", &json!({ "name": "Beta" }), KEY);
    assert_ne!(json(&other)["id"], json(&first)["id"]);
    acme.world.clock.advance_ms(86_400_000);
    let later = make("Beta");
    assert_eq!((later.status, is_replay(&later)), (201, false));
    assert_ne!(json(&later)["id"], json(&first)["id"]);
}

#[test]
fn an_organization_whose_answer_got_lost_is_the_one_that_is_answered_later() {
    let acme = Acme::new();
    acme.world.objects.is_down.set(Some(Class::Organization));
    let make = || {
        let body = json!({ "name": "Beta" });
        acme.post_with_key(&acme.ada, "/v1/organizations", &body, KEY)
    };
    refused(&make(), 503, "unavailable");
    acme.world.objects.is_down.set(None);
    let made = make();
    assert_eq!((made.status, is_replay(&made)), (201, false));
    let again = make();
    assert_eq!((text(&again), is_replay(&again)), (text(&made), true));
}

#[test]
fn an_organization_whose_name_was_refused_leaves_no_key_behind() {
    let acme = Acme::new();
    let make = |name: &str| {
        let body = json!({ "name": name });
        acme.post_with_key(&acme.ada, "/v1/organizations", &body, KEY)
    };
    refused(&make(" "), 400, "invalid-value");
    assert_eq!(make("Beta").status, 201);
}

#[test]
fn p10_the_key_that_made_an_organization_makes_another_one_when_it_is_gone() {
    let acme = Acme::new();
    let make = |session: &str| {
        let body = json!({ "name": "Beta" });
        acme.post_with_key(session, "/v1/organizations", &body, KEY)
    };
    let id = json(&make(&acme.ada))["id"].clone();
    let path = format!("/v1/organizations/{}", id.as_str().unwrap());
    let delete = Request::new(Method::Delete, &path)
        .with_query("name=Beta")
        .with_header("origin", crate::testing::ORIGIN)
        .with_header("cookie", &acme.ada);
    let deleted = acme.world.send(&delete);
    assert_eq!(deleted.status, 204, "{}", text(&deleted));
    acme.world.settle();
    acme.world.clock.advance_ms(30 * 86_400_000);
    acme.world.ring(Class::Organization, id.as_str().unwrap());
    let ada = acme.world.sign_in(ADA);
    let again = make(&ada);
    assert_eq!(again.status, 201, "{}", text(&again));
    assert_ne!(json(&again)["id"], id);
    acme.world.settle();
    // Her own object hears of it: what it knows of the one that is gone does not count.
    let listed = acme.me(&ada)["organizations"].to_string();
    assert!(
        listed.contains(json(&again)["id"].as_str().unwrap()),
        "{listed}"
    );
}

#[test]
fn a_key_that_was_forgotten_makes_something_new() {
    let acme = lockstep("");
    for (path, body) in [
        (
            "/webhooks",
            json!({ "name": "ci", "url": "https://hooks.example.com/" }),
        ),
        (
            "/domains",
            json!({ "domain": "one.example.com", "role": "member" }),
        ),
    ] {
        let mut body = body;
        let make = |body: &Value| acme.post_with_key(&acme.ada, &acme.path(path), body, KEY);
        let first = make(&body);
        assert_eq!(first.status, 201, "{}", text(&first));
        assert_eq!(json(&make(&body))["id"], json(&first)["id"]);
        acme.world.clock.advance_ms(86_400_000);
        if path == "/domains" {
            body["domain"] = json!("two.example.com");
        }
        let later = make(&body);
        assert_eq!(
            (later.status, is_replay(&later)),
            (201, false),
            "{}",
            text(&later)
        );
        assert_ne!(json(&later)["id"], json(&first)["id"]);
    }
}

/// What says where a project goes may be a header, and which link brings somebody in is always one.
#[test]
fn a_header_that_stands_for_the_body_is_part_of_the_request() {
    let acme = lockstep("");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    let id = |path: &str| path.replace("/workspaces/", "");
    let (north, south) = (id(&north), id(&south));
    for (header, here, there) in [
        ("x-workspace-id", north.as_str(), south.as_str()),
        ("x-tenant-id", &north, &south),
        ("comet-workspace", "North", "South"),
    ] {
        let make = |to: Option<&str>| {
            let request = post(&acme.path("/projects"), &json!({ "name": header }));
            let request = request
                .with_header("cookie", &acme.ada)
                .with_header("idempotency-key", header);
            acme.world.send(&match to {
                Some(to) => request.with_header(header, to),
                None => request,
            })
        };
        let made = make(Some(here));
        assert_eq!((made.status, is_replay(&made)), (201, false), "{header}");
        refused(&make(Some(there)), 422, "idempotency-key-reused");
        refused(&make(None), 422, "idempotency-key-reused");
        let again = make(Some(here));
        assert_eq!((text(&again), is_replay(&again)), (text(&made), true));
    }
    let [one, other] = [(); 2].map(|()| acme.link("member", 9).1);
    let ben = acme.world.sign_in(BEN);
    let join = |secret: &str| {
        let request = post("/v1/invitations/join", &json!({}))
            .with_header("cookie", &ben)
            .with_header("idempotency-key", KEY);
        let request = request.with_header("lockstep-invitation-token", secret);
        acme.world.send(&request)
    };
    assert_eq!(join(&one).status, 200);
    refused(&join(&other), 422, "idempotency-key-reused");
    assert!(is_replay(&join(&one)));
}
