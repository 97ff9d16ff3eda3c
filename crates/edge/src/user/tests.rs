//! Sessions and personal access tokens through the router (threats P1, P2, P3).

mod kept;
mod sessions;
mod streams;
mod tokens;

use serde_json::json;

use super::{Authenticated, Command, OrganizationChange, Presented, Profile, Said, UserObject};
use crate::{
    http::{Method, Request, Response},
    objects::Class,
    problem::Code,
    testing::{World, cookies, json, post, session_secret, text, write},
};

const ANN: &str = "ann@example.com";
const DAY_MS: i64 = 86_400_000;

fn get(world: &World, path: &str, header: (&str, &str)) -> Response {
    world.send(&Request::new(Method::Get, path).with_header(header.0, header.1))
}

fn me(world: &World, header: (&str, &str)) -> u16 {
    get(world, "/v1/me", header).status
}

fn create_token(world: &World, session: &str, body: &serde_json::Value) -> Response {
    world.send(&post("/v1/me/tokens", body).with_header("cookie", session))
}

fn token(world: &World, session: &str) -> (String, String) {
    let created = create_token(world, session, &json!({ "name": "ci" }));
    assert_eq!(created.status, 201, "{}", text(&created));
    let created = json(&created);
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

#[test]
fn a_session_says_who_is_calling() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let me = json(&get(&world, "/v1/me", ("cookie", &session)));
    assert_eq!(
        (&me["user"]["email"], &me["credential"]),
        (&json!(ANN), &json!("session"))
    );
}

#[test]
fn a_session_ends_thirty_days_after_its_beginning_however_much_it_is_used() {
    let world = World::new();
    let mut session = world.sign_in(ANN);
    for _ in 0..29 {
        world.clock.advance_ms(DAY_MS);
        let answer = get(&world, "/v1/me", ("cookie", &session));
        assert_eq!(answer.status, 200);
        session = cookies(&answer);
    }
    world.clock.advance_ms(DAY_MS - 1);
    assert_eq!(me(&world, ("cookie", &session)), 200);
    world.clock.advance_ms(1);
    assert_eq!(me(&world, ("cookie", &session)), 401);
}

#[test]
fn signing_out_ends_this_session_only() {
    let world = World::new();
    let (one, other) = (world.sign_in(ANN), world.sign_in(ANN));
    let out = write(Method::Delete, "/v1/session", &json!({})).with_header("cookie", &one);
    let answer = world.send(&out);
    assert_eq!((answer.status, cookies(&answer)), (204, String::new()));
    assert_eq!(
        (me(&world, ("cookie", &one)), me(&world, ("cookie", &other))),
        (401, 200)
    );
}

#[test]
fn the_oldest_of_too_many_sessions_ends() {
    let world = World::new();
    let first = world.sign_in(ANN);
    for _ in 0..50 {
        world.clock.advance_ms(60_000);
        world.sign_in(ANN);
    }
    assert_eq!(me(&world, ("cookie", &first)), 401);
}

#[test]
fn a_token_works_in_every_header_until_it_is_deleted() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let (id, token) = token(&world, &session);
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("authorization", &token),
        ("x-api-key", &token),
    ];
    assert!(headers.iter().all(|header| me(&world, *header) == 200));
    let path = format!("/v1/me/tokens/{id}");
    let delete = || write(Method::Delete, &path, &json!({})).with_header("cookie", &session);
    assert_eq!(world.send(&delete()).status, 204);
    assert_eq!(world.send(&delete()).status, 404);
    assert!(headers.iter().all(|header| me(&world, *header) == 401));
}

#[test]
fn a_token_ends_at_its_expiry() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let body = json!({ "name": "short", "expires_in_s": 60 });
    let created = json(&create_token(&world, &session, &body));
    let token = created["token"].as_str().unwrap();
    world.clock.advance_ms(59_999);
    assert_eq!(me(&world, ("x-api-key", token)), 200);
    world.clock.advance_ms(1);
    assert_eq!(me(&world, ("x-api-key", token)), 401);
    let list = json(&get(&world, "/v1/me/tokens", ("cookie", &session)));
    assert_eq!(list["tokens"], json!([]));
}

#[test]
fn a_token_makes_and_deletes_no_token() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let (id, token) = token(&world, &session);
    let create = post("/v1/me/tokens", &json!({ "name": "more" })).with_header("x-api-key", &token);
    assert_eq!(json(&world.send(&create))["code"], "session-required");
    let path = format!("/v1/me/tokens/{id}");
    let delete = Request::new(Method::Delete, path).with_header("x-api-key", &token);
    assert_eq!(json(&world.send(&delete))["code"], "session-required");
}

#[test]
fn p1_a_token_is_made_for_the_caller_only() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let body = json!({ "name": "ci", "user_id": "usr_other" });
    assert_eq!(create_token(&world, &session, &body).status, 400);
    assert_eq!(
        world
            .send(&post("/v1/me/tokens", &json!({ "name": "ci" })))
            .status,
        401
    );
}

#[test]
fn p3_no_edit_of_a_token_is_accepted_and_none_reaches_an_object() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let (_, token) = token(&world, &session);
    world.objects.is_down.set(Some(Class::User));
    for cut in 1..token.len() {
        assert_eq!(me(&world, ("x-api-key", token.split_at(cut).0)), 401);
    }
    for at in 0..token.len() {
        let mut edited = token.clone().into_bytes();
        edited[at] = if edited[at] == b'a' { b'b' } else { b'a' };
        assert_eq!(
            me(&world, ("x-api-key", std::str::from_utf8(&edited).unwrap())),
            401
        );
    }
    assert_eq!(me(&world, ("x-api-key", &format!("{token}0"))), 401);
    assert_eq!(
        me(&world, ("x-api-key", &token)),
        503,
        "only the true one is looked up"
    );
}

#[test]
fn a_secret_of_another_kind_is_refused() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let (_, token) = token(&world, &session);
    assert_eq!(me(&world, ("x-api-key", session_secret(&session))), 401);
    assert_eq!(
        me(
            &world,
            ("cookie", &format!("__Host-lockstep_session={token}"))
        ),
        401
    );
    let legacy = get(&world, "/v1/me", ("x-api-key", "ls__0123"));
    assert!(
        json(&legacy)["detail"]
            .as_str()
            .unwrap()
            .contains("`openlit-`")
    );
}

#[test]
fn names_and_lives_of_tokens_are_checked() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let long = "x".repeat(101);
    for body in [
        json!({}),
        json!({ "name": "" }),
        json!({ "name": "  " }),
        json!({ "name": long }),
        json!({ "name": "a\nb" }),
        json!({ "name": "a", "expires_in_s": 59 }),
        json!({ "name": "a", "expires_in_s": -1 }),
        json!({ "name": "a", "expires_in_s": 315_360_001 }),
        json!({ "name": "a", "expires_in_s": 1.5 }),
        json!({ "name": "a", "scopes": "all" }),
        json!({ "name": "a", "scopes": ["no.such.permission"] }),
        json!({ "name": "a", "subtree": { "organization": "org_1" } }),
        json!({ "name": "a", "permissions": [] }),
    ] {
        assert_eq!(create_token(&world, &session, &body).status, 400, "{body}");
    }
    for n in 0..50 {
        assert_eq!(
            create_token(&world, &session, &json!({ "name": format!("t{n}") })).status,
            201
        );
    }
    let full = create_token(&world, &session, &json!({ "name": "one more" }));
    assert_eq!(
        (full.status, &json(&full)["code"]),
        (409, &json!("limit-reached"))
    );
}

#[test]
fn an_object_without_its_birth_row_answers_404_and_writes_nothing() {
    let world = World::new();
    let commands = [
        Command::Profile,
        Command::ListTokens {
            range: crate::paging::Range {
                after: None,
                limit: 1,
            },
        },
        Command::Authenticate {
            presented: Presented::Session {
                hash: "h".to_owned(),
            },
        },
        Command::CloseSession {
            id: "ses_1".to_owned(),
        },
        Command::ProjectOrganization {
            change: OrganizationChange {
                organization: "org_1".to_owned(),
                epoch: 1,
                name: None,
                restorable: None,
            },
        },
    ];
    for command in &commands {
        let error = world
            .ask::<UserObject, serde_json::Value>("usr_unborn", command)
            .unwrap_err();
        assert_eq!(error.code(), Code::NotFound);
    }
    let sql = world.objects.database(Class::User, "usr_unborn").unwrap();
    let sql: &dyn crate::sql::Sql = &*sql;
    assert!(
        sql.exec("SELECT name FROM sqlite_master", &[])
            .unwrap()
            .is_empty()
    );
}

#[test]
fn the_list_of_organizations_follows_the_newest_epoch() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let me = json(&get(&world, "/v1/me", ("cookie", &session)));
    let user = me["user"]["id"].as_str().unwrap();
    let project = |organization: &str, epoch: i64, name: Option<&str>| {
        let change = OrganizationChange {
            organization: organization.to_owned(),
            epoch,
            name: name.map(str::to_owned),
            restorable: None,
        };
        world
            .ask::<UserObject, ()>(user, &Command::ProjectOrganization { change })
            .unwrap();
        let profile: Profile = world.ask::<UserObject, _>(user, &Command::Profile).unwrap();
        profile
            .organizations
            .into_iter()
            .map(|listed| listed.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(project("org_2", 3, Some("Beta")), ["Beta"]);
    assert_eq!(project("org_1", 1, Some("Alpha")), ["Alpha", "Beta"]);
    assert_eq!(project("org_2", 2, None), ["Alpha", "Beta"], "late");
    assert_eq!(project("org_2", 4, None), ["Alpha"]);
    assert_eq!(project("org_2", 3, Some("Beta")), ["Alpha"], "repeated");
}

#[test]
fn organizations_come_in_pages_by_name_and_the_first_of_them_with_the_account() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let read = |path: &str| json(&get(&world, path, ("cookie", &session)));
    let user = read("/v1/me")["user"]["id"].as_str().unwrap().to_owned();
    let names: Vec<String> = (0..201).map(|at| format!("Team {at:03}")).collect();
    for (at, name) in names.iter().enumerate() {
        let change = OrganizationChange {
            // Ids in another order, and two of one name.
            organization: format!("org_{}", 900 - at),
            epoch: 1,
            name: Some(if at == 200 {
                names[199].clone()
            } else {
                name.clone()
            }),
            restorable: None,
        };
        let told: Result<(), _> =
            world.ask::<UserObject, ()>(&user, &Command::ProjectOrganization { change });
        told.unwrap();
    }
    let me = read("/v1/me");
    assert_eq!(me["has_more_organizations"], true);
    let listed = me["organizations"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 200);
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let query = format!("limit=67{cursor}");
        let request = Request::new(Method::Get, "/v1/me/organizations").with_query(&query);
        let page = json(&world.send(&request.with_header("cookie", &session)));
        paged.extend(page["organizations"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged.len(), 201);
    assert_eq!(paged[..200], listed[..]);
    let mut sorted = paged.clone();
    sorted.sort_by_key(|one| (one["name"].to_string(), one["id"].to_string()));
    assert_eq!(paged, sorted);
}

#[test]
fn a_user_of_an_issuer_is_that_issuer_and_subject_for_ever() {
    let world = World::new();
    let recognize = |issuer: &str, subject: &str, address: Option<&str>| {
        let command = Command::Recognize {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            address: address.map(str::to_owned),
            said: Said::Ever,
        };
        world.ask::<UserObject, Authenticated>("usr_1", &command)
    };
    assert_eq!(
        recognize("https://a", "1", Some(ANN))
            .unwrap()
            .address
            .as_deref(),
        Some(ANN)
    );
    assert_eq!(recognize("https://a", "1", None).unwrap().address, None);
    assert_eq!(
        recognize("https://b", "1", None).unwrap_err().code(),
        Code::Internal
    );
    assert_eq!(
        recognize("https://a", "2", None).unwrap_err().code(),
        Code::Internal
    );
}

/// An older Worker says of no address when it was so.
#[test]
fn an_address_that_was_said_at_a_time_is_replaced_by_none_of_an_unknown_one() {
    let world = World::new();
    let recognize = |address: Option<&str>, said: Option<Said>| {
        let mut command =
            json!({ "recognize": { "issuer": "https://a", "subject": "1", "address": address } });
        if let Some(said) = said {
            command["recognize"]["said"] = serde_json::to_value(said).unwrap();
        }
        let command: Command = serde_json::from_value(command).unwrap();
        let known = world.ask::<UserObject, Authenticated>("usr_1", &command);
        known.unwrap().address
    };
    let other = "other@example.com";
    assert_eq!(recognize(None, Some(Said::Nothing)), None);
    assert_eq!(recognize(Some(ANN), None).as_deref(), Some(ANN));
    assert_eq!(recognize(Some(other), None).as_deref(), Some(other));
    assert_eq!(
        recognize(Some(ANN), Some(Said::At(7))).as_deref(),
        Some(ANN)
    );
    assert_eq!(recognize(Some(other), None).as_deref(), Some(ANN));
    assert_eq!(recognize(None, Some(Said::Nothing)).as_deref(), Some(ANN));
    assert_eq!(recognize(None, Some(Said::At(6))).as_deref(), Some(ANN));
    assert_eq!(
        recognize(None, Some(Said::Ever)),
        None,
        "not believed any more"
    );
    assert_eq!(recognize(Some(other), Some(Said::At(6))), None);
    assert_eq!(
        recognize(Some(ANN), Some(Said::At(7))).as_deref(),
        Some(ANN)
    );
}
