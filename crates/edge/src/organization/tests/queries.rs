//! What a query says that its route does not take: a name that is misspelled, or one that is there twice, is refused and is not left out.

use serde_json::json;

use super::{ADA, Acme, BEN, lockstep, plans, refused};
use crate::{
    http::{Method, Request, Response},
    router::{Handler, Route},
    routes::ROUTES,
    testing::{json, text, write},
};

/// The answer of a route to a query, by who may call it.
fn answer(acme: &Acme, route: &Route, query: &str) -> Response {
    let path = route.pattern.replace("{org}", &acme.id);
    let path = path.replace(['{', '}'], "");
    let request = match route.method {
        Method::Get => Request::new(Method::Get, &path),
        method => write(method, &path, &json!({})),
    };
    let request = match route.handler {
        Handler::Operator(_) => request.with_header("x-api-key", plans::KEY),
        Handler::Anonymous(_) | Handler::Presenting(_) => request,
        _ => request
            .with_header("cookie", &acme.ada)
            .with_header("x-organization-id", &acme.id),
    };
    acme.world.send(&request.with_query(query))
}

#[test]
fn every_route_refuses_a_name_that_it_does_not_take_and_one_that_is_there_twice() {
    let acme = plans::acme("lockstep");
    let (mut strict, mut names) = (0, 0);
    for route in ROUTES.iter().copied().flatten() {
        let name = format!("{} {}", route.method.as_str(), route.pattern);
        let unknown = answer(&acme, route, "unheard=1");
        if route.is_public_document() {
            assert_ne!(unknown.status, 400, "{name}");
        } else {
            refused(&unknown, 400, "invalid-query");
            strict += 1;
        }
        for taken in route.query {
            let twice = answer(&acme, route, &format!("{taken}=1&{taken}=1"));
            refused(&twice, 400, "invalid-query");
            let detail = json(&twice)["detail"].to_string();
            assert!(detail.contains("more than once"), "{name}: {detail}");
            // What is taken is taken under its own name only.
            let near = answer(&acme, route, &format!("{}=1", taken.to_uppercase()));
            assert_eq!(near.status == 400, !route.is_public_document(), "{name}");
            names += 1;
        }
    }
    // All but those of development are in the interface's document, with the names of their queries.
    assert!(strict > 120 && names > 40, "{strict} {names}");
}

#[test]
fn a_role_is_not_deleted_by_a_query_that_names_its_successor_wrongly() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let workspace = acme.workspace("North");
    let role = acme.role("editor", &[]);
    acme.grant(&workspace, BEN, &role);
    let path = format!("/roles/{role}");
    for query in [
        "reasign=viewer",
        "Reassign=viewer",
        "reassign%20=viewer",
        "reassign[]=viewer",
        "reassign=viewer&reassign=editor",
        "reassign=viewer&reassign=viewer",
        "reassign=viewer&dry_run=1",
        "=viewer",
    ] {
        let answer = acme.delete_with(&acme.ada, &path, query);
        refused(&answer, 400, "invalid-query");
    }
    assert!(acme.may_in(&ben, "data.read", &workspace));
    let deleted = acme.delete_with(&acme.ada, &path, "reassign=viewer");
    assert_eq!(deleted.status, 204, "{}", text(&deleted));
    acme.world.settle();
    acme.world.clock.advance_ms(10_000);
    assert!(acme.may_in(&ben, "data.read", &workspace));
    assert!(!acme.may_in(&ben, "data.create", &workspace));
}

/// A list that would be longer than was asked for, and a log of everybody.
#[test]
fn a_filter_that_is_misspelled_does_not_show_everything() {
    let acme = lockstep("");
    for (rest, query) in [
        ("/members", "serach=ben"),
        ("/audit", "principle=usr_1&format=csv"),
        ("/audit", "from=1&format=ndjson"),
        // A file has no pages.
        ("/audit", "format=csv&limit=10"),
        ("/audit", "format=ndjson&cursor=x"),
        ("/invitations", "state=expired"),
        ("/settings", "kinds=database"),
    ] {
        let request = Request::new(Method::Get, acme.path(rest)).with_query(query);
        let answer = acme.world.send(&request.with_header("cookie", &acme.ada));
        refused(&answer, 400, "invalid-query");
    }
    // Nobody is told what a route takes who would not be told what it says.
    let stranger = Request::new(Method::Get, acme.path("/members")).with_query("serach=ben");
    refused(&acme.world.send(&stranger), 401, "unauthenticated");
    assert_eq!(acme.members(), [(ADA.to_owned(), "owner".to_owned())]);
}

/// What no epoch was given with is none that could be waited for, and who sends it is not answered as if they had sent nothing.
#[test]
fn what_is_no_epoch_is_refused_by_every_route_that_takes_a_credential() {
    let acme = lockstep("");
    let mut all = 0;
    for route in ROUTES.iter().copied().flatten() {
        let is_taken = matches!(
            route.handler,
            Handler::Asking(_) | Handler::Fresh(_) | Handler::SignedIn(_)
        );
        if !is_taken {
            continue;
        }
        let path = route.pattern.replace("{org}", &acme.id);
        for epoch in ["\"7\"", "7.0", "-1", "", "0x7"] {
            let request = write(route.method, &path.replace(['{', '}'], ""), &json!({}));
            let request = request
                .with_header("cookie", &acme.ada)
                .with_header("x-organization-id", &acme.id)
                .with_header("lockstep-epoch", epoch);
            refused(&acme.world.send(&request), 400, "invalid-value");
        }
        all += 1;
    }
    assert!(all > 130, "{all}");
}
