//! A policy document, compiled, with the digest that snapshots name it by.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use lockstep_core::{Policy, PolicyError, PolicySpec};
use sha2::{Digest, Sha256};

use crate::{PolicyDocument, nesting};

/// A policy that is right, with the document it was written as.
#[derive(Clone, Debug)]
pub struct CompiledPolicy {
    /// The compiled policy.
    pub policy: Arc<Policy>,
    /// The document.
    pub document: PolicyDocument,
    /// SHA-256 of the document as compact JSON, in lower-case hex. Two policies with the same digest
    /// decide alike, wherever they run.
    pub digest: String,
}

/// Why a JSON policy document cannot be used.
#[derive(Debug)]
pub enum PolicyDocumentError {
    /// It is not a policy document.
    Json(serde_json::Error),
    /// It is one, but wrong.
    Policy(PolicyError),
}

impl fmt::Display for PolicyDocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "not a policy document: {error}"),
            Self::Policy(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for PolicyDocumentError {}

impl CompiledPolicy {
    /// Compiles `document`.
    ///
    /// # Errors
    /// The first place where the policy is wrong.
    pub fn new(document: PolicyDocument) -> Result<Self, PolicyError> {
        let policy = Arc::new(Policy::compile(&PolicySpec::from(&document))?);
        document.resource_types.check()?;
        document.tokens.check()?;
        document.plan.check()?;
        let digest = Sha256::digest(to_json(&document));
        let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            policy,
            document,
            digest,
        })
    }

    /// Compiles the policy written as JSON in `text`.
    ///
    /// # Errors
    /// When `text` is not a policy document, or a wrong one.
    pub fn from_json(text: &str) -> Result<Self, PolicyDocumentError> {
        let document = nesting::check_policy(text)
            .map_err(|error| serde::de::Error::custom(error.message))
            .and_then(|()| serde_json::from_slice(text.as_bytes()))
            .map_err(PolicyDocumentError::Json)?;
        Self::new(document).map_err(PolicyDocumentError::Policy)
    }

    /// The document as compact JSON: what the digest is taken over.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(&self.document)
    }
}

fn to_json(document: &PolicyDocument) -> Vec<u8> {
    // Every member is a string, a number, a list or a map with string keys, which JSON can always
    // write; an empty text would name no policy.
    serde_json::to_vec(document).unwrap_or_default()
}
