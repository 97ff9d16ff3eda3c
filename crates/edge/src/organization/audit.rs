//! Reading the audit log.

use lockstep_core::Operation;
use lockstep_wire::{AuditPoint, AuditRow, AuditStart};
use serde::{Deserialize, Serialize};

use super::{
    Actor,
    actor::{self, access, directory_facts},
    store::organization,
};
use crate::{
    audit::{self, Filter, Part},
    objects::{Context, Reply},
    problem::ApiError,
};

/// Which part of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditPart {
    /// After this number, the oldest first.
    After(i64),
    /// Before this number, the newest first.
    Before(i64),
    /// The newest first.
    Newest,
}

/// Some rows of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// What the log stands on.
    pub start: AuditStart,
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// Whether there are more of those that were asked for, which did not fit; earlier code always sends all.
    #[serde(default)]
    pub is_cut: bool,
    /// How far the log goes now.
    pub head: AuditPoint,
}

pub(super) fn read(
    context: &Context<'_>,
    actor: &Actor,
    filter: &Filter,
    part: &AuditPart,
    limit: u32,
) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let facts = directory_facts(context, &organization, &actor.principal)?;
    actor::permit(context, &access, Operation::AuditRead, &facts)?;
    audit::bring_up_to_date(context)?;
    let Part { rows, is_cut } = match part {
        AuditPart::After(number) => audit::after(context, filter, *number, limit)?,
        AuditPart::Before(number) => audit::before(context, filter, Some(*number), limit)?,
        AuditPart::Newest => audit::before(context, filter, None, limit)?,
    };
    Reply::of(&AuditPage {
        start: audit::start(context)?,
        rows,
        is_cut,
        head: audit::head(context)?,
    })
}
