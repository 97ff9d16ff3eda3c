//! Secrets of ours: sessions, personal access tokens and service keys.
//!
//! Checksum and owner's keyed check are read before any object is called, unless the secret is known: the hash says kind and text. The owner's object answers record and validity in one call, so nothing about tokens lies in KV, where it could outlive a revocation.

use lockstep_token::{Secret, SecretHash, SecretKind, UserId};

use super::{Caller, CredentialKind, Principal, refused};
use crate::{
    credential,
    edge::Edge,
    freshness::Confirmed,
    log,
    objects::ask,
    organization::{self, OrganizationObject, PresentedKey},
    problem::{ApiError, Code},
    user::{self, Authenticated, Presented, UserObject},
};

/// The caller, from what is known of the secret as long as that counts. Only of a key is it known from which epoch of the organization it is.
pub(super) async fn caller(
    edge: &Edge,
    kind: SecretKind,
    text: &str,
    at_least: Option<i64>,
) -> Result<Caller, ApiError> {
    let hash = SecretHash::of(kind, text).to_hex();
    let window_ms = i64::from(edge.config.freshness_ms);
    let now_ms = edge.clock.now_ms();
    let found = edge.credentials.find(&hash, now_ms, window_ms);
    let is_since = |least| {
        let confirmed = found
            .as_ref()
            .and_then(|found| found.caller.confirmed.as_ref());
        confirmed.is_some_and(|confirmed| least <= confirmed.freshness.epoch)
    };
    let is_new = at_least.is_none_or(is_since);
    let Some(found) = found.filter(|_| is_new) else {
        return fresh_caller(edge, kind, text).await;
    };
    if found.is_aging {
        refresh_later(edge, Owned::parse(edge, kind, text)?);
    }
    Ok(found.caller)
}

/// The caller, from the object's mouth.
pub(super) async fn fresh_caller(
    edge: &Edge,
    kind: SecretKind,
    text: &str,
) -> Result<Caller, ApiError> {
    check(edge, &Owned::parse(edge, kind, text)?).await
}

/// A caller who is known, asked about again.
pub(super) async fn confirm(edge: &Edge, caller: &Caller) -> Result<Caller, ApiError> {
    let hash = caller.hash.clone().ok_or_else(refused)?;
    let owner = match (&caller.principal, caller.credential) {
        (Principal::ServiceAccount { organization, .. }, _) => Owner::Key(organization.clone()),
        (Principal::User(user), CredentialKind::Session) => Owner::Session(user.clone()),
        (Principal::User(user), _) => Owner::Token(user.clone()),
    };
    check(edge, &Owned { owner, hash }).await
}

/// The value that takes the place of a session's old one.
pub(super) async fn rotate_session(
    edge: &Edge,
    user: &UserId,
    hash: &str,
) -> Result<Option<String>, ApiError> {
    let fresh = Secret::session(user, edge.random.bytes()?);
    let command = user::Command::RotateSession {
        hash: hash.to_owned(),
        fresh_hash: fresh.hash().to_hex(),
    };
    let rotated: bool = ask::<UserObject, _>(&*edge.objects, user.as_str(), &command).await?;
    edge.credentials.remove(hash);
    Ok(rotated.then(|| fresh.reveal().to_owned()))
}

/// A secret and the object that knows it.
struct Owned {
    owner: Owner,
    hash: String,
}

#[derive(Clone)]
enum Owner {
    Key(lockstep_token::OrganizationId),
    Session(UserId),
    Token(UserId),
}

impl Owned {
    fn parse(edge: &Edge, kind: SecretKind, text: &str) -> Result<Self, ApiError> {
        let config = &edge.config;
        let secret = Secret::parse(kind, &config.prefixes, &config.keys.id, text)
            .map_err(|error| credential::refused(error, &config.prefixes))?;
        let owner = match kind {
            SecretKind::ServiceKey => secret.organization().cloned().map(Owner::Key),
            SecretKind::Session => secret.user().cloned().map(Owner::Session),
            SecretKind::PersonalAccessToken => secret.user().cloned().map(Owner::Token),
            SecretKind::Invitation => None,
        };
        Ok(Self {
            owner: owner.ok_or_else(refused)?,
            hash: secret.hash().to_hex(),
        })
    }
}

/// Asks the object, and remembers what it answers.
async fn check(edge: &Edge, owned: &Owned) -> Result<Caller, ApiError> {
    let asked_at_ms = edge.clock.now_ms();
    let asked = match &owned.owner {
        Owner::Key(organization) => key(edge, organization, &owned.hash, asked_at_ms).await,
        Owner::Session(user) => of_user(edge, user, &owned.hash, CredentialKind::Session).await,
        Owner::Token(user) => {
            of_user(edge, user, &owned.hash, CredentialKind::PersonalAccessToken).await
        }
    };
    match asked {
        Ok(caller) => {
            let remembered = caller.clone();
            let asked_at_ms = edge.since(asked_at_ms);
            edge.credentials
                .remember(&owned.hash, asked_at_ms, remembered);
            Ok(caller)
        }
        // No such owner is not told apart from no such secret.
        Err(error) if matches!(error.code(), Code::NotFound | Code::Unauthenticated) => {
            edge.credentials.remove(&owned.hash);
            Err(refused())
        }
        Err(error) => Err(error),
    }
}

async fn of_user(
    edge: &Edge,
    user: &UserId,
    hash: &str,
    credential: CredentialKind,
) -> Result<Caller, ApiError> {
    let hash = hash.to_owned();
    let presented = match credential {
        CredentialKind::Session => Presented::Session { hash: hash.clone() },
        _ => Presented::PersonalAccessToken { hash: hash.clone() },
    };
    let command = user::Command::Authenticate { presented };
    let answer: Authenticated =
        ask::<UserObject, _>(&*edge.objects, user.as_str(), &command).await?;
    let is_token = credential == CredentialKind::PersonalAccessToken;
    Ok(Caller {
        principal: Principal::User(user.clone()),
        address: answer.address,
        credential,
        credential_id: answer.id,
        confirmed: None,
        issuer: None,
        identity: None,
        narrow: is_token.then(|| answer.narrow.unwrap_or_default()),
        hash: Some(hash),
        until_ms: answer.until_ms,
        is_old: answer.is_old,
        is_fresh: true,
    })
}

async fn key(
    edge: &Edge,
    organization: &lockstep_token::OrganizationId,
    hash: &str,
    asked_at_ms: i64,
) -> Result<Caller, ApiError> {
    let command = organization::Command::Authenticate {
        hash: hash.to_owned(),
    };
    let answer: PresentedKey =
        ask::<OrganizationObject, _>(&*edge.objects, organization.as_str(), &command).await?;
    Ok(Caller {
        principal: Principal::ServiceAccount {
            organization: organization.clone(),
            id: answer.account,
        },
        address: None,
        credential: CredentialKind::ServiceKey,
        credential_id: Some(answer.id),
        confirmed: Some(Confirmed {
            asked_at_ms: edge.since(asked_at_ms),
            freshness: answer.freshness,
        }),
        issuer: None,
        identity: None,
        narrow: Some(answer.narrow),
        hash: Some(hash.to_owned()),
        until_ms: answer.until_ms,
        is_old: false,
        is_fresh: true,
    })
}

/// Asks the object again after the answer, so that only the first request of an idle credential waits for it.
fn refresh_later(edge: &Edge, owned: Owned) {
    let now_ms = edge.clock.now_ms();
    if !edge.credentials.refreshing.begin(&owned.hash, now_ms) {
        return;
    }
    let (edge, background) = (edge.clone(), edge.background.clone());
    background.spawn(Box::pin(async move {
        if let Err(error) = check(&edge, &owned).await
            && error.code() != Code::Unauthenticated
        {
            log::error(&format!(
                "refresh of a credential: {}",
                error.cause().unwrap_or(error.detail())
            ));
        }
        edge.credentials.refreshing.end(&owned.hash);
    }));
}
