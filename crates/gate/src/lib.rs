//! Lockstep's evaluator in the browser: newtypes and conversions around `lockstep-core`.
//!
//! A [`Gate`] is made from the policy and the snapshot as they came over the wire. What it cannot
//! read makes a gate that denies everything and says why; nothing here throws.
//!
//! Only numbers and bytes cross into WASM, so that almost no JavaScript is needed to bind it. What it
//! says lies in its memory, where [`Gate::say`] points to: above all a table of answers, of which the
//! JavaScript side takes a copy and asks once for the numbers of names:
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

use lockstep_core::{Access, Outcome, verdict};
use lockstep_wire::{
    FlatReader, GatePolicy, Held, Sentences, decision_json, read_facts, refusal_json,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::table::{Table, address, narrow};

/// A compiled policy: read once, for any number of gates.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Policy(Option<GatePolicy>);

#[wasm_bindgen]
impl Policy {
    /// Reads the compiled policy: what the member `gate.compiled` of what `/v1/policy` answers stands for.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(GatePolicy::read(bytes))
    }
}

/// One person's permissions in one organization.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gate {
    /// Or the code of why everything is denied.
    state: Result<Ready, &'static str>,
    table: Table,
    /// What was said last: a text, or answers.
    said: Vec<u8>,
    layout: [f64; 11],
}

/// What a gate decides with.
#[derive(Debug)]
struct Ready {
    access: Access,
    epoch: u64,
    server_time_ms: u64,
}

/// What can be said, by number. Anything else is nothing.
const PERMISSION: u32 = 0;
const NODE: u32 = 1;
const LEVEL: u32 = 2;
const ANSWERS: u32 = 3;
const DECISION: u32 = 4;
const STATUS: u32 = 5;

#[wasm_bindgen]
impl Gate {
    /// A gate for the snapshot in `bytes`, in its binary form or in JSON as the page hands it over, at
    /// `now_ms` in Unix milliseconds by the server's clock; not a number: when the snapshot was sent.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(policy: &Policy, bytes: &[u8], now_ms: f64) -> Self {
        let mut gate = Self {
            state: Ready::read(policy, bytes, now_ms),
            table: Table::default(),
            said: Vec::new(),
            layout: [0.0; 11],
        };
        gate.lay_out();
        gate
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

    /// The number of the permission (0) or node (1) called by the UTF-8 in `name`, or -1.
    #[must_use]
    pub fn find(&self, what: u32, name: &[u8]) -> i32 {
        let found = || {
            let access = &self.state.as_ref().ok()?.access;
            let name = core::str::from_utf8(name).ok()?;
            let number = match what {
                PERMISSION => access.policy().permission(name)?.index(),
                _ => access.node(name)?.index(),
            };
            i32::try_from(number).ok()
        };
        found().unwrap_or(-1)
    }

    /// Says something, and answers the address of eleven numbers of 64 bits.
    ///
    /// What is said: the id of the permission (0) or of the node (1) with a number; the level of that node
    /// (2); answers (3), a byte for each permission, or for one alone when `number` is not negative, for
    /// each row in `bytes`: 0 no, 1 yes; a decision with its reasons (4), as JSON, for the question in
    /// `bytes` (see [`FlatReader`]); the code of why everything is denied (5). What depends on a fact that
    /// is missing is no.
    ///
    /// The numbers: epoch of the snapshot; the server's clock when it sent it; from when on
    /// [`Self::refresh`] must be called, because a grant begins or ends, or infinity; address and count of
    /// the answers, one byte each, behind which they come again with 0 in place of 2; address and count of
    /// the rows, 32 bits each: where the answers for each node begin; how many answers there are for a
    /// node, one for each permission; whether it is ready; address and count of the bytes of what is said.
    pub fn say(&mut self, what: u32, number: i32, bytes: &[u8]) -> u32 {
        self.said = match (what, &self.state) {
            (DECISION, _) => self.decision(bytes).into_bytes(),
            (STATUS, Err(code)) => code.as_bytes().to_vec(),
            (ANSWERS, Ok(ready)) => ready.answers(usize::try_from(number).ok(), bytes),
            (_, Ok(ready)) => {
                let name = usize::try_from(number).ok();
                let name = name.and_then(|number| ready.name(what, number));
                name.unwrap_or_default().as_bytes().to_vec()
            }
            (_, Err(_)) => Vec::new(),
        };
        let [.., at, len] = &mut self.layout;
        *at = address(&self.said).into();
        *len = narrow(self.said.len()).into();
        address(&self.layout)
    }
}

impl Gate {
    fn lay_out(&mut self) {
        self.table = Table::default();
        self.layout = [0.0; 11];
        let mut changes = None;
        let [
            epoch,
            sent,
            changes_at,
            answers,
            count,
            rows,
            nodes,
            stride,
            is_ready,
            ..,
        ] = &mut self.layout;
        if let Ok(ready) = &self.state {
            self.table = Table::new(&ready.access);
            changes = ready.access.changes_at_ms();
            *epoch = float(ready.epoch);
            *sent = float(ready.server_time_ms);
            *answers = address(&self.table.answers).into();
            *count = narrow(self.table.answers.len() / 2).into();
            *rows = address(&self.table.rows).into();
            *nodes = narrow(self.table.rows.len()).into();
            *stride = narrow(self.table.stride).into();
            *is_ready = 1.0;
        }
        *changes_at = changes.map_or(f64::INFINITY, float);
    }

    fn decision(&self, question: &[u8]) -> String {
        let asked = FlatReader::new(question).question();
        let (permission, node, facts, own) = asked.unwrap_or_default();
        let sentences = Sentences::new(own);
        let code = match (&self.state, asked.and_then(|_| read_facts(facts))) {
            (Err(code), _) => code,
            (_, None) => "facts-unreadable",
            (Ok(ready), Some(facts)) => {
                let decided = decision_json(&ready.access, permission, node, &facts, sentences);
                match decided {
                    Some(json) => return json,
                    None => "unknown-permission",
                }
            }
        };
        refusal_json(code, &sentences.of_code(code, permission))
    }
}

impl Ready {
    fn name(&self, what: u32, number: usize) -> Option<&str> {
        let access = &self.access;
        let node = || access.describe(access.node_at(number)?);
        Some(match what {
            PERMISSION => access.policy().permissions().get(number)?.id.as_str(),
            NODE => node()?.id,
            LEVEL => node()?.level.as_str(),
            _ => return None,
        })
    }

    fn answers(&self, only: Option<usize>, rows: &[u8]) -> Vec<u8> {
        let mut answers = Vec::new();
        let policy = self.access.policy();
        let mut reader = FlatReader::new(rows);
        while let Some((node, facts)) = reader.row() {
            let node = self.access.node_at(node);
            let facts = read_facts(facts);
            for at in 0..policy.permissions().len() {
                if only.is_some_and(|only| only != at) {
                    continue;
                }
                let permission = policy.permission_at(at);
                let is_allowed = if let (Some(node), Some(facts), Some(permission)) =
                    (node, &facts, permission)
                {
                    verdict(&self.access, permission, node, facts) == Outcome::True
                } else {
                    false
                };
                answers.push(is_allowed.into());
            }
        }
        answers
    }

    fn read(policy: &Policy, bytes: &[u8], now_ms: f64) -> Result<Self, &'static str> {
        let policy = policy.0.as_ref().ok_or("policy-unreadable")?;
        let held = Held::read(bytes, policy).map_err(|error| error.code())?;
        let now_ms = if now_ms.is_nan() {
            held.server_time_ms
        } else {
            milliseconds(now_ms)
        };
        let own = || policy.anew();
        let access = Access::resolve_packed(&policy.policy, &own, held.record, held.nodes, now_ms);
        Ok(Self {
            access: access.map_err(|_| "snapshot-unreadable")?,
            epoch: held.epoch,
            server_time_ms: held.server_time_ms,
        })
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
fn float(value: u64) -> f64 {
    value as f64
}
