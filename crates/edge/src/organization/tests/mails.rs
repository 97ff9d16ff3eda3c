//! Mails about memberships: how many there are, which of those that wait is sent, and which never is.

use serde_json::{Value, json};

use super::{ADA, Acme, BEN, CAT, lockstep};
use crate::{
    objects::Class,
    organization::{Command, OrganizationObject},
    testing::text,
};

impl Acme {
    /// How many mails an address got that begin so.
    fn mailed(&self, address: &str, subject: &str) -> usize {
        self.subjects(address)
            .iter()
            .filter(|told| told.starts_with(subject))
            .count()
    }

    /// The subjects of the mails that an address got, the oldest first.
    fn subjects(&self, address: &str) -> Vec<String> {
        let mails = self.world.mail(address);
        let subjects = mails.iter().map(|mail| mail.message.subject.clone());
        let mut subjects: Vec<String> = subjects.collect();
        subjects.reverse();
        subjects
    }

    pub(super) fn make(&self, email: &str, role: &str) {
        let given = self.patch(&self.ada, &self.member(email), &json!({ "role": role }));
        assert_eq!(given.status, 200, "{}", text(&given));
    }

    /// The provider of mails does not answer until [`Self::deliver_mails`].
    fn hold_mails(&self) {
        self.world.objects.is_down.set(Some(Class::Mailbox));
    }

    fn deliver_mails(&self) {
        self.world.settle();
        self.world.objects.is_down.set(None);
        self.world.clock.advance_ms(300_000);
        self.world.settle();
    }
}

#[test]
fn i12_who_gives_roles_again_and_again_mails_five_a_day_to_one_address() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    acme.forget_mails();
    for at in 0..20 {
        acme.make(BEN, ["admin", "member"][at % 2]);
        acme.world.settle();
    }
    assert_eq!(acme.mailed(BEN, "Your role"), 5);
    // On their page all of it is told.
    let request = crate::http::Request::new(crate::http::Method::Get, "/v1/me/notifications");
    let told = acme.world.send(&request.with_header("cookie", &ben));
    assert_eq!(crate::testing::json(&told)["unread"], 20);
    // What is mailed about roles counts with invitations.
    let path = acme.member(BEN);
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    assert_eq!(acme.mailed(BEN, "You are no longer"), 0);
    acme.world.clock.advance_ms(86_400_000);
    let acme = Acme {
        ada: acme.world.sign_in(ADA),
        ..acme
    };
    acme.joined(BEN, "member");
    acme.make(BEN, "admin");
    assert_eq!(acme.mailed(BEN, "Your role"), 6);
}

/// The last one that there was room for is outdated, and none replaces it.
#[test]
fn a_mail_that_is_too_many_leaves_none_of_before_waiting() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    acme.forget_mails();
    for at in 0..4 {
        acme.make(BEN, ["admin", "member"][at % 2]);
        acme.world.settle();
    }
    acme.hold_mails();
    acme.make(BEN, "admin");
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    acme.deliver_mails();
    assert_eq!(acme.mailed(BEN, "Your role"), 4);
    assert_eq!(acme.mailed(BEN, "You are no longer"), 0);
}

#[test]
fn a_role_that_changes_while_its_member_is_suspended_is_mailed_no_more() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    acme.forget_mails();
    acme.hold_mails();
    acme.make(BEN, "admin");
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    acme.make(BEN, "view-only");
    assert_eq!(acme.delete(&acme.ada, &suspension).status, 200);
    acme.deliver_mails();
    assert_eq!(acme.mailed(BEN, "Your role"), 0);
}

#[test]
fn i12_who_gives_roles_to_many_mails_two_hundred_a_day() {
    let acme = lockstep("");
    let people: Vec<String> = (0..70).map(|n| format!("p{n}@example.com")).collect();
    for address in &people {
        acme.joined(address, "member");
        acme.forget_mails();
        // So many sign in within a minute.
        acme.world.clock.advance_ms(60_000);
    }
    let users: Vec<String> = people.iter().map(|address| acme.user(address)).collect();
    for role in ["admin", "member", "view-only"] {
        let rows = users
            .iter()
            .map(|user| json!({ "user_id": user, "role": role }));
        let body = json!({ "members": rows.collect::<Value>() });
        let done = acme.post(&acme.ada, "/members/batch", &body);
        assert_eq!(done.status, 207, "{}", text(&done));
        acme.world.settle();
    }
    let told: usize = people
        .iter()
        .map(|address| acme.mailed(address, "Your role"))
        .sum();
    assert_eq!(told, 200);
}

/// By so many invitations from one address of the network, as one session.
fn invite(acme: &Acme, session: &str, client: &str, numbers: std::ops::Range<u32>) -> Vec<u64> {
    let all: Vec<u32> = numbers.collect();
    let mut statuses = Vec::new();
    for some in all.chunks(50) {
        let address = |n: &u32| json!({ "email": format!("p{n}@example.com"), "role": "member" });
        let rows: Value = some.iter().map(address).collect();
        let path = acme.path("/invitations/batch");
        let request = crate::testing::post(&path, &json!({ "invitations": rows }));
        let request = request.with_header("cf-connecting-ip", client);
        let answer = acme.world.send(&request.with_header("cookie", session));
        assert_eq!(answer.status, 207, "{}", text(&answer));
        let results = crate::testing::json(&answer)["results"].take();
        let results = results.as_array().unwrap().clone();
        statuses.extend(results.iter().map(|row| row["status"].as_u64().unwrap()));
    }
    statuses
}

#[test]
fn i12_one_client_mails_three_hundred_a_day_whoever_it_is() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    acme.forget_mails();
    let (here, there) = ("192.0.2.1", "192.0.2.2");
    assert!(
        invite(&acme, &acme.ada, here, 0..200)
            .iter()
            .all(|it| *it == 201)
    );
    assert!(
        invite(&acme, &ben, here, 200..300)
            .iter()
            .all(|it| *it == 201)
    );
    assert_eq!(invite(&acme, &ben, here, 300..301), [429]);
    assert_eq!(invite(&acme, &ben, there, 300..301), [201]);
}

#[test]
fn i12_an_organization_mails_five_hundred_a_day_whoever_invites() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "admin");
    let cat = acme.joined(CAT, "admin");
    acme.forget_mails();
    for (session, client, numbers) in [
        (&acme.ada, "192.0.2.1", 0..200),
        (&ben, "192.0.2.2", 200..400),
        (&cat, "192.0.2.3", 400..500),
    ] {
        let statuses = invite(&acme, session, client, numbers);
        assert!(statuses.iter().all(|it| *it == 201), "{statuses:?}");
    }
    // So many may wait at once; one is taken back, and its mail was sent.
    let listed = crate::testing::json(&acme.get(&acme.ada, "/invitations"));
    let first = listed["invitations"][0]["id"].as_str().unwrap();
    let path = format!("/invitations/{first}");
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    assert_eq!(invite(&acme, &cat, "192.0.2.4", 500..501), [429]);
}

/// Whoever wants to flood somebody makes many organizations.
#[test]
fn i12_all_organizations_together_tell_an_address_of_twenty_roles_a_day() {
    let mut acme = lockstep("");
    for at in 0..6 {
        let create = crate::testing::post("/v1/organizations", &json!({ "name": "Acme" }));
        let created = acme.world.send(&create.with_header("cookie", &acme.ada));
        acme.id = super::id(&created);
        acme.world.settle();
        // The invitation is mailed as one of the twenty.
        acme.joined(BEN, "member");
        for role in ["admin", "member", "admin", "member"] {
            acme.make(BEN, role);
            acme.world.settle();
        }
        let all = acme.mailed(BEN, "Your role") + acme.mailed(BEN, "Join");
        assert_eq!(all, (5 * (at + 1)).min(20));
        if at == 3 {
            break;
        }
    }
    let id = acme.id.clone();
    let create = crate::testing::post("/v1/organizations", &json!({ "name": "Acme" }));
    let created = acme.world.send(&create.with_header("cookie", &acme.ada));
    acme.id = super::id(&created);
    assert_ne!(acme.id, id);
    acme.joined(CAT, "member");
    let ben = acme.invited(BEN, "member");
    let session = acme.world.sign_in(BEN);
    assert_eq!(acme.accept(&session, &ben).status, 200);
    acme.make(BEN, "admin");
    assert_eq!(acme.mailed(BEN, "Your role"), 16);
    acme.make(CAT, "admin");
    assert_eq!(acme.mailed(CAT, "Your role"), 1);
}

#[test]
fn what_waits_to_be_mailed_goes_with_its_invitation() {
    type Ends = fn(&Acme, &str);
    let ends: [Ends; 3] = [
        |acme, invitation| {
            let path = format!("/invitations/{invitation}");
            assert_eq!(acme.delete(&acme.ada, &path).status, 204);
        },
        |acme, _| assert_eq!(acme.delete(&acme.ada, "").status, 204),
        |acme, invitation| {
            let path = format!("/invitations/{invitation}/resend");
            assert_eq!(acme.post(&acme.ada, &path, &json!({})).status, 200);
        },
    ];
    for (end, mails) in ends.into_iter().zip([0, 0, 1]) {
        let acme = lockstep("");
        acme.hold_mails();
        let invitation = acme.invited(BEN, "member");
        end(&acme, &invitation);
        acme.deliver_mails();
        assert_eq!(acme.mailed(BEN, "Join"), mails);
    }
}

#[test]
fn who_was_given_several_roles_reads_of_the_last_one_last() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    acme.joined(CAT, "member");
    acme.hold_mails();
    acme.make(BEN, "admin");
    acme.make(CAT, "admin");
    acme.world.settle();
    acme.world.objects.is_down.set(None);
    acme.make(BEN, "view-only");
    acme.world.settle();
    acme.deliver_mails();
    assert_eq!(acme.mailed(BEN, "Your role in Acme is now View-Only."), 1);
    assert_eq!(acme.mailed(BEN, "Your role"), 1);
    assert_eq!(acme.mailed(CAT, "Your role in Acme is now Admin."), 1);
    // Who is removed meanwhile reads of that alone.
    acme.hold_mails();
    acme.make(BEN, "member");
    let path = acme.member(BEN);
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    acme.deliver_mails();
    assert_eq!(acme.mailed(BEN, "Your role"), 1);
    assert_eq!(acme.mailed(BEN, "You are no longer"), 1);
}

#[test]
fn what_waits_for_a_member_goes_when_they_are_suspended() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    acme.forget_mails();
    acme.hold_mails();
    acme.make(BEN, "admin");
    acme.world.settle();
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);
    acme.deliver_mails();
    assert_eq!(acme.mailed(BEN, "Your role"), 0);
}

/// It would be read by whoever has the earlier one by now.
#[test]
fn what_waits_for_a_member_goes_with_their_address() {
    for becomes in [Some(CAT), None] {
        let acme = lockstep("");
        acme.joined(BEN, "member");
        acme.forget_mails();
        acme.hold_mails();
        acme.make(BEN, "admin");
        acme.world.settle();
        let user = acme.member(BEN);
        let command = Command::MemberAddress {
            user: user.rsplit('/').next().unwrap().to_owned(),
            address: becomes.map(str::to_owned),
            at_ms: acme.world.edge.clock.now_ms(),
        };
        let told = acme
            .world
            .ask::<OrganizationObject, Value>(&acme.id, &command);
        told.unwrap();
        acme.deliver_mails();
        assert_eq!(acme.mailed(BEN, "Your role"), 0);
    }
}

#[test]
fn who_is_back_is_not_mailed_that_they_were_removed() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    acme.forget_mails();
    acme.hold_mails();
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    acme.world.settle();
    let invitation = super::id(&acme.invite(&acme.ada, BEN, "member"));
    assert_eq!(acme.accept(&ben, &invitation).status, 200);
    acme.deliver_mails();
    assert_eq!(acme.mailed(BEN, "You are no longer"), 0);
}
