//! Installs what is missing, says what it does and why, and is silent when nothing is.
//!
//! Every other task calls this first. Tools are npm packages in `node_modules`, of the versions in the
//! lock file: nothing is installed for the whole machine, and what the machine already has is neither
//! used nor changed. wasm-bindgen is a library of this very program, so that its release equals the
//! crates' by Cargo.lock, and nobody has to build two more command line tools (with an HTTP client and
//! OpenSSL in them) first. Only the wasm32 target, by rustup, and the Debian packages
//! of [`browser`], [`compiler`] and [`valgrind`] reach further.

pub(crate) mod browser;
pub(crate) mod compiler;
mod debian;
pub(crate) mod mutants;
mod packages;
pub(crate) mod python;
pub(crate) mod valgrind;

pub(crate) use packages::npm;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::TaskError;
use crate::process;
use crate::project::Project;

pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// What the console's bundler needs.
const NODE_MIN: (u32, u32) = (20, 19);

/// The npm programs that a build needs, of the versions in package-lock.json.
#[derive(Debug)]
pub(crate) struct Tools {
    /// Binaryen's optimizer: a script for node.
    pub(crate) wasm_opt: PathBuf,
    /// The bundler of the Worker's script.
    pub(crate) esbuild: PathBuf,
}

/// Makes the clone ready to build: node, the wasm32 target and npm packages.
pub(crate) fn run(project: &Project) -> Result<Tools, TaskError> {
    check_node()?;
    let _lock = lock(project, "setup")?;
    add_wasm_target(project)?;
    packages::install(project, "")?;
    Ok(Tools {
        wasm_opt: project.path("node_modules/binaryen/bin/wasm-opt"),
        esbuild: project.path("node_modules/.bin/esbuild"),
    })
}

/// Installs the packages of a folder with its own lock file, outside the npm workspace.
pub(crate) fn separate_packages(project: &Project, folder: &str) -> Result<(), TaskError> {
    let _lock = lock(project, "setup")?;
    packages::install(project, folder)
}

/// Says what happens and why, before it happens: some of these steps take minutes.
pub(crate) fn announce(what: &str, why: &str) {
    eprintln!("setup: {what}: {why}");
}

/// Holds off a second task in the same clone while this one installs or builds.
pub(crate) fn lock(project: &Project, name: &str) -> Result<File, TaskError> {
    let folder = project.state("locks");
    std::fs::create_dir_all(&folder).map_err(TaskError::io("create", &folder))?;
    let path = folder.join(name);
    let file = File::create(&path).map_err(TaskError::io("create", &path))?;
    if file.try_lock().is_err() {
        eprintln!("waiting for another task in this clone ({name})");
        file.lock().map_err(TaskError::io("lock", &path))?;
    }
    Ok(file)
}

fn check_node() -> Result<(), TaskError> {
    let (major, minor) = NODE_MIN;
    let advice = format!(
        "Node {major}.{minor} or newer runs the local Worker and builds the console: \
         install it from nodejs.org or with your package manager"
    );
    let Some(version) = process::probe(Command::new("node").arg("--version")) else {
        return Err(TaskError::sentence(format!("node was not found. {advice}")));
    };
    match node_version(&version) {
        Some(found) if found >= NODE_MIN => Ok(()),
        _ => Err(TaskError::sentence(format!(
            "node is {}. {advice}",
            version.trim()
        ))),
    }
}

fn node_version(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn add_wasm_target(project: &Project) -> Result<(), TaskError> {
    let library = process::probe(Command::new("rustc").current_dir(project.root()).args([
        "--print",
        "target-libdir",
        "--target",
        WASM_TARGET,
    ]));
    if library.is_some_and(|path| Path::new(path.trim()).is_dir()) {
        return Ok(());
    }
    announce(
        "adding the wasm32 target with rustup",
        "browser and edge run WASM",
    );
    process::run(Command::new("rustup").current_dir(project.root()).args([
        "target",
        "add",
        WASM_TARGET,
    ]))
    .map_err(|error| {
        TaskError::sentence(format!(
            "{error}. Without rustup, install the Rust standard library for {WASM_TARGET} \
             and start again"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_version_is_read() {
        assert_eq!(node_version("v20.20.2\n"), Some((20, 20)));
        assert_eq!(node_version("v8.0.0"), Some((8, 0)));
        assert_eq!(node_version("twenty"), None);
    }
}
