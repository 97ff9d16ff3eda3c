//! What the object says is current, and bytes that are: remembered, from KV, or from the object.

use std::rc::Rc;

use futures_util::future::join;
use lockstep_core::OwnPolicy;
use lockstep_wire::{CompiledPolicy, Snapshot};

use super::{Confirmed, Held, Known, Own, Principal};
use crate::{
    edge::{Edge, KvError},
    log,
    objects::ask,
    organization::{
        Command, Freshness, OrganizationObject, StoredRoles, StoredSnapshot, roles_key,
    },
    problem::ApiError,
};

/// How long KV may take, in milliseconds; the object has the bytes, too.
const KV_MS: u64 = 500;
/// How often somebody's grants and the organization's roles may change between two questions before that is too much.
const ROUNDS_MAX: usize = 3;

/// What somebody holds as the object has just `confirmed` it, else as it confirms it now; KV is asked for the bytes at the same time.
///
/// # Errors
/// As the object's; 503 when what it says changes each time.
pub(super) async fn confirm(
    edge: &Edge,
    key: &str,
    principal: Principal<'_>,
    mut remembered: Option<Rc<Held>>,
    confirmed: Option<&Confirmed>,
) -> Result<Known, ApiError> {
    let (mut confirmed, mut stored) = match confirmed {
        // Bytes that are remembered and current need no look at KV.
        Some(confirmed) if remembered.is_some() => (confirmed.clone(), Some(Ok(None))),
        Some(confirmed) => {
            let stored = edge.clock.within(KV_MS, edge.kv.get(key)).await;
            (confirmed.clone(), stored)
        }
        None => {
            let kv = edge.clock.within(KV_MS, edge.kv.get(key));
            let (stored, confirmed) = join(kv, ask_freshness(edge, principal)).await;
            (confirmed?, stored)
        }
    };
    for _ in 0..ROUNDS_MAX {
        let freshness = &confirmed.freshness;
        let fitting = remembered.filter(|snapshot| fits(edge, snapshot, principal, freshness));
        let snapshot = match fitting {
            Some(snapshot) => snapshot,
            None => match from_kv(edge, key, stored, principal, freshness) {
                Some(snapshot) => Rc::new(Held::new(snapshot)),
                None => Rc::new(Held::new(from_object(edge, principal).await?)),
            },
        };
        let own = own(edge, principal.organization, freshness.roles_epoch).await?;
        let found = Found { snapshot, own };
        if found.has_grants_of(freshness) && found.has_roles_of(freshness) {
            return Ok(remember(edge, key, &confirmed, freshness, found));
        }
        // The object has given something newer than it said. What it was granted together with, and what roles held then, is not known yet.
        let later = ask_freshness(edge, principal).await?;
        let is_between = |has: fn(&Found, &Freshness) -> bool| {
            has(&found, freshness) && has(&found, &later.freshness)
        };
        // While the one stayed as it was, the other one came to be what it is.
        if is_between(Found::has_grants_of) || is_between(Found::has_roles_of) {
            return Ok(remember(edge, key, &confirmed, &later.freshness, found));
        }
        remembered = Some(found.snapshot);
        stored = Some(Ok(None));
        confirmed = later;
    }
    let cause = "what somebody holds changes with each question";
    Err(ApiError::unavailable(cause))
}

/// What was found: grants, and what the organization added to the policy.
struct Found {
    snapshot: Rc<Held>,
    own: Option<Rc<Own>>,
}

impl Found {
    fn has_grants_of(&self, freshness: &Freshness) -> bool {
        i64::try_from(self.snapshot.epoch) == Ok(freshness.principal_epoch)
    }

    fn has_roles_of(&self, freshness: &Freshness) -> bool {
        self.own.as_ref().map_or(0, |own| own.epoch) == freshness.roles_epoch
    }
}

/// Remembers what was found as `confirmed`; about tokens the `newest` word counts.
fn remember(
    edge: &Edge,
    key: &str,
    confirmed: &Confirmed,
    newest: &Freshness,
    found: Found,
) -> Known {
    let known = Known {
        asked_at_ms: edge.since(confirmed.asked_at_ms),
        epoch: confirmed.freshness.epoch,
        token_lifetime_max_s: newest.token_lifetime_max_s,
        tokens_from_ms: newest.tokens_from_ms,
        snapshot: found.snapshot,
        own: found.own,
    };
    edge.grants.remember(key.to_owned(), known.clone());
    known
}

async fn ask_freshness(edge: &Edge, principal: Principal<'_>) -> Result<Confirmed, ApiError> {
    let asked_at_ms = edge.clock.now_ms();
    let command = Command::Freshness {
        user: principal.user.to_owned(),
    };
    let asked = ask::<OrganizationObject, _>(&*edge.objects, principal.organization, &command);
    let freshness: Freshness = asked.await?;
    let asked_at_ms = edge.since(asked_at_ms);
    let issuers_epoch = freshness.issuers_epoch;
    edge.issuers
        .confirm(principal.organization, asked_at_ms, issuers_epoch);
    Ok(Confirmed {
        asked_at_ms,
        freshness,
    })
}

/// The bytes in KV, if they are what the object says is current. Everything else is a miss.
fn from_kv(
    edge: &Edge,
    key: &str,
    stored: Option<Result<Option<String>, KvError>>,
    principal: Principal<'_>,
    freshness: &Freshness,
) -> Option<Snapshot> {
    let text = match stored {
        Some(Ok(text)) => text?,
        Some(Err(KvError::Failed(reason) | KvError::Late(reason))) => {
            log::error(&format!("kv: {reason}; asking the object instead"));
            return None;
        }
        None => {
            log::error(&format!(
                "kv: no answer within {KV_MS} ms; asking the object instead"
            ));
            return None;
        }
    };
    let stored: StoredSnapshot = serde_json::from_slice(text.as_bytes()).ok()?;
    (stored.key == key && fits(edge, &stored.snapshot, principal, freshness))
        .then_some(stored.snapshot)
}

fn fits(edge: &Edge, snapshot: &Snapshot, principal: Principal<'_>, freshness: &Freshness) -> bool {
    snapshot.check(&edge.config.policy.digest).is_ok()
        && snapshot.organization == principal.organization
        && snapshot.principal == principal.user
        && i64::try_from(snapshot.epoch) == Ok(freshness.principal_epoch)
        && freshness.digest == edge.config.policy.digest
}

/// The policy with what the organization added, as of `epoch` or later: remembered, from KV, or from the
/// object.
async fn own(edge: &Edge, organization: &str, epoch: i64) -> Result<Option<Rc<Own>>, ApiError> {
    if epoch == 0 {
        return Ok(None);
    }
    let known = edge.grants.own.borrow().get(organization).cloned();
    if let Some(known) = known.filter(|known| known.epoch == epoch) {
        return Ok(Some(known));
    }
    let key = roles_key(organization);
    let stored = edge.clock.within(KV_MS, edge.kv.get(&key)).await;
    let text = stored.and_then(Result::ok).flatten();
    let stored: Option<StoredRoles> =
        text.and_then(|text| serde_json::from_slice(text.as_bytes()).ok());
    let digest = &edge.config.policy.digest;
    let current = |stored: &StoredRoles| {
        stored.key == key && stored.epoch == epoch && stored.digest == *digest
    };
    let stored = match stored.filter(current) {
        Some(stored) => stored,
        None => ask::<OrganizationObject, _>(&*edge.objects, organization, &Command::Roles).await?,
    };
    let policy = OwnPolicy::new(&edge.config.policy.policy, &stored.customization())
        .map_err(|error| ApiError::internal(format!("own roles: {error}")))?;
    let own = Rc::new(Own {
        epoch: stored.epoch,
        policy,
    });
    edge.grants.remember_own(organization, own.clone());
    Ok(Some(own))
}

async fn from_object(edge: &Edge, principal: Principal<'_>) -> Result<Snapshot, ApiError> {
    let command = Command::Snapshot {
        user: principal.user.to_owned(),
    };
    let snapshot: Snapshot =
        ask::<OrganizationObject, _>(&*edge.objects, principal.organization, &command).await?;
    check(&snapshot, &edge.config.policy)?;
    Ok(snapshot)
}

/// While a new version is rolled out, object and Worker may run different policies for a moment.
fn check(snapshot: &Snapshot, policy: &CompiledPolicy) -> Result<(), ApiError> {
    snapshot
        .check(&policy.digest)
        .map_err(|error| ApiError::unavailable(format!("snapshot: {error}")))
}
