//! Everybody in the shop at once: searches, and what a change gives and takes.

mod groups;
mod layouts;

use std::sync::Arc;

use lockstep_core::{
    Change, CustomRole, Customization, Facts, Grant, GroupSpec, Level, Outcome, PolicySpec,
    PrincipalChanges, PrincipalKind, PrincipalSpec, Standing, Value, World, WorldErrorKind,
    WorldNode, WorldSpec, diff, limits,
};

use crate::shop::{NOW_MS, facts, spec};

fn node(id: &str, level: Level, parent: Option<&str>) -> WorldNode {
    WorldNode {
        id: id.into(),
        level,
        parent: parent.map(Into::into),
        owner: None,
    }
}

fn principal(id: &str, grants: &[(&str, &str)]) -> PrincipalSpec {
    let grants = grants.iter().map(|(role, node)| Grant::new(*role, *node));
    PrincipalSpec {
        id: id.into(),
        grants: grants.collect(),
        ..PrincipalSpec::default()
    }
}

fn world_spec() -> WorldSpec {
    let till = WorldNode {
        owner: Some("cleo".into()),
        ..node("till", Level::Project, Some("north"))
    };
    WorldSpec {
        nodes: vec![
            node("shop", Level::Organization, None),
            node("north", Level::Workspace, Some("shop")),
            node("south", Level::Workspace, Some("shop")),
            till,
        ],
        principals: vec![
            principal("olga", &[("owner", "shop")]),
            principal("cleo", &[("staff", "shop"), ("clerk", "north")]),
            principal("sven", &[("staff", "shop")]),
            PrincipalSpec {
                kind: PrincipalKind::ServiceAccount,
                ..principal("robot", &[("clerk", "south")])
            },
        ],
        groups: vec![GroupSpec {
            id: "night".into(),
            members: vec!["sven".into(), "robot".into()],
            grants: vec![Grant::new("viewer", "north")],
        }],
        creator: Some("olga".into()),
        ..WorldSpec::default()
    }
}

fn policy(spec: &PolicySpec) -> Arc<lockstep_core::Policy> {
    Arc::new(lockstep_core::Policy::compile(spec).unwrap())
}

fn world(spec: &WorldSpec) -> World {
    World::resolve(&policy(&crate::shop::spec()), spec, NOW_MS).unwrap()
}

fn names(world: &World, found: impl Iterator<Item = lockstep_core::PrincipalId>) -> Vec<&str> {
    found.map(|id| world.principal_name(id)).collect()
}

#[test]
fn searches_list_what_a_check_allows() {
    let world = world(&world_spec());
    let none = Facts::default();
    let on = |permission: &str, node: &str| {
        let permission = world.policy().permission(permission).unwrap();
        let node = world.node(node).unwrap();
        names(&world, world.subjects(permission, node, &none))
    };
    assert_eq!(on("look", "north"), ["olga", "cleo", "sven", "robot"]);
    assert_eq!(on("look", "south"), ["olga", "robot"]);
    assert_eq!(on("sell", "till"), ["olga", "cleo"]);
    // What is personal is no service account's.
    assert_eq!(on("resign", "shop"), ["olga", "cleo", "sven"]);

    let sven = world.principal("sven").unwrap();
    let look = world.policy().permission("look").unwrap();
    let found = world.resources(sven, look, Level::Workspace, &none);
    let found: Vec<&str> = found.map(|id| world.node_name(id)).collect();
    assert_eq!(found, ["north"]);
    let actions = world.actions(sven, world.node("north").unwrap(), &none);
    let named = actions
        .iter()
        .map(|at| world.policy().permissions()[at].id.as_str());
    assert_eq!(named.collect::<Vec<_>>(), ["look", "resign"]);
}

#[test]
fn what_the_directory_knows_nobody_states_otherwise() {
    let mut spec = world_spec();
    spec.principals[1].properties = vec![("mail".into(), Value::Text("cleo@example.com".into()))];
    let world = world(&spec);
    let cleo = world.principal("cleo").unwrap();
    let mut stated = facts(&[("principal.creator", true), ("resource.own", true)]);
    stated.set("organization.members", Value::Integer(99));
    stated.set(
        "principal.properties.mail",
        Value::Text("c@example.com".into()),
    );
    let known = world.known(cleo, &stated);
    assert_eq!(known.value("principal.creator"), Some(&Value::Bool(false)));
    assert_eq!(
        known.value("organization.members"),
        Some(&Value::Integer(3))
    );
    assert_eq!(known.value("resource.own"), Some(&Value::Bool(true)));
    let mail = known.value("principal.properties.mail");
    assert_eq!(mail, Some(&Value::Text("c@example.com".into())));
}

#[test]
fn an_overriding_program_holds_nothing_personal() {
    let mut spec = world_spec();
    spec.principals[3].grants = vec![Grant::new("owner", "shop")];
    let world = world(&spec);
    let robot = world.principal("robot").unwrap();
    let asks = |permission: &str| {
        world.settled(
            robot,
            world.policy().permission(permission).unwrap(),
            world.root(),
        )
    };
    assert_eq!(
        (asks("hire"), asks("resign")),
        (Outcome::True, Outcome::False)
    );
}

#[test]
fn a_role_edit_shows_who_gains_and_loses_what_where() {
    let before = world(&world_spec());
    let mut edited = spec();
    for permission in &mut edited.permissions {
        if permission.id == "sell" {
            permission.allow.retain(|role| role != "clerk");
        }
        if permission.id == "refund" {
            permission.conditional.clear();
            permission.allow.push("clerk".into());
        }
    }
    let after = World::resolve(&policy(&edited), &world_spec(), NOW_MS).unwrap();
    let own = Standing::Conditional("resource.own = true".into());
    let (allowed, denied) = (&Standing::Allowed, &Standing::Denied);
    let change = |principal, node, permission, before, after| Change {
        principal,
        node,
        permission,
        before,
        after,
    };
    let all: Vec<_> = diff(&before, &after).collect();
    assert_eq!(
        all.iter()
            .flat_map(PrincipalChanges::iter)
            .collect::<Vec<_>>(),
        [
            change("cleo", "north", "sell", allowed, denied),
            change("cleo", "north", "refund", &own, allowed),
            change("cleo", "till", "sell", allowed, denied),
            change("cleo", "till", "refund", &own, allowed),
            change("robot", "south", "sell", allowed, denied),
            change("robot", "south", "refund", &own, allowed),
        ]
    );
    assert_eq!(diff(&before, &before).count(), 0);
}

#[test]
fn leaving_a_group_shows_what_is_lost() {
    let mut spec = world_spec();
    spec.groups[0].members.retain(|member| member != "sven");
    let (before, after) = (world(&world_spec()), world(&spec));
    let all: Vec<_> = diff(&before, &after).collect();
    let changes: Vec<_> = all.iter().flat_map(PrincipalChanges::iter).collect();
    let lost: Vec<(&str, &str, &str)> = changes
        .iter()
        .map(|change| (change.principal, change.node, change.permission))
        .collect();
    assert_eq!(lost, [("sven", "north", "look"), ("sven", "till", "look")]);
    let denied = &Standing::Denied;
    assert!(changes.iter().all(|change| change.after == denied));
}

/// Everybody's everywhere would be millions, and so much is never there at a time.
#[test]
fn what_changes_alike_on_many_nodes_is_kept_once() {
    let mut spec = world_spec();
    let north = spec.nodes[1].id.clone();
    spec.nodes.extend((0..4_000).map(|at| WorldNode {
        id: format!("till{at}"),
        level: Level::Project,
        parent: Some(north.clone()),
        owner: None,
    }));
    spec.principals.extend((0..100).map(|at| PrincipalSpec {
        id: format!("clerk{at}"),
        grants: vec![Grant::new("clerk", north.clone())],
        ..PrincipalSpec::default()
    }));
    let before = world(&spec);
    let mut none = spec.clone();
    for principal in &mut none.principals {
        principal.grants.clear();
    }
    let after = world(&none);
    let mut total = 0;
    for changes in diff(&before, &after) {
        total += changes.count();
        let kept: usize = changes.together().iter().map(Vec::len).sum();
        assert!(kept < 20, "{}: {kept}", changes.principal());
    }
    assert!(total > 800_000, "{total}");
}

#[test]
fn who_is_in_a_group_only_is_no_member() {
    let mut spec = world_spec();
    spec.principals[2].grants.clear();
    let world = world(&spec);
    let (sven, north) = (
        world.principal("sven").unwrap(),
        world.node("north").unwrap(),
    );
    let look = world.policy().permission("look").unwrap();
    assert_eq!(world.settled(sven, look, north), Outcome::False);
}

#[test]
fn a_custom_role_of_the_organization_counts() {
    let mut shop = spec();
    shop.custom_levels = vec![Level::Workspace];
    let mut spec = world_spec();
    spec.customization = Customization {
        roles: vec![CustomRole {
            id: "till-only".into(),
            name: "Till only".into(),
            base: "manager".into(),
            without: vec!["close".into()],
            ..CustomRole::default()
        }],
        ..Customization::default()
    };
    spec.principals[2]
        .grants
        .push(Grant::new("till-only", "south"));
    let world = World::resolve(&policy(&shop), &spec, NOW_MS).unwrap();
    let sven = world.principal("sven").unwrap();
    let south = world.node("south").unwrap();
    let asks = |permission: &str| {
        world.settled(sven, world.policy().permission(permission).unwrap(), south)
    };
    assert_eq!(
        (asks("sell"), asks("close")),
        (Outcome::True, Outcome::False)
    );
    assert_eq!(world.gone_roles(), []);
}

#[test]
fn what_contradicts_itself_is_named_with_its_place() {
    let refused = |change: &dyn Fn(&mut WorldSpec)| {
        let mut spec = world_spec();
        change(&mut spec);
        let error = World::resolve(&policy(&crate::shop::spec()), &spec, NOW_MS).unwrap_err();
        assert!(!matches!(error.kind, WorldErrorKind::TooMany { .. }));
        error.to_string()
    };
    type Case<'a> = (&'a dyn Fn(&mut WorldSpec), &'a str);
    let cases: [Case<'_>; 12] = [
        (
            &|spec| spec.principals[1].id = "olga".into(),
            "principals[1].id: `olga` is defined twice",
        ),
        (
            &|spec| spec.groups.push(spec.groups[0].clone()),
            "groups[1].id: `night` is defined twice",
        ),
        (
            &|spec| spec.nodes[1].id = "south".into(),
            "nodes[2]: the node `south` appears twice",
        ),
        (
            &|spec| spec.nodes[3].parent = Some("east".into()),
            "nodes[3].parent: there is no node `east`",
        ),
        (
            &|spec| spec.nodes[3].parent = Some("till".into()),
            "nodes[3]: the parent of `till` must come before it and be of a higher level",
        ),
        (
            &|spec| spec.nodes[3].level = Level::Organization,
            "nodes[3].level: `till` cannot be an organization: a world has one, and workspaces and projects in it",
        ),
        (
            &|spec| spec.nodes[3].id.clear(),
            "nodes[3].id: an id is not empty",
        ),
        (
            &|spec| spec.principals[1].id.clear(),
            "principals[1].id: an id is not empty",
        ),
        (
            &|spec| spec.principals[0].grants[0].node = "east".into(),
            "principals[0].grants[0].node: there is no node `east`",
        ),
        (
            &|spec| spec.groups[0].members.push("zoe".into()),
            "groups[0].members[2]: there is no principal `zoe`",
        ),
        (
            &|spec| spec.creator = Some("zoe".into()),
            "creator: there is no principal `zoe`",
        ),
        (
            &|spec| spec.plan.push("sso".into()),
            "plan[0]: there is no feature `sso`",
        ),
    ];
    for (change, said) in cases {
        assert_eq!(refused(change), said);
    }
}

#[test]
fn the_directory_counts_people_admins_and_workspaces() {
    let count = |spec: &WorldSpec| {
        let world = world(spec);
        let facts = world.facts(world.principal("olga").unwrap());
        ["members", "admins", "workspaces"].map(|what| {
            match facts.value(&format!("organization.{what}")) {
                Some(Value::Integer(count)) => *count,
                other => panic!("{what}: {other:?}"),
            }
        })
    };
    let mut spec = world_spec();
    spec.nodes
        .push(node("west", Level::Workspace, Some("shop")));
    assert_eq!(count(&spec), [3, 1, 3]);
    // Neither programs, nor groups, nor what has an end, nor what is granted below make an admin.
    spec.principals[3].grants = vec![Grant::new("owner", "shop")];
    spec.groups[0].grants.push(Grant::new("owner", "shop"));
    spec.principals[1].grants.push(Grant::new("owner", "north"));
    let mut over = Grant::new("owner", "shop");
    over.window.expires_at_ms = Some(NOW_MS);
    spec.principals[2].grants.push(over);
    assert_eq!(count(&spec), [3, 1, 3]);
    spec.principals[1].grants.push(Grant::new("owner", "shop"));
    assert_eq!(count(&spec), [3, 2, 3]);
    // Who begins later is none yet; who began earlier is one.
    spec.principals[1].grants.pop();
    let mut owner = Grant::new("owner", "shop");
    for (from_ms, admins) in [(NOW_MS + 1, 1), (NOW_MS, 2), (1, 2)] {
        owner.window.not_before_ms = Some(from_ms);
        spec.principals[1].grants.push(owner.clone());
        assert_eq!(count(&spec), [3, admins, 3]);
        spec.principals[1].grants.pop();
    }
    spec.principals[1].grants.push(Grant::new("owner", "shop"));
    // Whose grants are all over is no member.
    spec.principals[2].grants.remove(0);
    assert_eq!(count(&spec), [2, 2, 3]);
}

#[test]
fn a_world_says_what_it_was_made_of() {
    let mut spec = world_spec();
    spec.principals[1].grants.push(Grant::new("gone", "north"));
    let world = world(&spec);
    assert_eq!(world.now_ms(), NOW_MS);
    let till = world.node("till").unwrap();
    assert_eq!(world.parent(till), world.node("north"));
    assert_eq!(world.parent(world.root()), None);
    assert_eq!(world.principal("robot").unwrap().index(), 3);
    let capped = |id: &str| {
        let role = world.policy().role(id).unwrap();
        world.policy().describe_role(role).unwrap().is_capped()
    };
    assert_eq!(["guest", "staff"].map(capped), [true, false]);
    let [(path, role)] = world.gone_roles() else {
        panic!("one role is gone");
    };
    assert_eq!(role, "gone");
    let place = [
        "principals".into(),
        1.into(),
        "grants".into(),
        2.into(),
        "role".into(),
    ];
    assert_eq!(path, &place);
}

#[test]
fn worlds_have_limits() {
    #[track_caller]
    fn check(list: &str, limit: usize, with: impl Fn(&mut WorldSpec, usize)) {
        for (count, refused) in [(limit, false), (limit + 1, true)] {
            let mut spec = world_spec();
            with(&mut spec, count);
            let result = World::resolve(&policy(&crate::shop::spec()), &spec, NOW_MS);
            let error = result.map(drop).map_err(|error| error.to_string());
            let expected = format!("{list}: more than {limit} entries");
            assert_eq!(error, if refused { Err(expected) } else { Ok(()) });
        }
    }
    let clerk = || Grant::new("clerk", "north");
    check("principals[1].grants", limits::GRANTS_MAX, |spec, count| {
        spec.principals[1].grants = vec![clerk(); count];
    });
    // With what comes through groups.
    check("principals[1]", limits::GRANTS_MAX, |spec, count| {
        spec.groups[0].members = vec!["cleo".into()];
        spec.groups[0].grants = vec![clerk(); 2];
        spec.principals[1].grants = vec![clerk(); count - 2];
    });
    check("groups", limits::GROUPS_MAX, |spec, count| {
        let group = |at: usize| GroupSpec {
            id: format!("g{at}"),
            members: Vec::new(),
            grants: Vec::new(),
        };
        spec.groups = (0..count).map(group).collect();
    });
}
