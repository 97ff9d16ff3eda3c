//! Keys that issuers publish (`jwks_uri`), kept for the isolate.
//!
//! A `kid` that nobody knows makes no second fetch: there is at most one in [`COOL_DOWN_MS`] for each issuer, whatever is asked and by how many at once.
//! What was fetched counts for [`REFRESH_MS`] without a thought and for [`STALE_MS`] while it is fetched anew in the background; after that the new set is waited for, so a key that is no longer published is refused at most ten minutes later.
//! While the endpoint answers with no JWK set, the last set counts for [`AGE_MS_MAX`]; then tokens of this issuer are answered 503.
//! A set that it did answer with counts, also when it has no key that could be taken, or is refused: the keys from before end.
//!
//! A promise belongs to the request that made it, so nobody waits for another's: a fetch is marked as under way, and whoever needs its outcome looks again by a timer of their own.
//! A fetch ends whether or not its request is still there: else whoever asks and hangs up would leave it tried and without an outcome, again in each cool-down, and nobody would learn that a key is gone.

use std::{cell::RefCell, collections::BTreeMap, future::Future, rc::Rc};

use futures_util::FutureExt;
use lockstep_token::{Algorithm, FetchedKeys, IssuerRecord, KeySource, jwk::KEY_SET_LEN_MAX};

use crate::{
    edge::{Edge, UpstreamError},
    log,
    problem::ApiError,
};

/// The shortest time between two fetches for one issuer, in milliseconds.
pub const COOL_DOWN_MS: i64 = 30_000;
/// How long a set counts before it is fetched again in the background, in milliseconds.
pub const REFRESH_MS: i64 = 300_000;
/// How long a set counts before a request waits for a new one, in milliseconds.
pub const STALE_MS: i64 = 600_000;
/// How long a set counts while its endpoint does not answer with one, in milliseconds.
pub const AGE_MS_MAX: i64 = 3_600_000;
/// How long a fetch may take, in milliseconds.
const FETCH_MS: u64 = 3_000;
/// How long a fetch counts as under way; longer than it may take, because the runtime may have ended it.
const UNDER_WAY_MS: i64 = 3_500;
/// How often the outcome of another request's fetch is looked for, in milliseconds.
const POLL_MS: u64 = 50;
/// How many issuers of organizations an isolate remembers, beside all of the deployment's.
const ENTRIES_MAX: usize = 256;

/// The published keys that this isolate knows.
#[derive(Debug, Default)]
pub struct Cache(RefCell<BTreeMap<Name, Entry>>);

/// Whose keys they are. An organization's issuer is another one than the deployment's of the same name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    /// Organization, record and its epoch; empty for an issuer of the deployment.
    scope: String,
    issuer: String,
    uri: String,
    /// Which of the published keys are taken.
    algorithms: Vec<Algorithm>,
}

impl Name {
    /// Whether an organization registered the issuer.
    const fn is_own(&self) -> bool {
        !self.scope.is_empty()
    }
}

/// Keys, and when they were asked for.
#[derive(Debug, Clone)]
pub struct Known {
    /// The keys. Fetched again and found the same, they are the same allocation.
    pub keys: Rc<FetchedKeys>,
    asked_at_ms: i64,
}

/// What is known of one issuer.
#[derive(Debug, Default)]
struct Entry {
    known: Option<Known>,
    bytes: Vec<u8>,
    tried_at_ms: Option<i64>,
    is_under_way: bool,
    has_failed: bool,
}

/// Which keys are needed.
#[derive(Debug, Clone, Copy)]
pub enum Need<'a> {
    /// Those that count.
    Current,
    /// Others than these, which lack the token's.
    NewerThan(&'a Known),
}

/// What to do about a need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Fetch, then look again.
    Fetch,
    /// There are none.
    Refuse,
    /// Take what is known.
    Use,
    /// Take what is known, and fetch in the background.
    UseAndRefresh,
    /// Look again in a moment.
    Wait,
}

impl Entry {
    fn step(&self, now_ms: i64, need: Need<'_>) -> Step {
        let since_tried_ms = self.tried_at_ms.map(|at_ms| now_ms.saturating_sub(at_ms));
        // A clock that went backwards starts everything anew.
        let within = |limit_ms: i64| since_tried_ms.is_some_and(|ms| (0..limit_ms).contains(&ms));
        let missing = if self.is_under_way && within(UNDER_WAY_MS) {
            Step::Wait
        } else if within(COOL_DOWN_MS) {
            Step::Refuse
        } else {
            Step::Fetch
        };
        let Some(known) = &self.known else {
            return missing;
        };
        if let Need::NewerThan(lacking) = need
            && known.asked_at_ms == lacking.asked_at_ms
        {
            return missing;
        }
        let age_ms = now_ms.saturating_sub(known.asked_at_ms);
        match age_ms {
            0..REFRESH_MS => Step::Use,
            REFRESH_MS..STALE_MS if missing == Step::Fetch => Step::UseAndRefresh,
            REFRESH_MS..STALE_MS => Step::Use,
            STALE_MS..AGE_MS_MAX if missing == Step::Refuse => Step::Use,
            _ => missing,
        }
    }
}

/// The keys that a record's tokens are held against; `None` when the record has its keys with it, or the newer ones that are needed do not exist.
///
/// # Errors
/// 503 when the endpoint does not answer and what is known is too old, or lacks what is needed.
pub async fn keys(
    edge: &Edge,
    scope: &str,
    record: &IssuerRecord,
    need: Need<'_>,
) -> Result<Option<Known>, ApiError> {
    let KeySource::Uri(uri) = record.source() else {
        return Ok(None);
    };
    let name = Name {
        scope: scope.to_owned(),
        issuer: record.issuer().to_owned(),
        uri: uri.as_str().to_owned(),
        algorithms: record.algorithms().to_vec(),
    };
    loop {
        let now_ms = edge.clock.now_ms();
        let known = match edge.published.look(&name, now_ms, need) {
            (Step::Fetch, _) => {
                fetch(edge, name.clone(), record).await;
                continue;
            }
            (Step::Wait, _) => {
                edge.clock.sleep(POLL_MS).await;
                continue;
            }
            (Step::Refuse, _) => return edge.published.refuse(&name, now_ms),
            (Step::Use, known) => known,
            (Step::UseAndRefresh, known) => {
                // Nobody waits for it: it is fetched after the answer.
                drop(fetch(edge, name, record));
                known
            }
        };
        return Ok(known);
    }
}

/// Fetches, also when nobody waits for it any more. It counts as tried from now on, so that nobody else does the same.
fn fetch(edge: &Edge, name: Name, record: &IssuerRecord) -> impl Future<Output = ()> + use<> {
    edge.published.begin(&name, edge.clock.now_ms());
    let background = edge.background.clone();
    let (edge, record) = (edge.clone(), record.clone());
    let fetched = async move { complete(&edge, &name, &record).await }.shared();
    background.spawn(Box::pin(fetched.clone()));
    fetched
}

async fn complete(edge: &Edge, name: &Name, record: &IssuerRecord) {
    let asked_at_ms = edge.clock.now_ms();
    let get = edge
        .upstream
        .get(&name.uri, "application/json", KEY_SET_LEN_MAX);
    let body = edge.clock.within(FETCH_MS, get).await;
    let read = match body {
        None => Err(format!("no answer within {FETCH_MS} ms")),
        Some(Err(UpstreamError(reason))) => Err(reason),
        Some(Ok(bytes)) => record
            .read_keys(&bytes)
            .map(|keys| (keys, bytes))
            .map_err(|error| error.to_string()),
    };
    let trouble = match &read {
        Ok((keys, _)) => keys.refused().map(ToString::to_string),
        Err(reason) => Some(reason.clone()),
    };
    if let Some(reason) = trouble {
        log::error(&format!("keys of {}: {reason}", name.issuer));
    }
    edge.published.end(name, asked_at_ms, read.ok());
}

impl Cache {
    /// What to do, and what is known.
    fn look(&self, name: &Name, now_ms: i64, need: Need<'_>) -> (Step, Option<Known>) {
        let mut entries = self.0.borrow_mut();
        if !entries.contains_key(name) && name.is_own() {
            make_room(&mut entries, now_ms);
        }
        let entry = entries.entry(name.clone()).or_default();
        (entry.step(now_ms, need), entry.known.clone())
    }

    /// Has all keys asked for again before they count, as long as somebody answers: the clock was set back since.
    pub(crate) fn doubt_all(&self, now_ms: i64) {
        for entry in self.0.borrow_mut().values_mut() {
            if let Some(known) = &mut entry.known {
                known.asked_at_ms = now_ms.saturating_sub(STALE_MS);
            }
        }
    }

    fn begin(&self, name: &Name, now_ms: i64) {
        if let Some(entry) = self.0.borrow_mut().get_mut(name) {
            entry.tried_at_ms = Some(now_ms);
            entry.is_under_way = true;
        }
    }

    fn end(&self, name: &Name, asked_at_ms: i64, read: Option<(FetchedKeys, Vec<u8>)>) {
        let mut entries = self.0.borrow_mut();
        let Some(entry) = entries.get_mut(name) else {
            return;
        };
        entry.is_under_way = false;
        entry.has_failed = read.is_none();
        let Some((keys, bytes)) = read else { return };
        let same = entry.known.take().filter(|_| entry.bytes == bytes);
        let keys = same.map_or_else(|| Rc::new(keys), |known| known.keys);
        entry.bytes = bytes;
        entry.known = Some(Known { keys, asked_at_ms });
    }

    /// Not found is the token's fault, unless the endpoint did not answer.
    fn refuse(&self, name: &Name, now_ms: i64) -> Result<Option<Known>, ApiError> {
        let entries = self.0.borrow();
        let Some(entry) = entries
            .get(name)
            .filter(|entry| entry.has_failed || entry.known.is_none())
        else {
            return Ok(None);
        };
        let tried_at_ms = entry.tried_at_ms.unwrap_or(now_ms);
        let wait_ms = COOL_DOWN_MS.saturating_sub(now_ms.saturating_sub(tried_at_ms));
        let wait_s = u32::try_from(wait_ms / 1_000)
            .unwrap_or(0)
            .saturating_add(1);
        let cause = format!("no keys of {}", name.issuer);
        Err(ApiError::unavailable(cause).with_retry_after_s(wait_s))
    }
}

/// Forgets the issuer of an organization that was tried longest ago: one that cools down only when all do, for then somebody fills this on purpose, and everybody else must still get in. The deployment's own are never forgotten for them.
fn make_room(entries: &mut BTreeMap<Name, Entry>, now_ms: i64) {
    let own = || entries.iter().filter(|(name, _)| name.is_own());
    if own().count() < ENTRIES_MAX {
        return;
    }
    let is_cold = |entry: &Entry| {
        let since_ms = now_ms.saturating_sub(entry.tried_at_ms.unwrap_or(0));
        !(0..COOL_DOWN_MS).contains(&since_ms)
    };
    let oldest = own().min_by_key(|(_, entry)| (!is_cold(entry), entry.tried_at_ms));
    if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
        entries.remove(&oldest);
    }
}

#[cfg(test)]
mod tests;
