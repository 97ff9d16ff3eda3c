//! regorus with its register machine, inputs made before the clock runs.

use lockstep_bench::{Question, ROLES, World};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::{Engine, Value};
use serde_json::{Map, json};

const RULE: &str = "data.bench.allow";

pub struct Rego(RegoVM);

impl Rego {
    pub fn new(world: &World) -> Self {
        let data: Value = data(world).to_string().parse_json();
        let mut engine = Engine::new();
        let policy = include_str!("../../policies/world.rego");
        engine
            .add_policy("world.rego".into(), policy.into())
            .expect("the policy");
        engine.add_data(data.clone()).expect("the data");
        let compiled = engine
            .compile_with_entrypoint(&RULE.into())
            .expect("the rule");
        let program = Compiler::compile_from_policy(&compiled, &[RULE]).expect("the program");
        let mut machine = RegoVM::new();
        machine.load_program(program);
        machine.set_data(data).expect("the data");
        Self(machine)
    }

    pub fn input(&self, world: &World, question: Question) -> Value {
        json!({
            "principal": world.principals[question.principal],
            "permission": world.permissions[question.permission],
            "project": world.projects[question.project].id,
        })
        .to_string()
        .parse_json()
    }

    pub fn allows(&mut self, input: &Value) -> bool {
        self.0.set_input(input.clone());
        self.0.execute().expect("an answer") == Value::Bool(true)
    }
}

trait ParseJson {
    fn parse_json(&self) -> Value;
}

impl ParseJson for String {
    fn parse_json(&self) -> Value {
        Value::from_json_str(self).expect("JSON")
    }
}

fn data(world: &World) -> serde_json::Value {
    let set = |ids: &[String]| -> Map<String, serde_json::Value> {
        ids.iter().map(|id| (id.clone(), json!(true))).collect()
    };
    let roles: Map<_, _> = (0..)
        .zip(ROLES)
        .map(|(role, (id, _))| {
            let held = set(&world.permissions[..world.held(role)]);
            (id.to_string(), json!(held))
        })
        .collect();
    let projects: Map<_, _> = world
        .projects
        .iter()
        .map(|project| {
            let workspace = &world.workspaces[project.workspace];
            let owner = &world.principals[project.owner];
            (
                project.id.clone(),
                json!({"workspace": workspace, "owner": owner}),
            )
        })
        .collect();
    let numbered = || world.principals.iter().enumerate();
    let grants: Map<_, _> = numbered()
        .map(|(number, id)| {
            let roles: Map<_, _> = (0..)
                .zip(&world.workspaces)
                .filter_map(|(workspace, name)| {
                    let (role, _) = ROLES[world.role(number, workspace)?];
                    Some((name.clone(), json!(role)))
                })
                .collect();
            (id.clone(), json!(roles))
        })
        .collect();
    let admins: Map<_, _> = numbered()
        .filter(|(number, _)| world.is_admin(*number))
        .map(|(_, id)| (id.clone(), json!(true)))
        .collect();
    json!({"roles": roles, "projects": projects, "grants": grants, "admins": admins})
}
