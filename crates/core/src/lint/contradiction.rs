//! Conditions on one fact that no value meets.

use alloc::vec;
use alloc::vec::Vec;

use crate::guard::{Guard, Outcome, same_but_for_case};
use crate::{Condition, FactType, Facts, Test, Value, fact_type};

/// How many whole numbers are tried.
const TRIED_MAX: i64 = 64;

/// Whether no value of their one fact meets all `conditions`. Where it is not known, it is taken that one
/// does.
pub(super) fn contradiction(conditions: &[&Condition]) -> bool {
    // Where there is no such thing, conditions `if_exists` hold.
    if conditions.iter().all(|condition| condition.if_exists) {
        return false;
    }
    // What is compared with another fact may be anything.
    let constant = |condition: &&&Condition| condition.test.other_fact().is_none();
    let conditions: Vec<&Condition> = conditions.iter().filter(constant).copied().collect();
    let Some(first) = conditions.first() else {
        return false;
    };
    match candidates(&conditions, &first.fact) {
        Candidates::None => true,
        Candidates::Some(values) => !values.into_iter().any(|value| meets(&conditions, value)),
        Candidates::Any => text_contradiction(&conditions),
    }
}

/// The values that may meet the conditions.
enum Candidates {
    Any,
    None,
    Some(Vec<Value>),
}

fn candidates(conditions: &[&Condition], fact: &str) -> Candidates {
    let listed = conditions
        .iter()
        .find_map(|condition| match &condition.test {
            Test::Equals(value) => Some(vec![value.clone()]),
            Test::In(texts) => Some(texts.iter().cloned().map(Value::Text).collect()),
            _ => None,
        });
    if let Some(values) = listed {
        return Candidates::Some(values);
    }
    let kinds = || conditions.iter().map(|condition| kind(&condition.test));
    let first = kinds().next();
    if kinds().any(|kind| Some(kind) != first) {
        // A value has one type, and a test of another one does not hold.
        return Candidates::None;
    }
    match first {
        Some(Kind::Bool) => Candidates::Some(vec![Value::Bool(false), Value::Bool(true)]),
        Some(Kind::Integer) => integers(conditions, fact),
        _ => Candidates::Any,
    }
}

fn integers(conditions: &[&Condition], fact: &str) -> Candidates {
    // The directory's numbers are counts.
    let is_count = fact_type(fact) == Some(FactType::Integer);
    let mut least = if is_count { 0 } else { i64::MIN };
    let mut most = i64::MAX;
    for condition in conditions {
        match condition.test {
            Test::AtLeast(bound) => least = least.max(bound),
            Test::AtMost(bound) => most = most.min(bound),
            _ => {}
        }
    }
    match most.checked_sub(least) {
        Some(width) if width < TRIED_MAX => {
            Candidates::Some((least..=most).map(Value::Integer).collect())
        }
        _ => Candidates::Any,
    }
}

/// The types that tests have values of.
#[derive(PartialEq)]
enum Kind {
    Bool,
    Integer,
    Text,
}

fn kind(test: &Test) -> Kind {
    match test {
        Test::AtLeast(_) | Test::AtMost(_) => Kind::Integer,
        Test::Equals(value) | Test::NotEquals(value) => match value {
            Value::Bool(_) => Kind::Bool,
            Value::Integer(_) => Kind::Integer,
            Value::Text(_) => Kind::Text,
        },
        _ => Kind::Text,
    }
}

fn meets(conditions: &[&Condition], value: Value) -> bool {
    let guard = Guard::new(conditions.iter().copied().cloned().collect());
    let mut facts = Facts::default();
    if let Some(first) = conditions.first() {
        facts.set(first.fact.clone(), value);
    }
    guard.outcome(&facts) == Outcome::True
}

/// Whether two of these conditions on any text contradict each other.
fn text_contradiction(conditions: &[&Condition]) -> bool {
    conditions.iter().any(|one| {
        let one = &one.test;
        matches!(one, Test::NotMatches(pattern) if !pattern.is_empty() && pattern.chars().all(|c| c == '*'))
            || conditions.iter().any(|other| match (one, &other.test) {
                (Test::EqualsIgnoreCase(one), Test::EqualsIgnoreCase(other)) => {
                    !same_but_for_case(one, other)
                }
                (Test::EqualsIgnoreCase(one), Test::NotEqualsIgnoreCase(other)) => {
                    same_but_for_case(one, other)
                }
                (Test::Matches(one), Test::NotMatches(other)) => one == other,
                _ => false,
            })
    })
}
