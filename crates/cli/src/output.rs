//! Standard output and standard error.

use std::io::{self, ErrorKind, Write};

use crate::error::CommandError;

/// Writes `bytes` to standard output. A reader that has seen enough (`| head`) is not an error.
///
/// # Errors
/// When it cannot be written for another reason, such as a full disk.
pub(crate) fn write(bytes: &[u8]) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CommandError::Write(error)),
        _ => Ok(()),
    }
}

/// Writes `line` to standard error, or nowhere when that is closed.
pub(crate) fn complain(line: &str) {
    // There is nobody left to tell that nobody can be told; the exit code says it.
    let _ = writeln!(io::stderr(), "{line}");
}
