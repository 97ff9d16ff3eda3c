//! What gateways ask about anybody (OpenID AuthZEN Authorization API 1.0; laws 6, 9 and 10).

mod bodies;
mod revoked;
mod search;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{ADA, Acme, BEN, CAT, DAN, id, issuers::Idp, lockstep_with, refused};
use crate::{
    edge::Edge,
    http::{Method, Request, Response},
    testing::{json, text},
};

/// An organization with workspaces, and the key of a program that may ask for decisions and nothing else.
struct Asked {
    acme: Acme,
    key: String,
    north: String,
    south: String,
    project: String,
}

impl Asked {
    fn new() -> Self {
        let types = json!({ "record": "project" });
        let types = serde_json::from_value(types).unwrap();
        let acme = lockstep_with(|policy| policy.resource_types = types);
        acme.joined(BEN, "member");
        acme.joined(CAT, "admin");
        let [north, south] = ["North", "South"].map(|name| acme.workspace(name));
        acme.grant(&north, BEN, "editor");
        let plain = |path: &str| path.replace("/workspaces/", "");
        let body = json!({ "name": "Bridge", "workspace": plain(&north) });
        let project = id(&acme.post(&acme.ada, "/projects", &body));
        let account = acme.account(&[json!({ "role": "gateway" })]);
        let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
        Self {
            north: plain(&north),
            south: plain(&south),
            acme,
            key,
            project,
        }
    }

    fn ask(&self, question: &str, body: &Value) -> Response {
        let rest = format!("/access/v1/{question}");
        self.acme.by(&self.key, Method::Post, &rest, body)
    }

    fn answer(&self, question: &str, body: &Value) -> Value {
        let answer = self.ask(question, body);
        assert_eq!(answer.status, 200, "{body}: {}", text(&answer));
        json(&answer)
    }

    /// The decision about `user`, and the code of its reason.
    fn decision(&self, user: &str, permission: &str, resource: &Value) -> (bool, String) {
        let answer = self.answer("evaluation", &asked(user, permission, resource));
        let reason = &answer["context"]["reasons"][0]["code"];
        let decision = answer["decision"].as_bool().unwrap();
        (decision, reason.as_str().unwrap().to_owned())
    }

    /// Every place, as AuthZEN names it and as our own interface does.
    fn places(&self) -> Vec<(Value, Value)> {
        let workspace = |id: &str| {
            let named = json!({ "type": "workspace", "id": id });
            (named, json!({ "workspace": id }))
        };
        let properties = json!({ "workspace": self.north });
        let project = json!({ "type": "project", "id": self.project, "properties": properties });
        let run = json!({ "type": "run", "id": "r-1", "properties": properties });
        vec![
            (
                json!({ "type": "organization", "id": self.acme.id }),
                json!({}),
            ),
            workspace(&self.north),
            workspace(&self.south),
            (
                project,
                json!({ "workspace": self.north, "project": self.project }),
            ),
            (run, json!({ "workspace": self.north })),
        ]
    }

    fn permissions(&self) -> Vec<String> {
        let policy = &self.acme.world.edge.config.policy.policy;
        let permissions = policy.permissions().iter();
        permissions.map(|known| known.id.clone()).collect()
    }
}

fn asked(user: &str, permission: &str, resource: &Value) -> Value {
    json!({
        "subject": { "type": "user", "id": user },
        "action": { "name": permission },
        "resource": resource,
    })
}

/// Law 9: whoever asks about somebody is told what they would be told themselves, word for word.
#[test]
fn law_9_the_answer_about_somebody_is_the_one_they_get_themselves() {
    let all = Asked::new();
    let acme = &all.acme;
    let deny = json!({ "effect": "deny", "roles": ["editor"], "permissions": ["data.export"] });
    acme.rule(&deny);
    let mut compared = 0;
    for email in [ADA, BEN, CAT] {
        let (user, session) = (acme.user(email), acme.world.sign_in(email));
        for (resource, own) in all.places() {
            for permission in all.permissions() {
                let body = json!({ "permission": permission, "resource": own });
                let own = json(&acme.post(&session, "/evaluate", &body));
                let theirs = all.answer("evaluation", &asked(&user, &permission, &resource));
                assert_eq!(theirs["decision"], own["decision"], "{email} {body}");
                assert_eq!(
                    theirs["context"]["reasons"], own["reasons"],
                    "{email} {body}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 300, "{compared}");
}

#[test]
fn only_who_may_ask_for_decisions_asks_about_others_or_states_anything() {
    let all = Asked::new();
    let acme = &all.acme;
    let ben = acme.world.sign_in(BEN);
    let (own, ada) = (acme.user(BEN), acme.user(ADA));
    let ask = |body: &Value| acme.post(&ben, "/access/v1/evaluation", body);
    let resource = json!({ "type": "workspace", "id": all.north });
    let about_self = asked(&own, "data.read", &resource);
    assert_eq!(json(&ask(&about_self))["decision"], true);
    // Where it is, the directory knows itself.
    let inside = json!({ "type": "run", "id": "1", "properties": { "workspace": all.north } });
    let inside = asked(&own, "data.read", &inside);
    assert_eq!(json(&ask(&inside))["decision"], true);
    let mut absent = inside.clone();
    absent["resource"]["properties"]["project"] = json!(null);
    assert_eq!(json(&ask(&absent))["decision"], true);
    // But no rule takes their word for it.
    let by_place = json!({
        "effect": "allow", "roles": ["editor"], "permissions": ["workspace.update"],
        "when": [{ "fact": "resource.workspace", "equals": all.north }],
    });
    acme.rule(&by_place);
    let share = |body: &Value| {
        let mut body = body.clone();
        body["action"]["name"] = json!("workspace.update");
        body
    };
    assert_eq!(json(&ask(&share(&inside)))["decision"], false);
    assert_eq!(all.answer("evaluation", &share(&inside))["decision"], true);
    refused(&ask(&asked(&ada, "data.read", &resource)), 403, "no-grant");
    for (entity, stated) in [
        ("resource", json!({ "tags": { "env": "test" } })),
        ("subject", json!({ "department": "x" })),
        ("action", json!({ "soft": true })),
    ] {
        let mut stating = about_self.clone();
        stating[entity]["properties"] = stated;
        refused(&ask(&stating), 403, "no-grant");
    }
    let mut stating = about_self.clone();
    stating["context"] = json!({ "time": 1 });
    refused(&ask(&stating), 403, "no-grant");
    let several =
        json!({ "evaluations": [about_self.clone(), asked(&ada, "data.read", &resource)] });
    let several = acme.post(&ben, "/access/v1/evaluations", &several);
    refused(&several, 403, "no-grant");
    for what in ["subject", "resource", "action"] {
        let search = acme.post(&ben, &format!("/access/v1/search/{what}"), &about_self);
        refused(&search, 403, "no-grant");
    }
    // Nobody without a membership is told that there is an organization.
    let stranger = acme.world.sign_in(DAN);
    let answer = acme.post(&stranger, "/access/v1/evaluation", &about_self);
    refused(&answer, 404, "not-found");
}

/// Law 8: who is gone is gone, by whatever name.
#[test]
fn law_8_nobody_who_is_not_there_may_anything() {
    let all = Asked::new();
    let acme = &all.acme;
    let (ben, cat) = (acme.user(BEN), acme.user(CAT));
    let group = json!({ "name": "Crew", "workspace": all.north });
    let group = id(&acme.post(&acme.ada, "/groups", &group));
    for rest in [format!("grants/{}", all.north), format!("members/{ben}")] {
        let body = if rest.starts_with("grants") {
            json!({ "role": "viewer" })
        } else {
            json!({})
        };
        let put = acme.put(&acme.ada, &format!("/groups/{group}/{rest}"), &body);
        assert_eq!(put.status, 200, "{}", text(&put));
    }
    let resource = json!({ "type": "workspace", "id": all.north });
    assert!(all.decision(&ben, "data.read", &resource).0);
    assert!(all.decision(&cat, "data.read", &resource).0);
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    assert_eq!(acme.delete(&acme.ada, &acme.member(CAT)).status, 204);
    for user in [
        ben.clone(),
        cat.clone(),
        format!("suspended/{ben}"),
        "suspended/".to_owned(),
        String::new(),
        "usr_nobody".to_owned(),
        group,
    ] {
        let denied = (false, "no-membership".to_owned());
        assert_eq!(
            all.decision(&user, "data.read", &resource),
            denied,
            "{user}"
        );
        let body = asked(&user, "data.read", &json!({ "type": "workspace" }));
        assert_eq!(
            all.search("resource", &body, 9),
            Vec::<Value>::new(),
            "{user}"
        );
        let body = asked(&user, "", &resource);
        assert_eq!(
            all.search("action", &body, 9),
            Vec::<Value>::new(),
            "{user}"
        );
    }
    let body = asked("", "data.read", &resource);
    let found = search::ids(&all.search("subject", &body, 9), "id");
    assert_eq!(found, BTreeSet::from([acme.user(ADA)]));
}

/// Law 6: of itself a credential is told what it may, not what its principal may.
#[test]
fn law_6_about_themselves_everybody_is_told_what_their_credential_leaves() {
    let all = Asked::new();
    let acme = &all.acme;
    let ada = acme.user(ADA);
    let resource = json!({ "type": "workspace", "id": all.north });
    let ask = |credential: &str, body: &Value| {
        acme.by(credential, Method::Post, "/access/v1/evaluation", body)
    };
    let (_, narrow) = acme.token(&acme.ada, &json!({ "name": "ci", "scopes": ["data.read"] }));
    let decision = |permission| json(&ask(&narrow, &asked(&ada, permission, &resource)));
    assert_eq!(decision("data.read")["decision"], true);
    let denied = decision("data.update");
    assert_eq!(denied["decision"], false);
    let code = &denied["context"]["reasons"][0]["code"];
    assert_eq!(code, "out-of-token-scope");
    // And it asks about nobody else, since that is not among its scopes.
    let about_ben = asked(&acme.user(BEN), "data.read", &resource);
    refused(&ask(&narrow, &about_ben), 403, "out-of-token-scope");
}

/// A gateway that has verified a token knows its `iss` and `sub`, and no id of ours.
#[test]
fn somebody_is_asked_about_by_what_an_issuer_calls_them() {
    let all = Asked::new();
    let acme = &all.acme;
    let idp = Idp::new(1);
    let path = acme.issuer(&idp, Some("member"));
    let read = Request::new(Method::Get, acme.path(""));
    let token = format!("Bearer {}", idp.token("ann"));
    let read = acme.world.send(&read.with_header("authorization", &token));
    assert_eq!(read.status, 200, "{}", text(&read));
    acme.world.settle();
    let resource = json!({ "type": "organization", "id": acme.id });
    let code = |subject: &str, issuer: Value| {
        let mut body = asked(subject, "organization.read", &resource);
        body["subject"]["properties"] = json!({ "issuer": issuer });
        let answer = all.answer("evaluation", &body);
        let reason = &answer["context"]["reasons"][0];
        reason["code"].as_str().unwrap().to_owned()
    };
    let named = idp.record()["issuer"].clone();
    assert_ne!(code("ann", named.clone()), "no-membership");
    let mut search = asked(
        "ann",
        "organization.read",
        &json!({ "type": "organization" }),
    );
    search["subject"]["properties"] = json!({ "issuer": named });
    assert_eq!(all.search("resource", &search, 9).len(), 1);
    // Whatever it calls somebody is no id of ours, and what is none of ours calls nobody anything.
    let ada = acme.user(ADA);
    assert_ne!(
        all.decision(&ada, "organization.read", &resource).1,
        "no-membership"
    );
    for (subject, issuer) in [
        (ada.as_str(), named.clone()),
        ("ann", json!("https://other.example")),
        (&ada, json!("https://other.example")),
        (&ada, json!([named])),
        (&ada, json!(null)),
        (&ada, json!({})),
        (&ada, json!({ "url": named })),
        ("eve", named.clone()),
    ] {
        assert_eq!(
            code(subject, issuer.clone()),
            "no-membership",
            "{subject} {issuer}"
        );
    }
    assert_eq!(
        acme.patch(&acme.ada, &path, &json!({ "active": false }))
            .status,
        200
    );
    assert_eq!(code("ann", named.clone()), "no-membership");
    // By their id, too, until it is switched on again.
    let ann = acme.vouched_member("ann").replace("/members/", "");
    let by_id = || all.decision(&ann, "organization.read", &resource).1;
    let found = || {
        let body = asked("", "organization.read", &resource);
        search::ids(&all.search("subject", &body, 9), "id").contains(&ann)
    };
    assert_eq!((by_id().as_str(), found()), ("no-membership", false));
    assert_eq!(
        acme.patch(&acme.ada, &path, &json!({ "active": true }))
            .status,
        200
    );
    assert_ne!(by_id(), "no-membership");
    assert!(found());
}

#[test]
fn several_requests_are_answered_in_order_and_each_by_itself() {
    let all = Asked::new();
    let ben = all.acme.user(BEN);
    let (north, south) = (
        json!({ "type": "workspace", "id": all.north }),
        json!({ "type": "workspace", "id": all.south }),
    );
    let mut body = asked(&ben, "data.read", &north);
    body["evaluations"] = json!([
        {},
        { "resource": south },
        { "action": { "name": "data.fly" } },
        { "subject": { "type": "user" } },
        7,
        { "action": { "name": "data.update" } },
    ]);
    let answer = all.answer("evaluations", &body);
    assert_eq!(answer["decision"], Value::Null);
    let decisions = |answer: &Value| -> Vec<bool> {
        let each = answer["evaluations"].as_array().unwrap().iter();
        each.map(|one| one["decision"].as_bool().unwrap()).collect()
    };
    assert_eq!(decisions(&answer), [true, false, false, false, false, true]);
    let error = |at: usize| &answer["evaluations"][at]["context"]["error"];
    assert_eq!(error(2)["code"], "unknown-permission");
    assert_eq!(error(3)["message"], "`subject.id` is missing");
    assert_eq!(error(4)["status"], 400);
    for (semantic, expected) in [
        ("execute_all", vec![true, false, false, false, false, true]),
        ("deny_on_first_deny", vec![true, false]),
        ("permit_on_first_permit", vec![true]),
    ] {
        body["options"] = json!({ "evaluations_semantic": semantic, "another": 1 });
        assert_eq!(
            decisions(&all.answer("evaluations", &body)),
            expected,
            "{semantic}"
        );
    }
    body["options"] = json!({ "evaluations_semantic": "some" });
    refused(&all.ask("evaluations", &body), 400, "invalid-body");
    let mut many = asked(&ben, "data.read", &north);
    many["evaluations"] = json!(vec![json!({}); 101]);
    refused(&all.ask("evaluations", &many), 400, "invalid-body");
    for none in [json!([]), Value::Null] {
        many["evaluations"] = none;
        assert_eq!(all.answer("evaluations", &many)["decision"], true);
    }
    many["evaluations"] = json!({ "a": 1 });
    refused(&all.ask("evaluations", &many), 400, "invalid-body");
}
