//! Commands and answers as they cross to an object and back, also between Workers of neighbouring versions.

use super::{Command, Context, Object, Reply, run};
use crate::{
    http::Response,
    idempotency, log,
    problem::{ApiError, OTHER_CODE_S},
};

/// Answers a command as it comes: from memory, or by [`run`].
///
/// # Errors
/// As [`run`], and 503 for a command that this code does not know: during a roll-out who asks may have newer code, and soon this object has it, too.
pub fn reply<O: Object>(context: &Context<'_>, text: &str) -> Result<Reply, ApiError> {
    let live = context.sql.live();
    if let Some(body) = live.answer(text, context.now_ms) {
        return Ok(Reply {
            body,
            ..Reply::done()
        });
    }
    let command = read::<O>(text)?;
    let is_question = command.is_question();
    let reply = run::<O>(context, command)?;
    if is_question {
        live.remember(text, &reply.body, context.now_ms);
    }
    Ok(reply)
}

fn read<O: Object>(text: &str) -> Result<O::Command, ApiError> {
    serde_json::from_slice(text.as_bytes()).map_err(|error| {
        ApiError::unavailable(format!("command of other code: {error}"))
            .with_retry_after_s(OTHER_CODE_S)
    })
}

/// What an object answers on the wire: the reply's body, or the problem of the refusal.
#[must_use]
pub fn answer(result: Result<&Reply, ApiError>) -> Response {
    match result {
        Ok(reply) => {
            let status = if reply.is_replay {
                idempotency::REPLAYED
            } else {
                200
            };
            let body = reply.body.clone().into_bytes();
            Response::new(status).with_body("application/json", body)
        }
        Err(error) => {
            if let Some(cause) = error.cause() {
                log::error(cause);
            }
            error.into_response()
        }
    }
}
