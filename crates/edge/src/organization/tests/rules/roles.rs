//! Rules whose roles go: they give way to the role that takes their place, or are listed as being for one that is gone.

use serde_json::{Value, json};

use super::super::{Acme, BEN, CAT, consistency::BOUND_MS, id, lockstep, refused};
use super::{allow, deny, listed};
use crate::{
    objects::Class,
    sql::Sql,
    testing::{json, text},
};

/// A role made of Viewer.
fn own(acme: &Acme, name: &str) -> String {
    let role = json!({ "name": name, "base": "viewer" });
    id(&acme.post(&acme.ada, "/roles", &role))
}

#[test]
fn rules_name_the_role_that_takes_the_place_of_one_that_is_deleted() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    let [old, new] = ["Old", "New"].map(|name| own(&acme, name));
    acme.grant(&north, BEN, &old);
    let given = acme.rule(&allow(&[&old, "editor"], &["data.annotate"]));
    let taken = acme.rule(&deny(&[&old, &new], &["run.read"]));
    let other = acme.rule(&deny(&["editor"], &["run.read"]));
    let before = listed(&acme);
    let gone = format!("/roles/{old}");

    // Without another role a deny rule would be for nobody, or for everybody.
    let answer = acme.delete(&acme.ada, &gone);
    refused(&answer, 409, "conflict");
    let preview = json!({ "role": old });
    refused(
        &acme.post(&acme.ada, "/roles/preview", &preview),
        409,
        "conflict",
    );
    assert_eq!(listed(&acme), before);
    let preview = json!({ "role": old, "reassign": new });
    let preview = json(&acme.post(&acme.ada, "/roles/preview", &preview));
    assert_eq!(preview["changes"], json!([]), "the rules go with it");

    let reassign = format!("reassign={new}");
    let deleted = acme.delete_with(&acme.ada, &gone, &reassign);
    assert_eq!(deleted.status, 204, "{}", text(&deleted));
    acme.world.clock.advance_ms(BOUND_MS);
    let roles = |path: &str| json(&acme.get(&acme.ada, path))["roles"].clone();
    let mut both = vec![new.as_str(), "editor"];
    both.sort_unstable();
    assert_eq!(roles(&given), json!(both));
    assert_eq!(roles(&taken), json!([new]));
    assert_eq!(roles(&other), json!(["editor"]));
    assert!(acme.may_in(&ben, "data.annotate", &north));
    assert!(!acme.may_in(&ben, "run.read", &north));
    assert!(listed(&acme).to_string().find("gone_roles").is_none());
}

/// Whoever has the role that comes in its place need not have had it.
#[test]
fn the_preview_of_a_deleted_role_shows_whom_its_rules_come_to_reach() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let north = acme.workspace("North");
    acme.grant(&north, BEN, "viewer");
    let old = own(&acme, "Old");
    acme.rule(&allow(&[&old], &["data.annotate"]));
    let preview = json!({ "role": old, "reassign": "viewer" });
    let preview = json(&acme.post(&acme.ada, "/roles/preview", &preview));
    let ben = json!(acme.user(BEN));
    let changes = preview["changes"].as_array().unwrap();
    let reached: Vec<_> = changes
        .iter()
        .map(|change| (&change["principal"], &change["permission"]))
        .collect();
    assert_eq!(reached, [(&ben, &json!("data.annotate"))], "{preview}");
    assert_eq!(preview["holders"], 1);
}

#[test]
fn an_allow_rule_for_a_role_that_was_deleted_gives_nothing_and_says_so() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    let old = own(&acme, "Old");
    acme.grant(&north, BEN, &old);
    let given = acme.rule(&allow(&[&old], &["data.annotate"]));
    assert!(acme.may_in(&ben, "data.annotate", &north));
    let deleted = acme.delete(&acme.ada, &format!("/roles/{old}"));
    assert_eq!(deleted.status, 204, "{}", text(&deleted));
    acme.grant(&north, BEN, "viewer");
    acme.world.clock.advance_ms(BOUND_MS);
    // For nobody, and not for everybody.
    assert!(!acme.may_in(&ben, "data.annotate", &north));
    assert!(acme.may_in(&ben, "data.read", &north));
    let rule = json(&acme.get(&acme.ada, &given));
    assert_eq!(
        (&rule["roles"], &rule["gone_roles"]),
        (&json!([old]), &json!([old]))
    );
    // It is edited only into one that is right.
    let because = json!({ "because": "No." });
    refused(
        &acme.patch(&acme.ada, &given, &because),
        400,
        "invalid-value",
    );
    let viewers = json!({ "roles": ["viewer"] });
    assert_eq!(acme.patch(&acme.ada, &given, &viewers).status, 200);
    acme.world.clock.advance_ms(BOUND_MS);
    assert!(acme.may_in(&ben, "data.annotate", &north));
}

/// As after an update of the policy that has a role no longer.
#[test]
fn a_deny_rule_for_a_role_that_the_policy_has_no_longer_binds_everybody_until_it_is_mended() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    acme.grant(&north, BEN, "viewer");
    let path = acme.rule(&deny(&["annotator"], &["data.read", "data.delete"]));
    acme.world.clock.advance_ms(BOUND_MS);
    assert!(acme.may_in(&ben, "data.read", &north));
    let sql = acme.world.objects.database(Class::Organization, &acme.id);
    let sql: &dyn Sql = &*sql.unwrap();
    let rename = "UPDATE custom_role SET definition = REPLACE(definition, 'annotator', 'tagger')";
    sql.exec(rename, &[]).unwrap();
    acme.world.edge.grants.forget();
    // Whatever changes next publishes it; the value in KV is of before.
    acme.rule(&allow(&["viewer"], &["run.read"]));
    acme.world.clock.advance_ms(BOUND_MS);
    for session in [&ben, &acme.ada] {
        assert!(!acme.may_in(session, "data.read", &north));
        assert!(!acme.may_in(session, "data.delete", &north));
        assert!(acme.may_in(session, "run.read", &north));
    }
    let rule: Value = json(&acme.get(&acme.ada, &path));
    assert_eq!(rule["gone_roles"], json!(["tagger"]));
    // A copy of the organization denies the same to everybody.
    let file = json(&acme.get(&acme.ada, "/export"));
    let denying = file["rules"].as_array().unwrap().iter();
    let mut denying = denying.filter(|rule| rule["effect"] == "deny");
    let rule = denying.next().expect("the rule is in the file");
    assert!(rule.get("roles").is_none_or(|roles| *roles == json!([])));
    assert_eq!(
        acme.patch(&acme.ada, &path, &json!({ "roles": ["editor"] }))
            .status,
        200
    );
    acme.world.clock.advance_ms(BOUND_MS);
    assert!(acme.may_in(&ben, "data.read", &north));
    assert!(acme.may_in(&acme.ada, "data.delete", &north));
}

#[test]
fn law_5_who_deletes_a_role_changes_only_rules_that_they_may_change() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    acme.joined(CAT, "member");
    let [old, new] = ["Old", "New"].map(|name| own(&acme, name));
    // What an Owner gives to one role an Admin does not give to another one.
    acme.rule(&allow(&[&old], &["billing.manage"]));
    let before = listed(&acme);
    let gone = format!("/roles/{old}");
    for to in [new.as_str(), "editor"] {
        let answer = acme.delete_with(&ben, &gone, &format!("reassign={to}"));
        refused(&answer, 403, "exceeds-grantor");
    }
    assert_eq!(listed(&acme), before);
    assert_eq!(acme.delete(&ben, &gone).status, 204);
    assert_eq!(listed(&acme)[0]["gone_roles"], json!([old]));
}
