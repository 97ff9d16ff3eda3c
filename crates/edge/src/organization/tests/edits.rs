//! Edits by PATCH, made from the route table: of nothing they are refused, and of what is so already they take no epoch and are told to nobody.

use serde_json::{Value, json};

use super::{
    refused,
    scopes::{Full, signed_in},
};
use crate::{
    http::{Method, Response},
    router::Route,
    testing::{json, text, write},
};

const ORGANIZATION: &str = "/v1/organizations/{org}";

fn patches() -> impl Iterator<Item = &'static Route> {
    signed_in().filter(|route| route.method == Method::Patch)
}

fn patch(full: &Full, route: &Route, body: &Value) -> Response {
    let request = write(Method::Patch, &full.fill(route.pattern), body);
    full.acme
        .world
        .send(&request.with_header("cookie", &full.acme.ada))
}

/// The members of a body that are null in it only where they are not there, by the interface's document.
fn not_nullable(route: &Route) -> Vec<String> {
    let document: Value =
        serde_json::from_str(include_str!("../../../../../docs/openapi.json")).unwrap();
    let body = &document["paths"][route.pattern]["patch"]["requestBody"];
    let schema = &body["content"]["application/json"]["schema"];
    let needs_some = schema["minProperties"] == 1 || schema["required"].is_array();
    assert!(needs_some, "{} takes nothing", route.pattern);
    let members = schema["properties"].as_object().unwrap().iter();
    let named = members.filter(|(_, member)| {
        let kinds = member["type"].as_array().into_iter().flatten();
        kinds.into_iter().all(|kind| kind != "null")
    });
    named.map(|(name, _)| name.clone()).collect()
}

#[test]
fn an_edit_of_nothing_is_refused_by_every_route() {
    let full = Full::new();
    let sql = full.acme.database();
    let before = sql.dump();
    let mut asked = 0;
    for route in patches() {
        refused(&patch(&full, route, &json!({})), 400, "invalid-body");
        for member in not_nullable(route) {
            let answer = patch(&full, route, &json!({ member: null }));
            refused(&answer, 400, "invalid-body");
            asked += 1;
        }
    }
    assert!(asked >= 20, "{asked}");
    assert_eq!(sql.dump(), before);
}

/// How each of them is, as its own edit says it.
fn as_it_is(full: &Full, rest: &str) -> Option<Value> {
    let read = |rest: &str| json(&full.acme.get(&full.acme.ada, &full.fill(rest)));
    let found = |list: &str, name: &str, id: &str| {
        let all = read(list);
        let mut all = all[name].as_array().unwrap().iter();
        all.find(|one| one["id"] == full.fill(id)).unwrap().clone()
    };
    Some(match rest {
        "" => {
            let own = read("");
            json!({ "name": own["name"], "slug": own["slug"], "token_lifetime_max_s": own["token_lifetime_max_s"],
                "workspace_admins_invite": own["workspace_admins_invite"] })
        }
        "/workspaces/{workspace}" | "/projects/{project}" => {
            json!({ "name": read(rest)["name"], "archived": false })
        }
        "/groups/{group}" => json!({ "name": read(rest)["name"] }),
        "/webhooks/{webhook}" => {
            let own = read(rest);
            json!({ "name": own["name"], "url": own["url"], "active": own["active"] })
        }
        "/roles/{role}" => {
            let own = found("/roles", "roles", "{role}");
            json!({ "name": own["name"], "with": own["with"], "without": own["without"] })
        }
        "/rules/{rule}" => {
            let own = read(rest);
            json!({ "roles": own["roles"], "permissions": own["permissions"] })
        }
        "/service-accounts/{account}" => {
            let own = found("/service-accounts", "service_accounts", "{account}");
            let grants = own["grants"].as_array().unwrap().iter();
            let grants =
                grants.map(|grant| json!({ "role": grant["role"], "node": grant["node"] }));
            json!({ "name": own["name"], "grants": grants.collect::<Vec<_>>() })
        }
        // Whoever saves these gives their word for them, or gives the role anew; what is revoked stays so.
        "/members/{user}"
        | "/issuers/{issuer}"
        | "/domains/{domain}"
        | "/service-accounts/{account}/keys/{key}" => return None,
        other => panic!("say how {other} is"),
    })
}

#[test]
fn an_edit_of_what_is_so_already_takes_no_epoch_and_is_told_to_nobody() {
    let full = Full::new();
    let acme = &full.acme;
    let sql = acme.database();
    let mut edited = 0;
    for route in patches() {
        let Some(rest) = route.pattern.strip_prefix(ORGANIZATION) else {
            continue;
        };
        let Some(body) = as_it_is(&full, rest) else {
            continue;
        };
        let epoch = json(&acme.get(&acme.ada, ""))["epoch"].clone();
        acme.world.objects.announced.borrow_mut().clear();
        let before = sql.dump();
        let answer = patch(&full, route, &body);
        assert_eq!(answer.status, 200, "{rest}: {}", text(&answer));
        assert_eq!(sql.dump(), before, "{rest}");
        assert!(acme.world.objects.announced.borrow().is_empty(), "{rest}");
        let told = answer.header("lockstep-epoch").map(str::to_owned);
        assert_eq!(told, Some(epoch.to_string()), "{rest}");
        // Something else is another matter.
        let renamed = patch(
            &full,
            route,
            &json!({ if rest.starts_with("/rules/") { "because" } else { "name" }: "Other" }),
        );
        assert_eq!(renamed.status, 200, "{rest}: {}", text(&renamed));
        assert_ne!(renamed.header("etag"), answer.header("etag"), "{rest}");
        edited += 1;
    }
    assert_eq!(edited, 8);
}
