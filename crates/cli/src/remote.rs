//! A deployment over HTTP. What proves who asks comes from the environment or a file, never from the command line, which everybody on the machine can read.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use lockstep_wire::ProblemText;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

use crate::arguments::Remote;
use crate::error::CommandError;
use crate::file;
use crate::output::printable;

/// The variable that holds a token, where no file is named.
const TOKEN: &str = "LOCKSTEP_TOKEN";
/// Longest token that a deployment takes, in bytes.
const TOKEN_BYTES_MAX: usize = 8_192;
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longest answer, in bytes: an exported organization has 50,000 rows.
const ANSWER_BYTES_MAX: u64 = 64_000_000;
/// How often a request is sent that may be sent again.
const TRIES_MAX: u32 = 3;

/// A deployment, and who asks it.
pub(crate) struct Deployment {
    agent: Agent,
    origin: String,
    bearer: String,
}

impl Deployment {
    /// The deployment at an address, with what proves who asks.
    ///
    /// # Errors
    /// When the address is none that a token may be sent to, or there is no token.
    pub(crate) fn of(remote: &Remote) -> Result<Self, CommandError> {
        let (origin, is_here) = origin(&remote.url)?;
        let token = token(remote.token_file.as_deref())?;
        let agent = Agent::config_builder()
            .https_only(!is_here)
            // A token goes where it was meant for.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .user_agent(concat!("lockstep/", env!("CARGO_PKG_VERSION")));
        // Nobody stands between this machine and itself.
        let agent = if is_here { agent.proxy(None) } else { agent };
        Ok(Self {
            agent: agent.build().into(),
            origin,
            bearer: format!("Bearer {token}"),
        })
    }

    /// Where a path of the deployment is.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What a GET answers.
    ///
    /// # Errors
    /// When there is no answer, or a refusal.
    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>, CommandError> {
        let url = self.address(path);
        let send = || {
            let get = self.agent.get(&url).header("authorization", &self.bearer);
            get.call()
        };
        self.answer(send)
    }

    /// What a POST of JSON answers. It is done once, however often it has to be sent, by this key.
    /// A deployment that does not know the token says so before all of it is sent.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn post(&self, path: &str, body: &[u8], key: &str) -> Result<Vec<u8>, CommandError> {
        let url = self.address(path);
        let send = || {
            let post = self.agent.post(&url).header("authorization", &self.bearer);
            let post = post.header("idempotency-key", key);
            let post = post.header("expect", "100-continue");
            post.header("content-type", "application/json").send(body)
        };
        self.answer(send)
    }

    /// Sends until there is an answer that says something.
    fn answer(
        &self,
        send: impl Fn() -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Vec<u8>, CommandError> {
        let mut tried = 1;
        loop {
            let answer = read(send());
            if tried < TRIES_MAX && matches!(answer, Err(Failure::ForNow(_))) {
                std::thread::sleep(Duration::from_secs(tried.into()));
                tried = tried.saturating_add(1);
                continue;
            }
            return answer.map_err(|failure| {
                CommandError::Remote(format!("{}: {}", self.origin, failure.what()))
            });
        }
    }
}

/// Why there is no answer.
enum Failure {
    /// There may be one later.
    ForNow(String),
    /// It is a refusal.
    ForGood(String),
}

impl Failure {
    fn what(&self) -> &str {
        match self {
            Self::ForNow(what) | Self::ForGood(what) => what,
        }
    }
}

fn read(sent: Result<Response<Body>, ureq::Error>) -> Result<Vec<u8>, Failure> {
    let mut response = sent.map_err(|error| Failure::ForNow(error.to_string()))?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    let body = body.read_to_vec();
    let body = body.map_err(|error| Failure::ForNow(error.to_string()))?;
    match status {
        200..=299 => Ok(body),
        502..=504 => Err(Failure::ForNow(refusal(status, &body))),
        _ => Err(Failure::ForGood(refusal(status, &body))),
    }
}

/// A refusal on one line, whatever was answered.
fn refusal(status: u16, body: &[u8]) -> String {
    let Ok(problem) = serde_json::from_slice::<ProblemText>(body) else {
        return format!("answered {status}");
    };
    let place = problem.at.map(|at| format!(" (at {at})"));
    let text = format!(
        "{}: {}{}",
        problem.code,
        problem.detail,
        place.unwrap_or_default()
    );
    printable(&text)
}

/// The origin at an address, and whether it is this machine's own.
fn origin(url: &str) -> Result<(String, bool), CommandError> {
    let wrong = |what: &str| Err(CommandError::Remote(format!("{}: {what}", printable(url))));
    let Ok(uri) = url.parse::<Uri>() else {
        return wrong("this is no address");
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return wrong("an address begins with https://");
    };
    let path_and_query = uri.path_and_query().map_or("/", |path| path.as_str());
    if path_and_query != "/" || authority.as_str().contains('@') {
        return wrong("an address has a host and nothing behind it");
    }
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match scheme {
        "https" => Ok((format!("https://{authority}"), is_here)),
        "http" if is_here => Ok((format!("http://{authority}"), true)),
        _ => wrong("a token is sent by https, and by http to this machine only"),
    }
}

fn token(path: Option<&Path>) -> Result<String, CommandError> {
    let text = match path {
        Some(path) => file::read(path, "a token", TOKEN_BYTES_MAX)?,
        None => std::env::var(TOKEN).map_err(|_| {
            CommandError::Remote(format!("name a token: `--token-file`, or {TOKEN}"))
        })?,
    };
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(CommandError::Remote("this is no token".to_owned()));
    }
    Ok(token.to_owned())
}
