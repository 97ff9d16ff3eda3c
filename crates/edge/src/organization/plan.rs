//! The organization's plan: what it has, and the operator's changing it.
//!
//! The plans are data of the policy; an organization keeps the id of its own. Who would gain and lose what is looked at first: a change is written only as the preview said it.

use lockstep_core::{PrincipalChanges, WorldSpec, diff, has_room};
use lockstep_wire::{PlanPreviewView, PlanView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    customization, holdings,
    preview::{self, Listed},
    profile,
    store::{self, Organization, committed, next_epoch, organization, unsigned},
};
use crate::{
    authenticate::Operator,
    keys::hex,
    objects::{Context, Reply},
    problem::{ApiError, Code},
    sql::Row,
};

/// Of how many principals a preview says what changes; it counts all.
const PRINCIPALS_MAX: usize = 100;

/// What the operator may ask about an organization's plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanCommand {
    /// What another plan would give and take; answers `PlanPreviewView`.
    Preview {
        /// Who asks.
        operator: Operator,
        /// The plan's id.
        plan: String,
    },
    /// The plan; answers `PlanView`.
    Read {
        /// Who asks.
        operator: Operator,
    },
    /// Gives the organization another one; answers `Written` with `PlanView`.
    Set {
        /// Who asks.
        operator: Operator,
        /// The plan's id.
        plan: String,
        /// The preview that was looked at.
        preview: String,
    },
}

impl PlanCommand {
    pub(super) const fn is_idempotent(&self) -> bool {
        !matches!(self, Self::Set { .. })
    }

    pub(super) fn answer(&self, context: &Context<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Preview { plan, .. } => Reply::of(&previewed(context, plan)?.0),
            Self::Read { .. } => Reply::of(&view(context, &organization(context)?)?),
            Self::Set { plan, preview, .. } => set(context, plan, preview),
        }
    }
}

/// What an organization's plan has.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    id: Option<String>,
    name: Option<String>,
    pub(super) features: Vec<String>,
    seats: Option<u32>,
    workspaces: Option<u32>,
}

impl Plan {
    /// The plan called `id`. One that is none of those that the policy offers gives nothing, until the operator gives another.
    fn named(context: &Context<'_>, id: &str) -> Self {
        let offer = context.config.policy.document.plan.offers.get(id);
        let offer = offer.cloned().map(|offer| Self {
            id: Some(id.to_owned()),
            name: Some(offer.name),
            features: offer.features,
            seats: offer.seats,
            workspaces: offer.workspaces,
        });
        offer.unwrap_or_else(|| Self {
            id: Some(id.to_owned()),
            seats: Some(0),
            workspaces: Some(0),
            ..Self::default()
        })
    }

    /// The plan of an organization. Where the policy offers none, one that it was given under another policy counts for nothing: nobody could give it another.
    pub(super) fn of(context: &Context<'_>, organization: &Organization) -> Self {
        let policy = &context.config.policy;
        let plans = &policy.document.plan;
        let given = organization.plan.as_ref();
        let given = given.filter(|_| !plans.offers.is_empty());
        match given.or(plans.default.as_ref()) {
            Some(id) => Self::named(context, id),
            None => Self {
                features: policy.policy.full_plan(),
                ..Self::default()
            },
        }
    }

    /// Refuses one member more than there are seats.
    pub(super) fn require_seat(&self, context: &Context<'_>) -> Result<(), ApiError> {
        match self.seats {
            None => Ok(()),
            seats => require(seats, store::member_count(context)?, "seats"),
        }
    }

    /// Refuses one workspace more than the plan has.
    pub(super) fn require_workspace(&self, context: &Context<'_>) -> Result<(), ApiError> {
        let taken = i64::try_from(store::workspaces(context)?).unwrap_or(i64::MAX);
        require(self.workspaces, taken, "workspaces")
    }

    /// Whether it comes with its only workspace.
    pub(super) fn is_of_one_workspace(&self) -> bool {
        self.workspaces == Some(1)
    }
}

fn require(limit: Option<u32>, taken: i64, what: &str) -> Result<(), ApiError> {
    if has_room(limit, count(taken)) {
        return Ok(());
    }
    // Also told to who is about to come in, and how many there are is the organization's to know.
    let detail = format!("The plan of this organization has no more {what}.");
    Err(ApiError::new(Code::LimitReached, detail))
}

fn count(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub(super) fn view(
    context: &Context<'_>,
    organization: &Organization,
) -> Result<PlanView, ApiError> {
    view_of(context, Plan::of(context, organization))
}

fn view_of(context: &Context<'_>, plan: Plan) -> Result<PlanView, ApiError> {
    Ok(PlanView {
        id: plan.id,
        name: plan.name,
        features: plan.features,
        seats: plan.seats,
        seats_taken: count(store::member_count(context)?),
        workspaces: plan.workspaces,
        workspaces_taken: u32::try_from(store::workspaces(context)?).unwrap_or(u32::MAX),
    })
}

/// The plan that the policy offers under `id`, or 400.
fn offered(context: &Context<'_>, id: &str) -> Result<Plan, ApiError> {
    if context.config.policy.document.plan.offers.contains_key(id) {
        return Ok(Plan::named(context, id));
    }
    let detail = "The policy of this deployment offers no such plan.";
    Err(ApiError::new(Code::InvalidValue, detail))
}

fn set(context: &Context<'_>, id: &str, seen: &str) -> Result<Reply, ApiError> {
    let (preview, plan) = previewed(context, id)?;
    if preview.preview != seen {
        let detail = "What this plan would change is not what the preview said. Look at it again.";
        return Err(ApiError::new(Code::PreconditionFailed, detail));
    }
    // Within its limits is where an organization always is.
    let view = &preview.plan;
    for (limit, taken, what) in [
        (view.seats, view.seats_taken, "seats"),
        (view.workspaces, view.workspaces_taken, "workspaces"),
    ] {
        if limit.is_some_and(|limit| limit < taken) {
            let detail =
                format!("The organization has more {what} taken than the plan has: {taken}.");
            return Err(ApiError::new(Code::LimitReached, detail));
        }
    }
    let epoch = next_epoch(context)?;
    // Everybody's answers may be others now.
    let set = "UPDATE organization SET plan = ?, nodes_epoch = epoch";
    context.sql.exec(set, &[plan.id.into()])?;
    let organization = organization(context)?;
    profile::first_workspace(context, &organization)?;
    committed(epoch, self::view(context, &organization)?)
}

/// What the plan called `id` would change, with a digest of all of it.
fn previewed(context: &Context<'_>, id: &str) -> Result<(PlanPreviewView, Plan), ApiError> {
    let organization = organization(context)?;
    let plan = offered(context, id)?;
    let principals = principals(context)?;
    let compared = principals.get(..PRINCIPALS_MAX).unwrap_or(&principals);
    let record = |principal: &str| holdings::record(context, &organization, principal);
    let added = customization::added(context, &organization)?;
    let before = preview::spec(compared, added, &organization.creator, &record)?;
    let after = WorldSpec {
        plan: plan.features.clone(),
        ..before.clone()
    };
    let policy = &context.config.policy;
    let world = |spec: &WorldSpec| preview::world(&policy.policy, spec, unsigned(context.now_ms));
    let (before, after) = (world(&before)?, world(&after)?);
    let view = view_of(context, plan.clone())?;
    let old = Plan::of(context, &organization).id;
    // The epoch stands for whoever was counted and not compared; most changes do not matter to those who were.
    let epoch = (principals.len() > compared.len()).then_some(organization.epoch);
    let state = (&organization.id, epoch, &policy.digest);
    let mut digest = Sha256::new();
    digest.update(written(&(state, old, &view, principals.len()))?);
    let mut listed = Listed::default();
    for changes in diff(&before, &after) {
        digest.update(all(&changes)?);
        listed.add(&changes);
    }
    let preview = PlanPreviewView {
        plan: view,
        principals: principals.len(),
        principals_compared: compared.len(),
        changes_total: listed.total,
        changes: listed.changes,
        preview: hex(&digest.finalize()),
    };
    Ok((preview, plan))
}

/// All that changes for one principal, also what a preview does not list.
fn all(changes: &PrincipalChanges<'_>) -> Result<Vec<u8>, ApiError> {
    let together = changes.together().iter().map(|together| {
        let words = together.iter().map(|one| {
            let [before, after] = [&one.before, &one.after].map(preview::words);
            (one.permission, before, after)
        });
        words.collect::<Vec<_>>()
    });
    let together: Vec<_> = together.collect();
    written(&(changes.principal(), together, changes.nodes()))
}

fn written(what: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(what)
        .map_err(|error| ApiError::internal(format!("preview cannot be written: {error}")))
}

/// The members, the first who joined first, then the service accounts.
pub(super) fn principals(context: &Context<'_>) -> Result<Vec<String>, ApiError> {
    let select =
        "SELECT user, 0 AS kind, joined_at_ms AS since FROM member WHERE left_at_ms IS NULL
        UNION ALL SELECT id, 1, created_at_ms FROM service_account WHERE deleted_at_ms IS NULL
        ORDER BY kind, since, user";
    let rows = context.sql.exec(select, &[])?;
    let read = |row: &Row| row.text("user").map(str::to_owned);
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}
