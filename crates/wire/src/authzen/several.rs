//! Several requests in one body, and how each is answered.
//!
//! Source: OpenID AuthZEN Authorization API 1.0, Access Evaluations.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{EvaluationRequest, RequestError, asks_several, object, parse};
use crate::json::Json;
use crate::{DecisionView, ReasonView, ResourceTypes, UnknownPermission};

/// How many requests one body may have.
pub const EVALUATIONS_MAX: usize = 100;

/// What every request has unless it says something else, as a whole.
const ENTITIES: [&str; 4] = ["subject", "action", "resource", "context"];

/// What one body asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluations {
    /// One thing: `evaluations` is absent, or empty.
    One(EvaluationRequest),
    /// Several things, in their order. Those that are no requests are answered as such, each by itself.
    Several(Vec<Result<EvaluationRequest, RequestError>>, Semantic),
}

/// How far several requests are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Semantic {
    /// All of them.
    #[default]
    ExecuteAll,
    /// Up to the first that is denied.
    DenyOnFirstDeny,
    /// Up to the first that is allowed.
    PermitOnFirstPermit,
}

/// A decision as AuthZEN has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationResponse {
    /// Whether it is allowed.
    pub decision: bool,
    /// Why.
    pub context: EvaluationContext,
}

/// What is said beside a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvaluationContext {
    /// Why nothing could be decided, which is a deny.
    Error(EvaluationFault),
    /// Why it was decided so; one reason, the first that settles it.
    Reasons(Vec<ReasonView>),
}

/// What was wrong with one of several requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationFault {
    /// The status that it would have had by itself.
    pub status: u16,
    /// Stable code, as in [`super::ErrorDetail`].
    pub code: String,
    /// A sentence in English.
    pub message: String,
}

impl Evaluations {
    /// Reads the JSON body; `types` are those of the policy under which it is asked.
    ///
    /// # Errors
    /// When it is no JSON, or neither a request nor several; not when one of several is none.
    pub fn read(text: &[u8], types: &ResourceTypes) -> Result<Self, RequestError> {
        let body = parse(text)?;
        let items = match body.member("evaluations") {
            Some(Json::List(items)) if !items.is_empty() => items,
            Some(other) if asks_several(other) => {
                return Err(RequestError::Request("`evaluations` is not a list".into()));
            }
            _ => return EvaluationRequest::of(&body, types).map(Self::One),
        };
        if items.len() > EVALUATIONS_MAX {
            let message = format!("`evaluations` are more than {EVALUATIONS_MAX}");
            return Err(RequestError::Request(message));
        }
        let requests = items
            .iter()
            .map(|item| EvaluationRequest::of(&whole(item, &body), types));
        Ok(Self::Several(requests.collect(), semantic(&body)?))
    }
}

/// `item` with what it does not say itself.
fn whole(item: &Json, body: &Json) -> Json {
    if !matches!(item, Json::Object(_)) {
        return Json::Null;
    }
    let entity = |name: &&str| {
        let stated = item.member(name).or_else(|| body.member(name))?;
        Some(((*name).to_owned(), stated.clone()))
    };
    Json::Object(
        ENTITIES
            .iter()
            .filter_map(entity)
            .collect::<BTreeMap<_, _>>(),
    )
}

fn semantic(body: &Json) -> Result<Semantic, RequestError> {
    let options = object(body.member("options"), "options")?;
    match options.and_then(|options| options.member("evaluations_semantic")) {
        None | Some(Json::Null) => Ok(Semantic::default()),
        Some(Json::Text(name)) if name == "execute_all" => Ok(Semantic::ExecuteAll),
        Some(Json::Text(name)) if name == "deny_on_first_deny" => Ok(Semantic::DenyOnFirstDeny),
        Some(Json::Text(name)) if name == "permit_on_first_permit" => {
            Ok(Semantic::PermitOnFirstPermit)
        }
        Some(_) => {
            let message = "`options.evaluations_semantic` is `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`";
            Err(RequestError::Request(message.into()))
        }
    }
}

impl Semantic {
    /// Whether nothing after `decision` is answered.
    #[must_use]
    pub const fn ends_with(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }
}

impl From<DecisionView> for EvaluationResponse {
    fn from(view: DecisionView) -> Self {
        Self {
            decision: view.decision,
            context: EvaluationContext::Reasons(view.reasons),
        }
    }
}

impl EvaluationResponse {
    fn undecided(code: &str, message: String) -> Self {
        Self {
            decision: false,
            context: EvaluationContext::Error(EvaluationFault {
                status: 400,
                code: code.to_owned(),
                message,
            }),
        }
    }
}

impl From<&RequestError> for EvaluationResponse {
    fn from(error: &RequestError) -> Self {
        Self::undecided(error.code(), error.to_string())
    }
}

impl From<&UnknownPermission> for EvaluationResponse {
    fn from(error: &UnknownPermission) -> Self {
        Self::undecided("unknown-permission", error.to_string())
    }
}
