//! What most write by hand: a set of permissions for each role, and maps by id.

use std::collections::{HashMap, HashSet};

use lockstep_bench::{ROLES, World};

pub struct Sets {
    roles: Vec<HashSet<String>>,
    /// Role by workspace, for each principal; `None` is an admin.
    principals: HashMap<String, Option<HashMap<usize, usize>>>,
    /// Workspace and owner.
    projects: HashMap<String, (usize, String)>,
}

impl Sets {
    pub fn new(world: &World) -> Self {
        let held = |role| {
            world.permissions[..world.held(role)]
                .iter()
                .cloned()
                .collect()
        };
        let roles_of = |principal| {
            (0..world.workspaces.len())
                .filter_map(|workspace| Some((workspace, world.role(principal, workspace)?)))
                .collect()
        };
        Self {
            roles: (0..ROLES.len()).map(held).collect(),
            principals: (0..)
                .zip(&world.principals)
                .map(|(number, id)| {
                    let roles = (!world.is_admin(number)).then(|| roles_of(number));
                    (id.clone(), roles)
                })
                .collect(),
            projects: world
                .projects
                .iter()
                .map(|project| {
                    let owner = world.principals[project.owner].clone();
                    (project.id.clone(), (project.workspace, owner))
                })
                .collect(),
        }
    }

    pub fn allows(&self, principal: &str, permission: &str, project: &str) -> bool {
        let (Some((workspace, owner)), Some(roles)) =
            (self.projects.get(project), self.principals.get(principal))
        else {
            return false;
        };
        owner == principal
            || roles.as_ref().is_none_or(|roles| {
                let role = roles.get(workspace);
                role.is_some_and(|role| self.roles[*role].contains(permission))
            })
    }
}
