//! regorus with its register machine, for JavaScript: one policy, one document of data, questions in
//! three strings.
//!
//! A benchmark that cannot run should say so at once: it panics.

use std::collections::BTreeMap;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::{Engine, Value};
use wasm_bindgen::prelude::wasm_bindgen;

const RULE: &str = "data.bench.allow";

#[wasm_bindgen]
pub struct Rego(RegoVM);

#[wasm_bindgen]
impl Rego {
    /// Compiles the policy; `data` is JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(policy: &str, data: &str) -> Self {
        let data = Value::from_json_str(data).expect("JSON");
        let mut engine = Engine::new();
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

    pub fn can(&mut self, principal: &str, permission: &str, project: &str) -> bool {
        let input = [
            ("principal", principal),
            ("permission", permission),
            ("project", project),
        ];
        let input: BTreeMap<Value, Value> = input
            .map(|(name, value)| (name.into(), value.into()))
            .into();
        self.0.set_input(input.into());
        self.0.execute().expect("an answer") == Value::Bool(true)
    }
}
