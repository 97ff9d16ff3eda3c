//! A future that has nothing to wait for gives its value at once: a promise would cost more than most of what is asked here.

use std::{
    future::Future,
    task::{Context, Poll, Waker},
};

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;

/// What `future` gives or, when it has to wait, a promise of it.
pub(super) fn at_once(
    future: impl Future<Output = Result<JsValue, JsValue>> + 'static,
) -> Result<JsValue, JsValue> {
    let mut future = Box::pin(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => value,
        // INVARIANT: whatever it waits for takes the waker of its latest poll, and this is the next one.
        Poll::Pending => Ok(future_to_promise(future).into()),
    }
}
