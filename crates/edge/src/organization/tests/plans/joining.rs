//! Who joins under a plan that makes everybody an admin: nobody by themselves.

use serde_json::json;

use super::{super::issuers::Idp, BEN, CAT, acme, refused};
use crate::{http::Method, testing::text};

#[test]
fn law_5_by_a_link_from_before_a_plan_nobody_becomes_the_admin_that_it_makes() {
    let acme = acme("langsmith");
    acme.workspace("North");
    let ben = acme.world.sign_in(BEN);
    let (_, secret) = acme.link("organization-user", 9);
    acme.give("single-workspace");
    refused(&acme.join(&ben, &secret), 409, "invitation-void");
    let again = json!({ "role": "organization-user", "uses_max": 9 });
    refused(&acme.post(&acme.ada, "/links", &again), 400, "unknown-role");
    // By hand an admin lets in another one, and under another plan the link is what it was.
    acme.joined(CAT, "organization-user");
    acme.give("enterprise");
    let joined = acme.join(&ben, &secret);
    assert_eq!(joined.status, 200, "{}", text(&joined));
}

#[test]
fn law_5_by_an_issuer_from_before_a_plan_nobody_becomes_the_admin_that_it_makes() {
    let acme = acme("langsmith-current");
    acme.workspace("North");
    let idp = Idp::new(1);
    let issuer = acme.issuer(&idp, Some("organization-user"));
    let reads = |subject: &str| {
        let token = idp.token(subject);
        let isolate = acme.world.isolate();
        acme.bear(&isolate, &token, Method::Get, "", &json!({}))
            .status
    };
    assert_eq!(reads("dan"), 200);
    acme.give("single-workspace");
    assert_eq!(reads("eve"), 404);
    assert_eq!(reads("dan"), 200, "who came before is a member");
    // Whose keys leak is given others, whatever the plan.
    let body = json!({ "record": idp.body(None)["record"] });
    let kept = acme.patch(&acme.ada, &issuer, &body);
    assert_eq!(kept.status, 200, "{}", text(&kept));
    assert_eq!(reads("eve"), 404);
    acme.give("enterprise");
    assert_eq!(reads("eve"), 200);
}
