//! What is written and never of use, or says in a roundabout way what is said plainly.

use lockstep_core::{Condition, Effect, Level, PolicySpec, ReplacementSpec, RoleSpec, Test, Value};

use super::{findings, permission, policy, row, rule, with_rules};
use crate::shop::strings;

fn with(change: impl FnOnce(&mut PolicySpec)) -> Vec<String> {
    let mut spec = policy();
    change(&mut spec);
    findings(&spec)
}

#[test]
fn roles_that_organizations_make_are_made_of_others_and_given_to_somebody() {
    let helper = |overriding| RoleSpec {
        id: "helper".into(),
        includes: strings(&["clerk"]),
        overriding,
        ..RoleSpec::new(Level::Workspace)
    };
    assert_eq!(
        with(|spec| {
            spec.roles.push(helper(false));
            spec.custom_levels = vec![Level::Workspace];
        }),
        [""; 0]
    );
    // Nobody is a member by a role that may be deleted.
    let nobody = "custom_roles.levels.1: on the organization itself everybody has a role of the policy, so nobody \
                  is given one of these";
    assert_eq!(
        with(|spec| {
            spec.roles.push(helper(false));
            spec.custom_levels = vec![Level::Workspace, Level::Organization];
        }),
        [nobody]
    );
    let nothing = "custom_roles.levels.0: organizations make their roles of others, and no role of the project is \
                   there for that";
    assert_eq!(
        with(|spec| spec.custom_levels = vec![Level::Project]),
        [nothing]
    );
}

#[test]
fn a_feature_is_needed_by_a_permission_or_replaces_roles() {
    let features = |spec: &mut PolicySpec| spec.features = strings(&["gifts", "lunch"]);
    let unused = |at: usize, id: &str| {
        format!(
            "plan.features.{at}: no permission needs `{id}` and it replaces no role, so no decision depends on it"
        )
    };
    assert_eq!(with(features), [unused(0, "gifts"), unused(1, "lunch")]);
    assert_eq!(
        with(|spec| {
            features(spec);
            spec.permissions[1].plan = strings(&["lunch"]);
        }),
        [unused(0, "gifts")]
    );
    assert_eq!(
        with(|spec| {
            features(spec);
            spec.permissions[1].plan = strings(&["lunch"]);
            spec.replacements = vec![ReplacementSpec {
                feature: "gifts".into(),
                level: Level::Organization,
                role: "owner".into(),
            }];
        }),
        [""; 0]
    );
}

#[test]
fn a_pattern_stands_for_more_than_one_text() {
    let of = |test: Test| Condition::new("resource.name", test);
    let plain = "this has neither `*` nor `?`, so only this text fits:";
    let rules = |test: Test| {
        let rules = vec![rule("d", Effect::Deny, &[], &["eat"], &[of(test)])];
        findings(&with_rules(rules))
    };
    assert_eq!(
        rules(Test::Matches("soup".into())),
        [format!(
            "rules.0.when.0.matches: {plain} `equals` says that"
        )]
    );
    for pattern in ["*", "soup*", "s?up"] {
        assert_eq!(rules(Test::Matches(pattern.into())), [""; 0]);
    }
    assert_eq!(
        with(|spec| {
            let unlike = |text: &str| of(Test::NotMatches(text.into()));
            spec.permissions[0].guard = vec![unlike("soup")];
            spec.permissions[1].conditional = vec![row(&["clerk"], &[unlike("s*"), unlike("tea")])];
        }),
        [
            format!("permissions.0.guard.0.not_matches: {plain} `not_equals` says that"),
            format!(
                "permissions.1.conditional.0.when.1.not_matches: {plain} `not_equals` says that"
            ),
        ]
    );
}

/// The properties of a request are facts by their own names.
#[test]
fn a_fact_is_not_called_as_the_member_in_which_it_stands() {
    let found = |fact: &str| {
        let condition = Condition::new(fact, Test::Equals(Value::Bool(true)));
        with(|spec| {
            spec.permissions.push(permission("cook", &["owner"]));
            spec.permissions[2].guard = vec![condition];
        })
    };
    for group in ["resource", "action"] {
        let said = format!(
            "permissions.2.guard.0.fact: what a request states as a property is the fact `{group}.hot`"
        );
        assert_eq!(found(&format!("{group}.properties.hot")), [said]);
    }
    for fact in [
        "resource.hot",
        "resource.properties",
        "resource.oven.properties.hot",
        "context.properties.hot",
        "principal.properties.hot",
    ] {
        assert_eq!(found(fact), [""; 0], "{fact}");
    }
}
