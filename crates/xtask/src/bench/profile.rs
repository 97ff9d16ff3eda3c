//! `cargo xtask bench --profile`: where the CPU time of the running Worker goes, by kinds of work, as
//! tests/bench/edge/profile.mjs prints it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::peers::parsed;
use super::report::{self, Table};
use super::rows::figure;
use super::{REPORT, machine};
use crate::build::{self, Part};
use crate::error::TaskError;
use crate::project::Project;
use crate::setup;

/// What is profiled, by its name in the measurement, and how the table calls it.
const COLUMNS: [(&str, &str); 2] = [
    ("cached", "one person with one JWT"),
    ("cold", "each another person with a new JWT"),
];

pub(super) fn run(project: &Project) -> Result<(), TaskError> {
    // wrangler.toml names the console's folder.
    build::run(project, &[Part::Edge, Part::Console])?;
    setup::separate_packages(project, "tests/bench")?;
    let measured = parsed(&mut project.node("tests/bench/edge/profile.mjs"))?;
    let table = report::aligned(&machine()?, &lines(&measured));
    println!("{table}");
    report::write(&project.path(REPORT), Table::Profile, &table)?;
    println!("wrote {REPORT}");
    Ok(())
}

/// A line for each kind of work, the largest share of the first column first.
fn lines(measured: &Value) -> Vec<[String; 3]> {
    let kinds = COLUMNS
        .iter()
        .filter_map(|(row, _)| measured.get(row)?.as_object());
    let kinds: BTreeSet<&String> = kinds.flat_map(|shares| shares.keys()).collect();
    let share = |kind: &str, row: &str| figure(measured, &[row, kind], 100.0).unwrap_or(0.0);
    let mut kinds: Vec<&String> = kinds.into_iter().collect();
    kinds.sort_by(|one, other| share(other, "cached").total_cmp(&share(one, "cached")));
    let [(_, first), (_, second)] = COLUMNS;
    let mut lines = vec![["kind of work", first, second].map(str::to_owned)];
    lines.extend(kinds.into_iter().map(|kind| {
        let [first, second] = COLUMNS.map(|(row, _)| format!("{:.0} %", share(kind, row)));
        [kind.clone(), first, second]
    }));
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_has_a_line_and_the_largest_is_first() {
        let measured = json!({
            "cached": {"timers": 0.1, "our Rust": 0.9},
            "cold": {"our Rust": 0.25, "KV": 0.75},
        });
        let lines = lines(&measured);
        let lines: Vec<String> = lines.iter().map(|line| line.join(", ")).collect();
        assert_eq!(
            lines,
            [
                "kind of work, one person with one JWT, each another person with a new JWT",
                "our Rust, 90 %, 25 %",
                "timers, 10 %, 0 %",
                "KV, 0 %, 75 %",
            ]
        );
    }
}
