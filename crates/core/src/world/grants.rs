//! Grants of a world, in numbers.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::{narrow, wide};
use crate::hierarchy::{Hierarchy, NodeId, ROOT};
use crate::{Grant, Policy, RoleId, Window};

/// The number of a role that the policy does not have. It gives nothing.
const GONE: u16 = u16::MAX;

/// Lists of grants, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Grants {
    /// Where each list begins.
    starts: Vec<u32>,
    nodes: Vec<u32>,
    roles: Vec<u16>,
    /// Windows of those that have one.
    windows: BTreeMap<u32, Window>,
    /// The roles of those whose role the policy does not have.
    gone: BTreeMap<u32, String>,
}

/// One grant of a principal, in numbers.
#[derive(Clone, Copy)]
pub(super) struct Numbered {
    /// Its place among all of the lists.
    pub(super) at: u32,
    pub(super) role: Option<RoleId>,
    pub(super) node: NodeId,
    pub(super) window: Window,
    pub(super) group: Option<u32>,
}

impl Grants {
    /// Adds the next list.
    pub(super) fn add(&mut self, grants: &[Grant], policy: &Policy, hierarchy: &Hierarchy) {
        self.starts.push(narrow(self.nodes.len()));
        for grant in grants {
            let at = narrow(self.nodes.len());
            let role = policy.role(&grant.role);
            let role = role.and_then(|role| u16::try_from(role.0).ok());
            if role.is_none() {
                self.gone.insert(at, grant.role.clone());
            }
            let node = hierarchy.node(&grant.node).unwrap_or(ROOT);
            self.nodes.push(narrow(node.0));
            self.roles.push(role.unwrap_or(GONE));
            if grant.window != Window::default() {
                self.windows.insert(at, grant.window);
            }
        }
    }

    /// The windows of those that have one.
    pub(super) fn windows(&self) -> impl Iterator<Item = &Window> {
        self.windows.values()
    }

    /// The role of the grant at `at`, which the policy does not have.
    pub(super) fn gone(&self, at: u32) -> Option<&String> {
        self.gone.get(&at)
    }

    /// The grants of the list `at`, which is that of `group`, or somebody's own.
    pub(super) fn list(
        &self,
        at: usize,
        group: Option<u32>,
    ) -> impl Iterator<Item = Numbered> + '_ {
        let end = narrow(self.nodes.len());
        let start = |at: usize| self.starts.get(at).copied().unwrap_or(end);
        (start(at)..start(at.saturating_add(1))).filter_map(move |at| {
            let role = usize::from(*self.roles.get(wide(at))?);
            Some(Numbered {
                at,
                role: (role != usize::from(GONE)).then_some(RoleId(role)),
                node: NodeId(wide(*self.nodes.get(wide(at))?)),
                window: self.windows.get(&at).copied().unwrap_or_default(),
                group,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::sync::Arc;
    use alloc::vec;
    use alloc::vec::Vec;

    use crate::{
        Grant, GroupSpec, Level, Policy, PolicySpec, PrincipalSpec, RoleSpec, World, WorldNode,
        WorldSpec,
    };

    /// A text of half a megabyte can put thousands into a group of thousands of grants.
    #[test]
    fn what_a_group_has_is_there_once_however_many_are_in_it() {
        let policy = PolicySpec {
            id: "p".into(),
            roles: vec![RoleSpec {
                id: "admin".into(),
                admin: true,
                ..RoleSpec::new(Level::Organization)
            }],
            ..PolicySpec::default()
        };
        let policy = Arc::new(Policy::compile(&policy).unwrap());
        let members = ["ann", "ben", "cleo"].map(String::from);
        let principal = |id: &String| PrincipalSpec {
            id: id.clone(),
            grants: vec![Grant::new("admin", "o")],
            ..PrincipalSpec::default()
        };
        let spec = WorldSpec {
            nodes: vec![WorldNode {
                id: "o".into(),
                level: Level::Organization,
                parent: None,
                owner: None,
            }],
            principals: members.iter().map(principal).collect(),
            groups: vec![GroupSpec {
                id: "g".into(),
                members: members.into(),
                grants: vec![Grant::new("admin", "o"); 7],
            }],
            ..WorldSpec::default()
        };
        let world = World::resolve(&policy, &spec, 0).unwrap();
        assert_eq!(world.grants.nodes.len(), 3);
        assert_eq!(world.group_grants.nodes.len(), 7);
        let granted = world.principals().map(|one| world.granted(one).count());
        assert_eq!(granted.collect::<Vec<_>>(), [8; 3]);
    }
}
