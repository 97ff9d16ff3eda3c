//! Facts as JSON.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use lockstep_core::{Facts, limits};
use serde::{Deserialize, Serialize};

use crate::{Scalar, unique_map};

/// Facts by name: `{"target.creator": false, "organization.members": 3}`. A group of facts, such as
/// `{"resource.tags": {"Environment": "Production"}}`, states all there are of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "Stated", into = "Stated")]
pub struct FactsView(
    /// The facts.
    pub Facts,
);

/// The facts as they are written.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
struct Stated(#[serde(deserialize_with = "unique_map::deserialize")] BTreeMap<String, FactView>);

/// What is stated of one fact, or of a group of them.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "a fact is true or false, a whole number, a text, or a group of such"
)]
enum FactView {
    /// One fact.
    One(Scalar),
    /// All facts of a group, by the last part of their names.
    Group(#[serde(deserialize_with = "unique_map::deserialize")] BTreeMap<String, Scalar>),
}

/// Longest name of a stated fact, in bytes. Each fact of a group has the group's name before its own, so a long one would be there thousands of times.
pub const FACT_NAME_BYTES_MAX: usize = 512;

/// Whether the name of `member` in `group` is too long.
pub(crate) const fn is_too_long(group: &str, member: &str) -> bool {
    group.len().saturating_add(member.len()) >= FACT_NAME_BYTES_MAX
}

impl FactsView {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<FactsView> for Facts {
    fn from(view: FactsView) -> Self {
        view.0
    }
}

impl From<&Facts> for FactsView {
    fn from(facts: &Facts) -> Self {
        Self(facts.clone())
    }
}

impl TryFrom<Stated> for FactsView {
    type Error = &'static str;

    fn try_from(Stated(stated): Stated) -> Result<Self, Self::Error> {
        let mut facts = Facts::default();
        let mut set = |name: String, value: Scalar| {
            if facts.value(&name).is_some() {
                return Err("a fact is stated twice");
            }
            if let Scalar::Integer(number) = value
                && !limits::is_exact(number)
            {
                return Err("a fact is a whole number of more than 53 bits");
            }
            facts.set(name, value.into());
            Ok(())
        };
        let mut groups = Vec::new();
        for (name, stated) in stated {
            match stated {
                FactView::One(value) => set(name, value)?,
                FactView::Group(group) => {
                    for (member, value) in group {
                        if is_too_long(&name, &member) {
                            return Err("a fact's name is longer than 512 bytes");
                        }
                        set(format!("{name}.{member}"), value)?;
                    }
                    groups.push(name);
                }
            }
        }
        groups.into_iter().for_each(|group| facts.complete(group));
        Ok(Self(facts))
    }
}

impl From<FactsView> for Stated {
    fn from(FactsView(facts): FactsView) -> Self {
        let groups = facts.groups();
        let mut stated: BTreeMap<String, FactView> = groups
            .map(|group| (group.into(), FactView::Group(BTreeMap::new())))
            .collect();
        for (name, value) in facts.iter() {
            let value = Scalar::from(value.clone());
            let mut groups = facts.groups();
            let member = groups.find_map(|group| {
                let member = name.strip_prefix(group)?.strip_prefix('.')?;
                Some((group, member))
            });
            let group = member.and_then(|(group, member)| Some((stated.get_mut(group)?, member)));
            match group {
                Some((FactView::Group(group), member)) => {
                    group.insert(member.into(), value);
                }
                _ => {
                    stated.insert(name.into(), FactView::One(value));
                }
            }
        }
        Self(stated)
    }
}

/// Facts that callers state, as a member of something that is sent.
pub(crate) mod as_view {
    use lockstep_core::{Facts, is_open_group};
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::FactsView;

    pub(crate) fn serialize<S: Serializer>(
        facts: &Facts,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        FactsView::from(facts).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Facts, D::Error> {
        let facts = Facts::from(FactsView::deserialize(deserializer)?);
        let is_open = {
            let names = facts.iter().map(|(name, _)| name);
            names.chain(facts.groups()).all(is_open_group)
        };
        match is_open {
            true => Ok(facts),
            false => Err(D::Error::custom("only the directory states such facts")),
        }
    }
}
