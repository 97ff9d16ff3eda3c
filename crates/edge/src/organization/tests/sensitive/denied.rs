//! Whoever is refused what is sensitive is in the log, also where they only wanted to look: the permission that refused says what is sensitive, and no list of routes.

use serde_json::Value;

use super::{
    super::{
        Acme, BEN, CAT, DAN,
        scopes::{Full, form, row, signed_in},
    },
    all_sensitive,
};
use crate::{
    http::{Body, Method, Request, Response},
    router::Route,
    sql::Sql,
    testing::{World, json, text, write},
};

/// How often the log of Acme says that somebody was refused.
fn denials(acme: &Acme, principal: &str) -> i64 {
    let count = "SELECT (SELECT COALESCE(SUM(count), 0) FROM audit_denial WHERE principal = ?)
        + (SELECT COALESCE(SUM(count), 0) FROM audit WHERE principal = ? AND outcome = 'denied') AS count";
    let values = [principal.into(), principal.into()];
    let rows = Sql::exec(&*acme.database(), count, &values).unwrap();
    rows[0].integer("count").unwrap()
}

/// The answer of a route of an organization to somebody.
fn answer(full: &Full, session: &str, route: &Route) -> Response {
    let (_, body) = row(route);
    let body: Value = serde_json::from_str(&full.fill(&body.to_string())).unwrap();
    let path = full.fill(route.pattern);
    let request = match route.method {
        Method::Get => Request::new(Method::Get, path),
        method => write(method, &path, &body),
    };
    let request = if route.pattern.starts_with("/v1/oauth/") {
        form(request, &body)
    } else {
        request
    };
    let request = request.with_header("x-organization-id", &full.acme.id);
    full.acme
        .world
        .send(&request.with_header("cookie", session))
}

/// The routes by which a member asks or changes something of an organization.
fn of_organizations() -> impl Iterator<Item = &'static Route> {
    let roots = [
        "/v1/organizations/{org}",
        "/access/v1/",
        "/v1/oauth/introspect",
    ];
    signed_in().filter(move |route| roots.iter().any(|root| route.pattern.starts_with(root)))
}

#[test]
fn who_is_refused_by_any_route_is_in_the_log_where_everything_is_sensitive() {
    let full = Full::of(Acme::in_world(World::of(all_sensitive())), [BEN, CAT]);
    let acme = &full.acme;
    let dan = acme.joined(DAN, "view-only");
    let user = acme.user(DAN);
    let (mut looked, mut changed) = (0, 0);
    for route in of_organizations() {
        let name = format!("{} {}", route.method.as_str(), route.pattern);
        let before = denials(acme, &user);
        let answer = answer(&full, &dan, route);
        // Of several, each row has been refused by itself.
        let is_refused = answer.status == 403
            || matches!(answer.body, Body::Bytes(_))
                && answer.status == 207
                && json(&answer)["results"][0]["status"] == 403;
        let logged = denials(acme, &user) - before;
        assert_eq!(logged, i64::from(is_refused), "{name}: {}", answer.status);
        match route.method {
            Method::Get if is_refused => looked += 1,
            _ if is_refused => changed += 1,
            _ => {}
        }
    }
    assert!(looked >= 12 && changed >= 40, "{looked} {changed}");
    acme.world.clock.advance_ms(60_000);
    // A refusal has the name of a command, whatever was asked with it.
    for row in acme.log() {
        assert!(row.action.split('.').count() <= 2, "{}", row.action);
    }
}

#[test]
fn under_the_default_policy_what_is_sensitive_is_logged_and_what_is_not_is_not() {
    let full = Full::new();
    let acme = &full.acme;
    let dan = acme.joined(DAN, "member");
    let user = acme.user(DAN);
    let mut known = 0;
    for (rest, logged) in [
        ("{org}/webhooks", 1),
        ("{org}/webhooks/{webhook}/deliveries", 1),
        ("{org}/issuers", 1),
        ("{org}/domains", 1),
        ("{org}/roles/preview", 1),
        ("{org}/rules/preview", 1),
        ("{org}/audit", 1),
        ("{org}/export", 1),
        // Nothing of these is sensitive.
        ("{org}/access/v1/evaluation", 0),
        ("/v1/oauth/introspect", 0),
    ] {
        let mut routes = of_organizations().filter(|route| route.pattern.ends_with(rest));
        let route = routes.next().unwrap();
        let before = denials(acme, &user);
        let answer = answer(&full, &dan, route);
        assert_eq!(answer.status, 403, "{rest}: {}", text(&answer));
        assert_eq!(denials(acme, &user) - before, logged, "{rest}");
        known += 1;
    }
    assert_eq!(known, 10);
    // With who, by what, and what it was.
    acme.world.clock.advance_ms(60_000);
    let log = acme.log();
    let mut rows = log.iter();
    let row = rows.find(|row| row.action == "webhook.list").unwrap();
    assert_eq!(row.principal.as_ref(), Some(&user));
    assert_eq!(row.code.as_deref(), Some("no-grant"));
    let credential = row.credential.as_ref().unwrap();
    assert_eq!(credential.kind, "session");
    assert!(credential.id.is_some());
}
