//! Prints the bytes that a contender holds for 10,000 principals: `memory CONTENDER`.
//!
//! A program of its own, because counting makes every allocation slower.

use std::alloc::System;

use cap::Cap;
use lockstep_bench::{NamedTable, Ours, World};
use lockstep_bench_native::{Cedar, Rego, Sets, names};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const PRINCIPALS: usize = 10_000;
const PERMISSIONS: usize = 40;

fn main() {
    let contender = std::env::args().nth(1).unwrap_or_default();
    let world = World::new(PRINCIPALS, PERMISSIONS);
    let question = world.questions(1, PRINCIPALS)[0];
    let [principal, permission, project] = names(&world, question);
    let before = ALLOCATOR.allocated();
    // Counted while the contender is still there, and only what it holds: what it needed to get there
    // is free again.
    let (allowed, after) = match contender.as_str() {
        "ours" => {
            let ours = Ours::new(&world).expect("our world");
            let after = ALLOCATOR.allocated();
            (ours.allows_named(principal, permission, project), after)
        }
        "bit table" => {
            let table = NamedTable::new(&world);
            let after = ALLOCATOR.allocated();
            (table.allows(principal, permission, project), after)
        }
        "hash sets" => {
            let sets = Sets::new(&world);
            let after = ALLOCATOR.allocated();
            (sets.allows(principal, permission, project), after)
        }
        "regorus" => {
            let mut rego = Rego::new(&world);
            let after = ALLOCATOR.allocated();
            let input = rego.input(&world, question);
            (rego.allows(&input), after)
        }
        "cedar" => {
            let cedar = Cedar::new(&world);
            let after = ALLOCATOR.allocated();
            (cedar.allows(&cedar.request(&world, question)), after)
        }
        _ => panic!("there is no contender `{contender}`"),
    };
    assert_eq!(allowed, world.answer(question));
    println!("{}", after - before);
}
