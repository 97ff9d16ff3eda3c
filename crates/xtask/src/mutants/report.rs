//! docs/mutants.md, and what is wrong with it.

use std::collections::BTreeMap;

use super::outcome::{Fate, Mutant};
use crate::setup;

/// Survivors that nobody has explained, and explanations of what does not survive, outside the modules
/// that are still to be run.
pub(super) fn complaints(
    mutants: &[Mutant],
    survivors: &[(&str, &str)],
    missing: &[&str],
) -> Vec<String> {
    let survived = missed(mutants);
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
pub(super) fn report(mutants: &[Mutant], survivors: &[(&str, &str)], missing: &[&str]) -> String {
    let mut modules: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for mutant in mutants {
        let [caught, endless, missed, unviable] = modules.entry(mutant.place().0).or_default();
        *match mutant.fate {
            Fate::Caught => caught,
            Fate::Endless => endless,
            Fate::Missed => missed,
            Fate::Unviable => unviable,
        } += 1;
    }
    let total = modules.values().fold([0; 4], |[a, b, c, d], [w, x, y, z]| {
        [a + w, b + x, c + y, d + z]
    });
    let mut text = format!(
        "# Mutants of core\n\n\
         `cargo xtask mutants` (cargo-mutants {}) changes core in one place at a time and runs the \
         tests of core, and those of wire for what they do not notice. *Caught*: a test failed. \
         *Endless*: the tests did not end. *Missed*: they passed. *Unviable*: it did not compile.\n\
         Generated; do not edit.\n\n\
         | module | caught | endless | missed | unviable |\n|---|---:|---:|---:|---:|\n",
        setup::mutants::VERSION
    );
    let rows = modules
        .iter()
        .map(|(module, counts)| (format!("`{module}`"), counts));
    for (module, [caught, endless, missed, unviable]) in rows.chain([("all".to_owned(), &total)]) {
        text.push_str(&format!(
            "| {module} | {caught} | {endless} | {missed} | {unviable} |\n"
        ));
    }
    if !missing.is_empty() {
        let missing: Vec<String> = missing.iter().map(|module| format!("`{module}`")).collect();
        text.push_str(&format!("\nStill to be run: {}.\n", missing.join(", ")));
    }
    text.push_str("\n## Survivors\n\n");
    let missed = missed(mutants);
    if missed.is_empty() {
        text.push_str("None.\n");
    }
    for name in missed {
        let known = survivors.iter().find(|(known, _)| *known == name);
        let reason = known.map_or("not explained yet", |(_, reason)| reason);
        text.push_str(&format!("- `{name}`: {reason}.\n"));
    }
    text
}

fn missed(mutants: &[Mutant]) -> Vec<String> {
    let missed = mutants.iter().filter(|mutant| mutant.fate == Fate::Missed);
    let names = missed.map(|mutant| {
        let (module, change) = mutant.place();
        format!("{module}: {change}")
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutants() -> Vec<Mutant> {
        let mutant = |name: &str, fate| Mutant {
            name: format!("crates/core/src/{name}"),
            fate,
        };
        vec![
            mutant("a.rs:1:2: replace a", Fate::Caught),
            mutant("a.rs:1:2: replace b", Fate::Endless),
            mutant("b/c.rs:3:4: replace c", Fate::Missed),
            mutant("b/c.rs:3:4: replace d", Fate::Unviable),
        ]
    }

    #[test]
    fn outcomes_are_counted_by_module() {
        let known = ("b/c.rs: replace c", "it cannot differ");
        let report = report(&mutants(), &[known], &["d.rs"]);
        assert!(report.contains(
            "| `a.rs` | 1 | 1 | 0 | 0 |\n| `b/c.rs` | 0 | 0 | 1 | 1 |\n| all | 1 | 1 | 1 | 1 |\n"
        ));
        assert!(report.ends_with(
            "\nStill to be run: `d.rs`.\n\n## Survivors\n\n- `b/c.rs: replace c`: it cannot differ.\n"
        ));
    }

    #[test]
    fn every_survivor_has_a_reason_and_every_reason_a_survivor() {
        let known = ("b/c.rs: replace c", "why");
        assert_eq!(complaints(&mutants(), &[known], &[]), [""; 0]);
        assert_eq!(
            complaints(&mutants(), &[], &[]),
            ["no test notices: b/c.rs: replace c"]
        );
        let dead = ("a.rs: replace a", "why");
        assert_eq!(complaints(&mutants(), &[known, dead], &[]).len(), 1);
        assert_eq!(
            complaints(&mutants(), &[known, ("d.rs: replace d", "why")], &["d.rs"]),
            [""; 0]
        );
    }
}
