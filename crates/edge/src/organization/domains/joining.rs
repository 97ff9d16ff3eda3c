//! Who comes in by a domain: what they may join, joining, and until when its proof counts.

use lockstep_wire::{AcceptedView, JoinableOrganizationView};
use serde::{Deserialize, Serialize};

use super::{COLUMNS, Claim, read};
use crate::{
    objects::{Context, Reply},
    organization::{
        acting::{Permitted, Word},
        actor::FreshPerson,
        invitations, links,
        store::{Organization, committed, next_epoch, organization},
    },
    problem::ApiError,
};

/// What is asked by who is no member.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainCommand {
    /// Whoever has an address of a proven domain joins; answers `Written` with `AcceptedView`.
    Join {
        /// Who joins.
        #[serde(flatten)]
        person: FreshPerson,
        /// Whether they have not asked for it, but only signed in.
        by_sign_in: bool,
    },
    /// As what somebody may join; answers `JoinableOrganizationView`.
    Joinable {
        /// Who asks.
        #[serde(flatten)]
        person: FreshPerson,
    },
    /// The record was seen again; answers whether the proof is still needed.
    Renew {
        /// The domain.
        domain: String,
        /// What the record held.
        challenge: String,
        /// From when on it no longer counts, in Unix milliseconds.
        until_ms: i64,
    },
}

impl DomainCommand {
    /// Whether asking twice does no more than asking once.
    pub(in crate::organization) const fn is_idempotent(&self) -> bool {
        !matches!(self, Self::Join { .. })
    }

    pub(in crate::organization) fn answer(&self, context: &Context<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Join { person, by_sign_in } => join(context, person, *by_sign_in),
            Self::Joinable { person } => {
                let organization = organization(context)?;
                let (claim, _) = open_to(context, &organization, person)?;
                links::require_stranger(context, person).map_err(|_| ApiError::not_found())?;
                Reply::of(&JoinableOrganizationView {
                    organization: invitations::reference(&organization),
                    role_name: invitations::role_name(context, &claim.role)?,
                    domain: claim.domain,
                    role: claim.role,
                })
            }
            Self::Renew {
                domain,
                challenge,
                until_ms,
            } => {
                // What was never proven here, or was given up, is renewed for nobody.
                let renew = "UPDATE domain SET proven_until_ms = MAX(proven_until_ms, ?)
                    WHERE domain = ? AND challenge = ? AND proven_until_ms IS NOT NULL RETURNING id";
                let values = [(*until_ms).into(), domain.into(), challenge.into()];
                Reply::of(&context.sql.one(renew, &values)?.is_some())
            }
        }
    }
}

/// Whoever has an address of a proven domain joins.
fn join(context: &Context<'_>, person: &FreshPerson, by_sign_in: bool) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let (claim, permitted) = open_to(context, &organization, person)?;
    if by_sign_in && !claim.automatic {
        return Err(ApiError::not_found());
    }
    links::require_stranger(context, person)?;
    let epoch = next_epoch(context)?;
    let role = &claim.role;
    invitations::admit(context, &organization, permitted, person, role, &[], epoch)?;
    let view = AcceptedView {
        organization: invitations::reference(&organization),
        epoch,
    };
    committed(epoch, view)
}

/// The claim by which somebody may come in now. Whatever is missing, an outsider learns nothing: 404.
fn open_to(
    context: &Context<'_>,
    organization: &Organization,
    person: &FreshPerson,
) -> Result<(Claim, Permitted), ApiError> {
    let domain = person.domain().ok_or_else(ApiError::not_found)?;
    let row = context
        .sql
        .one(&format!("{COLUMNS} WHERE domain = ?"), &[domain.into()])?;
    let claim = read(&row.ok_or_else(ApiError::not_found)?)?;
    if !claim.is_proven(context.now_ms) {
        return Err(ApiError::not_found());
    }
    let word = Word::of(
        context,
        organization,
        &claim.saved_by,
        claim.seen_by.as_deref(),
    )?;
    let opened = word
        .ok_or_else(ApiError::not_found)?
        .open_domain(&claim.role);
    let permitted = opened.map_err(|_| ApiError::not_found())?;
    Ok((claim, permitted))
}
