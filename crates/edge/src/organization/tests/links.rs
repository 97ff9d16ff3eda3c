//! Links by which several people come in: as many as may, no admin, and only while their maker could invite each of them.

use futures_util::{FutureExt, future::join_all};
use serde_json::{Value, json};

use super::{
    ADA, Acme, BEN, CAT, id,
    invitations::{link as mailed, preview},
    lockstep, refused,
};
use crate::{
    http::{Request, Response},
    objects::Class,
    router,
    sql::Sql,
    testing::{json, post, text},
};

const WEEK_MS: i64 = 604_800_000;

/// What ends somebody's right to invite.
type End = fn(&Acme);

impl Acme {
    /// A link that Ada made: its id and secret.
    pub(super) fn link(&self, role: &str, uses_max: i64) -> (String, String) {
        self.link_to(&self.ada, &json!({ "role": role, "uses_max": uses_max }))
    }

    fn link_to(&self, session: &str, body: &Value) -> (String, String) {
        let made = self.post(session, "/links", body);
        assert_eq!(made.status, 201, "{}", text(&made));
        let secret = json(&made)["token"].as_str().unwrap().to_owned();
        (id(&made), secret)
    }

    pub(super) fn join(&self, session: &str, secret: &str) -> Response {
        self.world.send(&join_request(session, secret))
    }

    fn revoke(&self, session: &str, link: &str) -> Response {
        self.delete(session, &format!("/links/{link}"))
    }

    fn links(&self) -> Vec<Value> {
        let links = json(&self.get(&self.ada, "/links"));
        links["links"].as_array().unwrap().clone()
    }
}

fn join_request(session: &str, secret: &str) -> Request {
    post("/v1/invitations/join", &json!({}))
        .with_header("cookie", session)
        .with_header("lockstep-invitation-token", secret)
}

#[test]
fn whoever_has_the_secret_joins_with_all_that_it_offers() {
    let acme = lockstep("");
    let north = acme.workspace("North");
    let workspace = north.replace("/workspaces/", "");
    let body = json!({ "role": "member", "uses_max": 2, "workspaces": [{ "workspace": workspace, "role": "editor" }] });
    let (link, secret) = acme.link_to(&acme.ada, &body);
    let shown = json(&preview(&acme, &secret));
    assert_eq!(
        (&shown["id"], &shown["status"]),
        (&json!(link), &json!("pending"))
    );
    assert_eq!(
        (&shown["invited_by"], shown.get("email")),
        (&json!(ADA), None)
    );
    assert_eq!(acme.members().len(), 1, "looking has no effect");
    let ben = acme.world.sign_in(BEN);
    let joined = acme.join(&ben, &secret);
    assert_eq!(joined.status, 200, "{}", text(&joined));
    assert_eq!(json(&joined)["organization"]["name"], "Acme");
    assert!(acme.may_in(&ben, "data.update", &north));
    refused(&acme.join(&ben, &secret), 409, "already-member");
    assert_eq!(acme.links()[0]["uses"], 1, "a member uses up nothing");
    let cat = acme.world.sign_in(CAT);
    assert_eq!(acme.join(&cat, &secret).status, 200);
    let dan = acme.world.sign_in("dan@example.com");
    refused(&acme.join(&dan, &secret), 409, "invitation-not-pending");
    assert_eq!(json(&preview(&acme, &secret))["status"], "accepted");
    assert!(acme.links().is_empty());
}

/// A mail is kept for years, by who has left as well.
#[test]
fn what_is_over_tells_nothing_of_workspaces_to_whoever_has_kept_its_secret() {
    let acme = lockstep("");
    let north = acme.workspace("North");
    let workspaces = json!([{ "workspace": north.replace("/workspaces/", ""), "role": "viewer" }]);
    let link = json!({ "role": "member", "uses_max": 1, "workspaces": workspaces });
    let (_, by_link) = acme.link_to(&acme.ada, &link);
    let offer = |email: &str| json!({ "email": email, "role": "member", "workspaces": workspaces, "message": "Hi" });
    let invited = id(&acme.post(&acme.ada, "/invitations", &offer(BEN)));
    let late = acme.post(&acme.ada, "/invitations", &offer("dan@example.com"));
    assert_eq!(late.status, 201, "{}", text(&late));
    let [by_mail, expired] = [BEN, "dan@example.com"].map(|email| mailed(&acme, email));
    let told = |secret: &str| {
        let shown = json(&preview(&acme, secret));
        let status = shown["status"].as_str().unwrap().to_owned();
        (
            status,
            shown.to_string().contains("North") || shown.get("message").is_some(),
        )
    };
    for secret in [&by_link, &by_mail, &expired] {
        assert_eq!(told(secret), ("pending".to_owned(), true));
    }
    let (ben, cat) = (acme.world.sign_in(BEN), acme.world.sign_in(CAT));
    assert_eq!(acme.accept(&ben, &invited).status, 200);
    assert_eq!(acme.join(&cat, &by_link).status, 200);
    acme.world.clock.advance_ms(WEEK_MS);
    for (secret, status) in [
        (&by_link, "expired"),
        (&by_mail, "accepted"),
        (&expired, "expired"),
    ] {
        assert_eq!(told(secret), (status.to_owned(), false));
    }
}

#[test]
fn i1_no_edited_secret_joins_and_none_is_shown_again_or_stored() {
    let acme = Acme::new();
    let body = json!({ "role": "member", "uses_max": 1 });
    let key = post(&acme.path("/links"), &body)
        .with_header("cookie", &acme.ada)
        .with_header("idempotency-key", "k");
    let made = acme.world.send(&key);
    let secret = json(&made)["token"].as_str().unwrap().to_owned();
    let again = json(&acme.world.send(&key));
    assert_eq!(
        (again.get("token"), &again["withheld"]),
        (None, &json!("already-shown"))
    );
    assert_eq!(acme.links().len(), 1);
    assert!(!text(&acme.get(&acme.ada, "/links")).contains(&secret));
    let ben = acme.world.sign_in(BEN);
    for at in 0..secret.len() {
        let mut bytes = secret.clone().into_bytes();
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        let edited = String::from_utf8(bytes).unwrap();
        refused(&acme.join(&ben, &edited), 404, "not-found");
    }
    let sql = acme
        .world
        .objects
        .database(Class::Organization, &acme.id)
        .unwrap();
    let sql: &dyn Sql = &*sql;
    let found = "SELECT COUNT(*) AS n FROM invitation_link WHERE hash = ?";
    let plain = sql.one(found, &[secret.as_str().into()]).unwrap().unwrap();
    assert_eq!(plain.integer("n").unwrap(), 0);
    assert_eq!(acme.members().len(), 1);
}

#[test]
fn i3_nobody_makes_a_link_for_an_admin_or_for_more_than_they_could_invite_to() {
    let acme = lockstep("");
    let north = acme.workspace("North").replace("/workspaces/", "");
    let make = |session: &str, role: &str| {
        acme.post(session, "/links", &json!({ "role": role, "uses_max": 1 }))
    };
    for role in ["admin", "owner"] {
        refused(&make(&acme.ada, role), 400, "unknown-role");
    }
    refused(&make(&acme.ada, "viewer"), 400, "unknown-role");
    let ben = acme.joined(BEN, "member");
    acme.grant(&format!("/workspaces/{north}"), BEN, "workspace-admin");
    refused(&make(&ben, "member"), 403, "no-grant");
    refused(&acme.get(&ben, "/links"), 403, "no-grant");
    refused(
        &acme.revoke(&ben, &acme.link("member", 1).0),
        403,
        "no-grant",
    );
    for uses_max in [0, -1, 1_001] {
        let body = json!({ "role": "member", "uses_max": uses_max });
        refused(&acme.post(&acme.ada, "/links", &body), 400, "invalid-value");
    }
}

#[test]
fn i4_a_link_lives_only_as_long_as_its_maker_s_rights() {
    let end: [(&str, End); 3] = [
        ("demoted", |acme| {
            let member = acme.member(BEN);
            let done = acme.patch(&acme.ada, &member, &json!({ "role": "member" }));
            assert_eq!(done.status, 200);
        }),
        ("suspended", |acme| {
            let path = format!("{}/suspension", acme.member(BEN));
            assert_eq!(acme.put(&acme.ada, &path, &json!({})).status, 200);
        }),
        ("removed", |acme| {
            assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
        }),
    ];
    for (name, end) in end {
        let acme = lockstep("");
        let ben = acme.joined(BEN, "admin");
        let (_, secret) = acme.link_to(&ben, &json!({ "role": "member", "uses_max": 9 }));
        let cat = acme.world.sign_in(CAT);
        assert_eq!(acme.join(&cat, &secret).status, 200, "{name}");
        end(&acme);
        let members = acme.members().len();
        let dan = acme.world.sign_in("dan@example.com");
        let answer = acme.join(&dan, &secret);
        assert_eq!(answer.status, 409, "{name}: {}", text(&answer));
        assert_eq!(acme.members().len(), members, "{name}");
    }
}

#[test]
fn m10_who_was_removed_comes_back_by_no_link_and_a_maker_s_links_do_not_come_back_with_them() {
    let acme = lockstep("");
    let (_, open) = acme.link("member", 9);
    let ben = acme.joined(BEN, "admin");
    let (_, by_ben) = acme.link_to(&ben, &json!({ "role": "member", "uses_max": 9 }));
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    refused(&acme.join(&ben, &open), 409, "invitation-void");
    let invited = acme.invited(BEN, "admin");
    assert_eq!(acme.accept(&ben, &invited).status, 200);
    let cat = acme.world.sign_in(CAT);
    refused(&acme.join(&cat, &by_ben), 409, "invitation-not-pending");
}

#[test]
fn i6_a_link_ends_exactly_when_it_says_and_at_once_when_it_is_revoked() {
    for (waited_ms, status) in [(WEEK_MS - 1, 200), (WEEK_MS, 409)] {
        let acme = Acme::new();
        let ben = acme.world.sign_in(BEN);
        let (_, secret) = acme.link("member", 1);
        acme.world.clock.advance_ms(waited_ms);
        assert_eq!(acme.join(&ben, &secret).status, status);
    }
    let acme = Acme::new();
    let ben = acme.world.sign_in(BEN);
    let (link, secret) = acme.link("member", 1);
    assert_eq!(acme.revoke(&acme.ada, &link).status, 204);
    refused(
        &acme.revoke(&acme.ada, &link),
        409,
        "invitation-not-pending",
    );
    refused(&acme.join(&ben, &secret), 409, "invitation-not-pending");
    refused(&acme.revoke(&acme.ada, "lnk_1"), 404, "not-found");
}

#[test]
fn a_role_or_workspace_that_is_deleted_is_no_longer_part_of_a_link() {
    let acme = lockstep("");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    let role = json!({ "name": "Own", "base": "editor" });
    let role = id(&acme.post(&acme.ada, "/roles", &role));
    let of = |path: &str| path.replace("/workspaces/", "");
    let workspaces = json!([{ "workspace": of(&north), "role": role }, { "workspace": of(&south), "role": "editor" }]);
    let body = json!({ "role": "member", "uses_max": 1, "workspaces": workspaces });
    let (_, secret) = acme.link_to(&acme.ada, &body);
    let shown = json(&acme.post(&acme.ada, "/roles/preview", &json!({ "role": role })));
    assert_eq!(shown["invitations"], 1);
    let deleted = acme.delete_with(&acme.ada, &format!("/roles/{role}"), "reassign=viewer");
    assert_eq!(deleted.status, 204, "{}", text(&deleted));
    assert_eq!(acme.delete(&acme.ada, &south).status, 204);
    let ben = acme.world.sign_in(BEN);
    assert_eq!(acme.join(&ben, &secret).status, 200);
    assert!(acme.may_in(&ben, "data.read", &north) && !acme.may_in(&ben, "data.update", &north));
    assert!(!acme.may_in(&ben, "data.read", &south));
}

#[test]
fn i8_of_fifty_at_once_exactly_as_many_come_in_as_may() {
    let mut acme = Acme::new();
    let mut people = Vec::new();
    for at in 0..50 {
        // One client may ask for so many codes a minute.
        acme.world.clock.advance_ms(3_000);
        people.push(acme.world.sign_in(&format!("p{at}@example.com")));
    }
    for round in 0..20 {
        let other = post(
            "/v1/organizations",
            &json!({ "name": format!("Acme {round}") }),
        );
        acme.id = id(&acme.world.send(&other.with_header("cookie", &acme.ada)));
        let cap = if round % 2 == 0 { 1 } else { 7 };
        let (_, secret) = acme.link("member", cap);
        let isolates: Vec<_> = people.iter().map(|_| acme.world.isolate()).collect();
        let requests: Vec<Request> = people
            .iter()
            .map(|session| join_request(session, &secret))
            .collect();
        let joins = requests.iter().zip(&isolates);
        let joins = joins.map(|(request, isolate)| router::handle(isolate, request));
        let answers = join_all(joins).now_or_never().unwrap();
        let came_in = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(i64::try_from(came_in).unwrap(), cap);
        let others = answers.iter().filter(|answer| answer.status != 200);
        others.for_each(|answer| refused(answer, 409, "invitation-not-pending"));
        assert_eq!(acme.members().len(), came_in + 1);
    }
}

/// Rights that come back are no word that was given (law 5): who has them back makes another link.
#[test]
fn law_5_a_link_ends_with_its_maker_s_right_to_make_it() {
    let ends: [(End, End); 3] = [
        (
            |acme| acme.make(BEN, "member"),
            |acme| acme.make(BEN, "admin"),
        ),
        (
            |acme| {
                let suspension = format!("{}/suspension", acme.member(BEN));
                assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
            },
            |acme| {
                let suspension = format!("{}/suspension", acme.member(BEN));
                assert_eq!(acme.delete(&acme.ada, &suspension).status, 200);
            },
        ),
        // What they still may give stays.
        (
            |acme| acme.make(BEN, "owner"),
            |acme| acme.make(BEN, "admin"),
        ),
    ];
    for ((end, back), status) in ends.into_iter().zip([409, 409, 200]) {
        let acme = lockstep("");
        let ben = acme.joined(BEN, "admin");
        let link = json!({ "role": "member", "uses_max": 9 });
        let (_, of_ada) = acme.link("member", 9);
        let (_, secret) = acme.link_to(&ben, &link);
        end(&acme);
        let cat = acme.world.sign_in(CAT);
        if status == 409 {
            let joined = acme.join(&cat, &secret);
            refused(&joined, 409, "invitation-not-pending");
            assert_eq!(acme.links().len(), 1, "it is no longer one of them");
        }
        back(&acme);
        assert_eq!(acme.join(&cat, &secret).status, status);
        let dan = acme.world.sign_in("dan@example.com");
        assert_eq!(acme.join(&dan, &of_ada).status, 200, "another's");
    }
}

/// A rule that ends gives back what it took; another role is another word, whatever the rule says.
#[test]
fn a_link_that_rests_outlives_the_same_role_again() {
    for (roles, status, code) in [
        (&["admin"][..], 200, ""),
        (&["owner", "admin"], 409, "invitation-not-pending"),
    ] {
        let acme = lockstep("");
        let ben = acme.joined(BEN, "admin");
        let body = json!({ "role": "member", "uses_max": 9 });
        let (_, secret) = acme.link_to(&ben, &body);
        let deny =
            json!({ "effect": "deny", "roles": ["admin"], "permissions": ["invitation.create"] });
        let rule = acme.post(&acme.ada, "/rules", &deny);
        assert_eq!(rule.status, 201, "{}", text(&rule));
        let cat = acme.world.sign_in(CAT);
        refused(&acme.join(&cat, &secret), 409, "invitation-void");
        for role in roles {
            acme.make(BEN, role);
        }
        let rule = format!("/rules/{}", id(&rule));
        assert_eq!(acme.delete(&acme.ada, &rule).status, 204);
        let joined = acme.join(&cat, &secret);
        if status == 200 {
            assert_eq!(joined.status, 200, "{}", text(&joined));
        } else {
            refused(&joined, status, code);
        }
    }
}

/// Whoever was suspended under an earlier release has their links still.
#[test]
fn law_5_the_end_of_a_suspension_wakes_no_link() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let body = json!({ "role": "member", "uses_max": 9 });
    let (_, secret) = acme.link_to(&ben, &body);
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    acme.execute("UPDATE invitation_link SET revoked_at_ms = NULL");
    assert_eq!(acme.delete(&acme.ada, &suspension).status, 200);
    let cat = acme.world.sign_in(CAT);
    refused(&acme.join(&cat, &secret), 409, "invitation-not-pending");
}
