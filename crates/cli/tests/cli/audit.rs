//! `lockstep audit verify`: the first row that does not fit is named, and nothing passes that was changed.

use lockstep_wire::{AuditChange, AuditFields, AuditOutcome, AuditPoint, AuditRow, AuditValue};
use serde_json::{Value, json};

use crate::support::{lockstep, lockstep_reading, printed, written};

const ORGANIZATION: &str = "org_1";

/// A log of `count` rows.
fn rows(count: i64) -> Vec<AuditRow> {
    let mut point = AuditPoint::beginning(ORGANIZATION);
    let row = |number: i64| AuditRow {
        number,
        at_ms: 1_764_000_000_000 + number,
        epoch: number,
        principal: Some("usr_1".to_owned()),
        credential: None,
        action: "rename".to_owned(),
        target: ORGANIZATION.to_owned(),
        outcome: AuditOutcome::Done,
        code: None,
        count: 1,
        changes: vec![AuditChange {
            of: "organization".to_owned(),
            before: None,
            after: Some(AuditFields(
                [("name".to_owned(), AuditValue::Text(format!("a{number}")))].into(),
            )),
        }],
        client: None,
        user_agent: Some("\u{e9}".to_owned()),
        hash: String::new(),
    };
    let chained = (1..=count).map(|number| {
        let mut row = row(number);
        row.hash = row.hash_after(&point.hash);
        point.follow(&row).unwrap();
        row
    });
    chained.collect()
}

/// An export of those rows that come after `checkpoint`.
fn export(rows: &[AuditRow], checkpoint: usize) -> Vec<String> {
    let point = |number: usize| match number.checked_sub(1) {
        None => AuditPoint::beginning(ORGANIZATION),
        Some(at) => AuditPoint {
            number: rows[at].number,
            hash: rows[at].hash.clone(),
        },
    };
    let start = json!({ "organization": ORGANIZATION, "checkpoint": point(checkpoint) });
    let kept = rows[checkpoint..]
        .iter()
        .map(|row| serde_json::to_string(row).unwrap());
    let end = json!({ "head": point(rows.len()) }).to_string();
    std::iter::once(start.to_string())
        .chain(kept)
        .chain([end])
        .collect()
}

fn text(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// `lockstep audit verify` must say `said` behind the file's name, and exit with 1.
#[track_caller]
fn broken(lines: &[String], said: &str) {
    let output = lockstep_reading(["audit", "verify", "-"], text(lines).as_bytes());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        format!("-:{said}\n")
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_log_as_it_was_written_is_a_chain() {
    let rows = rows(5);
    let path = written("whole.ndjson", text(&export(&rows, 0)));
    let path = path.to_str().unwrap();
    let head = &rows[4].hash;
    let said = format!("org_1: rows 1 to 5 are a chain\nhead 5 {head}\n");
    assert_eq!(printed(["audit", "verify", path]), said);
    let said = format!(
        "org_1: rows 1 to 5 are a chain\ngoes through the known head, row 3\nhead 5 {head}\n"
    );
    assert_eq!(
        printed(["audit", "verify", path, "--head", &rows[2].hash]),
        said
    );
    let output = lockstep(["audit", "verify", path, "--head", &"0".repeat(64)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not go through 000"));
    let path = written("pruned.ndjson", text(&export(&rows, 3)));
    let said = format!("org_1: rows 4 to 5 are a chain\nhead 5 {head}\n");
    assert_eq!(printed(["audit", "verify", path.to_str().unwrap()]), said);
    let path = written("empty.ndjson", text(&export(&rows, 5)));
    let said = format!("org_1: rows 6 to 5 are a chain\nhead 5 {head}\n");
    assert_eq!(printed(["audit", "verify", path.to_str().unwrap()]), said);
}

#[test]
fn every_member_of_every_row_is_held_by_the_chain() {
    let whole = export(&rows(3), 0);
    let row: Value = serde_json::from_str(&whole[2]).unwrap();
    for name in row.as_object().unwrap().keys() {
        let mut edited = row.clone();
        edited[name] = match &row[name] {
            Value::Number(number) => json!(number.as_i64().unwrap() + 1),
            Value::Array(_) => json!([]),
            _ if name == "outcome" => json!("denied"),
            _ => json!("x"),
        };
        let mut lines = whole.clone();
        lines[2] = edited.to_string();
        let said = match name.as_str() {
            "number" => "3: row 2 is missing; row 3 is in its place",
            _ => "3: row 2 does not follow from the rows before it",
        };
        broken(&lines, said);
    }
}

#[test]
fn rows_that_are_gone_added_or_swapped_are_noticed() {
    let whole = export(&rows(4), 0);
    let edited = |edit: &dyn Fn(&mut Vec<String>)| {
        let mut lines = whole.clone();
        edit(&mut lines);
        lines
    };
    let gone = "3: row 2 is missing; row 3 is in its place";
    broken(&edited(&|lines| drop(lines.remove(2))), gone);
    broken(&edited(&|lines| lines.swap(2, 3)), gone);
    let twice = "4: row 3 is missing; row 2 is in its place";
    broken(&edited(&|lines| lines.insert(3, lines[2].clone())), twice);
    let cut = "6: the export breaks off after row 4";
    broken(&edited(&|lines| drop(lines.pop())), cut);
    let short = "5: the export ends with row 4, but the chain with row 3";
    broken(&edited(&|lines| drop(lines.remove(4))), short);
    let more = "7: something follows the last line of the export";
    broken(&edited(&|lines| lines.push(lines[1].clone())), more);
    let filtered = "1: this is not the first line of a whole export; one with filters is no chain";
    broken(&edited(&|lines| drop(lines.remove(0))), filtered);
    let foreign = "1: the chain does not begin where that of this organization does";
    broken(
        &edited(&|lines| lines[0] = lines[0].replace("org_1", "org_2")),
        foreign,
    );
    let duplicate = r#"2: row 1 cannot be read: duplicate field `action` at line 1 column 22"#;
    broken(
        &edited(&|lines| {
            lines[1] = lines[1].replacen('{', r#"{"action":"x","action":"rename","#, 1)
        }),
        duplicate,
    );
    broken(&[], "1: there is nothing in this file");
}
