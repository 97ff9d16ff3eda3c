//! The evaluator by example: one shop with clerks, and what is said to whom.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code"
)]

mod assignments;
mod conditions;
mod custom_roles;
mod delegation;
mod endless;
mod facts;
mod invitations;
mod issuers;
mod known;
mod levels;
mod lints;
mod matrices;
mod memberships;
mod mistakes;
mod offers;
mod organizations;
mod own_rules;
mod partial;
mod parts;
mod plans;
mod reasons;
mod records;
mod rules;
mod service_accounts;
mod sets;
mod shop;
mod suggestions;
mod wide;
mod worlds;
