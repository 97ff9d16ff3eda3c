//! What the routes about the structure of an organization need of a token.

use serde_json::{Value, json};

use super::Needs;
use crate::{http::Method, organization::tests::issuers::Idp};

/// What the role Viewer gives, and what it takes to see and change who holds it.
const VIEWER: &[&str] = &[
    "workspace.read",
    "workspace-member.manage",
    "member.read",
    "workspace-member.read",
    "group.read",
    "project.read",
    "data.read",
    "run.read",
    "resource.read",
    "organization.read",
    "role.read",
];

/// What Ben holds, and what it takes to give it back to him.
const RESTORED: &[&str] = &[
    "member.read",
    "member.remove",
    "organization.read",
    "role.read",
    "workspace.read",
    "workspace-member.read",
    "group.read",
    "project.read",
    "data.read",
    "run.read",
    "resource.read",
];

/// What the owner of a project holds in it, and what it takes to make somebody that.
const OWNER: &[&str] = &[
    "member.read",
    "project.read",
    "project.update",
    "project.share",
    "project.delete",
    "data.create",
    "run.create",
    "run.read",
    "run.delete",
    "resource.create",
    "resource.read",
    "resource.update",
    "resource.delete",
];

/// What it takes to see and change a group of a workspace.
const GROUP: &[&str] = &["group.read", "group.manage"];

/// What the role Viewer gives, and what it takes to grant it to a group, or to put somebody into one that has it.
const INTO_GROUP: &[&str] = &[
    "group.manage",
    "member.read",
    "workspace.read",
    "workspace-member.read",
    "group.read",
    "project.read",
    "data.read",
    "run.read",
    "resource.read",
    "organization.read",
    "role.read",
];

/// What the role Viewer gives, and what it takes to make another of it.
const OWN_ROLE: &[&str] = &[
    "role.manage",
    "member.read",
    "workspace.read",
    "workspace-member.read",
    "group.read",
    "project.read",
    "data.read",
    "run.read",
    "resource.read",
    "organization.read",
    "role.read",
];

/// What it takes to have to do with issuers.
const SSO: &[&str] = &["sso.manage"];

/// What it takes to let people of a domain come in as a gateway.
const OPEN: &[&str] = &["sso.manage", super::GATEWAY[0], super::GATEWAY[1]];

/// What it takes to have to do with webhooks.
const WEBHOOKS: &[&str] = &["webhook.manage"];

/// The routes that are not about people.
pub(super) fn structure(method: Method, pattern: &str) -> Option<(Needs, Value)> {
    use Needs::{All, Listed};
    let none = json!({});
    let viewer = json!({ "role": "viewer" });
    Some(match (method, pattern) {
        (Method::Get, "audit") => (All(&["audit.read"]), none),
        (Method::Get, "workspaces") => (Listed(&["workspace.read"]), none),
        (Method::Post, "workspaces") => (All(&["workspace.create"]), json!({ "name": "Next" })),
        (Method::Get, "workspaces/{workspace}") => (All(&["workspace.read"]), none),
        (Method::Patch, "workspaces/{workspace}") => (
            All(&["workspace.read", "workspace.update"]),
            json!({ "name": "Next" }),
        ),
        (Method::Delete, "workspaces/{workspace}") => {
            (All(&["workspace.read", "workspace.delete"]), none)
        }
        (Method::Get, "workspaces/{workspace}/members") => {
            (All(&["workspace.read", "workspace-member.read"]), none)
        }
        (Method::Post, "workspaces/{workspace}/members") => (
            All(VIEWER),
            json!({ "members": [{ "user_id": "{user}", "role": "viewer" }] }),
        ),
        (Method::Put, "workspaces/{workspace}/members/{user}") => (All(VIEWER), viewer),
        (Method::Delete, "workspaces/{workspace}/members/{user}") => (
            All(&["workspace.read", "workspace-member.manage", "member.read"]),
            none,
        ),
        (Method::Get, "projects") => (Listed(&["project.read"]), none),
        (Method::Post, "projects") => (
            All(&["workspace.read", "project.create"]),
            json!({ "name": "Next", "workspace": "{workspace}" }),
        ),
        (Method::Get, "projects/{project}") => (All(&["project.read"]), none),
        (Method::Patch, "projects/{project}") => (
            All(&["project.read", "project.update"]),
            json!({ "name": "Next" }),
        ),
        (Method::Delete, "projects/{project}") => (All(&["project.read", "project.delete"]), none),
        (Method::Delete, "projects/{project}/members/{user}") => {
            (All(&["project.read", "project.share", "member.read"]), none)
        }
        (Method::Put, "projects/{project}/owner") => (All(OWNER), json!({ "user_id": "{user}" })),
        (Method::Put, "projects/{project}/workspace") => (
            All(&[
                "project.read",
                "project.delete",
                "workspace.read",
                "project.create",
            ]),
            json!({ "workspace": "{other}" }),
        ),
        (Method::Put, "members/{user}/suspension") => {
            (All(&["member.read", "member.remove"]), none)
        }
        (Method::Delete, "members/{user}/suspension") => (All(RESTORED), none),
        _ => return shared(method, pattern),
    })
}

/// The routes about what many share.
fn shared(method: Method, pattern: &str) -> Option<(Needs, Value)> {
    use Needs::{All, Listed};
    let none = json!({});
    let viewer = json!({ "role": "viewer" });
    Some(match (method, pattern) {
        (Method::Get, "groups") => (Listed(&["group.read"]), none),
        (Method::Post, "groups") => (
            All(&["workspace.read", "group.manage"]),
            json!({ "name": "Next", "workspace": "{workspace}" }),
        ),
        (Method::Get, "groups/{group}" | "groups/{group}/members") => (All(&["group.read"]), none),
        (Method::Patch, "groups/{group}") => (All(GROUP), json!({ "name": "Next" })),
        (Method::Delete, "groups/{group}" | "groups/{group}/members/{user}") => (All(GROUP), none),
        (Method::Delete, "groups/{group}/grants/{node}") => (All(GROUP), none),
        (Method::Put, "groups/{group}/members/{user}") => (All(INTO_GROUP), none),
        (Method::Put, "groups/{group}/grants/{node}") => (All(INTO_GROUP), viewer),
        (Method::Get, "roles") => (All(&["role.read"]), none),
        (Method::Post, "roles") => (All(OWN_ROLE), json!({ "name": "Next", "base": "viewer" })),
        (Method::Post, "roles/preview") => (
            All(&["role.read", "role.manage", "member.read"]),
            json!({ "role": "{role}", "change": {} }),
        ),
        (Method::Patch, "roles/{role}") => (All(OWN_ROLE), json!({ "name": "Next" })),
        (Method::Get, "rules" | "rules/{rule}") => (All(&["role.read"]), none),
        (Method::Post, "rules") => (
            All(&["rule.manage", "run.create", "run.read"]),
            json!({ "effect": "allow", "roles": ["viewer"], "permissions": ["run.create"] }),
        ),
        (Method::Post, "rules/preview") => (
            All(&["role.read", "rule.manage", "member.read"]),
            json!({ "rule": "{rule}" }),
        ),
        (Method::Patch, "rules/{rule}") => (
            All(&["role.read", "rule.manage", "run.read"]),
            json!({ "because": "Next." }),
        ),
        (Method::Delete, "rules/{rule}") => (All(&["role.read", "rule.manage"]), none),
        (Method::Get, "issuers" | "issuers/{issuer}") => (All(SSO), none),
        (Method::Post, "issuers") => (All(SSO), Idp::new(2).body(None)),
        (Method::Patch, "issuers/{issuer}") => (All(SSO), json!({ "active": true })),
        (Method::Delete, "issuers/{issuer}") => (All(SSO), none),
        (Method::Post, "domains") => (
            All(OPEN),
            json!({ "domain": "next.example", "role": "gateway" }),
        ),
        (Method::Patch, "domains/{domain}") => (All(OPEN), json!({ "automatic": true })),
        (_, pattern) if pattern.starts_with("domains") => (All(SSO), none),
        (Method::Delete, "roles/{role}") => (All(&["role.read", "role.manage"]), none),
        (Method::Post, "webhooks") => (
            All(WEBHOOKS),
            json!({ "name": "Next", "url": "https://hooks.example/next" }),
        ),
        (Method::Patch, "webhooks/{webhook}") => (All(WEBHOOKS), json!({ "name": "Next" })),
        (_, pattern) if pattern.starts_with("webhooks") => (All(WEBHOOKS), none),
        _ => return configured(method, pattern),
    })
}

/// The routes about settings. What each names has a secret.
fn configured(method: Method, pattern: &str) -> Option<(Needs, Value)> {
    use Needs::All;
    let none = json!({});
    let rest = pattern.strip_prefix("workspaces/{workspace}/");
    let database = json!({ "database": { "engine": "clickhouse", "host": "db", "port": 9000 } });
    let needs = |of_organization, of_workspace| {
        All(if rest.is_some() {
            of_workspace
        } else {
            of_organization
        })
    };
    let read = needs(
        &["settings.read"],
        &["workspace.read", "workspace-settings.read"],
    );
    let update = needs(
        &["settings.update", "secret.update"],
        &[
            "workspace.read",
            "workspace-settings.update",
            "secret.update",
        ],
    );
    Some(match (method, rest.unwrap_or(pattern)) {
        (Method::Get, "settings" | "settings/{setting}") => (read, none),
        (Method::Put, "settings/{setting}") => {
            (update, json!({ "value": database, "secret": "hunter2" }))
        }
        (Method::Delete, "settings/{setting}") => (update, none),
        (Method::Put, "current-database") => (update, json!({ "name": "spare" })),
        (Method::Get, "configuration") => (
            needs(&["secret.read"], &["workspace.read", "secret.read"]),
            none,
        ),
        _ => return None,
    })
}
