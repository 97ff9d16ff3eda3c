//! A deny rule that was stored before the policy managed rules by what it takes. It goes on binding: to whom it leaves that would be another's to say than the organization's (law 5, and deny comes first).

use lockstep_core::{Access, Facts};
use lockstep_wire::{DecisionView, Snapshot};
use serde_json::{Value, json};

use super::super::{Acme, BEN, lockstep, refused};
use super::deny;
use crate::{
    http::Method,
    testing::{json, text, write},
};

/// What the later policy sees and manages rules by.
const BY: &str = "webhook.manage";

/// The same under a policy that does.
fn rebound(acme: &Acme) -> Acme {
    acme.under_changed(|mut policy| {
        for operation in ["rule.read", "rule.manage"] {
            policy["operations"][operation] = json!(BY);
        }
        policy
    })
}

/// What the page makes of its own snapshot.
fn page_may(acme: &Acme, session: &str) -> bool {
    let policy = &acme.world.edge.config.policy;
    let page = acme.get(session, "/snapshot");
    let snapshot = Snapshot::read(text(&page).as_bytes(), policy).unwrap();
    let now_ms = snapshot.server_time_ms;
    let access = Access::resolve(&policy.policy, snapshot.record(), now_ms).unwrap();
    DecisionView::decide(&access, BY, &acme.id, &Facts::default())
        .unwrap()
        .decision
}

/// Who a search finds that may do it.
fn found(acme: &Acme) -> Vec<Value> {
    let body = json!({
        "subject": { "type": "user" }, "action": { "name": BY },
        "resource": { "type": "organization", "id": acme.id },
    });
    let answer = acme.post(&acme.ada, "/access/v1/search/subject", &body);
    assert_eq!(answer.status, 200, "{}", text(&answer));
    json(&answer)["results"].as_array().unwrap().clone()
}

#[test]
fn what_a_stored_rule_takes_it_takes_also_once_rules_are_managed_by_it() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let path = acme.rule(&deny(&["admin"], &[BY]));
    let later = rebound(&acme);
    later.world.clock.advance_ms(10_000);
    // Of Admins the organization said that they do not, so they do not come to rules by it.
    assert!(!later.may(&ben, BY) && !page_may(&later, &ben));
    refused(&later.get(&ben, "/rules"), 403, "denied-by-rule");
    refused(
        &later.post(&ben, "/rules", &deny(&[], &["data.export"])),
        403,
        "denied-by-rule",
    );
    refused(&later.delete(&ben, &path), 404, "not-found");
    // Who is not bound by it ends it.
    assert!(later.may(&later.ada, BY) && page_may(&later, &later.ada));
    assert_eq!(
        found(&later),
        [json!({ "type": "user", "id": later.user("ada@example.com") })]
    );
    assert_eq!(later.delete(&later.ada, &path).status, 204);
    later.world.clock.advance_ms(10_000);
    assert!(later.may(&ben, BY));
    assert_eq!(later.get(&ben, "/rules").status, 200);
}

#[test]
fn a_rule_that_takes_it_from_everybody_is_ended_under_a_policy_that_manages_rules_by_something_else()
 {
    let acme = lockstep("");
    let path = acme.rule(&deny(&[], &[BY]));
    let later = rebound(&acme);
    later.world.clock.advance_ms(10_000);
    assert!(!later.may(&later.ada, BY) && !page_may(&later, &later.ada));
    assert!(found(&later).is_empty());
    refused(&later.get(&later.ada, "/rules"), 403, "denied-by-rule");
    for method in [Method::Patch, Method::Delete] {
        let body = json!({ "because": "No." });
        let request = write(method, &later.path(&path), &body).with_header("cookie", &later.ada);
        refused(&later.world.send(&request), 404, "not-found");
    }
    // Nobody makes such a rule by now.
    let last = later.under_changed(|policy| policy);
    assert_eq!(last.delete(&last.ada, &path).status, 204);
    let after = rebound(&last);
    after.world.clock.advance_ms(10_000);
    assert!(after.may(&after.ada, BY));
    refused(
        &after.post(&after.ada, "/rules", &deny(&[], &[BY])),
        400,
        "invalid-value",
    );
}
