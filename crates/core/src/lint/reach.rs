//! Who is reached by rules, and what they would have or lack without.
//!
//! In sets of numbers: a rule may name every role and every permission, and so may all the others.

use alloc::string::String;
use alloc::vec::Vec;

use super::narrower::is_within;
use crate::{
    Bits, ConditionalSpec, Effect, Guard, PermissionSpec, Policy, PolicySpec, RuleSpec, Test, Value,
};

/// A policy as written, and compiled without its rules.
pub(super) struct Reach<'a> {
    spec: &'a PolicySpec,
    bare: &'a Policy,
    rules: Vec<Reached<'a>>,
    /// For each permission, itself and all that comes with it.
    implied: Vec<Bits>,
    /// For each role what rules take, whatever the facts, from it and from all that have what it holds.
    taken: Vec<Bits>,
    /// For each permission and its conditional rows the roles that hold it under as few conditions by another.
    covered: Vec<Vec<Bits>>,
}

/// What a rule reaches.
struct Reached<'a> {
    rule: &'a RuleSpec,
    guard: Guard,
    /// `None`: every member.
    roles: Option<Bits>,
    permissions: Bits,
}

impl Reached<'_> {
    fn is_of(&self, role: Option<usize>) -> bool {
        let of_role = |roles: &Bits| role.is_some_and(|role| roles.contains(role));
        self.roles.as_ref().is_none_or(of_role)
    }

    /// The roles that it names; one that is none (every member) where it names none.
    fn roles(&self) -> Vec<Option<usize>> {
        match &self.roles {
            None => [None].into(),
            Some(roles) => roles.iter().map(Some).collect(),
        }
    }
}

impl<'a> Reach<'a> {
    pub(super) fn new(spec: &'a PolicySpec, bare: &'a Policy) -> Self {
        let count = spec.permissions.len();
        let implied = (0..count).map(|at| Bits::of(bare.implied_by(at).iter().copied(), count));
        let mut reach = Self {
            spec,
            bare,
            rules: Vec::new(),
            implied: implied.collect(),
            taken: Vec::new(),
            covered: Vec::new(),
        };
        let rules = spec.rules.iter().map(|rule| reach.reached(rule)).collect();
        reach.rules = rules;
        let from_each: Vec<Bits> = (0..spec.roles.len()).map(|at| reach.takes(at)).collect();
        reach.taken = reach.taken_with_others(&from_each);
        let of_rows = |permission: &PermissionSpec| reach.covered_rows(permission);
        reach.covered = spec.permissions.iter().map(of_rows).collect();
        reach
    }

    fn reached(&self, rule: &'a RuleSpec) -> Reached<'a> {
        let count = self.spec.permissions.len();
        let permissions = if rule.permissions.iter().any(|id| id == "*") {
            Bits::first(count, count)
        } else {
            Bits::of(self.bare.numbers(&rule.permissions), count)
        };
        Reached {
            rule,
            guard: Guard::new(rule.when.clone()),
            roles: (!rule.roles.is_empty()).then(|| self.roles(&rule.roles)),
            permissions,
        }
    }

    fn roles(&self, ids: &[String]) -> Bits {
        let numbers = ids.iter().filter_map(|id| self.role(id));
        Bits::of(numbers, self.spec.roles.len())
    }

    fn role(&self, id: &str) -> Option<usize> {
        Some(self.bare.role(id)?.0)
    }

    /// The first role of `test` that nobody has on the organization itself.
    pub(super) fn role_of_no_target<'t>(&self, test: &'t Test) -> Option<&'t str> {
        let roles = match test {
            Test::Equals(Value::Text(role)) | Test::NotEquals(Value::Text(role)) => {
                core::slice::from_ref(role)
            }
            Test::In(roles) | Test::NotIn(roles) => roles,
            _ => return None,
        };
        let has = |role: &&String| {
            let known = self.bare.role(role);
            known.is_some_and(|role| self.bare.organization_roles().any(|one| one == role))
        };
        let mut others = roles.iter().filter(|role| !has(role));
        others.next().map(String::as_str)
    }

    /// The rules that deny who was granted `role` something whatever the facts.
    fn denials(&self, role: usize) -> impl Iterator<Item = &Reached<'a>> {
        let always = |reached: &&Reached<'_>| {
            reached.rule.effect == Effect::Deny && reached.rule.when.is_empty()
        };
        let rules = self.rules.iter().filter(always);
        rules.filter(move |reached| reached.is_of(Some(role)))
    }

    /// What they take.
    fn takes(&self, role: usize) -> Bits {
        let mut taken = Bits::empty(self.spec.permissions.len());
        for reached in self.denials(role) {
            taken.union_with(&reached.permissions);
        }
        taken
    }

    /// For each role what is taken from it and from all that include it, directly or not, and that one of
    /// these is the cap of: rules reach none of them by its name.
    fn taken_with_others(&self, from_each: &[Bits]) -> Vec<Bits> {
        let roles = &self.spec.roles;
        let includes: Vec<Bits> = roles
            .iter()
            .map(|role| self.roles(&role.includes))
            .collect();
        let caps = roles.iter().map(|role| self.role(role.cap.as_ref()?));
        let caps: Vec<Option<usize>> = caps.collect();
        let of_role = |role: usize| {
            let mut reached = Bits::of([role], roles.len());
            let mut rest = Vec::from([role]);
            while let Some(at) = rest.pop() {
                for (other, includes) in includes.iter().enumerate() {
                    if includes.contains(at) && !reached.contains(other) {
                        reached.insert(other);
                        rest.push(other);
                    }
                }
            }
            let capped = caps.iter().enumerate();
            let capped = capped.filter(|(_, cap)| cap.is_some_and(|cap| reached.contains(cap)));
            let capped: Vec<usize> = capped.map(|(other, _)| other).collect();
            reached.union_with(&Bits::of(capped, roles.len()));
            let mut taken = from_each.get(role).cloned().unwrap_or_default();
            for other in reached.iter().filter_map(|other| from_each.get(other)) {
                taken = both(&taken, other);
            }
            taken
        };
        (0..roles.len()).map(of_role).collect()
    }

    /// For each conditional row of `permission`, the roles of others that hold wherever that one does. Of two
    /// alike the first one counts. Whoever hands a row out needs its very conditions (law 5), so one is covered
    /// by such as have no others alone, and not by what they mean.
    fn covered_rows(&self, permission: &PermissionSpec) -> Vec<Bits> {
        let row = |row: &ConditionalSpec| (Guard::new(row.when.clone()), self.roles(&row.roles));
        let rows: Vec<(Guard, Bits)> = permission.conditional.iter().map(row).collect();
        let covered = |(at, (guard, _)): (usize, &(Guard, Bits))| {
            let mut covered = Bits::empty(self.spec.roles.len());
            for (other, (wide, roles)) in rows.iter().enumerate() {
                // Of two that are alike the second one is covered by the first.
                let is_first = || other < at || !wide.is_within(guard);
                if other != at && guard.is_within(wide) && is_first() {
                    covered.union_with(roles);
                }
            }
            covered
        };
        rows.iter().enumerate().map(covered).collect()
    }

    /// The rule that takes `permission` from `role` whatever the facts, if with the role's `permission` nobody
    /// would lose anything: neither the role, of what comes with it, nor those that have it by the role.
    pub(super) fn denies_always(&self, role: &str, permission: usize) -> Option<&'a str> {
        let role = self.role(role)?;
        if !is_subset(self.implied.get(permission)?, self.taken.get(role)?) {
            return None;
        }
        let mut denials = self.denials(role);
        let by = denials.find(|reached| reached.permissions.contains(permission));
        by.map(|reached| reached.rule.id.as_str())
    }

    /// Whether `role` holds the permission numbered `at` also without the conditional row `row`.
    pub(super) fn holds_without(&self, role: &str, at: usize, row: usize) -> bool {
        let Some(role) = self.role(role) else {
            return false;
        };
        let covered = self.covered.get(at).and_then(|rows| rows.get(row));
        let in_table = self.bare.roles.get(role);
        covered.is_some_and(|covered| covered.contains(role))
            || in_table.is_some_and(|role| role.overriding || role.rights.contains(at))
            // A cap is what the table says of its role, whatever everybody holds.
            || self.bare.everyone.contains(at) && !self.is_of_cap(role)
    }

    /// One of the deny rules, those numbered in `vain` aside, by which all that the rule numbered `at`
    /// denies is denied without it.
    pub(super) fn denied_without(&self, at: usize, vain: &[usize]) -> Option<&'a str> {
        let others = self.others(at, Effect::Deny, vain);
        let reached = self.rules.get(at)?;
        let roles = reached.roles();
        let covers = |role: &Option<usize>| is_covered(reached.permissions.clone(), &others, *role);
        let (role, permission) = (*roles.last()?, reached.permissions.iter().last()?);
        let is_by =
            |other: &&&Reached<'a>| other.permissions.contains(permission) && other.is_of(role);
        let by = others.iter().find(is_by)?;
        roles.iter().all(covers).then_some(by.rule.id.as_str())
    }

    /// Whether all that the allow rule numbered `at` allows is allowed without it and without the rules
    /// numbered in `vain`.
    pub(super) fn is_allowed_without(&self, at: usize, vain: &[usize]) -> bool {
        let Some(reached) = self.rules.get(at) else {
            return false;
        };
        let others = self.others(at, Effect::Allow, vain);
        let under = self.rights_under(&reached.guard);
        reached.roles().into_iter().all(|role| {
            let mut held = self.holds_plainly(role);
            let of_role = role.and_then(|role| self.bare.roles.get(role));
            for (right, permission) in &under {
                if of_role.is_some_and(|role| role.rights.contains(*right)) {
                    held.insert(*permission);
                }
            }
            let mut rest = reached.permissions.clone();
            rest.subtract(&held);
            is_covered(rest, &others, role)
        })
    }

    /// Whether deny rules take away all that the allow rule numbered `at` gives.
    pub(super) fn is_denied(&self, at: usize) -> bool {
        let Some(reached) = self.rules.get(at) else {
            return false;
        };
        let mut given = Bits::empty(self.spec.permissions.len());
        for permission in reached.permissions.iter() {
            let implied = self.implied.get(permission).into_iter();
            implied.for_each(|implied| given.union_with(implied));
        }
        let others = self.wider(at, Effect::Deny);
        let mut roles = reached.roles().into_iter();
        roles.all(|role| is_covered(given.clone(), &others, role))
    }

    /// The rules of that effect that apply wherever the one numbered `at` does. What is allowed is handed out, too,
    /// as a row is (see [`Self::covered_rows`]).
    fn wider(&self, at: usize, effect: Effect) -> Vec<&Reached<'a>> {
        let narrow = self.rules.get(at).map(|reached| &reached.guard);
        let applies = |other: &&Reached<'a>| {
            let is_wider = narrow.is_some_and(|narrow| match effect {
                Effect::Allow => narrow.is_within(&other.guard),
                Effect::Deny => is_within(narrow, &other.guard),
            });
            other.rule.effect == effect && is_wider
        };
        self.rules.iter().filter(applies).collect()
    }

    /// Those of them that are others than the one numbered `at`, and not in vain themselves.
    fn others(&self, at: usize, effect: Effect, vain: &[usize]) -> Vec<&Reached<'a>> {
        let mut others = self.wider(at, effect);
        let left_out: Vec<&RuleSpec> = vain
            .iter()
            .chain([&at])
            .filter_map(|at| self.spec.rules.get(*at))
            .collect();
        others.retain(|other| !left_out.iter().any(|out| core::ptr::eq(*out, other.rule)));
        others
    }

    /// What `role` (`None`: every member) holds whatever the facts.
    fn holds_plainly(&self, role: Option<usize>) -> Bits {
        let count = self.spec.permissions.len();
        let mut held = Bits::empty(count);
        held.union_with(&self.bare.everyone);
        if let Some(role) = role.and_then(|role| self.bare.roles.get(role)) {
            let all = || Bits::first(count, count);
            held.union_with(&if role.overriding {
                all()
            } else {
                role.rights.clone()
            });
        }
        held
    }

    /// Whether somebody is capped by `role`, or by a role that includes it, directly or not.
    fn is_of_cap(&self, role: usize) -> bool {
        let roles = &self.spec.roles;
        let mut rest: Vec<usize> = roles
            .iter()
            .filter_map(|role| self.role(role.cap.as_ref()?))
            .collect();
        let mut known = Bits::empty(roles.len());
        while let Some(at) = rest.pop() {
            if !known.contains(at) {
                known.insert(at);
                let includes = roles.get(at).into_iter().flat_map(|role| &role.includes);
                rest.extend(includes.filter_map(|id| self.role(id)));
            }
        }
        known.contains(role)
    }

    /// The rights under the conditions of `narrow`, or fewer, each with its permission.
    fn rights_under(&self, narrow: &Guard) -> Vec<(usize, usize)> {
        let guards = self.bare.guards.iter();
        let is_wide: Vec<bool> = guards.map(|wide| narrow.is_within(wide)).collect();
        let rights = self.bare.conditional_rights.iter().enumerate();
        let under = rights.filter(|(_, right)| is_wide.get(right.guard) == Some(&true));
        let first = self.spec.permissions.len();
        under
            .map(|(at, right)| (first + at, right.permission))
            .collect()
    }
}

/// Whether those of `rules` that reach `role` have all of `rest`.
fn is_covered(mut rest: Bits, rules: &[&Reached<'_>], role: Option<usize>) -> bool {
    let mut rules = rules.iter().filter(|reached| reached.is_of(role));
    rest.is_empty()
        || rules.any(|reached| {
            rest.subtract(&reached.permissions);
            rest.is_empty()
        })
}

/// What is in both sets.
fn both(one: &Bits, other: &Bits) -> Bits {
    let words = one.words().iter().zip(other.words());
    Bits::from_words(words.map(|(one, other)| one & other).collect())
}

/// Whether all of `narrow` is in `wide`. The last word of `wide` may have more than is asked for.
fn is_subset(narrow: &Bits, wide: &Bits) -> bool {
    let words = narrow.words().iter().zip(wide.words());
    words.into_iter().all(|(narrow, wide)| narrow & !wide == 0)
}
