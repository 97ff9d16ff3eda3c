//! Mail of an outbox: how often and how long one is tried, and what is told of one that is given up.

use lockstep_wire::{AuditFields, AuditValue};

use super::{Delivery, outcome::Undelivered};
use crate::{
    address,
    edge::Edge,
    mail::{Mail, PostError},
    objects::ask,
    problem::ApiError,
};

/// How often a mail is tried.
const TRIES_MAX: i64 = 300;
/// How long a mail is tried, in milliseconds: a day.
const AGE_MS_MAX: i64 = 86_400_000;
/// Waits after tries of which nobody knows whether the mail was sent, in seconds. After one more of these it is given up: each may be another copy.
const DOUBTFUL_WAITS_S: [u32; 4] = [10, 100, 1_000, 3_600];
/// Longest kept reason why a mail was not sent, in characters.
const REASON_CHARS_MAX: usize = 200;

/// A mail that waits, as it is stored.
pub(super) struct Waiting {
    pub(super) mail: Mail,
    pub(super) since_ms: Option<i64>,
    pub(super) doubtful: usize,
    pub(super) attempts: i64,
}

pub(super) async fn deliver(edge: &Edge, waiting: Waiting) -> Result<(), Undelivered> {
    let Waiting {
        mail,
        since_ms,
        doubtful,
        attempts,
    } = waiting;
    let lost = |mail: Mail, reason: &str| Undelivered::Lost(Box::new(mail), shortened(reason));
    let now_ms = edge.clock.now_ms();
    if mail.expires_at_ms() <= now_ms {
        return Err(lost(mail, "no longer of use"));
    }
    let message = mail.render(&edge.config)?;
    // A code is asked for by who has the address, and counted there.
    let is_of_organization = !matches!(mail, Mail::SignInCode { .. });
    if is_of_organization && !counted(edge, &mail, &message.id).await? {
        // How many of them others sent is nobody's business.
        return Err(lost(mail, "the address is sent no more mails today"));
    }
    let Err(error) = edge.post.send(&message).await else {
        return Ok(());
    };
    let is_old = since_ms.is_some_and(|since| now_ms.saturating_sub(since) >= AGE_MS_MAX);
    let is_over = is_old || attempts.saturating_add(1) >= TRIES_MAX;
    Err(match error {
        PostError::Refused(reason) => lost(mail, &reason),
        PostError::Doubtful(reason) | PostError::Unavailable { reason, .. } if is_over => {
            lost(mail, &reason)
        }
        PostError::Doubtful(reason) => match DOUBTFUL_WAITS_S.get(doubtful) {
            None => lost(mail, &reason),
            Some(wait_s) => {
                let again = Delivery::Mail {
                    mail,
                    since_ms,
                    doubtful: doubtful.saturating_add(1),
                };
                Undelivered::Doubtful(Box::new(again), reason, *wait_s)
            }
        },
        PostError::Unavailable {
            reason,
            retry_after_s,
        } => Undelivered::ForNow(reason, retry_after_s),
    })
}

/// What the audit log says of a mail that was not sent.
pub(super) fn lost(mail: &Mail, reason: &str) -> AuditFields {
    let members = [("kind", mail.kind()), ("to", mail.to()), ("reason", reason)];
    let text = |(name, value): (&str, &str)| (name.to_owned(), AuditValue::Text(value.to_owned()));
    AuditFields(members.into_iter().map(text).collect())
}

/// Whether an organization's mail may be sent, as far as its address goes: many organizations may write to it.
async fn counted(edge: &Edge, mail: &Mail, message: &str) -> Result<bool, ApiError> {
    let name = address::name(edge, mail.to())?;
    let command = address::Command::CountMail {
        message: message.to_owned(),
    };
    ask::<address::AddressObject, bool>(&*edge.objects, &name, &command).await
}

fn shortened(reason: &str) -> String {
    let visible = reason.chars().filter(|c| !c.is_control());
    visible.take(REASON_CHARS_MAX).collect()
}
