//! Builds, tests and measures Lockstep.

fn main() {}
