//! How much of everything there may be: so much, and not one more.

use serde_json::json;

use super::{
    Acme, BEN, consistency::BOUND_MS, export::exported, id, issuers::Idp, lockstep, refused,
};
use crate::{
    http::{Method, Response},
    sql::Sql,
    testing::{START_MS, json, text},
};

/// How many there may be, how each row of those that are there is written by its number (`at`), and what makes another one.
type Limit = (i64, &'static str, fn(&Acme, number: i64) -> Response);

const LINKS: Limit = (
    50,
    "INSERT INTO invitation_link (id, hash, role, made_by, uses_max, created_at_ms, expires_at_ms)
        SELECT 'lnk_' || at, 'h' || at, 'member', 'usr_1', 1, 1, 9000000000000",
    |acme, _| {
        let body = json!({ "role": "member", "uses_max": 1 });
        acme.post(&acme.ada, "/links", &body)
    },
);

const INVITATIONS: Limit = (
    500,
    "INSERT INTO invitation (id, hash, address, role, state, invited_by, created_at_ms, expires_at_ms)
        SELECT 'inv_' || at, 'h' || at, at || '@example.net', 'member', 'pending', 'usr_1', 1, 9000000000000",
    |acme, number| acme.invite(&acme.ada, &format!("p{number}@example.com"), "member"),
);

/// Core reads no more than that.
const ROLES: Limit = (
    256,
    r#"INSERT INTO custom_role (id, definition, created_at_ms)
        SELECT 'role_' || at, '{"id":"role_' || at || '","name":"Own","base":"viewer"}', 1"#,
    |acme, _| {
        let body = json!({ "name": "Own", "base": "viewer" });
        acme.post(&acme.ada, "/roles", &body)
    },
);

const NODES: Limit = (
    4_000,
    "INSERT INTO node (id, level, parent, position)
        SELECT 'wsp_' || at, 'workspace', '{org}', at",
    |acme, _| acme.post(&acme.ada, "/workspaces", &json!({ "name": "North" })),
);

const GROUPS: Limit = (
    1_000,
    "INSERT INTO access_group (id, home, name, created_at_ms)
        SELECT 'grp_' || at, '{org}', 'Crew', 1",
    |acme, _| acme.post(&acme.ada, "/groups", &json!({ "name": "Crew" })),
);

const ACCOUNTS: Limit = (
    200,
    "INSERT INTO service_account (id, name, created_at_ms, epoch)
        SELECT 'sva_' || at, 'Deployer', 1, 1",
    |acme, _| {
        let body = json!({ "name": "Deployer", "grants": [{ "role": "gateway" }] });
        acme.post(&acme.ada, "/service-accounts", &body)
    },
);

const DOMAINS: Limit = (
    20,
    "INSERT INTO domain (id, domain, challenge, role, claimed_at_ms, saved_by, epoch)
        SELECT 'dom_' || at, at || '.example', 'c', 'member', 1, 'usr_1', 1",
    |acme, number| {
        let body = json!({ "domain": format!("d{number}.example"), "role": "member" });
        acme.post(&acme.ada, "/domains", &body)
    },
);

impl Acme {
    /// Writes so many rows, each by its number.
    fn fill(&self, rows: i64, insert: &str) {
        let insert = insert.replace("{org}", &self.id);
        let numbers = format!(
            "WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < {rows})"
        );
        self.execute(&format!("{numbers} {insert} FROM n"));
        self.execute("DELETE FROM audit_change");
    }

    fn write_row(&self, insert: &str, values: [&str; 2]) {
        let values = values.map(Into::into);
        Sql::exec(&*self.database(), insert, &values).unwrap();
        self.execute("DELETE FROM audit_change");
    }
}

/// What a statement writes into.
fn table(insert: &str) -> &str {
    insert.split(' ').nth(2).unwrap()
}

#[track_caller]
fn made(answer: &Response) {
    assert_eq!(answer.status, 201, "{}", text(answer));
}

#[test]
fn there_may_be_so_many_of_each_and_no_more() {
    let mut open = Vec::new();
    for (most, insert, another) in [LINKS, INVITATIONS, ROLES, NODES, GROUPS, ACCOUNTS, DOMAINS] {
        let acme = lockstep("");
        acme.fill(most - 1, insert);
        made(&another(&acme, 1));
        let more = another(&acme, 2);
        if more.status != 409 || json(&more)["code"] != "limit-reached" {
            open.push((table(insert), more.status));
        }
    }
    assert_eq!(open, []);
}

#[test]
fn what_is_over_takes_no_room() {
    let mut full = Vec::new();
    for (limit, over) in [
        (LINKS, "expires_at_ms = 1"),
        (LINKS, "revoked_at_ms = 1"),
        (LINKS, "uses = uses_max"),
        (INVITATIONS, "expires_at_ms = 1"),
        (INVITATIONS, "state = 'accepted'"),
        (ACCOUNTS, "deleted_at_ms = 1"),
    ] {
        let (most, insert, another) = limit;
        let acme = lockstep("");
        acme.fill(most, insert);
        refused(&another(&acme, 1), 409, "limit-reached");
        acme.execute(&format!("UPDATE {} SET {over}", table(insert)));
        if another(&acme, 2).status != 201 {
            full.push((table(insert), over));
        }
    }
    assert_eq!(full, []);
}

#[test]
fn a_role_is_changed_where_there_is_no_room_for_another() {
    let acme = lockstep("");
    let role = acme.role("viewer", &[]);
    let (most, insert, _) = ROLES;
    acme.fill(most - 1, insert);
    let other = json!({ "name": "Other" });
    let renamed = acme.patch(&acme.ada, &format!("/roles/{role}"), &other);
    assert_eq!(renamed.status, 200, "{}", text(&renamed));
}

/// An import makes as many as there were members. One that has expired is one more.
#[test]
fn an_invitation_that_waits_is_sent_again_where_there_is_no_room_for_another() {
    let resent = |expires_at_ms: i64| {
        let acme = lockstep("");
        let waiting = acme.invited(BEN, "member");
        let (most, insert, _) = INVITATIONS;
        acme.fill(most, insert);
        acme.execute(&format!(
            "UPDATE invitation SET expires_at_ms = {expires_at_ms} WHERE id = '{waiting}'"
        ));
        let again = format!("/invitations/{waiting}/resend");
        acme.post(&acme.ada, &again, &json!({})).status
    };
    assert_eq!([START_MS + 1, START_MS].map(resent), [200, 409]);
}

#[test]
fn an_account_has_so_many_keys() {
    let acme = lockstep("");
    let account = acme.account(&[json!({ "role": "gateway" })]);
    let of = account.replace("/service-accounts/", "");
    acme.fill(49, &format!("INSERT INTO service_key (id, account, hash, name, created_at_ms, shown_to) SELECT 'svk_' || at, '{of}', 'h' || at, 'ci', 1, 'usr_1'"));
    let key = || acme.create_key(&acme.ada, &account, &json!({ "name": "ci" }));
    made(&key());
    refused(&key(), 409, "limit-reached");
    acme.execute("UPDATE service_key SET expires_at_ms = 1 WHERE id = 'svk_1'");
    made(&key());
}

#[test]
fn a_group_is_granted_something_in_so_many_places() {
    let acme = lockstep("");
    let crew = id(&acme.post(&acme.ada, "/groups", &json!({ "name": "Crew" })));
    acme.fill(99, &format!("INSERT INTO group_granted (access_group, node, role) SELECT '{crew}', 'wsp_' || at, 'viewer'"));
    let [north, south] = ["North", "South"].map(|name| acme.workspace(name));
    let grant = |workspace: &str, role: &str| {
        let workspace = workspace.replace("/workspaces/", "");
        let grant = format!("/groups/{crew}/grants/{workspace}");
        acme.put(&acme.ada, &grant, &json!({ "role": role }))
    };
    assert_eq!(grant(&north, "viewer").status, 200);
    refused(&grant(&south, "viewer"), 409, "limit-reached");
    assert_eq!(grant(&north, "editor").status, 200, "in the place of it");
}

/// They are one value of KV, for all isolates.
#[test]
fn roles_and_rules_together_have_so_many_bytes() {
    const MOST: usize = 900_000;
    let acme = lockstep("");
    let role = acme.role("viewer", &[]);
    let long = |chars: usize| {
        let role = json!({ "id": "role_1", "name": "x".repeat(chars), "base": "viewer" });
        let insert = "INSERT INTO custom_role (id, definition, created_at_ms) VALUES (?, ?, 1)
            ON CONFLICT (id) DO UPDATE SET definition = excluded.definition";
        acme.write_row(insert, ["role_1", &role.to_string()]);
    };
    // Another name each time: what is so already is not written.
    let names = std::cell::RefCell::new(["One", "Two"].into_iter().cycle());
    let save = || {
        let body = json!({ "name": names.borrow_mut().next() });
        acme.patch(&acme.ada, &format!("/roles/{role}"), &body)
    };
    let bytes = || {
        acme.world.clock.advance_ms(1_000);
        acme.world.settle();
        let key = format!("roles/{}", acme.id);
        let puts = acme.world.kv.puts.borrow();
        puts.iter().rfind(|put| put.0 == key).unwrap().1.len()
    };
    long(1);
    assert_eq!(save().status, 200);
    let beside = bytes() - 1;
    long(MOST - beside);
    let saved = save();
    assert_eq!(saved.status, 200, "{}", text(&saved));
    assert_eq!(bytes(), MOST);
    long(MOST - beside + 1);
    refused(&save(), 409, "limit-reached");
    let rule = json!({ "effect": "deny", "roles": ["viewer"], "permissions": ["data.read"] });
    refused(&acme.post(&acme.ada, "/rules", &rule), 409, "limit-reached");
}

#[test]
fn an_organization_of_so_many_rows_is_exported_and_of_no_more() {
    let acme = lockstep("");
    let all = [
        "node",
        "member",
        "granted",
        "access_group",
        "group_member",
        "group_granted",
        "service_account",
        "custom_role",
        "setting",
    ];
    let there: i64 = all.iter().map(|table| acme.count(table)).sum();
    acme.fill(
        50_000 - there,
        "INSERT INTO group_member (access_group, user) SELECT 'grp_1', 'usr_' || at",
    );
    exported(&acme);
    acme.execute("INSERT INTO group_member (access_group, user) VALUES ('grp_1', 'usr_0')");
    refused(&acme.get(&acme.ada, "/export"), 409, "limit-reached");
}

#[test]
fn an_organization_with_so_many_bytes_of_settings_is_exported_and_with_no_more() {
    let acme = lockstep("");
    let setting = |name: &str, bytes: usize| {
        let value = |text: &str| json!({ "preference": { "text": text } }).to_string();
        let rest = bytes - value("").len();
        // A byte is no character.
        let value = value(&("\u{1f512}".repeat(rest / 4) + &"x".repeat(rest % 4)));
        assert_eq!(value.len(), bytes);
        let insert = "INSERT INTO setting (node, id, kind, value, changed_by, changed_at_ms, epoch) VALUES ('{org}', ?, 'preference', ?, 'usr_1', 1, 1)
            ON CONFLICT (node, id) DO UPDATE SET value = excluded.value";
        acme.write_row(&insert.replace("{org}", &acme.id), [name, &value]);
    };
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        setting(name, 1_000_000);
    }
    exported(&acme);
    setting("a", 1_000_001);
    refused(&acme.get(&acme.ada, "/export"), 409, "limit-reached");
}

/// Who finds no room is no member, and is told nothing of what there is.
#[test]
fn so_many_come_in_on_the_word_of_issuers() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    acme.issuer(&idp, Some("member"));
    let read = |subject: &str| {
        let token = idp.token(subject);
        let edge = &acme.world.edge;
        acme.bear(edge, &token, Method::Get, "", &json!({}))
    };
    acme.fill(9_999, "INSERT INTO member (user, issuer, subject, joined_at_ms, epoch) SELECT 'usr_' || at, 'https://idp.example/2', 'p' || at, 1, 1");
    assert_eq!(read("last").status, 200);
    refused(&read("more"), 404, "not-found");
    assert_eq!(read("last").status, 200);
    // Whoever leaves makes room.
    acme.execute("UPDATE member SET left_at_ms = 1 WHERE user = 'usr_1'");
    acme.world.clock.advance_ms(BOUND_MS);
    assert_eq!(read("more").status, 200);
}

#[test]
fn nobody_comes_in_whom_an_issuer_calls_by_a_long_name() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    acme.issuer(&idp, Some("member"));
    for (bytes, status) in [(512, 200), (513, 404)] {
        let token = idp.token(&"x".repeat(bytes));
        let read = acme.bear(&acme.world.edge, &token, Method::Get, "", &json!({}));
        assert_eq!(read.status, status, "{}", text(&read));
    }
}
