//! Who is reached by rules, and what they would have or lack without.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{Effect, Guard, PermissionId, Policy, PolicySpec, RuleSpec};

use super::is_within;

/// A policy as written, and compiled without its rules.
pub(super) struct Reach<'a> {
    spec: &'a PolicySpec,
    bare: &'a Policy,
}

/// Somebody and something that a rule reaches: a role (`None`: all members), and a permission.
type Pair<'a> = (Option<&'a str>, &'a str);

impl<'a> Reach<'a> {
    pub(super) const fn new(spec: &'a PolicySpec, bare: &'a Policy) -> Self {
        Self { spec, bare }
    }

    /// The rule that takes `permission` from `role` whatever the facts, if with the role's `permission` nobody
    /// would lose anything: neither the role, of what comes with it, nor those that have it by the role.
    pub(super) fn denies_always(&self, role: &str, permission: &str) -> Option<&'a str> {
        let by = self.takes(role, permission)?;
        let given = self.with_implied(permission);
        let takes_all = |role: &&str| given.iter().all(|id| self.takes(role, id).is_some());
        self.with_others(role).iter().all(takes_all).then_some(by)
    }

    /// The rule that takes `permission` from who was granted `role`, whatever the facts.
    fn takes(&self, role: &str, permission: &str) -> Option<&'a str> {
        let mut rules = self.spec.rules.iter();
        let rule = rules.find(|rule| {
            rule.effect == Effect::Deny
                && rule.when.is_empty()
                && reaches(rule, (Some(role), permission))
        });
        rule.map(|rule| rule.id.as_str())
    }

    /// `role`, all that include it, directly or not, and all that one of these is the cap of: rules reach none
    /// of them by its name.
    fn with_others<'b>(&'b self, role: &'b str) -> Vec<&'b str> {
        let mut reached = Vec::from([role]);
        let mut next = 0;
        while let Some(id) = reached.get(next).copied() {
            next += 1;
            for other in &self.spec.roles {
                let includes = other.includes.iter().any(|included| included == id);
                if includes && !reached.contains(&other.id.as_str()) {
                    reached.push(&other.id);
                }
            }
        }
        let capped = self.spec.roles.iter().filter(|other| {
            let cap = other.cap.as_deref();
            cap.is_some_and(|cap| reached.contains(&cap))
        });
        let capped: Vec<&str> = capped.map(|other| other.id.as_str()).collect();
        [reached, capped].concat()
    }

    /// `permission` and all that comes with it.
    fn with_implied(&self, permission: &str) -> Vec<&'a str> {
        let number = self.bare.permission(permission);
        let implied = number.map_or(&[][..], |number| self.bare.implied_by(number.0));
        let known = implied
            .iter()
            .filter_map(|at| self.spec.permissions.get(*at));
        known.map(|permission| permission.id.as_str()).collect()
    }

    /// Whether `role` holds the permission numbered `at` also without the conditional row `row`.
    pub(super) fn holds_without(&self, role: &str, at: usize, row: usize) -> bool {
        let Some(permission) = self.spec.permissions.get(at) else {
            return false;
        };
        let Some(when) = permission.conditional.get(row).map(|row| &row.when) else {
            return false;
        };
        let mut others = permission.conditional.iter().enumerate();
        self.holds_plainly(Some(role), PermissionId(at))
            || others.any(|(other, row_of)| {
                let wider = is_within(when, &row_of.when);
                let first = other < row || !is_within(&row_of.when, when);
                other != row && wider && first && row_of.roles.iter().any(|id| id == role)
            })
    }

    /// One of the deny rules, those numbered in `vain` aside, by which all that the rule numbered `at`
    /// denies is denied without it.
    pub(super) fn denied_without(&self, at: usize, vain: &[usize]) -> Option<&'a str> {
        let rule = self.spec.rules.get(at)?;
        let mut by = None;
        for pair in self.pairs(rule) {
            by = Some(self.other(at, Effect::Deny, pair, vain)?.id.as_str());
        }
        by
    }

    /// Whether all that the allow rule numbered `at` allows is allowed without it and without the rules
    /// numbered in `vain`.
    pub(super) fn is_allowed_without(&self, at: usize, vain: &[usize]) -> bool {
        let Some(rule) = self.spec.rules.get(at) else {
            return false;
        };
        self.pairs(rule).into_iter().all(|(role, id)| {
            let permission = self.bare.permission(id);
            permission.is_some_and(|permission| {
                self.holds_plainly(role, permission) || self.holds_under(role, permission, rule)
            }) || self.other(at, Effect::Allow, (role, id), vain).is_some()
        })
    }

    /// Whether deny rules take away all that the allow rule numbered `at` gives.
    pub(super) fn is_denied(&self, at: usize) -> bool {
        let Some(rule) = self.spec.rules.get(at) else {
            return false;
        };
        let denied = |pair: Pair<'_>| {
            let mut rules = self.spec.rules.iter();
            rules.any(|other| {
                other.effect == Effect::Deny
                    && reaches(other, pair)
                    && is_within(&rule.when, &other.when)
            })
        };
        self.pairs(rule).into_iter().all(|(role, id)| {
            let given = self.with_implied(id).into_iter();
            given.map(|id| (role, id)).all(denied)
        })
    }

    /// Another rule of that effect than the one numbered `at` which reaches `pair` wherever that one does,
    /// and is not in vain itself.
    fn other(
        &self,
        at: usize,
        effect: Effect,
        pair: Pair<'_>,
        vain: &[usize],
    ) -> Option<&'a RuleSpec> {
        let rule = self.spec.rules.get(at)?;
        let mut rules = self.spec.rules.iter().enumerate();
        let found = rules.find(|(index, other)| {
            *index != at
                && !vain.contains(index)
                && other.effect == effect
                && reaches(other, pair)
                && is_within(&rule.when, &other.when)
        });
        found.map(|(_, other)| other)
    }

    /// Whether `role` (`None`: every member) holds `permission` whatever the facts.
    fn holds_plainly(&self, role: Option<&str>, permission: PermissionId) -> bool {
        let role = role.and_then(|id| self.bare.describe_role(self.bare.role(id)?));
        self.bare.everyone_holds(permission)
            || role.is_some_and(|role| role.overriding || role.rights.contains(permission.0))
    }

    /// Whether `role` holds `permission` under the conditions of `rule`, or fewer.
    fn holds_under(&self, role: Option<&str>, permission: PermissionId, rule: &RuleSpec) -> bool {
        let role = role.and_then(|id| self.bare.describe_role(self.bare.role(id)?));
        let narrow = Guard::new(rule.when.clone());
        role.is_some_and(|role| {
            let guards = self.bare.guards_of(&role.rights, permission);
            guards.iter().any(|wide| narrow.is_within(wide))
        })
    }

    /// What `rule` reaches.
    fn pairs<'b>(&'b self, rule: &'b RuleSpec) -> Vec<Pair<'b>> {
        let all = rule.permissions.iter().any(|id| id == "*");
        let every = self
            .spec
            .permissions
            .iter()
            .map(|permission| permission.id.as_str());
        let permissions: Vec<&str> = if all {
            every.collect()
        } else {
            rule.permissions.iter().map(String::as_str).collect()
        };
        let roles: Vec<Option<&str>> = if rule.roles.is_empty() {
            [None].into()
        } else {
            rule.roles.iter().map(|role| Some(role.as_str())).collect()
        };
        let pairs = roles
            .iter()
            .flat_map(|role| permissions.iter().map(|id| (*role, *id)));
        pairs.collect()
    }
}

fn reaches(rule: &RuleSpec, (role, permission): Pair<'_>) -> bool {
    let of_role = rule.roles.is_empty() || rule.roles.iter().any(|id| Some(id.as_str()) == role);
    of_role
        && rule
            .permissions
            .iter()
            .any(|id| id == "*" || id == permission)
}
