//! The command line, run as people run it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Runs `lockstep` with `arguments` in the repository's root.
pub(crate) fn lockstep(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap()
}

/// What `lockstep` prints when all is well.
#[track_caller]
pub(crate) fn printed(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> String {
    let output = lockstep(arguments);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

/// The matrix of the shipped policy `id`, as JSON.
#[track_caller]
pub(crate) fn matrix(id: &str) -> Value {
    let path = format!("policies/{id}.toml");
    serde_json::from_str(&printed(["matrix", &path, "--format", "json"])).unwrap()
}

/// The ids of all shipped policies: every TOML file in `policies`, so that none can be left out.
pub(crate) fn shipped() -> Vec<String> {
    let files = std::fs::read_dir(root().join("policies")).unwrap();
    let mut ids: Vec<String> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension() == Some(OsStr::new("toml")))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}
