//! Searches: who may, on what, and what. Each is a list of what a check would allow (law 10).

use alloc::vec::Vec;

use crate::hierarchy::NodeId;
use crate::world::PrincipalId;
use crate::{Bits, Facts, Level, Outcome, PermissionId, World};

impl World {
    /// The principals that may do `permission` on `node` under `facts`, in the order of the world.
    ///
    /// A page is what comes after the last principal of the one before, as long as the page is.
    pub fn subjects<'a>(
        &'a self,
        permission: PermissionId,
        node: NodeId,
        facts: &'a Facts,
    ) -> impl Iterator<Item = PrincipalId> + 'a {
        self.principals()
            .filter(move |principal| self.holds(*principal, permission, node, facts))
    }

    /// The nodes of `level` on which `principal` may do `permission` under `facts`, each after its
    /// parent.
    pub fn resources<'a>(
        &'a self,
        principal: PrincipalId,
        permission: PermissionId,
        level: Level,
        facts: &'a Facts,
    ) -> impl Iterator<Item = NodeId> + 'a {
        self.nodes()
            .filter(move |node| self.level(*node) == Some(level))
            .filter(move |node| self.holds(principal, permission, *node, facts))
    }

    /// The permissions that `principal` has on `node` under `facts`.
    #[must_use]
    pub fn actions(&self, principal: PrincipalId, node: NodeId, facts: &Facts) -> Bits {
        let permissions = self.policy().permissions.len();
        let allowed =
            (0..permissions).filter(|at| self.holds(principal, PermissionId(*at), node, facts));
        Bits::of(allowed.collect::<Vec<_>>(), permissions)
    }

    fn holds(
        &self,
        principal: PrincipalId,
        permission: PermissionId,
        node: NodeId,
        facts: &Facts,
    ) -> bool {
        self.verdict(principal, permission, node, facts) == Outcome::True
    }
}
