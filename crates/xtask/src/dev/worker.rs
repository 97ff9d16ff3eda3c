//! wrangler as a child: its settings, its end.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::error::TaskError;
use crate::process;
use crate::project::Project;

/// How long a first start may take on a slow machine.
const START_LIMIT: Duration = Duration::from_secs(90);
/// How long the Worker may take to stop before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(100);

/// A local Worker: wrangler, and workerd below it, in a process group of their own.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Worker {
    /// Starts wrangler on the committed wrangler.toml; `state` keeps everything it writes.
    pub(super) fn start(
        project: &Project,
        state: &Path,
        port: u16,
        policy: &str,
    ) -> Result<Self, TaskError> {
        std::fs::create_dir_all(state).map_err(TaskError::io("create", state))?;
        let vars = state.join("vars");
        let keys = [signing_keys(state)?, settings_keys(state)?];
        let text = variables(
            port,
            policy,
            &id_key(state)?,
            keys.each_ref().map(String::as_str),
        );
        std::fs::write(&vars, text).map_err(TaskError::io("write", &vars))?;
        let mut command = project.node("node_modules/wrangler/bin/wrangler.js");
        command
            .args(["dev", "--local", "--ip", "127.0.0.1", "--log-level", "warn"])
            .args(["--show-interactive-dev-session=false", "--port"])
            .arg(port.to_string())
            .arg("--persist-to")
            .arg(state.join("store"))
            .arg("--env-file")
            .arg(&vars)
            .stdin(Stdio::null());
        offline(&mut command, state);
        own_group(&mut command);
        let child = command
            .spawn()
            .map_err(|source| process::not_started(&command, source))?;
        Ok(Self {
            child,
            port,
            log: state.join("logs"),
        })
    }

    /// Waits for the first connection and runs `then`. `None`: the person pressed Ctrl-C meanwhile.
    pub(super) fn when_ready<T>(
        &mut self,
        interrupted: &Receiver<()>,
        then: impl FnOnce() -> Result<T, TaskError>,
    ) -> Result<Option<T>, TaskError> {
        let watch = Stopwatch::start();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            self.check_alive()?;
            if !matches!(interrupted.try_recv(), Err(TryRecvError::Empty)) {
                return Ok(None);
            }
            if watch.elapsed() > START_LIMIT {
                self.stop()?;
                return Err(TaskError::sentence(format!(
                    "the Worker did not start within {} s; wrangler's log is in {}",
                    START_LIMIT.as_secs(),
                    self.log.display()
                )));
            }
            thread::sleep(POLL);
        }
        match then() {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                self.stop()?;
                Err(error)
            }
        }
    }

    /// An error when wrangler ended by itself.
    pub(super) fn check_alive(&mut self) -> Result<(), TaskError> {
        let ended = self
            .child
            .try_wait()
            .map_err(|source| self.waiting(source))?;
        match ended {
            None => Ok(()),
            Some(status) => Err(TaskError::sentence(format!(
                "wrangler ended ({status}); its log is in {}",
                self.log.display()
            ))),
        }
    }

    /// Asks the whole group to stop, and kills it when it does not.
    pub(super) fn stop(&mut self) -> Result<(), TaskError> {
        let watch = Stopwatch::start();
        signal(&mut self.child, "TERM");
        while watch.elapsed() < STOP_LIMIT {
            if self
                .child
                .try_wait()
                .map_err(|source| self.waiting(source))?
                .is_some()
            {
                return Ok(());
            }
            thread::sleep(POLL);
        }
        signal(&mut self.child, "KILL");
        self.child
            .wait()
            .map(|_| ())
            .map_err(|source| self.waiting(source))
    }

    fn waiting(&self, source: std::io::Error) -> TaskError {
        TaskError::Io {
            doing: format!("wait for wrangler (process {})", self.child.id()),
            source,
        }
    }
}

/// The values that production sets by hand. The file stays in the state folder, never in git.
fn variables(
    port: u16,
    policy: &str,
    id_key: &str,
    [signing_keys, settings_keys]: [&str; 2],
) -> String {
    format!(
        "LOCKSTEP_ORIGIN=http://localhost:{port}\n\
         LOCKSTEP_POLICY={policy}\n\
         LOCKSTEP_DEVELOPMENT=true\n\
         LOCKSTEP_ID_KEY={id_key}\n\
         LOCKSTEP_SIGNING_KEYS='{signing_keys}'\n\
         LOCKSTEP_SETTINGS_KEYS='{settings_keys}'\n\
         LOCKSTEP_EXCHANGE_AUDIENCES='[\"https://service.example\"]'\n"
    )
}

/// The key of this clone's ids: made once, because the stored ids must stay valid.
fn id_key(state: &Path) -> Result<String, TaskError> {
    let script = "process.stdout.write(crypto.randomBytes(32).toString('base64url'))";
    made_once(state, "id-key", script)
}

/// The key that signs tokens in exchange: made once, so that what was fetched of its public half stays true.
fn signing_keys(state: &Path) -> Result<String, TaskError> {
    let script = "const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
        const key = { ...privateKey.export({ format: 'jwk' }), kid: 'dev' };
        process.stdout.write(JSON.stringify({ keys: [key] }))";
    made_once(state, "signing-keys", script)
}

/// The key that secrets of settings are sealed with: made once, because what it sealed must stay readable.
fn settings_keys(state: &Path) -> Result<String, TaskError> {
    let script = "const k = crypto.randomBytes(32).toString('base64url');
        process.stdout.write(JSON.stringify({ keys: [{ kty: 'oct', kid: 'dev', k }] }))";
    made_once(state, "settings-keys", script)
}

/// A secret of this clone, which stays in its state folder.
fn made_once(state: &Path, name: &str, script: &str) -> Result<String, TaskError> {
    let path = state.join(name);
    if let Ok(key) = std::fs::read_to_string(&path) {
        return Ok(key);
    }
    // node has a random source on every platform; std has none.
    let key = process::read(Command::new("node").args(["-e", script]))?;
    std::fs::write(&path, &key).map_err(TaskError::io("write", &path))?;
    Ok(key)
}

/// Nothing is sent anywhere, and nothing is written outside the state folder. HOME stays: the build
/// command in wrangler.toml needs cargo.
fn offline(command: &mut Command, state: &Path) {
    command
        .env("CI", "1")
        .env("WRANGLER_SEND_METRICS", "false")
        .env("WRANGLER_SEND_ERROR_REPORTS", "false")
        .env("WRANGLER_HIDE_BANNER", "true")
        .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
        .env("WRANGLER_LOG_PATH", state.join("logs"))
        .env("WRANGLER_REGISTRY_PATH", state.join("registry"))
        .env("XDG_CONFIG_HOME", state.join("config"));
}

/// Ctrl-C reaches a whole foreground group at once; in a group of its own, wrangler is stopped by us
/// alone, in order.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn own_group(_command: &mut Command) {}

#[cfg(unix)]
fn signal(child: &mut Child, name: &str) {
    let script = format!("kill -s {name} -- -{}", child.id());
    // A group that is gone already is what we want.
    let _ = process::probe(Command::new("sh").args(["-c", &script]));
}

#[cfg(not(unix))]
fn signal(child: &mut Child, _name: &str) {
    let _ = child.kill();
}
