//! `cargo xtask fuzz`: coverage-guided fuzzing of what reads bytes that others wrote.
//!
//! The package in `fuzz/` has the layout of cargo-fuzz, but neither that program nor a nightly toolchain
//! is needed: the instrumentation is LLVM's, which the stable compiler passes on. Sanitizers, which
//! are what needs nightly, would look for errors that code without `unsafe` cannot have.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::setup;
use crate::test::Tally;

/// How long each target runs when nobody says, and in the test run.
const SECONDS: u32 = 10;
/// An input that takes longer than this many seconds is a finding. Generous, for a busy machine.
const SLOW_SECONDS: u32 = 20;
/// More memory than this many MiB is a finding.
const MEMORY_MAX_MIB: u32 = 1_024;
/// What the compiler puts into the code for libFuzzer to follow it; the same as cargo-fuzz asks for.
const INSTRUMENTATION: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// The target; all when absent.
    target: Option<String>,
    seconds: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            target: None,
            seconds: SECONDS,
        }
    }
}

impl Options {
    /// All targets, for so many seconds each.
    pub(crate) fn every_target(seconds: u32) -> Self {
        Self {
            seconds,
            ..Self::default()
        }
    }

    pub(crate) fn parse(args: &[&str]) -> Result<Self, TaskError> {
        let mut options = Self::default();
        let mut rest = args;
        loop {
            rest = match rest {
                [] => return Ok(options),
                ["--seconds", number, rest @ ..] => {
                    options.seconds = number
                        .parse()
                        .ok()
                        .filter(|seconds| *seconds > 0)
                        .ok_or_else(|| {
                            TaskError::sentence(format!("`{number}` is not a number of seconds"))
                        })?;
                    rest
                }
                [target, rest @ ..] if !target.starts_with('-') && options.target.is_none() => {
                    options.target = Some((*target).to_owned());
                    rest
                }
                _ => return Err(TaskError::sentence("usage: fuzz [TARGET] [--seconds N]")),
            };
        }
    }
}

/// Builds the targets and runs as many at a time as there are processors.
pub(crate) fn run(project: &Project, options: &Options) -> Result<Tally, TaskError> {
    let targets = chosen(targets(project)?, options.target.as_deref())?;
    setup::compiler::find_or_install()?;
    let _lock = setup::lock(project, "fuzz")?;
    let programs = build(project)?;
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let mut tally = Tally::default();
    for group in targets.chunks(at_once) {
        let started: Vec<(&String, Run)> = group
            .iter()
            .map(|target| {
                Ok((
                    target,
                    Run::start(project, &programs, target, options.seconds)?,
                ))
            })
            .collect::<Result<_, TaskError>>()?;
        for (target, run) in started {
            let found = run.finish()?;
            match &found {
                Ok(numbers) => println!("{target}: {numbers}"),
                Err(finding) => println!("{target}: FAILED\n{finding}"),
            }
            tally.add(Tally {
                passed: found.is_ok().into(),
                failed: found.is_err().into(),
            });
        }
    }
    Ok(tally)
}

/// The targets are the files of `fuzz/fuzz_targets`: one cannot be forgotten.
fn targets(project: &Project) -> Result<Vec<String>, TaskError> {
    let folder = project.path("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(TaskError::io("read", &folder))? {
        let path = entry.map_err(TaskError::io("read", &folder))?.path();
        if let Some(name) = path.file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn chosen(targets: Vec<String>, only: Option<&str>) -> Result<Vec<String>, TaskError> {
    match only {
        None => Ok(targets),
        Some(name) if targets.iter().any(|target| target == name) => Ok(vec![name.to_owned()]),
        Some(name) => Err(TaskError::sentence(format!(
            "there is no target `{name}`: the targets are {}",
            targets.join(", ")
        ))),
    }
}

/// Builds all targets and gives the folder they lie in.
fn build(project: &Project) -> Result<PathBuf, TaskError> {
    // A named platform keeps the instrumentation out of build scripts and macros.
    let platform = process::read(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let platform = platform.trim();
    let folder = project.target("fuzz");
    process::run(
        project
            .cargo()
            .args(["build", "--release"])
            .args(["--manifest-path", "fuzz/Cargo.toml", "--target", platform])
            .arg("--target-dir")
            .arg(&folder)
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env("RUSTFLAGS", INSTRUMENTATION.join(" ")),
    )?;
    Ok(folder.join(platform).join("release"))
}

/// A target that runs.
struct Run {
    process: std::process::Child,
    program: PathBuf,
    /// What it has written: libFuzzer is talkative, and only the end of it is of interest.
    log: PathBuf,
    /// Inputs that broke it, now or in an earlier run.
    findings: PathBuf,
}

impl Run {
    /// Starts from the seeds, which the target itself writes, and from what broke it before.
    fn start(
        project: &Project,
        programs: &Path,
        target: &str,
        seconds: u32,
    ) -> Result<Self, TaskError> {
        let program = programs.join(target);
        let folder = |kind: &str| {
            let folder = project.state("fuzz").join(kind).join(target);
            std::fs::create_dir_all(&folder).map_err(TaskError::io("create", &folder))?;
            Ok(folder)
        };
        let corpus: PathBuf = folder("corpus")?;
        // Yesterday's corpus was made under yesterday's policies; every run starts alike.
        std::fs::remove_dir_all(&corpus).map_err(TaskError::io("empty", &corpus))?;
        std::fs::create_dir(&corpus).map_err(TaskError::io("create", &corpus))?;
        let findings: PathBuf = folder("findings")?;
        let log = project.state("fuzz").join(format!("{target}.log"));
        let file = std::fs::File::create(&log).map_err(TaskError::io("create", &log))?;
        let mut command = Command::new(&program);
        command
            .arg(&corpus)
            .arg(&findings)
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-timeout={SLOW_SECONDS}"))
            .arg(format!("-rss_limit_mb={MEMORY_MAX_MIB}"))
            .arg(format!("-artifact_prefix={}/", findings.display()))
            .args(["-print_final_stats=1", "-reload=0"])
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        let process = command
            .spawn()
            .map_err(|source| process::not_started(&command, source))?;
        Ok(Self {
            process,
            program,
            log,
            findings,
        })
    }

    /// Waits for the end: the numbers, or what was found.
    fn finish(mut self) -> Result<Result<String, String>, TaskError> {
        let status = self
            .process
            .wait()
            .map_err(TaskError::io("wait for", &self.program))?;
        let bytes = std::fs::read(&self.log).map_err(TaskError::io("read", &self.log))?;
        let log = String::from_utf8_lossy(&bytes);
        if !status.success() {
            return Ok(Err(self.finding(&log)));
        }
        let run: u64 = number_after(&log, "stat::number_of_executed_units:").unwrap_or(0);
        let edges: u64 = number_after(&log, "INITED cov:").unwrap_or(0);
        let reached: u64 = last_coverage(&log).unwrap_or(0);
        Ok(if run == 0 || edges == 0 {
            Err(format!("it ran nothing: see {}", self.log.display()))
        } else {
            Ok(format!(
                "{run} inputs, {reached} edges reached ({edges} by the seeds)"
            ))
        })
    }

    /// What broke, with which input, and how to see it again.
    fn finding(&self, log: &str) -> String {
        let mut text = String::new();
        // The panic's place and message stand before the stack, which says nothing more.
        let told = log
            .lines()
            .skip_while(|line| !line.contains("panicked at") && !line.contains("ERROR:"))
            .take_while(|line| !line.starts_with("note: ") && !line.starts_with("stack "))
            .take(12);
        for line in told {
            text.push_str("  ");
            text.push_str(line);
            text.push('\n');
        }
        let written = log
            .lines()
            .rev()
            .find_map(|line| line.split("Test unit written to ").nth(1));
        match written {
            Some(input) => text.push_str(&format!(
                "  input: {input}\n  again: {} {input}\n",
                self.program.display()
            )),
            None => text.push_str(&format!(
                "  see {} and {}\n",
                self.log.display(),
                self.findings.display()
            )),
        }
        text.push_str(
            "  it stays among the first inputs of the next runs until target/ is emptied\n",
        );
        text
    }
}

/// The number behind the first `label`.
fn number_after(log: &str, label: &str) -> Option<u64> {
    let (_, rest) = log.split_once(label)?;
    rest.split_whitespace().next()?.parse().ok()
}

fn last_coverage(log: &str) -> Option<u64> {
    let (_, rest) = log.rsplit_once(" cov: ")?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_and_its_seconds_are_chosen() {
        let options = Options::parse(&["policy", "--seconds", "3"]).unwrap();
        assert_eq!(options.target.as_deref(), Some("policy"));
        assert_eq!(options.seconds, 3);
        assert_eq!(Options::parse(&[]).unwrap().seconds, SECONDS);
        assert!(Options::parse(&["--seconds", "0"]).is_err());
        assert!(Options::parse(&["policy", "request"]).is_err());

        let targets = || vec!["policy".to_owned(), "request".to_owned()];
        assert_eq!(chosen(targets(), Some("request")).unwrap(), ["request"]);
        assert_eq!(chosen(targets(), None).unwrap().len(), 2);
        assert!(chosen(targets(), Some("polici")).is_err());
    }

    #[test]
    fn the_numbers_of_a_run_are_read() {
        let log = "#2\tINITED cov: 24 ft: 24 corp: 1/1b exec/s: 0 rss: 29Mb\n\
            #4\tNEW    cov: 27 ft: 27 corp: 2/2b lim: 4\n\
            stat::number_of_executed_units: 200\n";
        assert_eq!(number_after(log, "INITED cov:"), Some(24));
        assert_eq!(last_coverage(log), Some(27));
        assert_eq!(
            number_after(log, "stat::number_of_executed_units:"),
            Some(200)
        );
        assert_eq!(number_after(log, "absent"), None);
    }
}
