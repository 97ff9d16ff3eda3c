//! What others lose by a key behind which nobody stands.

use super::*;
use crate::organization::tests::id;

/// What a key takes from others is no less than what it gives.
#[test]
fn p2_a_key_that_stops_takes_nothing_from_others() {
    let acme = lockstep();
    let ben = acme.joined(BEN, "owner");
    let account = acme.account(&[json!({ "role": "owner" })]);
    let (key, secret) = acme.key(&ben, &account, &named("ben's"));
    let other = acme.account(&[admin()]);
    let (adas, _) = acme.key(&acme.ada, &other, &named("ada's"));
    let issuer = id(&acme.post(&acme.ada, "/issuers", &Idp::new(1).body(None)));
    let issuer = format!("/issuers/{issuer}");
    let hook = json!({ "name": "All", "url": "https://hooks.example/x" });
    let hook = id(&acme.post(&acme.ada, "/webhooks", &hook));
    let off = json!({ "active": false });
    let place = |path: &str, body: Value| {
        let id = id(&acme.post(&acme.ada, path, &body));
        format!("{path}/{id}")
    };
    let workspace = place("/workspaces", json!({ "name": "North" }));
    let workspace = workspace.replace("/workspaces/", "");
    acme.keep_database("", "spare", "hunter2");
    acme.remove(BEN);
    let take = [
        (Method::Patch, adas.clone(), off.clone()),
        (Method::Delete, adas, json!({})),
        (Method::Patch, other.clone(), named("renamed")),
        (Method::Delete, other, json!({})),
        (Method::Patch, issuer.clone(), off),
        (Method::Delete, issuer, json!({})),
        (
            Method::Delete,
            format!("/invitations/{}", acme.invited(CAT, "member")),
            json!({}),
        ),
        (
            Method::Delete,
            format!("/links/{}", acme.link("member", 9).0),
            json!({}),
        ),
        (
            Method::Delete,
            format!("/domains/{}", acme.proven("people.example", "member")),
            json!({}),
        ),
        (Method::Delete, format!("/webhooks/{hook}"), json!({})),
        (Method::Delete, "/settings/spare".to_owned(), json!({})),
        (
            Method::Delete,
            place(
                "/projects",
                json!({ "name": "Bridge", "workspace": workspace }),
            ),
            json!({}),
        ),
        (
            Method::Delete,
            format!("/workspaces/{workspace}"),
            json!({}),
        ),
        (
            Method::Patch,
            String::new(),
            json!({ "token_lifetime_max_s": null }),
        ),
        (
            Method::Patch,
            String::new(),
            json!({ "workspace_admins_invite": false }),
        ),
        (Method::Delete, String::new(), json!({})),
    ];
    let send = |secret: &str, (method, path, body): &(Method, String, Value)| {
        let query = if path.is_empty() && *method == Method::Delete {
            "name=Acme"
        } else {
            ""
        };
        let request = write(*method, &acme.path(path), body).with_query(query);
        acme.world.send(&request.with_header("x-api-key", secret))
    };
    for each in &take {
        refused(&send(&secret, each), 403, "out-of-token-scope");
    }
    let secret = shown(&acme.post(&acme.ada, &format!("{key}/rotate"), &json!({})));
    for each in &take {
        let answer = send(&secret, each);
        assert!(answer.status < 300, "{}: {}", each.1, text(&answer));
    }
}
