//! Why a command could not be done.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use lockstep_core::WorldError;
use lockstep_wire::SourceError;

/// Why a command could not be done, as one line for the person who ran it.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// What the command line asks cannot be asked: a name that nothing has, a fact that no condition looks at.
    Asked(String),
    /// An exported audit log is not what was written.
    Audit {
        path: PathBuf,
        line: u64,
        reason: String,
    },
    /// The result cannot be written as JSON.
    Json(serde_json::Error),
    /// The file cannot be read.
    Read { path: PathBuf, error: io::Error },
    /// A deployment refused, did not answer, or cannot be asked.
    Remote(String),
    /// A policy or a world is wrong at a place.
    Source { path: PathBuf, error: SourceError },
    /// The file is larger than any of its kind.
    TooLarge {
        path: PathBuf,
        noun: &'static str,
        limit: usize,
    },
    /// What a policy is compared in does not fit it.
    World(WorldError),
    /// The answer cannot be written.
    Write(io::Error),
    /// A file cannot be written.
    WriteFile { path: PathBuf, error: io::Error },
}

impl CommandError {
    pub(crate) fn source(path: &Path, error: SourceError) -> Self {
        Self::Source {
            path: path.to_owned(),
            error,
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Audit { path, line, reason } => {
                write!(f, "{}:{line}: {reason}", path.display())
            }
            Self::Json(error) => write!(f, "cannot write JSON: {error}"),
            Self::Read { path, error } => write!(f, "{}: cannot read it: {error}", path.display()),
            Self::Asked(what) | Self::Remote(what) => f.write_str(what),
            Self::Source { path, error } => write!(f, "{}:{error}", path.display()),
            Self::TooLarge { path, noun, limit } => {
                let path = path.display();
                write!(f, "{path}: larger than {limit} bytes, so not {noun}")
            }
            Self::World(error) => write!(f, "{error}"),
            Self::Write(error) => write!(f, "cannot write the answer: {error}"),
            Self::WriteFile { path, error } => {
                write!(f, "{}: cannot write it: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for CommandError {}
