//! Lower case, character by character, as `char::to_lowercase` has it: its table would be a tenth of what
//! the page loads, that of `build.rs` is a fraction of it.

use alloc::string::String;

use table::{LONGER, RUNS};

mod table {
    include!(concat!(env!("OUT_DIR"), "/lower.rs"));
}

/// `text` in lower case.
pub(crate) fn lower(text: &str) -> String {
    let mut lowered = String::with_capacity(text.len());
    for character in text.chars() {
        let code = u32::from(character);
        match LONGER.iter().find(|(of, _)| *of == code) {
            Some((_, lower)) => lowered.push_str(lower),
            None => lowered.push(lower_of(code).unwrap_or(character)),
        }
    }
    lowered
}

/// `None` for what is in lower case already, or has none.
fn lower_of(code: u32) -> Option<char> {
    let after = RUNS.partition_point(|(first, ..)| *first <= code);
    let (first, len, step, distance) = RUNS.get(after.checked_sub(1)?)?;
    let (step, behind) = (u32::from(*step), code.checked_sub(*first)?);
    let is_in = behind <= u32::from(*len) * step && behind.is_multiple_of(step);
    char::from_u32(code.checked_add_signed(*distance)?).filter(|_| is_in)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn every_character_is_lowered_as_the_standard_library_does() {
        for character in '\0'..=char::MAX {
            let expected: String = character.to_lowercase().collect();
            assert_eq!(lower(&character.to_string()), expected, "{character:?}");
        }
    }

    #[test]
    fn the_table_is_smaller_than_that_of_the_standard_library() {
        assert!(RUNS.len() < 250, "{} runs", RUNS.len());
    }
}
