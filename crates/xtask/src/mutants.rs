//! `cargo xtask mutants`: changes core in every way that cargo-mutants knows, and sees whether a test
//! notices. The result is committed as docs/mutants.md.

mod survivors;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::Value;

use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::setup;
use crate::stamp::Stamp;
use survivors::SURVIVORS;

/// The crate that decides.
const PACKAGE: &str = "lockstep-core";
const FOLDER: &str = "crates/core";
const REPORT: &str = "docs/mutants.md";
/// A test run that takes longer is an endless loop, and so noticed.
const TIMEOUT_SECONDS: &str = "60";
const RESULTS: &str = "mutants.out/outcomes.json";

/// Which part of the mutants a run makes: the `number`th of `count`, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shard {
    number: u32,
    count: u32,
}

impl Shard {
    fn parse(args: &[&str]) -> Result<Self, TaskError> {
        let wrong = || TaskError::sentence("usage: mutants [--shard K/N], where K counts from 0");
        match args {
            [] => Ok(Self {
                number: 0,
                count: 1,
            }),
            ["--shard", shard] => {
                let (number, count) = shard.split_once('/').ok_or_else(wrong)?;
                let shard = Self {
                    number: number.parse().map_err(|_| wrong())?,
                    count: count.parse().map_err(|_| wrong())?,
                };
                if shard.number < shard.count {
                    Ok(shard)
                } else {
                    Err(wrong())
                }
            }
            _ => Err(wrong()),
        }
    }
}

/// Runs one shard; the one that completes the set writes the report.
pub(crate) fn run(project: &Project, args: &[&str]) -> Result<ExitCode, TaskError> {
    let shard = Shard::parse(args)?;
    let program = setup::mutants::find_or_install(project)?;
    // Taken before the run: shards of different sources make no whole.
    let stamp = Stamp::of(project.root(), &[FOLDER])?;
    let folder = shard_folder(project, shard);
    Stamp::take_from(&folder)?;
    std::fs::create_dir_all(&folder).map_err(TaskError::io("create", &folder))?;
    test(project, &program, shard, &folder)?;
    stamp.put(&folder)?;

    let shards = (0..shard.count).map(|number| shard_folder(project, Shard { number, ..shard }));
    let shards: Vec<PathBuf> = shards.collect();
    let missing = shards
        .iter()
        .filter(|folder| !stamp.is_on(folder, &[RESULTS]));
    let missing = missing.count();
    if missing > 0 {
        println!("{missing} of {} shards are still to be run", shard.count);
        return Ok(ExitCode::SUCCESS);
    }
    let mut mutants = Vec::new();
    for folder in shards {
        mutants.extend(read(&folder.join(RESULTS))?);
    }
    finish(project, &mutants)
}

fn shard_folder(project: &Project, shard: Shard) -> PathBuf {
    let Shard { number, count } = shard;
    project
        .state("mutants")
        .join(format!("{number}-of-{count}"))
}

/// Works on copies of the sources; nothing here is changed. Examples come before the random laws, so
/// that most mutants are noticed in a moment.
fn test(project: &Project, program: &Path, shard: Shard, folder: &Path) -> Result<(), TaskError> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let mut command = Command::new(program);
    command
        .current_dir(project.root())
        .args(["mutants", "--no-config", "--package", PACKAGE])
        .args(["--shard", &format!("{}/{}", shard.number, shard.count)])
        .args(["--sharding", "round-robin", "--timeout", TIMEOUT_SECONDS])
        .args(["--jobs", &at_once.to_string()])
        .args(["--cargo-test-arg=--tests", "--output"])
        .arg(folder)
        // A little optimization costs no time and makes the random laws ten times faster. A mutant is
        // neither debugged nor looked at for its smallest case.
        .envs([
            ("CARGO_PROFILE_DEV_OPT_LEVEL", "1"),
            ("CARGO_PROFILE_DEV_DEBUG", "none"),
            ("CARGO_PROFILE_TEST_OPT_LEVEL", "1"),
            ("CARGO_PROFILE_TEST_DEBUG", "none"),
            ("PROPTEST_MAX_SHRINK_ITERS", "0"),
        ]);
    let status = command
        .status()
        .map_err(|source| process::not_started(&command, source))?;
    match status.code() {
        // All noticed; some not; some only by a time-out.
        Some(0 | 2 | 3) => Ok(()),
        _ => Err(TaskError::Command {
            command: process::line(&command),
            status: status.to_string(),
        }),
    }
}

/// A mutant and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mutant {
    /// From `src`.
    module: String,
    /// Without line and column, so that a reason outlives an edit above it.
    name: String,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Caught,
    Missed,
    /// It did not compile.
    Unviable,
}

fn read(path: &Path) -> Result<Vec<Mutant>, TaskError> {
    let text = std::fs::read_to_string(path).map_err(TaskError::io("read", path))?;
    parse(&text).ok_or_else(|| {
        TaskError::sentence(format!(
            "{} is not what cargo-mutants {} writes",
            path.display(),
            setup::mutants::VERSION
        ))
    })
}

fn parse(outcomes: &str) -> Option<Vec<Mutant>> {
    let outcomes: Value = serde_json::from_str(outcomes).ok()?;
    let outcomes = outcomes.get("outcomes")?.as_array()?;
    // The first is the test run without any change.
    let changed = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome, outcome.get("scenario")?.get("Mutant")?)));
    changed
        .map(|(outcome, mutant)| {
            let file = mutant.get("file")?.as_str()?;
            let name = mutant.get("name")?.as_str()?;
            Some(Mutant {
                module: file.rsplit_once("/src/")?.1.to_owned(),
                name: name.split_once(": ")?.1.to_owned(),
                fate: match outcome.get("summary")?.as_str()? {
                    "CaughtMutant" | "Timeout" => Fate::Caught,
                    "MissedMutant" => Fate::Missed,
                    "Unviable" => Fate::Unviable,
                    _ => return None,
                },
            })
        })
        .collect()
}

/// Writes the report and says which survivors nobody has explained.
fn finish(project: &Project, mutants: &[Mutant]) -> Result<ExitCode, TaskError> {
    let path = project.path(REPORT);
    std::fs::write(&path, report(mutants, &SURVIVORS)).map_err(TaskError::io("write", &path))?;
    println!("wrote {REPORT}");
    let complaints = complaints(mutants, &SURVIVORS);
    for complaint in &complaints {
        println!("{complaint}");
    }
    Ok(if complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn full_name(mutant: &Mutant) -> String {
    format!("{}: {}", mutant.module, mutant.name)
}

fn missed(mutants: &[Mutant]) -> Vec<String> {
    let missed = mutants.iter().filter(|mutant| mutant.fate == Fate::Missed);
    let mut names: Vec<String> = missed.map(full_name).collect();
    names.sort();
    names
}

fn complaints(mutants: &[Mutant], survivors: &[(&str, &str)]) -> Vec<String> {
    let missed = missed(mutants);
    let unexplained = missed
        .iter()
        .filter(|name| survivors.iter().all(|(known, _)| known != name))
        .map(|name| format!("no test notices: {name}"));
    let dead = survivors
        .iter()
        .filter(|(known, _)| missed.iter().all(|name| name != known))
        .map(|(known, _)| format!("does not survive, take it out of survivors.rs: {known}"));
    unexplained.chain(dead).collect()
}

fn report(mutants: &[Mutant], survivors: &[(&str, &str)]) -> String {
    let mut modules: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for mutant in mutants {
        let [caught, missed, unviable] = modules.entry(&mutant.module).or_default();
        *match mutant.fate {
            Fate::Caught => caught,
            Fate::Missed => missed,
            Fate::Unviable => unviable,
        } += 1;
    }
    let total = modules
        .values()
        .fold([0; 3], |[a, b, c], [x, y, z]| [a + x, b + y, c + z]);
    let mut text = format!(
        "# Mutants of core\n\n\
         `cargo xtask mutants` (cargo-mutants {}) changes core in one place at a time and runs its \
         tests. *Caught*: a test failed, or did not end. *Missed*: none did. *Unviable*: it did not \
         compile.\nGenerated; do not edit.\n\n\
         | module | caught | missed | unviable |\n|---|---:|---:|---:|\n",
        setup::mutants::VERSION
    );
    let rows = modules
        .iter()
        .map(|(module, counts)| (format!("`{module}`"), counts));
    for (module, [caught, missed, unviable]) in rows.chain([("all".to_owned(), &total)]) {
        text.push_str(&format!(
            "| {module} | {caught} | {missed} | {unviable} |\n"
        ));
    }
    text.push_str("\n## Survivors\n\n");
    let missed = missed(mutants);
    if missed.is_empty() {
        text.push_str("None.\n");
    }
    for name in missed {
        let known = survivors.iter().find(|(known, _)| *known == name);
        let reason = known.map_or("not explained yet", |(_, reason)| reason);
        text.push_str(&format!("- `{name}`: {reason}.\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTCOMES: &str = r#"{"outcomes": [
        {"scenario": "Baseline", "summary": "Success"},
        {"scenario": {"Mutant": {"name": "crates/core/src/a.rs:1:2: replace a", "file": "crates/core/src/a.rs"}}, "summary": "CaughtMutant"},
        {"scenario": {"Mutant": {"name": "crates/core/src/a.rs:1:2: replace b", "file": "crates/core/src/a.rs"}}, "summary": "Timeout"},
        {"scenario": {"Mutant": {"name": "crates/core/src/b/c.rs:3:4: replace c", "file": "crates/core/src/b/c.rs"}}, "summary": "MissedMutant"},
        {"scenario": {"Mutant": {"name": "crates/core/src/b/c.rs:3:4: replace d", "file": "crates/core/src/b/c.rs"}}, "summary": "Unviable"}
    ]}"#;

    #[test]
    fn outcomes_are_counted_by_module() {
        let mutants = parse(OUTCOMES).unwrap();
        let report = report(&mutants, &[("b/c.rs: replace c", "it cannot differ")]);
        assert!(
            report.contains(
                "| `a.rs` | 2 | 0 | 0 |\n| `b/c.rs` | 0 | 1 | 1 |\n| all | 2 | 1 | 1 |\n"
            )
        );
        assert!(report.ends_with("- `b/c.rs: replace c`: it cannot differ.\n"));
        assert_eq!(
            parse(r#"{"outcomes": [{"scenario": {"Mutant": {}}}]}"#),
            None
        );
    }

    #[test]
    fn every_survivor_has_a_reason_and_every_reason_a_survivor() {
        let mutants = parse(OUTCOMES).unwrap();
        assert_eq!(
            complaints(&mutants, &[("b/c.rs: replace c", "why")]),
            [""; 0]
        );
        assert_eq!(
            complaints(&mutants, &[]),
            ["no test notices: b/c.rs: replace c"]
        );
        assert_eq!(
            complaints(
                &mutants,
                &[("b/c.rs: replace c", "why"), ("a.rs: replace a", "why")]
            )
            .len(),
            1
        );
    }

    #[test]
    fn a_shard_lies_in_its_set() {
        assert_eq!(
            Shard::parse(&["--shard", "1/4"]).unwrap(),
            Shard {
                number: 1,
                count: 4
            }
        );
        assert_eq!(Shard::parse(&[]).unwrap().count, 1);
        for wrong in ["4/4", "1", "a/2", "/"] {
            assert!(Shard::parse(&["--shard", wrong]).is_err(), "{wrong}");
        }
    }
}
