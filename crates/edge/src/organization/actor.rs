//! Who asks, resolved on the rows as they are at this instant.

use lockstep_core::{Access, Facts, NodeId, Outcome, Policy, Value};

use serde::{Deserialize, Serialize};

pub(super) use super::acting::{Permitted, permit, permit_on};
use super::{
    admission::{self, IssuerUse},
    holdings,
    store::{self, Member, Organization},
};
use crate::{
    authenticate::{Caller, FreshCaller},
    narrow::TokenUse,
    objects::Context,
    problem::{ApiError, Code},
};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Id of a user or a service account.
    pub principal: String,
    /// Set when the principal acts through a token or key.
    pub token: Option<TokenUse>,
    /// The organization's own issuer that vouched for the principal, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<IssuerUse>,
    /// Whether their credential was not checked during the request; earlier code never says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_remembered: bool,
}

impl Actor {
    /// Who saw the secret by which a program acts, as far as that is known.
    pub(super) fn seen_by(&self) -> Option<&str> {
        self.token.as_ref()?.seen_by.as_deref()
    }

    /// The person behind what is done: a program does it for who saw its secret.
    pub(super) fn person(&self) -> &str {
        self.seen_by().unwrap_or(&self.principal)
    }
}

/// Who asks for a change: an actor whose credential was checked during the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FreshActor(Actor);

/// Who comes in, or does not want to: a person with an account of their own, all of them, whose credential was checked during the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshPerson {
    user: String,
    /// What they have proven, if anything.
    address: Option<String>,
}

impl FreshPerson {
    /// The caller, for what no permission stands for.
    ///
    /// # Errors
    /// 403 for who is no person with an account, and for a token that is less than its user.
    pub fn of(caller: &FreshCaller) -> Result<Self, ApiError> {
        Ok(Self {
            user: caller.whole_user()?.as_str().to_owned(),
            address: caller.address.clone(),
        })
    }

    /// Their id.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// The address that they have proven, if they have one.
    pub(super) fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// The domain of that address, exactly.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        let (_, domain) = self.address()?.rsplit_once('@')?;
        Some(domain)
    }
}

/// The address that such a person has proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FreshAddress(String);

impl FreshAddress {
    /// The caller's. Without one nobody can have invited them.
    ///
    /// # Errors
    /// As [`FreshPerson::of`]; 404 for who has proven none.
    pub fn of(caller: &FreshCaller) -> Result<Self, ApiError> {
        let address = FreshPerson::of(caller)?.address;
        address.map(Self).ok_or_else(ApiError::not_found)
    }

    /// As invitations have it.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Actor {
    /// The caller as the organization sees it.
    #[must_use]
    pub fn of(caller: &Caller, organization: &str) -> Self {
        Self {
            principal: caller.principal.as_str().to_owned(),
            token: caller.token(organization),
            issuer: caller.issuer.clone(),
            is_remembered: caller.is_remembered(),
        }
    }
}

impl FreshActor {
    /// The caller as the organization sees it.
    #[must_use]
    pub fn of(caller: &FreshCaller, organization: &str) -> Self {
        Self(Actor::of(caller, organization))
    }
}

impl std::ops::Deref for FreshActor {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.0
    }
}

/// What the actor holds. Who is no member is told nothing: 404.
pub(super) fn access(
    context: &Context<'_>,
    organization: &Organization,
    actor: &Actor,
) -> Result<Access, ApiError> {
    let access = access_of(context, organization, actor)?;
    if access.is_member() {
        Ok(access)
    } else {
        Err(ApiError::not_found())
    }
}

/// As [`access`], also for who is no member.
pub(super) fn access_of(
    context: &Context<'_>,
    organization: &Organization,
    actor: &Actor,
) -> Result<Access, ApiError> {
    if actor.is_remembered {
        context.basis.is_remembered.set(true);
    }
    if let Some(used) = &actor.issuer {
        admission::require(context, organization, used)?;
    }
    let mut record = holdings::record_of_asker(context, organization, &actor.principal)?;
    if let Some(token) = &actor.token {
        let since_ms = store::tokens_from_ms(context, &actor.principal)?;
        record.token = Some((&token.since(since_ms)).into());
    }
    let access = holdings::resolve(context, record)?;
    // Who is no member is not even told how long tokens may live: that there is an organization would be said by it.
    if let Some(token) = actor.token.as_ref().filter(|_| access.is_member()) {
        require_lifetime(token, organization.token_lifetime_max_s)?;
    }
    Ok(access)
}

/// Refuses a token that lives longer than the organization allows, whatever it may do.
///
/// # Errors
/// 403 `token-lifetime`.
pub fn require_lifetime(token: &TokenUse, lifetime_max_s: Option<i64>) -> Result<(), ApiError> {
    if token.lives_within(lifetime_max_s) {
        return Ok(());
    }
    let max_s = lifetime_max_s.unwrap_or_default();
    let detail = format!("The organization takes no token that lives longer than {max_s} seconds.");
    Err(ApiError::new(Code::TokenLifetime, detail))
}

/// Refuses a token that leaves nothing of what its principal holds in the organization. What every member may do without a permission, it may with any.
pub(super) fn require_reach(actor: &Actor, access: &Access) -> Result<(), ApiError> {
    if reaches_into(actor, access, access.root()) {
        return Ok(());
    }
    let detail = "The token does not reach into this organization.";
    Err(ApiError::new(Code::OutOfTokenScope, detail))
}

/// Whether a token leaves anything of what its principal holds on `top` or below it.
pub(super) fn reaches_into(actor: &Actor, access: &Access, top: NodeId) -> bool {
    let policy = access.policy();
    let reaches = |node| {
        let permissions = 0..policy.permissions().len();
        let mut permissions = permissions.filter_map(|at| policy.permission_at(at));
        permissions.any(|permission| access.settled(permission, node) != Outcome::False)
    };
    let mut within = access
        .node_ids()
        .filter(|node| access.is_within(*node, top));
    actor.token.is_none() || within.any(reaches)
}

/// The facts of the directory that are not about a target.
pub(super) fn directory_facts(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
) -> Result<Facts, ApiError> {
    let mut facts = Facts::default();
    let counts = store::counts(context)?;
    facts.set("organization.members", Value::Integer(counts.members));
    facts.set("organization.workspaces", Value::Integer(counts.workspaces));
    facts.set("organization.admins", Value::Integer(counts.admins));
    facts.set("principal.id", Value::Text(user.to_owned()));
    facts.set(
        "principal.creator",
        Value::Bool(organization.creator == user),
    );
    Ok(facts)
}

/// The member that something is about that `person` does, by themselves or by a program, as core wants to know it.
pub(super) fn target<'a>(
    context: &Context<'_>,
    policy: &Policy,
    organization: &Organization,
    person: &str,
    member: &'a Member,
) -> Result<lockstep_core::Target<'a>, ApiError> {
    Ok(lockstep_core::Target {
        role: policy.role(&member.role),
        role_id: &member.role,
        is_self: member.user == person,
        is_creator: member.user == organization.creator,
        other_admins: store::admins(context, Some(&member.user))?,
        keeps_owner: store::keeps_owner(context, &member.user)?,
        record: None,
    })
}
