//! Lockstep's wire format: policy documents, snapshots and HTTP bodies.
