//! Why: the grant that allowed, or the factor that denied and the smallest grants that would not.

use alloc::string::ToString;
use alloc::vec::Vec;

use crate::evaluate::Factors;
use crate::{
    Access, Allowance, Bits, Denial, DenyReason, Facts, Grant, Level, NodeId, Outcome,
    PermissionId, Policy, Role, RoleId, Source, Suggestion,
};

pub(crate) fn allowance(
    policy: &Policy,
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
) -> Allowance {
    let by_role = grants_on_path(policy, access, node)
        .filter(|(grant, ..)| grant.window.contains(access.now_ms()))
        .find(|(_, role, _)| gives(policy, *role, permission, facts))
        .map(|(_, role, at)| Source::Role(role, at));
    let source = by_role
        .or_else(|| owned(policy, access, permission, node).map(Source::Ownership))
        .unwrap_or(Source::Everyone);
    Allowance { permission, source }
}

pub(crate) fn denial(
    policy: &Policy,
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
    factors: &Factors,
) -> Denial {
    let reason = reason(policy, access, permission, node, facts, factors);
    let by_grant = matches!(
        reason,
        DenyReason::Capped { .. }
            | DenyReason::Expired { .. }
            | DenyReason::NoGrant
            | DenyReason::NoMembership
    );
    let guarded = matches!(
        &reason,
        DenyReason::GuardFailed { .. } | DenyReason::FactMissing { .. }
    ) && factors.guards == Outcome::True;
    let suggestions = if by_grant || guarded {
        smallest_grants(policy, access, permission, node, facts, factors)
    } else {
        Vec::new()
    };
    Denial {
        permission,
        reason,
        suggestions,
    }
}

fn reason(
    policy: &Policy,
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
    factors: &Factors,
) -> DenyReason {
    if !factors.member {
        return DenyReason::NoMembership;
    }
    if factors.guards != Outcome::True {
        return guard_reason(policy.guard(permission).into_iter(), facts);
    }
    if !factors.token {
        return DenyReason::OutOfTokenScope;
    }
    if factors.cap != Outcome::True {
        let capping = grants_on_path(policy, access, access.root())
            .filter(|(grant, ..)| grant.window.contains(access.now_ms()))
            .map(|(_, role, _)| role)
            .find(|role| {
                let cap = policy.describe_role(*role).and_then(|role| role.cap);
                cap.is_some_and(|cap| !gives(policy, cap, permission, facts))
            });
        if let Some(role) = capping {
            return DenyReason::Capped { role };
        }
    }
    let none = Bits::default();
    let granted = access.granted(node).unwrap_or(&none);
    let mut guards = policy.guards_of(granted, permission).peekable();
    if guards.peek().is_some() {
        return guard_reason(guards, facts);
    }
    let over = grants_on_path(policy, access, node)
        .filter(|(grant, ..)| grant.window.is_over(access.now_ms()))
        .find(|(_, role, _)| gives(policy, *role, permission, facts));
    match over {
        Some((_, role, node)) => DenyReason::Expired { role, node },
        None => DenyReason::NoGrant,
    }
}

/// The guard that fails; a missing fact only when no guard fails outright.
fn guard_reason<'a>(guards: impl Iterator<Item = &'a crate::Guard>, facts: &Facts) -> DenyReason {
    let guards: Vec<_> = guards.collect();
    let unknown = guards
        .iter()
        .find(|guard| guard.outcome(facts) == Outcome::Unknown);
    if let Some(fact) = unknown.and_then(|guard| guard.missing_fact(facts)) {
        return DenyReason::FactMissing {
            fact: fact.to_string(),
        };
    }
    let guard = guards.first().map(ToString::to_string).unwrap_or_default();
    DenyReason::GuardFailed { guard }
}

/// The grants on `node` and above, from `node` upwards, in the record's order, whatever their window.
fn grants_on_path<'a>(
    policy: &'a Policy,
    access: &'a Access,
    node: NodeId,
) -> impl Iterator<Item = (&'a Grant, RoleId, NodeId)> {
    access.path(node).flat_map(move |at| {
        let id = access.describe(at).map(|node| node.id.as_str());
        access
            .record()
            .grants
            .iter()
            .filter(move |grant| Some(grant.node.as_str()) == id)
            .filter_map(move |grant| Some((grant, policy.role(&grant.role)?, at)))
    })
}

fn gives(policy: &Policy, role: RoleId, permission: PermissionId, facts: &Facts) -> bool {
    policy
        .describe_role(role)
        .is_some_and(|role| policy.holds(&role.rights, permission, facts) == Outcome::True)
}

fn owned(
    policy: &Policy,
    access: &Access,
    permission: PermissionId,
    node: NodeId,
) -> Option<NodeId> {
    access.path(node).find(|at| {
        access.describe(*at).is_some_and(|node| {
            let rights = policy.ownership.get(&node.level);
            node.owned && rights.is_some_and(|rights| rights.contains(permission.0))
        })
    })
}

/// Every single grant that would allow it, without those that hold more than another one on the
/// same node or on a node that lies higher.
fn smallest_grants(
    policy: &Policy,
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
    factors: &Factors,
) -> Vec<Suggestion> {
    let elsewhere = granted_elsewhere(policy, access, permission, node, facts).into();
    let personal = policy.describe(permission).is_some_and(|p| p.personal);
    let candidates: Vec<(RoleId, &Role, NodeId)> = policy
        .roles
        .iter()
        .enumerate()
        .filter_map(|(number, role)| {
            let at = place_for(policy, access, node, role.level)?;
            Some((RoleId(number), role, at))
        })
        .filter(|(id, role, _)| {
            // A principal has one role on the organization, so another one there takes its place.
            let held = if role.level == Level::Organization {
                let cap = role.cap.filter(|_| !personal);
                Factors {
                    cap: cap.map_or(Outcome::True, |cap| {
                        gives(policy, cap, permission, facts).into()
                    }),
                    granted: elsewhere,
                    ..*factors
                }
            } else {
                *factors
            };
            would_allow(role, gives(policy, *id, permission, facts), &held)
        })
        .collect();
    let mut suggestions: Vec<Suggestion> = candidates
        .iter()
        .filter(|(id, role, at)| {
            !candidates.iter().any(|(other_id, other, other_at)| {
                let narrower = access.path(*other_at).any(|above| above == *at);
                let fewer = policy.covers(&role.rights, &other.rights);
                let same = narrower
                    && access.path(*at).any(|a| a == *other_at)
                    && fewer
                    && policy.covers(&other.rights, &role.rights);
                other_id != id && narrower && fewer && (!same || other_id < id)
            })
        })
        .map(|(id, _, at)| Suggestion::Role(*id, *at))
        .collect();
    if factors.member && factors.cap == Outcome::True {
        for (level, rights) in &policy.ownership {
            if let Some(at) = access
                .ancestor(node, *level)
                .filter(|_| rights.contains(permission.0))
            {
                suggestions.push(Suggestion::Ownership(at));
            }
        }
    }
    suggestions
}

/// Where a role of `level` would be granted to reach `node`.
fn place_for(policy: &Policy, access: &Access, node: NodeId, level: Level) -> Option<NodeId> {
    let top = policy.roles.iter().map(|role| role.level).min()?;
    // A policy without roles of the organization grants its highest roles there.
    access.ancestor(node, level).or_else(|| {
        if level == top {
            access.ancestor(node, Level::Organization)
        } else {
            None
        }
    })
}

/// Whether something beside the role on the organization gives `permission` on `node`.
fn granted_elsewhere(
    policy: &Policy,
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
) -> bool {
    let of_organization = |role: RoleId, at: NodeId| {
        let level = policy.describe_role(role).map(|role| role.level);
        at == access.root() && level == Some(Level::Organization)
    };
    policy.everyone_holds(permission)
        || owned(policy, access, permission, node).is_some()
        || grants_on_path(policy, access, node)
            .filter(|(grant, role, at)| {
                grant.window.contains(access.now_ms()) && !of_organization(*role, *at)
            })
            .any(|(_, role, _)| gives(policy, role, permission, facts))
}

/// Whether `role`, beside what is `held`, would allow a permission that it `gives`.
fn would_allow(role: &Role, gives: bool, held: &Factors) -> bool {
    let capped = held.cap.min(held.granted.max(gives.into()));
    let held_then = if role.overriding {
        Outcome::True
    } else {
        capped
    };
    held_then.min(held.guards) == Outcome::True
}
