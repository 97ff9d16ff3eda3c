//! The shipped policies, compiled into the Worker. A deployment runs one of them, by id.

use lockstep_wire::CompiledPolicy;

/// Id and compact JSON document of each, written by `build.rs` from `policies/*.toml`.
const POLICIES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/policies.rs"));

/// The policy called `id`; `None` when there is no such policy.
#[must_use]
pub fn policy(id: &str) -> Option<CompiledPolicy> {
    let (_, document) = POLICIES.iter().find(|(known, _)| *known == id)?;
    // `build.rs` compiled the same document, so it compiles here.
    CompiledPolicy::from_json(document).ok()
}

/// The ids of all shipped policies, for the message about an unknown one.
#[must_use]
pub fn ids() -> String {
    POLICIES
        .iter()
        .map(|(id, _)| *id)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_policy_is_found_by_its_id() {
        for (id, document) in POLICIES {
            let policy = policy(id).unwrap();
            assert_eq!(policy.to_json(), document.as_bytes());
        }
        assert!(policy("no-such-policy").is_none());
    }
}
