//! The audit log: every change, every refusal, and a chain that shows what was done to it.

mod ended;
mod long;

use lockstep_wire::{AuditEnd, AuditError, AuditOutcome, AuditPoint, AuditRow, AuditStart};
use serde_json::{Value, json};

use super::{ADA, Acme, BEN, CAT, refused};
use crate::{
    http::{Body, Method, Request, Response},
    objects::Class,
    sql::Sql,
    testing::{World, json, now, text},
};

fn acme() -> Acme {
    Acme::in_world(World::with_vars(&[("LOCKSTEP_POLICY", "lockstep")]))
}

fn rows_of(answer: &Response) -> Vec<AuditRow> {
    assert_eq!(answer.status, 200, "{}", text(answer));
    serde_json::from_value(json(answer)["rows"].clone()).unwrap()
}

impl Acme {
    fn audit(&self, session: &str, query: &str) -> Response {
        let request = Request::new(Method::Get, self.path("/audit"))
            .with_query(query)
            .with_header("cookie", session);
        self.world.send(&request)
    }

    /// The whole log, the oldest row first.
    pub(super) fn log(&self) -> Vec<AuditRow> {
        let (mut rows, mut query) = (Vec::new(), Some("limit=200".to_owned()));
        while let Some(asked) = query {
            let page = self.audit(&self.ada, &asked);
            rows.extend(rows_of(&page));
            let next = json(&page)["next"].as_str().map(str::to_owned);
            query = next.map(|next| format!("limit=200&cursor={next}"));
        }
        rows.reverse();
        rows
    }

    fn actions(&self) -> Vec<String> {
        self.log().into_iter().map(|row| row.action).collect()
    }

    pub(super) fn database(&self) -> std::rc::Rc<crate::testing::LocalSql> {
        let objects = &self.world.objects;
        objects.database(Class::Organization, &self.id).unwrap()
    }

    pub(super) fn export(&self, query: &str) -> String {
        let answer = self.audit(&self.ada, query);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        let Body::Chunks(chunks) = answer.body else {
            panic!("an export is made while it is sent");
        };
        let chunks: Vec<_> = now(futures_util::StreamExt::collect(chunks));
        let bytes: Vec<u8> = chunks.into_iter().flat_map(Result::unwrap).collect();
        String::from_utf8(bytes).unwrap()
    }
}

pub(super) fn follow(mut point: AuditPoint, rows: &[AuditRow]) -> Result<AuditPoint, AuditError> {
    rows.iter().try_for_each(|row| point.follow(row))?;
    Ok(point)
}

#[test]
fn every_change_leaves_a_row_and_the_rows_are_a_chain() {
    let acme = acme();
    let ben = acme.joined(BEN, "member");
    acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": "admin" }));
    acme.patch(&acme.ada, "", &json!({ "name": "Acme 2" }));
    let invitation = acme.invited(CAT, "member");
    acme.delete(&ben, &format!("/invitations/{invitation}"));
    let declined = acme.invited(CAT, "member");
    let cat = acme.world.sign_in(CAT);
    acme.post(
        &cat,
        &format!("/invitations/{declined}/decline"),
        &json!({}),
    );
    acme.delete(&acme.ada, &acme.member(BEN));
    let expected = [
        "create",
        "invite",
        "accept-invitation",
        "change-role",
        "update",
        "invite",
        "cancel-invitation",
        "invite",
        "decline-invitation",
        "remove-member",
    ];
    assert_eq!(acme.actions(), expected);
    let log = acme.log();
    let numbers: Vec<i64> = log.iter().map(|row| row.number).collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
    let head = follow(AuditPoint::beginning(&acme.id), &log).unwrap();
    assert_eq!(head.number, 10);
    assert!(log.windows(2).all(|pair| pair[0].epoch < pair[1].epoch));
}

#[test]
fn a_row_says_who_how_what_and_from_where() {
    let acme = acme();
    acme.joined(BEN, "member");
    let member = acme.member(BEN);
    let request = crate::testing::write(
        Method::Patch,
        &acme.path(&member),
        &json!({ "role": "admin" }),
    );
    let request = request
        .with_header("cookie", &acme.ada)
        .with_header("cf-connecting-ip", "192.0.2.7")
        .with_header("user-agent", "browser/1");
    assert_eq!(acme.world.send(&request).status, 200);
    let row = acme.log().pop().unwrap();
    let user = member.replace("/members/", "");
    assert_eq!(row.target, user);
    assert_eq!(row.client.as_deref(), Some("192.0.2.7"));
    assert_eq!(row.user_agent.as_deref(), Some("browser/1"));
    let credential = row.credential.as_ref().unwrap();
    assert_eq!(credential.kind, "session");
    assert!(credential.id.as_ref().unwrap().starts_with("ses_"));
    let me = Request::new(Method::Get, "/v1/me").with_header("cookie", &acme.ada);
    let me = json(&acme.world.send(&me));
    assert_eq!(json!(row.principal), me["user"]["id"]);
    let organization = acme.id.as_str();
    assert_eq!(
        serde_json::to_value(&row.changes).unwrap(),
        json!([{
            "of": "granted",
            "before": { "user": user, "node": organization, "role": "member" },
            "after": { "user": user, "node": organization, "role": "admin" },
        }])
    );
}

/// All rows of all tables that are not the log's own or the outbox's.
fn state(sql: &dyn Sql) -> String {
    let mut state = String::new();
    for table in ["organization", "member", "granted", "node", "invitation"] {
        for row in sql.exec(&format!("SELECT * FROM {table}"), &[]).unwrap() {
            state.push_str(&format!("{table} {row:?}\n"));
        }
    }
    state
}

#[test]
fn every_table_is_watched_or_is_named_as_one_that_follows() {
    let acme = acme();
    let sql = acme.database();
    let sql: &dyn Sql = &*sql;
    let names = |kind: &str| -> Vec<String> {
        let select = "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let rows = sql.exec(select, &[kind.into()]).unwrap();
        rows.iter()
            .map(|row| row.text("name").unwrap().to_owned())
            .collect()
    };
    let triggers = names("trigger");
    let unwatched: Vec<String> = names("table")
        .into_iter()
        .filter(|table| {
            let events = ["INSERT", "UPDATE", "DELETE"];
            !events
                .iter()
                .all(|event| triggers.contains(&format!("audit_{table}_{event}")))
        })
        .collect();
    let expected = [
        "audit",
        "audit_change",
        "audit_checkpoint",
        "audit_denial",
        "base_version",
        "former_address",
        "idempotency",
        "invitation_mail",
        "object_name",
        "outbox",
        "outbox_lane",
        "published",
        "schema_version",
        "webhook_delivery",
        "webhook_event",
    ];
    assert_eq!(unwatched, expected);
}

#[test]
fn what_changed_behind_the_commands_is_logged_by_the_next_one() {
    let acme = acme();
    let sql = acme.database();
    let behind = "UPDATE granted SET role = 'member'";
    let sql: &dyn Sql = &*sql;
    sql.exec(behind, &[]).unwrap();
    sql.exec("UPDATE granted SET role = 'owner'", &[]).unwrap();
    // Code of another version runs in another instance, which looks at the schema first.
    sql.live().forget();
    let log = acme.log();
    let row = log.last().unwrap();
    assert_eq!((row.action.as_str(), row.changes.len()), ("unknown", 2));
    assert_eq!(row.principal, None);
}

#[test]
fn what_is_refused_changes_nothing_and_is_logged_once_a_minute() {
    let acme = acme();
    let ben = acme.joined(BEN, "member");
    let cat = acme.joined(CAT, "member");
    let before = state(&*acme.database());
    let rows = acme.log().len();
    for _ in 0..3 {
        refused(
            &acme.invite(&ben, "dan@example.com", "member"),
            403,
            "no-grant",
        );
    }
    refused(
        &acme.invite(&cat, "dan@example.com", "member"),
        403,
        "no-grant",
    );
    refused(
        &acme.patch(&ben, "", &json!({ "name": "Mine" })),
        403,
        "no-grant",
    );
    refused(&acme.audit(&ben, ""), 403, "no-grant");
    assert_eq!(state(&*acme.database()), before);
    assert_eq!(acme.log().len(), rows, "their minute is not over");
    acme.world.clock.advance_ms(60_000);
    refused(
        &acme.invite(&ben, "dan@example.com", "member"),
        403,
        "no-grant",
    );
    let log = acme.log();
    let denials: Vec<(&str, i64, Option<&str>)> = log[rows..]
        .iter()
        .map(|row| (row.action.as_str(), row.count, row.code.as_deref()))
        .collect();
    let expected = [
        ("invite", 1, Some("no-grant")),
        ("invite", 3, Some("no-grant")),
        ("read-audit", 1, Some("no-grant")),
        ("update", 1, Some("no-grant")),
    ];
    let mut sorted = denials.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert!(
        log[rows..]
            .iter()
            .all(|row| row.outcome == AuditOutcome::Denied)
    );
    follow(AuditPoint::beginning(&acme.id), &log).unwrap();
    acme.world.clock.advance_ms(60_000);
    acme.world.ring(Class::Organization, &acme.id);
    assert_eq!(
        acme.log().len(),
        rows + 5,
        "the alarm settles what nobody asked about"
    );
}

#[test]
fn a_command_that_fails_late_leaves_no_row() {
    let acme = acme();
    let rows = acme.log().len();
    let request = crate::testing::write(Method::Patch, &acme.path(""), &json!({ "name": "New" }))
        .with_header("cookie", &acme.ada)
        .with_header("if-match", "\"999\"");
    refused(&acme.world.send(&request), 412, "precondition-failed");
    assert_eq!(acme.log().len(), rows);
    assert_eq!(json(&acme.get(&acme.ada, ""))["name"], "Acme");
}

#[test]
fn what_was_done_to_the_log_shows() {
    let acme = acme();
    acme.joined(BEN, "member");
    let beginning = AuditPoint::beginning(&acme.id);
    let log = acme.log();
    assert!(follow(beginning.clone(), &log).is_ok());
    let broken = |change: &dyn Fn(&mut Vec<AuditRow>)| {
        let mut edited = log.clone();
        change(&mut edited);
        follow(beginning.clone(), &edited).unwrap_err()
    };
    let at = |number| AuditError::Hash { number };
    assert_eq!(broken(&|log| log[1].principal = None), at(2));
    assert_eq!(broken(&|log| log[1].count = 2), at(2));
    assert_eq!(broken(&|log| log[1].changes.clear()), at(2));
    assert_eq!(broken(&|log| log[0].client = Some(String::new())), at(1));
    assert_eq!(broken(&|log| log[2].outcome = AuditOutcome::Denied), at(3));
    let gone = AuditError::Number {
        expected: 2,
        found: 3,
    };
    assert_eq!(broken(&|log| drop(log.remove(1))), gone);
    // Whoever makes a row anew cannot make those after it fit.
    let forged = broken(&|log| {
        log[1].action = "forged".to_owned();
        log[1].hash = log[1].hash_after(&log[0].hash.clone());
    });
    assert_eq!(forged, at(3));
    assert!(follow(AuditPoint::beginning("org_other"), &log).is_err());
}

#[test]
fn what_is_kept_no_longer_leaves_what_the_rest_stands_on() {
    let world = World::with_vars(&[
        ("LOCKSTEP_POLICY", "lockstep"),
        ("LOCKSTEP_AUDIT_DAYS", "2"),
    ]);
    let mut acme = Acme::in_world(world);
    acme.invited(BEN, "member");
    let whole = acme.log();
    let day_ms = 86_400_000;
    acme.world.clock.advance_ms(day_ms);
    acme.ada = acme.world.sign_in(ADA);
    acme.invited(CAT, "member");
    acme.world.clock.advance_ms(day_ms);
    acme.ada = acme.world.sign_in(ADA);
    acme.world.ring(Class::Organization, &acme.id);
    let kept = acme.log();
    let numbers: Vec<i64> = kept.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [3]);
    let export = acme.export("format=ndjson");
    let start: AuditStart = serde_json::from_str(export.lines().next().unwrap()).unwrap();
    assert_eq!(
        (start.checkpoint.number, &start.checkpoint.hash),
        (2, &whole[1].hash)
    );
    follow(start.checkpoint, &kept).unwrap();
    acme.world.clock.advance_ms(2 * day_ms);
    acme.ada = acme.world.sign_in(ADA);
    acme.world.ring(Class::Organization, &acme.id);
    assert_eq!(acme.log(), []);
    acme.patch(&acme.ada, "", &json!({ "name": "Later" }));
    assert_eq!(acme.log()[0].number, 4, "numbers are never used again");
}

#[test]
fn the_log_is_read_by_who_may_and_by_nobody_else() {
    let acme = acme();
    let ben = acme.joined(BEN, "member");
    refused(&acme.audit(&ben, ""), 403, "no-grant");
    refused(&acme.audit(&ben, "format=ndjson"), 403, "no-grant");
    let mallory = acme.world.sign_in("mallory@example.com");
    refused(&acme.audit(&mallory, ""), 404, "not-found");
    refused(&acme.audit(&mallory, "format=csv"), 404, "not-found");
    for query in [
        "format=xml",
        "from_ms=-1",
        "to_ms=x",
        "limit=0",
        "limit=201",
        "limit=1&limit=2",
    ] {
        refused(&acme.audit(&acme.ada, query), 400, "invalid-query");
    }
}

#[test]
fn filters_and_pages_give_what_they_say() {
    let acme = acme();
    acme.joined(BEN, "member");
    acme.world.clock.advance_ms(10);
    acme.patch(&acme.ada, "", &json!({ "name": "B" }));
    acme.patch(&acme.ada, "", &json!({ "name": "C" }));
    let log = acme.log();
    let ada = log[0].principal.clone().unwrap();
    let count = |query: &str| rows_of(&acme.audit(&acme.ada, query)).len();
    assert_eq!(count("action=update"), 2);
    assert_eq!(count(&format!("principal={ada}")), 4);
    let at = log[3].at_ms;
    assert_eq!(count(&format!("from_ms={at}")), 2);
    assert_eq!(count(&format!("to_ms={at}")), 3);
    assert_eq!(count(&format!("action=update&to_ms={at}")), 0);
    let mut seen = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let answer = acme.audit(&acme.ada, &query);
        seen.extend(rows_of(&answer));
        match json(&answer)["next"].as_str() {
            Some(cursor) => query = format!("limit=2&cursor={cursor}"),
            None => break,
        }
    }
    seen.reverse();
    assert_eq!(seen, log);
}

#[test]
fn an_export_is_the_log_and_can_be_verified() {
    let acme = acme();
    // More than one page of the object's.
    for at in 0..510 {
        acme.patch(&acme.ada, "", &json!({ "name": format!("={at}") }));
    }
    let export = acme.export("format=ndjson");
    let lines: Vec<&str> = export.lines().collect();
    let (first, rest) = lines.split_first().unwrap();
    let (last, rows) = rest.split_last().unwrap();
    let start: AuditStart = serde_json::from_str(first).unwrap();
    let end: AuditEnd = serde_json::from_str(last).unwrap();
    let rows: Vec<AuditRow> = rows
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 511);
    assert_eq!(start.checkpoint, AuditPoint::beginning(&acme.id));
    assert_eq!(follow(start.checkpoint, &rows).unwrap(), end.head);
    let csv = acme.export("format=csv");
    assert_eq!(csv.matches("\r\n").count(), 512);
    assert!(csv.contains("\"\"name\"\":\"\"=509\"\""));
    let chosen = acme.export("format=ndjson&action=create");
    assert_eq!(chosen.lines().count(), 2, "a selection has no first line");
}

#[test]
fn no_secret_is_in_the_log() {
    let acme = acme();
    acme.invited(BEN, "member");
    let sql = acme.database();
    let sql: &dyn Sql = &*sql;
    let row = sql
        .one("SELECT hash FROM invitation", &[])
        .unwrap()
        .unwrap();
    let hash = row.text("hash").unwrap();
    let log: Value = json(&acme.audit(&acme.ada, ""));
    assert!(!log.to_string().contains(hash));
    assert!(log.to_string().contains("ben@example.com"));
    let session = acme.ada.rsplit('_').nth(1).unwrap();
    assert!(!log.to_string().contains(session));
}
