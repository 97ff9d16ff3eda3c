//! The product, built while the steps run that need none of it: for minutes its compiler keeps one
//! processor busy and no more.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command};

use crate::error::TaskError;
use crate::process;
use crate::project::Project;

/// `cargo xtask build`, under way.
#[derive(Debug)]
pub(super) struct Ahead {
    process: Child,
    /// What it says, which is shown at the end: it would be in the midst of what others say.
    log: PathBuf,
}

impl Ahead {
    pub(super) fn start(project: &Project) -> Result<Self, TaskError> {
        let folder = project.state("test");
        std::fs::create_dir_all(&folder).map_err(TaskError::io("create", &folder))?;
        let log = folder.join("build.log");
        let file = File::create(&log).map_err(TaskError::io("create", &log))?;
        let also = file.try_clone().map_err(TaskError::io("open", &log))?;
        let mut command = Command::new(process::own_program()?);
        command.arg("build").current_dir(project.root());
        let started = command.stdout(file).stderr(also).spawn();
        let process = started.map_err(|source| process::not_started(&command, source))?;
        Ok(Self { process, log })
    }

    /// Waits for its end. Whoever needs the product builds what is still missing, and sees why it fails.
    pub(super) fn finish(mut self) -> Result<(), TaskError> {
        let ended = self.process.wait();
        ended.map_err(TaskError::io("wait for the build that writes", &self.log))?;
        let text = std::fs::read_to_string(&self.log);
        print!("{}", text.map_err(TaskError::io("read", &self.log))?);
        Ok(())
    }
}
