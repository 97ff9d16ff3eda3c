//! Slugs: each is taken once, with all that look like it, and stays taken until nothing is left of who had it.

use serde_json::json;

use super::{ADA, Acme, BEN, id, lockstep, refused};
use crate::{
    http::{Method, Request, Response},
    objects::Class,
    organization::{Command, FreshActor, OrganizationObject},
    problem::Code,
    slug::{self, SlugObject},
    testing::{json, post, text, write},
};

/// A reservation is over, and keeps nobody out any more.
const OVER_MS: i64 = 1_200_000;
const GRACE_MS: i64 = 2_592_000_000;

impl Acme {
    fn take(&self, session: &str, slug: &str) -> Response {
        self.patch(session, "", &json!({ "slug": slug }))
    }

    fn find(&self, session: &str, slug: &str) -> Response {
        let find = Request::new(Method::Get, "/v1/organizations");
        let find = find.with_query(&format!("slug={slug}"));
        self.world.send(&find.with_header("cookie", session))
    }

    /// Another organization of Ada's in the same deployment.
    fn second(self) -> (Self, String) {
        let create = post("/v1/organizations", &json!({ "name": "Acme" }));
        let other = id(&self.world.send(&create.with_header("cookie", &self.ada)));
        (self, other)
    }

    fn at(self, id: &str) -> Self {
        Self {
            id: id.to_owned(),
            ..self
        }
    }

    /// Reserves a slug, as a route does that then breaks off.
    fn reserve(&self, skeleton: &str) -> slug::Reserved {
        let reserve = slug::Command::Reserve {
            organization: self.id.clone(),
            displaced: None,
        };
        self.world.ask::<SlugObject, _>(skeleton, &reserve).unwrap()
    }
}

#[test]
fn a_slug_is_taken_once_with_all_that_look_like_it() {
    let (acme, other) = lockstep("").second();
    let first = acme.id.clone();
    let taken = acme.take(&acme.ada, "acme");
    assert_eq!(taken.status, 200, "{}", text(&taken));
    assert_eq!(json(&taken)["slug"], "acme");
    // The tag that one was given is the tag that one sends.
    let path = acme.path("");
    let slug = |tag: &str| {
        let change = write(Method::Patch, &path, &json!({ "slug": "ac-me" }));
        let change = change.with_header("cookie", &acme.ada);
        acme.world.send(&change.with_header("if-match", tag))
    };
    let tag = taken.header("etag").unwrap().to_owned();
    assert_eq!(slug(&tag).status, 200);
    refused(&slug(&tag), 412, "precondition-failed");
    // Its own look-alikes are its own, too.
    assert_eq!(json(&acme.take(&acme.ada, "ac-me"))["slug"], "ac-me");
    assert_eq!(json(&acme.take(&acme.ada, "acme"))["slug"], "acme");
    let acme = acme.at(&other);
    for slug in ["acme", "acrne", "a-cme", "acm-e"] {
        refused(&acme.take(&acme.ada, slug), 409, "conflict");
    }
    assert_eq!(acme.take(&acme.ada, "acme-2").status, 200);
    for slug in ["adm1n", "Acme", "a", "acme--2", "www"] {
        refused(&acme.take(&acme.ada, slug), 400, "invalid-value");
    }
    // However long ago it was reserved: who holds it is asked.
    acme.world.clock.advance_ms(OVER_MS);
    refused(&acme.take(&acme.ada, "acme"), 409, "conflict");
    assert_eq!(json(&acme.find(&acme.ada, "acme"))["id"], json!(first));
}

#[test]
fn i15_a_slug_leads_its_members_to_an_organization_and_nobody_else() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let eve = acme.world.sign_in("eve@example.com");
    refused(&acme.take(&ben, "acme"), 403, "no-grant");
    assert!(acme.world.objects.database(Class::Slug, "acme").is_none());
    refused(&acme.take(&eve, "acme"), 404, "not-found");
    assert_eq!(acme.take(&acme.ada, "acme").status, 200);
    let found = json(&acme.find(&ben, "acme"));
    assert_eq!(
        (&found["id"], &found["name"]),
        (&json!(acme.id), &json!("Acme"))
    );
    let (known, unknown) = (acme.find(&eve, "acme"), acme.find(&eve, "nobody"));
    refused(&known, 404, "not-found");
    assert_eq!(text(&known), text(&unknown));
    refused(&acme.find(&ben, "ac-me"), 404, "not-found");
    // The old one goes on leading there.
    assert_eq!(acme.take(&acme.ada, "north-lab").status, 200);
    assert_eq!(json(&acme.find(&ben, "acme"))["id"], json!(acme.id));
    assert_eq!(json(&acme.get(&ben, ""))["slug"], "north-lab");
    for at in 0..8 {
        assert_eq!(
            acme.take(&acme.ada, &format!("lab-{}", "x".repeat(at + 1)))
                .status,
            200
        );
    }
    refused(&acme.take(&acme.ada, "one-more"), 409, "limit-reached");
    assert_eq!(acme.take(&acme.ada, "acme").status, 200);
}

#[test]
fn i15_a_token_that_lives_too_long_learns_of_no_slug() {
    let acme = lockstep("");
    assert_eq!(acme.take(&acme.ada, "acme").status, 200);
    let body = json!({ "token_lifetime_max_s": 3_600 });
    assert_eq!(acme.patch(&acme.ada, "", &body).status, 200);
    let eve = acme.world.sign_in("eve@example.com");
    let find = |token: &str, slug: &str| {
        let find = Request::new(Method::Get, "/v1/organizations").with_header("x-api-key", token);
        acme.world.send(&find.with_query(&format!("slug={slug}")))
    };
    for session in [&acme.ada, &eve] {
        let (_, token) = acme.token(session, &json!({ "name": "for ever" }));
        let (known, unknown) = (find(&token, "acme"), find(&token, "nobody"));
        refused(&known, 404, "not-found");
        assert_eq!(text(&known), text(&unknown));
        // A member is told why, where they know that it is there.
        let read = Request::new(Method::Get, acme.path("")).with_header("x-api-key", &token);
        let (status, code) = if *session == acme.ada {
            (403, "token-lifetime")
        } else {
            (404, "not-found")
        };
        refused(&acme.world.send(&read), status, code);
    }
    let (_, short) = acme.token(&acme.ada, &json!({ "name": "ci", "expires_in_s": 3_600 }));
    assert_eq!(json(&find(&short, "acme"))["id"], json!(acme.id));
}

#[test]
fn p10_a_slug_stays_taken_until_nothing_is_left_of_who_had_it() {
    let (acme, other) = lockstep("").second();
    let first = acme.id.clone();
    assert_eq!(acme.take(&acme.ada, "acme").status, 200);
    assert_eq!(acme.take(&acme.ada, "renamed").status, 200);
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    acme.world.settle();
    acme.world.clock.advance_ms(GRACE_MS - 1);
    let acme = Acme {
        ada: acme.world.sign_in(ADA),
        ..acme
    };
    let acme = acme.at(&other);
    for slug in ["acme", "renamed"] {
        refused(&acme.take(&acme.ada, slug), 409, "conflict");
        refused(&acme.find(&acme.ada, slug), 404, "not-found");
    }
    acme.world.clock.advance_ms(1);
    acme.world.ring(Class::Organization, &first);
    assert_eq!(acme.take(&acme.ada, "acme").status, 200);
    assert_eq!(json(&acme.find(&acme.ada, "acme"))["id"], json!(other));
}

#[test]
fn i8_a_reservation_that_led_nowhere_is_over_and_cannot_be_used_any_more() {
    let (acme, other) = lockstep("").second();
    let first = acme.id.clone();
    let slug::Reserved::Until { at_ms } = acme.reserve("acme") else {
        panic!("it is free");
    };
    let acme = acme.at(&other);
    refused(&acme.take(&acme.ada, "acme"), 409, "conflict");
    acme.world.clock.advance_ms(OVER_MS - 1);
    refused(&acme.take(&acme.ada, "acme"), 409, "conflict");
    acme.world.clock.advance_ms(1);
    assert_eq!(acme.take(&acme.ada, "acme").status, 200);
    // Who reserved it first comes too late, by their own clock.
    let actor = json!({ "principal": acme.user(ADA), "token": null });
    let actor: FreshActor = serde_json::from_value(actor).unwrap();
    let late = |reserved_until_ms| {
        let update = Command::Update {
            actor: actor.clone(),
            change: lockstep_wire::OrganizationChangeRequest {
                slug: Some("acme".to_owned()),
                ..lockstep_wire::OrganizationChangeRequest::default()
            },
            reserved_until_ms,
        };
        let world = &acme.world;
        world.ask::<OrganizationObject, serde_json::Value>(&first, &update)
    };
    for until_ms in [Some(at_ms), None] {
        assert_eq!(late(until_ms).unwrap_err().code(), Code::Conflict);
    }
    let gone = acme.reserve("acme");
    assert!(
        matches!(gone, slug::Reserved::Until { .. }),
        "its holder's own"
    );
    assert_eq!(json(&acme.find(&acme.ada, "acme"))["id"], json!(other));
}

/// Whoever may rename, and not do all that the request asks for.
#[test]
fn i15_what_will_be_refused_reserves_no_slug() {
    let acme = lockstep("");
    let scopes = json!({ "name": "narrow", "scopes": ["organization.update"] });
    let (_, narrow) = acme.token(&acme.ada, &scopes);
    let both = json!({ "slug": "acme", "workspace_admins_invite": true });
    let asked = acme.by(&narrow, Method::Patch, "", &both);
    refused(&asked, 403, "exceeds-grantor");
    assert!(acme.world.objects.database(Class::Slug, "acme").is_none());
    // And who is behind.
    let change = write(Method::Patch, &acme.path(""), &json!({ "slug": "acme" }));
    let change = change.with_header("cookie", &acme.ada);
    let behind = acme.world.send(&change.with_header("if-match", "\"0\""));
    refused(&behind, 412, "precondition-failed");
    assert!(acme.world.objects.database(Class::Slug, "acme").is_none());
    let slug = json!({ "slug": "acme" });
    assert_eq!(acme.by(&narrow, Method::Patch, "", &slug).status, 200);
}
