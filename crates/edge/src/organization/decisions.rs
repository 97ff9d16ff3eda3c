//! What the edge asks before it decides: snapshots, their freshness, and decisions with the directory's own facts.

use lockstep_core::{Facts, Operation};
use lockstep_wire::{DecisionView, FactsView, Snapshot};
use serde::{Deserialize, Serialize};

use super::{
    Actor,
    actor::{self, access, access_of, directory_facts, target},
    store::{self, organization},
};
use crate::{
    objects::{Context, Reply},
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

pub(super) fn freshness(context: &Context<'_>, user: &str) -> Result<Reply, ApiError> {
    Reply::of(&Freshness {
        epoch: organization(context)?.epoch,
        principal_epoch: store::principal_epoch(context, user)?,
        digest: context.config.policy.digest.clone(),
    })
}

pub(super) fn snapshot(context: &Context<'_>, user: &str) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    Reply::of(&store::snapshot(context, &organization, user)?)
}

pub(super) fn subscribe(context: &Context<'_>, actor: &Actor) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    access(context, &organization, actor)?;
    Ok(Reply::stream(
        &actor.user,
        store::epoch_event(organization.epoch),
    ))
}

pub(super) fn evaluate(
    context: &Context<'_>,
    actor: &Actor,
    permission: &str,
    node: &str,
    target_user: Option<&str>,
    stated: FactsView,
) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access_of(context, &organization, actor)?;
    let mut facts = directory_facts(context, &organization, &actor.user)?;
    let member = match target_user {
        // Who may not list the members learns nothing about one: the fact stays missing.
        Some(user) if may_read(context, &access, &facts) => store::member(context, user)?,
        _ => None,
    };
    if let Some(member) = &member {
        let about = target(context, &organization, actor, member)?.facts();
        about
            .iter()
            .for_each(|(name, value)| facts.set(name, value.clone()));
    }
    for (name, value) in Facts::from(stated).iter() {
        // Roles, ownership and counts come from the directory only.
        if name.starts_with("resource.") {
            facts.set(name, value.clone());
        }
    }
    let view = DecisionView::decide(&access, permission, node, &facts).map_err(|error| {
        ApiError::new(
            Code::UnknownPermission,
            format!("There is an error: {error}."),
        )
    })?;
    Reply::of(&view)
}

fn may_read(context: &Context<'_>, access: &lockstep_core::Access, facts: &Facts) -> bool {
    actor::permit(context, access, Operation::MemberRead, facts).is_ok()
}
