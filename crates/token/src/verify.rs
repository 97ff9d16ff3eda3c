//! The signature primitive is somebody else's: WebCrypto in the Worker, a crate natively. Here is
//! the question it is asked, and the only place where its answer opens a token.
//!
//! A [`SignatureCheck`] holds a token and the key that its issuer's record chose for it.
//! [`SignatureCheck::verify`] is the only way to the payload; there is no way to say "trust me".
//!
//! ```
//! use lockstep_token::{Algorithm, TokenError, jwk::KeySet, jws::Jws};
//! use lockstep_token::verify::{Question, Verifier, VerifierError};
//!
//! /// Believes nothing.
//! struct Nothing;
//!
//! impl Verifier for Nothing {
//!     async fn verify(&self, question: Question<'_>) -> Result<bool, VerifierError> {
//!         assert_eq!(question.key.algorithm(), Algorithm::EdDsa);
//!         Ok(false)
//!     }
//! }
//!
//! # async fn example() {
//! let keys = KeySet::parse(br#"{"keys":[{"kty":"OKP","crv":"Ed25519",
//!     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#, &[Algorithm::EdDsa]).unwrap();
//! let text = format!("eyJhbGciOiJFZERTQSJ9.e30.{}", "A".repeat(86));
//! let token = Jws::parse(&text).unwrap();
//! let payload = keys.select(&token).unwrap().verify(&Nothing).await;
//! assert_eq!(payload, Err(TokenError::Signature));
//! # }
//! ```

use std::fmt;

use hmac::Mac;

use crate::algorithm::Algorithm;
use crate::error::TokenError;
use crate::jwk::{Hmac, Key, Material};
use crate::jws::Jws;

/// The signature primitive for public keys. HMAC never gets here.
///
/// The future may borrow from the question and need not be `Send`: in the Worker it waits for a
/// JavaScript promise.
pub trait Verifier {
    /// Whether the signature is the key's over the message.
    ///
    /// # Errors
    /// [`VerifierError`] when the primitive could not decide. The token is refused then, too.
    fn verify(&self, question: Question<'_>) -> impl Future<Output = Result<bool, VerifierError>>;
}

/// What a [`Verifier`] is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The key with its algorithm: see [`Key::jwk`], [`Key::fingerprint`] and
    /// [`Algorithm::webcrypto`](crate::Algorithm::webcrypto).
    pub key: &'a Key,
    /// The signed bytes.
    pub message: &'a [u8],
    /// The signature as JWS writes it (ECDSA: `r || s`); its length already fits the key.
    pub signature: &'a [u8],
}

/// Message and signature are the whole bearer token, so neither is shown.
impl fmt::Debug for Question<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Question({:?})", self.key)
    }
}

/// Why a primitive could not decide, or not sign; for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierError {
    /// What went wrong.
    pub reason: String,
}

impl fmt::Display for VerifierError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for VerifierError {}

/// A token with the key it has to be signed with. INVARIANT: the key's algorithm is the token's,
/// because only [`KeySet::select`](crate::jwk::KeySet::select) makes one.
#[derive(Debug)]
#[must_use = "a check says nothing before it is made"]
pub struct SignatureCheck<'a> {
    jws: &'a Jws<'a>,
    key: &'a Key,
}

impl<'a> SignatureCheck<'a> {
    pub(crate) fn new(jws: &'a Jws<'a>, key: &'a Key) -> Result<Self, TokenError> {
        if jws.algorithm() != key.algorithm() {
            return Err(TokenError::AlgorithmOfKey);
        }
        if !has_form(jws.signature(), key) {
            return Err(TokenError::SignatureForm);
        }
        Ok(Self { jws, key })
    }

    /// Asks the primitive, and gives the payload when the signature holds.
    ///
    /// HMAC is computed here, so that a symmetric key is never handed out.
    ///
    /// # Errors
    /// [`TokenError::Signature`], or [`TokenError::Verifier`] when the primitive could not decide.
    pub async fn verify(self, verifier: &impl Verifier) -> Result<&'a [u8], TokenError> {
        let message = self.jws.message().as_bytes();
        let signature = self.jws.signature();
        let holds = match self.key.material() {
            Material::Hmac(mac) => is_mac(mac, message, signature),
            Material::Ec { .. } | Material::Ed25519 { .. } | Material::Rsa { .. } => {
                let question = Question {
                    key: self.key,
                    message,
                    signature,
                };
                let answer = verifier.verify(question).await;
                answer.map_err(|error| TokenError::Verifier {
                    reason: error.reason,
                })?
            }
        };
        if holds {
            Ok(self.jws.payload())
        } else {
            Err(TokenError::Signature)
        }
    }
}

/// What can be told without arithmetic, so that no primitive sees it: the wrong length (one
/// signature has one spelling), r or s of zero (CVE-2022-21449), an RSA number not below its
/// modulus.
fn has_form(signature: &[u8], key: &Key) -> bool {
    let is_zero = |number: &[u8]| number.iter().all(|byte| *byte == 0);
    match key.material() {
        Material::Ec { x, .. } => match signature.split_at_checked(x.len()) {
            Some((r, s)) => s.len() == x.len() && !is_zero(r) && !is_zero(s),
            None => false,
        },
        Material::Ed25519 { .. } => signature.len() == 64,
        Material::Hmac(_) => signature.len() == mac_len(key.algorithm()),
        Material::Rsa { n, .. } => signature.len() == n.len() && signature < n.as_slice(),
    }
}

const fn mac_len(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Hs512 => 64,
        Algorithm::Hs384 => 48,
        _ => 32,
    }
}

/// `verify_slice` compares in constant time.
fn is_mac(mac: &Hmac, message: &[u8], signature: &[u8]) -> bool {
    match mac {
        Hmac::Sha256(mac) => mac.clone().chain_update(message).verify_slice(signature),
        Hmac::Sha384(mac) => mac.clone().chain_update(message).verify_slice(signature),
        Hmac::Sha512(mac) => mac.clone().chain_update(message).verify_slice(signature),
    }
    .is_ok()
}
