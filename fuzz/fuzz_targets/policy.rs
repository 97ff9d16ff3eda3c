//! Policies as TOML and as JSON: an error names a place in the text; whatever compiles has a matrix,
//! gives strangers nothing, and is the same policy after JSON and after the way to the page.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use lockstep_core::{Access, Facts, Node, Outcome, Policy, PolicyParts, Record, matrix, verdict};
use lockstep_fuzz::shipped::{POLICIES, POLICY_TEXTS};
use lockstep_fuzz::{place, seeds};
use lockstep_wire::{CompiledPolicy, GatePolicy, compile_toml};

fuzz_target!(init: plant(), |text: &str| {
    match compile_toml(text) {
        Ok(policy) => check(&policy),
        Err(error) => place::check(text, &error),
    }
    if let Ok(policy) = CompiledPolicy::from_json(text) {
        check(&policy);
    }
});

fn plant() {
    let toml = POLICY_TEXTS.iter().map(|text| text.clone().into_bytes());
    seeds::plant(toml.chain(POLICIES.iter().map(CompiledPolicy::to_json)));
}

fn check(policy: &CompiledPolicy) {
    the_matrix_is_whole(&policy.policy);
    strangers_hold_nothing(&policy.policy);

    let json = String::from_utf8(policy.to_json()).expect("JSON is text");
    let again = CompiledPolicy::from_json(&json).expect("what was written is read");
    assert_eq!(again.digest, policy.digest);
    assert_eq!(again.document, policy.document);
    assert_eq!(
        PolicyParts::from(&*again.policy),
        PolicyParts::from(&*policy.policy)
    );

    let gate = GatePolicy::of(policy).expect("the page reads the policy");
    assert_eq!(
        PolicyParts::from(&*gate.policy),
        PolicyParts::from(&*policy.policy)
    );
}

/// A row for each case, or for each permission that has none; a cell for each role of its level.
fn the_matrix_is_whole(policy: &Arc<Policy>) {
    let rows = matrix(policy);
    let expected = policy
        .permissions()
        .iter()
        .map(|permission| permission.cases.len().max(1));
    assert_eq!(rows.len(), expected.sum::<usize>());
    for row in rows {
        let permission = policy
            .describe(row.permission)
            .expect("a row has a permission");
        let roles = policy
            .roles()
            .iter()
            .filter(|role| role.level == permission.level);
        assert_eq!(row.cells.len(), roles.count());
    }
}

/// Law 1, whatever the policy says.
fn strangers_hold_nothing(policy: &Arc<Policy>) {
    let root = Node {
        owned: true,
        ..Node::organization("organization")
    };
    let record = Record {
        nodes: vec![root],
        ..Record::default()
    };
    let access = Access::resolve(policy, record, 0).expect("one node is a hierarchy");
    for permission in policy.permissions() {
        let id = policy.permission(&permission.id).expect("its id names it");
        let outcome = verdict(&access, id, access.root(), &Facts::default());
        assert_eq!(
            outcome,
            Outcome::False,
            "{} is given to a stranger",
            permission.id
        );
    }
}
