//! What a decision's reason names, read once for its sentence, for JSON and for programs.

use lockstep_core::{Access, Decision, DenyReason, NodeId, RoleId, Source, Suggestion};

/// What else a reason names, by the member of the document that holds its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Fact,
    Feature,
    Group,
    Guard,
    Rule,
}

impl About {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Fact => "fact",
            Self::Feature => "feature",
            Self::Group => "group",
            Self::Guard => "guard",
            Self::Rule => "rule",
        }
    }
}

/// A reason, with the numbers of the access that it was made by.
pub(crate) struct Reason<'a> {
    pub(crate) code: &'static str,
    /// The role that gave it, bounded it or ended.
    pub(crate) role: Option<RoleId>,
    /// Where it was granted or is owned.
    pub(crate) node: Option<NodeId>,
    pub(crate) about: Option<(About, &'a str)>,
    /// The smallest grants that would allow it.
    pub(crate) grants: &'a [Suggestion],
    /// Id of the permission that was asked for.
    pub(crate) permission: &'a str,
    /// The policy's own sentence about this permission or rule; empty when there is none.
    pub(crate) because: &'a str,
}

impl<'a> Reason<'a> {
    pub(crate) fn new(access: &'a Access, decision: &'a Decision) -> Self {
        let policy = access.policy();
        let mut reason = Self {
            code: "everyone",
            role: None,
            node: None,
            about: None,
            grants: &[],
            permission: "",
            because: "",
        };
        let denial = match decision {
            Decision::Allow(allowance) => {
                match &allowance.source {
                    Source::Everyone => {}
                    Source::Ownership(node) => {
                        reason.code = "owned";
                        reason.node = Some(*node);
                    }
                    Source::Role { role, node, group } => {
                        reason.code = "granted";
                        reason.role = Some(*role);
                        reason.node = Some(*node);
                        reason.about = group.as_deref().map(|group| (About::Group, group));
                    }
                }
                return reason;
            }
            Decision::Deny(denial) => denial,
        };
        reason.code = denial.reason.code();
        reason.grants = &denial.suggestions;
        let mut because = "";
        if let Some(permission) = policy.describe(denial.permission) {
            reason.permission = &permission.id;
            because = &permission.because;
        }
        match &denial.reason {
            DenyReason::Capped { role } => reason.role = Some(*role),
            DenyReason::Expired { role, node } => {
                reason.role = Some(*role);
                reason.node = Some(*node);
            }
            DenyReason::DeniedByRule { rule } => {
                if let Some(rule) = policy.rule(*rule) {
                    reason.about = Some((About::Rule, &rule.id));
                    reason.because = &rule.because;
                }
            }
            DenyReason::Plan { feature } => {
                reason.about = Some((About::Feature, feature));
                reason.because = because;
            }
            DenyReason::GuardFailed { guard } => {
                reason.about = Some((About::Guard, guard));
                reason.because = because;
            }
            DenyReason::FactMissing { fact } => reason.about = Some((About::Fact, fact)),
            DenyReason::NoGrant | DenyReason::NoMembership | DenyReason::OutOfTokenScope => {}
        }
        reason
    }
}

/// The role of a suggestion, unless it is to own the node, and the node.
pub(crate) const fn parts(suggestion: Suggestion) -> (Option<RoleId>, NodeId) {
    match suggestion {
        Suggestion::Ownership(node) => (None, node),
        Suggestion::Role(role, node) => (Some(role), node),
    }
}
