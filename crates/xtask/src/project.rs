//! Where things are.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::error::TaskError;
use crate::process;

/// Folders that hold results, not sources.
const LEFT_OUT: [&str; 4] = ["node_modules", "dist", "build", "target"];

/// The clone that the task runs in.
#[derive(Debug)]
pub(crate) struct Project {
    root: PathBuf,
    target: PathBuf,
}

impl Project {
    /// Asks cargo, so that `CARGO_TARGET_DIR` and configuration files count.
    pub(crate) fn find() -> Result<Self, TaskError> {
        let text = process::read(Command::new(cargo_program()).args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
        ]))?;
        let metadata: Value = serde_json::from_str(&text)
            .map_err(|error| TaskError::sentence(format!("cargo metadata is not JSON: {error}")))?;
        let path = |name: &str| {
            metadata
                .get(name)
                .and_then(Value::as_str)
                .map(PathBuf::from)
                .ok_or_else(|| {
                    TaskError::sentence(format!("cargo metadata does not name its `{name}`"))
                })
        };
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the clone.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Cargo's own target directory: compiled code and tools. Several clones may share it.
    pub(crate) fn target(&self, relative: &str) -> PathBuf {
        self.target.join(relative)
    }

    /// State that belongs to this clone alone, never to a shared target directory.
    pub(crate) fn state(&self, relative: &str) -> PathBuf {
        self.root.join("target").join(relative)
    }

    /// A cargo command that runs at the root.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(cargo_program());
        command.current_dir(&self.root);
        command
    }

    /// A program of the npm workspace, run by node itself: no shell, no wrapper in between.
    pub(crate) fn node(&self, script: &str) -> Command {
        let mut command = Command::new("node");
        command.current_dir(&self.root).arg(self.path(script));
        command
    }
}

/// Copies a file or a folder, without what was built in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), TaskError> {
    if from.is_file() {
        let copied = std::fs::copy(from, to).map_err(TaskError::io("copy", from));
        return copied.map(|_| ());
    }
    std::fs::create_dir_all(to).map_err(TaskError::io("create", to))?;
    for entry in std::fs::read_dir(from).map_err(TaskError::io("read", from))? {
        let entry = entry.map_err(TaskError::io("read", from))?;
        let name = entry.file_name();
        let left_out = LEFT_OUT.iter().any(|folder| name == **folder) && entry.path().is_dir();
        if !left_out {
            copy(&entry.path(), &to.join(name))?;
        }
    }
    Ok(())
}

fn cargo_program() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}
