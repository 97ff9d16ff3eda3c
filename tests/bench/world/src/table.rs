//! What somebody writes by hand who needs this world and nothing else: a word of bits for each
//! principal and workspace. The limit that the evaluator is measured against.

use std::collections::HashMap;

use crate::{Question, World};

/// All principals, by number.
#[derive(Clone, Debug)]
pub struct Table {
    workspaces: usize,
    /// One word for each principal and workspace.
    held: Vec<u64>,
    /// Workspace and owner of each project.
    projects: Vec<(usize, usize)>,
}

impl Table {
    /// The bits of a world of at most 64 permissions.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let workspaces = world.workspaces.len();
        let word = |principal, workspace| {
            if world.is_admin(principal) {
                u64::MAX
            } else {
                let role = world.role(principal, workspace);
                first(role.map_or(0, |role| world.held(role)))
            }
        };
        let principals = 0..world.principals.len();
        Self {
            workspaces,
            held: principals
                .flat_map(|principal| (0..workspaces).map(move |w| word(principal, w)))
                .collect(),
            projects: world
                .projects
                .iter()
                .map(|project| (project.workspace, project.owner))
                .collect(),
        }
    }

    /// The answer.
    #[inline]
    #[must_use]
    pub fn allows(&self, question: Question) -> bool {
        let Some((workspace, owner)) = self.projects.get(question.project) else {
            return false;
        };
        *owner == question.principal
            || self
                .held
                .get(question.principal * self.workspaces + workspace)
                .is_some_and(|word| word >> question.permission & 1 == 1)
    }
}

/// [`Table`] behind three hash maps, for those who hold names.
#[derive(Clone, Debug)]
pub struct NamedTable {
    table: Table,
    principals: HashMap<String, usize>,
    permissions: HashMap<String, usize>,
    projects: HashMap<String, usize>,
}

impl NamedTable {
    /// The bits and the names of a world.
    #[must_use]
    pub fn new(world: &World) -> Self {
        Self {
            table: Table::new(world),
            principals: numbered(world.principals.iter()),
            permissions: numbered(world.permissions.iter()),
            projects: numbered(world.projects.iter().map(|project| &project.id)),
        }
    }

    /// The answer; a name that is not there is a no.
    #[inline]
    #[must_use]
    pub fn allows(&self, principal: &str, permission: &str, project: &str) -> bool {
        let numbers = || {
            Some(Question {
                principal: *self.principals.get(principal)?,
                permission: *self.permissions.get(permission)?,
                project: *self.projects.get(project)?,
            })
        };
        numbers().is_some_and(|question| self.table.allows(question))
    }
}

fn numbered<'a>(names: impl Iterator<Item = &'a String>) -> HashMap<String, usize> {
    names.cloned().zip(0..).collect()
}

/// A word with the first `count` bits set.
fn first(count: usize) -> u64 {
    (0..count).fold(0, |word, bit| word | 1 << bit)
}
