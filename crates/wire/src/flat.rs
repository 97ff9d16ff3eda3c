//! Values, conditions and facts in bytes: what the binary forms of policies and snapshots share with
//! what the page hands over.
//!
//! ```text
//! value     = 0 | 1                              false, true
//!           | 2 integer                          64 bits, the lowest byte first
//!           | 3 text
//! condition = fact: text, if exists: 0 | 1, kind, what it tests for: integer | value | text | texts
//! facts     = count, for each fact: name: text, value; then the groups of which all is stated: texts
//! texts     = count text…
//! ```
//!
//! Numbers, texts and counts are those of [`crate::bytes`].

use alloc::string::String;
use alloc::vec::Vec;

use lockstep_core::{Condition, Facts, Test, Value};

use crate::FactsView;
use crate::bytes::{Reader, write_index, write_text};

impl Reader<'_> {
    fn integer(&mut self) -> i64 {
        let bytes = self.take(8).first_chunk();
        i64::from_le_bytes(bytes.copied().unwrap_or_default())
    }

    fn value(&mut self) -> Value {
        match self.byte() {
            2 => Value::Integer(self.integer()),
            3 => Value::Text(self.string()),
            kind => {
                if kind > 1 {
                    self.refuse();
                }
                Value::Bool(kind == 1)
            }
        }
    }

    pub(crate) fn conditions(&mut self) -> Vec<Condition> {
        let mut conditions = Vec::new();
        let mut left = self.count(usize::MAX);
        while self.more(&mut left) {
            conditions.push(Condition {
                fact: self.string(),
                if_exists: self.flag(),
                test: self.test(),
            });
        }
        conditions
    }

    fn test(&mut self) -> Test {
        match self.byte() {
            0 => Test::AtLeast(self.integer()),
            1 => Test::AtMost(self.integer()),
            2 => Test::Equals(self.value()),
            5 => Test::In(self.texts()),
            7 => Test::NotEquals(self.value()),
            9 => Test::NotIn(self.texts()),
            kind => {
                let text = self.string();
                match kind {
                    3 => Test::EqualsFact(text),
                    4 => Test::EqualsIgnoreCase(text),
                    6 => Test::Matches(text),
                    8 => Test::NotEqualsIgnoreCase(text),
                    10 => Test::NotMatches(text),
                    11 => Test::AtLeastFact(text),
                    12 => Test::AtMostFact(text),
                    _ => {
                        if kind != 13 {
                            self.refuse();
                        }
                        Test::NotEqualsFact(text)
                    }
                }
            }
        }
    }
}

/// What a page asks its evaluator, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct FlatReader<'a>(Reader<'a>);

impl<'a> FlatReader<'a> {
    /// A reader of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }

    /// The next row: a node's number, and its facts, for [`read_facts`].
    pub fn row(&mut self) -> Option<(usize, &'a [u8])> {
        let row = (self.0.index(), self.bytes());
        self.0.rest().map(|_| row)
    }

    /// A permission and a node by name, facts, for [`read_facts`], and what is left.
    pub fn question(mut self) -> Option<(&'a str, &'a str, &'a [u8], &'a [u8])> {
        let (permission, node, facts) = (self.0.text(), self.0.text(), self.bytes());
        Some((permission, node, facts, self.0.rest()?))
    }

    fn bytes(&mut self) -> &'a [u8] {
        let len = self.0.index();
        self.0.take(len)
    }
}

/// The facts in `bytes`: none in no bytes; `None` when they are no facts, or name one twice.
#[must_use]
pub fn read_facts(bytes: &[u8]) -> Option<Facts> {
    let mut facts = Facts::default();
    if bytes.is_empty() {
        return Some(facts);
    }
    let mut reader = Reader::new(bytes);
    let mut left = reader.count(usize::MAX);
    while reader.more(&mut left) {
        let name = reader.string();
        let value = reader.value();
        if facts.value(&name).is_some() {
            return None;
        }
        facts.set(name, value);
    }
    for group in reader.texts() {
        facts.complete(group);
    }
    reader.is_read().then_some(facts)
}

impl FactsView {
    /// The facts in bytes, for [`read_facts`].
    #[must_use]
    pub fn to_flat(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_index(self.0.iter().count(), &mut bytes);
        for (name, value) in self.0.iter() {
            write_text(name, &mut bytes);
            write_value(value, &mut bytes);
        }
        write_index(self.0.groups().count(), &mut bytes);
        for group in self.0.groups() {
            write_text(group, &mut bytes);
        }
        bytes
    }
}

pub(crate) fn write_texts(texts: &[String], into: &mut Vec<u8>) {
    write_index(texts.len(), into);
    for text in texts {
        write_text(text, into);
    }
}

fn write_value(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::Bool(value) => into.push((*value).into()),
        Value::Integer(number) => {
            into.push(2);
            into.extend(number.to_le_bytes());
        }
        Value::Text(text) => {
            into.push(3);
            write_text(text, into);
        }
    }
}

pub(crate) fn write_conditions(conditions: &[Condition], into: &mut Vec<u8>) {
    write_index(conditions.len(), into);
    for condition in conditions {
        write_text(&condition.fact, into);
        into.push(condition.if_exists.into());
        let kind = match &condition.test {
            Test::AtLeast(_) => 0,
            Test::AtMost(_) => 1,
            Test::Equals(_) => 2,
            Test::EqualsFact(_) => 3,
            Test::EqualsIgnoreCase(_) => 4,
            Test::In(_) => 5,
            Test::Matches(_) => 6,
            Test::NotEquals(_) => 7,
            Test::NotEqualsIgnoreCase(_) => 8,
            Test::NotIn(_) => 9,
            Test::NotMatches(_) => 10,
            Test::AtLeastFact(_) => 11,
            Test::AtMostFact(_) => 12,
            Test::NotEqualsFact(_) => 13,
        };
        into.push(kind);
        match &condition.test {
            Test::AtLeast(number) | Test::AtMost(number) => into.extend(number.to_le_bytes()),
            Test::Equals(value) | Test::NotEquals(value) => write_value(value, into),
            Test::In(texts) | Test::NotIn(texts) => write_texts(texts, into),
            Test::AtLeastFact(text)
            | Test::AtMostFact(text)
            | Test::EqualsFact(text)
            | Test::NotEqualsFact(text)
            | Test::EqualsIgnoreCase(text)
            | Test::NotEqualsIgnoreCase(text)
            | Test::Matches(text)
            | Test::NotMatches(text) => write_text(text, into),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn facts_come_back_and_damaged_ones_do_not() {
        let mut facts = Facts::default();
        facts.set("resource.tags.é", Value::Text("x".into()));
        facts.set("a", Value::Integer(-3));
        facts.set("b", Value::Bool(true));
        facts.complete("resource.tags");
        let bytes = FactsView(facts.clone()).to_flat();
        assert_eq!(read_facts(&bytes), Some(facts));
        assert_eq!(read_facts(&[]), Some(Facts::default()));
        for end in 1..bytes.len() {
            assert_eq!(read_facts(&bytes[..end]), None, "cut at {end}");
        }
        assert_eq!(
            read_facts(&[&bytes[..], &[0]].concat()),
            None,
            "something follows"
        );
        assert_eq!(
            read_facts(&[1, 1, b'a', 4, 0]),
            None,
            "no such kind of value"
        );
        assert_eq!(
            read_facts(&[2, 1, b'a', 0, 1, b'a', 1, 0]),
            None,
            "stated twice"
        );
        assert_eq!(read_facts(&[1, 1, 0xff, 0, 0]), None, "not UTF-8");
        assert_eq!(
            read_facts(&[0xff, 0xff, 0xff, 0x7f]),
            None,
            "more than there is"
        );
    }

    #[test]
    fn every_kind_of_condition_comes_back() {
        let texts = || vec!["x".into(), "é".into()];
        let tests = [
            Test::AtLeast(i64::MIN),
            Test::AtMost(i64::MAX),
            Test::Equals(Value::Bool(true)),
            Test::EqualsFact("g".into()),
            Test::EqualsIgnoreCase("A".into()),
            Test::In(texts()),
            Test::Matches("a*".into()),
            Test::NotEquals(Value::Integer(-1)),
            Test::NotEqualsIgnoreCase("B".into()),
            Test::NotIn(vec![]),
            Test::NotMatches("?".into()),
            Test::AtLeastFact("g".into()),
            Test::AtMostFact("g".into()),
            Test::NotEqualsFact("g".into()),
        ];
        let conditions: Vec<Condition> = tests
            .into_iter()
            .enumerate()
            .map(|(at, test)| Condition {
                fact: "f".into(),
                test,
                if_exists: at % 2 == 0,
            })
            .collect();
        let mut bytes = Vec::new();
        write_conditions(&conditions, &mut bytes);
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.conditions(), conditions);
        assert!(reader.is_read());
        let mut unknown = Reader::new(&[1, 1, b'f', 0, 14, 0]);
        unknown.conditions();
        assert!(!unknown.is_read());
    }
}
