//! Knows whether an output is fresh: a hash of the contents of everything it was made from.
//!
//! Contents, not times: a checkout or a touch rebuilds nothing, and a file restored from elsewhere
//! with an old date is still noticed. The stamp lies in the output folder and goes with it.

use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

use crate::error::TaskError;

const STAMP: &str = ".stamp";
/// Folders that hold results, not sources.
const RESULTS: [&str; 4] = ["node_modules", "dist", "build", "target"];

/// The hash of some files and folders, by name and content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(String);

impl Stamp {
    /// Hashes `inputs` (files or folders under `root`; results inside them do not count). An input
    /// that does not exist counts as absent.
    pub(crate) fn of(root: &Path, inputs: &[&str]) -> Result<Self, TaskError> {
        let mut files = Vec::new();
        for input in inputs {
            collect(&root.join(input), &mut files)?;
        }
        files.sort();
        let mut hasher = DefaultHasher::new();
        for file in files {
            let bytes = std::fs::read(&file).map_err(TaskError::io("read", &file))?;
            let name = file
                .strip_prefix(root)
                .unwrap_or(&file)
                .to_string_lossy()
                .into_owned();
            hasher.write(name.as_bytes());
            hasher.write_usize(bytes.len());
            hasher.write(&bytes);
        }
        Ok(Self(format!("{:016x}", hasher.finish())))
    }

    /// The hash in hexadecimal digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the folder was made from the same inputs and still holds `products`.
    pub(crate) fn is_on(&self, folder: &Path, products: &[&str]) -> bool {
        std::fs::read_to_string(folder.join(STAMP)).is_ok_and(|text| text == self.0)
            && products
                .iter()
                .all(|product| folder.join(product).is_file())
    }

    /// Marks the folder as made from these inputs.
    pub(crate) fn put(&self, folder: &Path) -> Result<(), TaskError> {
        let path = folder.join(STAMP);
        std::fs::write(&path, &self.0).map_err(TaskError::io("write", &path))
    }

    /// Marks the folder as unfinished, before its files change.
    pub(crate) fn take_from(folder: &Path) -> Result<(), TaskError> {
        match std::fs::remove_file(folder.join(STAMP)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(TaskError::io("remove the stamp of", folder)(error))
            }
            _ => Ok(()),
        }
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), TaskError> {
    if path.is_file() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    if !path.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(TaskError::io("read", path))? {
        let entry = entry.map_err(TaskError::io("read", path))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !RESULTS.contains(&name.as_ref()) || !entry.path().is_dir() {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_renamed_or_new_file_changes_the_stamp() {
        let root = std::env::temp_dir().join(format!("lockstep-stamp-{}", std::process::id()));
        std::fs::create_dir_all(root.join("src/dist")).unwrap();
        std::fs::write(root.join("src/a"), "1").unwrap();
        let stamp = || Stamp::of(&root, &["src", "absent"]).unwrap();
        let first = stamp();
        assert_eq!(first, stamp());
        std::fs::write(root.join("src/dist/result"), "x").unwrap();
        assert_eq!(first, stamp());
        std::fs::write(root.join("src/a"), "2").unwrap();
        assert_ne!(first, stamp());
        std::fs::write(root.join("src/a"), "1").unwrap();
        std::fs::rename(root.join("src/a"), root.join("src/b")).unwrap();
        assert_ne!(first, stamp());

        first.put(&root).unwrap();
        assert!(first.is_on(&root, &["src/b"]));
        assert!(!first.is_on(&root, &["src/c"]));
        Stamp::take_from(&root).unwrap();
        Stamp::take_from(&root).unwrap();
        assert!(!first.is_on(&root, &["src/b"]));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
