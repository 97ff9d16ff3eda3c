//! Values that several routes take.

use serde::Deserialize;

pub(super) use crate::bounds::{life_s, name};
use crate::problem::{ApiError, Code};

/// Longest message of an invitation, in characters.
const MESSAGE_CHARS_MAX: usize = 500;
/// Shortest life of an invitation or a link, in seconds.
const INVITATION_LIFE_S_MIN: i64 = 60;
/// Longest life of an invitation or a link, in seconds: 30 days.
const INVITATION_LIFE_S_MAX: i64 = 2_592_000;
/// How long an old secret may still count after a rotation, in seconds. It is as long as a key counts whose secret a removed person saw.
const OVERLAP_S_MAX: i64 = 86_400;
/// The most scopes of one token.
const SCOPES_MAX: usize = lockstep_core::limits::PERMISSIONS_MAX;

/// A body without members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NothingRequest {}

/// What an invited person is told, as it is stored.
pub(super) fn message(text: Option<String>) -> Result<Option<String>, ApiError> {
    let is_plain = |text: &String| {
        let chars = text.chars().count();
        let mut controls = text.chars().filter(|c| c.is_control());
        (1..=MESSAGE_CHARS_MAX).contains(&chars) && controls.all(|c| c == '\n')
    };
    if text.as_ref().is_none_or(is_plain) {
        return Ok(text);
    }
    let detail = format!(
        "`message` has 1 to {MESSAGE_CHARS_MAX} characters, line feeds the only control characters."
    );
    Err(ApiError::new(Code::InvalidValue, detail))
}

/// How long an invitation or a link can be accepted, in seconds.
pub(super) fn invitation_life_s(seconds: Option<i64>) -> Result<Option<i64>, ApiError> {
    let is_in = |seconds: i64| (INVITATION_LIFE_S_MIN..=INVITATION_LIFE_S_MAX).contains(&seconds);
    if seconds.is_none_or(is_in) {
        return Ok(seconds);
    }
    let detail = format!(
        "`expires_in_s` is a number from {INVITATION_LIFE_S_MIN} to {INVITATION_LIFE_S_MAX}."
    );
    Err(ApiError::new(Code::InvalidValue, detail))
}

/// How long an old secret still counts, in seconds; not at all, when absent.
pub(super) fn overlap_s(seconds: Option<i64>) -> Result<i64, ApiError> {
    let seconds = seconds.unwrap_or(0);
    if (0..=OVERLAP_S_MAX).contains(&seconds) {
        return Ok(seconds);
    }
    let detail = format!("`overlap_s` is a number from 0 to {OVERLAP_S_MAX}.");
    Err(ApiError::new(Code::InvalidValue, detail))
}

/// Scopes without repetition; whether the policy has them is the object's to say.
pub(super) fn scopes(scopes: Option<Vec<String>>) -> Result<Option<Vec<String>>, ApiError> {
    let Some(mut scopes) = scopes else {
        return Ok(None);
    };
    if scopes.len() > SCOPES_MAX {
        let detail = format!("`scopes` has at most {SCOPES_MAX} permissions.");
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    scopes.sort_unstable();
    scopes.dedup();
    Ok(Some(scopes))
}
