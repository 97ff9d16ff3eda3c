//! A snapshot as the page's evaluator takes it: without the steps in between that serde needs.

use alloc::vec::Vec;

use lockstep_core::{PackedNodes, Record};

use super::{SnapshotError, binary};
use crate::GatePolicy;

/// What one principal holds, as of one epoch: a snapshot that was made under the policy at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The organization's epoch when the principal last changed.
    pub epoch: u64,
    /// The server's clock when it was sent, in Unix milliseconds.
    pub server_time_ms: u64,
    /// What the evaluator needs, but for the nodes.
    pub record: Record,
    /// The nodes. The first is the organization.
    pub nodes: PackedNodes,
}

impl Held {
    /// Reads a snapshot made under `policy`: in the binary form, or in JSON as the page hands it over
    /// (see [`Snapshot::to_flat`](super::Snapshot::to_flat)).
    ///
    /// Who has the whole policy reads with [`GatePolicy::of`], and resolves [`Self::record`] under the whole one.
    ///
    /// # Errors
    /// When it is neither, or of another format or policy.
    pub fn read(bytes: &[u8], policy: &GatePolicy) -> Result<Self, SnapshotError> {
        binary::read(bytes, policy)
    }

    /// The record with its nodes.
    #[must_use]
    pub fn record(&self) -> Record {
        let nodes: Vec<_> = self.nodes.unpacked().collect();
        Record {
            nodes,
            ..self.record.clone()
        }
    }
}
