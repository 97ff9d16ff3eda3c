//! A policy as it is written: the shape of `policies/*.toml`, and of the same as JSON.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use lockstep_core::{
    CaseSpec, Condition, ConditionalSpec, Effect, Level, PermissionSpec, PolicySpec,
    ReplacementSpec, RoleSpec, RuleSpec,
};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use crate::{
    ConditionDocument, PlanDocument, ResourceTypes, Scalar, TokensDocument, table, unique_map,
};

/// A policy: who may do what, as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyDocument {
    /// Short name. Like all ids of a policy it has 1 to 128 letters, digits and `. _ : - >`.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = ID)))]
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
    /// Rules that allow or deny beside roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleDocument>,
    /// What an organization's plan may have, and what it makes of roles.
    #[serde(default, skip_serializing_if = "PlanDocument::is_empty")]
    pub plan: PlanDocument,
    /// Which roles of their own organizations may add. None where this is absent.
    #[serde(default, skip_serializing_if = "CustomRolesDocument::is_empty")]
    pub custom_roles: CustomRolesDocument,
    /// Permission ids that the creator of a node holds on it and below; `*` means all. The edge knows owners of
    /// projects only.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "unique_map::deserialize"
    )]
    #[cfg_attr(feature = "schema", schemars(extend("propertyNames" = level_names())))]
    pub ownership: BTreeMap<LevelName, Vec<String>>,
    /// Operations of the directory with the permission id that each needs.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "unique_map::deserialize"
    )]
    #[cfg_attr(feature = "schema", schemars(extend("propertyNames" = operation_names())))]
    pub operations: BTreeMap<String, String>,
    /// What the product's resources that are nodes are called in requests, and the level of each.
    #[serde(default, skip_serializing_if = "ResourceTypes::is_empty")]
    pub resource_types: ResourceTypes,
    /// How the product's tokens begin.
    #[serde(
        default,
        skip_serializing_if = "TokensDocument::is_empty",
        deserialize_with = "table::deserialize::<_, TokensDocument, _>"
    )]
    pub tokens: TokensDocument,
}

/// What an id of a policy looks like.
#[cfg(feature = "schema")]
pub(crate) const ID: &str = "^[A-Za-z0-9._:>-]{1,128}$";

/// The names that keys of `operations` can have, so that an editor completes them.
#[cfg(feature = "schema")]
fn operation_names() -> serde_json::Value {
    let names: Vec<&str> = lockstep_core::Operation::ALL
        .iter()
        .map(|one| one.as_str())
        .collect();
    serde_json::json!({ "enum": names })
}

/// The names that levels have where they are keys.
#[cfg(feature = "schema")]
pub(crate) fn level_names() -> serde_json::Value {
    let names = Level::ALL.map(|level| level.as_str());
    serde_json::json!({ "enum": names })
}

/// Which roles of their own organizations may add.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomRolesDocument {
    /// The levels of roles that may be made.
    pub levels: Vec<LevelName>,
    /// Whether such a role may hold what its base does not. Defaults to `false`: it only drops.
    #[serde(default, skip_serializing_if = "is_false")]
    pub additions: bool,
}

impl CustomRolesDocument {
    const fn is_empty(&self) -> bool {
        self.levels.is_empty() && !self.additions
    }
}

/// A rule: what it allows or denies beside roles. A deny beats everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RuleDocument {
    /// Id by which reasons name it.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = ID)))]
    pub id: String,
    /// What it does.
    pub effect: EffectName,
    /// Role ids: it applies to whoever was granted one of them, where that grant counts. Absent: to
    /// every member, everywhere.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "some_roles"
    )]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub roles: Vec<String>,
    /// Permission ids; `*` means all.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub permissions: Vec<String>,
    /// Conditions that must all hold. Absent: always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<ConditionDocument>,
    /// The sentence shown when it denies.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
}

/// The roles of a rule. Whoever takes the last one out of a list does not mean everybody.
pub(crate) fn some_roles<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let roles = Vec::deserialize(deserializer)?;
    if roles.is_empty() {
        let message = "no role is named; a rule for every member has no `roles`";
        return Err(D::Error::custom(message));
    }
    Ok(roles)
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum EffectName {
    /// It gives the permissions, beside roles.
    Allow,
    /// It takes them away, whatever gives them.
    Deny,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleDocument {
    /// Id by which grants name it.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = ID)))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PermissionDocument {
    /// Id by which it is asked for.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = ID)))]
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
    /// Feature ids that the organization's plan must all have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<String>,
    /// The sentence shown when the guard, a condition or the plan does not allow it.
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConditionalDocument {
    /// Role ids.
    pub roles: Vec<String>,
    /// Conditions that must all hold.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub when: Vec<ConditionDocument>,
}

/// A named case of a guarded permission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaseDocument {
    /// Id within the permission; the row's id is `permission:case`.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = ID)))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LevelName {
    /// The tenant boundary.
    Organization,
    /// Lies in an organization.
    Workspace,
    /// Lies in a workspace, or directly in an organization.
    Project,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_false(value: &bool) -> bool {
    !*value
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
        let custom = &document.custom_roles;
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
            features: document.plan.features.clone(),
            replacements: replacements(&document.plan),
            rules: document.rules.iter().map(Into::into).collect(),
            custom_levels: custom.levels.iter().copied().map(Into::into).collect(),
            custom_additions: custom.additions,
        }
    }
}

fn replacements(plan: &PlanDocument) -> Vec<ReplacementSpec> {
    let by_feature = plan.replace.iter();
    let by_level = by_feature.flat_map(|(feature, roles)| {
        let roles = roles.iter();
        roles.map(move |(level, role)| (feature, *level, role))
    });
    by_level
        .map(|(feature, level, role)| ReplacementSpec {
            feature: feature.clone(),
            level: level.into(),
            role: role.clone(),
        })
        .collect()
}

impl From<&RuleDocument> for RuleSpec {
    fn from(rule: &RuleDocument) -> Self {
        Self {
            id: rule.id.clone(),
            effect: match rule.effect {
                EffectName::Allow => Effect::Allow,
                EffectName::Deny => Effect::Deny,
            },
            roles: rule.roles.clone(),
            permissions: rule.permissions.clone(),
            when: conditions(&rule.when),
            because: rule.because.clone(),
        }
    }
}

impl From<&RuleSpec> for RuleDocument {
    fn from(rule: &RuleSpec) -> Self {
        Self {
            id: rule.id.clone(),
            effect: match rule.effect {
                Effect::Allow => EffectName::Allow,
                Effect::Deny => EffectName::Deny,
            },
            roles: rule.roles.clone(),
            permissions: rule.permissions.clone(),
            when: rule.when.iter().cloned().map(ConditionDocument).collect(),
            because: rule.because.clone(),
        }
    }
}

fn conditions(documents: &[ConditionDocument]) -> Vec<Condition> {
    documents
        .iter()
        .map(|document| document.0.clone())
        .collect()
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
            guard: conditions(&permission.guard),
            plan: permission.plan.clone(),
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
            when: conditions(&conditional.when),
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
