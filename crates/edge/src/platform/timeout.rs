//! Time-outs: nothing outside this isolate is waited for without end.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::Future,
    pin::{Pin, pin},
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
    fn set_timeout(end: &JsValue, duration_ms: u32, number: u32) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

thread_local! {
    /// Ends the delay of a number. All delays share it, because to make such a function costs more than a timer.
    static END: JsValue = Closure::<dyn FnMut(u32)>::new(end).into_js_value();
    /// Who waits for which delay that is not over.
    static UNDER_WAY: RefCell<BTreeMap<u32, Waker>> = const { RefCell::new(BTreeMap::new()) };
    /// The number of the delay that began last.
    static LAST: Cell<u32> = const { Cell::new(0) };
}

fn end(number: u32) {
    let waker = UNDER_WAY.with_borrow_mut(|under_way| under_way.remove(&number));
    waker.inspect(Waker::wake_by_ref);
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
    /// Its number and its timer, once it is waited for.
    begun: Option<(u32, JsValue)>,
}

impl Delay {
    pub(super) const fn new(duration_ms: u64) -> Self {
        Self {
            duration_ms,
            begun: None,
        }
    }
}

impl Future for Delay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let waker = context.waker().clone();
        if let Some((number, _)) = &self.begun {
            // The earlier one is dropped after the borrow: who knows what goes with it.
            let earlier = UNDER_WAY.with_borrow_mut(|under_way| {
                let waiting = under_way.get_mut(number)?;
                Some(std::mem::replace(waiting, waker))
            });
            return earlier.map_or(Poll::Ready(()), |_| Poll::Pending);
        }
        let number = LAST.get().wrapping_add(1);
        LAST.set(number);
        UNDER_WAY.with_borrow_mut(|under_way| under_way.insert(number, waker));
        let duration_ms = u32::try_from(self.duration_ms).unwrap_or(u32::MAX);
        let timer = END.with(|end| set_timeout(end, duration_ms, number));
        self.begun = Some((number, timer));
        Poll::Pending
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        let Some((number, timer)) = &self.begun else {
            return;
        };
        let waiting = UNDER_WAY.with_borrow_mut(|under_way| under_way.remove(number));
        if waiting.is_some() {
            clear_timeout(timer);
        }
    }
}
