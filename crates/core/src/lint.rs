//! What in a policy that compiles has no effect, cannot be meant, or seldom is.

mod contradiction;
mod narrower;
mod patterns;
mod reach;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::{
    Bits, Condition, Effect, FactType, Level, Operation, PermissionSpec, Policy, PolicySpec,
    RoleSpec, RuleSpec, Step, Test, fact_type,
};

use contradiction::contradiction;
use patterns::exclude;
use reach::Reach;

/// Something in a policy that has no effect, cannot be meant, or seldom is, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The way to the place, in the document's own member names.
    pub path: Vec<Step>,
    /// What is odd there.
    pub kind: FindingKind,
}

/// What is odd about a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// The conditions contradict each other, so that they never all hold.
    NeverHolds {
        /// The fact of which they ask what it cannot be.
        fact: String,
    },
    /// The conditions of a deny rule contradict each other, so that it denies only what they cannot be tested of.
    DeniesUnknown {
        /// The fact of which they ask what it cannot be.
        fact: String,
    },
    /// The role holds nothing, bounds nothing and overrides nothing.
    RoleWithoutEffect(String),
    /// Nobody can ever hold the permission.
    PermissionOfNobody(String),
    /// The role holds the permission without these conditions, or under fewer.
    ConditionsWithoutEffect {
        /// The role.
        role: String,
        /// The permission.
        permission: String,
    },
    /// The row of conditions is about no role.
    ConditionsOfNobody,
    /// The condition is also to hold where the fact is not there, and it always is.
    IfExistsWithoutEffect {
        /// The fact.
        fact: String,
    },
    /// The condition asks for a role that nobody has on the organization.
    RoleOfNoTarget {
        /// The role.
        role: String,
    },
    /// A rule always takes away what the role is given here.
    AlwaysDenied {
        /// The role.
        role: String,
        /// The rule.
        by: String,
    },
    /// Whatever the rule allows is allowed without it.
    AllowWithoutEffect,
    /// Whatever the rule allows, other rules deny.
    AllowAlwaysDenied,
    /// The role overrides whatever caps say, its own too.
    CapWithoutEffect(String),
    /// Whatever the rule denies, other rules deny without it.
    DenyWithoutEffect {
        /// One of them.
        by: String,
    },
    /// The rule denies what has another value than some, and not what has none.
    DenyPassesAbsent {
        /// The fact that may be absent.
        fact: String,
    },
    /// The permissions of owners, of a level at which the edge knows none.
    OwnersOfNothing,
    /// Organizations are created by a permission, and nothing says what who creates one becomes.
    CreatedByNobody,
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverHolds { fact } => {
                write!(
                    f,
                    "these conditions ask of `{fact}` what it cannot be, so they never hold"
                )
            }
            Self::DeniesUnknown { fact } => write!(
                f,
                "these conditions ask of `{fact}` what it cannot be, so this denies only where it is not known, or of another type"
            ),
            Self::RoleWithoutEffect(role) => write!(f, "the role `{role}` holds no permission"),
            Self::PermissionOfNobody(permission) => {
                write!(f, "nothing gives `{permission}` to anybody")
            }
            Self::ConditionsWithoutEffect { role, permission } => write!(
                f,
                "`{role}` holds `{permission}` without these conditions, so they have no effect"
            ),
            Self::ConditionsOfNobody => {
                f.write_str("no role is named, so these conditions have no effect")
            }
            Self::IfExistsWithoutEffect { fact } => write!(
                f,
                "`{fact}` is there wherever it can be, so `if_exists` has no effect"
            ),
            Self::RoleOfNoTarget { role } => write!(
                f,
                "`target.role` is a role on the organization itself, and nobody has `{role}` there"
            ),
            Self::AlwaysDenied { role, by } => {
                write!(f, "the rule `{by}` always takes this from `{role}`")
            }
            Self::AllowWithoutEffect => {
                f.write_str("all that this rule allows is allowed without it")
            }
            Self::CapWithoutEffect(role) => {
                write!(f, "`{role}` holds everything, so its cap has no effect")
            }
            Self::AllowAlwaysDenied => f.write_str("all that this rule allows, other rules deny"),
            Self::DenyWithoutEffect { by } => {
                write!(
                    f,
                    "all that this rule denies is denied without it, by `{by}`"
                )
            }
            Self::DenyPassesAbsent { fact } => write!(
                f,
                "what has no `{fact}` is not denied; with `if_exists = true` it is, too"
            ),
            Self::OwnersOfNothing => f.write_str(
                "the edge knows owners of projects only, so nobody holds this there by owning",
            ),
            Self::CreatedByNobody => f.write_str(
                "no `creator` says who the first member is, so nobody creates an organization",
            ),
        }
    }
}

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
    let never = never_holds(&conditional.when, &permission.guard);
    if let (Some((index, fact)), None) = (never, never_holds(&permission.guard, &[])) {
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
