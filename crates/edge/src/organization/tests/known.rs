//! What is named to whom: nobody learns of a place with which they have nothing to do, nor a stranger of anything (laws 4 and 9).

use serde_json::{Value, json};

use super::{Acme, BEN, CAT, consistency::BOUND_MS, id, lockstep, refused, rules::allow};
use crate::{
    http::{Request, Response},
    testing::{START_MS, json, post, text},
};

/// What is answered from KV, and what the object decides.
const BOTH: [&str; 2] = ["data.read", "data.delete"];

/// Ids of the nodes in somebody's snapshot, but for the organization.
fn places(acme: &Acme, session: &str) -> Vec<String> {
    let snapshot = json(&acme.get(session, "/snapshot"));
    let nodes = snapshot["nodes"].as_array().unwrap().iter();
    let ids = nodes.flat_map(|node| match &node["ids"] {
        Value::Array(ids) => ids.clone(),
        _ => vec![node["id"].clone()],
    });
    let ids = ids.map(|id| id.as_str().unwrap().to_owned());
    ids.filter(|id| *id != acme.id).collect()
}

/// The one reason of an answer about a workspace or about nothing that is there.
fn reason(acme: &Acme, session: &str, permission: &str, workspace: &str) -> Value {
    let resource = json!({ "workspace": workspace });
    let body = json!({ "permission": permission, "resource": resource });
    let answer = acme.post(session, "/evaluate", &body);
    assert_eq!(answer.status, 200, "{}", text(&answer));
    json(&answer)["reasons"][0].clone()
}

fn by_name(acme: &Acme, session: &str, name: &str) -> Response {
    by_name_with(acme, ("cookie", session), name)
}

fn by_name_with(acme: &Acme, (header, value): (&str, &str), name: &str) -> Response {
    let asked = post("/v1/evaluate", &json!({ "permission": "data.read" }));
    let asked = asked.with_header("x-organization-id", &acme.id);
    let asked: Request = asked.with_header("comet-workspace", name);
    acme.world.send(&asked.with_header(header, value))
}

/// A group may have a role of a workspace on the organization, and what that role gives below may change.
#[test]
fn places_are_told_of_as_soon_as_a_role_that_is_held_above_them_reaches_them() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North").replace("/workspaces/", "");
    let policy = &acme.world.edge.config.policy.policy;
    let viewer = policy.permissions().iter().map(|known| known.id.clone());
    let blind = json!({ "name": "Blind", "base": "viewer", "without": viewer.collect::<Vec<_>>() });
    let blind = acme.post(&acme.ada, "/roles", &blind);
    assert_eq!(blind.status, 201, "{}", text(&blind));
    let blind = id(&blind);
    let crew = id(&acme.post(&acme.ada, "/groups", &json!({ "name": "Crew" })));
    for (rest, body) in [
        (format!("grants/{}", acme.id), json!({ "role": blind })),
        (format!("members/{}", acme.user(BEN)), json!({})),
    ] {
        let put = acme.put(&acme.ada, &format!("/groups/{crew}/{rest}"), &body);
        assert_eq!(put.status, 200, "{}", text(&put));
    }
    assert_eq!(reason(&acme, &ben, "data.read", &north)["code"], "no-grant");
    acme.world.settle();
    let seeing = json!({ "without": [] });
    let edited = acme.patch(&acme.ada, &format!("/roles/{blind}"), &seeing);
    assert_eq!(edited.status, 200, "{}", text(&edited));
    acme.world.settle();
    acme.world.clock.advance_ms(BOUND_MS);
    assert_eq!(reason(&acme, &ben, "data.read", &north)["code"], "granted");
}

#[test]
fn a_member_learns_nothing_of_places_that_are_none_of_theirs() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let [north, south] = ["North", "South"].map(|name| acme.workspace(name));
    let of = |path: &str| path.replace("/workspaces/", "");
    let bridge = json!({ "name": "Bridge", "workspace": of(&south) });
    let bridge = id(&acme.post(&acme.ada, "/projects", &bridge));
    acme.grant(&north, BEN, "viewer");
    acme.world.clock.advance_ms(BOUND_MS);

    assert_eq!(places(&acme, &ben), [of(&north)]);
    let all = places(&acme, &acme.ada);
    assert!(
        [of(&north), of(&south), bridge]
            .iter()
            .all(|id| all.contains(id))
    );
    assert_eq!(by_name(&acme, &ben, "North").status, 200);
    refused(&by_name(&acme, &ben, "South"), 404, "not-found");
    // To whom it is not named, it is like one that is not there, whoever decides.
    for permission in BOTH {
        let nowhere = reason(&acme, &ben, permission, "wsp_nowhere");
        assert_eq!(
            reason(&acme, &ben, permission, &of(&south)),
            nowhere,
            "{permission}"
        );
        assert!(nowhere.get("grants").is_none(), "{nowhere}");
    }
    let there = reason(&acme, &ben, "data.delete", &of(&north));
    assert_eq!(there["grants"][0]["node"], of(&north), "{there}");
}

#[test]
fn p4_a_token_learns_no_name_outside_of_its_reach() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let [north, south, one, two] = ["North", "South", "Twice", "Twice"].map(|name| {
        let workspace = acme.workspace(name);
        acme.grant(&workspace, BEN, "viewer");
        workspace.replace("/workspaces/", "")
    });
    let bridge = json!({ "name": "Bridge", "workspace": south });
    let bridge = id(&acme.post(&acme.ada, "/projects", &bridge));
    let token = |node: &str| {
        let subtree = json!({ "organization": acme.id, "node": node });
        let (_, token) = acme.token(&ben, &json!({ "name": "ci", "subtree": subtree }));
        token
    };
    let by = |token: &str, name: &str| {
        let answer = by_name_with(&acme, ("x-api-key", token), name);
        (answer.status, text(&answer))
    };
    let of_north = token(&north);
    assert_eq!(by(&of_north, "North").0, 200);
    assert_eq!(
        by(&token(&bridge), "South").0,
        200,
        "what its project lies in"
    );
    assert_eq!(
        by(&token(&one), "Twice").0,
        200,
        "the other one is none of its"
    );
    assert_eq!(by(&token(&two), "Twice").0, 200);
    let nowhere = by(&of_north, "Nowhere");
    assert_eq!(nowhere.0, 404);
    for name in ["South", "Twice"] {
        assert_eq!(by(&of_north, name), nowhere, "{name}");
    }
    // What is left of a token from before a removal reaches nothing.
    acme.world.clock.advance_ms(1);
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    acme.forget_mails();
    let invitation = acme.invited(BEN, "member");
    assert_eq!(acme.accept(&ben, &invitation).status, 200);
    acme.grant(&format!("/workspaces/{north}"), BEN, "viewer");
    for name in ["North", "South"] {
        assert_eq!(by(&of_north, name), nowhere, "{name}");
    }
}

/// An invitation may offer what whoever sends it again need not know of.
#[test]
fn who_sends_an_invitation_again_is_told_of_no_place_in_it() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    acme.rule(&allow(
        &["member"],
        &["invitation.create", "invitation.read"],
    ));
    let north = acme.workspace("North").replace("/workspaces/", "");
    let terms = json!({ "workspaces": [{ "workspace": north, "role": "viewer" }] });
    let invited = acme.invited_to(CAT, &terms);
    let invitation = invited["id"].as_str().unwrap();
    let one = format!("/invitations/{invitation}/resend");
    let all = json!({ "invitations": [invitation] });
    for (path, body, status) in [
        (one.as_str(), json!({}), 403),
        ("/invitations/resend", all, 207),
    ] {
        let again = acme.post(&ben, path, &body);
        assert_eq!(again.status, status, "{}", text(&again));
        let said = text(&again);
        assert!(said.contains("403") && !said.contains(&north), "{said}");
    }
    // Who has something to do with it is told what they would need there.
    acme.grant(&format!("/workspaces/{north}"), BEN, "viewer");
    let again = acme.post(&ben, &one, &json!({}));
    assert!(text(&again).contains(&north), "{}", text(&again));
}

#[test]
fn a_place_becomes_known_with_what_makes_it_ones_own() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North").replace("/workspaces/", "");
    let knows = || {
        acme.world.clock.advance_ms(BOUND_MS);
        acme.world.settle();
        // In KV, too: what the isolate remembers from before does not count any more.
        let answered = reason(&acme, &ben, "data.read", &north);
        let known = places(&acme, &ben).contains(&north);
        assert_eq!(
            known,
            answered["code"] == "granted" || answered["grants"].is_array()
        );
        known
    };
    assert!(!knows());
    let rule = acme.rule(&allow(&["member"], &["data.read"]));
    assert!(knows(), "what members may do there");
    assert_eq!(acme.delete(&acme.ada, &rule).status, 204);
    assert!(!knows());
    acme.grant(&format!("/workspaces/{north}"), BEN, "restricted");
    assert!(knows(), "a role there, though it does not give this");
}

/// Time ends a role without a change: what KV was sent and an isolate remembers names more places than there are for its holder by then.
#[test]
fn law_9_with_a_role_what_lies_below_its_place_is_over_for_the_object_and_in_what_is_remembered() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    let project = json!({ "name": "Bridge", "workspace": north.replace("/workspaces/", "") });
    let project = id(&acme.post(&acme.ada, "/projects", &project));
    let until_ms = START_MS + 86_400_000;
    let path = format!("{north}{}", acme.member(BEN));
    let role = json!({ "role": "viewer", "expires_at_ms": until_ms });
    assert_eq!(acme.put(&acme.ada, &path, &role).status, 200);
    let says = |ben: &str| {
        let ask = |path: &str, body: &Value| {
            let asked = post(&acme.path(path), body).with_header("cookie", ben);
            json(&acme.world.send(&asked))["decision"].clone()
        };
        let resource = json!({ "type": "project", "id": project });
        let subject = json!({ "type": "user", "id": acme.user(BEN) });
        let action = json!({ "name": "organization.read" });
        let asked = json!({ "subject": subject, "action": action, "resource": resource });
        let own = json!({ "permission": "organization.read", "resource": resource });
        (ask("/evaluate", &own), ask("/access/v1/evaluation", &asked))
    };
    assert_eq!(says(&ben), (json!(true), json!(true)));
    acme.world.settle();
    let left_ms = until_ms - acme.world.edge.clock.now_ms();
    acme.world.clock.advance_ms(left_ms);
    let ben = acme.world.sign_in(BEN);
    let is_named = places(&acme, &ben).contains(&project);
    assert_eq!(
        (is_named, says(&ben)),
        (false, (json!(false), json!(false)))
    );
}

#[test]
fn a_stranger_is_told_of_no_place_and_of_no_role_of_the_organizations_own() {
    let acme = lockstep("");
    let (ben, cat) = (acme.joined(BEN, "member"), acme.joined(CAT, "member"));
    let north = acme.workspace("North").replace("/workspaces/", "");
    acme.grant(&format!("/workspaces/{north}"), BEN, "viewer");
    let own = json!({ "name": "Secret Reader", "base": "viewer", "without": ["run.read"] });
    assert_eq!(acme.post(&acme.ada, "/roles", &own).status, 201);
    let member = acme.member(BEN);
    assert_eq!(acme.delete(&acme.ada, &member).status, 204);
    acme.world.clock.advance_ms(BOUND_MS);
    let stranger = acme.world.sign_in("mallory@example.com");
    for session in [&ben, &stranger] {
        for permission in BOTH {
            for node in [north.as_str(), &acme.id, "wsp_nowhere"] {
                let said = reason(&acme, session, permission, node);
                assert_eq!(said["code"], "no-membership");
                let said = said.to_string();
                assert!(!said.contains(&north) && !said.contains("Secret"), "{said}");
            }
        }
    }
    // A member is told of the role where it would help.
    acme.grant(&format!("/workspaces/{north}"), CAT, "restricted");
    acme.world.clock.advance_ms(BOUND_MS);
    let said = reason(&acme, &cat, "data.read", &north).to_string();
    assert!(said.contains("Secret Reader"), "{said}");
}

/// A stranger's question about themselves has one answer, whatever their token's life and the epoch that they name.
#[test]
fn i15_a_stranger_learns_neither_the_lives_of_tokens_nor_the_epoch() {
    let acme = lockstep("");
    let hour = json!({ "token_lifetime_max_s": 3_600 });
    assert_eq!(acme.patch(&acme.ada, "", &hour).status, 200);
    let eve = acme.world.sign_in("eve@example.com");
    let (_, long) = acme.token(&eve, &json!({ "name": "for ever" }));
    let ask = |key: Option<&str>, epoch: Option<&str>, permission: &str| {
        let body = json!({ "permission": permission });
        let mut request = post(&acme.path("/evaluate"), &body);
        request = match key {
            Some(key) => request.with_header("x-api-key", key),
            None => request.with_header("cookie", &eve),
        };
        if let Some(epoch) = epoch {
            request = request.with_header("lockstep-epoch", epoch);
        }
        let answer = acme.world.send(&request);
        (answer.status, text(&answer))
    };
    for permission in BOTH {
        let plain = ask(None, None, permission);
        assert_eq!(plain.0, 200, "{}", plain.1);
        assert!(plain.1.contains("no-membership"), "{}", plain.1);
        for key in [None, Some(long.as_str())] {
            for epoch in [None, Some("0"), Some("1"), Some("1000000")] {
                assert_eq!(ask(key, epoch, permission), plain, "{permission} {epoch:?}");
            }
        }
    }
}
