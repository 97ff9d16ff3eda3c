//! Decisions and their reasons.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{NodeId, PermissionId, RoleId};

/// The answer to one question. A deny is a value, not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is allowed, and by what.
    Allow(Allowance),
    /// It is denied, and why.
    Deny(Denial),
}

impl Decision {
    /// Whether the answer is yes.
    #[must_use]
    pub const fn is_allow(&self) -> bool {
        matches!(self, Self::Allow(_))
    }
}

/// What allowed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The permission asked for.
    pub permission: PermissionId,
    /// What gave it.
    pub source: Source,
}

/// What gave a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Every member holds it.
    Everyone,
    /// The principal owns this node.
    Ownership(NodeId),
    /// A role, granted on a node.
    Role {
        /// The role, or what the organization's plan makes of it.
        role: RoleId,
        /// Where it was granted.
        node: NodeId,
        /// Id of the access group through which the principal has it.
        group: Option<String>,
    },
}

/// Why it was denied, and what would change that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The permission asked for.
    pub permission: PermissionId,
    /// The first factor that is false.
    pub reason: DenyReason,
    /// The smallest grants, any one of which would allow it; empty when no single grant would.
    pub suggestions: Vec<Suggestion>,
}

/// The first factor of the decision that is false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DenyReason {
    /// A role in the organization bounds what the principal may do.
    Capped {
        /// The role that bounds it.
        role: RoleId,
    },
    /// A deny rule takes it away.
    DeniedByRule {
        /// The rule, for [`crate::Policy::rule`].
        rule: usize,
    },
    /// A grant that would have allowed it is over.
    Expired {
        /// The role that was granted.
        role: RoleId,
        /// Where.
        node: NodeId,
    },
    /// A guard or a deny rule needs a fact that nobody stated, or that is stated as one of another type.
    FactMissing {
        /// The fact.
        fact: String,
    },
    /// A guard does not hold.
    GuardFailed {
        /// The guard, in words such as `target.creator = false`.
        guard: String,
    },
    /// Nothing that the principal holds gives the permission here.
    NoGrant,
    /// The principal is not a member of the organization.
    NoMembership,
    /// The token in use does not reach this far.
    OutOfTokenScope,
    /// The organization's plan does not have it.
    Plan {
        /// Id of the feature that the plan lacks.
        feature: String,
    },
}

impl DenyReason {
    /// The reason's stable code: the same in Rust, in the browser and over HTTP.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Capped { .. } => "capped",
            Self::DeniedByRule { .. } => "denied-by-rule",
            Self::Expired { .. } => "expired",
            Self::FactMissing { .. } => "fact-missing",
            Self::GuardFailed { .. } => "guard-failed",
            Self::NoGrant => "no-grant",
            Self::NoMembership => "no-membership",
            Self::OutOfTokenScope => "out-of-token-scope",
            Self::Plan { .. } => "plan",
        }
    }
}

/// A grant that would allow what was denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suggestion {
    /// To own this node.
    Ownership(NodeId),
    /// This role on this node.
    Role(RoleId, NodeId),
}
