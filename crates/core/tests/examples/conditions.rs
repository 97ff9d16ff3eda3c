//! Conditions: those that do not compile, being tests that could never hold or too many, and what they ask for.

use lockstep_core::{
    Condition, ConditionalSpec, Effect, Level, Operation, PermissionSpec, Policy, PolicySpec,
    RoleSpec, RuleSpec, Test, Value, limits,
};

use crate::mistakes::{LOOK, accepted, permission, refused, role, text};
use crate::shop::{is, spec, strings};

#[test]
fn rights_under_guards_have_a_limit() {
    // Each permission under as many guards as fit, all of them together just so many, or one more.
    let guards = limits::CONDITIONAL_RIGHTS_MAX / limits::PERMISSIONS_MAX;
    let spec = |more: usize| {
        let permissions = (0..limits::PERMISSIONS_MAX).map(|at| PermissionSpec {
            conditional: (0..guards + usize::from(at < more))
                .map(|guard| ConditionalSpec {
                    roles: strings(&["admin"]),
                    when: vec![is(&format!("resource.f{guard}"), true)],
                })
                .collect(),
            ..permission(&format!("p{at}"))
        });
        PolicySpec {
            id: "wide".into(),
            roles: vec![RoleSpec {
                admin: true,
                ..role("admin", Level::Organization)
            }],
            permissions: permissions.collect(),
            ..PolicySpec::default()
        }
    };
    assert!(Policy::compile(&spec(0)).is_ok());
    let error = Policy::compile(&spec(1)).unwrap_err().to_string();
    assert_eq!(error, "permissions[0].conditional: more than 4096 entries");
}

/// All kinds of tests, and for each the types of facts that it fits: any, bool, integer, role, text.
fn kinds() -> [(Test, [bool; 5]); 21] {
    let role = || strings(&["clerk"]);
    let (t, f) = (true, false);
    [
        (Test::AtLeast(1), [t, f, t, f, f]),
        (Test::AtMost(1), [t, f, t, f, f]),
        (Test::Equals(Value::Bool(true)), [t, t, f, f, f]),
        (Test::Equals(Value::Integer(1)), [t, f, t, f, f]),
        (Test::Equals(text("clerk")), [t, f, f, t, t]),
        (Test::NotEquals(Value::Bool(true)), [t, t, f, f, f]),
        (Test::NotEquals(Value::Integer(1)), [t, f, t, f, f]),
        (Test::NotEquals(text("clerk")), [t, f, f, t, t]),
        (Test::EqualsIgnoreCase("clerk".into()), [t, f, f, f, t]),
        (Test::NotEqualsIgnoreCase("clerk".into()), [t, f, f, f, t]),
        (Test::In(role()), [t, f, f, t, t]),
        (Test::NotIn(role()), [t, f, f, t, t]),
        (Test::Matches("cl*".into()), [t, f, f, f, t]),
        (Test::NotMatches("cl*".into()), [t, f, f, f, t]),
        (Test::EqualsFact("resource.any".into()), [t, t, t, t, t]),
        (Test::EqualsFact("target.self".into()), [t, t, f, f, f]),
        (Test::NotEqualsFact("target.self".into()), [t, t, f, f, f]),
        (Test::AtLeastFact("resource.any".into()), [t, f, t, f, f]),
        (Test::AtMostFact("resource.any".into()), [t, f, t, f, f]),
        (
            Test::AtLeastFact("organization.members".into()),
            [t, f, t, f, f],
        ),
        (
            Test::AtMostFact("organization.members".into()),
            [t, f, t, f, f],
        ),
    ]
}

#[test]
fn a_test_fits_the_type_of_its_fact() {
    let facts = [
        ("resource.any", "of any type"),
        ("target.self", "true or false"),
        ("organization.members", "whole numbers"),
        ("target.role", "role ids"),
        ("principal.id", "texts"),
    ];
    for (test, fits) in kinds() {
        for ((fact, values), fits) in facts.into_iter().zip(fits) {
            let member = match &test {
                Test::EqualsFact(_) => "equals_fact",
                Test::NotEqualsFact(_) => "not_equals_fact",
                Test::AtLeastFact(_) => "at_least_fact",
                Test::AtMostFact(_) => "at_most_fact",
                _ => "fact",
            };
            let guard = vec![Condition::new(fact, test.clone())];
            if fits {
                accepted(|spec| spec.permissions[LOOK].guard = guard);
            } else {
                refused(
                    |spec| spec.permissions[LOOK].guard = guard,
                    &format!(
                        "permissions[0].guard[0].{member}: the values of `{fact}` are {values}, \
                         so this would never hold"
                    ),
                );
            }
        }
    }
}

#[test]
fn a_test_names_facts_and_roles_that_exist_and_texts_that_are_short() {
    let guard = |fact: &str, test: Test| {
        let guard = vec![Condition::new(fact, test)];
        move |spec: &mut PolicySpec| spec.permissions[LOOK].guard = guard
    };
    let flag = || Test::Equals(Value::Bool(true));
    for fact in ["resource.", "resource", "weather", "target.selfish"] {
        refused(
            guard(fact, flag()),
            &format!("permissions[0].guard[0].fact: there is no fact `{fact}`"),
        );
    }
    // What names the question itself is told what to write instead, and only where a fact is named.
    refused(
        guard("resource.id", flag()),
        "permissions[0].guard[0].fact: there is no fact `resource.id`: state a property, such as `resource.key`",
    );
    for (fact, instead) in [
        ("resource.type", "state a property, such as `resource.kind`"),
        ("action.name", "the permission is the action's name"),
    ] {
        refused(
            guard(fact, flag()),
            &format!("permissions[0].guard[0].fact: there is no fact `{fact}`: {instead}"),
        );
    }
    refused(
        |spec| spec.permissions[LOOK].allow.push("resource.id".into()),
        "permissions[0].allow[3]: there is no role `resource.id`",
    );
    refused(
        guard("target.self", Test::EqualsFact("weather".into())),
        "permissions[0].guard[0].equals_fact: there is no fact `weather`",
    );
    refused(
        guard("resource.a", Test::AtMostFact("principal.id".into())),
        "permissions[0].guard[0].at_most_fact: the values of `principal.id` are texts, so this would never hold",
    );
    for (test, member) in [
        (Test::Equals(text("nobody")), "equals"),
        (Test::NotEquals(text("nobody")), "not_equals"),
        (Test::In(strings(&["clerk", "nobody"])), "in"),
        (Test::NotIn(strings(&["clerk", "nobody"])), "not_in"),
    ] {
        refused(
            guard("target.role", test),
            &format!("permissions[0].guard[0].{member}: there is no role `nobody`"),
        );
    }
    let longest = "a".repeat(limits::TEST_BYTES_MAX);
    accepted(guard("resource.name", Test::Matches(longest.clone())));
    let too_long = format!("{longest}a");
    for (test, member) in [
        (Test::Equals(text(&too_long)), "equals"),
        (Test::NotEquals(text(&too_long)), "not_equals"),
        (
            Test::EqualsIgnoreCase(too_long.clone()),
            "equals_ignore_case",
        ),
        (
            Test::NotEqualsIgnoreCase(too_long.clone()),
            "not_equals_ignore_case",
        ),
        (Test::In(vec![too_long.clone()]), "in"),
        (Test::NotIn(vec![too_long.clone()]), "not_in"),
        (Test::Matches(too_long.clone()), "matches"),
        (Test::NotMatches(too_long), "not_matches"),
    ] {
        let mut spec = spec();
        guard("resource.name", test)(&mut spec);
        let error = Policy::compile(&spec).unwrap_err();
        let place = [
            "permissions".into(),
            LOOK.into(),
            "guard".into(),
            0.into(),
            member.into(),
        ];
        assert_eq!(error.path, place);
    }
}

/// What diffs and matrices say of an operation, and which facts a test may state.
#[test]
fn a_policy_says_what_operations_need_and_which_facts_it_asks_for() {
    let mut spec = spec();
    let owned = Test::EqualsFact("principal.id".into());
    spec.permissions[1].guard = vec![Condition::new("resource.owner", owned)];
    let policy = Policy::compile(&spec).unwrap();
    let needed = |operation| policy.operation_permission(operation);
    assert_eq!(needed(Operation::MemberLeave), Some("resign"));
    assert_eq!(needed(Operation::MemberRemove), Some("dismiss"));
    assert_eq!(needed(Operation::AuditRead), None);
    let mut asked: Vec<&str> = policy.facts_asked().collect();
    asked.sort_unstable();
    let wanted = [
        "principal.id",
        "resource.open",
        "resource.own",
        "resource.owner",
        "target.creator",
    ];
    assert_eq!(asked, wanted);
}

/// A page could not tell longer ones from each other (law 9).
#[test]
fn numbers_have_53_bits() {
    let with = |test: &Test| {
        let guard = vec![Condition::new("resource.size", test.clone())];
        |spec: &mut PolicySpec| spec.permissions[LOOK].guard = guard
    };
    let tests: [(&str, &dyn Fn(i64) -> Test); 4] = [
        ("equals", &|number| Test::Equals(Value::Integer(number))),
        ("not_equals", &|number| {
            Test::NotEquals(Value::Integer(number))
        }),
        ("at_least", &Test::AtLeast),
        ("at_most", &Test::AtMost),
    ];
    for sign in [1, -1] {
        let (most, more) = (sign * 9_007_199_254_740_991, sign * 9_007_199_254_740_992);
        for (member, test) in tests {
            accepted(with(&test(most)));
            let expected = format!(
                "permissions[0].guard[0].{member}: {more} has more than 53 bits, and a page could not \
                 tell it from others"
            );
            refused(with(&test(more)), &expected);
        }
    }
}

/// Rules, too, of which one would give nothing by what there is no room for.
#[test]
fn allow_rules_under_guards_have_a_limit() {
    let rules = |count: usize| {
        move |spec: &mut PolicySpec| {
            let per_rule = 1_000;
            let more = (0..per_rule).map(|at| permission(&format!("p{at}")));
            spec.permissions = more.chain(std::mem::take(&mut spec.permissions)).collect();
            let ids: Vec<String> = (0..per_rule).map(|at| format!("p{at}")).collect();
            spec.rules = (0..count)
                .map(|at| RuleSpec {
                    id: format!("r{at}"),
                    effect: Effect::Allow,
                    roles: Vec::new(),
                    permissions: ids.clone(),
                    when: vec![is(&format!("resource.f{at}"), true)],
                    because: String::new(),
                })
                .collect();
        }
    };
    accepted(rules(4));
    refused(rules(5), "rules[4].when: more than 4096 entries");
}
