//! Builds the contenders of tests/bench and runs them. Only a benchmark compiles the peers: they are
//! big, and have lock files of their own.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::setup::{self, WASM_TARGET};
use crate::wasm::{self, For};

/// The contenders, ready to run.
#[derive(Debug)]
pub(super) struct Peers {
    native: PathBuf,
    memory: PathBuf,
    /// regorus as WASM, with its JavaScript.
    regorus: PathBuf,
}

/// The native contenders whose memory is of interest.
const HOLDERS: [&str; 5] = ["ours", "bit table", "hash sets", "regorus", "cedar"];

pub(super) fn prepare(project: &Project) -> Result<Peers, TaskError> {
    setup::announce(
        "building the peers of the benchmark",
        "the first time takes ten minutes",
    );
    setup::separate_packages(project, "tests/bench")?;
    build(project, "tests/bench/native", &[])?;
    build(project, "tests/bench/regorus", &["--target", WASM_TARGET])?;
    let regorus = project.target("bench/regorus");
    let module = format!("bench/{WASM_TARGET}/release/lockstep_bench_regorus.wasm");
    wasm::bind(&project.target(&module), &regorus, For::Peer)?;
    Ok(Peers {
        native: project.target("bench/release/lockstep-bench-native"),
        memory: project.target("bench/release/memory"),
        regorus,
    })
}

pub(super) fn build(project: &Project, package: &str, arguments: &[&str]) -> Result<(), TaskError> {
    process::run(
        project
            .cargo()
            .args(["build", "--release", "--locked", "--manifest-path"])
            .arg(project.path(package).join("Cargo.toml"))
            .args(arguments)
            .env("CARGO_TARGET_DIR", project.target("bench")),
    )
}

impl Peers {
    /// Times in Node.
    pub(super) fn node(&self, project: &Project) -> Result<Value, TaskError> {
        parsed(
            project
                .node("tests/bench/main.mjs")
                .env("BENCH_REGORUS", &self.regorus),
        )
    }

    /// What the native program prints.
    pub(super) fn native(&self, arguments: &[&str]) -> Result<Value, TaskError> {
        parsed(Command::new(&self.native).args(arguments))
    }

    /// Bytes for 10,000 principals, each contender in a fresh process.
    pub(super) fn memory(&self, project: &Project) -> Result<Value, TaskError> {
        let mut all = serde_json::Map::new();
        for name in HOLDERS {
            all.insert(
                name.to_owned(),
                parsed(Command::new(&self.memory).arg(name))?,
            );
        }
        let mut casl = Command::new("node");
        casl.current_dir(project.root())
            .args(["--expose-gc", "tests/bench/memory.mjs"]);
        all.insert("casl".to_owned(), parsed(&mut casl)?);
        Ok(Value::Object(all))
    }

    /// Bytes after brotli: the peers', and the gate's from `own`.
    pub(super) fn sizes(&self, project: &Project, own: &Value) -> Result<Value, TaskError> {
        let mut all = parsed(project.node("tests/bench/sizes.mjs").arg(&self.regorus))?;
        if let Some(all) = all.as_object_mut() {
            let gate = own.get("gate").and_then(|size| size.get("brotli"));
            all.insert("gate".to_owned(), json!(gate));
        }
        Ok(all)
    }
}

pub(super) fn parsed(command: &mut Command) -> Result<Value, TaskError> {
    let text = process::read(command)?;
    serde_json::from_str(&text).map_err(|error| {
        TaskError::sentence(format!(
            "`{}` printed no JSON: {error}",
            process::line(command)
        ))
    })
}
