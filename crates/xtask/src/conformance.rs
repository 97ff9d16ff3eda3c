//! `cargo xtask conformance`: the vectors that nobody here wrote, through the crate, through both signature primitives side by side, and through the running Worker.

use std::process::Command;

use crate::build::{self, Part};
use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::setup::{self, WASM_TARGET};
use crate::test::{Tally, VECTORS};
use crate::wasm::{self, For};

/// The tests of crates/token that read vectors, by their names.
const NATIVE: [&str; 3] = ["wycheproof", "rfc_appendices", "json_test_suite"];
/// The tests of the running Worker that present them, and what is forged here, as credentials.
const RUNNING: [&str; 2] = ["tests/e2e/vectors.test.mjs", "tests/e2e/forged.test.mjs"];
/// Where both primitives are put side by side.
const BOTH: &str = "tests/conformance";

/// Runs all three and prints what they count.
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

    println!("through jsonwebtoken natively and WebCrypto in workerd: the same verdicts");
    tally.add(both(project)?);

    println!("through the running Worker");
    build::run(project, &[Part::Edge, Part::Console])?;
    let mut command = Command::new("node");
    command
        .current_dir(project.root())
        .args(["--test", "--test-reporter=spec", "--test-timeout=300000"])
        .args(RUNNING);
    let (success, output) = process::tee(&mut command, process::Show::Always)?;
    tally.add(Tally::of_node(&output).and_status(success));
    println!("{tally}");
    Ok(tally)
}

/// The same questions to both primitives; one passes when all answers are the same.
fn both(project: &Project) -> Result<Tally, TaskError> {
    let compile = |args: &[&str]| {
        let mut command = project.cargo();
        command
            .args(["build", "--release", "--manifest-path"])
            .arg(project.path(BOTH).join("Cargo.toml"))
            .args(args)
            .env("CARGO_TARGET_DIR", project.target("conformance"));
        process::run(&mut command)
    };
    compile(&["--bin", "conformance"])?;
    compile(&["--lib", "--target", WASM_TARGET])?;
    let module = format!("conformance/{WASM_TARGET}/release/lockstep_conformance.wasm");
    let web = project.target("conformance/web");
    wasm::bind(&project.target(&module), &web, For::Worker)?;
    let native = format!(
        "conformance/release/conformance{}",
        std::env::consts::EXE_SUFFIX
    );
    let mut command = project.node("tests/conformance/main.mjs");
    command
        .env("CONFORMANCE_NATIVE", project.target(&native))
        .env("CONFORMANCE_WEB", web);
    let (success, _) = process::tee(&mut command, process::Show::Always)?;
    Ok(Tally {
        passed: success.into(),
        failed: (!success).into(),
    })
}
