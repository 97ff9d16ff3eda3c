//! Snapshots: read under the policy that they name and under no other; then every question about them
//! has an answer, an allow has a live grant behind it, and the page reads the same as the edge.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_core::{Access, Decision, Facts, Outcome, Record, Source, evaluate, verdict};
use lockstep_fuzz::seeds;
use lockstep_fuzz::shipped::{NOW_MS, POLICIES, WORLDS};
use lockstep_wire::{CompiledPolicy, DecisionView, GatePolicy, Held, Snapshot};

/// Nodes of one snapshot that are asked about; more of them only take longer.
const NODES_ASKED: usize = 6;

fuzz_target!(init: plant(), |bytes: &[u8]| {
    let summed = summed(bytes);
    let bytes = summed.as_deref().unwrap_or(bytes);
    for policy in POLICIES.iter() {
        if let Ok(held) = Held::read(bytes, &of_gate(policy)) {
            resolve(policy, &held.record());
        }
        let Ok(snapshot) = Snapshot::read(bytes, policy) else {
            continue;
        };
        let value: serde_json::Value = serde_json::from_slice(bytes).expect("a snapshot is JSON");
        assert_eq!(value["policy"]["digest"], policy.digest.as_str(), "another policy");
        let said = snapshot.record();
        if let Some(bytes) = snapshot.to_bytes(policy) {
            let held = Held::read(&bytes, &of_gate(policy)).expect("what was written is read");
            assert_eq!(held.record().grants, said.grants);
            assert_eq!(held.record().nodes, said.nodes);
        }
        if let Some(bytes) = snapshot.to_flat() {
            let held = Held::read(&bytes, &of_gate(policy)).expect("what was handed over is read");
            assert_eq!(held.record(), said);
            assert_eq!(held.epoch, snapshot.epoch);
        }
        resolve(policy, &snapshot.record());
    }
});

/// A binary form with the sum that it should have: no change of a byte would get past it otherwise.
fn summed(bytes: &[u8]) -> Option<Vec<u8>> {
    let body = bytes
        .strip_prefix(b"lock")
        .and(bytes.split_last_chunk::<4>())?
        .0;
    // FNV-1a.
    let sum = body.iter().fold(0x811c_9dc5_u32, |sum, byte| {
        (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    Some([body, &sum.to_le_bytes()].concat())
}

fn of_gate(policy: &CompiledPolicy) -> GatePolicy {
    GatePolicy::of(policy).expect("a policy that was compiled can be written")
}

fn resolve(policy: &CompiledPolicy, record: &Record) {
    for now_ms in moments(record) {
        if let Ok(access) = Access::resolve(&policy.policy, record.clone(), now_ms) {
            decide(policy, &access);
        }
    }
}

fn plant() {
    let snapshots = WORLDS.iter().flat_map(|world| world.snapshots());
    let forms = snapshots.flat_map(|snapshot| {
        let json = serde_json::to_vec(&snapshot).expect("a snapshot can be written");
        let binary = POLICIES.iter().find_map(|policy| snapshot.to_bytes(policy));
        [Some(json), snapshot.to_flat(), binary]
            .into_iter()
            .flatten()
    });
    seeds::plant(forms);
}

/// The usual moment, and the first end of a window on either side.
fn moments(record: &Record) -> impl Iterator<Item = u64> {
    let windows = record.grants.first().map(|grant| grant.window);
    let end = windows.and_then(|window| window.expires_at_ms);
    let before = end.and_then(|end| end.checked_sub(1));
    [Some(NOW_MS), before, end].into_iter().flatten()
}

fn decide(policy: &CompiledPolicy, access: &Access) {
    let policy = &policy.policy;
    let facts = Facts::default();
    for node in access.nodes().take(NODES_ASKED) {
        let at = access.node(node.id).expect("a node's id names it");
        for permission in policy.permissions() {
            let id = policy.permission(&permission.id).expect("its id names it");
            let decision = evaluate(access, id, at, &facts);
            let outcome = verdict(access, id, at, &facts);
            assert_eq!(decision.is_allow(), outcome == Outcome::True);
            let view = DecisionView::decide(access, &permission.id, node.id, &facts);
            let view = view.expect("the permission is known");
            assert_eq!(view, DecisionView::new(access, &decision));
            if let Decision::Allow(allowance) = decision {
                assert!(has_live_grant(access), "allowed without any live grant");
                if let Source::Role { role, .. } = allowance.source {
                    let role = access.policy().describe_role(role);
                    let role = role.expect("the role is known");
                    let mut grants = live(access);
                    // A plan makes another role of the one that was granted.
                    assert!(
                        grants.any(|granted| granted == role.id) || !access.plan().is_empty(),
                        "{} was not granted",
                        role.id
                    );
                }
            }
        }
    }
}

fn has_live_grant(access: &Access) -> bool {
    live(access).next().is_some()
}

/// The roles of the grants that count now.
fn live(access: &Access) -> impl Iterator<Item = &str> {
    let now_ms = access.now_ms();
    let grants = access.grants().iter();
    grants
        .filter(move |grant| grant.window.contains(now_ms))
        .map(|grant| grant.role.as_str())
}
