//! Rules of an organization's own: what they say is what is decided, by the object, an isolate and the page alike; who may make and end one; and what becomes of them with roles, files and earlier releases.

mod decided;
mod gone;
mod kept;
mod law_5;
mod roles;
mod rollout;

use serde_json::{Value, json};

use super::{Acme, BEN, id, lockstep, refused};
use crate::{
    http::{Method, Response},
    testing::{json, text, write},
};

impl Acme {
    /// A rule that Ada makes; answers its path.
    pub(super) fn rule(&self, body: &Value) -> String {
        let made = self.post(&self.ada, "/rules", body);
        assert_eq!(made.status, 201, "{}", text(&made));
        format!("/rules/{}", id(&made))
    }
}

/// A deny rule for `roles`.
fn deny(roles: &[&str], permissions: &[&str]) -> Value {
    json!({ "effect": "deny", "roles": roles, "permissions": permissions })
}

/// An allow rule for `roles`.
pub(super) fn allow(roles: &[&str], permissions: &[&str]) -> Value {
    json!({ "effect": "allow", "roles": roles, "permissions": permissions })
}

fn listed(acme: &Acme) -> Value {
    json(&acme.get(&acme.ada, "/rules"))["rules"].clone()
}

#[test]
fn m9_a_rule_is_what_its_writes_said() {
    let acme = lockstep("");
    let body = json!({
        "effect": "deny", "roles": ["viewer", "editor", "viewer"], "permissions": ["data.read"],
        "when": [{ "fact": "resource.tags.env", "equals": "prod", "if_exists": true }],
        "because": "Not in production.",
    });
    let made = acme.post(&acme.ada, "/rules", &body);
    assert_eq!((made.status, made.header("etag")), (201, Some("\"2\"")));
    let path = format!("/rules/{}", id(&made));
    let mut expected = body;
    expected["roles"] = json!(["editor", "viewer"]);
    expected["id"] = json!(id(&made));
    expected["epoch"] = json!(2);
    assert_eq!(
        (json(&made), listed(&acme)),
        (expected.clone(), json!([expected]))
    );
    let read = acme.get(&acme.ada, &path);
    assert_eq!(
        (json(&read), read.header("etag")),
        (expected.clone(), Some("\"2\""))
    );
    // It is no role.
    assert_eq!(json(&acme.get(&acme.ada, "/roles"))["roles"], json!([]));
    refused(
        &acme.delete(&acme.ada, &path.replace("/rules/", "/roles/")),
        404,
        "not-found",
    );

    let edit = |tag: &str, body: &Value| {
        let request = write(Method::Patch, &acme.path(&path), body).with_header("if-match", tag);
        acme.world.send(&request.with_header("cookie", &acme.ada))
    };
    let change = json!({ "permissions": ["run.read"], "when": [], "because": "" });
    refused(&edit("\"1\"", &change), 412, "precondition-failed");
    assert_eq!(listed(&acme), json!([expected]));
    let changed = edit("\"2\"", &change);
    assert_eq!(changed.status, 200, "{}", text(&changed));
    let expected = json!({
        "id": expected["id"], "effect": "deny", "roles": ["editor", "viewer"],
        "permissions": ["run.read"], "epoch": 3,
    });
    assert_eq!(
        (json(&changed), listed(&acme)),
        (expected.clone(), json!([expected]))
    );
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    assert_eq!(listed(&acme), json!([]));
    refused(&acme.get(&acme.ada, &path), 404, "not-found");
    refused(&acme.delete(&acme.ada, &path), 404, "not-found");
    refused(
        &acme.patch(&acme.ada, &path, &json!({ "because": "x" })),
        404,
        "not-found",
    );
}

#[test]
fn what_is_wrong_with_a_rule_is_said_with_its_place() {
    let acme = lockstep("");
    let own = json!({ "name": "Own", "base": "viewer" });
    let own = id(&acme.post(&acme.ada, "/roles", &own));
    let path = acme.rule(&deny(&["viewer", &own], &["data.read"]));
    let before = listed(&acme);
    let when = |when: Value| {
        let mut body = deny(&["viewer"], &["data.read"]);
        body["when"] = when;
        body
    };
    let role = json!([{ "fact": "target.role", "equals": own }]);
    let many = vec![json!({ "fact": "resource.a", "equals": 1 }); 17];
    for (body, says) in [
        (
            deny(&["gone"], &["data.read"]),
            "roles[0]: there is no role `gone`",
        ),
        (
            deny(&["viewer"], &["data.read", "gone"]),
            "permissions[1]: there is no permission `gone`",
        ),
        (
            deny(&["viewer"], &[]),
            "permissions: a rule needs a permission",
        ),
        (deny(&["viewer"], &["*"]), "names its permissions"),
        (allow(&["viewer"], &["*"]), "names its permissions"),
        (
            deny(&["viewer"], &["member.leave"]),
            "permissions[0]: `member.leave` concerns only",
        ),
        (
            allow(&["viewer"], &["own-token.manage"]),
            "permissions[0]: `own-token.manage` concerns",
        ),
        (
            deny(&["viewer"], &["rule.manage"]),
            "rules are seen and managed by `rule.manage`",
        ),
        (
            deny(&["viewer"], &["role.read"]),
            "rules are seen and managed by `role.read`",
        ),
        (
            when(json!([{ "fact": "weather", "equals": 1 }])),
            "when[0].fact: there is no fact `weather`",
        ),
        (
            when(json!([{ "fact": "organization.members", "equals": "1" }])),
            "whole numbers",
        ),
        // What a condition tests for outlives the organization's own roles.
        (when(role), "there is no role"),
        (when(json!(many)), "when: more than 16 entries"),
    ] {
        let answer = acme.post(&acme.ada, "/rules", &body);
        refused(&answer, 400, "invalid-value");
        assert!(text(&answer).contains(says), "{says}: {}", text(&answer));
    }
    for because in ["x".repeat(501), "a\nb".to_owned()] {
        let change = json!({ "because": because });
        refused(&acme.patch(&acme.ada, &path, &change), 400, "invalid-value");
    }
    for body in [
        json!({ "permissions": ["data.read"] }),
        json!({ "effect": "maybe", "permissions": ["data.read"] }),
        when(json!([{ "fact": "resource.a", "contains": 1 }])),
        when(json!([{ "fact": "resource.a" }])),
        when(json!([{ "fact": "resource.a", "equals": 1, "at_least": 1 }])),
        json!({ "effect": "deny", "permissions": ["data.read"], "id": "mine" }),
    ] {
        refused(&acme.post(&acme.ada, "/rules", &body), 400, "invalid-body");
    }
    refused(
        &acme.patch(&acme.ada, &path, &json!({ "effect": "allow" })),
        400,
        "invalid-body",
    );
    let long = json!([{ "fact": "resource.a", "in": vec!["x".repeat(1_000); 9] }]);
    refused(
        &acme.post(&acme.ada, "/rules", &when(long)),
        409,
        "limit-reached",
    );
    assert_eq!(listed(&acme), before);
}

#[test]
fn there_may_be_so_many_rules_and_no_more() {
    let acme = lockstep("");
    for _ in 0..super::super::rules::RULES_MAX {
        acme.rule(&deny(&["viewer"], &["data.read"]));
    }
    let more = acme.post(&acme.ada, "/rules", &deny(&["viewer"], &["data.read"]));
    refused(&more, 409, "limit-reached");
    // With the organization's word on who invites there is still room for all of them.
    let set = acme.patch(&acme.ada, "", &json!({ "workspace_admins_invite": true }));
    assert_eq!(set.status, 200, "{}", text(&set));
    let first = listed(&acme)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        acme.delete(&acme.ada, &format!("/rules/{first}")).status,
        204
    );
    acme.rule(&deny(&["viewer"], &["data.read"]));
}

#[test]
fn what_becomes_of_rules_is_logged_and_told() {
    let acme = lockstep("");
    acme.webhook();
    let before = acme.log().len();
    let path = acme.rule(&deny(&["viewer"], &["data.read"]));
    let done = |answer: Response| assert!(answer.status < 300, "{}", text(&answer));
    done(acme.patch(&acme.ada, &path, &json!({ "because": "No." })));
    done(acme.delete(&acme.ada, &path));
    let rows = acme.log().split_off(before);
    let seen: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| (row.action.as_str(), row.target.as_str()))
        .collect();
    let rule = path.replace("/rules/", "");
    let expected = ["rule.create", "rule.update", "rule.delete"].map(|action| (action, &*rule));
    assert_eq!(seen, expected);
    // What was denied, and what is, is in the row.
    let changed = serde_json::to_string(&rows[1].changes).unwrap();
    assert!(
        changed.contains("No.") && changed.contains("data.read"),
        "{changed}"
    );
}

#[test]
fn a_preview_says_who_would_gain_and_lose_what_and_changes_nothing() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    acme.joined(super::CAT, "member");
    let [north, south] = ["North", "South"].map(|name| acme.workspace(name));
    acme.grant(&north, BEN, "editor");
    acme.grant(&south, super::CAT, "viewer");
    let of = |path: &str| path.replace("/workspaces/", "");
    let preview = |body: &Value| json(&acme.post(&acme.ada, "/rules/preview", body));
    let change = |user: &str, node: &str, before: &str, after: &str| {
        json!({
            "principal": acme.user(user), "node": of(node), "permission": "data.delete",
            "before": before, "after": after,
        })
    };
    let made = preview(&json!({ "create": deny(&["editor"], &["data.delete"]) }));
    assert_eq!(
        made,
        json!({
            "holders": 1, "holders_compared": 1, "changes_total": 1,
            "changes": [change(BEN, &north, "allowed", "denied")],
        })
    );
    assert_eq!(listed(&acme), json!([]));
    assert!(acme.may_in(&ben, "data.delete", &north));
    let mut prod = deny(&["editor"], &["data.delete"]);
    prod["when"] = json!([{ "fact": "resource.prod", "equals": true }]);
    let rule = acme.rule(&prod).replace("/rules/", "");
    let under = "if not (resource.prod = true)";
    let tightened = preview(&json!({ "rule": rule, "change": { "when": [] } }));
    assert_eq!(
        tightened["changes"],
        json!([change(BEN, &north, under, "denied")])
    );
    // A text that reads as a yes is none.
    let text = json!([{ "fact": "resource.prod", "equals": "true" }]);
    let loosened = preview(&json!({ "rule": rule, "change": { "when": text } }));
    assert_eq!(
        loosened["changes"],
        json!([change(
            BEN,
            &north,
            under,
            "if not (resource.prod = \"true\")"
        )])
    );
    let moved = preview(&json!({ "rule": rule, "change": { "roles": ["viewer"] } }));
    assert_eq!(moved["holders"], 2, "before or afterwards: {moved}");
    assert_eq!(
        moved["changes"],
        json!([change(BEN, &north, under, "allowed")])
    );
    let ended = preview(&json!({ "rule": rule }));
    assert_eq!(
        ended["changes"],
        json!([change(BEN, &north, under, "allowed")])
    );
    // Everybody's, and what is given.
    let all = preview(&json!({ "create": allow(&[], &["data.delete"]) }));
    assert_eq!(all["holders"], 3);
    let changes = all["changes"].as_array().unwrap();
    let gains = change(super::CAT, &south, "denied", "allowed");
    assert!(changes.contains(&gains), "{all}");
    // What could not be saved is not looked at, nor by who may not.
    for body in [json!({}), json!({ "rule": rule, "create": prod })] {
        refused(
            &acme.post(&acme.ada, "/rules/preview", &body),
            400,
            "invalid-value",
        );
    }
    let wrong = json!({ "create": deny(&["gone"], &["data.delete"]) });
    refused(
        &acme.post(&acme.ada, "/rules/preview", &wrong),
        400,
        "invalid-value",
    );
    refused(
        &acme.post(&ben, "/rules/preview", &json!({ "rule": rule })),
        403,
        "no-grant",
    );
    let gone = json!({ "rule": "rule_gone" });
    refused(
        &acme.post(&acme.ada, "/rules/preview", &gone),
        404,
        "not-found",
    );
}
