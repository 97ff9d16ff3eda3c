//! The slugs of an organization: the present one, and those that it had, which stay its own.

use lockstep_core::Operation;
use lockstep_wire::OrganizationReference;
use serde::{Deserialize, Serialize};

use super::{
    Actor, FreshActor,
    actor::{self, access, directory_facts},
    store::{Organization, organization},
};
use crate::{
    objects::{Context, Reply},
    problem::{ApiError, Code},
    slug::Slug,
};

/// Slugs of one organization, earlier ones included.
const SLUGS_MAX: i64 = 10;

/// What may be asked about slugs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlugCommand {
    /// Whether the organization holds one of that skeleton, deleted or not; answers a `bool`.
    Holds {
        /// What look-alikes have in common.
        skeleton: String,
    },
    /// Whether the actor may take that slug, and whether the organization holds it already; answers the latter.
    Prepare {
        /// Who asks.
        actor: FreshActor,
        /// The slug.
        slug: String,
    },
    /// The organization, for who may see it by one of its slugs; answers `OrganizationReference`.
    Resolve {
        /// Who asks.
        actor: Actor,
        /// The slug.
        slug: String,
    },
}

impl SlugCommand {
    pub(super) fn answer(&self, context: &Context<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Holds { skeleton } => Reply::of(&holds(context, skeleton)?),
            Self::Prepare { actor, slug } => {
                permitted(context, actor, Operation::OrganizationUpdate)?;
                let is_held = has(context, slug)?;
                if !is_held {
                    require_room(context)?;
                }
                Reply::of(&is_held)
            }
            Self::Resolve { actor, slug } => {
                let organization = permitted(context, actor, Operation::OrganizationRead)?;
                if !has(context, slug)? {
                    return Err(ApiError::not_found());
                }
                Reply::of(&OrganizationReference {
                    id: organization.id,
                    name: organization.name,
                })
            }
        }
    }
}

/// Whether the organization holds a slug of that skeleton.
pub(super) fn holds(context: &Context<'_>, skeleton: &str) -> Result<bool, ApiError> {
    let select = "SELECT slug FROM slug WHERE skeleton = ? LIMIT 1";
    Ok(context.sql.one(select, &[skeleton.into()])?.is_some())
}

/// Takes a slug that is reserved, or held already.
pub(super) fn take(
    context: &Context<'_>,
    slug: &Slug,
    reserved_until_ms: Option<i64>,
) -> Result<(), ApiError> {
    if !has(context, slug.as_str())? {
        // After that somebody else may have it.
        if reserved_until_ms.is_none_or(|until_ms| context.now_ms >= until_ms) {
            let detail = "The slug is no longer reserved. Try again.";
            return Err(ApiError::new(Code::Conflict, detail));
        }
        require_room(context)?;
        let insert = "INSERT INTO slug (slug, skeleton, taken_at_ms) VALUES (?, ?, ?)";
        let values = [
            slug.as_str().into(),
            slug.skeleton().into(),
            context.now_ms.into(),
        ];
        context.sql.exec(insert, &values)?;
    }
    let set = "UPDATE organization SET slug = ?";
    context.sql.exec(set, &[slug.as_str().into()])?;
    Ok(())
}

fn has(context: &Context<'_>, slug: &str) -> Result<bool, ApiError> {
    let select = "SELECT slug FROM slug WHERE slug = ?";
    Ok(context.sql.one(select, &[slug.into()])?.is_some())
}

fn require_room(context: &Context<'_>) -> Result<(), ApiError> {
    let row = context.sql.one("SELECT COUNT(*) AS slugs FROM slug", &[])?;
    if row.map_or(Ok(0), |row| row.integer("slugs"))? < SLUGS_MAX {
        return Ok(());
    }
    let detail = format!("An organization may have had {SLUGS_MAX} slugs.");
    Err(ApiError::new(Code::LimitReached, detail))
}

fn permitted(
    context: &Context<'_>,
    actor: &Actor,
    operation: Operation,
) -> Result<Organization, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let facts = directory_facts(context, &organization, &actor.principal)?;
    actor::permit(context, &access, operation, &facts)?;
    Ok(organization)
}
