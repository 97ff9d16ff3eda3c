//! docs/mutants.md, and what is wrong with it.

use super::outcome::{Fate, Mutant};
use crate::setup;

/// What became of the mutants of one module. docs/mutants.md keeps it, so that a fresh checkout need not
/// make again what holds for the same source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its path from `src`.
    pub(super) module: String,
    /// The stamp of its source.
    pub(super) source: String,
    /// How many were caught, endless, missed and unviable.
    counts: [usize; 4],
    /// What was changed in those that no test noticed.
    missed: Vec<String>,
}

impl Row {
    pub(super) fn new(module: &str, source: &str, mutants: &[Mutant]) -> Self {
        let of = |fate| mutants.iter().filter(move |mutant| mutant.fate == fate);
        let fates = [Fate::Caught, Fate::Endless, Fate::Missed, Fate::Unviable];
        let mut missed: Vec<String> = of(Fate::Missed)
            .map(|mutant| mutant.change().to_owned())
            .collect();
        missed.sort();
        Self {
            module: module.to_owned(),
            source: source.to_owned(),
            counts: fates.map(|fate| of(fate).count()),
            missed,
        }
    }

    /// The survivors, as survivors.rs names them.
    fn survivors(&self) -> impl Iterator<Item = String> {
        self.missed
            .iter()
            .map(|change| format!("{}: {change}", self.module))
    }

    /// Reads a line of the table; the survivors stand elsewhere.
    fn from_line(line: &str) -> Option<Self> {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let module = cells.next()?.strip_suffix('`')?;
        let source = cells.next()?;
        let mut count = || cells.next()?.parse().ok();
        Some(Self {
            module: module.to_owned(),
            source: source.to_owned(),
            counts: [count()?, count()?, count()?, count()?],
            missed: Vec::new(),
        })
    }
}

/// The rows of a report.
pub(super) fn rows(report: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = report.lines().filter_map(Row::from_line).collect();
    let survivors = report.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("- `")?.split_once("`: ")?;
        name.split_once(": ")
    });
    for (module, change) in survivors {
        if let Some(row) = rows.iter_mut().find(|row| row.module == module) {
            row.missed.push(change.to_owned());
        }
    }
    rows
}

/// Survivors that nobody has explained, and explanations of what does not survive, outside the modules
/// that are still to be run.
pub(super) fn complaints(
    rows: &[Row],
    survivors: &[(&str, &str)],
    missing: &[&str],
) -> Vec<String> {
    let survived: Vec<String> = rows.iter().flat_map(Row::survivors).collect();
    let unexplained = survived
        .iter()
        .filter(|name| survivors.iter().all(|(known, _)| known != name))
        .map(|name| format!("no test notices: {name}"));
    let dead = survivors
        .iter()
        .filter(|(known, _)| survived.iter().all(|name| name != known))
        .filter(|(known, _)| missing.iter().all(|module| !known.starts_with(module)))
        .map(|(known, _)| format!("does not survive, take it out of survivors.rs: {known}"));
    unexplained.chain(dead).collect()
}

/// The report about all modules but those that are still to be run.
pub(super) fn report(rows: &[Row], survivors: &[(&str, &str)], missing: &[&str]) -> String {
    let mut text = format!(
        "# Mutants of core\n\n\
         `cargo xtask mutants` (cargo-mutants {}) changes core in one place at a time and runs the \
         tests of core, and those of wire for what they do not notice. *Caught*: a test failed. \
         *Endless*: the tests did not end. *Missed*: they passed. *Unviable*: it did not compile. \
         A row holds while the *source* of its module has that hash.\n\
         Generated; do not edit.\n\n\
         | module | source | caught | endless | missed | unviable |\n|---|---|---:|---:|---:|---:|\n",
        setup::mutants::VERSION
    );
    let mut total = [0; 4];
    for row in rows {
        for (sum, count) in total.iter_mut().zip(row.counts) {
            *sum += count;
        }
        text.push_str(&line(&format!("`{}`", row.module), &row.source, row.counts));
    }
    text.push_str(&line("all", "", total));
    if !missing.is_empty() {
        let missing: Vec<String> = missing.iter().map(|module| format!("`{module}`")).collect();
        text.push_str(&format!("\nStill to be run: {}.\n", missing.join(", ")));
    }
    text.push_str("\n## Survivors\n\n");
    if rows.iter().all(|row| row.missed.is_empty()) {
        text.push_str("None.\n");
    }
    for name in rows.iter().flat_map(Row::survivors) {
        let known = survivors.iter().find(|(known, _)| *known == name);
        let reason = known.map_or("not explained yet", |(_, reason)| reason);
        text.push_str(&format!("- `{name}`: {reason}.\n"));
    }
    text
}

fn line(module: &str, source: &str, [caught, endless, missed, unviable]: [usize; 4]) -> String {
    format!("| {module} | {source} | {caught} | {endless} | {missed} | {unviable} |\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_of_two() -> Vec<Row> {
        let mutant = |name: &str, fate| Mutant {
            name: format!("crates/core/src/{name}"),
            fate,
        };
        let first = [
            mutant("a.rs:1:2: replace a", Fate::Caught),
            mutant("a.rs:1:2: replace b", Fate::Endless),
        ];
        let second = [
            mutant("b/c.rs:3:4: replace c: d", Fate::Missed),
            mutant("b/c.rs:3:4: replace e", Fate::Unviable),
        ];
        vec![
            Row::new("a.rs", "01", &first),
            Row::new("b/c.rs", "02", &second),
        ]
    }

    #[test]
    fn outcomes_are_counted_by_module_and_read_again() {
        let known = ("b/c.rs: replace c: d", "it cannot differ");
        let report = report(&rows_of_two(), &[known], &["d.rs"]);
        assert!(report.contains(
            "| `a.rs` | 01 | 1 | 1 | 0 | 0 |\n| `b/c.rs` | 02 | 0 | 0 | 1 | 1 |\n\
             | all |  | 1 | 1 | 1 | 1 |\n"
        ));
        assert!(report.ends_with(
            "\nStill to be run: `d.rs`.\n\n## Survivors\n\n- `b/c.rs: replace c: d`: it cannot differ.\n"
        ));
        assert_eq!(rows(&report), rows_of_two());
    }

    #[test]
    fn every_survivor_has_a_reason_and_every_reason_a_survivor() {
        let known = ("b/c.rs: replace c: d", "why");
        assert_eq!(complaints(&rows_of_two(), &[known], &[]), [""; 0]);
        assert_eq!(
            complaints(&rows_of_two(), &[], &[]),
            ["no test notices: b/c.rs: replace c: d"]
        );
        let dead = ("a.rs: replace a", "why");
        assert_eq!(complaints(&rows_of_two(), &[known, dead], &[]).len(), 1);
        assert_eq!(
            complaints(
                &rows_of_two(),
                &[known, ("d.rs: replace d", "why")],
                &["d.rs"]
            ),
            [""; 0]
        );
    }
}
