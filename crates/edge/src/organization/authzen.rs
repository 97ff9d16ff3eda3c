//! What programs ask about anybody: AuthZEN evaluations and searches, on the rows as they are at this instant.
//!
//! Who may not ask for decisions asks about themselves, and states nothing.

use std::{
    borrow::Cow,
    cell::OnceCell,
    collections::{BTreeMap, btree_map::Entry},
};

use lockstep_core::{Access, Bits, Facts, Level, NodeId, Operation, Outcome, Record, Stated};
use lockstep_token::{
    OrganizationId,
    id::{derived_user_id, organization_user_id},
};
use lockstep_wire::{
    EvaluationRequest, EvaluationResponse, KindName, Location, NamedBy, Search, Semantic,
};
use serde::{Deserialize, Serialize};

use super::{
    Actor,
    actor::{access, access_of, directory_facts, permit, target},
    admission, holdings,
    store::{self, Organization},
};
use crate::{
    freshness,
    objects::{Context, Reply},
    paging::{Range, Slice},
    problem::{ApiError, Code},
    sql::Row,
};

/// How many principals one search looks at: each costs what a snapshot does, and nothing else is answered meanwhile.
const SUBJECTS_MAX: usize = 100;
/// How many nodes or permissions one search looks at.
const CANDIDATES_MAX: usize = 2_000;
/// What is stated of a resource and compared with the directory: where it lies.
const PLACES: [&str; 2] = ["resource.workspace", "resource.project"];

/// Requests to be decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Evaluations {
    /// Who asks.
    pub actor: Actor,
    /// What, in this order; what could not be read is answered as that.
    pub requests: Vec<Result<EvaluationRequest, EvaluationResponse>>,
    /// How far they are answered.
    pub semantic: Semantic,
    /// An epoch that the organization must have reached.
    pub at_least: Option<i64>,
}

/// A search.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Searching {
    /// Who asks.
    pub actor: Actor,
    /// What is looked for.
    pub search: Search,
    /// Which part of what is found, by id.
    pub range: Range<String>,
    /// An epoch that the organization must have reached.
    pub at_least: Option<i64>,
}

/// Answers a list of `EvaluationResponse`.
pub(super) fn evaluate(
    context: &Context<'_>,
    organization: &Organization,
    asked: &Evaluations,
) -> Result<Reply, ApiError> {
    let asking = Asking::of(context, organization, &asked.actor, asked.at_least)?;
    let trust = asking.require_trust();
    let mut requests = asked.requests.iter().flatten();
    if !requests.all(|request| asking.is_own(request)) {
        trust.clone()?;
    }
    let mut subjects: BTreeMap<Cow<'_, str>, Subject> = BTreeMap::new();
    let mut responses = Vec::new();
    for request in &asked.requests {
        let response = match request {
            Ok(request) => {
                // Where it is, is looked up; as a fact nobody is believed about it who may not ask for decisions.
                let believed = match &trust {
                    Ok(()) => Cow::Borrowed(request),
                    Err(_) => Cow::Owned(request.clone().stating_nothing()),
                };
                let subject = match subjects.entry(asking.principal(request)?) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(room) => {
                        let subject = asking.subject(room.key())?;
                        room.insert(subject)
                    }
                };
                asking.decide(subject, &believed, subject.node(&request.location))?
            }
            Err(response) => response.clone(),
        };
        let is_last = asked.semantic.ends_with(response.decision);
        responses.push(response);
        if is_last {
            break;
        }
    }
    Reply::of(&responses)
}

/// Answers a slice of ids.
pub(super) fn search(
    context: &Context<'_>,
    organization: &Organization,
    asked: &Searching,
) -> Result<Reply, ApiError> {
    let asking = Asking::of(context, organization, &asked.actor, asked.at_least)?;
    asking.require_trust()?;
    let range = &asked.range;
    let slice = match &asked.search {
        Search::Subjects { kind, request } => {
            require_own_ids(request)?;
            let ids = asking.principals(*kind, range)?;
            found(range, SUBJECTS_MAX, ids, |id, ()| {
                let subject = asking.subject(id)?;
                asking.allows(&subject, request, subject.node(&request.location))
            })?
        }
        Search::Resources {
            level,
            within,
            request,
        } => {
            let subject = asking.subject(&asking.principal(request)?)?;
            let nodes = subject.nodes((*level).map(Level::from), within);
            found(range, CANDIDATES_MAX, nodes, |_, node| {
                asking.allows(&subject, request, Some(*node))
            })?
        }
        Search::Actions(request) => {
            let subject = asking.subject(&asking.principal(request)?)?;
            let node = subject.node(&request.location);
            let permissions = subject.access.policy().permissions().iter();
            let mut permissions: Vec<_> = permissions.map(|known| (known.id.clone(), ())).collect();
            permissions.sort();
            let mut request = request.clone();
            found(range, CANDIDATES_MAX, permissions, |permission, ()| {
                permission.clone_into(&mut request.permission);
                asking.allows(&subject, &request, node)
            })?
        }
    };
    Reply::of(&slice)
}

/// The part of `candidates`, which rise by id, that is wanted and for which `is_found`; it ends early where it has looked at `most` of them.
fn found<T>(
    range: &Range<String>,
    most: usize,
    candidates: Vec<(String, T)>,
    mut is_found: impl FnMut(&str, &T) -> Result<bool, ApiError>,
) -> Result<Slice<String, String>, ApiError> {
    let limit = usize::try_from(range.limit).unwrap_or(usize::MAX);
    let after = range.after.as_deref().unwrap_or_default();
    let mut slice = Slice::default();
    let mut last = after;
    let rest = candidates.iter().filter(|(id, _)| id.as_str() > after);
    for (looked_at, (id, candidate)) in rest.enumerate() {
        if slice.entries.len() >= limit || looked_at >= most {
            slice.next = Some(last.to_owned());
            break;
        }
        if is_found(id, candidate)? {
            slice.entries.push(id.clone());
        }
        last = id;
    }
    Ok(slice)
}

/// Refuses a search of subjects beside an issuer's name: what it finds has ids of ours, by which that issuer calls nobody.
fn require_own_ids(request: &EvaluationRequest) -> Result<(), ApiError> {
    if request.named_by() == NamedBy::Directory {
        return Ok(());
    }
    let detail = "A search finds subjects by their ids here, and `subject.properties.issuer` says that an id is what an issuer calls somebody. Leave it out.";
    Err(ApiError::new(Code::InvalidBody, detail))
}

/// Who asks, and where.
struct Asking<'a> {
    context: &'a Context<'a>,
    organization: &'a Organization,
    actor: &'a Actor,
    access: Access,
    /// What `access` was resolved from, once somebody else is asked about.
    record: OnceCell<Record>,
    facts: Facts,
}

impl<'a> Asking<'a> {
    /// Who is no member is told nothing: 404.
    fn of(
        context: &'a Context<'a>,
        organization: &'a Organization,
        actor: &'a Actor,
        at_least: Option<i64>,
    ) -> Result<Self, ApiError> {
        let access = access(context, organization, actor)?;
        freshness::require_reached(at_least, organization.epoch)?;
        Ok(Self {
            facts: directory_facts(context, organization, &actor.principal)?,
            context,
            organization,
            actor,
            access,
            record: OnceCell::new(),
        })
    }

    /// Whether it is about who asks, and states nothing but where it is, which the directory knows.
    fn is_own(&self, request: &EvaluationRequest) -> bool {
        let Stated { facts, unusable } = request.stated();
        let is_place = |name: &str| PLACES.contains(&name);
        let mut stated = facts.iter().map(|(name, _)| name);
        request.principal == self.actor.principal
            && facts.groups().next().is_none()
            && unusable.iter().all(|name| is_place(name))
            && stated.all(is_place)
    }

    /// Id of whom a request is about. Beside an issuer's name it is what that calls them, and nobody's id here, however it looks; one that vouches for nobody here calls nobody anything.
    fn principal<'r>(&self, request: &'r EvaluationRequest) -> Result<Cow<'r, str>, ApiError> {
        let subject = request.principal.as_str();
        let issuer = match request.named_by() {
            NamedBy::Directory => return Ok(subject.into()),
            NamedBy::Issuer(issuer) => issuer,
            NamedBy::Nobody => return Ok("".into()),
        };
        let config = self.context.config;
        let keys = &config.keys.id;
        // What the deployment says of an issuer, no organization says otherwise.
        let mut records = config.issuers.records().iter();
        if records.any(|record| record.issuer() == issuer) {
            let user = derived_user_id(keys, issuer, subject);
            return Ok(user.as_str().to_owned().into());
        }
        let select = "SELECT id FROM issuer WHERE issuer = ? AND disabled_at_ms IS NULL";
        let Some(row) = self.context.sql.one(select, &[issuer.into()])? else {
            return Ok("".into());
        };
        let organization = OrganizationId::parse(keys, &self.organization.id)
            .map_err(|error| ApiError::internal(format!("an organization's id: {error}")))?;
        let user = organization_user_id(keys, &organization, row.text("id")?, subject);
        Ok(user.as_str().to_owned().into())
    }

    fn require_trust(&self) -> Result<(), ApiError> {
        let ask = Operation::DecisionsAsk;
        permit(self.context, &self.access, ask, &self.facts).map(|_| ())
    }

    /// What the principal called `id` holds. Of themselves who asks is told what their credential leaves.
    fn subject(&self, id: &str) -> Result<Subject, ApiError> {
        let access = if id == self.actor.principal {
            access_of(self.context, self.organization, self.actor)?
        } else {
            // What is nobody's id, such as the name under which a suspended member's grants are kept, finds nothing.
            let id = if self.acts(id)? { id } else { "" };
            // Nodes, plan and what the organization added are everybody's, and were read for who asks.
            let known = self.record.get_or_init(|| self.access.record());
            let record = holdings::record_beside(self.context, known, id)?;
            let now_ms = self.access.now_ms();
            Access::resolve_own(self.access.policy(), record, now_ms)
                .map_err(|error| ApiError::internal(format!("nodes of {id}: {error}")))?
        };
        Ok(Subject {
            id: id.to_owned(),
            known: access.known_nodes(),
            access,
            facts: directory_facts(self.context, self.organization, id)?,
        })
    }

    /// Whether it is a member who acts, or a service account.
    fn acts(&self, id: &str) -> Result<bool, ApiError> {
        let select = "SELECT id FROM service_account WHERE id = ? AND deleted_at_ms IS NULL";
        let account = self.context.sql.one(select, &[id.into()])?;
        Ok(account.is_some() || admission::is_active(self.context, id)?)
    }

    /// The ids of principals that a search of subjects looks at, and one more.
    fn principals(
        &self,
        kind: Option<KindName>,
        range: &Range<String>,
    ) -> Result<Vec<(String, ())>, ApiError> {
        let select = match kind {
            Some(KindName::User) => {
                "SELECT user AS id FROM member WHERE left_at_ms IS NULL AND user > ? ORDER BY user LIMIT ?"
            }
            Some(KindName::ServiceAccount) => {
                "SELECT id FROM service_account WHERE deleted_at_ms IS NULL AND id > ? ORDER BY id LIMIT ?"
            }
            None => return Ok(Vec::new()),
        };
        let after = range.after.as_deref().unwrap_or_default();
        let rows = i64::try_from(SUBJECTS_MAX).unwrap_or(i64::MAX);
        let values = [after.into(), rows.saturating_add(1).into()];
        let rows = self.context.sql.exec(select, &values)?;
        let id = |row: &Row| Ok((row.text("id")?.to_owned(), ()));
        rows.iter().map(id).collect()
    }

    fn decide(
        &self,
        subject: &Subject,
        request: &EvaluationRequest,
        node: Option<NodeId>,
    ) -> Result<EvaluationResponse, ApiError> {
        let facts = self.facts(subject, request)?;
        let decided = request.decide_at(&subject.access, node, &facts);
        Ok(match decided {
            Ok(view) => view.into(),
            Err(error) => (&error).into(),
        })
    }

    /// What the directory knows of whom and what a request is about.
    fn facts(&self, subject: &Subject, request: &EvaluationRequest) -> Result<Facts, ApiError> {
        let mut facts = subject.facts.clone();
        if let Some(member) = &request.member {
            facts.extend(&self.facts_about(subject, member)?);
        }
        Ok(facts)
    }

    /// As [`Self::decide`], without a reason.
    fn allows(
        &self,
        subject: &Subject,
        request: &EvaluationRequest,
        node: Option<NodeId>,
    ) -> Result<bool, ApiError> {
        let permission = subject.access.policy().permission(&request.permission);
        let (Some(permission), Some(at)) = (permission, node) else {
            return Ok(false);
        };
        Ok(match subject.access.settled(permission, at) {
            Outcome::True => true,
            Outcome::False => false,
            Outcome::Unknown => {
                let facts = self.facts(subject, request)?;
                request.allows_at(&subject.access, permission, at, &facts)
            }
        })
    }

    /// What the directory knows of a member, as far as `subject` may: their own question has the same answer.
    fn facts_about(&self, subject: &Subject, user: &str) -> Result<Facts, ApiError> {
        let read = Operation::MemberRead;
        let may_read = permit(self.context, &subject.access, read, &subject.facts).is_ok();
        let member = match may_read {
            true => store::member(self.context, user)?,
            false => None,
        };
        let Some(member) = member else {
            return Ok(Facts::default());
        };
        let policy = subject.access.policy();
        // A program is to itself who saw its secret; of another one nobody says who that is.
        let who = match subject.id == self.actor.principal {
            true => self.actor.person(),
            false => &subject.id,
        };
        let target = target(self.context, policy, self.organization, who, &member)?;
        Ok(target.facts())
    }
}

/// Somebody who is asked about.
struct Subject {
    id: String,
    access: Access,
    /// The nodes of which they need know.
    known: Bits,
    /// What the directory knows.
    facts: Facts,
}

impl Subject {
    /// The node at `location`, if it is a place of theirs.
    fn node(&self, location: &Location) -> Option<NodeId> {
        let node = location.find(&self.access);
        node.filter(|node| self.known.contains(node.index()))
    }

    /// Their nodes of `level` below `within`, by id.
    fn nodes(&self, level: Option<Level>, within: &Location) -> Vec<(String, NodeId)> {
        let access = &self.access;
        let (Some(level), Some(top)) = (level, self.node(within)) else {
            return Vec::new();
        };
        let is_there = |node: &NodeId| {
            access.level(*node) == Some(level)
                && access.is_within(*node, top)
                && self.known.contains(node.index())
        };
        let nodes = access.node_ids().filter(is_there);
        let named = nodes.filter_map(|node| Some((access.describe(node)?.id.to_owned(), node)));
        let mut named: Vec<_> = named.collect();
        named.sort();
        named
    }
}
