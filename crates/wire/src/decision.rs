//! Decisions as JSON: the same object from the browser, the edge and the command line.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use lockstep_core::{
    Access, Decision, Denial, DenyReason, Facts, Level, NodeId, RoleId, Source, Suggestion,
    evaluate_on,
};
use serde::{Deserialize, Serialize};

use crate::LevelName;
use crate::sentence::{Sentences, sentence_in};

/// A decision with its reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DecisionView {
    /// Whether it is allowed.
    pub decision: bool,
    /// Why; one reason, the first that settles it.
    pub reasons: Vec<ReasonView>,
}

/// A reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReasonView {
    /// Stable, for programs: `granted`, `owned`, `everyone`; `capped`, `denied-by-rule`, `expired`,
    /// `fact-missing`, `guard-failed`, `no-grant`, `no-membership`, `out-of-token-scope`, `plan`; or why
    /// nothing could be decided.
    pub code: String,
    /// A sentence in English.
    pub text: String,
    /// Id of the role that gave it, bounded it or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Name of that role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_name: Option<String>,
    /// Id of the node where it was granted or is owned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The guard that does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<String>,
    /// Id of the access group through which the principal has the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Id of the rule that denies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Id of the feature that the organization's plan lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// The fact that nobody stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// The smallest grants, any one of which would allow it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<GrantView>,
}

/// A grant that would allow what was denied: a role, or ownership when `role` is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GrantView {
    /// Id of the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Name of the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_name: Option<String>,
    /// Id of the node.
    pub node: String,
    /// Level of the node.
    pub level: LevelName,
}

/// The policy has no permission of this name: an error of whoever asked, not a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPermission(
    /// The name.
    pub String,
);

impl fmt::Display for UnknownPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the policy has no permission `{}`", self.0)
    }
}

impl core::error::Error for UnknownPermission {}

impl DecisionView {
    /// Answers whether the principal of `access` may do `permission` on the node called `node`: the
    /// one question that the browser, the edge and the command line ask.
    ///
    /// # Errors
    /// When the policy has no such permission.
    pub fn decide(
        access: &Access,
        permission: &str,
        node: &str,
        facts: &Facts,
    ) -> Result<Self, UnknownPermission> {
        Self::decide_in(access, permission, node, facts, Sentences::default())
    }

    /// [`Self::decide`], with its text in the words of `sentences`.
    ///
    /// # Errors
    /// When the policy has no such permission.
    pub fn decide_in(
        access: &Access,
        permission: &str,
        node: &str,
        facts: &Facts,
        sentences: Sentences<'_>,
    ) -> Result<Self, UnknownPermission> {
        let Some(permission) = access.policy().permission(permission) else {
            return Err(UnknownPermission(permission.into()));
        };
        let decision = evaluate_on(access, permission, node, facts);
        Ok(Self::in_words(access, &decision, sentences))
    }

    /// `decision` as seen by the principal of `access`.
    #[must_use]
    pub fn new(access: &Access, decision: &Decision) -> Self {
        Self::in_words(access, decision, Sentences::default())
    }

    fn in_words(access: &Access, decision: &Decision, sentences: Sentences<'_>) -> Self {
        let view = View { access };
        let mut reason = match decision {
            Decision::Allow(allowance) => view.source(&allowance.source),
            Decision::Deny(denial) => view.denial(denial),
        };
        reason.text = sentence_in(access, decision, sentences);
        Self {
            decision: decision.is_allow(),
            reasons: vec![reason],
        }
    }

    /// A deny that no policy made, such as one by a gate that cannot read its snapshot.
    #[must_use]
    pub fn refusal(code: &str, text: String) -> Self {
        let reason = ReasonView {
            code: code.into(),
            text,
            ..ReasonView::default()
        };
        Self {
            decision: false,
            reasons: vec![reason],
        }
    }

    /// The view as compact JSON: what serde would write, with a hundredth of the code, which counts in
    /// the page.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = Json::default();
        json.text.push_str(if self.decision {
            "{\"decision\":true"
        } else {
            "{\"decision\":false"
        });
        json.list("reasons", &self.reasons, |json, reason| {
            json.member("code", Some(&reason.code));
            json.member("text", Some(&reason.text));
            json.member("role", reason.role.as_ref());
            json.member("role_name", reason.role_name.as_ref());
            json.member("node", reason.node.as_ref());
            json.member("guard", reason.guard.as_ref());
            json.member("group", reason.group.as_ref());
            json.member("rule", reason.rule.as_ref());
            json.member("feature", reason.feature.as_ref());
            json.member("fact", reason.fact.as_ref());
            if !reason.grants.is_empty() {
                json.list("grants", &reason.grants, |json, grant| {
                    json.member("role", grant.role.as_ref());
                    json.member("role_name", grant.role_name.as_ref());
                    json.member("node", Some(&grant.node));
                    json.member(
                        "level",
                        Some(&String::from(Level::from(grant.level).as_str())),
                    );
                });
            }
        });
        json.text.push('}');
        json.text
    }
}

/// Text that becomes JSON. Objects begin with `{`, and each further member with a comma.
#[derive(Default)]
struct Json {
    text: String,
}

impl Json {
    fn member(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.name(name);
            self.string(value);
        }
    }

    fn list<T>(&mut self, name: &str, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.name(name);
        for (at, item) in items.iter().enumerate() {
            self.text.push_str(if at == 0 { "[{" } else { ",{" });
            write(self, item);
            self.text.push('}');
        }
        self.text
            .push_str(if items.is_empty() { "[]" } else { "]" });
    }

    fn name(&mut self, name: &str) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.string(name);
        self.text.push(':');
    }

    fn string(&mut self, value: &str) {
        self.text.push('"');
        for character in value.chars() {
            match character {
                '"' | '\\' => self.text.extend(['\\', character]),
                '\0'..='\u{1f}' => {
                    let code = u32::from(character);
                    self.text.push_str("\\u00");
                    for digit in [code >> 4, code & 0xf] {
                        self.text.extend(char::from_digit(digit, 16));
                    }
                }
                _ => self.text.push(character),
            }
        }
        self.text.push('"');
    }
}

struct View<'a> {
    access: &'a Access,
}

impl View<'_> {
    fn source(&self, source: &Source) -> ReasonView {
        match source {
            Source::Everyone => ReasonView {
                code: "everyone".into(),
                ..ReasonView::default()
            },
            Source::Ownership(node) => ReasonView {
                code: "owned".into(),
                node: Some(self.node(*node)),
                ..ReasonView::default()
            },
            Source::Role { role, node, group } => ReasonView {
                node: Some(self.node(*node)),
                group: group.clone(),
                ..self.role_reason("granted", *role)
            },
        }
    }

    fn denial(&self, denial: &Denial) -> ReasonView {
        let code = denial.reason.code();
        let reason = match &denial.reason {
            DenyReason::Capped { role } => self.role_reason(code, *role),
            DenyReason::Expired { role, node } => ReasonView {
                node: Some(self.node(*node)),
                ..self.role_reason(code, *role)
            },
            DenyReason::DeniedByRule { rule } => ReasonView {
                code: code.into(),
                rule: self.access.policy().rule(*rule).map(|rule| rule.id.clone()),
                ..ReasonView::default()
            },
            DenyReason::Plan { feature } => ReasonView {
                code: code.into(),
                feature: Some(feature.clone()),
                ..ReasonView::default()
            },
            DenyReason::FactMissing { fact } => ReasonView {
                code: code.into(),
                fact: Some(fact.clone()),
                ..ReasonView::default()
            },
            DenyReason::GuardFailed { guard } => ReasonView {
                code: code.into(),
                guard: Some(guard.clone()),
                ..ReasonView::default()
            },
            DenyReason::NoGrant | DenyReason::NoMembership | DenyReason::OutOfTokenScope => {
                ReasonView {
                    code: code.into(),
                    ..ReasonView::default()
                }
            }
        };
        ReasonView {
            grants: denial.suggestions.iter().map(|s| self.grant(*s)).collect(),
            ..reason
        }
    }

    fn role_reason(&self, code: &str, role: RoleId) -> ReasonView {
        let (role, role_name) = self.role(role);
        ReasonView {
            code: code.into(),
            role,
            role_name,
            ..ReasonView::default()
        }
    }

    fn grant(&self, suggestion: Suggestion) -> GrantView {
        let (role, node) = match suggestion {
            Suggestion::Ownership(node) => ((None, None), node),
            Suggestion::Role(role, node) => (self.role(role), node),
        };
        let level = self.access.describe(node).map(|node| node.level.into());
        GrantView {
            role: role.0,
            role_name: role.1,
            node: self.node(node),
            level: level.unwrap_or(LevelName::Organization),
        }
    }

    fn role(&self, role: RoleId) -> (Option<String>, Option<String>) {
        let role = self.access.policy().describe_role(role);
        (
            role.map(|role| role.id.clone()),
            role.map(|role| role.name.clone()),
        )
    }

    fn node(&self, node: NodeId) -> String {
        self.access
            .describe(node)
            .map(|node| node.id.clone())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_what_serde_would_write() {
        let grant = |role: Option<&str>, level| GrantView {
            role: role.map(Into::into),
            role_name: role.map(Into::into),
            node: "n".into(),
            level,
        };
        let every = ReasonView {
            code: "granted".into(),
            text: "\0 \u{1f} \u{7f} \" \\ \n é 𝄞".into(),
            role: Some("r".into()),
            role_name: Some("R {".into()),
            node: Some(String::new()),
            guard: Some("g".into()),
            group: Some("p".into()),
            rule: Some("l".into()),
            feature: Some("f".into()),
            fact: Some("t".into()),
            grants: vec![
                grant(Some("a{"), LevelName::Organization),
                grant(None, LevelName::Project),
            ],
        };
        for (decision, reasons) in [
            (true, vec![every.clone(), every]),
            (false, vec![]),
            (false, vec![ReasonView::default()]),
        ] {
            let view = DecisionView { decision, reasons };
            let (own, serde) = (view.to_json(), serde_json::to_string(&view).unwrap());
            let parsed: serde_json::Value = serde_json::from_str(&own).unwrap();
            assert_eq!(
                parsed,
                serde_json::from_str::<serde_json::Value>(&serde).unwrap()
            );
            // Control characters have more than one spelling; everything else is the same text.
            assert!(own == serde || own.contains("\\u000a"), "{own} {serde}");
        }
    }
}
