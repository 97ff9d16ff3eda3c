//! Every route, by noun. A route is in this table or it does not exist.

mod development;
mod health;
mod me;
mod sign_in;
mod tokens;

use crate::router::Route;

/// The route tables.
pub const ROUTES: &[&[Route]] = &[
    development::ROUTES,
    health::ROUTES,
    me::ROUTES,
    sign_in::ROUTES,
    tokens::ROUTES,
];
