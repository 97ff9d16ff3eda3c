//! `cargo xtask conformance`: the vectors that nobody here wrote, through the crate and through the running Worker.

use std::process::Command;

use crate::build::{self, Part};
use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::setup;
use crate::test::{Tally, VECTORS};

/// The tests of crates/token that read vectors, by their names.
const NATIVE: [&str; 3] = ["wycheproof", "rfc_appendices", "json_test_suite"];
/// The test of the running Worker that does.
const RUNNING: &str = "tests/e2e/vectors.test.mjs";

/// Runs both and prints what they count.
pub(crate) fn run(project: &Project) -> Result<Tally, TaskError> {
    if std::env::var_os(VECTORS).is_none() {
        return Err(TaskError::sentence(format!(
            "{VECTORS} must name the folder with the outside test data"
        )));
    }
    setup::run(project)?;
    println!("through the crate");
    let mut command = project.cargo();
    command
        .args(["test", "--package", "lockstep-token", "--tests", "--"])
        .arg("--nocapture")
        .args(NATIVE);
    let (success, output) = process::tee(&mut command, process::Show::Always)?;
    let mut tally = Tally::of_cargo(&output).and_status(success);

    println!("through the running Worker");
    build::run(project, &[Part::Edge, Part::Console])?;
    let mut command = Command::new("node");
    command
        .current_dir(project.root())
        .args(["--test", "--test-reporter=spec", "--test-timeout=300000"])
        .arg(RUNNING);
    let (success, output) = process::tee(&mut command, process::Show::Always)?;
    tally.add(Tally::of_node(&output).and_status(success));
    println!("{tally}");
    Ok(tally)
}
