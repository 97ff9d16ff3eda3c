//! Lockstep's credentials: strict JWTs, JWK sets and personal access tokens.
//!
//! What it is not: it reads no clock, draws no random bytes and does no I/O, so that the same code
//! runs natively and in the Worker. `now` and random bytes are arguments, storage is the caller's.

pub mod address;
mod base62;
pub mod id;
pub mod json;
pub mod secret;

pub use address::{Address, AddressError};
pub use id::{IdError, IdKey, IdKeyError, OrganizationId, UserId};
pub use secret::{Secret, SecretError, SecretHash, SecretKind};
