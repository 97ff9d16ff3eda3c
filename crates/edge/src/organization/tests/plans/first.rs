//! The workspace that a plan of one comes with: whoever has such a plan could make none.

use std::rc::Rc;

use lockstep_wire::CompiledPolicy;
use serde_json::{Value, json};

use super::{super::import::file_of, ADA, Acme, acme, refused};
use crate::testing::{World, config, json, text};

fn workspaces(acme: &Acme) -> Vec<Value> {
    let list = json(&acme.get(&acme.ada, "/workspaces"));
    list["workspaces"].as_array().unwrap().clone()
}

#[test]
fn who_gets_a_plan_of_one_workspace_and_has_none_gets_it_with_the_plan() {
    for (policy, plan) in [("langsmith", "single-workspace"), ("lockstep", "basic")] {
        let acme = acme(policy);
        assert!(workspaces(&acme).is_empty());
        let preview = acme.preview(plan);
        assert_eq!(preview["plan"]["workspaces_taken"], 0);
        let set = acme.set_plan(plan, &preview);
        assert_eq!(set.status, 200, "{}", text(&set));
        assert_eq!(json(&set)["workspaces_taken"], 1);
        let made = workspaces(&acme);
        assert_eq!(made.len(), 1, "{policy}");
        assert_eq!(made[0]["name"], "Workspace 1");
        let path = format!("/workspaces/{}", made[0]["id"].as_str().unwrap());
        let renamed = acme.patch(&acme.ada, &path, &json!({ "name": "North" }));
        assert_eq!(renamed.status, 200, "{}", text(&renamed));
        // There is no second one by the next plan of one.
        acme.give(plan);
        assert_eq!(workspaces(&acme).len(), 1);
    }
}

/// A deployment whose plan is one of one workspace, until the operator says otherwise.
fn of_one_workspace() -> Acme {
    let mut config = config(&[("LOCKSTEP_POLICY", "langsmith")]);
    let mut document = config.policy.document.clone();
    document.plan.default = Some("single-workspace".to_owned());
    let document = serde_json::to_string(&document).unwrap();
    config.policy = Rc::new(CompiledPolicy::from_json(&document).unwrap());
    Acme::in_world(World::of(config))
}

#[test]
fn a_file_names_the_only_workspace_of_such_a_plan() {
    let acme = of_one_workspace();
    let mut file = file_of("langsmith", &[]);
    let named = |names: &[&str]| -> Value {
        let node = |(at, name): (usize, &&str)| json!({ "key": format!("workspace/{}", at + 1), "name": name, "archived": false, "settings": {} });
        names.iter().enumerate().map(node).collect()
    };
    file["workspaces"] = named(&["North", "South"]);
    refused(&acme.import(&acme.ada, &file), 403, "plan");
    for (names, expected) in [(&["North"][..], "North"), (&[], "Workspace 1")] {
        file["workspaces"] = named(names);
        let (copy, _) = of_one_workspace().imported(&file);
        let there = workspaces(&copy);
        assert_eq!(there.len(), 1);
        assert_eq!(there[0]["name"], *expected);
    }
    assert_eq!(acme.members()[0].0, ADA);
}
