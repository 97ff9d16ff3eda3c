//! Guards, conditions and values in words.

use alloc::string::String;
use core::fmt;

use crate::{Condition, Guard, Test, Value};

/// What is written without `core::fmt`, which would be a tenth of what the page loads: `EXACT`, so that
/// no two are written alike, or as is enough for a sentence, which is a little less to load.
trait Written {
    fn write<const EXACT: bool>(&self, text: &mut String);

    fn written<const EXACT: bool>(&self) -> String {
        let mut text = String::new();
        self.write::<EXACT>(&mut text);
        text
    }
}

impl Guard {
    /// The guard in words, such as `target.creator = false`, for a sentence.
    pub(crate) fn text(&self) -> String {
        self.written::<false>()
    }
}

impl Written for Guard {
    fn write<const EXACT: bool>(&self, text: &mut String) {
        for (at, condition) in self.conditions.iter().enumerate() {
            if at > 0 {
                text.push_str(" and ");
            }
            condition.write::<EXACT>(text);
        }
    }
}

impl Written for Condition {
    fn write<const EXACT: bool>(&self, text: &mut String) {
        write_name::<EXACT>(&self.fact, text);
        text.push_str(match &self.test {
            Test::AtLeast(_) | Test::AtLeastFact(_) => " >= ",
            Test::AtMost(_) | Test::AtMostFact(_) => " <= ",
            Test::Equals(_) | Test::EqualsFact(_) | Test::EqualsIgnoreCase(_) => " = ",
            Test::In(_) => " in [",
            Test::Matches(_) => " matches ",
            Test::NotEquals(_) | Test::NotEqualsFact(_) | Test::NotEqualsIgnoreCase(_) => {
                " is not "
            }
            Test::NotIn(_) => " not in [",
            Test::NotMatches(_) => " does not match ",
        });
        match &self.test {
            Test::AtLeast(number) | Test::AtMost(number) => write_integer(*number, text),
            Test::Equals(value) | Test::NotEquals(value) => value.write::<EXACT>(text),
            Test::AtLeastFact(name)
            | Test::AtMostFact(name)
            | Test::EqualsFact(name)
            | Test::NotEqualsFact(name) => write_name::<EXACT>(name, text),
            Test::Matches(words) | Test::NotMatches(words) => write_quoted::<EXACT>(words, text),
            Test::EqualsIgnoreCase(words) | Test::NotEqualsIgnoreCase(words) => {
                write_quoted::<EXACT>(words, text);
                text.push_str(" (any case)");
            }
            Test::In(texts) | Test::NotIn(texts) => {
                for (at, words) in texts.iter().enumerate() {
                    if at > 0 {
                        text.push_str(", ");
                    }
                    write_quoted::<EXACT>(words, text);
                }
                text.push(']');
            }
        }
        if self.if_exists {
            text.push_str(" if it exists");
        }
    }
}

impl Written for Value {
    fn write<const EXACT: bool>(&self, text: &mut String) {
        match self {
            Self::Bool(true) => text.push_str("true"),
            Self::Bool(false) => text.push_str("false"),
            Self::Integer(value) => write_integer(*value, text),
            Self::Text(value) => write_quoted::<EXACT>(value, text),
        }
    }
}

/// In quotes, so that a text reads neither as a number nor as a fact; bare in a sentence.
fn write_quoted<const EXACT: bool>(words: &str, text: &mut String) {
    if !EXACT {
        text.push_str(words);
        return;
    }
    text.push('"');
    write_escaped::<EXACT>(words, '"', text);
    text.push('"');
}

/// A fact's name, bare. All around it is told by spaces, so one in it must not be.
fn write_name<const EXACT: bool>(name: &str, text: &mut String) {
    write_escaped::<EXACT>(name, ' ', text);
}

fn write_escaped<const EXACT: bool>(words: &str, end: char, text: &mut String) {
    if !EXACT {
        text.push_str(words);
        return;
    }
    for c in words.chars() {
        if c == end || c == '\\' {
            text.push('\\');
        }
        text.push(c);
    }
}

fn write_integer(number: i64, text: &mut String) {
    fn digits(number: u64, text: &mut String) {
        if number > 9 {
            digits(number / 10, text);
        }
        text.extend(char::from_digit(
            u32::try_from(number % 10).unwrap_or(0),
            10,
        ));
    }
    if number < 0 {
        text.push('-');
    }
    digits(number.unsigned_abs(), text);
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written::<true>())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written::<true>())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written::<true>())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;

    #[test]
    fn conditions_read_as_words() {
        let text = |test, if_exists| {
            Condition {
                fact: "f".into(),
                test,
                if_exists,
            }
            .to_string()
        };
        assert_eq!(
            text(Test::AtLeast(i64::MIN), false),
            "f >= -9223372036854775808"
        );
        assert_eq!(text(Test::AtMost(120), true), "f <= 120 if it exists");
        assert_eq!(text(Test::Equals(Value::Bool(true)), false), "f = true");
        assert_eq!(
            text(Test::NotEquals(Value::Integer(0)), false),
            "f is not 0"
        );
        let texts = vec!["a".into(), "b".into()];
        assert_eq!(text(Test::In(texts), false), "f in [\"a\", \"b\"]");
        assert_eq!(text(Test::NotIn(vec![]), false), "f not in []");
        let test = Test::EqualsIgnoreCase("A".into());
        assert_eq!(text(test, false), "f = \"A\" (any case)");
        let guard = Guard::new(vec![
            Condition::new("b", Test::Matches("x*".into())),
            Condition::new("a", Test::EqualsFact("c".into())),
        ]);
        assert_eq!(guard.to_string(), "a = c and b matches \"x*\"");
    }

    #[test]
    fn what_would_read_as_an_end_is_escaped_but_in_sentences() {
        let condition = Condition::new("a b\\", Test::Equals(Value::Text("\"c\\ d".into())));
        assert_eq!(condition.to_string(), r#"a\ b\\ = "\"c\\ d""#);
        assert_eq!(Guard::new(vec![condition]).text(), r#"a b\ = "c\ d"#);
    }
}
