//! JWTs of the deployment's issuers.
//!
//! Identity is (issuer, subject): the user id is derived from the two, so a claim about an address never makes two people one.

use lockstep_token::{
    Address, Claims, IssuerRecord, Token, TokenError, id::derived_user_id, json::Value,
};

use super::{Caller, CredentialKind, Identity};
use crate::{
    config::Config,
    edge::Edge,
    log,
    problem::ApiError,
    published::{self, Known, Need},
    signatures::Checked,
    user,
};

/// The scope of the deployment's own issuers in caches.
const DEPLOYMENT: &str = "";

/// The caller of a JWT.
pub(super) async fn caller(edge: &Edge, text: &str) -> Result<Caller, ApiError> {
    let token = Token::parse(text).map_err(refused)?;
    let record = token
        .record(edge.config.issuers.records())
        .map_err(refused)?;
    let known = published(edge, &token, record).await?;
    let keys = known.as_ref().map(|known| &*known.keys);
    let request = token.select_from(record, keys).map_err(refused)?;
    let verified = request
        .verify(&Checked(&*edge.signatures))
        .await
        .map_err(refused)?;
    let claims = verified
        .claims(edge.clock.now_ms() / 1_000)
        .map_err(refused)?;
    let (issuer, subject) = (claims.issuer(), claims.subject());
    let user = derived_user_id(&edge.config.keys.id, issuer, subject);
    Ok(Caller {
        user,
        address: verified_address(&edge.config, &claims),
        credential: CredentialKind::Jwt,
        hash: None,
        identity: Some(Identity {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
        }),
    })
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
