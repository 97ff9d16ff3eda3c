//! Facts as JSON.

use alloc::collections::BTreeMap;
use alloc::string::String;

use lockstep_core::{Facts, Value};
use serde::{Deserialize, Serialize};

use crate::gate_policy::value;
use crate::{Scalar, Tree, unique_map};

/// Facts by name: `{"target.creator": false, "organization.members": 3}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FactsView(
    /// The facts.
    #[serde(deserialize_with = "unique_map::deserialize")]
    pub BTreeMap<String, Scalar>,
);

impl FactsView {
    /// The facts in an object; `None` when it is none, or names one twice.
    #[must_use]
    pub fn read(tree: &Tree<'_>) -> Option<Facts> {
        let Tree::Map(members) = tree else {
            return None;
        };
        let mut facts = Facts::default();
        for (name, stated) in members {
            if facts.value(name).is_some() {
                return None;
            }
            facts.set(*name, value(stated)?);
        }
        Some(facts)
    }
}

impl From<FactsView> for Facts {
    fn from(view: FactsView) -> Self {
        view.0
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect()
    }
}

impl From<&Facts> for FactsView {
    fn from(facts: &Facts) -> Self {
        let member = |(name, value): (&str, &Value)| (name.into(), value.clone().into());
        Self(facts.iter().map(member).collect())
    }
}
