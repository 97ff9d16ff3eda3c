//! Snapshots in JSON, a line each, to their binary form in hex, and behind it to what a page hands to its
//! evaluator of that JSON: for tests of whoever reads or writes them.
//!
//! ```sh
//! cargo run --example binary_snapshots POLICY.toml < snapshots.ndjson
//! ```

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, BufRead as _};

use lockstep_wire::{Snapshot, compile_toml};

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("name the policy's file")?;
    let policy =
        compile_toml(&std::fs::read_to_string(file)?).map_err(|error| error.to_string())?;
    for line in io::stdin().lock().lines() {
        let snapshot = Snapshot::read(line?.as_bytes(), &policy)?;
        let bytes = snapshot.to_bytes(&policy).ok_or("no hierarchy of nodes")?;
        let flat = snapshot.to_flat().ok_or("no hierarchy of nodes")?;
        println!("{} {}", hex(&bytes)?, hex(&flat)?);
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> Result<String, Box<dyn Error>> {
    let mut hex = String::new();
    for byte in bytes {
        write!(hex, "{byte:02x}")?;
    }
    Ok(hex)
}
