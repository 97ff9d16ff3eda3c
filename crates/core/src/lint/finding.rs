//! What is said of a policy that compiles.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::{Level, Step};

/// Something in a policy that has no effect, cannot be meant, or seldom is, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The way to the place, in the document's own member names.
    pub path: Vec<Step>,
    /// What is odd there.
    pub kind: FindingKind,
}

/// What is odd about a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// The conditions contradict each other, so that they never all hold.
    NeverHolds {
        /// The fact of which they ask what it cannot be.
        fact: String,
    },
    /// The conditions of a deny rule contradict each other, so that it denies only what they cannot be tested of.
    DeniesUnknown {
        /// The fact of which they ask what it cannot be.
        fact: String,
    },
    /// The role holds nothing, bounds nothing and overrides nothing.
    RoleWithoutEffect(String),
    /// Nobody can ever hold the permission.
    PermissionOfNobody(String),
    /// The role holds the permission without these conditions, or under fewer.
    ConditionsWithoutEffect {
        /// The role.
        role: String,
        /// The permission.
        permission: String,
    },
    /// The row of conditions is about no role.
    ConditionsOfNobody,
    /// The condition is also to hold where the fact is not there, and it always is.
    IfExistsWithoutEffect {
        /// The fact.
        fact: String,
    },
    /// The condition asks for a role that nobody has on the organization.
    RoleOfNoTarget {
        /// The role.
        role: String,
    },
    /// A rule always takes away what the role is given here.
    AlwaysDenied {
        /// The role.
        role: String,
        /// The rule.
        by: String,
    },
    /// Whatever the rule allows is allowed without it.
    AllowWithoutEffect,
    /// Whatever the rule allows, other rules deny.
    AllowAlwaysDenied,
    /// The role overrides whatever caps say, its own too.
    CapWithoutEffect(String),
    /// Whatever the rule denies, other rules deny without it.
    DenyWithoutEffect {
        /// One of them.
        by: String,
    },
    /// The rule denies what has another value than some, and not what has none.
    DenyPassesAbsent {
        /// The fact that may be absent.
        fact: String,
    },
    /// The permissions of owners, of a level at which the edge knows none.
    OwnersOfNothing,
    /// Organizations are created by a permission, and nothing says what who creates one becomes.
    CreatedByNobody,
    /// Organizations make roles that are held on the organization itself, where everybody has one of the policy's.
    CustomRolesOfNobody,
    /// Organizations make roles of a level of which there is none to start from.
    CustomRolesOfNothing(Level),
    /// No permission needs the feature, and it replaces no role.
    FeatureWithoutEffect(String),
    /// The pattern has nothing in it that stands for anything else.
    PatternOfOneText {
        /// The test that says the same.
        instead: &'static str,
    },
    /// The condition is on a property of a property called `properties`.
    PropertyOfProperties {
        /// The fact that the property itself is.
        meant: String,
    },
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverHolds { fact } => {
                write!(
                    f,
                    "these conditions ask of `{fact}` what it cannot be, so they never hold"
                )
            }
            Self::DeniesUnknown { fact } => write!(
                f,
                "these conditions ask of `{fact}` what it cannot be, so this denies only where it is not known, or of another type"
            ),
            Self::RoleWithoutEffect(role) => write!(f, "the role `{role}` holds no permission"),
            Self::PermissionOfNobody(permission) => {
                write!(f, "nothing gives `{permission}` to anybody")
            }
            Self::ConditionsWithoutEffect { role, permission } => write!(
                f,
                "`{role}` holds `{permission}` without these conditions, so they have no effect"
            ),
            Self::ConditionsOfNobody => {
                f.write_str("no role is named, so these conditions have no effect")
            }
            Self::IfExistsWithoutEffect { fact } => write!(
                f,
                "`{fact}` is there wherever it can be, so `if_exists` has no effect"
            ),
            Self::RoleOfNoTarget { role } => write!(
                f,
                "`target.role` is a role on the organization itself, and nobody has `{role}` there"
            ),
            Self::AlwaysDenied { role, by } => {
                write!(f, "the rule `{by}` always takes this from `{role}`")
            }
            Self::AllowWithoutEffect => {
                f.write_str("all that this rule allows is allowed without it")
            }
            Self::CapWithoutEffect(role) => {
                write!(f, "`{role}` holds everything, so its cap has no effect")
            }
            Self::AllowAlwaysDenied => f.write_str("all that this rule allows, other rules deny"),
            Self::DenyWithoutEffect { by } => {
                write!(
                    f,
                    "all that this rule denies is denied without it, by `{by}`"
                )
            }
            Self::DenyPassesAbsent { fact } => write!(
                f,
                "what has no `{fact}` is not denied; with `if_exists = true` it is, too"
            ),
            Self::OwnersOfNothing => f.write_str(
                "the edge knows owners of projects only, so nobody holds this there by owning",
            ),
            Self::CreatedByNobody => f.write_str(
                "no `creator` says who the first member is, so nobody creates an organization",
            ),
            Self::CustomRolesOfNobody => f.write_str(
                "on the organization itself everybody has a role of the policy, so nobody is given one of these",
            ),
            Self::CustomRolesOfNothing(level) => write!(
                f,
                "organizations make their roles of others, and no role of the {level} is there for that"
            ),
            Self::FeatureWithoutEffect(feature) => write!(
                f,
                "no permission needs `{feature}` and it replaces no role, so no decision depends on it"
            ),
            Self::PatternOfOneText { instead } => write!(
                f,
                "this has neither `*` nor `?`, so only this text fits: `{instead}` says that"
            ),
            Self::PropertyOfProperties { meant } => {
                write!(f, "what a request states as a property is the fact `{meant}`")
            }
        }
    }
}
