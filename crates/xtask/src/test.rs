//! `cargo xtask test`: everything that must hold, in one run, with one line of numbers at the end.

mod ahead;
mod steps;
mod tally;

use std::process::ExitCode;

use crate::build;
use crate::clock::Stopwatch;
use crate::error::TaskError;
use crate::project::Project;
use crate::setup;
use ahead::Ahead;
pub(crate) use steps::NODE_SUITES;
use steps::Step;
pub(crate) use tally::Tally;

/// Where the outside test data lies; suites that need it are left out without it.
pub(crate) const VECTORS: &str = "LOCKSTEP_VECTORS";

/// Which steps a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent<'a> {
    /// Every step.
    Full,
    /// The step of this name.
    Only(&'a str),
    /// The steps that need no build of the product and no workerd.
    Quick,
}

impl<'a> Extent<'a> {
    pub(crate) fn parse(args: &[&'a str]) -> Result<Self, TaskError> {
        match args {
            [] => Ok(Self::Full),
            ["--only", name] => Ok(Self::Only(name)),
            _ => Err(TaskError::sentence("test knows only `--only STEP`")),
        }
    }

    fn steps(self) -> Result<Vec<&'static Step>, TaskError> {
        let chosen: Vec<&Step> = steps::ALL
            .iter()
            .filter(|step| match self {
                Self::Full => true,
                Self::Only(name) => step.name == name,
                Self::Quick => !step.built,
            })
            .collect();
        if chosen.is_empty() {
            let names: Vec<&str> = steps::ALL.iter().map(|step| step.name).collect();
            return Err(TaskError::sentence(format!(
                "the steps are {}",
                names.join(", ")
            )));
        }
        Ok(chosen)
    }
}

pub(crate) fn run(project: &Project, extent: Extent<'_>) -> Result<ExitCode, TaskError> {
    let chosen = extent.steps()?;
    let tools = setup::run(project)?;
    let mut total = Tally::default();
    let mut failed = Vec::new();
    // A product that does not build fails every step that needs it, once and by name.
    let mut product: Option<Result<(), String>> = None;
    let watch = Stopwatch::start();
    let mut ahead = match extent {
        Extent::Full => Some(Ahead::start(project)?),
        Extent::Only(_) | Extent::Quick => None,
    };

    for (index, step) in chosen.iter().enumerate() {
        let place = format!("[{:>2}/{}] {}", index + 1, chosen.len(), step.name);
        println!("{place}: {}", step.what);
        let watch = Stopwatch::start();
        let built = if step.built {
            product
                .get_or_insert_with(|| {
                    let ready = ahead.take().map_or(Ok(()), Ahead::finish);
                    let built = ready.and_then(|()| build::run(project, &build::ALL));
                    built.map_err(|error| error.to_string())
                })
                .clone()
                .map_err(|error| TaskError::sentence(format!("not run: {error}")))
        } else {
            Ok(())
        };
        let tally = built
            .and_then(|()| (step.run)(project, &tools))
            .unwrap_or_else(|error| {
                eprintln!("{error}");
                Tally {
                    passed: 0,
                    failed: 1,
                }
            });
        let word = if tally.failed == 0 { "ok" } else { "FAILED" };
        println!("{place}: {word}, {tally} ({})\n", watch.text());
        if tally.failed != 0 {
            failed.push(step.name);
        }
        total.add(tally);
    }

    println!("took {}", watch.text());
    report_left_out(project)?;
    for name in &failed {
        println!("failed: {name} (alone: cargo xtask test --only {name})");
    }
    println!("{total}");
    Ok(total.exit_code())
}

/// Names the suites that need outside data when there is none, and how to get it.
fn report_left_out(project: &Project) -> Result<(), TaskError> {
    if std::env::var_os(VECTORS).is_some() {
        return Ok(());
    }
    let suites = steps::suites_that_need(project, VECTORS)?;
    if !suites.is_empty() {
        println!(
            "left out, because {VECTORS} names no folder with the outside test data \
             (.ci/run does it): {}",
            suites.join(", ")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_chosen_by_name() {
        let only = Extent::parse(&["--only", "tidy"]).unwrap().steps().unwrap();
        assert_eq!(
            only.iter().map(|step| step.name).collect::<Vec<_>>(),
            ["tidy"]
        );
        let unknown = Extent::parse(&["--only", "tide"])
            .unwrap()
            .steps()
            .unwrap_err();
        assert!(unknown.to_string().starts_with("the steps are format, "));
        assert!(Extent::parse(&["--fast"]).is_err());
    }

    #[test]
    fn the_quick_part_builds_nothing_and_the_full_run_leaves_nothing_out() {
        let quick = Extent::Quick.steps().unwrap();
        assert!(quick.iter().all(|step| !step.built));
        assert_eq!(Extent::Full.steps().unwrap().len(), steps::ALL.len());
    }
}
