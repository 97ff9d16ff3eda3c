//! The development mailbox: one object that keeps sent mail for the mailbox page and for tests. Production has none.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::{
    edge::Later,
    mail::{Message, Post, PostError},
    objects::{self, Class, Context, Object, Objects, Reply, ask},
    problem::ApiError,
    sql::Row,
};

/// The name of the one mailbox object.
pub const NAME: &str = "development";
/// Messages that are kept; older ones go.
const MESSAGES_MAX: i64 = 1_000;

/// The mailbox object.
#[derive(Debug, Clone, Copy)]
pub struct MailboxObject;

/// What may be asked of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// The newest messages first; answers [`MessageList`].
    List {
        /// Only to this receiver.
        to: Option<String>,
        /// At most so many.
        limit: u32,
    },
    /// Keeps a message.
    Put {
        /// The message.
        message: Message,
    },
}

impl objects::Command for Command {
    fn is_birth(&self) -> bool {
        matches!(self, Self::Put { .. })
    }

    fn is_idempotent(&self) -> bool {
        true
    }
}

/// The answer to [`Command::List`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MessageList {
    /// The newest first.
    pub messages: Vec<KeptMessage>,
}

/// A message in the mailbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptMessage {
    /// The message.
    pub message: Message,
    /// When it was sent, in Unix milliseconds.
    pub sent_at_ms: i64,
}

impl Object for MailboxObject {
    type Command = Command;

    const CLASS: Class = Class::Mailbox;

    const MIGRATIONS: &'static [&'static str] = &["
        CREATE TABLE message (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            receiver TEXT NOT NULL,
            subject TEXT NOT NULL,
            text TEXT NOT NULL,
            html TEXT NOT NULL,
            sent_at_ms INTEGER NOT NULL
        ) STRICT;
    "];

    fn handle(context: &Context<'_>, command: Command) -> Result<Reply, ApiError> {
        match command {
            Command::List { to, limit } => Reply::of(&list(context, to, limit)?),
            Command::Put { message } => {
                put(context, &message)?;
                Ok(Reply::done())
            }
        }
    }
}

fn put(context: &Context<'_>, message: &Message) -> Result<(), ApiError> {
    let insert = "INSERT INTO message (id, receiver, subject, text, html, sent_at_ms) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let values = [
        message.id.as_str().into(),
        message.to.as_str().into(),
        message.subject.as_str().into(),
        message.text.as_str().into(),
        message.html.as_str().into(),
        context.now_ms.into(),
    ];
    context.sql.exec(insert, &values)?;
    let old = "DELETE FROM message WHERE seq <= (SELECT MAX(seq) FROM message) - ?";
    context.sql.exec(old, &[MESSAGES_MAX.into()])?;
    Ok(())
}

fn list(context: &Context<'_>, to: Option<String>, limit: u32) -> Result<MessageList, ApiError> {
    let select = "SELECT id, receiver, subject, text, html, sent_at_ms FROM message WHERE ? IS NULL OR receiver = ? ORDER BY seq DESC LIMIT ?";
    let rows = context
        .sql
        .exec(select, &[to.clone().into(), to.into(), limit.into()])?;
    let read = |row: &Row| {
        let message = Message {
            id: row.text("id")?.to_owned(),
            to: row.text("receiver")?.to_owned(),
            subject: row.text("subject")?.to_owned(),
            text: row.text("text")?.to_owned(),
            html: row.text("html")?.to_owned(),
        };
        Ok(KeptMessage {
            message,
            sent_at_ms: row.integer("sent_at_ms")?,
        })
    };
    Ok(MessageList {
        messages: rows.iter().map(read).collect::<Result<_, ApiError>>()?,
    })
}

/// Mail transport of development: into the mailbox.
pub struct MailboxPost(pub Rc<dyn Objects>);

impl Post for MailboxPost {
    fn send<'a>(&'a self, message: &'a Message) -> Later<'a, Result<(), PostError>> {
        Box::pin(async move {
            let command = Command::Put {
                message: message.clone(),
            };
            let put = ask::<MailboxObject, ()>(&*self.0, NAME, &command).await;
            put.map_err(|error| {
                PostError::unavailable(error.cause().unwrap_or(error.code().as_str()))
            })
        })
    }
}
