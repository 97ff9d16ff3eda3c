//! AuthZEN evaluation requests: what is asked, in the evaluator's words.
//!
//! Source: OpenID AuthZEN Authorization API 1.0, Access Evaluation.

mod deciding;
mod naming;
mod search;
mod several;

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use lockstep_core::{Access, Facts, Level, NodeId, Value, fact_type, is_in_group};
use serde::{Deserialize, Serialize};

pub use self::naming::NamedBy;
pub use self::search::{Entity, PageView, Search, SearchRequest, SearchResponse};
pub use self::several::{
    EVALUATIONS_MAX, EvaluationContext, EvaluationFault, EvaluationResponse, Evaluations, Semantic,
};
use crate::facts::FACT_NAME_BYTES_MAX;
use crate::json::Json;
use crate::nesting::REQUEST_BYTES_MAX;
use crate::resource_types::MEMBER;
use crate::{LevelName, ResourceTypes, UnknownPermission, facts};

/// Whether `principal` may do `permission` on what lies at `location`, under what it states.
///
/// The body of a request is read by [`EvaluationRequest::read`]. What serde reads and writes is another form, in
/// which parts of one service hand it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationRequest {
    /// Id of the principal: the request's `subject.id`.
    pub principal: String,
    /// Id of the permission: `action.name`.
    pub permission: String,
    /// Where the resource lies.
    pub location: Location,
    /// Id of the member that the resource is: its `type` is `member`.
    pub member: Option<String>,
    #[serde(with = "facts::as_view")]
    facts: Facts,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unusable: Vec<String>,
}

/// Where a resource lies: nodes that must exist, each in the one before; without any, in the
/// organization itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location(Vec<(LevelName, String)>);

/// Why a request is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// It is not JSON, or repeats a member, or nests too deep.
    Json(String),
    /// Something that every request has is missing or of another type.
    Request(String),
    /// It is longer than [`REQUEST_BYTES_MAX`].
    TooLong,
}

impl RequestError {
    /// The error's stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(_) => "invalid-json",
            Self::Request(_) => "invalid-request",
            Self::TooLong => "too-long",
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(message) | Self::Request(message) => f.write_str(message),
            Self::TooLong => write!(f, "longer than {REQUEST_BYTES_MAX} bytes"),
        }
    }
}

impl core::error::Error for RequestError {}

/// What is answered instead of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorView {
    /// What was wrong.
    pub error: ErrorDetail,
}

/// What was wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorDetail {
    /// Stable code: `invalid-json`, `invalid-request`, `too-long`, `unknown-permission`.
    pub code: String,
    /// A sentence in English.
    pub message: String,
}

impl From<&RequestError> for ErrorView {
    fn from(error: &RequestError) -> Self {
        Self {
            error: ErrorDetail {
                code: error.code().to_owned(),
                message: error.to_string(),
            },
        }
    }
}

impl From<&UnknownPermission> for ErrorView {
    fn from(error: &UnknownPermission) -> Self {
        Self {
            error: ErrorDetail {
                code: "unknown-permission".to_owned(),
                message: error.to_string(),
            },
        }
    }
}

impl EvaluationRequest {
    /// Reads the JSON body of a request; `types` are those of the policy under which it is asked.
    ///
    /// # Errors
    /// When it is not one.
    pub fn read(text: &[u8], types: &ResourceTypes) -> Result<Self, RequestError> {
        let body = parse(text)?;
        // Answered as one question, it would look as if all of them had been.
        if body.member("evaluations").is_some_and(asks_several) {
            let message = "`evaluations` are several requests: write each on its own";
            return Err(RequestError::Request(message.into()));
        }
        Self::of(&body, types)
    }

    fn of(body: &Json, types: &ResourceTypes) -> Result<Self, RequestError> {
        require_object(body)?;
        let [subject, action, resource] =
            ["subject", "action", "resource"].map(|name| entity(body, name));
        let (subject, action, resource) = (subject?, action?, resource?);
        text(subject, "subject", "type")?;
        let (facts, unusable) = stated(body)?;
        Ok(Self {
            principal: text(subject, "subject", "id")?.to_owned(),
            permission: text(action, "action", "name")?.to_owned(),
            location: Location::read(resource, types)?,
            member: member(resource)?,
            facts,
            unusable,
        })
    }

    /// What the request states: properties of resource and action, the context, and
    /// `principal.properties.*` of the subject. Whoever evaluates it vouches for the caller.
    #[must_use]
    pub fn stated(&self) -> lockstep_core::Stated<'_> {
        lockstep_core::Stated {
            facts: &self.facts,
            unusable: &self.unusable,
        }
    }

    /// The same question of somebody who is believed about nothing.
    #[must_use]
    pub fn stating_nothing(self) -> Self {
        Self {
            facts: Facts::default(),
            unusable: Vec::new(),
            ..self
        }
    }
}

/// So that a world is asked under all that a request states: `world.verdict(principal, permission, node, &request)`.
impl<'a> From<&'a EvaluationRequest> for lockstep_core::Stated<'a> {
    fn from(request: &'a EvaluationRequest) -> Self {
        request.stated()
    }
}

impl Location {
    /// Where `resource` lies.
    fn read(resource: Option<&Json>, types: &ResourceTypes) -> Result<Self, RequestError> {
        let level = types.level(text(resource, "resource", "type")?);
        let id = text(resource, "resource", "id")?;
        let properties = properties(resource, "resource")?;
        Self::of(level.map(|level| (level, id)), properties)
    }

    /// `resource` is the resource where it is itself a node; `properties` are those that name nodes above.
    fn of(
        resource: Option<(Level, &str)>,
        properties: Option<&Json>,
    ) -> Result<Self, RequestError> {
        let mut path = Vec::new();
        for level in [Level::Workspace, Level::Project] {
            match properties.and_then(|properties| properties.member(level.as_str())) {
                Some(Json::Text(id)) => path.push((level.into(), id.clone())),
                Some(Json::Null) | None => {}
                Some(_) => {
                    let name = level.as_str();
                    return Err(RequestError::Request(format!(
                        "`resource.properties.{name}` is not a text"
                    )));
                }
            }
        }
        if let Some((level, id)) = resource {
            path.push((level.into(), id.to_owned()));
        }
        Ok(Self(path))
    }

    /// The node of `access` at which it is; `None` when there is none.
    #[must_use]
    pub fn find(&self, access: &Access) -> Option<NodeId> {
        let mut found = access.root();
        for (level, id) in &self.0 {
            let node = access.node(id)?;
            let is_there = access.level(node) == Some(Level::from(*level));
            if !is_there || !access.is_within(node, found) {
                return None;
            }
            found = node;
        }
        Some(found)
    }
}

/// The JSON of a body.
fn parse(text: &[u8]) -> Result<Json, RequestError> {
    if text.len() > REQUEST_BYTES_MAX {
        return Err(RequestError::TooLong);
    }
    let body = Json::read(text).map_err(RequestError::Json)?;
    require_object(&body)?;
    Ok(body)
}

fn require_object(body: &Json) -> Result<(), RequestError> {
    if matches!(body, Json::Object(_)) {
        return Ok(());
    }
    Err(RequestError::Request("the request is not an object".into()))
}

/// Subject, action or resource, which every request has.
fn entity<'a>(body: &'a Json, name: &str) -> Result<Option<&'a Json>, RequestError> {
    match body.member(name) {
        Some(Json::Object(_)) => Ok(body.member(name)),
        Some(_) => Err(RequestError::Request(format!("`{name}` is not an object"))),
        None => Err(RequestError::Request(format!("`{name}` is missing"))),
    }
}

/// The member that `resource` is.
fn member(resource: Option<&Json>) -> Result<Option<String>, RequestError> {
    let is_member = text(resource, "resource", "type")? == MEMBER;
    let id = text(resource, "resource", "id")?;
    Ok(is_member.then(|| id.to_owned()))
}

/// The facts that a body states, and the names of what is stated and is none.
fn stated(body: &Json) -> Result<(Facts, Vec<String>), RequestError> {
    let mut stated = Stated::default();
    for (name, prefix) in [
        ("resource", "resource"),
        ("action", "action"),
        ("subject", "principal.properties"),
    ] {
        let entity = object(body.member(name), name)?;
        stated.add(prefix, properties(entity, name)?)?;
    }
    stated.add("context", object(body.member("context"), "context")?)?;
    Ok(stated.facts())
}

/// The facts that a request states.
#[derive(Default)]
struct Stated {
    /// Names of facts and of groups, whatever is stated of them.
    names: BTreeSet<String>,
    facts: Facts,
    groups: Vec<String>,
    /// Names of values that no fact has, such as lists. They are there, so no group is complete that
    /// would say that they are not.
    unusable: BTreeSet<String>,
}

impl Stated {
    fn add(&mut self, prefix: &str, properties: Option<&Json>) -> Result<(), RequestError> {
        for (name, value) in properties.into_iter().flat_map(Json::members) {
            let name = joined(prefix, name)?;
            if let Json::Object(members) = value {
                self.add_group(name.clone(), members)?;
                self.name(&name)?;
            } else {
                self.name(&name)?;
                self.set(name, value);
            }
        }
        Ok(())
    }

    /// All facts of a group, also those of groups in it: no deeper than a body nests.
    fn add_group(
        &mut self,
        group: String,
        members: &BTreeMap<String, Json>,
    ) -> Result<(), RequestError> {
        for (member, value) in members {
            let name = joined(&group, member)?;
            self.name(&name)?;
            if let Json::Object(members) = value {
                // It is there, and no fact by itself.
                self.unusable.insert(name.clone());
                self.add_group(name, members)?;
            } else {
                self.set(name, value);
            }
        }
        self.groups.push(group);
        Ok(())
    }

    fn set(&mut self, name: String, value: &Json) {
        match value {
            // Not what a condition of that name would mean: it is the request that says it.
            _ if fact_type(&name).is_none() => _ = self.unusable.insert(name),
            Json::Bool(value) => self.facts.set(name, Value::Bool(*value)),
            Json::Integer(value) => self.facts.set(name, Value::Integer(*value)),
            Json::Text(value) => self.facts.set(name, Value::Text(value.clone())),
            Json::Null | Json::Fraction | Json::List(_) | Json::Object(_) => {
                self.unusable.insert(name);
            }
        }
    }

    /// Of two spellings of one name neither is the harmless one, also where one of them states what no fact is.
    fn name(&mut self, name: &str) -> Result<(), RequestError> {
        if self.names.insert(name.to_owned()) {
            return Ok(());
        }
        Err(RequestError::Request(format!("`{name}` is stated twice")))
    }

    fn facts(mut self) -> (Facts, Vec<String>) {
        for group in self.groups {
            let mut behind = self.unusable.range(format!("{group}.")..);
            if behind.next().is_some_and(|name| is_in_group(name, &group)) {
                self.unusable.insert(group);
            } else {
                self.facts.complete(group);
            }
        }
        (self.facts, self.unusable.into_iter().collect())
    }
}

/// The name of a member of a group; refused before it is put together where it is too long.
fn joined(group: &str, member: &str) -> Result<String, RequestError> {
    if facts::is_too_long(group, member) {
        let name: String = group
            .chars()
            .chain(['.'])
            .chain(member.chars())
            .take(64)
            .collect();
        return Err(RequestError::Request(format!(
            "the name of a fact is longer than {FACT_NAME_BYTES_MAX} bytes: `{name}…`"
        )));
    }
    Ok(format!("{group}.{member}"))
}

/// Whether `evaluations` are there. Without any, a request for several is a request.
fn asks_several(evaluations: &Json) -> bool {
    match evaluations {
        Json::Null => false,
        Json::List(items) => !items.is_empty(),
        _ => true,
    }
}

fn text<'a>(entity: Option<&'a Json>, name: &str, member: &str) -> Result<&'a str, RequestError> {
    match entity.and_then(|entity| entity.member(member)) {
        Some(Json::Text(text)) => Ok(text),
        Some(_) => Err(RequestError::Request(format!(
            "`{name}.{member}` is not a text"
        ))),
        None => Err(RequestError::Request(format!(
            "`{name}.{member}` is missing"
        ))),
    }
}

fn properties<'a>(entity: Option<&'a Json>, name: &str) -> Result<Option<&'a Json>, RequestError> {
    let properties = entity.and_then(|entity| entity.member("properties"));
    object(properties, &format!("{name}.properties"))
}

/// An object that may be absent, also as null.
fn object<'a>(value: Option<&'a Json>, name: &str) -> Result<Option<&'a Json>, RequestError> {
    match value {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Object(_)) => Ok(value),
        Some(_) => Err(RequestError::Request(format!("`{name}` is not an object"))),
    }
}
