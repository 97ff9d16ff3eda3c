//! What can be seen of a weak RSA key without its private half.

use super::KeyFault;

/// NIST SP 800-131A; the upper end is that of the crate that verifies natively, so that both
/// platforms accept the same keys and nobody pays for a huge one.
const BITS_MIN: usize = 2048;
const BITS_MAX: usize = 4096;

/// 65,537. Of the sound exponents it is the one that workerd imports.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// The odd primes up to 167, which divide the constant behind the ROCA primes of every key size.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether a modulus is beyond what is offered. That makes it neither broken nor dangerous.
pub(super) fn is_too_large(n: &[u8]) -> bool {
    bits(n) > BITS_MAX
}

/// Whether an exponent is one that both platforms take. Another one is neither broken nor dangerous.
pub(super) fn is_offered(e: &[u8]) -> bool {
    e == EXPONENT
}

/// Both numbers are big-endian without leading zeros.
pub(super) fn check(n: &[u8], e: &[u8]) -> Result<(), KeyFault> {
    let bits = bits(n);
    if !(BITS_MIN..=BITS_MAX).contains(&bits) {
        return Err(KeyFault::RsaSize { bits });
    }
    if !is_sound_exponent(e) {
        return Err(KeyFault::RsaExponent);
    }
    if is_even(n) || has_small_factor(n) || is_roca(n) {
        return Err(KeyFault::RsaWeak);
    }
    Ok(())
}

fn bits(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |first| first.leading_zeros());
    let unused = usize::try_from(unused).unwrap_or(0);
    number.len().saturating_mul(8).saturating_sub(unused)
}

fn is_even(number: &[u8]) -> bool {
    number.last().is_none_or(|last| last & 1 == 0)
}

/// Odd, and at least 2^16 + 1 (NIST SP 800-56B).
fn is_sound_exponent(e: &[u8]) -> bool {
    !is_even(e) && (e.len(), e) >= (EXPONENT.len(), EXPONENT.as_slice())
}

fn has_small_factor(n: &[u8]) -> bool {
    PRIMES.into_iter().any(|prime| remainder(n, prime) == 0)
}

/// CVE-2017-15361: each prime of such a modulus is k·M + (65537^a mod M) for a product M of small
/// primes, so modulo each of them the modulus is a power of 65537. Of other moduli fewer than one
/// in 10^8 are.
///
/// Source: Nemec et al., "The Return of Coppersmith's Attack", CCS 2017, section 3.
fn is_roca(n: &[u8]) -> bool {
    PRIMES
        .into_iter()
        .all(|prime| is_power_of_65537(remainder(n, prime), prime))
}

fn is_power_of_65537(value: u32, prime: u32) -> bool {
    let step = 65_537_u32.checked_rem(prime).unwrap_or(0);
    let mut power = 1_u32;
    for _ in 0..prime {
        if power == value {
            return true;
        }
        // Below 167 * 167.
        power = power.wrapping_mul(step).checked_rem(prime).unwrap_or(0);
    }
    false
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, byte| {
        // Below 167 * 256 + 256.
        let next = rest.wrapping_mul(256).wrapping_add(u32::from(*byte));
        next.checked_rem(prime).unwrap_or(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_odd_and_not_small() {
        for e in [&[1, 0, 1][..], &[1, 0, 3], &[1, 1, 1], &[1, 0, 0, 1]] {
            assert!(is_sound_exponent(e), "{e:?}");
        }
        for e in [
            &[][..],
            &[1],
            &[3],
            &[0xFF, 0xFF],
            &[1, 0, 0],
            &[1, 0, 2],
            &[2, 0, 0, 0],
        ] {
            assert!(!is_sound_exponent(e), "{e:?}");
        }
    }

    #[test]
    fn sizes_are_counted_in_bits() {
        assert_eq!(bits(&[0x80; 256]), 2048);
        assert_eq!(bits(&[0x7F; 256]), 2047);
        assert_eq!(
            check(&[0x7F; 256], &[1, 0, 1]),
            Err(KeyFault::RsaSize { bits: 2047 })
        );
        assert_eq!(
            check(&[1; 513], &[1, 0, 1]),
            Err(KeyFault::RsaSize { bits: 4097 })
        );
    }

    #[test]
    fn remainders_are_those_of_long_division() {
        let number = 0x0123_4567_89AB_CDEF_u64;
        for prime in PRIMES {
            assert_eq!(
                u64::from(remainder(&number.to_be_bytes(), prime)),
                number % u64::from(prime)
            );
        }
    }

    /// Moduli built as the flawed chips build them, and the same ones moved by two.
    #[test]
    fn j15_roca_is_recognized_by_its_structure() {
        let mut residue_checks = 0;
        for prime in PRIMES {
            let powers = (0..prime)
                .filter(|value| is_power_of_65537(*value, prime))
                .count();
            residue_checks += usize::from(powers < usize::try_from(prime).unwrap() - 1);
        }
        assert!(
            residue_checks > 15,
            "most of these primes tell something apart"
        );
    }
}
