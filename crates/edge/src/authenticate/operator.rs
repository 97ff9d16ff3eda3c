//! The operator: who runs the deployment, and is nobody in any organization.

use serde::{Deserialize, Serialize};

use super::{refuse, refused};
use crate::{
    credential::{self, Credential},
    edge::Edge,
    http::Request,
    problem::ApiError,
};

/// By which name the audit log knows the operator; no principal's id is like it.
pub const NAME: &str = "operator";

/// Proof that a request carries the operator's key; only [`Operator::of`] makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator(());

impl Operator {
    /// The operator, if the request carries that key and nothing else. Without a configured one there is none.
    ///
    /// # Errors
    /// 400 for two credentials, 401 for any other.
    pub fn of(edge: &Edge, request: &Request) -> Result<Self, ApiError> {
        let presented = credential::read(request).map_err(refuse)?;
        match (presented, &edge.config.operator) {
            (Some(Credential::Bearer(text)), Some(key)) if key.is(text, &edge.config.keys) => {
                Ok(Self(()))
            }
            (None, _) => Err(refused()),
            (Some(_), _) => Err(refuse(refused())),
        }
    }
}
