//! Token exchange (RFC 8693): a personal access token or service key for a JWT of a few minutes, in the profile of RFC 9068, which a service verifies by our published keys without asking.
//!
//! What the JWT carries is what the token is worth at this instant in one organization, on one node and everything below it (law 6), and never more than was asked for. What is sensitive is decided anew every time it is done, so no JWT carries it.
//! The edge itself accepts none of these: no issuer's record may name it, and no audience may be its own.

use lockstep_token::id::opaque_id;
use serde::Serialize;

use crate::{
    authenticate::{self, FreshCaller},
    credential,
    edge::Edge,
    form::{Form, OAuthCode, OAuthError, Refusal},
    http::Request,
    objects::ask,
    organization::{Command, FreshActor, OrganizationObject, Worth, WorthCommand},
    place::{Named, Place},
    problem::ApiError,
    signatures::Checked,
};

/// How long a JWT lives at most, in seconds. Services are told so: it is how far behind a revocation they may be.
pub const LIFETIME_S: i64 = 300;
/// The grant type of RFC 8693.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The type of what is presented, and of what is issued.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// Another name of the type of what is issued.
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
/// `typ` of an access token (RFC 9068, section 2.1).
const TYP: &str = "at+jwt";

/// The answer of RFC 8693, section 2.2.1.
#[derive(Debug, Serialize)]
pub struct Issued {
    access_token: String,
    issued_token_type: &'static str,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
}

/// The claims of RFC 9068, section 2.2, and two of ours.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: &'a str,
    scope: &'a str,
    organization: &'a str,
    subtree: &'a str,
}

/// What is asked for.
struct Asked<'a> {
    subject_token: &'a str,
    audience: &'a str,
    scope: Option<Vec<&'a str>>,
}

/// Whether the deployment exchanges tokens.
#[must_use]
pub fn is_offered(edge: &Edge) -> bool {
    edge.config.signing_keys.is_some() && !edge.config.exchange_audiences.is_empty()
}

/// Exchanges the token in the form of `request`.
///
/// # Errors
/// In the words of OAuth for whatever the client can mend; 404 where nothing is exchanged, 503 when an object does not answer.
pub async fn exchange(edge: &Edge, request: &Request) -> Result<Issued, Refusal> {
    let Some(keys) = edge
        .config
        .signing_keys
        .as_ref()
        .filter(|_| is_offered(edge))
    else {
        return Err(ApiError::not_found().into());
    };
    let form = Form::read(request)?;
    let asked = Asked::read(edge, request, &form)?;
    let caller = authenticate::presented(edge, asked.subject_token).await;
    let caller = caller.map_err(of_subject)?;
    let place = place(edge, request, &caller).map_err(of_subject)?;
    let worth = carried(edge, &caller, &place).await.map_err(of_subject)?;
    let scope = narrowed(&asked, &worth)?.join(" ");
    let iat = edge.clock.now_ms().div_euclid(1_000);
    let ends_ms = caller.until_ms().into_iter().chain(worth.until_ms).min();
    let ends = ends_ms.map_or(i64::MAX, |at_ms| at_ms.div_euclid(1_000));
    let exp = iat.saturating_add(LIFETIME_S).min(ends);
    if exp <= iat {
        return Err(invalid_subject().into());
    }
    let claims = Claims {
        iss: &edge.config.origin,
        sub: caller.principal.as_str(),
        aud: asked.audience,
        exp,
        iat,
        jti: opaque_id("jwt", edge.random.bytes()?),
        client_id: caller.credential_id.as_deref().unwrap_or_default(),
        scope: &scope,
        organization: place.organization().as_str(),
        subtree: &worth.node,
    };
    let claims = serde_json::to_string(&claims)
        .map_err(|error| ApiError::internal(format!("claims cannot be written: {error}")))?;
    let primitive = Checked(&*edge.signatures);
    let signed = keys.signer().sign(TYP, &claims, &primitive).await;
    let access_token =
        signed.map_err(|error| ApiError::internal(format!("signing failed: {error}")))?;
    Ok(Issued {
        access_token,
        issued_token_type: ACCESS_TOKEN,
        token_type: "Bearer",
        expires_in: exp.saturating_sub(iat),
        scope,
    })
}

impl<'a> Asked<'a> {
    fn read(edge: &Edge, request: &Request, form: &'a Form) -> Result<Self, Refusal> {
        if form.required("grant_type")? != GRANT_TYPE {
            let detail = "Tokens are exchanged here, and nothing else.";
            return Err(OAuthError::new(OAuthCode::UnsupportedGrantType, detail).into());
        }
        if !matches!(credential::read(request), Ok(None)) {
            let detail = "The token to be exchanged is the only credential; send no other one.";
            return Err(OAuthError::new(OAuthCode::InvalidRequest, detail).into());
        }
        let presented = form.required("subject_token_type")?;
        let wanted = form.value("requested_token_type").unwrap_or(ACCESS_TOKEN);
        let has_actor = form.value("actor_token").is_some();
        if presented != ACCESS_TOKEN || ![ACCESS_TOKEN, JWT].contains(&wanted) || has_actor {
            let detail = "An access token is exchanged for an access token, without an actor.";
            return Err(OAuthError::new(OAuthCode::InvalidRequest, detail).into());
        }
        let subject_token = form.required("subject_token")?;
        let audience = form.required("audience")?;
        let mut offered = edge.config.exchange_audiences.iter();
        if form.value("resource").is_some() || !offered.any(|known| known == audience) {
            let detail = "No token is made for this audience.";
            return Err(OAuthError::new(OAuthCode::InvalidTarget, detail).into());
        }
        let scope = form.value("scope").map(|scope| scope.split(' ').collect());
        Ok(Self {
            subject_token,
            audience,
            scope,
        })
    }
}

fn place(edge: &Edge, request: &Request, caller: &FreshCaller) -> Result<Place, ApiError> {
    Named::read(edge, request, None, None)?.of(edge, caller)
}

/// What the token carries, on its own node or on the workspace that a header names.
async fn carried(edge: &Edge, caller: &FreshCaller, place: &Place) -> Result<Worth, ApiError> {
    let organization = place.organization().as_str();
    let carry = WorthCommand::Carry {
        actor: FreshActor::of(caller, organization),
        node: place.workspace(edge, caller, None).await?,
    };
    let carry = Command::Worth(carry);
    ask::<OrganizationObject, _>(&*edge.objects, organization, &carry).await
}

/// What of it was asked for: all of that must be there.
fn narrowed<'a>(asked: &Asked<'a>, worth: &'a Worth) -> Result<Vec<&'a str>, Refusal> {
    let carried = || worth.permissions.iter().map(String::as_str);
    let mut scope: Vec<&str> = match &asked.scope {
        None => carried().collect(),
        Some(wanted)
            if wanted
                .iter()
                .all(|one| carried().any(|known| known == *one)) =>
        {
            carried().filter(|known| wanted.contains(known)).collect()
        }
        Some(_) => Vec::new(),
    };
    scope.sort_unstable();
    if scope.is_empty() {
        let detail = "The token does not carry this on all of its subtree at the moment; what is sensitive is never carried.";
        return Err(OAuthError::new(OAuthCode::InvalidScope, detail).into());
    }
    Ok(scope)
}

/// A refusal that is the subject token's fault, or the headers': nothing says more about the token than that.
fn of_subject(error: ApiError) -> Refusal {
    match error.code().status() {
        400 => OAuthError::new(OAuthCode::InvalidRequest, error.detail()).into(),
        401..=404 => invalid_subject().into(),
        _ => error.into(),
    }
}

/// The code that RFC 8693, section 2.2.2, has for it.
fn invalid_subject() -> OAuthError {
    let detail = "The token to be exchanged is not valid, or not in this organization.";
    OAuthError::new(OAuthCode::InvalidRequest, detail)
}
