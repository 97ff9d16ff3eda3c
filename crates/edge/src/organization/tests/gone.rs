//! What still names a workspace that is gone gives nothing to anybody, and is in nobody's way.

use serde_json::json;

use super::{Acme, BEN, id, issuers::Idp, lockstep, refused, service_accounts};
use crate::testing::text;

impl Acme {
    /// Lets whoever is called `user` be an Editor of a workspace that is not there.
    fn grant_on_nothing(&self, user: &str) {
        self.execute(&format!(
            "INSERT INTO granted (user, node, role) VALUES ('{user}', 'wsp_gone', 'editor')"
        ));
    }

    /// The path of a group of the organization that is an Editor of a workspace that is not there.
    fn group_of_nothing(&self) -> String {
        let crew = id(&self.post(&self.ada, "/groups", &json!({ "name": "Crew" })));
        self.execute(&format!(
            "INSERT INTO group_granted (access_group, node, role) VALUES ('{crew}', 'wsp_gone', 'editor')"
        ));
        format!("/groups/{crew}")
    }
}

#[test]
fn a_group_is_entered_left_and_deleted() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let crew = acme.group_of_nothing();
    let ben = format!("{crew}{}", acme.member(BEN));
    let entered = acme.put(&acme.ada, &ben, &json!({}));
    assert_eq!(entered.status, 200, "{}", text(&entered));
    let left = acme.delete(&acme.ada, &ben);
    assert_eq!(left.status, 200, "{}", text(&left));
    let deleted = acme.delete(&acme.ada, &crew);
    assert_eq!(deleted.status, 204, "{}", text(&deleted));
}

#[test]
fn a_suspension_ends() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    acme.grant_on_nothing(&acme.user(BEN));
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    let ended = acme.delete(&acme.ada, &suspension);
    assert_eq!(ended.status, 200, "{}", text(&ended));
}

#[test]
fn an_issuer_gets_other_keys() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    acme.joined(BEN, "member");
    let user = acme.user(BEN);
    acme.execute(&format!(
        "UPDATE member SET issuer = '{}', subject = 'ben' WHERE user = '{user}'",
        idp.name
    ));
    acme.grant_on_nothing(&user);
    let keys = json!({ "record": Idp::named(2, &idp.name).record() });
    let saved = acme.patch(&acme.ada, &path, &keys);
    assert_eq!(saved.status, 200, "{}", text(&saved));
}

#[test]
fn a_key_is_made_and_one_for_that_workspace_is_rotated() {
    let acme = service_accounts::lockstep();
    let account = acme.account(&[json!({ "role": "owner" })]);
    acme.grant_on_nothing(account.rsplit('/').next().unwrap());
    acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let here = json!({ "name": "ci", "node": "ws_1" });
    let (path, _) = acme.key(&acme.ada, &account, &here);
    // The account is an Owner, which the Admin who rotates the key is not: it gives nothing any more.
    let ben = acme.joined(BEN, "admin");
    let rotate = || acme.post(&ben, &format!("{path}/rotate"), &json!({}));
    refused(&rotate(), 403, "exceeds-grantor");
    acme.execute("DELETE FROM node WHERE id = 'ws_1'");
    let rotated = rotate();
    assert_eq!(rotated.status, 200, "{}", text(&rotated));
}

#[test]
fn an_organization_is_brought_back() {
    let acme = lockstep("");
    acme.group_of_nothing();
    acme.joined(BEN, "member");
    acme.grant_on_nothing(&acme.user(BEN));
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    acme.world.settle();
    let restored = acme.post(&acme.ada, "/restore", &json!({}));
    assert_eq!(restored.status, 200, "{}", text(&restored));
}
