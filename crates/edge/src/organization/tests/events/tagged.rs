//! `If-Match` by every route that edits, made from the route table: the tag that its thing has is met, and what has none is named.

use serde_json::Value;

use super::{Full, Method, Route, changes, json, made, request, text};
use crate::testing::json as read_json;

const ORGANIZATION: &str = "/v1/organizations/{org}";

/// What has no entity tag, as docs/http.md says: what nobody edits but to switch it off or to end it.
const UNTAGGED: [&str; 3] = [
    "/invitations/{invitation}",
    "/links/{link}",
    "/service-accounts/{account}/keys/{key}",
];

fn edits() -> impl Iterator<Item = (&'static Route, &'static str)> {
    let edits = changes().filter(|route| route.method != Method::Post);
    edits.filter_map(|route| Some((route, route.pattern.strip_prefix(ORGANIZATION)?)))
}

/// The epoch of what a route edits, as its reader finds it: by itself, or in the list where it is.
fn tag(full: &Full, rest: &str) -> i64 {
    let acme = &full.acme;
    let read = |path: &str| read_json(&acme.get(&acme.ada, &full.fill(path)));
    let listed = |list: &str, name: &str, key: &str, id: &str| {
        let page = read(list);
        let mut all = page[name].as_array().unwrap().iter();
        all.find(|one| one[key] == full.fill(id)).unwrap().clone()
    };
    let parts: Vec<&str> = rest.split('/').collect();
    let is_of_member = rest == "/owner" || parts.contains(&"{user}") && parts[1] != "groups";
    let found: Value = match parts.as_slice() {
        [""] => read(""),
        _ if is_of_member => listed("/members", "members", "user_id", "{user}"),
        [_, "roles", _] => listed("/roles", "roles", "id", "{role}"),
        [_, "service-accounts", _] => {
            listed("/service-accounts", "service_accounts", "id", "{account}")
        }
        [_, "settings", _] | [_, "workspaces", _, "settings", _] => read(rest),
        // What is chosen is a setting.
        [place @ .., "current-database"] => read(&format!("{}/settings/spare", place.join("/"))),
        [_, of, id, ..] => read(&format!("/{of}/{id}")),
        _ => panic!("say what {rest} edits"),
    };
    found["epoch"]
        .as_i64()
        .unwrap_or_else(|| panic!("{rest}: {found}"))
}

#[test]
fn every_edit_is_made_by_the_tag_of_what_it_edits_and_by_no_other() {
    let document = include_str!("../../../../../../docs/openapi.json");
    let document: Value = serde_json::from_str(document).unwrap();
    let (mut met, mut untagged) = (0, 0);
    for (route, rest) in edits() {
        let name = format!("{} {rest}", route.method.as_str());
        let full = Full::new();
        let mut request = request(&full, route);
        if rest.contains("{workspace}") {
            // Its name is looked up first, and has no tag.
            let workspace = read_json(
                &full
                    .acme
                    .get(&full.acme.ada, &full.fill("/workspaces/{workspace}")),
            );
            request = request.with_header("comet-workspace", workspace["name"].as_str().unwrap());
        }
        let send = |request: crate::http::Request, tag: &str| {
            full.acme.world.send(&request.with_header("if-match", tag))
        };
        if UNTAGGED.iter().any(|end| rest.ends_with(end)) {
            made(&send(request, "*"));
            untagged += 1;
            continue;
        }
        let method = route.method.as_str().to_ascii_lowercase();
        let documented = &document["paths"][route.pattern][&method];
        let parameters = documented["parameters"].as_array().unwrap();
        let mut names = parameters.iter().map(|parameter| &parameter["name"]);
        assert!(names.any(|name| name == "If-Match"), "{name}");
        assert!(documented["responses"]["412"].is_object(), "{name}");
        let tag = tag(&full, rest.trim_end_matches("/suspension"));
        let answer = send(request, &format!("\"{tag}\""));
        assert!(answer.status < 300, "{name} by {tag}: {}", text(&answer));
        met += 1;
    }
    assert!(met >= 30 && untagged == 4, "{met} {untagged}");
}

/// Somebody else was quicker: another role of the same member, or another owner.
#[test]
fn who_was_given_another_role_meanwhile_is_not_edited_by_what_was_read_before() {
    let full = Full::new();
    let acme = &full.acme;
    let [workspace, owner] = ["/workspaces/{workspace}/members/{user}", "/owner"];
    let [read, later] = [(); 2].map(|()| {
        let read = tag(&full, owner);
        let body = json!({ "role": "editor" });
        assert_eq!(
            acme.put(&acme.ada, &full.fill(workspace), &body).status,
            200
        );
        read
    });
    assert_ne!(read, later);
    for (rest, body) in [
        (workspace, json!({ "role": "viewer" })),
        (owner, json!({ "user_id": "{user}" })),
    ] {
        let body: Value = serde_json::from_str(&full.fill(&body.to_string())).unwrap();
        let put = |tag: i64| {
            let path = acme.path(&full.fill(rest));
            let request = crate::testing::write(Method::Put, &path, &body);
            let request = request.with_header("cookie", &acme.ada);
            acme.world
                .send(&request.with_header("if-match", &format!("\"{tag}\"")))
        };
        assert_eq!(put(later).status, 412, "{rest}");
        let current = tag(&full, owner);
        assert_eq!(put(current).status, 200, "{rest}");
    }
}
