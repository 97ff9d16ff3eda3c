//! Rules that an organization makes by itself, as HTTP bodies.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{AccessChangeView, ConditionDocument, EffectName, RuleDocument};

/// POST `/v1/organizations/{org}/rules`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRequest {
    /// What it does.
    pub effect: EffectName,
    /// Role ids: it applies to whoever was granted one of them, where that grant counts. Absent: to every
    /// member, everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Permission ids.
    pub permissions: Vec<String>,
    /// Conditions that must all hold. Absent: always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<ConditionDocument>,
    /// The sentence shown when it denies, at most 500 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
}

impl RuleRequest {
    /// The rule, which is called `id`.
    #[must_use]
    pub fn named(self, id: String) -> RuleDocument {
        RuleDocument {
            id,
            effect: self.effect,
            roles: self.roles,
            permissions: self.permissions,
            when: self.when,
            because: self.because,
        }
    }
}

/// PATCH `/v1/organizations/{org}/rules/{rule}`. What is absent stays, and the effect always does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleChangeRequest {
    /// Role ids; empty: every member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Permission ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// Conditions that must all hold; empty: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Vec<ConditionDocument>>,
    /// The sentence shown when it denies, at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// A rule that the organization made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    /// Its id.
    pub id: String,
    /// What it does.
    pub effect: EffectName,
    /// Role ids: it applies to whoever was granted one of them, where that grant counts. Absent: to every
    /// member, everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Those of the roles that are gone. An allow rule gives nothing by them; a deny rule with any binds every
    /// member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone_roles: Vec<String>,
    /// Permission ids.
    pub permissions: Vec<String>,
    /// Those of the permissions that are gone: it neither gives nor denies anything by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone_permissions: Vec<String>,
    /// Conditions that must all hold. Absent: always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<ConditionDocument>,
    /// The sentence shown when it denies.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
    /// The epoch of its last change; in quotes it is the entity tag for `If-Match`.
    pub epoch: i64,
}

impl RuleView {
    /// A rule as of the epoch of its last change, with those of its roles and permissions that are gone.
    #[must_use]
    pub fn new(
        rule: RuleDocument,
        gone_roles: Vec<String>,
        gone_permissions: Vec<String>,
        epoch: i64,
    ) -> Self {
        Self {
            id: rule.id,
            effect: rule.effect,
            roles: rule.roles,
            gone_roles,
            permissions: rule.permissions,
            gone_permissions,
            when: rule.when,
            because: rule.because,
            epoch,
        }
    }
}

/// POST `/v1/organizations/{org}/rules/preview`: a rule that is made, changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulePreviewRequest {
    /// Id of the rule; absent for one that is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What changes; the rule is deleted when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<RuleChangeRequest>,
    /// The rule that is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create: Option<RuleRequest>,
}

/// Who would gain and lose what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulePreviewView {
    /// How many the rule is about, before or afterwards.
    pub holders: usize,
    /// Of how many of them the changes are counted: 100 at most.
    pub holders_compared: usize,
    /// How many changes there are for those.
    pub changes_total: usize,
    /// The changes, by holder, node and permission: 1,000 at most.
    pub changes: Vec<AccessChangeView>,
}
