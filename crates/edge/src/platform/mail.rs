//! Mail transports: the development mailbox, or Cloudflare's `send_email` binding.

use std::rc::Rc;

use worker::{Env, Error, SendEmailBuilder};

use super::timeout::{CALL_MS, within};
use crate::{
    config::Config,
    edge::Later,
    mail::{Message, Post, PostError},
    mailbox::MailboxPost,
    objects::Objects,
};

/// The `send_email` binding in wrangler.toml.
const BINDING: &str = "MAIL";

/// Where mail of this deployment goes.
pub(super) fn post(env: &Env, config: &Config, objects: Rc<dyn Objects>) -> Rc<dyn Post> {
    if config.is_development {
        return Rc::new(MailboxPost(objects));
    }
    Rc::new(EmailBinding {
        env: env.clone(),
        from: config.mail_from.clone(),
    })
}

struct EmailBinding {
    env: Env,
    from: Option<String>,
}

impl Post for EmailBinding {
    fn send<'a>(&'a self, message: &'a Message) -> Later<'a, Result<(), PostError>> {
        Box::pin(async move {
            let unavailable = |error: Error| PostError::Unavailable(error.to_string());
            let from = self.from.as_deref().ok_or_else(|| {
                PostError::Unavailable("`LOCKSTEP_MAIL_FROM` is not configured".to_owned())
            })?;
            let binding = self.env.send_email(BINDING).map_err(unavailable)?;
            let email = SendEmailBuilder::builder(from, &message.to, &message.subject)
                .text(&message.text)
                .html(&message.html)
                .build();
            match within(CALL_MS, binding.send_with_builder(&email)).await {
                None => Err(PostError::Unavailable(format!(
                    "no answer within {CALL_MS} ms"
                ))),
                Some(Ok(_)) => Ok(()),
                Some(Err(error)) => Err(classify(&error.into())),
            }
        })
    }
}

fn classify(error: &Error) -> PostError {
    match error {
        Error::EmailRecipientSuppressed(reason) | Error::EmailRecipientNotAllowed(reason) => {
            PostError::Refused(reason.clone())
        }
        other => PostError::Unavailable(other.to_string()),
    }
}
