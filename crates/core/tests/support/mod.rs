//! Random policies, records and facts, small enough to read when one of them breaks a law.

pub(crate) mod conditions;
pub(crate) mod corpus;
// Laid out by hand, so that it is read at a glance.
#[rustfmt::skip]
pub(crate) mod model;
pub(crate) mod policies;
pub(crate) mod worlds;

use lockstep_core::{Access, Decision, Facts, PermissionId, Policy, evaluate};
use proptest::test_runner::Config;

/// How many random cases each law is put to, unless `LOCKSTEP_CASES` says another number.
const CASES: u32 = 256;

/// The configuration of every law. Nothing is written to the source tree: a case that breaks a law is
/// printed in full, and belongs into `tests/examples` once it is understood.
pub(crate) fn config() -> Config {
    let cases = std::env::var("LOCKSTEP_CASES").ok();
    let cases = cases.map_or(CASES, |cases| cases.parse().unwrap());
    Config {
        failure_persistence: None,
        ..Config::with_cases(cases)
    }
}

/// All permissions of `policy` with their ids.
pub(crate) fn permissions(policy: &Policy) -> impl Iterator<Item = (PermissionId, &str)> {
    let known = policy.permissions().iter().enumerate();
    known.map(|(at, permission)| (policy.permission_at(at).unwrap(), permission.id.as_str()))
}

/// Every decision about every permission on every node.
pub(crate) fn decisions(access: &Access, facts: &Facts) -> Vec<Decision> {
    let nodes = worlds::NODES.iter().filter_map(|node| access.node(node.id));
    nodes
        .flat_map(|node| {
            permissions(access.policy())
                .map(move |(permission, _)| evaluate(access, permission, node, facts))
        })
        .collect()
}

/// What is allowed, as (permission id, node id).
pub(crate) fn allowed(access: &Access, facts: &Facts) -> Vec<(String, &'static str)> {
    let mut allowed = Vec::new();
    for node in worlds::NODES {
        for (permission, id) in permissions(access.policy()) {
            let at = access.node(node.id).unwrap();
            if evaluate(access, permission, at, facts).is_allow() {
                allowed.push((id.to_owned(), node.id));
            }
        }
    }
    allowed
}
