//! JWTs of issuers that an organization registered: they count in requests for that organization, and nowhere else.
//!
//! Whom one vouches for is named by organization, record and subject, and by no address, whatever the token says of it.

use std::rc::Rc;

use lockstep_token::{OrganizationId, Token, id::organization_user_id};

use super::{Age, Name, Proven, Scope, of_user, remembered, verified};
use crate::{
    authenticate::{Caller, disowned},
    edge::Edge,
    freshness::{Confirmed, DENY_MS},
    issuers::{self, Issuer, Issuers},
    objects::ask,
    organization::{AdmissionCommand, Command, Freshness, IssuerUse, OrganizationObject},
    problem::{ApiError, Code},
    user,
};

/// That there is nothing more to ask: the user is or was a member.
const SETTLED: i64 = i64::MAX;

/// The caller of a token whose issuer is none of the deployment's.
pub(super) async fn caller(
    edge: &Edge,
    token: &Token<'_>,
    text: &str,
    organization: &OrganizationId,
    age: Age,
) -> Result<Caller, ApiError> {
    let (issuer, proven) = vouched(edge, token, text, organization, age).await?;
    let keys = &edge.config.keys.id;
    let id = &issuer.used.id;
    Ok(Caller {
        credential_id: Some(id.clone()),
        confirmed: admit(edge, &issuer, &proven).await?,
        issuer: Some(issuer.used.clone()),
        is_fresh: age == Age::Now,
        ..of_user(
            organization_user_id(keys, organization, id, &proven.subject),
            &proven.times,
        )
    })
}

/// A caller who is known, whose issuer is asked about again.
pub(in crate::authenticate) async fn confirm(
    edge: &Edge,
    caller: &Caller,
    used: &IssuerUse,
) -> Result<Caller, ApiError> {
    let organization = OrganizationId::parse(&edge.config.keys.id, &used.organization)
        .map_err(|_| user::refused())?;
    let known = issuers::known(edge, &organization, 0).await?;
    known.require(used)?;
    Ok(Caller {
        is_fresh: true,
        ..caller.clone()
    })
}

/// What the token says, and which issuer vouches for it.
async fn vouched(
    edge: &Edge,
    token: &Token<'_>,
    text: &str,
    organization: &OrganizationId,
    age: Age,
) -> Result<(Rc<Issuer>, Rc<Proven>), ApiError> {
    let window_ms = match age {
        Age::Known => i64::from(edge.config.freshness_ms),
        Age::Now => 0,
    };
    let known = issuers::known(edge, organization, window_ms).await?;
    let refused = match vouched_by(edge, &known, token, text).await {
        Err(error)
            if age == Age::Known
                && matches!(error.code(), Code::Unauthenticated | Code::Unavailable) =>
        {
            error
        }
        settled => return settled,
    };
    // A "no" may be out of date sooner than a "yes": an issuer is new, or its record is another one, perhaps because nobody answers where its keys were.
    let newer = issuers::known(edge, organization, window_ms.min(DENY_MS)).await?;
    if Rc::ptr_eq(&known, &newer) {
        return Err(refused);
    }
    vouched_by(edge, &newer, token, text).await
}

async fn vouched_by(
    edge: &Edge,
    known: &Issuers,
    token: &Token<'_>,
    text: &str,
) -> Result<(Rc<Issuer>, Rc<Proven>), ApiError> {
    let name = token.unverified_issuer();
    let issuer = name.and_then(|name| known.find(name));
    let issuer = issuer.ok_or_else(user::refused)?;
    let scope = Scope::own(&issuer);
    let name = Name::of(scope.epoch, text);
    let proven = match remembered(edge, &scope, &name).await? {
        Some(proven) => proven,
        None => verified(edge, &scope, token, name).await?,
    };
    Ok((issuer, proven))
}

/// Has the organization let in whom the token stands for, if they were never there. It answers how fresh the user's bytes must be, too.
async fn admit(
    edge: &Edge,
    issuer: &Issuer,
    proven: &Proven,
) -> Result<Option<Confirmed>, ApiError> {
    let asked_at_ms = edge.clock.now_ms();
    let since_ms = match proven.admitted_at_ms.get() {
        Some(SETTLED) => return Ok(None),
        tried => tried.map(|at_ms| asked_at_ms.saturating_sub(at_ms)),
    };
    if !issuer.admits || since_ms.is_some_and(|ms| (0..DENY_MS).contains(&ms)) {
        return Ok(None);
    }
    let command = Command::Admission(AdmissionCommand::Admit {
        used: issuer.used.clone(),
        subject: proven.subject.clone(),
    });
    let organization = &issuer.used.organization;
    let asked = ask::<OrganizationObject, Freshness>(&*edge.objects, organization, &command).await;
    let freshness = asked.map_err(|error| disowned(edge, Some(&issuer.used), error))?;
    let is_known = freshness.principal_epoch > 0;
    let settled = if is_known { SETTLED } else { asked_at_ms };
    proven.admitted_at_ms.set(Some(settled));
    Ok(Some(Confirmed {
        asked_at_ms: edge.since(asked_at_ms),
        freshness,
    }))
}
