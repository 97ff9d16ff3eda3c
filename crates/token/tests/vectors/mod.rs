//! The folder of vectors that this project did not write (`LOCKSTEP_VECTORS`).

use std::path::PathBuf;

/// The named file or folder; `None`, and a line that says so, when the variable is not set.
///
/// A variable that names a folder without the file is an error, so that CI cannot pass by accident.
pub(crate) fn path(suite: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("LOCKSTEP_VECTORS") else {
        println!("left out: {suite} (set LOCKSTEP_VECTORS to the folder of vectors)");
        return None;
    };
    // A relative folder is meant from the project's root; tests run in their crate's folder.
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join(folder).join(suite);
    assert!(path.exists(), "{} is missing", path.display());
    Some(path)
}
