//! A copy of the sources in which they are changed, one mutant after the other, and tested. It is built
//! in place, so that a mutant costs the compilation of what it changes.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::outcome::{self, Mutant};
use crate::error::TaskError;
use crate::process;
use crate::project::{Project, copy};
use crate::setup;

/// The crate that decides.
pub(super) const PACKAGE: &str = "lockstep-core";
/// What the tests of core and wire are made of and read.
const INPUTS: [&str; 6] = [
    "Cargo.toml",
    "Cargo.lock",
    "crates",
    "docs",
    "policies",
    "tests",
];

/// Nobody debugs a mutant, or looks at the smallest case that it fails. A quarter of the random cases is
/// enough to notice a change: what they miss, the next run of the tests would hardly find.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("CARGO_PROFILE_DEV_DEBUG", "none"),
    ("CARGO_PROFILE_TEST_DEBUG", "none"),
    ("LOCKSTEP_CASES", "64"),
    ("PROPTEST_MAX_SHRINK_ITERS", "0"),
];

/// Which tests are to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tests {
    /// The unit tests and examples of core, without those that take long.
    First,
    /// With those.
    Examples,
    /// All of core and wire.
    All,
}

impl Tests {
    fn args(self) -> &'static [&'static str] {
        match self {
            // Of cargo; then of the test program, by parts of names.
            Self::First => &[
                "--cargo-arg=--lib",
                "--cargo-arg=--test=examples",
                "--cargo-test-arg=--",
                "--cargo-test-arg=--skip=limit",
                "--cargo-test-arg=--skip=wide",
                "--cargo-test-arg=--skip=endless",
                "--cargo-test-arg=--skip=every_character",
                "--cargo-test-arg=--skip=of_many",
            ],
            Self::Examples => &["--cargo-arg=--lib", "--cargo-arg=--test=examples"],
            Self::All => &[
                "--cargo-arg=--tests",
                "--test-package=lockstep-core,lockstep-wire",
            ],
        }
    }

    /// A run that takes longer is an endless loop, and so noticed. Far more than the tests take, since
    /// the machine may be busy.
    const fn timeout_seconds(self) -> &'static str {
        match self {
            Self::First | Self::Examples => "240",
            Self::All => "600",
        }
    }
}

/// The copy.
pub(super) struct Tree<'a> {
    program: &'a Path,
    sources: PathBuf,
    build: PathBuf,
    output: PathBuf,
}

impl<'a> Tree<'a> {
    /// Copies the sources as they are, for part number `shard` of a run: parts may run at the same time.
    pub(super) fn new(
        project: &Project,
        program: &'a Path,
        shard: usize,
    ) -> Result<Self, TaskError> {
        let folder = project.state("mutants").join(format!("shard-{shard}"));
        let tree = Self {
            program,
            sources: folder.join("sources"),
            build: folder.join("build"),
            output: folder.join("output"),
        };
        if tree.sources.exists() {
            // A run that was stopped leaves its last mutant behind.
            std::fs::remove_dir_all(&tree.sources)
                .map_err(TaskError::io("remove", &tree.sources))?;
        }
        create(&tree.sources)?;
        for input in INPUTS {
            copy(&project.path(input), &tree.sources.join(input))?;
        }
        Ok(tree)
    }

    /// Where the copy is.
    pub(super) fn sources(&self) -> &Path {
        &self.sources
    }

    /// Makes all mutants of `file`, for the first tests to notice.
    pub(super) fn try_all(&self, file: &str) -> Result<Vec<Mutant>, TaskError> {
        self.run(Tests::First, &[format!("--file={file}")])
    }

    /// Makes the mutants of these names, which are in `file`; and those that leave out a member of a
    /// struct, which cargo-mutants makes whatever names are asked for.
    pub(super) fn try_some(
        &self,
        file: &str,
        names: &[&str],
        tests: Tests,
    ) -> Result<Vec<Mutant>, TaskError> {
        let names = names.iter().map(|name| format!("--re=^{}$", escaped(name)));
        let which = [format!("--file={file}")].into_iter().chain(names);
        self.run(tests, &which.collect::<Vec<_>>())
    }

    /// Refuses sources whose tests fail as they are: they would notice every mutant.
    pub(super) fn require_green(&self, project: &Project) -> Result<(), TaskError> {
        let mut command = project.cargo();
        command
            .current_dir(&self.sources)
            .args(["test", "--quiet", "--tests"])
            .args(["--package", PACKAGE, "--package", "lockstep-wire"])
            .env("CARGO_TARGET_DIR", &self.build)
            .envs(ENVIRONMENT);
        process::run(&mut command)
    }

    fn run(&self, tests: Tests, which: &[String]) -> Result<Vec<Mutant>, TaskError> {
        create(&self.output)?;
        let mut command = Command::new(self.program);
        command
            .current_dir(&self.sources)
            .args(["mutants", "--no-config", "--in-place", "--package", PACKAGE])
            .args(["--baseline=skip", "--timeout", tests.timeout_seconds()])
            .args(tests.args())
            .args(which)
            .arg("--output")
            .arg(&self.output)
            .env("CARGO_TARGET_DIR", &self.build)
            .envs(ENVIRONMENT);
        let status = command
            .status()
            .map_err(|source| process::not_started(&command, source))?;
        // All noticed; some not; some only by a time-out.
        if !matches!(status.code(), Some(0 | 2 | 3)) {
            return Err(TaskError::Command {
                command: process::line(&command),
                status: status.to_string(),
            });
        }
        let path = self.output.join("mutants.out/outcomes.json");
        let text = std::fs::read_to_string(&path).map_err(TaskError::io("read", &path))?;
        outcome::parse(&text).ok_or_else(|| {
            TaskError::sentence(format!(
                "{} is not what cargo-mutants {} writes",
                path.display(),
                setup::mutants::VERSION
            ))
        })
    }
}

fn create(folder: &Path) -> Result<(), TaskError> {
    std::fs::create_dir_all(folder).map_err(TaskError::io("create", folder))
}

/// `name` as a regular expression that nothing else matches.
fn escaped(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for character in name.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_matches_nothing_else() {
        assert_eq!(
            escaped("a.rs:1:2: replace <impl A>::b -> Option<u8> with (&1)"),
            r"a\.rs:1:2: replace <impl A>::b \-> Option<u8> with \(\&1\)"
        );
    }
}
