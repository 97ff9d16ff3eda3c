//! The workspace that a plan of one comes with: whoever has such a plan could make none.

use serde_json::{Value, json};

use super::{Acme, acme};
use crate::testing::{json, text};

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
