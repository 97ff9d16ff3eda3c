//! How long keys may live in an organization, made longer: those over it count again, which is handed out (law 5).

use serde_json::{Value, json};

use super::{Acme, BEN, lockstep, refused};
use crate::http::Response;

const DAY_S: i64 = 86_400;

impl Acme {
    fn lives_at_most(&self, session: &str, seconds: &Value) -> Response {
        let change = json!({ "token_lifetime_max_s": seconds });
        self.patch(session, "", &change)
    }
}

#[test]
fn p9_keys_count_again_by_who_holds_what_they_give() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let owner = acme.account(&[json!({ "role": "owner" })]);
    let body = json!({ "name": "ci", "expires_in_s": 10 * DAY_S });
    let (key, secret) = acme.key(&acme.ada, &owner, &body);
    assert_eq!(acme.lives_at_most(&acme.ada, &json!(DAY_S)).status, 200);
    assert_eq!(acme.key_status(&secret), 403);
    // An Admin could not be shown this key.
    for wider in [Value::Null, json!(10 * DAY_S), json!(20 * DAY_S)] {
        let widened = acme.lives_at_most(&ben, &wider);
        refused(&widened, 403, "exceeds-grantor");
        assert_eq!(acme.key_status(&secret), 403, "{wider}");
    }
    // What does not reach it is theirs to say, and so is what is shorter.
    for seconds in [10 * DAY_S - 1, DAY_S] {
        assert_eq!(acme.lives_at_most(&ben, &json!(seconds)).status, 200);
        assert_eq!(acme.key_status(&secret), 403);
    }
    assert_eq!(acme.lives_at_most(&acme.ada, &Value::Null).status, 200);
    assert_eq!(acme.key_status(&secret), 200);
    // What was permitted already goes on, whoever else is let in.
    assert_eq!(acme.lives_at_most(&ben, &json!(10 * DAY_S)).status, 200);
    assert_eq!(acme.lives_at_most(&ben, &Value::Null).status, 200);
    // What is switched off is switched on by itself.
    assert_eq!(acme.lives_at_most(&ben, &json!(DAY_S)).status, 200);
    assert_eq!(
        acme.patch(&ben, &key, &json!({ "active": false })).status,
        200
    );
    assert_eq!(acme.lives_at_most(&ben, &Value::Null).status, 200);
    assert_eq!(acme.key_status(&secret), 401);
}

#[test]
fn p9_what_a_key_is_narrowed_to_is_all_that_counts_again() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let owner = acme.account(&[json!({ "role": "owner" })]);
    let body = json!({ "name": "ci", "scopes": ["member.read"] });
    let (_, secret) = acme.key(&acme.ada, &owner, &body);
    // One that is over never counts again.
    let brief = json!({ "name": "brief", "expires_in_s": 2 * DAY_S });
    acme.key(&acme.ada, &owner, &brief);
    assert_eq!(acme.lives_at_most(&acme.ada, &json!(DAY_S)).status, 200);
    refused(
        &acme.lives_at_most(&ben, &Value::Null),
        403,
        "exceeds-grantor",
    );
    acme.world.clock.advance_ms(2 * DAY_S * 1_000);
    let ben = acme.world.sign_in(BEN);
    assert_eq!(acme.key_status(&secret), 403);
    assert_eq!(acme.lives_at_most(&ben, &Value::Null).status, 200);
    assert!(acme.token_may(&secret, "member.read"));
}

/// A token gives its person nothing that they do not hold without it, and they may make another one.
#[test]
fn a_token_of_a_person_counts_again_whoever_says_so() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "admin");
    let (_, token) = acme.token(&acme.ada, &json!({ "name": "for ever" }));
    assert!(acme.token_may(&token, "organization.delete"));
    assert_eq!(acme.lives_at_most(&ben, &json!(DAY_S)).status, 200);
    assert_eq!(
        acme.asks(&acme.world.isolate(), &token, "organization.delete")
            .status,
        403
    );
    assert_eq!(acme.lives_at_most(&ben, &Value::Null).status, 200);
    assert!(acme.token_may(&token, "organization.delete"));
}
