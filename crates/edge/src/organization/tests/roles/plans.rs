//! A plan without own roles: those that are there get narrower and go, and nothing is added (threat M10).

use super::*;
use crate::{organization::tests::plans::KEY, testing::World};

#[test]
fn m10_own_roles_get_narrower_and_go_under_a_plan_that_has_none() {
    let vars = [
        ("LOCKSTEP_POLICY", "lockstep"),
        ("LOCKSTEP_OPERATOR_KEY", KEY),
    ];
    let acme = Acme::in_world(World::with_vars(&vars));
    let role = |name: &str| {
        let body = json!({ "name": name, "base": "viewer", "with": ["data.update", "run.create"], "without": ["group.read"] });
        let made = acme.post(&acme.ada, "/roles", &body);
        assert_eq!(made.status, 201, "{}", text(&made));
        id(&made)
    };
    let (one, other) = (role("One"), role("Other"));
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    acme.grant(&north, BEN, &one);
    acme.give("basic");
    let path = format!("/roles/{one}");
    let with = |ids: &[&str], without: &[&str]| json!({ "with": ids, "without": without });
    let edit = |body: &Value| acme.patch(&acme.ada, &path, body);
    for wider in [
        with(
            &["data.update", "run.create", "data.delete"],
            &["group.read"],
        ),
        with(&["data.update", "run.create"], &[]),
        with(&["data.update", "data.delete"], &["group.read"]),
    ] {
        refused(&edit(&wider), 403, "plan");
    }
    let body = json!({ "name": "Third", "base": "viewer" });
    refused(&acme.post(&acme.ada, "/roles", &body), 403, "plan");
    let narrower = edit(&with(&["run.create"], &["group.read", "data.read"]));
    assert_eq!(narrower.status, 200, "{}", text(&narrower));
    assert_eq!(json(&narrower)["with"], json!(["run.create"]));
    // Others may not, whatever the plan has.
    refused(&acme.delete(&ben, &path), 403, "no-grant");
    let preview = acme.post(&acme.ada, "/roles/preview", &json!({ "role": one }));
    assert_eq!(preview.status, 200, "{}", text(&preview));
    let moved = acme.delete_with(&acme.ada, &path, "reassign=viewer");
    assert_eq!(moved.status, 204, "{}", text(&moved));
    let deleted = acme.delete(&acme.ada, &format!("/roles/{other}"));
    assert_eq!(deleted.status, 204, "{}", text(&deleted));
}
