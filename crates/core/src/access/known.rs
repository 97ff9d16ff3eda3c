//! Which nodes a principal need know of: what somebody has nothing to do with is not named to them.

use crate::hierarchy::NodeId;
use crate::{Access, Bits, Grant, Level, Operation, PermissionId, Policy, RoleId};

impl Access {
    /// The nodes that the principal need know of, by their numbers ([`NodeId::index`]).
    ///
    /// Of the organization they always do, and as a member of what lies above or below a node on which they
    /// were granted something or which they own; of everything, when what they hold on the organization says
    /// something about the places in it ([`Policy::reaches_places`]). Ownership is given to members, and so
    /// are the roles of groups.
    ///
    /// Below the organization it is no matter what a role gives: whoever keeps the list need not make it
    /// anew when a role is edited.
    #[must_use]
    pub fn known_nodes(&self) -> Bits {
        let is_over = |grant: &Grant| grant.window.is_over(self.now_ms);
        let is_own = |grant: &Grant| grant.group.is_none();
        let mut grants = self.grants().iter();
        let is_member = grants.any(|grant| is_own(grant) && !is_over(grant));
        let mut below = Bits::empty(self.hierarchy.len());
        let mut above = Bits::of([self.root().0], self.hierarchy.len());
        for grant in self.grants() {
            let node = self.hierarchy.node(&grant.node);
            let Some(node) = node.filter(|_| is_member || is_own(grant)) else {
                continue;
            };
            above.insert(node.0);
            if self.reaches_below(grant, node) && !is_over(grant) {
                below.insert(node.0);
            }
        }
        if is_member {
            self.owned.iter().for_each(|node| below.insert(node.0));
            if self.policy.everyone_reaches_places() {
                below.insert(self.root().0);
            }
        }
        for node in self.hierarchy.nodes() {
            let parent = self.hierarchy.parent(node);
            if parent.is_some_and(|parent| below.contains(parent.0)) {
                below.insert(node.0);
            }
        }
        above.union_with(&below);
        for number in (0..self.hierarchy.len()).rev() {
            let parent = self.hierarchy.parent(NodeId(number));
            if let Some(parent) = parent.filter(|_| above.contains(number)) {
                above.insert(parent.0);
            }
        }
        above
    }

    /// Whether what lies below `node` is within what `grant` may be for.
    fn reaches_below(&self, grant: &Grant, node: NodeId) -> bool {
        let counted = self.counted_role(grant);
        node != self.root() || counted.is_some_and(|role| self.policy.reaches_places(role))
    }
}

impl Policy {
    /// Whether `role`, held on the organization, says something about the places in it: a permission of a
    /// lower level, or what it takes to see them. Where a policy has one level only, it is about all places.
    #[must_use]
    pub fn reaches_places(&self, role: RoleId) -> bool {
        self.describe_role(role)
            .is_some_and(|role| self.is_about_places(&role.rights))
    }

    /// The same of what every member holds.
    fn everyone_reaches_places(&self) -> bool {
        self.is_about_places(&self.everyone)
    }

    fn is_about_places(&self, rights: &Bits) -> bool {
        let levels = self.permissions.iter().map(|permission| permission.level);
        let has_levels = levels.max() > Some(Level::Organization);
        let seeing = [Operation::WorkspaceRead, Operation::ProjectRead];
        let seeing = seeing.map(|operation| self.operation(operation));
        rights.iter().any(|right| {
            let Some(permission) = self.permission_of(right).map(PermissionId) else {
                return false;
            };
            let is_seeing = seeing.contains(&Some(permission));
            let described = self.describe(permission);
            described.is_some_and(|described| {
                let is_lower = !has_levels || described.level > Level::Organization;
                is_seeing || is_lower && !described.personal
            })
        })
    }
}
