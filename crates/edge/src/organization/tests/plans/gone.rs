//! A plan that an organization was given under a policy that offered it, and has under the next one.

use serde_json::{Value, json};

use super::{Acme, BEN, acme, refused};
use crate::{http::Method, testing::json};

/// An organization with the smallest plan that `lockstep` has: its one seat and its one workspace are taken.
fn small() -> Acme {
    let acme = acme("lockstep");
    acme.give("personal");
    assert_eq!(acme.plan()["id"], "personal");
    acme
}

fn features(acme: &Acme) -> Value {
    json(&acme.get(&acme.ada, "/snapshot"))["plan"].clone()
}

#[test]
fn where_the_policy_offers_no_plans_none_counts() {
    let small = small();
    assert_eq!(features(&small), Value::Null);
    let later = small.under_changed(|mut policy| {
        let plan = policy["plan"].as_object_mut().unwrap();
        plan.retain(|member, _| !["offers", "default", "personal"].contains(&member.as_str()));
        policy
    });
    let plan = later.plan();
    assert_eq!(
        plan,
        json!({ "features": plan["features"], "seats_taken": 1, "workspaces_taken": 1 }),
        "as of an organization that was never given one"
    );
    let all = json!(["invitations", "several-workspaces", "custom-roles", "sso"]);
    assert_eq!((&plan["features"], features(&later)), (&all, all.clone()));
    assert!(later.may(&later.ada, "sso.manage"));
    later.workspace("South");
    later.joined(BEN, "member");
    // There is nothing to give.
    let body = json!({ "plan": "personal" });
    let preview = later.operator(Method::Post, "/preview", &body);
    refused(&preview, 400, "invalid-value");
}

#[test]
fn where_the_policy_offers_others_it_gives_nothing_until_the_operator_gives_one() {
    let small = small();
    let invitation = {
        small.give("full");
        let invitation = small.invited(BEN, "member");
        small.give("personal");
        invitation
    };
    let later = small.under_changed(|mut policy| {
        let offers = policy["plan"]["offers"].as_object_mut().unwrap();
        offers.remove("personal").unwrap();
        policy
    });
    let plan = later.plan();
    assert_eq!(
        [&plan["id"], &plan["seats"], &plan["workspaces"]],
        [&json!("personal"), &json!(0), &json!(0)]
    );
    assert_eq!(features(&later), Value::Null);
    let ben = later.world.sign_in(BEN);
    // Who invited him has no plan by which they could.
    let accepted = later.accept(&ben, &invitation);
    refused(&accepted, 409, "invitation-void");
    let south = later.post(&later.ada, "/workspaces", &json!({ "name": "South" }));
    refused(&south, 403, "plan");

    let preview = later.give("full");
    assert_eq!(preview["plan"]["id"], "full");
    assert_eq!(later.accept(&ben, &invitation).status, 200);
    later.world.clock.advance_ms(10_000);
    assert!(later.may(&later.ada, "sso.manage"));
    later.workspace("South");
}
