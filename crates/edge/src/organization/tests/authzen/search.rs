//! Searches: they find what a request is allowed for, page by page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    super::{ADA, BEN, CAT, refused},
    Asked, asked,
};
use crate::testing::{json, post};

impl Asked {
    /// All pages of a search, `limit` at a time.
    pub(super) fn search(&self, what: &str, body: &Value, limit: u32) -> Vec<Value> {
        let mut body = body.clone();
        body["page"] = json!({ "limit": limit });
        let mut found = Vec::new();
        for _ in 0..1_000 {
            let answer = self.answer(&format!("search/{what}"), &body);
            let results = answer["results"].as_array().unwrap();
            assert!(results.len() <= usize::try_from(limit).unwrap());
            found.extend(results.clone());
            let token = answer["page"]["next_token"].as_str().unwrap();
            if token.is_empty() {
                return found;
            }
            body["page"] = json!({ "token": token });
        }
        panic!("a search without an end");
    }
}

pub(super) fn ids(found: &[Value], member: &str) -> BTreeSet<String> {
    let ids = found
        .iter()
        .map(|entity| entity[member].as_str().unwrap().to_owned());
    let all: Vec<String> = ids.collect();
    let distinct: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(all.len(), distinct.len(), "{all:?}");
    distinct
}

/// Law 10: what a search finds is what a request is allowed for.
#[test]
fn law_10_a_search_finds_exactly_what_is_allowed() {
    let all = Asked::new();
    let acme = &all.acme;
    let account = acme.account(&[json!({ "role": "editor", "node": all.south })]);
    let account = account.replace("/service-accounts/", "");
    acme.rule(&json!({
        "effect": "allow", "roles": ["editor"], "permissions": ["data.share"],
        "when": [{ "fact": "resource.tags.env", "equals": "test" }],
    }));
    let people = [ADA, BEN, CAT].map(|email| ("user", acme.user(email)));
    let program = ("service-account", account);
    let subjects: Vec<_> = people.into_iter().chain([program]).collect();
    let permissions = ["data.read", "data.share", "member.read", "data.fly"];
    let mut found = 0;
    for (mut resource, _) in all.places() {
        resource["properties"]["tags"] = json!({ "env": "test" });
        for permission in permissions {
            for kind in ["user", "service-account"] {
                let mut body = asked("", permission, &resource);
                body["subject"] = json!({ "type": kind, "id": "not looked at" });
                let searched = ids(&all.search("subject", &body, 2), "id");
                let subjects = subjects.iter().filter(|(known, _)| *known == kind);
                let allowed = subjects.filter(|(_, id)| {
                    all.answer("evaluation", &asked(id, permission, &resource))["decision"] == true
                });
                let allowed: BTreeSet<String> = allowed.map(|(_, id)| id.clone()).collect();
                found += allowed.len();
                assert!(
                    searched.is_superset(&allowed),
                    "{kind} {permission} {resource}"
                );
                // The gateway of the test itself is an account, too, and holds nothing that is asked for.
                assert_eq!(searched, allowed, "{kind} {permission} {resource}");
            }
        }
        for (_, user) in &subjects {
            let body = asked(user, "", &resource);
            let searched = ids(&all.search("action", &body, 3), "name");
            let allowed = all.permissions().into_iter().filter(|permission| {
                all.answer("evaluation", &asked(user, permission, &resource))["decision"] == true
            });
            assert_eq!(searched, allowed.collect(), "{user} {resource}");
        }
    }
    assert!(found > 20, "{found}");
    for (_, user) in &subjects {
        for (level, nodes) in [
            ("organization", vec![&acme.id]),
            ("workspace", vec![&all.north, &all.south]),
            ("project", vec![&all.project]),
            ("run", vec![]),
        ] {
            let mut body = asked(
                user,
                "data.read",
                &json!({ "type": level, "id": "not looked at" }),
            );
            let searched = ids(&all.search("resource", &body, 1), "id");
            let allowed = nodes.into_iter().filter(|node| {
                let resource = json!({ "type": level, "id": node });
                all.decision(user, "data.read", &resource).0
            });
            assert_eq!(searched, allowed.cloned().collect(), "{user} {level}");
            body["resource"]["properties"] = json!({ "workspace": all.south });
            let searched = ids(&all.search("resource", &body, 1), "id");
            assert!(
                searched.iter().all(|node| *node == all.south),
                "{searched:?}"
            );
        }
    }
    // What is found has ids of ours. Beside an issuer's name they are nobody's, so there is nothing to be found.
    let place = json!({ "type": "workspace", "id": all.north });
    for issuer in [
        json!("https://idp.example"),
        json!(["x"]),
        json!({ "url": "x" }),
    ] {
        let mut body = asked("", "data.read", &place);
        body["subject"]["properties"] = json!({ "issuer": issuer });
        refused(&all.ask("search/subject", &body), 400, "invalid-body");
        for (_, user) in &subjects {
            body["subject"]["id"] = json!(user);
            assert_eq!(all.answer("evaluation", &body)["decision"], false);
        }
    }
    for unknown in ["group", ""] {
        let mut body = asked(
            "",
            "data.read",
            &json!({ "type": "workspace", "id": all.north }),
        );
        body["subject"] = json!({ "type": unknown });
        assert_eq!(all.search("subject", &body, 9), Vec::<Value>::new());
    }
}

/// The path of a search need not name the organization.
#[test]
fn m12_a_token_of_a_search_counts_in_its_organization() {
    let acme = Asked::new().acme;
    let other = post("/v1/organizations", &json!({ "name": "Other" }));
    let other = acme.world.send(&other.with_header("cookie", &acme.ada));
    let other = json(&other)["id"].as_str().unwrap().to_owned();
    let search = |organization: &str, page: Value| {
        let mut body = asked(
            &acme.user(ADA),
            "data.read",
            &json!({ "type": "workspace" }),
        );
        body["page"] = page;
        let request = post("/access/v1/search/resource", &body);
        let request = request.with_header("cookie", &acme.ada);
        acme.world
            .send(&request.with_header("x-organization-id", organization))
    };
    let first = json(&search(&acme.id, json!({ "limit": 1 })));
    let again = json!({ "token": first["page"]["next_token"] });
    assert_eq!(search(&acme.id, again.clone()).status, 200);
    refused(&search(&other, again), 400, "invalid-cursor");
}

/// M12: a token counts for what it was given for.
#[test]
fn m12_a_token_of_a_search_counts_for_this_search_and_this_caller() {
    let all = Asked::new();
    let acme = &all.acme;
    let resource = json!({ "type": "workspace", "id": all.north });
    let mut body = asked("", "data.read", &resource);
    body["page"] = json!({ "limit": 1 });
    let first = all.answer("search/subject", &body);
    let token = first["page"]["next_token"].as_str().unwrap();
    assert!(!token.is_empty());
    let with = |body: &Value, page: Value| {
        let mut body = body.clone();
        body["page"] = page;
        body
    };
    for page in [
        json!({ "token": token }),
        json!({ "token": token, "limit": 1 }),
    ] {
        all.answer("search/subject", &with(&body, page));
    }
    let again = json!({ "token": token });
    let other = with(&asked("", "data.update", &resource), again.clone());
    refused(&all.ask("search/subject", &other), 400, "invalid-cursor");
    let larger = with(&body, json!({ "token": token, "limit": 2 }));
    refused(&all.ask("search/subject", &larger), 400, "invalid-cursor");
    let by_ada = acme.post(&acme.ada, "/access/v1/search/subject", &with(&body, again));
    refused(&by_ada, 400, "invalid-cursor");
    // Of nothing there is a page, too, and everything comes after it.
    let none = all.answer("search/subject", &with(&body, json!({ "limit": 0 })));
    assert_eq!(none["results"], json!([]));
    let token = &none["page"]["next_token"];
    let still = all.answer("search/subject", &with(&body, json!({ "token": token })));
    assert_eq!(still["results"], json!([]));
    assert_eq!(still["page"]["next_token"], *token);
    for wrong in [
        json!({ "limit": -1 }),
        json!({ "limit": "1" }),
        json!({ "token": 1 }),
        json!(1),
    ] {
        refused(
            &all.ask("search/subject", &with(&body, wrong)),
            400,
            "invalid-body",
        );
    }
}

/// An organization is asked nothing else while it looks at its members, so it looks at some at a time.
#[test]
fn a_search_among_many_goes_on_where_it_ended() {
    let all = Asked::new();
    all.acme.execute(
        "INSERT INTO member (user, joined_at_ms, epoch)
        WITH RECURSIVE many (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM many WHERE at < 250)
        SELECT printf('usr_%04d', at), 1, 1 FROM many",
    );
    all.acme.execute(
        "INSERT INTO granted (user, node, role)
        SELECT user, (SELECT id FROM organization), CASE WHEN user LIKE '%7' THEN 'admin' ELSE 'member' END
        FROM member WHERE user GLOB 'usr_0[0-9][0-9][0-9]'",
    );
    let resource = json!({ "type": "organization", "id": all.acme.id });
    let body = asked("", "audit.read", &resource);
    let first = all.answer("search/subject", &body);
    assert!(first["results"].as_array().unwrap().len() < 27);
    let found = ids(&all.search("subject", &body, 200), "id");
    // 25 of them, who created the organization, and Cat.
    assert_eq!(found.len(), 27);
}

/// What the product calls its projects is what a gateway asks about, a search finds, and one's own question names.
#[test]
fn a_project_is_asked_about_and_found_by_its_type() {
    let all = Asked::new();
    let ben = all.acme.user(BEN);
    let named = |kind: &str, id: &str| json!({ "type": kind, "id": id });
    for kind in ["project", "record"] {
        let body = asked(&ben, "data.read", &named(kind, "not looked at"));
        let found = all.search("resource", &body, 2);
        assert_eq!(found, [named(kind, &all.project)]);
        let resource = named(kind, &all.project);
        assert!(all.decision(&ben, "data.read", &resource).0, "{kind}");
        assert!(!all.decision(&ben, "data.read", &named(kind, &all.north)).0);
        let session = all.acme.world.sign_in(BEN);
        for (id, decision) in [(&all.project, true), (&all.north, false)] {
            let own = json!({ "permission": "data.read", "resource": named(kind, id) });
            let answer = all.acme.post(&session, "/evaluate", &own);
            assert_eq!(json(&answer)["decision"], decision, "{kind} {id}");
        }
    }
    // Any other type is something in the organization, of which Ben reads nothing.
    let trace = named("trace", &all.project);
    assert!(!all.decision(&ben, "data.read", &trace).0);
    let body = asked(&ben, "data.read", &trace);
    assert_eq!(all.search("resource", &body, 2), Vec::<Value>::new());
}
