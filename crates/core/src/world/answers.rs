//! Answers about one principal of a world, and the facts that they rest on.

use alloc::borrow::ToOwned;

use super::{Counts, PROPERTIES, PrincipalId, World};
use crate::evaluate::Factors;
use crate::hierarchy::NodeId;
use crate::{Decision, Facts, Outcome, PermissionId, Stated, Value, evaluate};

impl World {
    /// Whether it is allowed, whatever the facts, as [`crate::Access::allows`] says it.
    #[inline]
    #[must_use]
    pub fn allows(&self, principal: PrincipalId, permission: PermissionId, node: NodeId) -> bool {
        self.settled(principal, permission, node) == Outcome::True
    }

    /// The answer as far as it needs no facts, as [`crate::Access::settled`] gives it.
    #[inline]
    #[must_use]
    pub fn settled(
        &self,
        principal: PrincipalId,
        permission: PermissionId,
        node: NodeId,
    ) -> Outcome {
        let answer = self
            .rows
            .answer(&self.hierarchy, principal, permission, node);
        answer.unwrap_or(Outcome::False)
    }

    /// The decision as far as what is `stated` and the directory's own facts settle it (see
    /// [`World::known`]).
    #[must_use]
    pub fn verdict<'a>(
        &self,
        principal: PrincipalId,
        permission: PermissionId,
        node: NodeId,
        stated: impl Into<Stated<'a>>,
    ) -> Outcome {
        match self.settled(principal, permission, node) {
            Outcome::Unknown => {
                let known = self.known(principal, stated);
                let holdings = self.holdings(principal);
                let position = self.hierarchy.position(node);
                let set = position.and_then(|at| holdings.sets.get(holdings.set_number(at)?));
                set.map_or(Outcome::False, |set| {
                    Factors::of(&self.policy, &holdings, permission, set, &known).outcome()
                })
            }
            settled => settled,
        }
    }

    /// The decision with its reasons: [`evaluate()`] on [`World::access`] under [`World::known`]. It allows
    /// exactly when [`World::verdict`] is [`Outcome::True`], and costs as much as resolving one principal:
    /// who asks often about one keeps its access.
    #[must_use]
    pub fn evaluate<'a>(
        &self,
        principal: PrincipalId,
        permission: PermissionId,
        node: NodeId,
        stated: impl Into<Stated<'a>>,
    ) -> Decision {
        let known = self.known(principal, stated);
        evaluate(&self.access(principal), permission, node, &known)
    }

    /// What is `stated` with what the directory knows, which nobody else may state. Properties of the
    /// principal are the exception: who is trusted to state facts may know them better.
    #[must_use]
    pub fn known<'a>(&self, principal: PrincipalId, stated: impl Into<Stated<'a>>) -> Facts {
        let stated = stated.into();
        let mut known = self.properties(principal);
        known.state(stated.facts, stated.unusable);
        known.extend(&self.own_facts(principal));
        known
    }

    /// What the directory knows about `principal` and its organization.
    #[must_use]
    pub fn facts(&self, principal: PrincipalId) -> Facts {
        let mut facts = self.properties(principal);
        facts.extend(&self.own_facts(principal));
        facts
    }

    /// The facts of `principal` that others may know better.
    fn properties(&self, principal: PrincipalId) -> Facts {
        let properties = self.extras.get(&principal).into_iter();
        properties
            .flat_map(|extra| &extra.properties)
            .map(|(property, value)| ([PROPERTIES, property].concat(), value.clone()))
            .collect()
    }

    /// The facts that nobody but the directory states.
    fn own_facts(&self, principal: PrincipalId) -> Facts {
        let mut facts = Facts::default();
        let name = self.principal_name(principal).to_owned();
        facts.set("principal.id", Value::Text(name));
        let is_creator = self.creator == Some(principal);
        facts.set("principal.creator", Value::Bool(is_creator));
        let Counts {
            members,
            admins,
            workspaces,
        } = self.counts;
        facts.set("organization.members", Value::Integer(members));
        facts.set("organization.admins", Value::Integer(admins));
        facts.set("organization.workspaces", Value::Integer(workspaces));
        facts
    }
}
