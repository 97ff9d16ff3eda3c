//! The policy that README.md shows is one under which a team works.

use std::rc::Rc;

use serde_json::json;

use super::{Acme, BEN, CAT, refused};
use crate::testing::{World, config};

const README: &str = include_str!("../../../../../README.md");

#[test]
fn a_team_works_under_the_policy_that_is_shown() {
    let shown = README.split("```toml\n").nth(1).unwrap();
    let shown = shown.split("```").next().unwrap();
    let mut config = config(&[]);
    config.policy = Rc::new(lockstep_wire::compile_toml(shown).unwrap());
    let acme = Acme::in_world(World::of(config));
    let ben = acme.joined(BEN, "member");
    acme.joined(CAT, "member");
    for session in [&acme.ada, &ben] {
        for rest in ["", "/members", "/invitations"] {
            assert_eq!(acme.get(session, rest).status, 200, "{rest}");
        }
    }
    let invite = json!({ "email": "dan@example.com", "role": "member" });
    refused(&acme.post(&ben, "/invitations", &invite), 403, "no-grant");
    assert_eq!(acme.post(&acme.ada, "/invitations", &invite).status, 201);
    refused(&acme.delete(&ben, &acme.member(CAT)), 403, "no-grant");
    assert_eq!(acme.delete(&acme.ada, &acme.member(CAT)).status, 204);
}
