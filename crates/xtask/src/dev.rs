//! `cargo xtask dev`: builds everything, starts the Worker on this machine, seeds the demo
//! organization and stays until Ctrl-C.

mod worker;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::build;
use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use worker::Worker;

/// Who signs in to the demo organization.
const ADMIN: &str = "admin@example.com";
const PORT_DEFAULT: u16 = 8787;
/// How many ports after the default are tried when the person named none.
const PORTS_TRIED: u16 = 20;
const POLL: Duration = Duration::from_millis(200);

/// What the person asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    port: Option<u16>,
    policy: Option<String>,
    reset: bool,
    /// Where the data lies; target/dev by default.
    state: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(args: &[&str]) -> Result<Self, TaskError> {
        let mut options = Self::default();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let mut value = || {
                rest.next()
                    .copied()
                    .ok_or_else(|| TaskError::sentence(format!("{arg} needs a value")))
            };
            match *arg {
                "--port" => {
                    let text = value()?;
                    let port = text.parse().map_err(|_| {
                        TaskError::sentence(format!("`{text}` is not a port (1 to 65535)"))
                    })?;
                    options.port = Some(port);
                }
                "--policy" => options.policy = Some(value()?.to_owned()),
                "--state" => options.state = Some(PathBuf::from(value()?)),
                "--reset" => options.reset = true,
                other => {
                    return Err(TaskError::sentence(format!(
                        "dev knows --port, --policy, --state and --reset, not `{other}`"
                    )));
                }
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<(), TaskError> {
    let policy = options.policy.as_deref().unwrap_or("lockstep");
    check_policy(project, policy)?;
    build::run(project, &build::ALL)?;

    let state = options
        .state
        .clone()
        .unwrap_or_else(|| project.state("dev"));
    if options.reset && state.exists() {
        std::fs::remove_dir_all(&state).map_err(TaskError::io("delete", &state))?;
    }
    // Caught from here on, so that the Worker is always stopped before we are.
    let interrupted = interruptions()?;
    let port = free_port(options.port)?;
    let mut worker = Worker::start(project, &state, port, policy)?;
    if worker
        .when_ready(&interrupted, || seed(project, &state, port))?
        .is_some()
    {
        print!("{}", welcome(port, policy));
        wait(&mut worker, &interrupted)?;
    }
    eprintln!("\nstopping the Worker");
    worker.stop()
}

fn check_policy(project: &Project, policy: &str) -> Result<(), TaskError> {
    let known = policies(project)?;
    if known.iter().any(|id| id == policy) {
        return Ok(());
    }
    Err(TaskError::sentence(format!(
        "there is no policy `{policy}`: policies/ holds {}",
        known.join(", ")
    )))
}

/// The ids of the shipped policies, in alphabetical order.
pub(crate) fn policies(project: &Project) -> Result<Vec<String>, TaskError> {
    let folder = project.path("policies");
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(TaskError::io("read", &folder))? {
        let path = entry.map_err(TaskError::io("read", &folder))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            ids.extend(
                path.file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned()),
            );
        }
    }
    ids.sort();
    Ok(ids)
}

fn interruptions() -> Result<Receiver<()>, TaskError> {
    let (sender, receiver) = channel();
    ctrlc::set_handler(move || {
        // The receiver is gone only when we are leaving anyway.
        let _ = sender.send(());
    })
    .map_err(|error| TaskError::sentence(format!("could not listen for Ctrl-C: {error}")))?;
    Ok(receiver)
}

/// The named port, or the first free one from the default on.
fn free_port(named: Option<u16>) -> Result<u16, TaskError> {
    let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    match named {
        Some(port) if free(port) => Ok(port),
        Some(port) => Err(TaskError::sentence(format!(
            "port {port} is in use: stop what uses it or name another with --port"
        ))),
        None => (PORT_DEFAULT..PORT_DEFAULT + PORTS_TRIED)
            .find(|port| free(*port))
            .ok_or_else(|| {
                TaskError::sentence("no port is free from 8787 on: name one with --port")
            }),
    }
}

/// Waits until the Worker is healthy and, once for every state folder, makes the demo organization.
fn seed(project: &Project, state: &Path, port: u16) -> Result<(), TaskError> {
    let made = state.join("demo");
    let mut command = project.node("crates/xtask/js/seed.mjs");
    command.arg(format!("http://localhost:{port}")).arg(ADMIN);
    if made.exists() {
        return process::run(&mut command);
    }
    process::run(command.arg("demo"))?;
    std::fs::write(&made, ADMIN).map_err(TaskError::io("write", &made))
}

fn welcome(port: u16, policy: &str) -> String {
    format!(
        "\n\
         Lockstep runs at  http://localhost:{port}   (policy {policy})\n\
         \n\
         Sign in as        {ADMIN}   (or as anybody: every address gets its mail here)\n\
         The code comes to http://localhost:{port}/dev/mailbox\n\
         \n\
         Ctrl-C stops it; what you made stays. `cargo xtask dev --reset` starts from nothing.\n"
    )
}

fn wait(worker: &mut Worker, interrupted: &Receiver<()>) -> Result<(), TaskError> {
    loop {
        match interrupted.recv_timeout(POLL) {
            Err(RecvTimeoutError::Timeout) => worker.check_alive()?,
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let args = [
            "--port", "9000", "--policy", "opik", "--reset", "--state", "a",
        ];
        let options = Options::parse(&args).unwrap();
        let expected = Options {
            port: Some(9000),
            policy: Some("opik".to_owned()),
            reset: true,
            state: Some(PathBuf::from("a")),
        };
        assert_eq!(options, expected);
        assert_eq!(Options::parse(&[]).unwrap(), Options::default());
    }

    #[test]
    fn wrong_options_are_refused_with_a_sentence() {
        let message = |args: &[&str]| Options::parse(args).unwrap_err().to_string();
        assert!(message(&["--port"]).contains("needs a value"));
        assert!(message(&["--port", "70000"]).contains("is not a port"));
        assert!(message(&["--prot", "1"]).contains("not `--prot`"));
    }

    #[test]
    fn a_taken_port_is_named() {
        let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(
            free_port(Some(port))
                .unwrap_err()
                .to_string()
                .contains("is in use")
        );
    }
}
