//! Native doubles: real objects on SQLite in memory, a clock that is set by hand, and counted randomness.
//!
//! A [`World`] runs whole requests through the router: what differs from workerd is only `platform`.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use futures_util::FutureExt;
use lockstep_token::{
    native::Native,
    verify::{Question, Verifier, VerifierError},
};
use rusqlite::{Connection, types::ValueRef};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{
    address::AddressObject,
    clients::Windows,
    config::Config,
    edge::{Background, Clients, Clock, Edge, Kv, KvError, Later, Random},
    http::{Body, Method, Request, Response},
    mailbox::{self, KeptMessage, MailboxObject, MailboxPost, MessageList},
    objects::{self, CallError, Class, Context, Object, Objects, Reply, ask},
    organization::OrganizationObject,
    outbox,
    problem::{ApiError, Code},
    router,
    signatures::Signatures,
    sql::{Outcome, Row, Sql, SqlError, Value},
    user::UserObject,
};

/// The origin of the test deployment.
pub(crate) const ORIGIN: &str = "http://localhost:8787";
/// When every world begins, in Unix milliseconds.
pub(crate) const START_MS: i64 = 1_800_000_000_000;

/// A deployment of its own.
pub(crate) struct World {
    pub(crate) edge: Edge,
    pub(crate) clock: Rc<TestClock>,
    pub(crate) objects: Rc<LocalObjects>,
    pub(crate) kv: Rc<MemoryKv>,
    background: Rc<Postponed>,
}

impl World {
    /// A development deployment without any fault.
    pub(crate) fn new() -> Self {
        Self::with_vars(&[])
    }

    /// A development deployment with other variables.
    pub(crate) fn with_vars(changes: &[(&str, &str)]) -> Self {
        let config = Rc::new(config(changes));
        let clock = Rc::new(TestClock(Rc::new(Cell::new(START_MS))));
        let random = Rc::new(CountedRandom(Cell::new(0)));
        let kv = Rc::new(MemoryKv::default());
        let objects = Rc::new(LocalObjects {
            config: config.clone(),
            clock: clock.clone(),
            random: random.clone(),
            databases: RefCell::default(),
            announced: RefCell::default(),
            ended: RefCell::default(),
            asked: RefCell::default(),
            is_down: Cell::new(None),
        });
        let background = Rc::new(Postponed::default());
        let edge = Edge {
            config,
            clock: clock.clone(),
            random,
            objects: objects.clone(),
            kv: kv.clone(),
            post: Rc::new(MailboxPost(objects.clone())),
            clients: Rc::new(CountedClients {
                windows: Windows::new(),
                clock: clock.clone(),
            }),
            signatures: Rc::new(NativeSignatures),
            background: background.clone(),
            grants: Rc::default(),
        };
        let edge = edge.config.faults.clone().apply(edge, &Rc::default());
        Self {
            edge,
            clock,
            objects,
            kv,
            background,
        }
    }

    /// One request through the router.
    pub(crate) fn send(&self, request: &Request) -> Response {
        now(router::handle(&self.edge, request))
    }

    /// Runs what goes on after the answers; says how much that was.
    pub(crate) fn run_background(&self) -> usize {
        let postponed = self.background.0.take();
        let count = postponed.len();
        postponed.into_iter().for_each(now);
        count
    }

    /// One command to an object.
    pub(crate) fn ask<O: Object, R: DeserializeOwned>(
        &self,
        name: &str,
        command: &O::Command,
    ) -> Result<R, ApiError> {
        now(ask::<O, R>(&*self.objects, name, command))
    }

    /// Runs what goes on after answers, and rings the alarm of every object until nothing is due any more.
    pub(crate) fn settle(&self) {
        self.run_background();
        for _ in 0..100 {
            let due = self.objects.due(self.clock.now_ms());
            if due.is_empty() {
                return;
            }
            for (class, name) in due {
                self.ring(class, &name);
            }
        }
        panic!("the outboxes do not come to rest");
    }

    /// Rings one object's alarm, as the platform's host does.
    pub(crate) fn ring(&self, class: Class, name: &str) {
        let Some(sql) = self.objects.database(class, name) else {
            return;
        };
        if !objects::is_born(&*sql).unwrap() {
            return;
        }
        now(outbox::drain(&*sql, &self.edge)).unwrap();
        let is_unused = self
            .objects
            .with_context(&sql, name, |context| match class {
                Class::Address => sweep::<AddressObject>(context),
                Class::Mailbox => sweep::<MailboxObject>(context),
                Class::Organization => sweep::<OrganizationObject>(context),
                Class::User => sweep::<UserObject>(context),
            });
        if is_unused.unwrap() && outbox::next_at_ms(&*sql).unwrap().is_none() {
            self.objects
                .databases
                .borrow_mut()
                .remove(&(class, name.to_owned()));
        }
    }

    /// The mail that was sent to `to`, the newest first.
    pub(crate) fn mail(&self, to: &str) -> Vec<KeptMessage> {
        self.settle();
        let command = mailbox::Command::List {
            to: Some(to.to_owned()),
            limit: 100,
        };
        match self.ask::<MailboxObject, MessageList>(mailbox::NAME, &command) {
            Err(error) if error.code() == Code::NotFound => Vec::new(),
            list => list.unwrap().messages,
        }
    }

    /// Signs in by e-mail code; answers the session's cookie header.
    pub(crate) fn sign_in(&self, email: &str) -> String {
        let asked = self.send(&post(
            "/v1/sign-in/codes",
            &serde_json::json!({ "email": email }),
        ));
        assert_eq!(asked.status, 202, "{}", text(&asked));
        let mail = self.mail(&email.to_ascii_lowercase());
        let is_code = |mail: &&KeptMessage| mail.message.subject.contains("code");
        let code = code_of(&mail.iter().find(is_code).unwrap().message.text);
        let body = serde_json::json!({ "email": email, "code": code });
        let request = post("/v1/sign-in/sessions", &body).with_header("cookie", &cookies(&asked));
        let opened = self.send(&request);
        assert_eq!(opened.status, 201, "{}", text(&opened));
        cookies(&opened)
    }
}

/// A POST of our own page.
pub(crate) fn post(path: &str, body: &impl Serialize) -> Request {
    write(Method::Post, path, body)
}

/// An unsafe request of our own page.
pub(crate) fn write(method: Method, path: &str, body: &impl Serialize) -> Request {
    Request::new(method, path)
        .with_header("origin", ORIGIN)
        .with_header("content-type", "application/json")
        .with_body(Ok(serde_json::to_vec(body).unwrap()))
}

/// The `Cookie` header for the cookies that an answer sets.
pub(crate) fn cookies(response: &Response) -> String {
    let set = response
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie");
    let pairs = set.filter_map(|(_, value)| value.split(';').next());
    pairs
        .filter(|pair| !pair.ends_with('='))
        .collect::<Vec<_>>()
        .join("; ")
}

/// An answer's body as text.
pub(crate) fn text(response: &Response) -> String {
    String::from_utf8(response.bytes().to_vec()).unwrap()
}

/// An answer's body as JSON.
pub(crate) fn json(response: &Response) -> serde_json::Value {
    serde_json::from_slice(response.bytes()).unwrap()
}

/// The sign-in code in a mail's text.
pub(crate) fn code_of(mail: &str) -> String {
    mail.lines().nth(2).unwrap().to_owned()
}

/// Everything here answers at once, so no executor is needed.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    future
        .now_or_never()
        .expect("a native double waits for something")
}

fn config(changes: &[(&str, &str)]) -> Config {
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let mut vars = vec![
        ("LOCKSTEP_ORIGIN", ORIGIN),
        ("LOCKSTEP_ID_KEY", key),
        ("LOCKSTEP_DEVELOPMENT", "true"),
    ];
    vars.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    vars.extend_from_slice(changes);
    let find = |name: &str| vars.iter().find(|(key, _)| *key == name);
    Config::parse(|name| find(name).map(|(_, value)| (*value).to_owned())).unwrap()
}

fn sweep<O: Object>(context: &Context<'_>) -> Result<bool, ApiError> {
    context.sql.transaction(|| O::sweep(context))
}

/// A clock that stands still until a test moves it.
pub(crate) struct TestClock(Rc<Cell<i64>>);

impl TestClock {
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
struct CountedRandom(Cell<u64>);

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
struct Postponed(RefCell<Vec<Later<'static, ()>>>);

impl Background for Postponed {
    fn spawn(&self, work: Later<'static, ()>) {
        self.0.borrow_mut().push(work);
    }
}

struct CountedClients {
    windows: Windows,
    clock: Rc<TestClock>,
}

impl Clients for CountedClients {
    fn allow<'a>(&'a self, action: &'a str, client: &'a str) -> Later<'a, bool> {
        let is_allowed = self.windows.allow(self.clock.now_ms(), action, client, 30);
        Box::pin(std::future::ready(is_allowed))
    }
}

/// Signatures by a crate instead of WebCrypto.
struct NativeSignatures;

impl Signatures for NativeSignatures {
    fn verify<'a>(&'a self, question: Question<'a>) -> Later<'a, Result<bool, VerifierError>> {
        Box::pin(Native.verify(question))
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

    fn check(&self) -> Result<(), KvError> {
        if self.is_down.get() {
            Err(KvError("down".to_owned()))
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
}

/// Every object, each on a database of its own.
pub(crate) struct LocalObjects {
    config: Rc<Config>,
    clock: Rc<TestClock>,
    random: Rc<CountedRandom>,
    databases: RefCell<BTreeMap<(Class, String), Rc<LocalSql>>>,
    /// What was announced to open pages: the object's name and the text.
    pub(crate) announced: RefCell<Vec<(String, String)>>,
    /// Whose streams were ended: the object's name and the subscriber.
    pub(crate) ended: RefCell<Vec<(String, String)>>,
    /// How often each command was asked.
    asked: RefCell<BTreeMap<String, usize>>,
    /// Objects of this class do not answer.
    pub(crate) is_down: Cell<Option<Class>>,
}

impl LocalObjects {
    /// How often any object was asked this command.
    pub(crate) fn asked(&self, command: &str) -> usize {
        self.asked.borrow().get(command).copied().unwrap_or(0)
    }

    /// An object's database, if it was ever called.
    pub(crate) fn database(&self, class: Class, name: &str) -> Option<Rc<LocalSql>> {
        self.databases
            .borrow()
            .get(&(class, name.to_owned()))
            .cloned()
    }

    fn due(&self, now_ms: i64) -> Vec<(Class, String)> {
        let is_due = |sql: &LocalSql| {
            let is_born = objects::is_born(sql).unwrap();
            is_born
                && outbox::next_at_ms(sql)
                    .unwrap()
                    .is_some_and(|at_ms| at_ms <= now_ms)
        };
        let databases = self.databases.borrow();
        databases
            .iter()
            .filter(|(_, sql)| is_due(sql))
            .map(|(key, _)| key.clone())
            .collect()
    }

    fn run<O: Object>(&self, name: &str, command: &str) -> Response {
        let key = (O::CLASS, name.to_owned());
        let sql = self
            .databases
            .borrow_mut()
            .entry(key)
            .or_insert_with(LocalSql::open)
            .clone();
        let named: serde_json::Value = serde_json::from_str(command).unwrap();
        let tagged = named.as_object().and_then(|tagged| tagged.keys().next());
        if let Some(name) = named.as_str().or(tagged.map(String::as_str)) {
            *self.asked.borrow_mut().entry(name.to_owned()).or_default() += 1;
        }
        let command = serde_json::from_str(command).unwrap();
        let result = self.with_context(&sql, name, |context| objects::run::<O>(context, command));
        match result {
            Ok(reply) => self.follow(name, &reply),
            Err(error) => objects::answer(Err(error)),
        }
    }

    fn follow(&self, name: &str, reply: &Reply) -> Response {
        let announcements = reply
            .announcement
            .iter()
            .map(|text| (name.to_owned(), text.clone()));
        self.announced.borrow_mut().extend(announcements);
        let ended = reply
            .ended
            .iter()
            .map(|subscriber| (name.to_owned(), subscriber.clone()));
        self.ended.borrow_mut().extend(ended);
        match &reply.subscription {
            Some(subscription) => {
                let body = Body::Stream(Box::new(subscription.clone()));
                let response = Response {
                    body,
                    ..Response::new(200)
                };
                response.with_header("content-type", "text/event-stream")
            }
            None => objects::answer(Ok(reply)),
        }
    }

    fn with_context<T>(
        &self,
        sql: &LocalSql,
        name: &str,
        body: impl FnOnce(&Context<'_>) -> T,
    ) -> T {
        body(&Context {
            sql,
            now_ms: self.clock.now_ms(),
            random: &*self.random,
            config: &self.config,
            name,
        })
    }
}

impl Objects for LocalObjects {
    fn call<'a>(
        &'a self,
        class: Class,
        name: &'a str,
        command: &'a str,
        _is_idempotent: bool,
    ) -> Later<'a, Result<Response, CallError>> {
        if self.is_down.get() == Some(class) {
            return Box::pin(std::future::ready(Err(CallError("down".to_owned()))));
        }
        let response = match class {
            Class::Address => self.run::<AddressObject>(name, command),
            Class::Mailbox => self.run::<MailboxObject>(name, command),
            Class::Organization => self.run::<OrganizationObject>(name, command),
            Class::User => self.run::<UserObject>(name, command),
        };
        Box::pin(std::future::ready(Ok(response)))
    }
}

/// SQLite in memory behind [`Sql`].
pub(crate) struct LocalSql {
    connection: Connection,
    depth: Cell<u32>,
}

impl LocalSql {
    pub(crate) fn open() -> Rc<Self> {
        let connection = Connection::open_in_memory().unwrap();
        Rc::new(Self {
            connection,
            depth: Cell::new(0),
        })
    }

    fn batch(&self, statement: &str) -> Result<(), SqlError> {
        self.connection.execute_batch(statement).map_err(failed)
    }
}

impl Sql for LocalSql {
    fn exec(&self, statement: &str, values: &[Value]) -> Result<Vec<Row>, SqlError> {
        values.iter().try_for_each(Value::check)?;
        let mut prepared = self.connection.prepare(statement).map_err(failed)?;
        let columns: Rc<Vec<String>> = Rc::new(
            prepared
                .column_names()
                .into_iter()
                .map(str::to_owned)
                .collect(),
        );
        let mut rows = prepared
            .query(rusqlite::params_from_iter(values.iter().map(
                |value| match value {
                    Value::Null => rusqlite::types::Value::Null,
                    Value::Integer(integer) => rusqlite::types::Value::Integer(*integer),
                    Value::Text(text) => rusqlite::types::Value::Text(text.clone()),
                },
            )))
            .map_err(failed)?;
        let mut read = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let values = (0..columns.len()).map(|at| match row.get_ref(at).unwrap() {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(integer) => Value::Integer(integer),
                ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).unwrap()),
                other => panic!("column of type {other:?}"),
            });
            read.push(Row::new(columns.clone(), values.collect()));
        }
        Ok(read)
    }

    fn run_transaction(&self, body: &mut dyn FnMut() -> Outcome) -> Result<(), SqlError> {
        let depth = self.depth.get();
        self.batch(&format!("SAVEPOINT s{depth}"))?;
        self.depth.set(depth + 1);
        let outcome = body();
        self.depth.set(depth);
        if outcome == Outcome::RollBack {
            self.batch(&format!("ROLLBACK TO s{depth}"))?;
        }
        self.batch(&format!("RELEASE s{depth}"))
    }
}

fn failed(error: rusqlite::Error) -> SqlError {
    SqlError::Failed(error.to_string())
}
