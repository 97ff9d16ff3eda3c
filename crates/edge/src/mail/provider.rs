//! A mail provider that takes JSON over https; docs/http.md has the request.

use std::rc::Rc;

use serde_json::json;

use super::{Message, Post, PostError};
use crate::{
    config::MailProvider,
    edge::{Acknowledgement, Clock, Later, Outgoing, Upstream},
};

/// How long the provider may take, in milliseconds.
const SEND_MS: u64 = 5_000;
/// The longest body, in bytes; templates with the longest names are a tenth of it.
const BODY_BYTES_MAX: usize = 65_536;

/// Mail transport through a provider.
pub struct HttpPost {
    /// Which one.
    pub provider: MailProvider,
    /// How it is reached.
    pub upstream: Rc<dyn Upstream>,
    /// For the time-out.
    pub clock: Rc<dyn Clock>,
}

impl Post for HttpPost {
    fn send<'a>(&'a self, message: &'a Message) -> Later<'a, Result<(), PostError>> {
        Box::pin(async move {
            let outgoing = self.outgoing(message);
            if outgoing.body.len() > BODY_BYTES_MAX {
                let reason = format!("more than {BODY_BYTES_MAX} bytes");
                return Err(PostError::Refused(reason));
            }
            let sent = self.upstream.post(&outgoing);
            match self.clock.within(SEND_MS, sent).await {
                None => Err(PostError::unavailable(format!(
                    "no answer within {SEND_MS} ms"
                ))),
                Some(Err(error)) => Err(PostError::unavailable(error.0)),
                Some(Ok(answer)) => read(answer),
            }
        })
    }
}

impl HttpPost {
    fn outgoing(&self, message: &Message) -> Outgoing {
        let MailProvider { url, key, from } = &self.provider;
        let body = json!({
            "from": from,
            "to": message.to,
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "headers": { "Message-ID": message_id(from, &message.id) },
        });
        Outgoing {
            url: url.as_str().to_owned(),
            headers: vec![
                ("authorization", format!("Bearer {key}")),
                ("idempotency-key", message.id.clone()),
            ],
            body: body.to_string(),
        }
    }
}

/// The `Message-ID` of RFC 5322, in the sender's domain.
fn message_id(from: &str, id: &str) -> String {
    let domain = from.rsplit('@').next().unwrap_or_default();
    let domain: String = domain.chars().filter(|c| *c != '>').collect();
    format!("<{id}@{domain}>")
}

/// Refused for good is only what is wrong about this mail. A wrong key or address of the provider is mended by the operator while mail waits.
fn read(answer: Acknowledgement) -> Result<(), PostError> {
    let reason = format!("status {}", answer.status);
    match answer.status {
        _ if answer.is_yes() => Ok(()),
        400 | 413 | 422 => Err(PostError::Refused(reason)),
        _ => Err(PostError::Unavailable {
            reason,
            retry_after_s: answer.retry_after_s,
        }),
    }
}
