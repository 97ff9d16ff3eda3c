//! Conditions as they are written: a fact, and exactly one test.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

#[cfg(feature = "schema")]
use lockstep_core::limits::INTEGER_MAX;
use lockstep_core::{Condition, Test, Value};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::json;

/// A condition: one fact, and exactly one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "RawCondition", into = "RawCondition")]
pub struct ConditionDocument(
    /// The condition.
    pub Condition,
);

/// The value of a fact: true or false, a whole number, or a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "a fact is true or false, a whole number, or a text"
)]
pub enum Scalar {
    /// A yes or no.
    Bool(bool),
    /// A whole number.
    Integer(
        #[serde(deserialize_with = "whole")]
        #[cfg_attr(feature = "schema", schemars(range(min = -INTEGER_MAX, max = INTEGER_MAX)))]
        i64,
    ),
    /// A text.
    Text(String),
}

/// [`whole`], where there is one.
fn some_whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    struct Whole(#[serde(deserialize_with = "whole")] i64);

    Ok(Option::deserialize(deserializer)?.map(|Whole(number)| number))
}

/// A whole number, also written as 1.0 or 1e0.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    struct Whole;

    impl Visitor<'_> for Whole {
        type Value = i64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number")
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<i64, E> {
            Ok(value)
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<i64, E> {
            i64::try_from(value).map_err(E::custom)
        }

        fn visit_f64<E: Error>(self, value: f64) -> Result<i64, E> {
            json::whole(value).ok_or_else(|| E::invalid_type(Unexpected::Float(value), &self))
        }
    }

    // The reader of one of several kinds of values takes fractions for nothing else.
    deserializer.deserialize_any(Whole)
}

/// A condition with a member for each test, of which exactly one is there.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("oneOf" = one_test())))]
#[serde(deny_unknown_fields)]
struct RawCondition {
    /// Name of the fact.
    fact: String,
    /// The value is this one. A value of another type is neither: then it is not known whether the condition holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    equals: Option<Scalar>,
    /// The value is another one of its type. Not where there is none: see `if_exists`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_equals: Option<Scalar>,
    /// The text is this one, but for upper and lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    equals_ignore_case: Option<String>,
    /// The text is another one, also but for upper and lower case. Not where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_equals_ignore_case: Option<String>,
    /// The value is that of the fact named here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    equals_fact: Option<String>,
    /// The value is another one than that of the fact named here. Not where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_equals_fact: Option<String>,
    /// The text is one of these.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    one_of: Option<Vec<String>>,
    /// The text is none of these. Not where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_in: Option<Vec<String>>,
    /// The text fits: `*` stands for any text, `?` for any one character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    matches: Option<String>,
    /// The text does not fit. Not where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_matches: Option<String>,
    /// The number is this or more.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "some_whole"
    )]
    #[cfg_attr(feature = "schema", schemars(range(min = -INTEGER_MAX, max = INTEGER_MAX)))]
    at_least: Option<i64>,
    /// The number is this or less.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "some_whole"
    )]
    #[cfg_attr(feature = "schema", schemars(range(min = -INTEGER_MAX, max = INTEGER_MAX)))]
    at_most: Option<i64>,
    /// The number is that of the fact named here, or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_least_fact: Option<String>,
    /// The number is that of the fact named here, or less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_most_fact: Option<String>,
    /// Whether it also holds where there is no such thing, such as a tag that a resource lacks; otherwise no test
    /// holds there, a negative one neither. Defaults to `false`.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    if_exists: bool,
}

/// That exactly one of the tests is there, for the schema.
#[cfg(feature = "schema")]
fn one_test() -> serde_json::Value {
    let tests = [
        "equals",
        "not_equals",
        "equals_ignore_case",
        "not_equals_ignore_case",
        "equals_fact",
        "not_equals_fact",
        "in",
        "not_in",
        "matches",
        "not_matches",
        "at_least",
        "at_most",
        "at_least_fact",
        "at_most_fact",
    ];
    let required = tests.map(|test| serde_json::json!({ "required": [test] }));
    required.to_vec().into()
}

impl TryFrom<RawCondition> for ConditionDocument {
    type Error = &'static str;

    fn try_from(raw: RawCondition) -> Result<Self, Self::Error> {
        let tests = [
            raw.equals.map(|value| Test::Equals(value.into())),
            raw.not_equals.map(|value| Test::NotEquals(value.into())),
            raw.equals_ignore_case.map(Test::EqualsIgnoreCase),
            raw.not_equals_ignore_case.map(Test::NotEqualsIgnoreCase),
            raw.equals_fact.map(Test::EqualsFact),
            raw.not_equals_fact.map(Test::NotEqualsFact),
            raw.one_of.map(Test::In),
            raw.not_in.map(Test::NotIn),
            raw.matches.map(Test::Matches),
            raw.not_matches.map(Test::NotMatches),
            raw.at_least.map(Test::AtLeast),
            raw.at_most.map(Test::AtMost),
            raw.at_least_fact.map(Test::AtLeastFact),
            raw.at_most_fact.map(Test::AtMostFact),
        ];
        let mut given = tests.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(test), None) => Ok(Self(Condition {
                fact: raw.fact,
                test,
                if_exists: raw.if_exists,
            })),
            _ => Err(
                "a condition has exactly one of `equals`, `not_equals`, `equals_ignore_case`, \
                 `not_equals_ignore_case`, `equals_fact`, `not_equals_fact`, `in`, `not_in`, `matches`, \
                 `not_matches`, `at_least`, `at_most`, `at_least_fact`, `at_most_fact`",
            ),
        }
    }
}

impl From<ConditionDocument> for RawCondition {
    fn from(ConditionDocument(condition): ConditionDocument) -> Self {
        let mut raw = Self {
            fact: condition.fact,
            if_exists: condition.if_exists,
            ..Self::default()
        };
        match condition.test {
            Test::AtLeast(least) => raw.at_least = Some(least),
            Test::AtLeastFact(other) => raw.at_least_fact = Some(other),
            Test::AtMost(most) => raw.at_most = Some(most),
            Test::AtMostFact(other) => raw.at_most_fact = Some(other),
            Test::Equals(value) => raw.equals = Some(value.into()),
            Test::EqualsFact(other) => raw.equals_fact = Some(other),
            Test::EqualsIgnoreCase(text) => raw.equals_ignore_case = Some(text),
            Test::In(texts) => raw.one_of = Some(texts),
            Test::Matches(pattern) => raw.matches = Some(pattern),
            Test::NotEquals(value) => raw.not_equals = Some(value.into()),
            Test::NotEqualsFact(other) => raw.not_equals_fact = Some(other),
            Test::NotEqualsIgnoreCase(text) => raw.not_equals_ignore_case = Some(text),
            Test::NotIn(texts) => raw.not_in = Some(texts),
            Test::NotMatches(pattern) => raw.not_matches = Some(pattern),
        }
        raw
    }
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Bool(value) => Self::Bool(value),
            Scalar::Integer(value) => Self::Integer(value),
            Scalar::Text(value) => Self::Text(value),
        }
    }
}

impl From<Value> for Scalar {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(value),
            Value::Integer(value) => Self::Integer(value),
            Value::Text(value) => Self::Text(value),
        }
    }
}
