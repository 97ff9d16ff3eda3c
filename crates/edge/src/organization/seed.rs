//! A whole world at once, for tests and demonstrations. Refused outside development.

use serde::{Deserialize, Serialize};

use super::{holdings, profile, store};
use crate::{
    objects::{Context, Reply},
    problem::ApiError,
};

/// A workspace or a project of the world; each comes after its parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedNode {
    /// Its id.
    pub id: String,
    /// `workspace` or `project`.
    pub level: String,
    /// Id of the node it lies in; the organization when absent.
    pub parent: Option<String>,
    /// User id of who created it.
    pub owner: Option<String>,
}

/// Somebody in the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedPrincipal {
    /// User id.
    pub user: String,
    /// What they were granted.
    pub grants: Vec<lockstep_wire::GrantRecord>,
}

pub(super) fn seed(
    context: &Context<'_>,
    name: &str,
    nodes: &[SeedNode],
    principals: &[SeedPrincipal],
) -> Result<Reply, ApiError> {
    if !context.config.is_development {
        return Err(ApiError::not_found());
    }
    let creator = principals
        .first()
        .map_or("nobody", |principal| principal.user.as_str());
    let organization = profile::begin(context, name, creator, None)?;
    for (position, node) in nodes.iter().enumerate() {
        let insert = "INSERT INTO node (id, level, parent, owner, position) VALUES (?, ?, ?, ?, ?)";
        let parent = node.parent.as_ref().unwrap_or(&organization.id);
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        let owner = node.owner.clone();
        let values = [
            (&node.id).into(),
            (&node.level).into(),
            parent.into(),
            owner.into(),
            position.into(),
        ];
        context.sql.exec(insert, &values)?;
    }
    for principal in principals {
        let insert = "INSERT INTO member (user, joined_at_ms, epoch) VALUES (?, ?, ?)";
        let values = [
            (&principal.user).into(),
            context.now_ms.into(),
            organization.epoch.into(),
        ];
        context.sql.exec(insert, &values)?;
        for grant in &principal.grants {
            let insert = "INSERT INTO granted (user, node, role, not_before_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?)";
            let time = |at: Option<u64>| at.map(|at| i64::try_from(at).unwrap_or(i64::MAX));
            let values = [
                (&principal.user).into(),
                (&grant.node).into(),
                (&grant.role).into(),
                time(grant.not_before_ms).into(),
                time(grant.expires_at_ms).into(),
            ];
            context.sql.exec(insert, &values)?;
        }
        holdings::publish(context, &organization, &principal.user)?;
        store::tell_user(
            context,
            &organization,
            &principal.user,
            organization.epoch,
            Some(name),
        )?;
    }
    store::written(organization.epoch, ())
}
