//! The world of the benchmark, for every side of it: one organization, 10 workspaces of 20 projects,
//! four workspace roles and two of the organization, owners, and questions of which half are allowed.
//!
//! The world is plain data. [`Ours`] and [`Accesses`] hold it in the evaluator, [`Table`] as somebody would who writes
//! the bits by hand for this world alone; the peers live in packages of their own, so that nobody who
//! runs the tests compiles them.

mod accesses;
mod grown;
mod json;
mod ours;
mod table;
mod world;

pub use accesses::{Accesses, Handles};
pub use grown::{Grown, Growth, Resolved};
pub use json::json;
pub use ours::{Named, Ours};
pub use table::{NamedTable, Table};
pub use world::{Project, Question, ROLES, World};
