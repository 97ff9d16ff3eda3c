//! Counting what passed, from what cargo and node print.

use std::fmt;
use std::process::ExitCode;

/// How many tests (or whole steps, where a step has no tests inside) passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

impl Tally {
    /// A step without tests inside that succeeded.
    pub(crate) const ONE: Self = Self {
        passed: 1,
        failed: 0,
    };

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Reads `cargo test`: one `test result: ok. 3 passed; 0 failed; …` for every test binary.
    pub(crate) fn of_cargo(output: &str) -> Self {
        let mut total = Self::default();
        for line in output.lines() {
            let Some((_, counts)) = line
                .strip_prefix("test result: ")
                .and_then(|rest| rest.split_once(". "))
            else {
                continue;
            };
            total.add(Self {
                passed: count(counts, "passed"),
                failed: count(counts, "failed"),
            });
        }
        total
    }

    /// Reads the end of node's spec reporter: `ℹ pass 3`, `ℹ fail 0`, `ℹ cancelled 0`.
    pub(crate) fn of_node(output: &str) -> Self {
        let mut total = Self::default();
        for line in output.lines() {
            match line.trim_start_matches(['ℹ', '#', ' ']).split_once(' ') {
                Some(("pass", number)) => total.passed += number.parse().unwrap_or(0),
                Some(("fail" | "cancelled", number)) => total.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
        total
    }

    /// How the task ends.
    pub(crate) fn exit_code(self) -> ExitCode {
        if self.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// A program that failed without a failed test (it did not compile, or it crashed) is a failure.
    pub(crate) fn and_status(mut self, success: bool) -> Self {
        if !success && self.failed == 0 {
            self.failed = 1;
        }
        self
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// The number before `word` in `3 passed; 0 failed; 0 ignored`.
fn count(counts: &str, word: &str) -> u32 {
    counts
        .split(';')
        .filter_map(|part| part.trim().split_once(' '))
        .find(|(_, name)| *name == word)
        .and_then(|(number, _)| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_results_are_summed() {
        let output = "running 2 tests\n\
            test a ... ok\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
            test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(
            Tally::of_cargo(output),
            Tally {
                passed: 5,
                failed: 1
            }
        );
        assert_eq!(
            Tally::of_cargo("error: could not compile"),
            Tally::default()
        );
    }

    #[test]
    fn node_results_are_summed() {
        let output = "✔ a (1 ms)\nℹ tests 4\nℹ pass 2\nℹ fail 1\nℹ cancelled 1\nℹ skipped 0\n";
        assert_eq!(
            Tally::of_node(output),
            Tally {
                passed: 2,
                failed: 2
            }
        );
    }

    #[test]
    fn a_failure_without_tests_counts() {
        assert_eq!(Tally::default().and_status(false).failed, 1);
        assert_eq!(
            Tally::ONE.and_status(true).to_string(),
            "1 passed, 0 failed"
        );
    }
}
