//! What a change of policy, roles, groups or grants gives and takes: everybody, everywhere, everything.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::evaluate::Factors;
use crate::holdings::{Holdings, Set};
use crate::{Bits, Facts, Outcome, PermissionId, Policy, PrincipalId, World};

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Id of the principal.
    pub principal: String,
    /// Id of the node.
    pub node: String,
    /// Id of the permission.
    pub permission: String,
    /// What was. What is not there before is denied.
    pub before: Standing,
    /// What is. What is not there afterwards is denied.
    pub after: Standing,
}

/// Every difference between two worlds, each under its own policy: by principal, node and permission, in
/// the order of `before` and then of what only `after` has. Facts are left open, so a permission whose
/// conditions change is a change too.
#[must_use]
pub fn diff(before: &World, after: &World) -> Vec<Change> {
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
    let permissions = pairs(
        before
            .policy()
            .permissions
            .iter()
            .map(|known| known.id.as_str()),
        after
            .policy()
            .permissions
            .iter()
            .map(|known| known.id.as_str()),
        |world, name| world.policy().permission(name),
        (before, after),
    );
    let mut changes = Vec::new();
    for (principal, was, is) in &principals {
        let views = (View::of(before, *was), View::of(after, *is));
        // Most nodes share their sets with others, and so what changes.
        let mut known: BTreeMap<(Option<usize>, Option<usize>), Vec<Changed<'_>>> = BTreeMap::new();
        for (node, was, is) in &nodes {
            let sets = (views.0.set_number(*was), views.1.set_number(*is));
            let changed = known.entry(sets).or_insert_with(|| {
                let changed = permissions.iter().filter_map(|(permission, was, is)| {
                    let before = views.0.standing(sets.0, *was);
                    let after = views.1.standing(sets.1, *is);
                    (before != after).then_some((*permission, before, after))
                });
                changed.collect()
            });
            changes.extend(changed.iter().map(|(permission, before, after)| Change {
                principal: (*principal).into(),
                node: (*node).into(),
                permission: (*permission).into(),
                before: before.clone(),
                after: after.clone(),
            }));
        }
    }
    changes
}

/// A permission with where somebody stood and stands.
type Changed<'a> = (&'a str, Standing, Standing);

/// The names of the first world, then those that only the second has, each with what it is in both.
fn pairs<'a, T>(
    before: impl Iterator<Item = &'a str>,
    after: impl Iterator<Item = &'a str>,
    number: impl Fn(&World, &str) -> Option<T>,
    worlds: (&World, &World),
) -> Vec<(&'a str, Option<T>, Option<T>)> {
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
}

impl<'a> View<'a> {
    fn of(world: &'a World, principal: Option<PrincipalId>) -> Self {
        Self {
            policy: world.policy(),
            holdings: principal.map(|id| world.holdings(id)),
        }
    }

    fn set_number(&self, position: Option<usize>) -> Option<usize> {
        self.holdings.as_ref()?.set_number(position?)
    }

    fn standing(&self, set: Option<usize>, permission: Option<PermissionId>) -> Standing {
        let holdings = self.holdings.as_ref();
        let set = holdings.and_then(|holdings| holdings.sets.get(set?));
        let (Some(holdings), Some(set), Some(id)) = (holdings, set, permission) else {
            return Standing::Denied;
        };
        let none = Facts::default();
        match Factors::of(self.policy, holdings, id, set, &none).outcome() {
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
