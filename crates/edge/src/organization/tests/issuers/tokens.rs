//! What tokens of an issuer do in its organization (threat J5).

use std::rc::Rc;

use lockstep_token::OrganizationId;

use super::*;

#[test]
fn a_token_of_a_registered_issuer_acts_in_its_organization() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    let token = idp.token("dan");
    assert_eq!(acme.decides(&acme.world.edge, &token, ORDINARY), Ok(true));
    // Which issuers there are, and who comes in; that tells how fresh the bytes must be, too.
    let asked = ["admission", "freshness"].map(|command| acme.world.objects.asked(command));
    assert_eq!(asked, [2, 0]);
    assert_eq!(acme.vouched(), [("dan".to_owned(), "member".to_owned())]);
    assert_eq!(json(&acme.get(&acme.ada, &path))["members"], 1);
    assert_eq!(acme.read_by(&token, "/members").status, 200);
    // Nothing is asked twice while it counts.
    let before = acme.world.objects.asked_anything();
    assert_eq!(acme.decides(&acme.world.edge, &token, ORDINARY), Ok(true));
    assert_eq!(acme.world.objects.asked_anything(), before);
    // And then what is said of the issuers rides on what is said of the principal.
    for _ in 0..5 {
        acme.world.clock.advance_ms(2_600);
        let before = acme.world.objects.asked_anything();
        assert_eq!(acme.decides(&acme.world.edge, &token, ORDINARY), Ok(true));
        assert_eq!(acme.world.objects.asked_anything(), before);
        assert_eq!(acme.world.run_background(), 1);
    }
    let row = acme
        .log()
        .into_iter()
        .find(|row| row.action == "admission.admit");
    assert!(row.is_some_and(|row| row.principal.is_none()));
}

#[test]
fn what_a_member_by_an_issuer_does_is_logged_with_the_issuer() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    let token = idp.token("dan");
    acme.read_by(&token, "");
    let admin = json!({ "role": "admin" });
    assert_eq!(
        acme.patch(&acme.ada, &acme.vouched_member("dan"), &admin)
            .status,
        200
    );
    let workspace = json!({ "name": "North" });
    let made = acme.bear(
        &acme.world.edge,
        &token,
        Method::Post,
        "/workspaces",
        &workspace,
    );
    assert_eq!(made.status, 201, "{}", text(&made));
    let row = acme.log().pop().unwrap();
    let credential = row.credential.unwrap();
    assert_eq!(Some(path.replace("/issuers/", "")), credential.id);
    assert_eq!(
        row.principal.unwrap(),
        acme.vouched_member("dan").replace("/members/", "")
    );
}

#[test]
fn j5_two_organizations_with_one_issuer_and_one_kid_share_no_key() {
    for is_first in [true, false] {
        let acme = lockstep("");
        let beside = acme.beside();
        // The same name and the same `kid`; what they publish differs.
        let (one, two) = (Idp::named(1, NAME), Idp::named(2, NAME));
        acme.issuer(&one, Some("member"));
        beside.issuer(&two, Some("member"));
        let (of_one, of_two) = (one.token("dan"), two.token("dan"));
        let reads = |token: &str| {
            let statuses = [acme.read_by(token, ""), beside.read_by(token, "")];
            statuses.map(|answer| answer.status)
        };
        for _ in 0..3 {
            if is_first {
                assert_eq!(reads(&of_one), [200, 401]);
                assert_eq!(reads(&of_two), [401, 200]);
            } else {
                assert_eq!(reads(&of_two), [401, 200]);
                assert_eq!(reads(&of_one), [200, 401]);
            }
        }
    }
}

#[test]
fn j5_published_keys_are_of_the_record_that_they_were_fetched_for() {
    let acme = lockstep("");
    let beside = acme.beside();
    let uri = "https://idp.example/keys";
    let (one, two) = (Idp::named(1, NAME), Idp::named(2, NAME));
    let publish = |idp: &Idp| {
        let body = idp.keys().to_string().into_bytes();
        acme.world.upstream.set(uri, Answers::Body(body));
    };
    let body = |role: Option<&str>| {
        let mut body = one.body(role);
        let record = body["record"].as_object_mut().unwrap();
        record.remove("keys");
        record.insert("jwks_uri".to_owned(), json!(uri));
        body
    };
    publish(&one);
    let made = acme.post(&acme.ada, "/issuers", &body(Some("member")));
    let path = format!("/issuers/{}", id(&made));
    assert_eq!(acme.read_by(&one.token("dan"), "").status, 200);
    // The other organization has the same issuer at the same address, which answers something else by now.
    publish(&two);
    let request = post(
        &format!("/v1/organizations/{}/issuers", beside.id),
        &body(Some("member")),
    );
    acme.world.send(&request.with_header("cookie", &beside.cat));
    assert_eq!(beside.read_by(&two.token("dan"), "").status, 200);
    assert_eq!(beside.read_by(&one.token("dan"), "").status, 401);
    assert_eq!(acme.read_by(&two.token("dan"), "").status, 401);
    assert_eq!(acme.read_by(&one.token("dan"), "").status, 200);
    assert_eq!(acme.world.upstream.count(uri), 2);
    // A record that was changed is fetched for anew.
    assert_eq!(
        acme.patch(&acme.ada, &path, &json!({ "record": body(None)["record"] }))
            .status,
        200
    );
    assert_eq!(acme.read_by(&one.token("dan"), "").status, 401);
    assert_eq!(acme.read_by(&two.token("dan"), "").status, 200);
    assert_eq!(acme.world.upstream.count(uri), 3);
}

#[test]
fn a_new_issuer_counts_in_every_isolate_soon() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    let elsewhere = acme.world.isolate();
    let token = idp.token("dan");
    assert_eq!(acme.decides(&elsewhere, &token, ORDINARY), Err(401));
    acme.issuer(&idp, Some("member"));
    acme.world.clock.advance_ms(500);
    assert_eq!(acme.decides(&elsewhere, &token, ORDINARY), Ok(true));
}

#[test]
fn a_changed_record_counts_in_every_isolate_soon() {
    let acme = lockstep("");
    let elsewhere = acme.world.isolate();
    let idp = Idp::named(1, NAME);
    let path = acme.issuer(&idp, Some("member"));
    let mut known = idp.token("dan");
    let other = Idp::named(2, NAME);
    let mut audience = other.record();
    audience["audiences"] = json!(["product"]);
    for (record, token) in [
        (other.record(), other.token("dan")),
        (
            audience,
            other.token_with("dan", &json!({ "aud": "product" })),
        ),
    ] {
        assert_eq!(acme.decides(&elsewhere, &known, ORDINARY), Ok(true));
        let changed = acme.patch(&acme.ada, &path, &json!({ "record": record }));
        assert_eq!(changed.status, 200, "{}", text(&changed));
        acme.world.clock.advance_ms(500);
        assert_eq!(acme.decides(&elsewhere, &token, ORDINARY), Ok(true));
        known = token;
    }
    // Whoever sends what no record takes has the object asked no more often than that.
    acme.world.clock.advance_ms(500);
    let before = acme.world.objects.asked_anything();
    for _ in 0..10 {
        assert_eq!(
            acme.decides(&elsewhere, &idp.token("dan"), ORDINARY),
            Err(401)
        );
    }
    assert_eq!(acme.world.objects.asked_anything(), before + 1);
}

/// Nobody answers where the keys were, which is why they are looked for elsewhere.
#[test]
fn a_record_with_keys_counts_soon_where_the_old_ones_are_out_of_reach() {
    let acme = lockstep("");
    let elsewhere = acme.world.isolate();
    let idp = Idp::named(1, NAME);
    let mut body = idp.body(Some("member"));
    let record = body["record"].as_object_mut().unwrap();
    record.remove("keys");
    record.insert("jwks_uri".to_owned(), json!("https://idp.example/gone"));
    let path = format!("/issuers/{}", id(&acme.post(&acme.ada, "/issuers", &body)));
    let token = idp.token("dan");
    assert_eq!(acme.decides(&elsewhere, &token, ORDINARY), Err(503));
    let changed = acme.patch(&acme.ada, &path, &json!({ "record": idp.record() }));
    assert_eq!(changed.status, 200, "{}", text(&changed));
    acme.world.clock.advance_ms(500);
    assert_eq!(acme.decides(&elsewhere, &token, ORDINARY), Ok(true));
}

#[test]
fn without_its_object_an_organization_believes_no_issuer_for_longer_than_the_window() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    acme.issuer(&idp, Some("member"));
    let token = idp.token("dan");
    assert_eq!(acme.decides(&acme.world.edge, &token, ORDINARY), Ok(true));
    acme.world.objects.is_down.set(Some(Class::Organization));
    assert_eq!(acme.decides(&acme.world.edge, &token, ORDINARY), Ok(true));
    assert_eq!(
        acme.decides(&acme.world.isolate(), &token, ORDINARY),
        Err(503)
    );
    acme.world.clock.advance_ms(5_000);
    assert_eq!(acme.decides(&acme.world.edge, &token, ORDINARY), Err(503));
}

#[test]
fn what_an_isolate_asks_for_names_only_issuers_that_count_and_only_once() {
    let acme = lockstep("");
    let path = acme.issuer(&Idp::new(1), None);
    acme.issuer(&Idp::new(2), Some("member"));
    acme.patch(&acme.ada, &path, &json!({ "active": false }));
    let ask = |known| {
        acme.told::<StoredIssuers>(&Command::Admission(AdmissionCommand::List { known }))
            .unwrap()
    };
    let all = ask(None);
    let issuers = all.issuers.unwrap();
    let names: Vec<&Value> = issuers.iter().map(|one| &one.record["issuer"]).collect();
    assert_eq!(names, [&json!(format!("{NAME}/2"))]);
    assert!(issuers[0].admits);
    assert_eq!(ask(Some(all.epoch)).issuers, None);
    assert!(ask(Some(all.epoch - 1)).issuers.is_some());
}

#[test]
fn a_record_that_this_deployment_would_not_save_any_more_vouches_for_nobody() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    acme.issuer(&idp, Some("member"));
    let broken =
        "UPDATE issuer SET record = '{\"issuer\":\"https://idp.example/1\"}', epoch = epoch + 1";
    let sql = acme
        .world
        .objects
        .database(Class::Organization, &acme.id)
        .unwrap();
    let sql: Rc<dyn crate::sql::Sql> = sql;
    sql.exec(broken, &[]).unwrap();
    sql.exec(
        "UPDATE organization SET issuers_epoch = issuers_epoch + 1",
        &[],
    )
    .unwrap();
    assert_eq!(acme.read_by(&idp.token("dan"), "").status, 401);
    let id = OrganizationId::parse(&acme.world.edge.config.keys.id, &acme.id).unwrap();
    let known = crate::testing::now(crate::issuers::known(&acme.world.edge, &id, 5_000)).unwrap();
    assert!(known.find(&idp.name).is_none());
}
