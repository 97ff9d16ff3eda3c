//! Every route, by noun. A route is in this table or it does not exist.

mod development;
mod decisions;
mod invitations;
mod members;
mod organizations;
mod world;
mod health;
mod me;
mod sign_in;
mod tokens;

use crate::router::Route;

/// The route tables.
pub const ROUTES: &[&[Route]] = &[
    development::ROUTES,
    decisions::ROUTES,
    invitations::ROUTES,
    members::ROUTES,
    organizations::ROUTES,
    world::ROUTES,
    health::ROUTES,
    me::ROUTES,
    sign_in::ROUTES,
    tokens::ROUTES,
];
