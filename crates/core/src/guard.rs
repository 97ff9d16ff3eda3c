//! Guards: conditions on facts, all of which must hold.

mod written;

use alloc::string::String;
use alloc::vec::Vec;

use crate::lower::lower;
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
    pub(crate) const fn negated(self) -> Self {
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
    /// The integer is at least that of another fact.
    AtLeastFact(String),
    /// The integer is at most this.
    AtMost(i64),
    /// The integer is at most that of another fact.
    AtMostFact(String),
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
    /// The value is another one than that of another fact.
    NotEqualsFact(String),
    /// The text is another one than this, also but for upper and lower case.
    NotEqualsIgnoreCase(String),
    /// The text is none of these.
    NotIn(Vec<String>),
    /// The text does not match the pattern.
    NotMatches(String),
}

impl Test {
    /// The other fact that the value is compared with.
    #[must_use]
    pub fn other_fact(&self) -> Option<&str> {
        match self {
            Self::AtLeastFact(other)
            | Self::AtMostFact(other)
            | Self::EqualsFact(other)
            | Self::NotEqualsFact(other) => Some(other),
            _ => None,
        }
    }

    pub(crate) fn outcome(&self, value: &Value, facts: &Facts) -> Outcome {
        if let Some(name) = self.other_fact() {
            return match facts.knowledge(name) {
                Knowledge::Known(other) => self.outcome_beside(value, other),
                _ => Outcome::Unknown,
            };
        }
        let holds = match (self, value) {
            (Self::AtLeast(least), Value::Integer(value)) => value >= least,
            (Self::AtMost(most), Value::Integer(value)) => value <= most,
            (Self::Equals(wanted), value) if alike(wanted, value) => wanted == value,
            (Self::NotEquals(wanted), value) if alike(wanted, value) => wanted != value,
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

    /// What it says of `value` beside the other fact's.
    fn outcome_beside(&self, value: &Value, other: &Value) -> Outcome {
        let holds = match (self, value, other) {
            (Self::AtLeastFact(_), Value::Integer(value), Value::Integer(least)) => value >= least,
            (Self::AtMostFact(_), Value::Integer(value), Value::Integer(most)) => value <= most,
            (Self::EqualsFact(_), ..) if alike(value, other) => value == other,
            (Self::NotEqualsFact(_), ..) if alike(value, other) => value != other,
            _ => return Outcome::Unknown,
        };
        holds.into()
    }
}

/// Whether two values are of one type.
fn alike(one: &Value, other: &Value) -> bool {
    core::mem::discriminant(one) == core::mem::discriminant(other)
}

pub(crate) fn same_but_for_case(one: &str, other: &str) -> bool {
    lower(one).eq(lower(other))
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

    /// The same condition, the texts of its list in order and each once.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        if let Test::In(texts) | Test::NotIn(texts) = &mut self.test {
            // The library's sort would be a tenth of what the page loads.
            for text in core::mem::take(texts) {
                if let Err(at) = texts.binary_search(&text) {
                    texts.insert(at, text);
                }
            }
        }
        self
    }

    pub(crate) fn outcome(&self, facts: &Facts) -> Outcome {
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
    pub(crate) fn new(given: Vec<Condition>) -> Self {
        let mut guard = Self::default();
        for condition in given {
            guard.add(condition);
        }
        guard
    }

    /// Adds one condition more.
    pub(crate) fn add(&mut self, condition: Condition) {
        let condition = condition.in_order();
        if let Err(at) = self.conditions.binary_search(&condition) {
            self.conditions.insert(at, condition);
        }
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
        let mut holds = Outcome::True;
        for condition in &self.conditions {
            holds = holds.min(condition.outcome(facts));
        }
        holds
    }

    /// The first fact that the guard needs and `facts` do not settle.
    #[must_use]
    pub(crate) fn missing_fact(&self, facts: &Facts) -> Option<&str> {
        let mut conditions = self.conditions.iter();
        let unsettled = conditions.find(|c| c.outcome(facts) == Outcome::Unknown)?;
        match unsettled.test.other_fact() {
            Some(other) if facts.value(&unsettled.fact).is_some() => Some(other),
            _ => Some(&unsettled.fact),
        }
    }

    /// Whether `other` holds whenever this one does, because it has no condition that this one lacks.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let mut conditions = other.conditions.iter();
        conditions.all(|condition| self.conditions.contains(condition))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn a_test_holds_fails_or_cannot_tell() {
        use Outcome::{False, True, Unknown};
        let two = || vec!["a".into(), "b".into()];
        let cases = [
            (Test::AtLeast(2), Value::Integer(1), False),
            (Test::AtLeast(2), Value::Integer(2), True),
            (Test::AtMost(2), Value::Integer(2), True),
            (Test::AtMost(2), Value::Integer(3), False),
            (Test::Equals(text("a")), text("a"), True),
            (Test::Equals(text("a")), text("A"), False),
            (Test::NotEquals(text("a")), text("a"), False),
            (Test::NotEquals(text("a")), text("A"), True),
            (Test::EqualsIgnoreCase("aß".into()), text("Aß"), True),
            (Test::EqualsIgnoreCase("a".into()), text("b"), False),
            (Test::NotEqualsIgnoreCase("a".into()), text("A"), False),
            (Test::NotEqualsIgnoreCase("a".into()), text("b"), True),
            (Test::In(two()), text("b"), True),
            (Test::In(two()), text("c"), False),
            (Test::NotIn(two()), text("b"), False),
            (Test::NotIn(two()), text("c"), True),
            (Test::Matches("a*".into()), text("ab"), True),
            (Test::Matches("a*".into()), text("b"), False),
            (Test::NotMatches("a*".into()), text("ab"), False),
            (Test::NotMatches("a*".into()), text("b"), True),
            // A value of another type is neither this nor another one.
            (Test::AtLeast(2), text("2"), Unknown),
            (Test::AtMost(2), Value::Bool(true), Unknown),
            (Test::Equals(Value::Integer(1)), Value::Bool(true), Unknown),
            (Test::NotEquals(Value::Integer(1)), text("1"), Unknown),
            (Test::NotIn(two()), Value::Integer(1), Unknown),
            (Test::NotMatches("a*".into()), Value::Integer(1), Unknown),
        ];
        for (test, value, expected) in cases {
            let mut facts = Facts::default();
            let guard = Guard::new(vec![Condition::new("f", test)]);
            assert_eq!(guard.outcome(&facts), Unknown, "{guard}");
            assert_eq!(guard.missing_fact(&facts), Some("f"));
            facts.set("f", value);
            assert_eq!(guard.outcome(&facts), expected, "{guard}");
            let missing = (expected == Unknown).then_some("f");
            assert_eq!(guard.missing_fact(&facts), missing);
        }
    }

    /// What a deny rule closes by `PII`, no other spelling of it opens.
    #[test]
    fn every_character_is_the_same_as_its_upper_and_its_lower_case() {
        let one = |mut case: core::char::ToUppercase| case.next().filter(|_| case.len() == 0);
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            let lower: String = character.to_lowercase().collect();
            let upper = one(character.to_uppercase())
                .unwrap_or(character)
                .to_string();
            if lower == text && upper == text {
                continue;
            }
            for other in [&text, &lower, &upper] {
                assert!(same_but_for_case(&text, other), "{text:?} {other:?}");
                assert!(same_but_for_case(&lower, other), "{lower:?} {other:?}");
                assert!(same_but_for_case(&upper, other), "{upper:?} {other:?}");
            }
        }
        for (one, other) in [
            ("ΟΔΟΣ", "οδος"),
            ("PASSWORD", "paſſword"),
            ("µ", "Μ"),
            ("ϐ", "Β"),
        ] {
            assert!(same_but_for_case(one, other), "{one} {other}");
        }
        for (one, other) in [("ß", "ss"), ("İ", "i"), ("a", "ab"), ("", "a"), ("ä", "a")] {
            assert!(!same_but_for_case(one, other) && !same_but_for_case(other, one));
        }
    }

    #[test]
    fn one_fact_is_compared_with_another() {
        let guard = Guard::new(vec![Condition::new("f", Test::EqualsFact("g".into()))]);
        let mut facts = Facts::default();
        facts.set("g", text("a"));
        assert_eq!(guard.missing_fact(&facts), Some("f"));
        facts.set("f", text("a"));
        assert_eq!(guard.outcome(&facts), Outcome::True);
        facts.set("g", text("b"));
        assert_eq!(guard.outcome(&facts), Outcome::False);
        facts.set("g", Value::Bool(true));
        assert_eq!(guard.outcome(&facts), Outcome::Unknown);
        let mut facts = Facts::default();
        facts.set("f", text("a"));
        assert_eq!(guard.missing_fact(&facts), Some("g"));
        // It is not settled by the other fact alone, whatever the test.
        let other = || "g".into();
        for test in [
            Test::AtLeastFact(other()),
            Test::AtMostFact(other()),
            Test::NotEqualsFact(other()),
        ] {
            let guard = Guard::new(vec![Condition::new("f", test)]);
            assert_eq!(guard.outcome(&facts), Outcome::Unknown, "{guard}");
        }
    }

    #[test]
    fn two_facts_are_compared_where_they_are_of_one_type() {
        use Outcome::{False, True, Unknown};
        let number = Value::Integer;
        let other = || "g".into();
        // Below, the same, above; of texts another one; of two types.
        let cases = [
            (
                Test::AtLeastFact(other()),
                [False, True, True, Unknown, Unknown],
            ),
            (
                Test::AtMostFact(other()),
                [True, True, False, Unknown, Unknown],
            ),
            (
                Test::EqualsFact(other()),
                [False, True, False, False, Unknown],
            ),
            (
                Test::NotEqualsFact(other()),
                [True, False, True, True, Unknown],
            ),
        ];
        for (test, outcomes) in cases {
            let guard = Guard::new(vec![Condition::new("f", test)]);
            let values = [
                (number(1), number(2)),
                (number(2), number(2)),
                (number(3), number(2)),
                (text("a"), text("b")),
                (text("2"), number(2)),
            ];
            for ((value, other), outcome) in values.into_iter().zip(outcomes) {
                let mut facts = Facts::default();
                facts.set("f", value);
                facts.set("g", other);
                assert_eq!(guard.outcome(&facts), outcome, "{guard} {facts:?}");
            }
        }
    }

    #[test]
    fn what_is_known_to_be_absent_passes_only_where_it_may() {
        let of = |if_exists| {
            let condition = Condition::new("resource.tags.a", Test::Equals(text("x")));
            Guard::new(vec![Condition {
                if_exists,
                ..condition
            }])
        };
        let mut facts = Facts::default();
        facts.complete("resource.tag");
        assert_eq!(of(true).outcome(&facts), Outcome::Unknown);
        // What is a group is there, and no fact.
        for group in ["resource.tags.a", "resource.tags.a.b"] {
            let mut facts = facts.clone();
            facts.complete("resource.tags");
            facts.complete(group);
            assert_eq!(of(true).outcome(&facts), Outcome::Unknown);
        }
        facts.complete("resource.tags");
        assert_eq!(of(true).outcome(&facts), Outcome::True);
        assert_eq!(of(false).outcome(&facts), Outcome::False);
        facts.set("resource.tags.a", text("y"));
        assert_eq!(of(true).outcome(&facts), Outcome::False);
    }

    #[test]
    fn a_guard_is_within_one_of_fewer_conditions() {
        let [a, b] = ["a", "b"].map(|name| Condition::new(name, Test::AtLeast(1)));
        let both = Guard::new(vec![b.clone(), a.clone(), b.clone()]);
        assert_eq!(both.conditions(), [a.clone(), b.clone()]);
        let (one, other) = (Guard::new(vec![a]), Guard::new(vec![b]));
        assert!(both.is_within(&one) && both.is_within(&other) && both.is_within(&both));
        assert!(!one.is_within(&both) && !one.is_within(&other));
        // What fails decides, whatever is not known.
        let mut facts = Facts::default();
        facts.set("b", Value::Integer(0));
        assert_eq!(both.outcome(&facts), Outcome::False);
        facts.set("b", Value::Integer(1));
        assert_eq!(both.outcome(&facts), Outcome::Unknown);
        assert_eq!(both.missing_fact(&facts), Some("a"));
    }
}
