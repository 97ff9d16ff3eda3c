//! Guards: conditions whose facts exist and whose tests can hold.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::names::{Names, fail, unknown};
use crate::fact::{OPEN_FACTS, directory_facts};
use crate::{
    Condition, FactType, Guard, PolicyError, PolicyErrorKind, PolicySpec, Step, Test, Value,
    fact_type, limits,
};

/// Guards by number, each distinct one once.
#[derive(Default)]
pub(super) struct Guards {
    pub(super) all: Vec<Guard>,
    numbers: BTreeMap<Guard, usize>,
}

impl Guards {
    pub(super) fn number(&mut self, guard: Guard) -> usize {
        let next = self.all.len();
        *self.numbers.entry(guard).or_insert_with_key(|guard| {
            self.all.push(guard.clone());
            next
        })
    }
}

pub(super) fn guard_of(
    conditions: &[Condition],
    names: Names<'_>,
    path: &[Step],
) -> Result<Option<Guard>, PolicyError> {
    if conditions.is_empty() {
        return Ok(None);
    }
    let limit = limits::CONDITIONS_MAX;
    if conditions.len() > limit {
        return Err(fail(path.to_vec(), PolicyErrorKind::TooMany { limit }));
    }
    for (at, Condition { fact, test, .. }) in conditions.iter().enumerate() {
        let here = |member: &str| {
            let mut path = path.to_vec();
            path.extend([at.into(), member.into()]);
            path
        };
        check_test(fact, test, names, here)?;
    }
    Ok(Some(Guard::new(conditions.to_vec())))
}

pub(super) fn check_test(
    fact: &str,
    test: &Test,
    names: Names<'_>,
    path: impl Fn(&str) -> Vec<Step>,
) -> Result<(), PolicyError> {
    let Some(kind) = fact_type(fact) else {
        return Err(no_fact(fact, path("fact")));
    };
    if let Some(text) = texts(test).find(|text| text.len() > limits::TEST_BYTES_MAX) {
        let limit = limits::TEST_BYTES_MAX;
        let kind = PolicyErrorKind::TooLong {
            bytes: text.len(),
            limit,
        };
        return Err(fail(path(member(test)), kind));
    }
    if let Test::Equals(Value::Integer(number))
    | Test::NotEquals(Value::Integer(number))
    | Test::AtLeast(number)
    | Test::AtMost(number) = test
        && !limits::is_exact(*number)
    {
        return Err(fail(path(member(test)), PolicyErrorKind::TooLarge(*number)));
    }
    if let Some(other) = test.other_fact() {
        let Some(others) = fact_type(other) else {
            return Err(no_fact(other, path(member(test))));
        };
        let wrong = |fact, kind| Err(mismatch(fact, kind, path(member(test))));
        let compares_numbers = matches!(test, Test::AtLeastFact(_) | Test::AtMostFact(_));
        let is_number = |kind| matches!(kind, FactType::Any | FactType::Integer);
        return match (compares_numbers, kind, others) {
            (true, kind, _) if !is_number(kind) => wrong(fact, kind),
            (true, _, others) if !is_number(others) => wrong(other, others),
            (_, FactType::Any, _) | (_, _, FactType::Any) => Ok(()),
            _ if kind == others => Ok(()),
            _ => wrong(fact, kind),
        };
    }
    let fits = match kind {
        FactType::Any => true,
        FactType::Bool => matches!(
            test,
            Test::Equals(Value::Bool(_)) | Test::NotEquals(Value::Bool(_))
        ),
        FactType::Integer => matches!(
            test,
            Test::Equals(Value::Integer(_))
                | Test::NotEquals(Value::Integer(_))
                | Test::AtLeast(_)
                | Test::AtMost(_)
        ),
        FactType::Role => matches!(
            test,
            Test::Equals(Value::Text(_))
                | Test::NotEquals(Value::Text(_))
                | Test::In(_)
                | Test::NotIn(_)
        ),
        FactType::Text => !matches!(
            test,
            Test::AtLeast(_)
                | Test::AtMost(_)
                | Test::Equals(Value::Bool(_) | Value::Integer(_))
                | Test::NotEquals(Value::Bool(_) | Value::Integer(_))
        ),
    };
    if !fits {
        return Err(mismatch(fact, kind, path("fact")));
    }
    if kind == FactType::Role {
        for role in texts(test) {
            names.role(role, || path(member(test)))?;
        }
    }
    Ok(())
}

fn no_fact(name: &str, path: Vec<Step>) -> PolicyError {
    let open = OPEN_FACTS.iter().map(|group| format!("{group}<name>"));
    let known: Vec<String> = directory_facts().map(String::from).chain(open).collect();
    unknown("fact", name, known.iter(), path)
}

fn mismatch(fact: &str, kind: FactType, path: Vec<Step>) -> PolicyError {
    let expected = match kind {
        FactType::Any => "of any type",
        FactType::Bool => "true or false",
        FactType::Integer => "whole numbers",
        FactType::Role => "role ids",
        FactType::Text => "texts",
    };
    let fact = fact.to_owned();
    fail(path, PolicyErrorKind::TypeMismatch { fact, expected })
}

/// The texts that a test compares with.
fn texts(test: &Test) -> impl Iterator<Item = &str> {
    let (one, many): (_, &[String]) = match test {
        Test::Equals(Value::Text(text))
        | Test::NotEquals(Value::Text(text))
        | Test::EqualsIgnoreCase(text)
        | Test::NotEqualsIgnoreCase(text)
        | Test::Matches(text)
        | Test::NotMatches(text) => (Some(text), &[]),
        Test::In(texts) | Test::NotIn(texts) => (None, texts),
        _ => (None, &[]),
    };
    one.into_iter().chain(many).map(String::as_str)
}

/// What a test is called in a document.
const fn member(test: &Test) -> &'static str {
    match test {
        Test::AtLeast(_) => "at_least",
        Test::AtLeastFact(_) => "at_least_fact",
        Test::AtMost(_) => "at_most",
        Test::AtMostFact(_) => "at_most_fact",
        Test::Equals(_) => "equals",
        Test::EqualsFact(_) => "equals_fact",
        Test::EqualsIgnoreCase(_) => "equals_ignore_case",
        Test::In(_) => "in",
        Test::Matches(_) => "matches",
        Test::NotEquals(_) => "not_equals",
        Test::NotEqualsFact(_) => "not_equals_fact",
        Test::NotEqualsIgnoreCase(_) => "not_equals_ignore_case",
        Test::NotIn(_) => "not_in",
        Test::NotMatches(_) => "not_matches",
    }
}

pub(super) fn permission_guards(
    spec: &PolicySpec,
    names: Names<'_>,
    guards: &mut Guards,
) -> Result<Vec<Option<usize>>, PolicyError> {
    let mut numbers = Vec::new();
    for (at, permission) in spec.permissions.iter().enumerate() {
        let path = ["permissions".into(), at.into(), "guard".into()];
        let guard = guard_of(&permission.guard, names, &path)?;
        numbers.push(guard.map(|guard| guards.number(guard)));
    }
    Ok(numbers)
}
