//! Facts: what a guard may look at beside grants.

use alloc::collections::BTreeMap;
use alloc::string::String;

/// The value of one fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A yes or no.
    Bool(bool),
    /// A whole number, such as a count.
    Integer(i64),
    /// A text, such as a role id.
    Text(String),
}

/// The facts known for one question, by name.
///
/// Whoever builds this vouches for it: `target.*`, `grant.*`, `principal.*` and `organization.*`
/// come from the directory only; `resource.*` comes from a caller that is trusted to say so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<String, Value>);

impl Facts {
    /// Adds or replaces one fact.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.0.insert(name.into(), value);
    }

    /// The value of `name`, if it is known.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All known facts, by rising name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl FromIterator<(String, Value)> for Facts {
    fn from_iter<T: IntoIterator<Item = (String, Value)>>(facts: T) -> Self {
        Self(facts.into_iter().collect())
    }
}

/// The type that a fact's values have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactType {
    /// Stated by the caller about its own resource, so any type.
    Any,
    /// [`Value::Bool`].
    Bool,
    /// [`Value::Integer`].
    Integer,
    /// [`Value::Text`] that is a role id of the policy.
    Role,
}

/// The facts of the directory, with their types. `resource.*` is open: a policy may name any.
pub(crate) const DIRECTORY_FACTS: [(&str, FactType); 8] = [
    // Whether the principal itself holds all that is handed out, wherever it is handed out (law 5).
    ("grant.held", FactType::Bool),
    ("grant.role", FactType::Role),
    ("organization.admins", FactType::Integer),
    ("organization.members", FactType::Integer),
    ("principal.creator", FactType::Bool),
    ("target.creator", FactType::Bool),
    ("target.role", FactType::Role),
    ("target.self", FactType::Bool),
];

/// The type of the fact `name`, or `None` when no such fact exists.
#[must_use]
pub fn fact_type(name: &str) -> Option<FactType> {
    if name
        .strip_prefix("resource.")
        .is_some_and(|rest| !rest.is_empty())
    {
        return Some(FactType::Any);
    }
    DIRECTORY_FACTS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, kind)| *kind)
}
