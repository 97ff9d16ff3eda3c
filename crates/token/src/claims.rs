//! JWTs from text to claims. Each step takes what the one before it gave, so claims that nobody
//! verified cannot be read.
//!
//! 1. [`Token::parse`] reads the text strictly; it shows the issuer, to find records with.
//! 2. [`Token::select`] chooses record and key.
//! 3. [`Request::verify`] asks the signature primitive.
//! 4. [`Verified::claims`] holds the claims against the record and the time.
//!
//! ```
//! use lockstep_token::{Claims, Token, TokenError, issuer::Issuers, verify::Verifier};
//!
//! async fn subject(
//!     issuers: &Issuers,
//!     verifier: &impl Verifier,
//!     text: &str,
//!     now_s: i64,
//! ) -> Result<String, TokenError> {
//!     let token = Token::parse(text)?;
//!     let verified = token.select(issuers.records())?.verify(verifier).await?;
//!     let claims: Claims<'_> = verified.claims(now_s)?;
//!     Ok(claims.subject().to_owned())
//! }
//! ```
//!
//! J23: neither a parsed nor a selected token has claims to read,
//!
//! ```compile_fail,E0599
//! # use lockstep_token::{Token, issuer::Issuers};
//! fn subject(token: &Token<'_>) -> String {
//!     token.claims(0).unwrap().subject().to_owned()
//! }
//! ```
//!
//! ```compile_fail,E0599
//! # use lockstep_token::{Token, issuer::Issuers};
//! fn subject(token: &Token<'_>, issuers: &Issuers) -> String {
//!     token.select(issuers.records()).unwrap().claims(0).unwrap().subject().to_owned()
//! }
//! ```
//!
//! and nobody outside this crate makes a verified token:
//!
//! ```compile_fail,E0451
//! # use lockstep_token::{IssuerRecord, Verified, json::Object};
//! fn forged<'a>(claims: &'a Object, record: &'a IssuerRecord) -> Verified<'a> {
//!     Verified { claims, record }
//! }
//! ```

use std::fmt;

use crate::error::TokenError;
use crate::issuer::{FetchedKeys, IssuerRecord, KeySource};
use crate::json::{Object, Value};
use crate::jws::Jws;
use crate::verify::{SignatureCheck, Verifier};

/// A parsed and unverified JWT.
pub struct Token<'t> {
    jws: Jws<'t>,
    claims: Object,
}

impl<'t> Token<'t> {
    /// Reads a token: as [`Jws::parse`], and its payload has to be a strict JSON object.
    ///
    /// # Errors
    /// [`TokenError`] names the first rule that the text breaks.
    pub fn parse(text: &'t str) -> Result<Self, TokenError> {
        let jws = Jws::parse(text)?;
        let claims = Object::parse(jws.payload()).map_err(|error| TokenError::Json {
            segment: "claims",
            error,
        })?;
        Ok(Self { jws, claims })
    }

    /// The issuer that the token claims to have: good for finding records, and for nothing else.
    pub fn unverified_issuer(&self) -> Option<&str> {
        self.claims.text("iss")
    }

    /// Chooses the first record of exactly the token's issuer. What no key of it can have signed is
    /// refused here, so that nobody makes us fetch keys for nothing.
    ///
    /// # Errors
    /// [`TokenError`] when no record is for the issuer, for the token's `typ` or, where its keys are
    /// published, for its algorithm.
    pub fn record<'a>(
        &self,
        records: impl IntoIterator<Item = &'a IssuerRecord>,
    ) -> Result<&'a IssuerRecord, TokenError> {
        let issuer = text(&self.claims, "iss")?;
        let mut records = records.into_iter();
        let record = records
            .find(|record| record.issuer() == issuer)
            .ok_or(TokenError::Issuer)?;
        self.check_kind(record)?;
        let is_published = matches!(record.source(), KeySource::Uri(_));
        if is_published && !record.algorithms().contains(&self.jws.algorithm()) {
            return Err(TokenError::AlgorithmOfKey);
        }
        Ok(record)
    }

    /// Chooses the key inside the token's record: among its own, or among those `fetched` for it.
    ///
    /// # Errors
    /// [`TokenError`] as [`KeySet::select`](crate::jwk::KeySet::select); [`TokenError::Issuer`] when
    /// the record is another issuer's, [`TokenError::Type`] as [`record`](Self::record),
    /// [`TokenError::Key`] when the keys are another record's.
    pub fn select_from<'a>(
        &'a self,
        record: &'a IssuerRecord,
        fetched: Option<&'a FetchedKeys>,
    ) -> Result<Request<'a>, TokenError> {
        if self.unverified_issuer() != Some(record.issuer()) {
            return Err(TokenError::Issuer);
        }
        self.check_kind(record)?;
        let keys = record.keys(fetched).ok_or(TokenError::Key)?;
        Ok(Request {
            check: keys.select(&self.jws)?,
            claims: &self.claims,
            record,
        })
    }

    /// [`record`](Self::record) and [`select_from`](Self::select_from) for records that have their
    /// keys with them.
    ///
    /// # Errors
    /// As those two.
    pub fn select<'a>(
        &'a self,
        records: impl IntoIterator<Item = &'a IssuerRecord>,
    ) -> Result<Request<'a>, TokenError> {
        self.select_from(self.record(records)?, None)
    }

    /// Refuses a token for another use, such as a logout token (RFC 8725 section 3.11).
    fn check_kind(&self, record: &IssuerRecord) -> Result<(), TokenError> {
        if !record.accepts_type(self.jws.kind()) {
            return Err(TokenError::Type);
        }
        Ok(())
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(unverified)")
    }
}

/// A token with its record and key, before the signature is checked.
#[must_use = "a request says nothing before it is verified"]
pub struct Request<'a> {
    check: SignatureCheck<'a>,
    claims: &'a Object,
    record: &'a IssuerRecord,
}

impl<'a> Request<'a> {
    /// Asks the signature primitive.
    ///
    /// # Errors
    /// As [`SignatureCheck::verify`].
    pub async fn verify(self, verifier: &impl Verifier) -> Result<Verified<'a>, TokenError> {
        self.check.verify(verifier).await?;
        Ok(Verified {
            claims: self.claims,
            record: self.record,
        })
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Request(unverified)")
    }
}

/// A token whose signature held. INVARIANT: only [`Request::verify`] makes one.
#[derive(Clone, Copy)]
#[must_use = "the claims still have to be held against the record and the time"]
pub struct Verified<'a> {
    claims: &'a Object,
    record: &'a IssuerRecord,
}

impl<'a> Verified<'a> {
    /// Holds the claims against the record, at `now_s` seconds since 1970.
    ///
    /// # Errors
    /// [`TokenError`] names the first claim that is missing, of the wrong type, or not satisfied.
    pub fn claims(self, now_s: i64) -> Result<Claims<'a>, TokenError> {
        let Self {
            claims: members,
            record,
        } = self;
        let subject = subject(members, record)?;
        let audiences = audiences(members)?;
        if !audiences
            .iter()
            .any(|one| record.audiences().iter().any(|own| own == one))
        {
            return Err(TokenError::Audience);
        }
        let times = Times {
            expires_at_s: time(members, "exp")?.ok_or(TokenError::ClaimMissing { claim: "exp" })?,
            issued_at_s: time(members, "iat")?,
            not_before_s: time(members, "nbf")?,
            leeway_s: record.leeway_s(),
            max_lifetime_s: record.max_lifetime_s(),
            issued_at_required: record.issued_at_required(),
        };
        times.check(now_s)?;
        let token_id = match members.member("jti") {
            None => None,
            Some(Value::Text(text)) => Some(text.as_str()),
            Some(_) => return Err(TokenError::ClaimType { claim: "jti" }),
        };
        Ok(Claims {
            members,
            record,
            subject,
            audiences,
            times,
            token_id,
        })
    }
}

impl fmt::Debug for Verified<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Verified({})", self.record.issuer())
    }
}

/// The claims of a token that is valid now.
#[derive(Clone, Debug)]
pub struct Claims<'a> {
    members: &'a Object,
    record: &'a IssuerRecord,
    subject: &'a str,
    audiences: Vec<&'a str>,
    times: Times,
    token_id: Option<&'a str>,
}

impl<'a> Claims<'a> {
    /// `iss`, which is exactly the record's. Identity is issuer and subject together.
    pub fn issuer(&self) -> &'a str {
        self.record.issuer()
    }

    /// The record that the token was held against.
    pub fn record(&self) -> &'a IssuerRecord {
        self.record
    }

    /// The claim that names the user (`sub`, unless the record says otherwise), never empty.
    pub fn subject(&self) -> &'a str {
        self.subject
    }

    /// `aud`; one of them is the record's.
    pub fn audiences(&self) -> &[&'a str] {
        &self.audiences
    }

    /// `exp`, in seconds since 1970. The record's leeway comes on top.
    pub fn expires_at_s(&self) -> i64 {
        self.times.expires_at_s
    }

    /// `iat`, in seconds since 1970.
    pub fn issued_at_s(&self) -> Option<i64> {
        self.times.issued_at_s
    }

    /// The times, to be checked again later without the token.
    pub fn times(&self) -> Times {
        self.times
    }

    /// `jti`.
    pub fn token_id(&self) -> Option<&'a str> {
        self.token_id
    }

    /// Every claim, those above included.
    pub fn members(&self) -> &'a Object {
        self.members
    }
}

/// The times of a token with what its record says about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    expires_at_s: i64,
    issued_at_s: Option<i64>,
    not_before_s: Option<i64>,
    leeway_s: i64,
    max_lifetime_s: i64,
    issued_at_required: bool,
}

impl Times {
    /// Whether a token of these times is valid at `now_s` seconds since 1970. Every sum saturates,
    /// so a time at the end of the range is only ever further away.
    ///
    /// # Errors
    /// [`TokenError`] names the first time that is not satisfied.
    pub fn check(&self, now_s: i64) -> Result<(), TokenError> {
        let latest_start_s = now_s.saturating_add(self.leeway_s);
        if now_s >= self.expires_at_s.saturating_add(self.leeway_s) {
            return Err(TokenError::Expired);
        }
        if self
            .not_before_s
            .is_some_and(|not_before_s| not_before_s > latest_start_s)
        {
            return Err(TokenError::NotYetValid);
        }
        if self
            .issued_at_s
            .is_some_and(|issued_at_s| issued_at_s > latest_start_s)
        {
            return Err(TokenError::IssuedInFuture);
        }
        let start_s = match self.issued_at_s {
            Some(issued_at_s) => issued_at_s,
            None if self.issued_at_required => {
                return Err(TokenError::ClaimMissing { claim: "iat" });
            }
            None => latest_start_s,
        };
        if self.expires_at_s.saturating_sub(start_s) > self.max_lifetime_s {
            return Err(TokenError::Lifetime);
        }
        Ok(())
    }

    /// The first second at which no such token is valid any more.
    pub fn ends_at_s(&self) -> i64 {
        self.expires_at_s.saturating_add(self.leeway_s)
    }
}

/// The record's subject claim; errors call it `sub`, whichever it is.
fn subject<'a>(claims: &'a Object, record: &IssuerRecord) -> Result<&'a str, TokenError> {
    let claim = "sub";
    match claims.member(record.subject_claim()) {
        None => Err(TokenError::ClaimMissing { claim }),
        Some(Value::Text(text)) if !text.is_empty() => Ok(text),
        Some(_) => Err(TokenError::ClaimType { claim }),
    }
}

/// A claim that is required and a text that is not empty.
fn text<'a>(claims: &'a Object, claim: &'static str) -> Result<&'a str, TokenError> {
    match claims.member(claim) {
        None => Err(TokenError::ClaimMissing { claim }),
        Some(Value::Text(text)) if !text.is_empty() => Ok(text),
        Some(_) => Err(TokenError::ClaimType { claim }),
    }
}

/// One text or a list of texts (RFC 7519 section 4.1.3).
fn audiences(claims: &Object) -> Result<Vec<&str>, TokenError> {
    let claim = "aud";
    match claims.member(claim) {
        None => Err(TokenError::ClaimMissing { claim }),
        Some(Value::Text(one)) => Ok(vec![one]),
        Some(Value::Array(several)) => {
            let texts: Option<Vec<_>> = several.iter().map(Value::as_text).collect();
            texts.ok_or(TokenError::ClaimType { claim })
        }
        Some(_) => Err(TokenError::ClaimType { claim }),
    }
}

/// A time in whole seconds since 1970. A claim of another type is not an absent one
/// (CVE-2026-25537), and a fraction, legal in RFC 7519, is refused: nobody issues one.
fn time(claims: &Object, claim: &'static str) -> Result<Option<i64>, TokenError> {
    match claims.member(claim) {
        None => Ok(None),
        Some(Value::Integer(seconds)) if *seconds >= 0 => Ok(Some(*seconds)),
        Some(_) => Err(TokenError::ClaimType { claim }),
    }
}
