//! Builds, tests and measures Lockstep: `cargo xtask` lists the tasks.
//!
//! Not part of the product: nothing here runs in a browser, at the edge or on a customer's machine.

mod bench;
mod bless;
mod build;
mod clock;
mod conformance;
mod dev;
mod error;
mod fuzz;
mod instructions;
mod mutants;
mod process;
mod project;
mod setup;
mod size;
mod soak;
mod stamp;
mod test;
mod threats;
mod tidy;
mod wasm;

use std::process::ExitCode;

use crate::error::TaskError;
use crate::project::Project;
use crate::test::{Extent, Tally};

const USAGE: &str = "\
usage: cargo xtask TASK

  dev [--port N] [--policy ID] [--state FOLDER] [--reset]
                     build everything, start the Worker here and say how to sign in;
                     --reset forgets what an earlier run made
  test [--only STEP] everything that must hold, with one line of numbers at the end
  check              the part of test that needs no build of the product
  build [gate] [edge] [console]
                     build the parts that are older than their sources (all without a name)
  fuzz [TARGET] [--seconds N]
                     coverage-guided fuzzing of every reader, ten seconds each
  conformance        the vectors of others (LOCKSTEP_VECTORS) through the crate and the running Worker
  soak [PART…] [--one-in N]
                     fuzzing, races, faults and the comparison with the model, for long
  mutants [--shard K/N] [--in MODULE]
                     every change that no test of core notices; K counts from 0, and
                     MODULE is a path from crates/core/src
  threats [ROW…]     every defence of docs/threats.md switched off once, with its test
  bench [--curve]    speed, size and memory against the peers, and the curve in docs/
  bench --directory  changes of the directory beside empty transactions, its lists and roles by size
  bench --edge       CPU time of the running Worker against one written by hand
  bench --profile    where the running Worker's CPU time goes
  bless [--check]    write (or compare) the committed files that programs generate
  size               what a page and Cloudflare have to load
  tidy               the rules of this repository
  setup [--browser]  install what is missing; every task does this by itself
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match dispatch(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[&str]) -> Result<ExitCode, TaskError> {
    let done = |()| ExitCode::SUCCESS;
    match args {
        ["setup", rest @ ..] => setup_all(rest).map(done),
        ["build", rest @ ..] => build::run(&Project::find()?, &build::parts(rest)?).map(done),
        ["dev", rest @ ..] => dev::run(&Project::find()?, &dev::Options::parse(rest)?).map(done),
        ["test", rest @ ..] => test::run(&Project::find()?, Extent::parse(rest)?),
        ["check"] => test::run(&Project::find()?, Extent::Quick),
        ["fuzz", rest @ ..] => {
            fuzz::run(&Project::find()?, &fuzz::Options::parse(rest)?).map(Tally::exit_code)
        }
        ["conformance"] => conformance::run(&Project::find()?).map(Tally::exit_code),
        ["soak", rest @ ..] => {
            soak::run(&Project::find()?, &soak::Options::parse(rest)?).map(Tally::exit_code)
        }
        ["mutants", rest @ ..] => mutants::run(&Project::find()?, rest),
        ["threats", rest @ ..] => threats::run(&Project::find()?, rest).map(Tally::exit_code),
        ["bench", rest @ ..] => bench::run(&Project::find()?, rest).map(done),
        ["bless", rest @ ..] => bless::run(&Project::find()?, rest),
        ["size"] => size::run(&Project::find()?).map(done),
        ["tidy"] => tidy_alone(&Project::find()?),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        [] => Err(TaskError::sentence(format!("no task is named\n{USAGE}"))),
        [other, ..] => Err(TaskError::sentence(format!(
            "there is no task `{other}`\n{USAGE}"
        ))),
    }
}

fn setup_all(args: &[&str]) -> Result<(), TaskError> {
    setup::run(&Project::find()?)?;
    match args {
        [] => Ok(()),
        ["--browser"] => setup::browser::find_or_install().map(|_| ()),
        _ => Err(TaskError::sentence(format!(
            "setup knows only --browser\n{USAGE}"
        ))),
    }
}

fn tidy_alone(project: &Project) -> Result<ExitCode, TaskError> {
    let tally = tidy::run(project)?;
    println!("{tally}");
    Ok(tally.exit_code())
}
