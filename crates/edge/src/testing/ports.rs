//! Clock, randomness, KV and the rest, as plain values.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::Signer;
use lockstep_token::{
    jwk::SigningKey,
    native::Native,
    verify::{Question, Verifier, VerifierError},
};
use sha2::{Digest, Sha256};

use crate::{
    clients::Windows,
    edge::{
        Acknowledgement, Background, Clients, Clock, Kv, KvError, KvKeys, Later, Outgoing, Random,
        Upstream, UpstreamError,
    },
    problem::ApiError,
    signatures::Signatures,
};

/// A clock that stands still until a test moves it.
pub(crate) struct TestClock(Rc<Cell<i64>>);

impl TestClock {
    pub(super) fn new(now_ms: i64) -> Self {
        Self(Rc::new(Cell::new(now_ms)))
    }

    pub(crate) fn advance_ms(&self, by_ms: i64) {
        self.0.set(self.0.get() + by_ms);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.0.get()
    }

    /// Whoever waits moves the clock; a race asks the other future first, so only a hanging one loses.
    fn sleep(&self, duration_ms: u64) -> Later<'static, ()> {
        let clock = self.0.clone();
        Box::pin(async move { clock.set(clock.get() + i64::try_from(duration_ms).unwrap()) })
    }
}

/// Bytes that never repeat and are the same in every run.
#[derive(Default)]
pub(super) struct CountedRandom(Cell<u64>);

impl CountedRandom {
    /// Goes on where another one is.
    pub(super) fn follow(&self, other: &Self) {
        self.0.set(other.0.get());
    }
}

impl Random for CountedRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ApiError> {
        for chunk in bytes.chunks_mut(32) {
            self.0.set(self.0.get() + 1);
            let block = Sha256::digest(self.0.get().to_be_bytes());
            chunk
                .iter_mut()
                .zip(block)
                .for_each(|(byte, random)| *byte = random);
        }
        Ok(())
    }
}

/// Work that waits for [`World::run_background`].
#[derive(Default)]
pub(super) struct Postponed(RefCell<Vec<Later<'static, ()>>>);

impl Postponed {
    pub(super) fn take(&self) -> Vec<Later<'static, ()>> {
        self.0.take()
    }
}

impl Background for Postponed {
    fn spawn(&self, work: Later<'static, ()>) {
        self.0.borrow_mut().push(work);
    }
}

pub(super) struct CountedClients {
    windows: Windows,
    clock: Rc<TestClock>,
}

impl CountedClients {
    pub(super) fn new(clock: Rc<TestClock>) -> Self {
        Self {
            windows: Windows::new(),
            clock,
        }
    }
}

impl Clients for CountedClients {
    fn allow<'a>(&'a self, action: &'a str, client: &'a str) -> Later<'a, bool> {
        let is_allowed = self.windows.allow(self.clock.now_ms(), action, client, 30);
        Box::pin(std::future::ready(is_allowed))
    }
}

/// Signatures by a crate instead of WebCrypto.
pub(super) struct NativeSignatures;

impl Signatures for NativeSignatures {
    fn verify<'a>(&'a self, question: Question<'a>) -> Later<'a, Result<bool, VerifierError>> {
        Box::pin(Native.verify(question))
    }

    /// Ed25519 only: where there is WebCrypto, the tests on workerd sign with all that there is.
    fn sign<'a>(
        &'a self,
        key: &'a SigningKey,
        message: &'a [u8],
    ) -> Later<'a, Result<Vec<u8>, VerifierError>> {
        let jwk: serde_json::Value = serde_json::from_str(key.private_jwk()).unwrap();
        assert_eq!(jwk["crv"], "Ed25519");
        let private = URL_SAFE_NO_PAD.decode(jwk["d"].as_str().unwrap()).unwrap();
        let key = ed25519_dalek::SigningKey::from_bytes(&private.try_into().unwrap());
        let signature = key.sign(message).to_bytes().to_vec();
        Box::pin(std::future::ready(Ok(signature)))
    }
}

/// KV without any delay, and with a record of every put.
#[derive(Default)]
pub(crate) struct MemoryKv {
    values: RefCell<BTreeMap<String, String>>,
    pub(crate) puts: RefCell<Vec<(String, String)>>,
    pub(crate) is_down: Cell<bool>,
}

impl MemoryKv {
    /// Puts a value behind everybody's back.
    pub(crate) fn set(&self, key: &str, value: &str) {
        self.values
            .borrow_mut()
            .insert(key.to_owned(), value.to_owned());
    }

    /// Another namespace in the place of this one.
    pub(crate) fn lose_all(&self) {
        self.values.borrow_mut().clear();
    }

    fn check(&self) -> Result<(), KvError> {
        if self.is_down.get() {
            Err(KvError::Failed("down".to_owned()))
        } else {
            Ok(())
        }
    }
}

impl Kv for MemoryKv {
    fn get<'a>(&'a self, key: &'a str) -> Later<'a, Result<Option<String>, KvError>> {
        let value = self
            .check()
            .map(|()| self.values.borrow().get(key).cloned());
        Box::pin(std::future::ready(value))
    }

    fn put<'a>(&'a self, key: &'a str, value: &'a str) -> Later<'a, Result<(), KvError>> {
        let put = self.check().map(|()| {
            self.values
                .borrow_mut()
                .insert(key.to_owned(), value.to_owned());
            self.puts
                .borrow_mut()
                .push((key.to_owned(), value.to_owned()));
        });
        Box::pin(std::future::ready(put))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u32,
    ) -> Later<'a, Result<KvKeys, KvError>> {
        let listed = self.check().map(|()| {
            let values = self.values.borrow();
            let all = values.keys().filter(|key| key.starts_with(prefix));
            let rest = all.filter(|key| after.is_none_or(|after| key.as_str() > after));
            let mut keys: Vec<String> = rest.cloned().collect();
            let limit = usize::try_from(limit).unwrap();
            let is_last = keys.len() <= limit;
            keys.truncate(limit);
            let next = keys.last().cloned().filter(|_| !is_last);
            KvKeys { keys, next }
        });
        Box::pin(std::future::ready(listed))
    }
}

/// What an address answers.
#[derive(Clone, Default)]
pub(crate) enum Answers {
    /// These bytes, with 200.
    Body(Vec<u8>),
    /// These bytes, once everybody else had a turn.
    BodyLater(Vec<u8>),
    /// An error, such as another status or a redirect.
    #[default]
    Error,
    /// Nothing, ever.
    Nothing,
    /// Bytes without end.
    WithoutEnd,
}

/// The public network, with a count of what was asked of it.
#[derive(Default)]
pub(crate) struct MemoryUpstream {
    pub(crate) answers: RefCell<BTreeMap<String, Answers>>,
    pub(crate) asked: RefCell<Vec<String>>,
    /// What was sent, in order, and when.
    pub(crate) posts: RefCell<Vec<Outgoing>>,
    /// What the next POSTs are answered with; after the last one, 200.
    pub(crate) replies: RefCell<VecDeque<Replies>>,
    /// What somebody does while the next POST is under way.
    pub(crate) meanwhile: RefCell<Option<Box<dyn FnOnce()>>>,
}

/// What a POST is answered with.
#[derive(Clone, Copy)]
pub(crate) enum Replies {
    /// The connection breaks.
    Error,
    /// Nothing, ever.
    Nothing,
    /// This status, and the seconds of `Retry-After`.
    Status(u16, Option<u32>),
}

impl MemoryUpstream {
    pub(crate) fn set(&self, url: &str, answer: Answers) {
        self.answers.borrow_mut().insert(url.to_owned(), answer);
    }

    /// How often `url` was fetched.
    pub(crate) fn count(&self, url: &str) -> usize {
        self.asked.borrow().iter().filter(|one| *one == url).count()
    }
}

impl Upstream for MemoryUpstream {
    fn get<'a>(
        &'a self,
        url: &'a str,
        _: &'static str,
        bytes_max: usize,
    ) -> Later<'a, Result<Vec<u8>, UpstreamError>> {
        self.asked.borrow_mut().push(url.to_owned());
        let answer = self.answers.borrow().get(url).cloned().unwrap_or_default();
        Box::pin(async move {
            let bytes = match answer {
                Answers::Body(bytes) => bytes,
                Answers::BodyLater(bytes) => {
                    yield_once().await;
                    bytes
                }
                Answers::Error => return Err(UpstreamError("status 302".to_owned())),
                Answers::Nothing => std::future::pending().await,
                Answers::WithoutEnd => vec![b' '; bytes_max + 1],
            };
            if bytes.len() > bytes_max {
                return Err(UpstreamError(format!("more than {bytes_max} bytes")));
            }
            Ok(bytes)
        })
    }

    fn post<'a>(
        &'a self,
        outgoing: &'a Outgoing,
    ) -> Later<'a, Result<Acknowledgement, UpstreamError>> {
        self.posts.borrow_mut().push(outgoing.clone());
        let reply = self.replies.borrow_mut().pop_front();
        let meanwhile = self.meanwhile.take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        Box::pin(async move {
            match reply.unwrap_or(Replies::Status(200, None)) {
                Replies::Error => Err(UpstreamError("connection lost".to_owned())),
                Replies::Nothing => std::future::pending().await,
                Replies::Status(status, retry_after_s) => Ok(Acknowledgement {
                    status,
                    retry_after_s,
                }),
            }
        })
    }
}

/// Lets every other future have a turn.
pub(crate) async fn yield_once() {
    let mut has_yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut has_yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
