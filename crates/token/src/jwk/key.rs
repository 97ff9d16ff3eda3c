//! One JWK, read into what verifying needs.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{curve, rsa};
use crate::algorithm::Algorithm;
use crate::json::{Object, Value};

/// A key of an issuer, bound to one algorithm.
#[derive(Clone)]
pub struct Key {
    algorithm: Algorithm,
    kid: Option<String>,
    material: Material,
    fingerprint: [u8; 32],
}

/// What the key consists of. INVARIANT: it fits the key's algorithm and passed every check here.
#[derive(Clone)]
pub(crate) enum Material {
    /// `crv` is the name of the curve; coordinates have the curve's full length.
    Ec {
        crv: &'static str,
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Ed25519 {
        x: Vec<u8>,
    },
    Hmac(Box<Hmac>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

/// A keyed hash that has taken in its key and nothing else.
#[derive(Clone)]
pub(crate) enum Hmac {
    Sha256(hmac::Hmac<Sha256>),
    Sha384(hmac::Hmac<Sha384>),
    Sha512(hmac::Hmac<Sha512>),
}

impl Key {
    /// The algorithm, the only one with which this key verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key's name inside its set.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The public key as a JWK for `crypto.subtle.importKey("jwk", …)`: type, curve and numbers only
    /// (workerd refuses some values of `alg`, and `use` and `key_ops` were judged here).
    /// `None` for a symmetric key, which never leaves this crate.
    pub fn jwk(&self) -> Option<String> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Some(match &self.material {
            Material::Ec { crv, x, y } => {
                let (x, y) = (encode(x), encode(y));
                format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Material::Ed25519 { x } => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x))
            }
            Material::Rsa { n, e } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n))
            }
            Material::Hmac(_) => return None,
        })
    }

    /// SHA-256 over the algorithm and [`jwk`](Self::jwk): two keys share it only when they are the
    /// same key, so a cache of imported keys cannot mix issuers. Zero for symmetric keys.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    pub(crate) fn material(&self) -> &Material {
        &self.material
    }

    /// Reads a key: one to use, one to leave out, or one that spoils its set.
    pub(super) fn load(
        jwk: &Object,
        allowed: &[Algorithm],
    ) -> Result<Result<Self, LeftOut>, KeyFault> {
        refuse_private(jwk)?;
        let kid = text(jwk, "kid")?.map(str::to_owned);
        if let Some(reason) = other_use(jwk)? {
            return Ok(Err(reason));
        }
        let algorithm = match algorithm(jwk, allowed)? {
            Ok(algorithm) => algorithm,
            Err(reason) => return Ok(Err(reason)),
        };
        let material = match algorithm {
            Algorithm::EdDsa => ed25519(jwk)?,
            Algorithm::Es256 => ec(jwk, "P-256", 32)?,
            Algorithm::Es384 => ec(jwk, "P-384", 48)?,
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => symmetric(jwk, algorithm)?,
            Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512 => {
                let (n, e) = (number(jwk, "n")?, number(jwk, "e")?);
                if rsa::is_too_large(&n) {
                    return Ok(Err(LeftOut::RsaSize));
                }
                rsa::check(&n, &e)?;
                if !rsa::is_offered(&e) {
                    return Ok(Err(LeftOut::RsaExponent));
                }
                Material::Rsa { n, e }
            }
        };
        let mut key = Self {
            algorithm,
            kid,
            material,
            fingerprint: [0; 32],
        };
        if let Some(jwk) = key.jwk() {
            let hash = Sha256::new()
                .chain_update(algorithm.name())
                .chain_update(jwk);
            key.fingerprint = hash.finalize().into();
        }
        Ok(Ok(key))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key({}, {:?})", self.algorithm.name(), self.kid)
    }
}

/// Why a key is not used. It does not harm the others of its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftOut {
    /// It has no `alg`, and its issuer's record allows several (or none) that it could have.
    AlgorithmUnclear,
    /// Its `alg` is not one that the issuer's record allows, or none that is offered.
    AlgorithmNotAllowed,
    /// The RSA exponent is not 65,537, the only safe one that workerd imports.
    RsaExponent,
    /// The RSA modulus has more than 4,096 bits.
    RsaSize,
    /// Its type or curve is none that is offered.
    Type,
    /// Its `use` or `key_ops` say that it is not for verifying signatures.
    Use,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AlgorithmUnclear => {
                "has no `alg` and could have several or none of those allowed"
            }
            Self::AlgorithmNotAllowed => "is for an algorithm that is not allowed",
            Self::RsaExponent => "has an RSA exponent other than 65537",
            Self::RsaSize => "has an RSA modulus of more than 4096 bits",
            Self::Type => "is of a type or curve that is not offered",
            Self::Use => "is not for verifying signatures",
        })
    }
}

/// What makes a key unfit for any use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFault {
    /// Its type or curve cannot have its `alg`.
    AlgorithmOfType,
    /// A member is missing, or not in its canonical form.
    Member {
        /// Its name.
        name: &'static str,
    },
    /// The point is not on its curve, or of small order.
    Point,
    /// A private member in a key that should be public.
    Private,
    /// The RSA exponent is even or below 65,537.
    RsaExponent,
    /// The RSA modulus has fewer than 2,048 bits, or a signer's more than 4,096.
    RsaSize {
        /// The size it has.
        bits: usize,
    },
    /// The RSA modulus has a small factor or the structure of ROCA (CVE-2017-15361).
    RsaWeak,
    /// A symmetric key shorter than its hash (RFC 7518 section 3.2), or longer than 1 KiB.
    SymmetricSize {
        /// The bytes it has.
        bytes: usize,
    },
}

impl fmt::Display for KeyFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlgorithmOfType => {
                formatter.write_str("has a type or curve that its `alg` cannot have")
            }
            Self::Member { name } => write!(formatter, "has no `{name}` in canonical form"),
            Self::Point => formatter.write_str("is not a sound point of its curve"),
            Self::Private => formatter.write_str("is a published private key"),
            Self::RsaExponent => formatter.write_str("has an unsafe RSA exponent"),
            Self::RsaSize { bits } => {
                write!(formatter, "has {bits} bits, an RSA key needs 2048 to 4096")
            }
            Self::RsaWeak => formatter.write_str("has a weak RSA modulus"),
            Self::SymmetricSize { bytes } => {
                write!(
                    formatter,
                    "has {bytes} bytes, fewer than its hash or more than 1024"
                )
            }
        }
    }
}

impl std::error::Error for KeyFault {}

/// RFC 7518 sections 6.2.2 and 6.3.2. A published private key is everybody's key.
fn refuse_private(jwk: &Object) -> Result<(), KeyFault> {
    let private = ["d", "p", "q", "dp", "dq", "qi", "oth"].into_iter();
    let symmetric_member = (jwk.text("kty") != Some("oct")).then_some("k");
    let found = private
        .chain(symmetric_member)
        .any(|name| jwk.member(name).is_some());
    if found {
        Err(KeyFault::Private)
    } else {
        Ok(())
    }
}

/// RFC 7517 sections 4.2 and 4.3: both members must allow verifying, and nothing unrelated or twice.
fn other_use(jwk: &Object) -> Result<Option<LeftOut>, KeyFault> {
    if text(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Ok(Some(LeftOut::Use));
    }
    let operations = match jwk.member("key_ops") {
        None => return Ok(None),
        Some(Value::Array(operations)) => operations,
        Some(_) => return Err(KeyFault::Member { name: "key_ops" }),
    };
    let count = |name: &str| {
        let named = operations.iter().filter(|one| one.as_text() == Some(name));
        named.count()
    };
    if count("verify") > 1 || count("sign") > 1 {
        return Err(KeyFault::Member { name: "key_ops" });
    }
    let all = |test: fn(&str) -> bool| operations.iter().all(|one| one.as_text().is_some_and(test));
    let verifies = count("verify") == 1;
    let related = all(|one| matches!(one, "sign" | "verify"));
    Ok((!verifies || !related).then_some(LeftOut::Use))
}

/// The key's own algorithm, or the only allowed one that its type and curve can have.
fn algorithm(jwk: &Object, allowed: &[Algorithm]) -> Result<Result<Algorithm, LeftOut>, KeyFault> {
    let kty = text(jwk, "kty")?.ok_or(KeyFault::Member { name: "kty" })?;
    let possible: &[Algorithm] = match (kty, text(jwk, "crv")?) {
        ("EC", Some("P-256")) => &[Algorithm::Es256],
        ("EC", Some("P-384")) => &[Algorithm::Es384],
        ("OKP", Some("Ed25519")) => &[Algorithm::EdDsa],
        ("RSA", _) => &[
            Algorithm::Ps256,
            Algorithm::Ps384,
            Algorithm::Ps512,
            Algorithm::Rs256,
            Algorithm::Rs384,
            Algorithm::Rs512,
        ],
        ("oct", _) => &[Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512],
        ("EC" | "OKP", None) => return Err(KeyFault::Member { name: "crv" }),
        _ => &[],
    };
    let alg = text(jwk, "alg")?;
    // Another one's `alg` may have a name of ours: Ed448 signs EdDSA, too (RFC 8037).
    if possible.is_empty() {
        return Ok(Err(LeftOut::Type));
    }
    Ok(match alg {
        Some(name) => match Algorithm::from_name(name) {
            None => Err(LeftOut::AlgorithmNotAllowed),
            Some(own) if !possible.contains(&own) => return Err(KeyFault::AlgorithmOfType),
            Some(own) if allowed.contains(&own) => Ok(own),
            Some(_) => Err(LeftOut::AlgorithmNotAllowed),
        },
        None => {
            let mut fitting = possible.iter().filter(|one| allowed.contains(one));
            match (fitting.next(), fitting.next()) {
                (Some(only), None) => Ok(*only),
                _ => Err(LeftOut::AlgorithmUnclear),
            }
        }
    })
}

fn ec(jwk: &Object, crv: &'static str, len: usize) -> Result<Material, KeyFault> {
    let (x, y) = (bytes(jwk, "x", len)?, bytes(jwk, "y", len)?);
    if curve::is_on_curve(&x, &y) {
        Ok(Material::Ec { crv, x, y })
    } else {
        Err(KeyFault::Point)
    }
}

fn ed25519(jwk: &Object) -> Result<Material, KeyFault> {
    let x = bytes(jwk, "x", 32)?;
    if curve::is_sound_ed25519(&x) {
        Ok(Material::Ed25519 { x })
    } else {
        Err(KeyFault::Point)
    }
}

fn symmetric(jwk: &Object, algorithm: Algorithm) -> Result<Material, KeyFault> {
    let k = decoded(jwk, "k")?;
    let bytes = k.len();
    let refused = |_| KeyFault::SymmetricSize { bytes };
    let (least, mac) = match algorithm {
        Algorithm::Hs384 => (48, Hmac::Sha384(Mac::new_from_slice(&k).map_err(refused)?)),
        Algorithm::Hs512 => (64, Hmac::Sha512(Mac::new_from_slice(&k).map_err(refused)?)),
        _ => (32, Hmac::Sha256(Mac::new_from_slice(&k).map_err(refused)?)),
    };
    if (least..=1024).contains(&bytes) {
        Ok(Material::Hmac(Box::new(mac)))
    } else {
        Err(KeyFault::SymmetricSize { bytes })
    }
}

/// An unsigned integer without leading zero bytes (RFC 7518 section 2, Base64urlUInt).
pub(super) fn number(jwk: &Object, name: &'static str) -> Result<Vec<u8>, KeyFault> {
    let number = decoded(jwk, name)?;
    match number.first() {
        None | Some(0) => Err(KeyFault::Member { name }),
        Some(_) => Ok(number),
    }
}

pub(super) fn bytes(jwk: &Object, name: &'static str, len: usize) -> Result<Vec<u8>, KeyFault> {
    let bytes = decoded(jwk, name)?;
    if bytes.len() == len {
        Ok(bytes)
    } else {
        Err(KeyFault::Member { name })
    }
}

fn decoded(jwk: &Object, name: &'static str) -> Result<Vec<u8>, KeyFault> {
    let text = text(jwk, name)?.ok_or(KeyFault::Member { name })?;
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| KeyFault::Member { name })
}

fn text<'j>(jwk: &'j Object, name: &'static str) -> Result<Option<&'j str>, KeyFault> {
    match jwk.member(name) {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(_) => Err(KeyFault::Member { name }),
    }
}
