//! The policy as the page's evaluator reads it: compiled, so that the page does not compile again.

mod read;

use alloc::string::String;
use alloc::vec::Vec;

use lockstep_core::{Condition, PermissionParts, PolicyParts, RoleParts, RuleParts};
use serde::Serialize;

use crate::{CompiledPolicy, ConditionDocument, LevelName, PolicyDocument};

pub use read::GatePolicy;
pub(crate) use read::{condition, level, value};

/// The only version of the compiled form that this release reads and writes.
const FORMAT: u64 = 2;

/// What `GET /v1/policy` answers: the document for people and tools, and its compiled form for gates.
#[derive(Debug, Serialize)]
pub struct PolicyView<'a> {
    #[serde(flatten)]
    document: &'a PolicyDocument,
    gate: GateView<'a>,
}

#[derive(Debug, Serialize)]
struct GateView<'a> {
    format: u64,
    digest: &'a str,
    permissions: Vec<GatePermission>,
    roles: Vec<GateRole>,
    guards: Vec<Vec<ConditionDocument>>,
    rights: usize,
    everyone: Vec<usize>,
    ownership: Vec<GateOwnership>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<GateRule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    denials: Vec<GateDenial>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    everyone_denied: Vec<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    features: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replacements: Vec<GateReplacement>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    custom_levels: Vec<LevelName>,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    custom_additions: bool,
}

#[derive(Debug, Serialize)]
struct GateRule {
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    because: String,
}

#[derive(Debug, Serialize)]
struct GateDenial {
    permission: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    guard: Option<usize>,
    rule: usize,
}

#[derive(Debug, Serialize)]
struct GateReplacement {
    feature: usize,
    level: LevelName,
    role: usize,
}

#[derive(Debug, Serialize)]
struct GatePermission {
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    because: String,
    level: LevelName,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    personal: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    guard: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plan: Vec<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    implied: Vec<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conditional: Vec<GateConditional>,
}

#[derive(Debug, Serialize)]
struct GateConditional {
    right: usize,
    guard: usize,
}

#[derive(Debug, Serialize)]
struct GateRole {
    id: String,
    name: String,
    level: LevelName,
    #[serde(rename = "override", skip_serializing_if = "core::ops::Not::not")]
    overriding: bool,
    rights: Vec<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    denied: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<Vec<usize>>,
}

#[derive(Debug, Serialize)]
struct GateOwnership {
    level: LevelName,
    rights: Vec<usize>,
}

impl PolicyView<'_> {
    /// The version of the compiled form.
    pub const FORMAT: u64 = FORMAT;
}

impl<'a> PolicyView<'a> {
    /// `policy` as it is served.
    #[must_use]
    pub fn new(policy: &'a CompiledPolicy) -> Self {
        let parts = PolicyParts::from(&*policy.policy);
        let gate = GateView {
            format: FORMAT,
            digest: &policy.digest,
            permissions: parts.permissions.into_iter().map(Into::into).collect(),
            roles: parts.roles.into_iter().map(Into::into).collect(),
            guards: parts.guards.into_iter().map(conditions).collect(),
            rights: parts.rights,
            everyone: parts.everyone,
            ownership: parts
                .ownership
                .into_iter()
                .map(|(level, rights)| GateOwnership {
                    level: level.into(),
                    rights,
                })
                .collect(),
            rules: parts
                .rules
                .into_iter()
                .map(|RuleParts { id, because }| GateRule { id, because })
                .collect(),
            denials: parts
                .denials
                .into_iter()
                .map(|denial| GateDenial {
                    permission: denial.permission,
                    guard: denial.guard,
                    rule: denial.rule,
                })
                .collect(),
            everyone_denied: parts.everyone_denied,
            features: parts.features,
            replacements: parts
                .replacements
                .into_iter()
                .map(|replacement| GateReplacement {
                    feature: replacement.feature,
                    level: replacement.level.into(),
                    role: replacement.role,
                })
                .collect(),
            custom_levels: parts.custom_levels.into_iter().map(Into::into).collect(),
            custom_additions: parts.custom_additions,
        };
        Self {
            document: &policy.document,
            gate,
        }
    }

    /// The view as compact JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Only strings, numbers, lists and maps with string keys, which JSON can always write.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl From<PermissionParts> for GatePermission {
    fn from(parts: PermissionParts) -> Self {
        let conditional = parts.conditional.into_iter();
        Self {
            id: parts.id,
            because: parts.because,
            level: parts.level.into(),
            personal: parts.personal,
            guard: parts.guard,
            plan: parts.plan,
            implied: parts.implied,
            conditional: conditional
                .map(|(right, guard)| GateConditional { right, guard })
                .collect(),
        }
    }
}

impl From<RoleParts> for GateRole {
    fn from(parts: RoleParts) -> Self {
        Self {
            id: parts.id,
            name: parts.name,
            level: parts.level.into(),
            overriding: parts.overriding,
            rights: parts.rights,
            denied: parts.denied,
            cap: parts.cap,
        }
    }
}

fn conditions(guard: Vec<Condition>) -> Vec<ConditionDocument> {
    guard.into_iter().map(ConditionDocument).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::encode;
    use crate::{Tree, compile_toml};

    #[test]
    fn every_shipped_policy_survives_the_way_to_the_page() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
        let mut read = 0;
        for file in std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if file.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let policy = compile_toml(&std::fs::read_to_string(&file).unwrap()).unwrap();
            let view: serde_json::Value =
                serde_json::from_slice(&PolicyView::new(&policy).to_json()).unwrap();
            let bytes = encode(&view["gate"]);
            let gate = GatePolicy::read(&Tree::read(&bytes).unwrap()).unwrap();
            assert_eq!(gate.digest, policy.digest);
            assert_eq!(
                PolicyParts::from(&*gate.policy),
                PolicyParts::from(&*policy.policy)
            );
            read += 1;
        }
        assert!(read >= 4, "only {read} policies");
    }

    #[test]
    fn a_guard_or_a_cap_that_is_not_there_is_refused() {
        let text = include_str!("../../../policies/openlit.toml");
        let policy = compile_toml(text).unwrap();
        let view: serde_json::Value =
            serde_json::from_slice(&PolicyView::new(&policy).to_json()).unwrap();
        let reads = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut gate = view["gate"].clone();
            change(&mut gate);
            let bytes = encode(&gate);
            GatePolicy::read(&Tree::read(&bytes).unwrap()).is_some()
        };
        assert!(reads(&|_| ()));
        assert!(!reads(&|gate| gate["guards"] = serde_json::json!([])));
        assert!(!reads(&|gate| gate["roles"][0]["cap"] = 99.into()));
        assert!(!reads(&|gate| gate["format"] = 1.into()));
        assert!(!reads(&|gate| gate["permissions"] = 1.into()));
    }
}
