//! Where tokens of an issuer do not count, and whom they are not (threats M14, S10).

use super::*;

#[test]
fn m14_a_token_of_one_organizations_issuer_is_refused_everywhere_else() {
    let acme = lockstep("");
    let beside = acme.beside();
    let idp = Idp::new(1);
    acme.issuer(&idp, Some("member"));
    let token = idp.token("dan");
    assert_eq!(acme.read_by(&token, "").status, 200);
    for rest in ["", "/members", "/snapshot", "/issuers"] {
        assert_eq!(beside.read_by(&token, rest).status, 401, "{rest}");
    }
    let bearer = format!("Bearer {token}");
    let bear = |request: Request| {
        acme.world
            .send(&request.with_header("authorization", &bearer))
    };
    for path in [
        "/v1/me",
        "/v1/me/tokens",
        "/v1/me/invitations",
        "/v1/me/sessions",
    ] {
        assert_eq!(bear(Request::new(Method::Get, path)).status, 401, "{path}");
    }
    let made = bear(post("/v1/organizations", &json!({ "name": "Mine" })));
    assert_eq!(made.status, 401);
    // Nor does naming the organization make an account of it.
    let named = |request: Request| bear(request.with_header("x-organization-id", &acme.id));
    let own = json!({ "permission": ORDINARY });
    assert_eq!(named(post("/v1/evaluate", &own)).status, 200);
    for path in ["/v1/me", "/v1/me/tokens", "/v1/me/invitations"] {
        refused(
            &named(Request::new(Method::Get, path)),
            403,
            "person-required",
        );
    }
    refused(
        &named(Request::new(Method::Get, "/v1/me/sessions")),
        403,
        "session-required",
    );
    let made = named(post("/v1/organizations", &json!({ "name": "Mine" })));
    refused(&made, 403, "person-required");
    let elsewhere = Request::new(Method::Get, format!("/v1/organizations/{}", beside.id));
    assert_eq!(named(elsewhere).status, 401);
    // Registered there as well, it vouches for somebody else, who has only what is given there.
    beside.issuer(&idp, None);
    assert_eq!(beside.read_by(&token, "").status, 404);
    assert_eq!(acme.read_by(&token, "").status, 200);
}

#[test]
fn s10_an_issuer_that_asserts_a_victims_address_or_subject_is_not_the_victim() {
    let deployments = Idp::named(9, "https://deployment.example");
    let issuers = Value::from(vec![deployments.record()]).to_string();
    let believed = json!([deployments.name]).to_string();
    let acme = Acme::in_world(World::with_vars(&[
        ("LOCKSTEP_POLICY", "lockstep"),
        ("LOCKSTEP_ISSUERS", &issuers),
        ("LOCKSTEP_EMAIL_ISSUERS", &believed),
    ]));
    // The victims: Ada by address, Vic by the deployment's issuer, Ben who is only invited.
    let vic = deployments.token("vic");
    let bearer = format!("Bearer {vic}");
    let me = Request::new(Method::Get, "/v1/me").with_header("authorization", &bearer);
    let vic = json(&acme.world.send(&me))["user"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ada = acme.user(ADA);
    let invitation = acme.invited(BEN, "admin");
    // The attacker's own organization and issuer.
    let beside = acme.beside();
    let evil = Idp::new(66);
    beside.issuer(&evil, Some("member"));
    let claims = json!({
        "email": ADA, "email_verified": true, "preferred_username": ADA, "user_id": ada,
        "org": acme.id, "organization": acme.id, "roles": ["owner"], "admin": true,
    });
    for subject in ["vic", ADA, ada.as_str(), vic.as_str(), "owner", "usr_1"] {
        let token = evil.token_with(subject, &claims);
        let id = json(&beside.read_by(&token, "/snapshot"))["principal"].clone();
        assert!(id.is_string() && id != ada.as_str() && id != vic.as_str());
        let snapshot = json(&beside.read_by(&token, "/snapshot"));
        assert_eq!(
            snapshot["grants"][0]["role"], "member",
            "whatever the token says of roles"
        );
        for rest in ["", "/members", "/snapshot"] {
            assert_eq!(acme.read_by(&token, rest).status, 401, "{subject}");
        }
        let path = format!("/invitations/{invitation}/accept");
        let body = json!({});
        let accepted = acme.bear(&acme.world.edge, &token, Method::Post, &path, &body);
        assert_eq!(accepted.status, 401);
    }
    // Nor is it in the victim's own organization, had the attacker an issuer there: an invitation goes by address.
    let inside = Idp::new(67);
    acme.issuer(&inside, Some("member"));
    let claims = json!({ "email": BEN, "email_verified": true });
    let token = inside.token_with("ben", &claims);
    let path = format!("/invitations/{invitation}/accept");
    let accepted = acme.bear(&acme.world.edge, &token, Method::Post, &path, &json!({}));
    refused(&accepted, 403, "person-required");
    assert_eq!(acme.vouched(), [("ben".to_owned(), "member".to_owned())]);
    let members = json(&acme.get(&acme.ada, "/members"));
    let mut members = members["members"].as_array().unwrap().iter();
    assert!(members.all(|member| member["subject"] != "ben" || member["email"].is_null()));
    // It names the deployment's issuer, too: that one's keys decide.
    let forged = Idp::named(66, &deployments.name).token("vic");
    assert_eq!(beside.read_by(&forged, "").status, 401);
}

#[test]
fn s10_whom_an_issuer_vouches_for_has_no_account_anywhere() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    acme.issuer(&idp, Some("member"));
    let token = idp.token("dan");
    for rest in ["", "/members", "/snapshot"] {
        assert_eq!(acme.read_by(&token, rest).status, 200);
    }
    let dan = acme.vouched_member("dan");
    acme.patch(&acme.ada, &dan, &json!({ "role": "view-only" }));
    acme.patch(&acme.ada, "", &json!({ "name": "Next" }));
    acme.world.settle();
    let id = dan.replace("/members/", "");
    assert!(acme.world.objects.database(Class::User, &id).is_none());
}

#[test]
fn a_token_that_is_not_valid_is_refused_as_any_other_and_asks_the_object_little() {
    let acme = lockstep("");
    let idp = Idp::new(1);
    acme.issuer(&idp, Some("member"));
    let now_s = START_MS / 1_000;
    let good = idp.token("dan");
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let thief = Idp::named(2, &idp.name);
    let bad = [
        thief.token("dan"),
        idp.token_with("dan", &json!({ "exp": now_s - 60 })),
        idp.token_with("dan", &json!({ "aud": "another" })),
        idp.token_with("dan", &json!({ "aud": Value::Null })),
        idp.token_with("dan", &json!({ "exp": now_s + 100_000 })),
        idp.token_with("dan", &json!({ "sub": 1 })),
        idp.token_with("dan", &json!({ "iss": [idp.name] })),
        idp.token_with("dan", &json!({ "iss": format!("{}/", idp.name) })),
        idp.token_with("dan", &json!({ "iss": idp.name.to_uppercase() })),
        Idp::named(1, "https://unknown.example").token("dan"),
        format!("{unsigned}."),
        format!("{good}A"),
    ];
    for token in &bad {
        refused(&acme.read_by(token, ""), 401, "unauthenticated");
        refused(&acme.read_by(token, "/members"), 401, "unauthenticated");
    }
    assert_eq!(acme.vouched(), []);
    assert_eq!(acme.read_by(&good, "").status, 200);
    // However many issuers are made up, the object is asked about them twice a second.
    let before = acme.world.objects.asked_anything();
    for at in 0..100 {
        let token = Idp::named(1, &format!("https://{at}.example")).token("dan");
        assert_eq!(acme.read_by(&token, "").status, 401);
    }
    let asked = acme.world.objects.asked_anything() - before;
    assert!(asked <= 1, "{asked}");
}
