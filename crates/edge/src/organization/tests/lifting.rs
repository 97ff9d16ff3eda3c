//! Law 5 where something is taken: what a deny rule held back by it comes to life. Who lost the role may have another one that gives it, so it is taken by who holds that.

use serde_json::{Value, json};

use super::{Acme, BEN, CAT, id, lockstep};
use crate::{
    http::{Method, Response},
    testing::{json, text, write},
};

/// A change by which a role ends that the rule names: what it is called here, and its request.
type Way = (&'static str, Method, String, Value);

/// A rule takes uploads and exports from Admins, of whom Ben is one, and from Editors, of whom Cat is one in every way there is.
struct Bound {
    acme: Acme,
    ben: String,
    rule: String,
    ways: Vec<Way>,
}

impl Bound {
    fn new() -> Self {
        let acme = lockstep("");
        let ben = acme.joined(BEN, "admin");
        acme.joined(CAT, "member");
        let rule = json!({ "effect": "deny", "roles": ["admin", "editor"], "permissions": ["data.create", "data.export"] });
        let rule = acme.rule(&rule);
        let mut ways = Vec::new();
        by_name(&acme, &mut ways);
        by_group(&acme, &mut ways);
        by_place(&acme, &mut ways);
        by_own_role(&acme, &mut ways);
        by_account(&acme, &mut ways);
        Self {
            acme,
            ben,
            rule,
            ways,
        }
    }

    fn go(&self, (_, method, rest, body): &Way) -> Response {
        let request = write(*method, &self.acme.path(rest), body);
        self.acme
            .world
            .send(&request.with_header("cookie", &self.ben))
    }
}

/// Makes something as Ada; answers its path.
fn made(acme: &Acme, kind: &str, body: &Value) -> String {
    let made = acme.post(&acme.ada, kind, body);
    assert_eq!(made.status, 201, "{}", text(&made));
    format!("{kind}/{}", id(&made))
}

fn put(acme: &Acme, path: &str, body: &Value) {
    let put = acme.put(&acme.ada, path, body);
    assert_eq!(put.status, 200, "{path}: {}", text(&put));
}

/// The id at the end of a path.
fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// A group of a workspace, and what it was granted.
fn group(acme: &Acme, workspace: &str, node: &str) -> String {
    let body = json!({ "name": "Crew", "workspace": last(workspace) });
    let group = made(acme, "/groups", &body);
    let grant = format!("{group}/grants/{}", last(node));
    put(acme, &grant, &json!({ "role": "editor" }));
    group
}

fn project(acme: &Acme, workspace: &str) -> String {
    let body = json!({ "name": "Bridge", "workspace": last(workspace) });
    made(acme, "/projects", &body)
}

/// A role that Cat was given on a workspace, and one on a project, which comes with a file.
fn by_name(acme: &Acme, ways: &mut Vec<Way>) {
    let north = acme.workspace("North");
    acme.grant(&north, CAT, "editor");
    let of_cat = acme.member(CAT);
    let in_north = format!("{north}{of_cat}");
    let viewer = json!({ "role": "viewer" });
    ways.push(("less in its place", Method::Put, in_north.clone(), viewer));
    parked(acme, ways, &in_north);
    ways.push(("taken", Method::Delete, in_north, json!({})));
    let pier = project(acme, &acme.workspace("Harbour"));
    acme.execute(&format!(
        "INSERT INTO granted (user, node, role) VALUES ('{}', '{}', 'editor')",
        last(&of_cat),
        last(&pier)
    ));
    let of_cat = format!("{pier}{of_cat}");
    ways.push(("taken on a project", Method::Delete, of_cat, json!({})));
}

/// A role that Cat has by a group.
fn by_group(acme: &Acme, ways: &mut Vec<Way>) {
    let east = acme.workspace("East");
    let crew = group(acme, &east, &east);
    let of_cat = format!("{crew}{}", acme.member(CAT));
    put(acme, &of_cat, &json!({}));
    let grant = format!("{crew}/grants/{}", last(&east));
    let viewer = json!({ "role": "viewer" });
    ways.push(("less for the group", Method::Put, grant.clone(), viewer));
    parked(acme, ways, &grant);
    ways.push(("taken from the group", Method::Delete, grant, json!({})));
    ways.push(("out of the group", Method::Delete, of_cat, json!({})));
    ways.push(("the group deleted", Method::Delete, crew, json!({})));
}

/// The same role again, under a window that leaves out some of the time.
fn parked(acme: &Acme, ways: &mut Vec<Way>, at: &str) {
    let now_ms = acme.world.edge.clock.now_ms();
    let editor = |bound: &str, at_ms| json!({ "role": "editor", bound: at_ms });
    let later = editor("not_before_ms", now_ms + 1_000);
    ways.push(("parked", Method::Put, at.to_owned(), later));
    let shorter = editor("expires_at_ms", now_ms + 1_000);
    ways.push(("shortened", Method::Put, at.to_owned(), shorter));
}

/// A role that reaches a project from the workspace in which it lies, or by a group of that one.
fn by_place(acme: &Acme, ways: &mut Vec<Way>) {
    let (west, far, south) = (
        acme.workspace("West"),
        acme.workspace("Far"),
        acme.workspace("South"),
    );
    let to_south = json!({ "workspace": last(&south) });
    acme.grant(&west, CAT, "editor");
    let from_west = format!("{}/workspace", project(acme, &west));
    ways.push(("moved", Method::Put, from_west, to_south.clone()));
    let tunnel = project(acme, &far);
    group(acme, &far, &tunnel);
    let from_far = format!("{tunnel}/workspace");
    ways.push(("moved from a group", Method::Put, from_far, to_south));
}

/// A role that the organization made of Editor.
fn by_own_role(acme: &Acme, ways: &mut Vec<Way>) {
    let own = acme.role("editor", &[]);
    acme.grant(&acme.workspace("Hill"), CAT, &own);
    let own = format!("/roles/{own}");
    ways.push(("the role deleted", Method::Delete, own, json!({})));
}

/// A role that an account has where it owns a project.
fn by_account(acme: &Acme, ways: &mut Vec<Way>) {
    let dock = acme.workspace("Dock");
    let granted = |role| json!({ "grants": [{ "role": role, "node": last(&dock) }] });
    let mut body = granted("editor");
    body["name"] = json!("Crane");
    let account = made(acme, "/service-accounts", &body);
    let pier = project(acme, &dock);
    acme.execute(&format!(
        "UPDATE node SET owner = '{}' WHERE id = '{}'",
        last(&account),
        last(&pier)
    ));
    let viewer = granted("viewer");
    ways.push(("less for an owning account", Method::Patch, account, viewer));
}

#[test]
fn law_5_nobody_ends_a_role_by_which_more_was_held_back_than_they_hold() {
    let (mut freed, mut kept) = (Vec::new(), Vec::new());
    for at in 0..Bound::new().ways.len() {
        let bound = Bound::new();
        let (acme, way) = (&bound.acme, &bound.ways[at]);
        let refusal = bound.go(way);
        if refusal.status != 403 || json(&refusal)["code"] != "exceeds-grantor" {
            freed.push((way.0, refusal.status));
        }
        // Nothing but the rule was in the way.
        assert_eq!(acme.delete(&acme.ada, &bound.rule).status, 204);
        let done = bound.go(way);
        if done.status >= 300 {
            kept.push((way.0, text(&done)));
        }
    }
    assert_eq!(freed, []);
    assert_eq!(kept, []);
}
