//! What can go wrong in a task, in sentences for the person at the terminal.

use std::fmt;
use std::io;
use std::path::Path;

/// Why a task stopped.
#[derive(Debug)]
pub(crate) enum TaskError {
    /// A program ran and failed; its own output, above, says why.
    Command { command: String, status: String },
    /// The file system or a child process refused something.
    Io { doing: String, source: io::Error },
    /// Anything that one sentence explains best: what is wrong and what to do about it.
    Sentence(String),
}

impl TaskError {
    pub(crate) fn sentence(text: impl Into<String>) -> Self {
        Self::Sentence(text.into())
    }

    /// For `map_err`: names the path that an operation was about.
    pub(crate) fn io(doing: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let doing = format!("{doing} {}", path.display());
        move |source| Self::Io { doing, source }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { command, status } => write!(f, "`{command}` failed ({status})"),
            Self::Io { doing, source } => write!(f, "could not {doing}: {source}"),
            Self::Sentence(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for TaskError {}
