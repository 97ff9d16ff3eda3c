//! Time-outs: nothing outside this isolate is waited for without end.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
};

use futures_util::future::{Either, select};
use wasm_bindgen::{
    JsValue,
    prelude::{Closure, wasm_bindgen},
};

/// How long an object, KV or a mail transport may take, in milliseconds.
pub(super) const CALL_MS: u64 = 5_000;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(then: &Closure<dyn FnMut()>, duration_ms: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// What `future` gives, or `None` when it takes longer than `limit_ms`.
pub(super) async fn within<T>(limit_ms: u64, future: impl Future<Output = T>) -> Option<T> {
    match select(pin!(future), Delay::new(limit_ms)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}

/// Ends after a while, counted from when it is first waited for. The worker crate's own wakes whoever
/// polled it first; a request is polled once before it has a task (see `at_once`).
pub(super) struct Delay {
    duration_ms: u64,
    shared: Rc<Shared>,
    timer: Option<(JsValue, Closure<dyn FnMut()>)>,
}

#[derive(Default)]
struct Shared {
    is_over: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Delay {
    pub(super) fn new(duration_ms: u64) -> Self {
        Self {
            duration_ms,
            shared: Rc::default(),
            timer: None,
        }
    }
}

impl Future for Delay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.shared.is_over.get() {
            return Poll::Ready(());
        }
        *self.shared.waker.borrow_mut() = Some(context.waker().clone());
        if self.timer.is_none() {
            let shared = self.shared.clone();
            let then = Closure::new(move || {
                shared.is_over.set(true);
                let waker = shared.waker.borrow_mut().take();
                waker.inspect(Waker::wake_by_ref);
            });
            let duration_ms = u32::try_from(self.duration_ms).unwrap_or(u32::MAX);
            let timer = set_timeout(&then, duration_ms.into());
            self.timer = Some((timer, then));
        }
        Poll::Pending
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        if let Some((timer, _)) = self.timer.as_ref().filter(|_| !self.shared.is_over.get()) {
            clear_timeout(timer);
        }
    }
}
