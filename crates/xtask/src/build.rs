//! Builds the parts of the product, each only when its sources changed.

use std::path::Path;

use crate::clock::Stopwatch;
use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::setup::{self, Tools};
use crate::stamp::Stamp;
use crate::wasm::{self, For};

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

const COMMON_INPUTS: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "crates/core",
    "crates/wire",
    "crates/xtask/src/build.rs",
    "crates/xtask/src/wasm.rs",
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
            Self::Edge => &["crates/token", "crates/edge", "crates/xtask/js/worker.js"],
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
            Self::Gate => &["lockstep_gate_bg.wasm"],
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

/// Only the finished pair of files goes to the place that wrangler watches, so that a running Worker
/// never sees half a build.
fn edge(project: &Project, tools: &Tools, folder: &Path) -> Result<(), TaskError> {
    let module = wasm::compile(project, "lockstep-edge", For::Worker)?;
    let staging = project.target("worker-build");
    wasm::bind(&module, &staging, For::Worker)?;
    let entry = staging.join("worker.js");
    copy(&project.path("crates/xtask/js/worker.js"), &entry)?;
    let script = staging.join("bundle.js");
    process::run(
        std::process::Command::new(&tools.esbuild)
            .current_dir(&staging)
            .arg(&entry)
            .arg(format!("--outfile={}", script.display()))
            .args([
                "--bundle",
                "--minify",
                "--format=esm",
                "--log-level=warning",
            ])
            .args(["--external:./edge_bg.wasm", "--external:cloudflare:*"]),
    )?;
    wasm::shrink(
        project,
        tools,
        (&staging.join("edge_bg.wasm"), &folder.join("index_bg.wasm")),
        For::Worker,
    )?;
    let text = std::fs::read_to_string(&script).map_err(TaskError::io("read", &script))?;
    let path = folder.join("index.js");
    std::fs::write(&path, imports_module(&text)).map_err(TaskError::io("write", &path))
}

/// wasm-bindgen writes the import of a module as the coming standard has it (`import source`);
/// workerd knows it without that word.
fn imports_module(script: &str) -> String {
    script
        .replace("import source ", "import ")
        .replace("./edge_bg.wasm", "./index_bg.wasm")
}

fn gate(project: &Project, tools: &Tools, folder: &Path) -> Result<(), TaskError> {
    let module = wasm::compile(project, "lockstep-gate", For::Page)?;
    let staging = project.target("gate-build");
    wasm::bind(&module, &staging, For::Page)?;
    let name = "lockstep_gate_bg.wasm";
    // Only numbers cross, so nothing of what wasm-bindgen writes beside the module is needed: src/wasm.ts
    // loads it and says what it exports.
    let paths = (&*staging.join(name), &*folder.join(name));
    wasm::shrink(project, tools, paths, For::Page)
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
    fn the_module_is_imported_as_workerd_has_it() {
        let script = r#"import source m from"./edge_bg.wasm";"#;
        assert_eq!(imports_module(script), r#"import m from"./index_bg.wasm";"#);
    }

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
