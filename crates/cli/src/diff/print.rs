//! Changes for people: who gains (`+`), loses (`-`) or has under other conditions (`~`) what, and where.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use lockstep_core::{PrincipalChanges, Standing, World, diff};

use super::parent;
use crate::output::{BAD, GOOD, printable, styled};

/// What one principal gains or loses: the permission, what was and what is.
type Key<'a> = (&'a str, &'a Standing, &'a Standing);

/// All changes. Who gains and loses the same stands together, and so does a node with all below it.
pub(super) fn print(worlds: (&World, &World)) -> String {
    let tree = Tree::new(worlds.0, worlds.1);
    let mut together: Vec<Vec<&str>> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for changes in diff(worlds.0, worlds.1) {
        let at = *known.entry(tree.lines(&changes)).or_insert_with(|| {
            together.push(Vec::new());
            together.len().saturating_sub(1)
        });
        if let Some(who) = together.get_mut(at) {
            who.push(changes.principal());
        }
    }
    let mut known: Vec<(String, usize)> = known.into_iter().collect();
    known.sort_unstable_by_key(|(_, at)| *at);
    let mut text = String::new();
    for (who, (lines, _)) in together.iter().zip(known) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", printable(&who.join(", ")));
        text.push_str(&lines);
    }
    text
}

/// The nodes of both worlds.
struct Tree<'a> {
    /// Names in the order in which changes come.
    order: BTreeMap<&'a str, usize>,
    parents: BTreeMap<&'a str, Option<&'a str>>,
    children: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Tree<'a> {
    fn new(before: &'a World, after: &'a World) -> Self {
        let mut tree = Self {
            order: BTreeMap::new(),
            parents: BTreeMap::new(),
            children: BTreeMap::new(),
        };
        let names = |world: &'a World| world.nodes().map(|node| world.node_name(node));
        for name in names(before).chain(names(after)) {
            let place = tree.order.len();
            if tree.order.contains_key(name) {
                continue;
            }
            tree.order.insert(name, place);
            let above = parent((before, after), name);
            tree.parents.insert(name, above);
            if let Some(above) = above {
                tree.children.entry(above).or_default().push(name);
            }
        }
        tree
    }

    /// The changes of one principal, a line for each permission and place.
    fn lines(&self, changes: &PrincipalChanges<'_>) -> String {
        let mut keys: Vec<Key<'_>> = Vec::new();
        // With each what it is together with, where it is.
        let mut lists: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
        for (at, list) in changes.together().iter().enumerate() {
            for change in list {
                let key = (change.permission, &change.before, &change.after);
                let of_key = lists.entry(key).or_insert_with(|| {
                    keys.push(key);
                    Vec::new()
                });
                of_key.push(at);
            }
        }
        let mut places: BTreeMap<&[usize], String> = BTreeMap::new();
        for of_key in lists.values() {
            places.entry(of_key).or_insert_with(|| {
                let nodes = changes.nodes().iter();
                let nodes = nodes.filter(|(_, at)| of_key.binary_search(at).is_ok());
                let nodes = nodes.map(|(node, _)| *node).collect();
                printable(&self.places(&nodes).join(", "))
            });
        }
        let width = keys.iter().map(|(permission, ..)| permission.len()).max();
        let width = width.unwrap_or_default();
        let mut lines = String::new();
        for key in keys {
            let of_key = lists.get(&key).map(Vec::as_slice).unwrap_or_default();
            let places = places.get(of_key).map_or("", String::as_str);
            let (permission, before, after) = key;
            let (sign, conditions) = change(before, after);
            let conditions = printable(&conditions);
            // Writing to a string cannot fail.
            let _ = writeln!(
                lines,
                "  {sign} {permission:width$}  on {places}{conditions}"
            );
        }
        lines
    }

    /// `nodes`, of which those that stand for all below them say so.
    fn places(&self, nodes: &BTreeSet<&str>) -> Vec<String> {
        let mut names: Vec<&str> = nodes.iter().copied().collect();
        names.sort_by_key(|name| self.order.get(name).copied());
        // From the last on: a node comes after its parent, so what is below it is known.
        let mut whole: BTreeSet<&str> = BTreeSet::new();
        for name in names.iter().rev() {
            let mut children = self.children.get(name).into_iter().flatten();
            if children.all(|child| whole.contains(child)) {
                whole.insert(name);
            }
        }
        let covered = |name: &str| {
            let above = self.parents.get(name).copied().flatten();
            above.is_some_and(|above| whole.contains(above))
        };
        let shown = names.into_iter().filter(|name| !covered(name));
        let has_children = |name: &str| self.children.contains_key(name);
        let words = shown.map(|name| {
            if whole.contains(name) && has_children(name) {
                format!("{name} and below")
            } else {
                name.to_owned()
            }
        });
        words.collect()
    }
}

/// The sign of a change, and what is to be said of conditions.
fn change(before: &Standing, after: &Standing) -> (String, String) {
    match (before, after) {
        (Standing::Conditional(before), Standing::Conditional(after)) => {
            ("~".to_owned(), format!(", if {after}; before, if {before}"))
        }
        (Standing::Denied, after) => (styled(GOOD, "+"), conditions(", if ", after)),
        (Standing::Allowed, Standing::Conditional(after)) => {
            (styled(BAD, "-"), format!(", now only if {after}"))
        }
        (before, Standing::Denied) => (
            styled(BAD, "-"),
            conditions(", where it was held if ", before),
        ),
        (before, _) => (
            styled(GOOD, "+"),
            conditions(", always; before, if ", before),
        ),
    }
}

fn conditions(words: &str, standing: &Standing) -> String {
    match standing {
        Standing::Conditional(conditions) => format!("{words}{conditions}"),
        Standing::Allowed | Standing::Denied => String::new(),
    }
}
