//! What runs one Durable Object: commands in, alarm to outbox, events to open pages.

use std::{
    cell::{Cell, OnceCell},
    marker::PhantomData,
    rc::Rc,
};

use worker::{Env, Request, Response, ResponseBuilder, State};

use super::{events::EventHub, sql::ObjectSql};
use crate::{
    edge::Edge,
    http, log,
    objects::{self, Context, Object, Reply},
    outbox,
    problem::{ApiError, Code},
    provenance::Provenance,
    router, schema,
    sql::Sql,
};

/// How soon an alarm rings again that could not do its work, in milliseconds. What an object owes must wait for nobody to write to it, and not be tried without a pause.
const AGAIN_MS: i64 = 10_000;

/// One live object of kind `O`.
pub(super) struct Host<O> {
    state: State,
    env: Env,
    /// The name that the object was called by, once it was asked for.
    name: OnceCell<String>,
    sql: ObjectSql,
    events: EventHub,
    /// When the alarm rings, as far as this instance knows.
    alarm_at_ms: Cell<Option<i64>>,
    kind: PhantomData<O>,
}

impl<O: Object> Host<O> {
    pub(super) fn new(state: State, env: Env) -> Self {
        let sql = ObjectSql::new(&state);
        let alarm_at_ms = Cell::new(None);
        Self {
            state,
            env,
            name: OnceCell::new(),
            sql,
            events: EventHub::default(),
            alarm_at_ms,
            kind: PhantomData,
        }
    }

    /// Answers one command. Refusals are answers, too.
    pub(super) async fn command(&self, text: &str, provenance: Option<&str>) -> http::Response {
        match self.reply(text, provenance).await {
            Ok(reply) if reply.subscription.is_some() => {
                objects::answer(Err(ApiError::internal("a stream was not asked for as one")))
            }
            result => objects::answer(result.as_ref().map_err(Clone::clone)),
        }
    }

    /// Answers a command that opens a stream.
    pub(super) async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let text = request.text().await?;
        let opened = match self.reply(&text, None).await {
            Ok(Reply {
                subscription: Some(subscription),
                ..
            }) => self.events.open(&subscription).ok_or_else(|| {
                ApiError::new(Code::Unavailable, "Too many pages are open.").with_retry_after_s(30)
            }),
            Ok(_) => Err(ApiError::internal("a command that opens no stream")),
            Err(error) => Err(error),
        };
        opened.unwrap_or_else(|error| {
            let answer = objects::answer(Err(error));
            let builder = ResponseBuilder::new().with_status(answer.status);
            Ok(builder.fixed(answer.bytes().to_vec()))
        })
    }

    /// Runs a command; announcement and ended streams follow its commit.
    async fn reply(&self, text: &str, provenance: Option<&str>) -> Result<Reply, ApiError> {
        let edge = super::edge(&self.env, Rc::new(super::InObject)).map_err(|error| {
            log::error(&format!("misconfigured: {error}"));
            router::misconfiguration()
        })?;
        let result =
            Provenance::parse(provenance).and_then(|provenance| self.run(&edge, &provenance, text));
        // No await lies between the commit and this, so the alarm is part of the same write.
        self.set_alarm(&edge).await;
        let reply = result?;
        if let Some(text) = &reply.announcement {
            self.events.publish(text);
        }
        for subscriber in &reply.ended {
            self.events.end(subscriber);
        }
        Ok(reply)
    }

    /// Delivers the outbox, sweeps, and sets the next alarm.
    pub(super) async fn alarm(&self) -> worker::Result<Response> {
        self.alarm_at_ms.set(None);
        match super::edge(&self.env, Rc::new(super::InObject)) {
            // Without a name nothing can be done, and the first command keeps it and sets the alarm.
            Ok(_) if self.name().is_err() => {
                log::error("alarm: an object that does not know its name");
            }
            Ok(edge) => {
                let rung = self.ring(&edge).await;
                if let Err(error) = &rung {
                    log::error(&format!(
                        "alarm: {}",
                        error.cause().unwrap_or(error.detail())
                    ));
                }
                self.sql.live().take_written();
                let pause_ms = if rung.is_ok() { 0 } else { AGAIN_MS };
                self.set_next_alarm(&edge, pause_ms).await;
            }
            // An alarm that returns is over, and until the configuration is mended nobody knows what is owed.
            Err(error) => {
                log::error(&format!("misconfigured: {error}"));
                let set = self.state.storage().set_alarm(AGAIN_MS).await;
                set.unwrap_or_else(|error| log::error(&format!("alarm: {error}")));
            }
        }
        Response::empty()
    }

    fn run(&self, edge: &Edge, provenance: &Provenance, text: &str) -> Result<Reply, ApiError> {
        self.with_context(edge, provenance, |context| {
            objects::reply::<O>(context, text)
        })
    }

    async fn ring(&self, edge: &Edge) -> Result<(), ApiError> {
        let rung = objects::ring::<O>(&self.sql, edge, self.name()?).await?;
        if let Some(text) = &rung.announcement {
            self.events.publish(text);
        }
        if rung.is_unused {
            self.sql.live().forget();
            let deleted = self.state.storage().delete_all().await;
            deleted.map_err(|error| ApiError::internal(format!("delete: {error}")))?;
            // The alarm that a command set meanwhile is deleted, too.
            self.alarm_at_ms.set(None);
        }
        Ok(())
    }

    /// Sets the alarm when a command has written something.
    async fn set_alarm(&self, edge: &Edge) {
        if self.sql.live().take_written() {
            self.set_next_alarm(edge, 0).await;
        }
    }

    /// Sets the alarm for what is due next, after a pause at the earliest.
    async fn set_next_alarm(&self, edge: &Edge, pause_ms: i64) {
        let now_ms = edge.clock.now_ms();
        if self.alarm_at_ms.get().is_some_and(|at_ms| at_ms <= now_ms) {
            // It rings as soon as it can, and everything is looked for then.
            return;
        }
        let next_at_ms = match self.next_at_ms(edge) {
            Ok(next_at_ms) if pause_ms == 0 => next_at_ms,
            Ok(next_at_ms) => next_at_ms.map(|at_ms| at_ms.max(now_ms.saturating_add(pause_ms))),
            Err(error) => {
                log::error(&format!("alarm: {}", error.cause().unwrap_or_default()));
                Some(now_ms.saturating_add(AGAIN_MS))
            }
        };
        if next_at_ms == self.alarm_at_ms.get() {
            return;
        }
        let storage = self.state.storage();
        let set = match next_at_ms {
            Some(at_ms) => {
                let wait_ms = at_ms.saturating_sub(now_ms).max(0);
                storage.set_alarm(wait_ms).await
            }
            None => storage.delete_alarm().await,
        };
        match set {
            Ok(()) => self.alarm_at_ms.set(next_at_ms),
            Err(error) => log::error(&format!("alarm: {error}")),
        }
    }

    fn next_at_ms(&self, edge: &Edge) -> Result<Option<i64>, ApiError> {
        if !schema::is_born(&self.sql)? {
            return Ok(None);
        }
        let delivery = outbox::next_at_ms(&self.sql)?;
        if delivery.is_some_and(|at_ms| at_ms <= edge.clock.now_ms()) {
            return Ok(delivery);
        }
        let own = self.with_context(edge, &Provenance::default(), objects::wake_at_ms::<O>)?;
        Ok(delivery.into_iter().chain(own).min())
    }

    fn with_context<T>(
        &self,
        edge: &Edge,
        provenance: &Provenance,
        body: impl FnOnce(&Context<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        body(&Context::of(&self.sql, edge, self.name()?, provenance))
    }

    /// The name that the object was called by.
    fn name(&self) -> Result<&str, ApiError> {
        if let Some(name) = self.name.get() {
            return Ok(name);
        }
        let told = self.state.id().name();
        // An alarm does not tell it to an object that is no longer in memory.
        let name = told.map_or_else(|| schema::kept_name(&self.sql), |name| Ok(Some(name)))?;
        let nameless = || ApiError::internal("an object was called without its name");
        let name = name.ok_or_else(nameless)?;
        Ok(self.name.get_or_init(|| name))
    }
}
