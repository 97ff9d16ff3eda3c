//! What the edge asks before it decides: snapshots, their freshness, and decisions with the directory's own facts.

use lockstep_core::{Access, FactType, Facts, Operation, fact_type, is_open_group};
use lockstep_wire::{DecisionView, FactsView, Snapshot, TokenRecord};
use serde::{Deserialize, Serialize};

use super::{
    Actor,
    acting::rest_on,
    actor::{self, access, access_of, directory_facts, target},
    customization, holdings,
    store::{self, Organization},
};
use crate::{
    freshness,
    objects::{Context, Reply},
    place,
    problem::{ApiError, Code},
};

/// The answer to [`super::Command::Freshness`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// The organization's epoch.
    pub epoch: i64,
    /// The epoch of the principal's last change; 0 for who was never a member.
    pub principal_epoch: i64,
    /// Digest of the policy that the object decides by.
    pub digest: String,
    /// How long tokens may live in the organization, in seconds; as long as they like, when absent.
    #[serde(default)]
    pub token_lifetime_max_s: Option<i64>,
    /// From when on the principal's tokens count, in Unix milliseconds; always, when absent.
    #[serde(default)]
    pub tokens_from_ms: Option<i64>,
    /// The epoch of the last change of the organization's own roles; 0 when there never was one.
    #[serde(default)]
    pub roles_epoch: i64,
    /// The epoch of the last change of the organization's own issuers; 0 when there never was one.
    #[serde(default)]
    pub issuers_epoch: i64,
}

/// A question to be decided with the directory's own facts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Evaluation {
    /// Who asks, about themselves.
    pub actor: Actor,
    /// Permission id.
    pub permission: String,
    /// Node id.
    pub node: String,
    /// Id of the workspace in which the node must lie.
    #[serde(default)]
    pub workspace: Option<String>,
    /// The member that it is about.
    pub target: Option<String>,
    /// Facts that the caller states, who may ask for decisions.
    pub facts: FactsView,
    /// An epoch that the organization must have reached.
    #[serde(default)]
    pub at_least: Option<i64>,
}

/// A snapshot as it lies in KV. It repeats its own key, so that bytes under a wrong key are a miss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSnapshot {
    /// The key.
    pub key: String,
    /// The snapshot. Without grants it is the tombstone of a membership.
    pub snapshot: Snapshot,
}

/// The KV key of what a principal holds in an organization. Neither id has a slash.
#[must_use]
pub fn grants_key(organization: &str, user: &str) -> String {
    format!("grants/{organization}/{user}")
}

pub(super) fn freshness(context: &Context<'_>, principal: &str) -> Result<Reply, ApiError> {
    Reply::of(&freshness_of(context, principal)?)
}

/// Every isolate asks it every few seconds about everybody who is there, so it is one statement, and one value of it: each that crosses into WASM costs.
///
/// # Errors
/// 404 when the organization is not there, or deleted.
pub(super) fn freshness_of(context: &Context<'_>, principal: &str) -> Result<Freshness, ApiError> {
    let select = format!(
        "SELECT json_array(epoch, {}, token_lifetime_max_s, (SELECT tokens_from_ms FROM member WHERE user = ?), roles_epoch, issuers_epoch) AS freshness
        FROM organization WHERE deleted_at_ms IS NULL",
        holdings::PRINCIPAL_EPOCH
    );
    let values = [principal.into(), principal.into(), principal.into()];
    let row = context.sql.one(&select, &values)?;
    let row = row.ok_or_else(ApiError::not_found)?;
    let found: (i64, Option<i64>, Option<i64>, Option<i64>, i64, i64) =
        serde_json::from_slice(row.text("freshness")?.as_bytes())
            .map_err(|error| ApiError::internal(format!("freshness cannot be read: {error}")))?;
    let (epoch, principal_epoch, token_lifetime_max_s, tokens_from_ms, roles_epoch, issuers_epoch) =
        found;
    Ok(Freshness {
        epoch,
        principal_epoch: principal_epoch.unwrap_or(0),
        digest: context.config.policy.digest.clone(),
        token_lifetime_max_s,
        tokens_from_ms,
        roles_epoch,
        issuers_epoch,
    })
}

/// What the actor holds; a page that shows what a token may do is handed the token's limits, too. It has
/// no other way to the organization's own roles: all go with it, since those that nobody was granted are
/// among the grants that would help. It is as new as they are.
pub(super) fn own_snapshot(
    context: &Context<'_>,
    organization: &Organization,
    actor: &Actor,
) -> Result<Reply, ApiError> {
    let access = access(context, organization, actor)?;
    actor::require_reach(actor, &access)?;
    let snapshot = holdings::snapshot(context, organization, &actor.principal)?;
    let token = actor.token.as_ref().map(|token| token.record.clone());
    let roles_epoch = store::unsigned(customization::epoch(context)?);
    Reply::of(&Snapshot {
        token: token.filter(|token| *token != TokenRecord::default()),
        roles: customization::roles(context)?,
        rules: customization::rules(context)?,
        epoch: snapshot.epoch.max(roles_epoch),
        ..snapshot
    })
}

pub(super) fn snapshot(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
) -> Result<Reply, ApiError> {
    catch_up(context, organization, user)?;
    Reply::of(&holdings::snapshot(context, organization, user)?)
}

/// Sends KV what a principal holds, when it was not sent since their last change, or under another policy, or long ago: who asks has most likely not found it there. Of who was never here it is told nothing.
fn catch_up(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
) -> Result<(), ApiError> {
    let epoch = holdings::principal_epoch(context, user)?;
    let select = "SELECT sent FROM published WHERE principal = ?";
    let published = context.sql.one(select, &[user.into()])?;
    let published = published.as_ref().map(|row| row.optional_text("sent"));
    let sent = published.transpose()?.flatten();
    if epoch == 0 || holdings::was_sent(context, sent, epoch) {
        return Ok(());
    }
    holdings::publish(context, organization, user)
}

pub(super) fn subscribe(
    context: &Context<'_>,
    organization: &Organization,
    actor: &Actor,
    until_ms: Option<i64>,
) -> Result<Reply, ApiError> {
    let access = access(context, organization, actor)?;
    actor::require_reach(actor, &access)?;
    Ok(Reply::stream(
        &actor.principal,
        store::epoch_event(organization.epoch),
        until_ms,
    ))
}

pub(super) fn evaluate(
    context: &Context<'_>,
    organization: &Organization,
    asked: Evaluation,
) -> Result<Reply, ApiError> {
    let (actor, workspace) = (&asked.actor, asked.workspace.as_deref());
    let access = access_of(context, organization, actor)?;
    // Who is no member is not told which epoch there is.
    let at_least = asked.at_least.filter(|_| access.is_member());
    freshness::require_reached(at_least, organization.epoch)?;
    let mut facts = directory_facts(context, organization, &actor.principal)?;
    let member = match asked.target.as_deref() {
        // Who may not list the members learns nothing about one: the fact stays missing.
        Some(user) if may_read(context, &access, &facts) => store::member(context, user)?,
        _ => None,
    };
    if let Some(member) = &member {
        let known = target(
            context,
            access.policy(),
            organization,
            actor.person(),
            member,
        )?;
        let known = known.facts();
        known
            .iter()
            .for_each(|(name, value)| facts.set(name, value.clone()));
    }
    facts.extend(&believed(asked.facts.into())?);
    let node = place::known(&access, place::inside(&access, &asked.node, workspace));
    let view = DecisionView::decide(&access, &asked.permission, node, &facts).map_err(|error| {
        ApiError::new(
            Code::UnknownPermission,
            format!("There is an error: {error}."),
        )
    })?;
    if view.decision
        && let Some(permission) = access.policy().permission(&asked.permission)
    {
        rest_on(context, permission);
    }
    Reply::of(&view)
}

/// `stated`, if the directory does not know it better. Its caller was asked whether they may ask for
/// decisions; roles, ownership and counts come from the directory only, whoever asks.
fn believed(stated: Facts) -> Result<Facts, ApiError> {
    let is_open = |name: &str| fact_type(name) == Some(FactType::Any);
    let fact = stated.iter().find(|(name, _)| !is_open(name));
    let is_closed = |group: &&str| !is_open_group(group);
    let known = fact.map(|(name, _)| name);
    let Some(name) = known.or_else(|| stated.groups().find(is_closed)) else {
        return Ok(stated);
    };
    let detail = format!(
        "`{name}` is nothing that a caller states: that is what is below `resource.`, `action.`, `context.` and `principal.properties.`."
    );
    Err(ApiError::new(Code::InvalidValue, detail))
}

fn may_read(context: &Context<'_>, access: &Access, facts: &Facts) -> bool {
    actor::permit(context, access, Operation::MemberRead, facts).is_ok()
}

#[cfg(test)]
mod tests {
    use lockstep_core::{Knowledge, Value};

    use super::*;

    #[test]
    fn what_is_stated_of_a_group_is_believed_only_where_its_facts_are() {
        let stated = |group: &str| {
            let mut facts = Facts::default();
            facts.set(format!("{group}.env"), Value::Bool(true));
            facts.complete(group);
            believed(facts)
        };
        for group in [
            "resource",
            "resource.tags",
            "action",
            "context",
            "principal.properties",
        ] {
            let facts = stated(group).unwrap();
            let other = format!("{group}.other");
            assert_eq!(facts.knowledge(&other), Knowledge::Absent, "{group}");
        }
        let mut ordinary = Facts::default();
        ordinary.complete("principal");
        for refused in [
            stated("principal"),
            stated("resourceful"),
            believed(ordinary),
        ] {
            assert_eq!(refused.unwrap_err().code(), Code::InvalidValue);
        }
    }
}
