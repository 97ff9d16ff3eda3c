//! An organization with many members: what is asked and changed there costs what it does where there are few.
//! Counted are the steps of SQLite's machine and the rows that it hands over, which have no noise.

use serde_json::json;

use super::{Acme, BEN, CAT, id, issuers::Idp, lockstep};
use crate::{
    http::{Method, Request, Response},
    objects::Class,
    sql::Sql,
    testing::{Work, json, text},
};

const FEW: i64 = 300;
const MANY: i64 = 3_000;
/// Members of a page.
const PAGE: usize = 50;
/// What a search may cost a member: one entry of an index is looked at, and no row.
const STEPS_OF_AN_ENTRY: u64 = 12;

/// An organization of `members`, all of whom hold a role of its own, and Ben, an admin.
struct Large {
    acme: Acme,
    ben: String,
    /// The id of the role.
    role: String,
    /// Where they hold it: a workspace's id.
    workspace: String,
}

impl Large {
    fn of(members: i64) -> Self {
        let acme = lockstep("");
        let ben = acme.joined(BEN, "admin");
        acme.joined(CAT, "member");
        let own = json!({ "name": "Own", "base": "viewer" });
        let role = id(&acme.post(&acme.ada, "/roles", &own));
        let workspace = acme.workspace("W").replace("/workspaces/", "");
        let large = Self {
            acme,
            ben,
            role,
            workspace,
        };
        large.fill(members);
        large.acme.world.settle();
        large
    }

    /// Members as rows, of which no more than they need is told to anybody.
    fn fill(&self, members: i64) {
        let sql = self.sql();
        let sql: &dyn Sql = &*sql;
        let numbers =
            "WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < ?1)";
        let member = "INSERT INTO member (user, address, joined_at_ms, epoch)
            SELECT 'usr_' || at, 'p' || (at * 7919 % 10007) || '@large.example', 1900000000000 + at, 1 FROM n";
        sql.exec(&format!("{numbers} {member}"), &[members.into()])
            .unwrap();
        let granted = "INSERT INTO granted (user, node, role)
            SELECT user, ?, ? FROM member WHERE address LIKE '%@large.example'";
        for (node, role) in [(&*self.acme.id, "member"), (&*self.workspace, &*self.role)] {
            sql.exec(granted, &[node.into(), role.into()]).unwrap();
        }
        sql.exec("DELETE FROM audit_change", &[]).unwrap();
    }

    /// KV has been sent what each of them holds.
    fn publish(&self) {
        let sql = self.sql();
        let sql: &dyn Sql = &*sql;
        let published = "INSERT INTO published (principal, epoch)
            SELECT user, epoch FROM member WHERE address LIKE '%@large.example'";
        sql.exec(published, &[]).unwrap();
    }

    /// An issuer vouches for all of them, and there are as many projects and former invitations; answers its path.
    fn vouch(&self) -> String {
        let idp = Idp::new(1);
        let path = self.acme.issuer(&idp, None);
        let sql = self.sql();
        let sql: &dyn Sql = &*sql;
        let vouched =
            "UPDATE member SET issuer = ?, subject = user WHERE address LIKE '%@large.example'";
        sql.exec(vouched, &[idp.name.as_str().into()]).unwrap();
        let node = "INSERT INTO node (id, level, parent, position, name)
            SELECT 'prj_' || user, 'project', ?, 1000 + rowid, user FROM member WHERE address LIKE '%@large.example'";
        sql.exec(node, &[self.workspace.as_str().into()]).unwrap();
        self.invite();
        path
    }

    /// As many invitations, half of which wait, each with the role there; none is a member's.
    fn invite(&self) {
        let sql = self.sql();
        let sql: &dyn Sql = &*sql;
        let invited = "INSERT INTO invitation (id, hash, address, role, state, invited_by, created_at_ms, expires_at_ms, seen_by)
            SELECT 'inv_' || user, user, user, 'member', CASE rowid % 2 WHEN 0 THEN 'pending' ELSE 'accepted' END, 'svc_other', 1, 2, 'usr_other' FROM member WHERE address LIKE '%@large.example'";
        sql.exec(invited, &[]).unwrap();
        let offered = "INSERT INTO invitation_grant (invitation, node, role) SELECT id, ?, ? FROM invitation WHERE id LIKE 'inv_usr_%'";
        let values = [self.workspace.as_str().into(), self.role.as_str().into()];
        sql.exec(offered, &values).unwrap();
        sql.exec("DELETE FROM audit_change", &[]).unwrap();
    }

    fn sql(&self) -> std::rc::Rc<crate::testing::LocalSql> {
        let objects = &self.acme.world.objects;
        objects
            .database(Class::Organization, &self.acme.id)
            .unwrap()
    }

    /// What `ask` costs the organization's object.
    fn work(&self, status: u16, ask: impl FnOnce(&Self) -> Response) -> Work {
        self.sql().take_work();
        let answer = ask(self);
        assert_eq!(answer.status, status, "{}", text(&answer));
        self.sql().take_work()
    }

    fn page(&self, query: &str) -> Response {
        let path = self.acme.path("/members");
        let request = Request::new(Method::Get, path).with_query(query);
        self.acme
            .world
            .send(&request.with_header("cookie", &self.ben))
    }

    /// What every full page of a list costs.
    fn pages(&self, query: &str) -> Vec<Work> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            self.sql().take_work();
            let page = json(&self.page(&format!("limit={PAGE}&{query}{cursor}")));
            let work = self.sql().take_work();
            let Some(next) = page["next"].as_str() else {
                return all;
            };
            all.push(work);
            cursor = format!("&cursor={next}");
        }
    }
}

#[test]
fn m11_a_late_page_costs_what_the_first_one_does() {
    let large = Large::of(MANY);
    for query in ["sort=joined", "sort=email"] {
        let pages = large.pages(query);
        assert!(pages.len() >= 59, "{}", pages.len());
        // The first page has no cursor, and begins with those who hold less than the others.
        let early = &pages[1];
        for page in pages.iter().skip(1) {
            let more = page.steps.saturating_sub(early.steps);
            assert!(more <= early.steps / 50, "{query}: {early:?}, {page:?}");
            assert!(page.rows <= early.rows, "{query}: {early:?}, {page:?}");
        }
        let first = pages.first().unwrap();
        assert!(early.steps <= first.steps + first.steps / 10);
    }
}

#[test]
fn a_search_hands_over_nobody_who_does_not_match() {
    let large = Large::of(MANY);
    for sort in ["joined", "email"] {
        let all = large.work(200, |it| it.page(&format!("limit={PAGE}&sort={sort}")));
        let none = large.work(200, |it| {
            it.page(&format!("limit={PAGE}&sort={sort}&search=nobody"))
        });
        let members = u64::try_from(MANY).unwrap();
        assert!(none.rows + 50 <= all.rows, "{none:?} {all:?}");
        assert!(
            none.steps <= all.steps + members * STEPS_OF_AN_ENTRY,
            "{none:?} {all:?}"
        );
    }
}

/// What is asked of both.
type Ask = Box<dyn Fn(&Large) -> Response>;

#[test]
fn what_is_asked_and_changed_costs_no_more_with_more_members() {
    let [few, many] = [FEW, MANY].map(Large::of);
    let all: [(&str, Ask); 5] = [
        ("the first page", Box::new(|it| it.page("limit=20"))),
        (
            "a sensitive decision",
            Box::new(|it| it.acme.evaluate(&it.ben, "member.remove")),
        ),
        (
            "another role",
            Box::new(|it| {
                let member = it.acme.member(CAT);
                it.sql().take_work();
                it.acme
                    .patch(&it.ben, &member, &json!({ "role": "view-only" }))
            }),
        ),
        (
            "an edit of the role that all hold",
            Box::new(|it| {
                let path = format!("/roles/{}", it.role);
                it.acme.patch(&it.ben, &path, &json!({ "name": "Other" }))
            }),
        ),
        (
            "an acceptance",
            Box::new(|it| {
                let invitation = it.acme.invited("dan@example.com", "member");
                let session = it.acme.world.sign_in("dan@example.com");
                it.sql().take_work();
                it.acme.accept(&session, &invitation)
            }),
        ),
    ];
    for (what, ask) in all {
        let [small, large] = [&few, &many].map(|it| it.work(200, |it| ask(it)));
        assert!(
            large.steps <= small.steps + small.steps / 5,
            "{what}: {small:?}, {large:?}"
        );
        assert!(large.rows <= small.rows + 2, "{what}: {small:?}, {large:?}");
    }
}

#[test]
fn an_edit_of_a_role_that_many_hold_is_one_value_in_kv() {
    let large = Large::of(MANY);
    let sql = large.sql();
    let sql: &dyn Sql = &*sql;
    let path = format!("/roles/{}", large.role);
    let edited = large
        .acme
        .patch(&large.ben, &path, &json!({ "name": "Other" }));
    assert_eq!(edited.status, 200, "{}", text(&edited));
    let waiting = sql.exec("SELECT lane FROM outbox", &[]).unwrap();
    let lanes: Vec<_> = waiting
        .iter()
        .map(|row| row.optional_text("lane").unwrap().map(str::to_owned))
        .collect();
    assert_eq!(lanes, [Some(format!("roles/{}", large.acme.id))]);
}

/// What ends with it is told of to each of its members.
#[test]
fn an_end_costs_each_member_the_same() {
    let ends: [(&str, u16, Ask); 3] = [
        (
            "their role",
            204,
            Box::new(|it| {
                it.invite();
                it.sql().take_work();
                let role = format!("/roles/{}", it.role);
                it.acme.delete(&it.acme.ada, &role)
            }),
        ),
        (
            "the organization",
            204,
            Box::new(|it| it.acme.delete_with(&it.acme.ada, "", "name=Acme")),
        ),
        (
            "their issuer",
            204,
            Box::new(|it| {
                let issuer = it.vouch();
                it.sql().take_work();
                it.acme.delete(&it.acme.ada, &issuer)
            }),
        ),
    ];
    for (what, status, end) in ends {
        let [few, many] = [FEW, MANY].map(|members| {
            let large = Large::of(members);
            large.publish();
            large.work(status, |it| end(it))
        });
        let times = u64::try_from(MANY / FEW).unwrap();
        assert!(
            many.steps <= few.steps * (times + 1),
            "{what}: {few:?}, {many:?}"
        );
        assert!(many.rows <= few.rows * times, "{what}: {few:?}, {many:?}");
    }
}

/// What an organization's roles are called is read once, however many invitations name them.
#[test]
fn a_list_of_invitations_reads_the_own_roles_once() {
    const ROLES: u64 = 200;
    let acme = lockstep("");
    let workspaces: Vec<String> = (0..10).map(|n| acme.workspace(&format!("W{n}"))).collect();
    let own = json!({ "name": "Own", "base": "viewer" });
    let role = id(&acme.post(&acme.ada, "/roles", &own));
    let offered: Vec<_> = workspaces
        .iter()
        .map(|path| json!({ "workspace": path.replace("/workspaces/", ""), "role": role }))
        .collect();
    let rows: Vec<_> = (0..20)
        .map(|n| json!({ "email": format!("p{n}@example.com"), "role": "member", "workspaces": offered }))
        .collect();
    let more = format!(
        "WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < {ROLES})
        INSERT INTO custom_role (id, definition, created_at_ms)
        SELECT 'role_' || at, REPLACE(definition, '{role}', 'role_' || at), at FROM n, custom_role"
    );
    acme.execute(&more);
    let sql = acme.world.objects.database(Class::Organization, &acme.id);
    let sql = sql.unwrap();
    let body = json!({ "invitations": rows });
    let asks: [(&str, &dyn Fn() -> Response); 2] = [
        ("made", &|| {
            acme.post(&acme.ada, "/invitations/batch", &body)
        }),
        ("listed", &|| acme.get(&acme.ada, "/invitations")),
    ];
    for (what, ask) in asks {
        sql.take_work();
        let answer = ask();
        let work = sql.take_work();
        assert!(
            text(&answer).contains("\"role_name\":\"Own\""),
            "{}",
            text(&answer)
        );
        // To know what who asks holds, and with what is written.
        assert!(work.rows < 10 * ROLES, "{what}: {work:?}");
    }
}
