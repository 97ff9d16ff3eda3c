//! Lockstep's command line: questions about policies, answered without a server, and organizations to and from files.

mod arguments;
mod audit;
mod backup;
mod check;
mod definitions;
mod diff;
mod error;
mod evaluate;
mod file;
mod matrix;
mod output;
mod policy_file;
mod remote;
mod search;
mod test;
mod world_file;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use lockstep_wire::{PolicyView, SchemaOf};

use crate::arguments::{Arguments, Audit, Command};
use crate::diff::Compared;
use crate::error::CommandError;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    run(&arguments.command).unwrap_or_else(|error| {
        output::complain(&error.to_string());
        match (arguments.command, error) {
            // 1 says that there are differences.
            (Command::Diff { .. }, _) | (_, CommandError::Asked(_)) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    })
}

fn run(command: &Command) -> Result<ExitCode, CommandError> {
    match command {
        Command::Audit(Audit::Verify { export, head }) => {
            audit::verify(export, head.as_deref())?;
        }
        Command::Check {
            paths,
            deny_warnings,
        } => return check::run(paths, *deny_warnings),
        Command::Compile { path } => {
            output::write(&PolicyView::new(&policy_file::read(path)?).to_json())?;
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "lockstep", &mut script);
            output::write(&script)?;
        }
        Command::Diff {
            old,
            new,
            world,
            new_world,
            format,
        } => {
            let compared = Compared {
                old,
                new,
                world: world.as_deref(),
                new_world: new_world.as_deref(),
            };
            return diff::run(&compared, *format);
        }
        Command::Export {
            remote,
            organization,
            output,
        } => backup::export(remote, organization, output.as_deref())?,
        Command::Import { remote, file } => backup::import(remote, file)?,
        Command::Evaluate { world, requests } => evaluate::run(world, requests.as_deref())?,
        Command::Matrix { path, format } => {
            let policy = policy_file::read(path)?;
            output::write(matrix::print(&policy, *format)?.as_bytes())?;
        }
        Command::Schema { of } => {
            let schema = SchemaOf::from(*of).schema();
            let mut json = serde_json::to_string_pretty(&schema).map_err(CommandError::Json)?;
            json.push('\n');
            output::write(json.as_bytes())?;
        }
        Command::Search(search) => search::run(search)?,
        Command::Test {
            files,
            policy,
            junit,
        } => return test::run(files, policy.as_deref(), junit.as_deref()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Help goes to standard output with code 0, a wrong call to standard error with code 2.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().ansi().to_string();
    if error.use_stderr() {
        output::say(text.trim_end());
        return ExitCode::from(2);
    }
    match output::print(&text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
