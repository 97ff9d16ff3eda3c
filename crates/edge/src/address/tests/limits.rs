//! How many codes an address is sent, and to whom (threat I12).

use super::*;

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
