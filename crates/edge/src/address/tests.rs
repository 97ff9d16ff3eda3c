//! Sign-in through the router and real objects: codes, tries, binding, limits (threats I2, I11, I12, I15).

mod limits;
mod waiting;

use lockstep_token::{Address, id::address_name};
use serde_json::json;

use super::{AddressObject, Command, InvitationChange, InvitationList, PendingInvitation, Taken};
use crate::{
    http::{Request, Response},
    objects::Class,
    problem::Code,
    testing::{START_MS, World, code_of, cookies, json, post, text},
};

const ANN: &str = "ann@example.com";
const MINUTE_MS: i64 = 60_000;

fn ask(world: &World, cookie: &str) -> Response {
    world.send(&post("/v1/sign-in/codes", &json!({ "email": ANN })).with_header("cookie", cookie))
}

fn try_code(world: &World, cookie: &str, code: &str) -> Response {
    let body = json!({ "email": ANN, "code": code });
    world.send(&post("/v1/sign-in/sessions", &body).with_header("cookie", cookie))
}

/// A browser that asked for a code: its cookie, and the code.
fn browser(world: &World) -> (String, String) {
    let asked = ask(world, "");
    assert_eq!(asked.status, 202, "{}", text(&asked));
    let newest = world.mail(ANN).remove(0);
    (cookies(&asked), code_of(&newest.message.text))
}

#[track_caller]
fn refused(response: &Response) {
    assert_eq!(
        (response.status, json(response)["code"].as_str()),
        (401, Some("code-refused"))
    );
}

fn object_name(world: &World, address: &str) -> String {
    address_name(
        &world.edge.config.keys.id,
        &Address::parse(address).unwrap(),
    )
}

#[test]
fn a_code_works_once() {
    let world = World::new();
    let (cookie, code) = browser(&world);
    assert_eq!(try_code(&world, &cookie, &code).status, 201);
    for _ in 0..20 {
        refused(&try_code(&world, &cookie, &code));
    }
}

#[test]
fn a_code_may_be_typed_in_lower_case_and_without_the_dash() {
    let world = World::new();
    let (cookie, code) = browser(&world);
    let typed = code.to_lowercase().replace('-', " ");
    assert_eq!(try_code(&world, &cookie, &typed).status, 201);
}

#[test]
fn a_code_ends_after_exactly_ten_minutes() {
    let world = World::new();
    let (cookie, code) = browser(&world);
    world.clock.advance_ms(10 * MINUTE_MS);
    refused(&try_code(&world, &cookie, &code));

    let world = World::new();
    let (cookie, code) = browser(&world);
    world.clock.advance_ms(10 * MINUTE_MS - 1);
    assert_eq!(try_code(&world, &cookie, &code).status, 201);
}

#[test]
fn five_wrong_tries_end_a_code() {
    let world = World::new();
    let (cookie, code) = browser(&world);
    (0..4).for_each(|_| refused(&try_code(&world, &cookie, "00000000")));
    assert_eq!(try_code(&world, &cookie, &code).status, 201);

    let (cookie, code) = browser(&world);
    (0..5).for_each(|_| refused(&try_code(&world, &cookie, "00000000")));
    refused(&try_code(&world, &cookie, &code));
}

#[test]
fn a_code_belongs_to_the_browser_that_asked_for_it() {
    let world = World::new();
    let (mine, my_code) = browser(&world);
    let (theirs, _) = browser(&world);
    (0..20).for_each(|_| refused(&try_code(&world, &theirs, &my_code)));
    refused(&try_code(&world, "", &my_code));
    refused(&try_code(&world, "__Host-lockstep_sign_in=0.0", &my_code));
    assert_eq!(try_code(&world, &mine, &my_code).status, 201);
}

#[test]
fn a_sign_in_cookie_is_good_for_its_address_only() {
    let world = World::new();
    let (cookie, code) = browser(&world);
    let body = json!({ "email": "bob@example.com", "code": code });
    refused(&world.send(&post("/v1/sign-in/sessions", &body).with_header("cookie", &cookie)));
    assert!(
        world
            .objects
            .database(Class::Address, &object_name(&world, "bob@example.com"))
            .is_none()
    );
}

#[test]
fn asking_again_leaves_the_earlier_code_good() {
    let world = World::new();
    let (cookie, first) = browser(&world);
    let again = ask(&world, &cookie);
    assert_eq!(cookies(&again), cookie);
    assert_eq!(try_code(&world, &cookie, &first).status, 201);
    let second = code_of(&world.mail(ANN).remove(0).message.text);
    refused(&try_code(&world, &cookie, &second));
}

#[test]
fn an_address_gets_five_unused_codes_an_hour_from_one_client() {
    let world = World::new();
    (0..5).for_each(|_| assert_eq!(ask(&world, "").status, 202));
    let sixth = ask(&world, "");
    assert_eq!(
        (sixth.status, sixth.header("retry-after")),
        (429, Some("3601"))
    );
    assert_eq!(world.mail(ANN).len(), 5);

    let request = post("/v1/sign-in/codes", &json!({ "email": ANN }));
    let elsewhere = request.with_header("cf-connecting-ip", "192.0.2.7");
    assert_eq!(
        world.send(&elsewhere).status,
        202,
        "nobody locks an address for others"
    );

    world.clock.advance_ms(60 * MINUTE_MS);
    assert_eq!(ask(&world, "").status, 202);
}

#[test]
fn an_address_gets_twenty_unused_codes_an_hour_from_everywhere() {
    let world = World::new();
    let from = |client: u32| {
        let request = post("/v1/sign-in/codes", &json!({ "email": ANN }));
        world
            .send(&request.with_header("cf-connecting-ip", &format!("192.0.2.{client}")))
            .status
    };
    assert!((0..20).all(|client| from(client) == 202));
    assert_eq!(from(20), 429);
}

/// Threat I12: a network has more IPv6 addresses than anybody can count.
#[test]
fn i12_one_network_is_one_client_whatever_address_it_sends_from() {
    let world = World::new();
    let from = |email: &str, client: &str| {
        let request = post("/v1/sign-in/codes", &json!({ "email": email }));
        world
            .send(&request.with_header("cf-connecting-ip", client))
            .status
    };
    let host = |n: u32| format!("2001:db8:1:2::{n:x}");
    assert!((0..5).all(|n| from(ANN, &host(n)) == 202));
    assert_eq!(from(ANN, &host(5)), 429);
    assert_eq!(from(ANN, "2001:db8:1:3::1"), 202, "somebody elsewhere");
    let fresh = |n: u32| from(&format!("p{n}@example.com"), &host(100 + n));
    assert!((0..24).all(|n| fresh(n) == 202));
    assert_eq!(
        fresh(24),
        429,
        "thirty a minute, before any object is called"
    );
}

#[test]
fn used_codes_do_not_count_against_the_limit() {
    let world = World::new();
    for _ in 0..12 {
        world.sign_in(ANN);
    }
}

#[test]
fn a_client_is_limited_before_any_object_is_called() {
    let world = World::new();
    for n in 0..30 {
        let body = json!({ "email": format!("p{n}@example.com") });
        assert_eq!(world.send(&post("/v1/sign-in/codes", &body)).status, 202);
    }
    let body = json!({ "email": "fresh@example.com" });
    assert_eq!(world.send(&post("/v1/sign-in/codes", &body)).status, 429);
    let fresh = object_name(&world, "fresh@example.com");
    assert!(world.objects.database(Class::Address, &fresh).is_none());
}

#[test]
fn spellings_of_an_address_are_one_person() {
    let world = World::new();
    world.sign_in("ann@example.com");
    let user = |email: &str| {
        let cookie = world.sign_in(email);
        let me = world
            .send(&Request::new(crate::http::Method::Get, "/v1/me").with_header("cookie", &cookie));
        json(&me)["user"].clone()
    };
    assert_eq!(user("ann@example.com"), user(ANN));
    assert_ne!(user("ann@example.com"), user("ann+x@example.com"));
    let body = json!({ "email": " Ann@EXAMPLE.com " });
    assert_eq!(world.send(&post("/v1/sign-in/codes", &body)).status, 202);
    assert_eq!(world.mail(ANN).len(), 5);
}

#[test]
fn known_and_unknown_addresses_are_answered_alike() {
    let world = World::new();
    world.sign_in(ANN);
    let known = ask(&world, "");
    let unknown = world.send(&post(
        "/v1/sign-in/codes",
        &json!({ "email": "new@example.com" }),
    ));
    let shape = |response: &Response| {
        let names: Vec<String> = response
            .headers
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        (
            response.status,
            text(response),
            names,
            cookies(response).len(),
        )
    };
    assert_eq!(shape(&known), shape(&unknown));
}

#[test]
fn an_address_whose_user_does_not_answer_gives_no_session() {
    let world = World::new();
    let (cookie, code) = browser(&world);
    world.objects.is_down.set(Some(Class::User));
    assert_eq!(try_code(&world, &cookie, &code).status, 503);
    world.objects.is_down.set(None);
    refused(&try_code(&world, &cookie, &code));
    world.sign_in(ANN);
}

#[test]
fn nobody_becomes_owner_without_a_proof_and_the_first_stays() {
    let world = World::new();
    let name = object_name(&world, ANN);
    let take = |code: &str| Command::TakeCode {
        browser: "b".to_owned(),
        code: code.to_owned(),
        fresh_user: "usr_other".to_owned(),
    };
    let unborn = world
        .ask::<AddressObject, Taken>(&name, &take("00000000"))
        .unwrap_err();
    assert_eq!(unborn.code(), Code::NotFound);
    world.sign_in(ANN);
    let taken: Taken = world
        .ask::<AddressObject, _>(&name, &take("00000000"))
        .unwrap();
    assert_eq!(taken, Taken::Refused);
}

#[test]
fn an_unused_address_forgets_itself() {
    let world = World::new();
    browser(&world);
    let name = object_name(&world, ANN);
    world.clock.advance_ms(60 * MINUTE_MS);
    world.ring(Class::Address, &name);
    assert!(world.objects.database(Class::Address, &name).is_none());

    world.sign_in(ANN);
    world.clock.advance_ms(60 * MINUTE_MS);
    world.ring(Class::Address, &name);
    assert!(
        world.objects.database(Class::Address, &name).is_some(),
        "it knows its owner"
    );
}

#[test]
fn an_older_epoch_never_replaces_a_newer_one() {
    let world = World::new();
    let name = object_name(&world, ANN);
    let project = |epoch: i64, is_pending: bool| {
        let pending = is_pending.then(|| PendingInvitation {
            organization: "org_1".to_owned(),
            organization_name: format!("Name {epoch}"),
            role: "member".to_owned(),
            role_name: "Member".to_owned(),
            invited_by: "bob@example.com".to_owned(),
            invited_by_program: None,
            message: None,
        });
        let expires_at_ms = START_MS + MINUTE_MS;
        let change = InvitationChange {
            invitation: "inv_1".to_owned(),
            epoch,
            expires_at_ms,
            pending,
        };
        world
            .ask::<AddressObject, ()>(&name, &Command::ProjectInvitation { change })
            .unwrap();
        let list: InvitationList = world
            .ask::<AddressObject, _>(&name, &Command::ListInvitations)
            .unwrap();
        list.invitations
            .into_iter()
            .map(|listed| listed.pending.organization_name)
            .collect::<Vec<_>>()
    };
    assert_eq!(project(2, true), ["Name 2"]);
    assert_eq!(project(1, true), ["Name 2"]);
    assert_eq!(project(3, true), ["Name 3"]);
    assert!(project(5, false).is_empty());
    assert!(
        project(4, true).is_empty(),
        "a late delivery does not bring it back"
    );
    assert_eq!(project(6, true), ["Name 6"]);
    world.clock.advance_ms(MINUTE_MS);
    let list: InvitationList = world
        .ask::<AddressObject, _>(&name, &Command::ListInvitations)
        .unwrap();
    assert!(list.invitations.is_empty(), "expired");
}

#[test]
fn all_organizations_together_mail_an_address_twenty_invitations_a_day() {
    let world = World::with_vars(&[("LOCKSTEP_POLICY", "lockstep")]);
    let ada = world.sign_in("ada@example.com");
    let post = |path: &str, body: &serde_json::Value| {
        let sent = world.send(&post(path, body).with_header("cookie", &ada));
        assert_eq!(sent.status, 201, "{}", text(&sent));
        json(&sent)["id"].as_str().unwrap().to_owned()
    };
    let invitations = || {
        let mails = world.mail(ANN).into_iter();
        mails
            .filter(|mail| !mail.message.subject.contains("code"))
            .count()
    };
    let invite = json!({ "email": ANN, "role": "member" });
    let organizations: Vec<String> = (0..22)
        .map(|_| post("/v1/organizations", &json!({ "name": "Acme" })))
        .collect();
    for (at, organization) in organizations.iter().enumerate() {
        post(
            &format!("/v1/organizations/{organization}/invitations"),
            &invite,
        );
        world.settle();
        assert_eq!(invitations(), (at + 1).min(20));
    }
    // The invitation is there all the same, and the log says that nobody was told by mail.
    let ann = world.sign_in(ANN);
    let get = |path: &str, cookie: &str| {
        let request = Request::new(crate::http::Method::Get, path);
        json(&world.send(&request.with_header("cookie", cookie)))
    };
    let waiting = get("/v1/me/invitations", &ann);
    assert_eq!(waiting["invitations"].as_array().unwrap().len(), 22);
    let last = organizations.last().unwrap();
    let log = get(&format!("/v1/organizations/{last}/audit"), &ada);
    assert!(log["rows"].to_string().contains("no more mails today"));
    // Another try of a mail is the same mail.
    let name = object_name(&world, ANN);
    let count = |message: &str| {
        let message = message.to_owned();
        world.ask::<AddressObject, bool>(&name, &Command::CountMail { message })
    };
    assert_eq!(count("another"), Ok(false));
    world.clock.advance_ms(86_400_000);
    for _ in 0..30 {
        assert_eq!(count("another"), Ok(true));
    }
    for message in 1..20 {
        assert_eq!(count(&message.to_string()), Ok(true));
    }
    assert_eq!(count("20"), Ok(false));
    assert_eq!(count("another"), Ok(true));
}
