//! Decisions as JSON: the same object from the browser, the edge and the command line.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use lockstep_core::{Access, Decision, Facts, Level, NodeId, RoleId, evaluate_on};
use serde::{Deserialize, Serialize};

use crate::LevelName;
use crate::reason::{About, Reason, parts};
use crate::sentence::Sentences;

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
        let Some(permission) = access.policy().permission(permission) else {
            return Err(UnknownPermission(permission.into()));
        };
        let decision = evaluate_on(access, permission, node, facts);
        Ok(Self::new(access, &decision))
    }

    /// `decision` as seen by the principal of `access`.
    #[must_use]
    pub fn new(access: &Access, decision: &Decision) -> Self {
        let reason = Reason::new(access, decision);
        let mut view = ReasonView {
            code: reason.code.into(),
            text: reason.text(access, Sentences::default()),
            node: reason.node.map(|node| node_id(access, node).into()),
            ..ReasonView::default()
        };
        (view.role, view.role_name) = role_names(access, reason.role);
        if let Some((name, id)) = reason.about {
            let member = match name {
                About::Fact => &mut view.fact,
                About::Feature => &mut view.feature,
                About::Group => &mut view.group,
                About::Guard => &mut view.guard,
                About::Rule => &mut view.rule,
            };
            *member = Some(id.into());
        }
        for suggestion in reason.grants {
            let (role, node) = parts(*suggestion);
            let (role, role_name) = role_names(access, role);
            view.grants.push(GrantView {
                role,
                role_name,
                node: node_id(access, node).into(),
                level: level(access, node).into(),
            });
        }
        Self {
            decision: decision.is_allow(),
            reasons: vec![view],
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
}

/// What serde would write of a [`DecisionView`], with its text in the words of `sentences`, and with a hundredth
/// of the code, which counts in the page. `None` when the policy has no such permission.
#[must_use]
pub fn decision_json(
    access: &Access,
    permission: &str,
    node: &str,
    facts: &Facts,
    sentences: Sentences<'_>,
) -> Option<String> {
    let permission = access.policy().permission(permission)?;
    let decision = evaluate_on(access, permission, node, facts);
    let reason = Reason::new(access, &decision);
    let mut json = Json::decision(decision.is_allow());
    json.member("code", reason.code);
    json.member("text", &reason.text(access, sentences));
    json.role(access, reason.role);
    if let Some(node) = reason.node {
        json.member("node", node_id(access, node));
    }
    if let Some((name, id)) = reason.about {
        json.member(name.as_str(), id);
    }
    for (at, suggestion) in reason.grants.iter().enumerate() {
        if at == 0 {
            json.name("grants");
        }
        json.text.push_str(if at == 0 { "[{" } else { "},{" });
        let (role, node) = parts(*suggestion);
        json.role(access, role);
        json.member("node", node_id(access, node));
        json.member("level", level(access, node).as_str());
    }
    if !reason.grants.is_empty() {
        json.text.push_str("}]");
    }
    Some(json.end())
}

/// A deny that no policy made, as JSON.
#[must_use]
pub fn refusal_json(code: &str, text: &str) -> String {
    let mut json = Json::decision(false);
    json.member("code", code);
    json.member("text", text);
    json.end()
}

/// Text that becomes JSON. Objects begin with `{`, and each further member with a comma.
struct Json {
    text: String,
}

impl Json {
    /// The beginning, up to the members of its one reason.
    fn decision(is_allow: bool) -> Self {
        let mut text = String::from("{\"decision\":");
        text.push_str(if is_allow { "true" } else { "false" });
        text.push_str(",\"reasons\":[{");
        Self { text }
    }

    fn end(mut self) -> String {
        self.text.push_str("}]}");
        self.text
    }

    fn member(&mut self, name: &str, value: &str) {
        self.name(name);
        self.string(value);
    }

    fn role(&mut self, access: &Access, role: Option<RoleId>) {
        if let Some(role) = role.and_then(|role| access.policy().describe_role(role)) {
            self.member("role", &role.id);
            self.member("role_name", &role.name);
        }
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
        let mut rest = value;
        while let Some(at) = rest
            .bytes()
            .position(|b| b < b' ' || b == b'"' || b == b'\\')
        {
            // Each of these is a character of one byte.
            let (plain, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.text.push_str(plain);
            let mut characters = behind.chars();
            match characters.next() {
                Some(quoted @ ('"' | '\\')) => {
                    self.text.push('\\');
                    self.text.push(quoted);
                }
                other => {
                    let code = other.map_or(0, u32::from);
                    self.text
                        .push_str(if code < 0x10 { "\\u000" } else { "\\u001" });
                    let digit = char::from_digit(code & 0xf, 16);
                    self.text.push(digit.unwrap_or('0'));
                }
            }
            rest = characters.as_str();
        }
        self.text.push_str(rest);
        self.text.push('"');
    }
}

/// The id and the name of a role.
fn role_names(access: &Access, role: Option<RoleId>) -> (Option<String>, Option<String>) {
    let role = role.and_then(|role| access.policy().describe_role(role));
    (
        role.map(|role| role.id.clone()),
        role.map(|role| role.name.clone()),
    )
}

fn node_id(access: &Access, node: NodeId) -> &str {
    access.describe(node).map_or("", |node| node.id)
}

fn level(access: &Access, node: NodeId) -> Level {
    let described = access.describe(node);
    described.map_or(Level::Organization, |node| node.level)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use lockstep_core::{Grant, Node, Record};

    use super::*;

    #[test]
    fn json_is_what_serde_would_write() {
        let policy = crate::compile_toml(include_str!("../../../policies/lockstep.toml")).unwrap();
        let names = ["o", "w \"\\ é 𝄞", "\0 \u{f} \u{10} \u{1f} \u{7f} \n"];
        let levels = [Level::Organization, Level::Workspace, Level::Project];
        let mut seen = BTreeSet::new();
        for role in policy.policy.roles() {
            for (at, group) in [(0, None), (1, Some("g\"")), (2, None)] {
                let mut record = Record {
                    nodes: vec![Node::organization(names[0])],
                    grants: vec![Grant::new("member", "o"), Grant::new(&*role.id, names[at])],
                    plan: policy.policy.full_plan(),
                    ..Record::default()
                };
                for below in 1..3 {
                    let parent = names[below - 1];
                    let node = Node::inside(levels[below], names[below], parent);
                    record.nodes.push(node);
                }
                record.grants[1].group = group.map(Into::into);
                record.grants[1].window.expires_at_ms = (at == 2).then_some(5);
                record.nodes[2].owned = at == 1;
                let access = Access::resolve(&policy.policy, record, 9).unwrap();
                for permission in policy.policy.permissions() {
                    for node in names.into_iter().chain(["nowhere"]) {
                        let none = Facts::default();
                        let asked = (&access, &*permission.id, node, &none);
                        let view = DecisionView::decide(asked.0, asked.1, asked.2, asked.3);
                        let view = view.unwrap();
                        let english = Sentences::default();
                        let own = decision_json(asked.0, asked.1, asked.2, asked.3, english);
                        let own: DecisionView = serde_json::from_str(&own.unwrap()).unwrap();
                        assert_eq!(own, view);
                        seen.insert(view.reasons[0].code.clone());
                    }
                }
            }
        }
        for code in [
            "granted",
            "owned",
            "expired",
            "no-grant",
            "fact-missing",
            "capped",
        ] {
            assert!(seen.contains(code), "{code}: {seen:?}");
        }
        let own = refusal_json("a", "\"");
        let view = DecisionView::refusal("a", "\"".into());
        assert_eq!(own, serde_json::to_string(&view).unwrap());
    }
}
