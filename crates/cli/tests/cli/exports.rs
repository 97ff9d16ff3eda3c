//! What programs write to files fits the schema that says what they write: every member that there may be is there.

use lockstep_wire::{AuditEnd, AuditRow, AuditStart, ExportedOrganization};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::schema::{fits, schema};

/// What is written of what `document` says, all of which it must be.
#[track_caller]
fn written<T: DeserializeOwned + Serialize>(document: Value) -> Value {
    let read: T = serde_json::from_value(document.clone()).unwrap();
    let written = serde_json::to_value(read).unwrap();
    assert_eq!(written, document);
    written
}

#[test]
fn the_lines_of_an_exported_audit_log_fit_theirs() {
    let point = |number: i64| json!({"number": number, "hash": "9c1f"});
    let row = json!({
        "number": 2,
        "at_ms": 1_764_000_000_000_i64,
        "epoch": 3,
        "principal": "usr_1",
        "credential": {"kind": "session", "id": "ses_1"},
        "action": "rename",
        "target": "org_1",
        "outcome": "denied",
        "code": "not-permitted",
        "count": 4,
        "changes": [
            {"of": "organization", "before": {"name": "A", "at_ms": null}, "after": {"name": "B", "at_ms": 5}},
            {"of": "member"},
        ],
        "client": "192.0.2.1",
        "user_agent": "curl",
        "hash": "9c1f",
    });
    let bare = json!({
        "number": 1, "at_ms": 0, "epoch": 0, "action": "rename", "target": "org_1", "outcome": "done",
        "count": 1, "hash": "9c1f",
    });
    let start = json!({"organization": "org_1", "checkpoint": point(0)});
    let lines = [
        ("start", written::<AuditStart>(start)),
        ("row", written::<AuditRow>(row)),
        ("bare row", written::<AuditRow>(bare)),
        ("end", written::<AuditEnd>(json!({"head": point(2)}))),
    ];
    let schema = schema("audit");
    for (name, mut line) in lines {
        fits(&schema, name, &line);
        line["surprise"] = json!(true);
        assert!(!schema.is_valid(&line), "{name}");
    }
}

#[test]
fn an_exported_organization_fits_its_own() {
    let grants = json!([
        {"role": "member"},
        {"node": "workspace/1", "role": "role/1", "not_before_ms": 1, "expires_at_ms": 2},
    ]);
    let settings = json!({
        "main": {"value": {"database": {
            "engine": "clickhouse", "host": "db.example", "port": 9000, "database": "d", "username": "u",
            "environment": "production", "tls": true,
        }}, "current": true},
        "score": {"value": {"feedback": {"description": "How good it is.", "scale": {"numbers": {"min": 0.0, "max": 1.5}}}}, "current": false},
        "mood": {"value": {"feedback": {"scale": {"categories": {"bad": 0.0, "good": 1.0}}}}, "current": false},
        "right": {"value": {"feedback": {"scale": "boolean"}}, "current": false},
    });
    let mut document = written::<ExportedOrganization>(json!({
        "format": 1,
        "policy": {"id": "lockstep", "digest": "9c1f"},
        "name": "Acme",
        "token_lifetime_max_s": 3600,
        "workspace_admins_invite": true,
        "roles": [{"key": "role/1", "name": "Curator", "base": "viewer", "with": ["data.annotate"], "without": ["data.read"]}],
        "rules": [{
            "effect": "deny", "roles": ["viewer"], "permissions": ["data.delete"],
            "when": [{"fact": "resource.tags.frozen", "equals": "yes", "if_exists": true}], "because": "It is frozen.",
        }],
        "workspaces": [{"key": "workspace/1", "name": "Lab", "owner": "ada@example.com", "archived": false, "settings": settings}],
        "projects": [{"key": "project/1", "name": "Probe", "workspace": "workspace/1", "archived": true}],
        "members": [{"email": "ada@example.com", "suspended": false, "grants": grants}],
        "members_left_out": 1,
        "groups": [{"name": "Crew", "workspace": "workspace/1", "members": ["ada@example.com"], "grants": grants}],
        "service_accounts": [{"name": "Bot", "grants": grants}],
        "settings": settings,
    }));
    let schema = schema("organization");
    fits(&schema, "organization", &document);
    document["surprise"] = json!(true);
    assert!(!schema.is_valid(&document));
}
