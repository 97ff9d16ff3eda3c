//! What many have through groups, and when what anybody has changes.

use lockstep_core::{Facts, Grant, PrincipalSpec, TokenLimit, Window, World, WorldSpec, limits};

use super::{policy, principal, world, world_spec};
use crate::shop::NOW_MS;

/// `spec` with `count` clerks in a group with `grants` grants on the branch.
fn crowd(mut spec: WorldSpec, count: usize, grants: usize) -> WorldSpec {
    let names = (0..count).map(|at| format!("clerk-{at}"));
    let clerks = names.map(|id| principal(&id, &[("staff", "shop")]));
    let clerks: Vec<PrincipalSpec> = clerks.collect();
    spec.groups[0].members = clerks.iter().map(|clerk| clerk.id.clone()).collect();
    spec.groups[0].grants = vec![Grant::new("clerk", "north"); grants];
    spec.principals.extend(clerks);
    spec
}

#[test]
fn a_group_of_many_is_resolved() {
    let world = world(&crowd(world_spec(), 20, limits::GRANTS_MAX - 1));
    let sell = world.policy().permission("sell").unwrap();
    let north = world.node("north").unwrap();
    let none = Facts::default();
    assert_eq!(world.subjects(sell, north, &none).count(), 22);
    let clerk = world.principal("clerk-19").unwrap();
    let access = world.access(clerk);
    assert_eq!(access.grants().len(), limits::GRANTS_MAX);
    assert_eq!(access.grants()[1].group.as_deref(), Some("night"));
}

#[test]
fn a_member_that_is_named_twice_is_in_the_group_once() {
    let mut spec = crowd(world_spec(), 1, limits::GRANTS_MAX - 1);
    spec.groups[0].members = vec!["clerk-0".into(); 4_000];
    let twice = spec.groups[0].clone();
    let access = |spec: &WorldSpec| {
        let world = world(spec);
        world.access(world.principal("clerk-0").unwrap())
    };
    assert_eq!(access(&spec).grants().len(), limits::GRANTS_MAX);
    // Another group of the same has as much again.
    spec.groups.push(twice);
    spec.groups[1].id = "day".into();
    let error = World::resolve(&policy(&crate::shop::spec()), &spec, NOW_MS).map(drop);
    let expected = "principals[4]: more than 10000 entries";
    assert_eq!(error.unwrap_err().to_string(), expected);
}

#[test]
fn a_principal_of_another_world_is_in_no_group_of_this_one() {
    let wide = world(&crowd(world_spec(), 20, 1));
    let here = world(&world_spec());
    let sell = here.policy().permission("sell").unwrap();
    for principal in wide.principals().skip(here.principals().count()) {
        assert_eq!(here.access(principal).grants(), []);
        for node in here.nodes() {
            assert!(!here.allows(principal, sell, node));
        }
    }
}

#[test]
fn a_world_says_from_when_on_it_is_resolved_anew() {
    let window = |not_before_ms, expires_at_ms| Window {
        not_before_ms,
        expires_at_ms,
    };
    let mut spec = world_spec();
    assert_eq!(world(&spec).changes_at_ms(), None);
    let begun = window(Some(NOW_MS), Some(NOW_MS + 40));
    spec.principals[2].grants[0].window = begun;
    assert_eq!(world(&spec).changes_at_ms(), Some(NOW_MS + 40));
    spec.principals[1].token = Some(TokenLimit {
        window: window(None, Some(NOW_MS + 30)),
        ..TokenLimit::default()
    });
    assert_eq!(world(&spec).changes_at_ms(), Some(NOW_MS + 30));
    spec.groups[0].grants[0].window = window(Some(NOW_MS + 20), None);
    assert_eq!(world(&spec).changes_at_ms(), Some(NOW_MS + 20));
    let policy = policy(&crate::shop::spec());
    let at = |now_ms| World::resolve(&policy, &spec, now_ms).unwrap();
    // From then on it is another one, and until then it is not.
    let seen = |now_ms| {
        let world = at(now_ms);
        let look = world.policy().permission("look").unwrap();
        let north = world.node("north").unwrap();
        let found = world.subjects(look, north, &Facts::default()).count();
        (found, world.changes_at_ms())
    };
    assert_eq!(seen(NOW_MS + 19).1, Some(NOW_MS + 20));
    assert_eq!(seen(NOW_MS + 19).0, seen(NOW_MS).0);
    assert_ne!(seen(NOW_MS + 20).0, seen(NOW_MS).0);
    assert_eq!(seen(NOW_MS + 40).1, None);
}
