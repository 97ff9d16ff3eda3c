//! Time and randomness: the only places that read them.

use wasm_bindgen::JsCast;

use super::timeout::Delay;
use crate::{
    edge::{Clock, Later, Random},
    problem::ApiError,
};

pub(super) struct WorkerClock;

impl Clock for WorkerClock {
    // A request reads it several times, and the worker crate makes an object of each reading.
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    #[expect(
        clippy::as_conversions,
        reason = "the runtime counts whole milliseconds, of which there are 53 bits at most"
    )]
    fn now_ms(&self) -> i64 {
        js_sys::Date::now() as i64
    }

    fn sleep(&self, duration_ms: u64) -> Later<'static, ()> {
        Box::pin(Delay::new(duration_ms))
    }
}

pub(super) struct WorkerRandom;

impl Random for WorkerRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ApiError> {
        let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
        let filled = scope
            .crypto()
            .and_then(|crypto| crypto.get_random_values_with_u8_array(bytes));
        filled
            .map(|_| ())
            .map_err(|error| ApiError::internal(format!("no randomness: {error:?}")))
    }
}
