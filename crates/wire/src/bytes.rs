//! Reading bytes that others wrote, and writing them: what the flat forms have in common.
//!
//! ```text
//! number = seven bits a byte, the lowest first, the top bit set on all but the last
//! text   = number byte…       that many bytes of UTF-8
//! ```

use alloc::vec::Vec;

/// What is left to read. Nothing is believed that the bytes do not hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn index(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let len = self.index()?;
        core::str::from_utf8(self.take(len)?).ok()
    }

    /// The count of elements that follow, each of a byte at least: a larger one is not believed, so that
    /// nothing is allocated for it.
    pub(crate) fn count(&mut self, limit: usize) -> Option<usize> {
        let count = self.index()?;
        (count <= limit && count <= self.rest.len()).then_some(count)
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
            let mut reader = Reader { rest: &bytes };
            assert_eq!(reader.number(), Some(number));
            assert!(reader.rest.is_empty());
            for end in 0..bytes.len() {
                let mut cut = Reader {
                    rest: &bytes[..end],
                };
                assert_eq!(cut.number(), None);
            }
        }
        let mut beyond = [0xff; 10];
        beyond[9] = 2;
        assert_eq!(Reader { rest: &beyond }.number(), None);
        assert_eq!(Reader { rest: &[0x80; 11] }.number(), None);
    }

    #[test]
    fn a_count_is_not_believed_without_its_bytes() {
        assert_eq!(
            Reader {
                rest: &[3, 0, 0, 0]
            }
            .count(9),
            Some(3)
        );
        assert_eq!(Reader { rest: &[3, 0, 0] }.count(9), None);
        assert_eq!(
            Reader {
                rest: &[3, 0, 0, 0]
            }
            .count(2),
            None
        );
    }
}
