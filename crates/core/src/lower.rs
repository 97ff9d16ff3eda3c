//! Upper and lower case, character by character, as the standard library has them: its tables would be a
//! tenth of what the page loads, that of `build.rs` is a fraction of it.

use core::str::Chars;

use table::{LAST, LONGER, RUNS};

mod table {
    include!(concat!(env!("OUT_DIR"), "/lower.rs"));
}

/// The characters of `text`, each in lower case; of several with one upper case the one that is its lower
/// case, `σ` for `ς`.
pub(crate) fn lower(text: &str) -> Lower<'_> {
    Lower {
        rest: text.chars(),
        next: None,
    }
}

pub(crate) struct Lower<'a> {
    rest: Chars<'a>,
    /// What is left of a lower case of two characters.
    next: Option<char>,
}

impl Iterator for Lower<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if let Some(next) = self.next.take() {
            return Some(next);
        }
        let character = self.rest.next()?;
        for (of, first, second) in LONGER {
            if *of == character {
                self.next = Some(*second);
                return Some(*first);
            }
        }
        Some(lower_of(character.into()).unwrap_or(character))
    }
}

/// `None` for what is in lower case already, or has none.
fn lower_of(code: u32) -> Option<char> {
    // What has no case is mostly behind all that has: it need not look through the table.
    let mut behind = Some(code).filter(|code| *code <= LAST)?;
    let mut bytes = RUNS.iter();
    loop {
        behind = behind.checked_sub(number(&mut bytes)?)?;
        let (shape, distance) = (number(&mut bytes)?, number(&mut bytes)?);
        let step = 1 + (shape & 1);
        let len = (shape >> 1) * step;
        if behind <= len {
            let far = distance >> 1;
            let lower = if distance & 1 == 0 {
                code + far
            } else {
                code - far
            };
            return char::from_u32(lower).filter(|_| behind & (step - 1) == 0);
        }
        behind -= len;
    }
}

/// Seven bits a byte, the lowest first, the top bit set on all but the last.
fn number(bytes: &mut core::slice::Iter<'_, u8>) -> Option<u32> {
    let mut number = 0;
    let mut shift = 0;
    loop {
        let byte = *bytes.next()?;
        number |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;

    #[test]
    fn every_character_is_lowered_as_the_standard_library_does() {
        let one = |text: String| Some(text).filter(|text| text.chars().count() == 1);
        for character in '\0'..=char::MAX {
            let expected = character.to_lowercase().to_string();
            // Of those that share an upper case, its lower case is the one for all.
            let upper = one(expected.to_uppercase()).and_then(|upper| one(upper.to_lowercase()));
            let expected = upper.unwrap_or(expected);
            assert_eq!(lower(&character.to_string()).collect::<String>(), expected);
        }
    }

    #[test]
    fn the_table_is_smaller_than_that_of_the_standard_library() {
        assert!(RUNS.len() < 1_000, "{} bytes", RUNS.len());
    }
}
