//! Facts as JSON.

use alloc::collections::BTreeMap;
use alloc::string::String;

use lockstep_core::{Facts, Value};
use serde::{Deserialize, Serialize};

use crate::{Scalar, unique_map};

/// Facts by name: `{"target.creator": false, "organization.members": 3}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FactsView(
    /// The facts.
    #[serde(deserialize_with = "unique_map::deserialize")]
    pub BTreeMap<String, Scalar>,
);

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
