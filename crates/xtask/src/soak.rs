//! `cargo xtask soak`: what the test run does for seconds, for long.

use crate::clock::Stopwatch;
use crate::error::TaskError;
use crate::fuzz;
use crate::process;
use crate::project::Project;
use crate::test::Tally;

/// How long each fuzz target runs.
const FUZZ_SECONDS: u32 = 600;
/// Random decisions that the evaluator and its model are compared on.
const DECISIONS: u32 = 10_000_000;
/// Random cases that each law is put to.
const CASES: u32 = 20_000;
/// Where the tests of core read these numbers.
const DECISIONS_VARIABLE: &str = "LOCKSTEP_DECISIONS";
const CASES_VARIABLE: &str = "LOCKSTEP_CASES";

pub(crate) fn run(project: &Project) -> Result<Tally, TaskError> {
    let watch = Stopwatch::start();
    println!("the evaluator against its model: {DECISIONS} decisions; each law: {CASES} cases");
    let mut command = project.cargo();
    command
        .args(["test", "--release", "--package", "lockstep-core"])
        .env(DECISIONS_VARIABLE, DECISIONS.to_string())
        .env(CASES_VARIABLE, CASES.to_string());
    let (success, output) = process::tee(&mut command, process::Show::Always)?;
    let mut tally = Tally::of_cargo(&output).and_status(success);
    println!("took {}\n", watch.text());

    println!("fuzzing, {FUZZ_SECONDS} s a target");
    tally.add(fuzz::run(
        project,
        &fuzz::Options::every_target(FUZZ_SECONDS),
    )?);
    println!("took {}\n{tally}", watch.text());
    Ok(tally)
}
