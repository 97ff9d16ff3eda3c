//! Questions about a world, and the answers that they must get.

use alloc::format;
use alloc::string::String;
use core::fmt;

use lockstep_core::{FactType, Facts, Policy, Target, World, fact_type, is_in_group};
use serde::{Deserialize, Serialize};

use crate::{DecisionView, FactsView, UnknownPermission, WorldDocument};

/// A question, and the answer it must get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QuestionDocument {
    /// Name of the principal.
    pub principal: String,
    /// Id of the permission.
    pub permission: String,
    /// Id of the node. Defaults to the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Name of the principal whom the action is about: the directory states the facts about them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Other facts: what is handed out, flags and tags of the resource. They count before what the
    /// directory states.
    #[serde(default, skip_serializing_if = "FactsView::is_empty")]
    pub facts: FactsView,
    /// Another moment than the world's, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now_ms: Option<u64>,
    /// `allow`, `deny`, or the code of the reason.
    pub expect: Expectation,
}

/// The answer that a question must get: `allow`, `deny`, or the code of the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("enum" = EXPECTATIONS)))]
#[serde(try_from = "String", into = "String")]
pub struct Expectation(String);

/// What a question may expect: any allow or deny, or the codes of the reasons.
pub const EXPECTATIONS: [&str; 14] = [
    "allow",
    "deny",
    "granted",
    "owned",
    "everyone",
    "capped",
    "denied-by-rule",
    "expired",
    "fact-missing",
    "guard-failed",
    "no-grant",
    "no-membership",
    "out-of-token-scope",
    "plan",
];

impl Expectation {
    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `decision` is what was expected.
    #[must_use]
    pub fn is_met(&self, decision: &DecisionView) -> bool {
        match self.0.as_str() {
            "allow" => decision.decision,
            "deny" => !decision.decision,
            code => decision.reasons.iter().any(|reason| reason.code == code),
        }
    }
}

impl TryFrom<String> for Expectation {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        if EXPECTATIONS.contains(&word.as_str()) {
            return Ok(Self(word));
        }
        let known = EXPECTATIONS.join("`, `");
        Err(format!(
            "unknown answer `{word}`, expected one of `{known}`"
        ))
    }
}

impl From<Expectation> for String {
    fn from(Expectation(word): Expectation) -> Self {
        word
    }
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuestionError {
    /// No fact is called so.
    Fact(String),
    /// Nothing in the policy, or in the organization's rules, asks for the fact or the group of facts.
    FactUnused(String),
    /// The world has no such node.
    Node(String),
    /// The policy has no such permission.
    Permission(UnknownPermission),
    /// Nobody in the world is called so.
    Principal(String),
}

impl fmt::Display for QuestionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fact(name) => write!(f, "there is no fact `{name}`"),
            Self::FactUnused(name) => write!(f, "no condition asks for `{name}`"),
            Self::Node(id) => write!(f, "there is no node `{id}`"),
            Self::Permission(error) => error.fmt(f),
            Self::Principal(name) => write!(f, "there is no principal `{name}`"),
        }
    }
}

impl core::error::Error for QuestionError {}

impl WorldDocument {
    /// The answer to `question` in `world`, which is this one, resolved.
    ///
    /// # Errors
    /// When it names a permission, a principal, a node or a fact that is not there, or states what nothing
    /// asks for: whatever is misspelt is denied, and a question that expects that would tell nothing.
    pub fn answer(
        &self,
        world: &World,
        question: &QuestionDocument,
    ) -> Result<DecisionView, QuestionError> {
        let name = &question.principal;
        let unknown = || QuestionError::Principal(name.clone());
        let principal = world.principal(name).ok_or_else(unknown)?;
        let mut facts = world.facts(principal);
        if let Some(target) = &question.target {
            facts.extend(&self.target_facts(world.policy(), name, target)?);
        }
        check_facts(world.policy(), &question.facts.0)?;
        facts.extend(&question.facts.0);
        let node = question.node.as_ref().unwrap_or(&self.organization);
        if world.node(node).is_none() {
            return Err(QuestionError::Node(node.clone()));
        }
        DecisionView::decide(&world.access(principal), &question.permission, node, &facts)
            .map_err(QuestionError::Permission)
    }

    /// What the directory says about `target`, as `principal` sees them.
    fn target_facts(
        &self,
        policy: &Policy,
        principal: &str,
        target: &str,
    ) -> Result<Facts, QuestionError> {
        let mut principals = self.principals.iter();
        let member = principals.find(|known| known.name == target);
        let member = member.ok_or_else(|| QuestionError::Principal(target.into()))?;
        let mut grants = member.grants.iter();
        let role = grants.find(|grant| grant.node == self.organization);
        let role_id = role.map_or("", |grant| grant.role.as_str());
        let target = Target {
            role: policy.role(role_id),
            role_id,
            is_self: principal == target,
            is_creator: self.creator().is_some_and(|creator| creator == target),
            // Of interest to those who change a membership, not to guards.
            other_admins: 0,
            record: None,
        };
        Ok(target.facts())
    }
}

/// Refuses facts that are none, and such that callers state and no condition asks for.
fn check_facts(policy: &Policy, facts: &Facts) -> Result<(), QuestionError> {
    let asks_within = |group: &str| policy.facts_asked().any(|asked| is_in_group(asked, group));
    for (name, _) in facts.iter() {
        let kind = fact_type(name).ok_or_else(|| QuestionError::Fact(name.into()))?;
        // A tag beside the one that is asked for is a fact, too.
        let groups = name.match_indices('.').filter_map(|(at, _)| name.get(..at));
        let mut groups = groups.filter(|group| fact_type(group).is_some());
        let is_asked = || policy.facts_asked().any(|asked| asked == name);
        if kind == FactType::Any && !is_asked() && !groups.any(asks_within) {
            return Err(QuestionError::FactUnused(name.into()));
        }
    }
    for group in facts.groups() {
        let has_facts = facts.iter().any(|(name, _)| is_in_group(name, group));
        if has_facts || asks_within(group) {
            continue;
        }
        let name = String::from(group);
        // As for a fact in it.
        return Err(match fact_type(&format!("{group}.any")) {
            Some(_) => QuestionError::FactUnused(name),
            None => QuestionError::Fact(name),
        });
    }
    Ok(())
}
