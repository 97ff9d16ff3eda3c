//! Rules put into a policy: what they allow becomes rights of roles, what they deny becomes denials.

use alloc::vec::Vec;
use core::slice;

use crate::fact::is_of_question;
use crate::index::Index;
use crate::policy::{ConditionalRight, Rule, RuleDenial};
use crate::{Bits, Condition, Effect, Guard, Policy, RuleSpec, Test, Value, limits};

impl Policy {
    /// Adds `rule` to what it reaches: `roles` (`None`: all members) and `permissions`. Whether there was room
    /// for all that it gives.
    pub(crate) fn add_rule(
        &mut self,
        rule: &RuleSpec,
        roles: Option<&[usize]>,
        permissions: &[usize],
    ) -> bool {
        let mut had_room = true;
        let mut guard = Guard::default();
        for condition in &rule.when {
            if self.can_test(condition) {
                guard.add(condition.clone());
            } else if rule.effect == Effect::Allow {
                return had_room;
            }
        }
        let number = self.rules.len();
        self.rules.push(Rule {
            id: rule.id.clone(),
            because: rule.because.clone(),
        });
        let is_bound = !guard.conditions.is_empty();
        let guard = is_bound.then(|| self.guard_number(guard));
        let first = self.denials.len();
        let mut given = Vec::new();
        let mut met = Bits::empty(self.permissions.len());
        for permission in permissions.iter().copied() {
            match rule.effect {
                Effect::Deny => {
                    if let Some(described) = self.permissions.get_mut(permission) {
                        described.denials.push(self.denials.len());
                    }
                    self.denials.push(RuleDenial {
                        permission,
                        guard,
                        rule: number,
                    });
                }
                Effect::Allow => {
                    for permission in self.implied_by(permission).to_vec() {
                        // What comes with many is given once.
                        if met.contains(permission) {
                            continue;
                        }
                        met.insert(permission);
                        let right = match guard {
                            None => Some(permission),
                            Some(guard) => self.conditional_right(permission, guard),
                        };
                        had_room &= right.is_some();
                        given.extend(right);
                    }
                }
            }
        }
        let (rights, denials) = (self.rights, self.denials.len());
        self.for_each_of(roles, &mut |held, denied| {
            held.resize(rights);
            given.iter().for_each(|right| held.insert(*right));
            denied.resize(denials);
            (first..denials).for_each(|denial| denied.insert(denial));
        });
        had_room
    }

    /// Whether `condition`, where it is on a role, names only roles that there are, and none of what is no fact
    /// any more. By one that is gone nobody knows what it meant: it denies as if it held, and allows nothing.
    /// Other facts tell by themselves that they are not known.
    fn can_test(&self, condition: &Condition) -> bool {
        if is_of_question(&condition.fact)
            || condition.test.other_fact().is_some_and(is_of_question)
        {
            return false;
        }
        let ids = match &condition.test {
            Test::Equals(Value::Text(id)) | Test::NotEquals(Value::Text(id)) => slice::from_ref(id),
            Test::In(ids) | Test::NotIn(ids) => ids,
            _ => return true,
        };
        // By name: the page has no table of facts.
        let is_role = matches!(&*condition.fact, "grant.role" | "target.role");
        !is_role || self.role_names.numbers(ids).len() == ids.len()
    }

    /// Hands the rights and denials of each of `roles` (`None`: of all members) to `change`.
    fn for_each_of(
        &mut self,
        roles: Option<&[usize]>,
        change: &mut dyn FnMut(&mut Bits, &mut Bits),
    ) {
        match roles {
            None => change(&mut self.everyone, &mut self.everyone_denied),
            Some(roles) => {
                for role in roles {
                    if let Some(role) = self.roles.get_mut(*role) {
                        change(&mut role.rights, &mut role.denied);
                    }
                }
            }
        }
    }

    fn guard_number(&mut self, guard: Guard) -> usize {
        let known = self.guards.iter().position(|known| *known == guard);
        known.unwrap_or_else(|| {
            self.guards.push(guard);
            self.guards.len() - 1
        })
    }

    /// The number of the right to `permission` under `guard`; `None` when there are too many to give
    /// one more.
    fn conditional_right(&mut self, permission: usize, guard: usize) -> Option<usize> {
        let described = self.permissions.get_mut(permission)?;
        let mut known = described.conditional.iter();
        if let Some((number, _)) = known.find(|(_, known)| *known == guard) {
            return Some(*number);
        }
        if self.conditional_rights.len() >= limits::CONDITIONAL_RIGHTS_MAX {
            self.overfull = true;
            return None;
        }
        let number = self.rights;
        described.conditional.push((number, guard));
        self.conditional_rights
            .push(ConditionalRight { permission, guard });
        self.rights += 1;
        Some(number)
    }

    /// Lays the index of the roles' ids anew.
    pub(crate) fn name_roles(&mut self) {
        let ids = self.roles.iter().map(|role| role.id.as_str());
        // Ids that repeat were refused or left out before.
        self.role_names = Index::new(ids).unwrap_or_default();
    }

    /// Brings all sets to one length and derives what follows from the rest.
    pub(crate) fn settle(&mut self) {
        let (rights, denials) = (self.rights, self.denials.len());
        self.everyone.resize(rights);
        self.everyone_denied.resize(denials);
        for role in &mut self.roles {
            role.rights.resize(rights);
            role.denied.resize(denials);
            if let Some(cap) = &mut role.cap {
                cap.resize(rights);
            }
        }
        for owned in self.ownership.values_mut() {
            owned.resize(rights);
        }
        let mut plain = Bits::empty(self.permissions.len());
        let mut personal = Bits::empty(rights);
        for (at, permission) in self.permissions.iter().enumerate() {
            let is_bound = permission.guard.is_some() || !permission.denials.is_empty();
            if !is_bound && permission.conditional.is_empty() {
                plain.insert(at);
            }
            if permission.personal {
                personal.insert(at);
            }
        }
        for (at, right) in self.conditional_rights.iter().enumerate() {
            if personal.contains(right.permission) {
                personal.insert(self.permissions.len() + at);
            }
        }
        self.plain = plain;
        self.personal = personal;
    }
}
