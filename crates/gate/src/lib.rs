//! Lockstep's evaluator in the browser: newtypes and conversions around `lockstep-core`.
//!
//! An [`Evaluator`] holds one policy and one snapshot, as they came over the wire. With what it cannot
//! read it denies everything and says why; nothing here throws. A page with several gates hands over the
//! documents of the one that it asks about: that is a matter of microseconds, what is here is freed and
//! taken again instead of growing, and no one has to say when a gate is gone.
//!
//! Only numbers and bytes cross into WASM, so that almost no JavaScript is needed to bind it. What it
//! says lies in its memory, where [`Evaluator::ask`] points to: above all a table of answers, of which
//! the JavaScript side takes a copy and asks once for the numbers of names:
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
use alloc::vec;
use alloc::vec::Vec;

use lockstep_core::{Access, Facts, Outcome, verdict};
use lockstep_wire::{
    FlatReader, GatePolicy, Held, Sentences, decision_json, read_facts, refusal_json,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::table::{Table, address, narrow};

/// One person's permissions in one organization, at one moment.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Evaluator {
    policy: Option<GatePolicy>,
    /// Or the code of why everything is denied.
    state: Result<Ready, &'static str>,
    table: Table,
    /// What the page handed over for the next question.
    given: Vec<u8>,
    /// What was said last: a text, or answers.
    said: Vec<u8>,
    layout: [f64; 12],
}

/// What an evaluator decides with.
#[derive(Debug)]
struct Ready {
    access: Access,
    /// Whose it is.
    principal: String,
    epoch: u64,
    server_time_ms: u64,
}

/// What can be asked, by number. Anything else is answered by nothing.
const PERMISSION: u32 = 0;
const NODE: u32 = 1;
const LEVEL: u32 = 2;
const ANSWER: u32 = 3;
const ANSWERS: u32 = 4;
const DECISION: u32 = 5;
const STATUS: u32 = 6;
const FIND_PERMISSION: u32 = 7;
const FIND_NODE: u32 = 8;
const POLICY: u32 = 9;
const SNAPSHOT: u32 = 10;

#[wasm_bindgen]
impl Evaluator {
    /// An evaluator without a policy, which denies everything.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes room for `len` bytes, and answers its address: what is written there is what the next
    /// [`Self::ask`] reads.
    pub fn room(&mut self, len: usize) -> u32 {
        self.given = vec![0; len];
        address(&self.given)
    }

    /// Does what is asked for, and answers the address of twelve numbers of 64 bits.
    ///
    /// What is said: the id of the permission (0) or of the node (1) with a number; the level of that node
    /// (2); answers, a byte for one permission (3) or for each (4), for each row in the bytes that were
    /// given: 0 no, 1 yes; a decision with its reasons (5), as JSON, for the question in the bytes (see
    /// [`FlatReader`]); the code of why everything is denied, or whose the snapshot is (6). What depends on
    /// a fact that is missing is no.
    ///
    /// What is looked up: the number of the permission (7) or node (8) called by the UTF-8 that was given.
    ///
    /// What is read from now on: the compiled policy (9), which the member `gate.compiled` of what
    /// `/v1/policy` answers stands for; the snapshot (10), in its binary form or in JSON as the page hands
    /// it over, at `number` in Unix milliseconds by the server's clock, or when it is not a number, at the
    /// time at which it was sent. With a new policy there is no snapshot. The tables may move.
    ///
    /// The numbers: epoch of the snapshot; the server's clock when it sent it; from when on it must be read
    /// again, because a grant begins or ends, or infinity; address and count of the answers, one byte each,
    /// behind which they come again with 0 in place of 2; address and count of the rows, 32 bits each:
    /// where the answers for each node begin; how many answers there are for a node, one for each
    /// permission; whether it is ready; address and count of the bytes of what is said; what was looked up,
    /// or -1.
    pub fn ask(&mut self, what: u32, number: f64) -> u32 {
        let given = core::mem::take(&mut self.given);
        if what == POLICY {
            // First, so that its memory is free for the next one.
            self.hold(Err("snapshot-unreadable"));
            self.policy = None;
            self.policy = GatePolicy::read(given);
            return address(&self.layout);
        }
        if what == SNAPSHOT {
            self.hold(Err("snapshot-unreadable"));
            let state = Ready::read(self.policy.as_ref(), &given, number);
            self.hold(state);
        }
        self.said = self.say(what, number, &given);
        let found = self.find(what, &given);
        self.given = given;
        let [.., at, len, place] = &mut self.layout;
        *at = address(&self.said).into();
        *len = narrow(self.said.len()).into();
        *place = found.map_or(-1.0, |found| narrow(found).into());
        address(&self.layout)
    }
}

impl Default for Evaluator {
    fn default() -> Self {
        Self {
            policy: None,
            state: Err("policy-unreadable"),
            table: Table::default(),
            given: Vec::new(),
            said: Vec::new(),
            layout: [0.0; 12],
        }
    }
}

impl Evaluator {
    /// Decides with `state` from now on.
    fn hold(&mut self, state: Result<Ready, &'static str>) {
        self.state = state;
        self.table = Table::default();
        self.layout = [0.0; 12];
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

    fn find(&self, what: u32, name: &[u8]) -> Option<usize> {
        let access = &self.state.as_ref().ok()?.access;
        let name = || core::str::from_utf8(name).ok();
        match what {
            FIND_PERMISSION => Some(access.policy().permission(name()?)?.index()),
            FIND_NODE => Some(access.node(name()?)?.index()),
            _ => None,
        }
    }

    fn say(&self, what: u32, number: f64, bytes: &[u8]) -> Vec<u8> {
        // What is no number of anything must not count as the first.
        let number = if number >= 0.0 {
            usize::try_from(whole(number)).unwrap_or(usize::MAX)
        } else {
            usize::MAX
        };
        match (what, &self.state) {
            (DECISION, _) => self.decision(bytes).into_bytes(),
            (STATUS, Err(code)) => code.as_bytes().to_vec(),
            (STATUS, Ok(ready)) => ready.principal.as_bytes().to_vec(),
            (ANSWER, Ok(ready)) => ready.answers(Some(number), bytes),
            (ANSWERS, Ok(ready)) => ready.answers(None, bytes),
            (_, Ok(ready)) => {
                let name = ready.name(what, number).unwrap_or_default();
                name.as_bytes().to_vec()
            }
            (_, Err(_)) => Vec::new(),
        }
    }

    fn decision(&self, question: &[u8]) -> String {
        let asked = FlatReader::new(question).question();
        let (permission, node, facts, own) = asked.unwrap_or_default();
        let sentences = Sentences::new(own);
        let code = match &self.state {
            Err(code) => code,
            Ok(ready) => {
                let facts = known(facts);
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
        let count = policy.permissions().len();
        let wanted = only.map_or(0..count, |at| at..count.min(at.saturating_add(1)));
        let mut reader = FlatReader::new(rows);
        while let Some((node, facts)) = reader.row() {
            let node = self.access.node_at(node);
            let facts = known(facts);
            for at in wanted.clone() {
                let permission = policy.permission_at(at);
                let is_allowed = if let (Some(node), Some(permission)) = (node, permission) {
                    verdict(&self.access, permission, node, &facts) == Outcome::True
                } else {
                    false
                };
                answers.push(is_allowed.into());
            }
        }
        answers
    }

    fn read(policy: Option<&GatePolicy>, bytes: &[u8], now_ms: f64) -> Result<Self, &'static str> {
        let policy = policy.ok_or("policy-unreadable")?;
        let mut held = Held::read(bytes, policy).map_err(|error| error.code())?;
        let principal = core::mem::take(&mut held.record.principal);
        let now_ms = if now_ms.is_nan() {
            held.server_time_ms
        } else {
            whole(now_ms)
        };
        let own = || policy.anew();
        let access = Access::resolve_packed(&policy.policy, &own, held.record, held.nodes, now_ms);
        Ok(Self {
            access: access.map_err(|_| "snapshot-unreadable")?,
            principal,
            epoch: held.epoch,
            server_time_ms: held.server_time_ms,
        })
    }
}

/// What is stated; nothing when it cannot be read, so that whatever asks for a fact is no, and nothing else.
fn known(facts: &[u8]) -> Facts {
    read_facts(facts).unwrap_or_default()
}

#[expect(
    clippy::as_conversions,
    reason = "saturates, which is what a clock or a number out of range needs"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

#[expect(
    clippy::as_conversions,
    reason = "exact below 2^53: a time of the year 287,396"
)]
fn float(value: u64) -> f64 {
    value as f64
}
