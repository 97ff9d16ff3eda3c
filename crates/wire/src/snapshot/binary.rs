//! The binary form of a snapshot: what a page loads and reads without parsing JSON.
//!
//! ```text
//! snapshot = "lock" format digest head plan role* rule* nodes grant* token checksum
//! format   = 1                                    one byte
//! digest   = byte{32}                             of the policy; it pins what numbers stand for
//! head     = principal: text, kind: 0 | 1, epoch: number, server time: number
//! plan     = count text…
//! role     = id: text, name: text, base: name, with: set, without: set
//! rule     = id: text, 0 allow | 1 deny, because: text, roles: count name…,
//!            permissions: count text…, conditions: count condition…
//! nodes    = count, ids: text (one after the other), for each node: length of its id,
//!            parent << 3 | owned << 2 | level, where the parent of the first counts for nothing
//! grant    = role: name, node: name, flags [group: text] [not before: number] [expires: number]
//! token    = 0 | 1 scope node flags [not before] [expires]
//! scope    = 0 (all) | 1 set
//! name     = 0 text | 1 + number of a role of the policy, or of a node
//! set      = a bit for each permission of the policy, the lowest of the first byte first
//! checksum = four bytes, the lowest first, over all that comes before
//! ```
//! `role*`, `rule*` and `grant*` begin with their count; numbers, texts and counts are those of
//! [`crate::bytes`].
//!
//! Permissions that the policy does not have are left out: nobody can be asked about them.

mod read;
mod write;

use alloc::vec::Vec;

use super::{Held, Snapshot, SnapshotError};
use crate::bytes::Reader;
use crate::{CompiledPolicy, GatePolicy};
use read::RecordReader;
use write::Writer;

const MAGIC: &[u8; 4] = b"lock";
/// The only version of the binary form that this release writes and reads.
const FORMAT: u8 = 1;
const DIGEST_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;

const HAS_GROUP: u8 = 1;
const HAS_START: u8 = 2;
const HAS_END: u8 = 4;

impl Snapshot {
    /// The media type of the binary form.
    pub const MEDIA_TYPE: &'static str = "application/vnd.lockstep.snapshot";

    /// The snapshot in the binary form; `None` when it was not made under `policy`, or when its nodes
    /// do not form a hierarchy.
    #[must_use]
    pub fn to_bytes(&self, policy: &CompiledPolicy) -> Option<Vec<u8>> {
        self.check(&policy.digest).ok()?;
        let mut bytes = MAGIC.to_vec();
        bytes.push(FORMAT);
        bytes.extend(digest(&policy.digest)?);
        let held = Held {
            epoch: self.epoch,
            server_time_ms: self.server_time_ms,
            record: self.record(),
        };
        let mut writer = Writer::new(&policy.policy, bytes);
        writer.held(&held)?;
        let mut bytes = writer.bytes;
        let sum = checksum(&bytes);
        bytes.extend(sum.to_le_bytes());
        Some(bytes)
    }
}

/// Whether `bytes` claim to be a snapshot in the binary form.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

pub(super) fn read(bytes: &[u8], policy: &GatePolicy) -> Result<Held, SnapshotError> {
    let format = bytes.get(MAGIC.len()).ok_or(SnapshotError::Damaged)?;
    if *format != FORMAT {
        return Err(SnapshotError::OtherFormat((*format).into()));
    }
    let (body, sum) = bytes
        .split_last_chunk::<CHECKSUM_BYTES>()
        .ok_or(SnapshotError::Damaged)?;
    if checksum(body) != u32::from_le_bytes(*sum) {
        return Err(SnapshotError::Damaged);
    }
    let mut reader = RecordReader {
        policy: &policy.policy,
        bytes: Reader {
            rest: body.get(MAGIC.len() + 1..).unwrap_or_default(),
        },
    };
    let named = reader.bytes.take(DIGEST_BYTES);
    if named.ok_or(SnapshotError::Damaged)? != digest(&policy.digest).unwrap_or_default() {
        return Err(SnapshotError::OtherPolicy);
    }
    let held = reader.held().ok_or(SnapshotError::Damaged)?;
    if reader.bytes.rest.is_empty() {
        Ok(held)
    } else {
        Err(SnapshotError::Damaged)
    }
}

/// FNV-1a. A step takes each state to another one, and different bytes to different states; so two texts
/// of one length that differ in one byte never have the same sum.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| {
        (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// A digest in hex as bytes.
fn digest(hex: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut digest = Vec::with_capacity(DIGEST_BYTES);
    for [high, low] in pairs {
        digest.push(digit(*high)? << 4 | digit(*low)?);
    }
    (rest.is_empty() && digest.len() == DIGEST_BYTES).then_some(digest)
}
