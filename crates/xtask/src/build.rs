//! Builds the parts of the product, each only when its sources changed.

use std::path::Path;

use crate::clock::Stopwatch;
use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::setup::{self, Tools, WASM_TARGET};
use crate::stamp::Stamp;

/// Something that is built and shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The console's pages, which hold the gate.
    Console,
    /// The Cloudflare Worker.
    Edge,
    /// The evaluator for browsers.
    Gate,
}

pub(crate) const ALL: [Part; 3] = [Part::Edge, Part::Gate, Part::Console];

const COMMON_INPUTS: [&str; 6] = [
    "Cargo.toml",
    "Cargo.lock",
    "crates/core",
    "crates/wire",
    "crates/xtask/src/build.rs",
    "policies",
];

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Edge => "edge",
            Self::Gate => "gate",
        }
    }

    /// What the part is made from.
    fn inputs(self) -> Vec<&'static str> {
        let own: &[&str] = match self {
            Self::Console => &["www", "package.json", "package-lock.json"],
            Self::Edge => &["crates/token", "crates/edge"],
            Self::Gate => &["crates/gate"],
        };
        let common: &[&str] = if self == Self::Console {
            &[]
        } else {
            &COMMON_INPUTS
        };
        common.iter().chain(own).copied().collect()
    }

    /// Where the part goes.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Console => "www/console/dist",
            Self::Edge => "crates/edge/build",
            Self::Gate => "www/packages/gate/wasm",
        }
    }

    /// The files that others rely on.
    pub(crate) fn products(self) -> &'static [&'static str] {
        match self {
            Self::Console => &[
                "index.html",
                "../../packages/gate/dist/index.js",
                "../../packages/react/dist/index.js",
            ],
            Self::Edge => &["index.js", "index_bg.wasm"],
            Self::Gate => &["lockstep_gate.js", "lockstep_gate_bg.wasm"],
        }
    }
}

/// Reads the names of parts; no name means all.
pub(crate) fn parts(names: &[&str]) -> Result<Vec<Part>, TaskError> {
    if names.is_empty() {
        return Ok(ALL.to_vec());
    }
    names
        .iter()
        .map(|name| {
            ALL.into_iter()
                .find(|part| part.name() == *name)
                .ok_or_else(|| {
                    TaskError::sentence(format!(
                        "there is no part `{name}`: the parts are gate, edge and console"
                    ))
                })
        })
        .collect()
}

/// Builds `parts`, and first what they are made from.
pub(crate) fn run(project: &Project, parts: &[Part]) -> Result<(), TaskError> {
    let tools = setup::run(project)?;
    let _lock = setup::lock(project, "build")?;
    // The console bundles the gate's WASM.
    let gate = parts.contains(&Part::Gate) || parts.contains(&Part::Console);
    for part in ALL {
        if parts.contains(&part) || (part == Part::Gate && gate) {
            build(project, &tools, part)?;
        }
    }
    Ok(())
}

fn build(project: &Project, tools: &Tools, part: Part) -> Result<(), TaskError> {
    let folder = project.path(part.folder());
    // Taken before the build: a file saved meanwhile makes the result stale, as it should be.
    let stamp = Stamp::of(project.root(), &part.inputs())?;
    if stamp.is_on(&folder, part.products()) {
        eprintln!("build: {} is up to date", part.name());
        return Ok(());
    }
    eprintln!("build: {} …", part.name());
    let watch = Stopwatch::start();
    std::fs::create_dir_all(&folder).map_err(TaskError::io("create", &folder))?;
    Stamp::take_from(&folder)?;
    match part {
        Part::Console => console(project),
        Part::Edge => edge(project, tools, &folder),
        Part::Gate => gate(project, tools, &folder),
    }?;
    stamp.put(&folder)?;
    eprintln!("build: {} is ready ({})", part.name(), watch.text());
    Ok(())
}

fn console(project: &Project) -> Result<(), TaskError> {
    process::run(setup::npm().current_dir(project.root()).args([
        "run",
        "--silent",
        "build",
        "--workspace",
        "@lockstep/console",
    ]))
}

/// worker-build writes into the target directory; only the finished pair of files goes to the place
/// that wrangler watches, so that a running Worker never sees half a build.
fn edge(project: &Project, tools: &Tools, folder: &Path) -> Result<(), TaskError> {
    let staging = project.target("worker-build");
    process::run(
        std::process::Command::new(&tools.worker_build)
            .current_dir(project.path("crates/edge"))
            .args(["--profile", "wasm", "--no-opt", "--out-dir"])
            .arg(&staging)
            // Without these three it would download its own.
            .env("WASM_BINDGEN_BIN", &tools.wasm_bindgen)
            .env("WASM_OPT_BIN", &tools.wasm_opt)
            .env("ESBUILD_BIN", &tools.esbuild),
    )?;
    optimize(
        project,
        tools,
        "-Oz",
        &staging.join("index_bg.wasm"),
        &folder.join("index_bg.wasm"),
    )?;
    copy(&staging.join("index.js"), &folder.join("index.js"))
}

fn gate(project: &Project, tools: &Tools, folder: &Path) -> Result<(), TaskError> {
    process::run(project.cargo().args([
        "build",
        "--profile",
        "wasm",
        "--target",
        WASM_TARGET,
        "--package",
        "lockstep-gate",
        "--lib",
    ]))?;
    let staging = project.target("gate-build");
    process::run(
        std::process::Command::new(&tools.wasm_bindgen)
            .args(["--target", "web", "--out-dir"])
            .arg(&staging)
            .arg(project.target(&format!("{WASM_TARGET}/wasm/lockstep_gate.wasm"))),
    )?;
    let name = "lockstep_gate_bg.wasm";
    optimize(
        project,
        tools,
        "-O3",
        &staging.join(name),
        &folder.join(name),
    )?;
    for name in [
        "lockstep_gate.js",
        "lockstep_gate.d.ts",
        "lockstep_gate_bg.wasm.d.ts",
    ] {
        copy(&staging.join(name), &folder.join(name))?;
    }
    Ok(())
}

/// Optimizes a module and drops its names: they are a third of it, and an end user never sees them.
fn optimize(
    project: &Project,
    tools: &Tools,
    level: &str,
    from: &Path,
    to: &Path,
) -> Result<(), TaskError> {
    // By name, not --all-features: an encoding newer than the runtimes must never be written.
    let features = [
        "bulk-memory",
        "bulk-memory-opt",
        "call-indirect-overlong",
        "exception-handling",
        "multivalue",
        "mutable-globals",
        "nontrapping-float-to-int",
        "reference-types",
        "sign-ext",
    ];
    process::run(
        std::process::Command::new("node")
            .current_dir(project.root())
            .arg(&tools.wasm_opt)
            .arg(from)
            .arg("-o")
            .arg(to)
            .args([level, "--strip-debug", "--strip-producers"])
            .args(features.map(|feature| format!("--enable-{feature}"))),
    )
}

fn copy(from: &Path, to: &Path) -> Result<(), TaskError> {
    std::fs::copy(from, to)
        .map(|_| ())
        .map_err(TaskError::io("copy", from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_means_every_part() {
        assert_eq!(parts(&[]).unwrap(), ALL.to_vec());
        assert_eq!(
            parts(&["edge", "console"]).unwrap(),
            [Part::Edge, Part::Console]
        );
        assert!(
            parts(&["Edge"])
                .unwrap_err()
                .to_string()
                .contains("no part `Edge`")
        );
    }
}
