//! Test keys, known to everybody, that sign with the primitives themselves.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use lockstep_token::Algorithm;
use p256::ecdsa::signature::Signer;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPrivateKey};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::random::Random;

/// The primes of a 2048-bit RSA key.
const RSA_P: &[u8] = b"d69a6d3dc9df4f2fe25923d07a7c837bc40d9a5432935120cb98771bd33a5160a699eb41b7594f78a11222e6838f91588d6dd3a29ca60a34f5b0553dee1cc7a2c29e25ef7ba6d3d907e48848d56ad08fd2a0c15e6c28a245cd7711fa2837df6e17fbff88b7b2ab0e34e30245d197852f1a55a314d4b9c7ac68a3795c27fbcd5f";
const RSA_Q: &[u8] = b"b73cfdf5b145f0e32df358a84c97a0d7f752b485e37bbb4e44e3be62ad10215ce5472eaf2c52d83c2955c19dff6dc5d588c063056c6035ccb2c1bd548cfc2e852fe2392152c4630d5f8bc0da4ae9583874d1345d5cca41692b7131f5a4d3ea4b44533f24257eb4a7339bd3915a956e9b2052b446b052ea877cb772d2255cf735";

pub(crate) enum TestKey {
    Ed(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Rsa(Box<RsaPrivateKey>),
    Symmetric(Vec<u8>),
}

impl TestKey {
    /// The key for an algorithm; `number` tells apart keys of the same kind (RSA has one only).
    pub(crate) fn new(algorithm: Algorithm, number: u8) -> Self {
        match algorithm {
            Algorithm::EdDsa => Self::Ed(ed25519_dalek::SigningKey::from_bytes(&[number; 32])),
            Algorithm::Es256 => {
                Self::P256(p256::ecdsa::SigningKey::from_slice(&[number; 32]).unwrap())
            }
            Algorithm::Es384 => {
                Self::P384(p384::ecdsa::SigningKey::from_slice(&[number; 48]).unwrap())
            }
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => {
                Self::Symmetric(vec![number; 64])
            }
            _ => Self::Rsa(Box::new(rsa_key().clone())),
        }
    }

    /// The public key as a JWK (the secret itself for a symmetric key), with more members in front.
    pub(crate) fn jwk(&self, members: &str) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let numbers = match self {
            Self::Ed(key) => {
                let x = encode(key.verifying_key().as_bytes());
                format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}""#)
            }
            Self::P256(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                let (x, y) = (encode(point.x().unwrap()), encode(point.y().unwrap()));
                format!(r#""kty":"EC","crv":"P-256","x":"{x}","y":"{y}""#)
            }
            Self::P384(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                let (x, y) = (encode(point.x().unwrap()), encode(point.y().unwrap()));
                format!(r#""kty":"EC","crv":"P-384","x":"{x}","y":"{y}""#)
            }
            Self::Rsa(key) => {
                let (n, e) = (
                    encode(&key.n().to_bytes_be()),
                    encode(&key.e().to_bytes_be()),
                );
                format!(r#""kty":"RSA","n":"{n}","e":"{e}""#)
            }
            Self::Symmetric(bytes) => format!(r#""kty":"oct","k":"{}""#, encode(bytes)),
        };
        if members.is_empty() {
            format!("{{{numbers}}}")
        } else {
            format!("{{{members},{numbers}}}")
        }
    }

    /// Signs as the algorithm does; the key has to be of its kind.
    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        match (self, algorithm) {
            (Self::Ed(key), Algorithm::EdDsa) => key.sign(message).to_bytes().to_vec(),
            (Self::P256(key), Algorithm::Es256) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_vec()
            }
            (Self::P384(key), Algorithm::Es384) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_vec()
            }
            (Self::Symmetric(bytes), _) => hmac(algorithm, bytes, message),
            (Self::Rsa(key), _) => rsa_sign(key, algorithm, message),
            _ => panic!("{} with another kind of key", algorithm.name()),
        }
    }

    /// A token with these two parts, signed.
    pub(crate) fn token(&self, algorithm: Algorithm, header: &str, claims: &str) -> String {
        let message = message(header, claims);
        let signature = URL_SAFE_NO_PAD.encode(self.sign(algorithm, message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// The first two segments of a token.
pub(crate) fn message(header: &str, claims: &str) -> String {
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    )
}

pub(crate) fn hmac(algorithm: Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    macro_rules! mac {
        ($hash:ty) => {
            <hmac::Hmac<$hash> as Mac>::new_from_slice(key)
                .unwrap()
                .chain_update(message)
                .finalize()
                .into_bytes()
                .to_vec()
        };
    }
    match algorithm {
        Algorithm::Hs256 => mac!(Sha256),
        Algorithm::Hs384 => mac!(Sha384),
        Algorithm::Hs512 => mac!(Sha512),
        _ => panic!("{} is no HMAC", algorithm.name()),
    }
}

fn rsa_sign(key: &RsaPrivateKey, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    let random = &mut Random::new(1);
    match algorithm {
        Algorithm::Ps256 => {
            key.sign_with_rng(random, Pss::new::<Sha256>(), &Sha256::digest(message))
        }
        Algorithm::Ps384 => {
            key.sign_with_rng(random, Pss::new::<Sha384>(), &Sha384::digest(message))
        }
        Algorithm::Ps512 => {
            key.sign_with_rng(random, Pss::new::<Sha512>(), &Sha512::digest(message))
        }
        Algorithm::Rs256 => key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message)),
        Algorithm::Rs384 => key.sign(Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(message)),
        Algorithm::Rs512 => key.sign(Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message)),
        _ => panic!("{} is no RSA", algorithm.name()),
    }
    .unwrap()
}

fn rsa_key() -> &'static RsaPrivateKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let number = |hex| BigUint::parse_bytes(hex, 16).unwrap();
        RsaPrivateKey::from_p_q(number(RSA_P), number(RSA_Q), BigUint::from(65_537_u32)).unwrap()
    })
}
