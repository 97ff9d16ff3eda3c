//! Who is calling: exactly one credential, checked by the object that knows it.
//!
//! What that object answered counts for a while (`LOCKSTEP_FRESHNESS_MS`), as answers about what a principal was granted do; so a [`Caller`] may be a few seconds behind a revocation.
//! A [`FreshCaller`] is not: its credential was checked by its object during this request. Whatever changes something, and every sensitive decision, takes one of these.

mod cache;
mod jwt;
pub mod operator;
mod secret;

pub use cache::Cache;
pub use jwt::Cache as VerifiedTokens;
pub use operator::Operator;

use lockstep_token::{OrganizationId, Secret, SecretKind, UserId};

use jwt::Age;

use crate::{
    credential::Credential,
    edge::Edge,
    freshness::Confirmed,
    log,
    narrow::{Narrow, TokenUse},
    organization::IssuerUse,
    problem::{ApiError, Code},
    user::{self, Said},
};

/// Who is behind a request, and by what.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The principal.
    pub principal: Principal,
    /// The user's verified address, if there is one.
    pub address: Option<String>,
    /// How the principal proved itself.
    pub credential: CredentialKind,
    /// The id of that session, token or key; of a JWT, that of the organization's own issuer.
    pub credential_id: Option<String>,
    /// What the organization answered together with the check of a service key.
    pub confirmed: Option<Confirmed>,
    /// The organization's own issuer that vouched for the principal, which then acts in that organization only.
    pub issuer: Option<IssuerUse>,
    /// Who the issuer of a JWT says the user is.
    pub identity: Option<Identity>,
    /// What a token or key is narrowed to.
    narrow: Option<Narrow>,
    /// The hash of the secret, when the credential is one of ours.
    hash: Option<String>,
    /// From when on that secret no longer counts, as far as its object knew.
    until_ms: Option<i64>,
    /// Whether it is a session that should get another secret.
    is_old: bool,
    /// Whether the credential's object was asked during this request.
    is_fresh: bool,
}

/// A user as another system names them; a user id is derived from the two.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The issuer.
    pub issuer: String,
    /// The issuer's name for the user.
    pub subject: String,
    /// What the token says of their address.
    pub said: Said,
}

/// A caller whose credential was checked during this request; only this module makes one.
#[derive(Debug, Clone)]
pub struct FreshCaller(Caller);

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A program of one organization.
    ServiceAccount {
        /// The organization.
        organization: OrganizationId,
        /// The account's id.
        id: String,
    },
    /// A person.
    User(UserId),
}

impl Principal {
    /// The principal's id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::ServiceAccount { id, .. } => id,
            Self::User(user) => user.as_str(),
        }
    }
}

/// How a caller proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A JWT of a configured issuer.
    Jwt,
    /// A personal access token.
    PersonalAccessToken,
    /// A service key.
    ServiceKey,
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
            Self::ServiceKey => "service_key",
            Self::Session => "session",
        }
    }
}

impl Caller {
    /// The person who calls, for what only people have: an account, an address, invitations.
    ///
    /// # Errors
    /// 403 `person-required` for a service account, and for whom an organization's own issuer vouches.
    pub fn user(&self) -> Result<&UserId, ApiError> {
        match &self.principal {
            Principal::User(user) if self.issuer.is_none() => Ok(user),
            Principal::User(_) => Err(no_account(false)),
            Principal::ServiceAccount { .. } => Err(no_account(true)),
        }
    }

    /// The person who calls, with all that is theirs: account routes for which the policy has no permission take no token that is less than its user.
    ///
    /// # Errors
    /// 403 `person-required` for a service account, `out-of-token-scope` for a token with scopes or a subtree.
    pub fn whole_user(&self) -> Result<&UserId, ApiError> {
        if self.is_limited() {
            return Err(out_of_token_scope());
        }
        self.user()
    }

    /// The person who signed in: a token makes no other token and ends no session.
    ///
    /// # Errors
    /// 403 `session-required`.
    pub fn signed_in(&self) -> Result<&UserId, ApiError> {
        if self.credential == CredentialKind::Session {
            return self.user();
        }
        Err(ApiError::new(
            Code::SessionRequired,
            "Sign in and do this in the console; a token may not.",
        ))
    }

    /// From when on the token or key no longer counts, in Unix milliseconds, as far as its object knew.
    #[must_use]
    pub const fn until_ms(&self) -> Option<i64> {
        self.until_ms
    }

    /// When the token or key was made, in Unix milliseconds.
    #[must_use]
    pub fn made_at_ms(&self) -> Option<i64> {
        self.narrow.as_ref().map(|narrow| narrow.created_at_ms)
    }

    /// The organization in which alone the credential acts: a service key's, that of an issuer of its own, or that of a token's subtree.
    #[must_use]
    pub fn organization(&self) -> Option<&str> {
        if let Principal::ServiceAccount { organization, .. } = &self.principal {
            return Some(organization.as_str());
        }
        if let Some(used) = &self.issuer {
            return Some(&used.organization);
        }
        let subtree = self.narrow.as_ref()?.subtree.as_ref()?;
        Some(&subtree.organization)
    }

    /// Whether the credential is a token or key with scopes or a subtree.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.narrow.as_ref().is_some_and(Narrow::is_limited)
    }

    /// The token or key as `organization` sees it; `None` for a session and a JWT.
    #[must_use]
    pub fn token(&self, organization: &str) -> Option<TokenUse> {
        self.narrow
            .as_ref()
            .map(|narrow| narrow.within(organization))
    }

    /// Whether the caller's token, if it is one, may use `permission` where no organization is concerned: a subtree lies in one.
    #[must_use]
    pub fn may_use_anywhere(&self, permission: &str) -> bool {
        self.narrow.as_ref().is_none_or(|narrow| {
            let scopes = narrow.scopes.as_ref();
            narrow.subtree.is_none()
                && scopes.is_none_or(|scopes| scopes.iter().any(|scope| scope == permission))
        })
    }

    /// Whether the credential was checked not during this request, but not long before.
    #[must_use]
    pub const fn is_remembered(&self) -> bool {
        !self.is_fresh
    }

    /// Checks the credential with its object, unless this request has done so.
    ///
    /// # Errors
    /// As [`caller`].
    pub async fn confirm(self, edge: &Edge) -> Result<FreshCaller, ApiError> {
        if self.is_fresh {
            return Ok(FreshCaller(self));
        }
        let confirmed = match &self.issuer {
            Some(used) => jwt::confirm(edge, &self, used).await,
            None => secret::confirm(edge, &self).await,
        };
        confirmed.map(FreshCaller).map_err(refuse)
    }
}

impl FreshCaller {
    /// Checks the credential with its object once more: it may have ended since. A JWT of the deployment's issuers has none, and nothing but its own time ends it.
    ///
    /// # Errors
    /// As [`caller`].
    pub async fn confirm_again(self, edge: &Edge) -> Result<Self, ApiError> {
        let Self(caller) = self;
        let now_ms = edge.clock.now_ms();
        if caller.until_ms.is_some_and(|until_ms| until_ms <= now_ms) {
            return Err(refuse(refused()));
        }
        let is_kept = caller.hash.is_some() || caller.issuer.is_some();
        let is_fresh = !is_kept;
        Caller { is_fresh, ..caller }.confirm(edge).await
    }
}

impl std::ops::Deref for FreshCaller {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

/// What a request carries, as [`crate::credential::read`] finds it.
pub type Carried<'a> = Result<Option<Credential<'a>>, ApiError>;

/// The caller of a request, whose credential was checked now or not long ago; not before the epoch `at_least`, if there is one. `organization` is the one that the request is for: its own issuers count, too.
///
/// # Errors
/// 400 for two credentials, 401 for none or one that is not valid, 503 when the object that knows it does not answer.
pub async fn caller(
    edge: &Edge,
    carried: Carried<'_>,
    organization: Option<&OrganizationId>,
    at_least: Option<i64>,
) -> Result<Caller, ApiError> {
    let presented = present(edge, carried)?;
    let age = at_least.map_or(Age::Known, |_| Age::Now);
    let caller = match presented {
        Presented::Jwt(text) => jwt::caller(edge, text, organization, age).await,
        Presented::Secret(kind, text) => secret::caller(edge, kind, text, at_least).await,
    };
    caller.map_err(refuse)
}

/// The caller of a request, whose credential is checked now.
///
/// # Errors
/// As [`caller`].
pub async fn fresh_caller(
    edge: &Edge,
    carried: Carried<'_>,
    organization: Option<&OrganizationId>,
) -> Result<FreshCaller, ApiError> {
    let presented = present(edge, carried)?;
    let caller = match presented {
        Presented::Jwt(text) => jwt::caller(edge, text, organization, Age::Now).await,
        Presented::Secret(kind, text) => secret::fresh_caller(edge, kind, text).await,
    };
    caller.map(FreshCaller).map_err(refuse)
}

/// Whose personal access token or service key a request presents in its body; nothing else is one. It is checked now.
///
/// # Errors
/// 401 for what is not valid, 503 when the object that knows it does not answer.
pub async fn presented(edge: &Edge, text: &str) -> Result<FreshCaller, ApiError> {
    let kind = edge.config.prefixes.kind_of(text).filter(is_bearer_kind);
    let kind = kind.ok_or_else(refused)?;
    secret::fresh_caller(edge, kind, text)
        .await
        .map(FreshCaller)
}

/// Who has just been given a session. It is checked now, as any other.
///
/// # Errors
/// 503 when the object that knows it does not answer.
pub async fn opened(edge: &Edge, session: &Secret) -> Result<FreshCaller, ApiError> {
    secret::fresh_caller(edge, SecretKind::Session, session.reveal())
        .await
        .map(FreshCaller)
}

/// The cookie value that takes the place of a session's old one, if it is time for that. A failure is no reason to refuse the request: the old one still counts.
pub async fn rotated_session(edge: &Edge, caller: &Caller) -> Option<String> {
    let (Principal::User(user), Some(hash), true) =
        (&caller.principal, &caller.hash, caller.is_old)
    else {
        return None;
    };
    let rotated = secret::rotate_session(edge, user, hash).await;
    rotated.unwrap_or_else(|error| {
        let cause = error.cause().unwrap_or(error.detail());
        log::error(&format!("rotation of a session: {cause}"));
        None
    })
}

/// What a request carries.
enum Presented<'a> {
    Jwt(&'a str),
    Secret(SecretKind, &'a str),
}

fn present<'a>(edge: &Edge, carried: Carried<'a>) -> Result<Presented<'a>, ApiError> {
    match carried.map_err(refuse)? {
        None => {
            let detail = "Send a session cookie, a personal access token, a service key or a JWT.";
            Err(ApiError::new(Code::Unauthenticated, detail))
        }
        Some(Credential::Session(text)) => Ok(Presented::Secret(SecretKind::Session, text)),
        // A JWT is the only credential with dots in it.
        Some(Credential::Bearer(text)) if text.contains('.') => Ok(Presented::Jwt(text)),
        Some(Credential::Bearer(text)) => {
            let kind = edge.config.prefixes.kind_of(text);
            // What begins like no token of ours is told off as one that is misspelled.
            let kind = kind
                .filter(is_bearer_kind)
                .unwrap_or(SecretKind::PersonalAccessToken);
            Ok(Presented::Secret(kind, text))
        }
    }
}

/// What an organization's object refuses whom its issuer vouched for: then this isolate knows something else of the issuer than the object does.
#[must_use]
pub fn disowned(edge: &Edge, issuer: Option<&IssuerUse>, error: ApiError) -> ApiError {
    if let Some(used) = issuer
        && matches!(error.code(), Code::Unauthenticated | Code::Unavailable)
    {
        edge.issuers.forget(&used.organization);
        return refuse(error);
    }
    error
}

const fn is_bearer_kind(kind: &SecretKind) -> bool {
    matches!(
        kind,
        SecretKind::PersonalAccessToken | SecretKind::ServiceKey
    )
}

/// A credential was sent and is not valid (RFC 6750, section 3.1).
fn refuse(error: ApiError) -> ApiError {
    if error.code() == Code::Unauthenticated {
        error.with_invalid_token()
    } else {
        error
    }
}

/// The refusal of who has no account of their own: a program, or whom an organization's own issuer vouches for.
pub(crate) fn no_account(is_program: bool) -> ApiError {
    let detail = if is_program {
        "This is about a person's own account, and a service account has none."
    } else {
        "This is about an account of one's own, and who comes by an organization's issuer has none."
    };
    ApiError::new(Code::PersonRequired, detail)
}

/// The refusal of a token that is less than its user.
pub(crate) fn out_of_token_scope() -> ApiError {
    ApiError::new(
        Code::OutOfTokenScope,
        "The token has scopes or a subtree, and this lies outside of them.",
    )
}

/// Refuses an account route to a token that may not use the permission behind it.
///
/// # Errors
/// 403 `out-of-token-scope`.
pub fn require_anywhere(caller: &Caller, permission: &str) -> Result<(), ApiError> {
    if caller.may_use_anywhere(permission) {
        Ok(())
    } else {
        Err(out_of_token_scope())
    }
}

/// One answer for every secret of ours that is not valid.
fn refused() -> ApiError {
    user::refused()
}

#[cfg(test)]
mod tests;
