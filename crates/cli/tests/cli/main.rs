//! The command line, from outside.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

mod bad_policies;
mod bad_worlds;
mod compile;
mod evaluate;
mod matrix;
mod models;
mod policy_tests;
mod support;
