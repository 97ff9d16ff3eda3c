//! Whom a program shows a secret to: the person who saw its key's (threat P2).

mod taking;

use super::*;
use crate::{
    http::Response,
    organization::tests::{CAT, issuers::Idp, settings::clickhouse},
    testing::write,
};

impl Acme {
    fn rotate_by(&self, secret: &str, key: &str) -> Response {
        self.by(secret, Method::Post, &format!("{key}/rotate"), &json!({}))
    }

    fn create_by(&self, secret: &str, account: &str, body: &Value) -> Response {
        self.by(secret, Method::Post, &format!("{account}/keys"), body)
    }

    /// The path and the secret of a key that was made by another one.
    fn key_by(&self, secret: &str, account: &str) -> (String, String) {
        let made = self.create_by(secret, account, &json!({ "name": "by a program" }));
        assert_eq!(made.status, 201, "{}", text(&made));
        let key = format!("{account}/keys/{}", super::super::id(&made));
        (key, shown(&made))
    }

    fn remove(&self, email: &str) {
        assert_eq!(self.delete(&self.ada, &self.member(email)).status, 204);
    }
}

/// The secret in an answer.
fn shown(response: &Response) -> String {
    assert!(response.status < 300, "{}", text(response));
    json(response)["token"].as_str().unwrap().to_owned()
}

fn named(name: &str) -> Value {
    json!({ "name": name })
}

fn admin() -> Value {
    json!({ "role": "admin" })
}

#[test]
fn p2_a_removed_person_keeps_no_key_by_rotating_it_with_itself() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let account = acme.account(&[admin()]);
    let (key, secret) = acme.key(&ben, &account, &named("ben's"));
    // While Ben is a member a program may rotate its key, and shows the new secret to Ben.
    let secret = shown(&acme.rotate_by(&secret, &key));
    acme.remove(BEN);
    refused(&acme.rotate_by(&secret, &key), 403, "out-of-token-scope");
    let more = acme.create_by(&secret, &account, &named("more"));
    refused(&more, 403, "out-of-token-scope");
    // It goes on as before otherwise, and stops.
    let workspace = acme.by(&secret, Method::Post, "/workspaces", &named("North"));
    assert_eq!(workspace.status, 201, "{}", text(&workspace));
    acme.world.clock.advance_ms(DAY_MS - 1);
    assert_eq!(acme.key_status(&secret), 200);
    acme.world.clock.advance_ms(1);
    assert_eq!(acme.key_status(&secret), 401);
}

/// OpenLIT's Members make keys, so one of that role is enough there.
#[test]
fn p2_nor_does_a_removed_member_where_members_have_keys() {
    let acme = Acme::new();
    let ben = acme.joined(BEN, "member");
    let account = acme.account(&[json!({ "role": "member" })]);
    let (key, secret) = acme.key(&ben, &account, &named("ben's"));
    acme.remove(BEN);
    refused(&acme.rotate_by(&secret, &key), 403, "out-of-token-scope");
    let more = acme.create_by(&secret, &account, &named("more"));
    refused(&more, 403, "out-of-token-scope");
    acme.world.clock.advance_ms(DAY_MS);
    assert_eq!(acme.key_status(&secret), 401);
}

#[test]
fn p2_what_a_key_showed_before_stops_with_it_whatever_came_between() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let (one, other) = (acme.account(&[admin()]), acme.account(&[admin()]));
    let (first, secret) = acme.key(&ben, &one, &named("ben's"));
    let (_, of_other) = acme.key_by(&secret, &other);
    let (_, of_one) = acme.key_by(&of_other, &one);
    let first = shown(&acme.rotate_by(&of_other, &first));
    // One that Ada sees instead is hers from then on.
    let (adas, _) = acme.key_by(&of_one, &other);
    let adas = shown(&acme.post(&acme.ada, &format!("{adas}/rotate"), &json!({})));
    let (_, by_adas) = acme.key_by(&adas, &one);
    acme.remove(BEN);
    for secret in [&first, &of_other, &of_one] {
        let more = acme.create_by(secret, &one, &named("more"));
        refused(&more, 403, "out-of-token-scope");
    }
    acme.world.clock.advance_ms(DAY_MS);
    for secret in [&first, &of_other, &of_one] {
        assert_eq!(acme.key_status(secret), 401);
    }
    for secret in [&adas, &by_adas] {
        assert_eq!(acme.key_status(secret), 200);
    }
}

#[test]
fn p2_a_key_that_stops_hands_nothing_out() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let account = acme.account(&[admin()]);
    let (key, secret) = acme.key(&ben, &account, &named("ben's"));
    acme.joined(CAT, "member");
    let hook = json!({ "name": "All", "url": "https://hooks.example/x" });
    let made = acme.post(&acme.ada, "/webhooks", &hook);
    let known = format!("/webhooks/{}", super::super::id(&made));
    acme.keep_database("", "main", "hunter2");
    acme.keep_database("", "spare", "hunter2");
    let claim = acme.claim("people.example", "member");
    acme.show(&claim);
    let event = acme.deliveries_by(&acme.ada, &known.replace("/webhooks/", ""))[0]["event"].clone();
    let event = event.as_str().unwrap();
    acme.remove(BEN);
    let hand_out = [
        // It goes on telling when the key has stopped.
        (Method::Post, "/webhooks".to_owned(), hook),
        (
            Method::Patch,
            known.clone(),
            json!({ "url": "https://elsewhere.example/x" }),
        ),
        (Method::Post, format!("{known}/rotate"), json!({})),
        (
            Method::Post,
            "/invitations".to_owned(),
            json!({ "email": "eve@example.com", "role": "admin" }),
        ),
        (
            Method::Post,
            "/links".to_owned(),
            json!({ "role": "member", "uses_max": 5 }),
        ),
        (
            Method::Post,
            "/service-accounts".to_owned(),
            json!({ "name": "x", "grants": [admin()] }),
        ),
        (
            Method::Patch,
            account.clone(),
            json!({ "grants": [admin()] }),
        ),
        (Method::Patch, acme.member(CAT), admin()),
        (
            Method::Put,
            format!("/workspaces/ws_1{}", acme.member(CAT)),
            json!({ "role": "editor" }),
        ),
        // Whom an organization takes in goes on coming in, and what it tells is told anew.
        (Method::Put, format!("/domains/{claim}/proof"), json!({})),
        (
            Method::Post,
            format!("{known}/deliveries/{event}/replay"),
            json!({}),
        ),
        // Programs go on connecting to where a setting says.
        (
            Method::Put,
            "/settings/main".to_owned(),
            json!({ "value": clickhouse("ben.example"), "secret": "hunter2" }),
        ),
        (
            Method::Put,
            "/current-database".to_owned(),
            json!({ "name": "spare" }),
        ),
    ];
    let mut given = Vec::new();
    for (method, path, body) in &hand_out {
        let answer = acme.by(&secret, *method, path, body);
        if answer.status != 403 || json(&answer)["code"] != "out-of-token-scope" {
            given.push((path, text(&answer)));
        }
    }
    assert!(given.is_empty(), "{given:?}");
    // Whoever rotates it stands behind it.
    let secret = shown(&acme.post(&acme.ada, &format!("{key}/rotate"), &json!({})));
    for (method, path, body) in &hand_out {
        let answer = acme.by(&secret, *method, path, body);
        assert!(answer.status < 300, "{path}: {}", text(&answer));
    }
}

/// A secret that was replaced still counts for a while, and nobody knows any more who has it.
#[test]
fn p2_a_replaced_secret_makes_and_rotates_no_key() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let account = acme.account(&[admin()]);
    let (key, seen_by_ben) = acme.key(&ben, &account, &named("ben's"));
    let day = json!({ "overlap_s": 86_400 });
    let fresh = shown(&acme.post(&acme.ada, &format!("{key}/rotate"), &day));
    for is_removed in [false, true] {
        assert_eq!(acme.key_status(&seen_by_ben), 200);
        refused(
            &acme.rotate_by(&seen_by_ben, &key),
            403,
            "out-of-token-scope",
        );
        let more = acme.create_by(&seen_by_ben, &account, &named("more"));
        refused(&more, 403, "out-of-token-scope");
        acme.key_by(&fresh, &account);
        if !is_removed {
            acme.remove(BEN);
        }
    }
}

#[test]
fn p2_who_comes_back_or_is_suspended_stands_behind_no_key_meanwhile() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let account = acme.account(&[admin()]);
    let (key, secret) = acme.key(&ben, &account, &named("ben's"));
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    refused(&acme.rotate_by(&secret, &key), 403, "out-of-token-scope");
    assert_eq!(acme.delete(&acme.ada, &suspension).status, 200);
    let secret = shown(&acme.rotate_by(&secret, &key));
    acme.remove(BEN);
    // Invited again as less, Ben has what was decided then, and no day more of the key.
    acme.joined(BEN, "member");
    refused(&acme.rotate_by(&secret, &key), 403, "out-of-token-scope");
    acme.world.clock.advance_ms(DAY_MS);
    assert_eq!(acme.key_status(&secret), 401);
}

#[test]
fn p2_a_key_shows_no_secret_that_outlives_it() {
    let acme = lockstep();
    let account = acme.account(&[admin()]);
    let hour = |life_s: i64| json!({ "name": "short", "expires_in_s": life_s });
    let (short, secret) = acme.key(&acme.ada, &account, &hour(3_600));
    let (for_ever, _) = acme.key(&acme.ada, &account, &named("for ever"));
    for body in [named("more"), hour(3_601)] {
        let more = acme.create_by(&secret, &account, &body);
        refused(&more, 403, "token-lifetime");
    }
    refused(&acme.rotate_by(&secret, &for_ever), 403, "token-lifetime");
    let made = acme.create_by(&secret, &account, &hour(3_600));
    assert_eq!(made.status, 201, "{}", text(&made));
    assert_eq!(acme.rotate_by(&secret, &short).status, 200);
}

#[test]
fn p2_a_link_that_a_program_made_ends_with_who_saw_its_secret() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let account = acme.account(&[admin()]);
    let link = |secret: &str| {
        let body = json!({ "role": "member", "uses_max": 5 });
        shown(&acme.by(secret, Method::Post, "/links", &body))
    };
    let (_, seen_by_ben) = acme.key(&ben, &account, &named("ben's"));
    let (_, seen_by_ada) = acme.key(&acme.ada, &account, &named("ada's"));
    let (bens, adas) = (link(&seen_by_ben), link(&seen_by_ada));
    acme.remove(BEN);
    let eve = acme.world.sign_in("eve@example.com");
    refused(&acme.join(&eve, &bens), 409, "invitation-not-pending");
    assert_eq!(acme.join(&eve, &adas).status, 200);
}

/// Nor does it bring anybody in while they are suspended.
#[test]
fn p2_a_link_that_a_program_made_rests_while_who_saw_its_secret_does() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let account = acme.account(&[admin()]);
    let (_, secret) = acme.key(&ben, &account, &named("ben's"));
    let body = json!({ "role": "member", "uses_max": 5 });
    let link = shown(&acme.by(&secret, Method::Post, "/links", &body));
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    let eve = acme.world.sign_in("eve@example.com");
    refused(&acme.join(&eve, &link), 409, "invitation-void");
    assert_eq!(acme.delete(&acme.ada, &suspension).status, 200);
    assert_eq!(acme.join(&eve, &link).status, 200);
}

/// Whom only an issuer vouches for that is switched off acts no more, and no program of theirs gives anything.
#[test]
fn p2_nobody_stands_behind_a_key_by_an_issuer_that_is_switched_off() {
    let acme = lockstep();
    let idp = Idp::new(1);
    let issuer = acme.issuer(&idp, Some("member"));
    let by_ann = |method, rest: &str, body: &Value| {
        let token = format!("Bearer {}", idp.token("ann"));
        let request = write(method, &acme.path(rest), body);
        acme.world
            .send(&request.with_header("authorization", &token))
    };
    assert!(
        by_ann(
            Method::Post,
            "/evaluate",
            &json!({ "permission": "member.read" })
        )
        .status
            < 300
    );
    acme.world.settle();
    let ann = acme.vouched_member("ann");
    assert_eq!(acme.patch(&acme.ada, &ann, &admin()).status, 200);
    let account = acme.account(&[admin()]);
    let key = by_ann(Method::Post, &format!("{account}/keys"), &named("ann's"));
    let secret = shown(&key);
    let link = json!({ "role": "member", "uses_max": 5 });
    let give = || acme.by(&secret, Method::Post, "/links", &link);
    let made = shown(&give());
    for active in [false, true] {
        let set = acme.patch(&acme.ada, &issuer, &json!({ "active": active }));
        assert_eq!(set.status, 200, "{}", text(&set));
        let eve = acme.world.sign_in(if active {
            "eve@example.com"
        } else {
            "fay@example.com"
        });
        if active {
            assert_eq!(give().status, 201);
            assert_eq!(acme.join(&eve, &made).status, 200);
        } else {
            refused(&give(), 403, "out-of-token-scope");
            refused(&acme.join(&eve, &made), 409, "invitation-void");
        }
    }
}

/// Of keys from before it was noted only the program is known.
#[test]
fn p2_a_key_that_was_shown_to_a_program_stops_with_who_saw_the_program_s() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let (one, other) = (acme.account(&[admin()]), acme.account(&[admin()]));
    let (_, secret) = acme.key(&ben, &one, &named("ben's"));
    let (_, earlier) = acme.key_by(&secret, &other);
    acme.execute("UPDATE service_key SET seen_by = shown_to");
    let more = acme.create_by(&earlier, &other, &named("more"));
    refused(&more, 403, "out-of-token-scope");
    acme.remove(BEN);
    acme.world.clock.advance_ms(DAY_MS);
    assert_eq!(acme.key_status(&earlier), 401);
}

/// A program that is deleted may have been somebody else's: what it was shown stops, too.
#[test]
fn p2_what_a_deleted_program_was_shown_stops() {
    let acme = lockstep();
    let (one, other) = (acme.account(&[admin()]), acme.account(&[admin()]));
    let (_, secret) = acme.key(&acme.ada, &one, &named("ada's"));
    let (_, by_one) = acme.key_by(&secret, &other);
    assert_eq!(acme.delete(&acme.ada, &one).status, 204);
    let more = acme.create_by(&by_one, &other, &named("more"));
    refused(&more, 403, "out-of-token-scope");
    acme.world.clock.advance_ms(DAY_MS);
    assert_eq!(acme.key_status(&by_one), 401);
}

/// Under `lockstep` nobody changes their own role, and no Owner leaves: nobody else could let them in again.
#[test]
fn p2_a_program_does_to_who_saw_its_secret_only_what_they_may_do_themselves() {
    let acme = lockstep();
    acme.joined(BEN, "admin");
    // With another Owner it is not the last one's being one that is kept.
    acme.joined(CAT, "owner");
    let account = acme.account(&[json!({ "role": "owner" })]);
    let (_, secret) = acme.key(&acme.ada, &account, &named("ada's"));
    let ada = acme.member(super::super::ADA);
    let suspension = format!("{ada}/suspension");
    let suspended = acme.by(&secret, Method::Put, &suspension, &json!({}));
    refused(&suspended, 409, "conflict");
    let removed = acme.by(&secret, Method::Delete, &ada, &json!({}));
    refused(&removed, 409, "conflict");
    let changed = acme.by(&secret, Method::Patch, &ada, &admin());
    refused(&changed, 403, "guard-failed");
    // Nor in a batch.
    let id = ada.rsplit('/').next().unwrap();
    for row in [
        json!({ "user_id": id, "remove": true }),
        json!({ "user_id": id, "role": "admin" }),
    ] {
        let rows = json!({ "members": [row] });
        let answer = acme.by(&secret, Method::Post, "/members/batch", &rows);
        let status = json(&answer)["results"][0]["status"].clone();
        assert!(status == 409 || status == 403, "{}", text(&answer));
    }
    // The question of a page says the same, and so do the facts that it is handed with each member.
    let list = json(&acme.by(&secret, Method::Get, "/members", &json!({})));
    let listed = list["members"].as_array().unwrap();
    let listed = listed
        .iter()
        .find(|member| member["user_id"] == id)
        .unwrap();
    assert_eq!(
        (&listed["self"], &listed["facts"]["target.self"]),
        (&json!(false), &json!(true)),
        "{listed}"
    );
    let about = json!({ "type": "member", "id": id });
    let question = json!({ "permission": "member.update-role", "resource": about });
    let asked = acme.by(&secret, Method::Post, "/evaluate", &question);
    assert_eq!(json(&asked)["decision"], json!(false), "{}", text(&asked));
    let gateway = json!({
        "subject": { "type": "service-account", "id": account.rsplit('/').next().unwrap() },
        "action": { "name": "member.update-role" },
        "resource": about,
    });
    let asked = acme.by(&secret, Method::Post, "/access/v1/evaluation", &gateway);
    assert_eq!(json(&asked)["decision"], json!(false), "{}", text(&asked));
    let other = acme.by(
        &secret,
        Method::Patch,
        &acme.member(BEN),
        &json!({ "role": "member" }),
    );
    assert_eq!(other.status, 200, "{}", text(&other));
}
