//! Patterns that exclude each other.

use alloc::vec::Vec;

use crate::{Condition, Test, glob};

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

/// Whether every text that fits `narrow` fits `wide`, too. What fits between two stars of `wide` may be a star of
/// `narrow` as well; `?` is one character, which a star need not be.
pub(super) fn has_room_for(wide: &str, narrow: &str) -> bool {
    narrow == wide || !wide.contains('?') && glob::matches(wide, narrow)
}
