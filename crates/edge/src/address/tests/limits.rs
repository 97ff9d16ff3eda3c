//! How many codes an address is sent, and to whom (threat I12).

use super::*;

const PROVEN_COOKIE: &str = "__Host-lockstep_proven";
const SIGN_IN_COOKIE: &str = "__Host-lockstep_sign_in";

/// Threat I12: strangers use up what an address gets, and its person has signed in here before.
#[test]
fn i12_a_browser_that_has_proven_an_address_gets_codes_whatever_others_ask_for() {
    let world = World::new();
    let [ann, bob] = [ANN, "bob@example.com"].map(|email| world.sign_in(email));
    let from = |client: u32, cookie: &str| {
        let request = post("/v1/sign-in/codes", &json!({ "email": ANN }));
        let request = request.with_header("cf-connecting-ip", &format!("192.0.2.{client}"));
        world.send(&request.with_header("cookie", cookie))
    };
    assert!((0..20).all(|at| from(at % 5, "").status == 202));
    assert_eq!(from(0, "").status, 429, "by one client");
    assert_eq!(from(9, "").status, 429, "by all");
    assert_eq!(from(9, &bob).status, 429, "that is another address");
    let planted = ann.replace("lockstep_proven=", "lockstep_proven=00");
    assert_ne!(planted, ann);
    assert_eq!(from(9, &planted).status, 429);
    // Also from the very network of who keeps others out.
    let asked = from(0, &ann);
    assert_eq!(asked.status, 202, "{}", text(&asked));
    let code = code_of(&world.mail(ANN).remove(0).message.text);
    let cookie = format!("{}; {ann}", cookies(&asked));
    let opened = try_code(&world, &cookie, &code);
    assert_eq!(opened.status, 201);
    let kept = |cookies: &str| {
        let mut all = cookies.split("; ").map(str::to_owned);
        all.find(|pair| pair.contains("lockstep_proven=")).unwrap()
    };
    assert_eq!(kept(&cookies(&opened)), kept(&ann));
    assert!((0..5).all(|_| from(0, &ann).status == 202));
    assert_eq!(from(0, &ann).status, 429, "it has no more than any client");
}

#[test]
fn who_asks_too_often_waits_for_their_own_oldest_code() {
    let world = World::new();
    let from = |client: u32| {
        let request = post("/v1/sign-in/codes", &json!({ "email": ANN }));
        world.send(&request.with_header("cf-connecting-ip", &format!("192.0.2.{client}")))
    };
    assert_eq!(from(1).status, 202);
    world.clock.advance_ms(30 * MINUTE_MS);
    assert!((0..5).all(|_| from(2).status == 202));
    let sixth = from(2);
    assert_eq!(
        (sixth.status, sixth.header("retry-after")),
        (429, Some("3601"))
    );
    assert!((0..14).all(|at| from(3 + at).status == 202));
    assert_eq!(from(20).header("retry-after"), Some("1801"), "of all");
    assert_eq!(from(2).header("retry-after"), Some("3601"), "of both");
}

/// Anybody gets a cookie of who asked for a code, so it says nothing of who has proven the address; nor the other way round.
#[test]
fn i12_a_cookie_of_who_asked_is_none_of_who_has_proven() {
    let world = World::new();
    let ann = world.sign_in(ANN);
    let from = |client: u32, cookie: &str| {
        let request = post("/v1/sign-in/codes", &json!({ "email": ANN }));
        let request = request.with_header("cf-connecting-ip", &format!("192.0.2.{client}"));
        world.send(&request.with_header("cookie", cookie))
    };
    let value = |cookies: &str, name: &str| {
        let mut pairs = cookies.split("; ").filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(known, _)| *known == name);
        found.unwrap().1.to_owned()
    };
    let stranger = value(&cookies(&from(0, "")), SIGN_IN_COOKIE);
    assert!((1..20).all(|at| from(at % 5, "").status == 202));
    let planted = format!("{PROVEN_COOKIE}={stranger}");
    assert_eq!(from(9, &planted).status, 429);
    // As a browser that asked, it would take the code that was sent to it.
    world.clock.advance_ms(60 * MINUTE_MS);
    let proven = value(&ann, PROVEN_COOKIE);
    let planted = format!("{SIGN_IN_COOKIE}={proven}");
    let asked = from(0, &planted);
    assert_eq!(asked.status, 202, "{}", text(&asked));
    let code = code_of(&world.mail(ANN).remove(0).message.text);
    refused(&try_code(&world, &planted, &code));
    assert_eq!(try_code(&world, &cookies(&asked), &code).status, 201);
}

/// What nobody answers for is no way to try without an end.
#[test]
fn i12_a_client_tries_thirty_codes_a_minute_whatever_becomes_of_them() {
    let world = World::new();
    let (cookie, code) = browser(&world);
    world.objects.is_down.set(Some(Class::Address));
    assert!((0..30).all(|_| try_code(&world, &cookie, &code).status == 503));
    assert_eq!(try_code(&world, &cookie, &code).status, 429);
    world.clock.advance_ms(MINUTE_MS);
    assert_eq!(try_code(&world, &cookie, &code).status, 503);
}
