//! Every route of an organization at once: what the policy offers to nobody nobody does, what is another
//! tenant's is not there, and what no route takes is refused.

use serde_json::{Value, json};

use super::{Acme, BEN, id, issuers::Idp, lockstep, refused};
use crate::{
    http::{Method, Request, Response},
    router::Route,
    routes::ROUTES,
    testing::{ORIGIN, World, json, text, write},
};

/// The routes about the structure of an organization that change something, each with a good body.
const CHANGES: &[(Method, &str, &str)] = &[
    (Method::Post, "/workspaces", r#"{"name":"x"}"#),
    (Method::Patch, "/workspaces/{workspace}", r#"{"name":"x"}"#),
    (Method::Delete, "/workspaces/{workspace}", ""),
    (
        Method::Post,
        "/workspaces/{workspace}/members",
        r#"{"members":[{"user_id":"{user}","role":"viewer"}]}"#,
    ),
    (
        Method::Put,
        "/workspaces/{workspace}/members/{user}",
        r#"{"role":"viewer"}"#,
    ),
    (Method::Delete, "/workspaces/{workspace}/members/{user}", ""),
    (
        Method::Post,
        "/projects",
        r#"{"name":"x","workspace":"{workspace}"}"#,
    ),
    (Method::Patch, "/projects/{project}", r#"{"name":"x"}"#),
    (Method::Delete, "/projects/{project}", ""),
    (
        Method::Put,
        "/projects/{project}/owner",
        r#"{"user_id":"{user}"}"#,
    ),
    (
        Method::Put,
        "/projects/{project}/workspace",
        r#"{"workspace":"{workspace}"}"#,
    ),
    (Method::Delete, "/projects/{project}/members/{user}", ""),
    (Method::Put, "/members/{user}/suspension", "{}"),
    (Method::Delete, "/members/{user}/suspension", ""),
    (
        Method::Post,
        "/groups",
        r#"{"name":"x","workspace":"{workspace}"}"#,
    ),
    (Method::Patch, "/groups/{group}", r#"{"name":"x"}"#),
    (Method::Put, "/groups/{group}/members/{user}", "{}"),
    (Method::Delete, "/groups/{group}/members/{user}", ""),
    (
        Method::Put,
        "/groups/{group}/grants/{node}",
        r#"{"role":"viewer"}"#,
    ),
    (Method::Delete, "/groups/{group}/grants/{node}", ""),
    (Method::Delete, "/groups/{group}", ""),
    (Method::Post, "/roles", r#"{"name":"x","base":"viewer"}"#),
    (Method::Post, "/roles/preview", r#"{"role":"{role}"}"#),
    (Method::Patch, "/roles/{role}", r#"{"name":"x"}"#),
    (Method::Delete, "/roles/{role}", ""),
    (
        Method::Post,
        "/rules",
        r#"{"effect":"allow","roles":["viewer"],"permissions":["run.read"]}"#,
    ),
    (Method::Post, "/rules/preview", r#"{"rule":"{rule}"}"#),
    (Method::Patch, "/rules/{rule}", r#"{"because":"x"}"#),
    (Method::Delete, "/rules/{rule}", ""),
    (
        Method::Post,
        "/issuers",
        r#"{"record":{"issuer":"https://idp.example/x","audiences":["x"],"algorithms":["EdDSA"],"jwks_uri":"https://idp.example/keys"}}"#,
    ),
    (
        Method::Put,
        "/settings/{setting}",
        r#"{"value":{"preference":{"boolean":true}}}"#,
    ),
    (Method::Put, "/current-database", r#"{"name":"main"}"#),
    (Method::Delete, "/settings/{setting}", ""),
    (
        Method::Put,
        "/workspaces/{workspace}/settings/{setting}",
        r#"{"value":{"preference":{"boolean":true}}}"#,
    ),
    (
        Method::Put,
        "/workspaces/{workspace}/current-database",
        r#"{"name":"main"}"#,
    ),
    (
        Method::Delete,
        "/workspaces/{workspace}/settings/{setting}",
        "",
    ),
    (Method::Patch, "/issuers/{issuer}", r#"{"active":false}"#),
    (Method::Delete, "/issuers/{issuer}", ""),
    (
        Method::Post,
        "/webhooks",
        r#"{"name":"x","url":"https://hooks.example/x"}"#,
    ),
    (
        Method::Post,
        "/domains",
        r#"{"domain":"other.example","role":"member"}"#,
    ),
    (Method::Patch, "/domains/{domain}", r#"{"automatic":true}"#),
    (Method::Put, "/domains/{domain}/proof", "{}"),
    (Method::Delete, "/domains/{domain}", ""),
    (Method::Patch, "/webhooks/{webhook}", r#"{"name":"x"}"#),
    (Method::Post, "/webhooks/{webhook}/rotate", "{}"),
    (
        Method::Post,
        "/webhooks/{webhook}/deliveries/{event}/replay",
        "{}",
    ),
    (Method::Delete, "/webhooks/{webhook}", ""),
];

/// Those about who is to come in, or is there, which every shipped policy offers to somebody.
const JOINING: &[(Method, &str, &str)] = &[
    (
        Method::Post,
        "/members/batch",
        r#"{"members":[{"user_id":"{user}","remove":true}]}"#,
    ),
    (
        Method::Post,
        "/invitations",
        r#"{"email":"new@example.com","role":"member","workspaces":[{"workspace":"{workspace}","role":"viewer"}]}"#,
    ),
    (
        Method::Post,
        "/invitations/batch",
        r#"{"invitations":[{"email":"new@example.com","role":"member","workspaces":[{"workspace":"{workspace}","role":"viewer"}]}]}"#,
    ),
    (
        Method::Post,
        "/invitations/resend",
        r#"{"invitations":["{invitation}"]}"#,
    ),
    (
        Method::Post,
        "/invitations/{invitation}/resend",
        r#"{"message":"x"}"#,
    ),
    (Method::Delete, "/invitations/{invitation}", ""),
    (
        Method::Post,
        "/links",
        r#"{"role":"member","uses_max":9,"workspaces":[{"workspace":"{workspace}","role":"viewer"}]}"#,
    ),
    (Method::Delete, "/links/{link}", ""),
];

/// Those that were there before, which have tests of their own.
const OLDER: &[&str] = &[
    "",
    "/members/{user}",
    // Whoever was invited acts on these, and their address is what counts.
    "/invitations/{invitation}/accept",
    "/invitations/{invitation}/decline",
    "/join",
    "/evaluate",
    "/owner",
    "/restore",
];

const ORGANIZATION: &str = "/v1/organizations/{org}";

#[test]
fn every_route_that_changes_something_is_in_the_table() {
    let all = ROUTES.iter().copied().flatten();
    let unsafe_ones = all.filter(|route: &&Route| route.method.is_unsafe());
    let of_organizations = unsafe_ones.filter_map(|route| {
        let rest = route.pattern.strip_prefix(ORGANIZATION)?;
        let elsewhere = ["/service-accounts", "/access/v1/"];
        let is_older = OLDER.contains(&rest) || elsewhere.iter().any(|it| rest.starts_with(it));
        (!is_older).then_some((route.method.as_str(), rest))
    });
    for route in of_organizations {
        let known = changes().any(|(method, rest, _)| (method.as_str(), *rest) == route);
        assert!(known, "{route:?} has no row in CHANGES");
    }
}

fn changes() -> impl Iterator<Item = &'static (Method, &'static str, &'static str)> {
    CHANGES.iter().chain(JOINING)
}

/// What stands for each parameter.
struct Ids(Vec<(&'static str, String)>);

impl Ids {
    /// A workspace with a project and a group, and somebody as an Editor in it.
    fn of(acme: &Acme, email: &str) -> Self {
        let path = acme.workspace("North");
        acme.workspace("South");
        acme.grant(&path, email, "editor");
        let workspace = path.replace("/workspaces/", "");
        let body = json!({ "name": "Bridge", "workspace": workspace });
        let project = id(&acme.post(&acme.ada, "/projects", &body));
        let group = id(&acme.post(&acme.ada, "/groups", &body));
        let role = json!({ "name": "Own", "base": "viewer" });
        let role = id(&acme.post(&acme.ada, "/roles", &role));
        let issuer = Idp::new(1).body(None);
        let issuer = id(&acme.post(&acme.ada, "/issuers", &issuer));
        let invitation = acme.invited("waiting@example.com", "member");
        let allowed =
            json!({ "effect": "allow", "roles": ["viewer"], "permissions": ["run.read"] });
        let (webhook, event) = acme.webhook();
        let ids = Self(vec![
            ("{webhook}", webhook),
            ("{event}", event),
            ("{domain}", acme.claim("people.example", "member")),
            ("{role}", role),
            ("{rule}", acme.rule(&allowed).replace("/rules/", "")),
            ("{invitation}", invitation),
            ("{link}", acme.link("member", 9).0),
            ("{issuer}", issuer),
            ("{node}", workspace.clone()),
            ("{workspace}", workspace),
            ("{project}", project),
            ("{group}", group),
            ("{user}", acme.user(email)),
        ]);
        for path in [
            "/groups/{group}/members/{user}",
            "/groups/{group}/grants/{node}",
        ] {
            let body = if path.ends_with("{node}") {
                json!({ "role": "viewer" })
            } else {
                json!({})
            };
            let set = acme.put(&acme.ada, &ids.fill(path), &body);
            assert_eq!(set.status, 200, "{}", text(&set));
        }
        ids
    }

    /// With what another tenant has for `name`.
    fn with(&self, name: &str, other: &Self) -> Self {
        let mine = self.0.iter().zip(&other.0);
        Self(
            mine.map(|(mine, other)| {
                if mine.0 == name {
                    other.clone()
                } else {
                    mine.clone()
                }
            })
            .collect(),
        )
    }

    fn fill(&self, text: &str) -> String {
        // A setting's name is the same in every organization.
        let text = text.replace("{setting}", "flag");
        self.0
            .iter()
            .fold(text, |text, (name, id)| text.replace(name, id))
    }
}

fn send(acme: &Acme, session: &str, ids: &Ids, change: &(Method, &str, &str)) -> Response {
    let (method, path, body) = change;
    let path = acme.path(&ids.fill(path));
    let request = match ids.fill(body).as_str() {
        "" => Request::new(*method, path).with_header("origin", ORIGIN),
        body => write(
            *method,
            &path,
            &serde_json::from_str::<Value>(body).unwrap(),
        ),
    };
    acme.world.send(&request.with_header("cookie", session))
}

/// All that an Owner can read of the structure.
fn state(acme: &Acme, ids: &Ids) -> Vec<Value> {
    let lists = [
        "",
        "/workspaces",
        "/projects",
        "/members",
        "/workspaces/{workspace}/members",
        "/groups",
        "/roles",
        "/rules",
        "/issuers",
        "/domains",
        "/settings",
        "/workspaces/{workspace}/settings",
        "/invitations",
        "/links",
        "/webhooks",
    ];
    lists
        .iter()
        .map(|list| json(&acme.get(&acme.ada, &ids.fill(list))))
        .collect()
}

#[test]
fn m1_what_the_policy_offers_to_nobody_nobody_does() {
    // OpenLIT's table has nothing below the organization, so its Admin may do nothing of this.
    let acme = Acme::in_world(World::with_vars(&[("LOCKSTEP_POLICY", "openlit")]));
    acme.joined(BEN, "member");
    let named = |(name, id): (&'static str, &str)| (name, id.to_owned());
    let ids = [
        ("{workspace}", "wsp_1"),
        ("{project}", "prj_1"),
        ("{group}", "grp_1"),
        ("{role}", "role_1"),
        ("{rule}", "rule_1"),
        ("{issuer}", "iss_1"),
        ("{domain}", "dom_1"),
        ("{webhook}", "whk_1"),
        ("{event}", "evt_1"),
        ("{node}", "wsp_1"),
        ("{user}", &acme.user(BEN)),
    ];
    let ids = Ids(ids.map(named).to_vec());
    let before = state(&acme, &ids);
    for change in CHANGES {
        let answer = send(&acme, &acme.ada, &ids, change);
        assert!(
            [403, 404].contains(&answer.status),
            "{change:?}: {}",
            text(&answer)
        );
    }
    assert_eq!(state(&acme, &ids), before);
}

#[test]
fn m6_who_only_looks_changes_nothing_by_any_route() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let cat = acme.joined(super::CAT, "member");
    let ids = Ids::of(&acme, BEN);
    let workspace = ids.fill("/workspaces/{workspace}");
    acme.grant(&workspace, super::CAT, "viewer");
    let before = state(&acme, &ids);
    for change in changes() {
        let answer = send(&acme, &cat, &ids, change);
        let status = match answer.status {
            207 => json(&answer)["results"][0]["status"].clone(),
            status => json!(status),
        };
        assert_eq!(status, 403, "{change:?}: {}", text(&answer));
    }
    assert_eq!(state(&acme, &ids), before);
}

#[test]
fn m4_no_id_of_another_tenant_is_there_in_any_place() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let ids = Ids::of(&acme, BEN);
    let mut other = Acme {
        world: acme.world,
        ada: acme.ada.clone(),
        id: String::new(),
    };
    let twin = {
        let created = other.world.send(
            &crate::testing::post("/v1/organizations", &json!({ "name": "Twin" }))
                .with_header("cookie", &other.ada),
        );
        id(&created)
    };
    // The twin has the same Owner, and a member that the first has not.
    other.id = twin;
    let cat = other.joined(super::CAT, "member");
    let theirs = Ids::of(&other, super::CAT);
    let acme = Acme {
        world: other.world,
        ada: other.ada,
        id: acme.id,
    };
    let before = state(&acme, &ids);
    for change in changes() {
        for (name, _) in &ids.0 {
            if !change.1.contains(name) && !change.2.contains(name) {
                continue;
            }
            let answer = send(&acme, &acme.ada, &ids.with(name, &theirs), change);
            let results = json(&answer)["results"][0]["problem"].clone();
            let code = if answer.status == 207 {
                &results["code"]
            } else {
                &json(&answer)["code"]
            };
            assert_eq!(*code, "not-found", "{change:?} with {name}");
        }
        // Who is of the twin alone finds nothing here, whatever they name.
        for ids in [&ids, &theirs] {
            refused(&send(&acme, &cat, ids, change), 404, "not-found");
        }
    }
    assert_eq!(state(&acme, &ids), before);
}

#[test]
fn m13_what_no_route_takes_is_refused_by_every_one_of_them() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let ids = Ids::of(&acme, BEN);
    let before = state(&acme, &ids);
    for (method, path, body) in changes().filter(|change| !change.2.is_empty()) {
        for field in [
            "id",
            "owner_id",
            "created_at_ms",
            "archived_at_ms",
            "suspended_at_ms",
            "admin",
            "epoch",
            "organization",
        ] {
            let mut body: Value = serde_json::from_str(&ids.fill(body)).unwrap();
            body[field] = json!("x");
            let request = write(*method, &acme.path(&ids.fill(path)), &body);
            let answer = acme.world.send(&request.with_header("cookie", &acme.ada));
            refused(&answer, 400, "invalid-body");
        }
    }
    assert_eq!(state(&acme, &ids), before);
}
