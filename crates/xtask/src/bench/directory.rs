//! `cargo xtask bench --directory`: what changes of the directory cost beside empty transactions of the
//! same object, and whether that grows with the number of members. As tests/bench/edge/directory.mjs
//! prints it.

use serde_json::Value;

use super::REPORT;
use super::machine;
use super::peers::parsed;
use super::report::{self, Table};
use super::rows::{Mark, Row, Unit, figure};
use crate::build::{self as product, Part};
use crate::error::TaskError;
use crate::project::Project;
use crate::setup;

/// Differences below this are noise on a machine that does something else, too.
const NOISE: f64 = 1.2;

pub(super) fn run(project: &Project) -> Result<(), TaskError> {
    // wrangler.toml names the console's folder.
    product::run(project, &[Part::Edge, Part::Console])?;
    setup::separate_packages(project, "tests/bench")?;
    let measured = parsed(&mut project.node("tests/bench/edge/directory.mjs"))?;
    let table = report::table(&machine()?, &rows(&measured));
    println!("{table}");
    report::write(&project.path(REPORT), Table::Directory, &table)?;
    println!("wrote {REPORT}");
    Ok(())
}

/// Every row, in the order of the table.
fn rows(measured: &Value) -> Vec<Row> {
    let mut rows = changes(measured);
    rows.extend(pages(measured));
    rows.extend(edits(measured));
    let alone = |what: &str, key: &str, unit| Row {
        what: what.to_owned(),
        ours: figure(measured, &["ceiling", key], 1.0),
        peer: String::new(),
        theirs: None,
        unit,
        mark: Mark::None,
    };
    rows.push(alone(
        "changes of roles in one organization, as many as it takes",
        "perSecond",
        Unit::PerSecond,
    ));
    rows.push(alone(
        "1,000 of these, with all that follows, CPU",
        "cpu",
        Unit::Milliseconds,
    ));
    rows
}

fn changes(measured: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    let all = [("role", "another role"), ("accept", "an acceptance")];
    for (kind, what) in all {
        for (peer, against, mark) in [
            ("nothing", "an empty transaction", Mark::AtMost(3.0)),
            ("row", "a transaction of one row", Mark::AtMost(3.0)),
        ] {
            rows.push(Row {
                what: format!("{what}, median wait"),
                ours: figure(measured, &["changes", kind, "p50"], 1.0),
                peer: against.to_owned(),
                theirs: figure(measured, &["changes", peer, "p50"], 1.0),
                unit: Unit::Milliseconds,
                mark,
            });
        }
    }
    for (kind, what) in all {
        rows.push(Row {
            what: format!("1,000 times {what}, with all that follows, CPU"),
            ours: figure(measured, &["changes", kind, "cpu"], 1.0),
            peer: "transactions of one row".to_owned(),
            theirs: figure(measured, &["changes", "row", "cpu"], 1.0),
            unit: Unit::Milliseconds,
            mark: Mark::None,
        });
    }
    rows
}

fn pages(measured: &Value) -> Vec<Row> {
    let row = |what: String, page: &str, peer: &str, theirs: &str, mark| Row {
        what,
        ours: figure(measured, &["pages", page, "cpu"], 1.0),
        peer: peer.to_owned(),
        theirs: figure(measured, &["pages", theirs, "cpu"], 1.0),
        unit: Unit::Milliseconds,
        mark,
    };
    let mut rows = Vec::new();
    for (sort, order) in [("joined", "by when they joined"), ("email", "by address")] {
        for place in ["middle", "last"] {
            rows.push(row(
                format!("1,000 times the {place} page of 10,000 members, {order}, CPU"),
                &format!("{sort} {place}"),
                "the first page",
                &format!("{sort} first"),
                Mark::AtMost(NOISE),
            ));
        }
    }
    for (search, found) in [("many", "all"), ("one", "one"), ("none", "none")] {
        rows.push(row(
            format!("1,000 searches that find {found} of 10,000 members, CPU"),
            &format!("search {search}"),
            "the first page",
            "email first",
            Mark::None,
        ));
    }
    rows
}

fn edits(measured: &Value) -> Vec<Row> {
    let row = |what: String, path: [&str; 2], peer: &str, theirs: [&str; 2], mark| Row {
        what,
        ours: figure(measured, &[&["edits"], &path[..], &["p50"]].concat(), 1.0),
        peer: peer.to_owned(),
        theirs: figure(measured, &[&["edits"], &theirs[..], &["p50"]].concat(), 1.0),
        unit: Unit::Milliseconds,
        mark,
    };
    let mut rows = Vec::new();
    for (held, many) in [("1000", "1,000"), ("10000", "10,000")] {
        rows.push(row(
            format!("an edit of a role that {many} hold, median wait"),
            [held, "edit"],
            "that 100 hold",
            ["100", "edit"],
            Mark::AtMost(NOISE),
        ));
    }
    for (held, many) in [("100", "100"), ("1000", "1,000"), ("10000", "10,000")] {
        rows.push(row(
            format!("a read while such a role of {many} is edited 5 times a second, median wait"),
            [held, "meanwhile"],
            "without edits",
            [held, "alone"],
            Mark::None,
        ));
        rows.push(Row {
            what: format!("the same, 95 of 100 reads ({many})"),
            ours: figure(measured, &["edits", held, "meanwhile", "p95"], 1.0),
            peer: "without edits".to_owned(),
            theirs: figure(measured, &["edits", held, "alone", "p95"], 1.0),
            unit: Unit::Milliseconds,
            mark: Mark::None,
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_say_what_is_met() {
        let times = |p50: f64| json!({"p50": p50, "p95": 9.0, "cpu": 2.0 * p50});
        let measured = json!({
            "changes": {"nothing": times(1.0), "row": times(2.0), "role": times(4.0), "accept": times(2.5)},
            "pages": {"joined first": times(1.0), "joined middle": times(1.1), "joined last": times(1.3)},
            "edits": {
                "100": {"edit": times(3.0), "alone": times(1.0), "meanwhile": times(2.0)},
                "10000": {"edit": times(3.3)},
            },
            "ceiling": {"perSecond": 300.0, "cpu": 2_000.0},
        });
        let rows = rows(&measured);
        let met = |what: &str| -> Vec<_> {
            let of = rows.iter().filter(|row| row.what.contains(what));
            of.filter_map(Row::met).collect()
        };
        assert_eq!(met("another role, median"), [false, true]);
        assert_eq!(met("an acceptance, median"), [true, true]);
        assert_eq!(met("page of 10,000 members, by when"), [true, false]);
        assert_eq!(met("edit of a role that 10,000"), [true]);
        assert!(rows.iter().any(|row| row.ours == Some(300.0)));
    }
}
