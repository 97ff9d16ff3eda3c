//! Durable Objects: how one is written, called and run.
//!
//! An object is target-neutral: a [`Command`] (what may be asked), an [`Object`] (migrations and one synchronous `handle`), and nothing about Workers.
//! To add one:
//! 1. add its [`Class`] and its binding in wrangler.toml;
//! 2. write the command enum and `impl Object`; native tests drive it through [`run`] on rusqlite;
//! 3. add one line to the `durable_objects!` list in `platform/classes.rs`, and one to `xtask/js/worker.js`, which make the exported class: fetch parses the command, alarm drains the outbox.
//!
//! What holds for every object:
//! - **A command is one transaction.** `Err` undoes everything it wrote. A refusal that must be remembered (a failed try) is an `Ok` with its own reply.
//! - **No birth row, no object.** Unless the command [births](Command::is_birth), an object without its tables answers 404 and writes nothing.
//! - **What a command changes is logged** where the object [keeps a log](Object::IS_AUDITED), without the command's doing; so are a refusal of what is sensitive, [as a command](Command::is_sensitive) or [by the permission that refused](ApiError::is_sensitive), and an answer that [tells](Reply::telling) what few may know.
//! - **A request with an `Idempotency-Key` is done once**: its reply is kept with what it changed. So a reply holds no secret.
//! - **Effects leave through the outbox**, written in the same transaction; what only open pages need (an event) is [announced](Reply::announcing) after the commit.
//! - **Commands and deliveries are externally tagged enums** read with `serde_json::from_slice`: internal tags and a second reader cost a hundred kilobytes of WASM.
//! - **A reply is read by code of before and after**: a member that is added to one has a `serde(default)`, and `tests/commands/replies.txt` has every form.
//! - **Migrations only go forward**, and older code must be able to work on their result: a roll-out is not one instant.
//! - **No statement says `OR REPLACE`**: what it removes, no trigger sees.

mod alarm;
mod reply;
mod text;

use std::{cell::Cell, future::ready};

use serde::{Serialize, de::DeserializeOwned};

pub use alarm::{Rung, ring, wake_at_ms};
pub use reply::{Reply, Subscription};
pub use text::{answer, reply};

use crate::{
    audit::{self, About},
    config::Config,
    edge::{Edge, Later, Random},
    http::Response,
    idempotency, log,
    problem::ApiError,
    provenance::Provenance,
    schema,
    sql::Sql,
};

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// One per e-mail address, named by an HMAC of its normal form.
    Address,
    /// One per domain that somebody has proven, named by it.
    Domain,
    /// The development mail store; there is one.
    Mailbox,
    /// One per organization, named by its id.
    Organization,
    /// One per slug and all that look like it, named by what they have in common.
    Slug,
    /// One per user, named by its id.
    User,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Address,
        Self::Domain,
        Self::Mailbox,
        Self::Organization,
        Self::Slug,
        Self::User,
    ];

    /// The binding's name in wrangler.toml.
    #[must_use]
    pub const fn binding(self) -> &'static str {
        match self {
            Self::Address => "ADDRESSES",
            Self::Domain => "DOMAINS",
            Self::Mailbox => "MAILBOX",
            Self::Organization => "ORGANIZATIONS",
            Self::Slug => "SLUGS",
            Self::User => "USERS",
        }
    }
}

/// What may be asked of one kind of object. It travels as JSON between Workers of neighbouring versions.
pub trait Command: Serialize + DeserializeOwned {
    /// Whether it may bring the object into being.
    fn is_birth(&self) -> bool;

    /// Whether asking twice does no more than asking once; only such a command is repeated after a failed call.
    fn is_idempotent(&self) -> bool;

    /// Whether a refusal of it is logged, whatever refuses, where the object keeps a log.
    fn is_sensitive(&self) -> bool {
        !self.is_idempotent()
    }

    /// Whether the object wants to know who asks: something that is logged may come of it.
    fn is_attributed(&self) -> bool {
        self.is_sensitive()
    }

    /// Whether it changes nothing, whatever it finds, and is answered by one statement and by the rows alone, whenever and by whomever it is asked. Then it needs no transaction, nothing of it is looked for to be logged, and the answer counts until something is written.
    fn is_question(&self) -> bool {
        false
    }

    /// Whether the answer is an event stream.
    fn opens_stream(&self) -> bool {
        false
    }
}

/// One kind of object.
pub trait Object {
    /// What may be asked of it.
    type Command: Command;

    /// Its class.
    const CLASS: Class;

    /// Its schema, one entry per version; entries are only ever added.
    const MIGRATIONS: &'static [&'static str];

    /// Whether it keeps an audit log of itself. Then [`audit::SCHEMA`] is one of its migrations.
    const IS_AUDITED: bool = false;

    /// Whether there is still somebody to give earlier answers to.
    ///
    /// # Errors
    /// A refusal, which then answers a repeated request, too.
    fn may_replay(_context: &Context<'_>) -> Result<(), ApiError> {
        Ok(())
    }

    /// Answers one command, inside one transaction.
    ///
    /// # Errors
    /// A refusal or a fault; in both cases nothing is written.
    fn handle(context: &Context<'_>, command: Self::Command) -> Result<Reply, ApiError>;

    /// Tells of a change that was logged; runs in its transaction.
    ///
    /// # Errors
    /// A fault; then the change does not happen.
    fn tell(_context: &Context<'_>, _about: &About) -> Result<(), ApiError> {
        Ok(())
    }

    /// Delivers what this kind of object sends beside its outbox; the alarm does it. Answers text for open event streams.
    fn deliver<'a>(
        _sql: &'a dyn Sql,
        _edge: &'a Edge,
        _name: &'a str,
    ) -> Later<'a, Result<Option<String>, ApiError>> {
        Box::pin(ready(Ok(None)))
    }

    /// When something of this object expires next, in Unix milliseconds: the alarm is set no later than that.
    ///
    /// # Errors
    /// A fault.
    fn wake_at_ms(_context: &Context<'_>) -> Result<Option<i64>, ApiError> {
        Ok(None)
    }

    /// Removes what has expired; runs in a transaction when the alarm rings.
    /// Answers whether nothing is left that anybody could ask for: then the object deletes its storage.
    ///
    /// # Errors
    /// A fault; nothing is written.
    fn sweep(_context: &Context<'_>) -> Result<bool, ApiError> {
        Ok(false)
    }
}

/// What an object works with while it answers a command.
pub struct Context<'a> {
    /// Its database.
    pub sql: &'a dyn Sql,
    /// The time of this command.
    pub now_ms: i64,
    /// Randomness.
    pub random: &'a dyn Random,
    /// The deployment's configuration.
    pub config: &'a Config,
    /// The name it was called by.
    pub name: &'a str,
    /// Where the command comes from.
    pub provenance: &'a Provenance,
    /// What the answer hangs on.
    pub basis: Basis,
}

/// What an answer hangs on, as it turns out while it is found.
#[derive(Debug, Default)]
pub struct Basis {
    /// Whether who asks was not checked during the request.
    pub is_remembered: Cell<bool>,
    /// Whether something sensitive was allowed to them.
    pub is_sensitive: Cell<bool>,
}

impl<'a> Context<'a> {
    /// For what an object does by itself, now.
    #[must_use]
    pub fn of(sql: &'a dyn Sql, edge: &'a Edge, name: &'a str, provenance: &'a Provenance) -> Self {
        Self {
            sql,
            now_ms: edge.clock.now_ms(),
            random: &*edge.random,
            config: &edge.config,
            name,
            provenance,
            basis: Basis::default(),
        }
    }
}

/// Runs one command on an object's database: birth check, migrations, `handle`, and what is remembered of it, in one transaction.
///
/// # Errors
/// What `handle` fails with; 404 when the object was never born.
pub fn run<O: Object>(context: &Context<'_>, command: O::Command) -> Result<Reply, ApiError> {
    if command.is_question() && context.sql.live().has_schema() {
        return O::handle(context, command);
    }
    let about = O::IS_AUDITED.then(|| About::of(&command)).transpose()?;
    let is_sensitive = command.is_sensitive();
    let outcome = context.sql.transaction(|| {
        if !context.sql.live().has_schema() {
            let version = schema::version(context.sql)?;
            if version.is_none() && !command.is_birth() {
                return Err(ApiError::not_found());
            }
            schema::migrate::<O>(context.sql, version)?;
            schema::keep_name(context.sql, context.name)?;
            if O::IS_AUDITED {
                audit::seal_unknown(context)?;
            }
        }
        if let Some(reply) = idempotency::earlier(context)? {
            O::may_replay(context)?;
            return Ok(reply);
        }
        let reply = O::handle(context, command)?;
        let named = about.as_ref().zip(reply.target.as_deref());
        let named = named.map(|(about, target)| about.at(target));
        if let Some(about) = named.as_ref().or(about.as_ref()) {
            if audit::seal(context, about)? {
                O::tell(context, about)?;
            }
            if reply.is_telling {
                audit::read(context, about)?;
            }
            if let Some(error) = &reply.denied {
                audit::deny(context, about, error)?;
            }
        }
        if !reply.is_unchanged {
            idempotency::keep(context, &reply)?;
        }
        Ok(reply)
    });
    let is_logged = |error: &ApiError| {
        // A Worker of before does not say who asks for what changes nothing.
        let is_of_somebody = context.provenance.principal.is_some();
        error.code().status() == 403 && (is_sensitive || error.is_sensitive() && is_of_somebody)
    };
    match (&outcome, &about) {
        (Ok(_), _) => context.sql.live().know_schema(),
        (Err(error), Some(about)) if is_logged(error) => {
            // The refusal stands, whether it could be written down or not. What refused to be born has no log.
            let denied = context.sql.transaction(|| {
                let version = schema::version(context.sql)?;
                if version.is_none() {
                    return Ok(());
                }
                schema::migrate::<O>(context.sql, version)?;
                audit::deny(context, about, error)
            });
            if let Err(error) = denied {
                log::error(error.cause().unwrap_or_default());
            }
        }
        (Err(_), _) => {}
    }
    outcome
}

/// How a command is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Whether it was done is unknown after a failed call, so it is sent once.
    Once,
    /// It may be sent again after a failed call.
    Repeatable,
    /// Once, and the answer is an event stream.
    Stream,
}

/// Why a call gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// The call broke.
    Broken,
    /// It took too long.
    Late,
    /// The object says that it has too much to do.
    Overloaded,
}

impl Manner {
    /// Whether the call is made once more: not after a time-out, whose caller has waited long enough, and not for who has too much to do.
    #[must_use]
    pub const fn is_repeated_after(self, silence: Silence) -> bool {
        matches!((self, silence), (Self::Repeatable, Silence::Broken))
    }

    fn of(command: &impl Command) -> Self {
        match (command.opens_stream(), command.is_idempotent()) {
            (true, _) => Self::Stream,
            (false, true) => Self::Repeatable,
            (false, false) => Self::Once,
        }
    }
}

/// Calls to objects. Every call has a time-out.
pub trait Objects {
    /// Sends one command; the answer has the object's status and body, or its event stream.
    fn call<'a>(&'a self, call: ObjectCall<'a>) -> Later<'a, Result<Response, CallError>>;
}

/// One call to an object.
#[derive(Debug, Clone, Copy)]
pub struct ObjectCall<'a> {
    /// The kind of object.
    pub class: Class,
    /// Its name.
    pub name: &'a str,
    /// The command as JSON.
    pub command: &'a str,
    /// How it is to be sent.
    pub manner: Manner,
    /// Whether the object wants to know where it comes from.
    pub is_attributed: bool,
    /// Where it comes from; absent when that is of no interest, and for what an object does by itself.
    pub provenance: Option<&'a Provenance>,
}

/// An object did not answer; whether it did what was asked is unknown. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError(pub String);

/// Sends one command and reads its answer.
///
/// # Errors
/// What the object refused with; 503 when it does not answer, or answers what only other code reads.
pub async fn ask<O: Object, R: DeserializeOwned>(
    objects: &dyn Objects,
    name: &str,
    command: &O::Command,
) -> Result<R, ApiError> {
    let response = open::<O>(objects, name, command).await?;
    #[cfg(test)]
    crate::testing::replies::note::<R>(response.bytes());
    serde_json::from_slice(response.bytes()).map_err(|error| {
        ApiError::of_other_code(format!("reply of {:?} cannot be read: {error}", O::CLASS))
    })
}

/// Sends one command and hands its answer through, which may be an event stream.
///
/// # Errors
/// As [`ask`].
pub async fn open<O: Object>(
    objects: &dyn Objects,
    name: &str,
    command: &O::Command,
) -> Result<Response, ApiError> {
    let text = serde_json::to_string(command)
        .map_err(|error| ApiError::internal(format!("command cannot be written: {error}")))?;
    let call = ObjectCall {
        class: O::CLASS,
        name,
        command: &text,
        manner: Manner::of(command),
        is_attributed: command.is_attributed(),
        provenance: None,
    };
    let response = objects.call(call).await.map_err(|CallError(reason)| {
        ApiError::unavailable(format!("object {:?} does not answer: {reason}", O::CLASS))
    })?;
    if response.status == 200 {
        return Ok(response);
    }
    Err(ApiError::from_problem(&String::from_utf8_lossy(
        response.bytes(),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The platform's calls and the native doubles go by this alone.
    #[test]
    fn w7_a_call_is_made_again_only_when_it_broke_and_may_be_done_twice() {
        let manners = [Manner::Once, Manner::Repeatable, Manner::Stream];
        let silences = [Silence::Broken, Silence::Late, Silence::Overloaded];
        let repeated: Vec<_> = manners
            .iter()
            .flat_map(|manner| silences.iter().map(move |silence| (*manner, *silence)))
            .filter(|(manner, silence)| manner.is_repeated_after(*silence))
            .collect();
        assert_eq!(repeated, [(Manner::Repeatable, Silence::Broken)]);
    }
}
