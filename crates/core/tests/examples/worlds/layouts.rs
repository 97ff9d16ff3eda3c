//! The answers about everybody, in a table and in spans.

use lockstep_core::{
    Access, CustomRole, Facts, Grant, GroupSpec, Level, Outcome, PermissionSpec, World, WorldNode,
    WorldSpec, evaluate, verdict,
};

use super::{names, node, policy, world, world_spec};
use crate::shop::{NOW_MS, facts, spec, strings};

#[test]
fn a_world_answers_as_each_access_does() {
    answers_as_each_access_does(&world(&world_spec()));
    answers_as_each_access_does(&world(&large(world_spec())));
}

/// `spec` with so many branches of different managers that no table holds the answers.
fn large(mut spec: WorldSpec) -> WorldSpec {
    for at in 0..200 {
        let id = format!("branch-{at}");
        spec.nodes.push(node(&id, Level::Workspace, Some("shop")));
        spec.principals[1 + at % 2]
            .grants
            .push(Grant::new("manager", id));
    }
    spec
}

#[test]
fn a_role_that_is_gone_gives_nothing_whatever_roles_are_called() {
    let mut shop = spec();
    shop.custom_levels = vec![Level::Workspace];
    let mut spec = world_spec();
    let own = |id: &str| CustomRole {
        id: id.into(),
        base: "clerk".into(),
        ..CustomRole::default()
    };
    spec.customization.roles = ["", "own"].map(own).into();
    spec.principals[2].grants = vec![Grant::new("gone", "north")];
    spec.groups = vec![GroupSpec {
        id: "crew".into(),
        members: vec!["cleo".into()],
        grants: vec![Grant::new("gone too", "south")],
    }];
    spec.principals[3].grants = vec![Grant::new("own", "south")];
    let world = World::resolve(&policy(&shop), &spec, NOW_MS).unwrap();
    answers_as_each_access_does(&world);
    let [sven, robot] = ["sven", "robot"].map(|id| world.access(world.principal(id).unwrap()));
    let of = |access: &Access| access.grants()[0].role.clone();
    assert_eq!([of(&sven), of(&robot)], ["gone", "own"]);
    assert!(sven.is_member());
    let cleo = world.access(world.principal("cleo").unwrap());
    let mut by_crew = cleo.grants().iter().filter(|grant| grant.group.is_some());
    assert_eq!(by_crew.next().unwrap().role, "gone too");
}

#[test]
fn what_owners_hold_on_what_is_theirs_is_nobody_elses() {
    let mut shop = spec();
    shop.ownership = [Level::Workspace, Level::Project]
        .map(|level| (level, strings(&["look", "sell"])))
        .into();
    let mut spec = world_spec();
    spec.principals[0].grants = vec![Grant::new("clerk", "south")];
    spec.principals[1].grants = vec![Grant::new("staff", "shop")];
    // Cleo's is the branch, Sven's one of the two tills in it.
    spec.nodes[1].owner = Some("cleo".into());
    spec.nodes[3].owner = Some("sven".into());
    spec.nodes
        .push(node("counter", Level::Project, Some("north")));
    for spec in [spec.clone(), large(spec)] {
        let world = World::resolve(&policy(&shop), &spec, NOW_MS).unwrap();
        let sell = world.policy().permission("sell").unwrap();
        let holders = ["shop", "north", "till", "counter", "south"].map(|id| {
            let at = world.node(id).unwrap();
            let holders = world
                .principals()
                .filter(|who| world.allows(*who, sell, at));
            names(&world, holders).join(" ")
        });
        assert_eq!(holders, ["", "cleo", "cleo sven", "cleo", "olga robot"]);
        answers_as_each_access_does(&world);
    }
}

#[test]
fn numbers_that_are_too_large_for_a_world_are_denied() {
    // There are more permissions, principals and nodes there than here.
    let mut wider = spec();
    wider.permissions.push(PermissionSpec {
        id: "fly".into(),
        allow: strings(&["owner"]),
        ..PermissionSpec::new(Level::Organization)
    });
    let mut there = large(world_spec());
    there
        .nodes
        .push(node("far", Level::Workspace, Some("shop")));
    let there = World::resolve(&policy(&wider), &there, NOW_MS).unwrap();
    let (robot, far) = (
        there.principal("robot").unwrap(),
        there.node("far").unwrap(),
    );
    let fly = there.policy().permission("fly").unwrap();

    // Here the owner of the shop, who may do everything, owns every node.
    let mut here = world_spec();
    here.principals.truncate(3);
    here.groups.clear();
    for mut spec in [here.clone(), large(here)] {
        let owned = |node: &mut WorldNode| node.owner = Some("olga".into());
        spec.nodes.iter_mut().for_each(owned);
        let here = world(&spec);
        let (olga, look) = (
            here.principal("olga").unwrap(),
            here.policy().permission("look").unwrap(),
        );
        assert!(!here.allows(olga, look, far));
        for node in here.nodes() {
            assert!(here.allows(olga, look, node));
            assert!(!here.allows(olga, fly, node));
            assert!(!here.allows(robot, look, node));
        }
    }
}

fn answers_as_each_access_does(world: &World) {
    for asked in [
        Facts::default(),
        facts(&[("resource.own", true), ("resource.open", false)]),
    ] {
        for principal in world.principals() {
            let access = world.access(principal);
            let known = world.known(principal, &asked);
            for node in world.nodes() {
                for at in 0..world.policy().permissions().len() {
                    let permission = world.policy().permission_at(at).unwrap();
                    let settled = access.settled(permission, node);
                    assert_eq!(world.settled(principal, permission, node), settled);
                    let allows = settled == Outcome::True;
                    assert_eq!(world.allows(principal, permission, node), allows);
                    assert_eq!(access.allows(permission, node), allows);
                    let outcome = world.verdict(principal, permission, node, &asked);
                    assert_eq!(outcome, verdict(&access, permission, node, &known));
                    // Each resolves a principal anew.
                    if node.index() < 4 {
                        let decision = world.evaluate(principal, permission, node, &asked);
                        assert_eq!(decision, evaluate(&access, permission, node, &known));
                        assert_eq!(decision.is_allow(), outcome == Outcome::True);
                    }
                }
            }
        }
    }
}
