//! What the Worker and its objects work with: configuration and the outside world, each behind a small trait.
//!
//! Production builds these in `platform`; native tests build them from doubles; the running local edge may wrap some of them in faulty doubles (development only).

use std::{
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
};

use futures_util::future::{Either, select};

use crate::{
    authenticate::{self, VerifiedTokens},
    config::Config,
    freshness, issuers,
    mail::Post,
    objects::Objects,
    problem::ApiError,
    published,
    signatures::Signatures,
};

/// A future that stays on its thread, as everything in an isolate does.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Everything a route or an object's delivery may touch.
#[derive(Clone)]
pub struct Edge {
    /// The deployment's configuration.
    pub config: Rc<Config>,
    /// The time.
    pub clock: Rc<dyn Clock>,
    /// Randomness.
    pub random: Rc<dyn Random>,
    /// The Durable Objects.
    pub objects: Rc<dyn Objects>,
    /// Workers KV.
    pub kv: Rc<dyn Kv>,
    /// Where mail goes.
    pub post: Rc<dyn Post>,
    /// The limit per client that stands before every object.
    pub clients: Rc<dyn Clients>,
    /// Signature arithmetic for JWTs.
    pub signatures: Rc<dyn Signatures>,
    /// What is fetched from elsewhere.
    pub upstream: Rc<dyn Upstream>,
    /// Work that goes on after the answer.
    pub background: Rc<dyn Background>,
    /// What this isolate knows of principals.
    pub grants: Rc<freshness::Cache>,
    /// What this isolate knows of organizations' own issuers.
    pub issuers: Rc<issuers::Cache>,
    /// What this isolate knows of published keys.
    pub published: Rc<published::Cache>,
    /// The JWTs that this isolate has verified.
    pub verified: Rc<VerifiedTokens>,
    /// What this isolate knows of credentials.
    pub credentials: Rc<authenticate::Cache>,
}

impl Edge {
    /// Forgets what objects have said when the clock was set back since: how long ago that was, nobody knows.
    pub fn look_at_clock(&self) {
        let now_ms = self.clock.now_ms();
        if self.grants.is_set_back(now_ms) {
            self.grants.forget();
            self.issuers.forget_all();
            self.credentials.forget_all();
            self.published.doubt_all(now_ms);
        }
    }

    /// Since when an answer counts that was asked for at `asked_at_ms` and is here now: since long ago, when the clock was set back meanwhile.
    #[must_use]
    pub fn since(&self, asked_at_ms: i64) -> i64 {
        if asked_at_ms > self.clock.now_ms() {
            return 0;
        }
        asked_at_ms
    }
}

/// The time, as an argument.
pub trait Clock {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> i64;

    /// Ends after `duration_ms` milliseconds.
    fn sleep(&self, duration_ms: u64) -> Later<'static, ()>;
}

impl dyn Clock + '_ {
    /// What `future` gives, or `None` when it takes longer than `limit_ms` milliseconds.
    pub async fn within<T>(&self, limit_ms: u64, future: impl Future<Output = T>) -> Option<T> {
        match select(pin!(future), self.sleep(limit_ms)).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        }
    }
}

/// Work that goes on after the answer was sent.
pub trait Background {
    /// Runs `work` to its end, if the isolate lives that long; nothing may depend on it.
    fn spawn(&self, work: Later<'static, ()>);
}

/// Cryptographic randomness, as an argument.
pub trait Random {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// When the platform gives none, which is a fault.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ApiError>;
}

impl dyn Random + '_ {
    /// A fresh array of random bytes.
    ///
    /// # Errors
    /// When the platform gives none, which is a fault.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], ApiError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }
}

/// Workers KV: bytes by key, eventually consistent (60 s or more).
pub trait Kv {
    /// The value of a key, if there is one.
    fn get<'a>(&'a self, key: &'a str) -> Later<'a, Result<Option<String>, KvError>>;

    /// Sets the value of a key; at most one put a second for each key.
    fn put<'a>(&'a self, key: &'a str, value: &'a str) -> Later<'a, Result<(), KvError>>;

    /// The keys that begin with `prefix`, in their order: at most `limit` of them, which come after the page that said `after`.
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u32,
    ) -> Later<'a, Result<KvKeys, KvError>>;
}

/// A page of a list of keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KvKeys {
    /// The keys.
    pub keys: Vec<String>,
    /// What [`Kv::list`] takes for the page after this one, in KV's own words; absent on the last.
    pub next: Option<String>,
}

/// KV has not done it; the text is for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KvError {
    /// It refused, or was not asked.
    Failed(String),
    /// It did not answer: what was asked may be done yet.
    Late(String),
}

/// Other services: documents that they publish, and what they are told.
pub trait Upstream {
    /// The body that `url` answers with status 200 to who takes `accept`; longer than `bytes_max` is an error, as is a redirect.
    fn get<'a>(
        &'a self,
        url: &'a str,
        accept: &'static str,
        bytes_max: usize,
    ) -> Later<'a, Result<Vec<u8>, UpstreamError>>;

    /// Sends `outgoing`. Any status is an answer, a redirect's included, which is not followed; its body is not read.
    fn post<'a>(
        &'a self,
        outgoing: &'a Outgoing,
    ) -> Later<'a, Result<Acknowledgement, UpstreamError>>;
}

/// A POST of JSON to another service.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Where it goes.
    pub url: String,
    /// Headers beside `content-type`, by their names in lower case. They may hold secrets, so none of this is printed.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON.
    pub body: String,
}

/// What another service said to a POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The status.
    pub status: u16,
    /// `Retry-After`, where it is a number of seconds.
    pub retry_after_s: Option<u32>,
}

impl Acknowledgement {
    /// Whether it was taken.
    #[must_use]
    pub const fn is_yes(self) -> bool {
        matches!(self.status, 200..=299)
    }
}

/// Nothing usable was answered; the text is for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamError(pub String);

/// Counts requests of one client before any object is called.
pub trait Clients {
    /// Whether `client` may do one more `action` now.
    fn allow<'a>(&'a self, action: &'a str, client: &'a str) -> Later<'a, bool>;
}
