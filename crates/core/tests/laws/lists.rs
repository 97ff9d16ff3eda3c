//! Law 10: a list is what a check would allow; and what a change gives and takes is all that changed.

use lockstep_core::{
    Access, Bits, Grant, GroupSpec, Level, Outcome, PrincipalChanges, PrincipalSpec, Record,
    Standing, World, WorldNode, WorldSpec, diff, mask, masks, verdict,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::policies::FEATURES;
use crate::support::worlds::{self, NODES, NOW_MS};
use crate::support::{config, permissions};
use crate::{any_policy, compile};

/// A world of everybody in `records`, who share the plan and the additions of the first.
fn world(records: &[Record]) -> WorldSpec {
    let first = records.first().unwrap();
    let nodes = NODES.iter().enumerate().map(|(at, node)| {
        let owner = records.iter().position(|record| record.nodes[at].owned);
        WorldNode {
            id: node.id.into(),
            level: node.level,
            parent: node.parent.map(Into::into),
            owner: owner.map(name),
        }
    });
    let principals = records.iter().enumerate().map(|(at, record)| {
        let own = record.grants.iter().filter(|grant| grant.group.is_none());
        PrincipalSpec {
            id: name(at),
            kind: record.kind,
            grants: own.cloned().collect(),
            token: record.token.clone(),
            ..PrincipalSpec::default()
        }
    });
    let groups = records.iter().enumerate().map(|(at, record)| {
        let through = record.grants.iter().filter(|grant| grant.group.is_some());
        GroupSpec {
            id: format!("group-{at}"),
            members: vec![name(at)],
            grants: through
                .map(|grant| Grant {
                    group: None,
                    ..grant.clone()
                })
                .collect(),
        }
    });
    WorldSpec {
        nodes: nodes.collect(),
        principals: principals.collect(),
        groups: groups.collect(),
        plan: first
            .plan
            .iter()
            .filter(|id| FEATURES.contains(&id.as_str()))
            .cloned()
            .collect(),
        customization: first.customization.clone(),
        creator: None,
    }
}

/// `spec` with so many more workspaces, in every second of which somebody holds every role, that its
/// answers lie in no table.
fn crowded(mut spec: WorldSpec) -> WorldSpec {
    let mut bystander = PrincipalSpec {
        id: "bystander".into(),
        ..PrincipalSpec::default()
    };
    for at in 0..200 {
        let id = format!("crowd-{at}");
        if at % 2 == 0 {
            let roles = ["r0", "r1", "r2", "r3", "r4", "r5"];
            let grants = roles.map(|role| Grant::new(role, id.as_str()));
            bystander.grants.extend(grants);
        }
        spec.nodes.push(WorldNode {
            id,
            level: Level::Workspace,
            parent: Some("org".into()),
            owner: None,
        });
    }
    spec.principals.push(bystander);
    spec
}

fn name(at: usize) -> String {
    format!("principal-{at}")
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let token = prop::option::weighted(0.3, worlds::tokens());
    let record = (worlds::records(), token).prop_map(|(record, mut token)| {
        if let Some(token) = &mut token {
            // A world is refused where a token names a node that is not there.
            token.node = token.node.take().filter(|node| node != "elsewhere");
        }
        Record { token, ..record }
    });
    vec(record, 1..=4)
}

fn category(standing: &Standing) -> Outcome {
    match standing {
        Standing::Denied => Outcome::False,
        Standing::Conditional(_) => Outcome::Unknown,
        Standing::Allowed => Outcome::True,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_list_is_what_a_check_allows(
        spec in any_policy(),
        records in records(),
        facts in worlds::facts(),
        other_facts in worlds::facts(),
    ) {
        let policy = compile(&spec);
        let spec = world(&records);
        let world = World::resolve(&policy, &spec, NOW_MS).unwrap();
        let crowded = World::resolve(&policy, &crowded(spec), NOW_MS).unwrap();
        let everybody: Vec<_> = world.principals().map(|id| (id, world.access(id))).collect();
        let nodes: Vec<_> = world.nodes().collect();
        for (principal, access) in &everybody {
            // By itself, as the record that the page gets.
            let alone = Access::resolve(&policy, access.record().clone(), NOW_MS).unwrap();
            let mut facts = facts.clone();
            let stated = facts.clone();
            facts.extend(&world.facts(*principal));
            for node in &nodes {
                let mut actions = Vec::new();
                for (permission, _) in permissions(world.policy()) {
                    let check = verdict(access, permission, *node, &facts);
                    prop_assert_eq!(world.verdict(*principal, permission, *node, &stated), check);
                    prop_assert_eq!(verdict(&alone, permission, *node, &facts), check);
                    let settled = world.settled(*principal, permission, *node);
                    prop_assert_eq!(settled, access.settled(permission, *node));
                    prop_assert_eq!(settled, crowded.settled(*principal, permission, *node));
                    if check == Outcome::True {
                        actions.push(permission.index());
                    }
                    let subjects = world.subjects(permission, *node, &stated);
                    prop_assert_eq!(subjects.into_iter().any(|id| id == *principal), check == Outcome::True);
                    let level = world.level(*node).unwrap();
                    let mut resources = world.resources(*principal, permission, level, &stated);
                    prop_assert_eq!(resources.any(|id| id == *node), check == Outcome::True);
                }
                let actions = Bits::of(actions, world.policy().permissions().len());
                prop_assert_eq!(&world.actions(*principal, *node, &stated), &actions);
                prop_assert_eq!(&mask(access, *node, &facts), &actions);
            }
            let rows = nodes.iter().flat_map(|node| [(*node, &facts), (*node, &other_facts)]);
            let each: Vec<Bits> = rows.clone().map(|(node, facts)| mask(access, node, facts)).collect();
            prop_assert_eq!(masks(access, rows), each);
        }
    }

    #[test]
    fn a_difference_is_all_that_changed(
        spec in any_policy(),
        other in any_policy(),
        records in records(),
        changed in records(),
        same_policy in any::<bool>(),
    ) {
        let old = World::resolve(&compile(&spec), &world(&records), NOW_MS).unwrap();
        let policy = compile(if same_policy { &spec } else { &other });
        let new = World::resolve(&policy, &world(&changed), NOW_MS).unwrap();
        prop_assert_eq!(diff(&old, &old).count(), 0);
        let all: Vec<_> = diff(&old, &new).collect();
        let changes: Vec<_> = all.iter().flat_map(PrincipalChanges::iter).collect();
        prop_assert_eq!(all.iter().map(PrincipalChanges::count).sum::<usize>(), changes.len());
        for one in &all {
            let together = |(node, at): &(&str, usize)| {
                one.together()[*at].iter().map(move |change| (node.to_string(), change.permission)).collect::<Vec<_>>()
            };
            let listed: Vec<_> = one.nodes().iter().flat_map(together).collect();
            let each: Vec<_> = one.iter().map(|change| (change.node.to_owned(), change.permission)).collect();
            prop_assert_eq!(listed, each);
            prop_assert!(one.iter().all(|change| change.principal == one.principal()));
        }
        let mut listed = 0;
        for at in 0..records.len().max(changed.len()) {
            for node in NODES {
                for number in 0..spec.permissions.len().max(other.permissions.len()) {
                    let (principal, id) = (name(at), format!("p{number}"));
                    let settled = |world: &World| -> Outcome {
                        let known = world.principal(&principal).zip(world.policy().permission(&id));
                        let known = known.zip(world.node(node.id));
                        known.map_or(Outcome::False, |((principal, permission), node)| {
                            world.settled(principal, permission, node)
                        })
                    };
                    let (was, is) = (settled(&old), settled(&new));
                    let mut found = changes.iter().filter(|change| {
                        change.principal == principal && change.node == node.id && change.permission == id
                    });
                    match found.next() {
                        Some(change) => {
                            listed += 1;
                            prop_assert_eq!((category(change.before), category(change.after)), (was, is));
                            prop_assert_ne!(change.before, change.after);
                        }
                        None => prop_assert_eq!(was, is, "{} {} on {}", principal, id, node.id),
                    }
                    prop_assert!(found.next().is_none());
                }
            }
        }
        prop_assert_eq!(listed, changes.len());
    }
}
