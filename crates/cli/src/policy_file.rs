//! Policies from files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use lockstep_wire::{CompiledPolicy, PolicySourceError, compile_toml};

use crate::error::CommandError;

/// Ten times what a policy at every limit of the evaluator needs.
const LIMIT_BYTES: u64 = 4 * 1024 * 1024;

/// Reads and compiles the policy at `path`.
///
/// # Errors
/// When it cannot be read, or the first place where it is wrong.
pub(crate) fn read(path: &Path) -> Result<CompiledPolicy, CommandError> {
    let policy_error = |error| CommandError::Policy {
        path: path.to_owned(),
        error,
    };
    let bytes = bytes(path)?;
    let text = str::from_utf8(&bytes).map_err(|error| policy_error(not_text(&bytes, &error)))?;
    compile_toml(text).map_err(policy_error)
}

fn bytes(path: &Path) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| {
        file.take(LIMIT_BYTES.saturating_add(1))
            .read_to_end(&mut bytes)
    });
    match read {
        Err(error) => Err(CommandError::Read {
            path: path.to_owned(),
            error,
        }),
        Ok(_) if u64::try_from(bytes.len()).is_ok_and(|len| len <= LIMIT_BYTES) => Ok(bytes),
        Ok(_) => Err(CommandError::TooLarge {
            path: path.to_owned(),
            limit_bytes: LIMIT_BYTES,
        }),
    }
}

fn not_text(bytes: &[u8], error: &std::str::Utf8Error) -> PolicySourceError {
    let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
    let before = String::from_utf8_lossy(before);
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    PolicySourceError {
        line: before.matches('\n').count().saturating_add(1),
        column: last_line.chars().count().saturating_add(1),
        message: "not UTF-8 text".into(),
        help: Some("save the file as UTF-8".into()),
    }
}
