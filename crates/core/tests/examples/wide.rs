//! A policy of more permissions than fit into one word: every answer against what was written down.

use std::sync::Arc;

use lockstep_core::{
    Access, ConditionalSpec, Facts, Grant, Level, Node, Outcome, PermissionSpec, Policy,
    PolicySpec, PrincipalKind, PrincipalSpec, Record, RoleSpec, TokenLimit, World, WorldNode,
    WorldSpec, evaluate, mask, masks, verdict,
};

use crate::shop::{facts, is, strings};

const PERMISSIONS: usize = 200;

/// Roles `two`, `three` and `five` hold every second, third and fifth permission; every seventh is
/// everybody's, every eleventh is held under a condition by `two`, every thirteenth has a guard, every
/// seventeenth is personal. `bound` is capped to what `three` holds.
fn policy() -> Arc<Policy> {
    let role = |id: &str, level| RoleSpec {
        id: id.into(),
        ..RoleSpec::new(level)
    };
    let permission = |at: usize| {
        let multiple = |of: usize| at.is_multiple_of(of);
        let holders = [(2, "two"), (3, "three"), (5, "five")];
        let holders = holders.iter().filter(|(of, _)| multiple(*of));
        let conditional = ConditionalSpec {
            roles: strings(&["two"]),
            when: vec![is("resource.own", true)],
        };
        PermissionSpec {
            id: format!("p{at}"),
            allow: holders.map(|(_, id)| (*id).to_owned()).collect(),
            conditional: multiple(11).then_some(conditional).into_iter().collect(),
            guard: multiple(13)
                .then(|| is("resource.open", true))
                .into_iter()
                .collect(),
            personal: multiple(17),
            ..PermissionSpec::new(Level::Workspace)
        }
    };
    let spec = PolicySpec {
        id: "wide".into(),
        everyone: (0..PERMISSIONS)
            .step_by(7)
            .map(|at| format!("p{at}"))
            .collect(),
        roles: vec![
            RoleSpec {
                admin: true,
                overriding: true,
                ..role("all", Level::Organization)
            },
            RoleSpec {
                cap: Some("three".into()),
                ..role("bound", Level::Organization)
            },
            role("two", Level::Workspace),
            role("three", Level::Workspace),
            role("five", Level::Workspace),
        ],
        permissions: (0..PERMISSIONS).map(permission).collect(),
        ..PolicySpec::default()
    };
    Arc::new(Policy::compile(&spec).unwrap())
}

fn record(grants: &[(&str, &str)]) -> Record {
    let grants = grants.iter().map(|(role, node)| Grant::new(*role, *node));
    Record {
        principal: "somebody".into(),
        nodes: vec![
            Node::organization("org"),
            Node::inside(Level::Workspace, "a", "org"),
            Node::inside(Level::Workspace, "b", "org"),
            Node::inside(Level::Project, "a1", "a"),
        ],
        grants: grants.collect(),
        ..Record::default()
    }
}

/// Compares every answer about `record` with `expected`, which gets the permission's number, the
/// node's id, and whether the resource is one's own and open.
#[track_caller]
fn check(record: Record, expected: impl Fn(usize, &str, bool, bool) -> bool) {
    let access = Access::resolve(&policy(), record, 0).unwrap();
    for (own, open) in [(false, false), (false, true), (true, false), (true, true)] {
        let facts = facts(&[("resource.own", own), ("resource.open", open)]);
        for node in access.node_ids() {
            let id = access.describe(node).unwrap().id;
            let row = mask(&access, node, &facts);
            let rows = masks(&access, [(node, &facts), (node, &Facts::default())]);
            assert_eq!(rows[0], row);
            for at in 0..PERMISSIONS {
                let permission = access.policy().permission(&format!("p{at}")).unwrap();
                let expected = expected(at, id, own, open);
                let decision = evaluate(&access, permission, node, &facts);
                assert_eq!(decision.is_allow(), expected, "p{at} on {id}");
                assert_eq!(row.contains(at), expected, "p{at} on {id} in the mask");
                let found = verdict(&access, permission, node, &facts);
                assert_eq!(found == Outcome::True, expected, "p{at} on {id}, verdict");
                let settled = access.settled(permission, node);
                assert!(
                    settled == Outcome::Unknown || settled == found,
                    "p{at} on {id}, settled"
                );
                let alone = evaluate(&access, permission, node, &Facts::default());
                assert_eq!(
                    alone.is_allow(),
                    settled == Outcome::True,
                    "p{at} on {id} without facts"
                );
                assert_eq!(rows[1].contains(at), alone.is_allow());
            }
            assert!(!row.contains(PERMISSIONS));
        }
    }
}

fn guarded(at: usize, open: bool) -> bool {
    open || !at.is_multiple_of(13)
}

#[test]
fn roles_on_branches() {
    let record = record(&[("two", "a"), ("three", "a1"), ("five", "b")]);
    check(record, |at, node, own, open| {
        let multiple = |of: usize| at.is_multiple_of(of);
        let two = multiple(2) || (own && multiple(11));
        let role = match node {
            "a" => two,
            "a1" => two || multiple(3),
            "b" => multiple(5),
            _ => false,
        };
        (role || multiple(7)) && guarded(at, open)
    });
}

#[test]
fn a_cap_bounds_all_but_what_is_personal() {
    let record = record(&[("bound", "org"), ("two", "a")]);
    check(record, |at, node, own, open| {
        let multiple = |of: usize| at.is_multiple_of(of);
        let role = node.starts_with('a') && (multiple(2) || (own && multiple(11)));
        (role || multiple(7)) && (multiple(3) || multiple(17)) && guarded(at, open)
    });
}

#[test]
fn an_override_beats_the_cap_and_a_token_narrows_it() {
    let mut record = record(&[("bound", "org"), ("all", "org")]);
    check(record.clone(), |at, _, _, open| guarded(at, open));
    record.token = Some(TokenLimit {
        permissions: Some(strings(&["p1", "p64", "p65", "p130", "p199"])),
        node: Some("a".into()),
        ..TokenLimit::default()
    });
    check(record, |at, node, _, open| {
        [1, 64, 65, 130, 199].contains(&at) && node.starts_with('a') && guarded(at, open)
    });
}

#[test]
fn a_service_account_holds_nothing_personal() {
    let mut record = record(&[("two", "org"), ("five", "a")]);
    record.kind = PrincipalKind::ServiceAccount;
    check(record.clone(), |at, node, own, open| {
        let multiple = |of: usize| at.is_multiple_of(of);
        let held = multiple(2)
            || multiple(7)
            || (own && multiple(11))
            || (node.starts_with('a') && multiple(5));
        held && !multiple(17) && guarded(at, open)
    });
    record.grants = vec![Grant::new("all", "org")];
    check(record, |at, _, _, open| {
        !at.is_multiple_of(17) && guarded(at, open)
    });
}

#[test]
fn a_number_of_another_policy_reaches_nothing() {
    let large = policy();
    let last = large.permission_at(PERMISSIONS - 1).unwrap();
    assert_eq!(large.permission_at(PERMISSIONS), None);
    let small = crate::shop::access(&[("owner", "shop")]);
    let facts = facts(&[]);
    assert_eq!(small.settled(last, small.root()), Outcome::False);
    assert!(!evaluate(&small, last, small.root(), &facts).is_allow());
    // And a node of another access is none of this one.
    let deep = Access::resolve(&large, record(&[("all", "org")]), 0).unwrap();
    let flat = Record {
        nodes: vec![Node::organization("org")],
        ..record(&[("all", "org")])
    };
    let flat = Access::resolve(&large, flat, 0).unwrap();
    let below = deep.node("a1").unwrap();
    assert_eq!(deep.settled(last, below), Outcome::True);
    assert_eq!(flat.settled(last, below), Outcome::False);
    let lockstep_core::Decision::Deny(denial) = evaluate(&flat, last, below, &facts) else {
        panic!("a node of elsewhere is allowed");
    };
    assert_eq!(denial.reason.code(), "no-grant");
    assert_eq!(flat.class(below), None);
}

#[test]
fn a_wide_world_answers_as_each_access_does() {
    for workspaces in [1_usize, 3, 300] {
        let node = |id: String, level, parent: Option<String>| WorldNode {
            id,
            level,
            parent,
            owner: None,
        };
        let mut nodes = vec![node("org".into(), Level::Organization, None)];
        for at in 0..workspaces {
            let workspace = format!("w{at}");
            nodes.push(node(
                workspace.clone(),
                Level::Workspace,
                Some("org".into()),
            ));
            nodes.push(node(format!("p{at}"), Level::Project, Some(workspace)));
        }
        let somebody = |id: &str, grants: &[(&str, &str)]| PrincipalSpec {
            id: id.into(),
            grants: grants
                .iter()
                .map(|(role, node)| Grant::new(*role, *node))
                .collect(),
            ..PrincipalSpec::default()
        };
        let every_second = (0..workspaces).step_by(2);
        let every_second = every_second.map(|at| Grant::new("three", format!("w{at}")));
        let spec = WorldSpec {
            nodes,
            principals: vec![
                somebody("nobody", &[]),
                somebody("two", &[("two", "w0")]),
                somebody("three", &[("three", "p0"), ("five", "org")]),
                somebody("all", &[("all", "org")]),
                PrincipalSpec {
                    grants: every_second.collect(),
                    ..somebody("every second", &[])
                },
            ],
            ..WorldSpec::default()
        };
        let world = World::resolve(&policy(), &spec, 0).unwrap();
        for principal in world.principals() {
            let access = world.access(principal);
            for node in world.nodes() {
                for at in 0..PERMISSIONS {
                    let permission = world.policy().permission_at(at).unwrap();
                    assert_eq!(
                        world.settled(principal, permission, node),
                        access.settled(permission, node),
                        "{} p{at} on {}",
                        world.principal_name(principal),
                        world.node_name(node)
                    );
                }
            }
        }
    }
}

#[test]
fn a_full_row_does_not_reach_into_the_next() {
    let permission = |at: usize| PermissionSpec {
        id: format!("p{at}"),
        allow: strings(&["all"]),
        ..PermissionSpec::new(Level::Workspace)
    };
    let compile = |count: usize| {
        let role = |id: &str, level| RoleSpec {
            id: id.into(),
            admin: true,
            ..RoleSpec::new(level)
        };
        let spec = PolicySpec {
            id: "full".into(),
            roles: vec![role("all", Level::Workspace)],
            permissions: (0..count).map(permission).collect(),
            ..PolicySpec::default()
        };
        Arc::new(Policy::compile(&spec).unwrap())
    };
    let (full, longer) = (compile(64), compile(65));
    let beyond = longer.permission_at(64).unwrap();
    let access = Access::resolve(&full, record(&[("all", "a")]), 0).unwrap();
    let first = full.permission_at(0).unwrap();
    let nodes: Vec<_> = access.node_ids().collect();
    assert_eq!(
        nodes
            .iter()
            .map(|at| access.allows(first, *at))
            .collect::<Vec<_>>(),
        [false, true, false, true]
    );
    assert!(nodes.iter().all(|at| !access.allows(beyond, *at)));
    assert_eq!(access.node_at(3), access.node("a1"));
    assert_eq!(access.node_at(4), None);
}
