//! Why: the grant that allowed, or the factor that denied and the smallest grants that would not.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;

use crate::evaluate::Factors;
use crate::hierarchy::{NodeId, ROOT};
use crate::{
    Access, Allowance, Bits, Denial, DenyReason, Facts, Grant, Guard, Level, Outcome, PermissionId,
    PrincipalKind, Role, RoleId, Source, Suggestion, is_open_group,
};

pub(crate) fn allowance(
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
) -> Allowance {
    let mut source = None;
    for (grant, role, at) in grants_on_path(access, node) {
        if access.is_live(&grant.window) && gives(access, role, permission, facts) {
            source = Some(Source::Role {
                role,
                node: at,
                group: grant.group.clone(),
            });
            break;
        }
    }
    let source = source
        .or_else(|| owned(access, permission, node).map(Source::Ownership))
        .unwrap_or(Source::Everyone);
    Allowance { permission, source }
}

pub(crate) fn denial(
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
    factors: &Factors,
) -> Denial {
    Denial {
        permission,
        reason: reason(access, permission, node, facts, factors),
        suggestions: smallest_grants(access, permission, node, facts, factors),
    }
}

fn reason(
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
    factors: &Factors,
) -> DenyReason {
    let policy = access.policy();
    if !factors.member {
        return DenyReason::NoMembership;
    }
    let set = access.set(node);
    let none = Bits::default();
    if factors.denied != Outcome::False {
        return rule_reason(
            access,
            set.map_or(&none, |set| &set.denied),
            permission,
            facts,
        );
    }
    if !factors.plan {
        return plan_reason(access, permission);
    }
    if factors.guards != Outcome::True {
        return guard_reason(policy.guard(permission).as_slice(), facts);
    }
    if !factors.token {
        return DenyReason::OutOfTokenScope;
    }
    let mut held = set.map_or(&none, |set| &set.granted);
    if factors.cap != Outcome::True {
        for (grant, role, _) in grants_on_path(access, ROOT) {
            let described = policy.describe_role(role);
            if access.is_live(&grant.window)
                && let Some(cap) = described.and_then(|role| role.cap.as_ref())
                && policy.holds(cap, permission, facts) == factors.cap
            {
                if factors.cap == Outcome::False {
                    return DenyReason::Capped { role };
                }
                // Facts may yet lift it, which is of no use to who is not given it either way.
                if factors.granted != Outcome::False {
                    held = cap;
                }
            }
        }
    }
    let guards = policy.guards_of(held, permission);
    if !guards.is_empty() {
        return guard_reason(&guards, facts);
    }
    for (grant, role, node) in grants_on_path(access, node) {
        if grant.window.is_over(access.now_ms()) && gives(access, role, permission, facts) {
            return DenyReason::Expired { role, node };
        }
    }
    DenyReason::NoGrant
}

/// The deny rule that applies; a missing fact only when no rule applies outright.
fn rule_reason(
    access: &Access,
    denied: &Bits,
    permission: PermissionId,
    facts: &Facts,
) -> DenyReason {
    let mut missing = None;
    for (_, denial, guard) in access.policy().denials_of(denied, permission) {
        if guard.is_none_or(|guard| guard.outcome(facts) == Outcome::True) {
            return DenyReason::DeniedByRule { rule: denial.rule };
        }
        missing = missing.or_else(|| guard?.missing_fact(facts));
    }
    DenyReason::FactMissing {
        fact: missing.unwrap_or_default().to_owned(),
    }
}

fn plan_reason(access: &Access, permission: PermissionId) -> DenyReason {
    let policy = access.policy();
    let needed = policy.describe(permission).map_or(&[][..], |it| &it.plan);
    let mut missing = needed.iter();
    let missing = missing.find(|feature| !policy.has_feature(**feature, access.plan()));
    let feature = missing.and_then(|feature| policy.features.get(*feature));
    DenyReason::Plan {
        feature: feature.cloned().unwrap_or_default(),
    }
}

/// What fails of guards, one of which would be enough: of one that could yet hold the fact by which it could, or
/// else one that does not hold. Of several, the first by what whoever asks can state: nobody is somebody else for
/// having asked in another way.
fn guard_reason(guards: &[&Guard], facts: &Facts) -> DenyReason {
    let mut nearest: Option<(_, &Guard)> = None;
    for guard in guards {
        let mut fails = guard.conditions().iter();
        let is_theirs = fails.all(|one| {
            let other = one.test.other_fact();
            one.outcome(facts) == Outcome::True
                || is_open_group(&one.fact)
                || other.is_some_and(is_open_group)
        });
        let rank = (guard.outcome(facts), is_theirs);
        if nearest.is_none_or(|(best, _)| rank > best) {
            nearest = Some((rank, guard));
        }
    }
    match nearest {
        Some(((Outcome::Unknown, _), guard)) => DenyReason::FactMissing {
            fact: guard.missing_fact(facts).unwrap_or_default().to_owned(),
        },
        _ => DenyReason::GuardFailed {
            guard: nearest.map(|(_, guard)| guard.text()).unwrap_or_default(),
        },
    }
}

/// The grants on `node` and above, from `node` upwards, in the record's order, whatever their window,
/// with the role that each counts as.
fn grants_on_path(access: &Access, node: NodeId) -> Vec<(&Grant, RoleId, NodeId)> {
    let hierarchy = access.hierarchy();
    let mut grants = Vec::new();
    let mut next = Some(node);
    while let Some(at) = next {
        let id = hierarchy.id(at);
        for grant in access.grants() {
            if grant.node == id
                && let Some(role) = access.counted_role(grant)
            {
                grants.push((grant, role, at));
            }
        }
        next = hierarchy.parent(at);
    }
    grants
}

/// Whether `role` gives `permission`. A service account holds nothing personal, whatever its roles.
fn gives(access: &Access, role: RoleId, permission: PermissionId, facts: &Facts) -> bool {
    let policy = access.policy();
    let role = policy.describe_role(role);
    may_hold(access, permission)
        && role.is_some_and(|role| policy.holds(&role.rights, permission, facts) == Outcome::True)
}

fn may_hold(access: &Access, permission: PermissionId) -> bool {
    access.kind() == PrincipalKind::User || !access.policy().personal.contains(permission.0)
}

fn owned(access: &Access, permission: PermissionId, node: NodeId) -> Option<NodeId> {
    if !may_hold(access, permission) {
        return None;
    }
    let mut next = Some(node);
    while let Some(at) = next {
        if let Some(node) = access.describe(at)
            && node.owned
            && let Some(rights) = access.policy().ownership.get(&node.level)
            && rights.contains(permission.0)
        {
            return next;
        }
        next = access.hierarchy().parent(at);
    }
    None
}

/// Every single grant that would allow it, without those that hold more than another one on the
/// same node or on a node that lies higher.
fn smallest_grants(
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
    factors: &Factors,
) -> Vec<Suggestion> {
    let mut all_held = *factors;
    all_held.member = true;
    all_held.overriding = Outcome::True;
    if all_held.outcome() != Outcome::True || !may_hold(access, permission) {
        return Vec::new();
    }
    let policy = access.policy();
    let hierarchy = access.hierarchy();
    let grants = grants_on_path(access, node);
    let elsewhere = granted_elsewhere(access, permission, node, facts, &grants).into();
    let personal = policy.describe(permission).is_some_and(|p| p.personal);
    let mut candidates: Vec<(RoleId, &Role, NodeId)> = Vec::new();
    // What an organization calls its own roles is for its members.
    let made = if factors.member { 0 } else { policy.made };
    let named = policy.roles.len().saturating_sub(made);
    for (number, role) in policy.roles.iter().take(named).enumerate() {
        let id = RoleId(number);
        // A role that the plan replaces would not count as itself.
        let counted = policy.counted_role(id, access.kind(), access.plan()) == id;
        let Some(at) = place_for(access, node, role.level).filter(|_| counted) else {
            continue;
        };
        // What is there already helps nobody.
        if grants.iter().any(|(grant, role, place)| {
            let is_own = grant.group.is_none() && access.is_live(&grant.window);
            is_own && (*role, *place) == (id, at)
        }) {
            continue;
        }
        let mut held = all_held;
        held.overriding = role.overriding.into();
        // A principal has one role on the organization, so another one there takes its place.
        if role.level == Level::Organization {
            let cap = role.cap.as_ref().filter(|_| !personal);
            held.cap = cap.map_or(Outcome::True, |cap| policy.holds(cap, permission, facts));
            held.granted = elsewhere;
        }
        held.granted = held
            .granted
            .max(gives(access, id, permission, facts).into());
        if policy.denies(&role.denied, permission, facts) == Outcome::False
            && held.outcome() == Outcome::True
        {
            candidates.push((id, role, at));
        }
    }
    let mut suggestions = narrowest(access, &candidates);
    // The directory gives nobody anything else to own.
    let level = Level::Project;
    let owned = policy.ownership.get(&level);
    let mut held = *factors;
    held.granted = owned
        .is_some_and(|rights| rights.contains(permission.0))
        .into();
    if held.outcome() == Outcome::True
        && let Some(at) = hierarchy.ancestor(node, level)
    {
        suggestions.push(Suggestion::Ownership(at));
    }
    suggestions
}

/// Those of `candidates` that hold no more than another one that reaches no further.
fn narrowest(access: &Access, candidates: &[(RoleId, &Role, NodeId)]) -> Vec<Suggestion> {
    let policy = access.policy();
    let hierarchy = access.hierarchy();
    let mut suggestions: Vec<Suggestion> = Vec::new();
    for (id, role, at) in candidates {
        let is_wider = candidates.iter().any(|(other_id, other, other_at)| {
            let narrower = hierarchy.is_within(*other_at, *at);
            let fewer = policy.covers(&role.rights, &other.rights);
            let same = narrower
                && hierarchy.is_within(*at, *other_at)
                && fewer
                && policy.covers(&other.rights, &role.rights);
            other_id != id && narrower && fewer && (!same || other_id < id)
        });
        if !is_wider {
            suggestions.push(Suggestion::Role(*id, *at));
        }
    }
    suggestions
}

/// Where a role of `level` would be granted to reach `node`.
fn place_for(access: &Access, node: NodeId, level: Level) -> Option<NodeId> {
    let top = access.policy().roles.iter().map(|role| role.level).min()?;
    // A policy without roles of the organization grants its highest roles there.
    access.hierarchy().ancestor(node, level).or_else(|| {
        if level == top {
            access.hierarchy().ancestor(node, Level::Organization)
        } else {
            None
        }
    })
}

/// Whether something beside the role on the organization gives `permission` on `node`.
fn granted_elsewhere(
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
    grants: &[(&Grant, RoleId, NodeId)],
) -> bool {
    let policy = access.policy();
    let of_organization = |role: RoleId, at: NodeId| {
        let level = policy.describe_role(role).map(|role| role.level);
        at == ROOT && level == Some(Level::Organization)
    };
    let everyone = policy.holds(&policy.everyone, permission, facts) == Outcome::True;
    if everyone && may_hold(access, permission) || owned(access, permission, node).is_some() {
        return true;
    }
    grants.iter().any(|(grant, role, at)| {
        let counts = access.is_live(&grant.window) && !of_organization(*role, *at);
        counts && gives(access, *role, permission, facts)
    })
}
