//! The world for those who do not read Rust. Ids are plain, so nothing needs escaping.

use std::fmt::Write;

use crate::{Question, ROLES, World};

/// The world and some questions, as one JSON object. Roles, principals and questions refer to the
/// other lists by number.
#[must_use]
pub fn json(world: &World, questions: &[Question]) -> String {
    let held = |(role, (id, _)): (usize, (&str, usize))| format!("\"{id}\":{}", world.held(role));
    let projects = world.projects.iter().map(|project| {
        format!(
            "{{\"id\":\"{}\",\"workspace\":{},\"owner\":{}}}",
            project.id, project.workspace, project.owner
        )
    });
    let principals = world.principals.iter().enumerate().map(|(number, id)| {
        let roles = (0..world.workspaces.len()).map(|workspace| {
            world
                .role(number, workspace)
                .map_or_else(|| "null".into(), |role| role.to_string())
        });
        format!(
            "{{\"id\":\"{id}\",\"admin\":{},\"roles\":[{}]}}",
            world.is_admin(number),
            list(roles)
        )
    });
    let asked = questions
        .iter()
        .map(|q| format!("[{},{},{}]", q.principal, q.permission, q.project));
    let mut text = format!(
        "{{\"organization\":\"{}\",\"roles\":{{{}}}",
        World::ORGANIZATION,
        list(ROLES.into_iter().enumerate().map(held))
    );
    for (name, items) in [
        ("permissions", list(world.permissions.iter().map(quoted))),
        ("workspaces", list(world.workspaces.iter().map(quoted))),
        ("projects", list(projects)),
        ("principals", list(principals)),
        ("questions", list(asked)),
    ] {
        // Writing to a string cannot fail.
        let _ = write!(text, ",\n\"{name}\":[{items}]");
    }
    text + "}"
}

fn quoted(id: &String) -> String {
    format!("\"{id}\"")
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_is_written_whole() {
        let world = World::new(1, 2);
        let question = Question {
            principal: 0,
            permission: 1,
            project: 7,
        };
        let text = json(&world, &[question]);
        assert!(text.starts_with(
            "{\"organization\":\"org_bench\",\"roles\":{\"manage\":2,\"write\":1,\"annotate\":0,\"read\":0},"
        ));
        assert!(text.contains("{\"id\":\"prj_0_7\",\"workspace\":0,\"owner\":0}"));
        assert!(text.contains(
            "[{\"id\":\"usr_0\",\"admin\":false,\"roles\":[0,1,2,3,null,0,1,2,3,null]}]"
        ));
        assert!(text.ends_with("\"questions\":[[0,1,7]]}"));
    }
}
