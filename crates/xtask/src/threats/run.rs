//! Switches defences off, one after the other, in a copy of the sources.

use std::path::{Path, PathBuf};

use super::{Proof, Target, Test, rows};
use crate::error::TaskError;
use crate::process;
use crate::project::{self, Project};
use crate::test::Tally;
use crate::tidy::committed_files;

/// Every row, or those that are named.
pub(crate) fn run(project: &Project, ids: &[&str]) -> Result<Tally, TaskError> {
    if let Some(unknown) = ids.iter().find(|id| rows().all(|row| row.id != **id)) {
        return Err(TaskError::sentence(format!("there is no row `{unknown}`")));
    }
    let tree = Tree::new(project)?;
    let mut tally = Tally::default();
    for row in rows().filter(|row| ids.is_empty() || ids.contains(&row.id)) {
        for proof in row.proofs {
            // One that does not run is no reason not to hear of the others.
            let (noticed, word) = match tree.without(proof) {
                Ok(true) => (true, "noticed".to_owned()),
                Ok(false) => (false, "NOT NOTICED".to_owned()),
                Err(error) => (false, format!("NOT NOTICED ({error})")),
            };
            println!("{}: {word} by {}: {}", row.id, proof.test.name, proof.off);
            tally.add(Tally {
                passed: noticed.into(),
                failed: (!noticed).into(),
            });
        }
    }
    println!("{tally}");
    Ok(tally)
}

/// The copy, with a build of its own: in the project's, cargo would take the one for the other.
struct Tree<'a> {
    project: &'a Project,
    sources: PathBuf,
    build: PathBuf,
}

impl<'a> Tree<'a> {
    fn new(project: &'a Project) -> Result<Self, TaskError> {
        let sources = project.state("threats/sources");
        if sources.exists() {
            // A run that was stopped leaves a defence switched off.
            std::fs::remove_dir_all(&sources).map_err(TaskError::io("remove", &sources))?;
        }
        std::fs::create_dir_all(&sources).map_err(TaskError::io("create", &sources))?;
        // Tests read whatever is in the repository.
        for file in committed_files(project)? {
            let (from, to) = (project.path(&file), sources.join(&file));
            // Deleted, and the deletion not committed yet.
            if let Some(folder) = to.parent().filter(|_| from.exists()) {
                std::fs::create_dir_all(folder).map_err(TaskError::io("create", folder))?;
                project::copy(&from, &to)?;
            }
        }
        Ok(Self {
            project,
            sources,
            build: project.state("threats/build"),
        })
    }

    /// Whether the proof's test fails without the defence.
    fn without(&self, proof: &Proof) -> Result<bool, TaskError> {
        let mut before = Vec::new();
        let edited = proof.edits.iter().try_for_each(|edit| {
            let path = self.sources.join(edit.file);
            let text = std::fs::read_to_string(&path).map_err(TaskError::io("read", &path))?;
            let without = text.replacen(edit.from, edit.to, 1);
            before.push((path.clone(), text));
            write(&path, &without)
        });
        let failed = edited.and_then(|()| self.fails(&proof.test));
        // The last edit of a file is the first to be undone, whatever has failed: a defence that stayed off
        // would have the next proofs fail.
        let mut undone = Ok(());
        for (path, text) in before.iter().rev() {
            undone = undone.and(write(path, text));
        }
        undone?;
        failed
    }

    /// Whether the test ran and failed: a copy that does not compile proves nothing.
    fn fails(&self, test: &Test) -> Result<bool, TaskError> {
        let package = format!("lockstep-{}", test.package);
        let mut command = self.project.cargo();
        command
            .current_dir(&self.sources)
            .env("CARGO_TARGET_DIR", &self.build)
            // Nobody debugs a copy.
            .env("CARGO_PROFILE_DEV_DEBUG", "none")
            .args(["test", "--quiet", "--package", &package]);
        match test.target {
            Target::Lib => command.args(["--lib", "--", "--exact", test.name]),
            Target::Tests(target) => command.args(["--test", target, "--", "--exact", test.name]),
            Target::Example => command.args(["--doc", "--", &format!("src/{}.rs", test.name)]),
        };
        let (success, output, errors) = process::quietly(&mut command)?;
        let tally = Tally::of_cargo(&output);
        if tally == Tally::default() {
            eprint!("{errors}");
            return Err(TaskError::sentence(format!(
                "`{}` did not run: the copy without the defence does not compile, or the test has another name",
                test.name
            )));
        }
        Ok(!success && tally.failed > 0)
    }
}

fn write(path: &Path, text: &str) -> Result<(), TaskError> {
    std::fs::write(path, text).map_err(TaskError::io("write", path))
}
