//! A policy as it is written, before it is compiled: plain data, any of which may be wrong.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{Condition, Level, Value};

/// A policy as written. [`crate::Policy::compile`] turns it into one that is right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicySpec {
    /// Short name, in lower-case letters, digits and `-`.
    pub id: String,
    /// Permission ids that every member holds, whatever the role.
    pub everyone: Vec<String>,
    /// Permission ids that the creator of a node holds on it and below, by level; `*` means all.
    pub ownership: Vec<(Level, Vec<String>)>,
    /// Role id that the creator of an organization is given in it.
    pub creator: Option<String>,
    /// Operations of the directory with the permission id that each needs.
    pub operations: Vec<(String, String)>,
    /// The roles, in the order in which they are shown.
    pub roles: Vec<RoleSpec>,
    /// The permissions, in the order in which they are shown.
    pub permissions: Vec<PermissionSpec>,
    /// Ids of what an organization's plan may have.
    pub features: Vec<String>,
    /// What a feature of the plan makes of the roles that people were granted.
    pub replacements: Vec<ReplacementSpec>,
    /// Rules that allow or deny beside roles.
    pub rules: Vec<RuleSpec>,
    /// The levels at which organizations may add roles of their own; none at first.
    pub custom_levels: Vec<Level>,
    /// Whether a custom role may hold what its base does not.
    pub custom_additions: bool,
}

/// While an organization's plan has `feature`, every role of `level` that a person was granted counts
/// as `role`, with its cap and override. Deny rules that name the role as it was granted still bind.
/// Service accounts keep theirs. Where several apply, the first one counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacementSpec {
    /// Feature id.
    pub feature: String,
    /// The level of the roles that are replaced.
    pub level: Level,
    /// Role id.
    pub role: String,
}

/// What a rule does where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It gives the permissions, beside roles.
    Allow,
    /// It takes the permissions away, whatever gives them.
    Deny,
}

/// A rule as written: beside its roles, a policy or an organization may allow and deny by facts such as
/// a resource's tags. A deny beats everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSpec {
    /// Id by which reasons name it.
    pub id: String,
    /// What it does.
    pub effect: Effect,
    /// Role ids: it applies to whoever was granted one of them, where that grant counts, and to who
    /// holds a role that an organization made of it: what the organization itself allows excepted.
    /// Roles that include or are capped by one of them it does not reach. Empty: to every member,
    /// everywhere. So does an organization's deny rule while one of them is gone.
    pub roles: Vec<String>,
    /// Permission ids; `*` means all. What is allowed brings with it what it implies; what is denied
    /// takes away nothing else.
    pub permissions: Vec<String>,
    /// Conditions that must all hold. Empty: always. Where a fact is missing, an allow does not apply
    /// and a deny does.
    pub when: Vec<Condition>,
    /// The sentence shown when it denies.
    pub because: String,
}

/// A role as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSpec {
    /// Id by which grants name it.
    pub id: String,
    /// Name shown to people; the id when empty.
    pub name: String,
    /// The level whose table it belongs to.
    pub level: Level,
    /// Whether a member who holds it counts as an admin (law 7).
    pub admin: bool,
    /// Whether it holds everything in the organization, whatever caps say, where it is granted on the
    /// organization itself.
    pub overriding: bool,
    /// Role id whose permissions bound what its holder may do anywhere in the organization, where it
    /// is granted on the organization itself. What rules allow that role widens no cap.
    pub cap: Option<String>,
    /// Role ids whose permissions it also holds.
    pub includes: Vec<String>,
}

impl RoleSpec {
    /// A role that holds nothing and has no id yet.
    #[must_use]
    pub const fn new(level: Level) -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            level,
            admin: false,
            overriding: false,
            cap: None,
            includes: Vec::new(),
        }
    }
}

/// A permission as written: one row of a product's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionSpec {
    /// Id by which it is asked for.
    pub id: String,
    /// Name shown to people; the id when empty.
    pub label: String,
    /// The level whose table it belongs to.
    pub level: Level,
    /// Role ids that hold it.
    pub allow: Vec<String>,
    /// Roles that hold it under conditions.
    pub conditional: Vec<ConditionalSpec>,
    /// Conditions that must hold whoever asks.
    pub guard: Vec<Condition>,
    /// Feature ids that the organization's plan must all have.
    pub plan: Vec<String>,
    /// The sentence shown when the guard, a condition or the plan does not allow it.
    pub because: String,
    /// Permission ids that come with it.
    pub implies: Vec<String>,
    /// Named cases, each of which is a row of the matrix.
    pub cases: Vec<CaseSpec>,
    /// Whether the edge asks the organization's object every time. Defaults to `false`.
    pub sensitive: bool,
    /// Whether it concerns only what is one's own: not capped, and not compared in a delegation.
    pub personal: bool,
}

impl PermissionSpec {
    /// A permission that nobody holds and that has no id yet.
    #[must_use]
    pub const fn new(level: Level) -> Self {
        Self {
            id: String::new(),
            label: String::new(),
            level,
            allow: Vec::new(),
            conditional: Vec::new(),
            guard: Vec::new(),
            plan: Vec::new(),
            because: String::new(),
            implies: Vec::new(),
            cases: Vec::new(),
            sensitive: false,
            personal: false,
        }
    }
}

/// Roles that hold a permission only under conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConditionalSpec {
    /// Role ids.
    pub roles: Vec<String>,
    /// Conditions that must all hold.
    pub when: Vec<Condition>,
}

/// A named case of a guarded permission: the facts that make it up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseSpec {
    /// Id within the permission; the row's id is `permission:case`.
    pub id: String,
    /// Name shown to people; the id when empty.
    pub label: String,
    /// The facts.
    pub facts: Vec<(String, Value)>,
}
