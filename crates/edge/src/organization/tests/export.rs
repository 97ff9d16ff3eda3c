//! An organization as a file: what is in it, what is not, and that its bytes follow from that.

use lockstep_wire::{AuditOutcome, AuditRow};
use serde_json::json;

use super::{Acme, BEN, CAT, id, lockstep, refused};
use crate::{
    http::Response,
    testing::{World, json, text},
};

const CANARY: &str = "canary-7d1e-hunter2";

pub(super) fn exported(acme: &Acme) -> Response {
    let answer = acme.get(&acme.ada, "/export");
    assert_eq!(answer.status, 200, "{}", text(&answer));
    answer
}

/// Fills an organization with one of everything; the same whenever it is called.
pub(super) fn fill(acme: &Acme) {
    acme.joined(CAT, "view-only");
    acme.joined(BEN, "member");
    let north = acme.workspace("North");
    let south = acme.workspace("South");
    let of = |path: &str| path.replace("/workspaces/", "");
    let own = json!({ "name": "Own", "base": "viewer", "with": ["data.export"] });
    let own = id(&acme.post(&acme.ada, "/roles", &own));
    acme.grant(&north, BEN, &own);
    acme.grant(&south, BEN, "editor");
    let mut shared =
        json!({ "effect": "deny", "roles": ["viewer", own], "permissions": ["data.share"] });
    shared["when"] = json!([{ "fact": "resource.tags.env", "in": ["prod"] }]);
    shared["because"] = json!("Not from production.");
    acme.rule(&shared);
    let bridge = json!({ "name": "Bridge", "workspace": of(&south) });
    let bridge = id(&acme.post(&acme.ada, "/projects", &bridge));
    let crew = json!({ "name": "Crew", "workspace": of(&south) });
    let crew = id(&acme.post(&acme.ada, "/groups", &crew));
    let window = json!({ "role": "viewer", "expires_at_ms": 4_000_000_000_000_i64 });
    for (path, body) in [
        (format!("/groups/{crew}/grants/{bridge}"), window),
        (format!("/groups/{crew}{}", acme.member(CAT)), json!({})),
        (format!("{}/suspension", acme.member(CAT)), json!({})),
        (
            "/settings/flag".to_owned(),
            json!({ "value": { "preference": { "boolean": true } } }),
        ),
        (
            format!("{south}/settings/scale"),
            json!({ "value": { "feedback": { "scale": { "numbers": { "min": 0.1, "max": 1 } } } } }),
        ),
    ] {
        let put = acme.put(&acme.ada, &path, &body);
        assert_eq!(put.status, 200, "{path}: {}", text(&put));
    }
    acme.keep_database("", "main", CANARY);
    for (path, change) in [
        (&*north, json!({ "archived": true })),
        ("", json!({ "workspace_admins_invite": true })),
    ] {
        let changed = acme.patch(&acme.ada, path, &change);
        assert_eq!(changed.status, 200, "{path}: {}", text(&changed));
    }
    let account = acme.account(&[json!({ "role": "viewer", "node": of(&south) })]);
    acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    acme.invited("dan@example.com", "member");
}

#[test]
fn an_organization_is_a_file_with_names_in_place_of_ids() {
    let acme = lockstep("");
    fill(&acme);
    let file = json(&exported(&acme));
    let policy = &acme.world.edge.config.policy;
    let owner = json!([{ "role": "owner" }]);
    assert_eq!(
        file,
        json!({
            "format": 1,
            "policy": { "id": "lockstep", "digest": policy.digest },
            "name": "Acme",
            "workspace_admins_invite": true,
            "roles": [{ "key": "role/1", "name": "Own", "base": "viewer", "with": ["data.export"] }],
            "rules": [{
                "effect": "deny", "roles": ["role/1", "viewer"], "permissions": ["data.share"],
                "when": [{ "fact": "resource.tags.env", "in": ["prod"] }], "because": "Not from production.",
            }],
            "workspaces": [
                { "key": "workspace/1", "name": "North", "archived": true },
                { "key": "workspace/2", "name": "South", "archived": false, "settings": {
                    "scale": { "value": { "feedback": { "scale": { "numbers": { "min": 0.1, "max": 1.0 } } } }, "current": false },
                } },
            ],
            "projects": [{ "key": "project/1", "name": "Bridge", "workspace": "workspace/2", "owner": "ada@example.com", "archived": false }],
            "members": [
                { "email": "ada@example.com", "suspended": false, "grants": owner },
                { "email": "ben@example.com", "suspended": false, "grants": [
                    { "role": "member" },
                    { "node": "workspace/1", "role": "role/1" },
                    { "node": "workspace/2", "role": "editor" },
                ] },
                { "email": "cat@example.com", "suspended": true, "grants": [{ "role": "view-only" }] },
            ],
            "members_left_out": 0,
            "groups": [{ "name": "Crew", "workspace": "workspace/2", "members": ["cat@example.com"], "grants": [
                { "node": "project/1", "role": "viewer", "expires_at_ms": 4_000_000_000_000_i64 },
            ] }],
            "service_accounts": [{ "name": "Deployer", "grants": [{ "node": "workspace/2", "role": "viewer" }] }],
            "settings": { "flag": { "value": { "preference": { "boolean": true } }, "current": false } },
        })
    );
}

#[test]
fn no_id_credential_invitation_or_secret_is_in_the_file() {
    let acme = lockstep("");
    fill(&acme);
    let file = text(&exported(&acme));
    for absent in [
        CANARY,
        "1.k1.",
        "main",
        "db.internal",
        "dan@example.com",
        "lsk_",
        "org_",
        "usr_",
        "wsp_",
        "prj_",
        "grp_",
        "sva_",
        "svk_",
        "inv_",
        "role_",
        "rule_",
    ] {
        assert!(!file.contains(absent), "{absent} is in {file}");
    }
}

#[test]
fn what_was_made_alike_is_the_same_bytes_and_any_change_is_another_file() {
    let acme = lockstep("");
    fill(&acme);
    let first = text(&exported(&acme));
    assert!(first.ends_with("}\n"));
    acme.world.clock.advance_ms(86_400_000);
    acme.world.settle();
    let again = text(&exported(&acme));
    assert_eq!(again, first, "time is not in it");
    // The same is done in another deployment, where every id is another one.
    let key = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8";
    let vars = [("LOCKSTEP_POLICY", "lockstep"), ("LOCKSTEP_ID_KEY", key)];
    let twin = Acme::in_world(World::with_vars(&vars));
    twin.workspace("Gone");
    let gone = json(&twin.get(&twin.ada, "/workspaces"))["workspaces"][0]["id"].clone();
    fill_after(&twin, gone.as_str().unwrap());
    assert_ne!(twin.id, acme.id);
    assert_eq!(text(&exported(&twin)), first);
    twin.patch(&twin.ada, "", &json!({ "token_lifetime_max_s": 3_600 }));
    assert_ne!(text(&exported(&twin)), first);
}

/// What was there before and is gone leaves no trace.
fn fill_after(acme: &Acme, gone: &str) {
    acme.workspace("Stays for a moment");
    let ids = json(&acme.get(&acme.ada, "/workspaces"))["workspaces"].clone();
    assert_eq!(
        acme.delete(&acme.ada, &format!("/workspaces/{gone}"))
            .status,
        204
    );
    fill(acme);
    let last = ids[1]["id"].as_str().unwrap();
    assert_eq!(
        acme.delete(&acme.ada, &format!("/workspaces/{last}"))
            .status,
        204
    );
}

#[test]
fn it_is_exported_by_whom_the_policy_lets_and_the_others_are_noted() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    refused(&acme.get(&ben, "/export"), 403, "no-grant");
    let stranger = acme.world.sign_in("mallory@example.com");
    refused(&acme.get(&stranger, "/export"), 404, "not-found");
    acme.world.clock.advance_ms(60_000);
    let log = acme.log();
    let exports = |log: &[AuditRow]| -> Vec<AuditOutcome> {
        let rows = log.iter().filter(|row| row.action == "export");
        rows.map(|row| row.outcome).collect()
    };
    assert_eq!(exports(&log), [AuditOutcome::Denied]);
    for _ in 0..3 {
        exported(&acme);
    }
    let done = acme.log();
    assert_eq!(exports(&done), [AuditOutcome::Denied, AuditOutcome::Done]);
    let epoch = |log: &[AuditRow]| log.last().map(|row| row.epoch);
    assert_eq!(epoch(&done), epoch(&log), "nothing changed");
    // A policy that binds no permission has no export.
    let acme = Acme::new();
    refused(&acme.get(&acme.ada, "/export"), 403, "no-grant");
}

#[test]
fn who_has_no_address_is_counted_and_left_out() {
    let acme = lockstep("");
    let idp = super::issuers::Idp::new(1);
    acme.issuer(&idp, Some("member"));
    let path = acme.path("/snapshot");
    let request = crate::http::Request::new(crate::http::Method::Get, path);
    let bearer = format!("Bearer {}", idp.token("eve"));
    let seen = acme
        .world
        .send(&request.with_header("authorization", &bearer));
    assert_eq!(seen.status, 200, "{}", text(&seen));
    let file = json(&exported(&acme));
    assert_eq!(file["members_left_out"], 1);
    assert_eq!(file["members"].as_array().unwrap().len(), 1);
}
