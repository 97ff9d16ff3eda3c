//! Projects that go from one workspace to another, what is archived, and tags of what is edited.

use serde_json::{Value, json};

use super::{Acme, BEN, CAT, id, lockstep, refused};
use crate::{
    http::{Method, Request, Response},
    testing::{json, text, write},
};

/// Two workspaces with a project of Ada's in the first.
fn placed(acme: &Acme) -> (String, String, String) {
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    let body = json!({ "name": "Bridge", "workspace": north.replace("/workspaces/", "") });
    let project = id(&acme.post(&acme.ada, "/projects", &body));
    (north, south, format!("/projects/{project}"))
}

fn relocate(acme: &Acme, session: &str, project: &str, workspace: &str) -> Response {
    let body = json!({ "workspace": workspace.replace("/workspaces/", "") });
    acme.put(session, &format!("{project}/workspace"), &body)
}

fn may_on(acme: &Acme, session: &str, permission: &str, project: &str) -> bool {
    acme.world.clock.advance_ms(10_000);
    let resource = json!({ "project": project.replace("/projects/", "") });
    let body = json!({ "permission": permission, "resource": resource });
    json(&acme.post(session, "/evaluate", &body))["decision"]
        .as_bool()
        .unwrap()
}

#[test]
fn what_is_granted_where_a_project_goes_reaches_it_and_what_is_granted_where_it_was_does_not() {
    let acme = lockstep("");
    let (ben, cat) = (acme.joined(BEN, "member"), acme.joined(CAT, "member"));
    let (north, south, project) = placed(&acme);
    acme.grant(&north, BEN, "editor");
    acme.grant(&south, CAT, "editor");
    assert!(may_on(&acme, &ben, "data.read", &project));
    assert!(!may_on(&acme, &cat, "data.read", &project));
    // A group of the workspace that it leaves reaches no further than that.
    let group = json!({ "name": "Crew", "workspace": north.replace("/workspaces/", "") });
    let group = format!("/groups/{}", id(&acme.post(&acme.ada, "/groups", &group)));
    let grant = format!("{group}/grants/{}", project.replace("/projects/", ""));
    assert_eq!(
        acme.put(&acme.ada, &grant, &json!({ "role": "viewer" }))
            .status,
        200
    );
    let moved = relocate(&acme, &acme.ada, &project, &south);
    assert_eq!(moved.status, 200, "{}", text(&moved));
    assert_eq!(
        json(&moved)["workspace"],
        json!(south.replace("/workspaces/", ""))
    );
    assert!(!may_on(&acme, &ben, "data.read", &project));
    assert!(may_on(&acme, &cat, "data.read", &project));
    assert_eq!(json(&acme.get(&acme.ada, &group))["grants"], json!([]));
    assert_eq!(
        json(&acme.get(&acme.ada, &project))["owner_id"],
        json!(acme.user(super::ADA))
    );
    refused(
        &relocate(&acme, &acme.ada, &project, &south),
        409,
        "conflict",
    );
    refused(
        &relocate(&acme, &acme.ada, &project, "wsp_none"),
        404,
        "not-found",
    );
    // Into a workspace made later than the project, too: nodes come after their parents.
    let west = acme.workspace("West");
    assert_eq!(relocate(&acme, &acme.ada, &project, &west).status, 200);
    assert_eq!(acme.get(&cat, "/snapshot").status, 200);
    assert_eq!(
        acme.patch(&acme.ada, &north, &json!({ "archived": true }))
            .status,
        200
    );
    refused(
        &relocate(&acme, &acme.ada, &project, &north),
        409,
        "conflict",
    );
}

#[test]
fn law_5_a_project_is_moved_by_who_holds_both_ends_of_it() {
    let acme = lockstep("");
    let (ben, _) = (acme.joined(BEN, "member"), acme.joined(CAT, "member"));
    let (north, south, project) = placed(&acme);
    // Who may not take it from where it is, or not put it where it goes, moves nothing.
    refused(&relocate(&acme, &ben, &project, &south), 404, "not-found");
    acme.grant(&north, BEN, "viewer");
    acme.grant(&south, BEN, "editor");
    refused(&relocate(&acme, &ben, &project, &south), 403, "no-grant");
    let mover = json!({ "name": "Mover", "base": "editor", "with": ["project.delete"] });
    let mover = id(&acme.post(&acme.ada, "/roles", &mover));
    acme.grant(&north, BEN, &mover);
    acme.grant(&south, BEN, "viewer");
    refused(&relocate(&acme, &ben, &project, &south), 403, "no-grant");
    acme.grant(&south, BEN, "editor");
    // The Admin of the other end would hold more on it than who moves it there.
    acme.grant(&south, CAT, "workspace-admin");
    refused(
        &relocate(&acme, &ben, &project, &south),
        403,
        "exceeds-grantor",
    );
    // What has not begun will reach it, and what is over does no more.
    let of_cat = format!("{south}{}", acme.member(CAT));
    let now_ms = acme.world.edge.clock.now_ms();
    for (window, status) in [("not_before_ms", 403), ("expires_at_ms", 200)] {
        let admin = json!({ "role": "workspace-admin", window: now_ms + 60_000 });
        assert_eq!(acme.put(&acme.ada, &of_cat, &admin).status, 200);
        acme.world
            .clock
            .advance_ms(if status == 200 { 60_000 } else { 1 });
        let moved = relocate(&acme, &ben, &project, &south);
        assert_eq!(moved.status, status, "{}", text(&moved));
    }
}

#[test]
fn projects_are_archived_and_revived_and_the_only_workspace_stays() {
    let acme = lockstep("");
    let (north, south, project) = placed(&acme);
    let archived = acme.patch(&acme.ada, &project, &json!({ "archived": true }));
    let since = json(&archived)["archived_at_ms"].clone();
    assert!(since.is_i64(), "{}", text(&archived));
    acme.world.clock.advance_ms(1_000);
    let again = acme.patch(
        &acme.ada,
        &project,
        &json!({ "archived": true, "name": "Old" }),
    );
    assert_eq!(json(&again)["archived_at_ms"], since);
    let revived = acme.patch(&acme.ada, &project, &json!({ "archived": false }));
    assert_eq!(
        (&json(&revived)["archived_at_ms"], &json(&revived)["name"]),
        (&Value::Null, &json!("Old"))
    );
    assert_eq!(acme.delete(&acme.ada, &north).status, 204);
    assert!([403, 409].contains(&acme.delete(&acme.ada, &south).status));
    // Also where the policy has no condition on it.
    let vars = [("LOCKSTEP_POLICY", "langsmith")];
    let acme = Acme::in_world(crate::testing::World::with_vars(&vars));
    let only = acme.workspace("Only");
    refused(&acme.delete(&acme.ada, &only), 409, "conflict");
    assert_eq!(acme.get(&acme.ada, &only).status, 200);
}

/// Sends an edit of what has `tag`.
fn edit(acme: &Acme, method: Method, path: &str, body: &Value, tag: &str) -> Response {
    let request = match method {
        Method::Delete => {
            Request::new(method, acme.path(path)).with_header("origin", crate::testing::ORIGIN)
        }
        method => write(method, &acme.path(path), body),
    };
    acme.world.send(
        &request
            .with_header("if-match", tag)
            .with_header("cookie", &acme.ada),
    )
}

fn etag(response: &Response) -> String {
    assert!(response.status < 300, "{}", text(response));
    response.header("etag").unwrap().to_owned()
}

/// Every change of a thing gives it another tag, nothing else does, and no old tag edits it.
#[test]
fn m9_a_tag_is_of_the_thing_as_it_is_and_an_old_one_edits_nothing() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let (north, south, project) = placed(&acme);
    let group = json!({ "name": "Crew", "workspace": north.replace("/workspaces/", "") });
    let group = format!("/groups/{}", id(&acme.post(&acme.ada, "/groups", &group)));
    let bare = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let into = format!("{group}{}", acme.member(BEN));
    let grant = format!("{group}/grants/{}", bare(&project));
    let changes = [
        (&north, Method::Patch, north.clone(), json!({ "name": "N" })),
        (
            &north,
            Method::Patch,
            north.clone(),
            json!({ "archived": true }),
        ),
        (
            &north,
            Method::Patch,
            north.clone(),
            json!({ "archived": false }),
        ),
        (
            &project,
            Method::Patch,
            project.clone(),
            json!({ "name": "P" }),
        ),
        (
            &project,
            Method::Patch,
            project.clone(),
            json!({ "archived": true }),
        ),
        (
            &project,
            Method::Put,
            format!("{project}/owner"),
            json!({ "user_id": acme.user(BEN) }),
        ),
        (&group, Method::Patch, group.clone(), json!({ "name": "G" })),
        (&group, Method::Put, into.clone(), json!({})),
        (
            &group,
            Method::Put,
            grant.clone(),
            json!({ "role": "viewer" }),
        ),
        (&group, Method::Delete, grant.clone(), json!({})),
        (&group, Method::Put, grant, json!({ "role": "viewer" })),
        (
            &project,
            Method::Put,
            format!("{project}/workspace"),
            json!({ "workspace": bare(&south) }),
        ),
        (&group, Method::Delete, into, json!({})),
    ];
    let all = [&north, &south, &project, &group];
    let tags = || all.map(|path| etag(&acme.get(&acme.ada, path)));
    for (thing, method, path, body) in changes {
        let before = tags();
        let at = all.iter().position(|path| *path == thing).unwrap();
        let state = text(&acme.get(&acme.ada, thing));
        refused(
            &edit(&acme, method, &path, &body, "\"1\""),
            412,
            "precondition-failed",
        );
        assert_eq!(
            (tags(), text(&acme.get(&acme.ada, thing))),
            (before.clone(), state)
        );
        let edited = edit(&acme, method, &path, &body, &before[at]);
        assert!(edited.status < 300, "{path}: {}", text(&edited));
        let after = tags();
        assert_ne!(after[at], before[at], "{path}");
        if edited.status == 200 {
            assert_eq!(etag(&edited), after[at], "{path}");
        }
        for (other, tag) in all
            .iter()
            .zip(&before)
            .filter(|(other, _)| **other != thing)
        {
            // A group whose grant went with the project is another one.
            let follows = path.ends_with("/workspace") && *other == &group;
            let now = etag(&acme.get(&acme.ada, other));
            assert_eq!(now == *tag, !follows, "{path} and {other}");
        }
    }
    let tag = tags();
    refused(
        &edit(&acme, Method::Delete, &north, &json!({}), "\"1\""),
        412,
        "precondition-failed",
    );
    assert_eq!(
        edit(&acme, Method::Delete, &north, &json!({}), &tag[0]).status,
        204
    );
    assert_eq!(
        edit(&acme, Method::Delete, &group, &json!({}), "*").status,
        404,
        "it went with its workspace"
    );
}

#[test]
fn m9_a_tag_follows_whoever_leaves_and_roles_that_go() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let (north, _, project) = placed(&acme);
    let role = acme.post(
        &acme.ada,
        "/roles",
        &json!({ "name": "Own", "base": "viewer" }),
    );
    let (role_tag, role) = (etag(&role), format!("/roles/{}", id(&role)));
    refused(
        &edit(
            &acme,
            Method::Patch,
            &role,
            &json!({ "name": "R" }),
            "\"1\"",
        ),
        412,
        "precondition-failed",
    );
    let renamed = edit(
        &acme,
        Method::Patch,
        &role,
        &json!({ "name": "R" }),
        &role_tag,
    );
    assert_ne!(etag(&renamed), role_tag);
    let listed = json(&acme.get(&acme.ada, "/roles"))["roles"][0]["epoch"].clone();
    assert_eq!(format!("\"{listed}\""), etag(&renamed));
    let group = json!({ "name": "Crew", "workspace": north.replace("/workspaces/", "") });
    let group = format!("/groups/{}", id(&acme.post(&acme.ada, "/groups", &group)));
    let grant = format!("{group}/grants/{}", north.replace("/workspaces/", ""));
    let own = json!({ "role": role.replace("/roles/", "") });
    assert_eq!(acme.put(&acme.ada, &grant, &own).status, 200);
    let into = format!("{group}{}", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &into, &json!({})).status, 200);
    let owner = json!({ "user_id": acme.user(BEN) });
    assert_eq!(
        acme.put(&acme.ada, &format!("{project}/owner"), &owner)
            .status,
        200
    );
    let tags = || [&group, &project].map(|path| etag(&acme.get(&acme.ada, path)));
    let before = tags();
    let gone = acme.delete_with(&acme.ada, &role, "reassign=viewer");
    assert_eq!(gone.status, 204, "{}", text(&gone));
    let reassigned = tags();
    assert_ne!(reassigned[0], before[0]);
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    let left = tags();
    assert!(left[0] != reassigned[0] && left[1] != reassigned[1]);
}
