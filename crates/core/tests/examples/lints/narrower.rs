//! Rules and rows whose conditions follow from those of others, and such that do not.

use lockstep_core::{Condition, Effect, Level, PermissionSpec, RoleSpec, Test, Value};

use super::{findings, permission, policy, row, rule, ticket, with_rules};
use crate::shop::strings;

/// Whether a deny rule by `narrow` is said to have no effect beside one by `wide`.
fn is_covered(narrow: &Condition, wide: &Condition) -> bool {
    let deny = |id: &str, when: &Condition| {
        rule(id, Effect::Deny, &[], &["sell"], std::slice::from_ref(when))
    };
    let found = findings(&with_rules(vec![
        deny("narrow", narrow),
        deny("wide", wide),
    ]));
    let said = "rules.0: all that this rule denies is denied without it, by `wide`";
    found.iter().any(|finding| finding == said)
}

fn on(test: Test) -> Condition {
    Condition::new("resource.x", test)
}

#[test]
fn a_rule_whose_condition_follows_from_another_ones_is_covered() {
    let text = |text: &str| Value::Text(text.into());
    let is = |value: &str| Test::Equals(text(value));
    let is_not = |value: &str| Test::NotEquals(text(value));
    let one_of = |texts: &[&str]| Test::In(strings(texts));
    let none_of = |texts: &[&str]| Test::NotIn(strings(texts));
    let like = |pattern: &str| Test::Matches(pattern.into());
    let unlike = |pattern: &str| Test::NotMatches(pattern.into());
    let any_case = |value: &str| Test::EqualsIgnoreCase(value.into());
    let number = |value| Test::Equals(Value::Integer(value));
    for (narrow, wide) in [
        (Test::AtLeast(5), Test::AtLeast(3)),
        (Test::AtMost(3), Test::AtMost(5)),
        (number(5), Test::AtLeast(5)),
        (number(5), Test::NotEquals(Value::Integer(6))),
        (is("a"), one_of(&["b", "a"])),
        (is("a"), any_case("A")),
        (is("ab"), like("a*")),
        (is("a"), is_not("b")),
        (one_of(&["c", "a"]), one_of(&["a", "b", "c"])),
        (one_of(&["a", "c"]), none_of(&["b"])),
        (one_of(&["ab", "ac"]), like("a*")),
        (none_of(&["b", "a"]), none_of(&["a"])),
        (none_of(&["a", "b"]), is_not("b")),
        (like("ab*"), like("a*")),
        (unlike("a*"), unlike("ab*")),
    ] {
        let (narrow, wide) = (on(narrow), on(wide));
        assert!(is_covered(&narrow, &wide), "{narrow:?} {wide:?}");
        // The other one denies more.
        assert!(!is_covered(&wide, &narrow), "{wide:?} {narrow:?}");
    }
    for (narrow, wide) in [
        (Test::AtLeast(5), Test::AtMost(5)),
        (number(5), one_of(&["5"])),
        (number(5), Test::EqualsFact("resource.y".into())),
        (one_of(&["a", "b"]), like("a*")),
        (like("a*"), like("a?*")),
        (unlike("ab*"), unlike("a*")),
        (any_case("a"), is("a")),
    ] {
        let (narrow, wide) = (on(narrow), on(wide));
        assert!(!is_covered(&narrow, &wide), "{narrow:?} {wide:?}");
    }
}

/// What has no such thing is met by one that says so, and by no other.
#[test]
fn what_also_holds_where_nothing_is_follows_from_no_stricter_one() {
    let lenient = |test| Condition {
        if_exists: true,
        ..on(test)
    };
    let (five, three) = (Test::AtLeast(5), Test::AtLeast(3));
    assert!(is_covered(&on(five.clone()), &lenient(three.clone())));
    assert!(is_covered(&lenient(five.clone()), &lenient(three.clone())));
    assert!(!is_covered(&lenient(five.clone()), &on(three.clone())));
    let other = Condition::new("resource.y", three);
    assert!(!is_covered(&on(five), &other));
}

/// Whoever hands out what is given under conditions needs the same ones (law 5): of a clerk who lost the narrower
/// row nobody would get it any more.
#[test]
fn a_row_and_an_allow_rule_have_an_effect_beside_wider_ones() {
    let at_least = |number| on(Test::AtLeast(number));
    let mut spec = policy();
    let narrow = [at_least(5), on(Test::AtMost(9))];
    spec.permissions[1].conditional =
        vec![row(&["clerk"], &narrow), row(&["clerk"], &[at_least(3)])];
    assert_eq!(findings(&spec), [""; 0]);
    // One that has fewer of the same conditions holds and hands out all the same.
    spec.permissions[1].conditional[1] = row(&["clerk"], &[at_least(5)]);
    let said = "permissions.1.conditional.0.roles.0: `clerk` holds `eat` without these conditions, so they have no effect";
    assert_eq!(findings(&spec), [said]);
    spec.permissions[1].conditional.remove(0);
    let allow = |number| {
        rule(
            "a",
            Effect::Allow,
            &["clerk"],
            &["eat"],
            &[at_least(number)],
        )
    };
    spec.rules = vec![allow(5)];
    assert_eq!(
        findings(&spec),
        ["rules.0: all that this rule allows is allowed without it"]
    );
    for number in [4, 6] {
        spec.rules = vec![allow(number)];
        assert_eq!(findings(&spec), [""; 0]);
    }
}

/// Of several that are given under conditions, the one that the rule is about.
#[test]
fn an_allow_rule_is_covered_by_the_row_of_its_own_permission() {
    let under = |id: &str| PermissionSpec {
        conditional: vec![row(&["clerk"], &[ticket()])],
        ..permission(id, &["owner"])
    };
    for (id, is_covered) in [("eat", true), ("drink", true), ("sell", false)] {
        let mut spec = policy();
        spec.permissions = vec![under("eat"), under("drink"), permission("sell", &["owner"])];
        spec.rules = vec![rule("a", Effect::Allow, &["clerk"], &[id], &[ticket()])];
        let said = "rules.0: all that this rule allows is allowed without it";
        assert_eq!(findings(&spec).contains(&said.into()), is_covered, "{id}");
    }
}

/// The directory states as `target.role` the role that somebody has on the organization.
#[test]
fn a_role_that_nobody_has_on_the_organization_is_no_targets() {
    let mut spec = policy();
    spec.roles.push(RoleSpec {
        id: "packer".into(),
        ..RoleSpec::new(Level::Workspace)
    });
    spec.permissions[0].allow.push("packer".into());
    let of = |fact: &str, test: Test| vec![Condition::new(fact, test)];
    let packer = || Value::Text("packer".into());
    let said = "`target.role` is a role on the organization itself, and nobody has `packer` there";
    for test in [
        Test::Equals(packer()),
        Test::NotEquals(packer()),
        Test::In(strings(&["clerk", "packer"])),
        Test::NotIn(strings(&["packer"])),
    ] {
        let mut spec = spec.clone();
        spec.permissions[0].guard = of("target.role", test.clone());
        spec.permissions[1].conditional[0].when = of("target.role", test.clone());
        spec.rules = vec![rule(
            "a",
            Effect::Deny,
            &[],
            &["sell"],
            &of("target.role", test.clone()),
        )];
        assert_eq!(
            findings(&spec),
            [
                format!("permissions.0.guard.0: {said}"),
                format!("permissions.1.conditional.0.when.0: {said}"),
                format!("rules.0.when.0: {said}"),
            ]
        );
        // What is granted may be a role of any level.
        spec.permissions[0].guard = of("grant.role", test);
        spec.permissions[1].conditional.clear();
        spec.rules.clear();
        assert_eq!(findings(&spec), [""; 0]);
    }
    // A policy without roles of the organization grants its highest ones there.
    for role in &mut spec.roles {
        role.level = Level::Workspace;
    }
    spec.permissions[0].guard = of("target.role", Test::Equals(packer()));
    assert_eq!(findings(&spec), [""; 0]);
}
