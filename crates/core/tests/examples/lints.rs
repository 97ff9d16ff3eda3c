//! What in a policy has no effect is found at its place, and what has an effect is not.

mod contradictions;
mod named;
mod narrower;
mod others;
mod unused;

use lockstep_core::{
    Condition, ConditionalSpec, Effect, Level, PermissionSpec, PolicySpec, RoleSpec, RuleSpec,
    Step, Test, Value, lint,
};

use crate::shop::strings;

/// Owner holds everything, clerk holds `sell` and, with lunch tickets, `eat`.
fn policy() -> PolicySpec {
    let role = |id: &str, admin| RoleSpec {
        id: id.into(),
        admin,
        ..RoleSpec::new(Level::Organization)
    };
    PolicySpec {
        id: "lints".into(),
        roles: vec![role("owner", true), role("clerk", false)],
        permissions: vec![
            permission("sell", &["owner", "clerk"]),
            PermissionSpec {
                conditional: vec![row(&["clerk"], &[ticket()])],
                ..permission("eat", &["owner"])
            },
        ],
        ..PolicySpec::default()
    }
}

fn permission(id: &str, allow: &[&str]) -> PermissionSpec {
    PermissionSpec {
        id: id.into(),
        allow: strings(allow),
        ..PermissionSpec::new(Level::Organization)
    }
}

fn row(roles: &[&str], when: &[Condition]) -> ConditionalSpec {
    ConditionalSpec {
        roles: strings(roles),
        when: when.to_vec(),
    }
}

fn rule(
    id: &str,
    effect: Effect,
    roles: &[&str],
    permissions: &[&str],
    when: &[Condition],
) -> RuleSpec {
    RuleSpec {
        id: id.into(),
        effect,
        roles: strings(roles),
        permissions: strings(permissions),
        when: when.to_vec(),
        because: String::new(),
    }
}

fn ticket() -> Condition {
    Condition::new("resource.ticket", Test::Equals(Value::Bool(true)))
}

fn with_rules(rules: Vec<RuleSpec>) -> PolicySpec {
    PolicySpec { rules, ..policy() }
}

/// The findings as `place: sentence`.
fn findings(spec: &PolicySpec) -> Vec<String> {
    let place = |path: &[Step]| {
        let steps = path.iter().map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => index.to_string(),
        });
        steps.collect::<Vec<_>>().join(".")
    };
    let found = lint(spec).into_iter();
    found
        .map(|finding| format!("{}: {}", place(&finding.path), finding.kind))
        .collect()
}

#[test]
fn a_policy_in_which_all_has_an_effect_has_no_findings() {
    assert_eq!(findings(&policy()), [""; 0]);
    let rules = vec![
        rule("a", Effect::Deny, &["clerk"], &["eat"], &[ticket()]),
        rule("b", Effect::Deny, &["clerk"], &["sell"], &[ticket()]),
        rule(
            "c",
            Effect::Deny,
            &[],
            &["eat"],
            &[Condition::new(
                "resource.own",
                Test::Equals(Value::Bool(true)),
            )],
        ),
        rule("d", Effect::Allow, &["clerk"], &["sell", "eat"], &[]),
    ];
    assert_eq!(findings(&with_rules(rules)), [""; 0]);
}

#[test]
fn a_policy_that_does_not_compile_has_an_error_instead() {
    let mut spec = policy();
    spec.roles.push(RoleSpec {
        id: "clerk".into(),
        ..RoleSpec::new(Level::Organization)
    });
    assert_eq!(lint(&spec), []);
}

/// Whoever has such a role is a member, and holds what members, owners or other roles hold.
#[test]
fn a_role_that_makes_members_has_an_effect_where_membership_has() {
    let spec = |change: fn(&mut PolicySpec)| {
        let mut spec = policy();
        spec.roles.push(RoleSpec {
            id: "guest".into(),
            ..RoleSpec::new(Level::Organization)
        });
        change(&mut spec);
        findings(&spec)
    };
    let nothing = "roles.2: the role `guest` holds no permission";
    assert_eq!(spec(|_| {}), [nothing]);
    assert_eq!(spec(|spec| spec.everyone = strings(&["sell"])), [""; 0]);
    assert_eq!(
        spec(|spec| spec.ownership = vec![(Level::Project, strings(&["sell"]))]),
        [""; 0]
    );
    assert_eq!(
        spec(|spec| spec.rules = vec![rule("all", Effect::Allow, &[], &["sell"], &[ticket()])]),
        [""; 0]
    );
    assert_eq!(
        spec(|spec| spec.rules = vec![rule("all", Effect::Deny, &[], &["sell"], &[ticket()])]),
        [nothing]
    );
    let below = |spec: &mut PolicySpec| {
        spec.roles.push(RoleSpec {
            id: "cook".into(),
            includes: strings(&["clerk"]),
            ..RoleSpec::new(Level::Workspace)
        });
    };
    assert_eq!(spec(below), [""; 0]);
    // A role below is granted for what it holds, and one of admins is to administer something.
    assert_eq!(
        spec(|spec| spec.roles[2].level = Level::Workspace),
        [nothing]
    );
    assert_eq!(
        spec(|spec| {
            spec.everyone = strings(&["sell"]);
            spec.roles[2].admin = true;
        }),
        [nothing]
    );
}

#[test]
fn a_cap_of_who_holds_everything_has_no_effect() {
    let mut spec = policy();
    spec.roles[0].overriding = true;
    assert_eq!(findings(&spec), [""; 0]);
    spec.roles[0].cap = Some("clerk".into());
    assert_eq!(
        findings(&spec),
        ["roles.0.cap: `owner` holds everything, so its cap has no effect"]
    );
}

#[test]
fn roles_that_hold_nothing_and_permissions_of_nobody() {
    let mut spec = policy();
    let role = |id: &str| RoleSpec {
        id: id.into(),
        ..RoleSpec::new(Level::Organization)
    };
    spec.roles.extend([
        role("guest"),
        RoleSpec {
            includes: strings(&["clerk"]),
            ..role("trainee")
        },
        RoleSpec {
            cap: Some("clerk".into()),
            ..role("capped")
        },
    ]);
    spec.permissions.push(permission("fly", &[]));
    let nobody = "permissions.2: nothing gives `fly` to anybody";
    assert_eq!(
        findings(&spec),
        ["roles.2: the role `guest` holds no permission", nobody]
    );

    // Each of these gives it to somebody.
    spec.roles.remove(2);
    assert_eq!(findings(&spec), [nobody]);
    let given = |change: fn(&mut PolicySpec)| {
        let mut spec = spec.clone();
        change(&mut spec);
        findings(&spec)
    };
    assert_eq!(given(|spec| spec.everyone = strings(&["fly"])), [""; 0]);
    assert_eq!(given(|spec| spec.roles[0].overriding = true), [""; 0]);
    assert_eq!(
        given(|spec| spec.ownership = vec![(Level::Project, strings(&["*"]))]),
        [""; 0]
    );
    assert_eq!(
        given(|spec| spec.permissions[0].implies = strings(&["fly"])),
        [""; 0]
    );
    assert_eq!(
        given(|spec| spec.permissions[2].conditional = vec![row(&["clerk"], &[ticket()])]),
        [""; 0]
    );
    assert_eq!(
        given(|spec| spec.rules = vec![rule("a", Effect::Allow, &["clerk"], &["fly"], &[])]),
        [""; 0]
    );
    // A deny gives nothing.
    assert_eq!(
        given(|spec| spec.rules = vec![rule("a", Effect::Deny, &["clerk"], &["fly"], &[])]),
        [nobody]
    );
    // A role that overrides holds all without a word.
    let lone = PolicySpec {
        roles: vec![RoleSpec {
            admin: true,
            overriding: true,
            ..role("owner")
        }],
        permissions: vec![permission("fly", &[])],
        ..policy()
    };
    assert_eq!(findings(&lone), [""; 0]);
}

#[test]
fn conditions_on_what_is_held_without_them() {
    let found = |change: fn(&mut PolicySpec)| {
        let mut spec = policy();
        change(&mut spec);
        findings(&spec)
    };
    let wanted = "permissions.1.conditional.0.roles.0: `clerk` holds `eat` without these conditions, so they have no effect";
    assert_eq!(
        found(|spec| spec.permissions[1].allow.push("clerk".into())),
        [wanted]
    );
    assert_eq!(found(|spec| spec.everyone = strings(&["eat"])), [wanted]);
    assert_eq!(
        found(|spec| spec.permissions[0].implies = strings(&["eat"])),
        [wanted]
    );
    assert_eq!(found(|spec| spec.roles[1].overriding = true), [wanted]);
    // A narrower row beside a wider one, and of two alike the second.
    let other = "permissions.1.conditional.1.roles.0: `clerk` holds `eat` without these conditions, so they have no effect";
    assert_eq!(
        found(|spec| {
            let hungry = Condition::new(
                "principal.properties.hungry",
                Test::Equals(Value::Bool(true)),
            );
            spec.permissions[1]
                .conditional
                .push(row(&["clerk"], &[ticket(), hungry]));
        }),
        [other]
    );
    assert_eq!(
        found(|spec| spec.permissions[1]
            .conditional
            .push(row(&["clerk"], &[ticket()]))),
        [other]
    );
    assert_eq!(
        found(|spec| {
            let hungry = Condition::new(
                "principal.properties.hungry",
                Test::Equals(Value::Bool(true)),
            );
            spec.permissions[1].conditional[0].when.push(hungry);
            spec.permissions[1]
                .conditional
                .push(row(&["clerk"], &[ticket()]));
        }),
        [wanted]
    );
    assert_eq!(
        found(|spec| spec.permissions[1]
            .conditional
            .push(row(&["owner"], &[ticket()])))
        .len(),
        1
    );
}

#[test]
fn deny_rules_that_broader_ones_cover() {
    let deny = |id, roles: &[&str], permissions: &[&str], when: &[Condition]| {
        rule(id, Effect::Deny, roles, permissions, when)
    };
    let found = |rules: Vec<RuleSpec>| findings(&with_rules(rules));
    let by = |at: usize, by: &str| {
        format!("rules.{at}: all that this rule denies is denied without it, by `{by}`")
    };
    let narrow = || deny("narrow", &["clerk"], &["eat"], &[ticket()]);
    // Broader in roles, permissions or conditions; wherever it stands.
    assert_eq!(
        found(vec![narrow(), deny("b", &[], &["eat"], &[ticket()])]),
        [by(0, "b")]
    );
    assert_eq!(
        found(vec![deny("b", &["clerk"], &["*"], &[ticket()]), narrow()]),
        [by(1, "b")]
    );
    assert_eq!(
        found(vec![
            narrow(),
            deny("b", &["clerk"], &["sell", "eat"], &[ticket()])
        ]),
        [by(0, "b")]
    );
    let also = Condition::new("resource.own", Test::Equals(Value::Bool(true)));
    let two = deny("two", &["clerk"], &["eat"], &[ticket(), also.clone()]);
    assert_eq!(found(vec![two, narrow()]), [by(0, "narrow")]);
    // Of two alike, the second.
    assert_eq!(
        found(vec![narrow(), deny("b", &["clerk"], &["eat"], &[ticket()])]),
        [by(1, "narrow")]
    );
    // By two others together.
    let both = deny("both", &["clerk"], &["sell", "eat"], &[ticket()]);
    let sell = deny("sell", &["clerk"], &["sell"], &[ticket()]);
    assert_eq!(found(vec![sell, narrow(), both]), [by(2, "narrow")]);
    // Other roles, permissions or conditions.
    assert_eq!(
        found(vec![narrow(), deny("b", &["owner"], &["eat"], &[ticket()])]),
        [""; 0]
    );
    assert_eq!(
        found(vec![
            narrow(),
            deny("b", &["clerk"], &["sell"], &[ticket()])
        ]),
        [""; 0]
    );
    assert_eq!(
        found(vec![narrow(), deny("b", &["clerk"], &["eat"], &[also])]),
        [""; 0]
    );
    // An allow rule denies nothing.
    let allow = rule("b", Effect::Allow, &[], &["*"], &[]);
    assert_eq!(found(vec![narrow(), allow]), [""; 0]);
}

#[test]
fn allow_rules_that_give_nothing_new() {
    let allow = |roles: &[&str], permissions: &[&str], when: &[Condition]| {
        rule("a", Effect::Allow, roles, permissions, when)
    };
    let found = |rules: Vec<RuleSpec>| findings(&with_rules(rules));
    let vain = ["rules.0: all that this rule allows is allowed without it"];
    assert_eq!(found(vec![allow(&["owner"], &["*"], &[])]), vain);
    assert_eq!(found(vec![allow(&["clerk"], &["sell"], &[ticket()])]), vain);
    assert_eq!(found(vec![allow(&["clerk"], &["eat"], &[ticket()])]), vain);
    let wider = rule("b", Effect::Allow, &[], &["eat"], &[]);
    assert_eq!(found(vec![allow(&["clerk"], &["eat"], &[]), wider]), vain);
    assert_eq!(found(vec![allow(&["clerk"], &["eat"], &[])]), [""; 0]);
    assert_eq!(
        found(vec![allow(&["owner", "clerk"], &["*"], &[])]),
        [""; 0]
    );
    // Not every member holds what every role does: roles are of levels.
    assert_eq!(found(vec![allow(&[], &["sell"], &[])]), [""; 0]);
    let everyone = PolicySpec {
        everyone: strings(&["sell"]),
        ..with_rules(vec![allow(&[], &["sell"], &[])])
    };
    assert_eq!(findings(&everyone), vain);
}

#[test]
fn what_deny_rules_always_take_away() {
    let deny =
        |roles: &[&str], when: &[Condition]| rule("d", Effect::Deny, roles, &["sell", "eat"], when);
    let found = |rules: Vec<RuleSpec>| findings(&with_rules(rules));
    assert_eq!(
        found(vec![deny(&["owner"], &[])]),
        [
            "permissions.0.allow.0: the rule `d` always takes this from `owner`",
            "permissions.1.allow.0: the rule `d` always takes this from `owner`",
        ]
    );
    assert_eq!(found(vec![deny(&[], &[])]).len(), 4);
    assert_eq!(found(vec![deny(&["owner"], &[ticket()])]), [""; 0]);
    let allow = |when: &[Condition]| rule("a", Effect::Allow, &[], &["eat"], when);
    let own = Condition::new("resource.own", Test::Equals(Value::Bool(true)));
    let denied = ["rules.0: all that this rule allows, other rules deny"];
    assert_eq!(
        found(vec![
            allow(&[own.clone(), ticket()]),
            deny(&[], std::slice::from_ref(&own))
        ]),
        denied
    );
    assert_eq!(
        found(vec![
            allow(std::slice::from_ref(&own)),
            deny(&[], std::slice::from_ref(&own))
        ]),
        denied
    );
    assert_eq!(found(vec![allow(&[own]), deny(&[], &[ticket()])]), [""; 0]);
}
