//! Domains by which people come in: list, read, claim, prove, change, give up, join.
//!
//! Whoever has proven an address of exactly that domain may join, as no admin and on the word of who saved it, as things are at that moment.
//! A claim gives nothing by itself. It is proven by a DNS record of its own, and which organization has done so is the domain's object's to say ([`crate::domain`]); here is only until when that counts.

mod joining;

use lockstep_core::Operation;
use lockstep_token::Address;
use lockstep_wire::{
    DomainChangeRequest, DomainRecordView, DomainRequest, DomainView, DomainsView,
};
use serde::{Deserialize, Serialize};

pub use self::joining::DomainCommand;
use super::acting::{Acting, Change, FreshActing};
use crate::{
    domain::{self, is_public, record_name, record_text},
    objects::Reply,
    outbox::{self, Delivery},
    problem::{ApiError, Code},
    sql::{Row, SqlError},
};

/// The most domains of one organization.
const DOMAINS_MAX: i64 = 20;
const COLUMNS: &str = "SELECT id, domain, challenge, role, automatic, claimed_at_ms, saved_by, seen_by, proven_at_ms, proven_until_ms, epoch FROM domain";

/// What a member may change about domains.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainChange {
    /// Claims one; answers `Written` with `DomainView`.
    Claim {
        /// The claim's id.
        domain: String,
        /// What its record is to hold.
        challenge: String,
        /// What it is to be.
        wanted: DomainRequest,
    },
    /// Gives one up; answers `Written`.
    Delete {
        /// The claim's id.
        domain: String,
    },
    /// Its record was seen, and the domain's object says until when that counts; answers `Written` with `DomainView`.
    Prove {
        /// The claim's id.
        domain: String,
        /// What the record held.
        challenge: String,
        /// From when on it no longer counts, in Unix milliseconds.
        until_ms: i64,
    },
    /// Changes one; answers `Written` with `DomainView`.
    Update {
        /// The claim's id.
        domain: String,
        /// What changes.
        change: DomainChangeRequest,
    },
}

/// What a member may ask about domains.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainQuestion {
    /// All of them; answers `DomainsView`.
    List,
    /// What is to be shown for one, for who may show it; answers [`Challenge`].
    Prepare {
        /// The claim's id.
        domain: String,
    },
    /// One of them; answers `DomainView`.
    Read {
        /// The claim's id.
        domain: String,
    },
}

/// The answer to [`DomainQuestion::Prepare`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Challenge {
    /// The domain.
    pub domain: String,
    /// What its record is to hold.
    pub challenge: String,
}

/// A claim's row.
#[derive(Debug, Clone)]
struct Claim {
    id: String,
    domain: String,
    challenge: String,
    role: String,
    automatic: bool,
    claimed_at_ms: i64,
    saved_by: String,
    seen_by: Option<String>,
    proven_at_ms: Option<i64>,
    proven_until_ms: Option<i64>,
    epoch: i64,
}

impl Claim {
    fn is_proven(&self, now_ms: i64) -> bool {
        self.proven_until_ms
            .is_some_and(|until_ms| now_ms < until_ms)
    }

    fn status(&self, now_ms: i64) -> &'static str {
        match self.proven_at_ms {
            None => "claimed",
            Some(_) if self.is_proven(now_ms) => "proven",
            Some(_) => "lapsed",
        }
    }
}

impl DomainChange {
    /// The claim that it edits.
    pub(super) fn edits(&self) -> Option<&str> {
        match self {
            Self::Claim { .. } => None,
            Self::Delete { domain } | Self::Prove { domain, .. } | Self::Update { domain, .. } => {
                Some(domain)
            }
        }
    }

    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Claim {
                domain,
                challenge,
                wanted,
            } => claim(acting, domain, challenge, wanted),
            Self::Delete { domain } => delete(acting, domain),
            Self::Prove {
                domain,
                challenge,
                until_ms,
            } => prove(acting, domain, challenge, *until_ms),
            Self::Update { domain, change } => update(acting, domain, change),
        }
    }
}

impl DomainQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::List => {
                acting.permit_under_any_plan(Operation::DomainRead)?;
                let rows = acting.rows(&format!("{COLUMNS} ORDER BY claimed_at_ms, rowid"), &[])?;
                let views = rows.iter().map(|row| view(acting, &read(row)?));
                Reply::of(&DomainsView {
                    domains: views.collect::<Result<_, ApiError>>()?,
                })
            }
            Self::Prepare { domain } => {
                acting.permit(Operation::DomainManage, acting.access.root())?;
                let claim = find(acting, domain)?;
                Reply::of(&Challenge {
                    domain: claim.domain,
                    challenge: claim.challenge,
                })
            }
            Self::Read { domain } => {
                acting.permit_under_any_plan(Operation::DomainRead)?;
                Reply::of(&view(acting, &find(acting, domain)?)?)
            }
        }
    }
}

fn claim(
    acting: &FreshActing<'_>,
    id: &str,
    challenge: &str,
    wanted: &DomainRequest,
) -> Result<Reply, ApiError> {
    // Who may not is told so before what is wrong with the claim.
    let permitted = acting.open_domain(&wanted.role)?;
    let domain = normal(&wanted.domain)?;
    let select = "SELECT COUNT(*) AS count FROM domain";
    if acting.count(select, &[])? >= DOMAINS_MAX {
        let detail = format!("An organization may claim {DOMAINS_MAX} domains.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    let select = "SELECT id FROM domain WHERE domain = ?";
    if acting.row(select, &[(&domain).into()])?.is_some() {
        let detail = "The organization has claimed this domain already.";
        return Err(ApiError::new(Code::Conflict, detail));
    }
    let change = acting.change(permitted)?;
    let insert = "INSERT INTO domain (id, domain, challenge, role, automatic, claimed_at_ms, saved_by, seen_by, epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let values = [
        id.into(),
        domain.into(),
        challenge.into(),
        (&wanted.role).into(),
        wanted.automatic.into(),
        acting.now_ms().into(),
        acting.principal().into(),
        acting.seer().into(),
        change.epoch.into(),
    ];
    change.exec(insert, &values)?;
    finish(change, id)
}

/// A domain as addresses have it.
fn normal(typed: &str) -> Result<String, ApiError> {
    let refused = |reason: &str| ApiError::new(Code::InvalidValue, reason.to_owned());
    let address = Address::from_typed(&format!("postmaster@{}", typed.trim()))
        .map_err(|_| refused("`domain` is no domain that an address can have."))?;
    // Whatever stands before another @ is no domain.
    if typed.contains('@') {
        return Err(refused(
            "`domain` is what stands behind the @ of an address.",
        ));
    }
    if is_public(address.domain()) {
        return Err(refused("Anybody gets an address of this domain."));
    }
    Ok(address.domain().to_owned())
}

fn prove(
    acting: &FreshActing<'_>,
    id: &str,
    challenge: &str,
    until_ms: i64,
) -> Result<Reply, ApiError> {
    let permitted = acting.permit_on_others(Operation::DomainManage)?;
    let claim = find(acting, id)?;
    if claim.challenge != challenge || acting.now_ms() >= until_ms {
        let detail = "The claim has changed meanwhile. Try again.";
        return Err(ApiError::new(Code::Conflict, detail));
    }
    let change = acting.change(permitted)?;
    let set = "UPDATE domain SET proven_at_ms = ?, proven_until_ms = ?, epoch = ? WHERE id = ?";
    let values = [
        acting.now_ms().into(),
        until_ms.into(),
        change.epoch.into(),
        id.into(),
    ];
    change.exec(set, &values)?;
    finish(change, id)
}

fn update(
    acting: &FreshActing<'_>,
    id: &str,
    wanted: &DomainChangeRequest,
) -> Result<Reply, ApiError> {
    acting.permit(Operation::DomainManage, acting.access.root())?;
    let claim = find(acting, id)?;
    let role = wanted.role.as_deref().unwrap_or(&claim.role);
    // Whoever saves it gives their word for all of it.
    let permitted = acting.open_domain(role)?;
    let change = acting.change(permitted)?;
    let set = "UPDATE domain SET role = ?, automatic = ?, saved_by = ?, seen_by = ?, epoch = ? WHERE id = ?";
    let values = [
        role.into(),
        wanted.automatic.unwrap_or(claim.automatic).into(),
        acting.principal().into(),
        acting.seer().into(),
        change.epoch.into(),
        id.into(),
    ];
    change.exec(set, &values)?;
    finish(change, id)
}

fn delete(acting: &FreshActing<'_>, id: &str) -> Result<Reply, ApiError> {
    let permitted = acting.permit_to_end(Operation::DomainManage)?;
    let claim = find(acting, id)?;
    let change = acting.change(permitted)?;
    change.exec("DELETE FROM domain WHERE id = ?", &[id.into()])?;
    release(&change, &claim)?;
    change.finish(())
}

/// Ends all proofs: the organization is being deleted. Its claims stay, to be proven again by another record: the domain's object may hear of the end when they are, and goes by what the record was to hold.
pub(super) fn release_all(change: &Change<'_>) -> Result<(), ApiError> {
    let acting = change.acting;
    for row in acting.rows(&format!("{COLUMNS} WHERE proven_at_ms IS NOT NULL"), &[])? {
        let claim = read(&row)?;
        release(change, &claim)?;
        let end = "UPDATE domain SET challenge = ?, proven_at_ms = NULL, proven_until_ms = NULL, epoch = ? WHERE id = ?";
        let values = [acting.nonce()?.into(), change.epoch.into(), claim.id.into()];
        change.exec(end, &values)?;
    }
    Ok(())
}

/// Tells the domain's object that others may have it. It knows of what was proven only.
fn release(change: &Change<'_>, claim: &Claim) -> Result<(), ApiError> {
    if claim.proven_at_ms.is_none() {
        return Ok(());
    }
    let context = change.context();
    let delivery = Delivery::DomainRelease {
        domain: claim.domain.clone(),
        release: domain::Command::Release {
            organization: change.acting.organization.id.clone(),
            challenge: claim.challenge.clone(),
        },
    };
    outbox::enqueue(context.sql, context.now_ms, &delivery)
}

/// The answer, once a claim is written.
fn finish(change: Change<'_>, id: &str) -> Result<Reply, ApiError> {
    let view = view(change.acting, &find(change.acting, id)?)?;
    change.finish(view)
}

fn find(acting: &Acting<'_>, id: &str) -> Result<Claim, ApiError> {
    let row = acting.row(&format!("{COLUMNS} WHERE id = ?"), &[id.into()])?;
    Ok(read(&row.ok_or_else(ApiError::not_found)?)?)
}

fn view(acting: &Acting<'_>, claim: &Claim) -> Result<DomainView, ApiError> {
    let now_ms = acting.now_ms();
    let is_vouched_for =
        acting.opens_domain(&claim.saved_by, claim.seen_by.as_deref(), &claim.role)?;
    Ok(DomainView {
        id: claim.id.clone(),
        domain: claim.domain.clone(),
        role: claim.role.clone(),
        role_name: acting.role_name(&claim.role),
        automatic: claim.automatic,
        status: claim.status(now_ms).to_owned(),
        record: DomainRecordView {
            name: record_name(&claim.domain),
            kind: "TXT".to_owned(),
            value: record_text(&claim.challenge),
        },
        admits: claim.is_proven(now_ms) && is_vouched_for,
        claimed_at_ms: claim.claimed_at_ms,
        saved_by: claim.saved_by.clone(),
        proven_until_ms: claim.proven_until_ms,
        epoch: claim.epoch,
    })
}

fn read(row: &Row) -> Result<Claim, SqlError> {
    Ok(Claim {
        id: row.text("id")?.to_owned(),
        domain: row.text("domain")?.to_owned(),
        challenge: row.text("challenge")?.to_owned(),
        role: row.text("role")?.to_owned(),
        automatic: row.integer("automatic")? != 0,
        claimed_at_ms: row.integer("claimed_at_ms")?,
        saved_by: row.text("saved_by")?.to_owned(),
        seen_by: row.optional_text("seen_by")?.map(str::to_owned),
        proven_at_ms: row.optional_integer("proven_at_ms")?,
        proven_until_ms: row.optional_integer("proven_until_ms")?,
        epoch: row.integer("epoch")?,
    })
}
