//! Whether a public key is a point of its curve.
//!
//! The numbers here are public, so nothing needs to take constant time. Both platforms' primitives
//! check again; this check makes them agree on what loads, and costs 4 KB instead of 22 for the
//! curve crates.

use crypto_bigint::modular::runtime_mod::{DynResidue, DynResidueParams};
use crypto_bigint::{Encoding, U256, U384, Uint};

/// SEC 2: y² = x³ - 3x + b modulo p.
const P256_P: U256 =
    U256::from_be_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
const P256_B: U256 =
    U256::from_be_hex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");
const P384_P: U384 = U384::from_be_hex(
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
);
const P384_B: U384 = U384::from_be_hex(
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
);

/// RFC 8032 section 5.1: -x² + y² = 1 + d x² y² modulo 2^255 - 19.
const ED25519_P: U256 =
    U256::from_be_hex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
const ED25519_D: U256 =
    U256::from_be_hex("52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3");

/// The y of the points whose order divides 8, besides 0, 1 and -1. With such a key some signatures
/// hold for many messages.
const ED25519_ORDER_8: [U256; 2] = [
    U256::from_be_hex("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826"),
    U256::from_be_hex("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7"),
];

/// Whether (x, y), 32 or 48 bytes each, is a point of P-256 or P-384.
pub(super) fn is_on_curve(x: &[u8], y: &[u8]) -> bool {
    if let (Ok(x), Ok(y)) = (<[u8; 32]>::try_from(x), <[u8; 32]>::try_from(y)) {
        solves(
            &U256::from_be_bytes(x),
            &U256::from_be_bytes(y),
            &P256_P,
            &P256_B,
        )
    } else if let (Ok(x), Ok(y)) = (<[u8; 48]>::try_from(x), <[u8; 48]>::try_from(y)) {
        solves(
            &U384::from_be_bytes(x),
            &U384::from_be_bytes(y),
            &P384_P,
            &P384_B,
        )
    } else {
        false
    }
}

/// Whether 32 bytes are the canonical form of a point of the Ed25519 curve that is not of small
/// order.
pub(super) fn is_sound_ed25519(point: &[u8]) -> bool {
    let Ok(mut bytes) = <[u8; 32]>::try_from(point) else {
        return false;
    };
    // The top bit is the sign of x.
    if let Some(last) = bytes.last_mut() {
        *last &= 0x7F;
    }
    let y = U256::from_le_bytes(bytes);
    let minus_one = ED25519_P.wrapping_sub(&U256::ONE);
    let is_small_order =
        [U256::ZERO, U256::ONE, minus_one].contains(&y) || ED25519_ORDER_8.contains(&y);
    y < ED25519_P && !is_small_order && ed25519_has_x(&y)
}

/// x² = (y² - 1) / (d y² + 1) has a solution when numerator times denominator is a square, which
/// Euler's criterion tells.
fn ed25519_has_x(y: &U256) -> bool {
    let field = DynResidueParams::new(&ED25519_P);
    let residue = |value: &U256| DynResidue::new(value, field);
    let (one, d, y) = (residue(&U256::ONE), residue(&ED25519_D), residue(y));
    let y_squared = y.mul(&y);
    let numerator = y_squared.sub(&one);
    let denominator = y_squared.mul(&d).add(&one);
    let exponent = ED25519_P.wrapping_sub(&U256::ONE).shr_vartime(1);
    numerator.mul(&denominator).pow(&exponent) == one
}

fn solves<const LIMBS: usize>(
    x: &Uint<LIMBS>,
    y: &Uint<LIMBS>,
    p: &Uint<LIMBS>,
    b: &Uint<LIMBS>,
) -> bool {
    if x >= p || y >= p {
        return false;
    }
    let field = DynResidueParams::new(p);
    let residue = |value: &Uint<LIMBS>| DynResidue::new(value, field);
    let (x, y, b) = (residue(x), residue(y), residue(b));
    let right = x.mul(&x).mul(&x).sub(&x).sub(&x).sub(&x).add(&b);
    y.mul(&y) == right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        digits
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// The generators of SEC 2.
    #[test]
    fn the_generators_are_on_their_curves() {
        let x = bytes("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
        let y = bytes("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
        assert!(is_on_curve(&x, &y));
        assert!(!is_on_curve(&y, &x));
        let x = bytes(
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        );
        let y = bytes(
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        );
        assert!(is_on_curve(&x, &y));
        assert!(!is_on_curve(&x, &x));
    }

    #[test]
    fn j15_every_changed_bit_leaves_the_curve() {
        let x = bytes("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
        let y = bytes("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
        for bit in 0..256 {
            let mut moved = y.clone();
            moved[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_on_curve(&x, &moved));
        }
        assert!(!is_on_curve(&[0; 32], &[0; 32]));
        assert!(!is_on_curve(&[0xFF; 32], &y));
        assert!(!is_on_curve(&x, &y[..31]));
        assert!(!is_on_curve(&[], &[]));
    }

    /// x = 0 is on P-256; the same point with p added to x is a second spelling of it.
    #[test]
    fn j15_coordinates_are_below_the_modulus() {
        let y = bytes("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");
        let p = bytes("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
        assert!(is_on_curve(&[0; 32], &y));
        assert!(!is_on_curve(&p, &y));
    }

    #[test]
    fn j15_ed25519_points_are_canonical_and_of_full_order() {
        // RFC 8032 section 7.1, test 1.
        let good = bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert!(is_sound_ed25519(&good));
        for small in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000080",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            // The same points with p added to y, and p itself.
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            assert!(!is_sound_ed25519(&bytes(small)), "{small}");
        }
        // About half of all y have no x.
        let with_x = (2..=201_u8).filter(|low| {
            let mut point = [0; 32];
            point[0] = *low;
            is_sound_ed25519(&point)
        });
        assert!((70..130).contains(&with_x.count()));
    }
}
