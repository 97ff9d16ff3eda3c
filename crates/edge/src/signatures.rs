//! Signature arithmetic for JWTs, those of others and those of our own: WebCrypto in workerd, a crate in native tests.

use lockstep_token::{
    jwk::{Signer, SigningKey},
    verify::{Question, Verifier, VerifierError},
};

use crate::edge::Later;

/// Who checks a signature, and makes one.
pub trait Signatures {
    /// Whether the signature is the key's over the message.
    fn verify<'a>(&'a self, question: Question<'a>) -> Later<'a, Result<bool, VerifierError>>;

    /// The key's signature over the message.
    fn sign<'a>(
        &'a self,
        key: &'a SigningKey,
        message: &'a [u8],
    ) -> Later<'a, Result<Vec<u8>, VerifierError>>;
}

/// What `lockstep-token` asks, answered by a [`Signatures`].
pub struct Checked<'a>(pub &'a dyn Signatures);

impl Verifier for Checked<'_> {
    async fn verify(&self, question: Question<'_>) -> Result<bool, VerifierError> {
        self.0.verify(question).await
    }
}

impl Signer for Checked<'_> {
    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, VerifierError> {
        self.0.sign(key, message).await
    }
}
