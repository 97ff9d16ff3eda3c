//! What is decided under rules: by an isolate, by the object and by the page.

use std::sync::Arc;

use lockstep_core::{Access, Facts};
use lockstep_wire::{DecisionView, Snapshot};
use serde_json::{Value, json};

use super::super::{
    Acme, BEN, CAT, DAN,
    consistency::{BOUND_MS, KV_FAULTS},
    id, lockstep, refused,
};
use super::{allow, deny};
use crate::{
    http::{Method, Response},
    testing::{json, text},
};

/// What is ordinary, and what is sensitive, so that the object decides it.
const BOTH: [&str; 2] = ["data.read", "data.delete"];

impl Acme {
    /// The answer about a permission in a workspace, under `facts`.
    fn ask_in(&self, session: &str, permission: &str, workspace: &str, facts: &Value) -> Response {
        let resource = json!({ "workspace": workspace.replace("/workspaces/", "") });
        let body = json!({ "permission": permission, "resource": resource, "facts": facts });
        self.post(session, "/evaluate", &body)
    }
}

/// The code of a decision's reason.
#[track_caller]
fn code(answer: &Response) -> String {
    assert_eq!(answer.status, 200, "{}", text(answer));
    let reason = &json(answer)["reasons"][0]["code"];
    reason.as_str().unwrap().to_owned()
}

#[test]
fn m7_what_a_rule_takes_is_gone_and_what_it_gives_is_there() {
    for faults in KV_FAULTS {
        let acme = lockstep(faults);
        let (ben, cat) = (acme.joined(BEN, "member"), acme.joined(CAT, "member"));
        let north = acme.workspace("North");
        acme.grant(&north, BEN, "editor");
        acme.grant(&north, CAT, "viewer");
        let may = |permission: &str| {
            acme.world.clock.advance_ms(BOUND_MS);
            [&ben, &cat].map(|session| acme.may_in(session, permission, &north))
        };
        assert_eq!(BOTH.map(may), [[true, true], [true, false]], "{faults}");
        let taken = acme.rule(&deny(&["editor"], &BOTH));
        assert_eq!(BOTH.map(may), [[false, true], [false, false]], "{faults}");
        // A deny beats what another rule gives.
        let given = acme.rule(&allow(&[], &["data.delete", "run.delete"]));
        assert_eq!(BOTH.map(may), [[false, true], [false, true]], "{faults}");
        assert_eq!(acme.delete(&acme.ada, &taken).status, 204);
        assert_eq!(BOTH.map(may), [[true, true], [true, true]], "{faults}");
        assert_eq!(acme.delete(&acme.ada, &given).status, 204);
        assert_eq!(BOTH.map(may), [[true, true], [true, false]], "{faults}");
    }
}

#[test]
fn m7_sensitive_actions_are_denied_from_the_answer_on_and_routes_go_by_rules_too() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    acme.joined(CAT, "member");
    let north = acme.workspace("North");
    acme.grant(&north, CAT, "viewer");
    let invite = |email: &str| acme.invite(&ben, email, "member");
    assert_eq!(invite("x@example.com").status, 201);
    let mut body = deny(&["admin"], &["invitation.create", "data.delete"]);
    body["because"] = json!("Only Owners invite.");
    let path = acme.rule(&body);
    assert!(!acme.may_in(&ben, "data.delete", &north));
    let answer = invite("y@example.com");
    refused(&answer, 403, "denied-by-rule");
    assert!(
        text(&answer).contains("Only Owners invite."),
        "{}",
        text(&answer)
    );
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    assert_eq!(invite("y@example.com").status, 201);
    assert!(acme.may_in(&ben, "data.delete", &north));
}

#[test]
fn a_deny_by_a_fact_that_nobody_stated_denies() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    acme.grant(&north, BEN, "editor");
    let mut body = deny(&[], &BOTH);
    body["when"] = json!([{ "fact": "resource.tags.env", "equals": "prod", "if_exists": false }]);
    acme.rule(&body);
    acme.world.clock.advance_ms(BOUND_MS);
    for permission in BOTH {
        for session in [&acme.ada, &ben] {
            let silent = acme.ask_in(session, permission, &north, &json!({}));
            assert_eq!(code(&silent), "fact-missing", "{permission}");
        }
        let state = |facts: Value| code(&acme.ask_in(&acme.ada, permission, &north, &facts));
        assert_eq!(
            state(json!({ "resource.tags": { "env": "prod" } })),
            "denied-by-rule"
        );
        assert_eq!(
            state(json!({ "resource.tags": { "env": "test" } })),
            "granted"
        );
        assert_eq!(state(json!({ "resource.tags": {} })), "granted");
        // Another fact, or a value of another type, says nothing.
        assert_eq!(state(json!({ "resource.env": "test" })), "fact-missing");
        assert_eq!(
            state(json!({ "resource.tags": { "env": 1 } })),
            "fact-missing"
        );
        // Who may not ask for decisions states nothing at all.
        let stated = json!({ "resource.tags": { "env": "test" } });
        refused(
            &acme.ask_in(&ben, permission, &north, &stated),
            403,
            "no-grant",
        );
    }
}

/// What the directory does not know is believed from who may ask for decisions, be it of the resource or not.
#[test]
fn who_may_ask_for_decisions_states_the_action_the_context_and_properties_of_the_principal() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    acme.grant(&north, BEN, "editor");
    let ruled = |effect: Value, fact: &str, value: Value| {
        let mut body = effect;
        body["when"] = json!([{ "fact": fact, "equals": value }]);
        acme.rule(&body)
    };
    let state = |permission: &str, facts: Value| {
        acme.world.clock.advance_ms(BOUND_MS);
        code(&acme.ask_in(&acme.ada, permission, &north, &facts))
    };
    for (fact, group, member) in [
        ("context.night", "context", "night"),
        ("action.bulk", "action", "bulk"),
        (
            "principal.properties.leaving",
            "principal.properties",
            "leaving",
        ),
    ] {
        let rule = ruled(deny(&[], &BOTH), fact, json!(true));
        for permission in BOTH {
            assert_eq!(state(permission, json!({})), "fact-missing");
            assert_eq!(state(permission, json!({ fact: true })), "denied-by-rule");
            assert_eq!(state(permission, json!({ fact: false })), "granted");
            let of_group = json!({ group: { member: false } });
            assert_eq!(state(permission, of_group), "granted");
            let stated = json!({ fact: false });
            let by_ben = acme.ask_in(&ben, permission, &north, &stated);
            refused(&by_ben, 403, "no-grant");
        }
        assert_eq!(acme.delete(&acme.ada, &rule).status, 204);
    }
    let account = acme.account(&[json!({ "role": "gateway" })]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "gateway" }));
    ruled(
        allow(&[], &["run.delete"]),
        "principal.properties.team",
        json!("ops"),
    );
    let by_gateway = |facts: Value| {
        let resource = json!({ "workspace": north.replace("/workspaces/", "") });
        let body = json!({ "permission": "run.delete", "resource": resource, "facts": facts });
        code(&acme.by(&key, Method::Post, "/evaluate", &body))
    };
    let team = |name: &str| json!({ "principal.properties": { "team": name } });
    assert_eq!(by_gateway(team("ops")), "everyone");
    assert_eq!(by_gateway(team("sales")), "guard-failed");
}

#[test]
fn what_the_directory_knows_is_refused_as_a_stated_fact_and_not_passed_over() {
    let acme = lockstep("");
    for facts in [
        json!({ "target.creator": false }),
        json!({ "principal.id": "usr_x" }),
        json!({ "principal": { "creator": true } }),
        json!({ "principal": {} }),
        json!({ "organization.members": 1 }),
        json!({ "grant": { "held": true } }),
        json!({ "resourceful": true }),
        json!({ "context": true }),
        json!({ "resource.env": "test", "target.self": true }),
    ] {
        for permission in BOTH {
            let body = json!({ "permission": permission, "facts": facts });
            let answer = acme.post(&acme.ada, "/evaluate", &body);
            refused(&answer, 400, "invalid-value");
        }
    }
}

#[test]
fn facts_of_the_directory_are_the_directorys_whoever_decides() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    acme.grant(&north, BEN, "editor");
    let mut small = deny(&["editor"], &BOTH);
    small["when"] = json!([{ "fact": "organization.members", "at_most": 2 }]);
    acme.rule(&small);
    let mut own = allow(&["member"], &["webhook.manage", "audit.read"]);
    own["when"] = json!([{ "fact": "principal.id", "equals": acme.user(BEN) }]);
    acme.rule(&own);
    acme.world.clock.advance_ms(BOUND_MS);
    for permission in BOTH {
        let answer = acme.ask_in(&ben, permission, &north, &json!({}));
        assert_eq!(code(&answer), "denied-by-rule", "{permission}");
    }
    assert!(
        ["webhook.manage", "audit.read"]
            .iter()
            .all(|id| acme.may(&ben, id))
    );
    let cat = acme.joined(CAT, "member");
    acme.world.clock.advance_ms(BOUND_MS);
    for permission in BOTH {
        let answer = acme.ask_in(&ben, permission, &north, &json!({}));
        assert_eq!(code(&answer), "granted", "{permission}");
    }
    assert!(
        ["webhook.manage", "audit.read"]
            .iter()
            .all(|id| !acme.may(&cat, id))
    );
}

/// The page decides by its snapshot and the same core; a rule for a role that it holds itself, one for a role that
/// others hold, and one under facts.
#[test]
fn law_9_the_page_decides_as_the_edge_does() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let [north, south, east] = ["North", "South", "East"].map(|name| acme.workspace(name));
    acme.grant(&north, BEN, "editor");
    acme.grant(&south, BEN, "viewer");
    let own = json!({ "name": "Own", "base": "annotator" });
    let own = id(&acme.post(&acme.ada, "/roles", &own));
    // Nobody holds it and no rule names it, and it is what would help least.
    let unheld = json!({ "name": "Exporter", "base": "viewer", "with": ["data.export"] });
    assert_eq!(acme.post(&acme.ada, "/roles", &unheld).status, 201);
    acme.rule(&deny(&["editor"], &["data.update", "data.delete"]));
    acme.rule(&deny(&[own.as_str()], &["run.read"]));
    acme.rule(&allow(&["viewer"], &["data.annotate"]));
    acme.rule(&allow(&[], &["billing.read"]));
    let mut night = deny(&["viewer"], &["resource.read"]);
    night["when"] = json!([{ "fact": "context.night", "equals": true }]);
    acme.rule(&night);
    acme.world.clock.advance_ms(BOUND_MS);

    let policy = &acme.world.edge.config.policy;
    let page = acme.get(&ben, "/snapshot");
    let snapshot = Snapshot::read(text(&page).as_bytes(), policy).unwrap();
    assert_eq!(snapshot.rules.len(), 5);
    let now_ms = snapshot.server_time_ms;
    let base: &Arc<lockstep_core::Policy> = &policy.policy;
    let access = Access::resolve(base, snapshot.record(), now_ms).unwrap();
    let mut denied = 0;
    for permission in policy.document.permissions.iter().map(|known| &known.id) {
        // The last one is none of theirs.
        for workspace in [&north, &south, &east] {
            let node = workspace.replace("/workspaces/", "");
            let view = DecisionView::decide(&access, permission, &node, &Facts::default());
            let of_page = serde_json::to_value(view.unwrap()).unwrap();
            let of_edge = json(&acme.ask_in(&ben, permission, workspace, &json!({})));
            let known_to_page = ["fact-missing", "guard-failed"];
            let code = of_page["reasons"][0]["code"].as_str().unwrap();
            assert_eq!(
                of_page["decision"], of_edge["decision"],
                "{permission} {workspace}"
            );
            // The page has no facts of the directory, so it may lack one that settles nothing.
            if !known_to_page.contains(&code) {
                assert_eq!(of_page["reasons"][0], of_edge["reasons"][0], "{permission}");
            }
            denied += usize::from(code == "denied-by-rule");
        }
    }
    assert_eq!(denied, 2, "what the rule takes from editors, in North");
}

/// What is in KV lists only the nodes of which somebody need know.
#[test]
fn what_everybody_is_given_reaches_where_somebody_held_nothing() {
    let acme = lockstep("");
    let [north, south] =
        ["North", "South"].map(|name| acme.workspace(name).replace("/workspaces/", ""));
    let account = acme.account(&[json!({ "role": "viewer", "node": north })]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let may = |workspace: &str| {
        acme.world.clock.advance_ms(BOUND_MS);
        acme.world.settle();
        let resource = json!({ "workspace": workspace });
        let body = json!({ "permission": "data.read", "resource": resource });
        let answer = acme.by(&key, Method::Post, "/evaluate", &body);
        json(&answer)["decision"].as_bool().unwrap()
    };
    assert_eq!([&north, &south].map(|at| may(at)), [true, false]);
    let given = acme.rule(&allow(&[], &["data.read"]));
    assert_eq!([&north, &south].map(|at| may(at)), [true, true]);
    assert_eq!(acme.delete(&acme.ada, &given).status, 204);
    assert_eq!([&north, &south].map(|at| may(at)), [true, false]);
}

#[test]
fn tenants_never_mix_a_rule_is_its_organizations_own() {
    let acme = lockstep("");
    let path = acme.rule(&deny(&[], &BOTH));
    let dan = acme.world.sign_in(DAN);
    let created = crate::testing::post("/v1/organizations", &json!({ "name": "Other" }));
    let other = Acme {
        id: id(&acme.world.send(&created.with_header("cookie", &dan))),
        world: acme.world,
        ada: dan,
    };
    let north = other.workspace("North");
    assert!(
        BOTH.iter()
            .all(|permission| other.may_in(&other.ada, permission, &north))
    );
    for answer in [
        other.get(&other.ada, &path),
        other.patch(&other.ada, &path, &json!({ "because": "x" })),
        other.delete(&other.ada, &path),
    ] {
        refused(&answer, 404, "not-found");
    }
}

/// Whoever changes a member is asked about with what the directory knows, as a page is told.
#[test]
fn facts_of_the_directory_are_known_where_members_are_changed() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let mut large = deny(&[], &["member.update-role", "member.remove"]);
    large["when"] = json!([{ "fact": "organization.members", "at_least": 1_000 }]);
    acme.rule(&large);
    let (path, suspension) = (acme.member(BEN), format!("{}/suspension", acme.member(BEN)));
    let done = [
        acme.patch(&acme.ada, &path, &json!({ "role": "admin" })),
        acme.put(&acme.ada, &suspension, &json!({})),
        acme.delete(&acme.ada, &suspension),
        acme.delete(&acme.ada, &path),
    ];
    for answer in &done {
        assert!(answer.status < 300, "{}", text(answer));
    }
}
