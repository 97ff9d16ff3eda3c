//! A plan of an organization in which it changes more than fits into memory.

use serde_json::json;

use super::{super::refused, acme};
use crate::{
    http::Method,
    objects::Class,
    sql::Sql,
    testing::{json, text},
};

/// A plan that makes others of everybody's roles changes half a million things there. No more is listed or
/// kept than an answer holds, and all of it is what the preview names.
#[test]
fn a_plan_preview_of_a_hundred_people_and_two_hundred_projects_stays_small() {
    let acme = acme("lockstep");
    let workspace = acme.workspace("W").replace("/workspaces/", "");
    let objects = &acme.world.objects;
    let sql = objects.database(Class::Organization, &acme.id).unwrap();
    let sql: &dyn Sql = &*sql;
    let numbers =
        "WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < 200)";
    for rows in [
        "INSERT INTO node (id, level, parent, position)
            SELECT 'prj_' || at, 'project', ?, 1000 + at FROM n",
        "INSERT INTO member (user, joined_at_ms, epoch)
            SELECT 'usr_' || at, 1900000000000 + at, 1 FROM n WHERE at < 100 AND ? <> ''",
        "INSERT INTO granted (user, node, role)
            SELECT 'usr_' || at, ?, 'viewer' FROM n WHERE at < 100",
    ] {
        sql.exec(&format!("{numbers} {rows}"), &[(&*workspace).into()])
            .unwrap();
    }
    let grant = "INSERT INTO granted (user, node, role)
        SELECT user, ?, 'member' FROM granted WHERE role = 'viewer'";
    sql.exec(grant, &[(&*acme.id).into()]).unwrap();
    // It has more workspaces and seats than that plan gives.
    sql.exec("UPDATE organization SET plan = 'basic'", &[])
        .unwrap();

    let preview = acme.operator(Method::Post, "/preview", &json!({ "plan": "full" }));
    assert!(text(&preview).len() < 300_000, "{}", text(&preview).len());
    let preview = json(&preview);
    assert!(
        preview["changes_total"].as_u64() > Some(400_000),
        "{}",
        preview["changes_total"]
    );
    assert_eq!(preview["changes"].as_array().unwrap().len(), 1_000);
    // What changes for the last of them is not listed, and is looked at again all the same.
    let last = "UPDATE granted SET role = 'editor' WHERE user = 'usr_99' AND role = 'viewer'";
    sql.exec(last, &[]).unwrap();
    refused(&acme.set_plan("full", &preview), 412, "precondition-failed");
    let again = acme.give("full");
    assert_eq!(again["changes"], preview["changes"]);
}
