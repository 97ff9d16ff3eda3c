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
/// Random strings in which the published expression finds no secret (P7).
const STRINGS: u32 = 100_000_000;
/// Where the tests of token read it.
const STRINGS_VARIABLE: &str = "LOCKSTEP_STRINGS";

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

    tally.add(secrets(project)?);
    println!("took {}\n", watch.text());

    println!("fuzzing, {FUZZ_SECONDS} s a target");
    tally.add(fuzz::run(
        project,
        &fuzz::Options::every_target(FUZZ_SECONDS),
    )?);
    println!("took {}\n{tally}", watch.text());
    Ok(tally)
}

/// The rows of docs/threats.md that take long (P7) or are measured (P8).
fn secrets(project: &Project) -> Result<Tally, TaskError> {
    println!("{STRINGS} random strings, and the time that a refusal takes");
    let mut tally = Tally::default();
    let mut command = project.cargo();
    command
        .args(["test", "--release", "--package", "lockstep-token"])
        .args(["--test", "secrets"])
        .env(STRINGS_VARIABLE, STRINGS.to_string());
    let (success, output) = process::tee(&mut command, process::Show::OnFailure)?;
    tally.add(Tally::of_cargo(&output).and_status(success));
    let mut command = project.cargo();
    command
        .args(["run", "--release", "--package", "lockstep-token"])
        .args(["--example", "timing"]);
    let (success, _) = process::tee(&mut command, process::Show::Always)?;
    tally.add(Tally {
        passed: success.into(),
        failed: (!success).into(),
    });
    Ok(tally)
}
