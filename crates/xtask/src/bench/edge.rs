//! `cargo xtask bench --edge`: the running Worker beside the one that a user would write instead, and a
//! token's verification beside jose's. CPU time of workerd, as tests/bench/edge prints it.

use std::path::PathBuf;

use serde_json::Value;

use super::REPORT;
use super::machine;
use super::peers::{build, parsed};
use super::report::{self, Table};
use super::rows::{Mark, Row, Unit, figure};
use crate::build::{self as product, Part};
use crate::error::TaskError;
use crate::project::Project;
use crate::setup::{self, WASM_TARGET};
use crate::wasm::{self, For};

/// Ratios below this are noise on a machine that does something else, too.
const NOISE: f64 = 1.1;

pub(super) fn run(project: &Project) -> Result<(), TaskError> {
    // wrangler.toml names the console's folder.
    product::run(project, &[Part::Edge, Part::Console])?;
    setup::separate_packages(project, "tests/bench")?;
    let mut command = project.node("tests/bench/edge/main.mjs");
    let measured = parsed(command.env("BENCH_JWT", verifier(project)?))?;
    let table = report::table(&machine()?, &rows(&measured));
    println!("{table}");
    report::write(&project.path(REPORT), Table::Edge, &table)?;
    println!("wrote {REPORT}");
    Ok(())
}

/// The folder with our verification alone, built as the Worker is.
fn verifier(project: &Project) -> Result<PathBuf, TaskError> {
    build(project, "tests/bench/jwt", &["--target", WASM_TARGET])?;
    let module = format!("bench/{WASM_TARGET}/release/lockstep_bench_jwt.wasm");
    let folder = project.target("bench/jwt");
    wasm::bind(&project.target(&module), &folder, For::Worker)?;
    Ok(folder)
}

/// Every row, in the order of the table.
fn rows(measured: &Value) -> Vec<Row> {
    let verification = |algorithm: &str, mark| Row {
        what: format!("verification of a token, {algorithm}, its claims included"),
        ours: figure(measured, &["jwt", algorithm, "lockstep"], 1.0),
        peer: "jose".to_owned(),
        theirs: figure(measured, &["jwt", algorithm, "jose"], 1.0),
        unit: Unit::Microseconds,
        mark,
    };
    let request = |what: &str, row: &str, peer: &str, theirs: &[&str], mark| Row {
        what: what.to_owned(),
        ours: figure(measured, &["requests", row, "lockstep"], 1.0),
        peer: peer.to_owned(),
        theirs: figure(measured, &[&["requests"], theirs].concat(), 1.0),
        unit: Unit::Milliseconds,
        mark,
    };
    let against =
        |what: &str, row: &str, peer: &str, mark| request(what, row, peer, &[row, peer], mark);
    let cold = "1,000 requests, each of another person with a new JWT";
    let cached = "1,000 requests of one person with one JWT";
    let denied = "1,000 such requests that are denied";
    let key = "1,000 requests of one person with a personal access token";
    vec![
        verification("RS256", Mark::AtLeast(1.2)),
        verification("ES256", Mark::AtMost(NOISE)),
        verification("EdDSA", Mark::AtMost(NOISE)),
        verification("HS256", Mark::AtLeast(1.5)),
        against(cold, "cold", "usual", Mark::AtLeast(1.3)),
        against(cold, "cold", "tuned", Mark::AtMost(NOISE)),
        against(cached, "cached", "usual", Mark::AtLeast(3.0)),
        against(cached, "cached", "tuned", Mark::AtMost(NOISE)),
        against(denied, "denied", "usual", Mark::None),
        against(denied, "denied", "tuned", Mark::None),
        against(key, "key", "usual", Mark::None),
        against(key, "key", "tuned", Mark::None),
        request(
            key,
            "key",
            "ours, one JWT",
            &["cached", "lockstep"],
            Mark::AtMost(NOISE),
        ),
        request(
            "1,000 requests that ask nothing (`/v1/health`)",
            "health",
            "workerd alone",
            &["runtime", "floor"],
            Mark::None,
        ),
        request(
            cached,
            "cached",
            "workerd, the body parsed",
            &["body", "floor"],
            Mark::None,
        ),
        request(
            cold,
            "cold",
            "workerd, one read of KV",
            &["kv", "floor"],
            Mark::None,
        ),
        request(
            cold,
            "cold",
            "workerd, one call of an object",
            &["object", "floor"],
            Mark::None,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_reads_both_sides() {
        let measured = json!({
            "jwt": {"RS256": {"lockstep": 20.0, "jose": 30.0}},
            "requests": {"cached": {"lockstep": 60.0, "tuned": 75.0}, "body": {"floor": 50.0}},
        });
        let rows = rows(&measured);
        let met = |peer: &str| {
            let row = rows
                .iter()
                .find(|row| row.peer == peer && row.theirs.is_some());
            row.and_then(Row::met)
        };
        assert_eq!((met("jose"), met("tuned")), (Some(true), Some(true)));
        assert_eq!(met("workerd, the body parsed"), None);
    }
}
