//! The answers about everybody that need no facts.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::table::Table;
use super::{PrincipalId, World, narrow, wide};
use crate::hierarchy::{Hierarchy, NodeId};
use crate::rows::Row;
use crate::{Outcome, PermissionId};

/// The answers that need no facts: a row of them for each principal and node.
///
/// There are few different rows; which of them holds where is all that is kept for each principal.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    layout: Layout,
    /// For each permission its answer in each of the rows. So a number that is
    /// too large for the policy lies beyond the end, and never in the row of somebody else.
    answers: Vec<Outcome>,
    rows: usize,
}

/// Which row holds where.
#[derive(Clone, Debug)]
enum Layout {
    /// In a small organization.
    Table(Table),
    /// In a large one.
    Spans(Spans),
}

impl Default for Layout {
    fn default() -> Self {
        Self::Spans(Spans::default())
    }
}

/// What each principal holds from which position on (see [`Hierarchy::position`]).
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    /// Where the spans of each principal begin; one more at the end.
    starts: Vec<u32>,
    /// From which position on each span holds, by rising position.
    from: Vec<u32>,
    /// The row that holds there.
    row: Vec<u32>,
}

impl Rows {
    /// The answers about everybody in `world`.
    pub(super) fn new(world: &World) -> Self {
        let mut numbers: BTreeMap<Row, u32> = BTreeMap::new();
        let mut spans = Spans::default();
        for principal in world.principals() {
            spans.add(world, principal, &mut numbers);
        }
        spans.starts.push(narrow(spans.from.len()));
        let table = Table::new(world, &spans, numbers.len());
        let mut rows: Vec<(u32, Row)> = numbers.into_iter().map(|(row, at)| (at, row)).collect();
        rows.sort_unstable_by_key(|(at, _)| *at);
        let mut answers = Vec::with_capacity(rows.len() * world.policy.permissions.len());
        for permission in 0..world.policy.permissions.len() {
            answers.extend(rows.iter().map(|(_, row)| row.outcome(permission)));
        }
        Self {
            layout: table.map_or(Layout::Spans(spans), Layout::Table),
            answers,
            rows: rows.len(),
        }
    }

    /// The answer about `permission` for `principal` on `node`; `None` when one of them is of elsewhere.
    #[inline]
    pub(super) fn answer(
        &self,
        hierarchy: &Hierarchy,
        principal: PrincipalId,
        permission: PermissionId,
        node: NodeId,
    ) -> Option<Outcome> {
        let at = match &self.layout {
            Layout::Table(table) => {
                permission.0 * self.rows + usize::from(table.row(principal, node)?)
            }
            Layout::Spans(spans) => {
                let row = spans.row(principal, hierarchy.position(node)?)?;
                // The rows may be many here, and a number that overflows must not come out as another's.
                permission
                    .0
                    .checked_mul(self.rows)?
                    .checked_add(wide(row))?
            }
        };
        self.answers.get(at).copied()
    }
}

impl Spans {
    /// Adds what `principal`, the next one, holds; `numbers` keeps which rows there are.
    fn add(&mut self, world: &World, principal: PrincipalId, numbers: &mut BTreeMap<Row, u32>) {
        self.starts.push(narrow(self.from.len()));
        let holdings = world.holdings(principal);
        let rows = holdings.sets.iter().map(|set| {
            let row = Row::new(&world.policy, &holdings, set);
            let next = narrow(numbers.len());
            *numbers.entry(row).or_insert(next)
        });
        let rows: Vec<u32> = rows.collect();
        let mut before = None;
        for (from, set) in &holdings.spans {
            let row = rows.get(*set).copied();
            if let Some(row) = row.filter(|_| row != before) {
                self.from.push(narrow(*from));
                self.row.push(row);
            }
            before = row;
        }
    }

    /// The spans of `principal`, each as its first position and its row.
    pub(super) fn of(&self, principal: PrincipalId) -> impl Iterator<Item = (usize, u32)> + '_ {
        let start = |at: usize| self.starts.get(at).copied().map_or(0, wide);
        let range = start(principal.0)..start(principal.0 + 1);
        let from = self.from.get(range.clone()).unwrap_or_default();
        let row = self.row.get(range).unwrap_or_default();
        from.iter().map(|from| wide(*from)).zip(row.iter().copied())
    }

    /// The row of `principal` at `position`.
    pub(super) fn row(&self, principal: PrincipalId, position: usize) -> Option<u32> {
        let start = wide(*self.starts.get(principal.0)?);
        let end = wide(*self.starts.get(principal.0 + 1)?);
        let spans = self.from.get(start..end)?;
        let after = spans.partition_point(|from| wide(*from) <= position);
        self.row.get(start + after.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::sync::Arc;
    use alloc::vec;

    use super::*;
    use crate::{
        Grant, Level, PermissionSpec, Policy, PolicySpec, PrincipalSpec, RoleSpec, WorldNode,
        WorldSpec,
    };

    /// How many columns the table has for so many workspaces, when somebody works in every second of
    /// them, and somebody else owns a project in each.
    fn columns(workspaces: usize) -> Option<usize> {
        let node = |id: String, level, parent: Option<String>| WorldNode {
            owner: (level == Level::Project).then(|| "owner".into()),
            id,
            level,
            parent,
        };
        let mut nodes = vec![node("org".into(), Level::Organization, None)];
        for at in 0..workspaces {
            let workspace = format!("w{at}");
            let inside = |level, prefix, parent: &str| {
                node(format!("{prefix}{at}"), level, Some(parent.into()))
            };
            nodes.push(inside(Level::Workspace, "w", "org"));
            nodes.extend(["a", "b", "c"].map(|at| inside(Level::Project, at, &workspace)));
        }
        for free in nodes.iter_mut().filter(|node| !node.id.starts_with('b')) {
            free.owner = None;
        }
        let worked_in = (0..workspaces).step_by(2);
        let principal = |id: &str, grants| PrincipalSpec {
            id: id.into(),
            grants,
            ..PrincipalSpec::default()
        };
        let spec = WorldSpec {
            nodes,
            principals: vec![
                principal("owner", vec![Grant::new("member", "org")]),
                principal(
                    "worker",
                    worked_in
                        .map(|at| Grant::new("worker", format!("w{at}")))
                        .collect(),
                ),
            ],
            ..WorldSpec::default()
        };
        let role = |id: &str, level| RoleSpec {
            id: id.into(),
            ..RoleSpec::new(level)
        };
        let policy = PolicySpec {
            id: "columns".into(),
            roles: vec![
                RoleSpec {
                    admin: true,
                    ..role("member", Level::Organization)
                },
                role("worker", Level::Workspace),
            ],
            permissions: vec![PermissionSpec {
                id: "work".into(),
                allow: vec!["worker".into()],
                ..PermissionSpec::new(Level::Workspace)
            }],
            ownership: vec![(Level::Project, vec!["work".into()])],
            ..PolicySpec::default()
        };
        let policy = Arc::new(Policy::compile(&policy).unwrap());
        let world = World::resolve(&policy, &spec, 0).unwrap();
        match &world.rows.layout {
            Layout::Table(table) => Some(table.columns),
            Layout::Spans(_) => None,
        }
    }

    #[test]
    fn columns_are_where_answers_change_for_others_than_owners() {
        assert_eq!(columns(0), Some(1));
        assert_eq!(columns(1), Some(2));
        assert_eq!(columns(2), Some(3));
        assert_eq!(columns(127), Some(128));
        assert_eq!(columns(128), None);
        assert_eq!(columns(300), None);
    }
}
