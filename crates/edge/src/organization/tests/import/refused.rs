//! What is wrong in a file refuses all of it, with the code and the place.

use super::*;
use crate::objects::Class;

/// The file with another value at a pointer.
pub(super) fn with(file: &Value, at: &str, value: &Value) -> Value {
    let mut file = file.clone();
    let (parent, last) = at.rsplit_once('/').unwrap();
    let parent = file.pointer_mut(parent).unwrap();
    match last.parse::<usize>() {
        Ok(number) if parent.is_array() => {
            let list = parent.as_array_mut().unwrap();
            if number < list.len() {
                list[number] = value.clone();
            } else {
                list.push(value.clone());
            }
        }
        _ => parent[last] = value.clone(),
    }
    file
}

#[test]
fn what_is_wrong_refuses_all_of_it_with_the_place_and_makes_nothing() {
    let acme = lockstep("");
    fill(&acme);
    let file = json(&exported(&acme));
    let node = json!({ "key": "workspace/3", "name": "x", "archived": false });
    let grant = |node: &str, role: &str| json!({ "node": node, "role": role });
    let mut cases = vec![
        ("/format", json!(2), "invalid-value", "/format"),
        ("/policy/id", json!("opik"), "invalid-value", "/policy/id"),
        ("/name", json!(" Acme"), "invalid-value", "/name"),
        ("/name", json!("a\u{7}b"), "invalid-value", "/name"),
        (
            "/token_lifetime_max_s",
            json!(1),
            "invalid-value",
            "/token_lifetime_max_s",
        ),
        ("/members_left_out", json!(-1), "invalid-body", ""),
        ("/plan", json!("full"), "invalid-body", ""),
        ("/members/1/admin", json!(true), "invalid-body", ""),
        ("/roles/0/key", json!("role/2"), "invalid-value", "/roles/0"),
        ("/roles/0/key", json!("owner"), "invalid-value", "/roles/0"),
        (
            "/roles/0/base",
            json!("nobody"),
            "invalid-value",
            "/roles/0",
        ),
        (
            "/roles/0/with",
            json!(["no.such"]),
            "invalid-value",
            "/roles/0",
        ),
        (
            "/rules/0/roles/0",
            json!("role/2"),
            "unknown-role",
            "/rules/0/roles/0",
        ),
        (
            "/rules/0/permissions",
            json!(["*"]),
            "invalid-value",
            "/rules/0",
        ),
        (
            "/rules/0/permissions",
            json!(["rule.manage"]),
            "invalid-value",
            "/rules/0",
        ),
        (
            "/rules/0/because",
            json!("x".repeat(501)),
            "invalid-value",
            "/rules/0",
        ),
        ("/rules/0/effect", json!("maybe"), "invalid-body", ""),
        (
            "/workspaces/1/key",
            json!("workspace/1"),
            "invalid-value",
            "/workspaces/1/key",
        ),
        (
            "/workspaces/1/workspace",
            json!("workspace/1"),
            "invalid-value",
            "/workspaces/1/workspace",
        ),
        (
            "/workspaces/1/owner",
            json!(BEN),
            "invalid-value",
            "/workspaces/1/owner",
        ),
        (
            "/workspaces/0/name",
            json!(""),
            "invalid-value",
            "/workspaces/0/name",
        ),
        (
            "/projects/0/workspace",
            json!("project/1"),
            "invalid-value",
            "/projects/0/workspace",
        ),
        (
            "/projects/0/workspace",
            json!("workspace/3"),
            "invalid-value",
            "/projects/0/workspace",
        ),
        (
            "/projects/0/workspace",
            Value::Null,
            "invalid-value",
            "/projects/0",
        ),
        (
            "/projects/0/owner",
            json!("eve@example.com"),
            "invalid-value",
            "/projects/0/owner",
        ),
        (
            "/projects/0/settings",
            json!({ "x": { "value": { "preference": { "boolean": true } }, "current": false } }),
            "invalid-value",
            "/projects/0/settings",
        ),
        (
            "/members/1/email",
            json!("ada@example.com"),
            "invalid-value",
            "/members/1/email",
        ),
        (
            "/members/1/email",
            json!("Ben@Example.com"),
            "invalid-address",
            "/members/1/email",
        ),
        (
            "/members/1/email",
            json!("ben"),
            "invalid-address",
            "/members/1/email",
        ),
        (
            "/members/1/grants",
            json!([{ "role": "member" }, { "role": "admin" }]),
            "invalid-value",
            "/members/1/grants",
        ),
        (
            "/members/1/grants/0/role",
            json!("role/1"),
            "unknown-role",
            "/members/1/grants/0/role",
        ),
        (
            "/members/1/grants/1/role",
            json!("role/2"),
            "unknown-role",
            "/members/1/grants/1/role",
        ),
        (
            "/members/1/grants/1/not_before_ms",
            json!(-1),
            "invalid-value",
            "/members/1/grants/1",
        ),
        (
            "/members/1/grants/3",
            grant("workspace/1", "role/1"),
            "invalid-value",
            "/members/1/grants/3",
        ),
        (
            "/groups/0/workspace",
            json!("project/1"),
            "invalid-value",
            "/groups/0/workspace",
        ),
        (
            "/groups/0/members",
            json!(["eve@example.com"]),
            "invalid-value",
            "/groups/0/members",
        ),
        (
            "/groups/0/grants/0/node",
            json!("workspace/1"),
            "not-found",
            "/groups/0/grants/0",
        ),
        (
            "/groups/0/grants/1",
            grant("project/1", "editor"),
            "invalid-value",
            "/groups/0/grants",
        ),
        (
            "/groups/0/grants/0/role",
            json!("admin"),
            "unknown-role",
            "/groups/0/grants/0",
        ),
        (
            "/service_accounts/0/name",
            json!("x\n"),
            "invalid-value",
            "/service_accounts/0/name",
        ),
        (
            "/service_accounts/0/grants/0/role",
            json!("owners"),
            "unknown-role",
            "/service_accounts/0/grants/0/role",
        ),
        (
            "/settings/Flag",
            json!({ "value": { "preference": { "boolean": true } }, "current": false }),
            "invalid-value",
            "/settings/Flag",
        ),
        (
            "/settings/flag/current",
            json!(true),
            "invalid-value",
            "/settings/flag",
        ),
        (
            "/settings/key",
            json!({ "value": { "secret": {} }, "current": false }),
            "invalid-value",
            "/settings/key",
        ),
        (
            "/settings/key",
            json!({ "value": { "preference": { "text": "a\u{0}b" } }, "current": false }),
            "invalid-value",
            "/settings/key",
        ),
        (
            "/settings/key",
            json!({ "value": { "preference": { "boolean": true } }, "secret": "x", "current": false }),
            "invalid-body",
            "",
        ),
    ];
    // Ids of ours, this tenant's or another's, name nothing in a file.
    let (workspace, role) = {
        let workspaces = json(&acme.get(&acme.ada, "/workspaces"));
        let roles = json(&acme.get(&acme.ada, "/roles"));
        (
            workspaces["workspaces"][1]["id"].clone(),
            roles["roles"][0]["id"].clone(),
        )
    };
    cases.push((
        "/members/1/grants/1/node",
        workspace.clone(),
        "invalid-value",
        "/members/1/grants/1/node",
    ));
    cases.push((
        "/members/1/grants/1/role",
        role,
        "unknown-role",
        "/members/1/grants/1/role",
    ));
    cases.push((
        "/projects/0/workspace",
        workspace,
        "invalid-value",
        "/projects/0/workspace",
    ));
    cases.push((
        "/workspaces/2",
        with(&json!({ "n": node }), "/n/archived", &json!(1))["n"].clone(),
        "invalid-body",
        "",
    ));
    let before = acme.world.objects.count(Class::Organization);
    for (at, value, code, place) in cases {
        let refusal = acme.import(&acme.ada, &with(&file, at, &value));
        let problem = json(&refusal);
        assert_eq!(problem["code"], code, "{at} {value}: {problem}");
        assert!(refusal.status < 500, "{at}");
        let said = problem["at"].as_str().unwrap_or_default();
        assert_eq!(said, place, "{at} {value}: {problem}");
    }
    let me = Request::new(Method::Get, "/v1/me").with_header("cookie", &acme.ada);
    let mine = json(&acme.world.send(&me))["organizations"].clone();
    assert_eq!(mine.as_array().unwrap().len(), 1);
    assert_eq!(
        acme.world.objects.count(Class::Organization),
        before,
        "nothing was born"
    );
}

#[test]
fn j11_what_two_programs_read_differently_is_refused() {
    let acme = lockstep("");
    let file = text(&exported(&acme));
    for (from, to) in [
        (
            "\"name\": \"Acme\"",
            "\"name\": \"Acme\", \"name\": \"Evil\"",
        ),
        (
            "\"settings\": {}",
            "\"settings\": {\"a\": {\"value\": {\"preference\": {\"boolean\": true}}, \"current\": false}, \"a\": {\"value\": {\"preference\": {\"boolean\": false}}, \"current\": false}}",
        ),
        (
            "\"suspended\": false",
            "\"suspended\": false, \"suspended\": true",
        ),
        ("\"format\": 1", "\"format\": 1e0"),
    ] {
        assert!(file.contains(from), "{file}");
        let import = Request::new(Method::Post, IMPORT_PATH)
            .with_header("content-type", "application/json")
            .with_header("origin", crate::testing::ORIGIN)
            .with_body(Ok(file.replacen(from, to, 1).into_bytes()));
        let answer = acme.world.send(&import.with_header("cookie", &acme.ada));
        refused(&answer, 400, "invalid-body");
    }
}

#[test]
fn the_plans_and_the_limits_of_what_is_made_by_hand_hold() {
    let world = World::with_vars(&[("LOCKSTEP_POLICY", "langsmith")]);
    let acme = Acme::in_world(world);
    let names = |count: usize| -> Vec<Value> {
        let node = |number| json!({ "key": format!("workspace/{number}"), "name": "x", "archived": false });
        (1..=count).map(node).collect()
    };
    let file = |members: &str, value: Value| {
        let policy = json!({ "id": "langsmith", "digest": "" });
        let empty = json!({
            "format": 1, "policy": policy, "name": "Copy", "roles": [], "workspaces": [], "projects": [],
            "members": [], "members_left_out": 0, "groups": [], "service_accounts": [], "settings": {},
        });
        with(&empty, &format!("/{members}"), &value)
    };
    let role = |number| json!({ "key": format!("role/{number}"), "name": "x", "base": "viewer" });
    let roles: Vec<Value> = (1..=257).map(role).collect();
    let member = |number| json!({ "email": format!("m{number}@example.com"), "suspended": false, "grants": [{ "role": "organization-user" }] });
    let members: Vec<Value> = (0..10_001).map(member).collect();
    for (name, value, place) in [
        ("workspaces", json!(names(4_001)), "/projects"),
        ("roles", json!(roles), "/roles"),
        ("members", json!(members), "/members"),
    ] {
        let refusal = acme.import(&acme.ada, &file(name, value));
        refused(&refusal, 409, "limit-reached");
        assert_eq!(json(&refusal)["at"], place);
    }
    let many = acme.import(&acme.ada, &file("workspaces", json!(names(3))));
    assert_eq!(many.status, 201, "{}", text(&many));
}

/// A refusal is logged where there is a log: in what was never born there is none.
#[test]
fn an_import_that_is_refused_leaves_no_object_behind() {
    for policy in [
        "openlit",
        "openlit-product",
        "opik",
        "langsmith",
        "langsmith-current",
        "openlayer",
    ] {
        let acme = Acme::in_world(World::with_vars(&[("LOCKSTEP_POLICY", policy)]));
        let mut file = file_of(policy, &[]);
        file["settings"] =
            json!({ "flag": { "value": { "preference": { "boolean": true } }, "current": false } });
        let before = acme.world.objects.count(Class::Organization);
        refused(&acme.import(&acme.ada, &file), 403, "no-grant");
        let after = acme.world.objects.count(Class::Organization);
        assert_eq!(after, before, "{policy}");
    }
}
