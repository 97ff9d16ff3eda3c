//! The slugs of an organization: the present one, and those that it had, which stay its own.

use lockstep_core::Operation;
use lockstep_wire::{OrganizationChangeRequest, OrganizationReference};
use serde::{Deserialize, Serialize};

use super::{
    Actor, FreshActor,
    acting::{Acting, Change, FreshActing},
    profile,
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
    /// Whether the actor may make the change that takes that slug, and whether the organization holds it already; answers the latter.
    Prepare {
        /// Who asks.
        actor: FreshActor,
        /// The slug.
        slug: String,
        /// All that is to change with it. Earlier code does not say it.
        #[serde(default)]
        change: OrganizationChangeRequest,
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
            Self::Prepare {
                actor,
                slug,
                change,
            } => {
                let acting = FreshActing::begin(context, actor)?;
                profile::may_update(&acting, change)?;
                let is_held = has(&acting, slug)?;
                if !is_held {
                    require_room(&acting)?;
                }
                Reply::of(&is_held)
            }
            Self::Resolve { actor, slug } => {
                let acting = Acting::begin(context, actor).map_err(unseen)?;
                acting.permit(Operation::OrganizationRead, acting.access.root())?;
                if !has(&acting, slug)? {
                    return Err(ApiError::not_found());
                }
                let organization = acting.organization;
                Reply::of(&OrganizationReference {
                    id: organization.id,
                    name: organization.name,
                })
            }
        }
    }
}

/// A credential that does not count here is answered as a slug that nobody has: anybody may guess one.
fn unseen(error: ApiError) -> ApiError {
    match error.code() {
        Code::TokenLifetime | Code::Unauthenticated => ApiError::not_found(),
        _ => error,
    }
}

/// Whether the organization holds a slug of that skeleton.
pub(super) fn holds(context: &Context<'_>, skeleton: &str) -> Result<bool, ApiError> {
    let select = "SELECT slug FROM slug WHERE skeleton = ? LIMIT 1";
    Ok(context.sql.one(select, &[skeleton.into()])?.is_some())
}

/// Takes a slug that is reserved, or held already.
pub(super) fn take(
    change: &Change<'_>,
    slug: &Slug,
    reserved_until_ms: Option<i64>,
) -> Result<(), ApiError> {
    let acting = change.acting;
    let now_ms = acting.now_ms();
    if !has(acting, slug.as_str())? {
        // After that somebody else may have it.
        if reserved_until_ms.is_none_or(|until_ms| now_ms >= until_ms) {
            let detail = "The slug is no longer reserved. Try again.";
            return Err(ApiError::new(Code::Conflict, detail));
        }
        require_room(acting)?;
        let insert = "INSERT INTO slug (slug, skeleton, taken_at_ms) VALUES (?, ?, ?)";
        let values = [slug.as_str().into(), slug.skeleton().into(), now_ms.into()];
        change.exec(insert, &values)?;
    }
    let set = "UPDATE organization SET slug = ?";
    change.exec(set, &[slug.as_str().into()])?;
    Ok(())
}

fn has(acting: &Acting<'_>, slug: &str) -> Result<bool, ApiError> {
    let select = "SELECT slug FROM slug WHERE slug = ?";
    Ok(acting.row(select, &[slug.into()])?.is_some())
}

fn require_room(acting: &Acting<'_>) -> Result<(), ApiError> {
    let slugs = acting.count("SELECT COUNT(*) AS count FROM slug", &[])?;
    if slugs < SLUGS_MAX {
        return Ok(());
    }
    let detail = format!("An organization may have had {SLUGS_MAX} slugs.");
    Err(ApiError::new(Code::LimitReached, detail))
}
