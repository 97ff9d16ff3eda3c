//! Plans: who gives them, what they allow and what they never do; and the organization that everybody gets of their own.

mod first;
mod gone;
mod joining;
mod large;
mod listing;

use serde_json::{Value, json};

use super::{ADA, Acme, BEN, CAT, refused};
use crate::{
    http::{Method, Request, Response},
    organization::{Command, OrganizationObject},
    problem::Code,
    testing::{World, json, post, text, write},
};

/// The operator's key of these deployments.
pub(super) const KEY: &str = "b3BlcmF0b3JvcGVyYXRvcm9wZXJhdG9yb3BlcmF0b3I";

pub(super) fn acme(policy: &str) -> Acme {
    let vars = [("LOCKSTEP_POLICY", policy), ("LOCKSTEP_OPERATOR_KEY", KEY)];
    Acme::in_world(World::with_vars(&vars))
}

impl Acme {
    fn operator(&self, method: Method, rest: &str, body: &Value) -> Response {
        self.by_key(KEY, method, rest, body)
    }

    fn by_key(&self, key: &str, method: Method, rest: &str, body: &Value) -> Response {
        let path = format!("/v1/operator/organizations/{}/plan{rest}", self.id);
        let request = match method {
            Method::Get => Request::new(method, &path),
            method => write(method, &path, body),
        };
        self.world
            .send(&request.with_header("authorization", &format!("Bearer {key}")))
    }

    fn preview(&self, plan: &str) -> Value {
        let preview = self.operator(Method::Post, "/preview", &json!({ "plan": plan }));
        assert_eq!(preview.status, 200, "{}", text(&preview));
        json(&preview)
    }

    fn set_plan(&self, plan: &str, preview: &Value) -> Response {
        let body = json!({ "plan": plan, "preview": preview["preview"] });
        self.operator(Method::Put, "", &body)
    }

    /// Gives the organization a plan, after a look at what that changes.
    pub(super) fn give(&self, plan: &str) -> Value {
        let preview = self.preview(plan);
        let set = self.set_plan(plan, &preview);
        assert_eq!(set.status, 200, "{}", text(&set));
        preview
    }

    fn plan(&self) -> Value {
        json(&self.get(&self.ada, ""))["plan"].clone()
    }
}

#[test]
fn m10_only_the_operators_key_reaches_a_plan() {
    let acme = acme("lockstep");
    let ben = acme.joined(BEN, "owner");
    let (_, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    let account = acme.account(&[json!({ "role": "owner" })]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let before = acme.plan();
    assert_eq!(before["id"], "full");
    let routes = [
        (Method::Get, "", json!({})),
        (Method::Post, "/preview", json!({ "plan": "basic" })),
        (
            Method::Put,
            "",
            json!({ "plan": "basic", "preview": acme.preview("basic")["preview"] }),
        ),
    ];
    let other = KEY.replace('b', "c");
    let cut = KEY.trim_end_matches('I');
    for (method, rest, body) in routes {
        let path = format!("/v1/operator/organizations/{}/plan{rest}", acme.id);
        for session in [&acme.ada, &ben] {
            let request = write(method, &path, &body).with_header("cookie", session);
            refused(&acme.world.send(&request), 401, "unauthenticated");
        }
        for key in [pat.as_str(), &key, &other, cut, "x", "a.b.c"] {
            refused(
                &acme.by_key(key, method, rest, &body),
                401,
                "unauthenticated",
            );
        }
        let both = write(method, &path, &body).with_header("cookie", &acme.ada);
        let both = both.with_header("authorization", &format!("Bearer {KEY}"));
        refused(&acme.world.send(&both), 400, "several-credentials");
        let nobody = write(method, &path, &body);
        refused(&acme.world.send(&nobody), 401, "unauthenticated");
    }
    assert_eq!(acme.plan(), before);
    // And the operator is nobody anywhere else.
    for path in [acme.path(""), acme.path("/members"), "/v1/me".to_owned()] {
        let request = Request::new(Method::Get, &path).with_header("x-api-key", KEY);
        refused(&acme.world.send(&request), 401, "unauthenticated");
    }
}

#[test]
fn without_a_configured_key_nobody_is_the_operator() {
    let acme = Acme::in_world(World::with_vars(&[("LOCKSTEP_POLICY", "lockstep")]));
    for key in ["", "x", KEY] {
        let answer = acme.by_key(key, Method::Get, "", &json!({}));
        refused(&answer, 401, "unauthenticated");
    }
}

#[test]
fn a_plan_is_written_as_its_preview_said_and_not_otherwise() {
    let acme = acme("lockstep");
    let cat = acme.joined(CAT, "member");
    let north = acme.workspace("North");
    acme.grant(&north, CAT, "viewer");
    assert!(!acme.may_in(&cat, "data.delete", &north));
    let preview = acme.preview("basic");
    assert_eq!(preview["principals"], 2);
    let gains = |preview: &Value| {
        let changes = preview["changes"].as_array().unwrap().clone();
        let gains = changes
            .into_iter()
            .filter(|change| change["after"] == "allowed");
        gains
            .map(|change| change["permission"].clone())
            .collect::<Vec<_>>()
    };
    assert!(gains(&preview).contains(&json!("data.delete")), "{preview}");
    let before = acme.plan();
    // What does not matter to the plan changes nothing of its preview.
    let renamed = acme.patch(&acme.ada, &north, &json!({ "name": "Norths" }));
    assert_eq!(renamed.status, 200);
    assert_eq!(acme.preview("basic")["preview"], preview["preview"]);
    // Somebody else comes: it is no longer what was looked at.
    acme.joined(BEN, "member");
    refused(
        &acme.set_plan("basic", &preview),
        412,
        "precondition-failed",
    );
    refused(
        &acme.set_plan("personal", &acme.preview("basic")),
        412,
        "precondition-failed",
    );
    refused(
        &acme.set_plan("basic", &json!({ "preview": "" })),
        412,
        "precondition-failed",
    );
    let unknown = json!({ "plan": "gold" });
    refused(
        &acme.operator(Method::Post, "/preview", &unknown),
        400,
        "invalid-value",
    );
    let more = json!({ "plan": "basic", "preview": "", "seats": 1000 });
    refused(&acme.operator(Method::Put, "", &more), 400, "invalid-body");
    assert_eq!(acme.plan()["id"], before["id"]);
    let preview = acme.give("basic");
    assert_eq!(preview["plan"], acme.plan());
    // Everybody's answers follow, whoever remembers what.
    acme.world.clock.advance_ms(10_000);
    assert!(
        acme.may_in(&cat, "data.delete", &north),
        "a Viewer counts as Admin there"
    );
    let log = json(&acme.get(&acme.ada, "/audit"));
    assert_eq!(log["rows"][0]["action"], "plan.set");
    assert_eq!(log["rows"][0]["principal"], "operator");
    acme.give("full");
    acme.world.clock.advance_ms(10_000);
    assert!(!acme.may_in(&cat, "data.delete", &north));
}

/// The plan without RBAC replaces what roles give people, and nothing else.
#[test]
fn m10_no_plan_widens_a_service_account_or_a_token() {
    let acme = acme("lockstep");
    let cat = acme.joined(CAT, "member");
    let north = acme.workspace("North");
    acme.grant(&north, CAT, "viewer");
    let workspace = north.replace("/workspaces/", "");
    let program = acme.account(&[json!({ "role": "viewer", "node": workspace })]);
    let (_, key) = acme.key(&acme.ada, &program, &json!({ "name": "ci" }));
    let (_, pat) = acme.token(&cat, &json!({ "name": "ci", "scopes": ["data.read"] }));
    let asks = |credential: &str, permission: &str| {
        let body = json!({ "permission": permission, "resource": { "workspace": workspace } });
        let answer = acme.by(credential, Method::Post, "/evaluate", &body);
        json(&answer)["decision"].as_bool().unwrap()
    };
    let state = || {
        acme.world.clock.advance_ms(10_000);
        [
            (&key, "data.read"),
            (&key, "data.delete"),
            (&pat, "data.read"),
            (&pat, "data.delete"),
        ]
        .map(|(credential, permission)| asks(credential, permission))
    };
    assert_eq!(state(), [true, false, true, false]);
    acme.give("basic");
    assert_eq!(state(), [true, false, true, false]);
    assert!(acme.may_in(&cat, "data.delete", &north));
}

#[test]
fn i8_seats_are_never_passed_by_50_who_accept_at_once() {
    let acme = acme("lockstep");
    acme.workspace("North");
    acme.give("basic");
    let mut invited = Vec::new();
    for at in 0..50 {
        let email = format!("person{at}@example.com");
        // A client asks for so many codes a minute.
        acme.world.clock.advance_ms(10_000);
        let invitation = acme.invited(&email, "member");
        invited.push((acme.world.sign_in(&email), invitation));
    }
    // The object answers one command at a time: whoever comes when all five seats are taken is refused.
    let statuses: Vec<u16> = invited
        .iter()
        .map(|(session, invitation)| acme.accept(session, invitation).status)
        .collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 4);
    assert!(statuses.iter().skip(4).all(|status| *status == 409));
    let plan = acme.plan();
    assert_eq!(
        (&plan["seats"], &plan["seats_taken"]),
        (&json!(5), &json!(5))
    );
    // The invitation is still there for when somebody leaves.
    let (session, invitation) = &invited[10];
    refused(&acme.accept(session, invitation), 409, "limit-reached");
    let left = acme.delete(&acme.ada, &acme.member("person0@example.com"));
    assert_eq!(left.status, 204);
    assert_eq!(acme.accept(session, invitation).status, 200);
    // A suspended member keeps the seat.
    let suspension = format!("{}/suspension", acme.member("person1@example.com"));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    let (session, invitation) = &invited[11];
    refused(&acme.accept(session, invitation), 409, "limit-reached");
}

#[test]
fn a_plan_is_given_to_who_fits_into_it_and_bounds_workspaces() {
    let acme = acme("langsmith");
    acme.workspace("North");
    assert_eq!(acme.plan()["id"], "enterprise");
    acme.joined(BEN, "organization-user");
    refused(
        &acme.set_plan("personal", &acme.preview("personal")),
        409,
        "limit-reached",
    );
    assert_eq!(acme.plan()["id"], "enterprise");
    acme.give("single-workspace");
    let create = json!({ "name": "South" });
    refused(&acme.post(&acme.ada, "/workspaces", &create), 403, "plan");
    acme.give("without-rbac");
    let south = acme.workspace("South");
    refused(
        &acme.set_plan("single-workspace", &acme.preview("single-workspace")),
        409,
        "limit-reached",
    );
    assert_eq!(acme.delete(&acme.ada, &south).status, 204);
    acme.give("single-workspace");
}

#[test]
fn everybody_gets_one_organization_of_their_own_where_the_policy_says_so() {
    let world = World::with_vars(&[("LOCKSTEP_POLICY", "langsmith")]);
    let ada = world.sign_in(ADA);
    world.settle();
    let me = |session: &str| {
        json(&world.send(&Request::new(Method::Get, "/v1/me").with_header("cookie", session)))
    };
    let mine = me(&ada)["organizations"].clone();
    assert_eq!(mine.as_array().unwrap().len(), 1, "{mine}");
    assert_eq!(mine[0]["name"], "Personal");
    let path = format!("/v1/organizations/{}", mine[0]["id"].as_str().unwrap());
    let get =
        |rest: &str| {
            json(&world.send(
                &Request::new(Method::Get, format!("{path}{rest}")).with_header("cookie", &ada),
            ))
        };
    let plan = get("")["plan"].clone();
    assert_eq!(
        (&plan["id"], &plan["seats"], &plan["workspaces"]),
        (&json!("personal"), &json!(1), &json!(1))
    );
    assert_eq!(
        get("/workspaces")["workspaces"].as_array().unwrap().len(),
        1
    );
    // One workspace, and nobody else.
    let send = |rest: &str, body: &Value| {
        world.send(&post(&format!("{path}{rest}"), body).with_header("cookie", &ada))
    };
    let invite = json!({ "email": BEN, "role": "organization-user" });
    refused(&send("/invitations", &invite), 403, "plan");
    refused(
        &send("/workspaces", &json!({ "name": "More" })),
        403,
        "plan",
    );
    refused(
        &world.send(
            &write(Method::Delete, &path, &json!({}))
                .with_query("name=Personal")
                .with_header("cookie", &ada),
        ),
        403,
        "no-grant",
    );
    // Signing in again gives no second one; another person has their own.
    let again = world.sign_in(ADA);
    world.settle();
    assert_eq!(me(&again)["organizations"], mine);
    let ben = world.sign_in(BEN);
    world.settle();
    assert_ne!(me(&ben)["organizations"][0]["id"], mine[0]["id"]);
    // Shared ones come beside it.
    let shared = post("/v1/organizations", &json!({ "name": "Acme" })).with_header("cookie", &ada);
    assert_eq!(world.send(&shared).status, 201);
    world.settle();
    assert_eq!(me(&ada)["organizations"].as_array().unwrap().len(), 2);
}

#[test]
fn a_personal_organization_comes_however_often_its_birth_is_told() {
    let world = World::with_vars(&[("LOCKSTEP_POLICY", "langsmith")]);
    // The organization's answer gets lost: the user's object tells it again.
    world
        .objects
        .loses_answers
        .set(Some(crate::objects::Class::Organization));
    let ada = world.sign_in(ADA);
    world.objects.loses_answers.set(None);
    world.clock.advance_ms(300_000);
    world.settle();
    let me = json(&world.send(&Request::new(Method::Get, "/v1/me").with_header("cookie", &ada)));
    assert_eq!(me["organizations"].as_array().unwrap().len(), 1);
    // Told again it is there; somebody else's it is not.
    let id = me["organizations"][0]["id"].as_str().unwrap();
    let again = |user: &str| {
        let create = Command::Create {
            name: "Personal".to_owned(),
            user: user.to_owned(),
            address: None,
            is_personal: true,
        };
        world.ask::<OrganizationObject, Value>(id, &create)
    };
    assert!(again(me["user"]["id"].as_str().unwrap()).is_ok());
    assert_eq!(again("usr_x").unwrap_err().code(), Code::Conflict);
    // Under a policy that knows none there is none.
    let plain = World::with_vars(&[("LOCKSTEP_POLICY", "lockstep")]);
    let ada = plain.sign_in(ADA);
    plain.settle();
    let me = json(&plain.send(&Request::new(Method::Get, "/v1/me").with_header("cookie", &ada)));
    assert_eq!(me["organizations"], json!([]));
}

#[test]
fn law_5_and_7_an_organization_is_handed_over_by_who_owns_it() {
    let acme = acme("lockstep");
    let ben = acme.joined(BEN, "owner");
    let cat = acme.joined(CAT, "member");
    let to = |email: &str| json!({ "user_id": acme.user(email) });
    // An Owner who does not own it holds no less, and still gives away nothing that is not theirs.
    refused(&acme.put(&ben, "/owner", &to(CAT)), 403, "no-grant");
    refused(&acme.put(&cat, "/owner", &to(BEN)), 403, "no-grant");
    refused(&acme.put(&acme.ada, "/owner", &to(ADA)), 409, "conflict");
    refused(
        &acme.put(&acme.ada, "/owner", &json!({ "user_id": "usr_1" })),
        404,
        "not-found",
    );
    let suspension = format!("{}/suspension", acme.member(CAT));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    refused(&acme.put(&acme.ada, "/owner", &to(CAT)), 409, "conflict");
    assert_eq!(acme.delete(&acme.ada, &suspension).status, 200);
    let handed = acme.put(&acme.ada, "/owner", &to(CAT));
    assert_eq!(handed.status, 200, "{}", text(&handed));
    assert_eq!(json(&handed)["creator"], true);
    assert_eq!(json(&handed)["role"], "owner");
    acme.world.settle();
    acme.world.clock.advance_ms(500);
    assert!(acme.may(&cat, "organization.delete"));
    // Who owned it keeps their role, and owns it no more.
    assert!(acme.may(&acme.ada, "organization.delete"));
    refused(&acme.put(&acme.ada, "/owner", &to(BEN)), 403, "no-grant");
    let roles: Vec<String> = acme.members().into_iter().map(|(_, role)| role).collect();
    assert_eq!(roles, ["owner", "owner", "owner"]);
}

#[test]
fn where_the_policy_hands_no_organization_over_nobody_does() {
    let acme = Acme::new();
    acme.joined(BEN, "admin");
    let body = json!({ "user_id": acme.user(BEN) });
    refused(&acme.put(&acme.ada, "/owner", &body), 403, "no-grant");
}

#[test]
fn i8_seats_are_counted_when_somebody_joins_by_a_link() {
    let acme = acme("lockstep");
    acme.give("basic");
    let (_, secret) = acme.link("member", 9);
    let join = |at: usize| {
        let session = acme.world.sign_in(&format!("p{at}@example.com"));
        acme.join(&session, &secret)
    };
    assert!((0..4).all(|at| join(at).status == 200));
    refused(&join(4), 409, "limit-reached");
    let links = json(&acme.get(&acme.ada, "/links"));
    assert_eq!(
        links["links"][0]["uses"], 4,
        "who found no seat used up nothing"
    );
}
