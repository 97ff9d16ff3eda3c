//! Builds, tests and measures Lockstep: `cargo xtask` lists the tasks.
//!
//! Not part of the product: nothing here runs in a browser, at the edge or on a customer's machine.

mod build;
mod clock;
mod dev;
mod error;
mod process;
mod project;
mod setup;
mod stamp;

use std::process::ExitCode;

use crate::error::TaskError;
use crate::project::Project;

const USAGE: &str = "\
usage: cargo xtask TASK

  dev [--port N] [--policy ID] [--reset]
                     build everything, start the Worker here and say how to sign in
  build [gate] [edge] [console]
                     build the parts that are older than their sources (all without a name)
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
