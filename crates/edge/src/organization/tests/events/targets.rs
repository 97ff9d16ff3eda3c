//! What each row of the audit log, and so each event, names as its target: the thing that it was done to, and the organization only where it is that.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Full, Method, Response, Route, changes, made, request, state};
use crate::{
    audit::About,
    objects::Class,
    organization::tests::{BEN, DAN, commands::forms, issuers::Idp, lockstep, plans},
    sql::Sql,
    testing::{json as read_json, write},
};

const ORGANIZATION: &str = "/v1/organizations/{org}";

/// The thing that a route is about: what its path names, or what its answer has made. `None` for the organization itself, and for several things at once.
fn thing(route: &Route, rest: &str, answer: &Response) -> Option<String> {
    let made = || read_json(answer)["id"].as_str().map(str::to_owned);
    let parts: Vec<&str> = rest.split('/').skip(1).collect();
    let thing = match (route.method, parts.as_slice()) {
        (Method::Patch | Method::Delete, []) | (Method::Post, ["restore"]) => return None,
        (Method::Post, [.., "batch" | "resend"]) if !parts.contains(&"{invitation}") => {
            return None;
        }
        // Who owns the organization from now on.
        (Method::Put, ["owner"]) => "{user}".to_owned(),
        (_, ["settings", name]) => (*name).to_owned(),
        (_, ["workspaces", place, "settings", name]) => format!("{place}/{name}"),
        (_, ["current-database"]) => "spare".to_owned(),
        (_, ["workspaces", place, "current-database"]) => format!("{place}/spare"),
        (Method::Post, ["workspaces", place, "members"]) => (*place).to_owned(),
        (_, ["workspaces" | "projects", _, "members", user]) => (*user).to_owned(),
        (Method::Post, ["service-accounts", _, "keys"]) => return made(),
        // Who comes in.
        (Method::Post, ["join"]) => "{dan}".to_owned(),
        (_, ["service-accounts", _, "keys", key, ..]) => (*key).to_owned(),
        (Method::Post, [_]) => return made(),
        (_, [_, of, ..]) => (*of).to_owned(),
        _ => panic!("say what {} {rest} is about", route.method.as_str()),
    };
    Some(thing)
}

#[test]
fn a_row_of_the_log_names_what_it_was_done_to() {
    let (mut named, mut of_organization) = (0, Vec::new());
    let mut wrong = Vec::new();
    for route in changes() {
        let rest = route.pattern.strip_prefix(ORGANIZATION).unwrap();
        let name = format!("{} {rest}", route.method.as_str());
        let full = Full::new();
        let request = request(&full, route);
        let before = state(&full).audit.len();
        let answer = full.acme.world.send(&request);
        made(&answer);
        let thing = thing(route, rest, &answer).map(|thing| full.fill(&thing));
        let thing = thing.map(|thing| match &*thing {
            "{dan}" => full.acme.user("dan@people.example"),
            _ => thing,
        });
        if thing.is_none() {
            of_organization.push(name.clone());
        } else {
            named += 1;
        }
        let thing = thing.unwrap_or_else(|| full.acme.id.clone());
        for (action, target) in state(&full).audit.split_off(before) {
            if target != thing {
                wrong.push(format!("{name}: {action} of {target}, not {thing}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let expected = [
        "PATCH ",
        "DELETE ",
        "POST /restore",
        "POST /invitations/batch",
        "POST /invitations/resend",
        "POST /members/batch",
    ];
    of_organization.sort_unstable();
    let mut expected = expected.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(of_organization, expected);
    assert!(named > 50, "{named}");
}

#[test]
fn who_comes_in_is_named_whether_they_did_it_or_nobody() {
    let acme = lockstep("");
    let created = acme.log().remove(0);
    assert_eq!((&*created.action, &created.target), ("create", &acme.id));
    let (_, secret) = acme.link("member", 9);
    made(&acme.join(&acme.world.sign_in(DAN), &secret));
    let row = acme.log().pop().unwrap();
    assert_eq!((&*row.action, row.target), ("join-by-link", acme.user(DAN)));
    let idp = Idp::new(1);
    acme.issuer(&idp, Some("member"));
    acme.webhook();
    let token = idp.token("eve");
    let read = acme.bear(&acme.world.edge, &token, Method::Get, "", &json!({}));
    assert_eq!(read.status, 200);
    let row = acme.log().pop().unwrap();
    let eve = acme.vouched_member("eve").replace("/members/", "");
    assert_eq!(
        (&*row.action, row.principal, &row.target),
        ("admission.admit", None, &eve)
    );
    let told = "SELECT body ->> '$.data.target' AS target FROM webhook_event ORDER BY rowid DESC";
    let event = Sql::exec(&*acme.database(), told, &[]).unwrap();
    assert_eq!(event[0].text("target").unwrap(), eve);
}

/// Whether an object asks or a Worker: what names nothing is about the organization, or about several things.
#[test]
fn a_command_names_what_it_is_about_in_every_form_that_it_ever_had() {
    let mut silent = BTreeSet::new();
    for (_, command) in forms().filter(|(of, _)| *of == "Organization") {
        let about = About::of(&command).unwrap();
        match about.target() {
            None => drop(silent.insert(about.action().to_owned())),
            Some(target) => assert!(
                target.contains('_') || command.to_string().contains("\"setting\""),
                "{command}: {target}"
            ),
        }
    }
    let read = "authenticate evaluate-all export import read read-audit own-snapshot preview-invitation roles search subscribe";
    let listed = "admission.list domain.list group.list issuer.list link.list list-invitations list-members project.list role.list \
        rule.list service-account.list webhook.list workspace.list workspace.find worth.carry worth.introspect";
    let of_organization = "configuration delete plan.preview plan.read plan.set reseal.list reseal.replace restore role.preview \
        rule.preview seed slug.holds slug.prepare slug.resolve update";
    let several = "change-members invite-all resend-invitations";
    // Its reply says it.
    let replied = "admission.admit";
    let all = [read, listed, of_organization, several, replied].join(" ");
    let all: BTreeSet<String> = all.split_whitespace().map(str::to_owned).collect();
    assert_eq!(silent, all);
}

#[test]
fn a_plan_is_the_organizations() {
    let acme = plans::acme("lockstep");
    acme.give("basic");
    let row = acme.log().pop().unwrap();
    assert_eq!((&*row.action, &row.target), ("plan.set", &acme.id));
}

#[test]
fn a_refusal_names_what_it_was_tried_on() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let invitation = acme.invited("cat@example.com", "member");
    let account = acme.account(&[json!({ "role": "gateway" })]);
    let north = acme.workspace("North");
    acme.keep_database(&north, "main", "hunter2");
    let database = json!({ "database": { "engine": "clickhouse", "host": "db", "port": 9000 } });
    let tried = [
        (
            Method::Post,
            format!("/invitations/{invitation}/resend"),
            json!({}),
            "resend-invitation",
            invitation.clone(),
        ),
        (
            Method::Put,
            "/settings/main".to_owned(),
            json!({ "value": database, "secret": "hunter2" }),
            "setting.put",
            "main".to_owned(),
        ),
        (
            Method::Patch,
            account.clone(),
            json!({ "name": "Other" }),
            "service-account.update",
            account.replace("/service-accounts/", ""),
        ),
    ];
    let mut expected = Vec::new();
    for (method, rest, body, action, target) in tried {
        let request = write(method, &acme.path(&rest), &body).with_header("cookie", &ben);
        assert_eq!(acme.world.send(&request).status, 403, "{rest}");
        expected.push((action.to_owned(), target));
    }
    acme.grant(&north, BEN, "viewer");
    let rest = format!("{north}/settings/main");
    let request = write(Method::Delete, &acme.path(&rest), &json!({})).with_header("cookie", &ben);
    assert_eq!(acme.world.send(&request).status, 403);
    let place = north.replace("/workspaces/", "");
    expected.push(("setting.delete".to_owned(), format!("{place}/main")));
    let slug = json!({ "slug": "other" });
    assert_eq!(acme.patch(&ben, "", &slug).status, 403);
    expected.push(("slug.prepare".to_owned(), acme.id.clone()));
    acme.world.clock.advance_ms(60_000);
    acme.world.ring(Class::Organization, &acme.id);
    let denied = acme.log().into_iter().filter(|row| row.code.is_some());
    let mut denied: Vec<_> = denied.map(|row| (row.action, row.target)).collect();
    denied.sort_unstable();
    expected.sort_unstable();
    assert_eq!(denied, expected);
}
