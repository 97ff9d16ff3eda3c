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
//! [`crate::bytes`], conditions those of [`crate::flat`].
//!
//! Permissions that the policy does not have are left out: nobody can be asked about them.
//!
//! A page that has a snapshot in JSON writes it almost so, for one reader to read both. That form never
//! leaves the page, so it has no sum, and none of the policy's numbers:
//!
//! ```text
//! snapshot = "json" format: number, digest: text, organization: text, head plan role* … token
//! name     = 0 text
//! set      = count text…
//! ```

mod read;
mod write;

use alloc::vec::Vec;

use lockstep_core::RecordError;

use super::{Held, OLDEST_FORMAT, SNAPSHOT_FORMAT, Snapshot, SnapshotError};
use crate::bytes::{Reader, write_number, write_text};
use crate::digest::{self, DIGEST_BYTES};
use crate::{CompiledPolicy, GatePolicy};
use read::RecordReader;
use write::Writer;

const MAGIC: &[u8; 4] = b"lock";
/// What a page writes of JSON. No one changed byte makes the one of the other.
const MAGIC_OF_JSON: &[u8; 4] = b"json";
/// The only version of the binary form that this release writes and reads.
const FORMAT: u8 = 1;

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
        bytes.extend(digest::of_hex(&policy.digest)?);
        let record = self.record();
        let mut writer = Writer::new(Some(&policy.policy), bytes);
        writer.held(self.epoch, self.server_time_ms, &record)?;
        Some(digest::with_checksum(writer.bytes))
    }

    /// The snapshot as a page hands it to its evaluator that got it in JSON: what `flat.ts` writes.
    /// `None` when its nodes do not form a hierarchy.
    #[must_use]
    pub fn to_flat(&self) -> Option<Vec<u8>> {
        let mut bytes = MAGIC_OF_JSON.to_vec();
        write_number(self.format.into(), &mut bytes);
        write_text(&self.policy.digest, &mut bytes);
        write_text(&self.organization, &mut bytes);
        let record = self.record();
        let mut writer = Writer::new(None, bytes);
        writer.held(self.epoch, self.server_time_ms, &record)?;
        Some(writer.bytes)
    }
}

/// Reads either form.
pub(super) fn read(bytes: &[u8], policy: &GatePolicy) -> Result<Held, SnapshotError> {
    match bytes.split_first_chunk() {
        Some((MAGIC, _)) => read_binary(bytes, policy),
        Some((MAGIC_OF_JSON, rest)) => read_json(rest, policy),
        _ => Err(SnapshotError::Damaged),
    }
}

fn read_binary(bytes: &[u8], policy: &GatePolicy) -> Result<Held, SnapshotError> {
    let format = bytes.get(MAGIC.len()).ok_or(SnapshotError::Damaged)?;
    if *format != FORMAT {
        return Err(SnapshotError::OtherFormat((*format).into()));
    }
    let body = digest::summed(bytes).ok_or(SnapshotError::Damaged)?;
    let mut reader = Reader::new(body.get(MAGIC.len() + 1..).unwrap_or_default());
    let named = reader.take(DIGEST_BYTES);
    reader.rest().ok_or(SnapshotError::Damaged)?;
    if named != policy.digest {
        return Err(SnapshotError::OtherPolicy);
    }
    read_body(reader, Some(policy))
}

fn read_json(bytes: &[u8], policy: &GatePolicy) -> Result<Held, SnapshotError> {
    let mut reader = Reader::new(bytes);
    let format = reader.number();
    reader.rest().ok_or(SnapshotError::Damaged)?;
    if !(u64::from(OLDEST_FORMAT)..=u64::from(SNAPSHOT_FORMAT)).contains(&format) {
        return Err(SnapshotError::OtherFormat(format));
    }
    let (named, organization) = (reader.text(), reader.text());
    reader.rest().ok_or(SnapshotError::Damaged)?;
    if digest::of_hex(named) != Some(policy.digest) {
        return Err(SnapshotError::OtherPolicy);
    }
    let held = read_body(reader, None)?;
    if held.nodes.nodes.is_empty() || held.nodes.id(0) != organization {
        return Err(SnapshotError::Record(RecordError::NoOrganization));
    }
    Ok(held)
}

/// What comes between digest and checksum: with the numbers of `policy`, or without numbers.
fn read_body(bytes: Reader<'_>, policy: Option<&GatePolicy>) -> Result<Held, SnapshotError> {
    let mut reader = RecordReader {
        policy: policy.map(|policy| &*policy.policy),
        bytes,
    };
    let held = reader.held();
    if reader.bytes.is_read() {
        Ok(held)
    } else {
        Err(SnapshotError::Damaged)
    }
}
