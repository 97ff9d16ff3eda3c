//! JWTs of the deployment's issuers, and of those that an organization registered.
//!
//! Identity is (issuer, subject): the user id is derived from the two, so a claim about an address never makes two people one.

mod own;
mod verified;

use std::{cell::Cell, rc::Rc};

use lockstep_token::{
    Address, Claims, IssuerRecord, OrganizationId, Times, Token, TokenError, UserId,
    id::derived_user_id, json::Value,
};

use super::{Caller, CredentialKind, FreshCaller, Identity, Principal};
use crate::{
    config::Config,
    edge::Edge,
    issuers::Issuer,
    log,
    objects::ask,
    problem::ApiError,
    published::{self, Known, Need},
    signatures::Checked,
    user::{self, Authenticated, Said, UserObject},
};

pub(super) use own::confirm;
pub use verified::Cache;
use verified::{Name, Proven};

/// The scope of the deployment's own issuers in caches.
const DEPLOYMENT: &str = "";
/// The claim that is an address.
const EMAIL: &str = "email";
/// The claim that says whether the issuer has verified it.
const EMAIL_VERIFIED: &str = "email_verified";

/// How old may be what is known of an organization's issuers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// As old as what is known of a principal.
    Known,
    /// The object is asked during this request.
    Now,
}

/// The caller of a JWT: of one of the deployment's issuers, or else of one that the request's organization registered.
pub(super) async fn caller(
    edge: &Edge,
    text: &str,
    organization: Option<&OrganizationId>,
    age: Age,
) -> Result<Caller, ApiError> {
    let deployment = Scope::deployment(edge);
    let name = Name::of(deployment.epoch, text);
    if let Some(proven) = remembered(edge, &deployment, &name).await? {
        return of_deployment(&proven);
    }
    let token = Token::parse(text).map_err(refused)?;
    // What is issued here is for others (J17), whoever's record might name it.
    if token.unverified_issuer() == Some(&edge.config.origin) && edge.config.signing_keys.is_some()
    {
        return Err(user::refused());
    }
    let is_its = |record: &IssuerRecord| token.unverified_issuer() == Some(record.issuer());
    // What the deployment says of an issuer, no organization says otherwise.
    let others = organization.filter(|_| !deployment.records.iter().any(is_its));
    if let Some(organization) = others {
        return own::caller(edge, &token, text, organization, age).await;
    }
    let proven = verified(edge, &deployment, &token, name).await?;
    of_deployment(&proven)
}

impl Caller {
    /// The caller, once the user of a JWT is known to their object. Whoever only asks needs no object: an
    /// issuer vouches for who they are, and what they hold is their organization's to say.
    ///
    /// An address counts as long as it is theirs: what an older token calls its user may be somebody else's by now. One that says nothing proves none, however the user was called before.
    ///
    /// # Errors
    /// 503 when the object does not answer.
    pub async fn recognized(self, edge: &Edge) -> Result<Self, ApiError> {
        let Some(identity) = &self.identity else {
            return Ok(self);
        };
        let command = user::Command::Recognize {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            address: self.address.clone(),
            said: identity.said,
        };
        let name = self.user()?.as_str();
        let known = ask::<UserObject, Authenticated>(&*edge.objects, name, &command).await?;
        let address = self
            .address
            .filter(|said| known.address.as_ref() == Some(said));
        Ok(Self { address, ..self })
    }
}

impl FreshCaller {
    /// [`Caller::recognized`].
    ///
    /// # Errors
    /// As that.
    pub async fn recognized(self, edge: &Edge) -> Result<Self, ApiError> {
        self.0.recognized(edge).await.map(Self)
    }
}

fn of_deployment(proven: &Proven) -> Result<Caller, ApiError> {
    let (issuer, subject) = (proven.issuer.clone(), proven.subject.clone());
    let user = proven.user.clone().ok_or_else(user::refused)?;
    Ok(Caller {
        address: proven.address.clone(),
        identity: Some(Identity {
            issuer,
            subject,
            said: proven.said,
        }),
        ..of_user(user, &proven.times)
    })
}

/// A user by a JWT, checked now.
fn of_user(user: UserId, times: &Times) -> Caller {
    Caller {
        principal: Principal::User(user),
        address: None,
        credential: CredentialKind::Jwt,
        credential_id: None,
        confirmed: None,
        issuer: None,
        narrow: None,
        hash: None,
        until_ms: Some(times.ends_at_s().saturating_mul(1_000)),
        is_old: false,
        is_fresh: true,
        identity: None,
    }
}

/// Records that a token is held against, and their name in caches.
struct Scope<'a> {
    /// Whose they are: nothing for the deployment's.
    name: &'a str,
    /// Another one after each change of them.
    epoch: &'a str,
    records: &'a [IssuerRecord],
}

impl<'a> Scope<'a> {
    fn deployment(edge: &'a Edge) -> Self {
        Self {
            name: DEPLOYMENT,
            epoch: &edge.config.issuers_digest,
            records: edge.config.issuers.records(),
        }
    }

    fn own(issuer: &'a Issuer) -> Self {
        Self {
            name: &issuer.scope,
            epoch: &issuer.scope,
            records: std::slice::from_ref(&issuer.record),
        }
    }
}

/// What a token says, from this isolate's memory if it was verified before.
async fn remembered(
    edge: &Edge,
    scope: &Scope<'_>,
    name: &Name,
) -> Result<Option<Rc<Proven>>, ApiError> {
    let found = edge.verified.find(name).and_then(|proven| {
        let mut records = scope.records.iter();
        let record = records.find(|record| record.issuer() == proven.issuer)?;
        Some((proven, record))
    });
    let Some((proven, record)) = found else {
        return Ok(None);
    };
    let known = published::keys(edge, scope.name, record, Need::Current).await?;
    if !proven.is_by(known.as_ref().map(|known| &known.keys)) {
        return Ok(None);
    }
    let valid = proven.times.check(now_s(edge));
    valid.map(|()| Some(proven)).map_err(|error| {
        edge.verified.forget(name);
        refused(error)
    })
}

/// What a token says, once its signature and claims hold.
async fn verified(
    edge: &Edge,
    scope: &Scope<'_>,
    token: &Token<'_>,
    name: Name,
) -> Result<Rc<Proven>, ApiError> {
    let record = token.record(scope.records).map_err(refused)?;
    let known = published(edge, scope.name, token, record).await?;
    let keys = known.map(|known| known.keys);
    let request = token
        .select_from(record, keys.as_deref())
        .map_err(refused)?;
    let verified = request
        .verify(&Checked(&*edge.signatures))
        .await
        .map_err(refused)?;
    let now_s = now_s(edge);
    let claims = verified.claims(now_s).map_err(refused)?;
    let is_ours = scope.name == DEPLOYMENT;
    let is_believed = is_ours && is_believed(&edge.config, &claims);
    let address = is_believed.then(|| verified_address(&claims)).flatten();
    let said = if is_believed {
        said(&claims, now_s)
    } else {
        Said::Ever
    };
    let (issuer, subject) = (claims.issuer(), claims.subject());
    let user = is_ours.then(|| derived_user_id(&edge.config.keys.id, issuer, subject));
    let proven = Rc::new(Proven {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        user,
        address,
        said,
        times: claims.times(),
        keys: keys.as_ref().map(Rc::downgrade),
        admitted_at_ms: Cell::default(),
    });
    edge.verified.remember(name, proven.clone());
    Ok(proven)
}

fn now_s(edge: &Edge) -> i64 {
    edge.clock.now_ms() / 1_000
}

/// The published keys that count for a token; newer ones, when those that are known lack its key.
async fn published(
    edge: &Edge,
    scope: &str,
    token: &Token<'_>,
    record: &IssuerRecord,
) -> Result<Option<Known>, ApiError> {
    let known = published::keys(edge, scope, record, Need::Current).await?;
    if let Some(lacking) = &known
        && let Err(TokenError::Key) = token.select_from(record, Some(&lacking.keys))
    {
        return published::keys(edge, scope, record, Need::NewerThan(lacking)).await;
    }
    Ok(known)
}

/// Whether the deployment believes the issuer about addresses.
fn is_believed(config: &Config, claims: &Claims<'_>) -> bool {
    let mut believed = config.email_issuers.iter();
    believed.any(|issuer| issuer == claims.issuer())
}

/// The address that the token of a believed issuer vouches for: only what it says to have verified.
fn verified_address(claims: &Claims<'_>) -> Option<String> {
    let is_verified = claims.members().member(EMAIL_VERIFIED) == Some(&Value::Bool(true));
    let email = claims.members().text(EMAIL).filter(|_| is_verified)?;
    Address::parse(email)
        .ok()
        .map(|address| address.as_str().to_owned())
}

/// A token that has neither claim says nothing of an address: its client asked for none. Without `iat` it speaks for now.
fn said(claims: &Claims<'_>, now_s: i64) -> Said {
    let has = |claim| claims.members().member(claim).is_some();
    if has(EMAIL) || has(EMAIL_VERIFIED) {
        Said::At(claims.issued_at_s().unwrap_or(now_s))
    } else {
        Said::Nothing
    }
}

/// One answer for every token that is not valid; what is wrong with it is nobody's business but the log's, and there only when it is our fault.
fn refused(error: TokenError) -> ApiError {
    if let TokenError::Verifier { reason } = &error {
        log::error(&format!("signature arithmetic failed: {reason}"));
    }
    user::refused()
}

#[cfg(test)]
mod tests;
