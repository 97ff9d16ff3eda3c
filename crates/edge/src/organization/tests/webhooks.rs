//! Webhooks: who registers them, what is sent and how it is signed, and what becomes of what is not taken.

mod lines;
mod retries;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{ADA, Acme, BEN, id, lockstep, refused};
use crate::{
    edge::Outgoing,
    http::Method,
    objects::Class,
    testing::{World, json, post, text, write},
};

const URL: &str = "https://hooks.example/lockstep";

impl Acme {
    /// A webhook that Ada registered for everything; answers its id and that of the event of its own beginning.
    pub(super) fn webhook(&self) -> (String, String) {
        let (webhook, _) = self.webhook_with(&json!({ "name": "All", "url": URL }));
        let deliveries = self.deliveries_by(&self.ada, &webhook);
        (webhook, deliveries[0]["event"].as_str().unwrap().to_owned())
    }

    /// A webhook, by its id, and its secret.
    fn webhook_with(&self, body: &Value) -> (String, String) {
        let created = self.post(&self.ada, "/webhooks", body);
        assert_eq!(created.status, 201, "{}", text(&created));
        let secret = json(&created)["secret"].as_str().unwrap().to_owned();
        (id(&created), secret)
    }

    /// What was and will be sent to it, the newest first.
    fn deliveries(&self, webhook: &str) -> Vec<Value> {
        // Cookies do not outlive what these tests wait for.
        self.deliveries_by(&self.world.sign_in(ADA), webhook)
    }

    pub(super) fn deliveries_by(&self, session: &str, webhook: &str) -> Vec<Value> {
        let page = self.get(session, &format!("/webhooks/{webhook}/deliveries"));
        assert_eq!(page.status, 200, "{}", text(&page));
        json(&page)["deliveries"].as_array().unwrap().clone()
    }

    fn webhook_view(&self, webhook: &str) -> Value {
        json(&self.get(&self.ada, &format!("/webhooks/{webhook}")))
    }

    fn rename(&self, name: &str) {
        let renamed = self.patch(&self.ada, "", &json!({ "name": name }));
        assert_eq!(renamed.status, 200, "{}", text(&renamed));
    }
}

/// Time goes by; cookies do not outlive so much of it.
fn wait(acme: &mut Acme, ms: i64) {
    acme.world.clock.advance_ms(ms);
    acme.ada = acme.world.sign_in(ADA);
}

fn posts(world: &World) -> Vec<Outgoing> {
    world.settle();
    world.upstream.posts.take()
}

fn header<'a>(post: &'a Outgoing, name: &str) -> &'a str {
    let found = post.headers.iter().find(|(key, _)| *key == name);
    &found.unwrap().1
}

/// Whether one of the signatures is the secret's, as a receiver checks it.
fn verifies(post: &Outgoing, secret: &str) -> bool {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let signed = format!(
        "{}.{}.{}",
        header(post, "webhook-id"),
        header(post, "webhook-timestamp"),
        post.body
    );
    mac.update(signed.as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    header(post, "webhook-signature")
        .split(' ')
        .any(|one| one == expected)
}

#[test]
fn an_event_says_what_happened_to_what_and_is_signed() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let (webhook, secret) = acme.webhook_with(&json!({ "name": "All", "url": URL }));
    let user = acme.user(BEN);
    let changed = acme.patch(
        &acme.ada,
        &format!("/members/{user}"),
        &json!({ "role": "admin" }),
    );
    let epoch = json(&changed)["epoch"].clone();
    let sent = posts(&acme.world);
    assert_eq!(sent.len(), 2, "its own beginning, and the change");
    let event: Value = serde_json::from_str(&sent[1].body).unwrap();
    assert_eq!(event["type"], "organization.change_role");
    assert_eq!(event["timestamp"], "2027-01-15T08:00:00.000Z");
    let data = &event["data"];
    assert_eq!(
        (&data["organization"], &data["target"], &data["epoch"]),
        (&json!(acme.id), &json!(user), &epoch)
    );
    assert!(data["principal"].as_str().unwrap().starts_with("usr_"));
    for post in &sent {
        assert_eq!(post.url, URL);
        assert!(verifies(post, &secret));
        assert!(
            !post.body.contains("example.com") && !post.body.contains("hash"),
            "{}",
            post.body
        );
    }
    assert_eq!(header(&sent[1], "webhook-id"), data["id"]);
    assert_eq!(header(&sent[1], "webhook-timestamp"), "1800000000");
    let deliveries = acme.deliveries(&webhook);
    assert_eq!(deliveries[0]["state"], "delivered");
    assert_eq!(
        (&deliveries[0]["status"], &deliveries[0]["attempts"]),
        (&json!(200), &json!(1))
    );
    // Who only wants other types is not told, and nobody is told twice.
    assert!(posts(&acme.world).is_empty());
    acme.patch(
        &acme.ada,
        &format!("/webhooks/{webhook}"),
        &json!({ "events": ["workspace.create"] }),
    );
    acme.rename("Acme 2");
    acme.workspace("North");
    let types: Vec<Value> = posts(&acme.world)
        .iter()
        .map(|post| serde_json::from_str::<Value>(&post.body).unwrap()["type"].clone())
        .collect();
    assert_eq!(types, ["workspace.create"]);
}

#[test]
fn a_secret_is_shown_once_and_stored_nowhere() {
    let acme = lockstep("");
    let body = json!({ "name": "All", "url": URL });
    let make = || {
        let request = post(&acme.path("/webhooks"), &body)
            .with_header("cookie", &acme.ada)
            .with_header("idempotency-key", "k1");
        acme.world.send(&request)
    };
    let first = json(&make());
    let secret = first["secret"].as_str().unwrap().to_owned();
    let again = json(&make());
    assert_eq!(again["withheld"], "already-shown");
    assert_eq!(
        (&again["secret"], &again["id"]),
        (&Value::Null, &first["id"])
    );
    let sql = acme
        .world
        .objects
        .database(Class::Organization, &acme.id)
        .unwrap();
    let stored = sql.dump();
    assert!(stored.contains(URL) && !stored.contains(&secret));
    let encoded = secret.strip_prefix("whsec_").unwrap();
    assert!(!stored.contains(encoded));
    let webhook = first["id"].as_str().unwrap();
    for rest in ["", "/deliveries"] {
        let shown = text(&acme.get(&acme.ada, &format!("/webhooks/{webhook}{rest}")));
        assert!(
            !shown.contains("whsec_") && !shown.contains("nonce"),
            "{shown}"
        );
    }
    let log = serde_json::to_string(&acme.log()).unwrap();
    assert!(!log.contains("whsec_") && !log.contains("nonce"));
}

#[test]
fn after_a_rotation_both_secrets_verify_until_the_overlap_is_over() {
    let acme = lockstep("");
    let (webhook, old) = acme.webhook_with(&json!({ "name": "All", "url": URL }));
    posts(&acme.world);
    let rotated = acme.post(
        &acme.ada,
        &format!("/webhooks/{webhook}/rotate"),
        &json!({ "overlap_s": 600 }),
    );
    assert_eq!(rotated.status, 200, "{}", text(&rotated));
    let new = json(&rotated)["secret"].as_str().unwrap().to_owned();
    assert_ne!(new, old);
    acme.world.clock.advance_ms(599_999);
    let within = posts(&acme.world);
    assert!(!within.is_empty());
    for post in within {
        assert!(verifies(&post, &new) && verifies(&post, &old));
        assert_eq!(header(&post, "webhook-signature").matches("v1,").count(), 2);
    }
    acme.world.clock.advance_ms(1);
    acme.rename("Acme 2");
    let after = posts(&acme.world);
    assert!(verifies(&after[0], &new) && !verifies(&after[0], &old));
    // Without a word about it the old one counts a day, and with none of it not at all.
    let rotate = |body: Value| {
        let rotated = acme.post(&acme.ada, &format!("/webhooks/{webhook}/rotate"), &body);
        let rotated = json(&rotated);
        let until_ms = rotated["previous_until_ms"].as_i64().unwrap();
        let left_ms = until_ms - crate::edge::Clock::now_ms(&*acme.world.clock);
        (left_ms, rotated["secret"].as_str().unwrap().to_owned())
    };
    let (left_ms, replaced) = rotate(json!({}));
    assert_eq!(left_ms, 86_400_000);
    let (left_ms, last) = rotate(json!({ "overlap_s": 0 }));
    assert_eq!(left_ms, 0);
    let after = posts(&acme.world);
    assert!(!after.is_empty() && after.iter().all(|post| verifies(post, &last)));
    assert!(!after.iter().any(|post| verifies(post, &replaced)));
}

#[test]
fn only_public_https_addresses_and_known_types_are_registered() {
    let acme = lockstep("");
    for url in [
        "http://hooks.example/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/x",
        "https://2130706433/x",
        "http://127.0.0.2/x",
        "https://printer.local/x",
        "https://user@hooks.example/x",
        "https://hooks.example",
        "ftp://hooks.example/x",
    ] {
        let body = json!({ "name": "x", "url": url });
        refused(
            &acme.post(&acme.ada, "/webhooks", &body),
            400,
            "invalid-value",
        );
    }
    for events in [json!([]), json!(["organization.update", "none.such"])] {
        let body = json!({ "name": "x", "url": URL, "events": events });
        refused(
            &acme.post(&acme.ada, "/webhooks", &body),
            400,
            "invalid-value",
        );
    }
    for at in 0..10 {
        acme.webhook_with(&json!({ "name": format!("W{at}"), "url": URL }));
    }
    let body = json!({ "name": "x", "url": URL });
    refused(
        &acme.post(&acme.ada, "/webhooks", &body),
        409,
        "limit-reached",
    );
    let list = json(&acme.get(&acme.ada, "/webhooks"));
    assert_eq!(list["webhooks"].as_array().unwrap().len(), 10);
}

/// In production nothing is sent to this machine, whatever is stored.
#[test]
fn an_address_that_would_not_be_saved_any_more_is_not_called() {
    let acme = lockstep("");
    let (webhook, _) = acme.webhook_with(&json!({ "name": "x", "url": "http://127.0.0.1:9/x" }));
    let sql = acme
        .world
        .objects
        .database(Class::Organization, &acme.id)
        .unwrap();
    let set = "UPDATE webhook SET url = 'http://10.0.0.1/x'";
    crate::sql::Sql::exec(&*sql, set, &[]).unwrap();
    assert!(posts(&acme.world).is_empty());
    let reason = acme.deliveries(&webhook)[0]["reason"].clone();
    assert!(
        reason.as_str().unwrap().contains("is not https"),
        "{reason}"
    );
}

#[test]
fn webhooks_are_managed_by_who_may_and_edited_under_their_tag() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let (webhook, _) = acme.webhook();
    let path = format!("/webhooks/{webhook}");
    for rest in ["/webhooks", path.as_str(), &format!("{path}/deliveries")] {
        refused(&acme.get(&ben, rest), 403, "no-grant");
    }
    let tag = acme.webhook_view(&webhook)["epoch"].as_i64().unwrap();
    let edit = |tag: i64, name: &str| {
        let request = write(Method::Patch, &acme.path(&path), &json!({ "name": name }));
        let request = request.with_header("if-match", &format!("\"{tag}\""));
        acme.world.send(&request.with_header("cookie", &acme.ada))
    };
    assert_eq!(edit(tag, "One").status, 200);
    refused(&edit(tag, "Two"), 412, "precondition-failed");
    assert_eq!(acme.webhook_view(&webhook)["name"], "One");
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    refused(&acme.get(&acme.ada, &path), 404, "not-found");
    acme.world.upstream.posts.borrow_mut().clear();
    acme.world.clock.advance_ms(86_400_000);
    assert!(
        posts(&acme.world).is_empty(),
        "what was to be sent is gone with it"
    );
}

#[test]
fn m11_deliveries_come_in_pages_and_go_after_thirty_days() {
    let mut acme = lockstep("");
    let (webhook, _) = acme.webhook();
    for at in 0..7 {
        acme.rename(&format!("Acme {at}"));
    }
    let path = format!("/webhooks/{webhook}/deliveries");
    let list = (path.as_str(), "deliveries", "event");
    let all = acme.walked(&acme.ada, &list, "", 200);
    assert_eq!(all.len(), 8);
    for limit in 1..=8 {
        assert_eq!(acme.walked(&acme.ada, &list, "", limit), all);
    }
    posts(&acme.world);
    wait(&mut acme, 2_591_999_999);
    let ring = || {
        acme.world.ring(Class::Organization, &acme.id);
        acme.walked(&acme.ada, &list, "", 200).len()
    };
    assert_eq!(ring(), 8);
    let wakes = acme.world.objects.organization_wakes_at_ms(&acme.id);
    acme.world.clock.advance_ms(1);
    assert_eq!(wakes, Some(crate::edge::Clock::now_ms(&*acme.world.clock)));
    assert_eq!(ring(), 0);
}
