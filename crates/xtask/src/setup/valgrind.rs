//! valgrind, which counts instructions: the one measure of speed that is the same on a busy machine.

use std::process::Command;

use super::debian;
use crate::error::TaskError;
use crate::process;

/// Sees to it that `valgrind` can be started.
pub(crate) fn find_or_install() -> Result<(), TaskError> {
    if process::probe(Command::new("valgrind").arg("--version")).is_some()
        || debian::install(
            "valgrind",
            "the test run counts the instructions of a check",
        )?
    {
        return Ok(());
    }
    Err(TaskError::sentence(
        "counting the instructions of a check needs valgrind, and it was not found: install it \
         (`sudo apt install valgrind`)",
    ))
}
