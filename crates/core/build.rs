//! Writes the table of lower case that `src/lower.rs` reads: what `char::to_lowercase` says, in a fraction of
//! the bytes, because the page has to load it. Made anew by each toolchain, so it never lags behind it.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Characters at equal distances, all equally far from their lower case.
struct Run {
    first: u32,
    last: u32,
    step: u32,
    distance: i64,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut runs: Vec<Run> = Vec::new();
    let mut longer = String::new();
    for character in '\0'..=char::MAX {
        let code = u32::from(character);
        let lower: Vec<char> = character.to_lowercase().collect();
        match lower[..] {
            [one] if one == character => {}
            [one] => extend(&mut runs, code, i64::from(u32::from(one)) - i64::from(code)),
            _ => {
                let lower: String = lower.into_iter().collect();
                write!(longer, "({code}, {lower:?}),")?;
            }
        }
    }
    let mut table = String::from("pub(super) const RUNS: &[(u32, u16, u8, i32)] = &[");
    for run in &runs {
        let len = (run.last - run.first) / run.step;
        write!(
            table,
            "({}, {len}, {}, {}),",
            run.first, run.step, run.distance
        )?;
    }
    write!(
        table,
        "];\npub(super) const LONGER: &[(u32, &str)] = &[{longer}];\n"
    )?;
    let folder = env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?;
    fs::write(Path::new(&folder).join("lower.rs"), table)?;
    Ok(())
}

/// Adds a character to the last run, or begins another one.
fn extend(runs: &mut Vec<Run>, code: u32, distance: i64) {
    if let Some(run) = runs.last_mut() {
        let step = code - run.last;
        let fits = run.last == run.first && step <= 2 || run.step == step;
        if run.distance == distance && fits {
            run.last = code;
            run.step = step;
            return;
        }
    }
    runs.push(Run {
        first: code,
        last: code,
        step: 1,
        distance,
    });
}
