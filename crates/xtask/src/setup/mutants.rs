//! cargo-mutants, which changes the code and sees whether a test notices.

use std::path::PathBuf;
use std::process::Command;

use super::announce;
use crate::error::TaskError;
use crate::process;
use crate::project::Project;

/// Pinned: another release makes other mutants.
pub(crate) const VERSION: &str = "27.1.0";

/// The program, which is built into the target directory when it is not there yet.
pub(crate) fn find_or_install(project: &Project) -> Result<PathBuf, TaskError> {
    let folder = project.target("tools");
    let program = folder.join("bin/cargo-mutants");
    let version = process::probe(Command::new(&program).args(["mutants", "--version"]));
    if version.is_some_and(|text| text.split_whitespace().any(|word| word == VERSION)) {
        return Ok(program);
    }
    announce(
        &format!("building cargo-mutants {VERSION} (cargo install)"),
        "it makes the mutants",
    );
    process::run(
        project
            .cargo()
            .args(["install", "cargo-mutants", "--locked", "--force"])
            .args(["--version", VERSION, "--root"])
            .arg(&folder),
    )?;
    Ok(program)
}
