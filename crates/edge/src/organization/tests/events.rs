//! Every change is one transaction: state, audit row, event, what open pages and others are told, and epoch; or none of it.
//! Made from the route table, so that a new route is held against it without a word.

mod tagged;
mod targets;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    CAT,
    scopes::{Full, row, signed_in},
};
use crate::{
    http::{Method, Request, Response},
    objects::Class,
    organization::EVENT_TYPES,
    router::Route,
    sql::Sql,
    testing::{text, write},
};

/// The unsafe routes that change nothing of the organization.
const QUESTIONS: [&str; 4] = [
    "/evaluate",
    "/access/v1/",
    "/roles/preview",
    "/rules/preview",
];

fn changes() -> impl Iterator<Item = &'static Route> {
    signed_in().filter(|route| {
        let is_ours = route.pattern.starts_with("/v1/organizations/{org}");
        let is_question = QUESTIONS.iter().any(|part| route.pattern.contains(part));
        route.method.is_unsafe() && is_ours && !is_question
    })
}

/// Makes room for a change: what is there already is no change.
fn prepare(full: &Full, route: &Route) {
    let acme = &full.acme;
    let rest = route
        .pattern
        .strip_prefix("/v1/organizations/{org}")
        .unwrap();
    // What is seen again in the same moment is no change.
    acme.world.clock.advance_ms(1);
    let made = match (route.method, rest) {
        (Method::Post, "/restore") => acme.delete(&acme.ada, ""),
        (Method::Delete, "/members/{user}/suspension") => {
            acme.put(&acme.ada, &full.fill(rest), &json!({}))
        }
        (Method::Put, "/groups/{group}/members/{user}" | "/groups/{group}/grants/{node}") => {
            acme.delete(&acme.ada, &full.fill(rest))
        }
        (Method::Put, "/workspaces/{workspace}/members/{user}")
        | (Method::Post, "/workspaces/{workspace}/members") => {
            let path = full.fill("/workspaces/{workspace}/members/{user}");
            acme.put(&acme.ada, &path, &json!({ "role": "editor" }))
        }
        _ => return,
    };
    assert!(made.status < 300, "{rest}: {}", text(&made));
}

/// The request that makes the change, by who may make it.
fn request(full: &Full, route: &Route) -> Request {
    let acme = &full.acme;
    // Somebody is told of the end of the other one, too.
    acme.webhook();
    prepare(full, route);
    let (_, body) = row(route);
    let mut body: Value = serde_json::from_str(&full.fill(&body.to_string())).unwrap();
    if route.pattern.ends_with("/issuers/{issuer}") || route.pattern.ends_with("/keys/{key}") {
        body = json!({ "active": false });
    }
    if route.pattern.ends_with("/service-accounts/{account}") {
        body = json!({ "name": "Other" });
    }
    let by_invited = ["/accept", "/decline"]
        .iter()
        .any(|end| route.pattern.ends_with(end));
    let session = if by_invited {
        acme.world.sign_in(CAT)
    } else if route.pattern.ends_with("/join") {
        acme.world.sign_in("dan@people.example")
    } else {
        acme.ada.clone()
    };
    let request = write(route.method, &full.fill(route.pattern), &body);
    let request = match (route.method, route.pattern) {
        (Method::Delete, "/v1/organizations/{org}") => request.with_query("name=Acme"),
        _ => request,
    };
    acme.world.settle();
    request.with_header("cookie", &session)
}

struct State {
    audit: Vec<(String, String)>,
    events: Vec<(String, String)>,
    epoch: i64,
}

fn state(full: &Full) -> State {
    let objects = &full.acme.world.objects;
    let sql = objects
        .database(Class::Organization, &full.acme.id)
        .unwrap();
    let pairs = |select: &str| -> Vec<(String, String)> {
        let rows = Sql::exec(&*sql, select, &[]).unwrap();
        let text = |row: &crate::sql::Row, name: &str| row.text(name).unwrap().to_owned();
        rows.iter()
            .map(|row| (text(row, "a"), text(row, "b")))
            .collect()
    };
    let epoch = Sql::exec(&*sql, "SELECT epoch FROM organization", &[]).unwrap();
    State {
        audit: pairs("SELECT action AS a, target AS b FROM audit ORDER BY number"),
        events: pairs(
            "SELECT type AS a, body ->> '$.data.target' AS b FROM webhook_event ORDER BY rowid",
        ),
        epoch: epoch[0].integer("epoch").unwrap(),
    }
}

#[track_caller]
fn made(answer: &Response) {
    assert!(
        [200, 201, 204, 207].contains(&answer.status),
        "{}",
        text(answer)
    );
}

#[test]
fn a_change_by_any_route_is_an_event_and_is_announced() {
    let mut seen = BTreeSet::new();
    let mut quiet = Vec::new();
    let mut routes = 0;
    for route in changes() {
        let name = format!("{} {}", route.method.as_str(), route.pattern);
        let full = Full::new();
        let request = request(&full, route);
        let before = state(&full);
        full.acme.world.objects.announced.borrow_mut().clear();
        made(&full.acme.world.send(&request));
        let after = state(&full);
        let logged = &after.audit[before.audit.len()..];
        if logged.is_empty() {
            quiet.push(name);
            continue;
        }
        assert_eq!(
            after.events.len(),
            before.events.len() + 1,
            "{name} is no event"
        );
        let (kind, target) = after.events.last().unwrap();
        let (action, of) = &logged[0];
        let action = action.replace('-', "_");
        assert!(
            *kind == action || *kind == format!("organization.{action}"),
            "{name}: {kind}"
        );
        assert_eq!(target, of, "{name}");
        assert!(after.epoch > before.epoch, "{name} takes no step");
        let is_end = route.method == Method::Delete && route.pattern.ends_with("{org}");
        let announced = full.acme.world.objects.announced.borrow();
        let told = format!("{{\"epoch\":{}}}", after.epoch);
        let is_told = announced
            .iter()
            .any(|(of, text)| *of == full.acme.id && text.contains(&told));
        assert!(is_told || is_end, "{name} reaches no open page");
        seen.insert(kind.clone());
        routes += 1;
    }
    // Who joins by a link names no organization.
    let full = Full::new();
    let (_, secret) = full.acme.link("member", 9);
    let session = full.acme.world.sign_in("dan@example.com");
    let before = state(&full).events.len();
    made(&full.acme.join(&session, &secret));
    let after = state(&full).events;
    assert_eq!(after.len(), before + 1);
    seen.extend(after.last().map(|(kind, _)| kind.clone()));
    assert!(quiet.is_empty(), "no row of the audit log: {quiet:?}");
    assert!(routes > 40, "{routes}");
    let unknown: Vec<_> = seen
        .iter()
        .filter(|kind| !EVENT_TYPES.contains(&kind.as_str()))
        .collect();
    assert!(unknown.is_empty(), "say them in TYPES: {unknown:?}");
    // Nothing is offered that never happens; these are not a member's to make.
    let others = ["admission.admit", "organization.member_address", "plan.set"];
    let unseen: Vec<_> = EVENT_TYPES
        .iter()
        .filter(|kind| !seen.contains(**kind) && !others.contains(kind))
        .collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[test]
fn a_change_that_is_undone_leaves_no_state_no_row_no_event_and_no_word() {
    for route in changes() {
        let name = format!("{} {}", route.method.as_str(), route.pattern);
        let full = Full::new();
        let request = request(&full, route).with_header("if-match", "\"4711\"");
        let objects = &full.acme.world.objects;
        let sql = objects
            .database(Class::Organization, &full.acme.id)
            .unwrap();
        let before = sql.dump();
        objects.announced.borrow_mut().clear();
        let answer = full.acme.world.send(&request);
        // It was made, and undone: who may not make it is told something else.
        assert_eq!(answer.status, 412, "{name}: {}", text(&answer));
        assert_eq!(sql.dump(), before, "{name}");
        assert!(objects.announced.borrow().is_empty(), "{name}");
    }
}
