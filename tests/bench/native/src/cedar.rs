//! cedar-policy, with action groups and requests that are made before the clock runs.

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use lockstep_bench::{Question, ROLES, World};
use serde_json::{Value, json};

pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
}

impl Cedar {
    pub fn new(world: &World) -> Self {
        let policies = include_str!("../../policies/world.cedar");
        Self {
            authorizer: Authorizer::new(),
            policies: policies.parse().expect("the policies"),
            entities: Entities::from_json_value(entities(world), None).expect("the entities"),
        }
    }

    pub fn request(&self, world: &World, question: Question) -> Request {
        let uid = |kind: &str, id: &str| -> EntityUid {
            format!("{kind}::\"{id}\"").parse().expect("an id")
        };
        Request::new(
            uid("User", &world.principals[question.principal]),
            uid("Action", &world.permissions[question.permission]),
            uid("Project", &world.projects[question.project].id),
            Context::empty(),
            None,
        )
        .expect("a request")
    }

    pub fn allows(&self, request: &Request) -> bool {
        let response = self
            .authorizer
            .is_authorized(request, &self.policies, &self.entities);
        response.decision() == Decision::Allow
    }
}

fn entities(world: &World) -> Value {
    let uid = |kind: &str, id: &str| json!({"type": kind, "id": id});
    let reference = |kind: &str, id: &str| json!({"__entity": uid(kind, id)});
    let group = |workspace: &str, role: &str| format!("{workspace}#{role}");
    let mut all = Vec::new();
    for (number, id) in world.principals.iter().enumerate() {
        let mut parents: Vec<Value> = (0..)
            .zip(&world.workspaces)
            .filter_map(|(workspace, name)| {
                let (role, _) = ROLES[world.role(number, workspace)?];
                Some(uid("Group", &group(name, role)))
            })
            .collect();
        if world.is_admin(number) {
            parents.push(uid("Group", "admin"));
        }
        all.push(json!({"uid": uid("User", id), "attrs": {}, "parents": parents}));
    }
    for (number, id) in world.permissions.iter().enumerate() {
        let parents: Vec<Value> = (0..)
            .zip(ROLES)
            .filter(|(role, _)| number < world.held(*role))
            .map(|(_, (name, _))| uid("Action", name))
            .collect();
        all.push(json!({"uid": uid("Action", id), "attrs": {}, "parents": parents}));
    }
    for id in &world.workspaces {
        let attrs: serde_json::Map<String, Value> = ROLES
            .iter()
            .map(|(role, _)| (role.to_string(), reference("Group", &group(id, role))))
            .collect();
        all.push(json!({"uid": uid("Workspace", id), "attrs": attrs, "parents": []}));
    }
    for project in &world.projects {
        let attrs = json!({
            "workspace": reference("Workspace", &world.workspaces[project.workspace]),
            "owner": reference("User", &world.principals[project.owner]),
        });
        all.push(json!({"uid": uid("Project", &project.id), "attrs": attrs, "parents": []}));
    }
    Value::Array(all)
}
