//! The world in the evaluator, principal by principal: what a page or a request holds of one person.

use std::error::Error;
use std::sync::Arc;

use lockstep_core::{Access, Grant, Level, Node, NodeId, PermissionId, Policy, Record};

use crate::{Question, ROLES, World, ours};

/// One access for each principal.
#[derive(Debug)]
pub struct Accesses(Vec<Access>);

/// A question in the handles of one access.
#[derive(Clone, Copy, Debug)]
pub struct Handles {
    principal: usize,
    permission: PermissionId,
    node: NodeId,
}

impl Accesses {
    /// Compiles the policy and resolves every principal.
    ///
    /// # Errors
    /// When the evaluator refuses the world.
    pub fn new(world: &World) -> Result<Self, Box<dyn Error>> {
        let policy = Arc::new(Policy::compile(&ours::policy(world))?);
        let resolve = |principal| Access::resolve(&policy, record(world, principal), 0);
        let principals = 0..world.principals.len();
        Ok(Self(principals.map(resolve).collect::<Result<_, _>>()?))
    }

    /// The handles of a question; `None` when it names something that is not there.
    #[must_use]
    pub fn handles(&self, world: &World, question: Question) -> Option<Handles> {
        let access = self.0.get(question.principal)?;
        Some(Handles {
            principal: question.principal,
            permission: access
                .policy()
                .permission(world.permissions.get(question.permission)?)?,
            node: access.node(&world.projects.get(question.project)?.id)?,
        })
    }

    /// The answer.
    #[inline]
    #[must_use]
    pub fn allows(&self, handles: Handles) -> bool {
        self.0
            .get(handles.principal)
            .is_some_and(|access| access.allows(handles.permission, handles.node))
    }
}

/// What one principal was granted, and all nodes.
fn record(world: &World, principal: usize) -> Record {
    let workspaces = || (0..).zip(&world.workspaces);
    let mut nodes = vec![Node::organization(World::ORGANIZATION)];
    nodes.extend(
        workspaces().map(|(_, id)| Node::inside(Level::Workspace, id, World::ORGANIZATION)),
    );
    nodes.extend(world.projects.iter().map(|project| {
        Node {
            owned: project.owner == principal,
            ..Node::inside(
                Level::Project,
                &project.id,
                world
                    .workspaces
                    .get(project.workspace)
                    .map_or("", String::as_str),
            )
        }
    }));
    let role = if world.is_admin(principal) {
        "admin"
    } else {
        "member"
    };
    let mut grants = vec![Grant::new(role, World::ORGANIZATION)];
    grants.extend(workspaces().filter_map(|(number, id)| {
        let (role, _) = ROLES.get(world.role(principal, number)?)?;
        Some(Grant::new(*role, id))
    }));
    Record {
        principal: world.principals.get(principal).cloned().unwrap_or_default(),
        nodes,
        grants,
        ..Record::default()
    }
}
