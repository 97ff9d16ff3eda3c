//! Lockstep's command line.

fn main() {}
