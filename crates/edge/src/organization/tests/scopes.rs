//! P4: every route by every scope, made from the route table, so that a new route fails here until somebody says what it needs.
//!
//! With a token scoped to nothing every signed-in route refuses; with exactly what it needs it passes; with everything but one of that it refuses again.

mod authzen;
mod joining;
mod kinds;
mod structure;
mod subtree;

use serde_json::{Value, json};

use self::{authzen::authzen, joining::joining, structure::structure};
use super::{Acme, BEN, CAT, issuers::Idp};
use crate::{
    http::{Method, Request, Response},
    router::{Handler, Route},
    routes::ROUTES,
    sql::Sql,
    testing::{World, json, text, write},
};

/// What a route takes of a token.
pub(super) enum Needs {
    /// All of these permissions.
    All(&'static [&'static str]),
    /// Any permission at all that its user holds.
    Any,
    /// This permission, for anything to be in the list.
    Listed(&'static [&'static str]),
    /// A token without scopes and subtree.
    Whole,
    /// No token at all: a session.
    Session,
    /// Nothing: it tells a token what the token itself says.
    Nothing,
}

/// What the role that the requests below hand out gives: a token hands out no more than it holds (law 5).
const GATEWAY: [&str; 2] = ["decisions.ask", "token.introspect"];

/// For each route what it needs, and a body.
pub(super) fn row(route: &Route) -> (Needs, Value) {
    use Needs::{All, Any, Nothing, Session, Whole};
    if let Some((_, question)) = route.pattern.split_once("/access/v1/") {
        return (Needs::All(&GATEWAY[..1]), authzen(question));
    }
    let rest = route.pattern.strip_prefix("/v1/organizations/{org}/");
    let listed = |rest| structure(route.method, rest).or_else(|| joining(route.method, rest));
    if let Some(row) = rest.and_then(listed) {
        return row;
    }
    let none = json!({});
    let on = json!({ "active": false });
    match (route.method, route.pattern.trim_start_matches("/v1/")) {
        (Method::Get, "organizations/{org}") => (All(&["organization.read"]), none),
        (Method::Patch, "organizations/{org}") => {
            (All(&["organization.update"]), json!({ "name": "Next" }))
        }
        (Method::Delete, "organizations/{org}") => (All(&["organization.delete"]), none),
        (Method::Get, "organizations/{org}/export") => (All(&["organization.export"]), none),
        (Method::Post, "organizations/{org}/restore") => (Whole, none),
        (Method::Put, "organizations/{org}/owner") => (Whole, json!({ "user_id": "{user}" })),
        (Method::Get, "organizations") => (All(&["organization.read"]), none),
        (Method::Post, "organizations") => {
            (All(&["organization.create"]), json!({ "name": "Other" }))
        }
        (Method::Post, "organizations/import") => (Whole, super::import::file_of("lockstep", &[])),
        (Method::Get, "organizations/{org}/snapshot" | "organizations/{org}/events") => (Any, none),
        (Method::Get, "snapshot" | "events") => (Any, none),
        (Method::Post, "organizations/{org}/evaluate" | "evaluate") => {
            (All(&["run.delete"]), json!({ "permission": "run.delete" }))
        }
        (Method::Get, "organizations/{org}/members") => (All(&["member.read"]), none),
        (Method::Patch, "organizations/{org}/members/{user}") => (
            All(&["member.read", "member.update-role", GATEWAY[0], GATEWAY[1]]),
            json!({ "role": "gateway" }),
        ),
        (Method::Post, "organizations/{org}/members/batch") => (
            All(&["member.read", "member.remove"]),
            json!({ "members": [{ "user_id": "{user}", "remove": true }] }),
        ),
        (Method::Delete, "organizations/{org}/members/{user}") => {
            (All(&["member.read", "member.remove"]), none)
        }
        (Method::Get, "organizations/{org}/service-accounts") => {
            (All(&["service-account.read"]), none)
        }
        (Method::Post, "organizations/{org}/service-accounts") => (
            All(&["service-account.manage", GATEWAY[0], GATEWAY[1]]),
            json!({ "name": "Next", "grants": [{ "role": "gateway" }] }),
        ),
        (Method::Patch, "organizations/{org}/service-accounts/{account}") => (
            All(&["service-account.manage", GATEWAY[0], GATEWAY[1]]),
            json!({ "grants": [{ "role": "gateway" }] }),
        ),
        (Method::Delete, "organizations/{org}/service-accounts/{account}") => {
            (All(&["service-account.manage"]), none)
        }
        (Method::Get, "organizations/{org}/service-accounts/{account}/keys") => {
            (All(&["service-account.read"]), none)
        }
        (Method::Post, "organizations/{org}/service-accounts/{account}/keys") => (
            All(&["service-account.manage", GATEWAY[0]]),
            json!({ "name": "Next", "scopes": [GATEWAY[0]] }),
        ),
        (Method::Patch, "organizations/{org}/service-accounts/{account}/keys/{key}") => {
            (All(&["service-account.manage"]), on)
        }
        (Method::Delete, "organizations/{org}/service-accounts/{account}/keys/{key}") => {
            (All(&["service-account.manage"]), none)
        }
        (Method::Post, "organizations/{org}/service-accounts/{account}/keys/{key}/rotate") => {
            (All(&["service-account.manage", GATEWAY[0]]), none)
        }
        (Method::Post, "invitations/join") => (Whole, none),
        (Method::Post, "oauth/introspect") => (All(&[GATEWAY[1]]), json!({ "token": "x" })),
        (Method::Get, "me") => (Nothing, none),
        (
            Method::Get,
            "me/invitations" | "me/joinable" | "me/notifications" | "me/organizations"
            | "me/tokens",
        ) => (Whole, none),
        (Method::Get | Method::Delete, "me/sessions" | "me/sessions/{session}" | "session") => {
            (Session, none)
        }
        (Method::Put, "me/notifications/read") => (Whole, json!({ "until": 1 })),
        (Method::Post, "me/sign-out") => (Session, json!({ "tokens": false })),
        (Method::Post, "me/tokens") => (Session, json!({ "name": "more" })),
        (Method::Patch, "me/tokens/{token}") => (Session, on),
        (Method::Delete, "me/tokens/{token}") => (Session, none),
        (Method::Post, "me/tokens/{token}/rotate") => (Session, none),
        (method, pattern) => panic!("say what a token needs for {} {pattern}", method.as_str()),
    }
}

impl Acme {
    /// A member's role on a project, as it comes with a file.
    fn brought(&self, email: &str, project: &str) {
        let insert = "INSERT INTO granted (user, node, role) VALUES (?, ?, 'viewer')";
        let values = [self.user(email).into(), project.into()];
        Sql::exec(&*self.database(), insert, &values).unwrap();
    }
}

/// An organization of the default policy with one of everything that a path may name.
pub(super) struct Full {
    pub(super) acme: Acme,
    pub(super) params: Vec<(&'static str, String)>,
}

impl Full {
    pub(super) fn new() -> Self {
        let acme = Acme::in_world(World::with_vars(&[("LOCKSTEP_POLICY", "lockstep")]));
        Self::of(acme, [BEN, CAT])
    }

    /// The first of the two joins, the second is invited.
    pub(super) fn of(acme: Acme, [ben, cat]: [&str; 2]) -> Self {
        acme.joined(ben, "member");
        let invitation = acme.invited(cat, "gateway");
        let account = acme.account(&[json!({ "role": "gateway" })]);
        let (key, _) = acme.key(
            &acme.ada,
            &account,
            &json!({ "name": "ci", "scopes": [GATEWAY[0]] }),
        );
        let workspace = acme.workspace("North");
        let south = acme.workspace("South").replace("/workspaces/", "");
        acme.grant(&workspace, ben, "viewer");
        acme.patch(&acme.ada, "", &json!({ "slug": "acme" }));
        let project =
            json!({ "name": "Bridge", "workspace": workspace.replace("/workspaces/", "") });
        let project = super::id(&acme.post(&acme.ada, "/projects", &project));
        acme.brought(ben, &project);
        let role = json!({ "name": "Own", "base": "viewer" });
        let role = acme.post(&acme.ada, "/roles", &role);
        let allowed =
            json!({ "effect": "allow", "roles": ["viewer"], "permissions": ["run.read"] });
        let rule = acme.rule(&allowed);
        let issuer = Idp::new(1).body(None);
        let issuer = acme.post(&acme.ada, "/issuers", &issuer);
        let north = workspace.replace("/workspaces/", "");
        let crew = json!({ "name": "Crew", "workspace": north });
        let crew = super::id(&acme.post(&acme.ada, "/groups", &crew));
        for (rest, body) in [
            (format!("/grants/{north}"), json!({ "role": "viewer" })),
            (acme.member(ben), json!({})),
        ] {
            let put = acme.put(&acme.ada, &format!("/groups/{crew}{rest}"), &body);
            assert_eq!(put.status, 200, "{}", text(&put));
        }
        for place in ["", &workspace] {
            for name in ["main", "spare"] {
                acme.keep_database(place, name, "hunter2");
            }
        }
        let (webhook, event) = acme.webhook();
        // One organization of a deployment holds a domain, so a twin has another.
        let domain = if ben == BEN {
            "people.example"
        } else {
            "twin.example"
        };
        let last = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let params = vec![
            ("{org}", acme.id.clone()),
            ("{user}", last(&acme.member(ben))),
            ("{invitation}", invitation),
            ("{link}", acme.link("gateway", 9).0),
            ("{account}", last(&account)),
            ("{key}", last(&key)),
            (
                "{token}",
                acme.token(&acme.ada, &json!({ "name": "old" })).0,
            ),
            ("{session}", "ses_1".to_owned()),
            ("{workspace}", last(&workspace)),
            ("{project}", project),
            ("{role}", super::id(&role)),
            ("{rule}", rule.replace("/rules/", "")),
            ("{issuer}", super::id(&issuer)),
            ("{setting}", "spare".to_owned()),
            ("{domain}", acme.proven(domain, "gateway")),
            ("{webhook}", webhook),
            ("{event}", event),
            ("{group}", crew),
            ("{node}", north),
            ("{other}", south),
        ];
        Self { acme, params }
    }

    /// A text with what it names put in.
    pub(super) fn fill(&self, text: &str) -> String {
        let params = self.params.iter();
        params.fold(text.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
    }

    /// The answer of a route to a token of Ada's with these scopes.
    fn answer(&self, route: &Route, body: &Value, scopes: &Value) -> Response {
        let path = self.fill(route.pattern);
        let body: Value = serde_json::from_str(&self.fill(&body.to_string())).unwrap();
        let token = json!({ "name": "scoped", "scopes": scopes });
        let (id, token) = self.acme.token(&self.acme.ada, &token);
        let request = if route.method == Method::Get {
            Request::new(Method::Get, path)
        } else {
            write(route.method, &path, &body)
        };
        let request = match (route.method, route.pattern) {
            (Method::Delete, "/v1/organizations/{org}") => request.with_query("name=Acme"),
            (Method::Get, "/v1/organizations") => request.with_query("slug=acme"),
            _ => request,
        };
        let world = &self.acme.world;
        let request = request.with_header("x-organization-id", &self.acme.id);
        let request = if route.pattern.starts_with("/v1/oauth/") {
            form(request, &body)
        } else {
            request
        };
        let answer = world.send(&request.with_header("x-api-key", &token));
        let path = format!("/v1/me/tokens/{id}");
        let delete = write(Method::Delete, &path, &json!({}));
        world.send(&delete.with_header("cookie", &self.acme.ada));
        answer
    }
}

/// The same members as a form.
pub(super) fn form(request: Request, body: &Value) -> Request {
    let members = body.as_object().unwrap().iter();
    let members = members.map(|(name, value)| (name, value.as_str().unwrap()));
    let text = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(members)
        .finish();
    let request = request.with_header("content-type", "application/x-www-form-urlencoded");
    request.with_body(Ok(text.into_bytes()))
}

pub(super) fn is_allowed(answer: &Response) -> bool {
    let is_read = matches!(answer.body, crate::http::Body::Bytes(_));
    let body = if is_read { json(answer) } else { Value::Null };
    let lists = ["workspaces", "projects", "groups", "results", "rows"].map(|name| &body[name]);
    answer.status < 300
        && body["decision"] != false
        && body["evaluations"][0]["decision"] != false
        && body["results"][0]["problem"].is_null()
        && lists.iter().all(|list| **list != json!([]))
}

/// Refused by scope: by itself, by what it would hand out, or because it does not even see what it names.
#[track_caller]
fn refuses(route: &Route, answer: &Response) {
    let name = format!(
        "{} {}: {}",
        route.method.as_str(),
        route.pattern,
        text(answer)
    );
    assert!(!is_allowed(answer), "{name}");
    let codes = ["out-of-token-scope", "exceeds-grantor", "not-found"];
    if answer.status >= 300 {
        assert!(
            codes.contains(&json(answer)["code"].as_str().unwrap()),
            "{name}"
        );
    }
}

#[track_caller]
fn passes(route: &Route, answer: &Response) {
    let stream = !matches!(answer.body, crate::http::Body::Bytes(_));
    let shown = if stream { String::new() } else { text(answer) };
    assert!(
        is_allowed(answer),
        "{} {}: {shown}",
        route.method.as_str(),
        route.pattern
    );
}

pub(super) fn signed_in() -> impl Iterator<Item = &'static Route> {
    let all = ROUTES.iter().copied().flatten();
    all.filter(|route| {
        !route.handler.is_anonymous() && !matches!(route.handler, Handler::Operator(_))
    })
}

#[test]
fn p4_a_token_scoped_to_nothing_is_refused_by_every_route() {
    let full = Full::new();
    for route in signed_in() {
        let (needs, body) = row(route);
        let answer = full.answer(route, &body, &json!([]));
        match needs {
            Needs::All(_) | Needs::Any | Needs::Listed(_) | Needs::Whole => refuses(route, &answer),
            Needs::Session => assert_eq!(json(&answer)["code"], "session-required"),
            Needs::Nothing => assert_eq!(json(&answer)["organizations"], json!([])),
        }
    }
}

#[test]
fn p4_a_token_with_exactly_what_a_route_needs_passes_and_without_one_of_it_does_not() {
    for route in signed_in() {
        let (needs, body) = row(route);
        let all = match needs {
            Needs::All(all) | Needs::Listed(all) => all,
            Needs::Any => &["run.delete"],
            Needs::Whole | Needs::Session | Needs::Nothing => continue,
        };
        for left_out in all {
            let rest: Vec<&str> = all
                .iter()
                .copied()
                .filter(|scope| scope != left_out)
                .collect();
            let answer = Full::new().answer(route, &body, &json!(rest));
            refuses(route, &answer);
        }
        passes(route, &Full::new().answer(route, &body, &json!(all)));
    }
}

#[test]
fn p4_a_token_with_everything_but_what_a_route_needs_is_refused() {
    let full = Full::new();
    let policy = &full.acme.world.edge.config.policy.document;
    let permissions: Vec<&str> = policy
        .permissions
        .iter()
        .map(|permission| permission.id.as_str())
        .collect();
    for route in signed_in() {
        let (Needs::All(all) | Needs::Listed(all), body) = row(route) else {
            continue;
        };
        let others: Vec<&str> = permissions
            .iter()
            .copied()
            .filter(|id| !all.contains(id))
            .collect();
        refuses(route, &full.answer(route, &body, &json!(others)));
    }
}

/// Nobody writes anything without a credential, and no body says for whom.
#[test]
fn p1_every_route_that_changes_something_wants_a_credential_and_names_nobody_else() {
    let full = Full::new();
    let acme = &full.acme;
    let foreign = acme.user(BEN);
    let mut tried = 0;
    for route in signed_in().filter(|route| route.method.is_unsafe()) {
        let (_, body) = row(route);
        let path = full.fill(route.pattern);
        let mut body: Value = serde_json::from_str(&full.fill(&body.to_string())).unwrap();
        let anonymous = write(route.method, &path, &body);
        assert_eq!(acme.world.send(&anonymous).status, 401, "{path}");
        // A DELETE, and what needs nothing but its path, reads no body; of a form, only what RFC 7662 names is read, and of a question in AuthZEN's words what that does.
        let is_standard = |part| route.pattern.contains(part);
        if body == json!({}) || ["/v1/oauth/", "/access/v1/"].into_iter().any(is_standard) {
            continue;
        }
        for member in ["user", "userId", "owner", "principal", "creator", "sub"] {
            body[member] = json!(foreign);
            let request = write(route.method, &path, &body).with_header("cookie", &acme.ada);
            let answer = acme.world.send(&request);
            assert_eq!(json(&answer)["code"], "invalid-body", "{path} {member}");
            body.as_object_mut().unwrap().remove(member);
        }
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
}

/// What changes something checks the credential with its object every time: its handler takes nothing less.
#[test]
fn p2_every_route_that_changes_something_takes_a_fresh_caller() {
    for route in signed_in().filter(|route| route.method.is_unsafe()) {
        // It reads; and asks again for what is sensitive.
        let pattern = route.pattern;
        let is_question = pattern.ends_with("/evaluate") || pattern.contains("/access/v1/");
        assert_eq!(
            !matches!(route.handler, Handler::Fresh(_)),
            is_question,
            "{}",
            route.pattern
        );
    }
}
