//! Work that goes on after an answer, and is begun once at a time: marks of what is under way.

use std::{cell::RefCell, collections::BTreeMap};

/// How long something counts as under way; longer than it may take, because the runtime may have ended it.
const UNDER_WAY_MS: i64 = 15_000;

/// What is under way, and since when.
#[derive(Debug, Default)]
pub struct UnderWay(RefCell<BTreeMap<String, i64>>);

impl UnderWay {
    /// Whether nobody else does it; then it is the caller's to do.
    pub fn begin(&self, key: &str, now_ms: i64) -> bool {
        let mut begun = self.0.borrow_mut();
        // A clock that went backwards starts everything anew.
        begun.retain(|_, at_ms| (0..UNDER_WAY_MS).contains(&now_ms.saturating_sub(*at_ms)));
        let is_free = !begun.contains_key(key);
        if is_free {
            begun.insert(key.to_owned(), now_ms);
        }
        is_free
    }

    /// It has come to an end.
    pub fn end(&self, key: &str) {
        self.0.borrow_mut().remove(key);
    }
}
