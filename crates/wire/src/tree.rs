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
//! text   = number byte…              that many bytes of UTF-8
//! number = seven bits a byte, the lowest first, the top bit set on all but the last
//! ```

use alloc::vec::Vec;

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
        let tree = reader.value(0)?;
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

    pub(crate) fn index(&self) -> Option<usize> {
        self.unsigned()
            .and_then(|number| usize::try_from(number).ok())
    }

    /// What each element reads as; `None` when one does not, or this is no list.
    pub(crate) fn list<T>(&self, read: impl Fn(&Self) -> Option<T>) -> Option<Vec<T>> {
        match self {
            Self::List(items) => items.iter().map(read).collect(),
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
        self.member(name).filter(|value| **value != Self::Null)
    }

    /// Whether the member `name` is `true`; absent means no.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.member(name) == Some(&Self::Bool(true))
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: u8) -> Option<Tree<'a>> {
        let inner = depth.checked_add(1).filter(|depth| *depth <= DEPTH_MAX)?;
        Some(match self.byte()? {
            0 => Tree::Null,
            1 => Tree::Bool(false),
            2 => Tree::Bool(true),
            3 => Tree::Integer(self.number()?),
            4 => Tree::Integer(self.number()?.checked_neg()?),
            5 => Tree::Text(self.text()?),
            6 => {
                let mut items = Vec::new();
                // The count is not believed for an allocation: each element takes a byte at least.
                for _ in 0..self.number()? {
                    items.push(self.value(inner)?);
                }
                Tree::List(items)
            }
            7 => {
                let mut members = Vec::new();
                for _ in 0..self.number()? {
                    members.push((self.text()?, self.value(inner)?));
                }
                Tree::Map(members)
            }
            _ => return None,
        })
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    /// At most 53 bits, in at most eight bytes.
    fn number(&mut self) -> Option<i64> {
        let mut number = 0_i64;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            number |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return (number < 1 << 53).then_some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        let len = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        core::str::from_utf8(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

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
