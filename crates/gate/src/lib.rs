//! Lockstep's evaluator in the browser: newtypes and conversions around `lockstep-core`.
//!
//! A [`Gate`] is made from the policy and the snapshot as they came over the wire. What it cannot
//! read makes a gate that denies everything and says why; nothing here throws.
//!
//! Each string that crosses into WASM costs about a hundred nanoseconds, an integer about two. So the
//! JavaScript side asks once for the numbers of names ([`Gate::permission`], [`Gate::node`]) and then
//! reads answers from two tables in WASM memory:
//!
//! ```text
//! answer = table[ rows[node] * stride + permission ]      0 deny, 1 allow, 2 depends on facts
//! ```
//!
//! Gating in the page is a hint; the edge enforces.

mod table;

use lockstep_core::{Access, Facts};
use lockstep_wire::{
    DecisionView, FactsView, GatePolicy, ReasonView, Snapshot, SnapshotError, Tree,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::table::Table;

/// One person's permissions in one organization.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gate {
    state: Result<Ready, Closed>,
    table: Table,
}

/// A gate that can decide.
#[derive(Debug)]
struct Ready {
    access: Access,
    epoch: u64,
}

/// Why a gate denies everything.
#[derive(Debug)]
struct Closed {
    code: &'static str,
    text: String,
}

#[wasm_bindgen]
impl Gate {
    /// A gate for the compiled policy (the member `gate` of what `/v1/policy` answers) and the
    /// snapshot, both parsed by the page and written flat (see `lockstep_wire::Tree`), at `now_ms` in
    /// Unix milliseconds by the server's clock.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(policy: &[u8], snapshot: &[u8], now_ms: f64) -> Self {
        let state = Ready::read(policy, snapshot, milliseconds(now_ms));
        let table = state.as_ref().map(Ready::table).unwrap_or_default();
        Self { state, table }
    }

    /// `ready`, or the code of why this gate denies everything.
    #[must_use]
    pub fn status(&self) -> String {
        self.state
            .as_ref()
            .map_or_else(|closed| closed.code, |_| "ready")
            .into()
    }

    /// Why this gate denies everything, in words; empty when it is ready.
    #[must_use]
    pub fn status_text(&self) -> String {
        self.state
            .as_ref()
            .err()
            .map(|closed| closed.text.clone())
            .unwrap_or_default()
    }

    /// The epoch of the snapshot; 0 when it could not be read.
    #[must_use]
    pub fn epoch(&self) -> f64 {
        self.state.as_ref().map_or(0.0, |ready| number(ready.epoch))
    }

    /// From when on, in Unix milliseconds, [`Self::refresh`] must be called before the next question,
    /// because a grant begins or ends; infinite when never.
    #[must_use]
    pub fn changes_at_ms(&self) -> f64 {
        let at = self
            .state
            .as_ref()
            .ok()
            .and_then(|ready| ready.access.changes_at_ms());
        at.map_or(f64::INFINITY, number)
    }

    /// Resolves the same snapshot anew at `now_ms`. The tables may move.
    pub fn refresh(&mut self, now_ms: f64) {
        if let Ok(ready) = &mut self.state {
            ready.access = ready.access.clone().at(milliseconds(now_ms));
            self.table = ready.table();
        }
    }

    /// The number of the permission called `id`, or -1.
    #[must_use]
    pub fn permission(&self, id: &str) -> i32 {
        let ready = self.state.as_ref().ok();
        handle(
            ready
                .and_then(|ready| ready.access.policy().permission(id))
                .map(|p| p.index()),
        )
    }

    /// The number of the node called `id`, or -1.
    #[must_use]
    pub fn node(&self, id: &str) -> i32 {
        let ready = self.state.as_ref().ok();
        handle(
            ready
                .and_then(|ready| ready.access.node(id))
                .map(|node| node.index()),
        )
    }

    /// Whether `permission` is allowed on `node`, both by number: 0 no, 1 yes, 2 it depends on facts.
    #[must_use]
    pub fn can(&self, permission: i32, node: i32) -> i32 {
        self.table.answer(permission, node)
    }

    /// Whether the permission called `permission` is allowed on the node called `node` under facts
    /// as a flat object (no bytes: none): 0 no, 1 yes. What depends on a fact that is missing is no.
    #[must_use]
    pub fn can_with(&self, permission: &str, node: &str, facts: &[u8]) -> i32 {
        self.decide(permission, node, facts)
            .map_or(0, |view| view.decision.into())
    }

    /// The decision with its reasons, as JSON, for the same arguments as [`Self::can_with`].
    #[must_use]
    pub fn explain(&self, permission: &str, node: &str, facts: &[u8]) -> String {
        let view = self
            .decide(permission, node, facts)
            .unwrap_or_else(|closed| {
                let (code, text) = (closed.code.into(), closed.text);
                let reasons = vec![ReasonView {
                    code,
                    text,
                    ..ReasonView::default()
                }];
                DecisionView {
                    decision: false,
                    reasons,
                }
            });
        serde_json::to_string(&view).unwrap_or_default()
    }

    /// Address in WASM memory of the answers, one byte each.
    #[must_use]
    pub fn table_ptr(&self) -> u32 {
        self.table.answers_address()
    }

    /// How many answers there are.
    #[must_use]
    pub fn table_len(&self) -> u32 {
        self.table.answers_len()
    }

    /// Address in WASM memory of the rows: for each node the number of its row, 32 bits each.
    #[must_use]
    pub fn rows_ptr(&self) -> u32 {
        self.table.rows_address()
    }

    /// How many nodes there are.
    #[must_use]
    pub fn rows_len(&self) -> u32 {
        self.table.rows_len()
    }

    /// How many answers a row has: one for each permission.
    #[must_use]
    pub fn stride(&self) -> u32 {
        self.table.stride()
    }

    fn decide(&self, permission: &str, node: &str, facts: &[u8]) -> Result<DecisionView, Closed> {
        let ready = self.state.as_ref().map_err(Closed::clone)?;
        let facts = self::facts(facts)?;
        DecisionView::decide(&ready.access, permission, node, &facts).map_err(|error| Closed {
            code: "unknown-permission",
            text: error.to_string(),
        })
    }
}

impl Ready {
    fn read(policy: &[u8], snapshot: &[u8], now_ms: u64) -> Result<Self, Closed> {
        let closed = |code, text: &str| Closed {
            code,
            text: text.into(),
        };
        let refused = |error: SnapshotError| closed(error.code(), &error.to_string());
        let GatePolicy { policy, digest } = Tree::read(policy)
            .and_then(|tree| GatePolicy::read(&tree))
            .ok_or_else(|| {
                closed(
                    "policy-unreadable",
                    "the policy is not one that this gate reads",
                )
            })?;
        let snapshot = Tree::read(snapshot)
            .and_then(|tree| Snapshot::read_tree(&tree))
            .ok_or_else(|| refused(SnapshotError::Tree))?;
        snapshot.check(&digest).map_err(refused)?;
        let access = Access::resolve(&policy, snapshot.record(), now_ms)
            .map_err(|error| refused(SnapshotError::Record(error)))?;
        Ok(Self {
            access,
            epoch: snapshot.epoch,
        })
    }

    fn table(&self) -> Table {
        Table::new(&self.access)
    }
}

impl Clone for Closed {
    fn clone(&self) -> Self {
        Self {
            code: self.code,
            text: self.text.clone(),
        }
    }
}

fn facts(bytes: &[u8]) -> Result<Facts, Closed> {
    if bytes.is_empty() {
        return Ok(Facts::default());
    }
    Tree::read(bytes)
        .and_then(|tree| FactsView::read(&tree))
        .ok_or_else(|| Closed {
            code: "facts-unreadable",
            text: "The facts are not an object of facts.".into(),
        })
}

fn handle(index: Option<usize>) -> i32 {
    index
        .and_then(|index| i32::try_from(index).ok())
        .unwrap_or(-1)
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
