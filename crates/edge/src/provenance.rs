//! Where a command comes from: who asks, by which credential, from where, and as part of which request.
//!
//! The router puts it together once a request ([`Asked`]) and every call that a handler makes to an object carries it, without the handler's doing.
//! What an object writes down about a change (the audit log, the replies to repeated requests) comes from here.

use std::{cell::Cell, rc::Rc};

use serde::{Deserialize, Serialize};

use crate::{
    authenticate::{Caller, operator},
    edge::{Edge, Later},
    http::{Request, Response},
    idempotency::{self, Repeat},
    objects::{CallError, Manner, ObjectCall, Objects},
    precondition::IfMatch,
    problem::ApiError,
};

/// Longest kept text of `User-Agent` and of a network address, in bytes.
const CLIENT_BYTES_MAX: usize = 120;

/// Where a command comes from. An empty one is an object's own doing: its alarm, or another object's outbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// Id of the principal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The kind of their credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// What tells the credential from others of its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// The client's network address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// What the client calls itself, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The request, when it says that it may be sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// What the caller believes to edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_match: Option<IfMatch>,
}

impl Provenance {
    /// Reads what the Worker sent along, if anything.
    ///
    /// # Errors
    /// When it is not of this form, which is a fault.
    pub fn parse(text: Option<&str>) -> Result<Self, ApiError> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        serde_json::from_slice(text.as_bytes())
            .map_err(|error| ApiError::internal(format!("provenance cannot be read: {error}")))
    }

    /// Where a request of `caller` comes from.
    fn by(request: &Request, caller: Option<&Caller>) -> Self {
        Self {
            principal: caller.map(|caller| caller.principal.as_str().to_owned()),
            credential: caller.map(|caller| caller.credential.as_str().to_owned()),
            credential_id: caller.and_then(|caller| caller.credential_id.clone()),
            ..Self::of(request)
        }
    }

    /// Where a request comes from, before anybody has proven who they are.
    fn of(request: &Request) -> Self {
        Self {
            client: request.header("cf-connecting-ip").and_then(visible),
            user_agent: request.header("user-agent").and_then(visible),
            ..Self::default()
        }
    }
}

/// The visible part of a header, shortened.
fn visible(text: &str) -> Option<String> {
    let visible = text.chars().filter(|c| matches!(c, ' '..='~'));
    let text: String = visible.take(CLIENT_BYTES_MAX).collect();
    (!text.is_empty()).then_some(text)
}

/// One request's view of the outside world.
pub struct Asked {
    /// What the handler works with: its calls say where they come from.
    pub edge: Edge,
    /// Whether the request says that it may be sent again.
    pub may_come_again: bool,
    is_replay: Rc<Cell<bool>>,
}

impl Asked {
    /// Of a caller, or of somebody who needs to prove nothing.
    ///
    /// # Errors
    /// 400 for a header that is wrong by itself.
    pub fn new(
        edge: &Edge,
        request: &Request,
        caller: Option<&Caller>,
        if_match: Option<IfMatch>,
    ) -> Result<Self, ApiError> {
        let repeat = idempotency::read(edge, request, caller)?;
        let provenance = Provenance {
            if_match,
            ..Provenance::by(request, caller)
        };
        Ok(Self::of(edge, provenance, repeat))
    }

    /// Of who has proven by this very request who they are.
    pub fn by_sign_in(edge: &Edge, request: &Request, caller: &Caller) -> Self {
        Self::of(edge, Provenance::by(request, Some(caller)), None)
    }

    /// Of the operator.
    pub fn by_operator(edge: &Edge, request: &Request, if_match: Option<IfMatch>) -> Self {
        let provenance = Provenance {
            principal: Some(operator::NAME.to_owned()),
            credential: Some(operator::NAME.to_owned()),
            if_match,
            ..Provenance::of(request)
        };
        Self::of(edge, provenance, None)
    }

    fn of(edge: &Edge, provenance: Provenance, repeat: Option<Repeat>) -> Self {
        let may_come_again = repeat.is_some();
        let is_replay = Rc::new(Cell::new(false));
        let objects = Attributed {
            inner: edge.objects.clone(),
            provenance,
            repeat,
            calls: Cell::new(0),
            is_replay: is_replay.clone(),
        };
        Self {
            edge: Edge {
                objects: Rc::new(objects),
                ..edge.clone()
            },
            may_come_again,
            is_replay,
        }
    }

    /// The answer, marked when it repeats an earlier one.
    pub fn finish(&self, response: Response) -> Response {
        if self.is_replay.get() {
            idempotency::replayed(&self.edge.config, response)
        } else {
            response
        }
    }
}

/// Objects whose every call says where it comes from.
struct Attributed {
    inner: Rc<dyn Objects>,
    provenance: Provenance,
    repeat: Option<Repeat>,
    /// Calls so far that may change something; a request that is sent again makes them in the same order.
    calls: Cell<u32>,
    is_replay: Rc<Cell<bool>>,
}

impl Objects for Attributed {
    fn call<'a>(&'a self, call: ObjectCall<'a>) -> Later<'a, Result<Response, CallError>> {
        if !call.is_attributed {
            return self.inner.call(call);
        }
        // What is asked by who has just signed in says so already.
        let stated = call.provenance.unwrap_or(&self.provenance);
        let mut provenance = stated.clone();
        // Whatever may be asked twice needs no memory of the first time.
        if call.manner == Manner::Once
            && let Some(repeat) = &self.repeat
        {
            let ordinal = self.calls.get();
            self.calls.set(ordinal.saturating_add(1));
            provenance.repeat = Some(Repeat {
                ordinal,
                ..repeat.clone()
            });
        }
        Box::pin(async move {
            let manner = match &provenance.repeat {
                // Done twice, it is answered from memory.
                Some(_) => Manner::Repeatable,
                None => call.manner,
            };
            let call = ObjectCall {
                provenance: Some(&provenance),
                manner,
                ..call
            };
            let response = self.inner.call(call).await?;
            let is_replay = response.status == idempotency::REPLAYED;
            if provenance.repeat.is_some() {
                // The last change is what is answered: the ones before it may be there of a try that failed.
                self.is_replay.set(is_replay);
            }
            if !is_replay {
                return Ok(response);
            }
            Ok(Response {
                status: 200,
                ..response
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Method;

    #[test]
    fn what_a_client_says_of_itself_is_short_and_visible() {
        let agent = format!("a\u{1b}[31mb\r\nc\u{202e}{}", "x".repeat(500));
        let request = Request::new(Method::Get, "/").with_header("user-agent", &agent);
        let provenance = Provenance::of(&request);
        let agent = provenance.user_agent.unwrap();
        assert!(agent.starts_with("a[31mbcx") && agent.len() == CLIENT_BYTES_MAX);
        assert_eq!(provenance.client, None);
    }
}
