//! Random records in one small organization, and random facts.

use lockstep_core::{Facts, Grant, Level, Node, Record, TokenLimit, Value, Window};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// The moment at which every law asks.
pub(crate) const NOW_MS: u64 = 1_000;

/// A node of the organization that all laws share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub id: &'static str,
    pub level: Level,
    pub parent: Option<&'static str>,
}

/// Two workspaces with a project each, and a project that lies in the organization directly.
pub(crate) const NODES: [Place; 6] = [
    place("org", Level::Organization, None),
    place("w0", Level::Workspace, Some("org")),
    place("w1", Level::Workspace, Some("org")),
    place("w0-p", Level::Project, Some("w0")),
    place("w1-p", Level::Project, Some("w1")),
    place("org-p", Level::Project, Some("org")),
];

const fn place(id: &'static str, level: Level, parent: Option<&'static str>) -> Place {
    Place { id, level, parent }
}

/// The nodes at and below `top`.
pub(crate) fn below(top: &str) -> Vec<&'static str> {
    let inside = |mut node: Place| loop {
        if node.id == top {
            return true;
        }
        let Some(parent) = node.parent else {
            return false;
        };
        node = *NODES.iter().find(|node| node.id == parent).unwrap();
    };
    NODES
        .iter()
        .filter(|node| inside(**node))
        .map(|node| node.id)
        .collect()
}

/// Any record: up to five grants, some of them over or not yet begun, some of a role that is gone.
pub(crate) fn records() -> impl Strategy<Value = Record> {
    (vec(grants(), 0..=5), any::<u8>(), any::<u8>()).prop_map(|(grants, owned, thinned)| Record {
        principal: "somebody".into(),
        nodes: nodes(owned & thinned),
        grants,
        ..Record::default()
    })
}

/// Any grant of one of the roles `r0` to `r5`.
pub(crate) fn grants() -> impl Strategy<Value = Grant> {
    let window = |not_before_ms, expires_at_ms| Window {
        not_before_ms,
        expires_at_ms,
    };
    let windows = prop_oneof![
        6 => Just(Window::default()),
        1 => Just(window(Some(NOW_MS), Some(NOW_MS + 1))),
        1 => Just(window(None, Some(NOW_MS))),
        1 => Just(window(Some(NOW_MS + 1), None)),
    ];
    // Most of what is peculiar happens on the organization.
    let nodes = prop_oneof![
        1 => Just(NODES[0]),
        2 => prop::sample::select(NODES.as_slice()),
    ];
    (0..6_u8, nodes, windows).prop_map(|(role, node, window)| Grant {
        window,
        ..Grant::new(format!("r{role}"), node.id)
    })
}

/// Any narrowing, to permissions, to a node, or to both; sometimes to a node that is not there.
pub(crate) fn tokens() -> impl Strategy<Value = TokenLimit> {
    let node = prop_oneof![
        8 => prop::sample::select(NODES.as_slice()).prop_map(|node| node.id.to_owned()),
        1 => Just("elsewhere".to_owned()),
    ];
    (
        option::of(vec((0..7_u8).prop_map(|at| format!("p{at}")), 0..=4)),
        option::of(node),
    )
        .prop_map(|(permissions, node)| TokenLimit {
            permissions,
            node,
            ..TokenLimit::default()
        })
}

/// Any facts, each of them known or not.
pub(crate) fn facts() -> impl Strategy<Value = Facts> {
    let role = (0..2_u8).prop_map(|role| Value::Text(format!("r{role}")));
    let known = (
        option::of(any::<bool>().prop_map(Value::Bool)),
        option::of((0..5_i64).prop_map(Value::Integer)),
        option::of(any::<bool>().prop_map(Value::Bool)),
        option::of(role),
    );
    known.prop_map(|(flag, count, creator, role)| {
        let names = [
            "resource.flag",
            "resource.count",
            "target.creator",
            "target.role",
        ];
        let values = [flag, count, creator, role];
        let known = names.into_iter().zip(values);
        known
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    })
}

/// The nodes of [`NODES`]; bit n of `owned` says that the n-th one is the principal's.
pub(crate) fn nodes(owned: u8) -> Vec<Node> {
    (0..)
        .zip(NODES)
        .map(|(at, Place { id, level, parent })| Node {
            id: id.into(),
            level,
            parent: parent.map(Into::into),
            owned: owned >> at & 1 == 1,
        })
        .collect()
}
