//! The native peers on the benchmark's world.

mod cedar;
mod rego;
mod sets;

use lockstep_bench::{Question, World};

pub use cedar::Cedar;
pub use rego::Rego;
pub use sets::Sets;

/// A question in the three names that it is about.
pub fn names(world: &World, question: Question) -> [&str; 3] {
    [
        &world.principals[question.principal],
        &world.permissions[question.permission],
        &world.projects[question.project].id,
    ]
}
