//! Base 62 in fixed width: digits, upper case, lower case, most significant digit first.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Digits that hold any 128-bit number (62^22 > 2^128).
pub(crate) const DIGITS_128: usize = 22;
/// Digits that hold any 256-bit number (62^43 > 2^256).
pub(crate) const DIGITS_256: usize = 43;
/// Digits of a check: they hold any 32-bit number, and 35 bits of a keyed one.
pub(crate) const DIGITS_CHECK: usize = 6;

/// Writes a big-endian number with `digits` digits; what does not fit is cut off at the top.
pub(crate) fn encode<const BYTES: usize>(mut number: [u8; BYTES], digits: usize) -> String {
    let mut text: Vec<char> = (0..digits).map(|_| digit(divide(&mut number))).collect();
    text.reverse();
    text.into_iter().collect()
}

/// Whether every byte is a digit of the alphabet.
pub(crate) fn is_base62(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Divides the number by 62 in place and returns the remainder.
fn divide(number: &mut [u8]) -> u8 {
    let mut remainder: u8 = 0;
    for byte in number {
        let part = u16::from_be_bytes([remainder, *byte]);
        // Both fit into a byte, because the remainder that came in is below 62.
        [*byte, _] = (part / 62).to_le_bytes();
        [remainder, _] = (part % 62).to_le_bytes();
    }
    remainder
}

fn digit(value: u8) -> char {
    char::from(ALPHABET.get(usize::from(value)).copied().unwrap_or(b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_fixed_width() {
        assert_eq!(encode(0_u32.to_be_bytes(), 6), "000000");
        assert_eq!(encode(61_u32.to_be_bytes(), 6), "00000z");
        assert_eq!(encode(62_u32.to_be_bytes(), 6), "000010");
        assert_eq!(encode(u32::MAX.to_be_bytes(), 6), "4gfFC3");
    }

    #[test]
    fn the_widths_hold_their_numbers() {
        assert_eq!(encode([0xFF; 16], DIGITS_128), "7n42DGM5Tflk9n8mt7Fhc7");
        assert_eq!(
            encode([0xFF; 16], DIGITS_128 + 2),
            "007n42DGM5Tflk9n8mt7Fhc7"
        );
        let widest = encode([0xFF; 32], DIGITS_256 + 1);
        assert_eq!(widest.len(), 44);
        assert!(widest.starts_with('0'), "43 digits hold 256 bits");
    }
}
