//! Mutants and what became of them.

use serde_json::Value;

/// A mutant and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mutant {
    /// As cargo-mutants has it, with file, line and column.
    pub(super) name: String,
    pub(super) fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Caught,
    /// The tests did not end.
    Endless,
    Missed,
    /// It did not compile.
    Unviable,
}

impl Fate {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Caught, "caught", "CaughtMutant"),
        (Self::Endless, "endless", "Timeout"),
        (Self::Missed, "missed", "MissedMutant"),
        (Self::Unviable, "unviable", "Unviable"),
    ];
}

impl Mutant {
    /// What was changed, without the place, so that a reason outlives an edit above it.
    pub(super) fn change(&self) -> &str {
        self.name.split_once(": ").map_or("", |(_, change)| change)
    }

    /// The mutant in one line of a file.
    pub(super) fn line(&self) -> String {
        let fate = Fate::ALL.iter().find(|(fate, ..)| *fate == self.fate);
        format!("{} {}\n", fate.map_or("", |(_, word, _)| word), self.name)
    }

    /// Reads what [`Self::line`] wrote.
    pub(super) fn from_line(line: &str) -> Option<Self> {
        let (word, name) = line.split_once(' ')?;
        let fate = Fate::ALL.iter().find(|(_, known, _)| *known == word)?;
        Some(Self {
            name: name.to_owned(),
            fate: fate.0,
        })
    }
}

/// The module, from `src`, of the mutant called `name`.
pub(super) fn module(name: &str) -> Option<&str> {
    let (file, _) = name.split_once(':')?;
    Some(file.split_once("/src/")?.1)
}

/// Reads outcomes.json, which cargo-mutants writes; `None` when it is something else.
pub(super) fn parse(outcomes: &str) -> Option<Vec<Mutant>> {
    let outcomes: Value = serde_json::from_str(outcomes).ok()?;
    let outcomes = outcomes.get("outcomes")?.as_array()?;
    // One is the test run without any change.
    let changed = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome, outcome.get("scenario")?.get("Mutant")?)));
    changed
        .map(|(outcome, mutant)| {
            let summary = outcome.get("summary")?.as_str()?;
            let fate = Fate::ALL.iter().find(|(.., known)| *known == summary)?;
            Some(Mutant {
                name: mutant.get("name")?.as_str()?.to_owned(),
                fate: fate.0,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTCOMES: &str = r#"{"outcomes": [
        {"scenario": "Baseline", "summary": "Success"},
        {"scenario": {"Mutant": {"name": "crates/core/src/a.rs:1:2: replace a", "file": "crates/core/src/a.rs"}}, "summary": "CaughtMutant"},
        {"scenario": {"Mutant": {"name": "crates/core/src/b/c.rs:3:4: replace c: d", "file": "crates/core/src/b/c.rs"}}, "summary": "MissedMutant"}
    ]}"#;

    #[test]
    fn outcomes_are_read_and_kept_in_lines() {
        let mutants = parse(OUTCOMES).unwrap();
        let places = mutants
            .iter()
            .map(|mutant| (module(&mutant.name).unwrap(), mutant.change()));
        let places: Vec<_> = places.collect();
        assert_eq!(places, [("a.rs", "replace a"), ("b/c.rs", "replace c: d")]);
        let lines: String = mutants.iter().map(Mutant::line).collect();
        assert!(lines.starts_with("caught crates/core/src/a.rs:1:2: replace a\nmissed "));
        let read: Vec<_> = lines.lines().filter_map(Mutant::from_line).collect();
        assert_eq!(read, mutants);
        assert_eq!(
            parse(r#"{"outcomes": [{"scenario": {"Mutant": {}}}]}"#),
            None
        );
    }
}
