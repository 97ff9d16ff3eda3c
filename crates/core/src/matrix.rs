//! Who may do what: every role against every permission.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::{
    Access, Facts, Grant, Level, Node, Outcome, PermissionId, Policy, Record, RoleId, verdict,
};

/// What a role may do, as far as the role alone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Always.
    Allow,
    /// It depends on facts.
    Conditional,
    /// Never.
    Deny,
}

impl Cell {
    /// The cell's word in the printed matrix.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Conditional => "conditional",
            Self::Deny => "deny",
        }
    }
}

impl From<Outcome> for Cell {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::True => Self::Allow,
            Outcome::Unknown => Self::Conditional,
            Outcome::False => Self::Deny,
        }
    }
}

/// A permission, or one named case of it, with a cell for each role of its level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixRow {
    /// Permission id, with `:case` where the permission has cases.
    pub id: String,
    /// Name shown to people.
    pub label: String,
    /// The permission.
    pub permission: PermissionId,
    /// One cell for each role of the permission's level, in the policy's order.
    pub cells: Vec<(RoleId, Cell)>,
}

/// The matrix of `policy`: each role alone, evaluated on a node of its own level in an organization
/// that has one of each and whose plan has every feature that takes no roles away.
#[must_use]
pub fn matrix(policy: &Arc<Policy>) -> Vec<MatrixRow> {
    let holders: Vec<(RoleId, Level, Option<Access>)> = policy
        .roles()
        .iter()
        .enumerate()
        .map(|(number, role)| {
            (
                RoleId(number),
                role.level,
                holder(policy, &role.id, role.level),
            )
        })
        .collect();
    let mut rows = Vec::new();
    for (number, permission) in policy.permissions().iter().enumerate() {
        let id = PermissionId(number);
        let cells = |facts: &Facts| {
            holders
                .iter()
                .filter(|(_, level, _)| *level == permission.level)
                .map(|(role, level, access)| {
                    let outcome = access.as_ref().and_then(|access| {
                        Some(verdict(access, id, access.node(level.as_str())?, facts))
                    });
                    (*role, outcome.unwrap_or(Outcome::False).into())
                })
                .collect()
        };
        if permission.cases.is_empty() {
            rows.push(MatrixRow {
                id: permission.id.clone(),
                label: permission.label.clone(),
                permission: id,
                cells: cells(&Facts::default()),
            });
        }
        rows.extend(permission.cases.iter().map(|case| MatrixRow {
            id: case.row_id.clone(),
            label: case.label.clone(),
            permission: id,
            cells: cells(&case.facts),
        }));
    }
    rows
}

/// Somebody whose only grant is `role`, in an organization with a workspace and a project.
fn holder(policy: &Arc<Policy>, role: &str, level: Level) -> Option<Access> {
    let [organization, workspace, project] = Level::ALL.map(Level::as_str);
    let record = Record {
        nodes: vec![
            Node::organization(organization),
            Node::inside(Level::Workspace, workspace, organization),
            Node::inside(Level::Project, project, workspace),
        ],
        grants: vec![Grant::new(role, level.as_str())],
        plan: policy.full_plan(),
        ..Record::default()
    };
    Access::resolve(policy, record, 0).ok()
}
