//! What a setting may be.

use lockstep_wire::{
    DatabaseSetting, FeedbackScale, FeedbackSetting, PreferenceSetting, SecretText, SettingValue,
};

use crate::problem::{ApiError, Code};

/// Longest name of a setting, in characters.
const NAME_CHARS_MAX: usize = 64;
/// Longest text in a setting, in characters.
const TEXT_CHARS_MAX: usize = 200;
/// Longest text of a preference, in characters.
const LONG_TEXT_CHARS_MAX: usize = 2_000;
/// Longest address of a provider, in bytes.
const URL_BYTES_MAX: usize = 500;
/// Longest host, in bytes (RFC 1035, section 2.3.4, and a port's colons of an IPv6 address).
const HOST_BYTES_MAX: usize = 255;
/// The most words of a list or of a feedback.
const WORDS_MAX: usize = 50;
/// The fewest categories of a feedback.
const CATEGORIES_MIN: usize = 2;
/// Longest secret, in bytes; the key file of a cloud's service account has about 2,400.
const SECRET_BYTES_MAX: usize = 8_192;
/// The largest integer that every reader of JSON keeps exact (RFC 8259, section 6).
const INTEGER_MAX: u64 = 9_007_199_254_740_991;

/// A setting's name: lower-case letters, digits and underscores, the first a letter.
///
/// # Errors
/// 400 for any other.
pub fn name(name: &str) -> Result<&str, ApiError> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_name = name.len() <= NAME_CHARS_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(is_word);
    if is_name {
        return Ok(name);
    }
    Err(refused(&format!(
        "the name of a setting has 1 to {NAME_CHARS_MAX} lower-case letters, digits and underscores, the first a letter"
    )))
}

/// A secret that fits.
///
/// # Errors
/// 400 for an empty or too long one, and where such a setting has none.
pub fn secret<'a>(
    value: &SettingValue,
    secret: &'a SecretText,
) -> Result<&'a SecretText, ApiError> {
    if !value.takes_secret() {
        return Err(refused("a setting of this kind has no `secret`"));
    }
    if (1..=SECRET_BYTES_MAX).contains(&secret.reveal().len()) {
        return Ok(secret);
    }
    Err(refused(&format!(
        "`secret` has 1 to {SECRET_BYTES_MAX} bytes"
    )))
}

/// A value that may be kept.
///
/// # Errors
/// 400 with what is wrong.
pub fn value(value: SettingValue) -> Result<SettingValue, ApiError> {
    match &value {
        SettingValue::Database(database) => check_database(database)?,
        SettingValue::Feedback(feedback) => check_feedback(feedback)?,
        SettingValue::Preference(preference) => check_preference(preference)?,
        SettingValue::Provider(provider) => {
            text("provider", &provider.provider)?;
            provider.base_url.as_deref().map_or(Ok(()), check_url)?;
        }
        SettingValue::Secret(secret) => optional("description", secret.description.as_deref())?,
    }
    Ok(value)
}

fn check_database(database: &DatabaseSetting) -> Result<(), ApiError> {
    text("engine", &database.engine)?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    let host = &database.host;
    if !(1..=HOST_BYTES_MAX).contains(&host.len()) || !host.chars().all(is_host) {
        return Err(refused(
            "`host` is a host name or an address, without scheme, port and path",
        ));
    }
    if database.port == 0 {
        return Err(refused("`port` is a number from 1 to 65535"));
    }
    optional("database", database.database.as_deref())?;
    optional("username", database.username.as_deref())?;
    optional("environment", database.environment.as_deref())
}

fn check_feedback(feedback: &FeedbackSetting) -> Result<(), ApiError> {
    optional("description", feedback.description.as_deref())?;
    match &feedback.scale {
        FeedbackScale::Boolean => Ok(()),
        FeedbackScale::Categories(categories) => {
            if !(CATEGORIES_MIN..=WORDS_MAX).contains(&categories.len()) {
                return Err(refused(&format!(
                    "`categories` has {CATEGORIES_MIN} to {WORDS_MAX} words"
                )));
            }
            categories
                .keys()
                .try_for_each(|word| text("categories", word))
        }
        FeedbackScale::Numbers(numbers) if numbers.min < numbers.max => Ok(()),
        FeedbackScale::Numbers(_) => Err(refused("`min` is less than `max`")),
    }
}

fn check_preference(preference: &PreferenceSetting) -> Result<(), ApiError> {
    match preference {
        PreferenceSetting::Boolean(_) => Ok(()),
        PreferenceSetting::Integer(number) if number.unsigned_abs() <= INTEGER_MAX => Ok(()),
        PreferenceSetting::Integer(_) => Err(refused("`integer` has at most 53 bits")),
        PreferenceSetting::List(words) if words.len() > WORDS_MAX => {
            Err(refused(&format!("`list` has at most {WORDS_MAX} words")))
        }
        PreferenceSetting::List(words) => words.iter().try_for_each(|word| text("list", word)),
        PreferenceSetting::Text(long) if long.contains('\0') => Err(refused("`text` has no NUL")),
        PreferenceSetting::Text(long) if long.chars().count() > LONG_TEXT_CHARS_MAX => {
            Err(refused(&format!(
                "`text` has at most {LONG_TEXT_CHARS_MAX} characters"
            )))
        }
        PreferenceSetting::Text(_) => Ok(()),
    }
}

/// An address that programs send a key to: encrypted, and with no credential of its own in it, which would be kept in clear.
fn check_url(url: &str) -> Result<(), ApiError> {
    let rest = url.strip_prefix("https://").unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"@?#\\\"<>".contains(&byte);
    let has_host = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    if url.len() <= URL_BYTES_MAX && has_host && rest.bytes().all(is_plain) {
        return Ok(());
    }
    Err(refused(
        "`base_url` is an https address without credentials, query and fragment",
    ))
}

fn optional(member: &str, value: Option<&str>) -> Result<(), ApiError> {
    value.map_or(Ok(()), |value| text(member, value))
}

fn text(member: &str, value: &str) -> Result<(), ApiError> {
    let chars = value.chars().count();
    if (1..=TEXT_CHARS_MAX).contains(&chars) && !value.contains(char::is_control) {
        return Ok(());
    }
    Err(refused(&format!(
        "`{member}` has 1 to {TEXT_CHARS_MAX} characters, none of them a control character"
    )))
}

fn refused(reason: &str) -> ApiError {
    ApiError::new(
        Code::InvalidValue,
        format!("The setting is not accepted: {reason}."),
    )
}
