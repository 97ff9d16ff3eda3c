//! What an organization added to its policy and the policy would not take today comes into a copy as it is held, or not at all.

use super::*;
use crate::organization::tests::{
    consistency::BOUND_MS,
    roles::{BLIND, blind_editor},
};

fn deny(roles: &[&str], permissions: &[&str]) -> Value {
    json!({ "effect": "deny", "roles": roles, "permissions": permissions })
}

/// What is exported of it is imported, and exported again as it was.
fn travels(acme: Acme) -> Value {
    let file = json(&exported(&acme));
    let (copy, _) = acme.imported(&file);
    assert_eq!(json(&exported(&copy)), that_travels(&file));
    file
}

/// As after an update of the policy, by which what the role keeps comes with what it drops.
#[test]
fn an_own_role_that_may_no_longer_be_saved_is_exported_as_it_is_held() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    acme.grant(&north, BEN, &blind_editor(&acme));
    let drops = r#"UPDATE custom_role SET definition = json_set(definition, '$.without', json('["data.read"]')) || ''"#;
    acme.execute(drops);
    // Whatever changes next publishes it; the value in KV is of before.
    acme.world.edge.grants.forget();
    acme.rule(&deny(&["viewer"], &["run.create"]));
    acme.world.clock.advance_ms(BOUND_MS);
    assert!(acme.may_in(&ben, "run.read", &north));
    assert!(!acme.may_in(&ben, "data.annotate", &north));
    let file = travels(acme);
    let mut without = BLIND.to_vec();
    without.sort_unstable();
    assert_eq!(
        file["roles"],
        json!([{ "key": "role/1", "name": "Blind", "base": "editor", "without": without }])
    );
}

/// As after an update of the policy.
#[test]
fn what_of_a_rule_may_no_longer_be_saved_is_in_no_file() {
    let acme = lockstep("");
    let when = |role: &str| json!({ "fact": "target.role", "equals": role });
    let tags = json!({ "fact": "resource.tags.env", "equals": "prod" });
    let rules = [
        deny(&["viewer"], &["data.export", "data.share"]),
        deny(&["viewer"], &["run.read"]),
        json!({
            "effect": "deny", "roles": ["viewer"], "permissions": ["data.delete"],
            "when": [when("annotator"), tags],
        }),
        json!({
            "effect": "allow", "roles": ["viewer"], "permissions": ["data.annotate"],
            "when": [when("annotator")],
        }),
    ];
    for rule in &rules {
        acme.rule(rule);
    }
    for (old, new) in [
        ("data.share", "own-token.manage"),
        ("run.read", "rule.read"),
        ("annotator", "tagger"),
    ] {
        acme.execute(&format!(
            "UPDATE custom_role SET definition = REPLACE(definition, '\"{old}\"', '\"{new}\"')"
        ));
    }
    let file = travels(acme);
    let mut bound = deny(&["viewer"], &["data.delete"]);
    bound["when"] = json!([tags]);
    assert_eq!(
        file["rules"],
        json!([deny(&["viewer"], &["data.export"]), bound])
    );
}

/// They are made one after the other, as they were not when some of them were edited since.
#[test]
fn rules_are_imported_in_an_order_in_which_they_can_be_made() {
    let acme = lockstep("");
    let north = acme.workspace("North");
    acme.rule(&deny(&["editor"], &["data.share"]));
    acme.rule(&deny(&["viewer"], &["data.share"]));
    // What who imports has on a workspace binds them, too.
    acme.grant(&north, ADA, "editor");
    let edited = acme.rule(&deny(&["owner"], &["data.export"]));
    let given =
        json!({ "effect": "allow", "roles": ["restricted"], "permissions": ["data.delete"] });
    acme.rule(&given);
    acme.rule(&deny(&["member"], &["data.delete"]));
    let change = json!({ "permissions": ["data.delete"] });
    let changed = acme.patch(&acme.ada, &edited, &change);
    assert_eq!(changed.status, 200, "{}", text(&changed));
    let file = travels(acme);
    let rules = file["rules"].as_array().unwrap();
    let of: Vec<&Value> = rules.iter().map(|rule| &rule["roles"][0]).collect();
    assert_eq!(of, ["restricted", "editor", "viewer", "member", "owner"]);
}
