//! `cargo xtask bench`: the evaluator and its peers on one world, as a table, and the curve in docs/;
//! with `--edge`, the running Worker and the one that a user would write instead; with `--profile`, where
//! the running Worker's time goes; with `--directory`, changes of the directory and its lists, by size.
//!
//! Everything is asked the same questions, the answers are compared first, and CPU time is taken in
//! interleaved rounds. What counts are the ratios; nanoseconds are one machine's. Nothing fails here
//! for being slow: instructions and sizes have limits in the test run, time has not.

mod directory;
mod edge;
mod peers;
mod plot;
mod profile;
mod report;
mod rows;

use std::process::Command;

use serde_json::Value;

use self::peers::Peers;
use self::report::Table;
use crate::build;
use crate::error::TaskError;
use crate::instructions::{self, Count};
use crate::process;
use crate::project::Project;
use crate::size;

const CURVE: &str = "docs/performance.svg";
const REPORT: &str = "docs/performance.md";

/// What was measured, as the programs in tests/bench print it.
#[derive(Debug)]
struct Measured {
    /// Nanoseconds by workload and contender, in Node.
    node: Value,
    /// Nanoseconds by workload and contender, native.
    native: Value,
    /// Bytes for 10,000 principals by contender.
    memory: Value,
    /// Bytes after brotli by contender.
    sizes: Value,
    instructions: Vec<Count>,
}

pub(crate) fn run(project: &Project, args: &[&str]) -> Result<(), TaskError> {
    let curve_only = match args {
        [] => false,
        ["--curve"] => true,
        ["--directory"] => return directory::run(project),
        ["--edge"] => return edge::run(project),
        ["--profile"] => return profile::run(project),
        _ => {
            let known = "bench knows only --curve, --directory, --edge and --profile";
            return Err(TaskError::sentence(known));
        }
    };
    if !curve_only {
        build::run(project, &build::ALL)?;
    }
    let peers = peers::prepare(project)?;
    if !curve_only {
        table(project, &peers)?;
    }
    let curve = project.path(CURVE);
    std::fs::write(&curve, plot::svg(&peers.native(&["curve"])?))
        .map_err(TaskError::io("write", &curve))?;
    println!("wrote {CURVE}");
    Ok(())
}

fn table(project: &Project, peers: &Peers) -> Result<(), TaskError> {
    let measured = Measured {
        node: peers.node(project)?,
        native: peers.native(&["time"])?,
        memory: peers.memory(project)?,
        sizes: peers.sizes(project, &size::measure(project)?)?,
        instructions: instructions::measure(project)?,
    };
    let table = report::table(&machine()?, &rows::all(&measured));
    println!("{table}");
    report::write(&project.path(REPORT), Table::Evaluator, &table)?;
    println!("wrote {REPORT}");
    Ok(())
}

/// The facts without which a figure means nothing.
fn machine() -> Result<String, TaskError> {
    let version = |program: &str| {
        process::read(Command::new(program).arg("--version")).map(|text| text.trim().to_owned())
    };
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(format!(
        "node {}, {}, {cpus} CPUs{}",
        version("node")?,
        version("rustc")?,
        cpu_model().map_or_else(String::new, |model| format!(" ({model})"))
    ))
}

/// What Linux calls the processor.
fn cpu_model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
