//! A compiled policy.

use alloc::string::String;
use alloc::vec::Vec;

use crate::index::Index;
use crate::sorted::SortedMap;
use crate::{Bits, Facts, Guard, Level, Operation, Outcome, PrincipalKind};

/// A permission of one [`Policy`], and of what organizations make of it, as a small number: in another policy it may
/// be any permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionId(pub(crate) usize);

impl PermissionId {
    /// The permission's place in [`Policy::permissions`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// A role of one [`Policy`], as a small number: in another policy it may be any role, and so may one that an
/// organization made in what another organization makes of the same policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(pub(crate) usize);

impl RoleId {
    /// The role's place in [`Policy::roles`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// A policy that is right: every name in it exists, and nothing leads back to itself.
///
/// What a role holds is a set of *rights*. The first rights are the permissions themselves, without
/// conditions; each further one is a permission under a guard. So a union of roles is a union of
/// bits, also where some of them hold a permission only under conditions. What deny rules take away is
/// a set of *denials* in the same manner.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub(crate) id: String,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) permission_names: Index,
    pub(crate) roles: Vec<Role>,
    /// How many of them an organization made; they are the last ones.
    pub(crate) made: usize,
    pub(crate) role_names: Index,
    pub(crate) guards: Vec<Guard>,
    /// How many rights there are.
    pub(crate) rights: usize,
    pub(crate) conditional_rights: Vec<ConditionalRight>,
    /// Whether rules would give more of them than there may be.
    pub(crate) overfull: bool,
    pub(crate) denials: Vec<RuleDenial>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) everyone: Bits,
    pub(crate) everyone_denied: Bits,
    pub(crate) ownership: SortedMap<Level, Bits>,
    /// For each permission, itself and all that comes with it.
    pub(crate) implied: Vec<Vec<usize>>,
    pub(crate) features: Vec<String>,
    pub(crate) replacements: Vec<Replacement>,
    pub(crate) custom_levels: Vec<Level>,
    pub(crate) custom_additions: bool,
    pub(crate) creator: Option<RoleId>,
    pub(crate) operations: SortedMap<Operation, PermissionId>,
    /// Permissions about which bits alone decide: without guard, condition or deny rule. Derived.
    pub(crate) plain: Bits,
    /// Rights to what is personal. Derived.
    pub(crate) personal: Bits,
}

/// One permission of a compiled policy.
#[derive(Clone, Debug)]
pub struct Permission {
    /// Id by which it is asked for.
    pub id: String,
    /// Name shown to people.
    pub label: String,
    /// The sentence shown when a condition does not hold; empty when there is none.
    pub because: String,
    /// The level whose table it belongs to.
    pub level: Level,
    /// Whether the edge asks the organization's object every time.
    pub sensitive: bool,
    /// Whether it concerns only what is one's own.
    pub personal: bool,
    /// Named cases, each of which is a row of the matrix.
    pub cases: Vec<Case>,
    pub(crate) guard: Option<usize>,
    /// Features that the plan must all have.
    pub(crate) plan: Vec<usize>,
    /// Rights that hold this permission under a guard, as (right, guard).
    pub(crate) conditional: Vec<(usize, usize)>,
    /// The denials that concern it.
    pub(crate) denials: Vec<usize>,
}

/// A named case of a guarded permission.
#[derive(Clone, Debug)]
pub struct Case {
    /// Id of its row in the matrix: `permission:case`.
    pub row_id: String,
    /// Name shown to people.
    pub label: String,
    /// The facts that make it up.
    pub facts: Facts,
}

/// One role of a compiled policy.
#[derive(Clone, Debug)]
pub struct Role {
    /// Id by which grants name it.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// The level whose table it belongs to.
    pub level: Level,
    /// Whether a member who holds it counts as an admin (law 7).
    pub admin: bool,
    /// Whether it holds everything in the organization, whatever caps say.
    pub overriding: bool,
    pub(crate) rights: Bits,
    pub(crate) denied: Bits,
    /// The rights that its holder may have at most: those of another role, by the table alone.
    pub(crate) cap: Option<Bits>,
}

impl Role {
    /// Whether its holder may have at most what another role has.
    #[must_use]
    pub const fn is_capped(&self) -> bool {
        self.cap.is_some()
    }
}

/// A rule of a compiled policy, as far as reasons name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// The sentence shown when it denies; empty when there is none.
    pub because: String,
}

/// A permission that a deny rule takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RuleDenial {
    pub(crate) permission: usize,
    /// `None`: always.
    pub(crate) guard: Option<usize>,
    pub(crate) rule: usize,
}

/// What a feature of the plan makes of people's roles of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replacement {
    pub(crate) feature: usize,
    pub(crate) level: Level,
    pub(crate) role: RoleId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConditionalRight {
    pub(crate) permission: usize,
    pub(crate) guard: usize,
}

impl Policy {
    /// The policy's short name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The permission called `id`, or `None`: an unknown permission is an error of the caller, never
    /// an ordinary deny.
    #[must_use]
    pub fn permission(&self, id: &str) -> Option<PermissionId> {
        self.permission_names.number(id).map(PermissionId)
    }

    /// The permission at `index` of [`Self::permissions`].
    #[must_use]
    pub fn permission_at(&self, index: usize) -> Option<PermissionId> {
        (index < self.permissions.len()).then_some(PermissionId(index))
    }

    /// All permissions, in the order of the document.
    #[must_use]
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// What is known of `permission`; `None` for a number that none has here.
    #[must_use]
    pub fn describe(&self, permission: PermissionId) -> Option<&Permission> {
        self.permissions.get(permission.0)
    }

    /// The role called `id`.
    #[must_use]
    pub fn role(&self, id: &str) -> Option<RoleId> {
        self.role_names.number(id).map(RoleId)
    }

    /// All roles, in the order of the document.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// What is known of `role`; `None` for a number that none has here.
    #[must_use]
    pub fn describe_role(&self, role: RoleId) -> Option<&Role> {
        self.roles.get(role.0)
    }

    /// The names of the facts that conditions ask for, rules' included, some more than once.
    pub fn facts_asked(&self) -> impl Iterator<Item = &str> {
        let conditions = self.guards.iter().flat_map(Guard::conditions);
        conditions.flat_map(|condition| {
            core::iter::once(condition.fact.as_str()).chain(condition.test.other_fact())
        })
    }

    /// The permission that `operation` needs; `None` means that nobody may do it.
    #[must_use]
    pub fn operation(&self, operation: Operation) -> Option<PermissionId> {
        self.operations.get(&operation).copied()
    }

    /// The id of that permission.
    #[must_use]
    pub fn operation_permission(&self, operation: Operation) -> Option<&str> {
        let permission = self.describe(self.operation(operation)?)?;
        Some(&permission.id)
    }

    /// The role that the creator of an organization is given in it.
    #[must_use]
    pub const fn creator_role(&self) -> Option<RoleId> {
        self.creator
    }

    /// The roles that can be held on an organization itself: those of the organization's level, or, where
    /// the policy has none, those of its highest level, which then hold in all that lies below. None that
    /// the organization made: it may be deleted, and whoever held it there would be no member any more.
    pub fn organization_roles(&self) -> impl Iterator<Item = RoleId> + '_ {
        let top = self
            .roles
            .iter()
            .map(|role| role.level)
            .min()
            .unwrap_or(Level::Organization);
        self.roles
            .iter()
            .take(self.roles.len().saturating_sub(self.made))
            .enumerate()
            .filter(move |(_, role)| role.level == top)
            .map(|(index, _)| RoleId(index))
    }

    /// Whether every member holds `permission`, whatever the role.
    #[must_use]
    pub fn everyone_holds(&self, permission: PermissionId) -> bool {
        self.everyone.contains(permission.0)
    }

    /// Whether some decision about `permission` may depend on facts.
    #[must_use]
    pub fn depends_on_facts(&self, permission: PermissionId) -> bool {
        permission.0 < self.permissions.len() && !self.plain.contains(permission.0)
    }

    /// Ids of the features that an organization's plan may have.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// The features of a plan that has all, but for those that take roles away.
    #[must_use]
    pub fn full_plan(&self) -> Vec<String> {
        let known = self.features.iter().enumerate();
        let replaces = |at: usize| self.replacements.iter().any(|r| r.feature == at);
        known
            .filter(|(at, _)| !replaces(*at))
            .map(|(_, id)| id.clone())
            .collect()
    }

    /// Whether a plan with these `features` makes other roles of those that people were granted.
    #[must_use]
    pub fn replaces_roles(&self, features: &[String]) -> bool {
        let mut replaced = self.replacements.iter();
        replaced.any(|replacement| self.has_feature(replacement.feature, features))
    }

    /// Whether the feature with this number is one of `plan`.
    pub(crate) fn has_feature(&self, feature: usize, plan: &[String]) -> bool {
        let feature = self.features.get(feature);
        feature.is_some_and(|id| plan.contains(id))
    }

    /// The rule at `index`, as reasons name it.
    #[must_use]
    pub fn rule(&self, index: usize) -> Option<&Rule> {
        self.rules.get(index)
    }

    /// What a role that was granted counts as under a plan with these `features`.
    pub(crate) fn counted_role(
        &self,
        role: RoleId,
        kind: PrincipalKind,
        features: &[String],
    ) -> RoleId {
        let level = self.describe_role(role).map(|role| role.level);
        let replaced = self.replacements.iter().find(|replacement| {
            kind == PrincipalKind::User
                && Some(replacement.level) == level
                && self.has_feature(replacement.feature, features)
        });
        replaced.map_or(role, |replacement| replacement.role)
    }

    /// Whether `bits` holds `permission` under `facts`.
    pub(crate) fn holds(&self, bits: &Bits, permission: PermissionId, facts: &Facts) -> Outcome {
        let mut held = Outcome::from(bits.contains(permission.0));
        if held == Outcome::False {
            for guard in self.guards_of(bits, permission) {
                held = held.max(guard.outcome(facts));
            }
        }
        held
    }

    /// The guards under which `bits` holds `permission`. A list and no iterator, as of
    /// [`Self::denials_of`]: there are few, and the page loads less code.
    pub(crate) fn guards_of(&self, bits: &Bits, permission: PermissionId) -> Vec<&Guard> {
        let mut guards = Vec::new();
        if let Some(described) = self.describe(permission) {
            for (right, guard) in &described.conditional {
                if bits.contains(*right)
                    && let Some(guard) = self.guards.get(*guard)
                {
                    guards.push(guard);
                }
            }
        }
        guards
    }

    /// The denials in `denied` that concern `permission`, with their guards (`None`: always).
    pub(crate) fn denials_of(
        &self,
        denied: &Bits,
        permission: PermissionId,
    ) -> Vec<(usize, &RuleDenial, Option<&Guard>)> {
        let mut denials = Vec::new();
        if let Some(described) = self.describe(permission) {
            for at in &described.denials {
                if denied.contains(*at)
                    && let Some(denial) = self.denials.get(*at)
                {
                    let guard = denial.guard.and_then(|guard| self.guards.get(guard));
                    denials.push((*at, denial, guard));
                }
            }
        }
        denials
    }

    /// Whether a deny rule in `denied` takes `permission` away under `facts`.
    pub(crate) fn denies(&self, denied: &Bits, permission: PermissionId, facts: &Facts) -> Outcome {
        let mut denies = Outcome::False;
        for (.., guard) in self.denials_of(denied, permission) {
            denies = denies.max(guard.map_or(Outcome::True, |guard| guard.outcome(facts)));
        }
        denies
    }

    /// The permission that `right` gives, be it under a guard.
    pub(crate) fn permission_of(&self, right: usize) -> Option<usize> {
        match right.checked_sub(self.permissions.len()) {
            None => Some(right),
            Some(at) => Some(self.conditional_rights.get(at)?.permission),
        }
    }

    /// Whether `bits` gives all that `right` gives: without conditions, or under the same ones or fewer.
    pub(crate) fn gives(&self, bits: &Bits, right: usize) -> bool {
        let Some(permission) = self.permission_of(right) else {
            return false;
        };
        let guard_of = |right: usize| {
            let conditional = right.checked_sub(self.permissions.len())?;
            self.guards
                .get(self.conditional_rights.get(conditional)?.guard)
        };
        bits.contains(right) || self.gives_under(bits, permission, guard_of(right))
    }

    /// Whether `bits` gives `permission` without conditions, or under those of `narrow` or fewer.
    pub(crate) fn gives_under(
        &self,
        bits: &Bits,
        permission: usize,
        narrow: Option<&Guard>,
    ) -> bool {
        bits.contains(permission)
            || narrow.is_some_and(|narrow| {
                let wide = self.guards_of(bits, PermissionId(permission));
                wide.iter().any(|wide| narrow.is_within(wide))
            })
    }

    /// Whether `wide` gives all that `narrow` gives, under the same conditions or fewer.
    pub(crate) fn covers(&self, wide: &Bits, narrow: &Bits) -> bool {
        (0..self.rights).all(|right| !narrow.contains(right) || self.gives(wide, right))
    }

    /// The guard that must hold for `permission` whoever asks.
    pub(crate) fn guard(&self, permission: PermissionId) -> Option<&Guard> {
        self.guards.get(self.describe(permission)?.guard?)
    }

    /// All unconditional rights.
    pub(crate) fn all(&self) -> Bits {
        Bits::first(self.permissions.len(), self.rights)
    }

    pub(crate) fn id_of(&self, permission: usize) -> &str {
        self.permissions
            .get(permission)
            .map_or("", |permission| permission.id.as_str())
    }
}
