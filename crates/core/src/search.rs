//! Searches: who may, on what, and what. Each is a list of what a check would allow (law 10).

use alloc::vec::Vec;

use crate::hierarchy::NodeId;
use crate::world::PrincipalId;
use crate::{Bits, Level, Outcome, PermissionId, Stated, World};

impl World {
    /// The principals that may do `permission` on `node` under what is `stated`, in the order of the world.
    ///
    /// A page is what comes after the last principal of the one before, as long as the page is.
    pub fn subjects<'a>(
        &'a self,
        permission: PermissionId,
        node: NodeId,
        stated: impl Into<Stated<'a>>,
    ) -> impl Iterator<Item = PrincipalId> + 'a {
        let stated = stated.into();
        self.principals()
            .filter(move |principal| self.holds(*principal, permission, node, stated))
    }

    /// The nodes of `level` on which `principal` may do `permission` under what is `stated`, each after its
    /// parent.
    pub fn resources<'a>(
        &'a self,
        principal: PrincipalId,
        permission: PermissionId,
        level: Level,
        stated: impl Into<Stated<'a>>,
    ) -> impl Iterator<Item = NodeId> + 'a {
        let stated = stated.into();
        self.nodes()
            .filter(move |node| self.level(*node) == Some(level))
            .filter(move |node| self.holds(principal, permission, *node, stated))
    }

    /// The permissions that `principal` has on `node` under what is `stated`.
    #[must_use]
    pub fn actions<'a>(
        &self,
        principal: PrincipalId,
        node: NodeId,
        stated: impl Into<Stated<'a>>,
    ) -> Bits {
        let stated = stated.into();
        let permissions = self.policy().permissions.len();
        let allowed =
            (0..permissions).filter(|at| self.holds(principal, PermissionId(*at), node, stated));
        Bits::of(allowed.collect::<Vec<_>>(), permissions)
    }

    fn holds(
        &self,
        principal: PrincipalId,
        permission: PermissionId,
        node: NodeId,
        stated: Stated<'_>,
    ) -> bool {
        self.verdict(principal, permission, node, stated) == Outcome::True
    }
}
