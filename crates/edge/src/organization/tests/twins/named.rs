//! Requests that name more of an organization than those of `scopes`: in the query, as roles of its own, and as nodes of grants, keys and tokens.

use serde_json::{Value, json};

use super::{Twins, id, is_allowed, stays_out};
use crate::{
    http::{Body, Method, Request, Response},
    testing::{post, text, write},
};

struct Named {
    method: Method,
    path: String,
    query: &'static str,
    body: Value,
}

impl Named {
    fn new(method: Method, rest: &str, body: Value) -> Self {
        Self {
            method,
            path: format!("/v1/organizations/{{org}}{rest}"),
            query: "",
            body,
        }
    }

    fn asking(method: Method, rest: &str, query: &'static str) -> Self {
        let named = Self::new(method, rest, json!({}));
        Self { query, ..named }
    }

    fn what(&self) -> String {
        let (method, body) = (self.method.as_str(), &self.body);
        format!("{method} {}?{} {body}", self.path, self.query)
    }

    fn send(&self, twins: &Twins, params: &[(&'static str, String)]) -> Response {
        let fill = |text: &str| {
            let params = params.iter();
            params.fold(text.to_owned(), |text, (name, value)| {
                text.replace(name, value)
            })
        };
        let path = fill(&self.path);
        let request = match self.method {
            Method::Get => Request::new(Method::Get, path),
            method => {
                let body: Value = serde_json::from_str(&fill(&self.body.to_string())).unwrap();
                write(method, &path, &body)
            }
        };
        let request = request.with_query(&fill(self.query));
        let acme = &twins.here.acme;
        acme.world.send(&request.with_header("cookie", &acme.ada))
    }
}

/// All of them, in an order in which one organization takes them one after the other.
fn requests() -> Vec<Named> {
    use Method::{Delete, Get, Patch, Post, Put};
    let role = json!({ "role": "{role}" });
    let place = json!([{ "workspace": "{workspace}", "role": "{role}" }]);
    let invited = json!({ "email": "new@example.com", "role": "gateway", "workspaces": place });
    let another = json!({ "email": "next@example.com", "role": "gateway", "workspaces": place });
    let grants = json!([{ "role": "{role}", "node": "{workspace}" }]);
    let rule = json!({ "effect": "deny", "roles": ["{role}"], "permissions": ["run.read"] });
    let subtree = json!({ "organization": "{org}", "node": "{workspace}" });
    let place_of_run = json!({ "workspace": "{workspace}", "project": "{project}" });
    vec![
        Named::asking(Get, "/audit", "principal={user}"),
        Named::new(
            Post,
            "/workspaces/{workspace}/members",
            json!({ "members": [{ "user_id": "{user}", "role": "{role}" }] }),
        ),
        Named::new(Put, "/workspaces/{workspace}/members/{user}", role.clone()),
        Named::new(Put, "/groups/{group}/grants/{node}", role),
        Named::new(Post, "/rules/preview", json!({ "create": rule })),
        Named::new(Post, "/rules", rule),
        Named::new(Patch, "/rules/{rule}", json!({ "roles": ["{role}"] })),
        Named::new(
            Post,
            "/links",
            json!({ "role": "gateway", "uses_max": 1, "workspaces": place }),
        ),
        Named::new(Post, "/invitations", invited),
        Named::new(
            Post,
            "/invitations/batch",
            json!({ "invitations": [another] }),
        ),
        Named::new(
            Post,
            "/service-accounts",
            json!({ "name": "Next", "grants": grants }),
        ),
        Named::new(
            Post,
            "/service-accounts/{account}/keys",
            json!({ "name": "Next", "node": "{workspace}" }),
        ),
        Named::new(
            Patch,
            "/service-accounts/{account}",
            json!({ "grants": grants }),
        ),
        Named::new(
            Post,
            "/evaluate",
            json!({ "permission": "run.delete", "resource": place_of_run }),
        ),
        Named {
            path: "/v1/me/tokens".to_owned(),
            ..Named::new(Post, "", json!({ "name": "Next", "subtree": subtree }))
        },
        Named::asking(Delete, "/roles/{role}", "reassign={heir}"),
    ]
}

/// Twins that have a second role of their own each, which takes the place of the first.
fn twins() -> Twins {
    let mut twins = Twins::new();
    let role = json!({ "name": "Heir", "base": "viewer" });
    let sessions = [twins.here.acme.ada.clone(), twins.eve.clone()];
    let own = [&twins.here.params, &twins.there].map(|params| params[0].1.clone());
    let [here, there] = [0, 1].map(|at| {
        let made = post(&format!("/v1/organizations/{}/roles", own[at]), &role);
        let made = made.with_header("cookie", &sessions[at]);
        let made = id(&twins.here.acme.world.send(&made));
        // What somebody holds is written down for KV when it is first asked for.
        let asked = post(
            &format!("/v1/organizations/{}/evaluate", own[at]),
            &json!({ "permission": "run.read" }),
        );
        let asked = asked.with_header("cookie", &sessions[at]);
        assert_eq!(twins.here.acme.world.send(&asked).status, 200);
        made
    });
    twins.here.params.push(("{heir}", here));
    twins.there.push(("{heir}", there));
    twins.here.acme.world.settle();
    twins
}

#[test]
fn m4_no_query_and_no_role_or_node_in_a_body_is_a_twins() {
    let torn = twins();
    let before = torn.rows();
    let mut swapped = 0;
    for request in requests() {
        let text = request.what();
        for (name, _) in &torn.here.params {
            if text.contains(name) {
                let answer = request.send(&torn, &torn.torn(name));
                stays_out(&text, &answer, name);
                swapped += 1;
            }
        }
    }
    assert!(swapped > 40, "{swapped}");
    torn.are_as(&before);
    // Each of them is taken with what is there.
    let own = twins();
    for request in requests() {
        let answer = request.send(&own, &own.here.params);
        let is_read = matches!(answer.body, Body::Bytes(_));
        let shown = if is_read {
            text(&answer)
        } else {
            String::new()
        };
        assert!(is_allowed(&answer), "{}: {shown}", request.what());
    }
}
