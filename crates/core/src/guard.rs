//! Guards: conditions on facts, all of which must hold.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::{Facts, Knowledge, Value, glob};

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

impl Outcome {
    /// The outcome of the contrary. What is not known stays so.
    #[must_use]
    pub const fn negated(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Outcome {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// What one fact is tested for. A value of another type than the test's settles nothing: it counts as
/// a fact that is not known, so that it opens no guard and passes no deny rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    /// The integer is at least this.
    AtLeast(i64),
    /// The integer is at most this.
    AtMost(i64),
    /// The value is exactly this.
    Equals(Value),
    /// The value is that of another fact.
    EqualsFact(String),
    /// The text is this, but for upper and lower case.
    EqualsIgnoreCase(String),
    /// The text is one of these.
    In(Vec<String>),
    /// The text matches the pattern: `*` stands for any text, `?` for any one character.
    Matches(String),
    /// The value is another one than this.
    NotEquals(Value),
    /// The text is another one than this, also but for upper and lower case.
    NotEqualsIgnoreCase(String),
    /// The text is none of these.
    NotIn(Vec<String>),
    /// The text does not match the pattern.
    NotMatches(String),
}

impl Test {
    fn outcome(&self, value: &Value, facts: &Facts) -> Outcome {
        let holds = match (self, value) {
            (Self::AtLeast(least), Value::Integer(value)) => value >= least,
            (Self::AtMost(most), Value::Integer(value)) => value <= most,
            (Self::Equals(wanted), value) if alike(wanted, value) => wanted == value,
            (Self::NotEquals(wanted), value) if alike(wanted, value) => wanted != value,
            (Self::EqualsFact(name), value) => match facts.knowledge(name) {
                Knowledge::Known(wanted) if alike(wanted, value) => wanted == value,
                _ => return Outcome::Unknown,
            },
            (Self::EqualsIgnoreCase(wanted), Value::Text(text)) => same_but_for_case(wanted, text),
            (Self::NotEqualsIgnoreCase(wanted), Value::Text(text)) => {
                !same_but_for_case(wanted, text)
            }
            (Self::In(texts), Value::Text(text)) => texts.contains(text),
            (Self::NotIn(texts), Value::Text(text)) => !texts.contains(text),
            (Self::Matches(pattern), Value::Text(text)) => glob::matches(pattern, text),
            (Self::NotMatches(pattern), Value::Text(text)) => !glob::matches(pattern, text),
            _ => return Outcome::Unknown,
        };
        holds.into()
    }
}

/// Whether two values are of one type.
fn alike(one: &Value, other: &Value) -> bool {
    core::mem::discriminant(one) == core::mem::discriminant(other)
}

fn same_but_for_case(one: &str, other: &str) -> bool {
    let lower = |text: &str| -> String { text.chars().flat_map(char::to_lowercase).collect() };
    lower(one) == lower(other)
}

/// One fact and what it is tested for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// Name of the fact.
    pub fact: String,
    /// The test.
    pub test: Test,
    /// Whether it also holds where there is no such thing, such as a tag that a resource lacks.
    pub if_exists: bool,
}

impl Condition {
    /// A condition that needs the fact to be there.
    #[must_use]
    pub fn new(fact: impl Into<String>, test: Test) -> Self {
        Self {
            fact: fact.into(),
            test,
            if_exists: false,
        }
    }

    fn outcome(&self, facts: &Facts) -> Outcome {
        match facts.knowledge(&self.fact) {
            Knowledge::Known(value) => self.test.outcome(value, facts),
            Knowledge::Absent => self.if_exists.into(),
            Knowledge::Unknown => Outcome::Unknown,
        }
    }
}

/// Conditions that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guard {
    pub(crate) conditions: Vec<Condition>,
}

impl Guard {
    /// A guard of these conditions, in an order of its own and each once.
    pub(crate) fn new(mut conditions: Vec<Condition>) -> Self {
        conditions.sort();
        conditions.dedup();
        Self { conditions }
    }

    /// The conditions.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

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

    /// The first fact that the guard needs and `facts` do not settle.
    #[must_use]
    pub fn missing_fact(&self, facts: &Facts) -> Option<&str> {
        let mut conditions = self.conditions.iter();
        let unsettled = conditions.find(|c| c.outcome(facts) == Outcome::Unknown)?;
        match &unsettled.test {
            Test::EqualsFact(other) if facts.value(&unsettled.fact).is_some() => Some(other),
            _ => Some(&unsettled.fact),
        }
    }

    /// Whether `other` holds whenever this one does, because it has no condition that this one lacks.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let mut conditions = other.conditions.iter();
        conditions.all(|condition| self.conditions.contains(condition))
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, condition) in self.conditions.iter().enumerate() {
            if at > 0 {
                f.write_str(" and ")?;
            }
            write!(f, "{condition}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fact,
            test,
            if_exists,
        } = self;
        match test {
            Test::AtLeast(least) => write!(f, "{fact} >= {least}"),
            Test::AtMost(most) => write!(f, "{fact} <= {most}"),
            Test::Equals(value) => write!(f, "{fact} = {value}"),
            Test::EqualsFact(other) => write!(f, "{fact} = {other}"),
            Test::EqualsIgnoreCase(text) => write!(f, "{fact} = {text} (any case)"),
            Test::In(texts) => write!(f, "{fact} in [{}]", texts.join(", ")),
            Test::Matches(pattern) => write!(f, "{fact} matches {pattern}"),
            Test::NotEquals(value) => write!(f, "{fact} is not {value}"),
            Test::NotEqualsIgnoreCase(text) => write!(f, "{fact} is not {text} (any case)"),
            Test::NotIn(texts) => write!(f, "{fact} not in [{}]", texts.join(", ")),
            Test::NotMatches(pattern) => write!(f, "{fact} does not match {pattern}"),
        }?;
        if *if_exists {
            f.write_str(" if it exists")?;
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
