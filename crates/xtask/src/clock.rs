//! The one place of this crate that reads a clock: how long a step took, and when to give up.

use std::time::{Duration, Instant};

/// A moment from which time is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "tasks report how long they took")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// For people: `0.4 s`, `93 s`.
    pub(crate) fn text(self) -> String {
        let elapsed = self.elapsed();
        if elapsed < Duration::from_secs(10) {
            format!("{:.1} s", elapsed.as_secs_f64())
        } else {
            format!("{} s", elapsed.as_secs())
        }
    }
}
