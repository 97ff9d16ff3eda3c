//! Conditions that never all hold, and such that may.

use lockstep_core::{Condition, Effect, PolicySpec, RuleSpec, Test, Value};

use super::{findings, permission, policy, rule, ticket};
use crate::shop::strings;

/// Whether `tests` on one fact are said to contradict each other.
fn never_hold(fact: &str, tests: &[Test], if_exists: bool) -> bool {
    let mut spec = policy();
    let when = tests.iter().map(|test| Condition {
        if_exists,
        ..Condition::new(fact, test.clone())
    });
    spec.rules = vec![rule(
        "a",
        Effect::Allow,
        &[],
        &["sell"],
        &when.collect::<Vec<_>>(),
    )];
    let mut found = findings(&spec);
    // A pattern may be of one text, if only of the empty one.
    found.retain(|finding| !finding.ends_with("says that"));
    let place = format!("rules.0.when.{}: ", tests.len() - 1);
    assert!(
        found.iter().all(|finding| finding.starts_with(&place)),
        "{found:?}"
    );
    !found.is_empty()
}

#[test]
fn conditions_that_no_value_meets() {
    let text = |text: &str| Value::Text(text.into());
    let is = |value: &str| Test::Equals(text(value));
    let is_not = |value: &str| Test::NotEquals(text(value));
    let any_case = |value: &str| Test::EqualsIgnoreCase(value.into());
    let not_any_case = |value: &str| Test::NotEqualsIgnoreCase(value.into());
    let one_of = |texts: &[&str]| Test::In(strings(texts));
    let none_of = |texts: &[&str]| Test::NotIn(strings(texts));
    let like = |pattern: &str| Test::Matches(pattern.into());
    let unlike = |pattern: &str| Test::NotMatches(pattern.into());
    let bool = |value| Test::Equals(Value::Bool(value));
    let not_bool = |value| Test::NotEquals(Value::Bool(value));
    let not_number = |value| Test::NotEquals(Value::Integer(value));
    let contradictory = [
        vec![is("a"), is("b")],
        vec![is("a"), is_not("a")],
        vec![is("a"), one_of(&["b", "c"])],
        vec![one_of(&["a", "b"]), one_of(&["c"])],
        vec![one_of(&[])],
        vec![one_of(&["a", "b"]), none_of(&["b", "a", "c"])],
        vec![one_of(&["a", "b"]), like("c*")],
        vec![is("prod"), unlike("p*")],
        vec![is("a"), any_case("B")],
        vec![any_case("a"), any_case("B")],
        vec![any_case("a"), not_any_case("A")],
        vec![like("a*"), unlike("a*")],
        vec![unlike("**")],
        vec![like("x*"), like("y*")],
        vec![like("a?c*"), like("*"), like("??d*")],
        vec![like("*x"), like("*y")],
        vec![like("*a?"), like("*bc")],
        vec![like("prod-*-eu"), unlike("prod*")],
        vec![like("a?c"), unlike("a*")],
        vec![bool(true), bool(false)],
        vec![not_bool(true), not_bool(false)],
        vec![Test::AtLeast(5), Test::AtMost(4)],
        vec![
            Test::AtLeast(5),
            Test::AtMost(6),
            not_number(5),
            not_number(6),
        ],
        vec![Test::AtLeast(5), Test::Equals(Value::Integer(4))],
        // A value has one type.
        vec![Test::AtLeast(5), like("*")],
        vec![is("a"), not_bool(true)],
        vec![is_not("a"), not_number(1)],
    ];
    for tests in contradictory {
        assert!(never_hold("resource.x", &tests, false), "{tests:?}");
        // Where there is no such thing, all of them hold.
        assert!(!never_hold("resource.x", &tests, true), "{tests:?}");
    }
    let possible = [
        vec![is("a"), one_of(&["a", "b"]), is_not("b")],
        vec![one_of(&["a", "b"]), one_of(&["b", "c"])],
        vec![is("A"), any_case("a")],
        vec![any_case("a"), any_case("A"), is_not("a")],
        vec![
            is_not("a"),
            none_of(&["b"]),
            unlike("c*"),
            not_any_case("d"),
        ],
        vec![like("a*"), unlike("*b"), like("*c")],
        vec![unlike("")],
        vec![like("ab*"), like("a*")],
        vec![like("a*"), like("*b")],
        vec![like("a?"), like("?b*")],
        vec![like("a*c"), unlike("a?c")],
        vec![like("prod*"), unlike("prod-*")],
        vec![bool(true), not_bool(false)],
        vec![not_bool(true)],
        vec![Test::AtLeast(5), Test::AtMost(5)],
        vec![
            Test::AtLeast(5),
            Test::AtMost(7),
            not_number(5),
            not_number(7),
        ],
        vec![
            Test::AtLeast(i64::MIN),
            Test::AtMost(i64::MAX),
            not_number(0),
        ],
        vec![Test::EqualsFact("principal.id".into()), is("a")],
        vec![Test::EqualsFact("principal.id".into())],
    ];
    for tests in possible {
        assert!(!never_hold("resource.x", &tests, false), "{tests:?}");
    }
    // Counts are not negative.
    assert!(never_hold(
        "organization.members",
        &[Test::AtMost(-1)],
        false
    ));
    assert!(!never_hold("resource.x", &[Test::AtMost(-1)], false));
    assert!(!never_hold(
        "organization.members",
        &[Test::AtMost(0)],
        false
    ));
}

#[test]
fn a_contradiction_is_found_in_guards_rows_and_both_together() {
    let mut spec = policy();
    let not = Condition::new("resource.ticket", Test::Equals(Value::Bool(false)));
    spec.permissions[0].guard = vec![ticket(), not.clone()];
    spec.permissions[1].guard = vec![not.clone()];
    let never = "these conditions ask of `resource.ticket` what it cannot be, so they never hold";
    assert_eq!(
        findings(&spec),
        [
            format!("permissions.0.guard.1: {never}"),
            format!("permissions.1.conditional.0.when.0: {never}"),
        ]
    );
    // A rule that denies does so where it is not known whether they hold.
    spec.permissions[1].guard = Vec::new();
    spec.permissions[0].guard = Vec::new();
    let contradictory = |effect| RuleSpec {
        id: "r".into(),
        effect,
        roles: Vec::new(),
        permissions: vec![spec.permissions[0].id.clone()],
        when: vec![ticket(), not.clone()],
        because: String::new(),
    };
    let unknown = "these conditions ask of `resource.ticket` what it cannot be, so this denies only where it \
                   is not known, or of another type";
    for (effect, said) in [(Effect::Allow, never), (Effect::Deny, unknown)] {
        let rules = vec![contradictory(effect)];
        let spec = PolicySpec {
            rules,
            ..spec.clone()
        };
        let found = findings(&spec);
        assert!(
            found.contains(&format!("rules.0.when.1: {said}")),
            "{found:?}"
        );
    }
    // One of the two exists, so the other is asked of what exists.
    let lenient = Condition {
        if_exists: true,
        ..not
    };
    spec.permissions[0].guard = vec![ticket(), lenient];
    spec.permissions[1].guard = Vec::new();
    assert_eq!(findings(&spec), [format!("permissions.0.guard.1: {never}")]);
}

/// What comes with a permission is held under the row, and the guard is not about it.
#[test]
fn a_row_that_a_guard_contradicts_still_gives_what_comes_with_it() {
    let not = Condition::new("resource.ticket", Test::Equals(Value::Bool(false)));
    let mut spec = policy();
    spec.permissions[1].guard = vec![not.clone()];
    let never = "these conditions ask of `resource.ticket` what it cannot be, so they never hold";
    let row = format!("permissions.1.conditional.0.when.0: {never}");
    assert_eq!(findings(&spec), [row]);
    spec.permissions.push(permission("smell", &["owner"]));
    spec.permissions[1].implies = strings(&["smell"]);
    assert_eq!(findings(&spec), [""; 0]);
    // By itself it gives neither.
    spec.permissions[1].conditional[0].when.push(not);
    let row = format!("permissions.1.conditional.0.when.1: {never}");
    assert_eq!(findings(&spec), [row]);
}
