//! What a product calls the resources that are nodes, as its policy says it.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;

use lockstep_core::{Level, PolicyError, PolicyErrorKind, is_id};
use serde::{Deserialize, Serialize};

use crate::{LevelName, unique_map};

/// The type of a resource that is a person of the organization.
pub(crate) const MEMBER: &str = "member";

/// What a request calls resources that are nodes of a level, such as `tracing-project`, beside the level's own name.
/// Each is written as ids are, and is neither a level's name nor `member`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ResourceTypes(
    #[serde(deserialize_with = "unique_map::deserialize")]
    #[cfg_attr(feature = "schema", schemars(extend("propertyNames" = names())))]
    BTreeMap<String, LevelName>,
);

/// The names that a type can have.
#[cfg(feature = "schema")]
fn names() -> serde_json::Value {
    let taken = Level::ALL.map(Level::as_str);
    let taken: vec::Vec<&str> = taken.into_iter().chain([MEMBER]).collect();
    serde_json::json!({ "pattern": crate::document::ID, "not": { "enum": taken } })
}

impl ResourceTypes {
    /// The level of which a resource of this type is a node; `None` where it is something in one.
    #[must_use]
    pub fn level(&self, name: &str) -> Option<Level> {
        let mut levels = Level::ALL.into_iter();
        let own = levels.find(|level| level.as_str() == name);
        own.or_else(|| self.0.get(name).copied().map(Level::from))
    }

    /// The types by name, each with its level.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Level)> {
        self.0
            .iter()
            .map(|(name, level)| (name.as_str(), Level::from(*level)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first type that is none, or is called as something else is.
    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        let is_taken = |name: &str| name == MEMBER || Self::default().level(name).is_some();
        let kind = |name: &String| match name {
            name if is_taken(name) => Some(PolicyErrorKind::Duplicate(name.to_owned())),
            name if !is_id(name) => Some(PolicyErrorKind::InvalidId(name.to_owned())),
            _ => None,
        };
        let wrong = self.0.keys().find_map(|name| Some((name, kind(name)?)));
        wrong.map_or(Ok(()), |(name, kind)| {
            let path = vec!["resource_types".into(), name.as_str().into()];
            Err(PolicyError { path, kind })
        })
    }
}
