//! Bounds of what people write, by whichever way it comes in.

use crate::problem::{ApiError, Code};

/// Longest name of anything, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Longest sentence that people are shown, in characters.
const SENTENCE_CHARS_MAX: usize = 500;
/// Shortest life of a token or key that expires, in seconds.
const LIFE_S_MIN: i64 = 60;
/// Longest life of a token or key that expires, in seconds: ten years.
const LIFE_S_MAX: i64 = 315_360_000;
/// The last moment that a date can name, in Unix milliseconds (ECMA-262, section 21.4.1.1).
pub const TIME_MS_MAX: i64 = 8_640_000_000_000_000;

/// A name as it is stored.
///
/// # Errors
/// 400 for an empty or too long one, and one with control characters.
pub fn name(name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    let chars = name.chars().count();
    if (1..=NAME_CHARS_MAX).contains(&chars) && !name.contains(char::is_control) {
        return Ok(name.to_owned());
    }
    let detail =
        format!("`name` has 1 to {NAME_CHARS_MAX} characters, none of them a control character.");
    Err(ApiError::new(Code::InvalidValue, detail))
}

/// A sentence that people are shown, which may be empty.
///
/// # Errors
/// 400 for a too long one, and one with control characters.
pub fn sentence(member: &str, text: &str) -> Result<(), ApiError> {
    if text.chars().count() <= SENTENCE_CHARS_MAX && !text.contains(char::is_control) {
        return Ok(());
    }
    let detail = format!(
        "`{member}` has at most {SENTENCE_CHARS_MAX} characters, none of them a control character."
    );
    Err(ApiError::new(Code::InvalidValue, detail))
}

/// How long a token lives, in seconds.
///
/// # Errors
/// 400 for less than a minute and more than ten years.
pub fn life_s(member: &str, seconds: i64) -> Result<i64, ApiError> {
    if (LIFE_S_MIN..=LIFE_S_MAX).contains(&seconds) {
        return Ok(seconds);
    }
    let detail = format!("`{member}` is a number from {LIFE_S_MIN} to {LIFE_S_MAX}.");
    Err(ApiError::new(Code::InvalidValue, detail))
}
