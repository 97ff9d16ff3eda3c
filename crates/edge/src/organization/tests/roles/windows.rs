//! Two roles of one account or member on one node, of which one takes the other's place: nothing is lost, and nothing is wider than it was.

use super::*;
use crate::testing::START_MS;

type Window = (Option<i64>, Option<i64>);

fn grant(role: &str, node: &str, (from_ms, until_ms): Window) -> Value {
    let mut grant = json!({ "role": role, "node": node });
    for (name, at_ms) in [("not_before_ms", from_ms), ("expires_at_ms", until_ms)] {
        if let Some(at_ms) = at_ms {
            grant[name] = json!(at_ms);
        }
    }
    grant
}

/// Everything that the accounts are granted.
fn granted(acme: &Acme) -> Vec<Value> {
    let accounts = json(&acme.get(&acme.ada, "/service-accounts"))["service_accounts"].clone();
    let accounts = accounts.as_array().unwrap().iter();
    accounts.map(|account| account["grants"].clone()).collect()
}

fn own(acme: &Acme) -> String {
    let body = json!({ "name": "Own", "base": "editor" });
    id(&acme.post(&acme.ada, "/roles", &body))
}

#[test]
fn what_is_granted_twice_by_a_role_that_takes_the_place_of_another_counts_as_long_as_either_did() {
    let acme = lockstep("");
    let node = acme.workspace("North").replace("/workspaces/", "");
    let own = own(&acme);
    let [over, first, second, last] = [1, 2, 3, 4].map(|day| Some(START_MS + day * 3_600_000));
    let cases: [(Window, Window, Window); 6] = [
        ((None, None), (None, second), (None, None)),
        ((None, first), (None, second), (None, second)),
        ((None, first), (first, second), (None, second)),
        ((first, last), (None, second), (None, last)),
        // What is over joins nothing with what is to come.
        ((None, over), (second, None), (second, None)),
        ((second, None), (None, over), (second, None)),
    ];
    for (old, new, _) in cases {
        acme.account(&[grant(&own, &node, old), grant("editor", &node, new)]);
    }
    acme.account(&[grant(&own, &node, (first, second))]);
    acme.world.clock.advance_ms(3_600_001);
    let preview = json!({ "role": own, "reassign": "editor" });
    let preview = json(&acme.post(&acme.ada, "/roles/preview", &preview));
    assert_eq!(preview["changes"], json!([]), "{preview}");
    let path = format!("/roles/{own}");
    let deleted = acme.delete_with(&acme.ada, &path, "reassign=editor");
    assert_eq!(deleted.status, 204, "{}", text(&deleted));
    let expected = cases.iter().map(|(_, _, both)| *both);
    let expected: Vec<Value> = expected
        .chain([(first, second)])
        .map(|both| json!([grant("editor", &node, both)]))
        .collect();
    assert_eq!(granted(&acme), expected);
}

/// Who is suspended has what they had under another name.
#[test]
fn a_suspended_member_s_roles_are_joined_as_those_of_others_are() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    let own = own(&acme);
    acme.grant(&north, BEN, &own);
    let user = acme.user(BEN);
    let node = north.replace("/workspaces/", "");
    acme.execute(&format!(
        "INSERT INTO granted (user, node, role, expires_at_ms) VALUES ('{user}', '{node}', 'editor', {})",
        START_MS + 1_000
    ));
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    let path = format!("/roles/{own}");
    let deleted = acme.delete_with(&acme.ada, &path, "reassign=editor");
    assert_eq!(deleted.status, 204, "{}", text(&deleted));
    assert_eq!(acme.delete(&acme.ada, &suspension).status, 200);
    acme.world.clock.advance_ms(BOUND_MS.max(2_000));
    assert!(acme.may_in(&ben, "run.read", &north));
}

#[test]
fn roles_at_times_that_do_not_touch_are_not_made_one() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let node = acme.workspace("North").replace("/workspaces/", "");
    let own = own(&acme);
    let [first, second] = [1, 2].map(|hour| Some(START_MS + hour * 3_600_000));
    for (old, new) in [
        ((None, first), (second, None)),
        ((second, None), (None, first)),
    ] {
        let account = acme.account(&[grant(&own, &node, old), grant("editor", &node, new)]);
        let before = granted(&acme);
        let path = format!("/roles/{own}");
        let tried = acme.delete_with(&ben, &path, "reassign=editor");
        refused(&tried, 403, "no-grant");
        let preview = json!({ "role": own, "reassign": "editor" });
        refused(
            &acme.post(&acme.ada, "/roles/preview", &preview),
            409,
            "conflict",
        );
        let deleted = acme.delete_with(&acme.ada, &path, "reassign=editor");
        refused(&deleted, 409, "conflict");
        assert_eq!(granted(&acme), before);
        assert_eq!(acme.delete(&acme.ada, &account).status, 204);
    }
}

/// Whoever deletes a role takes it from all who have it, as by hand (law 8).
#[test]
fn law_8_a_role_that_is_deleted_leaves_no_other_one_on_its_node_in_an_invitation() {
    let acme = lockstep("");
    let north = acme.workspace("North");
    let workspace = north.replace("/workspaces/", "");
    let offered = json!({ "workspaces": [{ "workspace": workspace, "role": "editor" }] });
    for (reassign, kept) in [(None, false), (Some("viewer"), true)] {
        let own = own(&acme);
        let email = if kept { "dan@example.com" } else { BEN };
        let waiting = acme.invited_to(email, &offered)["id"].clone();
        let (_, secret) = acme.link("member", 9);
        let person = acme.world.sign_in(email);
        assert_eq!(acme.join(&person, &secret).status, 200);
        acme.world.settle();
        acme.grant(&north, email, &own);
        let query = reassign.map_or(String::new(), |new| format!("reassign={new}"));
        let deleted = acme.delete_with(&acme.ada, &format!("/roles/{own}"), &query);
        assert_eq!(deleted.status, 204, "{}", text(&deleted));
        let accepted = acme.accept(&person, waiting.as_str().unwrap());
        assert_eq!(accepted.status, 200, "{}", text(&accepted));
        assert!(!acme.may_in(&person, "data.update", &north), "{reassign:?}");
        assert_eq!(acme.may_in(&person, "data.read", &north), kept);
    }
}
