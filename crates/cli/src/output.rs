//! Standard output and standard error.

use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use lockstep_wire::Place;
use serde::Serialize;

use crate::error::CommandError;

/// What is as it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What is not.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
const WARNING: Style = AnsiColor::Yellow.on_default();

/// `text` in `style`. Whoever prints it takes the style away where there is no terminal.
pub(crate) fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// What others wrote or said, as a terminal may be shown it: no line break and no escape sequence reaches it.
pub(crate) fn printable(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(visible).collect()
}

/// Writes `bytes` to standard output, as they are.
///
/// # Errors
/// When it cannot be written, such as to a full disk.
pub(crate) fn write(bytes: &[u8]) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    settled(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// Writes `what` to standard output as JSON, as it is found.
///
/// # Errors
/// When it cannot be written, such as to a full disk.
pub(crate) fn json(what: &impl Serialize) -> Result<(), CommandError> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    settled(
        serde_json::to_writer_pretty(&mut stdout, what)
            .map_err(io::Error::from)
            .and_then(|()| stdout.write_all(b"\n"))
            .and_then(|()| stdout.flush()),
    )
}

/// Writes `text` to standard output, its styles only where that is a terminal.
///
/// # Errors
/// When it cannot be written, such as to a full disk.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = anstream::stdout().lock();
    settled(
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush()),
    )
}

/// A reader that has seen enough (`| head`) is not an error.
pub(crate) fn settled(written: io::Result<()>) -> Result<(), CommandError> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CommandError::Write(error)),
        _ => Ok(()),
    }
}

/// Writes `line` to standard error, or nowhere when that is closed. Names in it may be anybody's.
pub(crate) fn complain(line: &str) {
    say(&printable(line));
}

/// Says on standard error what is odd at a place of a file.
pub(crate) fn warn(path: &Path, place: Place, message: &str) {
    let word = styled(WARNING, "warning");
    let place = printable(&format!("{}:{place}", path.display()));
    say(&format!("{place}: {word}: {}", printable(message)));
}

/// Writes lines of our own to standard error, or nowhere when that is closed.
pub(crate) fn say(line: &str) {
    // There is nobody left to tell that nobody can be told; the exit code says it.
    let _ = writeln!(anstream::stderr(), "{line}");
}
