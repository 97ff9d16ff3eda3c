//! Readers of before there were rules, as they were: none of them reads on past a deny rule.

use lockstep_wire::{CustomRoleRecord, RuleDocument};
use serde::Deserialize;

use super::super::{Acme, lockstep};
use super::{allow, deny};
use crate::{
    objects::Class,
    organization::{StoredRoles, roles_key},
    sql::{Row, Sql},
};

/// What an isolate read from KV, and was answered by the object, before there were rules: a member that it did not know
/// it left alone.
#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read for its form")]
struct RolesOfBefore {
    key: String,
    epoch: i64,
    digest: String,
    roles: Vec<CustomRoleRecord>,
}

/// What was read of each row before, whatever was decided: an organization's record had no other way to be made.
fn row_of_before(row: &Row) -> Result<CustomRoleRecord, serde_json::Error> {
    serde_json::from_slice(row.text("definition").unwrap().as_bytes())
}

fn rows(acme: &Acme) -> Vec<Row> {
    let sql = acme.world.objects.database(Class::Organization, &acme.id);
    let sql: &dyn Sql = &*sql.unwrap();
    let select = "SELECT definition FROM custom_role ORDER BY created_at_ms, rowid";
    sql.exec(select, &[]).unwrap()
}

/// The organization's value in KV.
fn value(acme: &Acme) -> String {
    acme.world.clock.advance_ms(2_000);
    acme.world.settle();
    let puts = acme.world.kv.puts.borrow();
    let key = roles_key(&acme.id);
    let (_, value) = puts.iter().rfind(|(put, _)| *put == key).unwrap();
    value.clone()
}

#[test]
fn an_object_of_before_reads_no_record_of_an_organization_with_rules() {
    let acme = lockstep("");
    super::super::roles::blind_editor(&acme);
    assert!(rows(&acme).iter().all(|row| row_of_before(row).is_ok()));
    let path = acme.rule(&allow(&["viewer"], &["run.read"]));
    assert!(rows(&acme).iter().any(|row| row_of_before(row).is_err()));
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    assert!(rows(&acme).iter().all(|row| row_of_before(row).is_ok()));
}

#[test]
fn an_isolate_of_before_reads_no_roles_under_a_deny_rule() {
    let acme = lockstep("");
    super::super::roles::blind_editor(&acme);
    let read = |text: &str| serde_json::from_str::<RolesOfBefore>(text).is_ok();
    assert!(read(&value(&acme)));
    // What it overlooks of an allow rule it denies.
    acme.rule(&allow(&["viewer"], &["run.create"]));
    assert!(read(&value(&acme)));
    let path = acme.rule(&deny(&["viewer"], &["run.read"]));
    let denying = value(&acme);
    assert!(!read(&denying), "{denying}");
    let stored: StoredRoles = serde_json::from_str(&denying).unwrap();
    assert_eq!((stored.roles.len(), stored.rules.len()), (1, 2));
    // The object's own answer has the same form, and a value with both or none of the two is none of ours.
    assert_eq!(serde_json::to_string(&stored).unwrap(), denying);
    for broken in [
        denying.replace("roles_under_rules", "other"),
        denying.replace("\"rules\":[", "\"roles\":[],\"rules\":["),
    ] {
        assert!(
            serde_json::from_str::<StoredRoles>(&broken).is_err(),
            "{broken}"
        );
    }
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    assert!(read(&value(&acme)));
}

/// What an organization has said yes to is no row, so an object of before goes on.
#[test]
fn the_word_on_who_invites_keeps_the_form_that_it_had() {
    let acme = lockstep("");
    let body = serde_json::json!({ "workspace_admins_invite": true });
    assert_eq!(acme.patch(&acme.ada, "", &body).status, 200);
    assert_eq!(rows(&acme).len(), 0);
    let value: serde_json::Value = serde_json::from_str(&value(&acme)).unwrap();
    assert_eq!(value["roles"], serde_json::json!([]));
    let rules: Vec<RuleDocument> = serde_json::from_value(value["rules"].clone()).unwrap();
    assert_eq!(rules.len(), 1);
}
