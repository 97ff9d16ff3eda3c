//! The evaluator once more, as plainly as it can be written: no bits, no closures computed before,
//! no reasons. It reads the policy as it was written, and asks every question from the start.

use lockstep_core::{Condition, Facts, PermissionSpec, PolicySpec, Record, RoleSpec, Test, Value};

/// One question's context.
#[derive(Clone, Copy)]
pub(crate) struct Model<'a> {
    pub spec: &'a PolicySpec,
    pub record: &'a Record,
    pub facts: &'a Facts,
    pub now_ms: u64,
}

impl Model<'_> {
    /// Whether the principal may do `permission` on `node`.
    pub(crate) fn allows(&self, permission: &str, node: &str) -> bool {
        let written = self.permission(permission);
        let overridden = self
            .live_on("org")
            .any(|role| self.role(role).is_some_and(|r| r.overriding));
        let under_caps = self
            .live_on("org")
            .filter_map(|role| self.role(role)?.cap.as_deref())
            .all(|cap| written.personal || self.role_holds(cap, permission));
        self.is_member()
            && self.all_hold(&written.guard)
            && self.token_reaches(permission, node)
            && (overridden || (under_caps && self.is_granted(permission, node)))
    }

    fn is_member(&self) -> bool {
        self.record
            .nodes
            .iter()
            .any(|node| self.live_on(&node.id).next().is_some())
    }

    fn is_granted(&self, permission: &str, node: &str) -> bool {
        let includes = |ids: &[String]| {
            ids.iter()
                .any(|id| id == "*" || self.implies(id, permission))
        };
        let owned = |node: &str| {
            let node = self
                .record
                .nodes
                .iter()
                .find(|known| known.id == node)
                .unwrap();
            let rights = self
                .spec
                .ownership
                .iter()
                .filter(|(level, _)| *level == node.level);
            node.owned && rights.into_iter().any(|(_, ids)| includes(ids))
        };
        includes(&self.spec.everyone)
            || self.path(node).iter().any(|at| {
                owned(at)
                    || self
                        .live_on(at)
                        .any(|role| self.role_holds(role, permission))
            })
    }

    fn role_holds(&self, role: &str, permission: &str) -> bool {
        let Some(role) = self.role(role) else {
            return false;
        };
        let by_table = |held: &PermissionSpec| {
            let conditional = held.conditional.iter();
            held.allow.contains(&role.id)
                || conditional
                    .into_iter()
                    .any(|c| c.roles.contains(&role.id) && self.all_hold(&c.when))
        };
        let mut held = self.spec.permissions.iter().filter(|held| by_table(held));
        role.overriding
            || held.any(|held| self.implies(&held.id, permission))
            || role
                .includes
                .iter()
                .any(|included| self.role_holds(included, permission))
    }

    fn implies(&self, held: &str, permission: &str) -> bool {
        held == permission
            || self
                .permission(held)
                .implies
                .iter()
                .any(|implied| self.implies(implied, permission))
    }

    fn all_hold(&self, conditions: &[Condition]) -> bool {
        conditions.iter().all(|condition| {
            match (self.facts.value(&condition.fact), &condition.test) {
                (Some(Value::Integer(value)), Test::AtLeast(least)) => value >= least,
                (Some(Value::Integer(value)), Test::AtMost(most)) => value <= most,
                (Some(value), Test::Equals(wanted)) => value == wanted,
                (Some(Value::Text(value)), Test::In(texts)) => texts.contains(value),
                (Some(Value::Text(value)), Test::NotIn(texts)) => !texts.contains(value),
                _ => false,
            }
        })
    }

    fn token_reaches(&self, permission: &str, node: &str) -> bool {
        let Some(token) = &self.record.token else {
            return true;
        };
        token
            .permissions
            .as_ref()
            .is_none_or(|ids| ids.iter().any(|id| id == permission))
            && token
                .node
                .as_ref()
                .is_none_or(|top| self.path(node).contains(&top.as_str()))
    }

    fn live_on(&self, node: &str) -> impl Iterator<Item = &str> {
        let grants = self
            .record
            .grants
            .iter()
            .filter(move |grant| grant.node == node);
        grants
            .filter(|grant| {
                grant
                    .window
                    .not_before_ms
                    .is_none_or(|start| self.now_ms >= start)
                    && grant
                        .window
                        .expires_at_ms
                        .is_none_or(|end| self.now_ms < end)
            })
            .map(|grant| grant.role.as_str())
    }

    fn path<'n>(&'n self, node: &'n str) -> Vec<&'n str> {
        let found = self
            .record
            .nodes
            .iter()
            .find(|known| known.id == node)
            .unwrap();
        let above = found.parent.as_deref().map(|parent| self.path(parent));
        std::iter::once(node)
            .chain(above.into_iter().flatten())
            .collect()
    }

    fn role(&self, id: &str) -> Option<&RoleSpec> {
        self.spec.roles.iter().find(|role| role.id == id)
    }

    fn permission(&self, id: &str) -> &PermissionSpec {
        self.spec
            .permissions
            .iter()
            .find(|permission| permission.id == id)
            .unwrap()
    }
}
