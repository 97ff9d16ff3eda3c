//! Organizations that grow in one way while the questions stay the same in kind: what does it cost?

use std::error::Error;
use std::sync::Arc;

use lockstep_core::{
    Access, Grant, GroupSpec, Level, Node, NodeId, PermissionId, PermissionSpec, Policy,
    PolicySpec, PrincipalSpec, Record, RoleSpec, World, WorldNode, WorldSpec,
};

const PERMISSIONS: usize = 40;
const ROLES_FEW: usize = 4;
const NODES_FEW: usize = 10;
const PROJECTS_FEW: usize = 5;
/// As many different questions, and not one again and again, so that caches have work.
const QUESTIONS: usize = 1_000;

/// What there is more and more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Projects, all of which the principal may read and is asked about.
    Projects,
    /// Workspaces in which the principal holds nothing.
    Workspaces,
    /// Roles that the principal does not hold.
    Roles,
    /// Access groups that the principal is not in.
    Groups,
}

/// One principal of a grown organization.
#[derive(Debug)]
pub struct Grown {
    policy: Arc<Policy>,
    record: Record,
    /// Everybody, where groups grow: only a world has them.
    world: Option<World>,
}

/// What [`Grown`] was resolved to, with the questions about it.
#[derive(Debug)]
pub struct Resolved {
    access: Access,
    questions: Vec<(PermissionId, NodeId)>,
}

impl Growth {
    /// Every way to grow, with its name for people and how far it goes.
    pub const ALL: [(Self, &'static str, usize); 4] = [
        (Self::Projects, "projects the principal works in", 100_000),
        (
            Self::Workspaces,
            "workspaces the principal is not in",
            100_000,
        ),
        (Self::Roles, "roles the principal does not hold", 250),
        (Self::Groups, "groups the principal is not in", 10_000),
    ];
}

impl Grown {
    /// An organization of `count` nodes, or with `count` roles or groups and few nodes.
    ///
    /// # Errors
    /// When the evaluator refuses it.
    pub fn new(growth: Growth, count: usize) -> Result<Self, Box<dyn Error>> {
        let (roles, groups, nodes) = match growth {
            Growth::Roles => (count, 0, NODES_FEW),
            Growth::Groups => (ROLES_FEW, count, NODES_FEW),
            Growth::Projects | Growth::Workspaces => (ROLES_FEW, 0, count),
        };
        // Two nodes are the organization and the workspace that the principal works in.
        let rest = nodes.saturating_sub(2);
        let (projects, unused) = match growth {
            Growth::Workspaces => (PROJECTS_FEW, rest.saturating_sub(PROJECTS_FEW)),
            _ => (rest, 0),
        };
        let inside = |level, prefix, count, parent| {
            (0..count).map(move |n| Node::inside(level, format!("{prefix}_{n}"), parent))
        };
        let mut nodes = vec![
            Node::organization("org"),
            Node::inside(Level::Workspace, "used", "org"),
        ];
        nodes.extend(inside(Level::Workspace, "unused", unused, "org"));
        nodes.extend(inside(Level::Project, "prj", projects, "used"));
        let role = |id: String, level| RoleSpec {
            id,
            ..RoleSpec::new(level)
        };
        let mut all = vec![
            RoleSpec {
                admin: true,
                ..role("admin".into(), Level::Organization)
            },
            role("reader".into(), Level::Workspace),
        ];
        let others: Vec<String> = (0..roles).map(|n| format!("role_{n}")).collect();
        all.extend(others.iter().cloned().map(|id| role(id, Level::Workspace)));
        let permission = |number: usize| {
            let mut allow = others.clone();
            if number.is_multiple_of(2) {
                allow.push("reader".into());
            }
            PermissionSpec {
                id: format!("permission_{number}"),
                allow,
                ..PermissionSpec::new(Level::Workspace)
            }
        };
        let policy = Arc::new(Policy::compile(&PolicySpec {
            id: "grown".into(),
            roles: all,
            permissions: (0..PERMISSIONS).map(permission).collect(),
            ..PolicySpec::default()
        })?);
        let record = Record {
            principal: "usr".into(),
            nodes,
            grants: vec![Grant::new("reader", "used")],
            ..Record::default()
        };
        let world = (groups > 0).then(|| World::resolve(&policy, &everybody(&record, groups), 0));
        Ok(Self {
            world: world.transpose()?,
            policy,
            record,
        })
    }

    /// Resolves the principal's access.
    ///
    /// # Errors
    /// When the evaluator refuses the record.
    pub fn resolve(&self) -> Result<Access, Box<dyn Error>> {
        let found = self.world.as_ref().and_then(|world| {
            let principal = world.principal(&self.record.principal)?;
            Some(world.access(principal))
        });
        match found {
            Some(access) => Ok(access),
            None => Ok(Access::resolve(&self.policy, self.record.clone(), 0)?),
        }
    }

    /// The questions about what was resolved.
    #[must_use]
    pub fn asked(&self, access: Access) -> Resolved {
        let nodes = self.record.nodes.iter();
        let projects: Vec<NodeId> = nodes
            .filter(|node| node.level == Level::Project)
            .filter_map(|node| access.node(&node.id))
            .collect();
        // A stride without a common divisor visits all of them, far apart.
        let questions = (0..QUESTIONS).filter_map(|number| {
            let project = projects.get((number * 7_919) % projects.len().max(1))?;
            Some((self.policy.permission_at(number % PERMISSIONS)?, *project))
        });
        Resolved {
            questions: questions.collect(),
            access,
        }
    }
}

/// The principal of `record` beside two others, who are in so many groups, each of which may read, too.
fn everybody(record: &Record, groups: usize) -> WorldSpec {
    let principal = |id: &str, grants: &[Grant]| PrincipalSpec {
        id: id.into(),
        grants: grants.to_vec(),
        ..PrincipalSpec::default()
    };
    let nodes = record.nodes.iter().map(|node| WorldNode {
        id: node.id.clone(),
        level: node.level,
        parent: node.parent.clone(),
        owner: None,
    });
    WorldSpec {
        nodes: nodes.collect(),
        principals: vec![
            principal(&record.principal, &record.grants),
            principal("other_0", &record.grants),
            principal("other_1", &record.grants),
        ],
        groups: (0..groups)
            .map(|number| GroupSpec {
                id: format!("group_{number}"),
                members: vec![format!("other_{}", number % 2)],
                grants: record.grants.clone(),
            })
            .collect(),
        ..WorldSpec::default()
    }
}

impl Resolved {
    /// How many questions a pass asks.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.questions.len()
    }

    /// Asks every question; gives how many are allowed.
    #[must_use]
    pub fn pass(&self) -> usize {
        let allowed =
            |(permission, node): &&(PermissionId, NodeId)| self.access.allows(*permission, *node);
        self.questions.iter().filter(allowed).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_changes_no_answer() {
        for (growth, _, most) in Growth::ALL {
            for count in [10, most.min(1_000)] {
                let grown = Grown::new(growth, count).unwrap();
                let resolved = grown.asked(grown.resolve().unwrap());
                assert_eq!(
                    resolved.pass() * 2,
                    resolved.questions(),
                    "{growth:?} {count}"
                );
            }
        }
    }
}
