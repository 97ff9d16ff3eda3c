//! JSON values as the page hands them to the evaluator: already parsed by the browser, written flat.
//!
//! The browser parses JSON for nothing; a JSON parser and the code that serde derives for it would be
//! half of the evaluator's size in the page. `encode` in `www/packages/gate/src/encode.ts` writes what
//! [`Tree::read`] reads:
//!
//! ```text
//! value = 0                          null
//!       | 1 | 2                      false, true
//!       | 3 number                   a whole number from 0 to 2^53 - 1
//!       | 4 number                   the same, negative
//!       | 5 text
//!       | 6 number value…            a list of that many values
//!       | 7 number (text value)…     an object of that many members
//! ```
//!
//! with numbers and texts as in [`crate::bytes`].

use alloc::vec::Vec;

use crate::bytes::Reader;
use crate::nesting::DEPTH_MAX;

/// A JSON value without fractions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A string.
    Text(&'a str),
    /// An array.
    List(Vec<Self>),
    /// An object, in the order it was written.
    Map(Vec<(&'a str, Self)>),
}

impl<'a> Tree<'a> {
    /// The value in `bytes`, which hold nothing else; `None` when they hold none.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader { rest: bytes };
        let tree = Self::next(&mut reader, 0)?;
        reader.rest.is_empty().then_some(tree)
    }

    /// The member `name` of an object. A repeated member is no member: two readers could differ.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Map(members) = self else {
            return None;
        };
        let mut found = members.iter().filter(|(key, _)| *key == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn unsigned(&self) -> Option<u64> {
        match self {
            Self::Integer(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The number that this is, when it is one for counting.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        self.unsigned()
            .and_then(|number| usize::try_from(number).ok())
    }

    /// What each element reads as; `None` when one does not, or this is no list.
    pub(crate) fn list<T>(&self, read: impl Fn(&Self) -> Option<T>) -> Option<Vec<T>> {
        match self {
            // A loop: what `collect` makes of it for each type is many times the code.
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(read(item)?);
                }
                Some(list)
            }
            _ => None,
        }
    }

    /// As [`Self::list`] of the member `name`; empty when it is absent.
    pub(crate) fn list_of<T>(
        &self,
        name: &str,
        read: impl Fn(&Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.optional(name)
            .map_or_else(|| Some(Vec::new()), |list| list.list(read))
    }

    /// The member `name`, when it is there and not null.
    pub(crate) fn optional(&self, name: &str) -> Option<&Self> {
        self.member(name)
            .filter(|value| !matches!(value, Self::Null))
    }

    /// Whether the member `name` is `true`; absent means no.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.member(name), Some(Self::Bool(true)))
    }

    fn next(reader: &mut Reader<'a>, depth: u8) -> Option<Self> {
        let inner = depth.checked_add(1).filter(|depth| *depth <= DEPTH_MAX)?;
        Some(match reader.byte()? {
            0 => Self::Null,
            1 => Self::Bool(false),
            2 => Self::Bool(true),
            3 => Self::Integer(integer(reader)?),
            4 => Self::Integer(integer(reader)?.checked_neg()?),
            5 => Self::Text(reader.text()?),
            6 => {
                let mut items = Vec::new();
                for _ in 0..reader.count(usize::MAX)? {
                    items.push(Self::next(reader, inner)?);
                }
                Self::List(items)
            }
            7 => {
                let mut members = Vec::new();
                for _ in 0..reader.count(usize::MAX)? {
                    members.push((reader.text()?, Self::next(reader, inner)?));
                }
                Self::Map(members)
            }
            _ => return None,
        })
    }
}

/// At most 53 bits.
fn integer(reader: &mut Reader<'_>) -> Option<i64> {
    let number = reader.number()?;
    i64::try_from(number)
        .ok()
        .filter(|number| *number < 1 << 53)
}

#[cfg(test)]
pub(crate) mod tests {
    use alloc::vec;

    use super::*;
    use crate::bytes::{write_index, write_number, write_text};

    /// A JSON value written flat, as the page writes it.
    pub(crate) fn encode(value: &serde_json::Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(value, &mut bytes);
        bytes
    }

    fn write(value: &serde_json::Value, into: &mut Vec<u8>) {
        match value {
            serde_json::Value::Null => into.push(0),
            serde_json::Value::Bool(value) => into.push(1 + u8::from(*value)),
            serde_json::Value::Number(value) => {
                let number = value.as_i64().unwrap();
                into.push(if number < 0 { 4 } else { 3 });
                write_number(number.unsigned_abs(), into);
            }
            serde_json::Value::String(value) => {
                into.push(5);
                write_text(value, into);
            }
            serde_json::Value::Array(items) => {
                into.push(6);
                write_index(items.len(), into);
                items.iter().for_each(|item| write(item, into));
            }
            serde_json::Value::Object(members) => {
                into.push(7);
                write_index(members.len(), into);
                for (name, value) in members {
                    write_text(name, into);
                    write(value, into);
                }
            }
        }
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let bytes = [
            7, 2, 1, b'a', 6, 4, 0, 1, 3, 0xac, 2, 4, 1, 1, b'b', 5, 2, 0xc3, 0xa9,
        ];
        let list = vec![
            Tree::Null,
            Tree::Bool(false),
            Tree::Integer(300),
            Tree::Integer(-1),
        ];
        let expected = Tree::Map(vec![("a", Tree::List(list)), ("b", Tree::Text("é"))]);
        assert_eq!(Tree::read(&bytes), Some(expected));
    }

    #[test]
    fn damaged_bytes_are_no_value() {
        let good = [7, 1, 1, b'a', 6, 1, 5, 2, 0xc3, 0xa9];
        assert!(Tree::read(&good).is_some());
        for end in 0..good.len() {
            assert_eq!(Tree::read(&good[..end]), None, "cut at {end}");
        }
        assert_eq!(
            Tree::read(&[&good[..], &[0]].concat()),
            None,
            "something follows"
        );
        assert_eq!(Tree::read(&[5, 1, 0xff]), None, "not UTF-8");
        assert_eq!(Tree::read(&[8]), None, "no such kind");
        assert_eq!(
            Tree::read(&[6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
            None
        );
        assert_eq!(
            Tree::read(&[[6, 1].repeat(17), vec![0]].concat()),
            None,
            "too deep"
        );
        assert_eq!(
            Tree::read(&[3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10]),
            None
        );
    }

    #[test]
    fn a_repeated_member_is_no_member() {
        let tree = Tree::Map(vec![("a", Tree::Bool(true)), ("a", Tree::Bool(false))]);
        assert_eq!(tree.member("a"), None);
        assert!(!tree.flag("a"));
    }
}
