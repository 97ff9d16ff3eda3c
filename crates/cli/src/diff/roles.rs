//! A world in which everybody has one role, so that policies can be compared without anybody.

use std::sync::Arc;

use lockstep_core::{Grant, Level, Policy, PrincipalSpec, World, WorldError, WorldNode, WorldSpec};

use crate::definitions::Shown;
use crate::error::CommandError;

/// Who has no role that the policy knows: what every member may.
const MEMBER: &str = "(every member)";
/// Who owns the workspace and the project.
const OWNER: &str = "(owner of a workspace and a project)";

/// What the roles of `worlds` show by themselves.
pub(super) fn shown(worlds: (&World, &World)) -> Shown {
    let mut shown = Shown::new();
    for changes in lockstep_core::diff(worlds.0, worlds.1) {
        let pairs = changes.iter();
        shown.extend(pairs.map(|change| (change.principal.into(), change.permission.into())));
    }
    shown
}

/// The world of `policy`: one workspace with one project, somebody for each role, a member without any, and
/// an owner, under a plan that has every feature that takes no roles away.
///
/// # Errors
/// When the policy has more roles than a world may have principals.
pub(super) fn world(policy: &Arc<Policy>) -> Result<World, CommandError> {
    let principal = |id: &str, role: &str, level: Level| PrincipalSpec {
        id: id.to_owned(),
        grants: vec![Grant::new(role, level.as_str())],
        ..PrincipalSpec::default()
    };
    let roles = policy.roles().iter();
    let of_roles = roles.map(|role| principal(&role.id, &role.id, role.level));
    let others = [MEMBER, OWNER].map(|id| principal(id, "", Level::Organization));
    let [organization, workspace, project] = Level::ALL.map(|level| WorldNode {
        id: level.as_str().to_owned(),
        level,
        parent: None,
        owner: (level != Level::Organization).then(|| OWNER.to_owned()),
    });
    let spec = WorldSpec {
        nodes: vec![
            WorldNode {
                parent: Some(organization.id.clone()),
                ..workspace.clone()
            },
            WorldNode {
                parent: Some(workspace.id),
                ..project
            },
        ],
        principals: of_roles.chain(others).collect(),
        plan: policy.full_plan(),
        ..WorldSpec::default()
    };
    let spec = WorldSpec {
        nodes: std::iter::once(organization).chain(spec.nodes).collect(),
        ..spec
    };
    World::resolve(policy, &spec, 0).map_err(|error: WorldError| CommandError::World(error))
}
