//! Random records in one small organization, and random facts.

use lockstep_core::{
    CustomRole, Customization, Effect, Facts, Grant, Level, Node, PrincipalKind, Record,
    TokenLimit, Value, Window,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::policies::{FEATURES, Mask, condition, named, rule};

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

/// Any record: up to six grants, some of them over or not yet begun, some of a role that is gone, under
/// any plan, with roles and rules of the organization, some of which fit the policy no longer.
pub(crate) fn records() -> impl Strategy<Value = Record> {
    let kinds = prop_oneof![
        5 => Just(PrincipalKind::User),
        1 => Just(PrincipalKind::ServiceAccount),
    ];
    // The third feature is one that the policy no longer knows.
    let plan = prop::sample::subsequence(vec![FEATURES[0], FEATURES[1], "f2"], 0..=3);
    let owned = (any::<u8>(), any::<u8>());
    (vec(grants(), 0..=6), owned, kinds, plan, customizations()).prop_map(
        |(grants, (owned, thinned), kind, plan, customization)| Record {
            principal: "somebody".into(),
            kind,
            nodes: nodes(owned & thinned),
            grants,
            plan: plan.into_iter().map(Into::into).collect(),
            customization,
            token: None,
        },
    )
}

/// `record` without the organization's own deny rules.
pub(crate) fn without_denials(mut record: Record) -> Record {
    let rules = &mut record.customization.rules;
    rules.retain(|rule| rule.effect == Effect::Allow);
    record
}

/// Any roles and rules of an organization. Some name roles, permissions and facts that are not there.
fn customizations() -> impl Strategy<Value = Customization> {
    let roles = (
        0..8_u8,
        0..4_u8,
        any::<Mask>(),
        any::<Mask>(),
        any::<Mask>(),
    );
    let roles = roles.prop_map(|(id, base, with, without, thinned)| CustomRole {
        // Once in a while an id that the policy has already.
        id: if id == 0 {
            "r1".into()
        } else {
            format!("c{}", id % 2)
        },
        name: "Custom".into(),
        base: format!("r{base}"),
        with: named("p", with, 7),
        without: named("p", without & thinned, 7),
    });
    let unknown = prop::bool::weighted(0.1);
    let rules = (rule(), 0..3_u8, condition(), unknown);
    let rules = rules.prop_map(|(random, custom, mut condition, unknown)| {
        let mut rule = random.spec(7, 6, 7);
        if !rule.roles.is_empty() {
            rule.roles.push(format!("c{custom}"));
        }
        if unknown {
            condition.fact = "organization.weather".into();
            rule.when.push(condition);
        }
        rule
    });
    (vec(roles, 0..=4), vec(rules, 0..=2)).prop_map(|(roles, rules)| Customization { roles, rules })
}

/// Always, or now but not for long, or no longer, or not yet.
fn windows() -> impl Strategy<Value = Window> {
    let window = |not_before_ms, expires_at_ms| Window {
        not_before_ms,
        expires_at_ms,
    };
    prop_oneof![
        12 => Just(Window::default()),
        1 => Just(window(Some(NOW_MS), Some(NOW_MS + 1))),
        1 => Just(window(None, Some(NOW_MS))),
        1 => Just(window(Some(NOW_MS + 1), None)),
    ]
}

/// Any grant of one of the roles `r0` to `r5`, or of the organization's own, to the principal itself or
/// through a group.
pub(crate) fn grants() -> impl Strategy<Value = Grant> {
    // Most of what is peculiar happens on the organization.
    let nodes = prop_oneof![
        1 => Just(NODES[0]),
        2 => prop::sample::select(NODES.as_slice()),
    ];
    let roles = prop_oneof![
        1 => (0..6_u8).prop_map(|role| format!("r{role}")),
        1 => (0..2_u8).prop_map(|role| format!("c{role}")),
    ];
    let through = prop::bool::weighted(0.2);
    (roles, nodes, windows(), through).prop_map(|(role, node, window, through)| Grant {
        window,
        group: through.then(|| "group".into()),
        ..Grant::new(role, node.id)
    })
}

/// Any narrowing, to permissions, to a node, to a time; sometimes to a node that is not there.
pub(crate) fn tokens() -> impl Strategy<Value = TokenLimit> {
    let node = prop_oneof![
        8 => prop::sample::select(NODES.as_slice()).prop_map(|node| node.id.to_owned()),
        1 => Just("elsewhere".to_owned()),
    ];
    (
        option::of(vec((0..7_u8).prop_map(|at| format!("p{at}")), 0..=4)),
        option::of(node),
        windows(),
    )
        .prop_map(|(permissions, node, window)| TokenLimit {
            permissions,
            node,
            window,
        })
}

/// The facts that conditions test.
const FACTS: [&str; 8] = [
    "resource.flag",
    "resource.count",
    "target.creator",
    "target.role",
    "resource.owner",
    "resource.tags.env",
    "principal.id",
    "context.limit",
];

/// Whether a value is of the type that the conditions on its fact test.
pub(crate) fn fits(name: &str, value: &Value) -> bool {
    match name {
        "resource.flag" | "target.creator" => matches!(value, Value::Bool(_)),
        "resource.count" | "context.limit" => matches!(value, Value::Integer(_)),
        _ => matches!(value, Value::Text(_)),
    }
}

/// Any facts: each of them known, or not, or known to be absent, and some of a type that fits no test.
pub(crate) fn facts() -> impl Strategy<Value = Facts> {
    let texts = |texts: &[&str]| {
        let texts = texts.iter().map(|text| Value::Text((*text).into()));
        prop::sample::select(texts.collect::<Vec<Value>>())
    };
    let flag = || any::<bool>().prop_map(Value::Bool);
    let count = || (0..5_i64).prop_map(Value::Integer);
    let fitting = (
        option::of(flag()),
        option::of(count()),
        option::of(flag()),
        option::of(texts(&["r0", "r1"])),
        option::of(texts(&["somebody", "prod"])),
        option::of(texts(&["prod", "Prod", "prodü", "dev"])),
        option::of(Just(Value::Text("somebody".into()))),
        option::of(count()),
    );
    let unfit = prop_oneof![
        1 => Just(None),
        1 => (prop::sample::select(FACTS.as_slice()), any::<bool>()).prop_map(Some),
    ];
    let complete =
        prop::sample::subsequence(vec!["resource.tags", "resource", "resource.tag"], 0..=1);
    (fitting, unfit, complete).prop_map(|(fitting, unfit, complete)| {
        let (flag, count, creator, role, owner, env, principal, limit) = fitting;
        let values = [flag, count, creator, role, owner, env, principal, limit];
        let known = FACTS.into_iter().zip(values);
        let mut facts: Facts = known
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        if let Some((name, number)) = unfit {
            let value = if number {
                Value::Integer(-1)
            } else {
                Value::Bool(true)
            };
            facts.set(name, value);
        }
        complete.into_iter().for_each(|group| facts.complete(group));
        facts
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
