//! What the organization added to the policy, as rows and as the one value in KV.

use lockstep_core::{Customization, workspace_admins_invite};
use lockstep_wire::{CustomRoleRecord, RuleDocument};
use serde::{Deserialize, Serialize};

use crate::{
    objects::{Context, Reply},
    problem::ApiError,
    sql::Row,
};

/// The organization's own roles as they lie in KV. They repeat their own key, so that bytes under a wrong key are a miss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRoles {
    /// The key.
    pub key: String,
    /// The epoch of their last change.
    pub epoch: i64,
    /// Digest of the policy they were saved under.
    pub digest: String,
    /// The roles.
    pub roles: Vec<CustomRoleRecord>,
    /// The rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleDocument>,
}

impl StoredRoles {
    /// What core makes the organization's policy of.
    #[must_use]
    pub fn customization(&self) -> Customization {
        made_of(&self.roles, &self.rules)
    }
}

/// The KV key of an organization's own roles.
#[must_use]
pub fn roles_key(organization: &str) -> String {
    format!("roles/{organization}")
}

/// As a value of KV.
pub(super) fn text(stored: &StoredRoles) -> Result<String, ApiError> {
    serde_json::to_string(stored)
        .map_err(|error| ApiError::internal(format!("roles cannot be written: {error}")))
}

/// The epoch of their last change; 0 when there never was one.
pub(super) fn epoch(context: &Context<'_>) -> Result<i64, ApiError> {
    let row = context
        .sql
        .one("SELECT roles_epoch FROM organization", &[])?;
    Ok(row.map_or(Ok(0), |row| row.integer("roles_epoch"))?)
}

/// The roles, the oldest first.
pub(super) fn roles(context: &Context<'_>) -> Result<Vec<CustomRoleRecord>, ApiError> {
    let select = "SELECT definition FROM custom_role ORDER BY created_at_ms, rowid";
    let mut roles = Vec::new();
    for row in context.sql.exec(select, &[])? {
        roles.push(read(&row)?);
    }
    Ok(roles)
}

/// A role as it is stored.
pub(super) fn read(row: &Row) -> Result<CustomRoleRecord, ApiError> {
    let role = serde_json::from_slice(row.text("definition")?.as_bytes());
    role.map_err(|error| ApiError::internal(format!("stored role: {error}")))
}

/// The rules that the organization has said yes to.
pub(super) fn rules(context: &Context<'_>) -> Result<Vec<RuleDocument>, ApiError> {
    let select = "SELECT workspace_admins_invite FROM organization";
    let row = context.sql.one(select, &[])?;
    let is_on = row.map_or(Ok(0), |row| row.integer("workspace_admins_invite"))? != 0;
    let rule = workspace_admins_invite(&context.config.policy.policy).filter(|_| is_on);
    Ok(rule.iter().map(Into::into).collect())
}

/// What core makes the organization's policy of.
pub(super) fn added(context: &Context<'_>) -> Result<Customization, ApiError> {
    Ok(made_of(&roles(context)?, &rules(context)?))
}

/// The same, of roles and rules as they are stored.
pub(super) fn made_of(roles: &[CustomRoleRecord], rules: &[RuleDocument]) -> Customization {
    Customization {
        roles: roles.iter().map(Into::into).collect(),
        rules: rules.iter().map(Into::into).collect(),
    }
}

/// The roles as an isolate asks for them.
pub(super) fn answer(context: &Context<'_>) -> Result<Reply, ApiError> {
    Reply::of(&stored(context)?)
}

/// The roles as they are now, as KV has them.
pub(super) fn stored(context: &Context<'_>) -> Result<StoredRoles, ApiError> {
    Ok(StoredRoles {
        key: roles_key(context.name),
        epoch: epoch(context)?,
        digest: context.config.policy.digest.clone(),
        roles: roles(context)?,
        rules: rules(context)?,
    })
}
