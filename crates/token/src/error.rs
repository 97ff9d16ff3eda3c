//! Why a token was refused.

use std::fmt;

use crate::json::JsonError;

/// Why a token was refused. It is for the log: whoever presents a token is told 401 and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// The header's `alg` is missing, no string, or none that is offered.
    Algorithm,
    /// The chosen key is for another algorithm than the header's.
    AlgorithmOfKey,
    /// None of the token's audiences is the record's.
    Audience,
    /// A segment is not base64url in its one canonical spelling.
    Base64 {
        /// `header`, `claims` or `signature`.
        segment: &'static str,
    },
    /// A claim has another type than it must have.
    ClaimType {
        /// Its name.
        claim: &'static str,
    },
    /// A required claim is missing.
    ClaimMissing {
        /// Its name.
        claim: &'static str,
    },
    /// The header asks for an extension (`crit`, `b64`, `zip`, `enc`); none is offered.
    Extension {
        /// The member that asks.
        member: &'static str,
    },
    /// The token is encrypted (five segments).
    Encrypted,
    /// Its time is over.
    Expired,
    /// A header member has another type than it must have.
    HeaderType {
        /// Its name.
        member: &'static str,
    },
    /// It says it was issued in the future.
    IssuedInFuture,
    /// No record is for its issuer.
    Issuer,
    /// A segment is not acceptable JSON.
    Json {
        /// `header` or `claims`.
        segment: &'static str,
        /// What is wrong with it.
        error: JsonError,
    },
    /// No key of the record is meant, or more than one could be. Where its keys are published, the issuer
    /// may have others by now: fetch them again, though not for every such token.
    Key,
    /// It lives longer than its record allows.
    Lifetime,
    /// Its `nbf` is in the future.
    NotYetValid,
    /// It does not have three segments.
    Segments,
    /// The signature does not verify.
    Signature,
    /// The signature cannot be one: wrong length, zero, or not below the modulus.
    SignatureForm,
    /// It is longer than [`TOKEN_LEN_MAX`](crate::jws::TOKEN_LEN_MAX).
    TooLong,
    /// Its `typ` is of another kind of token than the record accepts.
    Type,
    /// The primitive could not decide.
    Verifier {
        /// What it said.
        reason: String,
    },
}

impl fmt::Display for TokenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Algorithm => "the algorithm is not offered",
            Self::AlgorithmOfKey => "the key is for another algorithm",
            Self::Audience => "the token is for another audience",
            Self::Base64 { segment } => {
                return write!(
                    formatter,
                    "the {segment} segment is not canonical base64url"
                );
            }
            Self::ClaimMissing { claim } => return write!(formatter, "`{claim}` is missing"),
            Self::ClaimType { claim } => {
                return write!(formatter, "`{claim}` has the wrong type or range");
            }
            Self::Encrypted => "the token is encrypted",
            Self::Expired => "the token has expired",
            Self::Extension { member } => {
                return write!(
                    formatter,
                    "the header asks for `{member}`, which is not offered"
                );
            }
            Self::HeaderType { member } => {
                return write!(formatter, "the header's `{member}` has the wrong type");
            }
            Self::IssuedInFuture => "the token was issued in the future",
            Self::Issuer => "the issuer is not known",
            Self::Json { segment, error } => {
                return write!(
                    formatter,
                    "the {segment} segment is not acceptable: {error}"
                );
            }
            Self::Key => "no key fits",
            Self::Lifetime => "the token lives longer than its issuer may let it",
            Self::NotYetValid => "the token is not valid yet",
            Self::Segments => "the token does not have three segments",
            Self::Signature => "the signature does not verify",
            Self::SignatureForm => "the signature has an impossible form",
            Self::TooLong => "the token is too long",
            Self::Type => "the token is of another type",
            Self::Verifier { reason } => {
                return write!(formatter, "the signature could not be checked: {reason}");
            }
        };
        formatter.write_str(text)
    }
}

impl std::error::Error for TokenError {}
