//! Facts: what is known, what is known to be absent, and what nobody knows.

use lockstep_core::{Facts, Knowledge, Value, is_open_group};

#[test]
fn what_is_not_stated_of_a_whole_group_is_absent_and_else_unknown() {
    let mut facts = Facts::default();
    assert!(facts.is_empty());
    let yes = Value::Bool(true);
    facts.set("resource.tags.env", yes.clone());
    assert!(!facts.is_empty());
    assert_eq!(facts.knowledge("resource.tags.team"), Knowledge::Unknown);
    facts.complete("resource.tags");
    facts.complete("resource.tags");
    assert_eq!(facts.groups().collect::<Vec<_>>(), ["resource.tags"]);
    assert_eq!(facts.knowledge("resource.tags.env"), Knowledge::Known(&yes));
    assert_eq!(facts.knowledge("resource.tags.team"), Knowledge::Absent);
    // The group itself, and what only begins alike, are not in it.
    for name in ["resource.tags", "resource.tagsets", "resource.flag"] {
        assert_eq!(facts.knowledge(name), Knowledge::Unknown, "{name}");
    }
}

/// The directory has the others.
#[test]
fn a_group_of_the_directory_makes_nothing_absent() {
    for (group, name, is_absent) in [
        ("target", "target.role", false),
        ("principal", "principal.properties.team", false),
        ("principal.properties", "principal.properties.team", true),
        ("resource", "resource.tags.env", true),
        ("resources", "resources.env", false),
        ("context", "context.ip", true),
        ("action", "action.amount", true),
    ] {
        let mut facts = Facts::default();
        facts.complete(group);
        let known = facts.knowledge(name);
        assert_eq!(known == Knowledge::Absent, is_absent, "{group} {name}");
        assert_eq!(is_open_group(group), is_absent);
    }
}

#[test]
fn facts_are_joined_and_the_later_ones_count() {
    let mut facts = Facts::default();
    facts.set("a", Value::Integer(1));
    facts.set("b", Value::Integer(2));
    let mut others = Facts::default();
    others.complete("c");
    assert!(!others.is_empty());
    others.set("b", Value::Integer(3));
    facts.extend(&others);
    let known: Vec<_> = facts.iter().collect();
    assert_eq!(
        known,
        [("a", &Value::Integer(1)), ("b", &Value::Integer(3))]
    );
    assert_eq!(facts.groups().collect::<Vec<_>>(), ["c"]);
}

#[test]
fn values_are_written_as_people_write_them() {
    let values = [
        Value::Bool(true),
        Value::Bool(false),
        Value::Integer(-120),
        Value::Text("prod".into()),
    ];
    assert_eq!(
        values.map(|value| value.to_string()),
        ["true", "false", "-120", "\"prod\""]
    );
}

#[test]
fn what_cannot_be_known_leaves_no_group_whole_in_which_it_lies_or_that_lies_in_it() {
    let known = || {
        let mut known = Facts::default();
        for group in ["context", "resource.tags", "resource.size"] {
            known.complete(group);
        }
        known
    };
    for (unusable, lost) in [
        ("resource.tags.env", "resource.tags"),
        ("resource.tags", "resource.tags"),
        ("resource", "resource.tags resource.size"),
        ("resource.tag", ""),
    ] {
        let mut facts = known();
        facts.state(&Facts::default(), &[unusable.to_owned()]);
        let kept: Vec<String> = facts.groups().map(ToOwned::to_owned).collect();
        let whole = known();
        let mut expected: Vec<&str> = whole.groups().collect();
        expected.retain(|group| !lost.split(' ').any(|lost| lost == *group));
        assert_eq!(kept, expected, "{unusable}");
    }
}
