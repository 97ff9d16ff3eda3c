//! Searches: who may do it, on what, and what one may do.
//!
//! Source: OpenID AuthZEN Authorization API 1.0, Subject Search, Resource Search and Action Search.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{
    EvaluationRequest, Location, RequestError, entity, member, object, parse, properties, stated,
    text,
};
use crate::json::Json;
use crate::{KindName, LevelName, ResourceTypes};

/// What is looked for: requests that are allowed, which differ in one thing. What has another type than the directory knows is nothing that can be found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Search {
    /// By their permission.
    Actions(EvaluationRequest),
    /// By their resource, a node of `level` below `within`.
    Resources {
        /// Which nodes.
        level: Option<LevelName>,
        /// What the resource's properties say of where they lie.
        within: Location,
        /// The request.
        request: EvaluationRequest,
    },
    /// By their principal.
    Subjects {
        /// Which principals.
        kind: Option<KindName>,
        /// The request.
        request: EvaluationRequest,
    },
}

/// A search, and which part of what is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    /// What is looked for.
    pub search: Search,
    /// The type of what is found, as it was asked for; `None` of actions.
    pub kind: Option<String>,
    /// `page.token`, of the answer before.
    pub token: Option<String>,
    /// `page.limit`: at most so many.
    pub limit: Option<u32>,
}

/// What was found, as AuthZEN writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Entity {
    /// An action.
    Action {
        /// Id of the permission.
        name: String,
    },
    /// A subject or a resource.
    Named {
        /// Its kind, its level, or what the policy calls a resource of that.
        #[serde(rename = "type")]
        kind: String,
        /// Its id.
        id: String,
    },
}

/// One page of what was found. `page` comes first, so that a client sees early whether more comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchResponse {
    /// How to go on.
    pub page: PageView,
    /// What was found.
    pub results: Vec<Entity>,
}

/// How to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PageView {
    /// What the next request has as `page.token`; empty at the end.
    pub next_token: String,
}

impl Entity {
    /// Its id, or its name.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Action { name } => name,
            Self::Named { id, .. } => id,
        }
    }
}

impl SearchRequest {
    /// Reads a Subject Search; `types` are those of the policy under which it is asked. `subject.id`, if there is one, is not looked at.
    ///
    /// # Errors
    /// When it is none.
    pub fn subjects(body: &[u8], types: &ResourceTypes) -> Result<Self, RequestError> {
        let body = parse(body)?;
        let [action, resource] = [entity(&body, "action")?, entity(&body, "resource")?];
        let kind = text(entity(&body, "subject")?, "subject", "type")?;
        let mut kinds = [KindName::User, KindName::ServiceAccount].into_iter();
        let search = Search::Subjects {
            kind: kinds.find(|known| known.as_str() == kind),
            request: EvaluationRequest {
                permission: text(action, "action", "name")?.to_owned(),
                location: Location::read(resource, types)?,
                member: member(resource)?,
                ..stating(&body)?
            },
        };
        Self::of(&body, search, Some(kind))
    }

    /// Reads a Resource Search, as [`Self::subjects`] does. `resource.id`, if there is one, is not looked at.
    ///
    /// # Errors
    /// When it is none.
    pub fn resources(body: &[u8], types: &ResourceTypes) -> Result<Self, RequestError> {
        let body = parse(body)?;
        let [subject, action] = [entity(&body, "subject")?, entity(&body, "action")?];
        let resource = entity(&body, "resource")?;
        text(subject, "subject", "type")?;
        let kind = text(resource, "resource", "type")?;
        let search = Search::Resources {
            level: types.level(kind).map(LevelName::from),
            within: Location::of(None, properties(resource, "resource")?)?,
            request: EvaluationRequest {
                principal: text(subject, "subject", "id")?.to_owned(),
                permission: text(action, "action", "name")?.to_owned(),
                ..stating(&body)?
            },
        };
        Self::of(&body, search, Some(kind))
    }

    /// Reads an Action Search, as [`Self::subjects`] does.
    ///
    /// # Errors
    /// When it is none.
    pub fn actions(body: &[u8], types: &ResourceTypes) -> Result<Self, RequestError> {
        let body = parse(body)?;
        let [subject, resource] = [entity(&body, "subject")?, entity(&body, "resource")?];
        text(subject, "subject", "type")?;
        let search = Search::Actions(EvaluationRequest {
            principal: text(subject, "subject", "id")?.to_owned(),
            location: Location::read(resource, types)?,
            member: member(resource)?,
            ..stating(&body)?
        });
        Self::of(&body, search, None)
    }

    fn of(body: &Json, search: Search, kind: Option<&str>) -> Result<Self, RequestError> {
        let page = object(body.member("page"), "page")?;
        let of_page = |name: &str| page.and_then(|page| page.member(name));
        let token = match of_page("token") {
            None | Some(Json::Null) => None,
            // An empty one is what the last page has.
            Some(Json::Text(token)) => Some(token.to_string()).filter(|token| !token.is_empty()),
            Some(_) => return Err(RequestError::Request("`page.token` is not a text".into())),
        };
        let limit = match of_page("limit") {
            None | Some(Json::Null) => None,
            Some(Json::Integer(limit)) => {
                u32::try_from(*limit).map(Some).map_err(|_| wrong_limit())?
            }
            Some(_) => return Err(wrong_limit()),
        };
        Ok(Self {
            search,
            kind: kind.map(str::to_owned),
            token,
            limit,
        })
    }
}

fn wrong_limit() -> RequestError {
    RequestError::Request(format!("`page.limit` is a number from 0 to {}", u32::MAX))
}

/// A request with nothing but what `body` states.
fn stating(body: &Json) -> Result<EvaluationRequest, RequestError> {
    let (facts, unusable) = stated(body)?;
    Ok(EvaluationRequest {
        principal: String::new(),
        permission: String::new(),
        location: Location::default(),
        member: None,
        facts,
        unusable,
    })
}
