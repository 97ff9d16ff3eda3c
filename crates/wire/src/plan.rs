//! What organizations' plans are about, as a policy says it, and the bodies of the operator's routes.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use lockstep_core::{PolicyError, PolicyErrorKind, Step};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{AccessChangeView, LevelName, unique_map};

/// What organizations' plans are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanDocument {
    /// Ids of what a plan may have. A permission names those that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(inner(regex(pattern = crate::document::ID))))]
    pub features: Vec<String>,
    /// For a feature and a level the role id that every role of that level, granted to a person, counts
    /// as while the organization's plan has the feature.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "by_feature"
    )]
    #[cfg_attr(feature = "schema", schemars(extend("additionalProperties" = roles_by_level())))]
    pub replace: BTreeMap<String, BTreeMap<LevelName, String>>,
    /// Id of the plan of an organization to which the operator has given no other. Absent: one without
    /// limits, with every feature but those that replace roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Id of the plan of the personal organization that everybody gets at their first sign-in. Absent:
    /// nobody gets one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<String>,
    /// The plans that the operator may give an organization, by id.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "unique_map::deserialize"
    )]
    pub offers: BTreeMap<String, OfferDocument>,
}

/// Roles by level, by feature: each feature once, and each level of a feature.
fn by_feature<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, BTreeMap<LevelName, String>>, D::Error> {
    #[derive(Deserialize)]
    struct ByLevel(
        #[serde(deserialize_with = "unique_map::deserialize")] BTreeMap<LevelName, String>,
    );

    let replaced: BTreeMap<String, ByLevel> = unique_map::deserialize(deserializer)?;
    let replaced = replaced.into_iter();
    Ok(replaced
        .map(|(feature, ByLevel(roles))| (feature, roles))
        .collect())
}

/// Roles by level, for the schema.
#[cfg(feature = "schema")]
fn roles_by_level() -> serde_json::Value {
    serde_json::json!({
        "type": "object",
        "propertyNames": crate::document::level_names(),
        "additionalProperties": { "type": "string" },
    })
}

/// One plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OfferDocument {
    /// Name shown to people.
    pub name: String,
    /// Ids of the features that it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// How many members an organization may have, suspended ones included; as many as it likes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(max = 4_294_967_295_u32)))]
    pub seats: Option<u32>,
    /// How many workspaces it may have; as many as it likes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(max = 4_294_967_295_u32)))]
    pub workspaces: Option<u32>,
}

impl PlanDocument {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The first name of a plan or a feature that is none.
    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        for (member, named) in [("default", &self.default), ("personal", &self.personal)] {
            if let Some(plan) = named {
                let path = || vec!["plan".into(), member.into()];
                known("plan", plan, self.offers.keys(), path)?;
            }
        }
        for (id, offer) in &self.offers {
            for (at, feature) in offer.features.iter().enumerate() {
                let path = || {
                    let id = Step::Key(id.clone());
                    vec![
                        "plan".into(),
                        "offers".into(),
                        id,
                        "features".into(),
                        at.into(),
                    ]
                };
                known("feature", feature, self.features.iter(), path)?;
            }
        }
        Ok(())
    }
}

fn known<'a>(
    noun: &'static str,
    name: &str,
    mut all: impl Iterator<Item = &'a String> + Clone,
    path: impl Fn() -> Vec<Step>,
) -> Result<(), PolicyError> {
    let known = all.clone().cloned().collect();
    if all.any(|id| id == name) {
        return Ok(());
    }
    Err(PolicyError {
        path: path(),
        kind: PolicyErrorKind::Unknown {
            noun,
            name: name.to_owned(),
            known,
        },
    })
}

/// What an organization's plan has, and how much of it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// Its id; absent where the policy has no plans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name; absent where the policy has no such plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Ids of the features that it has.
    pub features: Vec<String>,
    /// How many members there may be; as many as it likes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<u32>,
    /// How many members there are.
    pub seats_taken: u32,
    /// How many workspaces there may be; as many as it likes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspaces: Option<u32>,
    /// How many workspaces there are.
    pub workspaces_taken: u32,
}

/// POST `/v1/operator/organizations/{org}/plan/preview`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanPreviewRequest {
    /// Id of the plan.
    pub plan: String,
}

/// PUT `/v1/operator/organizations/{org}/plan`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// Id of the plan.
    pub plan: String,
    /// `preview` of the preview that was looked at: what has changed since is not written.
    pub preview: String,
}

/// Who would gain and lose what under another plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPreviewView {
    /// The plan as it would be.
    pub plan: PlanView,
    /// How many members and service accounts there are.
    pub principals: usize,
    /// Of how many of them the changes are counted: 100 at most.
    pub principals_compared: usize,
    /// How many changes there are for those.
    pub changes_total: usize,
    /// The changes, by principal, node and permission: 1,000 at most.
    pub changes: Vec<AccessChangeView>,
    /// Names all of this; it is sent back with the plan.
    pub preview: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_or_a_feature_that_is_not_there_is_found() {
        let offer = |features: &[&str]| OfferDocument {
            name: "Full".into(),
            features: features.iter().map(|id| (*id).into()).collect(),
            ..OfferDocument::default()
        };
        let plan = |default: &str, personal: &str, features: &[&str]| PlanDocument {
            features: vec!["sso".into()],
            default: Some(default.into()),
            personal: Some(personal.into()),
            offers: [("full".into(), offer(features))].into(),
            ..PlanDocument::default()
        };
        assert_eq!(plan("full", "full", &["sso"]).check(), Ok(()));
        let place = |plan: PlanDocument| plan.check().unwrap_err().path;
        assert_eq!(
            place(plan("gold", "full", &[])),
            ["plan".into(), "default".into()]
        );
        assert_eq!(
            place(plan("full", "gold", &[])),
            ["plan".into(), "personal".into()]
        );
        let path: [Step; 5] = [
            "plan".into(),
            "offers".into(),
            "full".into(),
            "features".into(),
            1_usize.into(),
        ];
        assert_eq!(place(plan("full", "full", &["sso", "saml"])), path);
    }
}
