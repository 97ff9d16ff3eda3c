//! The operator's list of organizations.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Acme, KEY, acme, refused};
use crate::{
    http::{Method, Request, Response},
    testing::{json, post, text},
};

const LIST: &str = "/v1/operator/organizations";

impl Acme {
    fn listed(&self, query: &str) -> Response {
        let request = Request::new(Method::Get, LIST).with_query(query);
        let request = request.with_header("authorization", &format!("Bearer {KEY}"));
        self.world.send(&request)
    }

    /// The ids of all pages of a length, in the list's order.
    fn all_listed(&self, limit: usize) -> Vec<String> {
        let mut ids = Vec::new();
        let mut query = format!("limit={limit}");
        loop {
            let page = self.listed(&query);
            assert_eq!(page.status, 200, "{}", text(&page));
            let page = json(&page);
            let entries = page["organizations"].as_array().unwrap();
            assert!(entries.len() <= limit, "{page}");
            ids.extend(
                entries
                    .iter()
                    .map(|it| it["id"].as_str().unwrap().to_owned()),
            );
            let Some(next) = page["next"].as_str() else {
                return ids;
            };
            query = format!("limit={limit}&cursor={next}");
        }
    }

    fn another(&self) -> String {
        let create = post("/v1/organizations", &json!({ "name": "Other" }));
        let created = json(&self.world.send(&create.with_header("cookie", &self.ada)));
        created["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn the_operator_has_a_list_of_all_organizations_and_nobody_else_has() {
    let acme = acme("lockstep");
    let mut made: BTreeSet<String> = (0..4).map(|_| acme.another()).collect();
    made.insert(acme.id.clone());
    // Whatever else somebody has put there.
    acme.world.kv.set("organizations/org_other", "{}");
    acme.world.kv.set("organizations/", "{}");
    acme.world.settle();
    for limit in [1, 2, 3, 200] {
        let listed = acme.all_listed(limit);
        assert_eq!(listed.len(), 5, "{limit}");
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), made);
    }
    let anonymous = Request::new(Method::Get, LIST);
    refused(&acme.world.send(&anonymous), 401, "unauthenticated");
    let session = Request::new(Method::Get, LIST).with_header("cookie", &acme.ada);
    refused(&acme.world.send(&session), 401, "unauthenticated");
}

#[test]
fn a_page_of_the_list_is_one_that_the_list_gave() {
    let acme = acme("lockstep");
    acme.another();
    acme.world.settle();
    refused(&acme.listed("limit=0"), 400, "invalid-query");
    refused(&acme.listed("limit=1&limit=2"), 400, "invalid-query");
    let organizations = Request::new(Method::Get, "/v1/me/organizations").with_query("limit=1");
    let own = acme
        .world
        .send(&organizations.with_header("cookie", &acme.ada));
    let foreign = json(&own)["next"].as_str().unwrap().to_owned();
    for cursor in [foreign.as_str(), "x", "organizations/"] {
        let page = acme.listed(&format!("cursor={cursor}"));
        refused(&page, 400, "invalid-cursor");
    }
}

#[test]
fn while_kv_does_not_answer_the_list_is_to_be_asked_for_again() {
    let acme = acme("lockstep");
    acme.world.settle();
    assert_eq!(
        json(&acme.listed("")),
        json!({ "organizations": [{ "id": acme.id }] })
    );
    acme.world.kv.is_down.set(true);
    let down = acme.listed("");
    refused(&down, 503, "unavailable");
    assert!(down.header("retry-after").is_some());
    acme.world.kv.is_down.set(false);
    // What is deleted stays in it: its secrets are sealed anew, too.
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    acme.world.settle();
    let listed: Value = json(&acme.listed(""));
    assert_eq!(listed["organizations"][0]["id"], acme.id.as_str());
}
