//! The world in the evaluator.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use lockstep_core::{
    Access, Grant, Level, Node, NodeId, PermissionId, PermissionSpec, Policy, PolicySpec, Record,
    RoleSpec,
};

use crate::{Question, ROLES, World};

/// The evaluator, with every principal of the world.
#[derive(Debug)]
pub struct Ours {
    policy: Arc<Policy>,
    accesses: Vec<Access>,
    numbers: BTreeMap<String, usize>,
}

/// A question in the evaluator's own handles.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    principal: usize,
    permission: PermissionId,
    node: NodeId,
}

impl Ours {
    /// Compiles the policy and resolves the first so many principals.
    ///
    /// # Errors
    /// When the evaluator refuses the world.
    pub fn new(world: &World, principals: usize) -> Result<Self, Box<dyn Error>> {
        let policy = Arc::new(Policy::compile(&policy(world))?);
        let resolve = |principal| Access::resolve(&policy, record(world, principal), 0);
        Ok(Self {
            accesses: (0..principals).map(resolve).collect::<Result<_, _>>()?,
            numbers: world
                .principals
                .iter()
                .take(principals)
                .cloned()
                .zip(0..)
                .collect(),
            policy,
        })
    }

    /// The handles of a question; `None` when it names something that is not there.
    #[must_use]
    pub fn named(&self, world: &World, question: Question) -> Option<Named> {
        self.find(
            world.principals.get(question.principal)?,
            world.permissions.get(question.permission)?,
            &world.projects.get(question.project)?.id,
        )
    }

    /// The answer, by handles.
    #[inline]
    #[must_use]
    pub fn allows(&self, named: Named) -> bool {
        self.accesses
            .get(named.principal)
            .is_some_and(|access| access.allows(named.permission, named.node))
    }

    /// The answer, by three names.
    #[inline]
    #[must_use]
    pub fn allows_named(&self, principal: &str, permission: &str, project: &str) -> bool {
        self.find(principal, permission, project)
            .is_some_and(|named| self.allows(named))
    }

    fn find(&self, principal: &str, permission: &str, project: &str) -> Option<Named> {
        let principal = *self.numbers.get(principal)?;
        Some(Named {
            principal,
            permission: self.policy.permission(permission)?,
            node: self.accesses.get(principal)?.node(project)?,
        })
    }
}

/// The policy of the world: the roles of the organization, of its workspaces, and ownership.
fn policy(world: &World) -> PolicySpec {
    let role = |id: &str, level| RoleSpec {
        id: id.into(),
        ..RoleSpec::new(level)
    };
    let admin = RoleSpec {
        admin: true,
        overriding: true,
        ..role("admin", Level::Organization)
    };
    let mut roles = vec![admin, role("member", Level::Organization)];
    roles.extend(ROLES.map(|(id, _)| role(id, Level::Workspace)));
    let permission = |(number, id): (usize, &String)| PermissionSpec {
        id: id.clone(),
        allow: (0..)
            .zip(ROLES)
            .filter(|(role, _)| number < world.held(*role))
            .map(|(_, (id, _))| id.into())
            .collect(),
        ..PermissionSpec::new(Level::Workspace)
    };
    PolicySpec {
        id: "bench".into(),
        roles,
        permissions: world
            .permissions
            .iter()
            .enumerate()
            .map(permission)
            .collect(),
        ownership: vec![(Level::Project, vec!["*".into()])],
        ..PolicySpec::default()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NamedTable, Table};

    #[test]
    fn every_side_answers_every_question_alike() {
        let world = World::new(100, 40);
        let ours = Ours::new(&world, 100).unwrap();
        let (table, named) = (Table::new(&world), NamedTable::new(&world));
        for question in world.questions(2_000, 100) {
            let wanted = world.answer(question);
            let handles = ours.named(&world, question).unwrap();
            let ids = (
                world.principals[question.principal].as_str(),
                world.permissions[question.permission].as_str(),
                world.projects[question.project].id.as_str(),
            );
            assert_eq!(ours.allows(handles), wanted, "{question:?}");
            assert_eq!(ours.allows_named(ids.0, ids.1, ids.2), wanted);
            assert_eq!(table.allows(question), wanted, "{question:?}");
            assert_eq!(named.allows(ids.0, ids.1, ids.2), wanted);
        }
        assert!(!ours.allows_named("usr_0", "permission_0", "prj_10_0"));
    }
}
