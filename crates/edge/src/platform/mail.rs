//! Mail transports: Cloudflare's `send_email` binding, and those that need nothing of the platform.

use std::rc::Rc;

use js_sys::{JsString, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use worker::{Env, Error, SendEmailBuilder};

use super::timeout::{CALL_MS, within};
use crate::{
    config::{MAIL, MailTransport},
    edge::{Clock, Later, Upstream},
    mail::{HttpPost, Message, Post, PostError, is_final},
    mailbox::MailboxPost,
    objects::Objects,
};

/// The header that is the same for every delivery of one mail: the binding makes each `Message-ID` itself, and refuses ours.
const REPEAT_HEADER: &str = "X-Lockstep-Message";

/// Where mail of this deployment goes.
pub(super) fn post(
    env: &Env,
    transport: &MailTransport,
    objects: Rc<dyn Objects>,
    upstream: Rc<dyn Upstream>,
    clock: Rc<dyn Clock>,
) -> Rc<dyn Post> {
    match transport {
        MailTransport::Mailbox => Rc::new(MailboxPost(objects)),
        MailTransport::Http(provider) => Rc::new(HttpPost {
            provider: provider.clone(),
            upstream,
            clock,
        }),
        MailTransport::Binding(from) => Rc::new(EmailBinding {
            env: env.clone(),
            from: from.clone(),
        }),
    }
}

struct EmailBinding {
    env: Env,
    from: Option<String>,
}

impl Post for EmailBinding {
    fn send<'a>(&'a self, message: &'a Message) -> Later<'a, Result<(), PostError>> {
        Box::pin(async move {
            let unavailable = |error: Error| PostError::unavailable(error.to_string());
            let from = self
                .from
                .as_deref()
                .ok_or_else(|| PostError::unavailable("`LOCKSTEP_MAIL_FROM` is not configured"))?;
            let binding = self.env.send_email(MAIL).map_err(unavailable)?;
            let email = SendEmailBuilder::builder(from, &message.to, &message.subject)
                .text(&message.text)
                .html(&message.html)
                .headers(&headers(message))
                .build();
            match within(CALL_MS, binding.send_with_builder(&email)).await {
                None => Err(PostError::Doubtful(format!(
                    "no answer within {CALL_MS} ms"
                ))),
                Some(Ok(_)) => Ok(()),
                Some(Err(error)) => Err(classify(&error)),
            }
        })
    }
}

fn headers(message: &Message) -> Object<JsString> {
    let headers = Object::new();
    // A fresh object takes any member.
    let _ = Reflect::set(&headers, &REPEAT_HEADER.into(), &message.id.as_str().into());
    headers.unchecked_into()
}

/// Reads the code that the error has: the worker crate knows a few of them by name, and not all as they are called today.
fn classify(error: &JsValue) -> PostError {
    let member = |name: &str| {
        let member = Reflect::get(error, &name.into()).ok();
        member.and_then(|member| member.as_string())
    };
    let code = member("code").unwrap_or_default();
    let reason = member("message").unwrap_or_else(|| format!("{error:?}"));
    let reason = format!("{code} {reason}");
    if is_final(&code) {
        PostError::Refused(reason)
    } else {
        PostError::unavailable(reason)
    }
}
