//! Patterns that exclude each other.

use alloc::vec::Vec;

use crate::{Condition, Test};

/// Whether two of these conditions on one fact are patterns that no text meets together. Beginnings and ends are
/// compared, and whether one pattern has room for all texts of the other; where that does not tell, it is taken
/// that some text meets both.
pub(super) fn exclude(conditions: &[&Condition]) -> bool {
    // Where there is no such thing, conditions `if_exists` hold.
    let all_pass_absent = conditions.iter().all(|condition| condition.if_exists);
    let pairs = || {
        conditions
            .iter()
            .flat_map(|one| conditions.iter().map(move |other| (one, other)))
    };
    !all_pass_absent
        && pairs().any(|(one, other)| match (&one.test, &other.test) {
            (Test::Matches(one), Test::Matches(other)) => differ(one, other),
            (Test::Matches(narrow), Test::NotMatches(wide)) => has_room_for(wide, narrow),
            _ => false,
        })
}

/// Whether the pattern fits one text alone, which is itself.
pub(super) fn is_plain(pattern: &str) -> bool {
    !pattern.contains(['*', '?'])
}

/// Whether texts of the two patterns begin or end otherwise.
fn differ(one: &str, other: &str) -> bool {
    let backwards = |pattern: &str| pattern.chars().rev().collect::<Vec<char>>();
    begin_otherwise(one.chars(), other.chars())
        || begin_otherwise(backwards(one).into_iter(), backwards(other).into_iter())
}

/// Up to a `*` in either of them.
fn begin_otherwise(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> bool {
    let pairs = one.zip(other);
    let mut fixed = pairs.take_while(|(one, other)| *one != '*' && *other != '*');
    fixed.any(|(one, other)| one != other && one != '?' && other != '?')
}

/// Whether every text that fits `narrow` fits `wide`, too, as far as one star in `wide` and no `?` tell: all the
/// conditions of a policy are compared with each other, and other patterns would take the product of their lengths.
pub(super) fn has_room_for(wide: &str, narrow: &str) -> bool {
    // What is wild in `narrow` is in neither end, so it lies between them, as a character of a text does.
    narrow == wide || fits(wide, narrow) == Some(true)
}

/// Whether `text` fits `pattern`; `None` where [`ends_of`] does not tell.
pub(super) fn fits(pattern: &str, text: &str) -> Option<bool> {
    let (first, last) = ends_of(pattern)?;
    let is_long_enough = text.len() >= first.len() + last.len();
    Some(is_long_enough && text.starts_with(first) && text.ends_with(last))
}

/// What stands before and behind the only star of a pattern.
fn ends_of(pattern: &str) -> Option<(&str, &str)> {
    let (first, last) = pattern.split_once('*')?;
    let is_plain = !last.contains('*') && !pattern.contains('?');
    is_plain.then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_pattern_do_not_overlap_in_a_text() {
        for (pattern, text, expected) in [
            ("abc*cba", "abccba", Some(true)),
            ("abc*cba", "abc cba", Some(true)),
            ("abc*cba", "abcba", Some(false)),
            ("abc*", "ab", Some(false)),
            ("*", "", Some(true)),
            // Two stars, or a `?`, tell nothing.
            ("a*b*", "axb", None),
            ("a?b*", "axb", None),
            ("abc", "abc", None),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
        assert!(has_room_for("ab*ba", "ab*c?ba"));
        assert!(has_room_for("a?b", "a?b"));
        assert!(!has_room_for("ab*ba", "a*ba"));
        assert!(!has_room_for("ab*ba", "aba"));
    }
}
