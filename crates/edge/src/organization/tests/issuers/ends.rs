//! Until when tokens of an issuer count, and who comes in no more (threats J22, M6, M10, P10).

use super::*;

#[test]
fn j22_a_disabled_issuers_tokens_are_refused_changes_at_once_and_all_else_within_the_bound() {
    for end in ["off", "delete", "keys"] {
        let acme = lockstep("");
        let idp = Idp::new(1);
        let path = acme.issuer(&idp, Some("member"));
        let token = idp.token("dan");
        acme.read_by(&token, "");
        let admin = json!({ "role": "admin" });
        acme.patch(&acme.ada, &acme.vouched_member("dan"), &admin);
        let elsewhere = [
            acme.world.isolate(),
            acme.world.isolate(),
            acme.world.isolate(),
        ];
        for isolate in &elsewhere {
            assert_eq!(acme.decides(isolate, &token, ORDINARY), Ok(true));
        }
        let ended = match end {
            "off" => acme.patch(&acme.ada, &path, &json!({ "active": false })),
            "delete" => acme.delete(&acme.ada, &path),
            _ => {
                let keys = json!({ "record": Idp::named(2, &idp.name).record() });
                acme.patch(&acme.ada, &path, &keys)
            }
        };
        assert!(ended.status < 300, "{end}: {}", text(&ended));
        // This isolate was told.
        assert_eq!(
            acme.decides(&acme.world.edge, &token, ORDINARY),
            Err(401),
            "{end}"
        );
        // The others know it from the object, whatever they have in memory.
        let [reads, asks, waits] = &elsewhere;
        let sensitive = acme.decides(asks, &token, SENSITIVE);
        let expected = if end == "keys" { Err(503) } else { Err(401) };
        assert_eq!(sensitive, expected, "{end}: sensitive");
        assert_eq!(
            acme.decides(asks, &token, ORDINARY),
            Err(401),
            "{end}: and it is remembered"
        );
        let workspace = json!({ "name": "North" });
        let made = acme.bear(reads, &token, Method::Post, "/workspaces", &workspace);
        assert_eq!(made.status, 401, "{end}: {}", text(&made));
        let challenge = "Bearer realm=\"lockstep\", error=\"invalid_token\"";
        assert_eq!(made.header("www-authenticate"), Some(challenge));
        acme.world.clock.advance_ms(4_999);
        assert_eq!(
            acme.decides(waits, &token, ORDINARY),
            Ok(true),
            "{end}: it still counts"
        );
        acme.world.clock.advance_ms(BOUND_MS - 4_999);
        assert_eq!(acme.decides(waits, &token, ORDINARY), Err(401), "{end}");
        assert_eq!(acme.read_by(&token, "/members").status, 401);
    }
}

#[test]
fn j22_the_object_itself_refuses_who_came_by_what_the_issuer_no_longer_is() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    acme.read_by(&idp.token("dan"), "");
    let used = acme.used(&path);
    let dan = acme.vouched_member("dan").replace("/members/", "");
    let list = |used: &organization::IssuerUse| {
        let actor = organization::Actor {
            principal: dan.clone(),
            token: None,
            issuer: Some(used.clone()),
            is_remembered: false,
        };
        acme.told::<Value>(&Command::Read { actor }).map(|_| ())
    };
    assert_eq!(list(&used), Ok(()));
    let beside = acme.beside();
    let foreign = organization::IssuerUse {
        organization: beside.id.clone(),
        ..used.clone()
    };
    assert_eq!(list(&foreign), Err(Code::Unauthenticated), "m14");
    acme.patch(&acme.ada, &path, &json!({ "role": "gateway" }));
    assert_eq!(
        list(&used),
        Err(Code::Unavailable),
        "changed: the token may still count"
    );
    assert_eq!(list(&acme.used(&path)), Ok(()));
    acme.patch(&acme.ada, &path, &json!({ "active": false }));
    assert_eq!(list(&acme.used(&path)), Err(Code::Unauthenticated));
    acme.patch(&acme.ada, &path, &json!({ "active": true }));
    let used = acme.used(&path);
    assert_eq!(list(&used), Ok(()));
    acme.delete(&acme.ada, &path);
    assert_eq!(list(&used), Err(Code::Unauthenticated));
}

#[test]
fn m10_who_was_removed_or_suspended_comes_in_by_no_token() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    let tokens = ["dan", "eve", "fay"].map(|subject| idp.token(subject));
    for token in &tokens {
        assert_eq!(acme.read_by(token, "").status, 200);
    }
    assert_eq!(
        acme.delete(&acme.ada, &acme.vouched_member("dan")).status,
        204
    );
    let eve = format!("{}/suspension", acme.vouched_member("eve"));
    assert_eq!(acme.put(&acme.ada, &eve, &json!({})).status, 200);
    let stay_out = |isolate: &Edge| {
        for (subject, is_in) in [("dan", false), ("eve", false), ("fay", true)] {
            // A token that no isolate has seen.
            let token = idp.token_with(subject, &json!({ "jti": subject }));
            let answer = acme.bear(isolate, &token, Method::Get, "", &json!({}));
            assert_eq!(answer.status, if is_in { 200 } else { 404 }, "{subject}");
        }
    };
    stay_out(&acme.world.edge);
    stay_out(&acme.world.isolate());
    // A delayed command of an isolate that saw them for the first time long ago.
    for subject in ["dan", "eve"] {
        let admit = Command::Admission(AdmissionCommand::Admit {
            used: acme.used(&path),
            subject: subject.to_owned(),
        });
        let epoch = json(&acme.get(&acme.ada, ""))["epoch"].clone();
        acme.told::<Freshness>(&admit).unwrap();
        assert_eq!(
            json(&acme.get(&acme.ada, ""))["epoch"],
            epoch,
            "nothing changed"
        );
    }
    stay_out(&acme.world.isolate());
    // Nor does another registration of the issuer bring them back; who left with it comes in as anybody does.
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    assert_eq!(acme.vouched(), []);
    acme.issuer(&idp, Some("member"));
    stay_out(&acme.world.edge);
    assert_eq!(acme.vouched(), [("fay".to_owned(), "member".to_owned())]);
}

/// By another claim the issuer calls everybody something else, also who was removed.
#[test]
fn m10_another_subject_claim_lets_nobody_back() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let body = |claim: &str, role: Option<&str>| {
        let mut body = idp.body(role);
        body["record"]["subject_claim"] = json!(claim);
        body
    };
    for (first, second) in [("sub", "oid"), ("oid", "sub")] {
        let name = format!("{first} {second}");
        let made = |claim: &str, role: Option<&str>| {
            let made = acme.post(&acme.ada, "/issuers", &body(claim, role));
            assert_eq!(made.status, 201, "{name}: {}", text(&made));
            format!("/issuers/{}", id(&made))
        };
        let named = json!({ "oid": format!("oid of {name}") });
        let token = idp.token_with(&name, &named);
        let path = made(first, Some("member"));
        assert_eq!(acme.read_by(&token, "").status, 200, "{name}");
        // Whom nobody removed leaves with the issuer, and is not kept out.
        assert_eq!(acme.delete(&acme.ada, &path).status, 204);
        let path = made(second, Some("member"));
        assert_eq!(acme.delete(&acme.ada, &path).status, 204);
        let path = made(first, Some("member"));
        assert_eq!(acme.read_by(&token, "").status, 200, "{name}");
        let called = if first == "sub" {
            &name
        } else {
            named["oid"].as_str().unwrap()
        };
        let removed = acme.delete(&acme.ada, &acme.vouched_member(called));
        assert_eq!(removed.status, 204, "{name}");
        assert_eq!(acme.delete(&acme.ada, &path).status, 204);
        let refusal = acme.post(&acme.ada, "/issuers", &body(second, Some("member")));
        refused(&refusal, 409, "conflict");
        assert!(text(&refusal).contains(first), "{}", text(&refusal));
        // Nor does it get the role later; without one it lets nobody in.
        let path = made(second, None);
        let role = json!({ "role": "member" });
        refused(&acme.patch(&acme.ada, &path, &role), 409, "conflict");
        assert_eq!(acme.read_by(&token, "").status, 404, "{name}");
        assert_eq!(acme.delete(&acme.ada, &path).status, 204);
        let path = made(first, Some("member"));
        assert_eq!(acme.read_by(&token, "").status, 404, "{name}");
        assert_eq!(acme.delete(&acme.ada, &path).status, 204);
        acme.execute("DELETE FROM member WHERE issuer IS NOT NULL");
    }
}

#[test]
fn p10_an_issuer_that_is_registered_again_vouches_for_nobody_who_was_there() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    let token = idp.token("dan");
    acme.read_by(&token, "");
    let dan = acme.vouched_member("dan");
    let admin = json!({ "role": "admin" });
    assert_eq!(acme.patch(&acme.ada, &dan, &admin).status, 200);
    assert_eq!(acme.decides(&acme.world.edge, &token, SENSITIVE), Ok(true));
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    assert_eq!(acme.read_by(&token, "").status, 401);
    let again = acme.issuer(&idp, None);
    assert_eq!(acme.read_by(&token, "").status, 404);
    let role = json!({ "role": "member" });
    assert_eq!(acme.patch(&acme.ada, &again, &role).status, 200);
    acme.world.clock.advance_ms(BOUND_MS);
    assert_eq!(acme.read_by(&token, "").status, 200);
    assert_eq!(acme.decides(&acme.world.edge, &token, SENSITIVE), Ok(false));
    assert_ne!(acme.vouched_member("dan"), dan);
    assert_eq!(acme.vouched(), [("dan".to_owned(), "member".to_owned())]);
}

#[test]
fn m6_nobody_comes_in_on_the_word_of_who_could_not_give_the_role_any_more() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let idp = Idp::new(1);
    let made = acme.post(&ben, "/issuers", &idp.body(Some("member")));
    let path = format!("/issuers/{}", id(&made));
    assert_eq!(acme.read_by(&idp.token("dan"), "").status, 200);
    let demote = json!({ "role": "member" });
    assert_eq!(
        acme.patch(&acme.ada, &acme.member(BEN), &demote).status,
        200
    );
    assert_eq!(acme.read_by(&idp.token("eve"), "").status, 404);
    assert_eq!(json(&acme.get(&acme.ada, &path))["admits"], json!(false));
    assert_eq!(
        acme.read_by(&idp.token("dan"), "").status,
        200,
        "who is in stays"
    );
    let admin = json!({ "role": "admin" });
    assert_eq!(acme.patch(&acme.ada, &acme.member(BEN), &admin).status, 200);
    acme.world.clock.advance_ms(500);
    assert_eq!(acme.read_by(&idp.token("eve"), "").status, 200);
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    assert_eq!(acme.read_by(&idp.token("fay"), "").status, 404);
    // Somebody who may takes the issuer over by saving it.
    let role = json!({ "role": "member" });
    assert_eq!(acme.patch(&acme.ada, &path, &role).status, 200);
    assert_eq!(acme.read_by(&idp.token("fay"), "").status, 200);
}

#[test]
fn m6_nobody_comes_in_on_the_word_of_whose_own_issuer_is_switched_off() {
    let acme = lockstep("");
    let (first, second) = (Idp::new(1), Idp::named(2, "https://second.example.com"));
    let path = acme.issuer(&first, Some("member"));
    let dan = first.token("dan");
    acme.read_by(&dan, "");
    let admin = json!({ "role": "admin" });
    acme.patch(&acme.ada, &acme.vouched_member("dan"), &admin);
    let here = &acme.world.edge;
    let body = second.body(Some("member"));
    let made = acme.bear(here, &dan, Method::Post, "/issuers", &body);
    assert_eq!(made.status, 201, "{}", text(&made));
    assert_eq!(acme.read_by(&second.token("eve"), "").status, 200);
    let switch = |active: bool| {
        acme.patch(&acme.ada, &path, &json!({ "active": active }))
            .status
    };
    assert_eq!(switch(false), 200);
    assert_eq!(acme.read_by(&second.token("fay"), "").status, 404);
    assert_eq!(acme.read_by(&second.token("eve"), "").status, 200);
    assert_eq!(switch(true), 200);
    acme.world.clock.advance_ms(BOUND_MS);
    assert_eq!(acme.read_by(&second.token("fay"), "").status, 200);
}

#[test]
fn m6_nobody_joins_on_an_invitation_or_link_of_whose_issuer_is_switched_off() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    let dan = idp.token("dan");
    acme.read_by(&dan, "");
    let admin = json!({ "role": "admin" });
    acme.patch(&acme.ada, &acme.vouched_member("dan"), &admin);
    let made = |rest: &str, body: &Value| {
        let made = acme.bear(&acme.world.edge, &dan, Method::Post, rest, body);
        assert_eq!(made.status, 201, "{}", text(&made));
        json(&made)
    };
    let invited = made("/invitations", &json!({ "email": BEN, "role": "member" }));
    let invitation = invited["id"].as_str().unwrap();
    let link = made("/links", &json!({ "role": "member", "uses_max": 5 }));
    let secret = link["token"].as_str().unwrap();
    acme.world.settle();
    let (ben, cat) = (acme.world.sign_in(BEN), acme.world.sign_in(CAT));
    let off = json!({ "active": false });
    assert_eq!(acme.patch(&acme.ada, &path, &off).status, 200);
    refused(&acme.accept(&ben, invitation), 409, "invitation-void");
    refused(&acme.join(&cat, secret), 409, "invitation-void");
    // Whom it was not for learns nothing of that.
    refused(&acme.accept(&cat, invitation), 404, "not-found");
    let on = json!({ "active": true });
    assert_eq!(acme.patch(&acme.ada, &path, &on).status, 200);
    assert_eq!(acme.accept(&ben, invitation).status, 200);
    assert_eq!(acme.join(&cat, secret).status, 200);
}

/// Their link rests meanwhile; a word that they could not give any more when their role changed ends.
#[test]
fn law_5_a_link_ends_with_its_maker_s_role_also_while_their_issuer_is_off() {
    for is_demoted in [true, false] {
        let acme = lockstep("");
        let idp = Idp::new(1);
        let path = acme.issuer(&idp, Some("member"));
        let dan = idp.token("dan");
        acme.read_by(&dan, "");
        let member = acme.vouched_member("dan");
        let switch = |active: bool| {
            let switched = acme.patch(&acme.ada, &path, &json!({ "active": active }));
            assert_eq!(switched.status, 200, "{}", text(&switched));
        };
        let make = |role: &str| {
            let made = acme.patch(&acme.ada, &member, &json!({ "role": role }));
            assert_eq!(made.status, 200, "{}", text(&made));
        };
        make("admin");
        let body = json!({ "role": "member", "uses_max": 5 });
        let made = acme.bear(&acme.world.edge, &dan, Method::Post, "/links", &body);
        assert_eq!(made.status, 201, "{}", text(&made));
        let secret = json(&made)["token"].as_str().unwrap().to_owned();
        switch(false);
        if is_demoted {
            make("member");
            make("admin");
        } else {
            let suspension = format!("{member}/suspension");
            assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
            assert_eq!(acme.delete(&acme.ada, &suspension).status, 200);
        }
        switch(true);
        let cat = acme.world.sign_in(CAT);
        refused(&acme.join(&cat, &secret), 409, "invitation-not-pending");
    }
}

#[test]
fn j22_what_a_plan_no_longer_has_can_still_be_seen_and_ended() {
    let vars = [
        ("LOCKSTEP_POLICY", "lockstep"),
        ("LOCKSTEP_OPERATOR_KEY", plans::KEY),
    ];
    let acme = Acme::in_world(World::with_vars(&vars));
    let [one, other] = [Idp::new(1), Idp::new(2)];
    let [path, other_path] = [&one, &other].map(|idp| acme.issuer(idp, Some("member")));
    let claim = json!({ "domain": "acme.example", "role": "member" });
    let claimed = acme.post(&acme.ada, "/domains", &claim);
    assert_eq!(claimed.status, 201, "{}", text(&claimed));
    let domain = format!("/domains/{}", id(&claimed));
    let token = one.token("dan");
    assert_eq!(acme.read_by(&token, "").status, 200);
    let ben = acme.joined(BEN, "member");
    acme.give("basic");
    // Who is there stays; nobody else comes in, and nothing is registered or set right.
    assert_eq!(acme.read_by(&token, "").status, 200);
    assert_eq!(acme.read_by(&other.token("eve"), "").status, 404);
    let made = acme.post(&acme.ada, "/issuers", &Idp::new(3).body(None));
    refused(&made, 403, "plan");
    let on = acme.patch(&acme.ada, &path, &json!({ "active": true }));
    refused(&on, 403, "plan");
    let seen = acme.get(&acme.ada, "/issuers");
    assert_eq!(json(&seen)["issuers"].as_array().unwrap().len(), 2);
    assert_eq!(acme.get(&acme.ada, &path).status, 200);
    assert_eq!(acme.get(&acme.ada, "/domains").status, 200);
    assert_eq!(acme.get(&acme.ada, &domain).status, 200);
    // Others may not, whatever the plan has.
    refused(&acme.get(&ben, "/issuers"), 403, "no-grant");
    refused(&acme.delete(&ben, &path), 403, "no-grant");
    refused(&acme.delete(&ben, &domain), 403, "no-grant");
    let off = acme.patch(&acme.ada, &path, &json!({ "active": false }));
    assert_eq!(off.status, 200, "{}", text(&off));
    assert_eq!(acme.read_by(&token, "").status, 401);
    for path in [path, other_path, domain] {
        let deleted = acme.delete(&acme.ada, &path);
        assert_eq!(deleted.status, 204, "{path}: {}", text(&deleted));
    }
}

#[test]
fn i8_whom_no_seat_is_left_for_is_a_stranger_on_every_route() {
    let vars = [("LOCKSTEP_POLICY", "langsmith-current")];
    let acme = Acme::in_world(World::with_vars(&vars));
    let idp = Idp::new(1);
    acme.issuer(&idp, Some("organization-user"));
    acme.execute("UPDATE organization SET plan = 'personal'");
    let token = idp.token("dan");
    for rest in ["", "/members", "/snapshot"] {
        refused(&acme.read_by(&token, rest), 404, "not-found");
    }
    let permission = "view-org-info-dashboard-billing-info-company-info";
    assert_eq!(
        acme.decides(&acme.world.edge, &token, permission),
        Ok(false)
    );
    assert_eq!(acme.vouched(), []);
    // A seat that is free later is theirs.
    acme.execute("UPDATE organization SET plan = NULL");
    acme.world.clock.advance_ms(BOUND_MS);
    assert_eq!(acme.read_by(&token, "").status, 200);
}

#[test]
fn whom_an_issuer_names_too_long_is_a_stranger() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    acme.issuer(&idp, Some("member"));
    refused(
        &acme.read_by(&idp.token(&"d".repeat(513)), ""),
        404,
        "not-found",
    );
    assert_eq!(acme.read_by(&idp.token(&"d".repeat(512)), "").status, 200);
}
