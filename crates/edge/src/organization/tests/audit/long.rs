//! Rows of the log stay short, however much a command changes: a row of the database has at most 2 MB.

use super::*;
use crate::{
    audit::CHANGES_BYTES_MAX,
    http::IMPORT_PATH,
    organization::{OrganizationObject, tests::import::file_of},
    testing::post,
};

/// The longest list that a setting is, of some 40 KB.
fn list() -> Value {
    let words: Vec<String> = (0..50).map(|_| "\u{1f512}".repeat(200)).collect();
    json!({ "preference": { "list": words } })
}

impl Acme {
    /// How many changes each row of the log has, and of how many bytes they are.
    fn lengths(&self) -> Vec<(i64, i64)> {
        let sql = self.database();
        let select = "SELECT json_array_length(changes) AS changes, LENGTH(CAST(changes AS BLOB)) AS bytes FROM audit";
        let rows = Sql::exec(&*sql, select, &[]).unwrap();
        let read = |row: &crate::sql::Row| {
            (
                row.integer("changes").unwrap(),
                row.integer("bytes").unwrap(),
            )
        };
        rows.iter().map(read).collect()
    }
}

#[track_caller]
fn all_short(acme: &Acme) {
    let max = i64::try_from(CHANGES_BYTES_MAX).unwrap();
    let lengths = acme.lengths();
    let long = lengths
        .iter()
        .filter(|(changes, bytes)| *changes > 1 && *bytes > max);
    assert_eq!(long.count(), 0, "{lengths:?}");
    let longest = lengths.iter().map(|(_, bytes)| *bytes).max();
    assert!(longest > Some(30_000), "{longest:?}");
    let log: Vec<AuditRow> = acme.log();
    follow(AuditPoint::beginning(&acme.id), &log).unwrap();
}

#[test]
fn a_workspace_with_all_the_settings_it_may_have_is_deleted() {
    let acme = acme();
    acme.workspace("North");
    let south = acme.workspace("South");
    for at in 0..100 {
        let path = format!("{south}/settings/s{at}");
        let put = acme.put(&acme.ada, &path, &json!({ "value": list() }));
        assert_eq!(put.status, 200, "{}", text(&put));
    }
    assert_eq!(acme.delete(&acme.ada, &south).status, 204);
    all_short(&acme);
}

#[test]
fn a_file_with_as_much_as_it_may_have_is_imported() {
    let acme = acme();
    let mut file = file_of("lockstep", &[]);
    let setting = json!({ "value": list(), "current": false });
    let settings = (0..90).map(|at| (format!("s{at}"), setting.clone()));
    file["settings"] = Value::Object(settings.collect());
    let import = post(IMPORT_PATH, &file).with_header("cookie", &acme.ada);
    let imported = acme.world.send(&import);
    assert_eq!(imported.status, 201, "{}", text(&imported));
    let id = id_of(&imported);
    all_short(&Acme { id, ..acme });
}

fn id_of(imported: &Response) -> String {
    let id = &json(imported)["organization"]["id"];
    id.as_str().unwrap().to_owned()
}

impl Acme {
    /// Writes so many rows of the longest kind behind the log's last one.
    fn write_long(&self, rows: i64) {
        let long = format!(
            r#"[{{"of":"setting","after":{{"value":"{}"}}}}]"#,
            "\u{1f512}".repeat(CHANGES_BYTES_MAX / 4)
        );
        let sql = self.database();
        let insert = "INSERT INTO audit (number, at_ms, epoch, action, target, outcome, count, changes, hash)
            SELECT MAX(number) + 1, MAX(at_ms), MAX(epoch), 'long', 'x', 'done', 1, ?, 'ff' FROM audit";
        for _ in 0..rows {
            Sql::exec(&*sql, insert, &[long.as_str().into()]).unwrap();
        }
    }

    /// How many bytes the object answers with, and how many rows.
    fn long_page(&self, part: &Value) -> (usize, usize) {
        let read = json!({ "read_audit": {
            "actor": { "principal": self.user(ADA), "token": null },
            "filter": {}, "part": part, "limit": 500,
        } });
        let read = serde_json::from_value(read).unwrap();
        let page: Value = self
            .world
            .ask::<OrganizationObject, _>(&self.id, &read)
            .unwrap();
        let rows = page["rows"].as_array().unwrap().len();
        (page.to_string().len(), rows)
    }
}

#[test]
fn a_log_of_the_longest_rows_is_read_in_parts() {
    let acme = acme();
    acme.write_long(500);
    for part in [
        json!({ "after": 0 }),
        json!({ "before": 1_000 }),
        json!("newest"),
    ] {
        let (bytes, rows) = acme.long_page(&part);
        assert!(bytes <= 8_388_608, "{bytes}");
        assert!((20..500).contains(&rows), "{rows}");
    }
    acme.execute("DELETE FROM audit WHERE number > 121");
    let export = acme.export("format=ndjson");
    let row = |line: &&str| line.contains("\"number\":");
    assert_eq!(
        export.lines().filter(row).count(),
        123,
        "start, rows and end"
    );
    assert_eq!(
        acme.export("format=csv&action=long").lines().count(),
        121,
        "a head, and rows"
    );
    // A page may have fewer rows than were asked for; the next one goes on behind them.
    let first = json(&acme.audit(&acme.ada, "limit=200"));
    assert!(first["rows"].as_array().unwrap().len() < 121);
    assert_eq!(acme.log().len(), 121);
}
