//! Signature arithmetic: WebCrypto, by `lockstep-token`.

use lockstep_token::{
    jwk::{Signer, SigningKey},
    verify::{Question, Verifier, VerifierError},
    web::Web,
};

use crate::{edge::Later, signatures::Signatures};

pub(super) struct WebSignatures;

impl Signatures for WebSignatures {
    // No time-out: this is arithmetic of the isolate's own process, and nobody else is waited for.
    fn verify<'a>(&'a self, question: Question<'a>) -> Later<'a, Result<bool, VerifierError>> {
        Box::pin(Web.verify(question))
    }

    fn sign<'a>(
        &'a self,
        key: &'a SigningKey,
        message: &'a [u8],
    ) -> Later<'a, Result<Vec<u8>, VerifierError>> {
        Box::pin(Web.sign(key, message))
    }
}
