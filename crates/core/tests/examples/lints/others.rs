//! What is odd for the one that is named, and gives something to others.

use lockstep_core::{Condition, Effect, Level, PolicySpec, RoleSpec, Test, Value};

use super::{findings, permission, policy, row, rule, ticket, with_rules};
use crate::shop::strings;

/// A rule takes `sell` from clerks, and with it whatever `change` makes of them.
fn denied(change: impl FnOnce(&mut PolicySpec)) -> Vec<String> {
    let mut spec = policy();
    spec.rules = vec![rule("d", Effect::Deny, &["clerk"], &["sell"], &[])];
    change(&mut spec);
    findings(&spec)
}

fn role(id: &str) -> RoleSpec {
    RoleSpec {
        id: id.into(),
        ..RoleSpec::new(Level::Organization)
    }
}

fn includes(id: &str, included: &str) -> RoleSpec {
    RoleSpec {
        includes: strings(&[included]),
        ..role(id)
    }
}

/// A rule takes from who it names, and a row gives to who includes them, too.
#[test]
fn what_a_rule_takes_from_a_role_others_may_have_by_it() {
    let taken = "permissions.0.allow.1: the rule `d` always takes this from `clerk`";
    assert_eq!(denied(|_| {}), [taken]);
    assert_eq!(
        denied(|spec| spec.roles.push(includes("chief", "clerk"))),
        [""; 0]
    );
    assert_eq!(
        denied(|spec| {
            spec.roles.push(includes("head", "chief"));
            spec.roles.push(includes("chief", "clerk"));
            spec.rules[0].roles.push("chief".into());
        }),
        [""; 0]
    );
    // Not from who is denied it as well.
    assert_eq!(
        denied(|spec| {
            spec.roles.push(includes("chief", "clerk"));
            spec.rules
                .push(rule("e", Effect::Deny, &["chief"], &["sell"], &[]));
        }),
        [taken]
    );
    assert_eq!(
        denied(|spec| {
            spec.roles.push(includes("chief", "clerk"));
            spec.rules[0].roles.clear();
        }),
        [
            "permissions.0.allow.0: the rule `d` always takes this from `owner`",
            taken
        ]
    );
    // Who includes another role has nothing of this one.
    assert_eq!(
        denied(|spec| spec.roles.push(includes("chief", "owner"))),
        [taken]
    );
}

/// A cap is what the row says, whatever rules say of the role itself.
#[test]
fn what_a_rule_takes_from_a_role_a_cap_leaves_to_others() {
    let guest = |cap: &str| RoleSpec {
        cap: Some(cap.into()),
        ..role("guest")
    };
    assert_eq!(denied(|spec| spec.roles.push(guest("clerk"))), [""; 0]);
    assert_eq!(
        denied(|spec| {
            spec.roles.push(includes("chief", "clerk"));
            spec.roles.push(guest("chief"));
            spec.rules[0].roles.push("chief".into());
        }),
        [""; 0]
    );
    let taken = "permissions.0.allow.1: the rule `d` always takes this from `clerk`";
    assert_eq!(
        denied(|spec| {
            spec.roles.push(guest("clerk"));
            spec.rules[0].roles.push("guest".into());
        }),
        [taken]
    );
}

/// What comes with a permission stays when a rule takes the permission.
#[test]
fn what_a_rule_takes_leaves_what_comes_with_it() {
    let implied = |spec: &mut PolicySpec| {
        spec.permissions[0].implies = strings(&["look"]);
        spec.permissions.push(permission("look", &["owner"]));
    };
    assert_eq!(denied(implied), [""; 0]);
    assert_eq!(
        denied(|spec| {
            implied(spec);
            spec.rules[0].permissions.push("look".into());
        }),
        ["permissions.0.allow.1: the rule `d` always takes this from `clerk`"]
    );
    let allowed = |spec: &mut PolicySpec| {
        implied(spec);
        spec.permissions[0].allow = strings(&["owner"]);
        spec.rules
            .push(rule("a", Effect::Allow, &["clerk"], &["sell"], &[ticket()]));
    };
    assert_eq!(denied(allowed), [""; 0]);
    assert_eq!(
        denied(|spec| {
            allowed(spec);
            spec.rules[0].permissions.push("look".into());
        }),
        ["rules.1: all that this rule allows, other rules deny"]
    );
}

/// The same of a row of conditions.
#[test]
fn what_a_rule_takes_from_a_role_with_conditions_others_may_have_by_it() {
    let conditional = |spec: &mut PolicySpec| {
        spec.permissions[0].allow = strings(&["owner"]);
        spec.permissions[0].conditional = vec![row(&["clerk"], &[ticket()])];
    };
    assert_eq!(
        denied(conditional),
        ["permissions.0.conditional.0.roles.0: the rule `d` always takes this from `clerk`"]
    );
    assert_eq!(
        denied(|spec| {
            conditional(spec);
            spec.roles.push(includes("chief", "clerk"));
        }),
        [""; 0]
    );
}

/// Whoever denies what is not tagged `dev` seldom means to let pass what has no tag at all.
#[test]
fn a_rule_that_denies_by_what_a_tag_is_not_says_what_it_does_without_one() {
    let tag = |test: Test| Condition::new("resource.tags.env", test);
    let found = |effect: Effect, when: &[Condition]| {
        let rules = vec![rule("d", effect, &["clerk"], &["eat"], when)];
        findings(&with_rules(rules))
    };
    let dev = || Value::Text("dev".into());
    let passes = [
        "rules.0.when.0: what has no `resource.tags.env` is not denied; with `if_exists = true` it is, too",
    ];
    for test in [
        Test::NotEquals(dev()),
        Test::NotEqualsIgnoreCase("dev".into()),
        Test::NotIn(strings(&["dev"])),
        Test::NotMatches("dev*".into()),
    ] {
        assert_eq!(found(Effect::Deny, &[tag(test.clone())]), passes);
        assert_eq!(found(Effect::Allow, &[tag(test.clone())]), [""; 0]);
        // Said either way, it is what is meant.
        let if_exists = Condition {
            if_exists: true,
            ..tag(test.clone())
        };
        assert_eq!(found(Effect::Deny, &[if_exists]), [""; 0]);
        let is_there = tag(Test::Matches("*".into()));
        assert_eq!(found(Effect::Deny, &[tag(test), is_there]), [""; 0]);
    }
    assert_eq!(found(Effect::Deny, &[tag(Test::Equals(dev()))]), [""; 0]);
    // The directory knows who asks.
    let asks = Condition::new("principal.id", Test::NotEquals(dev()));
    assert_eq!(found(Effect::Deny, &[asks]), [""; 0]);
}

/// Who created a workspace or an organization owns nothing of it at the edge.
#[test]
fn what_owners_hold_where_the_edge_knows_of_none() {
    let owned = |level: Level| {
        let ownership = vec![(level, strings(&["sell"]))];
        findings(&PolicySpec {
            ownership,
            ..policy()
        })
    };
    assert_eq!(owned(Level::Project), [""; 0]);
    for level in [Level::Organization, Level::Workspace] {
        let name = level.as_str();
        assert_eq!(
            owned(level),
            [format!(
                "ownership.{name}: the edge knows owners of projects only, so nobody holds this there by owning"
            )]
        );
    }
}

/// Who creates an organization is its first admin, or it is not created.
#[test]
fn organizations_of_which_nobody_is_the_first_member() {
    let created = |creator: Option<&str>| {
        let operations = vec![("organization.create".into(), "sell".into())];
        findings(&PolicySpec {
            creator: creator.map(Into::into),
            operations,
            ..policy()
        })
    };
    assert_eq!(created(Some("owner")), [""; 0]);
    assert_eq!(
        created(None),
        [
            "operations.organization.create: no `creator` says who the first member is, so nobody creates an organization"
        ]
    );
}

/// Who is capped holds of what everybody does only what the row of the cap says.
#[test]
fn conditions_of_a_cap_count_though_everybody_holds_the_permission() {
    let mut spec = policy();
    spec.everyone = strings(&["eat"]);
    let vain = "permissions.1.conditional.0.roles.0: `clerk` holds `eat` without these conditions, so they have no effect";
    assert_eq!(findings(&spec), [vain]);
    spec.roles.push(RoleSpec {
        cap: Some("clerk".into()),
        ..role("guest")
    });
    assert_eq!(findings(&spec), [""; 0]);
    // Nor are those of a role that the cap includes.
    spec.roles.push(includes("chief", "clerk"));
    spec.roles[2].cap = Some("chief".into());
    assert_eq!(findings(&spec), [""; 0]);
    spec.permissions[1].allow.push("clerk".into());
    assert_eq!(findings(&spec).len(), 1);
}

/// Whose name is said is the rule that takes it, whatever stands before.
#[test]
fn the_rule_is_named_that_always_denies() {
    let mut spec = policy();
    spec.permissions.push(permission("read", &["clerk"]));
    spec.rules = vec![
        rule("allows", Effect::Allow, &["owner"], &["read"], &[]),
        rule(
            "sometimes",
            Effect::Deny,
            &["clerk"],
            &["read"],
            &[ticket()],
        ),
        rule("others", Effect::Deny, &["owner"], &["read"], &[]),
        rule("another", Effect::Deny, &["clerk"], &["eat"], &[]),
    ];
    let about_read = |spec: &PolicySpec| {
        let found = findings(spec).into_iter();
        found
            .filter(|found| found.starts_with("permissions.2."))
            .collect::<Vec<_>>()
    };
    assert_eq!(about_read(&spec), [""; 0]);
    spec.rules
        .push(rule("takes", Effect::Deny, &["clerk"], &["read"], &[]));
    let said = about_read(&spec);
    assert!(said.len() == 1 && said[0].contains("`takes`"), "{said:?}");
}
