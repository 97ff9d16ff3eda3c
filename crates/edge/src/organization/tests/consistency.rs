//! What is revoked is over, what is granted is seen, whatever KV and the object do (threats M7, M8, W6, W7).

use serde_json::json;

use super::{Acme, BEN, id, lockstep, refused, roles::BLIND};
use crate::{
    edge::Edge,
    http::{Method, Request, Response},
    objects::Class,
    organization::{Command, Freshness, OrganizationObject},
    problem::Code,
    testing::{Work, World, json, post, text, write},
};

/// The bound for what is not sensitive, in milliseconds; README states it.
pub(super) const BOUND_MS: i64 = 10_000;
pub(super) const KV_FAULTS: [&str; 6] = [
    r#"{"kv":{"fault":"stale","for_ms":60000}}"#,
    r#"{"kv":{"fault":"stale","for_ms":9000000000000}}"#,
    r#"{"kv":{"fault":"failing"}}"#,
    r#"{"kv":{"fault":"hanging"}}"#,
    r#"{"kv":{"fault":"garbage"}}"#,
    r#"{"kv":{"fault":"foreign"}}"#,
];

fn acme_with(faults: &str) -> Acme {
    Acme::in_world(World::with_vars(&[("LOCKSTEP_FAULTS", faults)]))
}

/// A permission that every member holds and that is not sensitive.
const ORDINARY: &str = "resources.view";
/// A permission that only admins hold and that is sensitive.
const SENSITIVE: &str = "members.invite";

#[test]
fn m7_a_removed_member_is_refused_sensitive_actions_at_once_and_others_within_the_bound() {
    for faults in KV_FAULTS {
        let acme = acme_with(faults);
        let ben = acme.joined(BEN, "admin");
        assert!(
            acme.may(&ben, ORDINARY) && acme.may(&ben, SENSITIVE),
            "{faults}"
        );
        assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
        assert!(!acme.may(&ben, SENSITIVE), "{faults}");
        refused(
            &acme.invite(&ben, "x@example.com", "member"),
            404,
            "not-found",
        );
        acme.world.clock.advance_ms(BOUND_MS);
        assert!(!acme.may(&ben, ORDINARY), "{faults}");
    }
}

/// What goes on after an answer may end with its isolate's work, at any place.
#[test]
fn what_the_runtime_ended_is_asked_again_by_who_comes_later() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    let asks_again = |of_ms: i64| {
        acme.world.clock.advance_ms(of_ms);
        assert!(acme.may(&ben, ORDINARY));
        acme.world.run_background();
        acme.world.clock.advance_ms(3_000);
        assert!(acme.may(&ben, ORDINARY));
    };
    asks_again(0);
    let usual = acme.world.drop_background();
    assert_eq!(usual, 2, "the credential, and what they hold");
    // It counts as under way a while, so that not everybody begins it again.
    assert!(acme.may(&ben, ORDINARY));
    assert_eq!(acme.world.drop_background(), 0);
    asks_again(30_000);
    assert_eq!(acme.world.drop_background(), usual);
}

#[test]
fn m7_the_window_is_what_keeps_an_answer_and_no_longer() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    assert!(acme.may(&ben, ORDINARY));
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    acme.world.clock.advance_ms(4_999);
    assert!(acme.may(&ben, ORDINARY), "the answer still counts");
    acme.world.clock.advance_ms(1);
    assert!(!acme.may(&ben, ORDINARY), "and now no longer");
}

#[test]
fn what_was_granted_is_seen_within_a_second_although_no_was_remembered() {
    for faults in KV_FAULTS {
        let acme = acme_with(faults);
        let invitation = acme.invited(BEN, "member");
        let ben = acme.world.sign_in(BEN);
        assert!(!acme.may(&ben, ORDINARY), "{faults}");
        assert_eq!(acme.accept(&ben, &invitation).status, 200);
        acme.world.clock.advance_ms(500);
        assert!(acme.may(&ben, ORDINARY), "{faults}");
    }
}

#[test]
fn a_question_with_an_epoch_is_never_answered_from_before_it() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    assert!(acme.may(&ben, ORDINARY));
    let removed = acme.delete(&acme.ada, &acme.member(BEN));
    let epoch = removed.header("lockstep-epoch").unwrap().to_owned();
    let ask = |session: &str, permission: &str, epoch: &str| -> Response {
        let request = post(
            &acme.path("/evaluate"),
            &json!({ "permission": permission }),
        );
        acme.world.send(
            &request
                .with_header("cookie", session)
                .with_header("lockstep-epoch", epoch),
        )
    };
    let ahead = (epoch.parse::<i64>().unwrap() + 1).to_string();
    // One is answered by what the isolate knows, the other by the object itself.
    for permission in [ORDINARY, SENSITIVE] {
        assert_eq!(json(&ask(&ben, permission, &epoch))["decision"], false);
        assert_eq!(json(&ask(&acme.ada, permission, &epoch))["decision"], true);
        refused(&ask(&acme.ada, permission, &ahead), 400, "epoch-ahead");
        refused(&ask(&ben, permission, "soon"), 400, "invalid-value");
        refused(&ask(&ben, permission, "-1"), 400, "invalid-value");
    }
}

#[test]
fn w6_without_kv_the_object_answers_and_nothing_else_changes() {
    let acme = Acme::new();
    acme.world.kv.is_down.set(true);
    let ben = acme.joined(BEN, "member");
    assert!(acme.may(&ben, ORDINARY));
    assert!(!acme.may(&ben, SENSITIVE));
    acme.world.kv.is_down.set(false);
    acme.world.clock.advance_ms(3_600_000);
    acme.world.settle();
    let puts = acme.world.kv.puts.borrow();
    assert!(
        puts.iter()
            .any(|(key, _)| key.starts_with(&format!("grants/{}/", acme.id))),
        "the outbox caught up"
    );
}

#[test]
fn w7_without_the_object_nothing_is_allowed_and_nothing_is_denied() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    assert!(acme.may(&ben, ORDINARY));
    acme.world.objects.is_down.set(Some(Class::Organization));
    assert!(acme.may(&ben, ORDINARY), "what was confirmed still counts");
    acme.world.clock.advance_ms(5_000);
    for permission in [ORDINARY, SENSITIVE] {
        let answer = acme.evaluate(&ben, permission);
        refused(&answer, 503, "unavailable");
        assert!(answer.header("retry-after").is_some());
    }
    let rename = write(Method::Patch, &acme.path(""), &json!({ "name": "x" }))
        .with_header("cookie", &acme.ada);
    refused(&acme.world.send(&rename), 503, "unavailable");
}

#[test]
fn kv_bytes_serve_when_the_object_confirms_them() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    let snapshots = |acme: &Acme| acme.world.objects.asked("snapshot");
    let before = snapshots(&acme);
    assert!(acme.may(&ben, ORDINARY));
    assert_eq!(snapshots(&acme), before + 1, "KV was not sent them yet");
    acme.world.settle();
    acme.world.edge.grants.forget();
    assert!(acme.may(&ben, ORDINARY));
    assert_eq!(snapshots(&acme), before + 1, "the bytes came from KV");
    acme.world.kv.is_down.set(true);
    acme.world.edge.grants.forget();
    assert!(acme.may(&ben, ORDINARY));
    assert_eq!(snapshots(&acme), before + 2, "and now from the object");
}

#[test]
fn asking_how_fresh_something_is_changes_nothing_so_nobody_looks_for_what_to_log() {
    let acme = Acme::new();
    acme.joined(BEN, "member");
    let objects = &acme.world.objects;
    let sql = objects.database(Class::Organization, &acme.id).unwrap();
    let ask = |user: &str| {
        let user = user.to_owned();
        let freshness = Command::Freshness { user };
        let world = &acme.world;
        world.ask::<OrganizationObject, Freshness>(&acme.id, &freshness)
    };
    let ben = acme.user(BEN);
    let (before, known) = (sql.changes(), ask(&ben).unwrap());
    assert!(0 < known.principal_epoch && known.principal_epoch <= known.epoch);
    assert_eq!(ask("nobody").unwrap().principal_epoch, 0);
    assert_eq!(sql.changes(), before);
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    assert_eq!(ask(&ben).unwrap_err().code(), Code::NotFound);
}

#[test]
fn how_fresh_something_is_is_looked_for_once_until_something_is_written() {
    let acme = Acme::new();
    acme.joined(BEN, "member");
    let user = acme.user(BEN);
    let sql = acme.database();
    let look = || {
        sql.take_work();
        let command = Command::Freshness { user: user.clone() };
        let found = acme
            .world
            .ask::<OrganizationObject, Freshness>(&acme.id, &command);
        let freshness: Freshness = found.unwrap();
        (freshness, sql.take_work() != Work::default())
    };
    let (known, has_looked) = look();
    assert!(
        has_looked,
        "something was written since it was last looked for"
    );
    assert_eq!(look(), (known.clone(), false));
    // An object that was replaced learns it from its database, so it looks there every second.
    acme.world.clock.advance_ms(999);
    assert_eq!(look(), (known.clone(), false));
    acme.world.clock.advance_ms(1);
    assert_eq!(look(), (known.clone(), true));
    assert_eq!(look(), (known.clone(), false));
    let changed = acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": "admin" }));
    assert_eq!(changed.status, 200);
    let (now, has_looked) = look();
    assert!(has_looked && now.principal_epoch > known.principal_epoch);
    assert_eq!(look(), (now, false));
}

#[test]
fn past_half_the_window_the_object_is_asked_in_the_background() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    assert!(acme.may(&ben, ORDINARY));
    assert_eq!(acme.world.run_background(), 0);
    acme.world.clock.advance_ms(2_500);
    assert!(acme.may(&ben, ORDINARY) && acme.may(&ben, ORDINARY));
    assert_eq!(
        acme.world.run_background(),
        2,
        "one refresh for one principal, and one for its session"
    );
    acme.world.clock.advance_ms(4_900);
    let before = acme.world.objects.asked("freshness");
    assert!(acme.may(&ben, ORDINARY));
    assert_eq!(
        acme.world.objects.asked("freshness"),
        before,
        "the refresh was counted from"
    );
}

#[test]
fn m8_a_principal_is_never_answered_from_anothers_bytes() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    assert!(acme.may(&acme.ada, ORDINARY) && acme.may(&ben, ORDINARY));
    acme.world.settle();
    let puts = acme.world.kv.puts.borrow().clone();
    let of = |user: &str| {
        puts.iter()
            .rev()
            .find(|(key, _)| key.ends_with(user))
            .unwrap()
            .clone()
    };
    let id = |session: &str| {
        let me = acme
            .world
            .send(&Request::new(Method::Get, "/v1/me").with_header("cookie", session));
        json(&me)["user"]["id"].as_str().unwrap().to_owned()
    };
    let (ada, ben_id) = (of(&id(&acme.ada)), of(&id(&ben)));
    // Ada's bytes under Ben's key, with Ben's key and name written into them: only the epoch tells.
    let forged = ada
        .1
        .replace(&ada.0, &ben_id.0)
        .replace(&id(&acme.ada), &id(&ben));
    acme.world.kv.set(&ben_id.0, &forged);
    acme.world.edge.grants.forget();
    // An admin's, and not sensitive: the object is not asked for the answer itself.
    assert!(!acme.may(&ben, "projects.create"));
    assert!(acme.may(&ben, ORDINARY));
}

/// Epochs of two organizations are often equal, so they tell nothing of whose roles and rules something has.
#[test]
fn m8_an_organizations_roles_are_never_anothers() {
    let acme = lockstep("");
    let created = post("/v1/organizations", &json!({ "name": "Acme" }));
    let created = acme.world.send(&created.with_header("cookie", &acme.ada));
    acme.world.settle();
    let other = Acme {
        world: acme.world.clone(),
        ada: acme.ada.clone(),
        id: id(&created),
    };
    let read = "workspace.read";
    let ben = [&acme, &other].map(|it| it.joined(BEN, "member"));
    acme.rule(&json!({ "effect": "deny", "roles": ["member"], "permissions": [read] }));
    other.rule(&json!({ "effect": "allow", "roles": ["member"], "permissions": [read] }));
    acme.world.settle();
    assert!(!acme.may(&ben[1], read) && other.may(&ben[1], read));
    acme.world.settle();
    let puts = acme.world.kv.puts.borrow().clone();
    let [own, others] = [&acme, &other].map(|it| {
        let key = format!("roles/{}", it.id);
        let mut puts = puts.iter().rev();
        puts.find(|(put, _)| *put == key).unwrap().clone()
    });
    let epoch =
        |bytes: &str| serde_json::from_str::<serde_json::Value>(bytes).unwrap()["epoch"].clone();
    assert_eq!(epoch(&own.1), epoch(&others.1));
    acme.world.kv.set(&own.0, &others.1);
    acme.world.edge.grants.forget();
    assert!(!acme.may(&ben[1], read));
}

#[test]
fn every_change_tells_the_open_pages_the_new_epoch() {
    let acme = Acme::new();
    acme.joined(BEN, "member");
    acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": "admin" }));
    let announced = acme.world.objects.announced.borrow();
    let of_acme = announced.iter().filter(|(name, _)| *name == acme.id);
    let epochs: Vec<&str> = of_acme.map(|(_, text)| text.trim()).collect();
    assert_eq!(
        epochs,
        [
            "event: epoch\ndata: {\"epoch\":2}",
            "event: epoch\ndata: {\"epoch\":3}",
            "event: epoch\ndata: {\"epoch\":4}",
        ]
    );
}

/// An organization with a role of its own, and a program's key.
struct Program {
    acme: Acme,
    north: String,
    role: String,
    /// The program's path.
    account: String,
    key: String,
}

impl Program {
    /// A program that sees data by a role of the organization's in North, or `blind` sees none.
    fn new(faults: &str, is_blind: bool) -> Self {
        let acme = lockstep(faults);
        let north = acme.workspace("North").replace("/workspaces/", "");
        let without: &[&str] = if is_blind { &BLIND } else { &[] };
        let body = json!({ "name": "Own", "base": "editor", "without": without });
        let role = id(&acme.post(&acme.ada, "/roles", &body));
        let account = acme.account(&[json!({ "role": role, "node": north })]);
        let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
        Self {
            acme,
            north,
            role,
            account,
            key,
        }
    }

    fn grant(&self, account: &str, role: &str) {
        let grants = json!({ "grants": [{ "role": role, "node": self.north }] });
        let changed = self.acme.patch(&self.acme.ada, account, &grants);
        assert_eq!(changed.status, 200, "{}", text(&changed));
    }

    /// What the role does not hold from now on.
    fn edit(&self, without: &[&str]) {
        let path = format!("/roles/{}", self.role);
        let body = json!({ "without": without });
        let edited = self.acme.patch(&self.acme.ada, &path, &body);
        assert_eq!(edited.status, 200, "{}", text(&edited));
    }

    fn may(&self, isolate: &Edge, key: &str, permission: &str) -> bool {
        let body = json!({ "permission": permission, "resource": { "workspace": self.north } });
        let request = post(&self.acme.path("/evaluate"), &body).with_header("x-api-key", key);
        let answer = self.acme.world.send_to(isolate, &request);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        json(&answer)["decision"].as_bool().unwrap()
    }
}

/// A remembered key says how fresh its account was when it was checked; grants that the object gives later are newer.
#[test]
fn m7_nobody_holds_a_role_as_it_was_before_they_were_granted_it() {
    for faults in KV_FAULTS {
        let program = Program::new(faults, false);
        let acme = &program.acme;
        let other = acme.account(&[json!({ "role": "restricted", "node": program.north })]);
        let (_, key) = acme.key(&acme.ada, &other, &json!({ "name": "ci" }));
        let isolate = acme.world.isolate();
        // The isolate learns the role, and the other key without what that may.
        assert!(program.may(&isolate, &program.key, "data.read"));
        assert!(!program.may(&isolate, &key, "workspace.update"));
        program.edit(&BLIND);
        program.grant(&other, &program.role);
        assert!(!program.may(&isolate, &key, "data.read"), "{faults}");
        assert!(program.may(&isolate, &key, "run.read"), "{faults}");
    }
}

#[test]
fn m7_nobody_holds_a_role_as_it_became_after_it_was_taken_from_them() {
    let program = Program::new("", true);
    let acme = &program.acme;
    // KV is sent what the program holds, and never again.
    assert!(!program.may(&acme.world.isolate(), &program.key, "data.read"));
    acme.world.settle();
    let isolate = acme.world.isolate();
    assert!(!program.may(&isolate, &program.key, "workspace.update"));
    program.grant(&program.account, "restricted");
    acme.world.clock.advance_ms(1_000);
    program.edit(&[]);
    acme.world.clock.advance_ms(1_000);
    acme.world.settle();
    let asked = acme.world.objects.asked("freshness");
    assert!(!program.may(&isolate, &program.key, "data.read"));
    assert_eq!(
        acme.world.objects.asked("freshness"),
        asked + 1,
        "once more, because something has changed"
    );
}
