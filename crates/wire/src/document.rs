//! A policy as it is written: the shape of `policies/*.toml`, and of the same as JSON.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use lockstep_core::{
    CaseSpec, ConditionSpec, ConditionalSpec, Level, PermissionSpec, PolicySpec, RoleSpec, Test,
    Value,
};
use serde::{Deserialize, Serialize};

use crate::unique_map;

/// A policy: who may do what, as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyDocument {
    /// Short name, in letters, digits and `-`.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// What the policy is a model of, and where its facts come from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Role id that the creator of an organization is given in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<String>,
    /// Permission ids that every member holds, whatever the role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub everyone: Vec<String>,
    /// The roles, in the order in which they are shown.
    pub roles: Vec<RoleDocument>,
    /// The permissions, in the order in which they are shown.
    pub permissions: Vec<PermissionDocument>,
    /// Permission ids that the creator of a node holds on it and below; `*` means all.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "unique_map::deserialize"
    )]
    pub ownership: BTreeMap<LevelName, Vec<String>>,
    /// Operations of the directory with the permission id that each needs.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "unique_map::deserialize"
    )]
    pub operations: BTreeMap<String, String>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleDocument {
    /// Id by which grants name it.
    pub id: String,
    /// Name shown to people. Defaults to the id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The level whose table it belongs to.
    pub level: LevelName,
    /// Whether a member who holds it counts as an admin. Defaults to `false`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub admin: bool,
    /// Whether it holds everything in the organization, whatever caps say. Defaults to `false`.
    #[serde(default, rename = "override", skip_serializing_if = "is_false")]
    pub overriding: bool,
    /// Role id whose permissions bound what its holder may do anywhere in the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<String>,
    /// Role ids whose permissions it also holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub includes: Vec<String>,
    /// What the role is for, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// A permission: one row of a product's table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionDocument {
    /// Id by which it is asked for.
    pub id: String,
    /// Name shown to people. Defaults to the id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The level whose table it belongs to.
    pub level: LevelName,
    /// Role ids that hold it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Roles that hold it under conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditional: Vec<ConditionalDocument>,
    /// Conditions that must hold whoever asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guard: Vec<ConditionDocument>,
    /// The sentence shown when the guard or a condition does not hold.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
    /// Permission ids that come with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub implies: Vec<String>,
    /// Named cases, each of which is a row of the matrix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<CaseDocument>,
    /// Whether the edge asks the organization's object every time. Defaults to `false`; an operation
    /// of the directory that changes something makes its permission sensitive by itself.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sensitive: bool,
    /// Whether it concerns only what is one's own. Defaults to `false`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub personal: bool,
    /// How sure the row is, where it was not read off public documentation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub confidence: String,
}

/// Roles that hold a permission only under conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionalDocument {
    /// Role ids.
    pub roles: Vec<String>,
    /// Conditions that must all hold.
    pub when: Vec<ConditionDocument>,
}

/// A condition: one fact, and exactly one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawCondition", into = "RawCondition")]
pub struct ConditionDocument {
    /// Name of the fact.
    pub fact: String,
    /// The test.
    pub test: Test,
}

/// A named case of a guarded permission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseDocument {
    /// Id within the permission; the row's id is `permission:case`.
    pub id: String,
    /// Name shown to people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The facts that make the case up.
    #[serde(deserialize_with = "unique_map::deserialize")]
    pub facts: BTreeMap<String, Scalar>,
}

/// A level, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LevelName {
    /// The tenant boundary.
    Organization,
    /// Lies in an organization.
    Workspace,
    /// Lies in a workspace, or directly in an organization.
    Project,
}

/// The value of a fact: true or false, a whole number, or a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a fact is true or false, a whole number, or a text"
)]
pub enum Scalar {
    /// A yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// A condition with a member for each test, of which exactly one is there.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCondition {
    fact: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    equals: Option<Scalar>,
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    one_of: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_in: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_least: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_most: Option<i64>,
}

impl TryFrom<RawCondition> for ConditionDocument {
    type Error = &'static str;

    fn try_from(raw: RawCondition) -> Result<Self, Self::Error> {
        let tests = [
            raw.equals.map(|value| Test::Equals(value.into())),
            raw.one_of.map(Test::In),
            raw.not_in.map(Test::NotIn),
            raw.at_least.map(Test::AtLeast),
            raw.at_most.map(Test::AtMost),
        ];
        let mut given = tests.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(test), None) => Ok(Self {
                fact: raw.fact,
                test,
            }),
            _ => Err(
                "a condition has exactly one of `equals`, `in`, `not_in`, `at_least`, `at_most`",
            ),
        }
    }
}

impl From<ConditionDocument> for RawCondition {
    fn from(condition: ConditionDocument) -> Self {
        let mut raw = Self {
            fact: condition.fact,
            ..Self::default()
        };
        match condition.test {
            Test::Equals(value) => raw.equals = Some(value.into()),
            Test::In(texts) => raw.one_of = Some(texts),
            Test::NotIn(texts) => raw.not_in = Some(texts),
            Test::AtLeast(least) => raw.at_least = Some(least),
            Test::AtMost(most) => raw.at_most = Some(most),
        }
        raw
    }
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Bool(value) => Self::Bool(value),
            Scalar::Integer(value) => Self::Integer(value),
            Scalar::Text(value) => Self::Text(value),
        }
    }
}

impl From<Value> for Scalar {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(value),
            Value::Integer(value) => Self::Integer(value),
            Value::Text(value) => Self::Text(value),
        }
    }
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Organization => Self::Organization,
            LevelName::Workspace => Self::Workspace,
            LevelName::Project => Self::Project,
        }
    }
}

impl From<Level> for LevelName {
    fn from(level: Level) -> Self {
        match level {
            Level::Organization => Self::Organization,
            Level::Workspace => Self::Workspace,
            Level::Project => Self::Project,
        }
    }
}

impl From<&PolicyDocument> for PolicySpec {
    fn from(document: &PolicyDocument) -> Self {
        let ownership = document.ownership.iter();
        let operations = document.operations.iter();
        Self {
            id: document.id.clone(),
            everyone: document.everyone.clone(),
            ownership: ownership
                .map(|(level, ids)| ((*level).into(), ids.clone()))
                .collect(),
            creator: document.creator.clone(),
            operations: operations
                .map(|(name, id)| (name.clone(), id.clone()))
                .collect(),
            roles: document.roles.iter().map(Into::into).collect(),
            permissions: document.permissions.iter().map(Into::into).collect(),
        }
    }
}

impl From<&RoleDocument> for RoleSpec {
    fn from(role: &RoleDocument) -> Self {
        Self {
            id: role.id.clone(),
            name: role.name.clone(),
            level: role.level.into(),
            admin: role.admin,
            overriding: role.overriding,
            cap: role.cap.clone(),
            includes: role.includes.clone(),
        }
    }
}

impl From<&PermissionDocument> for PermissionSpec {
    fn from(permission: &PermissionDocument) -> Self {
        Self {
            id: permission.id.clone(),
            label: permission.label.clone(),
            level: permission.level.into(),
            allow: permission.allow.clone(),
            conditional: permission.conditional.iter().map(Into::into).collect(),
            guard: permission.guard.iter().map(Into::into).collect(),
            because: permission.because.clone(),
            implies: permission.implies.clone(),
            cases: permission.cases.iter().map(Into::into).collect(),
            sensitive: permission.sensitive,
            personal: permission.personal,
        }
    }
}

impl From<&ConditionalDocument> for ConditionalSpec {
    fn from(conditional: &ConditionalDocument) -> Self {
        Self {
            roles: conditional.roles.clone(),
            when: conditional.when.iter().map(Into::into).collect(),
        }
    }
}

impl From<&ConditionDocument> for ConditionSpec {
    fn from(condition: &ConditionDocument) -> Self {
        Self {
            fact: condition.fact.clone(),
            test: condition.test.clone(),
        }
    }
}

impl From<&CaseDocument> for CaseSpec {
    fn from(case: &CaseDocument) -> Self {
        let facts = case
            .facts
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().into()));
        Self {
            id: case.id.clone(),
            label: case.label.clone(),
            facts: facts.collect(),
        }
    }
}
