//! Why: the grant that allowed, or the factor that denied and the smallest grants that would not.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;

use crate::evaluate::Factors;
use crate::hierarchy::{NodeId, ROOT};
use crate::{
    Access, Allowance, Bits, Denial, DenyReason, Facts, Grant, Guard, Level, Outcome, PermissionId,
    PrincipalKind, Role, RoleId, Source, Suggestion,
};

pub(crate) fn allowance(
    access: &Access,
    permission: PermissionId,
    node: NodeId,
    facts: &Facts,
) -> Allowance {
    let by_role = grants_on_path(access, node)
        .filter(|(grant, ..)| access.is_live(&grant.window))
        .find(|(_, role, _)| gives(access, *role, permission, facts))
        .map(|(grant, role, node)| Source::Role {
            role,
            node,
            group: grant.group.clone(),
        });
    let source = by_role
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
    let reason = reason(access, permission, node, facts, factors);
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
    ) && factors.guards == Outcome::True
        && factors.denied == Outcome::False;
    let suggestions = if by_grant || guarded {
        smallest_grants(access, permission, node, facts, factors)
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
        return guard_reason(policy.guard(permission).into_iter(), facts);
    }
    if !factors.token {
        return DenyReason::OutOfTokenScope;
    }
    if factors.cap != Outcome::True {
        let capping = grants_on_path(access, ROOT)
            .filter(|(grant, ..)| access.is_live(&grant.window))
            .map(|(_, role, _)| role)
            .find(|role| {
                let cap = policy
                    .describe_role(*role)
                    .and_then(|role| role.cap.as_ref());
                cap.is_some_and(|cap| policy.holds(cap, permission, facts) != Outcome::True)
            });
        if let Some(role) = capping {
            return DenyReason::Capped { role };
        }
    }
    let granted = set.map_or(&none, |set| &set.granted);
    let mut guards = policy.guards_of(granted, permission).peekable();
    if guards.peek().is_some() {
        return guard_reason(guards, facts);
    }
    let over = grants_on_path(access, node)
        .filter(|(grant, ..)| grant.window.is_over(access.now_ms()))
        .find(|(_, role, _)| gives(access, *role, permission, facts));
    match over {
        Some((_, role, node)) => DenyReason::Expired { role, node },
        None => DenyReason::NoGrant,
    }
}

/// The deny rule that applies; a missing fact only when no rule applies outright.
fn rule_reason(
    access: &Access,
    denied: &Bits,
    permission: PermissionId,
    facts: &Facts,
) -> DenyReason {
    let rules = || access.policy().denials_of(denied, permission);
    let outcome = |guard: Option<&Guard>| guard.map_or(Outcome::True, |guard| guard.outcome(facts));
    if let Some((_, denial, _)) = rules().find(|(.., guard)| outcome(*guard) == Outcome::True) {
        return DenyReason::DeniedByRule { rule: denial.rule };
    }
    let fact = rules().find_map(|(.., guard)| guard?.missing_fact(facts));
    DenyReason::FactMissing {
        fact: fact.unwrap_or_default().to_owned(),
    }
}

fn plan_reason(access: &Access, permission: PermissionId) -> DenyReason {
    let policy = access.policy();
    let needed = policy.describe(permission).into_iter();
    let needed = needed.flat_map(|described| &described.plan);
    let lacks = |id: &&alloc::string::String| !access.record().plan.contains(id);
    let feature = needed
        .filter_map(|feature| policy.features.get(*feature))
        .find(lacks);
    DenyReason::Plan {
        feature: feature.cloned().unwrap_or_default(),
    }
}

/// The guard that fails; a missing fact only when no guard fails outright.
fn guard_reason<'a>(guards: impl Iterator<Item = &'a Guard>, facts: &Facts) -> DenyReason {
    let guards: Vec<_> = guards.collect();
    let unknown = guards
        .iter()
        .find(|guard| guard.outcome(facts) == Outcome::Unknown);
    if let Some(fact) = unknown.and_then(|guard| guard.missing_fact(facts)) {
        return DenyReason::FactMissing {
            fact: fact.to_owned(),
        };
    }
    let guard = guards.first().map(|guard| guard.text()).unwrap_or_default();
    DenyReason::GuardFailed { guard }
}

/// The grants on `node` and above, from `node` upwards, in the record's order, whatever their window,
/// with the role that each counts as.
fn grants_on_path(access: &Access, node: NodeId) -> impl Iterator<Item = (&Grant, RoleId, NodeId)> {
    access.hierarchy().path(node).flat_map(move |at| {
        let id = access.hierarchy().id(at);
        let grants = access.record().grants.iter();
        grants
            .filter(move |grant| grant.node == id)
            .filter_map(move |grant| Some((grant, access.counted_role(grant)?, at)))
    })
}

/// Whether `role` gives `permission`. A service account holds nothing personal, whatever its roles.
fn gives(access: &Access, role: RoleId, permission: PermissionId, facts: &Facts) -> bool {
    let policy = access.policy();
    let role = policy.describe_role(role);
    may_hold(access, permission)
        && role.is_some_and(|role| policy.holds(&role.rights, permission, facts) == Outcome::True)
}

fn may_hold(access: &Access, permission: PermissionId) -> bool {
    access.record().kind == PrincipalKind::User || !access.policy().personal.contains(permission.0)
}

fn owned(access: &Access, permission: PermissionId, node: NodeId) -> Option<NodeId> {
    let hierarchy = access.hierarchy();
    let mut path = hierarchy
        .path(node)
        .filter(|_| may_hold(access, permission));
    path.find(|at| {
        access.describe(*at).is_some_and(|node| {
            let rights = access.policy().ownership.get(&node.level);
            node.owned && rights.is_some_and(|rights| rights.contains(permission.0))
        })
    })
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
    if !may_hold(access, permission) {
        return Vec::new();
    }
    let policy = access.policy();
    let hierarchy = access.hierarchy();
    let elsewhere = granted_elsewhere(access, permission, node, facts).into();
    let personal = policy.describe(permission).is_some_and(|p| p.personal);
    let candidates: Vec<(RoleId, &Role, NodeId)> = policy
        .roles
        .iter()
        .enumerate()
        .filter_map(|(number, role)| {
            let id = RoleId(number);
            let record = access.record();
            // A role that the plan replaces would not count as itself.
            let counted = policy.counted_role(id, record.kind, &record.plan) == id;
            let at = place_for(access, node, role.level).filter(|_| counted)?;
            Some((id, role, at))
        })
        .filter(|(id, role, _)| {
            // A principal has one role on the organization, so another one there takes its place.
            let held = if role.level == Level::Organization {
                let cap = role.cap.as_ref().filter(|_| !personal);
                Factors {
                    cap: cap.map_or(Outcome::True, |cap| policy.holds(cap, permission, facts)),
                    granted: elsewhere,
                    ..*factors
                }
            } else {
                *factors
            };
            let denied = policy.denies(&role.denied, permission, facts);
            denied == Outcome::False
                && would_allow(role, gives(access, *id, permission, facts), &held)
        })
        .collect();
    let mut suggestions: Vec<Suggestion> = candidates
        .iter()
        .filter(|(id, role, at)| {
            !candidates.iter().any(|(other_id, other, other_at)| {
                let narrower = hierarchy.is_within(*other_at, *at);
                let fewer = policy.covers(&role.rights, &other.rights);
                let same = narrower
                    && hierarchy.is_within(*at, *other_at)
                    && fewer
                    && policy.covers(&other.rights, &role.rights);
                other_id != id && narrower && fewer && (!same || other_id < id)
            })
        })
        .map(|(id, _, at)| Suggestion::Role(*id, *at))
        .collect();
    if factors.member && factors.cap == Outcome::True {
        for (level, rights) in policy.ownership.iter() {
            if let Some(at) = hierarchy
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
) -> bool {
    let policy = access.policy();
    let of_organization = |role: RoleId, at: NodeId| {
        let level = policy.describe_role(role).map(|role| role.level);
        at == ROOT && level == Some(Level::Organization)
    };
    let everyone = policy.holds(&policy.everyone, permission, facts) == Outcome::True;
    (everyone && may_hold(access, permission))
        || owned(access, permission, node).is_some()
        || grants_on_path(access, node)
            .filter(|(grant, role, at)| {
                access.is_live(&grant.window) && !of_organization(*role, *at)
            })
            .any(|(_, role, _)| gives(access, role, permission, facts))
}

/// Whether `role`, beside what is `held`, would allow a permission that it `gives`.
fn would_allow(role: &Role, gives: bool, held: &Factors) -> bool {
    let capped = held.cap.min(held.granted.max(gives.into()));
    let held_then = if role.overriding {
        Outcome::True
    } else {
        capped
    };
    held_then
        .min(held.guards)
        .min(held.denied.negated())
        .min(held.plan.into())
        == Outcome::True
}
