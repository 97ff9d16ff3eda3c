//! `lockstep audit verify`: whether an exported audit log is what was written.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use lockstep_wire::{AuditEnd, AuditPoint, AuditRow, AuditStart};

use crate::error::CommandError;
use crate::output;

/// Longest line of an export, in bytes; a row has at most 100 changes.
const LINE_BYTES_MAX: u64 = 16_000_000;

/// Follows the chain in the export at `path`, or on standard input. With `known`, the chain must go
/// through this hash.
///
/// # Errors
/// When the chain breaks, naming the first row that does not fit; when the file is no whole export.
pub(crate) fn verify(path: &Path, known: Option<&str>) -> Result<(), CommandError> {
    let unreadable = |error| CommandError::Read {
        path: path.to_owned(),
        error,
    };
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let mut lines = Lines {
        input: BufReader::new(input),
        number: 0,
    };
    let broken = |line: u64, reason: String| CommandError::Audit {
        path: path.to_owned(),
        line,
        reason,
    };
    let mut following: Option<Following> = None;
    while let Some(line) = lines.next().map_err(unreadable)? {
        let number = lines.number;
        let step = match &mut following {
            None => Following::begin(&line, known).map(|begun| following = Some(begun)),
            Some(following) => following.step(&line),
        };
        step.map_err(|reason| broken(number, reason))?;
    }
    let following =
        following.ok_or_else(|| broken(1, "there is nothing in this file".to_owned()))?;
    let said = following
        .end()
        .map_err(|reason| broken(lines.number, reason))?;
    output::print(&said)
}

/// Lines of a file, none of them longer than any of an export.
struct Lines {
    input: BufReader<Box<dyn Read>>,
    number: u64,
}

impl Lines {
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let most = LINE_BYTES_MAX.saturating_add(1);
        let read = (&mut self.input).take(most).read_until(b'\n', &mut line)?;
        self.number = self.number.saturating_add(1);
        if u64::try_from(read).unwrap_or(u64::MAX) > LINE_BYTES_MAX {
            return Err(io::Error::other("a line is longer than any of an export"));
        }
        Ok((read > 0).then_some(line))
    }
}

/// How far the chain was followed.
struct Following<'a> {
    organization: String,
    first: i64,
    point: AuditPoint,
    known: Option<&'a str>,
    /// The row that has the known hash.
    known_at: Option<i64>,
    is_ended: bool,
}

impl<'a> Following<'a> {
    fn begin(line: &[u8], known: Option<&'a str>) -> Result<Self, String> {
        let start: AuditStart = serde_json::from_slice(line).map_err(|_| {
            "this is not the first line of a whole export; one with filters is no chain".to_owned()
        })?;
        let point = start.checkpoint;
        if point.number == 0 && point != AuditPoint::beginning(&start.organization) {
            return Err("the chain does not begin where that of this organization does".to_owned());
        }
        let mut begun = Self {
            organization: start.organization,
            first: point.number.saturating_add(1),
            point,
            known,
            known_at: None,
            is_ended: false,
        };
        begun.compare();
        Ok(begun)
    }

    fn step(&mut self, line: &[u8]) -> Result<(), String> {
        if self.is_ended {
            return Err("something follows the last line of the export".to_owned());
        }
        if let Ok(end) = serde_json::from_slice::<AuditEnd>(line) {
            if end.head != self.point {
                let AuditPoint { number, .. } = end.head;
                let last = self.point.number;
                return Err(format!(
                    "the export ends with row {number}, but the chain with row {last}"
                ));
            }
            self.is_ended = true;
            return Ok(());
        }
        let row: AuditRow = serde_json::from_slice(line).map_err(|error| {
            let number = self.point.number.saturating_add(1);
            format!("row {number} cannot be read: {error}")
        })?;
        self.point.follow(&row).map_err(|error| error.to_string())?;
        self.compare();
        Ok(())
    }

    fn compare(&mut self) {
        if self.known == Some(self.point.hash.as_str()) {
            self.known_at = Some(self.point.number);
        }
    }

    /// What is said when all is well.
    fn end(self) -> Result<String, String> {
        let AuditPoint { number, hash } = self.point;
        if !self.is_ended {
            return Err(format!("the export breaks off after row {number}"));
        }
        let known = match (self.known, self.known_at) {
            (Some(known), None) => {
                return Err(format!("the chain does not go through {known}"));
            }
            (Some(_), Some(at)) => format!("goes through the known head, row {at}\n"),
            (None, _) => String::new(),
        };
        let Self {
            organization,
            first,
            ..
        } = self;
        Ok(format!(
            "{organization}: rows {first} to {number} are a chain\n{known}head {number} {hash}\n"
        ))
    }
}
