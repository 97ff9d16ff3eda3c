//! What a change of policy, roles, groups or grants gives and takes: everybody, everywhere, everything.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::holdings::{Holdings, Set};
use crate::rows::Row;
use crate::{Bits, Outcome, PermissionId, Policy, PrincipalId, World};

/// Where somebody stands with one permission on one node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Never.
    Denied,
    /// Under conditions, in words such as `resource.own = true`.
    Conditional(String),
    /// Always.
    Allowed,
}

/// One permission that somebody gains, loses or has under other conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// Id of the principal.
    pub principal: &'a str,
    /// Id of the node.
    pub node: &'a str,
    /// Id of the permission.
    pub permission: &'a str,
    /// What was. What is not there before is denied.
    pub before: &'a Standing,
    /// What is. What is not there afterwards is denied.
    pub after: &'a Standing,
}

/// A permission that changes, wherever it does so together with others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PermissionChange<'a> {
    /// Id of the permission.
    pub permission: &'a str,
    /// What was.
    pub before: Standing,
    /// What is.
    pub after: Standing,
}

/// All that changes for one principal.
///
/// On most nodes the same changes as on others, so that they are kept once: everybody's everywhere would be
/// millions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalChanges<'a> {
    principal: &'a str,
    together: Vec<Vec<PermissionChange<'a>>>,
    nodes: Vec<(&'a str, usize)>,
}

impl<'a> PrincipalChanges<'a> {
    /// Id of the principal.
    #[must_use]
    pub const fn principal(&self) -> &'a str {
        self.principal
    }

    /// What changes together on a node, each once, in the order of the nodes on which it first does. None
    /// is empty.
    #[must_use]
    pub fn together(&self) -> &[Vec<PermissionChange<'a>>] {
        &self.together
    }

    /// Ids of the nodes on which something changes, each with the place in [`Self::together`] of what does.
    #[must_use]
    pub fn nodes(&self) -> &[(&'a str, usize)] {
        &self.nodes
    }

    /// How many changes there are, each permission counted on each node.
    #[must_use]
    pub fn count(&self) -> usize {
        let on_node = |(_, at): &(_, usize)| self.together.get(*at).map_or(0, Vec::len);
        self.nodes.iter().map(on_node).sum()
    }

    /// All changes, by node and permission.
    pub fn iter(&self) -> impl Iterator<Item = Change<'_>> {
        self.nodes.iter().flat_map(|(node, at)| {
            let changes = self.together.get(*at).into_iter().flatten();
            changes.map(|change| Change {
                principal: self.principal,
                node,
                permission: change.permission,
                before: &change.before,
                after: &change.after,
            })
        })
    }
}

/// Every difference between two worlds, each under its own policy: by principal, node and permission, in
/// the order of `before` and then of what only `after` has. Facts are left open, so a permission whose
/// conditions change is a change too.
///
/// One principal's changes are there at a time; for whom nothing changes is left out.
pub fn diff<'a>(
    before: &'a World,
    after: &'a World,
) -> impl Iterator<Item = PrincipalChanges<'a>> + 'a {
    let principals = pairs(
        before.principals().map(|id| before.principal_name(id)),
        after.principals().map(|id| after.principal_name(id)),
        |world, name| world.principal(name),
        (before, after),
    );
    let position = |world: &World, name: &str| world.hierarchy().position(world.node(name)?);
    let nodes = pairs(
        before.nodes().map(|id| before.node_name(id)),
        after.nodes().map(|id| after.node_name(id)),
        position,
        (before, after),
    );
    let ids = |world: &'a World| world.policy().permissions.iter().map(|known| &*known.id);
    let permissions = pairs(
        ids(before),
        ids(after),
        |world, name| world.policy().permission(name),
        (before, after),
    );
    let of_one = move |(principal, was, is)| {
        let views = (View::of(before, was), View::of(after, is));
        let (together, nodes) = changed(&views, &nodes, &permissions);
        PrincipalChanges {
            principal,
            together,
            nodes,
        }
    };
    let all = principals.into_iter().map(of_one);
    all.filter(|changes| !changes.nodes.is_empty())
}

/// What changes for one principal together, and on which nodes.
fn changed<'a>(
    views: &(View<'_>, View<'_>),
    nodes: &[Pair<'a, usize>],
    permissions: &[Pair<'a, PermissionId>],
) -> (Vec<Vec<PermissionChange<'a>>>, Vec<(&'a str, usize)>) {
    // Most nodes share their sets with others, and so what changes.
    let mut known: BTreeMap<(Option<usize>, Option<usize>), Option<usize>> = BTreeMap::new();
    // What is the same of other sets is the same to who looks at it.
    let mut numbers: BTreeMap<Vec<PermissionChange<'a>>, usize> = BTreeMap::new();
    let mut places = Vec::new();
    for (node, was, is) in nodes {
        let sets = (views.0.set_number(*was), views.1.set_number(*is));
        let number = known.entry(sets).or_insert_with(|| {
            let changes = permissions.iter().filter_map(|(permission, was, is)| {
                let before = views.0.standing(sets.0, *was);
                let after = views.1.standing(sets.1, *is);
                (before != after).then_some(PermissionChange {
                    permission,
                    before,
                    after,
                })
            });
            let changes: Vec<_> = changes.collect();
            let next = numbers.len();
            (!changes.is_empty()).then(|| *numbers.entry(changes).or_insert(next))
        });
        places.extend(number.map(|number| (*node, number)));
    }
    let mut together: Vec<_> = numbers.into_iter().collect();
    together.sort_unstable_by_key(|(_, number)| *number);
    let together = together.into_iter().map(|(changes, _)| changes).collect();
    (together, places)
}

/// A name with what it is in each of two worlds.
type Pair<'a, T> = (&'a str, Option<T>, Option<T>);

/// The names of the first world, then those that only the second has, each with what it is in both.
fn pairs<'a, T>(
    before: impl Iterator<Item = &'a str>,
    after: impl Iterator<Item = &'a str>,
    number: impl Fn(&World, &str) -> Option<T>,
    worlds: (&World, &World),
) -> Vec<Pair<'a, T>> {
    let is_new = |name: &&str| number(worlds.0, name).is_none();
    let names = before.chain(after.filter(is_new));
    let of_both = |name| (name, number(worlds.0, name), number(worlds.1, name));
    names.map(of_both).collect()
}

/// One principal in one world.
struct View<'a> {
    policy: &'a Policy,
    /// `None` when it is not there.
    holdings: Option<Holdings>,
    /// The answers of each set that need no facts.
    rows: Vec<Row>,
}

impl<'a> View<'a> {
    fn of(world: &'a World, principal: Option<PrincipalId>) -> Self {
        let policy = world.policy();
        let holdings = principal.map(|id| world.holdings(id));
        let rows = holdings.iter().flat_map(|holdings| {
            let sets = holdings.sets.iter();
            sets.map(|set| Row::new(policy, holdings, set))
        });
        Self {
            policy,
            rows: rows.collect(),
            holdings,
        }
    }

    fn set_number(&self, position: Option<usize>) -> Option<usize> {
        self.holdings.as_ref()?.set_number(position?)
    }

    fn standing(&self, set: Option<usize>, permission: Option<PermissionId>) -> Standing {
        let holdings = self.holdings.as_ref();
        let of_set = set.and_then(|at| Some((self.rows.get(at)?, holdings?.sets.get(at)?)));
        let (Some(holdings), Some((row, set)), Some(id)) = (holdings, of_set, permission) else {
            return Standing::Denied;
        };
        match row.outcome(id.0) {
            Outcome::False => Standing::Denied,
            Outcome::True => Standing::Allowed,
            Outcome::Unknown => Standing::Conditional(self.conditions(holdings, set, id)),
        }
    }

    /// What has to hold for a permission that depends on facts, in an order of its own, so that the same
    /// conditions are the same words.
    fn conditions(&self, holdings: &Holdings, set: &Set, id: PermissionId) -> String {
        let policy = self.policy;
        let mut all: BTreeSet<String> = BTreeSet::new();
        for (.., guard) in policy.denials_of(&set.denied, id) {
            all.insert(guard.map_or_else(String::new, |guard| format!("not ({guard})")));
        }
        all.extend(policy.guard(id).map(ToString::to_string));
        let ways = |bits: &Bits| {
            let unconditional = bits.contains(id.0);
            let guards = policy.guards_of(bits, id).into_iter();
            let guards = guards.filter(|_| !unconditional);
            let guards: BTreeSet<String> = guards.map(ToString::to_string).collect();
            (!guards.is_empty()).then(|| guards.into_iter().collect::<Vec<_>>().join(" or "))
        };
        if !holdings.overriding.contains(id.0) {
            let caps = holdings.caps.iter().filter_map(ways);
            all.extend(caps.chain(ways(&set.granted)));
        }
        all.into_iter().collect::<Vec<_>>().join("; ")
    }
}
