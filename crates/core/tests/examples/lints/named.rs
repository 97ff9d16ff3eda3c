//! Roles that hold nothing and are named, and conditions that say nothing.

use lockstep_core::{
    Condition, Effect, Level, PermissionSpec, PolicySpec, ReplacementSpec, RoleSpec, Test, lint,
};

use super::{findings, permission, policy, row, rule, ticket};
use crate::shop::strings;

/// With a role that holds nothing.
fn with_bare(change: impl FnOnce(&mut PolicySpec)) -> Vec<String> {
    let mut spec = policy();
    spec.roles.push(RoleSpec {
        id: "bare".into(),
        ..RoleSpec::new(Level::Workspace)
    });
    change(&mut spec);
    findings(&spec)
}

#[test]
fn a_role_that_holds_nothing_has_an_effect_by_what_names_it() {
    let nothing = "roles.2: the role `bare` holds no permission";
    assert_eq!(with_bare(|_| {}), [nothing]);
    assert_eq!(
        with_bare(|spec| spec.roles[1].cap = Some("bare".into())),
        [""; 0]
    );
    assert_eq!(
        with_bare(|spec| {
            spec.rules
                .push(rule("banned", Effect::Deny, &["bare"], &["eat"], &[]));
        }),
        [""; 0]
    );
    assert_eq!(
        with_bare(|spec| {
            spec.features = strings(&["flat"]);
            spec.replacements = vec![ReplacementSpec {
                feature: "flat".into(),
                level: Level::Workspace,
                role: "bare".into(),
            }];
        }),
        [""; 0]
    );
    // What an organization makes of it may hold something.
    assert_eq!(
        with_bare(|spec| {
            spec.custom_levels = vec![Level::Workspace];
            spec.custom_additions = true;
        }),
        [""; 0]
    );
    assert_eq!(
        with_bare(|spec| spec.custom_levels = vec![Level::Workspace]),
        [nothing]
    );
    assert_eq!(
        with_bare(|spec| {
            spec.custom_levels = vec![Level::Project];
            spec.custom_additions = true;
            spec.roles.push(RoleSpec {
                id: "helper".into(),
                includes: strings(&["clerk"]),
                ..RoleSpec::new(Level::Project)
            });
        }),
        [nothing]
    );
}

#[test]
fn a_row_of_conditions_is_about_somebody_who_is_not_denied_anyway() {
    let mut spec = policy();
    spec.permissions[1] = PermissionSpec {
        conditional: vec![row(&[], &[ticket()]), row(&["clerk"], &[ticket()])],
        ..permission("eat", &["owner"])
    };
    let nobody =
        "permissions.1.conditional.0.roles: no role is named, so these conditions have no effect";
    assert_eq!(findings(&spec), [nobody]);
    spec.rules = vec![rule("stop", Effect::Deny, &["clerk"], &["eat"], &[])];
    let denied =
        "permissions.1.conditional.1.roles.0: the rule `stop` always takes this from `clerk`";
    assert_eq!(findings(&spec), [nobody, denied]);
    // Under conditions of its own it takes only what they are about.
    spec.rules[0].when = vec![Condition::new(
        "resource.own",
        Test::Equals(lockstep_core::Value::Bool(true)),
    )];
    assert_eq!(findings(&spec), [nobody]);
}

#[test]
fn what_the_directory_states_is_there() {
    let if_there = |fact: &str| Condition {
        if_exists: true,
        ..Condition::new(fact, Test::Equals(lockstep_core::Value::Bool(false)))
    };
    let mut spec = policy();
    spec.permissions[0].guard = vec![if_there("resource.tags.kept"), if_there("target.self")];
    spec.permissions[1].conditional = vec![row(&["clerk"], &[if_there("target.creator")])];
    spec.rules = vec![rule(
        "stop",
        Effect::Deny,
        &["clerk"],
        &["sell"],
        &[if_there("principal.creator")],
    )];
    let said =
        |fact: &str| format!("`{fact}` is there wherever it can be, so `if_exists` has no effect");
    let found = lint(&spec)
        .into_iter()
        .map(|finding| finding.kind.to_string());
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            said("target.self"),
            said("target.creator"),
            said("principal.creator")
        ]
    );
    assert_eq!(
        findings(&spec)[0].split(':').next(),
        Some("permissions.0.guard.1.if_exists")
    );
}
