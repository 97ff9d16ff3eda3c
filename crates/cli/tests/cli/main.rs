//! The command line, from outside.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

mod bad_policies;
mod compile;
mod matrix;
mod models;
mod support;
