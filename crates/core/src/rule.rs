//! Rules put into a policy: what they allow becomes rights of roles, what they deny becomes denials.

use crate::index::Index;
use crate::policy::{ConditionalRight, Rule, RuleDenial};
use crate::{Bits, Effect, Guard, Policy, RuleSpec, limits};

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
        let number = self.rules.len();
        self.rules.push(Rule {
            id: rule.id.clone(),
            because: rule.because.clone(),
        });
        let guard =
            (!rule.when.is_empty()).then(|| self.guard_number(Guard::new(rule.when.clone())));
        for permission in permissions.iter().copied() {
            match rule.effect {
                Effect::Deny => {
                    let denial = self.denials.len();
                    self.denials.push(RuleDenial {
                        permission,
                        guard,
                        rule: number,
                    });
                    if let Some(described) = self.permissions.get_mut(permission) {
                        described.denials.push(denial);
                    }
                    let denials = self.denials.len();
                    self.for_each_of(roles, &mut |_, denied| {
                        denied.resize(denials);
                        denied.insert(denial);
                    });
                }
                Effect::Allow => {
                    for permission in self.implied_by(permission).to_vec() {
                        let right = match guard {
                            None => Some(permission),
                            Some(guard) => self.conditional_right(permission, guard),
                        };
                        had_room &= right.is_some();
                        let rights = self.rights;
                        self.for_each_of(roles, &mut |held, _| {
                            held.resize(rights);
                            if let Some(right) = right {
                                held.insert(right);
                            }
                        });
                    }
                }
            }
        }
        had_room
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
        let right = ConditionalRight { permission, guard };
        let known = self
            .conditional_rights
            .iter()
            .position(|known| *known == right);
        let at = match known {
            Some(at) => at,
            None if self.conditional_rights.len() >= limits::CONDITIONAL_RIGHTS_MAX => return None,
            None => {
                self.conditional_rights.push(right);
                self.rights += 1;
                self.conditional_rights.len() - 1
            }
        };
        let number = self.permissions.len() + at;
        if let Some(described) = self.permissions.get_mut(permission)
            && !described.conditional.contains(&(number, guard))
        {
            described.conditional.push((number, guard));
        }
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
