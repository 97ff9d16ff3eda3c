//! Permissions that the policy has no longer: rules and roles of organizations name them for nothing, and say so.

use serde_json::{Value, json};

use super::super::{Acme, BEN, id, lockstep, plans, refused};
use super::{deny, listed};
use crate::testing::{json, text};

/// The same once `data.export` is called otherwise.
fn renamed(acme: &Acme) -> Acme {
    acme.under_changed(|policy| {
        let text = policy.to_string();
        let changed = text.replace("\"data.export\"", "\"data.takeout\"");
        assert_ne!(changed, text);
        serde_json::from_str(&changed).unwrap()
    })
}

fn roles(acme: &Acme) -> Value {
    json(&acme.get(&acme.ada, "/roles"))["roles"].clone()
}

#[test]
fn a_rule_says_which_of_its_permissions_are_gone_and_is_edited_into_one_that_is_right() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    acme.grant(&north, BEN, "editor");
    let path = acme.rule(&deny(&["editor"], &["data.export", "data.share"]));
    assert!(!acme.may_in(&ben, "data.export", &north));
    assert!(listed(&acme)[0].get("gone_permissions").is_none());

    let later = renamed(&acme);
    // It denies what it still names, and nothing that is called otherwise.
    assert!(!later.may_in(&ben, "data.share", &north));
    assert!(later.may_in(&ben, "data.takeout", &north));
    let rule = json(&later.get(&later.ada, &path));
    assert_eq!(rule["gone_permissions"], json!(["data.export"]));
    assert_eq!(rule["permissions"], json!(["data.export", "data.share"]));
    assert_eq!(listed(&later), json!([rule]));
    let because = json!({ "because": "No." });
    let answer = later.patch(&later.ada, &path, &because);
    refused(&answer, 400, "invalid-value");
    let mended = json!({ "permissions": ["data.takeout", "data.share"] });
    let mended = later.patch(&later.ada, &path, &mended);
    assert_eq!(mended.status, 200, "{}", text(&mended));
    assert!(json(&mended).get("gone_permissions").is_none());
    later.world.clock.advance_ms(10_000);
    assert!(!later.may_in(&ben, "data.takeout", &north));
}

#[test]
fn a_role_says_which_of_its_permissions_are_gone() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    let make = |body: Value| id(&acme.post(&acme.ada, "/roles", &body));
    let less = make(json!({ "name": "Less", "base": "editor", "without": ["data.export"] }));
    make(json!({ "name": "More", "base": "viewer", "with": ["data.export", "run.create"] }));
    make(json!({ "name": "Other", "base": "viewer", "with": ["run.create"] }));
    acme.grant(&north, BEN, &less);
    assert!(!acme.may_in(&ben, "data.export", &north));
    let gone = |acme: &Acme| -> Vec<Value> {
        let roles = roles(acme);
        let roles = roles.as_array().unwrap().iter();
        roles.map(|role| role["gone_permissions"].clone()).collect()
    };
    assert_eq!(gone(&acme), [Value::Null, Value::Null, Value::Null]);

    let later = renamed(&acme);
    assert!(later.may_in(&ben, "data.takeout", &north));
    let export = json!(["data.export"]);
    assert_eq!(gone(&later), [export.clone(), export, Value::Null]);
    let path = format!("/roles/{less}");
    let named = later.patch(&later.ada, &path, &json!({ "name": "Least" }));
    refused(&named, 400, "invalid-value");
    let mended = json!({ "without": ["data.takeout"] });
    let mended = later.patch(&later.ada, &path, &mended);
    assert_eq!(mended.status, 200, "{}", text(&mended));
    assert!(json(&mended).get("gone_permissions").is_none());
    later.world.clock.advance_ms(10_000);
    assert!(!later.may_in(&ben, "data.takeout", &north));
}

/// As any other role under such a plan (threat M10): what it left out by a permission that is gone it holds already.
#[test]
fn m10_a_role_with_a_permission_that_is_gone_gets_narrower_under_a_plan_without_own_roles() {
    let acme = plans::acme("lockstep");
    let body = json!({ "name": "Own", "base": "editor", "without": ["data.export", "run.create"] });
    let path = format!("/roles/{}", id(&acme.post(&acme.ada, "/roles", &body)));
    acme.give("basic");
    let later = renamed(&acme);
    let edit = |without: &[&str]| {
        let body = json!({ "without": without });
        later.patch(&later.ada, &path, &body)
    };
    refused(&edit(&[]), 403, "plan");
    refused(&edit(&["data.share"]), 403, "plan");
    let narrower = edit(&["run.create", "data.share"]);
    assert_eq!(narrower.status, 200, "{}", text(&narrower));
    // And from then on nothing that it leaves out comes back.
    refused(&edit(&["run.create"]), 403, "plan");
}
