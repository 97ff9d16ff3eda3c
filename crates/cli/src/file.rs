//! Texts from files, none larger than it may be.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use lockstep_wire::{Place, SourceError};

use crate::error::CommandError;

/// Reads the text at `path`, which is `noun` and so has at most `limit` bytes.
///
/// # Errors
/// When it cannot be read, is larger, or is not UTF-8.
pub(crate) fn read(path: &Path, noun: &'static str, limit: usize) -> Result<String, CommandError> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    match read {
        Err(error) => Err(CommandError::Read {
            path: path.to_owned(),
            error,
        }),
        Ok(_) if bytes.len() > limit => Err(CommandError::TooLarge {
            path: path.to_owned(),
            noun,
            limit,
        }),
        Ok(_) => {
            String::from_utf8(bytes).map_err(|error| CommandError::source(path, not_text(&error)))
        }
    }
}

fn not_text(error: &std::string::FromUtf8Error) -> SourceError {
    let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
    SourceError {
        place: Place::behind(&String::from_utf8_lossy(before.unwrap_or_default())),
        message: "not UTF-8 text".into(),
        help: Some("save the file as UTF-8".into()),
    }
}
