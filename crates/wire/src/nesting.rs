//! How deep a text nests, known before anything reads it.
//!
//! The TOML reader takes a text apart to its end before it looks at the nesting, and the JSON reader
//! follows members that nobody knows to any depth. Both cost milliseconds a megabyte, for nothing.

use alloc::format;
use alloc::string::String;

/// Bytes in the text of a policy.
pub const POLICY_BYTES_MAX: usize = 1_000_000;

/// Bytes in the text of a world.
pub const WORLD_BYTES_MAX: usize = 64_000_000;

/// Bytes in one AuthZEN request.
pub const REQUEST_BYTES_MAX: usize = 65_536;

/// Deepest accepted nesting of a text, and of what the page hands over.
pub(crate) const DEPTH_MAX: u8 = 16;

/// Why a text is not worth reading, and at which byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) at: usize,
    pub(crate) message: String,
}

/// Checks the text of a policy, TOML or JSON.
pub(crate) fn check_policy(text: &str) -> Result<(), Unreadable> {
    check_sized(text, POLICY_BYTES_MAX)
}

/// Checks the text of a world.
#[cfg(feature = "toml")]
pub(crate) fn check_world(text: &str) -> Result<(), Unreadable> {
    check_sized(text, WORLD_BYTES_MAX)
}

fn check_sized(text: &str, limit: usize) -> Result<(), Unreadable> {
    if text.len() > limit {
        return Err(Unreadable {
            at: 0,
            message: format!("more than {limit} bytes"),
        });
    }
    check(text)
}

/// Checks the nesting of any TOML or JSON.
///
/// One look at both: where they differ, in comments and in single and threefold quotes, JSON has no
/// meaning, and its reader stops there.
pub(crate) fn check(text: &str) -> Result<(), Unreadable> {
    let mut rest = text.as_bytes();
    let mut depth = 0_u8;
    while let Some((byte, behind)) = rest.split_first() {
        rest = match byte {
            b'[' | b'{' if depth == DEPTH_MAX => {
                return Err(Unreadable {
                    at: text.len().saturating_sub(rest.len()),
                    message: format!("nested deeper than {DEPTH_MAX}"),
                });
            }
            b'[' | b'{' => {
                depth = depth.saturating_add(1);
                behind
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                behind
            }
            b'"' | b'\'' => behind_string(*byte, behind),
            b'#' => behind_line(behind),
            _ => behind,
        };
    }
    Ok(())
}

/// What follows the string whose first quote was just read.
fn behind_string(quote: u8, text: &[u8]) -> &[u8] {
    let is_long = text.starts_with(&[quote; 2]);
    let mut rest = if is_long {
        text.get(2..).unwrap_or_default()
    } else {
        text
    };
    loop {
        rest = match rest {
            [] => return rest,
            [b'\\', _, behind @ ..] if quote == b'"' => behind,
            [a, b, c, behind @ ..] if is_long && [*a, *b, *c] == [quote; 3] => {
                // One or two more are the text's own last characters.
                let own = behind.iter().take(2).take_while(|byte| **byte == quote);
                return behind.get(own.count()..).unwrap_or_default();
            }
            [byte, behind @ ..] if !is_long && [quote, b'\n'].contains(byte) => return behind,
            [_, behind @ ..] => behind,
        };
    }
}

fn behind_line(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| *byte == b'\n');
    end.and_then(|end| text.get(end..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEEP: &str = "[[[[[[[[[[[[[[[[[";

    #[track_caller]
    fn refused_at(text: &str, at: usize) {
        assert_eq!(check(text).map_err(|error| error.at), Err(at), "{text}");
    }

    #[track_caller]
    fn accepted(text: &str) {
        assert_eq!(check(text), Ok(()), "{text}");
    }

    #[test]
    fn the_bracket_that_is_too_deep_is_named() {
        assert_eq!(DEEP.len(), usize::from(DEPTH_MAX) + 1);
        refused_at(DEEP, 16);
        refused_at(&format!("a = {}", DEEP.replace('[', "{a=")), 4 + 16 * 3);
        accepted(&"[".repeat(16));
        accepted(&"[]{}".repeat(100));
        // Brackets that nothing opened do not make room for more.
        refused_at(&format!("]]]]{DEEP}"), 20);
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        accepted(&format!(r#"a = "{DEEP}" "#));
        accepted(&format!(r#"a = "\"{DEEP}\\" "#));
        accepted(&format!("a = '{DEEP}' # {DEEP}\n# {DEEP}"));
        accepted(&format!(
            "a = \"\"\"{DEEP}\"\n\"\"{DEEP}\\\"\"\" {DEEP}\"\"\""
        ));
        accepted(&format!("a = '''it's {DEEP}\n'''"));
        // The text ends with quotes of its own.
        accepted(&format!("a = \"\"\"b\"\"\"\"\" # \" {DEEP}\n"));
    }

    #[test]
    fn brackets_behind_strings_and_comments_do() {
        for before in [
            r#""""#,
            r#""\\""#,
            r"'\'",
            "''",
            "# it's\n",
            "\"\"\"\"\"\"",
            "'''a'''''",
            "\"not closed\n",
        ] {
            refused_at(&format!("{before}{DEEP}"), before.len() + 16);
        }
    }

    #[test]
    fn a_policy_has_a_limit_of_bytes() {
        assert_eq!(check_policy(&" ".repeat(POLICY_BYTES_MAX)), Ok(()));
        let error = check_policy(&" ".repeat(POLICY_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(error.message, "more than 1000000 bytes");
    }
}
