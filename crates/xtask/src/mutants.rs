//! `cargo xtask mutants`: changes core in every way that cargo-mutants knows, and sees whether a test
//! notices. The result is committed as docs/mutants.md.
//!
//! Results are kept by module and hold while its source stays the same, here and by the committed report;
//! what no test noticed here is tried again in every run, since a test may have come.

mod outcome;
mod report;
mod survivors;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::setup;
use crate::stamp::Stamp;
use outcome::{Fate, Mutant};
use report::Row;
use survivors::SURVIVORS;
use tree::{Tests, Tree};

/// Where the crate that decides has its modules.
const SOURCES: &str = "crates/core/src";
const REPORT: &str = "docs/mutants.md";
/// In the folder of a module: its mutants, one a line.
const RESULTS: &str = "mutants.txt";
const USAGE: &str = "usage: mutants [--shard K/N] [--in MODULE]…, where K counts from 0 and MODULE is \
                     a path from crates/core/src";

/// Which modules a run is about.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Options {
    /// The `shard`th of so many parts of equal size, counted from 0.
    shard: usize,
    shards: usize,
    /// Only these; empty: all.
    modules: Vec<String>,
}

impl Options {
    fn parse(args: &[&str]) -> Result<Self, TaskError> {
        let wrong = || TaskError::sentence(USAGE);
        let mut options = Self {
            shard: 0,
            shards: 1,
            modules: Vec::new(),
        };
        let mut rest = args;
        while let [flag, value, more @ ..] = rest {
            match *flag {
                "--shard" => {
                    let (shard, shards) = value.split_once('/').ok_or_else(wrong)?;
                    options.shard = shard.parse().map_err(|_| wrong())?;
                    options.shards = shards.parse().map_err(|_| wrong())?;
                }
                "--in" => options.modules.push((*value).to_owned()),
                _ => return Err(wrong()),
            }
            rest = more;
        }
        if rest.is_empty() && options.shard < options.shards {
            Ok(options)
        } else {
            Err(wrong())
        }
    }

    /// Those of `all` that this run is about.
    fn choose<'a>(&self, all: &'a [String]) -> Result<Vec<&'a String>, TaskError> {
        let unknown = self.modules.iter().find(|module| !all.contains(module));
        if let Some(module) = unknown {
            let sentence = format!("nothing in {SOURCES}/{module} can be changed");
            return Err(TaskError::sentence(sentence));
        }
        let in_shard = all.iter().skip(self.shard).step_by(self.shards);
        let wanted =
            in_shard.filter(|module| self.modules.is_empty() || self.modules.contains(module));
        Ok(wanted.collect())
    }
}

/// Runs what is to be run, and writes the report about all modules that there are results for.
pub(crate) fn run(project: &Project, args: &[&str]) -> Result<ExitCode, TaskError> {
    let options = Options::parse(args)?;
    let program = setup::mutants::find_or_install(project)?;
    let all = modules(project, &program)?;
    let tree = Tree::new(project, &program, options.shard)?;
    tree.require_green(project)?;
    let known = known(project)?;
    for module in options.choose(&all)? {
        let stamp = stamp(tree.sources(), module)?;
        // What is asked for by name is made again, whatever the report says; and what survived here is tried again.
        let is_here = stamp.is_on(&folder(project, module), &[RESULTS]);
        let is_known = options.modules.is_empty() && holds(&known, module, &stamp).is_some();
        if is_here || !is_known {
            try_module(project, &tree, module, &stamp)?;
        }
    }
    finish(project, &all)
}

/// What the committed report says.
fn known(project: &Project) -> Result<Vec<Row>, TaskError> {
    let path = project.path(REPORT);
    let text = std::fs::read_to_string(&path).map_err(TaskError::io("read", &path))?;
    Ok(report::rows(&text))
}

/// What is known about `module` as it is.
fn holds<'a>(known: &'a [Row], module: &str, stamp: &Stamp) -> Option<&'a Row> {
    let mut rows = known.iter();
    rows.find(|row| row.module == module && row.source == stamp.as_str())
}

/// All modules with something that can be changed.
fn modules(project: &Project, program: &Path) -> Result<Vec<String>, TaskError> {
    let mut command = Command::new(program);
    command.current_dir(project.root());
    let list = process::read(
        command
            .args(["mutants", "--no-config", "--list"])
            .args(["--package", tree::PACKAGE]),
    )?;
    let names = list.lines().filter_map(outcome::module);
    let modules: BTreeSet<String> = names.map(str::to_owned).collect();
    Ok(modules.into_iter().collect())
}

fn folder(project: &Project, module: &str) -> PathBuf {
    project.state("mutants/results").join(module)
}

/// The stamp of a module in the checkout, or the copy, at `root`.
fn stamp(root: &Path, module: &str) -> Result<Stamp, TaskError> {
    Stamp::of(root, &[&format!("{SOURCES}/{module}")])
}

/// First the quick examples, which notice most changes in a moment; for the rest all examples; and for
/// the rest of that all tests of core and those of wire, with the corpus.
fn try_module(
    project: &Project,
    tree: &Tree<'_>,
    module: &str,
    stamp: &Stamp,
) -> Result<(), TaskError> {
    let folder = folder(project, module);
    let file = format!("{SOURCES}/{module}");
    if !stamp.is_on(&folder, &[RESULTS]) {
        Stamp::take_from(&folder)?;
        std::fs::create_dir_all(&folder).map_err(TaskError::io("create", &folder))?;
        let mutants = tree.try_all(&file)?;
        write(&folder, &mutants)?;
        stamp.put(&folder)?;
    }
    let mut mutants = read(&folder)?;
    for tests in [Tests::Examples, Tests::All] {
        let missed = mutants.iter().filter(|mutant| mutant.fate == Fate::Missed);
        let missed: Vec<&str> = missed.map(|mutant| mutant.name.as_str()).collect();
        if missed.is_empty() {
            return Ok(());
        }
        for again in tree.try_some(&file, &missed, tests)? {
            let known = mutants.iter_mut().find(|known| known.name == again.name);
            if let Some(known) = known {
                *known = again;
            }
        }
        write(&folder, &mutants)?;
    }
    Ok(())
}

fn read(folder: &Path) -> Result<Vec<Mutant>, TaskError> {
    let path = folder.join(RESULTS);
    let text = std::fs::read_to_string(&path).map_err(TaskError::io("read", &path))?;
    Ok(text.lines().filter_map(Mutant::from_line).collect())
}

fn write(folder: &Path, mutants: &[Mutant]) -> Result<(), TaskError> {
    let path = folder.join(RESULTS);
    let lines: String = mutants.iter().map(Mutant::line).collect();
    std::fs::write(&path, lines).map_err(TaskError::io("write", &path))
}

/// Writes the report, from the results here and what the last report says of the others, and says which
/// survivors nobody has explained.
fn finish(project: &Project, all: &[String]) -> Result<ExitCode, TaskError> {
    let known = known(project)?;
    let mut rows = Vec::new();
    let mut missing = Vec::new();
    for module in all {
        let folder = folder(project, module);
        let stamp = stamp(project.root(), module)?;
        if stamp.is_on(&folder, &[RESULTS]) {
            rows.push(Row::new(module, stamp.as_str(), &read(&folder)?));
        } else if let Some(row) = holds(&known, module, &stamp) {
            rows.push(row.clone());
        } else {
            missing.push(module.as_str());
        }
    }

    let path = project.path(REPORT);
    let text = report::report(&rows, &SURVIVORS, &missing);
    std::fs::write(&path, text).map_err(TaskError::io("write", &path))?;
    println!("wrote {REPORT}");
    for module in &missing {
        println!("still to be run: {module}");
    }
    let complaints = report::complaints(&rows, &SURVIVORS, &missing);
    for complaint in &complaints {
        println!("{complaint}");
    }
    Ok(if complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_about_all_modules_a_part_or_some() {
        let all = ["a.rs", "b.rs", "c/d.rs"].map(str::to_owned);
        #[track_caller]
        fn check(args: &[&str], all: &[String], expected: &[&str]) {
            let options = Options::parse(args).unwrap();
            assert_eq!(options.choose(all).unwrap(), expected, "{args:?}");
        }
        check(&[], &all, &["a.rs", "b.rs", "c/d.rs"]);
        check(&["--shard", "0/2"], &all, &["a.rs", "c/d.rs"]);
        check(&["--shard", "1/2"], &all, &["b.rs"]);
        check(
            &["--in", "c/d.rs", "--in", "a.rs"],
            &all,
            &["a.rs", "c/d.rs"],
        );
        let unknown = Options::parse(&["--in", "d.rs"]).unwrap();
        assert!(unknown.choose(&all).is_err());
    }

    #[test]
    fn other_arguments_are_refused() {
        for wrong in [
            &["--shard", "4/4"][..],
            &["--shard", "1"],
            &["--shard", "a/2"],
            &["--shard"],
            &["--on", "a.rs"],
            &["a.rs"],
        ] {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
