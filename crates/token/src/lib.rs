//! Lockstep's credentials: strict JWTs, JWK sets and personal access tokens.
//!
//! What it is not: it reads no clock, draws no random bytes and does no I/O, so that the same code
//! runs natively and in the Worker. `now` and random bytes are arguments, storage is the caller's,
//! and the signature primitive is a trait ([`verify::Verifier`]). Two come with the crate, each behind
//! a feature: `native` (`native::Native`: RustCrypto, everywhere but on wasm32) and `web`
//! (`web::Web`: WebCrypto in a Worker). Without a feature you bring your own.
//!
//! Times are whole seconds since 1970 (`now_s`), as JWTs write them; `lockstep-core` counts in
//! milliseconds (`now_ms`).
//!
//! - A JWT: [`claims`] walks through it; [`issuer`] says who may sign, [`jwk`] with what, [`uri`]
//!   where that is published, [`jws`] how it has to be written.
//! - A token, session or invitation of our own: [`secret`], which begins with a
//!   [`prefix`] and whose owner is an [`id`].
//! - An e-mail address in the form that names its object: [`address`].

pub mod address;
pub mod algorithm;
mod base62;
pub mod claims;
mod error;
pub mod id;
pub mod issuer;
pub mod json;
pub mod jwk;
pub mod jws;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub mod native;
pub mod prefix;
pub mod secret;
pub mod uri;
pub mod verify;
#[cfg(all(feature = "web", target_arch = "wasm32"))]
pub mod web;

pub use address::{Address, AddressError};
pub use algorithm::{Algorithm, WebCrypto};
pub use claims::{Claims, Request, Times, Token, Verified};
pub use error::TokenError;
pub use id::{IdError, IdKey, IdKeyError, OrganizationId, UserId};
pub use issuer::{FetchedKeys, IssuerError, IssuerRecord, Issuers, IssuersError, KeySource};
pub use prefix::{PrefixError, Prefixes};
pub use secret::{Secret, SecretError, SecretHash, SecretKind};
