//! Bytes from KV, freshness from the object.
//!
//! KV is eventually consistent, so nothing is believed for being there: the organization's object says at which epoch a principal last changed, and bytes count only if they are of that epoch and of our policy.
//! An answer of the object counts for a while (`LOCKSTEP_FRESHNESS_MS` for allows, [`DENY_MS`] for denies) by this isolate's own clock, from before the question was sent.
//! Sensitive actions do not come this way: the object decides them itself, every time.

mod confirm;
mod held;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use lockstep_core::{Facts, OwnPolicy};
use lockstep_token::OrganizationId;
use lockstep_wire::DecisionView;

use self::{
    confirm::confirm,
    held::{Held, depends_on_facts},
};
use crate::{
    edge::Edge,
    http::Request,
    log,
    narrow::TokenUse,
    organization::{Freshness, grants_key, require_lifetime},
    place,
    problem::{ApiError, Code},
    under_way::UnderWay,
};

/// How long the object's answer counts for a deny, in milliseconds: what was granted is seen soon after.
pub const DENY_MS: i64 = 500;
/// How far the clock may seem to go back while nothing is wrong, in milliseconds: requests that are under way have the time of what each last waited for.
const SET_BACK_MS: i64 = 1_000;
/// How many principals an isolate remembers.
const ENTRIES_MAX: usize = 1_000;

/// How many places and grants all of them have together. A hundred thousand are some 25 MB of the 128 that an isolate has for everybody; one organization may have thousands of places, and each of its members all of them.
const WEIGHT_MAX: usize = 100_000;
/// How many organizations' own policies an isolate remembers.
const OWN_MAX: usize = 50;
/// How many organizations' ids an isolate remembers to be whole.
const ORGANIZATIONS_MAX: usize = 1_000;

/// What this isolate knows of principals.
#[derive(Debug, Default)]
pub struct Cache {
    known: RefCell<BTreeMap<String, Known>>,
    /// The policies that organizations made of the deployment's, by organization.
    own: RefCell<BTreeMap<String, Rc<Own>>>,
    /// Whom a background refresh is under way for.
    refreshing: UnderWay,
    /// The latest time at which anything was asked.
    latest_ms: Cell<i64>,
    /// Ids whose keyed check was found right: the key of a deployment stays, so they stay right.
    organizations: RefCell<BTreeMap<String, OrganizationId>>,
}

/// What the organization's object said together with another answer, and when it was asked.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// This isolate's clock right before the object was asked.
    pub asked_at_ms: i64,
    /// What it said.
    pub freshness: Freshness,
}

/// A snapshot, and when the object last confirmed it.
#[derive(Debug, Clone)]
struct Known {
    /// This isolate's clock right before the object was asked.
    asked_at_ms: i64,
    /// The organization's epoch at that time.
    epoch: i64,
    /// How long tokens might live at that time, in seconds.
    token_lifetime_max_s: Option<i64>,
    /// From when on the principal's tokens counted at that time, in Unix milliseconds.
    tokens_from_ms: Option<i64>,
    snapshot: Rc<Held>,
    /// The policy as the organization has it; `None` while it has added nothing.
    own: Option<Rc<Own>>,
}

/// The policy as one organization has it, made once for everybody in it.
#[derive(Debug)]
struct Own {
    /// The epoch of the last change of what the organization added.
    epoch: i64,
    policy: OwnPolicy,
}

/// Who a question is about.
#[derive(Debug, Clone, Copy)]
struct Principal<'a> {
    organization: &'a str,
    user: &'a str,
}

/// One question about one principal.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Organization id.
    pub organization: &'a str,
    /// The principal's id.
    pub user: &'a str,
    /// The token through which the principal asks, if it does.
    pub token: Option<&'a TokenUse>,
    /// What the object said of the principal when it checked the credential.
    pub confirmed: Option<&'a Confirmed>,
    /// Permission id.
    pub permission: &'a str,
    /// Node id.
    pub node: &'a str,
    /// Id of the workspace in which the node must lie.
    pub workspace: Option<&'a str>,
    /// An epoch of the organization before which the answer must not be from.
    pub at_least: Option<i64>,
}

/// The epoch that a caller holds from an earlier write.
///
/// # Errors
/// 400 for what is none.
pub fn at_least(request: &Request) -> Result<Option<i64>, ApiError> {
    let Some(text) = request.header("lockstep-epoch") else {
        return Ok(None);
    };
    let epoch = text.parse().ok().filter(|epoch| *epoch >= 0);
    epoch.map(Some).ok_or_else(|| {
        ApiError::new(
            Code::InvalidValue,
            "`Lockstep-Epoch` is a whole number from an earlier answer.",
        )
    })
}

/// Refuses an epoch that the organization has not reached: nobody was given it.
///
/// # Errors
/// 400 `epoch-ahead`.
pub fn require_reached(at_least: Option<i64>, epoch: i64) -> Result<(), ApiError> {
    if at_least.is_none_or(|least| least <= epoch) {
        return Ok(());
    }
    let detail = "`Lockstep-Epoch` is above the organization's epoch.";
    Err(ApiError::new(Code::EpochAhead, detail))
}

/// Decides a question that is not sensitive and depends on no facts. The organization's own rules may make it depend on some, which only the object knows: then there is no answer.
///
/// # Errors
/// 400 for an unknown permission or an epoch that is not reached, 403 for a token that lives longer than the organization allows, 404 for an organization that is not there, 503 when the object does not answer and what is known is too old.
pub async fn decide(
    edge: &Edge,
    question: &Question<'_>,
) -> Result<Option<DecisionView>, ApiError> {
    let allow_ms = i64::from(edge.config.freshness_ms);
    let began_ms = edge.clock.now_ms();
    let known = current(edge, question, allow_ms).await?;
    let Some(view) = evaluate(edge, question, &known)? else {
        return Ok(None);
    };
    // Asking again what was asked for this very question says nothing new, however long the answer took.
    if known.asked_at_ms >= began_ms {
        return Ok(Some(view));
    }
    let deny_ms = allow_ms.min(DENY_MS);
    // A "no" may be out of date sooner than a "yes".
    if !view.decision && !known.counts(edge.clock.now_ms(), deny_ms, question.at_least) {
        let known = current(edge, question, deny_ms).await?;
        return evaluate(edge, question, &known);
    }
    if !known.counts(edge.clock.now_ms(), allow_ms / 2, None) {
        refresh_later(edge, question, known.snapshot);
    }
    Ok(Some(view))
}

/// Asks the object again after the answer, so that only the first request of an idle principal waits for it.
fn refresh_later(edge: &Edge, question: &Question<'_>, remembered: Rc<Held>) {
    let key = grants_key(question.organization, question.user);
    if !edge.grants.refreshing.begin(&key, edge.clock.now_ms()) {
        return;
    }
    let (edge, organization) = (edge.clone(), question.organization.to_owned());
    let user = question.user.to_owned();
    let background = edge.background.clone();
    background.spawn(Box::pin(async move {
        let principal = Principal {
            organization: &organization,
            user: &user,
        };
        if let Err(error) = confirm(&edge, &key, principal, Some(remembered), None).await {
            log::error(&format!(
                "refresh: {}",
                error.cause().unwrap_or(error.detail())
            ));
        }
        edge.grants.refreshing.end(&key);
    }));
}

/// The decision, unless it depends on facts.
fn evaluate(
    edge: &Edge,
    question: &Question<'_>,
    known: &Known,
) -> Result<Option<DecisionView>, ApiError> {
    let policy = &edge.config.policy;
    let now_ms = u64::try_from(edge.clock.now_ms()).unwrap_or(0);
    let token = question.token;
    let token = token.map(|token| (&token.since(known.tokens_from_ms)).into());
    let plain = OwnPolicy::plain(&policy.policy);
    let own = known.own.as_ref().map_or(&plain, |own| &own.policy);
    let access = known
        .snapshot
        .access(own, token, now_ms)
        .map_err(|error| ApiError::internal(format!("snapshot: {error}")))?;
    // Who is no member is told neither which epoch there is nor how long tokens may live.
    if access.is_member() {
        require_reached(question.at_least, known.epoch)?;
        if let Some(token) = question.token {
            require_lifetime(token, known.token_lifetime_max_s)?;
        }
    }
    let node = place::inside(&access, question.node, question.workspace);
    let node = place::still_known(&access, node);
    if known.own.is_some() && depends_on_facts(&access, question.permission, node) {
        return Ok(None);
    }
    DecisionView::decide(&access, question.permission, node, &Facts::default())
        .map(Some)
        .map_err(|error| ApiError::new(Code::UnknownPermission, format!("Not decided: {error}.")))
}

/// What is known, if it counts for `window_ms` after the object was asked; else what it confirms now.
async fn current(edge: &Edge, question: &Question<'_>, window_ms: i64) -> Result<Known, ApiError> {
    let key = grants_key(question.organization, question.user);
    let known = edge.grants.known.borrow().get(&key).cloned();
    if let Some(known) = &known
        && known.counts(edge.clock.now_ms(), window_ms, question.at_least)
    {
        return Ok(known.clone());
    }
    let principal = Principal {
        organization: question.organization,
        user: question.user,
    };
    let remembered = known.map(|known| known.snapshot);
    let now_ms = edge.clock.now_ms();
    let counts = |confirmed: &&Confirmed| {
        let age_ms = now_ms.saturating_sub(confirmed.asked_at_ms);
        let epoch = confirmed.freshness.epoch;
        (0..window_ms).contains(&age_ms) && question.at_least.is_none_or(|least| least <= epoch)
    };
    let confirmed = question.confirmed.filter(counts);
    confirm(edge, &key, principal, remembered, confirmed).await
}

impl Known {
    /// Whether this may still be answered from. A clock that went backwards makes everything too old.
    fn counts(&self, now_ms: i64, window_ms: i64, at_least: Option<i64>) -> bool {
        let age_ms = now_ms.saturating_sub(self.asked_at_ms);
        (0..window_ms).contains(&age_ms) && at_least.is_none_or(|epoch| epoch <= self.epoch)
    }
}

impl Cache {
    /// Forgets all that objects have said.
    pub(crate) fn forget(&self) {
        self.known.borrow_mut().clear();
        self.own.borrow_mut().clear();
    }

    /// Whether the clock was set back since it was looked at last.
    pub(crate) fn is_set_back(&self, now_ms: i64) -> bool {
        let latest_ms = self.latest_ms.get();
        let is_back = latest_ms.saturating_sub(now_ms) > SET_BACK_MS;
        let now_on = if is_back {
            now_ms
        } else {
            latest_ms.max(now_ms)
        };
        self.latest_ms.set(now_on);
        is_back
    }

    /// The organization called `id`, if its keyed check was read before.
    pub(crate) fn organization(&self, id: &str) -> Option<OrganizationId> {
        self.organizations.borrow().get(id).cloned()
    }

    /// Remembers an id that was parsed; when full, forgets another one.
    pub(crate) fn remember_organization(&self, id: &OrganizationId) {
        let mut known = self.organizations.borrow_mut();
        if known.len() >= ORGANIZATIONS_MAX {
            known.pop_first();
        }
        known.insert(id.as_str().to_owned(), id.clone());
    }

    /// Keeps the newest; when full, forgets another one.
    fn remember_own(&self, organization: &str, own: Rc<Own>) {
        let mut entries = self.own.borrow_mut();
        if entries.len() >= OWN_MAX && !entries.contains_key(organization) {
            entries.pop_first();
        }
        let newer = entries
            .get(organization)
            .is_some_and(|there| there.epoch > own.epoch);
        if !newer {
            entries.insert(organization.to_owned(), own);
        }
    }

    /// Keeps the newest; when full, forgets those who were asked about longest ago.
    fn remember(&self, key: String, known: Known) {
        let mut entries = self.known.borrow_mut();
        let newer = entries
            .get(&key)
            .is_some_and(|there| there.asked_at_ms > known.asked_at_ms);
        if newer {
            return;
        }
        let weight = |entries: &BTreeMap<String, Known>| -> usize {
            entries.values().map(|known| known.snapshot.weight()).sum()
        };
        let own = known.snapshot.weight();
        entries.remove(&key);
        while !entries.is_empty()
            && (entries.len() >= ENTRIES_MAX || weight(&entries) + own > WEIGHT_MAX)
        {
            forget_oldest(&mut entries);
        }
        entries.insert(key, known);
    }
}

/// Forgets the older half, so that not every new one looks at all others.
fn forget_oldest(entries: &mut BTreeMap<String, Known>) {
    let mut times: Vec<i64> = entries.values().map(|known| known.asked_at_ms).collect();
    let middle = times.len() / 2;
    let (_, middle_ms, _) = times.select_nth_unstable(middle);
    entries.retain(|_, known| known.asked_at_ms > *middle_ms);
}

#[cfg(test)]
mod tests;
