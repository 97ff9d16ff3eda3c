//! `/v1/dev/…`: only where `LOCKSTEP_DEVELOPMENT` is `true`; elsewhere these paths do not exist.

use serde::Serialize;

use crate::{
    config::Config,
    http::{Method, Response},
    mailbox::{self, KeptMessage, MailboxObject, MessageList},
    objects::ask,
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
};

/// Messages of one answer when `limit` is absent.
const LIMIT_DEFAULT: u32 = 50;
/// The most messages of one answer.
const LIMIT_MAX: u32 = 200;

pub(super) const ROUTES: &[Route] = &[Route {
    method: Method::Get,
    pattern: "/v1/dev/mailbox",
    query: &["to", "limit"],
    handler: Handler::Anonymous(|call| Box::pin(mailbox(call))),
}];

#[derive(Serialize)]
struct MailboxView<'a> {
    messages: Vec<MessageView<'a>>,
}

#[derive(Serialize)]
struct MessageView<'a> {
    id: &'a str,
    to: &'a str,
    subject: &'a str,
    text: &'a str,
    html: &'a str,
    sent_at_ms: i64,
}

async fn mailbox(call: Call<'_>) -> Answer {
    require_development(&call.edge.config)?;
    let to = call.query("to")?;
    let to = to.map(|to| to.trim().to_ascii_lowercase());
    let limit = match call.query("limit")? {
        None => LIMIT_DEFAULT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| {
                ApiError::new(
                    Code::InvalidQuery,
                    format!("`limit` is a number from 1 to {LIMIT_MAX}."),
                )
            })?,
    };
    let command = mailbox::Command::List { to, limit };
    let asked =
        ask::<MailboxObject, MessageList>(&*call.edge.objects, mailbox::NAME, &command).await;
    let list = match asked {
        Err(error) if error.code() == Code::NotFound => MessageList::default(),
        asked => asked?,
    };
    let messages = list.messages.iter().map(view).collect();
    Response::json(200, &MailboxView { messages })
}

fn view(kept: &KeptMessage) -> MessageView<'_> {
    let message = &kept.message;
    MessageView {
        id: &message.id,
        to: &message.to,
        subject: &message.subject,
        text: &message.text,
        html: &message.html,
        sent_at_ms: kept.sent_at_ms,
    }
}

pub(super) fn require_development(config: &Config) -> Result<(), ApiError> {
    if config.is_development {
        Ok(())
    } else {
        Err(ApiError::not_found())
    }
}
