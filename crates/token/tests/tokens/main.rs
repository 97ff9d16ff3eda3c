//! Whole tokens through the whole pipeline, with the native primitive.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "test code"
)]

mod claims;
mod confusion;
mod forged;
mod keys;
mod positive;
mod random;
mod rfc;
mod tenants;
mod variants;
#[path = "../vectors/mod.rs"]
mod vectors;
mod world;
mod wycheproof;
