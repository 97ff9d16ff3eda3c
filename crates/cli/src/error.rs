//! Why a command could not be done.

use std::fmt;
use std::io;
use std::path::PathBuf;

use lockstep_wire::PolicySourceError;

/// Why a command could not be done, as one line for the person who ran it.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// The result cannot be written as JSON.
    Json(serde_json::Error),
    /// The policy is wrong at a place.
    Policy {
        path: PathBuf,
        error: PolicySourceError,
    },
    /// The file cannot be read.
    Read { path: PathBuf, error: io::Error },
    /// The file is larger than any policy.
    TooLarge { path: PathBuf, limit_bytes: u64 },
    /// The answer cannot be written.
    Write(io::Error),
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "cannot write JSON: {error}"),
            Self::Policy { path, error } => write!(f, "{}:{error}", path.display()),
            Self::Read { path, error } => write!(f, "{}: cannot read it: {error}", path.display()),
            Self::TooLarge { path, limit_bytes } => write!(
                f,
                "{}: larger than {limit_bytes} bytes, so not a policy",
                path.display()
            ),
            Self::Write(error) => write!(f, "cannot write the answer: {error}"),
        }
    }
}

impl std::error::Error for CommandError {}
