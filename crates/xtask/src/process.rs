//! Child processes: every one is named in the error when it fails.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use crate::error::TaskError;

/// Runs a command whose output the person should see.
pub(crate) fn run(command: &mut Command) -> Result<(), TaskError> {
    let status = command
        .status()
        .map_err(|source| not_started(command, source))?;
    succeeded(command, status)
}

/// Runs a command and gives back what it wrote to stdout; stderr stays visible.
pub(crate) fn read(command: &mut Command) -> Result<String, TaskError> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| not_started(command, source))?;
    succeeded(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Like [`read`], for programs that may be missing or of another kind: `None` instead of an error.
pub(crate) fn probe(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

/// Runs a command to its end whatever its exit status, shows nothing, and gives back stdout and stderr.
pub(crate) fn quietly(command: &mut Command) -> Result<(bool, String, String), TaskError> {
    let output = command
        .output()
        .map_err(|source| not_started(command, source))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    ))
}

/// When the output of a command reaches the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// As it comes.
    Always,
    /// All of it at the end, and only when the command failed.
    OnFailure,
}

/// Runs a command to its end whatever its exit status, and gives back its stdout; stderr, where
/// programs report progress, stays visible.
pub(crate) fn tee(command: &mut Command, show: Show) -> Result<(bool, String), TaskError> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| not_started(command, source))?;
    let mut text = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(|source| not_read(command, source))?;
            let line = String::from_utf8_lossy(&line);
            if show == Show::Always {
                println!("{line}");
            }
            text.push_str(&line);
            text.push('\n');
        }
    }
    let status = child.wait().map_err(|source| not_read(command, source))?;
    if show == Show::OnFailure && !status.success() {
        print!("{text}");
    }
    Ok((status.success(), text))
}

/// The xtask that runs now.
pub(crate) fn own_program() -> Result<PathBuf, TaskError> {
    std::env::current_exe().map_err(|source| TaskError::Io {
        doing: "find this program".to_owned(),
        source,
    })
}

/// The command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

pub(crate) fn not_started(command: &Command, source: std::io::Error) -> TaskError {
    TaskError::Io {
        doing: format!("start `{}`", line(command)),
        source,
    }
}

fn not_read(command: &Command, source: std::io::Error) -> TaskError {
    TaskError::Io {
        doing: format!("read from `{}`", line(command)),
        source,
    }
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<(), TaskError> {
    if status.success() {
        return Ok(());
    }
    Err(TaskError::Command {
        command: line(command),
        status: status.to_string(),
    })
}
