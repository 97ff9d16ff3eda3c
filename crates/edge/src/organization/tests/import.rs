//! An organization that is made of a file: it is what was exported, whoever was in it is invited, and what is wrong makes nothing.

mod added;
mod many;
mod refused;
mod restored;
mod sent;

use std::{cell::Cell, future::ready, rc::Rc};

use serde_json::{Value, json};

use super::{
    ADA, Acme, BEN, CAT, DAN,
    export::{exported, fill},
    id, lockstep, refused,
};
use crate::{
    http::{BodyError, IMPORT_PATH, Method, Request, Response, Taken, Unread},
    organization::{Command, OrganizationObject},
    testing::{World, json, post, text},
};

impl Acme {
    pub(super) fn import(&self, session: &str, file: &Value) -> Response {
        let imported = self
            .world
            .send(&post(IMPORT_PATH, file).with_header("cookie", session));
        self.world.settle();
        imported
    }

    /// What Ada imports, as an organization beside this one.
    pub(super) fn imported(self, file: &Value) -> (Self, Value) {
        let imported = self.import(&self.ada, file);
        assert_eq!(imported.status, 201, "{}", text(&imported));
        let view = json(&imported);
        let id = view["organization"]["id"].as_str().unwrap().to_owned();
        assert_ne!(id, self.id);
        (Self { id, ..self }, view)
    }

    fn mails_to(&self, address: &str) -> usize {
        self.world.mail(address).len()
    }

    fn pending(&self) -> Vec<Value> {
        let list = json(&self.get(&self.ada, "/invitations"));
        list["invitations"].as_array().unwrap().clone()
    }
}

/// What of a file comes back when it is imported and exported: people are to join first.
fn that_travels(file: &Value) -> Value {
    let mut file = file.clone();
    file["members"].as_array_mut().unwrap().truncate(1);
    for group in file["groups"].as_array_mut().unwrap() {
        group["members"] = json!([]);
    }
    file
}

/// A file that says nothing but what every one does.
fn smallest(acme: &Acme) -> Value {
    let fresh = json(&exported(acme));
    assert_eq!(fresh["workspaces"], json!([]));
    fresh
}

#[test]
fn what_was_exported_is_imported_and_exported_again_as_it_was() {
    let acme = lockstep("");
    fill(&acme);
    let first = json(&exported(&acme));
    let (copy, view) = acme.imported(&first);
    let second = exported(&copy);
    assert_eq!(json(&second), that_travels(&first));
    // From then on nothing is left to lose, so the bytes are the same, too.
    let (again, lost) = copy.imported(&json(&second));
    assert_eq!(text(&exported(&again)), text(&second));
    assert_eq!(
        (&lost["invitations"], &lost["left_out"]),
        (&json!(0), &json!([]))
    );
    assert_eq!(view["organization"]["name"], "Acme");
    assert_eq!(view["organization"]["plan"]["id"], "full");
    assert_eq!(view["organization"]["epoch"], 1);
}

#[test]
fn members_arrive_as_invitations_of_which_nobody_is_told_before_they_are_sent() {
    let acme = lockstep("");
    fill(&acme);
    let file = json(&exported(&acme));
    let before = acme.mails_to(BEN);
    let (copy, view) = acme.imported(&file);
    assert_eq!(view["invitations"], 1);
    let suspended = &view["left_out"][0];
    assert_eq!(
        (&suspended["at"], &suspended["code"]),
        (&json!("/members/2"), &json!("conflict"))
    );
    assert_eq!(view["left_out_total"], 1);
    let pending = copy.pending();
    assert_eq!(pending.len(), 1);
    assert_eq!(
        (&pending[0]["email"], &pending[0]["role"]),
        (&json!(BEN), &json!("member"))
    );
    assert_eq!(pending[0]["sent_at_ms"], Value::Null);
    // Neither a mail nor a word in their own list, also when there is something to say about all invitations.
    let renamed = copy.patch(&copy.ada, "", &json!({ "name": "Acme again" }));
    assert_eq!(renamed.status, 200, "{}", text(&renamed));
    copy.world.settle();
    let ben = copy.world.sign_in(BEN);
    let mine = Request::new(Method::Get, "/v1/me/invitations").with_header("cookie", &ben);
    assert_eq!(json(&copy.world.send(&mine))["invitations"], json!([]));
    assert_eq!(
        copy.mails_to(BEN),
        before + 1,
        "the code with which they signed in"
    );
    let id = pending[0]["id"].as_str().unwrap();
    let resent = copy.post(&copy.ada, &format!("/invitations/{id}/resend"), &json!({}));
    assert_eq!(resent.status, 200, "{}", text(&resent));
    copy.world.settle();
    assert_eq!(copy.mails_to(BEN), before + 2);
    assert!(json(&resent)["sent_at_ms"].is_number());
    let accepted = copy.accept(&ben, id);
    assert_eq!(accepted.status, 200, "{}", text(&accepted));
    let file = json(&exported(&copy));
    assert_eq!(
        file["members"][1],
        json!({
            "email": BEN, "suspended": false, "grants": [
                { "role": "member" },
                { "node": "workspace/1", "role": "role/1" },
                { "node": "workspace/2", "role": "editor" },
            ],
        })
    );
}

#[test]
fn no_id_and_no_credential_of_the_first_one_counts_in_the_second() {
    let acme = lockstep("");
    fill(&acme);
    let ids = |acme: &Acme| {
        let lists = [
            "/workspaces",
            "/projects",
            "/groups",
            "/roles",
            "/service-accounts",
        ];
        let lists = lists.map(|list| text(&acme.get(&acme.ada, list)));
        let words = lists.join(" ");
        let words = words.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let prefixes = ["wsp_", "prj_", "grp_", "role_", "svc_"];
        let ids = words.filter(|word| {
            prefixes
                .iter()
                .any(|prefix| word.len() > 20 && word.starts_with(prefix))
        });
        ids.map(str::to_owned)
            .collect::<std::collections::BTreeSet<_>>()
    };
    let first = ids(&acme);
    assert!(first.len() >= 6, "{first:?}");
    let key = {
        let account = acme.account(&[json!({ "role": "admin" })]);
        acme.key(&acme.ada, &account, &json!({ "name": "ci" })).1
    };
    let file = json(&exported(&acme));
    let (copy, _) = acme.imported(&file);
    assert!(ids(&copy).is_disjoint(&first));
    let read = Request::new(Method::Get, copy.path("")).with_header("x-api-key", &key);
    refused(&copy.world.send(&read), 403, "out-of-token-scope");
    let ben = copy.world.sign_in(BEN);
    refused(&copy.get(&ben, ""), 404, "not-found");
}

#[test]
fn it_is_imported_by_a_person_with_all_that_is_theirs() {
    let acme = lockstep("");
    let file = smallest(&acme);
    let send = |name: &str, value: &str| {
        acme.world
            .send(&post(IMPORT_PATH, &file).with_header(name, value))
    };
    let (_, narrow) = acme.token(
        &acme.ada,
        &json!({ "name": "narrow", "scopes": ["organization.create", "organization.read"] }),
    );
    refused(&send("x-api-key", &narrow), 403, "out-of-token-scope");
    let account = acme.account(&[json!({ "role": "owner" })]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    refused(&send("x-api-key", &key), 403, "person-required");
    refused(&send("x-nothing", "x"), 401, "unauthenticated");
    let (_, whole) = acme.token(&acme.ada, &json!({ "name": "whole" }));
    assert_eq!(send("x-api-key", &whole).status, 201);
    // Nobody creates one where the policy lets nobody.
    let mallory = acme.world.sign_in("mallory@example.com");
    assert_eq!(acme.import(&mallory, &file).status, 201);
}

#[test]
fn whoever_imports_is_its_admin_and_has_what_they_could_give_themselves() {
    let acme = lockstep("");
    fill(&acme);
    let file = json(&exported(&acme));
    let ben = acme.world.sign_in(BEN);
    let imported = acme.import(&ben, &file);
    assert_eq!(imported.status, 201, "{}", text(&imported));
    let view = json(&imported);
    let id = view["organization"]["id"].as_str().unwrap();
    let copy = Acme {
        ada: ben,
        id: id.to_owned(),
        ..acme
    };
    let again = json(&exported(&copy));
    assert_eq!(
        again["members"],
        json!([
            { "email": BEN, "suspended": false, "grants": [
                { "role": "owner" },
                { "node": "workspace/1", "role": "role/1" },
                { "node": "workspace/2", "role": "editor" },
            ] },
        ])
    );
    // Ada owned the project, and will when she has accepted.
    assert_eq!(again["projects"][0]["owner"], Value::Null);
    let left_out = view["left_out"].as_array().unwrap();
    let at: Vec<&str> = left_out
        .iter()
        .map(|one| one["at"].as_str().unwrap())
        .collect();
    assert_eq!(at, ["/members/2"]);
    let pending = copy.pending();
    assert_eq!(pending.len(), 1);
    assert_eq!(
        (&pending[0]["email"], &pending[0]["role"]),
        (&json!("ada@example.com"), &json!("owner"))
    );
    let brings = json!({ "groups": 0, "project_roles": 0, "projects": 1 });
    assert_eq!(pending[0]["brings"], brings);
}

#[test]
fn an_invitation_carries_what_its_kind_can_and_who_imports_may_give() {
    let acme = lockstep("");
    fill(&acme);
    let mut file = json(&exported(&acme));
    let grants = json!([
        { "role": "member" },
        { "node": "workspace/1", "role": "viewer", "expires_at_ms": 4_000_000_000_000_i64 },
        { "node": "workspace/2", "role": "viewer" },
        { "node": "workspace/2", "role": "editor" },
        { "node": "project/1", "role": "viewer" },
    ]);
    let dan = json!({ "email": DAN, "suspended": false, "grants": grants });
    let gateway = json!([{ "role": "member" }, { "node": "workspace/1", "role": "member" }]);
    let cat = json!({ "email": CAT, "suspended": false, "grants": gateway });
    file["members"] = json!([file["members"][0], cat, dan]);
    file["groups"][0]["members"] = json!([]);
    let (copy, view) = acme.imported(&file);
    let left_out = view["left_out"].as_array().unwrap();
    let at: Vec<(&str, &str)> = left_out
        .iter()
        .map(|one| (one["at"].as_str().unwrap(), one["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        at,
        [
            ("/members/2/grants/1", "conflict"),
            ("/members/2/grants/3", "conflict"),
            ("/members/1/grants/1", "unknown-role"),
        ]
    );
    let pending = copy.pending();
    assert_eq!(view["invitations"], 2);
    let of = |email: &str| {
        let mut found = pending.iter().filter(|one| one["email"] == email);
        found.next().unwrap().clone()
    };
    let (cat, dan) = (of(CAT), of(DAN));
    assert_eq!(
        (&cat["workspaces"], &cat["brings"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(dan["workspaces"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&dan["workspaces"][0]["name"], &dan["workspaces"][0]["role"]),
        (&json!("South"), &json!("viewer"))
    );
    let brings = json!({ "groups": 0, "project_roles": 1, "projects": 0 });
    assert_eq!(dan["brings"], brings);
}

#[test]
fn what_is_handed_out_by_an_import_is_what_is_by_hand() {
    let mut refused = 0;
    let policies = crate::policies::ids();
    for policy in policies.split(", ") {
        let acme = Acme::in_world(World::with_vars(&[("LOCKSTEP_POLICY", policy)]));
        for role in roles_of(&acme) {
            let by_hand = acme.invite(&acme.ada, "eve@example.com", &role);
            let member = json!({ "email": BEN, "suspended": false, "grants": [{ "role": role }] });
            let imported = acme.import(&acme.ada, &file_of(policy, &[member]));
            assert_eq!(imported.status, 201, "{policy} {role}: {}", text(&imported));
            let view = json(&imported);
            let said = match view["left_out"].as_array().unwrap().first() {
                Some(left_out) => left_out["code"].clone(),
                None => json!(201),
            };
            if by_hand.status == 201 {
                assert_eq!(said, 201, "{policy} {role}");
                let invitation = format!("/invitations/{}", id(&by_hand));
                assert_eq!(acme.delete(&acme.ada, &invitation).status, 204);
                acme.forget_mails();
            } else {
                refused += 1;
                assert_eq!(said, json(&by_hand)["code"], "{policy} {role}");
                assert_eq!(view["invitations"], 0);
            }
        }
    }
    assert!(refused > 5, "{refused}");
}

#[test]
fn w8_a_file_is_read_once_it_is_known_who_sends_it() {
    let acme = lockstep("");
    let file = serde_json::to_vec(&smallest(&acme)).unwrap();
    let reads = Rc::new(Cell::new(0));
    let send = |taken: Taken, headers: &[(&str, &str)]| {
        let counted = reads.clone();
        let unread = Unread::new(move |_| {
            counted.set(counted.get() + 1);
            Box::pin(ready(taken.clone()))
        });
        let import = post(IMPORT_PATH, &json!({})).with_unread(unread);
        let import = headers.iter().fold(import, |request, (name, value)| {
            request.with_header(name, value)
        });
        acme.world.send(&import)
    };
    let (_, token) = acme.token(&acme.ada, &json!({ "name": "backup" }));
    let misspelled = format!("{token}x");
    let ended = acme.world.sign_in(BEN);
    let close = Request::new(Method::Delete, "/v1/session")
        .with_header("origin", crate::testing::ORIGIN)
        .with_header("cookie", &ended);
    assert_eq!(acme.world.send(&close).status, 204);
    for headers in [
        &[][..],
        &[("x-api-key", "lsk_pat_nobody")],
        &[("x-api-key", &misspelled)],
        &[("authorization", "Bearer a.b.c")],
        &[("cookie", &ended)],
    ] {
        let refusal = send(Ok(file.clone()), headers);
        refused(&refusal, 401, "unauthenticated");
    }
    let twice = [("cookie", &*acme.ada), ("x-api-key", &token)];
    refused(&send(Ok(file.clone()), &twice), 400, "several-credentials");
    let foreign = [("cookie", &*acme.ada), ("origin", "https://evil.example")];
    refused(&send(Ok(file.clone()), &foreign), 403, "origin-refused");
    assert_eq!(reads.get(), 0, "of who has proven nothing");
    let (_, narrow) = acme.token(
        &acme.ada,
        &json!({ "name": "narrow", "scopes": ["run.read"] }),
    );
    let refusal = send(Ok(file.clone()), &[("x-api-key", &narrow)]);
    refused(&refusal, 403, "out-of-token-scope");
    assert_eq!(reads.get(), 0, "of who may not import");
    for (error, status, code) in [
        (BodyError::Broken, 400, "invalid-body"),
        (BodyError::Busy, 503, "unavailable"),
        (BodyError::Late, 408, "body-timeout"),
        (BodyError::NotText, 400, "invalid-body"),
        (BodyError::TooLarge(1), 413, "body-too-large"),
    ] {
        let refusal = send(Err(error), &[("x-api-key", &token)]);
        refused(&refusal, status, code);
        assert_eq!(refusal.header("retry-after").is_some(), status == 503);
    }
    let again = [("x-api-key", &*token), ("idempotency-key", "once")];
    for _ in 0..2 {
        let imported = send(Ok(file.clone()), &again);
        assert_eq!(imported.status, 201, "{}", text(&imported));
    }
    assert_eq!(reads.get(), 7, "once for each request");
}

/// The ids of all roles of the deployment's policy, of whatever level.
fn roles_of(acme: &Acme) -> Vec<String> {
    let policy = &acme.world.edge.config.policy.document;
    policy.roles.iter().map(|role| role.id.clone()).collect()
}

/// A file with nothing in it but people.
pub(super) fn file_of(policy: &str, members: &[Value]) -> Value {
    json!({
        "format": 1, "policy": { "id": policy, "digest": "" }, "name": "Copy", "roles": [],
        "workspaces": [], "projects": [], "members": members, "members_left_out": 0, "groups": [],
        "service_accounts": [], "settings": {},
    })
}

#[test]
fn an_import_that_is_sent_again_is_done_once() {
    let acme = lockstep("");
    let file = smallest(&acme);
    let send = || {
        let import = post(IMPORT_PATH, &file).with_header("idempotency-key", "once");
        acme.world.send(&import.with_header("cookie", &acme.ada))
    };
    let (first, second) = (send(), send());
    assert_eq!(
        (first.status, second.status),
        (201, 201),
        "{}",
        text(&second)
    );
    assert_eq!(json(&first), json(&second));
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
}

#[test]
fn a_command_of_who_is_nobody_makes_nothing() {
    let acme = lockstep("");
    let file = text(&exported(&acme));
    let import: Command = serde_json::from_value(json!({ "import": {
        "actor": { "principal": "usr_x", "token": null }, "address": null, "file": file,
    } }))
    .unwrap();
    // The organization is there, and stays what it is.
    let asked = acme
        .world
        .ask::<OrganizationObject, Value>(&acme.id, &import);
    assert_eq!(asked.unwrap_err().code(), crate::problem::Code::Conflict);
    assert_eq!(text(&exported(&acme)), file);
}
