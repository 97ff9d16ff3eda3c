//! Time-outs: nothing outside this isolate is waited for without end.

use std::{future::Future, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use worker::Delay;

/// How long an object, KV or a mail transport may take, in milliseconds.
pub(super) const CALL_MS: u64 = 5_000;

/// What `future` gives, or `None` when it takes longer than `limit_ms`.
pub(super) async fn within<T>(limit_ms: u64, future: impl Future<Output = T>) -> Option<T> {
    let delay = Delay::from(Duration::from_millis(limit_ms));
    match select(pin!(future), pin!(delay)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}
