//! Every string as every name, sentence, message and text that somebody writes: on what is there, and on what is made by it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{OWN, is_answer, strings};
use crate::{
    http::{Method, Response},
    organization::tests::{Acme, id, lockstep},
    testing::{json, text, write},
};

/// A text that somebody writes.
struct Field {
    /// What it is, where it is refused.
    what: &'static str,
    method: Method,
    path: String,
    /// The body that writes a text.
    body: fn(&str) -> Value,
    /// The member of the answer that has it.
    member: &'static str,
    /// Whether it is kept without the spaces around it.
    is_name: bool,
}

impl Field {
    fn new(
        what: &'static str,
        (method, path): (Method, &str),
        member: &'static str,
        body: fn(&str) -> Value,
    ) -> Self {
        Self {
            what,
            method,
            path: path.to_owned(),
            body,
            member,
            is_name: member == "name",
        }
    }

    fn write(&self, acme: &Acme, written: &str) -> Response {
        let path = match self.path.strip_prefix("/v1/") {
            Some(_) => self.path.clone(),
            None => acme.path(&self.path),
        };
        let request = write(self.method, &path, &(self.body)(written));
        acme.world.send(&request.with_header("cookie", &acme.ada))
    }

    /// Whether it was taken: it is given back as it was then, and refused with a code otherwise.
    #[track_caller]
    fn is_kept(&self, answer: &Response, written: &str) -> bool {
        let what = format!("{} {written:?}", self.what);
        is_answer(answer, &what);
        if answer.status < 300 {
            self.is_in(&json(answer), written);
            return true;
        }
        let refusal = json(answer);
        // A NUL is in no text that two programs read alike.
        let code = match written.contains('\0') {
            true => "invalid-body",
            false => "invalid-value",
        };
        let refused = (answer.status, refusal["code"].as_str());
        assert_eq!(refused, (400, Some(code)), "{what}: {refusal}");
        false
    }

    /// `view` has what was written.
    #[track_caller]
    fn is_in(&self, view: &Value, written: &str) {
        let kept = if self.is_name {
            written.trim()
        } else {
            written
        };
        let mut kept = (self.body)(kept)[self.member].clone();
        // A sentence that says nothing is none.
        if self.member == "because" && kept == "" {
            kept = Value::Null;
        }
        assert_eq!(view[self.member], kept, "{} {written:?}", self.what);
    }
}

/// How often each text was taken and refused.
#[derive(Default)]
struct Counts(BTreeMap<&'static str, [u32; 2]>);

impl Counts {
    fn add(&mut self, field: &Field, is_kept: bool) {
        let [kept, refused] = self.0.entry(field.what).or_default();
        *(if is_kept { kept } else { refused }) += 1;
    }

    /// Both happened to every one of so many texts: what refuses all of them, or none, says nothing of any.
    #[track_caller]
    fn are_of_both(&self, fields: usize) {
        println!("kept and refused: {:?}", self.0);
        assert_eq!(self.0.len(), fields);
        for (what, [kept, refused]) in &self.0 {
            assert!(*kept > 7, "{what}: {kept} kept");
            assert!(*refused > 0, "{what}: none refused");
        }
    }
}

fn name(written: &str) -> Value {
    json!({ "name": written })
}

/// What is there, with a text that somebody may change.
fn changed(acme: &Acme) -> Vec<Field> {
    let workspace = acme.workspace("North");
    let inside = json!({ "name": "x", "workspace": workspace.replace("/workspaces/", "") });
    let made =
        |path: &str, body: &Value| format!("{path}/{}", id(&acme.post(&acme.ada, path, body)));
    let role = json!({ "name": "x", "base": "viewer" });
    let rule = json!({ "effect": "allow", "roles": ["viewer"], "permissions": ["run.read"] });
    // It is told of none of the changes that the other texts make.
    let webhook =
        json!({ "name": "x", "url": "https://hooks.example/x", "events": ["link.create"] });
    let named = |what, path: &str| Field::new(what, (Method::Patch, path), "name", name);
    let set = |what, path, body| Field::new(what, (Method::Put, path), "value", body);
    vec![
        named("organization", ""),
        named("workspace", &workspace),
        named("project", &made("/projects", &inside)),
        named("group", &made("/groups", &inside)),
        named("role", &made("/roles", &role)),
        named("account", &acme.account(&[json!({ "role": "gateway" })])),
        named("webhook", &made("/webhooks", &webhook)),
        Field::new(
            "sentence of a rule",
            (Method::Patch, &acme.rule(&rule)),
            "because",
            |text| json!({ "because": text }),
        ),
        set(
            "preference",
            "/settings/note",
            |text| json!({ "value": { "preference": { "text": text } } }),
        ),
        set(
            "provider",
            "/settings/model",
            |text| json!({ "value": { "provider": { "provider": text } } }),
        ),
        set(
            "description",
            "/settings/other",
            |text| json!({ "value": { "secret": { "description": text } }, "secret": "hunter2" }),
        ),
        set("category", "/settings/opinion", |text| {
            let scale = json!({ "categories": { text: 1.0, "none of these": 0.0 } });
            json!({ "value": { "feedback": { "scale": scale } } })
        }),
    ]
}

/// As it is read afterwards: one by one, or among all of its kind.
fn again(acme: &Acme, path: &str) -> Value {
    for (list, members) in [
        ("/roles/", "roles"),
        ("/service-accounts/", "service_accounts"),
    ] {
        if let Some(id) = path.strip_prefix(list) {
            let all = json(&acme.get(&acme.ada, list.trim_end_matches('/')));
            let mut all = all[members].as_array().unwrap().iter();
            return all.find(|one| one["id"] == id).unwrap().clone();
        }
    }
    json(&acme.get(&acme.ada, path))
}

#[test]
fn every_text_is_kept_as_it_was_or_refused() {
    let acme = lockstep("");
    acme.workspace("South");
    let fields = changed(&acme);
    let mut counts = Counts::default();
    let all = strings();
    for (at, written) in all.iter().enumerate() {
        for (field, turn) in fields.iter().zip(0..) {
            let answer = field.write(&acme, written);
            let is_kept = field.is_kept(&answer, written);
            // Of many strings each is read in one of the places: reading takes as long as writing.
            if is_kept && (all.len() == OWN.len() || at % fields.len() == turn) {
                field.is_in(&again(&acme, &field.path), written);
            }
            counts.add(field, is_kept);
        }
    }
    counts.are_of_both(fields.len());
}

/// What is made with a text, and goes again.
fn made(account: &str) -> Vec<Field> {
    let keys = format!("{account}/keys");
    let named = |what, path, body| Field::new(what, (Method::Post, path), "name", body);
    vec![
        named("workspace", "/workspaces", name),
        named(
            "role",
            "/roles",
            |name| json!({ "name": name, "base": "viewer" }),
        ),
        named(
            "account",
            "/service-accounts",
            |name| json!({ "name": name, "grants": [{ "role": "gateway" }] }),
        ),
        named(
            "webhook",
            "/webhooks",
            |name| json!({ "name": name, "url": "https://hooks.example/next" }),
        ),
        named("key", &keys, name),
        named("token", "/v1/me/tokens", name),
        Field::new(
            "sentence of a rule",
            (Method::Post, "/rules"),
            "because",
            |text| json!({ "effect": "deny", "roles": ["viewer"], "permissions": ["run.read"], "because": text }),
        ),
        Field::new(
            "message",
            (Method::Post, "/invitations"),
            "message",
            |text| json!({ "email": "ben@example.com", "role": "member", "message": text }),
        ),
    ]
}

#[test]
fn what_is_made_with_any_text_has_it_or_is_not_made() {
    let acme = lockstep("");
    acme.workspace("South");
    let account = acme.account(&[json!({ "role": "gateway" })]);
    let fields = made(&account);
    let mut counts = Counts::default();
    for written in strings() {
        for field in &fields {
            let made = field.write(&acme, &written);
            let is_kept = field.is_kept(&made, &written);
            if is_kept {
                let path = format!("{}/{}", field.path, id(&made));
                let path = path
                    .strip_prefix("/v1/")
                    .map_or_else(|| acme.path(&path), |_| path.clone());
                let delete = write(Method::Delete, &path, &json!({}));
                let gone = acme.world.send(&delete.with_header("cookie", &acme.ada));
                assert!(gone.status < 300, "{path}: {}", text(&gone));
            }
            counts.add(field, is_kept);
        }
        acme.forget_mails();
    }
    counts.are_of_both(fields.len());
    for field in fields
        .iter()
        .filter(|field| !field.path.starts_with("/v1/"))
    {
        let left = json(&acme.get(&acme.ada, &field.path));
        let mut lists = left.as_object().unwrap().values();
        let left = lists.find_map(Value::as_array).unwrap().len();
        // The account itself, and the last workspace, which stays.
        let stays = usize::from(["workspace", "account"].contains(&field.what));
        assert_eq!(left, stays, "{}", field.what);
    }
}
