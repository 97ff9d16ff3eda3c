//! Rows of the log stay short, however much a command changes: a row of the database has at most 2 MB.

use super::*;
use crate::{
    audit::CHANGES_BYTES_MAX, http::IMPORT_PATH, organization::tests::import::file_of,
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
