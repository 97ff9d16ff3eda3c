//! Lockstep's Cloudflare Worker: it loads, asks core, and writes.
//!
//! Almost everything here is target-neutral and runs in native tests: [`router`] finds the handler in [`routes`], handlers ask [`objects`], objects write their [`sql`] and their [`outbox`].
//! Only `platform` knows of Workers: it reads requests, sends answers, and puts the runtime behind the traits of [`edge`].
//!
//! What it is not: it decides nothing about permissions (that is `lockstep-core`), and it parses no credential format (that is `lockstep-token`).

pub mod address;
pub mod audit;
pub mod authenticate;
pub mod bounds;
pub mod clients;
pub mod config;
pub mod credential;
pub mod csv;
pub mod dns;
pub mod domain;
pub mod doubles;
pub mod edge;
pub mod exchange;
pub mod form;
pub mod freshness;
pub mod http;
pub mod idempotency;
pub mod issuers;
pub mod json;
pub mod keys;
pub mod log;
pub mod mail;
pub mod mailbox;
pub mod narrow;
pub mod objects;
pub mod organization;
pub mod outbox;
pub mod paging;
pub mod place;
#[cfg(target_arch = "wasm32")]
mod platform;
pub mod policies;
pub mod precondition;
pub mod problem;
pub mod provenance;
pub mod published;
pub mod router;
pub mod routes;
pub mod schema;
pub mod sealing;
pub mod setting;
pub mod signatures;
pub mod slug;
pub mod sql;
pub mod stored_token;
#[cfg(test)]
mod testing;
pub mod under_way;
pub mod user;
