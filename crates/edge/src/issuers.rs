//! The issuers that organizations registered, as this isolate knows them.
//!
//! An organization's object says which they are and at which epoch they changed last; that counts as long as what it says of a principal (`LOCKSTEP_FRESHNESS_MS`), and rides on each such answer.
//! They are not in KV: the epoch has to be asked for all the same, and the object answers the records with it. So nobody who can write bytes elsewhere says who may sign.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use lockstep_token::{IssuerRecord, OrganizationId};

use crate::{
    config::Config,
    edge::Edge,
    log,
    objects::ask,
    organization::{
        self, AdmissionCommand, Command, IssuerUse, OrganizationObject, StoredIssuer, StoredIssuers,
    },
    problem::{ApiError, Code},
    user,
};

/// How many organizations an isolate remembers.
const ENTRIES_MAX: usize = 256;

/// How many issuers they have together: a record may have 16 KB.
const ISSUERS_MAX: usize = 1_000;

/// What this isolate knows of organizations' issuers.
#[derive(Debug, Default)]
pub struct Cache(RefCell<BTreeMap<String, Known>>);

#[derive(Debug, Clone)]
struct Known {
    /// This isolate's clock right before the object was asked.
    asked_at_ms: i64,
    issuers: Rc<Issuers>,
}

/// The issuers of one organization whose tokens count.
#[derive(Debug)]
pub struct Issuers {
    /// The epoch of the last change of any of them.
    epoch: i64,
    all: Vec<Rc<Issuer>>,
}

/// One of them.
#[derive(Debug)]
pub struct Issuer {
    /// Which record of which organization it is, at which epoch.
    pub used: IssuerUse,
    /// Whether people may come in on its word.
    pub admits: bool,
    /// What its tokens are held against.
    pub record: IssuerRecord,
    /// Its name in caches: organization, record and epoch, so that nothing that one record brought there is found by another, or by the same one after a change.
    pub scope: String,
}

impl Issuers {
    /// The issuer of exactly that name.
    #[must_use]
    pub fn find(&self, issuer: &str) -> Option<Rc<Issuer>> {
        let mut all = self.all.iter();
        all.find(|known| known.record.issuer() == issuer).cloned()
    }

    /// Whether the record by which somebody was verified is still what it was.
    ///
    /// # Errors
    /// 401 when it is gone or switched off, 503 when it was changed.
    pub fn require(&self, used: &IssuerUse) -> Result<(), ApiError> {
        let mut all = self.all.iter();
        let known = all.find(|known| known.used.id == used.id);
        match known.ok_or_else(user::refused)?.used == *used {
            true => Ok(()),
            false => Err(ApiError::unavailable("the issuer was changed meanwhile")),
        }
    }
}

/// The issuers of an organization, as its object said at most `window_ms` ago.
///
/// # Errors
/// 401 when there is no such organization, 503 when its object does not answer.
pub async fn known(
    edge: &Edge,
    organization: &OrganizationId,
    window_ms: i64,
) -> Result<Rc<Issuers>, ApiError> {
    let id = organization.as_str();
    let known = edge.issuers.0.borrow().get(id).cloned();
    let now_ms = edge.clock.now_ms();
    if let Some(known) = &known {
        let age_ms = now_ms.saturating_sub(known.asked_at_ms);
        // A clock that went backwards makes everything too old.
        if (0..window_ms).contains(&age_ms) {
            return Ok(known.issuers.clone());
        }
    }
    let remembered = known.map(|known| known.issuers);
    let command = Command::Admission(AdmissionCommand::List {
        known: remembered.as_ref().map(|issuers| issuers.epoch),
    });
    let asked = ask::<OrganizationObject, _>(&*edge.objects, id, &command).await;
    let answer: StoredIssuers = asked.map_err(|error| match error.code() {
        // No such organization is not told apart from no such issuer.
        Code::NotFound => user::refused(),
        _ => error,
    })?;
    let issuers = match (answer.issuers, remembered) {
        (None, Some(remembered)) if remembered.epoch == answer.epoch => remembered,
        (stored, _) => {
            let stored = stored.unwrap_or_default().into_iter();
            let all = stored.filter_map(|stored| read(&edge.config, id, stored));
            Rc::new(Issuers {
                epoch: answer.epoch,
                all: all.collect(),
            })
        }
    };
    let asked_at_ms = edge.since(now_ms);
    edge.issuers.remember(id, asked_at_ms, issuers.clone());
    Ok(issuers)
}

/// A stored record. One that this deployment would not save any more vouches for nobody.
fn read(config: &Config, organization: &str, stored: StoredIssuer) -> Option<Rc<Issuer>> {
    let text = stored.record.to_string();
    let record = IssuerRecord::parse_within(&text, organization::reach(config));
    let record = record
        .inspect_err(|error| log::error(&format!("issuer {} is left out: {error}", stored.id)))
        .ok()?;
    Some(Rc::new(Issuer {
        scope: format!("{organization}/{}/{}", stored.id, stored.epoch),
        used: IssuerUse {
            organization: organization.to_owned(),
            id: stored.id,
            epoch: stored.epoch,
        },
        admits: stored.admits,
        record,
    }))
}

impl Cache {
    /// The object has said together with another answer at which epoch its issuers changed last.
    pub fn confirm(&self, organization: &str, asked_at_ms: i64, epoch: i64) {
        let mut entries = self.0.borrow_mut();
        let Some(known) = entries.get_mut(organization) else {
            return;
        };
        if known.issuers.epoch == epoch {
            known.asked_at_ms = known.asked_at_ms.max(asked_at_ms);
        } else if known.asked_at_ms <= asked_at_ms {
            entries.remove(organization);
        }
    }

    /// Forgets all that objects have said.
    pub(crate) fn forget_all(&self) {
        self.0.borrow_mut().clear();
    }

    /// Forgets an organization's, which are not what its object says.
    pub fn forget(&self, organization: &str) {
        self.0.borrow_mut().remove(organization);
    }

    /// Keeps the newest; when full, forgets who was asked about longest ago.
    fn remember(&self, organization: &str, asked_at_ms: i64, issuers: Rc<Issuers>) {
        let mut entries = self.0.borrow_mut();
        let is_newer = |there: &Known| there.asked_at_ms > asked_at_ms;
        if entries.get(organization).is_some_and(is_newer) {
            return;
        }
        entries.remove(organization);
        let is_full = |entries: &BTreeMap<String, Known>| {
            let issuers: usize = entries.values().map(|known| known.issuers.all.len()).sum();
            entries.len() >= ENTRIES_MAX || issuers >= ISSUERS_MAX
        };
        while is_full(&entries) {
            let oldest = entries.iter().min_by_key(|(_, known)| known.asked_at_ms);
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else {
                break;
            };
            entries.remove(&oldest);
        }
        let known = Known {
            asked_at_ms,
            issuers,
        };
        entries.insert(organization.to_owned(), known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some organizations have ten, of 16 KB each.
    #[test]
    fn an_isolate_remembers_so_many_issuers_and_no_more() {
        let record = r#"{"issuer":"https://login.example","audiences":["a"],"algorithms":["ES256"],"jwks_uri":"https://login.example/keys"}"#;
        let issuer = Rc::new(Issuer {
            used: IssuerUse {
                organization: "org_1".to_owned(),
                id: "iss_1".to_owned(),
                epoch: 1,
            },
            admits: false,
            record: IssuerRecord::parse(record).unwrap(),
            scope: String::new(),
        });
        let cache = Cache::default();
        for at in 0..i64::try_from(ENTRIES_MAX).unwrap() {
            let all = vec![issuer.clone(); 10];
            cache.remember(&format!("org_{at}"), at, Rc::new(Issuers { epoch: 1, all }));
        }
        let entries = cache.0.borrow();
        let issuers: usize = entries.values().map(|known| known.issuers.all.len()).sum();
        assert!(
            (ISSUERS_MAX / 2..ISSUERS_MAX + 10).contains(&issuers),
            "{issuers}"
        );
        assert!(entries.contains_key(&format!("org_{}", ENTRIES_MAX - 1)));
    }
}
