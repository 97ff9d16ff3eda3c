//! A person whose issuer gives them another address: they are who they were (law 8), and the old address is another's.

use serde_json::{Value, json};

use super::{Acme, BEN, export::exported, id, issuers::Idp, refused};
use crate::{
    http::{Method, Response},
    objects::Class,
    organization::{Command, OrganizationObject},
    sql::Sql,
    testing::{START_MS, World, json, text},
};

const SMITH: &str = "jane.smith@people.example";
const JONES: &str = "jane.jones@people.example";

/// An organization whose deployment has an issuer that is believed about addresses.
struct Renamed {
    acme: Acme,
    idp: Idp,
}

impl Renamed {
    fn new() -> Self {
        let idp = Idp::named(9, "https://deployment.example");
        let issuers = Value::from(vec![idp.record()]).to_string();
        let believed = json!([idp.record()["issuer"]]).to_string();
        let acme = Acme::in_world(World::with_vars(&[
            ("LOCKSTEP_POLICY", "lockstep"),
            ("LOCKSTEP_ISSUERS", &issuers),
            ("LOCKSTEP_EMAIL_ISSUERS", &believed),
        ]));
        acme.proven("people.example", "member");
        Self { acme, idp }
    }

    /// What Jane asks by a token that calls her `email`.
    fn as_jane(&self, email: Option<&str>, method: Method, rest: &str) -> Response {
        self.by(
            &json!({ "email": email, "email_verified": true }),
            method,
            rest,
        )
    }

    /// What she asks by a token that says this.
    fn by(&self, claims: &Value, method: Method, rest: &str) -> Response {
        let token = self.idp.token_with("jane", claims);
        let edge = &self.acme.world.edge;
        let answer = self.acme.bear(edge, &token, method, rest, &json!({}));
        self.acme.world.settle();
        answer
    }

    /// Jane Smith has joined, and is Jane Jones since.
    fn joined_and_renamed() -> Self {
        let renamed = Self::new();
        let joined = renamed.as_jane(Some(SMITH), Method::Post, "/join");
        assert_eq!(joined.status, 200, "{}", text(&joined));
        assert_eq!(renamed.addresses(), [Some(SMITH.to_owned())]);
        renamed.acme.world.clock.advance_ms(1);
        assert_eq!(renamed.as_jane(Some(JONES), Method::Get, "").status, 200);
        renamed
    }

    /// The addresses of all members but Ada.
    fn addresses(&self) -> Vec<Option<String>> {
        let members = self.acme.list_of_members()["members"].clone();
        let others = members.as_array().unwrap().iter().skip(1);
        others
            .map(|member| member["email"].as_str().map(str::to_owned))
            .collect()
    }

    fn remove(&self, email: &str) {
        let removed = self.acme.delete(&self.acme.ada, &self.acme.member(email));
        assert_eq!(removed.status, 204);
        self.acme.world.settle();
    }
}

#[test]
fn a_member_s_address_is_what_their_issuer_says_now() {
    let renamed = Renamed::joined_and_renamed();
    assert_eq!(renamed.addresses(), [Some(JONES.to_owned())]);
    renamed.acme.world.clock.advance_ms(1);
    renamed.as_jane(None, Method::Get, "");
    assert_eq!(renamed.addresses(), [None]);
}

/// Programs of hers have tokens from before, or such as say nothing of an address.
#[test]
fn an_older_token_and_a_silent_one_take_no_address_away() {
    let renamed = Renamed::new();
    let now_s = START_MS / 1_000;
    let says = |email: &str, is_verified: bool, at_s: i64| {
        let claims = json!({ "email": email, "email_verified": is_verified, "iat": now_s + at_s });
        renamed.acme.world.clock.advance_ms(1);
        renamed.by(&claims, Method::Get, "");
        renamed.addresses()
    };
    assert_eq!(
        renamed.as_jane(Some(SMITH), Method::Post, "/join").status,
        200
    );
    assert_eq!(says(JONES, true, 10), [Some(JONES.to_owned())]);
    assert_eq!(says(JONES, true, 20), [Some(JONES.to_owned())]);
    let rows = renamed.acme.log().len();
    assert_eq!(says(SMITH, true, 0), [Some(JONES.to_owned())]);
    assert_eq!(says(SMITH, true, 19), [Some(JONES.to_owned())]);
    renamed.acme.world.clock.advance_ms(1);
    renamed.by(&json!({}), Method::Get, "");
    assert_eq!(renamed.addresses(), [Some(JONES.to_owned())]);
    assert_eq!(renamed.acme.log().len(), rows, "nothing has happened");
    assert_eq!(says(JONES, false, 21), [None], "withdrawn");
    assert_eq!(says(JONES, true, 20), [None]);
    assert_eq!(says(SMITH, true, 22), [Some(SMITH.to_owned())]);
}

/// What an older token calls its user is an address that another person may have by now.
#[test]
fn law_8_a_token_from_before_a_renaming_comes_in_by_no_address_of_then() {
    let now_s = START_MS / 1_000;
    for (later, is_verified) in [(JONES, true), (SMITH, false)] {
        let renamed = Renamed::new();
        let acme = &renamed.acme;
        let before = json!({ "email": SMITH, "email_verified": true, "iat": now_s });
        renamed.by(&before, Method::Get, "");
        acme.world.clock.advance_ms(1);
        let says = json!({ "email": later, "email_verified": is_verified, "iat": now_s + 10 });
        renamed.by(&says, Method::Get, "");
        let invitation = acme.invited(SMITH, "admin");
        let accept = format!("/invitations/{invitation}/accept");
        for claims in [&before, &json!({})] {
            let accepted = renamed.by(claims, Method::Post, &accept);
            refused(&accepted, 404, "not-found");
        }
        if !is_verified {
            refused(
                &renamed.by(&before, Method::Post, "/join"),
                404,
                "not-found",
            );
        }
        assert!(renamed.addresses().is_empty());
        let pending = json(&acme.get(&acme.ada, "/invitations"));
        assert_eq!(
            pending["invitations"][0]["id"],
            json!(invitation),
            "{later}"
        );
    }
}

/// Its user may have another one by now, and nobody said so.
#[test]
fn a_token_that_says_nothing_of_an_address_comes_in_by_none() {
    let renamed = Renamed::new();
    renamed.as_jane(Some(JONES), Method::Get, "");
    let invitation = renamed.acme.invited(JONES, "member");
    let accept = format!("/invitations/{invitation}/accept");
    for rest in [accept.as_str(), "/join"] {
        refused(
            &renamed.by(&json!({}), Method::Post, rest),
            404,
            "not-found",
        );
    }
    let accepted = renamed.as_jane(Some(JONES), Method::Post, &accept);
    assert_eq!(accepted.status, 200, "{}", text(&accepted));
}

#[test]
fn of_two_addresses_within_a_millisecond_the_later_stands() {
    let renamed = Renamed::joined_and_renamed();
    renamed.as_jane(Some(SMITH), Method::Get, "");
    assert_eq!(renamed.addresses(), [Some(SMITH.to_owned())]);
}

#[test]
fn law_8_who_was_renamed_comes_in_beside_themselves_by_neither_address() {
    let renamed = Renamed::joined_and_renamed();
    let acme = &renamed.acme;
    for email in [SMITH, JONES] {
        let other = acme.world.sign_in(email);
        refused(
            &acme.post(&other, "/join", &json!({})),
            409,
            "already-member",
        );
    }
    let invited = acme.invite(&acme.ada, JONES, "member");
    refused(&invited, 409, "already-member");
}

#[test]
fn law_8_who_was_renamed_and_removed_does_not_come_back_by_either_address() {
    for is_renamed_afterwards in [false, true] {
        let renamed = if is_renamed_afterwards {
            let renamed = Renamed::new();
            renamed.as_jane(Some(SMITH), Method::Post, "/join");
            renamed.remove(SMITH);
            renamed.acme.world.clock.advance_ms(1);
            assert_eq!(renamed.as_jane(Some(JONES), Method::Get, "").status, 404);
            renamed
        } else {
            let renamed = Renamed::joined_and_renamed();
            renamed.remove(JONES);
            renamed
        };
        let acme = &renamed.acme;
        let (_, secret) = acme.link("member", 5);
        for email in [SMITH, JONES] {
            let other = acme.world.sign_in(email);
            let joined = acme.post(&other, "/join", &json!({}));
            refused(&joined, 409, "invitation-void");
            refused(&acme.join(&other, &secret), 409, "invitation-void");
        }
        // An invitation from now on is a new decision.
        acme.world.clock.advance_ms(1);
        let invitation = acme.invited(JONES, "member");
        let jones = acme.world.sign_in(JONES);
        assert_eq!(acme.accept(&jones, &invitation).status, 200);
    }
}

/// It keeps out whoever comes by such a one all the same.
#[test]
fn an_organization_that_somebody_has_left_learns_no_address_of_theirs() {
    let renamed = Renamed::new();
    let acme = &renamed.acme;
    renamed.as_jane(Some(SMITH), Method::Post, "/join");
    renamed.remove(SMITH);
    let sql = acme.world.objects.database(Class::Organization, &acme.id);
    let sql = sql.unwrap();
    let sql: &dyn Sql = &*sql;
    let kept = || {
        let select = "SELECT user || ' ' || COALESCE(address, '') AS text FROM member
            UNION ALL SELECT user || ' ' || address FROM former_address";
        let rows = sql.exec(select, &[]).unwrap();
        let texts = rows.iter().map(|row| row.text("text").unwrap().to_owned());
        texts.collect::<Vec<_>>().join("\n")
    };
    assert!(kept().contains(SMITH));
    let epoch = || json(&acme.get(&acme.ada, ""))["epoch"].clone();
    let before = (acme.log().len(), epoch());
    for email in [Some(JONES), None, Some(JONES)] {
        acme.world.clock.advance_ms(1);
        assert_eq!(renamed.as_jane(email, Method::Get, "").status, 404);
    }
    assert!(!kept().contains("jones"), "{}", kept());
    assert_eq!((acme.log().len(), epoch()), before);
    let jones = acme.world.sign_in(JONES);
    let joined = acme.post(&jones, "/join", &json!({}));
    refused(&joined, 409, "invitation-void");
    // Back, she is known by the one that she comes by.
    acme.world.clock.advance_ms(1);
    let invitation = acme.invited(JONES, "member");
    assert_eq!(acme.accept(&jones, &invitation).status, 200);
    assert_eq!(renamed.addresses(), [Some(JONES.to_owned())]);
}

#[test]
fn law_8_an_invitation_to_either_address_ends_with_the_membership() {
    let renamed = Renamed::new();
    let acme = &renamed.acme;
    let early = [acme.invited(SMITH, "admin"), acme.invited(JONES, "admin")];
    let joined = renamed.as_jane(Some(SMITH), Method::Post, "/join");
    assert_eq!(joined.status, 200, "{}", text(&joined));
    acme.world.clock.advance_ms(1);
    renamed.as_jane(Some(JONES), Method::Get, "");
    renamed.remove(JONES);
    for (email, invitation) in [SMITH, JONES].into_iter().zip(&early) {
        let other = acme.world.sign_in(email);
        refused(
            &acme.accept(&other, invitation),
            409,
            "invitation-not-pending",
        );
    }
}

#[test]
fn an_address_that_went_to_somebody_else_is_theirs_to_be_invited_by() {
    let renamed = Renamed::joined_and_renamed();
    let acme = &renamed.acme;
    let invitation = acme.invited(SMITH, "member");
    let smith = acme.world.sign_in(SMITH);
    assert_eq!(acme.accept(&smith, &invitation).status, 200);
    assert_eq!(
        renamed.addresses(),
        [Some(JONES.to_owned()), Some(SMITH.to_owned())]
    );
}

/// Their own object learns of the organization after it has let them in, and of the address before.
#[test]
fn who_is_renamed_while_they_join_is_known_by_the_later_address() {
    let renamed = Renamed::new();
    let acme = &renamed.acme;
    let ask = |email: &str, method, rest: &str| {
        let claims = json!({ "email": email, "email_verified": true });
        let token = renamed.idp.token_with("jane", &claims);
        let edge = &acme.world.edge;
        acme.bear(edge, &token, method, rest, &json!({})).status
    };
    assert_eq!(ask(SMITH, Method::Post, "/join"), 200);
    acme.world.clock.advance_ms(1);
    assert_eq!(ask(JONES, Method::Get, ""), 200);
    acme.world.clock.advance_ms(1);
    acme.world.settle();
    assert_eq!(renamed.addresses(), [Some(JONES.to_owned())]);
}

/// A delivery that failed is tried again behind those that came after it.
#[test]
fn an_address_that_arrives_late_replaces_no_later_one() {
    let renamed = Renamed::joined_and_renamed();
    let acme = &renamed.acme;
    let members = acme.list_of_members();
    let tell = |address: &str, at_ms: i64| {
        let command = Command::MemberAddress {
            user: members["members"][1]["user_id"]
                .as_str()
                .unwrap()
                .to_owned(),
            address: Some(address.to_owned()),
            at_ms,
        };
        let told = acme
            .world
            .ask::<OrganizationObject, Value>(&acme.id, &command);
        told.unwrap();
    };
    let now_ms = acme.world.edge.clock.now_ms();
    tell(BEN, now_ms - 1);
    assert_eq!(renamed.addresses(), [Some(JONES.to_owned())]);
    tell(BEN, now_ms + 1);
    assert_eq!(renamed.addresses(), [Some(BEN.to_owned())]);
}

/// Each object has a clock of its own.
#[test]
fn an_address_that_is_told_by_a_clock_that_is_behind_is_not_lost() {
    let renamed = Renamed::new();
    let clock = &renamed.acme.world.clock;
    clock.advance_ms(60_000);
    let joined = renamed.as_jane(Some(SMITH), Method::Post, "/join");
    assert_eq!(joined.status, 200, "{}", text(&joined));
    clock.advance_ms(-59_000);
    assert_eq!(renamed.as_jane(Some(JONES), Method::Get, "").status, 200);
    assert_eq!(renamed.addresses(), [Some(JONES.to_owned())]);
}

#[test]
fn an_address_that_changes_while_the_organization_is_deleted_is_told_to_nobody_and_there_when_it_is_back()
 {
    let renamed = Renamed::new();
    let acme = &renamed.acme;
    renamed.as_jane(Some(SMITH), Method::Post, "/join");
    acme.webhook();
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    acme.world.settle();
    let sql = acme.world.objects.database(Class::Organization, &acme.id);
    let sql = sql.unwrap();
    let sql: &dyn Sql = &*sql;
    let number = |select: &str| {
        let row = sql.one(select, &[]).unwrap().unwrap();
        row.integer("number").unwrap()
    };
    let tag = "SELECT epoch AS number FROM member WHERE user <> (SELECT creator FROM organization)";
    let told = || {
        let epoch = number("SELECT epoch AS number FROM organization");
        let events = number("SELECT COUNT(*) AS number FROM webhook_event");
        let waiting = number("SELECT COUNT(*) AS number FROM outbox");
        (
            epoch,
            events,
            waiting,
            acme.world.objects.announced.borrow().len(),
        )
    };
    let (before, old_tag) = (told(), number(tag));
    acme.world.clock.advance_ms(1);
    assert_eq!(renamed.as_jane(Some(JONES), Method::Get, "").status, 404);
    assert_eq!(told(), before);
    assert!(
        number(tag) > old_tag,
        "who saw her old address edits her no more"
    );
    assert_eq!(acme.post(&acme.ada, "/restore", &json!({})).status, 200);
    acme.world.settle();
    assert_eq!(renamed.addresses(), [Some(JONES.to_owned())]);
}

/// Each is who they are, by another account; a file has only addresses to name them by.
#[test]
fn who_share_an_address_are_exported_so_that_it_is_imported() {
    let renamed = Renamed::new();
    let acme = &renamed.acme;
    acme.joined(JONES, "admin");
    let joined = renamed.as_jane(Some(SMITH), Method::Post, "/join");
    assert_eq!(joined.status, 200, "{}", text(&joined));
    let north = acme.workspace("North").replace("/workspaces/", "");
    for (name, emails) in [("Both", &[JONES, SMITH][..]), ("Hers", &[SMITH])] {
        let made = json!({ "name": name, "workspace": north });
        let group = id(&acme.post(&acme.ada, "/groups", &made));
        for email in emails {
            let member = format!("/groups/{group}{}", acme.member(email));
            assert_eq!(acme.put(&acme.ada, &member, &json!({})).status, 200);
        }
    }
    let bridge = json!({ "name": "Bridge", "workspace": north });
    id(&acme.post(&acme.ada, "/projects", &bridge));
    let jane = acme.user(SMITH);
    acme.execute(&format!(
        "UPDATE node SET owner = '{jane}' WHERE level = 'project'"
    ));
    acme.world.clock.advance_ms(1);
    assert_eq!(renamed.as_jane(Some(JONES), Method::Get, "").status, 200);
    assert_eq!(
        renamed.addresses(),
        [Some(JONES.to_owned()), Some(JONES.to_owned())]
    );

    let file = json(&exported(acme));
    let members = file["members"].as_array().unwrap();
    assert_eq!(members.len(), 2, "{file}");
    assert_eq!(members[1]["email"], JONES);
    assert_eq!(members[1]["grants"], json!([{ "role": "admin" }]));
    assert_eq!(file["members_left_out"], 1);
    // What was Jane's is nobody else's.
    let groups = [0, 1].map(|at| file["groups"][at]["members"].clone());
    assert_eq!(groups, [json!([JONES]), json!([])]);
    assert_eq!(file["projects"][0].get("owner"), None);
    let imported = acme.import(&acme.ada, &file);
    assert_eq!(imported.status, 201, "{}", text(&imported));
    assert_eq!(json(&imported)["invitations"], 1);
}
