//! What is not taken: tried again, given up, sent once more, and switched off.

use serde_json::{Value, json};

use super::{URL, header, posts, verifies, wait};
use crate::{
    objects::Class,
    organization::tests::{Acme, lockstep, refused},
    testing::{Replies, json},
};

/// An endpoint that takes nothing waits for its own turn: neither those that do, nor what else is owed, wait for it more than once at a time.
#[test]
fn who_fails_has_one_turn_and_after_all_others() {
    let acme = lockstep("");
    let [slow, fast] = ["slow", "fast"].map(|name| {
        let url = format!("https://{name}.example/hook");
        let (webhook, _) = acme.webhook_with(&json!({ "name": name, "url": url }));
        posts(&acme.world);
        webhook
    });
    // Its first event after the beginning hangs.
    acme.execute(&format!(
        "UPDATE webhook SET failing_since_ms = 1 WHERE id = '{slow}'"
    ));
    for number in 0..8 {
        acme.rename(&format!("Acme {number}"));
    }
    let alarm = || {
        acme.world.ring(Class::Organization, &acme.id);
        let posts = acme.world.upstream.posts.take();
        let names = posts.iter().map(|post| post.url.contains("slow"));
        let slow = names.filter(|is_slow| *is_slow).count();
        (slow, posts.len() - slow)
    };
    acme.world
        .upstream
        .replies
        .borrow_mut()
        .extend([Replies::Status(204, None); 8]);
    assert_eq!([alarm(), alarm()], [(0, 6), (0, 2)], "who takes it first");
    acme.world
        .upstream
        .replies
        .borrow_mut()
        .push_back(Replies::Nothing);
    assert_eq!(alarm(), (1, 0), "then one of who does not");
    assert!(
        acme.deliveries(&fast)[..8]
            .iter()
            .all(|sent| sent["state"] == "delivered")
    );
}

/// Of several that have much to be sent each has its turn.
#[test]
fn webhooks_take_turns() {
    let acme = lockstep("");
    let hook = |name: &str| {
        let url = format!("https://{name}.example/hook");
        acme.webhook_with(&json!({ "name": name, "url": url }));
    };
    hook("one");
    // It has more to be sent than goes out together, all of it from before the others.
    for number in 0..8 {
        acme.rename(&format!("Acme {number}"));
    }
    hook("two");
    hook("three");
    acme.world.ring(Class::Organization, &acme.id);
    let mut urls: Vec<String> = acme
        .world
        .upstream
        .posts
        .take()
        .into_iter()
        .map(|post| post.url)
        .collect();
    urls.sort();
    urls.dedup();
    assert_eq!(urls.len(), 3);
}

#[test]
fn what_is_not_taken_is_tried_again_by_the_schedule_and_then_given_up() {
    let mut acme = lockstep("");
    let (webhook, _) = acme.webhook_with(&json!({ "name": "All", "url": URL }));
    posts(&acme.world);
    acme.rename("Acme 2");
    let replies = [
        Replies::Error,
        Replies::Nothing,
        Replies::Status(302, None),
        Replies::Status(404, None),
    ];
    acme.world.upstream.replies.borrow_mut().extend(replies);
    acme.world
        .upstream
        .replies
        .borrow_mut()
        .extend([Replies::Status(503, None); 20]);
    let mut waits = Vec::new();
    let mut bodies = Vec::new();
    loop {
        bodies.extend(posts(&acme.world));
        let delivery = &acme.deliveries(&webhook)[0];
        let Some(next_at_ms) = delivery["next_at_ms"].as_i64() else {
            assert_eq!(delivery["state"], "failed");
            assert_eq!(delivery["reason"], "status 503");
            break;
        };
        assert_eq!(delivery["state"], "pending");
        let wait_ms = next_at_ms - delivery["tried_at_ms"].as_i64().unwrap();
        waits.push(wait_ms);
        let now_ms = crate::edge::Clock::now_ms(&*acme.world.clock);
        acme.world.clock.advance_ms(next_at_ms - now_ms);
    }
    let schedule = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    assert_eq!(waits.len(), schedule.len());
    for (wait_ms, least_s) in waits.iter().zip(schedule) {
        let least_ms = least_s * 1_000;
        assert!(
            (least_ms..=least_ms + least_ms / 10).contains(wait_ms),
            "{waits:?}"
        );
    }
    assert_eq!(bodies.len(), 10);
    let ids: Vec<&str> = bodies
        .iter()
        .map(|post| header(post, "webhook-id"))
        .collect();
    assert!(
        ids.iter().all(|id| id == &ids[0]),
        "the same event every time"
    );
    let stamps: Vec<&str> = bodies
        .iter()
        .map(|post| header(post, "webhook-timestamp"))
        .collect();
    assert!(
        stamps.windows(2).all(|pair| pair[0] < pair[1]),
        "signed anew every time"
    );
    // An endpoint that asks for more time has it, within a day.
    wait(&mut acme, 0);
    acme.world.upstream.replies.borrow_mut().clear();
    acme.world
        .upstream
        .replies
        .borrow_mut()
        .push_back(Replies::Status(429, Some(1_000_000)));
    acme.rename("Acme 3");
    posts(&acme.world);
    let delivery = &acme.deliveries(&webhook)[0];
    let wait_ms =
        delivery["next_at_ms"].as_i64().unwrap() - delivery["tried_at_ms"].as_i64().unwrap();
    assert!((86_400_000..=95_040_000).contains(&wait_ms));
}

#[test]
fn one_event_is_sent_again_when_somebody_asks() {
    let mut acme = lockstep("");
    let (webhook, secret) = acme.webhook_with(&json!({ "name": "All", "url": URL }));
    acme.rename("Acme 2");
    let sent = posts(&acme.world);
    let event = header(&sent[1], "webhook-id").to_owned();
    wait(&mut acme, 86_400_000);
    posts(&acme.world);
    let replay = format!("/webhooks/{webhook}/deliveries/{event}/replay");
    let asked = acme.post(&acme.ada, &replay, &json!({}));
    assert_eq!(
        (asked.status, &json(&asked)["state"]),
        (200, &json!("pending"))
    );
    let again = posts(&acme.world);
    let same: Vec<_> = again
        .iter()
        .filter(|post| post.body == sent[1].body)
        .collect();
    assert_eq!(same.len(), 1);
    assert!(verifies(same[0], &secret));
    assert_ne!(
        header(same[0], "webhook-timestamp"),
        header(&sent[1], "webhook-timestamp")
    );
    assert_eq!(acme.log().last().unwrap().action, "webhook.replay");
    for path in [
        format!("/webhooks/{webhook}/deliveries/evt_1/replay"),
        format!("/webhooks/whk_1/deliveries/{event}/replay"),
    ] {
        refused(&acme.post(&acme.ada, &path, &json!({})), 404, "not-found");
    }
    acme.patch(
        &acme.ada,
        &format!("/webhooks/{webhook}"),
        &json!({ "active": false }),
    );
    refused(&acme.post(&acme.ada, &replay, &json!({})), 409, "conflict");
}

/// The first try, or the last one, is under way when somebody asks for another.
#[test]
fn what_is_asked_for_while_it_is_being_sent_is_sent_again() {
    for (tries, status) in [(0, 503), (9, 503), (0, 200), (9, 200)] {
        let acme = lockstep("");
        let (webhook, _) = acme.webhook_with(&json!({ "name": "All", "url": URL }));
        posts(&acme.world);
        acme.rename("Acme 2");
        // Who asks by another session would have it sent.
        let waiting = acme.deliveries_by(&acme.ada, &webhook);
        let event = waiting[0]["event"].clone();
        let event = event.as_str().unwrap();
        let set = "UPDATE webhook_delivery SET attempts = ";
        acme.execute(&format!("{set}{tries} WHERE state = 'pending'"));
        let same = Acme {
            world: acme.world.clone(),
            ada: acme.ada.clone(),
            id: acme.id.clone(),
        };
        let replay = format!("/webhooks/{webhook}/deliveries/{event}/replay");
        let upstream = &acme.world.upstream;
        let reply = Replies::Status(status, None);
        upstream.replies.borrow_mut().push_back(reply);
        *upstream.meanwhile.borrow_mut() = Some(Box::new(move || {
            let asked = same.post(&same.ada, &replay, &json!({}));
            assert_eq!(json(&asked)["state"], "pending");
        }));
        let sent = posts(&acme.world);
        let of_it = sent
            .iter()
            .filter(|post| header(post, "webhook-id") == event);
        assert_eq!(of_it.count(), 2, "try {tries}, {status}");
        let deliveries = acme.deliveries(&webhook);
        let delivery = deliveries.iter().find(|one| one["event"] == event);
        let delivery = delivery.unwrap();
        assert_eq!(
            (&delivery["state"], &delivery["attempts"]),
            (&json!("delivered"), &json!(1))
        );
    }
}

#[test]
fn an_endpoint_that_fails_for_five_days_is_switched_off_and_it_is_seen() {
    let mut acme = lockstep("");
    let (webhook, _) = acme.webhook_with(&json!({ "name": "All", "url": URL }));
    posts(&acme.world);
    acme.world
        .upstream
        .replies
        .borrow_mut()
        .extend([Replies::Status(500, None); 1_000]);
    acme.rename("Acme 2");
    acme.world.settle();
    let since = acme.webhook_view(&webhook)["failing_since_ms"].clone();
    assert_eq!(since, json!(crate::edge::Clock::now_ms(&*acme.world.clock)));
    wait(&mut acme, 431_999_999);
    assert_eq!(acme.webhook_view(&webhook)["active"], true);
    acme.world.clock.advance_ms(1);
    acme.rename("Acme 3");
    let epoch = acme.webhook_view(&webhook)["epoch"].as_i64().unwrap();
    acme.world.settle();
    let view = acme.webhook_view(&webhook);
    assert_eq!(
        (&view["active"], &view["inactive_because"]),
        (&json!(false), &json!("failing"))
    );
    assert!(
        view["epoch"].as_i64().unwrap() > epoch,
        "its tag is another one"
    );
    let row = acme.log().pop().unwrap();
    assert_eq!((row.action.as_str(), row.principal), ("deliver", None));
    assert!(
        serde_json::to_string(&row.changes)
            .unwrap()
            .contains("failing")
    );
    let announced = acme
        .world
        .objects
        .announced
        .borrow()
        .last()
        .unwrap()
        .1
        .clone();
    assert!(
        announced.contains(&format!("\"epoch\":{}", view["epoch"])),
        "open pages are told"
    );
    assert!(
        acme.deliveries(&webhook)
            .iter()
            .all(|one| one["state"] != "pending")
    );
    // From now on nothing is kept for it, until somebody switches it on.
    acme.world.upstream.replies.borrow_mut().clear();
    acme.world.upstream.posts.borrow_mut().clear();
    acme.rename("Acme 4");
    assert!(posts(&acme.world).is_empty());
    acme.patch(
        &acme.ada,
        &format!("/webhooks/{webhook}"),
        &json!({ "active": true }),
    );
    let view = acme.webhook_view(&webhook);
    assert_eq!(
        (&view["failing_since_ms"], &view["inactive_because"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(posts(&acme.world).len(), 1, "and that is an event");
}

#[test]
fn an_endpoint_that_is_gone_is_switched_off_at_once_and_one_yes_ends_a_failure() {
    let acme = lockstep("");
    let (webhook, _) = acme.webhook_with(&json!({ "name": "All", "url": URL }));
    acme.world
        .upstream
        .replies
        .borrow_mut()
        .push_back(Replies::Status(500, None));
    acme.world.settle();
    assert!(acme.webhook_view(&webhook)["failing_since_ms"].is_i64());
    acme.world.clock.advance_ms(6_000);
    acme.world.settle();
    assert!(acme.webhook_view(&webhook)["failing_since_ms"].is_null());
    acme.world
        .upstream
        .replies
        .borrow_mut()
        .push_back(Replies::Status(410, None));
    acme.rename("Acme 2");
    acme.world.settle();
    let view = acme.webhook_view(&webhook);
    assert_eq!(
        (&view["active"], &view["inactive_because"]),
        (&json!(false), &json!("gone"))
    );
}

/// A webhook is pointed elsewhere while its old address is asked.
#[test]
fn what_an_old_address_answers_says_nothing_of_the_new_one() {
    for reply in [
        Replies::Status(410, None),
        Replies::Status(503, None),
        Replies::Status(200, None),
    ] {
        let acme = lockstep("");
        let (webhook, _) = acme.webhook_with(&json!({ "name": "All", "url": URL }));
        posts(&acme.world);
        let upstream = &acme.world.upstream;
        let same = Acme {
            world: acme.world.clone(),
            ada: acme.ada.clone(),
            id: acme.id.clone(),
        };
        let path = format!("/webhooks/{webhook}");
        upstream.replies.borrow_mut().push_back(reply);
        *upstream.meanwhile.borrow_mut() = Some(Box::new(move || {
            let new = json!({ "url": "https://new.example/hook" });
            assert_eq!(same.patch(&same.ada, &path, &new).status, 200);
            // As if the new one had failed for long, too.
            same.execute("UPDATE webhook SET failing_since_ms = 7");
        }));
        acme.rename("Acme 2");
        acme.world.ring(Class::Organization, &acme.id);
        let view = acme.webhook_view(&webhook);
        assert_eq!(
            (&view["active"], &view["failing_since_ms"]),
            (&json!(true), &json!(7)),
            "{view}"
        );
        let sent = posts(&acme.world);
        assert_eq!(sent[0].url, URL);
        assert!(sent[1..].iter().all(|post| post.url != URL));
        // What the old one did not take goes to the new one.
        acme.world.clock.advance_ms(6_000);
        posts(&acme.world);
        let deliveries = acme.deliveries(&webhook);
        assert!(
            deliveries.iter().all(|one| one["state"] == "delivered"),
            "{deliveries:?}"
        );
    }
}

/// An event was given up weeks ago; nobody has asked the endpoint since.
#[test]
fn one_failed_try_long_after_another_event_was_given_up_switches_nothing_off() {
    let mut acme = lockstep("");
    let (webhook, _) = acme.webhook_with(&json!({ "name": "All", "url": URL }));
    posts(&acme.world);
    let fail = |acme: &Acme, tries: usize| {
        let replies = [Replies::Status(503, None)].repeat(tries);
        acme.world.upstream.replies.borrow_mut().extend(replies);
    };
    fail(&acme, 10);
    acme.rename("Acme 2");
    acme.world.settle();
    while let Some(next_at_ms) = acme.deliveries(&webhook)[0]["next_at_ms"].as_i64() {
        let now_ms = crate::edge::Clock::now_ms(&*acme.world.clock);
        wait(&mut acme, next_at_ms - now_ms);
        acme.world.settle();
    }
    // Nothing more is tried, so it is not failing any longer.
    assert_eq!(acme.deliveries(&webhook)[0]["state"], "failed");
    assert!(acme.webhook_view(&webhook)["failing_since_ms"].is_null());
    wait(&mut acme, 20 * 86_400_000);
    fail(&acme, 1);
    acme.rename("Acme 3");
    acme.world.settle();
    let view = acme.webhook_view(&webhook);
    assert_eq!(view["active"], true, "{view}");
    acme.world.clock.advance_ms(6_000);
    assert_eq!(posts(&acme.world).len(), 12);
    assert_eq!(acme.deliveries(&webhook)[0]["state"], "delivered");
}
