//! Lockstep's evaluator in the browser: newtypes and conversions around `lockstep-core`.
//!
//! A [`Gate`] is made from the policy and the snapshot as they came over the wire. What it cannot
//! read makes a gate that denies everything and says why; nothing here throws.
//!
//! Each string that crosses into WASM costs about a hundred nanoseconds, an integer about two. So the
//! JavaScript side asks once for the numbers of names ([`Gate::permission`], [`Gate::node`]) and then
//! reads answers from tables in WASM memory, which [`Gate::layout`] points to:
//!
//! ```text
//! answer = answers[ rows[node] + permission ]      0 deny, 1 allow, 2 depends on facts
//! ```
//!
//! Gating in the page is a hint; the edge enforces.
//!
//! The page loads every byte of this, so it goes without std: its panics and its allocator alone would
//! be a third of it.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

#[cfg(target_arch = "wasm32")]
mod runtime;
mod table;

use alloc::string::String;
use alloc::vec::Vec;

use lockstep_core::{Access, Facts, NodeId, Outcome, PermissionId, mask, verdict};
use lockstep_wire::{DecisionView, FactsView, GatePolicy, Held, Sentences, Tree};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::table::Table;

/// A compiled policy: read once, for any number of gates.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Policy(Option<GatePolicy>);

#[wasm_bindgen]
impl Policy {
    /// Reads the compiled policy (the member `gate` of what `/v1/policy` answers), parsed by the page
    /// and written flat (see `lockstep_wire::Tree`).
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Tree::read(bytes).and_then(|tree| GatePolicy::read(&tree)))
    }
}

/// One person's permissions in one organization.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gate {
    /// Or the code of why everything is denied.
    state: Result<Ready, &'static str>,
    table: Table,
    masks: Vec<u8>,
}

/// What a gate decides with.
#[derive(Debug)]
struct Ready {
    access: Access,
    epoch: u64,
    server_time_ms: u64,
}

#[wasm_bindgen]
impl Gate {
    /// A gate for the snapshot in `bytes`, in its binary form or parsed by the page and written flat, at
    /// `now_ms` in Unix milliseconds by the server's clock; not a number: when the snapshot was sent.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(policy: &Policy, bytes: &[u8], now_ms: f64) -> Self {
        let mut gate = Self {
            state: Ready::read(policy, bytes, now_ms),
            table: Table::default(),
            masks: Vec::new(),
        };
        gate.lay_out();
        gate
    }

    /// `ready`, or the code of why this gate denies everything.
    #[must_use]
    pub fn status(&self) -> String {
        self.state.as_ref().err().copied().unwrap_or("ready").into()
    }

    /// The epoch of the snapshot; 0 when it could not be read.
    #[must_use]
    pub fn epoch(&self) -> f64 {
        self.ready().map_or(0.0, |ready| number(ready.epoch))
    }

    /// The server's clock when it sent the snapshot, in Unix milliseconds; 0 when it could not be read.
    #[must_use]
    pub fn server_time_ms(&self) -> f64 {
        self.ready()
            .map_or(0.0, |ready| number(ready.server_time_ms))
    }

    /// From when on, in Unix milliseconds, [`Self::refresh`] must be called before the next question,
    /// because a grant begins or ends; infinite when never.
    #[must_use]
    pub fn changes_at_ms(&self) -> f64 {
        let at = self.ready().and_then(|ready| ready.access.changes_at_ms());
        at.map_or(f64::INFINITY, number)
    }

    /// Resolves the same snapshot anew at `now_ms`. The tables may move.
    pub fn refresh(&mut self, now_ms: f64) {
        let state = core::mem::replace(&mut self.state, Err(""));
        self.state = state.map(|ready| Ready {
            access: ready.access.at(milliseconds(now_ms)),
            ..ready
        });
        self.lay_out();
    }

    /// The number of the permission called `id`, or -1.
    #[must_use]
    pub fn permission(&self, id: &str) -> i32 {
        let found = |ready: &Ready| ready.access.policy().permission(id);
        handle(self.ready().and_then(found).map(PermissionId::index))
    }

    /// The number of the node called `id`, or -1.
    #[must_use]
    pub fn node(&self, id: &str) -> i32 {
        let found = |ready: &Ready| ready.access.node(id);
        handle(self.ready().and_then(found).map(NodeId::index))
    }

    /// The id of the permission with a number.
    #[must_use]
    pub fn permission_id(&self, permission: i32) -> String {
        let found = self.numbered_permission(permission);
        let described = found.and_then(|(ready, permission)| {
            let policy = ready.access.policy();
            policy.describe(permission)
        });
        described.map(|p| p.id.clone()).unwrap_or_default()
    }

    /// The id of the node with a number.
    #[must_use]
    pub fn node_id(&self, node: i32) -> String {
        let found = self.numbered_node(node);
        let described = found.and_then(|(ready, node)| ready.access.describe(node));
        described.map(|node| node.id.clone()).unwrap_or_default()
    }

    /// The level of the node with a number: 0 organization, 1 workspace, 2 project.
    #[must_use]
    pub fn node_level(&self, node: i32) -> i32 {
        let found = self.numbered_node(node);
        let described = found.and_then(|(ready, node)| ready.access.describe(node));
        described.map_or(-1, |node| level(node.level))
    }

    /// Whether `permission` is allowed on `node`, both by number, under facts as a flat object: 0 no,
    /// 1 yes. What depends on a fact that is missing is no.
    #[must_use]
    pub fn check_with(&self, permission: i32, node: i32, facts: &[u8]) -> i32 {
        let outcome = || {
            let facts = self::facts(facts)?;
            let (ready, permission) = self.numbered_permission(permission)?;
            let (_, node) = self.numbered_node(node)?;
            Some(verdict(&ready.access, permission, node, &facts))
        };
        i32::from(outcome() == Some(Outcome::True))
    }

    /// For each of `rows`, a flat list of node numbers and facts, taken in turns, one byte for each
    /// permission: 0 no, 1 yes. The address of the bytes, which stay until the next call.
    pub fn masks(&mut self, rows: &[u8]) -> u32 {
        self.masks.clear();
        if let (Ok(ready), Some(Tree::List(rows))) = (&self.state, Tree::read(rows)) {
            for row in rows.as_chunks::<2>().0 {
                let [node, facts] = row;
                let node = node.index().and_then(|node| ready.access.node_at(node));
                let facts = FactsView::read(facts);
                let allowed = match (node, facts) {
                    (Some(node), Some(facts)) => mask(&ready.access, node, &facts),
                    _ => lockstep_core::Bits::default(),
                };
                let permissions = 0..self.table.stride();
                self.masks
                    .extend(permissions.map(|at| u8::from(allowed.contains(at))));
            }
        }
        table::address(&self.masks)
    }

    /// The decision with its reasons, as JSON, for permission and node by name, under facts as a flat
    /// object (no bytes: none), in the page's own sentences as a flat object (no bytes: in English).
    #[must_use]
    pub fn explain(&self, permission: &str, node: &str, facts: &[u8], sentences: &[u8]) -> String {
        let own = Tree::read(sentences);
        let sentences = own.as_ref().map(Sentences::new).unwrap_or_default();
        let decided = match (&self.state, self::facts(facts)) {
            (Err(code), _) => Err(*code),
            (_, None) => Err("facts-unreadable"),
            (Ok(ready), Some(facts)) => {
                let access = &ready.access;
                DecisionView::decide_in(access, permission, node, &facts, sentences)
                    .map_err(|_| "unknown-permission")
            }
        };
        let refused = |code| DecisionView::refusal(code, sentences.of_code(code, permission));
        decided.unwrap_or_else(refused).to_json()
    }

    /// The address of six numbers of 32 bits: address and count of the answers, one byte each; address
    /// of the answers again, with 0 in place of 2; address and count of the rows, 32 bits each: where the
    /// answers for each node begin; and how many answers there are for a node: one for each permission.
    #[must_use]
    pub fn layout(&self) -> u32 {
        self.table.layout()
    }

    fn ready(&self) -> Option<&Ready> {
        self.state.as_ref().ok()
    }

    fn numbered_permission(&self, permission: i32) -> Option<(&Ready, PermissionId)> {
        let ready = self.ready()?;
        let policy = ready.access.policy();
        Some((ready, policy.permission_at(permission.try_into().ok()?)?))
    }

    fn numbered_node(&self, node: i32) -> Option<(&Ready, NodeId)> {
        let ready = self.ready()?;
        Some((ready, ready.access.node_at(node.try_into().ok()?)?))
    }

    fn lay_out(&mut self) {
        self.table = self
            .ready()
            .map(|ready| Table::new(&ready.access))
            .unwrap_or_default();
    }
}

impl Ready {
    fn read(policy: &Policy, bytes: &[u8], now_ms: f64) -> Result<Self, &'static str> {
        let policy = policy.0.as_ref().ok_or("policy-unreadable")?;
        let held = Held::read(bytes, policy).map_err(|error| error.code())?;
        let now_ms = if now_ms.is_nan() {
            held.server_time_ms
        } else {
            milliseconds(now_ms)
        };
        let access = Access::resolve(&policy.policy, held.record, now_ms);
        Ok(Self {
            access: access.map_err(|_| "snapshot-unreadable")?,
            epoch: held.epoch,
            server_time_ms: held.server_time_ms,
        })
    }
}

/// No bytes are no facts; what is no object of facts is `None`.
fn facts(bytes: &[u8]) -> Option<Facts> {
    if bytes.is_empty() {
        return Some(Facts::default());
    }
    FactsView::read(&Tree::read(bytes)?)
}

fn handle(index: Option<usize>) -> i32 {
    index
        .and_then(|index| i32::try_from(index).ok())
        .unwrap_or(-1)
}

const fn level(level: lockstep_core::Level) -> i32 {
    match level {
        lockstep_core::Level::Organization => 0,
        lockstep_core::Level::Workspace => 1,
        lockstep_core::Level::Project => 2,
    }
}

#[expect(
    clippy::as_conversions,
    reason = "saturates, which is what a clock out of range needs"
)]
fn milliseconds(now_ms: f64) -> u64 {
    now_ms as u64
}

#[expect(
    clippy::as_conversions,
    reason = "exact below 2^53: a time of the year 287,396"
)]
fn number(value: u64) -> f64 {
    value as f64
}
