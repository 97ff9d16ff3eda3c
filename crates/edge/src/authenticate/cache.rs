//! What this isolate knows of credentials: what their objects answered, and when they were asked.
//!
//! Only valid ones are kept, by the hash of the secret, so nobody fills this with inventions. A refusal is never kept.

use std::{cell::RefCell, collections::BTreeMap};

use super::Caller;
use crate::under_way::UnderWay;

/// How many credentials an isolate remembers.
const ENTRIES_MAX: usize = 1_000;

/// What this isolate knows of credentials.
#[derive(Debug, Default)]
pub struct Cache {
    known: RefCell<BTreeMap<String, Known>>,
    /// Those that a background refresh is under way for.
    pub(super) refreshing: UnderWay,
}

#[derive(Debug)]
struct Known {
    /// This isolate's clock right before the object was asked.
    asked_at_ms: i64,
    caller: Caller,
}

/// What is known of a credential.
pub(super) struct Found {
    pub(super) caller: Caller,
    /// Whether more than half of the time for which it counts is over.
    pub(super) is_aging: bool,
}

impl Cache {
    /// What is known, if it counts for `window_ms` after the object was asked. A clock that went backwards makes everything too old.
    pub(super) fn find(&self, hash: &str, now_ms: i64, window_ms: i64) -> Option<Found> {
        let known = self.known.borrow();
        let known = known.get(hash)?;
        let age_ms = now_ms.saturating_sub(known.asked_at_ms);
        let is_over = known.caller.until_ms.is_some_and(|at_ms| at_ms <= now_ms);
        let counts = (0..window_ms).contains(&age_ms) && !is_over;
        counts.then(|| Found {
            caller: known.caller.clone(),
            is_aging: age_ms >= window_ms / 2,
        })
    }

    /// Keeps the newest; when full, forgets who was asked about longest ago.
    pub(super) fn remember(&self, hash: &str, asked_at_ms: i64, caller: Caller) {
        let mut entries = self.known.borrow_mut();
        if entries.len() >= ENTRIES_MAX && !entries.contains_key(hash) {
            let oldest = entries.iter().min_by_key(|(_, known)| known.asked_at_ms);
            if let Some(oldest) = oldest.map(|(hash, _)| hash.clone()) {
                entries.remove(&oldest);
            }
        }
        let newer = entries
            .get(hash)
            .is_some_and(|there| there.asked_at_ms > asked_at_ms);
        if !newer {
            let caller = Caller {
                is_fresh: false,
                ..caller
            };
            entries.insert(
                hash.to_owned(),
                Known {
                    asked_at_ms,
                    caller,
                },
            );
        }
    }

    /// Forgets all that objects have said.
    pub(crate) fn forget_all(&self) {
        self.known.borrow_mut().clear();
    }

    /// Forgets a credential, which was refused or replaced.
    pub(super) fn remove(&self, hash: &str) {
        self.known.borrow_mut().remove(hash);
    }

    /// Forgets the session, token or key with this id, which this isolate was just told to change: here the change counts at once, elsewhere within the stated time.
    pub fn forget_credential(&self, id: &str) {
        let is_it = |known: &Known| known.caller.credential_id.as_deref() == Some(id);
        self.known.borrow_mut().retain(|_, known| !is_it(known));
    }

    /// Forgets everything that acts as this principal.
    pub fn forget_principal(&self, id: &str) {
        let is_it = |known: &Known| known.caller.principal.as_str() == id;
        self.known.borrow_mut().retain(|_, known| !is_it(known));
    }
}
