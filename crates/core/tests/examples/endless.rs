//! Policies within all limits that are as much work as they can be: each is compiled and looked at in the time
//! that this takes to run.

use lockstep_core::{
    Condition, Effect, FindingKind, Level, PermissionSpec, Policy, PolicySpec, RoleSpec, RuleSpec,
    Test, Value, limits, lint,
};

fn permissions(implies: impl Fn(usize) -> Vec<String>) -> Vec<PermissionSpec> {
    let all = 0..limits::PERMISSIONS_MAX;
    all.map(|at| PermissionSpec {
        id: format!("p{at}"),
        implies: implies(at),
        allow: vec!["r0".into()],
        ..PermissionSpec::new(Level::Organization)
    })
    .collect()
}

fn roles(role: impl Fn(usize) -> RoleSpec) -> Vec<RoleSpec> {
    let all = (0..limits::ROLES_MAX).map(|at| RoleSpec {
        id: format!("r{at}"),
        admin: at == 0,
        ..role(at)
    });
    all.collect()
}

fn plain(_: usize) -> RoleSpec {
    RoleSpec::new(Level::Organization)
}

fn policy(roles: Vec<RoleSpec>, permissions: Vec<PermissionSpec>) -> PolicySpec {
    PolicySpec {
        id: "endless".into(),
        roles,
        permissions,
        ..PolicySpec::default()
    }
}

/// So many permissions after the one numbered `at`.
fn next(at: usize, count: usize) -> Vec<String> {
    let next = (at + 1..limits::PERMISSIONS_MAX).take(count);
    next.map(|at| format!("p{at}")).collect()
}

fn rule(at: usize, effect: Effect) -> RuleSpec {
    RuleSpec {
        id: format!("rule{at}"),
        effect,
        roles: Vec::new(),
        permissions: vec!["*".into()],
        when: Vec::new(),
        because: String::new(),
    }
}

#[test]
fn roles_that_override_and_include_each_other_under_permissions_that_imply_the_next() {
    let roles = roles(|at| RoleSpec {
        overriding: true,
        includes: at
            .checked_sub(1)
            .map(|at| format!("r{at}"))
            .into_iter()
            .collect(),
        ..plain(at)
    });
    let spec = policy(roles, permissions(|at| next(at, 1)));
    let policy = Policy::compile(&spec).unwrap();
    let last = policy.role("r255").unwrap();
    assert!(policy.describe_role(last).unwrap().overriding);
    assert_eq!(lint(&spec), []);
}

#[test]
fn permissions_that_imply_a_hundred_others_each_and_are_named_many_times() {
    let mut spec = policy(roles(plain), permissions(|at| next(at, 129)));
    spec.everyone = vec!["p0".into(); 100_000];
    for permission in &mut spec.permissions {
        permission.allow = vec!["r1".into(); 100];
    }
    assert!(Policy::compile(&spec).is_ok());
}

#[test]
fn roles_that_include_the_same_others_again_and_again() {
    let roles = roles(|at| RoleSpec {
        includes: (0..at)
            .cycle()
            .take(2_000 * at.min(1))
            .map(|at| format!("r{at}"))
            .collect(),
        ..plain(at)
    });
    assert!(Policy::compile(&policy(roles, permissions(|_| Vec::new()))).is_ok());
}

#[test]
fn rules_under_conditions_for_all_permissions() {
    let mut spec = policy(roles(plain), permissions(|at| next(at, 1)));
    let guarded = (0..limits::RULES_MAX).map(|at| {
        let test = Test::Equals(Value::Text(format!("v{at}")));
        RuleSpec {
            when: vec![Condition::new("resource.kind", test)],
            ..rule(at, Effect::Allow)
        }
    });
    spec.rules = guarded.collect();
    // That is more rights under conditions than there is room for.
    assert!(Policy::compile(&spec).is_err());
    spec.rules.truncate(4);
    assert!(Policy::compile(&spec).is_ok());
    assert_eq!(lint(&spec).len(), 0);
}

#[test]
fn rules_that_deny_every_role_every_permission() {
    let mut spec = policy(roles(plain), permissions(|_| Vec::new()));
    let all = (0..limits::ROLES_MAX).map(|at| format!("r{at}"));
    let denials = (0..limits::RULES_MAX).map(|at| RuleSpec {
        roles: all.clone().collect(),
        ..rule(at, Effect::Deny)
    });
    spec.rules = denials.collect();
    let findings = lint(&spec);
    let vain = findings.iter().filter(|finding| {
        let first = FindingKind::DenyWithoutEffect { by: "rule0".into() };
        finding.kind == first
    });
    assert_eq!(vain.count(), limits::RULES_MAX - 1);
}

#[test]
fn permissions_with_as_many_cases_as_they_may_have() {
    let mut spec = policy(roles(plain), permissions(|_| Vec::new()));
    for permission in &mut spec.permissions {
        permission.cases = (0..limits::CASES_MAX)
            .map(|at| lockstep_core::CaseSpec {
                id: format!("c{at}"),
                label: String::new(),
                facts: Vec::new(),
            })
            .collect();
    }
    assert!(Policy::compile(&spec).is_ok());
}
