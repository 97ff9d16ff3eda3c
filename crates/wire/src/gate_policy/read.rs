//! The compiled form read back.

use alloc::sync::Arc;
use alloc::vec::Vec;

use lockstep_core::{
    Assembly, Bits, DenialParts, Level, PermissionParts, Policy, ReplacementParts, RoleParts,
    RuleParts,
};

use super::{FORMAT, MAGIC};
use crate::CompiledPolicy;
use crate::bytes::Reader;
use crate::digest::{self, DIGEST_BYTES};

/// A compiled policy as a gate reads it: it decides and gives reasons as the whole one ([`CompiledPolicy`]) does, and lacks what an [`Assembly`] lacks, such as operations and which roles are an admin's.
#[derive(Clone, Debug)]
pub struct GatePolicy {
    /// The policy, as far as decisions and their reasons need it.
    pub policy: Arc<Policy>,
    /// Digest of the document it was compiled from.
    pub digest: [u8; DIGEST_BYTES],
    /// What it was read from, for an organization that changes it.
    bytes: Vec<u8>,
}

impl GatePolicy {
    /// Reads the compiled form; `None` when the bytes are damaged, or of another format.
    #[must_use]
    pub fn read(bytes: Vec<u8>) -> Option<Self> {
        let (digest, policy) = read(&bytes)?;
        Some(Self {
            policy: Arc::new(policy),
            digest,
            bytes,
        })
    }

    /// What a gate reads of `policy`.
    #[must_use]
    pub fn of(policy: &CompiledPolicy) -> Option<Self> {
        Self::read(policy.to_bytes()?)
    }

    /// The policy once more, to be changed.
    #[must_use]
    pub fn anew(&self) -> Option<Policy> {
        read(&self.bytes).map(|(_, policy)| policy)
    }
}

fn read(bytes: &[u8]) -> Option<([u8; DIGEST_BYTES], Policy)> {
    let body = digest::summed(bytes)?.strip_prefix(MAGIC)?;
    let (format, body) = body.split_first()?;
    if *format != FORMAT {
        return None;
    }
    let (digest, body) = body.split_first_chunk()?;
    let mut reader = PartsReader {
        bytes: Reader::new(body),
    };
    let made = reader.parts();
    if !reader.bytes.is_read() {
        return None;
    }
    Some((*digest, made.finish()?))
}

struct PartsReader<'a> {
    bytes: Reader<'a>,
}

impl PartsReader<'_> {
    fn parts(&mut self) -> Assembly {
        let mut made = Assembly::new(self.bytes.index(), self.set(), self.set());
        made.organization(self.bytes.texts(), self.levels(), self.bytes.flag());
        let mut left = self.count();
        while self.bytes.more(&mut left) {
            made.guard(self.bytes.conditions());
        }
        let mut left = self.count();
        while self.bytes.more(&mut left) {
            made.permission(self.permission());
        }
        let mut left = self.count();
        while self.bytes.more(&mut left) {
            made.role(self.role());
        }
        let mut left = self.count();
        while self.bytes.more(&mut left) {
            made.ownership(self.level(), self.set());
        }
        let mut left = self.count();
        while self.bytes.more(&mut left) {
            made.rule(RuleParts {
                id: self.bytes.string(),
                because: self.bytes.string(),
            });
        }
        let mut left = self.count();
        while self.bytes.more(&mut left) {
            made.denial(&DenialParts {
                permission: self.bytes.index(),
                guard: self.optional(),
                rule: self.bytes.index(),
            });
        }
        let mut left = self.count();
        while self.bytes.more(&mut left) {
            made.replacement(&ReplacementParts {
                feature: self.bytes.index(),
                level: self.level(),
                role: self.bytes.index(),
            });
        }
        made
    }

    fn count(&mut self) -> usize {
        self.bytes.count(usize::MAX)
    }

    fn permission(&mut self) -> PermissionParts {
        let mut permission = PermissionParts {
            id: self.bytes.string(),
            because: self.bytes.string(),
            level: self.level(),
            personal: self.bytes.flag(),
            guard: self.optional(),
            plan: self.numbers(),
            implied: self.numbers(),
            conditional: Vec::new(),
        };
        let mut left = self.count();
        while self.bytes.more(&mut left) {
            let right = (self.bytes.index(), self.bytes.index());
            permission.conditional.push(right);
        }
        permission
    }

    fn role(&mut self) -> RoleParts {
        RoleParts {
            id: self.bytes.string(),
            name: self.bytes.string(),
            level: self.level(),
            overriding: self.bytes.flag(),
            rights: self.set(),
            denied: self.set(),
            cap: if self.bytes.flag() {
                Some(self.set())
            } else {
                None
            },
        }
    }

    fn level(&mut self) -> Level {
        self.bytes.level()
    }

    fn levels(&mut self) -> Vec<Level> {
        let mut levels = Vec::new();
        let mut left = self.count();
        while self.bytes.more(&mut left) {
            levels.push(self.level());
        }
        levels
    }

    /// A number, or none.
    fn optional(&mut self) -> Option<usize> {
        self.bytes.index().checked_sub(1)
    }

    fn numbers(&mut self) -> Vec<usize> {
        let mut numbers = Vec::new();
        let mut left = self.count();
        while self.bytes.more(&mut left) {
            numbers.push(self.bytes.index());
        }
        numbers
    }

    fn set(&mut self) -> Bits {
        let len = self.bytes.index();
        let mut words = Vec::new();
        for part in self.bytes.take(len).chunks(8) {
            let mut word = 0;
            for byte in part.iter().rev() {
                word = word << 8 | u64::from(*byte);
            }
            words.push(word);
        }
        Bits::from_words(words)
    }
}
