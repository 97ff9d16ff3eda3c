//! The evaluator by example: one shop with clerks, and what is said to whom.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod conditions;
mod delegation;
mod invitations;
mod memberships;
mod mistakes;
mod reasons;
mod shop;
mod suggestions;
mod worlds;
