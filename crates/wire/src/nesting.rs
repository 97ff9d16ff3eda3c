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

/// Deepest accepted nesting of a text.
const DEPTH_MAX: u8 = 16;

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

/// Checks the nesting of any TOML or JSON: of brackets, and of the parts of dotted keys.
///
/// One look at both: where they differ, in comments, in single and threefold quotes and in dots, JSON has no
/// meaning, and its reader stops there.
pub(crate) fn check(text: &str) -> Result<(), Unreadable> {
    let mut rest = text.as_bytes();
    let mut depth = Depth::default();
    let mut before = b' ';
    while let Some((byte, behind)) = rest.split_first() {
        let is_deeper = match byte {
            b'[' | b'{' => depth.open(*byte == b'['),
            // The point of a number has a digit on both sides; a key may, too.
            b'.' => {
                let digits =
                    before.is_ascii_digit() && behind.first().is_some_and(u8::is_ascii_digit);
                !(digits && depth.is_value()) && depth.dot()
            }
            _ => false,
        };
        if is_deeper {
            return Err(Unreadable {
                at: text.len().saturating_sub(rest.len()),
                message: format!("nested deeper than {DEPTH_MAX}"),
            });
        }
        before = *byte;
        rest = match byte {
            b'"' | b'\'' => behind_string(*byte, behind),
            b'#' => behind_line(behind),
            b']' | b'}' => {
                depth.close();
                behind
            }
            b',' | b'\n' => {
                depth.end_of_key();
                depth.next(*byte == b',');
                behind
            }
            b'=' | b':' => {
                depth.values |= depth.here();
                behind
            }
            _ => behind,
        };
    }
    Ok(())
}

/// Keys that one place lies under: one in each bracket, and one outside.
const KEYS_MAX: usize = 17;

/// How deep a text nests at one place.
#[derive(Default)]
struct Depth {
    /// Brackets that are open.
    brackets: u8,
    /// Dots in all keys that the place lies under.
    dots: u8,
    /// Those of them that belong to the key outside of each open bracket, and then to the last one.
    of_key: [u8; KEYS_MAX],
    /// A bit for each open bracket, and one for what is outside of all: whether the place there is a value's.
    values: u32,
    /// A bit for each of them that holds nothing but values.
    arrays: u32,
}

impl Depth {
    /// The bit of the innermost bracket that is open.
    fn here(&self) -> u32 {
        1_u32.checked_shl(self.brackets.into()).unwrap_or_default()
    }

    /// Whether the place is a value's, and not that of a key or a header.
    fn is_value(&self) -> bool {
        self.values & self.here() != 0
    }

    /// After a comma, or at the end of a line: only the former ends a value in a bracket.
    fn next(&mut self, is_comma: bool) {
        let here = self.here();
        if is_comma || self.brackets == 0 {
            self.values = self.values & !here | self.arrays & here;
        }
    }

    /// Whether that was one bracket too many.
    fn open(&mut self, is_square: bool) -> bool {
        // A header has two at most.
        let is_array = is_square && (self.is_value() || self.brackets >= 2);
        self.brackets = self.brackets.saturating_add(1);
        let here = self.here();
        for bits in [&mut self.values, &mut self.arrays] {
            *bits = if is_array {
                *bits | here
            } else {
                *bits & !here
            };
        }
        self.brackets.saturating_add(self.dots) > DEPTH_MAX
    }

    fn close(&mut self) {
        self.end_of_key();
        self.brackets = self.brackets.saturating_sub(1);
    }

    /// Whether that was one part of a key too many.
    fn dot(&mut self) -> bool {
        self.dots = self.dots.saturating_add(1);
        if let Some(dots) = self.of_key.get_mut(usize::from(self.brackets)) {
            *dots = dots.saturating_add(1);
        }
        self.brackets.saturating_add(self.dots) > DEPTH_MAX
    }

    fn end_of_key(&mut self) {
        if let Some(dots) = self.of_key.get_mut(usize::from(self.brackets)) {
            self.dots = self.dots.saturating_sub(*dots);
            *dots = 0;
        }
    }
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
        assert_eq!(KEYS_MAX, usize::from(DEPTH_MAX) + 1);
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

    /// The TOML reader would refuse them, too, but not say where.
    #[test]
    fn parts_of_dotted_keys_count_as_brackets_do() {
        let key = |parts: usize| vec!["a"; parts].join(".");
        accepted(&format!("{} = 1\n", key(17)));
        refused_at(&format!("b = 1\n{} = 1\n", key(18)), 6 + 16 * 2 + 1);
        refused_at(&format!("[{}]", key(18)), 1 + 15 * 2 + 1);
        // What a key has is over at its end, and holds for all in its value.
        accepted(&format!("{0} = [1]\n{0} = {{ b = 1, c.d = 2 }}\n", key(15)));
        refused_at(&format!("{} = {{ b = 1, c.d.e = 2 }}\n", key(15)), 29 + 15);
        refused_at(&format!("{} = [\n{{ b.c = 2 }},\n]", key(15)), 29 + 8);
        // A key of digits is no number, wherever a key may be.
        let digits = |parts: usize| vec!["1"; parts].join(".");
        refused_at(&format!("[{}]", digits(62)), 1 + 15 * 2 + 1);
        refused_at(&format!("[[{}]]", digits(62)), 2 + 14 * 2 + 1);
        refused_at(&format!("a = 1.5\n{} = 1\n", digits(62)), 8 + 16 * 2 + 1);
        refused_at(
            &format!("a = {{ b = 1.5, {} = 1 }}", digits(62)),
            15 + 15 * 2 + 1,
        );
        refused_at(
            &format!("a = [\n1.5,\n{{ {} = 1 }}]", digits(62)),
            13 + 14 * 2 + 1,
        );
        // No number is a key.
        accepted(&format!(
            "a = {}1.5,\n2.5{}\nb = 1.5",
            "[".repeat(16),
            "]".repeat(16)
        ));
        accepted(&format!(
            r#"{}"a":{}"#,
            "{\"b\":".repeat(15),
            "{\n\"a\":\n1.5, \"c\": 2.5}"
        ));
        accepted(&format!(
            "{}1.5, -1.5e3, 2024-01-01T00:00:00.5Z",
            "[".repeat(16)
        ));
        accepted(&format!("a = \"{0}\" # {0}", key(20)));
    }

    #[test]
    fn a_policy_has_a_limit_of_bytes() {
        assert_eq!(check_policy(&" ".repeat(POLICY_BYTES_MAX)), Ok(()));
        let error = check_policy(&" ".repeat(POLICY_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(error.message, "more than 1000000 bytes");
    }
}
