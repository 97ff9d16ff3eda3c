//! What is compared with what, and the marks that were set beforehand.

use serde_json::Value;

use super::Measured;

/// One comparison.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) what: String,
    pub(super) ours: Option<f64>,
    pub(super) peer: String,
    pub(super) theirs: Option<f64>,
    pub(super) unit: Unit,
    pub(super) mark: Mark,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Instructions,
    Kilobytes,
    Mebibytes,
    PerSecond,
}

/// What is wanted of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mark {
    /// Ours is at most so many times theirs.
    AtMost(f64),
    /// Theirs is at least so many times ours.
    AtLeast(f64),
    /// Ours is at most this, in the row's unit.
    Limit(f64),
    /// Nothing: for comparison.
    None,
}

impl Row {
    /// Theirs for one of ours (or the reverse, for [`Mark::AtMost`]).
    pub(super) fn ratio(&self) -> Option<f64> {
        let (ours, theirs) = (self.ours?, self.theirs?);
        Some(match self.mark {
            Mark::AtMost(_) => ours / theirs,
            _ => theirs / ours,
        })
    }

    /// Whether the mark is met; `None` without a mark or a figure.
    pub(super) fn met(&self) -> Option<bool> {
        match self.mark {
            Mark::AtMost(most) => Some(self.ratio()? <= most),
            Mark::AtLeast(least) => Some(self.ratio()? >= least),
            Mark::Limit(limit) => Some(self.ours? <= limit),
            Mark::None => None,
        }
    }
}

const PAGE: f64 = 200.0;
const CASL: &str = "@casl/ability, subjects made once";
const MIX: &str = "mix of 10,000, 100 principals";
const MIX_MANY: &str = "mix of 10,000, 10,000 principals";

/// Every row, in the order of the table.
pub(super) fn all(measured: &Measured) -> Vec<Row> {
    let mut rows = Vec::new();
    node(&measured.node, &mut rows);
    native(&measured.native, &mut rows);
    for count in &measured.instructions {
        rows.push(Row {
            what: format!("{}, instructions", count.what),
            ours: Some(count.ours),
            peer: "bit table by hand".to_owned(),
            theirs: Some(count.table),
            unit: Unit::Instructions,
            mark: Mark::AtMost(1.3),
        });
    }
    start(&measured.node, &mut rows);
    for (peer, mark) in [
        ("casl", Mark::Limit(30.0)),
        ("better-auth", Mark::None),
        ("regorus", Mark::None),
        ("cedar", Mark::None),
    ] {
        rows.push(Row {
            what: "size of the gate, brotli".to_owned(),
            ours: figure(&measured.sizes, &["gate"], 1e-3),
            peer: peer.to_owned(),
            theirs: figure(&measured.sizes, &[peer], 1e-3),
            unit: Unit::Kilobytes,
            mark,
        });
    }
    let mebibyte = 1.0 / f64::from(1 << 20);
    for (peer, mark) in [
        ("bit table", Mark::Limit(2.0)),
        ("hash sets", Mark::None),
        ("regorus", Mark::None),
        ("cedar", Mark::None),
        ("casl", Mark::None),
    ] {
        rows.push(Row {
            what: "memory for 10,000 principals".to_owned(),
            ours: figure(&measured.memory, &["ours"], mebibyte),
            peer: peer.to_owned(),
            theirs: figure(&measured.memory, &[peer], mebibyte),
            unit: Unit::Mebibytes,
            mark,
        });
    }
    rows
}

fn node(node: &Value, rows: &mut Vec<Row>) {
    let check = |what: &str, ours: &str, peer: &str, mark| Row {
        what: what.to_owned(),
        ours: figure(node, &["page", ours], 1.0 / PAGE),
        peer: peer.to_owned(),
        theirs: figure(node, &["page", peer], 1.0 / PAGE),
        unit: Unit::Nanoseconds,
        mark,
    };
    let handles = "gate, handles";
    rows.push(check(
        "gate check, handles",
        handles,
        "wasm export (int, int)",
        Mark::AtMost(1.3),
    ));
    for (peer, mark) in [
        ("Set of strings", Mark::AtMost(1.0)),
        ("a Set for each project", Mark::AtMost(1.0)),
        ("better-auth access", Mark::AtLeast(10.0)),
        (CASL, Mark::AtLeast(12.0)),
        ("@casl/ability, subject() at each check", Mark::None),
        ("regorus in wasm", Mark::AtLeast(100.0)),
        ("cedar-wasm, stateful", Mark::AtLeast(2_000.0)),
    ] {
        rows.push(check(
            "gate, page of 200 by two strings",
            "gate",
            peer,
            mark,
        ));
    }
    for (peer, mark) in [
        ("a Set for each project", Mark::None),
        (CASL, Mark::AtLeast(30.0)),
    ] {
        rows.push(Row {
            what: "64 actions x 50 rows in one call".to_owned(),
            ours: figure(node, &["rows", "gate"], 1e-3),
            peer: peer.to_owned(),
            theirs: figure(node, &["rows", peer], 1e-3),
            unit: Unit::Microseconds,
            mark,
        });
    }
}

fn native(native: &Value, rows: &mut Vec<Row>) {
    let mut row = |by: &str, workload: &str, ours: &str, peer: &str, mark| {
        rows.push(Row {
            what: format!("native check, {by}, {workload}"),
            ours: figure(native, &[workload, ours], 1.0),
            peer: peer.to_owned(),
            theirs: figure(native, &[workload, peer], 1.0),
            unit: Unit::Nanoseconds,
            mark,
        });
    };
    let peers = [
        ("bit table", Mark::AtMost(1.25)),
        ("hash sets", Mark::AtLeast(2.0)),
        ("regorus", Mark::AtLeast(45.0)),
        ("cedar", Mark::AtLeast(200.0)),
    ];
    for (by, workload, ours) in [
        ("handles of one access", MIX, "access"),
        ("handles of a world", MIX, "ours"),
        ("handles of a world", MIX_MANY, "ours"),
    ] {
        for (peer, mark) in peers {
            row(by, workload, ours, peer, mark);
        }
    }
    for workload in [MIX, MIX_MANY] {
        row(
            "three strings",
            workload,
            "ours, names",
            "bit table, names",
            Mark::None,
        );
    }
}

fn start(node: &Value, rows: &mut Vec<Row>) {
    let first = |what: &str, ours: &str, peer: &str, mark| Row {
        what: what.to_owned(),
        ours: figure(node, &["first", ours], 1e-3),
        peer: peer.to_owned(),
        theirs: figure(node, &["first", peer], 1e-3),
        unit: Unit::Microseconds,
        mark,
    };
    let json = "snapshot (JSON) to first answer, warm";
    rows.push(first(json, "gate", CASL, Mark::Limit(110.0)));
    rows.push(first(json, "gate", "better-auth access", Mark::None));
    rows.push(first(json, "gate", "a Set for each project", Mark::None));
    let binary = "snapshot (binary) to first answer, warm";
    rows.push(first(binary, "gate, binary", CASL, Mark::Limit(40.0)));
    for (peer, mark) in [
        ("casl", Mark::Limit(5.0)),
        ("better-auth", Mark::None),
        ("regorus", Mark::None),
        ("cedar", Mark::None),
    ] {
        rows.push(Row {
            what: "first answer of a cold process, wall".to_owned(),
            ours: figure(node, &["cold", "gate"], 1.0),
            peer: peer.to_owned(),
            theirs: figure(node, &["cold", peer], 1.0),
            unit: Unit::Milliseconds,
            mark,
        });
    }
}

/// The number at a path, times `factor`.
pub(super) fn figure(value: &Value, path: &[&str], factor: f64) -> Option<f64> {
    let found = path.iter().try_fold(value, |value, name| value.get(name))?;
    found.as_f64().map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(ours: f64, theirs: f64, mark: Mark) -> Row {
        Row {
            what: "a check".to_owned(),
            ours: Some(ours),
            peer: "a peer".to_owned(),
            theirs: Some(theirs),
            unit: Unit::Nanoseconds,
            mark,
        }
    }

    #[test]
    fn a_mark_is_met_at_its_value() {
        assert_eq!(row(10.0, 100.0, Mark::AtLeast(10.0)).met(), Some(true));
        assert_eq!(row(10.0, 99.0, Mark::AtLeast(10.0)).met(), Some(false));
        assert_eq!(row(13.0, 10.0, Mark::AtMost(1.3)).met(), Some(true));
        assert_eq!(row(14.0, 10.0, Mark::AtMost(1.3)).met(), Some(false));
        assert_eq!(row(40.0, 1.0, Mark::Limit(40.0)).met(), Some(true));
        assert_eq!(row(41.0, 1.0, Mark::Limit(40.0)).met(), Some(false));
        assert_eq!(row(1.0, 1.0, Mark::None).met(), None);
    }

    #[test]
    fn a_figure_that_is_not_there_meets_nothing() {
        let measured = Measured {
            node: json!({"page": {"gate": 4_000.0}}),
            native: json!({}),
            memory: json!({}),
            sizes: json!({}),
            instructions: Vec::new(),
        };
        let rows = all(&measured);
        let gate = rows.iter().find(|row| row.peer == "better-auth access");
        let gate = gate.expect("a row of the gate");
        assert_eq!(
            (gate.ours, gate.theirs, gate.met()),
            (Some(20.0), None, None)
        );
    }
}
