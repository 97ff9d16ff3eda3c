//! What the organization added to the policy, as rows and as the one value in KV.

use lockstep_core::{Customization, Policy, workspace_admins_invite};
use lockstep_wire::{CustomRoleRecord, EffectName, RuleDocument};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{holdings, store::Organization};
use crate::{
    objects::{Context, Reply},
    outbox::{self, Delivery},
    problem::ApiError,
    sql::Row,
};

/// How the definition of a rule begins, among those of roles. Code of before an organization had rules reads each row as a role, finds no role in this one, and refuses everything.
const RULE: &str = "{\"rule\":";
/// The rows of [`RULE`]s.
pub(super) const IS_RULE: &str = "definition LIKE '{\"rule\":%'";

/// The organization's own roles as they lie in KV. They repeat their own key, so that bytes under a wrong key are a miss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
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
    pub rules: Vec<RuleDocument>,
}

/// What they look like. With a deny rule the roles have another name: a reader of before there were rules misses them, instead of overlooking what is denied.
#[derive(Serialize, Deserialize)]
struct Stored {
    key: String,
    epoch: i64,
    digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<CustomRoleRecord>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    roles_under_rules: Option<Vec<CustomRoleRecord>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rules: Vec<RuleDocument>,
}

impl TryFrom<Stored> for StoredRoles {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        let ((Some(roles), None) | (None, Some(roles))) = (stored.roles, stored.roles_under_rules)
        else {
            return Err("roles are under rules, or not");
        };
        Ok(Self {
            key: stored.key,
            epoch: stored.epoch,
            digest: stored.digest,
            roles,
            rules: stored.rules,
        })
    }
}

impl From<StoredRoles> for Stored {
    fn from(stored: StoredRoles) -> Self {
        let mut rules = stored.rules.iter();
        let denies = rules.any(|rule| rule.effect == EffectName::Deny);
        let (roles, roles_under_rules) = if denies {
            (None, Some(stored.roles))
        } else {
            (Some(stored.roles), None)
        };
        Self {
            key: stored.key,
            epoch: stored.epoch,
            digest: stored.digest,
            roles,
            roles_under_rules,
            rules: stored.rules,
        }
    }
}

/// A rule as it lies among the roles.
#[derive(Serialize, Deserialize)]
struct StoredRule {
    rule: RuleDocument,
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

/// Those of `ids` that `policy` has no longer. What an organization says of them counts for nothing.
pub(super) fn gone_permissions<'a>(
    policy: &Policy,
    ids: impl IntoIterator<Item = &'a String>,
) -> Vec<String> {
    let ids = ids.into_iter();
    let gone = ids.filter(|id| policy.permission(id).is_none());
    gone.cloned().collect()
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
    Ok(all(context)?.0)
}

/// A role as it is stored.
pub(super) fn read(row: &Row) -> Result<CustomRoleRecord, ApiError> {
    stored_as(row)
}

/// A rule as it is stored.
pub(super) fn read_rule(row: &Row) -> Result<RuleDocument, ApiError> {
    let StoredRule { rule } = stored_as(row)?;
    Ok(rule)
}

/// The definition of a rule as it is stored.
pub(super) fn rule_text(rule: &RuleDocument) -> Result<String, ApiError> {
    let rule = rule.clone();
    serde_json::to_string(&StoredRule { rule })
        .map_err(|error| ApiError::internal(format!("rule cannot be written: {error}")))
}

fn stored_as<T: DeserializeOwned>(row: &Row) -> Result<T, ApiError> {
    let read = serde_json::from_slice(row.text("definition")?.as_bytes());
    read.map_err(|error| ApiError::internal(format!("stored role or rule: {error}")))
}

/// The rules: the one that the organization has said yes to, and those that it made, the oldest first.
pub(super) fn rules(context: &Context<'_>) -> Result<Vec<RuleDocument>, ApiError> {
    Ok(all(context)?.1)
}

/// The rules that the organization made, the oldest first.
pub(super) fn saved_rules(context: &Context<'_>) -> Result<Vec<RuleDocument>, ApiError> {
    Ok(rows(context)?.1)
}

/// What core makes the organization's policy of; whether workspace admins invite is a choice in its own row.
pub(super) fn added(
    context: &Context<'_>,
    organization: &Organization,
) -> Result<Customization, ApiError> {
    let (roles, rules) = with_choice(context, organization.workspace_admins_invite)?;
    Ok(made_of(&roles, &rules))
}

/// Roles and rules.
type Added = (Vec<CustomRoleRecord>, Vec<RuleDocument>);

/// What a role is called in `policy`; the id of one that is gone.
pub(super) fn role_name(policy: &Policy, id: &str) -> String {
    let described = policy.role(id).and_then(|role| policy.describe_role(role));
    described.map_or_else(|| id.to_owned(), |role| role.name.clone())
}

/// All that the organization added.
fn all(context: &Context<'_>) -> Result<Added, ApiError> {
    let select = "SELECT workspace_admins_invite FROM organization";
    let row = context.sql.one(select, &[])?;
    let is_on = row.map_or(Ok(0), |row| row.integer("workspace_admins_invite"))? != 0;
    with_choice(context, is_on)
}

fn with_choice(context: &Context<'_>, is_on: bool) -> Result<Added, ApiError> {
    let rule = workspace_admins_invite(&context.config.policy.policy).filter(|_| is_on);
    let (roles, saved) = rows(context)?;
    let rules = rule.iter().map(Into::into).chain(saved);
    Ok((roles, rules.collect()))
}

/// What lies in the table.
fn rows(context: &Context<'_>) -> Result<Added, ApiError> {
    let select = "SELECT definition FROM custom_role ORDER BY created_at_ms, rowid";
    let (mut roles, mut rules) = (Vec::new(), Vec::new());
    for row in context.sql.exec(select, &[])? {
        if row.text("definition")?.starts_with(RULE) {
            rules.push(read_rule(&row)?);
        } else {
            roles.push(read(&row)?);
        }
    }
    Ok((roles, rules))
}

/// What core makes the organization's policy of, from roles and rules as they are stored.
pub(super) fn made_of(roles: &[CustomRoleRecord], rules: &[RuleDocument]) -> Customization {
    Customization {
        roles: roles.iter().map(Into::into).collect(),
        rules: rules.iter().map(Into::into).collect(),
    }
}

/// The roles as an isolate asks for them. KV is sent them when it was not as they are, or under another policy, or long ago.
pub(super) fn answer(context: &Context<'_>) -> Result<Reply, ApiError> {
    let stored = stored(context)?;
    let row = context
        .sql
        .one("SELECT roles_sent FROM organization", &[])?;
    let sent = row.as_ref().map(|row| row.optional_text("roles_sent"));
    let sent = sent.transpose()?.flatten();
    if stored.epoch > 0 && !holdings::was_sent(context, sent, stored.epoch) {
        send(context, &stored)?;
    }
    Reply::of(&stored)
}

/// Sends them to KV.
pub(super) fn send(context: &Context<'_>, stored: &StoredRoles) -> Result<(), ApiError> {
    let sent = holdings::sent_now(context, stored.epoch);
    let remember = "UPDATE organization SET roles_sent = ?";
    context.sql.exec(remember, &[sent.into()])?;
    let put = Delivery::KvPut {
        key: stored.key.clone(),
        value: text(stored)?,
    };
    outbox::enqueue(context.sql, context.now_ms, &put)
}

/// The roles as they are now, as KV has them.
pub(super) fn stored(context: &Context<'_>) -> Result<StoredRoles, ApiError> {
    let (roles, rules) = all(context)?;
    Ok(StoredRoles {
        key: roles_key(context.name),
        epoch: epoch(context)?,
        digest: context.config.policy.digest.clone(),
        roles,
        rules,
    })
}
