//! Signature arithmetic for JWTs: WebCrypto in workerd, a crate in native tests.

use lockstep_token::verify::{Question, Verifier, VerifierError};

use crate::edge::Later;

/// Who checks a signature.
pub trait Signatures {
    /// Whether the signature is the key's over the message.
    fn verify<'a>(&'a self, question: Question<'a>) -> Later<'a, Result<bool, VerifierError>>;
}

/// What `lockstep-token` asks, answered by a [`Signatures`].
pub struct Checked<'a>(pub &'a dyn Signatures);

impl Verifier for Checked<'_> {
    async fn verify(&self, question: Question<'_>) -> Result<bool, VerifierError> {
        self.0.verify(question).await
    }
}
