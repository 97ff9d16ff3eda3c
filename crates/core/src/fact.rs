//! Facts: what a guard may look at beside grants.

use alloc::string::String;
use alloc::vec::Vec;

use crate::sorted::SortedMap;

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

/// What is known of one fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge<'a> {
    /// It is known that there is no such thing, such as a tag that the resource does not carry.
    Absent,
    /// Its value.
    Known(&'a Value),
    /// Nobody stated it.
    Unknown,
}

/// The facts known for one question, by name.
///
/// Whoever builds this vouches for it: `target.*`, `grant.*`, `principal.id`, `principal.creator` and
/// `organization.*` come from the directory only; `resource.*`, `action.*`, `context.*` and
/// `principal.properties.*` come from a caller that is trusted to say so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    known: SortedMap<String, Value>,
    /// By rising name, each once.
    complete: Vec<String>,
}

impl Facts {
    /// Adds or replaces one fact.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.known.insert(name.into(), value);
    }

    /// States that all facts below `group` are set: `resource.tags` says that the resource carries no
    /// other tag than those of which `resource.tags.<key>` is set.
    pub fn complete(&mut self, group: impl Into<String>) {
        let group = group.into();
        if let Err(at) = self.complete.binary_search(&group) {
            self.complete.insert(at, group);
        }
    }

    /// Puts what is `stated` in the place of what is known: a fact in that of the same name, a group in that of
    /// all that is known below its name. `unusable` are names, of facts and of groups, of which something was
    /// stated that no fact has: nothing is known of them, whatever was known before.
    ///
    /// A group of which only the directory states facts is no more than the facts in it.
    pub fn state(&mut self, stated: &Self, unusable: &[String]) {
        let groups = stated.complete.iter().filter(|group| is_open_group(group));
        let replaced: Vec<&String> = groups.chain(unusable).collect();
        let is_of = |name: &String, of: &String| name == of || is_in_group(name, of);
        let mut kept = Self::default();
        for (name, value) in self.known.iter() {
            if !replaced.iter().any(|of| is_of(name, of)) {
                kept.set(name.clone(), value.clone());
            }
        }
        for group in &self.complete {
            if !unusable
                .iter()
                .any(|of| is_of(group, of) || is_of(of, group))
            {
                kept.complete(group.as_str());
            }
        }
        kept.extend(stated);
        *self = kept;
    }

    /// Adds or replaces all facts of `others`; what else is known of a group of them stays.
    pub fn extend(&mut self, others: &Self) {
        for (name, value) in others.known.iter() {
            self.known.insert(name.clone(), value.clone());
        }
        for group in &others.complete {
            self.complete(group.as_str());
        }
    }

    /// The value of `name`, if it is known.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.known.get(name)
    }

    /// What is known of `name`. A group of which only the directory states facts makes nothing absent
    /// ([`is_open_group`]): the directory has the others, whoever did not state them. And what is a group
    /// itself, or has one in it, is there, in whatever group it is: no fact, and not absent.
    #[must_use]
    pub fn knowledge(&self, name: &str) -> Knowledge<'_> {
        if let Some(value) = self.known.get(name) {
            return Knowledge::Known(value);
        }
        let mut knowledge = Knowledge::Unknown;
        for group in &self.complete {
            if group == name || is_in_group(group, name) {
                return Knowledge::Unknown;
            }
            if is_in_group(name, group) && is_open_group(group) {
                knowledge = Knowledge::Absent;
            }
        }
        knowledge
    }

    /// All known facts, by rising name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.known
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// The groups of which all facts are set, by rising name.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.complete.iter().map(String::as_str)
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.complete.is_empty()
    }
}

/// What a question states: facts, and the names of what it states and no fact can be.
///
/// Whoever has facts only has them as this, too (`&facts`).
#[derive(Clone, Copy, Debug)]
pub struct Stated<'a> {
    /// The facts.
    pub facts: &'a Facts,
    /// Names, of facts and of groups, of which something is stated that no fact has, such as a list: nobody
    /// knows them better (see [`Facts::state`]).
    pub unusable: &'a [String],
}

impl<'a> From<&'a Facts> for Stated<'a> {
    fn from(facts: &'a Facts) -> Self {
        Self {
            facts,
            unusable: &[],
        }
    }
}

impl FromIterator<(String, Value)> for Facts {
    fn from_iter<T: IntoIterator<Item = (String, Value)>>(facts: T) -> Self {
        Self {
            known: facts.into_iter().collect(),
            complete: Vec::new(),
        }
    }
}

/// Whether the fact `name` is one of `group`, as `resource.tags.env` is of `resource.tags`.
#[must_use]
pub fn is_in_group(name: &str, group: &str) -> bool {
    let rest = name.strip_prefix(group);
    rest.is_some_and(|rest| rest.starts_with('.'))
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
    /// [`Value::Text`].
    Text,
}

/// The facts of the directory, with their types.
pub(crate) const DIRECTORY_FACTS: [(&str, FactType); 10] = [
    // Whether the principal itself holds all that is handed out, wherever it is handed out (law 5). No route
    // states it yet: a condition on it is missing it.
    ("grant.held", FactType::Bool),
    ("grant.role", FactType::Role),
    ("organization.admins", FactType::Integer),
    ("organization.members", FactType::Integer),
    ("organization.workspaces", FactType::Integer),
    ("principal.creator", FactType::Bool),
    ("principal.id", FactType::Text),
    ("target.creator", FactType::Bool),
    ("target.role", FactType::Role),
    ("target.self", FactType::Bool),
];

/// The names of the directory's facts.
pub fn directory_facts() -> impl Iterator<Item = &'static str> + Clone {
    DIRECTORY_FACTS.iter().map(|(name, _)| *name)
}

/// Below these a policy may name any fact.
pub(crate) const OPEN_FACTS: [&str; 4] =
    ["action.", "context.", "principal.properties.", "resource."];

/// Whether a policy may name any fact in `group`, and callers state them.
#[must_use]
pub fn is_open_group(group: &str) -> bool {
    let is_in = |open: &&str| group.starts_with(open) || open.strip_suffix('.') == Some(group);
    OPEN_FACTS.iter().any(is_in)
}

/// Whether a question calls what it is about `name` by itself. Nobody states it beside: a condition on such a name
/// would only ever test a property of the same name.
pub(crate) fn is_of_question(name: &str) -> bool {
    matches!(name, "action.name" | "resource.id" | "resource.type")
}

/// What to do instead of testing `name`, which is no fact though its group is open.
pub(crate) fn instead_of(name: &str) -> Option<&'static str> {
    is_of_question(name).then_some(match name {
        "resource.id" => "state a property, such as `resource.key`",
        "resource.type" => "state a property, such as `resource.kind`",
        _ => "the permission is the action's name",
    })
}

/// The type of the fact `name`, or `None` when no such fact exists.
#[must_use]
pub fn fact_type(name: &str) -> Option<FactType> {
    if is_of_question(name) {
        return None;
    }
    let is_open = |group: &&str| {
        name.strip_prefix(group)
            .is_some_and(|rest| !rest.is_empty())
    };
    if OPEN_FACTS.iter().any(is_open) {
        return Some(FactType::Any);
    }
    DIRECTORY_FACTS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, kind)| *kind)
}
