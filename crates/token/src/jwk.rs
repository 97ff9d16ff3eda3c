//! JWK sets (RFC 7517): what is loaded is bound to one algorithm, whatever a token says later.
//!
//! Two kinds of trouble are told apart. A key that is simply not for us (encryption, another curve,
//! an algorithm that the issuer's record does not list) is left out, as RFC 7517 section 5 asks,
//! because real sets mix them. A key or a set that is broken or dangerous (weak RSA, a point off its
//! curve, a published private key, symmetric beside public keys, two that are for us of one name) refuses the
//! whole set. A fetched set that is refused has no keys: it takes the place of the one before.
//!
//! ```
//! use lockstep_token::{Algorithm, jwk::KeySet};
//!
//! let json = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1",
//!     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
//! let keys = KeySet::parse(json, &[Algorithm::EdDsa]).unwrap();
//! assert_eq!(keys.keys()[0].algorithm(), Algorithm::EdDsa);
//! assert!(KeySet::parse(json, &[Algorithm::Rs256]).is_err(), "no key is left");
//! ```

mod curve;
mod key;
mod rsa;
mod signing;

use std::fmt;

pub(crate) use key::{Hmac, Material};
pub use key::{Key, KeyFault, LeftOut};
pub use signing::{SIGNING_KEYS_MAX, Signer, SigningKey, SigningKeys, SigningKeysError};

use crate::algorithm::Algorithm;
use crate::error::TokenError;
use crate::json::{JsonError, Object, Value};
use crate::jws::Jws;
use crate::verify::SignatureCheck;

/// The longest accepted key set in bytes.
pub const KEY_SET_LEN_MAX: usize = 64 * 1024;

/// The most keys a set may have.
pub const KEYS_MAX: usize = 64;

/// Keys of one issuer, each bound to its algorithm.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<Key>,
    left_out: Vec<(usize, LeftOut)>,
}

impl KeySet {
    /// Reads a JWK set, keeping keys for the `allowed` algorithms.
    ///
    /// A key without `alg` gets the one allowed algorithm that its type and curve can have.
    ///
    /// # Errors
    /// [`KeySetError`] when the set is too big, broken or dangerous, or no key is left.
    pub fn parse(json: &[u8], allowed: &[Algorithm]) -> Result<Self, KeySetError> {
        if json.len() > KEY_SET_LEN_MAX {
            return Err(KeySetError::TooLong);
        }
        Self::from_object(&Object::parse(json).map_err(KeySetError::Json)?, allowed)
    }

    /// [`KeySet::parse`] for a set that was read as part of something longer.
    ///
    /// # Errors
    /// As [`KeySet::parse`].
    pub fn from_object(set: &Object, allowed: &[Algorithm]) -> Result<Self, KeySetError> {
        let members = set
            .member("keys")
            .and_then(Value::as_array)
            .ok_or(KeySetError::Shape)?;
        if members.len() > KEYS_MAX {
            return Err(KeySetError::TooMany);
        }
        let members: Option<Vec<&Object>> = members.iter().map(Value::as_object).collect();
        let members = members.ok_or(KeySetError::Shape)?;
        refuse_mixed(&members)?;
        let mut keys = Vec::new();
        let mut left_out = Vec::new();
        for (index, jwk) in members.into_iter().enumerate() {
            match Key::load(jwk, allowed) {
                Ok(Ok(key)) => keys.push(key),
                Ok(Err(reason)) => left_out.push((index, reason)),
                Err(fault) => return Err(KeySetError::Key { index, fault }),
            }
        }
        if keys.is_empty() {
            return Err(KeySetError::NoKeyLeft { left_out });
        }
        refuse_equal_names(&keys)?;
        Ok(Self { keys, left_out })
    }

    /// [`KeySet::parse`] for a set that its issuer answered with, and why no key of it is taken: it
    /// says what counts now, so the keys that it does not have end, whatever else is wrong with it.
    ///
    /// # Errors
    /// [`KeySetError`] when it is no JWK set.
    pub(crate) fn fetched(
        json: &[u8],
        allowed: &[Algorithm],
    ) -> Result<(Self, Option<KeySetError>), KeySetError> {
        match Self::parse(json, allowed) {
            Ok(set) => Ok((set, None)),
            Err(error) if error.is_of_a_set() => {
                let (keys, left_out) = (Vec::new(), Vec::new());
                Ok((Self { keys, left_out }, Some(error)))
            }
            Err(error) => Err(error),
        }
    }

    /// The keys, in the order of the set.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Which keys were left out and why, by their place in the set.
    pub fn left_out(&self) -> &[(usize, LeftOut)] {
        &self.left_out
    }

    /// Chooses the key for a token: by the exact `kid` when it names one, else the only key of its
    /// algorithm. The key then has to be for the token's algorithm.
    ///
    /// # Errors
    /// [`TokenError::Key`], [`TokenError::AlgorithmOfKey`] or [`TokenError::SignatureForm`].
    pub fn select<'a>(&'a self, jws: &'a Jws<'a>) -> Result<SignatureCheck<'a>, TokenError> {
        let key = match jws.kid() {
            Some(kid) => self.keys.iter().find(|key| key.kid() == Some(kid)),
            None => {
                let mut fitting = self
                    .keys
                    .iter()
                    .filter(|key| key.algorithm() == jws.algorithm());
                fitting.next().filter(|_| fitting.next().is_none())
            }
        };
        SignatureCheck::new(jws, key.ok_or(TokenError::Key)?)
    }
}

/// Why a key set was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySetError {
    /// Two keys have one `kid`.
    DuplicateKid,
    /// It is not acceptable JSON.
    Json(JsonError),
    /// A key is broken or dangerous.
    Key {
        /// Its place in the set.
        index: usize,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// Symmetric and public keys in one set.
    Mixed,
    /// No key is left for the allowed algorithms.
    NoKeyLeft {
        /// Why each one was left out.
        left_out: Vec<(usize, LeftOut)>,
    },
    /// It was read for a record that has its keys inline.
    NotPublished,
    /// It is not an object with an array `keys` of objects.
    Shape,
    /// It is longer than [`KEY_SET_LEN_MAX`].
    TooLong,
    /// It has more than [`KEYS_MAX`] keys.
    TooMany,
}

impl KeySetError {
    /// Whether it was a JWK set that was refused, and not something else in its place.
    const fn is_of_a_set(&self) -> bool {
        match self {
            Self::DuplicateKid
            | Self::Key { .. }
            | Self::Mixed
            | Self::NoKeyLeft { .. }
            | Self::TooMany => true,
            Self::Json(_) | Self::NotPublished | Self::Shape | Self::TooLong => false,
        }
    }
}

impl fmt::Display for KeySetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateKid => formatter.write_str("two keys have one `kid`"),
            Self::Json(error) => write!(formatter, "the key set is not acceptable JSON: {error}"),
            Self::Key { index, fault } => write!(formatter, "key {index} {fault}"),
            Self::Mixed => formatter.write_str("symmetric and public keys are in one set"),
            Self::NoKeyLeft { left_out } => {
                formatter.write_str("no usable key")?;
                for (index, reason) in left_out {
                    write!(formatter, "; key {index} {reason}")?;
                }
                Ok(())
            }
            Self::NotPublished => formatter.write_str("the record has its keys inline"),
            Self::Shape => formatter.write_str("the key set is not an object with an array `keys`"),
            Self::TooLong => write!(
                formatter,
                "the key set is longer than {KEY_SET_LEN_MAX} bytes"
            ),
            Self::TooMany => write!(formatter, "the key set has more than {KEYS_MAX} keys"),
        }
    }
}

impl std::error::Error for KeySetError {}

/// Whoever can check with a symmetric key can sign with it: it has no place among public ones.
fn refuse_mixed(keys: &[&Object]) -> Result<(), KeySetError> {
    let symmetric = keys
        .iter()
        .filter(|key| key.text("kty") == Some("oct"))
        .count();
    if symmetric == 0 || symmetric == keys.len() {
        Ok(())
    } else {
        Err(KeySetError::Mixed)
    }
}

/// Nothing tells such keys apart. One that was left out is chosen by no token, whatever its name: some issuers
/// publish a key once for each of its algorithms.
fn refuse_equal_names(keys: &[Key]) -> Result<(), KeySetError> {
    let mut names: Vec<&str> = keys.iter().filter_map(Key::kid).collect();
    names.sort_unstable();
    let equal = names
        .iter()
        .zip(names.iter().skip(1))
        .any(|(one, next)| one == next);
    if equal {
        Err(KeySetError::DuplicateKid)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
