//! Where errors point.

use lockstep_wire::SourceError;

/// Checks that `error` says something about a place in `text`.
///
/// # Panics
/// When it does not.
pub fn check(text: &str, error: &SourceError) {
    assert!(!error.message.is_empty());
    let line = text.split('\n').nth(error.place.line - 1);
    let line = line.unwrap_or_else(|| panic!("{error}: there is no such line"));
    let end = line.chars().count() + 1;
    assert!(error.place.column <= end, "{error}: the line is shorter");
}
