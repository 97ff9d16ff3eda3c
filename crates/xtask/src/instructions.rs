//! How many instructions a native check takes, against a table written by hand for the same world.
//! callgrind counts them; unlike time they do not depend on what else the machine does.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::setup::valgrind;
use crate::test::Tally;

/// What the contenders of tests/bench/world answer in one run.
const QUESTIONS: f64 = 10_000.0;

/// A way to ask, the evaluator's contender, the hand-written one, and how many times its instructions
/// the evaluator may take.
const PAIRS: [(&str, &str, &str, f64); 3] = [
    ("native check, handles", "access", "table", 1.3),
    ("native check, handles of everybody", "ours", "table", 1.3),
    (
        "native check, three strings",
        "ours-names",
        "table-names",
        1.3,
    ),
];

/// Instructions of one check, without the loop around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) what: &'static str,
    pub(crate) ours: f64,
    pub(crate) table: f64,
    pub(crate) ratio_max: f64,
}

impl Count {
    pub(crate) fn ratio(&self) -> f64 {
        self.ours / self.table
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {:.1} instructions, by hand {:.1}, {:.2} x (at most {} x)",
            self.what,
            self.ours,
            self.table,
            self.ratio(),
            self.ratio_max
        )
    }
}

/// The step of the test run.
pub(crate) fn check(project: &Project) -> Result<Tally, TaskError> {
    if !cfg!(target_os = "linux") {
        println!("left out: valgrind counts on Linux only");
        return Ok(Tally::default());
    }
    let mut tally = Tally::default();
    for count in measure(project)? {
        println!("{count}");
        let within = count.ratio() <= count.ratio_max;
        tally.add(Tally {
            passed: within.into(),
            failed: (!within).into(),
        });
    }
    Ok(tally)
}

/// Builds the contenders and counts.
pub(crate) fn measure(project: &Project) -> Result<Vec<Count>, TaskError> {
    valgrind::find_or_install()?;
    process::run(project.cargo().args([
        "build",
        "--release",
        "--package=lockstep-bench",
        "--bin=instructions",
    ]))?;
    let program = project.target("release/instructions");
    let empty = counted(&program, "loop")?;
    let of = |contender| Ok((counted(&program, contender)? - empty) / QUESTIONS);
    PAIRS
        .into_iter()
        .map(|(what, ours, table, ratio_max)| {
            Ok(Count {
                what,
                ours: of(ours)?,
                table: of(table)?,
                ratio_max,
            })
        })
        .collect()
}

/// The instructions inside the program's function `counted`.
fn counted(program: &Path, contender: &str) -> Result<f64, TaskError> {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--toggle-collect=*counted*"])
        .arg("--callgrind-out-file=/dev/null")
        .arg(program)
        .arg(contender)
        .stdout(Stdio::null());
    let output = command
        .output()
        .map_err(|source| process::not_started(&command, source))?;
    let report = String::from_utf8_lossy(&output.stderr);
    match collected(&report) {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(TaskError::sentence(format!(
            "`{}` failed ({}):\n{report}",
            process::line(&command),
            output.status
        ))),
    }
}

/// Reads `==8169== Collected : 70007`; nothing collected means that the function was not found.
fn collected(report: &str) -> Option<f64> {
    let (_, count) = report.split_once("Collected : ")?;
    let count: f64 = count.split_whitespace().next()?.parse().ok()?;
    (count > 0.0).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_callgrind_reports_is_read() {
        let report = "==7== Events    : Ir\n==7== Collected : 70007\n==7== \n";
        assert_eq!(collected(report), Some(70_007.0));
        assert_eq!(collected("==7== Collected : 0\n"), None);
        assert_eq!(collected("==7== no such program\n"), None);
    }

    #[test]
    fn a_ratio_is_ours_against_theirs() {
        let count = Count {
            what: "a check",
            ours: 26.0,
            table: 20.0,
            ratio_max: 1.3,
        };
        assert!((count.ratio() - 1.3).abs() < 1e-9);
        assert_eq!(
            count.to_string(),
            "a check: 26.0 instructions, by hand 20.0, 1.30 x (at most 1.3 x)"
        );
    }
}
