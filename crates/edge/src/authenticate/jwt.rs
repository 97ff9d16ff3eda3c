//! JWTs of the deployment's issuers.
//!
//! Identity is (issuer, subject): the user id is derived from the two, so a claim about an address never makes two people one.

mod verified;

use std::rc::Rc;

use lockstep_token::{
    Address, Claims, IssuerRecord, Token, TokenError, id::derived_user_id, json::Value,
};

use super::{Caller, CredentialKind, Identity, Principal};
use crate::{
    config::Config,
    edge::Edge,
    log,
    problem::ApiError,
    published::{self, Known, Need},
    signatures::Checked,
    user,
};

pub use verified::Cache;
use verified::{Name, Proven};

/// The scope of the deployment's own issuers in caches.
const DEPLOYMENT: &str = "";

/// The caller of a JWT.
pub(super) async fn caller(edge: &Edge, text: &str) -> Result<Caller, ApiError> {
    let proven = proven(edge, text).await?;
    let (issuer, subject) = (proven.issuer.clone(), proven.subject.clone());
    Ok(Caller {
        principal: Principal::User(derived_user_id(&edge.config.keys.id, &issuer, &subject)),
        address: proven.address.clone(),
        credential: CredentialKind::Jwt,
        credential_id: None,
        confirmed: None,
        narrow: None,
        hash: None,
        until_ms: None,
        is_old: false,
        is_fresh: true,
        identity: Some(Identity { issuer, subject }),
    })
}

/// What a token says, from this isolate's memory if it was verified before.
async fn proven(edge: &Edge, text: &str) -> Result<Rc<Proven>, ApiError> {
    let records = edge.config.issuers.records();
    let name = Name::of(&edge.config.issuers_digest, text);
    let found = edge.verified.find(&name).and_then(|proven| {
        let record = records
            .iter()
            .find(|record| record.issuer() == proven.issuer)?;
        Some((proven, record))
    });
    if let Some((proven, record)) = found {
        let known = published::keys(edge, DEPLOYMENT, record, Need::Current).await?;
        if proven.is_by(known.as_ref().map(|known| &known.keys)) {
            let valid = proven.times.check(now_s(edge));
            return valid.map(|()| proven).map_err(|error| {
                edge.verified.forget(&name);
                refused(error)
            });
        }
    }
    let proven = Rc::new(verify(edge, records, text).await?);
    edge.verified.remember(name, proven.clone());
    Ok(proven)
}

async fn verify(edge: &Edge, records: &[IssuerRecord], text: &str) -> Result<Proven, ApiError> {
    let token = Token::parse(text).map_err(refused)?;
    let record = token.record(records).map_err(refused)?;
    let known = published(edge, &token, record).await?;
    let keys = known.map(|known| known.keys);
    let request = token
        .select_from(record, keys.as_deref())
        .map_err(refused)?;
    let verified = request
        .verify(&Checked(&*edge.signatures))
        .await
        .map_err(refused)?;
    let claims = verified.claims(now_s(edge)).map_err(refused)?;
    Ok(Proven {
        issuer: claims.issuer().to_owned(),
        subject: claims.subject().to_owned(),
        address: verified_address(&edge.config, &claims),
        times: claims.times(),
        keys,
    })
}

fn now_s(edge: &Edge) -> i64 {
    edge.clock.now_ms() / 1_000
}

/// The published keys that count for a token; newer ones, when those that are known lack its key.
async fn published(
    edge: &Edge,
    token: &Token<'_>,
    record: &IssuerRecord,
) -> Result<Option<Known>, ApiError> {
    let known = published::keys(edge, DEPLOYMENT, record, Need::Current).await?;
    if let Some(lacking) = &known
        && let Err(TokenError::Key) = token.select_from(record, Some(&lacking.keys))
    {
        return published::keys(edge, DEPLOYMENT, record, Need::NewerThan(lacking)).await;
    }
    Ok(known)
}

/// The address that the token vouches for: only of an issuer that the deployment believes in this, and only what it says to have verified.
fn verified_address(config: &Config, claims: &Claims<'_>) -> Option<String> {
    let is_believed = config
        .email_issuers
        .iter()
        .any(|issuer| issuer == claims.issuer());
    let is_verified = claims.members().member("email_verified") == Some(&Value::Bool(true));
    let email = claims
        .members()
        .text("email")
        .filter(|_| is_believed && is_verified)?;
    Address::parse(email)
        .ok()
        .map(|address| address.as_str().to_owned())
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
