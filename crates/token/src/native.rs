//! The signature primitive outside the browser and the Worker: jsonwebtoken with RustCrypto.
//!
//! It is not compiled for wasm32: there WebCrypto is ten times as fast, and the crate would add
//! 139 to 181 KB of gzip to the Worker. Of jsonwebtoken only the arithmetic is used; it reads
//! neither token nor key set, which is where it and others differ from what is wanted here.
//!
//! ```
//! use lockstep_token::native::{Native, ready};
//! use lockstep_token::{Algorithm, jwk::KeySet, jws::Jws};
//!
//! // RFC 8037 appendix A.4.
//! let keys = KeySet::parse(br#"{"keys":[{"kty":"OKP","crv":"Ed25519",
//!     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#, &[Algorithm::EdDsa]).unwrap();
//! let token = Jws::parse("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
//!     hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
//! ).unwrap();
//! let payload = ready(keys.select(&token).unwrap().verify(&Native)).unwrap();
//! assert_eq!(payload, Ok(&b"Example of Ed25519 signing"[..]));
//! ```

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm as Jwa, DecodingKey};

use crate::algorithm::Algorithm;
use crate::jwk::Material;
use crate::verify::{Question, Verifier, VerifierError};

/// The verifier. Its answers are ready at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Native;

impl Verifier for Native {
    async fn verify(&self, question: Question<'_>) -> Result<bool, VerifierError> {
        let refused = |error: jsonwebtoken::errors::Error| VerifierError {
            reason: error.to_string(),
        };
        let key = match question.key.material() {
            Material::Ec { x, y, .. } => DecodingKey::from_ec_der(&[&[4], &**x, y].concat()),
            Material::Ed25519 { x } => DecodingKey::from_ed_der(x),
            Material::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
            Material::Hmac(_) => {
                return Err(VerifierError {
                    reason: "not a public key".to_owned(),
                });
            }
        };
        let algorithm = name(question.key.algorithm());
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &key).map_err(refused)?;
        Ok(verifier
            .verify(question.message, &question.signature.to_vec())
            .is_ok())
    }
}

/// The value of a future that never waits, such as a whole verification with [`Native`]; `None`
/// when it does wait.
pub fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn name(algorithm: Algorithm) -> Jwa {
    match algorithm {
        Algorithm::EdDsa => Jwa::EdDSA,
        Algorithm::Es256 => Jwa::ES256,
        Algorithm::Es384 => Jwa::ES384,
        Algorithm::Hs256 => Jwa::HS256,
        Algorithm::Hs384 => Jwa::HS384,
        Algorithm::Hs512 => Jwa::HS512,
        Algorithm::Ps256 => Jwa::PS256,
        Algorithm::Ps384 => Jwa::PS384,
        Algorithm::Ps512 => Jwa::PS512,
        Algorithm::Rs256 => Jwa::RS256,
        Algorithm::Rs384 => Jwa::RS384,
        Algorithm::Rs512 => Jwa::RS512,
    }
}
