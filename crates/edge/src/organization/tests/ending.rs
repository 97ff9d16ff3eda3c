//! The end of an organization: what is deleted answers restoring only, comes back as it was, and is gone after 30 days.

mod revived;

use serde_json::{Value, json};

use super::{ADA, Acme, BEN, CAT, lockstep, refused};
use crate::{
    edge::Clock,
    http::{Method, Request, Response},
    objects::Class,
    router::{Handler, Route},
    routes::ROUTES,
    testing::{World, json, text, write},
};

/// How long a deleted organization can be restored, in milliseconds; docs/http.md states it.
const GRACE_MS: i64 = 2_592_000_000;

impl Acme {
    fn restore(&self, session: &str) -> Response {
        self.post(session, "/restore", &json!({}))
    }

    pub(super) fn me(&self, session: &str) -> Value {
        let me = Request::new(Method::Get, "/v1/me").with_header("cookie", session);
        json(&self.world.send(&me))
    }

    /// The alarm of the organization's object rings.
    fn ring(&self) {
        self.world.ring(Class::Organization, &self.id);
    }

    fn is_stored(&self) -> bool {
        let objects = &self.world.objects;
        objects.database(Class::Organization, &self.id).is_some()
    }
}

/// An organization with an Owner, an Admin and an Editor of a workspace.
fn staffed() -> (Acme, String, String, String) {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let cat = acme.joined(CAT, "member");
    let north = acme.workspace("North");
    acme.grant(&north, CAT, "editor");
    // KV has a value of whoever was asked about.
    for session in [&acme.ada, &ben, &cat] {
        assert!(acme.may_in(session, "data.read", &north));
    }
    acme.world.settle();
    acme.world.edge.grants.forget();
    (acme, ben, cat, north)
}

#[test]
fn m9_an_organization_is_deleted_by_who_may_and_types_its_name() {
    let (acme, ben, ..) = staffed();
    refused(&acme.delete(&ben, ""), 403, "no-grant");
    for query in ["", "name=", "name=acme", "name=Acme%20", "name=Other"] {
        let answer = acme.delete_with(&acme.ada, "", query);
        refused(&answer, 400, "invalid-value");
    }
    let twice = acme.delete_with(&acme.ada, "", "name=Acme&name=Acme");
    refused(&twice, 400, "invalid-query");
    // Who may not is told so, and not whether the name is right.
    refused(&acme.delete_with(&ben, "", "name=x"), 403, "no-grant");
    assert_eq!(acme.get(&acme.ada, "").status, 200);
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    refused(&acme.get(&acme.ada, ""), 404, "not-found");
}

/// Every route of the organization with every credential that worked before.
#[test]
fn m10_a_deleted_organization_answers_nothing_but_restoring_to_any_credential() {
    let (acme, ben, cat, north) = staffed();
    let account = acme.account(&[json!({ "role": "owner" })]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let (_, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    assert!(acme.token_may(&key, "member.read") && acme.token_may(&pat, "member.read"));
    assert!(acme.may_in(&cat, "data.read", &north));
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    // Nothing that was allowed a moment ago is believed longer than that.
    acme.world.clock.advance_ms(10_000);
    let own = |route: &&Route| {
        route.pattern.starts_with("/v1/organizations/{org}")
            && !route.pattern.ends_with("/restore")
            && !matches!(route.handler, Handler::Anonymous(_) | Handler::Operator(_))
    };
    let credentials = [
        ("cookie", &acme.ada),
        ("cookie", &ben),
        ("cookie", &cat),
        ("x-api-key", &pat),
        ("x-api-key", &key),
    ];
    for route in ROUTES.iter().copied().flatten().filter(own) {
        let path = route.pattern.replace("{org}", &acme.id);
        let path = path.replace("{user}", &user(&acme, &ben));
        let path = path.replace(['{', '}'], "");
        for (header, credential) in credentials {
            let request = match route.method {
                Method::Get => Request::new(Method::Get, &path),
                method => write(method, &path, &json!({})),
            };
            let request = match (route.method, route.pattern) {
                (Method::Delete, "/v1/organizations/{org}") => request.with_query("name=Acme"),
                _ => request,
            };
            let answer = acme.world.send(&request.with_header(header, credential));
            // A body that the route would not take is refused before anybody is asked.
            let is_refused = matches!(answer.status, 400 | 401 | 404);
            assert!(
                is_refused,
                "{} {path}: {}",
                route.method.as_str(),
                text(&answer)
            );
        }
    }
    for permission in ["member.read", "member.remove"] {
        refused(&acme.evaluate(&acme.ada, permission), 404, "not-found");
    }
    refused(
        &acme.asks(&acme.world.edge, &key, "member.read"),
        401,
        "unauthenticated",
    );
}

fn user(acme: &Acme, session: &str) -> String {
    acme.me(session)["user"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn m10_kv_holds_tombstones_and_an_older_value_that_comes_late_gives_nothing() {
    let (acme, _, cat, north) = staffed();
    let key = format!("grants/{}/{}", acme.id, user(&acme, &cat));
    let puts = || acme.world.kv.puts.borrow().clone();
    let old = puts().into_iter().rfind(|put| put.0 == key).unwrap().1;
    assert!(old.contains("editor"));
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    acme.world.clock.advance_ms(1_000);
    acme.world.settle();
    let published = puts()
        .into_iter()
        .filter(|put| put.0.starts_with("grants/"));
    let newest: std::collections::BTreeMap<String, String> = published.collect();
    assert!(newest.len() >= 3);
    for (key, value) in newest {
        let value: Value = serde_json::from_str(&value).unwrap();
        assert_eq!(value["snapshot"]["grants"], json!([]), "{key}");
        assert_eq!(
            value["snapshot"]["nodes"].as_array().unwrap().len(),
            1,
            "{key}"
        );
    }
    acme.world.kv.set(&key, &old);
    acme.world.edge.grants.forget();
    refused(&acme.evaluate(&cat, "data.read"), 404, "not-found");
    // Nor after it came back and the role was taken.
    assert_eq!(acme.restore(&acme.ada).status, 200);
    let path = format!("{north}{}", acme.member(CAT));
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    acme.world.kv.set(&key, &old);
    acme.world.edge.grants.forget();
    assert!(!acme.may_in(&cat, "data.read", &north));
}

#[test]
fn what_is_restored_is_as_it_was_and_its_epoch_goes_on() {
    let (acme, ben, cat, north) = staffed();
    let account = acme.account(&[json!({ "role": "gateway" })]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let role = json!({ "name": "Own", "base": "viewer", "with": ["data.create"] });
    let role = super::id(&acme.post(&acme.ada, "/roles", &role));
    acme.grant(&north, BEN, &role);
    let invitation = acme.invited("dan@example.com", "member");
    let before = json(&acme.get(&acme.ada, ""));
    let members = acme.members();
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    acme.world.settle();
    // Sessions live as long as the time to restore.
    acme.world.clock.advance_ms(GRACE_MS - 1_000_000);
    acme.ring();
    let restored = acme.restore(&acme.ada);
    assert_eq!(restored.status, 200, "{}", text(&restored));
    acme.world.settle();
    let after = json(&restored);
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["epoch"], before["epoch"].as_i64().unwrap() + 2);
    assert_eq!(acme.members(), members);
    for session in [&acme.ada, &ben, &cat] {
        let me = acme.me(session);
        assert_eq!(me["organizations"][0]["id"], json!(acme.id));
        assert_eq!(me["deleted_organizations"], json!([]));
    }
    assert!(acme.may_in(&cat, "data.read", &north));
    assert!(
        acme.may_in(&ben, "data.create", &north),
        "by a role of their own"
    );
    assert!(acme.token_may(&key, "decisions.ask"));
    // An invitation was canceled for good.
    let dan = acme.world.sign_in("dan@example.com");
    refused(
        &acme.accept(&dan, &invitation),
        409,
        "invitation-not-pending",
    );
    refused(&acme.restore(&acme.ada), 409, "conflict");
}

#[test]
fn law_5_an_organization_is_restored_by_a_former_admin_who_holds_all_that_comes_back() {
    let (acme, ben, cat, _) = staffed();
    let dan = acme.world.sign_in("dan@example.com");
    refused(&acme.restore(&dan), 404, "not-found");
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    acme.world.settle();
    // Who could not delete it brings it back no more; a stranger learns nothing.
    refused(&acme.restore(&ben), 403, "no-grant");
    refused(&acme.restore(&cat), 403, "no-grant");
    refused(&acme.restore(&dan), 404, "not-found");
    assert_eq!(acme.me(&ben)["organizations"], json!([]));
    let listed = &acme.me(&acme.ada)["deleted_organizations"][0];
    assert_eq!(listed["id"], json!(acme.id));
    assert_eq!(listed["name"], "Acme");
    let until_ms = acme.world.clock.now_ms() + GRACE_MS;
    assert_eq!(listed["restorable_until_ms"], json!(until_ms));
    assert_eq!(acme.me(&cat)["deleted_organizations"], json!([]));
    let (_, pat) = acme.token(
        &acme.ada,
        &json!({ "name": "ci", "scopes": ["organization.delete"] }),
    );
    let narrow = acme.by(&pat, Method::Post, "/restore", &json!({}));
    refused(&narrow, 403, "out-of-token-scope");
    assert_eq!(acme.restore(&acme.ada).status, 200);
}

/// Every denied sensitive action is in the log, also of a token that is too little for what it tries.
#[test]
fn a_token_that_would_hand_over_or_restore_the_organization_is_in_the_log() {
    let (acme, ..) = staffed();
    let (_, pat) = acme.token(&acme.ada, &json!({ "name": "ci", "scopes": [] }));
    let body = json!({ "user_id": acme.user(BEN) });
    refused(
        &acme.by(&pat, Method::Put, "/owner", &body),
        403,
        "out-of-token-scope",
    );
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    refused(
        &acme.by(&pat, Method::Post, "/restore", &json!({})),
        403,
        "out-of-token-scope",
    );
    assert_eq!(acme.restore(&acme.ada).status, 200);
    acme.world.clock.advance_ms(60_000);
    let log = acme.log();
    let denied = log.iter().filter(|row| row.code.is_some());
    let denied: Vec<&str> = denied.map(|row| row.action.as_str()).collect();
    assert_eq!(denied, ["restore", "transfer"], "of one moment, by name");
}

#[test]
fn an_admin_restores_what_another_admin_deleted() {
    // Under OpenLIT all Admins hold the same.
    let acme = Acme::in_world(World::with_vars(&[("LOCKSTEP_POLICY", "openlit")]));
    let ben = acme.joined(BEN, "admin");
    let cat = acme.joined(CAT, "member");
    assert_eq!(acme.delete(&ben, "").status, 204);
    acme.world.settle();
    refused(&acme.restore(&cat), 403, "no-grant");
    assert_eq!(
        acme.me(&acme.ada)["deleted_organizations"][0]["id"],
        json!(acme.id)
    );
    assert_eq!(acme.restore(&ben).status, 200);
}

#[test]
fn m5_two_who_restore_at_once_restore_once() {
    let (acme, ..) = staffed();
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    assert_eq!(acme.restore(&acme.ada).status, 200);
    refused(&acme.restore(&acme.ada), 409, "conflict");
    let log = json(&acme.get(&acme.ada, "/audit"));
    let actions: Vec<&str> = log["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions.get(..2), Some(&["restore", "delete"][..]));
}

#[test]
fn p10_after_30_days_nothing_of_an_organization_is_left_and_its_id_is_not_used_again() {
    let (acme, _, _, _) = staffed();
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    acme.world.settle();
    acme.world.clock.advance_ms(GRACE_MS - 1);
    acme.ring();
    assert!(acme.is_stored());
    acme.world.clock.advance_ms(1);
    let acme = Acme {
        ada: acme.world.sign_in(ADA),
        ..acme
    };
    refused(&acme.restore(&acme.ada), 404, "not-found");
    assert!(acme.is_stored(), "until the alarm rings");
    acme.ring();
    assert!(!acme.is_stored());
    refused(&acme.restore(&acme.ada), 404, "not-found");
    refused(&acme.get(&acme.ada, ""), 404, "not-found");
    assert_eq!(acme.me(&acme.ada)["deleted_organizations"], json!([]));
    let again = crate::testing::post("/v1/organizations", &json!({ "name": "Acme" }));
    let again = acme.world.send(&again.with_header("cookie", &acme.ada));
    assert_ne!(json(&again)["id"], json!(acme.id));
    // Its object was called, was never born, and wrote nothing.
    let sql = acme
        .world
        .objects
        .database(Class::Organization, &acme.id)
        .unwrap();
    let tables = crate::sql::Sql::exec(&*sql, "SELECT name FROM sqlite_master", &[]).unwrap();
    assert!(tables.is_empty());
}

#[test]
fn the_alarm_waits_for_what_the_object_still_owes_and_rings_when_it_owes_nothing() {
    let (acme, ..) = staffed();
    let wake_at_ms = || acme.world.objects.organization_wakes_at_ms(&acme.id);
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    let end_ms = acme.world.clock.now_ms() + GRACE_MS;
    acme.world.kv.is_down.set(true);
    acme.ring();
    // The day's count of mails and what became of invitations would wake it, too.
    acme.execute("DELETE FROM invitation_mail");
    acme.execute("DELETE FROM invitation");
    assert_eq!(wake_at_ms(), Some(end_ms));
    acme.world.clock.advance_ms(GRACE_MS);
    assert_eq!(wake_at_ms(), None, "the outbox rings");
    acme.ring();
    assert!(acme.is_stored(), "tombstones are on their way");
    acme.world.kv.is_down.set(false);
    acme.world.clock.advance_ms(300_000);
    acme.ring();
    acme.ring();
    assert!(!acme.is_stored());
}

/// Nobody else could bring it back: what was there at its end is what returns (law 5).
#[test]
fn an_owner_whom_a_rule_binds_restores_what_they_deleted() {
    let (acme, ben, cat, north) = staffed();
    let rule = json!({ "effect": "deny", "roles": ["owner"], "permissions": ["data.read"] });
    acme.rule(&rule);
    // What it takes from its maker they give to nobody meanwhile.
    let path = format!("{north}{}", acme.member(BEN));
    let given = acme.put(&acme.ada, &path, &json!({ "role": "editor" }));
    refused(&given, 403, "exceeds-grantor");
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    refused(&acme.restore(&ben), 403, "no-grant");
    let restored = acme.restore(&acme.ada);
    assert_eq!(restored.status, 200, "{}", text(&restored));
    acme.world.clock.advance_ms(10_000);
    assert!(acme.may_in(&cat, "data.read", &north));
    assert!(!acme.may_in(&acme.ada, "data.read", &north));
}
