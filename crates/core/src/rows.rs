//! The answers that need no facts, laid out so that a check is one look-up and two bit tests.

use alloc::vec;
use alloc::vec::Vec;

use crate::bits::WORD_BITS;
use crate::evaluate::Factors;
use crate::holdings::{Holdings, Set};
use crate::{Bits, Facts, Outcome, PermissionId, Policy};

/// For each permission one of three answers: allowed, denied, or that it depends on facts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) words: Vec<Word>,
}

/// The answers about 64 permissions: a bit for what is allowed, and one for what depends on facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Word {
    pub(crate) allowed: u64,
    open: u64,
}

impl Word {
    #[inline]
    pub(crate) const fn outcome(self, permission: usize) -> Outcome {
        let bit = permission % WORD_BITS;
        if self.allowed >> bit & 1 == 1 {
            Outcome::True
        } else if self.open >> bit & 1 == 1 {
            Outcome::Unknown
        } else {
            Outcome::False
        }
    }
}

impl Row {
    /// The answers where `set` holds.
    pub(crate) fn new(policy: &Policy, holdings: &Holdings, set: &Set) -> Self {
        let permissions = policy.permissions.len();
        let mut words = vec![Word::default(); permissions.div_ceil(WORD_BITS)];
        if !holdings.member || !set.in_token {
            return Self { words };
        }
        for (at, word) in words.iter_mut().enumerate() {
            let mut under_caps = set.granted.word(at);
            for cap in &holdings.caps {
                under_caps &= cap.word(at);
            }
            let held = holdings.overriding.word(at) | under_caps;
            let scope = holdings
                .scope
                .as_ref()
                .map_or(u64::MAX, |scope| scope.word(at));
            word.allowed = held & scope & policy.plain.word(at) & holdings.in_plan.word(at);
        }
        let none = Facts::default();
        for at in 0..permissions {
            if policy.plain.contains(at) {
                continue;
            }
            let outcome = Factors::of(policy, holdings, PermissionId(at), set, &none).outcome();
            if let Some(word) = words.get_mut(at / WORD_BITS) {
                let bit = 1 << (at % WORD_BITS);
                match outcome {
                    Outcome::True => word.allowed |= bit,
                    Outcome::Unknown => word.open |= bit,
                    Outcome::False => {}
                }
            }
        }
        Self { words }
    }

    /// The answer about `permission`.
    pub(crate) fn outcome(&self, permission: usize) -> Outcome {
        let word = self.words.get(permission / WORD_BITS);
        word.map_or(Outcome::False, |word| word.outcome(permission))
    }

    /// The permissions that depend on facts in one of `rows`, each of `stride` words.
    pub(crate) fn open(rows: &[Self], stride: usize) -> Bits {
        let mut open = Bits::empty(stride * WORD_BITS);
        for row in rows {
            for (at, word) in row.words.iter().enumerate() {
                open.add_word(at, word.open);
            }
        }
        open
    }
}
