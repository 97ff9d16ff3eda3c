//! What one who asks could put on everybody's object: pages without end, questions of strangers, and what is owed again and again.

use serde_json::{Value, json};

use super::{Acme, BEN, CAT, lockstep, refused};
use crate::{
    http::{Method, Request},
    objects::Class,
    sql::Sql,
    testing::{json, text, write},
};

const EVE: &str = "eve@elsewhere.example";

impl Acme {
    /// So many projects, and nothing is told of them.
    fn projects(&self, count: u32) {
        let workspace = self.workspace("Full").replace("/workspaces/", "");
        self.execute(&format!(
            "WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < {count})
            INSERT INTO node (id, level, parent, position, name) SELECT 'prj_' || at, 'project', '{workspace}', 1000 + at, 'P' FROM n"
        ));
        self.execute("DELETE FROM audit_change");
    }

    /// Rows that the object's database hands over for what `ask` asks.
    fn rows(&self, ask: impl FnOnce()) -> u64 {
        let objects = &self.world.objects;
        let sql = objects.database(Class::Organization, &self.id).unwrap();
        sql.take_work();
        ask();
        sql.take_work().rows
    }
}

#[test]
fn a_stranger_has_nothing_read_that_an_organization_has_much_of() {
    let acme = lockstep("");
    let eve = acme.world.sign_in(EVE);
    acme.projects(2_000);
    let asked = [
        acme.rows(|| refused(&acme.get(&eve, ""), 404, "not-found")),
        acme.rows(|| refused(&acme.get(&eve, "/snapshot"), 404, "not-found")),
        acme.rows(|| {
            assert!(
                !acme.may(&eve, "organization.export"),
                "asked of the object"
            )
        }),
        acme.rows(|| assert!(!acme.may(&eve, "organization.read"), "and of its snapshot")),
    ];
    assert!(asked.iter().all(|rows| *rows < 50), "{asked:?}");
    let member = acme.rows(|| assert_eq!(acme.get(&acme.ada, "").status, 200));
    assert!(member > 2_000, "{member}");
}

/// Whoever is in fifty groups of a hundred grants has five thousand roles, and so may everybody on a page.
#[test]
fn a_page_of_members_has_so_many_roles_and_no_more() {
    let acme = lockstep("");
    let people = ["a", "b", "c", "d", "e"].map(|name| format!("{name}@acme.example"));
    for person in &people {
        acme.joined(person, "member");
    }
    acme.projects(100);
    for group in 0..20 {
        acme.execute(&format!(
            "INSERT INTO group_member (access_group, user) SELECT 'grp_{group}', user FROM member"
        ));
        acme.execute(&format!(
            "INSERT INTO group_granted (access_group, node, role) SELECT 'grp_{group}', id, 'viewer' FROM node WHERE level = 'project'"
        ));
    }
    acme.execute("DELETE FROM audit_change");
    let mut seen: Vec<Value> = Vec::new();
    let (mut sizes, mut cursor) = (Vec::new(), String::new());
    loop {
        let list = Request::new(Method::Get, acme.path("/members"))
            .with_query(&format!("limit=50{cursor}"))
            .with_header("cookie", &acme.ada);
        let page = json(&acme.world.send(&list));
        let members = page["members"].as_array().unwrap();
        sizes.push(members.len());
        seen.extend(members.iter().cloned());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(sizes, [2, 2, 2], "two thousand and one each, of six");
    let mut addresses: Vec<_> = seen.iter().map(|one| one["email"].clone()).collect();
    addresses.dedup();
    assert_eq!(addresses.len(), 6, "{addresses:?}");
    for member in &seen {
        let roles = member["roles"].as_array().unwrap();
        assert_eq!(roles.len(), 2_001, "{}", member["email"]);
    }
}

/// Whoever renames an organization again and again owes each receiver the last name.
#[test]
fn each_receiver_is_owed_the_newest_word_alone() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    acme.world.settle();
    let invited = acme.invite(&acme.ada, CAT, "member");
    assert_eq!(invited.status, 201, "{}", text(&invited));
    let waiting = || {
        let objects = &acme.world.objects;
        let sql = objects.database(Class::Organization, &acme.id).unwrap();
        let rows = sql.exec("SELECT payload FROM outbox", &[]).unwrap();
        let kinds = rows.iter().map(|row| {
            let payload: Value = serde_json::from_str(row.text("payload").unwrap()).unwrap();
            payload.as_object().unwrap().keys().next().unwrap().clone()
        });
        let mut kinds: Vec<String> = kinds.filter(|kind| kind != "kv_put").collect();
        kinds.sort();
        kinds
    };
    for number in 0..5 {
        let name = json!({ "name": format!("Acme {number}") });
        assert_eq!(acme.patch(&acme.ada, "", &name).status, 200);
    }
    let once = [
        "address_invitation",
        "mail",
        "user_organization",
        "user_organization",
    ];
    assert_eq!(waiting(), once);
    acme.world.settle();
    let me = Request::new(Method::Get, "/v1/me").with_header("cookie", &ben);
    let me = json(&acme.world.send(&me));
    assert_eq!(me["organizations"][0]["name"], "Acme 4");
    let cat = acme.world.sign_in(CAT);
    let mine = Request::new(Method::Get, "/v1/me/invitations").with_header("cookie", &cat);
    let mine = json(&acme.world.send(&mine));
    assert_eq!(mine["invitations"][0]["organization"]["name"], "Acme 4");
}

/// So do streams that end: each session that does would be another word.
#[test]
fn a_session_that_ends_tells_each_organization_once() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    acme.world.settle();
    let sessions = [(); 3].map(|()| acme.world.sign_in(BEN));
    for session in sessions {
        let out = write(Method::Delete, "/v1/session", &json!({}));
        let out = acme.world.send(&out.with_header("cookie", &session));
        assert_eq!(out.status, 204, "{}", text(&out));
    }
    let objects = &acme.world.objects;
    let sql = objects.database(Class::User, &acme.user(BEN)).unwrap();
    let ends = "SELECT id FROM outbox WHERE payload LIKE '{\"streams_end\"%'";
    assert_eq!(sql.exec(ends, &[]).unwrap().len(), 1);
}
