//! `cargo xtask bench`: a gate check against @casl/ability on the same questions, and the sizes.

use crate::build;
use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::setup;
use crate::size;

/// Builds the product, installs the peers (they have their own lock file, outside the workspace) and
/// prints ratios, not nanoseconds: those differ from machine to machine.
pub(crate) fn run(project: &Project) -> Result<(), TaskError> {
    build::run(project, &build::ALL)?;
    setup::separate_packages(project, "tests/bench")?;
    process::run(&mut project.node("tests/bench/check.mjs"))?;
    println!();
    size::check(project)
}
