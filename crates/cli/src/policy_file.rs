//! Policies from files.

use std::path::Path;

use lockstep_wire::{CompiledPolicy, POLICY_BYTES_MAX, compile_toml};

use crate::error::CommandError;
use crate::file;

/// Reads and compiles the policy at `path`.
///
/// # Errors
/// When it cannot be read, or the first place where it is wrong.
pub(crate) fn read(path: &Path) -> Result<CompiledPolicy, CommandError> {
    compile(path, &text(path)?)
}

/// Reads the text of the policy at `path`.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn text(path: &Path) -> Result<String, CommandError> {
    file::read(path, "a policy", POLICY_BYTES_MAX)
}

/// Compiles `text`, which was read from `path`.
///
/// # Errors
/// The first place where it is wrong.
pub(crate) fn compile(path: &Path, text: &str) -> Result<CompiledPolicy, CommandError> {
    compile_toml(text).map_err(|error| CommandError::source(path, error))
}
