//! Two organizations that have one of everything: whatever one of them names of the other's is not there, by every route, in every place of a request and by every credential (threat M4).

mod named;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Acme, BEN, CAT, id,
    place::is_by_header,
    refused,
    scopes::{Full, is_allowed, row, signed_in},
};
use crate::{
    http::{Body, Method, Request, Response},
    objects::Class,
    router::Route,
    sql::Sql,
    testing::{World, json, post, write},
};

const EVE: &str = "eve@example.com";

/// Two organizations of one deployment; nobody is in both.
struct Twins {
    here: Full,
    /// What the other one has by the names of parameters.
    there: Vec<(&'static str, String)>,
    /// The session of who created the other one, and two more credentials of it.
    eve: String,
    eves: [String; 2],
}

impl Twins {
    fn new() -> Self {
        let world = World::with_vars(&[("LOCKSTEP_POLICY", "lockstep")]);
        let Full { acme, params } = Full::of(Acme::in_world(world), [BEN, CAT]);
        let eve = acme.world.sign_in(EVE);
        let made = post("/v1/organizations", &json!({ "name": "Twin" }));
        let made = acme.world.send(&made.with_header("cookie", &eve));
        let twin = Acme {
            id: id(&made),
            ada: eve.clone(),
            world: acme.world,
        };
        let twin = Full::of(twin, ["fay@example.com", "gus@example.com"]);
        let (_, pat) = twin.acme.token(&eve, &json!({ "name": "ci" }));
        let account = twin.acme.account(&[json!({ "role": "owner" })]);
        let (_, key) = twin.acme.key(&eve, &account, &json!({ "name": "ci" }));
        // When a key was last used is written down, wherever it was tried.
        let own = twin.acme.by(&key, Method::Get, "", &json!({}));
        assert_eq!(own.status, 200);
        let acme = Acme {
            world: twin.acme.world,
            ..acme
        };
        Self {
            here: Full { acme, params },
            there: twin.params,
            eve,
            eves: [pat, key],
        }
    }

    fn there(&self, name: &str) -> &str {
        let found = self.there.iter().find(|(other, _)| *other == name);
        &found.unwrap().1
    }

    /// The parameters of one organization, but `name` as the other one has it.
    fn torn(&self, name: &'static str) -> Vec<(&'static str, String)> {
        let mut params = self.here.params.clone();
        for (other, value) in &mut params {
            if *other == name {
                self.there(name).clone_into(value);
            }
        }
        params
    }

    /// All rows of both, but for what was refused.
    fn rows(&self) -> BTreeMap<String, Vec<String>> {
        let world = &self.here.acme.world;
        let mut all = BTreeMap::new();
        for organization in [&self.here.acme.id, self.there("{org}")] {
            let sql = world.objects.database(Class::Organization, organization);
            let sql: &dyn Sql = &*sql.unwrap();
            let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'audit%' AND name NOT LIKE 'sqlite%'";
            for table in sql.exec(tables, &[]).unwrap() {
                let table = table.text("name").unwrap().to_owned();
                let rows = sql.exec(&format!("SELECT * FROM {table}"), &[]).unwrap();
                let rows = rows.iter().map(|row| format!("{row:?}")).collect();
                all.insert(format!("{organization} {table}"), rows);
            }
        }
        all
    }

    fn are_as(&self, before: &BTreeMap<String, Vec<String>>) {
        for (table, rows) in self.rows() {
            assert_eq!(&rows, &before[&table], "{table}");
        }
    }

    fn send(
        &self,
        route: &Route,
        params: &[(&'static str, String)],
        headers: &[(&str, &str)],
    ) -> Response {
        let fill = |text: &str| {
            let mut filled = text.to_owned();
            for (name, value) in params {
                filled = filled.replace(name, value);
            }
            filled
        };
        let path = fill(route.pattern);
        let request = match route.method {
            Method::Get => Request::new(Method::Get, path),
            method => {
                let body: Value = serde_json::from_str(&fill(&row(route).1.to_string())).unwrap();
                write(method, &path, &body)
            }
        };
        let request = match (route.method, route.pattern) {
            (Method::Delete, "/v1/organizations/{org}") => request.with_query("name=Acme"),
            _ => request,
        };
        let headers = headers.iter();
        let request = headers.fold(request, |request, (name, value)| {
            request.with_header(name, value)
        });
        self.here.acme.world.send(&request)
    }
}

fn called(route: &Route) -> String {
    format!("{} {}", route.method.as_str(), route.pattern)
}

#[track_caller]
fn stays_out(asked: &str, answer: &Response, what: &str) {
    let is_read = matches!(answer.body, Body::Bytes(_));
    let shown = if is_read { json(answer) } else { Value::Null };
    let name = format!("{asked} {what}: {shown}");
    assert!(!is_allowed(answer), "{name}");
    let decisions = [&shown["decision"], &shown["evaluations"][0]["decision"]];
    let is_empty = [&shown["results"], &shown["rows"]].contains(&&json!([]));
    let is_deny = decisions.contains(&&json!(false)) || is_empty;
    let is_deny = answer.status == 200 && is_deny;
    let is_row = answer.status == 207;
    assert!(
        is_deny || is_row || [400, 401, 403, 404].contains(&answer.status),
        "{name}"
    );
}

#[test]
fn m4_whatever_a_twin_names_of_the_other_is_not_there() {
    let twins = Twins::new();
    let before = twins.rows();
    let ada = &twins.here.acme.ada;
    let mut swapped = 0;
    for route in signed_in() {
        let body = row(route).1.to_string();
        for (name, own) in &twins.here.params {
            let is_named = route.pattern.contains(name) || body.contains(name);
            if !is_named || twins.there(name) == own {
                continue;
            }
            let headers = [("cookie", ada.as_str())];
            stays_out(
                &called(route),
                &twins.send(route, &twins.torn(name), &headers),
                name,
            );
            swapped += 1;
        }
    }
    assert!(swapped > 200, "{swapped}");
    twins.are_as(&before);
}

#[test]
fn m4_no_credential_of_a_twin_reaches_the_other() {
    let twins = Twins::new();
    let before = twins.rows();
    let [pat, key] = &twins.eves;
    let own = twins.here.acme.id.as_str();
    for route in signed_in().filter(|route| route.pattern.contains("{org}")) {
        let params = &twins.here.params;
        for (name, value) in [
            ("cookie", &twins.eve),
            ("x-api-key", pat),
            ("x-api-key", key),
        ] {
            stays_out(
                &called(route),
                &twins.send(route, params, &[(name, value)]),
                name,
            );
            let named = [(name, value.as_str()), ("x-organization-id", own)];
            stays_out(
                &called(route),
                &twins.send(route, params, &named),
                "and a header",
            );
        }
    }
    twins.are_as(&before);
}

/// Whether a header may name the workspace that a route is about: one that is in its path or in its body.
fn is_by_place(route: &Route) -> bool {
    let creates = ["/projects", "/groups"].map(|list| format!("/v1/organizations/{{org}}{list}"));
    let is_creation = route.method == Method::Post && creates.iter().any(|it| it == route.pattern);
    is_creation || route.pattern.contains("{workspace}") || route.pattern.ends_with("/evaluate")
}

#[test]
fn m4_no_header_and_no_cursor_leads_to_a_twin() {
    let twins = Twins::new();
    // Each list has a second page.
    for (list, body) in [
        ("roles", json!({ "name": "Second", "base": "viewer" })),
        (
            "groups",
            json!({ "name": "Second", "workspace": twins.there("{workspace}") }),
        ),
        (
            "invitations",
            json!({ "email": "ivy@example.com", "role": "member" }),
        ),
    ] {
        let path = format!("/v1/organizations/{}/{list}", twins.there("{org}"));
        let made = post(&path, &body).with_header("cookie", &twins.eve);
        assert_eq!(twins.here.acme.world.send(&made).status, 201, "{list}");
    }
    let before = twins.rows();
    let ada = ("cookie", twins.here.acme.ada.as_str());
    let organization = ("x-organization-id", twins.there("{org}"));
    let workspace = twins.there("{workspace}");
    let mut places = 0;
    for route in signed_in() {
        if route.pattern.contains("{org}") {
            let torn = twins.send(route, &twins.here.params, &[ada, organization]);
            refused(&torn, 400, "context-mismatch");
        }
        if is_by_header(route) {
            let there = twins.send(route, &twins.here.params, &[ada, organization]);
            stays_out(&called(route), &there, "x-organization-id");
        }
        if is_by_place(route) {
            for header in ["x-workspace-id", "x-tenant-id"] {
                let here = ("x-organization-id", twins.here.acme.id.as_str());
                let torn = twins.send(route, &twins.here.params, &[ada, here, (header, workspace)]);
                stays_out(&called(route), &torn, header);
                places += 1;
            }
        }
    }
    assert!(places > 30, "{places}");
    let world = &twins.here.acme.world;
    for list in ["members", "workspaces", "roles", "groups", "invitations"] {
        let page = |session: &str, organization: &str, query: &str| {
            let path = format!("/v1/organizations/{organization}/{list}");
            let request = Request::new(Method::Get, path).with_query(query);
            world.send(&request.with_header("cookie", session))
        };
        let theirs = page(&twins.eve, twins.there("{org}"), "limit=1");
        let next = json(&theirs)["next"].as_str().map(str::to_owned);
        let next = next.unwrap_or_else(|| panic!("{list} has one page: {}", theirs.status));
        let query = format!("cursor={next}");
        refused(
            &page(ada.1, &twins.here.acme.id, &query),
            400,
            "invalid-cursor",
        );
        refused(
            &page(ada.1, twins.there("{org}"), &query),
            400,
            "invalid-cursor",
        );
    }
    twins.are_as(&before);
}

/// With ids and bodies that each route takes while the organization is there, so that nothing refuses but its end.
#[test]
fn m10_what_was_deleted_takes_nothing_that_its_routes_would_take() {
    let twins = Twins::new();
    let world = &twins.here.acme.world;
    let path = format!("/v1/organizations/{}", twins.there("{org}"));
    let delete = write(Method::Delete, &path, &json!({})).with_query("name=Twin");
    let deleted = world.send(&delete.with_header("cookie", &twins.eve));
    assert_eq!(deleted.status, 204);
    world.settle();
    world.clock.advance_ms(10_000);
    let before = twins.rows();
    let [pat, key] = &twins.eves;
    let mut asked = 0;
    for route in signed_in() {
        let is_its = route.pattern.starts_with("/v1/organizations/{org}");
        if !is_its || route.pattern.ends_with("/restore") {
            continue;
        }
        for (name, value) in [
            ("cookie", &twins.eve),
            ("x-api-key", pat),
            ("x-api-key", key),
        ] {
            let answer = twins.send(route, &twins.there, &[(name, value)]);
            let what = format!("{} {} {name}", route.method.as_str(), route.pattern);
            assert!(
                matches!(answer.status, 401 | 404),
                "{what}: {}",
                answer.status
            );
        }
        asked += 1;
    }
    assert!(asked > 90, "{asked} routes");
    twins.are_as(&before);
}

/// Ids of the wrong kind, and values of the wrong type, by every route that takes any.
#[test]
fn ids_of_another_kind_and_values_of_another_type_change_nothing() {
    let twins = Twins::new();
    let before = twins.rows();
    let ada = [("cookie", twins.here.acme.ada.as_str())];
    let own = &twins.here.params;
    for route in signed_in() {
        let (_, body) = row(route);
        for (at, (name, _)) in own.iter().enumerate() {
            if !route.pattern.contains(name) && !body.to_string().contains(name) {
                continue;
            }
            for other in [1, 4, 7] {
                let mut params = own.clone();
                let (of, wrong) = own[(at + other) % own.len()].clone();
                // A node is a workspace or a project, and all of those are one here.
                let is_node =
                    |name| ["{node}", "{workspace}", "{project}", "{other}"].contains(&name);
                if is_node(*name) && is_node(of) {
                    continue;
                }
                params[at].1 = wrong;
                stays_out(&called(route), &twins.send(route, &params, &ada), name);
            }
        }
    }
    twins.are_as(&before);
}

/// Each member of each body in turn is something else; a row of them is changed by none of it that is refused.
#[test]
fn values_of_another_type_are_refused_and_are_no_fault() {
    let twins = Twins::new();
    let world = &twins.here.acme.world;
    let wrong = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(9_007_199_254_740_993_i64),
        json!("x".repeat(20_000)),
        json!([]),
        json!({}),
        json!([[[[[]]]]]),
    ];
    let mut tried = 0;
    for route in signed_in().filter(|route| route.method.is_unsafe()) {
        let (_, body) = row(route);
        let body: Value = serde_json::from_str(&twins.here.fill(&body.to_string())).unwrap();
        let path = twins.here.fill(route.pattern);
        for member in body.as_object().unwrap().keys() {
            for value in &wrong {
                let mut body = body.clone();
                body[member] = value.clone();
                let before = twins.rows();
                let request = write(route.method, &path, &body);
                let answer = world.send(&request.with_header("cookie", &twins.here.acme.ada));
                let name = format!(
                    "{} {path} {member}: {}",
                    route.method.as_str(),
                    answer.status
                );
                assert!(answer.status < 500, "{name}");
                if answer.status >= 400 {
                    // RFC 7662 calls it otherwise.
                    let [code, error] =
                        ["code", "error"].map(|name| json(&answer)[name].is_string());
                    assert!(code || error, "{name}");
                    twins.are_as(&before);
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "{tried}");
}
