//! What a condition means, once more: the model's own reading of it.

use lockstep_core::{Condition, Facts, Test, Value};

/// Whether `c` holds; `None` when `facts` do not say, or with a value of another type.
pub(crate) fn test(c: &Condition, facts: &Facts) -> Option<bool> {
    let Some(value) = facts.value(&c.fact) else {
        let mut listed = facts
            .groups()
            .filter(|group| c.fact.starts_with(&format!("{group}.")));
        return listed.next().map(|_| c.if_exists);
    };
    Some(match (&c.test, value) {
        (Test::AtLeast(least), Value::Integer(n)) => n >= least,
        (Test::AtMost(most), Value::Integer(n)) => n <= most,
        (Test::Equals(other), v) => equal(v, other)?,
        (Test::NotEquals(other), v) => !equal(v, other)?,
        (Test::EqualsFact(other), v) => equal(v, facts.value(other)?)?,
        (Test::NotEqualsFact(other), v) => !equal(v, facts.value(other)?)?,
        (Test::AtLeastFact(other), Value::Integer(n)) => n >= number(facts.value(other)?)?,
        (Test::AtMostFact(other), Value::Integer(n)) => n <= number(facts.value(other)?)?,
        (Test::EqualsIgnoreCase(other), Value::Text(v)) => lower(v) == lower(other),
        (Test::NotEqualsIgnoreCase(other), Value::Text(v)) => lower(v) != lower(other),
        (Test::In(others), Value::Text(v)) => others.contains(v),
        (Test::NotIn(others), Value::Text(v)) => !others.contains(v),
        (Test::Matches(pattern), Value::Text(v)) => glob(pattern, v),
        (Test::NotMatches(pattern), Value::Text(v)) => !glob(pattern, v),
        _ => return None,
    })
}

fn number(value: &Value) -> Option<&i64> {
    match value {
        Value::Integer(number) => Some(number),
        _ => None,
    }
}

fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// `None` for values of different types.
fn equal(one: &Value, other: &Value) -> Option<bool> {
    (std::mem::discriminant(one) == std::mem::discriminant(other)).then(|| one == other)
}

/// `*` is any text, `?` any one character.
fn glob(pattern: &str, text: &str) -> bool {
    let (mut after, mut rest) = (pattern.chars(), text.chars());
    match (after.next(), rest.next()) {
        (Some('*'), c) => glob(after.as_str(), text) || c.is_some() && glob(pattern, rest.as_str()),
        (Some(p), Some(c)) => (p == '?' || p == c) && glob(after.as_str(), rest.as_str()),
        (p, c) => p.is_none() && c.is_none(),
    }
}
