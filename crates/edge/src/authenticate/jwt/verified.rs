//! Tokens whose signature this isolate has checked, so that it is not checked again with every request.
//!
//! The name of an entry is SHA-256 over the whole token and the epoch of the configuration that it was held against, so nothing but the same token under the same records finds it.
//! An entry counts only while its issuer's keys are those that it was verified with, and its times are held against the clock every time.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    rc::{Rc, Weak},
};

use lockstep_token::{FetchedKeys, Times, UserId};
use sha2::{Digest, Sha256};

use crate::user::Said;

/// How many tokens an isolate remembers.
const ENTRIES_MAX: usize = 2_048;

/// The verified tokens that this isolate remembers.
#[derive(Debug, Default)]
pub struct Cache(RefCell<Entries>);

#[derive(Debug, Default)]
struct Entries {
    proven: BTreeMap<Name, Rc<Proven>>,
    /// The oldest first.
    order: VecDeque<Name>,
}

/// The name of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name([u8; 32]);

/// What a token says, once its signature and claims held.
#[derive(Debug)]
pub struct Proven {
    /// Its issuer.
    pub issuer: String,
    /// The issuer's name for the user.
    pub subject: String,
    /// The user's id, which is derived from the two; `None` for an organization's own issuer, whose users are that organization's.
    pub user: Option<UserId>,
    /// The address that the issuer is believed about.
    pub address: Option<String>,
    /// What it says of that.
    pub said: Said,
    /// From when to when it is valid.
    pub times: Times,
    /// The published keys that it was verified with, unless its record has its own. They are not kept for it: others have come, and it counts no longer.
    pub keys: Option<Weak<FetchedKeys>>,
    /// When an organization was asked to let the user in who comes by its own issuer.
    pub admitted_at_ms: Cell<Option<i64>>,
}

impl Name {
    /// The name of a token under the records of `epoch`.
    #[must_use]
    pub fn of(epoch: &str, token: &str) -> Self {
        let length = u64::try_from(epoch.len()).unwrap_or(u64::MAX);
        let hash = Sha256::new()
            .chain_update(length.to_be_bytes())
            .chain_update(epoch)
            .chain_update(token);
        Self(hash.finalize().into())
    }
}

impl Proven {
    /// Whether it was verified with these keys, and no others that say the same by chance.
    #[must_use]
    pub fn is_by(&self, keys: Option<&Rc<FetchedKeys>>) -> bool {
        match (&self.keys, keys) {
            (None, None) => true,
            (Some(own), Some(now)) => own.ptr_eq(&Rc::downgrade(now)),
            _ => false,
        }
    }
}

impl Cache {
    /// What is remembered under a name.
    #[must_use]
    pub fn find(&self, name: &Name) -> Option<Rc<Proven>> {
        self.0.borrow().proven.get(name).cloned()
    }

    /// Remembers a token; when full, the oldest is forgotten.
    pub fn remember(&self, name: Name, proven: Rc<Proven>) {
        let mut entries = self.0.borrow_mut();
        if entries.proven.insert(name, proven).is_none() {
            entries.order.push_back(name);
        }
        if entries.order.len() > ENTRIES_MAX
            && let Some(oldest) = entries.order.pop_front()
        {
            entries.proven.remove(&oldest);
        }
    }

    /// Forgets a token, such as one whose time is over.
    pub fn forget(&self, name: &Name) {
        let mut entries = self.0.borrow_mut();
        if entries.proven.remove(name).is_some() {
            entries.order.retain(|other| other != name);
        }
    }
}

#[cfg(test)]
mod tests;
