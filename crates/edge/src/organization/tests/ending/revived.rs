//! Whoever brings an organization back hands out anew all that comes back (law 5), and was an admin that counted (law 7).

use super::{
    super::{Acme, BEN, allow, id, lockstep, lockstep_with, refused},
    *,
};

/// What nobody but who made a project holds on it, nor any Admin anywhere; what Editors hold.
const RARE: &str = "data.create";

/// Where Admins delete and restore, and whoever creates an organization is one of them. No Admin holds [`RARE`].
fn of_equals() -> (Acme, String) {
    let acme = lockstep_with(|policy| {
        policy.creator = Some("admin".to_owned());
        allow(policy, "organization.delete", &["admin"]);
        allow(policy, RARE, &["editor"]);
    });
    let ben = acme.joined(BEN, "admin");
    (acme, ben)
}

/// Ada deletes it, and Ben would have it back.
fn revived_by(acme: &Acme, ben: &str) -> Response {
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    acme.world.settle();
    acme.restore(ben)
}

#[test]
fn law_7_who_was_no_admin_that_counts_brings_no_organization_back() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "owner");
    acme.let_end(BEN);
    let refusal = revived_by(&acme, &ben);
    refused(&refusal, 403, "no-grant");
    assert!(text(&refusal).contains("takes an admin"));
    // Nothing else was in the way.
    acme.execute("UPDATE granted SET expires_at_ms = NULL");
    assert_eq!(acme.restore(&ben).status, 200);
}

#[test]
fn law_5_who_brings_an_organization_back_holds_every_role_in_it() {
    let acme = lockstep_with(|policy| allow(policy, "organization.delete", &["admin"]));
    let ben = acme.joined(BEN, "admin");
    refused(&revived_by(&acme, &ben), 403, "exceeds-grantor");
    assert_eq!(acme.restore(&acme.ada).status, 200);
    // Where there is nobody but Admins, each of them brings it back.
    let (acme, ben) = of_equals();
    assert_eq!(revived_by(&acme, &ben).status, 200);
}

#[test]
fn law_5_who_brings_an_organization_back_holds_what_its_groups_give() {
    let (acme, ben) = of_equals();
    let north = acme.workspace("North").replace("/workspaces/", "");
    let crew = id(&acme.post(&acme.ada, "/groups", &json!({ "name": "Crew" })));
    acme.execute(&format!(
        "INSERT INTO group_granted (access_group, node, role) VALUES ('{crew}', '{north}', 'editor')"
    ));
    refused(&revived_by(&acme, &ben), 403, "exceeds-grantor");
    acme.execute("DELETE FROM group_granted");
    assert_eq!(acme.restore(&ben).status, 200);
}

#[test]
fn law_5_who_brings_an_organization_back_holds_what_the_owners_of_projects_do() {
    let (acme, ben) = of_equals();
    let north = acme.workspace("North").replace("/workspaces/", "");
    let bridge = json!({ "name": "Bridge", "workspace": north });
    let created = acme.post(&acme.ada, "/projects", &bridge);
    assert_eq!(created.status, 201, "{}", text(&created));
    refused(&revived_by(&acme, &ben), 403, "exceeds-grantor");
    assert_eq!(acme.restore(&acme.ada).status, 200, "it is hers");
}
