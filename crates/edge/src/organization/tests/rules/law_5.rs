//! Law 5: who makes, edits or ends a rule hands out no more than they hold; and no rule locks anybody out of their own.

use serde_json::{Value, json};

use super::super::{Acme, BEN, CAT, id, lockstep, refused};
use super::{allow, deny, listed};
use crate::{
    http::{Method, Response},
    testing::text,
};

/// An organization in which Ben is an Admin and Cat a Member who edits.
struct Lab {
    acme: Acme,
    ben: String,
    cat: String,
}

impl Lab {
    fn new() -> Self {
        let acme = lockstep("");
        let (ben, cat) = (acme.joined(BEN, "admin"), acme.joined(CAT, "member"));
        let north = acme.workspace("North");
        acme.grant(&north, CAT, "editor");
        Self { acme, ben, cat }
    }

    fn make(&self, body: &Value) -> Response {
        self.acme.post(&self.ben, "/rules", body)
    }
}

#[track_caller]
fn made(answer: &Response) -> String {
    assert_eq!(answer.status, 201, "{}", text(answer));
    format!("/rules/{}", id(answer))
}

#[test]
fn law_5_an_allow_rule_gives_what_its_maker_holds() {
    let lab = Lab::new();
    let path = made(&lab.make(&allow(&["viewer"], &["data.update", "run.create"])));
    for body in [
        // An Owner's alone.
        allow(&["viewer"], &["billing.manage"]),
        allow(&["admin"], &["organization.delete"]),
        allow(&[], &["data.read", "organization.export"]),
        // Held towards others than Owners only.
        allow(&["viewer"], &["member.remove"]),
    ] {
        refused(&lab.make(&body), 403, "exceeds-grantor");
        let change = json!({ "roles": body["roles"], "permissions": body["permissions"] });
        let edited = lab.acme.patch(&lab.ben, &path, &change);
        refused(&edited, 403, "exceeds-grantor");
    }
    let mut towards = allow(&["member"], &["member.remove"]);
    towards["when"] = json!([{ "fact": "target.role", "not_in": ["owner"] }]);
    made(&lab.make(&towards));
    // Who holds it in one workspace makes no rules, whatever else they hold.
    for body in [
        allow(&["editor"], &["data.read"]),
        deny(&["viewer"], &["data.read"]),
    ] {
        refused(&lab.acme.post(&lab.cat, "/rules", &body), 403, "no-grant");
        refused(
            &lab.acme.patch(&lab.cat, &path, &json!({ "because": "x" })),
            403,
            "no-grant",
        );
    }
    refused(&lab.acme.delete(&lab.cat, &path), 403, "no-grant");
    assert_eq!(listed(&lab.acme).as_array().unwrap().len(), 2);
}

#[test]
fn law_5_a_deny_rule_is_ended_and_loosened_by_who_holds_what_it_took() {
    let lab = Lab::new();
    let acme = &lab.acme;
    for body in [
        deny(&["admin"], &["data.export"]),
        deny(&[], &["data.export"]),
        deny(&["owner"], &["billing.manage"]),
        // Under a condition Ben holds it, and no rule gives it back under one.
        deny(&["admin", "member"], &["member.remove"]),
    ] {
        let path = acme.rule(&body);
        let before = listed(acme);
        refused(&acme.delete(&lab.ben, &path), 403, "exceeds-grantor");
        for change in [
            json!({ "roles": ["viewer"] }),
            json!({ "permissions": ["data.update"] }),
            json!({ "when": [{ "fact": "context.night", "equals": true }] }),
        ] {
            let edited = acme.patch(&lab.ben, &path, &change);
            refused(&edited, 403, "exceeds-grantor");
        }
        assert_eq!(listed(acme), before);
        // Who holds everything ends it, though it binds them.
        assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    }
    let path = acme.rule(&deny(&["editor"], &["data.export"]));
    let night = json!({ "when": [{ "fact": "context.night", "equals": true }] });
    assert_eq!(acme.patch(&lab.ben, &path, &night).status, 200);
    assert_eq!(acme.delete(&lab.ben, &path).status, 204);
}

#[test]
fn nobody_makes_a_deny_rule_that_they_could_not_take_back_or_that_binds_who_holds_more() {
    let lab = Lab::new();
    for body in [
        deny(&["admin"], &["data.export"]),
        deny(&[], &["data.export"]),
        deny(&["owner"], &["data.export"]),
        deny(&["viewer"], &["billing.manage"]),
    ] {
        let answer = lab.make(&body);
        refused(&answer, 403, "exceeds-grantor");
        assert!(text(&answer).contains("take it back"), "{}", text(&answer));
    }
    assert_eq!(listed(&lab.acme), json!([]));
    made(&lab.make(&deny(&["editor", "member"], &["data.export"])));
}

/// Whatever rules there are, they are seen, made and ended by who may, and whoever likes leaves.
#[test]
fn law_7_no_rule_locks_an_organization_out_of_its_rules() {
    let acme = lockstep("");
    let cat = acme.joined(CAT, "member");
    let of_cat = acme.member(CAT);
    let policy = &acme.world.edge.config.policy.document;
    let ids = policy.permissions.iter().map(|known| known.id.as_str());
    let mut paths = Vec::new();
    let mut refused_ids = Vec::new();
    for permission in ids {
        let answer = acme.post(&acme.ada, "/rules", &deny(&[], &[permission]));
        match answer.status {
            201 => paths.push(format!("/rules/{}", id(&answer))),
            status => {
                assert_eq!(status, 400, "{}", text(&answer));
                refused_ids.push(permission);
            }
        }
    }
    refused_ids.sort_unstable();
    assert_eq!(
        refused_ids,
        [
            "member.leave",
            "organization.create",
            "own-session.manage",
            "own-token.manage",
            "role.read",
            "rule.manage",
        ]
    );
    refused(&acme.get(&acme.ada, "/members"), 403, "denied-by-rule");
    let list = acme.get(&acme.ada, "/rules");
    assert_eq!(list.status, 200, "{}", text(&list));
    assert_eq!(acme.get(&acme.ada, &paths[0]).status, 200);
    let left = acme.delete(&cat, &of_cat);
    assert_eq!(left.status, 204, "{}", text(&left));
    for path in paths {
        assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    }
    assert_eq!(acme.get(&acme.ada, "/members").status, 200);
}

#[test]
fn law_6_through_a_token_or_key_nobody_hands_out_more_than_it_leaves_them() {
    let lab = Lab::new();
    let acme = &lab.acme;
    let path = acme.rule(&deny(&["viewer"], &["run.read"]));
    let by = |scopes: &[&str], method, rest: &str, body: &Value| {
        let token = json!({ "name": "t", "scopes": scopes });
        let (_, token) = acme.token(&acme.ada, &token);
        acme.by(&token, method, rest, body)
    };
    let lesser = ["rule.manage", "role.read"];
    let enough = ["rule.manage", "role.read", "run.read"];
    for body in [
        allow(&["viewer"], &["run.read"]),
        deny(&["editor"], &["run.read"]),
    ] {
        let answer = by(&lesser, Method::Post, "/rules", &body);
        refused(&answer, 403, "exceeds-grantor");
        made(&by(&enough, Method::Post, "/rules", &body));
    }
    let answer = by(&lesser, Method::Delete, &path, &json!({}));
    refused(&answer, 403, "exceeds-grantor");
    assert_eq!(by(&enough, Method::Delete, &path, &json!({})).status, 204);
    // A program is what it was granted, as anybody is.
    let account = acme.account(&[json!({ "role": "admin" })]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let make = |body: &Value| acme.by(&key, Method::Post, "/rules", body);
    made(&make(&allow(&["viewer"], &["run.create"])));
    refused(
        &make(&allow(&["viewer"], &["billing.manage"])),
        403,
        "exceeds-grantor",
    );
    refused(&make(&deny(&[], &["run.create"])), 403, "exceeds-grantor");
}
