//! The command line, from outside.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

mod arguments;
mod audit;
mod backup;
mod bad_policies;
mod bad_worlds;
mod check;
mod compile;
mod definitions;
mod diff;
mod evaluate;
mod exports;
mod many_cases;
mod matrix;
mod models;
mod policy_tests;
mod readme;
mod schema;
mod search;
mod shapes;
mod stored;
mod support;
mod terminal;
