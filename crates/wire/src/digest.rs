//! The digest of a policy in bytes, and the sum that tells damaged bytes.

use alloc::vec::Vec;

pub(crate) const DIGEST_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;

/// A digest in lower-case hex as bytes.
pub(crate) fn of_hex(hex: &str) -> Option<[u8; DIGEST_BYTES]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut digest = [0; DIGEST_BYTES];
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if pairs.len() != DIGEST_BYTES || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(digest)
}

/// `bytes` with their sum behind them.
pub(crate) fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(checksum(&bytes).to_le_bytes());
    bytes
}

/// What comes before the sum; `None` when it is another one.
pub(crate) fn summed(bytes: &[u8]) -> Option<&[u8]> {
    let (body, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
    (checksum(body) == u32::from_le_bytes(*sum)).then_some(body)
}

/// FNV-1a. A step takes each state to another one, and different bytes to different states; so two texts
/// of one length that differ in one byte never have the same sum.
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = 0x811c_9dc5_u32;
    for byte in bytes {
        sum = (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    }
    sum
}
