//! The command line, run as people run it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs `lockstep` with `arguments` in the repository's root.
pub(crate) fn lockstep(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap()
}

/// Runs `lockstep` with `arguments` in the repository's root, and `input` on standard input.
pub(crate) fn lockstep_reading(
    arguments: impl IntoIterator<Item: AsRef<OsStr>>,
    input: &[u8],
) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // From another thread: it may answer before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // It may have stopped reading.
    let _ = writer.join().unwrap();
    output
}

/// A file with `text` for a test of this name alone.
pub(crate) fn written(name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(name);
    // Whole or not at all: a test in another process may read it meanwhile.
    let own = folder.join(format!("{}-{name}", std::process::id()));
    std::fs::write(&own, text).unwrap();
    std::fs::rename(&own, &path).unwrap();
    path
}

/// `lockstep` with `arguments` must say `said` on standard error, nothing on standard output, and exit
/// with `code`.
#[track_caller]
pub(crate) fn refused(arguments: impl IntoIterator<Item: AsRef<OsStr>>, said: &str, code: i32) {
    let output = lockstep(arguments);
    assert_eq!(String::from_utf8_lossy(&output.stderr), said);
    assert_eq!(output.status.code(), Some(code));
    assert!(output.stdout.is_empty());
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
