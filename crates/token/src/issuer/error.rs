//! Why records are refused.

use std::fmt;

use super::ISSUERS_MAX;
use crate::json::JsonError;
use crate::jwk::KeySetError;
use crate::uri::UriError;

/// Why a list of records was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuersError {
    /// Two records have one issuer.
    Duplicate {
        /// The place of the second.
        index: usize,
    },
    /// It is not acceptable JSON.
    Json(JsonError),
    /// A record was refused.
    Record {
        /// Its place.
        index: usize,
        /// Why.
        error: IssuerError,
    },
    /// It is not an array of objects.
    Shape,
    /// It has more than [`ISSUERS_MAX`] records.
    TooMany,
}

impl fmt::Display for IssuersError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { index } => write!(formatter, "issuer {index} is listed before"),
            Self::Json(error) => write!(formatter, "the issuers are not acceptable JSON: {error}"),
            Self::Record { index, error } => write!(formatter, "issuer {index}: {error}"),
            Self::Shape => formatter.write_str("the issuers are not an array of objects"),
            Self::TooMany => write!(formatter, "there are more than {ISSUERS_MAX} issuers"),
        }
    }
}

impl std::error::Error for IssuersError {}

/// Why a record was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerError {
    /// `algorithms` names one that is not offered, or mixes symmetric and public ones.
    Algorithms,
    /// It is not acceptable JSON.
    Json(JsonError),
    /// Both of `keys` and `jwks_uri`, neither, or published symmetric keys.
    KeySource,
    /// `keys` was refused.
    Keys(KeySetError),
    /// A member is missing, empty, of the wrong type or out of range.
    Member {
        /// Its name.
        name: &'static str,
    },
    /// A member that no record has.
    Unknown {
        /// Its name.
        name: String,
    },
    /// `jwks_uri` was refused.
    Uri(UriError),
}

impl fmt::Display for IssuerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Algorithms => formatter.write_str(
                "`algorithms` names one that is not offered, or mixes symmetric and public ones",
            ),
            Self::Json(error) => write!(formatter, "not acceptable JSON: {error}"),
            Self::KeySource => formatter.write_str(
                "exactly one of `keys` and `jwks_uri` is needed, and `keys` for symmetric algorithms",
            ),
            Self::Keys(error) => write!(formatter, "`keys`: {error}"),
            Self::Member { name } => {
                write!(
                    formatter,
                    "`{name}` is missing, empty, of the wrong type or out of range"
                )
            }
            Self::Unknown { name } => write!(formatter, "`{name}` is not known"),
            Self::Uri(error) => write!(formatter, "`jwks_uri` {error}"),
        }
    }
}

impl std::error::Error for IssuerError {}
