//! Questions about a world, and the answers that they must get.

#[cfg(feature = "toml")]
mod answer;

use alloc::format;
use alloc::string::String;

use serde::{Deserialize, Serialize};

#[cfg(feature = "toml")]
pub use answer::{QuestionError, check_facts};

use crate::{DecisionView, FactsView};

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
