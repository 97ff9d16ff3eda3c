//! Installs what is missing, says what it does and why, and is silent when nothing is.
//!
//! Every other task calls this first. Tools go into the target directory and npm packages into
//! `node_modules`: nothing is installed for the whole machine, and what the machine already has
//! (another wasm-bindgen, say) is neither used nor changed. Only [`browser`] may ask apt.

pub(crate) mod browser;
mod packages;

pub(crate) use packages::npm;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::clock::Stopwatch;
use crate::error::TaskError;
use crate::process;
use crate::project::Project;

pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";
const WORKER_BUILD_VERSION: &str = "0.8.7";
/// What the console's bundler needs.
const NODE_MIN: (u32, u32) = (20, 19);

/// The programs that a build needs, all of the pinned versions.
#[derive(Debug)]
pub(crate) struct Tools {
    /// worker-build makes a Worker of crates/edge.
    pub(crate) worker_build: PathBuf,
    /// wasm-bindgen, of exactly the release that Cargo.lock names.
    pub(crate) wasm_bindgen: PathBuf,
    /// Binaryen's optimizer: a script for node.
    pub(crate) wasm_opt: PathBuf,
    /// The bundler that worker-build calls.
    pub(crate) esbuild: PathBuf,
}

/// Makes the clone ready to build: node, the wasm32 target, npm packages and the two Rust tools.
pub(crate) fn run(project: &Project) -> Result<Tools, TaskError> {
    check_node()?;
    let _lock = lock(project, "setup")?;
    add_wasm_target(project)?;
    packages::install(project, "")?;
    Ok(Tools {
        wasm_bindgen: tool(
            project,
            "wasm-bindgen-cli",
            "wasm-bindgen",
            &locked_version(project, "wasm-bindgen")?,
            "it writes the JavaScript side of the WASM modules and must equal the crate's release",
        )?,
        worker_build: tool(
            project,
            "worker-build",
            "worker-build",
            WORKER_BUILD_VERSION,
            "it turns crates/edge into a Cloudflare Worker",
        )?,
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

/// The path of a Rust program of exactly this version, installed under the target directory.
fn tool(
    project: &Project,
    package: &str,
    program: &str,
    version: &str,
    why: &str,
) -> Result<PathBuf, TaskError> {
    // With CARGO_TARGET_DIR set, the clone's own folder may still hold what an earlier run built.
    let homes = [project.target("tools"), project.state("tools")];
    let paths = homes.map(|home| home.join("bin").join(format!("{program}{}", EXE_SUFFIX)));
    for path in &paths {
        let found = process::probe(Command::new(path).arg("--version"));
        if found.is_some_and(|text| text.split_whitespace().next_back() == Some(version)) {
            return Ok(path.clone());
        }
    }
    announce(
        &format!("building {package} {version} (about two minutes, once)"),
        why,
    );
    let watch = Stopwatch::start();
    // Without `--locked`: the lock file in the package may name a release that a registry lacks.
    process::run(
        project
            .cargo()
            .args([
                "install",
                "--force",
                "--bin",
                program,
                "--version",
                version,
                package,
            ])
            .arg("--root")
            .arg(project.target("tools"))
            .arg("--target-dir")
            .arg(project.target("tools/build"))
            // A tool that runs for a second need not be compiled for minutes.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS"),
    )?;
    announce(&format!("{package} is ready"), &watch.text());
    let [path, _] = paths;
    Ok(path)
}

const EXE_SUFFIX: &str = std::env::consts::EXE_SUFFIX;

/// The version of a crate in Cargo.lock.
fn locked_version(project: &Project, name: &str) -> Result<String, TaskError> {
    let path = project.path("Cargo.lock");
    let lock = std::fs::read_to_string(&path).map_err(TaskError::io("read", &path))?;
    version_in_lock(&lock, name)
        .ok_or_else(|| TaskError::sentence(format!("Cargo.lock does not name `{name}`")))
}

fn version_in_lock(lock: &str, name: &str) -> Option<String> {
    let mut lines = lock
        .lines()
        .skip_while(|line| *line != format!("name = \"{name}\""))
        .skip(1);
    let version = lines
        .next()?
        .strip_prefix("version = \"")?
        .strip_suffix('"')?;
    Some(version.to_owned())
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

    #[test]
    fn cargo_lock_names_the_tool_version() {
        let lock = "[[package]]\nname = \"wasm\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(
            version_in_lock(lock, "wasm-bindgen").as_deref(),
            Some("0.2.130")
        );
        assert_eq!(version_in_lock(lock, "bindgen"), None);
    }
}
