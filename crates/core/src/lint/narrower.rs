//! Conditions that hold wherever others do, although they are written otherwise.

use alloc::string::String;

use super::patterns::{fits, has_room_for};
use crate::guard::Outcome;
use crate::{Condition, Facts, Guard, Test, Value};

/// Whether `wide` holds whenever `narrow` does, and is unknown or holds whenever that is unknown: each of its
/// conditions is one of the other's, or one that follows from it by itself.
///
/// For what is worth a warning. Who hands out what they hold under conditions needs the same ones
/// ([`Guard::is_within`]).
pub(super) fn is_within(narrow: &Guard, wide: &Guard) -> bool {
    let mut conditions = wide.conditions().iter();
    conditions.all(|wide| {
        narrow
            .conditions()
            .iter()
            .any(|narrow| follows(narrow, wide))
    })
}

/// Whether `wide` follows from `narrow`.
fn follows(narrow: &Condition, wide: &Condition) -> bool {
    narrow.fact == wide.fact
        && (wide.if_exists || !narrow.if_exists)
        && (narrow.test == wide.test || test_follows(&narrow.test, &wide.test))
}

/// Both are of values of one type, so that a value of another one leaves both unknown.
fn test_follows(narrow: &Test, wide: &Test) -> bool {
    match (narrow, wide) {
        (Test::AtLeast(narrow), Test::AtLeast(wide)) => narrow >= wide,
        (Test::AtMost(narrow), Test::AtMost(wide)) => narrow <= wide,
        (Test::NotIn(narrow), Test::NotIn(wide)) => wide.iter().all(|text| has(narrow, text)),
        (Test::NotIn(narrow), Test::NotEquals(Value::Text(wide))) => has(narrow, wide),
        (Test::Matches(narrow), Test::Matches(wide)) => has_room_for(wide, narrow),
        (Test::NotMatches(narrow), Test::NotMatches(wide)) => has_room_for(narrow, wide),
        (Test::Equals(value), wide) => meets(value, wide),
        (Test::In(texts), wide) => texts
            .iter()
            .all(|text| meets(&Value::Text(text.clone()), wide)),
        _ => false,
    }
}

/// Whether `text` is in the list of a guard, which is in order.
fn has(list: &[String], text: &str) -> bool {
    list.binary_search_by(|listed| listed.as_str().cmp(text))
        .is_ok()
}

fn meets(value: &Value, test: &Test) -> bool {
    if let (Value::Text(text), Test::Matches(pattern) | Test::NotMatches(pattern)) = (value, test) {
        return fits(pattern, text) == Some(matches!(test, Test::Matches(_)));
    }
    test.outcome(value, &Facts::default()) == Outcome::True
}
