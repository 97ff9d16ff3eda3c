//! For which organization and workspace a request is: by its path, its headers and its credential, which never disagree without a refusal (threats M4, M14).

use lockstep_core::{Access, Facts};
use lockstep_wire::{EvaluationRequest, ResourceTypes, Snapshot};
use serde_json::{Value, json};

use super::{Acme, BEN, id, lockstep, refused};
use crate::{
    http::{Method, Request, Response},
    router::{Handler, Route},
    routes::ROUTES,
    testing::{json, post, text, write},
};

const ORGANIZATION: &str = "x-organization-id";
/// An id that nobody has.
const NOBODY: &str = "x_1";

impl Acme {
    /// Another organization of Ada's.
    fn twin(&self) -> String {
        let created = post("/v1/organizations", &json!({ "name": "Twin" }));
        id(&self.world.send(&created.with_header("cookie", &self.ada)))
    }

    /// A question whose path names no organization.
    fn ask(&self, headers: &[(&str, &str)], resource: &Value) -> Response {
        let body = json!({ "permission": "data.read", "resource": resource });
        let request = headers
            .iter()
            .fold(post("/v1/evaluate", &body), |request, (name, value)| {
                request.with_header(name, value)
            });
        self.world.send(&request)
    }
}

#[track_caller]
fn decides(answer: &Response, expected: bool) {
    assert_eq!(answer.status, 200, "{}", text(answer));
    assert_eq!(json(answer)["decision"], expected, "{}", text(answer));
}

/// Every signed-in route whose path begins with an organization, and those where a header names it.
fn routes() -> impl Iterator<Item = (&'static Route, bool)> {
    let all = ROUTES.iter().copied().flatten();
    let all =
        all.filter(|route| !matches!(route.handler, Handler::Anonymous(_) | Handler::Operator(_)));
    all.filter_map(|route| {
        let by_path = route.pattern.contains("{org}");
        (by_path || is_by_header(route)).then_some((route, by_path))
    })
}

/// Whether a header may name the organization that a route is about.
pub(super) fn is_by_header(route: &Route) -> bool {
    let known = ["/v1/evaluate", "/v1/snapshot", "/v1/events"];
    known.contains(&route.pattern) || route.pattern.starts_with("/access/v1/")
}

fn request(route: &Route, organization: &str) -> Request {
    let path = route.pattern.replace("{org}", organization);
    let path: Vec<&str> = path
        .split('/')
        .map(|part| if part.starts_with('{') { NOBODY } else { part })
        .collect();
    write(
        route.method,
        &path.join("/"),
        &json!({ "permission": "data.read" }),
    )
}

#[test]
fn m14_a_credential_of_one_organization_is_refused_in_path_and_header_for_another() {
    let acme = lockstep("");
    let twin = acme.twin();
    let account = acme.account(&[json!({ "role": "owner" })]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let subtree = json!({ "name": "ci", "subtree": { "organization": acme.id } });
    let (_, pat) = acme.token(&acme.ada, &subtree);
    for secret in [&key, &pat] {
        for (route, by_path) in routes() {
            let there = request(route, &twin).with_header(ORGANIZATION, &twin);
            let answer = acme.world.send(&there.with_header("x-api-key", secret));
            refused(&answer, 403, "out-of-token-scope");
            if by_path {
                let torn = request(route, &acme.id).with_header(ORGANIZATION, &twin);
                let answer = acme.world.send(&torn.with_header("x-api-key", secret));
                refused(&answer, 400, "context-mismatch");
            }
        }
        let own = Request::new(Method::Get, "/v1/snapshot").with_header("x-api-key", secret);
        let own = json(&acme.world.send(&own));
        assert_eq!(
            own["organization"],
            json!(acme.id),
            "its own needs no header"
        );
    }
}

#[test]
fn m14_path_and_headers_that_disagree_are_refused_whoever_asks() {
    let acme = lockstep("");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    let of = |path: &str| path.replace("/workspaces/", "");
    let get = |path: &str, name: &str, value: &str| {
        let request = Request::new(Method::Get, acme.path(path)).with_header(name, value);
        acme.world.send(&request.with_header("cookie", &acme.ada))
    };
    for (path, name, value) in [
        ("", ORGANIZATION, acme.twin()),
        ("", ORGANIZATION, NOBODY.to_owned()),
        ("", ORGANIZATION, format!("{}, {}", acme.id, acme.id)),
        (&north, "x-workspace-id", of(&south)),
        (&north, "x-tenant-id", of(&south)),
        (&north, "comet-workspace", "South".to_owned()),
    ] {
        refused(&get(path, name, &value), 400, "context-mismatch");
    }
    for (path, name, value) in [
        ("", ORGANIZATION, acme.id.clone()),
        (&north, "x-workspace-id", of(&north)),
        (&north, "x-tenant-id", of(&north)),
        (&north, "comet-workspace", "North".to_owned()),
    ] {
        assert_eq!(get(path, name, &value).status, 200, "{name}");
    }
    for body in ["/projects", "/groups"] {
        let body = post(
            &acme.path(body),
            &json!({ "name": "Bridge", "workspace": of(&north) }),
        );
        let body = body.with_header("x-workspace-id", &of(&south));
        let answer = acme.world.send(&body.with_header("cookie", &acme.ada));
        refused(&answer, 400, "context-mismatch");
    }
}

#[test]
fn headers_say_what_the_path_does_not() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    acme.grant(&north, BEN, "viewer");
    let of = |path: &str| path.replace("/workspaces/", "");
    let (north, south) = (of(&north), of(&south));
    let session = ("cookie", ben.as_str());
    let here = (ORGANIZATION, acme.id.as_str());
    let none = json!({});
    refused(&acme.ask(&[session], &none), 400, "organization-required");
    refused(
        &acme.ask(&[session, (ORGANIZATION, NOBODY)], &none),
        404,
        "not-found",
    );
    decides(&acme.ask(&[session, here], &none), false);
    for header in ["x-workspace-id", "x-tenant-id"] {
        decides(&acme.ask(&[session, here, (header, &north)], &none), true);
        decides(&acme.ask(&[session, here, (header, &south)], &none), false);
        let torn = acme.ask(
            &[session, here, (header, &north)],
            &json!({ "workspace": south }),
        );
        refused(&torn, 400, "context-mismatch");
        let agreed = acme.ask(
            &[session, here, (header, &north)],
            &json!({ "workspace": north }),
        );
        decides(&agreed, true);
    }
    let torn = [("x-workspace-id", north.as_str()), ("x-tenant-id", &south)];
    refused(
        &acme.ask(&[&[session, here], &torn[..]].concat(), &none),
        400,
        "context-mismatch",
    );
    // Whose organization it is not, is told as much as by the path.
    let mallory = acme.world.sign_in("mallory@example.com");
    let foreign = acme.ask(&[("cookie", &mallory), here], &none);
    assert_eq!(json(&foreign)["reasons"][0]["code"], "no-membership");
    let snapshot = Request::new(Method::Get, "/v1/snapshot").with_header("cookie", &mallory);
    let snapshot = acme
        .world
        .send(&snapshot.with_header(ORGANIZATION, &acme.id));
    refused(&snapshot, 404, "not-found");
}

#[test]
fn a_workspace_is_found_by_its_name_inside_the_keys_organization() {
    let acme = lockstep("");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    let of = |path: &str| path.replace("/workspaces/", "");
    let there = json!({ "role": "viewer", "node": of(&north) });
    let account = acme.account(&[there]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    // Opik's clients send the bare key and the name of a workspace.
    let ask = |name: &str, resource: Value| {
        acme.ask(
            &[("authorization", &key), ("comet-workspace", name)],
            &resource,
        )
    };
    decides(&ask("North", json!({})), true);
    refused(&ask("Nowhere", json!({})), 404, "not-found");
    // It is there, and none of the account's business.
    refused(&ask("South", json!({})), 404, "not-found");
    let torn = ask("North", json!({ "workspace": of(&south) }));
    refused(&torn, 400, "context-mismatch");
    let twin = acme.twin();
    let path = format!("/v1/organizations/{twin}/workspaces");
    let named = post(&path, &json!({ "name": "East" })).with_header("cookie", &acme.ada);
    assert_eq!(acme.world.send(&named).status, 201);
    refused(&ask("East", json!({})), 404, "not-found");
    // Two of one name are told apart by their ids.
    let double = acme.workspace("North");
    decides(&ask("North", json!({})), true);
    let both = [of(&north), of(&double)].map(|node| json!({ "role": "viewer", "node": node }));
    let account = acme.path(&account);
    let change = write(Method::Patch, &account, &json!({ "grants": both }));
    let changed = acme.world.send(&change.with_header("cookie", &acme.ada));
    assert_eq!(changed.status, 200, "{}", text(&changed));
    refused(&ask("North", json!({})), 400, "invalid-value");
}

#[test]
fn a_project_of_another_workspace_than_the_one_that_is_named_is_denied() {
    let acme = lockstep("");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    let of = |path: &str| path.replace("/workspaces/", "");
    let bridge = json!({ "name": "Bridge", "workspace": of(&north) });
    let bridge = id(&acme.post(&acme.ada, "/projects", &bridge));
    // The first is answered from what the edge knows, the second by the object.
    for permission in ["data.read", "project.delete"] {
        for (workspace, expected) in [(&north, true), (&south, false)] {
            let workspace = of(workspace);
            let headers: [&[(&str, &str)]; 2] = [&[], &[("x-workspace-id", &workspace)]];
            for headers in headers {
                let resource = match headers {
                    [] => json!({ "workspace": workspace, "project": bridge }),
                    _ => json!({ "project": bridge }),
                };
                let body = json!({ "permission": permission, "resource": resource });
                let request = post(&acme.path("/evaluate"), &body).with_header("cookie", &acme.ada);
                let request = headers.iter().fold(request, |request, (name, value)| {
                    request.with_header(name, value)
                });
                decides(&acme.world.send(&request), expected);
            }
        }
    }
}

/// What `lockstep evaluate` says of the same question (docs/formats.md): a node of another level is none.
#[test]
fn a_node_of_another_level_than_the_question_says_is_denied() {
    let acme = lockstep("");
    let [north, south] =
        ["North", "South"].map(|name| acme.workspace(name).replace("/workspaces/", ""));
    let bridge = json!({ "name": "Bridge", "workspace": north });
    let bridge = id(&acme.post(&acme.ada, "/projects", &bridge));
    let organization = &acme.id;
    let policy = &acme.world.edge.config.policy;
    let snapshot = acme.get(&acme.ada, "/snapshot");
    let snapshot = Snapshot::read(snapshot.bytes(), policy).unwrap();
    let now_ms = snapshot.server_time_ms;
    let access = Access::resolve(&policy.policy, snapshot.record(), now_ms).unwrap();
    for (resource, expected) in [
        (json!({}), true),
        (json!({ "workspace": north }), true),
        (json!({ "workspace": north, "project": bridge }), true),
        (json!({ "project": bridge }), true),
        (json!({ "workspace": north, "project": north }), false),
        (json!({ "workspace": bridge, "project": bridge }), false),
        (
            json!({ "workspace": organization, "project": bridge }),
            false,
        ),
        (
            json!({ "workspace": organization, "project": organization }),
            false,
        ),
        (
            json!({ "workspace": organization, "project": north }),
            false,
        ),
        (json!({ "workspace": organization }), false),
        (json!({ "workspace": bridge }), false),
        (json!({ "workspace": south, "project": bridge }), false),
        (
            json!({ "workspace": north, "project": organization }),
            false,
        ),
        (json!({ "project": organization }), false),
        (json!({ "project": north }), false),
        (json!({ "project": "" }), false),
    ] {
        // The first is answered from what the edge knows, the second by the object.
        for permission in ["data.read", "data.delete"] {
            let body = json!({ "permission": permission, "resource": resource });
            let answer = json(&acme.post(&acme.ada, "/evaluate", &body));
            assert_eq!(
                answer["decision"], expected,
                "{permission} {resource}: {answer}"
            );
            if !expected {
                assert_eq!(answer["reasons"][0]["code"], "no-grant", "{resource}");
            }
            let request = json!({
                "subject": { "type": "user", "id": "ada" }, "action": { "name": permission },
                "resource": { "type": "dataset", "id": "d1", "properties": resource },
            });
            let request =
                EvaluationRequest::read(request.to_string().as_bytes(), &ResourceTypes::default())
                    .unwrap();
            let native = request.decide(&access, &Facts::default()).unwrap();
            assert_eq!(native.decision, expected, "{permission} {resource}");
        }
    }
}

/// AuthZEN names a place by `type` and `id`; so do programs that ask here.
#[test]
fn evaluate_of_a_resource_that_names_a_place_is_about_that_place() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let [north, south] =
        ["North", "South"].map(|name| acme.workspace(name).replace("/workspaces/", ""));
    acme.grant(&format!("/workspaces/{north}"), BEN, "editor");
    let bridge = json!({ "name": "Bridge", "workspace": north });
    let bridge = id(&acme.post(&acme.ada, "/projects", &bridge));
    let place = |kind: &str, id: &str| json!({ "type": kind, "id": id });
    let within = |workspace: &str, kind: &str, id: &str| json!({ "workspace": workspace, "type": kind, "id": id });
    let twin = acme.twin();
    for (resource, ada, ben_may) in [
        (place("organization", &acme.id), true, false),
        (place("organization", &twin), false, false),
        (place("organization", &north), false, false),
        (within(&north, "organization", &acme.id), false, false),
        (place("workspace", &north), true, true),
        (place("workspace", &south), true, false),
        (place("workspace", &acme.id), false, false),
        (place("workspace", "wsp_of_another"), false, false),
        (within(&north, "workspace", &north), true, true),
        (
            json!({ "project": bridge, "type": "workspace", "id": north }),
            false,
            false,
        ),
        (place("project", &bridge), true, true),
        (place("project", &north), false, false),
        (within(&south, "project", &bridge), false, false),
        (within(&north, "project", &bridge), true, true),
        // The ids of all else are opaque.
        (place("dataset", &south), true, false),
        (within(&north, "dataset", &south), true, true),
    ] {
        // The first is answered from what the edge knows, the second by the object.
        for permission in ["data.read", "data.delete"] {
            let body = json!({ "permission": permission, "resource": resource });
            for (session, expected) in [(&acme.ada, ada), (&ben, ben_may)] {
                let answer = json(&acme.post(session, "/evaluate", &body));
                assert_eq!(answer["decision"], expected, "{permission} {resource}");
            }
        }
    }
    for torn in [
        within(&south, "workspace", &north),
        json!({ "project": "p", "type": "project", "id": bridge }),
    ] {
        let body = json!({ "permission": "data.read", "resource": torn });
        refused(
            &acme.post(&acme.ada, "/evaluate", &body),
            400,
            "invalid-value",
        );
    }
    let session = ("cookie", acme.ada.as_str());
    let here = [
        session,
        (ORGANIZATION, &acme.id),
        ("x-workspace-id", &south),
    ];
    let torn = acme.ask(&here, &place("workspace", &north));
    refused(&torn, 400, "context-mismatch");
    // Programs send such a header with everything; the organization lies in no workspace.
    let asked = acme.ask(&here, &place("organization", &acme.id));
    assert_eq!(json(&asked)["decision"], true, "{}", text(&asked));
}
