//! M7: what is sensitive is never read on the word of a credential that was only remembered, by any route and under any policy.

mod denied;

use std::rc::Rc;

use lockstep_core::Operation;
use lockstep_wire::CompiledPolicy;
use serde_json::json;

use super::{Acme, BEN, CAT, refused, scopes::Full};
use crate::{
    config::Config,
    edge::Edge,
    http::{Body, Method, Request, Response},
    policies,
    router::{Handler, Route},
    routes::ROUTES,
    testing::{World, config, text, write},
};

/// By what somebody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Key,
    Pat,
    Session,
}

/// What of an organization is read by a credential that may be remembered, below the organization's path.
fn reads() -> impl Iterator<Item = (&'static Route, &'static str)> {
    let all = ROUTES.iter().copied().flatten();
    let reads = all.filter(|route| {
        let is_remembered = matches!(route.handler, Handler::Asking(_) | Handler::SignedIn(_));
        route.method == Method::Get && is_remembered
    });
    reads.filter_map(|route| {
        let rest = route.pattern.strip_prefix("/v1/organizations/{org}")?;
        // What somebody holds themselves is theirs, and a stream checks its credential by itself.
        (!["/snapshot", "/events"].contains(&rest)).then_some((route, rest))
    })
}

/// The operation that opens what a route reads.
fn operation(rest: &str) -> Operation {
    use Operation::{
        AuditRead, DomainRead, GroupRead, InvitationRead, IssuerRead, MemberRead, OrganizationRead,
        ProjectRead, RoleRead, RuleRead, ServiceAccountRead, SettingsRead, WebhookRead,
        WorkspaceMemberRead, WorkspaceRead, WorkspaceSettingsRead,
    };
    let mut parts = rest.split('/').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => OrganizationRead,
        (Some("audit"), ..) => AuditRead,
        (Some("domains"), ..) => DomainRead,
        (Some("groups"), ..) => GroupRead,
        (Some("invitations" | "links"), ..) => InvitationRead,
        (Some("issuers"), ..) => IssuerRead,
        (Some("members"), ..) => MemberRead,
        (Some("projects"), ..) => ProjectRead,
        (Some("roles"), ..) => RoleRead,
        (Some("rules"), ..) => RuleRead,
        (Some("service-accounts"), ..) => ServiceAccountRead,
        (Some("settings"), ..) => SettingsRead,
        (Some("webhooks"), ..) => WebhookRead,
        (Some("workspaces"), _, Some("members")) => WorkspaceMemberRead,
        (Some("workspaces"), _, Some("settings")) => WorkspaceSettingsRead,
        (Some("workspaces"), ..) => WorkspaceRead,
        (Some(other), ..) => panic!("say what opens {other}"),
    }
}

fn deployed(policy: &str) -> Config {
    config(&[("LOCKSTEP_POLICY", policy)])
}

/// Lockstep's own policy, with everything in it sensitive.
fn all_sensitive() -> Config {
    made_sensitive(|_| true)
}

fn made_sensitive(chosen: impl Fn(&str) -> bool) -> Config {
    let mut config = deployed("lockstep");
    let mut document = config.policy.document.clone();
    for permission in &mut document.permissions {
        permission.sensitive |= chosen(&permission.id);
    }
    let document = serde_json::to_string(&document).unwrap();
    config.policy = Rc::new(CompiledPolicy::from_json(&document).unwrap());
    config
}

fn is_sensitive(acme: &Acme, operation: Operation) -> bool {
    let policy = &acme.world.edge.config.policy.policy;
    let permission = policy.operation(operation);
    let described = permission.and_then(|permission| policy.describe(permission));
    described.is_some_and(|permission| permission.sensitive)
}

/// A credential of who created the organization, or of a program with their role: the header that carries it, and how it ends. Some policies have no programs.
fn credential(acme: &Acme, kind: Kind) -> Option<([String; 2], Request)> {
    let delete = |path: &str| write(Method::Delete, path, &json!({}));
    Some(match kind {
        Kind::Session => {
            let session = acme.world.sign_in(super::ADA);
            let end = delete("/v1/session").with_header("cookie", &session);
            (["cookie".to_owned(), session], end)
        }
        Kind::Pat => {
            let (id, secret) = acme.token(&acme.ada, &json!({ "name": "reader" }));
            let end = delete(&format!("/v1/me/tokens/{id}")).with_header("cookie", &acme.ada);
            (["x-api-key".to_owned(), secret], end)
        }
        Kind::Key => {
            let role = &acme.members()[0].1;
            let role = if role == "owner" { "admin" } else { role };
            let body = json!({ "name": "Reader", "grants": [{ "role": role }] });
            let account = acme.post(&acme.ada, "/service-accounts", &body);
            if account.status != 201 {
                return None;
            }
            let account = format!("/service-accounts/{}", super::id(&account));
            let (key, secret) = acme.key(&acme.ada, &account, &json!({ "name": "reader" }));
            let end = delete(&acme.path(&key)).with_header("cookie", &acme.ada);
            (["x-api-key".to_owned(), secret], end)
        }
    })
}

/// Reads everything, each by an isolate that is told nothing; ends the credential, and reads again. Answers the routes that were open, with the second answers.
fn read_twice(
    acme: &Acme,
    fill: &dyn Fn(&str) -> String,
    kind: Kind,
) -> Vec<(&'static str, Response)> {
    let Some(([name, value], end)) = credential(acme, kind) else {
        return Vec::new();
    };
    let read = |isolate: &Edge, route: &Route| {
        let request = Request::new(Method::Get, fill(route.pattern));
        acme.world
            .send_to(isolate, &request.with_header(&name, &value))
    };
    let first = reads().map(|(route, rest)| {
        let isolate = acme.world.isolate();
        let answer = read(&isolate, route);
        (route, rest, isolate, answer)
    });
    let first: Vec<_> = first.collect();
    let ended = acme.world.send(&end);
    assert!(ended.status < 300, "{}", text(&ended));
    let open = first
        .into_iter()
        .filter(|(.., answer)| answer.status == 200);
    open.map(|(route, rest, isolate, _)| (rest, read(&isolate, route)))
        .collect()
}

#[test]
fn m7_what_a_sensitive_permission_reads_asks_the_credentials_object() {
    let ids = policies::ids();
    for kind in [Kind::Session, Kind::Pat, Kind::Key] {
        let mut sensitive = 0;
        for policy in ids.split(", ") {
            let acme = Acme::in_world(World::of(deployed(policy)));
            let fill = |text: &str| text.replace("{org}", &acme.id);
            for (rest, answer) in read_twice(&acme, &fill, kind) {
                if is_sensitive(&acme, operation(rest)) {
                    sensitive += 1;
                    assert_eq!(answer.status, 401, "{kind:?} under {policy}: {rest}");
                }
            }
        }
        assert!(sensitive >= 8, "{kind:?}: {sensitive}");
    }
}

#[test]
fn m7_where_everything_is_sensitive_nothing_is_read_on_a_remembered_credential() {
    for kind in [Kind::Session, Kind::Pat, Kind::Key] {
        let full = Full::of(Acme::in_world(World::of(all_sensitive())), [BEN, CAT]);
        let again = read_twice(&full.acme, &|text| full.fill(text), kind);
        let (all, open) = (reads().count(), again.len());
        assert_eq!(open, all, "{kind:?}");
        for (rest, answer) in again {
            assert!(matches!(answer.body, Body::Bytes(_)), "{rest}");
            assert_eq!(answer.status, 401, "{kind:?}: {rest}: {}", text(&answer));
            refused(&answer, 401, "unauthenticated");
        }
    }
}

/// That facts are believed is allowed by a permission, too.
#[test]
fn m7_facts_are_not_believed_of_a_revoked_gateway() {
    let full = Full::of(
        Acme::in_world(World::of(made_sensitive(|id| id == "decisions.ask"))),
        [BEN, CAT],
    );
    let acme = &full.acme;
    let account = acme.account(&[json!({ "role": "gateway" })]);
    let (key, secret) = acme.key(&acme.ada, &account, &json!({ "name": "gate" }));
    let elsewhere = acme.world.isolate();
    let ask = |facts: serde_json::Value| {
        let body = json!({ "permission": "organization.read", "facts": facts });
        let request = write(Method::Post, &acme.path("/evaluate"), &body);
        let request = request.with_header("x-api-key", &secret);
        acme.world.send_to(&elsewhere, &request).status
    };
    let stated = || json!({ "resource.x": true });
    assert_eq!((ask(stated()), ask(json!({}))), (200, 200));
    assert_eq!(acme.delete(&acme.ada, &key).status, 204);
    assert_eq!(ask(stated()), 401);
}

/// What is not sensitive is read within the window, and a credential that counts reads everything.
#[test]
fn what_is_remembered_counts_for_the_rest_and_who_still_has_it_reads_all() {
    let full = Full::new();
    let acme = &full.acme;
    let elsewhere = acme.world.isolate();
    let (id, secret) = acme.token(&acme.ada, &json!({ "name": "reader" }));
    let read = |rest: &str| {
        let request = Request::new(Method::Get, acme.path(rest));
        let request = request.with_header("x-api-key", &secret);
        acme.world.send_to(&elsewhere, &request).status
    };
    for _ in 0..2 {
        assert_eq!((read("/members"), read("/webhooks")), (200, 200));
    }
    let delete = write(Method::Delete, &format!("/v1/me/tokens/{id}"), &json!({}));
    let deleted = acme.world.send(&delete.with_header("cookie", &acme.ada));
    assert_eq!(deleted.status, 204);
    assert_eq!((read("/members"), read("/webhooks")), (200, 401));
}
