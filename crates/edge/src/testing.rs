//! Native doubles: real objects on SQLite in memory, a clock that is set by hand, and counted randomness.
//!
//! A [`World`] runs whole requests through the router: what differs from workerd is only `platform`.

mod dice;
mod distance;
mod documented;
mod lines;
mod objects;
mod ports;
pub(crate) mod replies;
mod sql;

use std::rc::Rc;

use futures_util::FutureExt;
use serde::{Serialize, de::DeserializeOwned};

pub(crate) use dice::{Dice, environment, seed};
pub(crate) use distance::together;
pub(crate) use lines::Lines;
pub(crate) use objects::LocalObjects;
pub(crate) use ports::{Answers, MemoryKv, MemoryUpstream, Replies, TestClock, yield_once};
use ports::{CountedClients, CountedRandom, NativeSignatures, Postponed};
pub(crate) use sql::{LocalSql, Work};

use crate::{
    address::AddressObject,
    config::{Config, MailTransport},
    credential::SESSION_COOKIE,
    domain::DomainObject,
    edge::{Clock, Edge},
    http::{Method, Request, Response},
    mail::{HttpPost, Post},
    mailbox::{self, KeptMessage, MailboxObject, MailboxPost, MessageList},
    objects::{Class, Object, ask, ring},
    organization::OrganizationObject,
    problem::{ApiError, Code},
    router,
    slug::SlugObject,
    user::UserObject,
};

/// The origin of the test deployment.
pub(crate) const ORIGIN: &str = "http://localhost:8787";
/// What secrets of settings are sealed with in the test deployment.
pub(crate) const SETTINGS_KEYS: &str =
    r#"{"keys":[{"kty":"oct","kid":"k1","k":"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"}]}"#;
/// When every world begins, in Unix milliseconds.
pub(crate) const START_MS: i64 = 1_800_000_000_000;

/// A deployment of its own; a clone is the same one.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) edge: Edge,
    pub(crate) clock: Rc<TestClock>,
    pub(crate) objects: Rc<LocalObjects>,
    pub(crate) kv: Rc<MemoryKv>,
    pub(crate) upstream: Rc<MemoryUpstream>,
    background: Rc<Postponed>,
}

impl World {
    /// A development deployment without any fault.
    pub(crate) fn new() -> Self {
        Self::with_vars(&[])
    }

    /// A development deployment with other variables.
    pub(crate) fn with_vars(changes: &[(&str, &str)]) -> Self {
        Self::of(config(changes))
    }

    /// A deployment that is configured so.
    pub(crate) fn of(config: Config) -> Self {
        let config = Rc::new(config);
        let clock = Rc::new(TestClock::new(START_MS));
        let random = Rc::new(CountedRandom::default());
        let kv = Rc::new(MemoryKv::default());
        let objects = Rc::new(LocalObjects::new(
            config.clone(),
            clock.clone(),
            random.clone(),
        ));
        let upstream = Rc::new(MemoryUpstream::default());
        let background = Rc::new(Postponed::default());
        let post: Rc<dyn Post> = match &config.mail {
            MailTransport::Http(provider) => Rc::new(HttpPost {
                provider: provider.clone(),
                upstream: upstream.clone(),
                clock: clock.clone(),
            }),
            _ => Rc::new(MailboxPost(objects.clone())),
        };
        let edge = Edge {
            config,
            post,
            clock: clock.clone(),
            random,
            objects: objects.clone(),
            kv: kv.clone(),
            clients: Rc::new(CountedClients::new(clock.clone())),
            signatures: Rc::new(NativeSignatures),
            upstream: upstream.clone(),
            background: background.clone(),
            grants: Rc::default(),
            issuers: Rc::default(),
            published: Rc::default(),
            verified: Rc::default(),
            credentials: Rc::default(),
        };
        let edge = edge.config.faults.clone().apply(edge, &Rc::default());
        Self {
            edge,
            clock,
            objects,
            kv,
            upstream,
            background,
        }
    }

    /// One request through the router.
    pub(crate) fn send(&self, request: &Request) -> Response {
        let response = now(router::handle(&self.edge, request));
        documented::check(request, &response);
        response
    }

    /// Another isolate of the same deployment, which knows nothing yet.
    pub(crate) fn isolate(&self) -> Edge {
        Edge {
            grants: Rc::default(),
            issuers: Rc::default(),
            verified: Rc::default(),
            credentials: Rc::default(),
            ..self.edge.clone()
        }
    }

    /// One request through the router of another isolate.
    pub(crate) fn send_to(&self, isolate: &Edge, request: &Request) -> Response {
        now(router::handle(isolate, request))
    }

    /// Runs what goes on after the answers; says how much that was.
    pub(crate) fn run_background(&self) -> usize {
        let postponed = self.background.take();
        let count = postponed.len();
        postponed.into_iter().for_each(now);
        count
    }

    /// The runtime ends what goes on after the answers; says how much that was.
    pub(crate) fn drop_background(&self) -> usize {
        self.background.take().len()
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
        let rung = match class {
            Class::Address => now(ring::<AddressObject>(&*sql, &self.edge, name)),
            Class::Domain => now(ring::<DomainObject>(&*sql, &self.edge, name)),
            Class::Mailbox => now(ring::<MailboxObject>(&*sql, &self.edge, name)),
            Class::Organization => now(ring::<OrganizationObject>(&*sql, &self.edge, name)),
            Class::Slug => now(ring::<SlugObject>(&*sql, &self.edge, name)),
            Class::User => now(ring::<UserObject>(&*sql, &self.edge, name)),
        };
        let rung = rung.unwrap();
        let announced = rung.announcement.map(|text| (name.to_owned(), text));
        self.objects.announced.borrow_mut().extend(announced);
        if rung.is_unused {
            self.objects.forget(class, name);
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

/// The secret of the session among the cookies of who signed in.
pub(crate) fn session_secret(cookies: &str) -> &str {
    let pairs = cookies.split("; ").filter_map(|pair| pair.split_once('='));
    let mut secrets = pairs.filter_map(|(name, secret)| (name == SESSION_COOKIE).then_some(secret));
    secrets.next().unwrap()
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

pub(crate) fn config(changes: &[(&str, &str)]) -> Config {
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let mut vars = vec![
        ("LOCKSTEP_ORIGIN", ORIGIN),
        ("LOCKSTEP_ID_KEY", key),
        // Two roles and no more, so that tests say what they are about.
        ("LOCKSTEP_POLICY", "openlit"),
        ("LOCKSTEP_DEVELOPMENT", "true"),
        ("LOCKSTEP_SETTINGS_KEYS", SETTINGS_KEYS),
    ];
    vars.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    vars.extend_from_slice(changes);
    let find = |name: &str| vars.iter().find(|(key, _)| *key == name);
    Config::parse(|name| find(name).map(|(_, value)| (*value).to_owned())).unwrap()
}
