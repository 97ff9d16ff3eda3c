//! Guards: conditions on facts, all of which must hold.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::{Facts, Value};

/// What is known of a condition. Ordered so that `and` is the minimum and `or` the maximum
/// (Kleene's three-valued logic).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It does not hold.
    False,
    /// It depends on a fact that is not known.
    Unknown,
    /// It holds.
    True,
}

impl From<bool> for Outcome {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// What one fact is tested for. A value of another type than the test's never passes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    /// The integer is at least this.
    AtLeast(i64),
    /// The integer is at most this.
    AtMost(i64),
    /// The value is exactly this.
    Equals(Value),
    /// The text is one of these.
    In(Vec<String>),
    /// The text is none of these.
    NotIn(Vec<String>),
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::AtLeast(least), Value::Integer(value)) => value >= least,
            (Self::AtMost(most), Value::Integer(value)) => value <= most,
            (Self::Equals(wanted), value) => wanted == value,
            (Self::In(texts), Value::Text(text)) => texts.contains(text),
            (Self::NotIn(texts), Value::Text(text)) => !texts.contains(text),
            _ => false,
        }
    }
}

/// One fact and what it is tested for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Condition {
    pub(crate) fact: String,
    pub(crate) test: Test,
}

/// Conditions that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guard {
    pub(crate) conditions: Vec<Condition>,
}

impl Guard {
    /// Whether the guard holds under `facts`; unknown while a fact it needs is missing and no known
    /// fact already fails it.
    #[must_use]
    pub fn outcome(&self, facts: &Facts) -> Outcome {
        self.conditions
            .iter()
            .map(|c| c.outcome(facts))
            .min()
            .unwrap_or(Outcome::True)
    }

    /// The first fact that the guard needs and `facts` does not have.
    #[must_use]
    pub fn missing_fact(&self, facts: &Facts) -> Option<&str> {
        self.conditions
            .iter()
            .map(|c| c.fact.as_str())
            .find(|fact| facts.value(fact).is_none())
    }
}

impl Condition {
    fn outcome(&self, facts: &Facts) -> Outcome {
        facts
            .value(&self.fact)
            .map_or(Outcome::Unknown, |value| self.test.holds(value).into())
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Condition { fact, test }) in self.conditions.iter().enumerate() {
            if at > 0 {
                f.write_str(" and ")?;
            }
            match test {
                Test::AtLeast(least) => write!(f, "{fact} >= {least}")?,
                Test::AtMost(most) => write!(f, "{fact} <= {most}")?,
                Test::Equals(value) => write!(f, "{fact} = {value}")?,
                Test::In(texts) => write!(f, "{fact} in [{}]", texts.join(", "))?,
                Test::NotIn(texts) => write!(f, "{fact} not in [{}]", texts.join(", "))?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}
