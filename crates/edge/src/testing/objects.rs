//! Every object, natively.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{LocalSql, TestClock, ports::CountedRandom};
use crate::{
    address::AddressObject,
    config::Config,
    domain::DomainObject,
    edge::{Clock, Later},
    http::{Body, Response},
    mailbox::MailboxObject,
    objects::{
        self, Basis, CallError, Class, Context, Object, ObjectCall, Objects, Reply, Silence,
    },
    organization::{self, OrganizationObject},
    outbox,
    provenance::Provenance,
    schema,
    slug::SlugObject,
    sql::{Row, Sql},
    user::UserObject,
};

type Meanwhile = Box<dyn FnOnce()>;

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
    /// What was asked of whom, where a test wants to know.
    pub(crate) heard: RefCell<Option<BTreeSet<(Class, String)>>>,
    /// How often each command was asked.
    asked: RefCell<BTreeMap<String, usize>>,
    /// What happens while a command of this name is answered next.
    meanwhile: RefCell<Option<(&'static str, Meanwhile)>>,
    /// Answers of this class get lost after their command was done; what may be asked twice is, as in workerd.
    pub(crate) loses_answers: Cell<Option<Class>>,
    /// Objects of this class do not answer.
    pub(crate) is_down: Cell<Option<Class>>,
}

impl LocalObjects {
    pub(super) fn new(config: Rc<Config>, clock: Rc<TestClock>, random: Rc<CountedRandom>) -> Self {
        Self {
            config,
            clock,
            random,
            databases: RefCell::default(),
            announced: RefCell::default(),
            ended: RefCell::default(),
            heard: RefCell::default(),
            asked: RefCell::default(),
            meanwhile: RefCell::default(),
            loses_answers: Cell::new(None),
            is_down: Cell::new(None),
        }
    }

    /// An object deletes its storage.
    pub(super) fn forget(&self, class: Class, name: &str) {
        self.databases
            .borrow_mut()
            .remove(&(class, name.to_owned()));
    }

    /// Puts an object as it was stored before.
    pub(crate) fn restore(&self, class: Class, name: &str, sql: Rc<LocalSql>) {
        self.databases
            .borrow_mut()
            .insert((class, name.to_owned()), sql);
    }

    /// Puts all objects as they are stored in another deployment, at its time. Nothing that was random there comes again.
    pub(crate) fn take_over(&self, other: &Self) {
        let databases = other.databases.borrow().clone();
        self.databases.borrow_mut().extend(databases);
        self.clock
            .advance_ms(other.clock.now_ms() - self.clock.now_ms());
        self.random.follow(&other.random);
    }

    /// Has something happen while the next command of this name is answered.
    pub(crate) fn while_answering(&self, command: &'static str, what: impl FnOnce() + 'static) {
        self.meanwhile.replace(Some((command, Box::new(what))));
    }

    /// How often any object was asked this command.
    pub(crate) fn asked(&self, command: &str) -> usize {
        self.asked.borrow().get(command).copied().unwrap_or(0)
    }

    /// How often any object was asked anything.
    pub(crate) fn asked_anything(&self) -> usize {
        self.asked.borrow().values().sum()
    }

    /// An object's database, if it was ever called.
    pub(crate) fn database(&self, class: Class, name: &str) -> Option<Rc<LocalSql>> {
        self.databases
            .borrow()
            .get(&(class, name.to_owned()))
            .cloned()
    }

    /// Every row of every object that was born.
    pub(crate) fn dump(&self) -> String {
        let databases = self.databases.borrow();
        let born = databases
            .iter()
            .filter(|(_, sql)| schema::is_born(&***sql).unwrap());
        born.map(|(key, sql)| format!("{key:?}\n{}", sql.dump()))
            .collect()
    }

    /// What waits in any outbox.
    pub(crate) fn owed(&self) -> Vec<String> {
        let mut owed = Vec::new();
        for sql in self.databases.borrow().values() {
            if schema::is_born(&**sql).unwrap() {
                let rows = Sql::exec(&**sql, "SELECT payload FROM outbox", &[]).unwrap();
                let text = |row: &Row| row.text("payload").unwrap().to_owned();
                owed.extend(rows.iter().map(text));
            }
        }
        owed
    }

    /// How many objects of a class were born.
    pub(crate) fn count(&self, class: Class) -> usize {
        let databases = self.databases.borrow();
        let of_class = databases.iter().filter(|((of, _), _)| *of == class);
        of_class
            .filter(|(_, sql)| schema::is_born(&***sql).unwrap())
            .count()
    }

    /// When something of an object expires next.
    pub(crate) fn wakes_at_ms<O: Object>(&self, name: &str) -> Option<i64> {
        let sql = self.database(O::CLASS, name).unwrap();
        let wake = |context: &Context<'_>| O::wake_at_ms(context).unwrap();
        self.with_context(&sql, name, &Provenance::default(), wake)
    }

    /// When something of an organization expires next.
    pub(crate) fn organization_wakes_at_ms(&self, name: &str) -> Option<i64> {
        self.wakes_at_ms::<OrganizationObject>(name)
    }

    pub(super) fn due(&self, now_ms: i64) -> Vec<(Class, String)> {
        let is_due = |class: Class, sql: &LocalSql| {
            if !schema::is_born(sql).unwrap() {
                return false;
            }
            let is_ours = class == Class::Organization;
            let webhooks = (is_ours && !schema::is_behind::<OrganizationObject>(sql).unwrap())
                .then(|| organization::next_webhook_at_ms(sql).unwrap());
            let next = [outbox::next_at_ms(sql).unwrap(), webhooks.flatten()];
            next.into_iter().flatten().any(|at_ms| at_ms <= now_ms)
        };
        let databases = self.databases.borrow();
        databases
            .iter()
            .filter(|((class, _), sql)| is_due(*class, sql))
            .map(|(key, _)| key.clone())
            .collect()
    }

    fn run<O: Object>(&self, call: ObjectCall<'_>) -> Response {
        let ObjectCall { name, command, .. } = call;
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
            let is_awaited = |(command, _): &mut (&str, Meanwhile)| *command == name;
            if let Some((_, happens)) = self.meanwhile.borrow_mut().take_if(is_awaited) {
                happens();
            }
        }
        let run = |context: &Context<'_>| objects::reply::<O>(context, command);
        let provenance = call.provenance.cloned().unwrap_or_default();
        let result = self.with_context(&sql, name, &provenance, run);
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

    pub(super) fn with_context<T>(
        &self,
        sql: &LocalSql,
        name: &str,
        provenance: &Provenance,
        body: impl FnOnce(&Context<'_>) -> T,
    ) -> T {
        body(&Context {
            sql,
            now_ms: self.clock.now_ms(),
            random: &*self.random,
            config: &self.config,
            name,
            provenance,
            basis: Basis::default(),
        })
    }
}

impl Objects for LocalObjects {
    fn call<'a>(&'a self, call: ObjectCall<'a>) -> Later<'a, Result<Response, CallError>> {
        if self.is_down.get() == Some(call.class) {
            return Box::pin(std::future::ready(Err(CallError("down".to_owned()))));
        }
        if let Some(heard) = self.heard.borrow_mut().as_mut() {
            heard.insert((call.class, call.command.to_owned()));
        }
        let mut response = self.dispatch(call);
        if self.loses_answers.get() == Some(call.class) {
            if !call.manner.is_repeated_after(Silence::Broken) {
                return Box::pin(std::future::ready(Err(CallError("lost".to_owned()))));
            }
            response = self.dispatch(call);
        }
        Box::pin(std::future::ready(Ok(response)))
    }
}

impl LocalObjects {
    fn dispatch(&self, call: ObjectCall<'_>) -> Response {
        match call.class {
            Class::Address => self.run::<AddressObject>(call),
            Class::Domain => self.run::<DomainObject>(call),
            Class::Mailbox => self.run::<MailboxObject>(call),
            Class::Organization => self.run::<OrganizationObject>(call),
            Class::Slug => self.run::<SlugObject>(call),
            Class::User => self.run::<UserObject>(call),
        }
    }
}
