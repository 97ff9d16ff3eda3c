//! Who is calling: exactly one credential, checked by the object that knows it.

mod jwt;

pub use jwt::Cache as VerifiedTokens;

use lockstep_token::{Secret, SecretKind, UserId};

use crate::{
    credential::{self, Credential},
    edge::Edge,
    http::Request,
    objects::ask,
    problem::{ApiError, Code},
    user::{self, Authenticated, Presented, UserObject},
};

/// How much of a credential's hash names it in the audit log, in characters.
const CREDENTIAL_ID_CHARS: usize = 16;

/// The principal behind a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The user's verified address, if there is one.
    pub address: Option<String>,
    /// How the user proved it.
    pub credential: CredentialKind,
    /// The hash of the secret, when the credential is one of ours.
    pub hash: Option<String>,
    /// Who the issuer of a JWT says the user is.
    pub identity: Option<Identity>,
}

/// A user as another system names them; a user id is derived from the two.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The issuer.
    pub issuer: String,
    /// The issuer's name for the user.
    pub subject: String,
}

/// How a caller proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A JWT of a configured issuer.
    Jwt,
    /// A personal access token.
    PersonalAccessToken,
    /// A session cookie.
    Session,
}

impl CredentialKind {
    /// The name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::PersonalAccessToken => "personal_access_token",
            Self::Session => "session",
        }
    }
}

impl Caller {
    /// What tells the credential from others of its kind in the audit log: the beginning of its hash.
    #[must_use]
    pub fn credential_id(&self) -> Option<String> {
        let hash = self.hash.as_ref()?;
        Some(hash.chars().take(CREDENTIAL_ID_CHARS).collect())
    }

    /// Refuses callers who did not sign in themselves: a token makes no other token.
    ///
    /// # Errors
    /// 403 `session-required`.
    pub fn require_session(&self) -> Result<(), ApiError> {
        if self.credential == CredentialKind::Session {
            return Ok(());
        }
        Err(ApiError::new(
            Code::SessionRequired,
            "Sign in and do this in the console; a token may not.",
        ))
    }
}

/// Whether a request carries a credential that no other site can make a browser send.
#[must_use]
pub fn is_bearer(request: &Request) -> bool {
    matches!(credential::read(request), Ok(Some(Credential::Bearer(_))))
}

/// The caller of a request.
///
/// # Errors
/// 400 for two credentials, 401 for none or one that is not valid, 503 when the object that knows it does not answer.
pub async fn caller(edge: &Edge, request: &Request) -> Result<Caller, ApiError> {
    match credential::read(request)? {
        None => {
            let detail = "Send a session cookie, a personal access token or a JWT.";
            Err(ApiError::new(Code::Unauthenticated, detail))
        }
        Some(Credential::Session(text)) => secret(edge, SecretKind::Session, text).await,
        // A JWT is the only credential with dots in it.
        Some(Credential::Bearer(text)) if text.contains('.') => jwt::caller(edge, text).await,
        Some(Credential::Bearer(text)) => secret(edge, SecretKind::PersonalAccessToken, text).await,
    }
}

/// Makes the user of a JWT known to their object. Whoever only asks needs none: an issuer vouches for
/// who they are, and what they hold is their organization's to say.
///
/// # Errors
/// 503 when the object does not answer.
pub async fn recognize(edge: &Edge, caller: &Caller) -> Result<(), ApiError> {
    let Some(identity) = &caller.identity else {
        return Ok(());
    };
    let command = user::Command::Recognize {
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
        address: caller.address.clone(),
    };
    let name = caller.user.as_str();
    ask::<UserObject, Authenticated>(&*edge.objects, name, &command).await?;
    Ok(())
}

/// A secret of ours: its checksum and its owner's keyed check are read before any object is called.
async fn secret(edge: &Edge, kind: SecretKind, text: &str) -> Result<Caller, ApiError> {
    let secret = Secret::parse(kind, &edge.config.keys.id, text).map_err(credential::refused)?;
    let user = secret.user().ok_or_else(user::refused)?.clone();
    let hash = secret.hash().to_hex();
    let (presented, credential) = match kind {
        SecretKind::Session => (
            Presented::Session { hash: hash.clone() },
            CredentialKind::Session,
        ),
        _ => (
            Presented::PersonalAccessToken { hash: hash.clone() },
            CredentialKind::PersonalAccessToken,
        ),
    };
    let command = user::Command::Authenticate { presented };
    let asked = ask::<UserObject, Authenticated>(&*edge.objects, user.as_str(), &command).await;
    let authenticated = asked.map_err(|error| match error.code() {
        // No such user is not told apart from no such secret.
        Code::NotFound => user::refused(),
        _ => error,
    })?;
    Ok(Caller {
        user,
        address: authenticated.address,
        credential,
        hash: Some(hash),
        identity: None,
    })
}
