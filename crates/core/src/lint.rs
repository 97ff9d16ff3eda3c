//! What in a policy that compiles has no effect, cannot be meant, or seldom is.

mod contradiction;
mod finding;
mod narrower;
mod patterns;
mod reach;

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use crate::{
    Bits, Condition, Effect, FactType, Level, Operation, PermissionSpec, Policy, PolicySpec,
    RoleSpec, RuleSpec, Step, Test, fact_type,
};

use contradiction::contradiction;
pub use finding::{Finding, FindingKind};
use patterns::{exclude, is_plain};
use reach::Reach;

/// What in `spec` has no effect, in the order of the document. A policy that does not compile has no
/// findings, but an error.
#[must_use]
pub fn lint(spec: &PolicySpec) -> Vec<Finding> {
    let bare = PolicySpec {
        rules: Vec::new(),
        ..spec.clone()
    };
    let (Ok(policy), Ok(bare)) = (Policy::compile(spec), Policy::compile(&bare)) else {
        return Vec::new();
    };
    let reach = Reach::new(spec, &bare);
    let mut findings = Vec::new();
    roles(spec, &policy, &mut findings);
    permissions(spec, &policy, &reach, &mut findings);
    rules(spec, &reach, &mut findings);
    let owned = spec.ownership.iter().map(|(level, _)| *level);
    findings.extend(owned.filter(|level| *level != Level::Project).map(|level| {
        let path = vec!["ownership".into(), level.as_str().into()];
        let kind = FindingKind::OwnersOfNothing;
        Finding { path, kind }
    }));
    let create = Operation::OrganizationCreate.as_str();
    let mut bound = spec.operations.iter().map(|(operation, _)| operation);
    if spec.creator.is_none() && bound.any(|operation| operation == create) {
        let path = vec!["operations".into(), create.into()];
        let kind = FindingKind::CreatedByNobody;
        findings.push(Finding { path, kind });
    }
    unused(spec, &mut findings);
    findings
}

fn roles(spec: &PolicySpec, policy: &Policy, findings: &mut Vec<Finding>) {
    let membership_counts = is_membership_of_use(spec);
    for (at, (written, role)) in spec.roles.iter().zip(policy.roles()).enumerate() {
        let path = vec!["roles".into(), at.into()];
        let holds_nothing = role.rights.is_empty() && !role.overriding && role.cap.is_none();
        let holds_nothing = holds_nothing && !is_of_use_by_name(spec, written);
        // It makes members, who hold what they hold by other ways.
        let makes_members =
            membership_counts && written.level == Level::Organization && !written.admin;
        if holds_nothing && !makes_members {
            findings.push(Finding {
                path,
                kind: FindingKind::RoleWithoutEffect(written.id.clone()),
            });
        } else if role.overriding && role.cap.is_some() {
            findings.push(Finding {
                path: [path, vec!["cap".into()]].concat(),
                kind: FindingKind::CapWithoutEffect(written.id.clone()),
            });
        }
    }
}

/// Whether something names the role, or may be made of it, for which it need not hold anything: it leaves
/// nothing as a cap, it is who a rule denies, it is what a plan leaves of others.
fn is_of_use_by_name(spec: &PolicySpec, role: &RoleSpec) -> bool {
    let denies = |rule: &RuleSpec| rule.effect == Effect::Deny && rule.roles.contains(&role.id);
    spec.roles
        .iter()
        .any(|one| one.cap.as_ref() == Some(&role.id))
        || spec.rules.iter().any(denies)
        || spec.replacements.iter().any(|one| one.role == role.id)
        || spec.custom_additions && spec.custom_levels.contains(&role.level)
}

/// Whether who is a member and has no role that holds anything may hold something: as every member, by
/// what they own, or by a role below the organization.
fn is_membership_of_use(spec: &PolicySpec) -> bool {
    let for_everybody = |rule: &RuleSpec| rule.effect == Effect::Allow && rule.roles.is_empty();
    !spec.everyone.is_empty()
        || !spec.ownership.is_empty()
        || spec.rules.iter().any(for_everybody)
        || spec
            .roles
            .iter()
            .any(|role| role.level != Level::Organization)
}

fn permissions(spec: &PolicySpec, policy: &Policy, reach: &Reach<'_>, findings: &mut Vec<Finding>) {
    let given = given(policy);
    for (at, permission) in spec.permissions.iter().enumerate() {
        let path = |rest: &[Step]| [&["permissions".into(), at.into()], rest].concat();
        if !given.contains(at) {
            findings.push(Finding {
                path: path(&[]),
                kind: FindingKind::PermissionOfNobody(permission.id.clone()),
            });
        }
        for (index, role) in permission.allow.iter().enumerate() {
            if let Some(by) = reach.denies_always(role, at) {
                findings.push(Finding {
                    path: path(&["allow".into(), index.into()]),
                    kind: always_denied(role, by),
                });
            }
        }
        for row in 0..permission.conditional.len() {
            conditional(permission, (at, row), reach, findings);
        }
        let place = path(&["guard".into()]);
        if let Some((index, fact)) = never_holds(&permission.guard, &[]) {
            let place = [place.as_slice(), &[index.into()]].concat();
            findings.push(contradictory(place, fact));
        }
        single(&permission.guard, &place, reach, findings);
    }
}

/// A row of roles that hold `permission` under conditions: `at` are the numbers of both.
fn conditional(
    permission: &PermissionSpec,
    at: (usize, usize),
    reach: &Reach<'_>,
    findings: &mut Vec<Finding>,
) {
    let (number, row) = at;
    let Some(conditional) = permission.conditional.get(row) else {
        return;
    };
    let path = |member: &str, rest: &[Step]| {
        let here = ["permissions".into(), number.into(), "conditional".into()];
        [here.as_slice(), &[row.into(), member.into()], rest].concat()
    };
    if conditional.roles.is_empty() {
        findings.push(Finding {
            path: path("roles", &[]),
            kind: FindingKind::ConditionsOfNobody,
        });
    }
    for (index, role) in conditional.roles.iter().enumerate() {
        let kind = if reach.holds_without(role, number, row) {
            FindingKind::ConditionsWithoutEffect {
                role: role.clone(),
                permission: permission.id.clone(),
            }
        } else if let Some(by) = reach.denies_always(role, number) {
            always_denied(role, by)
        } else {
            continue;
        };
        let path = path("roles", &[index.into()]);
        findings.push(Finding { path, kind });
    }
    // What comes with the permission is held under the row alone.
    let guard = if permission.implies.is_empty() {
        permission.guard.as_slice()
    } else {
        &[]
    };
    let never = never_holds(&conditional.when, guard);
    if let (Some((index, fact)), None) = (never, never_holds(guard, &[])) {
        findings.push(contradictory(path("when", &[index.into()]), fact));
    }
    single(&conditional.when, &path("when", &[]), reach, findings);
}

fn always_denied(role: &str, by: &str) -> FindingKind {
    FindingKind::AlwaysDenied {
        role: role.into(),
        by: by.into(),
    }
}

/// What is odd about conditions by themselves.
fn single(when: &[Condition], at: &[Step], reach: &Reach<'_>, findings: &mut Vec<Finding>) {
    for (index, condition) in when.iter().enumerate() {
        let path = [at, &[index.into()]].concat();
        // The directory never says of a fact of its own that it is not there.
        let is_open = fact_type(&condition.fact) == Some(FactType::Any);
        if condition.if_exists && !is_open {
            let fact = condition.fact.clone();
            findings.push(Finding {
                path: [path.as_slice(), &["if_exists".into()]].concat(),
                kind: FindingKind::IfExistsWithoutEffect { fact },
            });
        }
        if condition.fact == "target.role"
            && let Some(role) = reach.role_of_no_target(&condition.test)
        {
            let role = role.into();
            let kind = FindingKind::RoleOfNoTarget { role };
            findings.push(Finding { path, kind });
        } else if let Some(kind) = property(&condition.fact) {
            let path = [path.as_slice(), &["fact".into()]].concat();
            findings.push(Finding { path, kind });
        }
        let (member, instead) = match &condition.test {
            Test::Matches(pattern) if is_plain(pattern) => ("matches", "equals"),
            Test::NotMatches(pattern) if is_plain(pattern) => ("not_matches", "not_equals"),
            _ => continue,
        };
        let path = [at, &[index.into(), member.into()]].concat();
        let kind = FindingKind::PatternOfOneText { instead };
        findings.push(Finding { path, kind });
    }
}

/// What is odd about a fact called as the member of a request in which its property stands.
fn property(fact: &str) -> Option<FindingKind> {
    let (group, name) = fact.split_once(".properties.")?;
    let meant = format!("{group}.{name}");
    let is_odd = matches!(group, "action" | "resource") && fact_type(&meant).is_some();
    is_odd.then_some(FindingKind::PropertyOfProperties { meant })
}

/// Levels of which organizations make no role that anybody is given, and features that nothing asks for.
fn unused(spec: &PolicySpec, findings: &mut Vec<Finding>) {
    for (at, level) in spec.custom_levels.iter().copied().enumerate() {
        let is_base = |role: &RoleSpec| role.level == level && !role.overriding;
        let kind = if level == Level::Organization {
            FindingKind::CustomRolesOfNobody
        } else if spec.roles.iter().any(is_base) {
            continue;
        } else {
            FindingKind::CustomRolesOfNothing(level)
        };
        let path = vec!["custom_roles".into(), "levels".into(), at.into()];
        findings.push(Finding { path, kind });
    }
    for (at, feature) in spec.features.iter().enumerate() {
        let needs = |permission: &PermissionSpec| permission.plan.contains(feature);
        let replaces = spec.replacements.iter().any(|one| one.feature == *feature);
        if !replaces && !spec.permissions.iter().any(needs) {
            let path = vec!["plan".into(), "features".into(), at.into()];
            let kind = FindingKind::FeatureWithoutEffect(feature.clone());
            findings.push(Finding { path, kind });
        }
    }
}

fn rules(spec: &PolicySpec, reach: &Reach<'_>, findings: &mut Vec<Finding>) {
    // From the last on: of two alike, the first is not in vain. A rule that is covers no other one.
    let mut vain: Vec<usize> = Vec::new();
    let mut found = Vec::new();
    for (at, rule) in spec.rules.iter().enumerate().rev() {
        let path = vec!["rules".into(), at.into()];
        let place = [path.as_slice(), &["when".into()]].concat();
        single(&rule.when, &place, reach, &mut found);
        if let Some((index, fact)) = never_holds(&rule.when, &[]) {
            vain.push(at);
            let mut finding =
                contradictory([path, vec!["when".into(), index.into()]].concat(), fact);
            if rule.effect == Effect::Deny {
                let fact = fact.into();
                finding.kind = FindingKind::DeniesUnknown { fact };
            }
            found.push(finding);
            continue;
        }
        found.extend(passes_absent(rule, &place));
        let kind = match rule.effect {
            Effect::Deny => reach
                .denied_without(at, &vain)
                .map(|by| FindingKind::DenyWithoutEffect { by: by.into() }),
            Effect::Allow if reach.is_allowed_without(at, &vain) => {
                Some(FindingKind::AllowWithoutEffect)
            }
            Effect::Allow if reach.is_denied(at) => Some(FindingKind::AllowAlwaysDenied),
            Effect::Allow => None,
        };
        if let Some(kind) = kind {
            vain.push(at);
            found.push(Finding { path, kind });
        }
    }
    findings.extend(found.into_iter().rev());
}

/// A deny rule by nothing but another value than some: what is not there has none, and passes.
fn passes_absent(rule: &RuleSpec, at: &[Step]) -> Option<Finding> {
    let [condition] = rule.when.as_slice() else {
        return None;
    };
    let is_negative = matches!(
        condition.test,
        Test::NotEquals(_)
            | Test::NotEqualsFact(_)
            | Test::NotEqualsIgnoreCase(_)
            | Test::NotIn(_)
            | Test::NotMatches(_)
    );
    let may_lack = fact_type(&condition.fact) == Some(FactType::Any) && !condition.if_exists;
    (rule.effect == Effect::Deny && is_negative && may_lack).then(|| Finding {
        path: [at, &[0.into()]].concat(),
        kind: FindingKind::DenyPassesAbsent {
            fact: condition.fact.clone(),
        },
    })
}

/// The permissions that somebody may hold.
fn given(policy: &Policy) -> Bits {
    let mut rights = policy.everyone.clone();
    for role in &policy.roles {
        rights.union_with(&role.rights);
    }
    for (_, owned) in policy.ownership.iter() {
        rights.union_with(owned);
    }
    let count = policy.permissions.len();
    if policy.roles.iter().any(|role| role.overriding) {
        return Bits::first(count, count);
    }
    let permissions = rights
        .iter()
        .filter_map(|right| policy.permission_of(right));
    Bits::of(permissions, count)
}

/// The condition of `when`, and its fact, by which `when` and `others` never all hold.
fn never_holds<'a>(when: &'a [Condition], others: &[Condition]) -> Option<(usize, &'a str)> {
    when.iter().enumerate().rev().find_map(|(at, last)| {
        let of_fact = when
            .iter()
            .chain(others)
            .filter(|condition| condition.fact == last.fact);
        let of_fact: Vec<&Condition> = of_fact.collect();
        let never = contradiction(&of_fact) || exclude(&of_fact);
        never.then_some((at, last.fact.as_str()))
    })
}

fn contradictory(path: Vec<Step>, fact: &str) -> Finding {
    let fact = fact.into();
    let kind = FindingKind::NeverHolds { fact };
    Finding { path, kind }
}
