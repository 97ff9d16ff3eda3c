//! Decisions in English. One place, so that it can be translated.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use lockstep_core::{
    Access, Decision, Denial, DenyReason, Level, NodeId, RoleId, Source, Suggestion,
};

/// One sentence that tells the person who asked why.
#[must_use]
pub fn sentence(access: &Access, decision: &Decision) -> String {
    match decision {
        Decision::Allow(allowance) => match &allowance.source {
            Source::Everyone => "Every member may do this.".to_owned(),
            Source::Ownership(node) => format!("You own {}.", place(access, *node)),
            Source::Role { role, node, .. } => format!(
                "Your role {} in {} allows this.",
                role_name(access, *role),
                place(access, *node)
            ),
        },
        Decision::Deny(denial) => denied(access, denial),
    }
}

fn denied(access: &Access, denial: &Denial) -> String {
    let policy = access.policy();
    let because = policy
        .describe(denial.permission)
        .map(|permission| permission.because.as_str())
        .filter(|because| !because.is_empty());
    let needs = needs(access, &denial.suggestions);
    match &denial.reason {
        DenyReason::Capped { role } => format!(
            "Your role {} does not allow this anywhere in this organization.",
            role_name(access, *role)
        ),
        DenyReason::DeniedByRule { rule } => policy
            .rule(*rule)
            .map(|rule| rule.because.as_str())
            .filter(|because| !because.is_empty())
            .unwrap_or("A rule of this organization denies this.")
            .to_owned(),
        DenyReason::Plan { feature } => because.map_or_else(
            || format!("The plan of this organization has no `{feature}`."),
            ToOwned::to_owned,
        ),
        DenyReason::Expired { role, node } => format!(
            "Your role {} in {} has ended.",
            role_name(access, *role),
            place(access, *node)
        ),
        DenyReason::FactMissing { fact } => {
            format!("This cannot be decided without knowing `{fact}`.")
        }
        DenyReason::GuardFailed { guard } => because.map_or_else(
            || format!("This needs `{guard}`, which is not so."),
            ToOwned::to_owned,
        ),
        DenyReason::NoGrant => {
            needs.unwrap_or_else(|| "No role in this organization allows this.".to_owned())
        }
        DenyReason::NoMembership => "You are not a member of this organization.".to_owned(),
        DenyReason::OutOfTokenScope => "The token in use does not reach this far.".to_owned(),
    }
}

fn needs(access: &Access, suggestions: &[Suggestion]) -> Option<String> {
    let grants: Vec<String> = suggestions
        .iter()
        .map(|suggestion| match suggestion {
            Suggestion::Ownership(node) => format!("ownership of {}", place(access, *node)),
            Suggestion::Role(role, node) => {
                format!(
                    "the role {} in {}",
                    role_name(access, *role),
                    place(access, *node)
                )
            }
        })
        .collect();
    (!grants.is_empty()).then(|| format!("This needs {}.", grants.join(" or ")))
}

fn role_name(access: &Access, role: RoleId) -> &str {
    access
        .policy()
        .describe_role(role)
        .map_or("", |role| role.name.as_str())
}

fn place(access: &Access, node: NodeId) -> &'static str {
    match access.describe(node).map(|node| node.level) {
        Some(Level::Workspace) => "this workspace",
        Some(Level::Project) => "this project",
        Some(Level::Organization) | None => "this organization",
    }
}
