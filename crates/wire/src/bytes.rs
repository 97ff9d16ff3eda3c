//! Reading bytes that others wrote, and writing them: what the flat forms have in common.
//!
//! ```text
//! number = seven bits a byte, the lowest first, the top bit set on all but the last
//! text   = number byte…       that many bytes of UTF-8
//! ```

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use lockstep_core::Level;

/// What is left to read. Nothing is believed that the bytes do not hold.
///
/// What cannot be read is zero or empty, nothing can be read behind it, and [`Self::is_read`] says so in
/// the end: whoever reads looks at nothing before that. One test there is a third of the code, which counts
/// in the page, of one at each step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    is_damaged: bool,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            is_damaged: false,
        }
    }

    /// Whether all that was asked for was there, and nothing else is.
    pub(crate) const fn is_read(&self) -> bool {
        self.rest.is_empty() && !self.is_damaged
    }

    /// What is left; `None` when something before it could not be read.
    pub(crate) fn rest(&self) -> Option<&'a [u8]> {
        (!self.is_damaged).then_some(self.rest)
    }

    /// What was read cannot be.
    pub(crate) const fn refuse(&mut self) {
        self.rest = &[];
        self.is_damaged = true;
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.rest {
            [byte, rest @ ..] => {
                self.rest = rest;
                *byte
            }
            [] => {
                self.refuse();
                0
            }
        }
    }

    pub(crate) fn flag(&mut self) -> bool {
        let byte = self.byte();
        if byte > 1 {
            self.refuse();
        }
        byte == 1
    }

    pub(crate) fn number(&mut self) -> u64 {
        let mut number = 0_u64;
        let mut shift = 0_u32;
        loop {
            let byte = self.byte();
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if shift >= 63 && bits | u64::from(byte & 0x80) > 1 {
                self.refuse();
                return 0;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return number;
            }
            shift += 7;
        }
    }

    pub(crate) fn index(&mut self) -> usize {
        usize::try_from(self.number()).unwrap_or_else(|_| {
            self.refuse();
            0
        })
    }

    pub(crate) fn take(&mut self, len: usize) -> &'a [u8] {
        if let Some((taken, rest)) = self.rest.split_at_checked(len) {
            self.rest = rest;
            taken
        } else {
            self.refuse();
            &[]
        }
    }

    pub(crate) fn level(&mut self) -> Level {
        let number = self.byte();
        self.level_of(number)
    }

    /// The level with a number that was read.
    pub(crate) fn level_of(&mut self, number: u8) -> Level {
        let level = Level::ALL.get(usize::from(number));
        level.copied().unwrap_or_else(|| {
            self.refuse();
            Level::Organization
        })
    }

    pub(crate) fn text(&mut self) -> &'a str {
        let len = self.index();
        core::str::from_utf8(self.take(len)).unwrap_or_else(|_| {
            self.refuse();
            ""
        })
    }

    pub(crate) fn string(&mut self) -> String {
        self.text().to_owned()
    }

    pub(crate) fn texts(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        let mut left = self.count(usize::MAX);
        while self.more(&mut left) {
            texts.push(self.string());
        }
        texts
    }

    /// Whether to read one more of the elements `left`: not behind what could not be read.
    pub(crate) const fn more(&self, left: &mut usize) -> bool {
        let more = *left > 0 && !self.is_damaged;
        *left = left.saturating_sub(1);
        more
    }

    /// The count of elements that follow, each of a byte at least: a larger one is not believed, so that
    /// nothing is allocated for it.
    pub(crate) fn count(&mut self, limit: usize) -> usize {
        let count = self.index();
        if count <= limit && count <= self.rest.len() {
            return count;
        }
        self.refuse();
        0
    }
}

pub(crate) fn write_number(mut number: u64, into: &mut Vec<u8>) {
    while number > 0x7f {
        into.push(low_bits(number) | 0x80);
        number >>= 7;
    }
    into.push(low_bits(number));
}

pub(crate) fn write_index(index: usize, into: &mut Vec<u8>) {
    write_number(u64::try_from(index).unwrap_or(u64::MAX), into);
}

pub(crate) fn write_text(text: &str, into: &mut Vec<u8>) {
    write_index(text.len(), into);
    into.extend_from_slice(text.as_bytes());
}

fn low_bits(number: u64) -> u8 {
    let [low, ..] = number.to_le_bytes();
    low & 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_longer_ones_do_not() {
        for number in [0, 1, 127, 128, 300, 1 << 53, u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            write_number(number, &mut bytes);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.number(), number);
            assert!(reader.is_read());
            for end in 0..bytes.len() {
                let mut cut = Reader::new(&bytes[..end]);
                cut.number();
                assert_eq!(cut.rest(), None);
            }
        }
        let mut beyond = [0xff; 10];
        beyond[9] = 2;
        for bytes in [&beyond[..], &[0x80; 11], &[0xff; 99]] {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.number(), 0);
            assert_eq!(reader.rest(), None);
        }
    }

    #[test]
    fn a_count_is_not_believed_without_its_bytes() {
        for (bytes, limit, expected) in [
            (&[3, 0, 0, 0][..], 9, Some(3)),
            (&[3, 0, 0], 9, None),
            (&[3, 0, 0, 0], 2, None),
        ] {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.count(limit), expected.unwrap_or(0));
            assert_eq!(reader.rest().is_some(), expected.is_some());
        }
    }

    #[test]
    fn nothing_is_read_behind_what_cannot_be() {
        let mut reader = Reader::new(&[2, 1, b'a', 1, b'b']);
        assert!(!reader.flag());
        assert_eq!((reader.text(), reader.byte(), reader.number()), ("", 0, 0));
        assert!(reader.texts().is_empty() && !reader.is_read());
        let mut reader = Reader::new(&[1, 0xff]);
        assert_eq!(reader.text(), "", "not UTF-8");
        assert!(!reader.is_read());
        let mut reader = Reader::new(&[1, b'a', 0]);
        assert_eq!(reader.text(), "a");
        assert!(!reader.is_read(), "something follows");
        assert_eq!(reader.rest(), Some(&[0][..]));
    }
}
