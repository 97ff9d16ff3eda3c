//! The world in the evaluator.

use std::error::Error;
use std::sync::Arc;

use lockstep_core::{
    Grant, Level, NodeId, PermissionId, PermissionSpec, Policy, PolicySpec, PrincipalId,
    PrincipalSpec, RoleSpec, WorldNode, WorldSpec,
};

use crate::{Question, ROLES, World};

/// The evaluator, with every principal of the world.
#[derive(Debug)]
pub struct Ours(lockstep_core::World);

/// A question in the evaluator's own handles.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    principal: PrincipalId,
    permission: PermissionId,
    node: NodeId,
}

impl Ours {
    /// Compiles the policy and resolves the world.
    ///
    /// # Errors
    /// When the evaluator refuses it.
    pub fn new(world: &World) -> Result<Self, Box<dyn Error>> {
        let policy = Arc::new(Policy::compile(&policy(world))?);
        Ok(Self(lockstep_core::World::resolve(
            &policy,
            &spec(world),
            0,
        )?))
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
        self.0.allows(named.principal, named.permission, named.node)
    }

    /// The answer, by three names.
    #[inline]
    #[must_use]
    pub fn allows_named(&self, principal: &str, permission: &str, project: &str) -> bool {
        self.find(principal, permission, project)
            .is_some_and(|named| self.allows(named))
    }

    fn find(&self, principal: &str, permission: &str, project: &str) -> Option<Named> {
        Some(Named {
            principal: self.0.principal(principal)?,
            permission: self.0.policy().permission(permission)?,
            node: self.0.node(project)?,
        })
    }
}

/// The policy of the world: the roles of the organization, of its workspaces, and ownership.
pub(crate) fn policy(world: &World) -> PolicySpec {
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

/// All nodes, and what everybody was granted.
fn spec(world: &World) -> WorldSpec {
    let node = |id: &str, level, parent: Option<&str>| WorldNode {
        id: id.into(),
        level,
        parent: parent.map(Into::into),
        owner: None,
    };
    let inside = Some(World::ORGANIZATION);
    let mut nodes = vec![node(World::ORGANIZATION, Level::Organization, None)];
    nodes.extend(
        world
            .workspaces
            .iter()
            .map(|id| node(id, Level::Workspace, inside)),
    );
    nodes.extend(world.projects.iter().map(|project| {
        let workspace = world.workspaces.get(project.workspace);
        WorldNode {
            owner: world.principals.get(project.owner).cloned(),
            ..node(&project.id, Level::Project, workspace.map(String::as_str))
        }
    }));
    let grants = |principal| {
        let role = if world.is_admin(principal) {
            "admin"
        } else {
            "member"
        };
        let mut grants = vec![Grant::new(role, World::ORGANIZATION)];
        grants.extend(world.workspaces.iter().enumerate().filter_map(|(at, id)| {
            let (role, _) = ROLES.get(world.role(principal, at)?)?;
            Some(Grant::new(*role, id))
        }));
        grants
    };
    let principals = world.principals.iter().enumerate();
    WorldSpec {
        nodes,
        principals: principals
            .map(|(at, id)| PrincipalSpec {
                id: id.clone(),
                grants: grants(at),
                ..PrincipalSpec::default()
            })
            .collect(),
        ..WorldSpec::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Accesses, NamedTable, Table};

    #[test]
    fn every_side_answers_every_question_alike() {
        let world = World::new(100, 40);
        let ours = Ours::new(&world).unwrap();
        let accesses = Accesses::new(&world).unwrap();
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
            let handles = accesses.handles(&world, question).unwrap();
            assert_eq!(accesses.allows(handles), wanted, "{question:?}");
            assert_eq!(ours.allows_named(ids.0, ids.1, ids.2), wanted);
            assert_eq!(table.allows(question), wanted, "{question:?}");
            assert_eq!(named.allows(ids.0, ids.1, ids.2), wanted);
        }
        assert!(!ours.allows_named("usr_0", "permission_0", "prj_10_0"));
    }
}
