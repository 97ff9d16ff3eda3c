//! Writes the table that `src/lower.rs` reads: what `char::to_lowercase` and `char::to_uppercase` say, in a
//! fraction of the bytes, because the page has to load it. Made anew by each toolchain, so it never lags
//! behind it.

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
            [one] => match i64::from(u32::from(common(one))) - i64::from(code) {
                0 => {}
                distance => extend(&mut runs, code, distance),
            },
            [one, other] => write!(longer, "({character:?}, {one:?}, {other:?}),")?,
            _ => return Err(format!("{character:?} has a lower case of {lower:?}").into()),
        }
    }
    let mut bytes = Vec::new();
    let mut behind = 0;
    for run in &runs {
        let len = (run.last - run.first) / run.step;
        // The lowest bit says which way it is.
        let distance = (run.distance.unsigned_abs() << 1) | u64::from(run.distance < 0);
        push(&mut bytes, u64::from(run.first - behind));
        push(&mut bytes, u64::from(len * 2 + run.step - 1));
        push(&mut bytes, distance);
        behind = run.last;
    }
    let table = format!(
        "pub(super) const LAST: u32 = {behind};\n\
         pub(super) const RUNS: &[u8] = &{bytes:?};\n\
         pub(super) const LONGER: &[(char, char, char)] = &[{longer}];\n"
    );
    let folder = env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?;
    fs::write(Path::new(&folder).join("lower.rs"), table)?;
    Ok(())
}

/// Of characters with one upper case, such as `σ` and `ς`, the one that is its lower case.
fn common(lower: char) -> char {
    let one =
        |mut case: Box<dyn Iterator<Item = char>>| case.next().filter(|_| case.next().is_none());
    let upper = one(Box::new(lower.to_uppercase()));
    let lowered = upper.and_then(|upper| one(Box::new(upper.to_lowercase())));
    lowered.unwrap_or(lower)
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

/// Seven bits a byte, the lowest first, the top bit set on all but the last.
fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(0x80 | low(number));
        number >>= 7;
    }
    bytes.push(low(number));
}

/// The lowest seven bits.
fn low(number: u64) -> u8 {
    let [byte, ..] = number.to_le_bytes();
    byte & 0x7f
}
