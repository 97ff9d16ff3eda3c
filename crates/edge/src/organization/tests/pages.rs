//! Pages of lists: M11, that a list is all of it over all sizes of pages, and M12, that no cursor but ours leads anywhere.

use serde_json::{Value, json};

use super::{Acme, BEN, CAT, id, lockstep, refused};
use crate::{
    http::{Method, Request, Response},
    objects::Class,
    sql::Sql,
    testing::{json, text},
};

/// Every list, with what its entries are called and known by.
pub(super) const LISTS: &[(&str, &str, &str)] = &[
    ("/members", "members", "user_id"),
    ("/invitations", "invitations", "id"),
    ("/workspaces", "workspaces", "id"),
    ("/projects", "projects", "id"),
    ("/groups", "groups", "id"),
    ("/roles", "roles", "id"),
    ("/rules", "rules", "id"),
    ("/service-accounts", "service_accounts", "id"),
    ("tokens", "tokens", "id"),
];

impl Acme {
    fn page(&self, session: &str, list: &str, query: &str) -> Response {
        let path = match list {
            "tokens" => "/v1/me/tokens".to_owned(),
            list => self.path(list),
        };
        let request = Request::new(Method::Get, path).with_query(query);
        self.world.send(&request.with_header("cookie", session))
    }

    /// The ids of a list, page by page.
    pub(super) fn walked(
        &self,
        session: &str,
        list: &(&str, &str, &str),
        query: &str,
        limit: usize,
    ) -> Vec<Value> {
        let (path, name, known_by) = list;
        let mut seen = Vec::new();
        let mut cursor = String::new();
        for _ in 0..100 {
            let page = self.page(session, path, &format!("limit={limit}&{query}{cursor}"));
            assert_eq!(page.status, 200, "{}", text(&page));
            let page = json(&page);
            let entries = page[*name].as_array().unwrap();
            assert!(entries.len() <= limit);
            seen.extend(entries.iter().map(|entry| entry[*known_by].clone()));
            match page["next"].as_str() {
                Some(next) => {
                    assert_eq!(entries.len(), limit, "{path}: a page in the middle is full");
                    cursor = format!("&cursor={next}");
                }
                None => return seen,
            }
        }
        panic!("{path} has no end");
    }
}

/// An organization with seven of everything, of which a Viewer of one workspace sees some.
fn full() -> (Acme, String) {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    acme.joined(CAT, "admin");
    for at in 0..7 {
        acme.world.clock.advance_ms(10_000);
        let workspace = acme.workspace(&format!("W{at}"));
        if at % 3 == 0 {
            acme.grant(&workspace, BEN, "viewer");
        }
        let inside = json!({ "name": "x", "workspace": workspace.replace("/workspaces/", "") });
        id(&acme.post(&acme.ada, "/projects", &inside));
        id(&acme.post(&acme.ada, "/groups", &inside));
        id(&acme.post(
            &acme.ada,
            "/roles",
            &json!({ "name": "Own", "base": "viewer" }),
        ));
        let rule = json!({ "effect": "deny", "roles": ["viewer"], "permissions": ["run.read"] });
        acme.rule(&rule);
        acme.account(&[json!({ "role": "gateway" })]);
        acme.invited(&format!("p{at}@example.com"), "member");
        acme.token(&acme.ada, &json!({ "name": "ci" }));
    }
    (acme, ben)
}

#[test]
fn m11_a_list_is_what_may_be_seen_of_it_over_all_sizes_of_pages() {
    let (acme, ben) = full();
    for list in LISTS {
        let (path, ..) = list;
        for session in [&acme.ada, &ben] {
            if acme.page(session, path, "").status == 403 {
                continue;
            }
            let all = acme.walked(session, list, "", 200);
            let mut once = all.clone();
            once.sort_by_key(Value::to_string);
            once.dedup();
            assert_eq!(once.len(), all.len(), "{path}");
            for limit in 1..=all.len().max(1) {
                assert_eq!(
                    acme.walked(session, list, "", limit),
                    all,
                    "{path} by {limit}"
                );
            }
            // A list is what a check of each lets through.
            if ["/workspaces", "/projects"].contains(path) {
                let everything = acme.walked(&acme.ada, list, "", 200);
                let may = everything.into_iter().filter(|id| {
                    let one = format!("{path}/{}", id.as_str().unwrap());
                    acme.get(session, &one).status == 200
                });
                assert_eq!(all, may.collect::<Vec<_>>(), "{path}");
            }
        }
    }
}

#[test]
fn m11_the_members_of_a_workspace_come_in_pages() {
    let acme = lockstep("");
    let north = acme.workspace("North");
    let mut expected = Vec::new();
    for at in 0..5 {
        let email = format!("p{at}@example.com");
        acme.joined(&email, "member");
        acme.grant(&north, &email, "viewer");
        let user = acme.member(&email).replace("/members/", "");
        expected.push(Value::from(user));
    }
    // Who is suspended keeps the role, and the place in the list ends with the membership.
    let suspension = format!("{}/suspension", acme.member("p1@example.com"));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    let gone = acme.member("p3@example.com");
    assert_eq!(acme.delete(&acme.ada, &gone).status, 204);
    expected.remove(3);
    let path = format!("{north}/members");
    let list = (path.as_str(), "members", "user_id");
    let all = acme.walked(&acme.ada, &list, "", 200);
    let mut sorted = all.clone();
    sorted.sort_by_key(Value::to_string);
    expected.sort_by_key(Value::to_string);
    assert_eq!(sorted, expected);
    for limit in 1..=all.len() {
        assert_eq!(acme.walked(&acme.ada, &list, "", limit), all);
    }
}

/// A change of a group, and a page of groups, says of its members how many there are and names the first of them.
#[test]
fn m11_the_members_of_a_group_come_in_pages() {
    const SHOWN: usize = 20;
    let acme = lockstep("");
    let group = format!(
        "/groups/{}",
        id(&acme.post(&acme.ada, "/groups", &json!({ "name": "G" })))
    );
    let members = "WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < 45)
        INSERT INTO member (user, address, joined_at_ms, epoch) SELECT 'usr_' || at, 'p' || at || '@example.com', at, 1 FROM n";
    let granted = "INSERT INTO granted (user, node, role) SELECT user, (SELECT id FROM organization), 'member' FROM member WHERE user LIKE 'usr___'";
    let crew = "INSERT INTO group_member (access_group, user) SELECT access_group.id, member.user FROM access_group, member WHERE member.address LIKE 'p%'";
    for statement in [members, granted, crew, "DELETE FROM audit_change"] {
        acme.execute(statement);
    }
    acme.joined(BEN, "member");
    let put = acme.put(
        &acme.ada,
        &format!("{group}{}", acme.member(BEN)),
        &json!({}),
    );
    assert_eq!(put.status, 200, "{}", text(&put));
    let listed = json(&acme.get(&acme.ada, "/groups"))["groups"][0].clone();
    let path = format!("{group}/members");
    let list = (path.as_str(), "members", "user_id");
    let all = acme.walked(&acme.ada, &list, "", 200);
    assert_eq!(all.len(), 46);
    for view in [json(&put), listed, json(&acme.get(&acme.ada, &group))] {
        assert_eq!(view["member_count"], 46);
        let shown = view["members"].as_array().unwrap().iter();
        let shown: Vec<_> = shown.map(|one| one["user_id"].clone()).collect();
        assert_eq!(shown, all[..SHOWN]);
    }
    for limit in [1, 7, 45, 46] {
        assert_eq!(acme.walked(&acme.ada, &list, "", limit), all, "by {limit}");
    }
    // Whoever does not see the group sees nobody in it.
    let ben = acme.world.sign_in(BEN);
    assert_eq!(acme.get(&ben, &group).status, 404);
    refused(&acme.get(&ben, &path), 404, "not-found");
    refused(
        &acme.get(&acme.ada, "/groups/grp_none/members"),
        404,
        "not-found",
    );
}

#[test]
fn members_are_searched_sorted_and_listed_with_their_roles_everywhere() {
    let (acme, ben) = full();
    acme.joined("zoe_1@example.com", "member");
    acme.joined("ann.x@example.com", "member");
    let emails = |query: &str| {
        let page = json(&acme.page(&acme.ada, "/members", query));
        let members = page["members"].as_array().unwrap().clone();
        members
            .iter()
            .map(|member| member["email"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let sorted = emails("sort=email");
    let mut expected = emails("");
    assert_eq!(expected.last().unwrap(), "ann.x@example.com", "by joining");
    expected.sort();
    assert_eq!(sorted, expected);
    for limit in 1..=5 {
        let list = ("/members", "members", "email");
        assert_eq!(acme.walked(&acme.ada, &list, "sort=email", limit), expected);
    }
    assert_eq!(emails("search=ZOE"), ["zoe_1@example.com"]);
    // The runtime's SQLite takes no pattern of more than 50 bytes.
    let long = format!("{}@engineering.example.com", "n".repeat(60));
    acme.joined(&long, "member");
    assert_eq!(emails(&format!("search={long}")), [long]);
    assert_eq!(emails("search=e_1"), ["zoe_1@example.com"], "no pattern");
    assert_eq!(emails("search=%25"), [""; 0]);
    for query in [
        "sort=name",
        "search=",
        &format!("search={}", "x".repeat(101)),
        "limit=0",
        "limit=201",
        "limit=x",
        "sort=email&sort=email",
    ] {
        refused(
            &acme.page(&acme.ada, "/members", query),
            400,
            "invalid-query",
        );
    }
    let roles_of = |session: &str, email: &str| {
        let page = json(&acme.page(session, "/members", &format!("search={email}")));
        let roles = page["members"][0]["roles"].as_array().unwrap().clone();
        roles
            .iter()
            .map(|role| (role["node"].clone(), role["role"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        roles_of(&acme.ada, BEN).len(),
        4,
        "on the organization and in three workspaces"
    );
    assert_eq!(roles_of(&acme.ada, CAT), [(json!(acme.id), json!("admin"))]);
    // Through a group, and no more than the reader may see.
    let workspaces = json(&acme.get(&acme.ada, "/workspaces"))["workspaces"].clone();
    let hidden = workspaces[1]["id"].as_str().unwrap();
    let group = json!({ "name": "Crew", "workspace": hidden });
    let group = format!("/groups/{}", id(&acme.post(&acme.ada, "/groups", &group)));
    let grant = acme.put(
        &acme.ada,
        &format!("{group}/grants/{hidden}"),
        &json!({ "role": "viewer" }),
    );
    assert_eq!(grant.status, 200);
    let into = format!("{group}{}", acme.member("zoe_1@example.com"));
    assert_eq!(acme.put(&acme.ada, &into, &json!({})).status, 200);
    assert_eq!(roles_of(&acme.ada, "zoe_1").len(), 2);
    assert_eq!(roles_of(&ben, "zoe_1").len(), 1);
    // Who is suspended keeps their roles.
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    assert_eq!(roles_of(&acme.ada, BEN).len(), 4);
}

#[test]
fn m12_a_cursor_counts_for_one_list_its_filters_and_one_principal() {
    let (acme, ben) = full();
    let cat = acme.world.sign_in(CAT);
    let next = |session: &str, path: &str, query: &str| {
        let page = json(&acme.page(session, path, query));
        page["next"].as_str().unwrap().to_owned()
    };
    let workspaces = next(&acme.ada, "/workspaces", "limit=1");
    let members = next(&acme.ada, "/members", "limit=1");
    let with = |cursor: &str| format!("cursor={cursor}");
    assert_eq!(
        acme.page(&acme.ada, "/workspaces", &with(&workspaces))
            .status,
        200
    );
    for (session, path, query) in [
        (&acme.ada, "/projects", with(&workspaces)),
        (&acme.ada, "/members", with(&workspaces)),
        (&acme.ada, "/workspaces", with(&members)),
        (&cat, "/workspaces", with(&workspaces)),
        (&ben, "/workspaces", with(&workspaces)),
        (
            &acme.ada,
            "/members",
            format!("sort=email&{}", with(&members)),
        ),
        (
            &acme.ada,
            "/members",
            format!("search=e&{}", with(&members)),
        ),
        (&acme.ada, "tokens", with(&workspaces)),
    ] {
        refused(&acme.page(session, path, &query), 400, "invalid-cursor");
    }
}

/// A late page asks the database for as much as the first one: what SQLite reads is a range of an index.
#[test]
fn the_cost_of_a_page_of_members_does_not_grow_with_its_number() {
    let acme = lockstep("");
    let sql = acme
        .world
        .objects
        .database(Class::Organization, &acme.id)
        .unwrap();
    for column in ["member.joined_at_ms", "member.address"] {
        let plan = format!(
            "EXPLAIN QUERY PLAN SELECT user FROM member WHERE left_at_ms IS NULL AND ({column}, member.rowid) > ('x', 7) ORDER BY {column}, member.rowid LIMIT 51"
        );
        let rows = Sql::exec(&*sql, &plan, &[]).unwrap();
        let steps: Vec<&str> = rows.iter().map(|row| row.text("detail").unwrap()).collect();
        assert!(
            steps.iter().all(|step| !step.contains("TEMP B-TREE")),
            "{steps:?}"
        );
        assert!(steps[0].contains("SEARCH member USING INDEX"), "{steps:?}");
    }
}

#[test]
fn a_time_of_the_log_is_one_that_a_date_can_name() {
    let acme = lockstep("");
    for (time, status) in [
        ("0", 200),
        ("8640000000000000", 200),
        ("8640000000000001", 400),
        ("9007199254740992", 400),
        ("9223372036854775807", 400),
        ("9223372036854775808", 400),
        ("-1", 400),
    ] {
        for name in ["from_ms", "to_ms"] {
            let answer = acme.page(&acme.ada, "/audit", &format!("{name}={time}"));
            assert_eq!(answer.status, status, "{name} {time}: {}", text(&answer));
        }
    }
}

#[test]
fn what_ran_out_is_found_among_invitations_and_walked_as_what_waits_is() {
    const WEEK_MS: i64 = 604_800_000;
    let acme = lockstep("");
    let expired: Vec<_> = ["p1", "p2", "p3"]
        .map(|name| json!(acme.invited(&format!("{name}@example.com"), "member")))
        .into();
    acme.world.clock.advance_ms(WEEK_MS);
    let pending = [json!(acme.invited("p4@example.com", "member"))];
    let list = &("/invitations", "invitations", "id");
    let walked = |query: &str| acme.walked(&acme.ada, list, query, 2);
    assert_eq!(walked(""), pending);
    assert_eq!(walked("status=pending"), pending);
    let newest_first: Vec<_> = expired.iter().rev().cloned().collect();
    assert_eq!(walked("status=expired"), newest_first);
    for query in [
        "status=",
        "status=accepted",
        "status=expired&status=pending",
    ] {
        let refusal = acme.page(&acme.ada, "/invitations", query);
        refused(&refusal, 400, "invalid-query");
    }
    // One that is sent again, or canceled, is no longer among them.
    let of = |id: &serde_json::Value| format!("/invitations/{}", id.as_str().unwrap());
    let [first, second, _] = expired.as_slice() else {
        panic!("three");
    };
    let again = format!("{}/resend", of(first));
    assert_eq!(acme.post(&acme.ada, &again, &json!({})).status, 200);
    assert_eq!(acme.delete(&acme.ada, &of(second)).status, 204);
    assert_eq!(walked("status=expired"), expired[2..]);
}
