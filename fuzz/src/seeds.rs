//! The inputs that a run starts from, written anew each time: nothing of them is committed.

use std::path::PathBuf;

/// Writes `seeds` into the first folder that the command line names, which is the corpus of the run.
/// It happens before libFuzzer reads that folder; without one there is nothing to do.
///
/// # Panics
/// When the folder cannot be written.
pub fn plant(seeds: impl IntoIterator<Item = Vec<u8>>) {
    let Some(folder) = std::env::args_os()
        .skip(1)
        .map(PathBuf::from)
        .find(|argument| argument.is_dir())
    else {
        return;
    };
    for (at, seed) in seeds.into_iter().enumerate() {
        let path = folder.join(format!("seed-{at:03}"));
        std::fs::write(&path, seed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
