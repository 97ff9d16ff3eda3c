//! Invitations that wait for an address, however many organizations have sent some.

use serde_json::Value;

use super::{
    ANN, AddressObject, Command, InvitationChange, MINUTE_MS, PendingInvitation, object_name,
};
use crate::{
    http::{Method, Request},
    objects::Class,
    testing::{START_MS, World, json},
};

/// What an organization's outbox tells of its invitation.
fn tell(world: &World, number: i64, epoch: i64, is_pending: bool) {
    let pending = is_pending.then(|| PendingInvitation {
        organization: format!("org_{number}"),
        organization_name: format!("Name {number}"),
        role: "member".to_owned(),
        role_name: "Member".to_owned(),
        invited_by: "mallory@example.com".to_owned(),
        invited_by_program: None,
        message: None,
    });
    let change = InvitationChange {
        invitation: format!("inv_{number}"),
        epoch,
        expires_at_ms: START_MS + MINUTE_MS * 60,
        pending,
    };
    let command = Command::ProjectInvitation { change };
    let name = object_name(world, ANN);
    world.ask::<AddressObject, ()>(&name, &command).unwrap();
}

fn page(world: &World, session: &str, path: &str, query: &str) -> Value {
    let request = Request::new(Method::Get, path).with_query(query);
    let answer = world.send(&request.with_header("cookie", session));
    assert_eq!(answer.status, 200);
    json(&answer)
}

/// The ids of all that are listed, over the pages.
fn listed(world: &World, session: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut query = "limit=200".to_owned();
    loop {
        let page = page(world, session, "/v1/me/invitations", &query);
        let entries = page["invitations"].as_array().unwrap();
        assert!(entries.len() <= 200);
        ids.extend(
            entries
                .iter()
                .map(|one| one["id"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => query = format!("limit=200&cursor={next}"),
            None => return ids,
        }
    }
}

#[test]
fn what_waits_comes_in_pages_the_newest_first() {
    let world = World::new();
    let session = world.sign_in(ANN);
    (1..=450).for_each(|number| tell(&world, number, 1, true));
    tell(&world, 7, 2, false);
    let ids = listed(&world, &session);
    assert_eq!(ids.len(), 449);
    assert_eq!((ids[0].as_str(), ids[448].as_str()), ("inv_450", "inv_1"));
    assert!(!ids.contains(&"inv_7".to_owned()));
    let unasked = page(&world, &session, "/v1/me/invitations", "");
    assert_eq!(unasked["invitations"].as_array().unwrap().len(), 50);
    let told = page(&world, &session, "/v1/me/notifications", "");
    assert_eq!(told["invitations"].as_array().unwrap().len(), 200);
}

/// Anybody makes as many organizations as they like, each of which invites whom it likes.
#[test]
fn an_address_keeps_a_thousand_whoever_sends_more() {
    let world = World::new();
    let session = world.sign_in(ANN);
    (1..=1_200).for_each(|number| tell(&world, number, 1, true));
    assert_eq!(listed(&world, &session).len(), 1_000);
    // What is there is told of on, and makes room when it is over.
    tell(&world, 1_000, 2, false);
    let ids = listed(&world, &session);
    assert_eq!((ids.len(), ids[0].as_str()), (999, "inv_999"));
    world.clock.advance_ms(MINUTE_MS * 60 + 86_400_000);
    tell(&world, 2_000, 1, true);
    let name = object_name(&world, ANN);
    let sql = world.objects.database(Class::Address, &name).unwrap();
    let sql: &dyn crate::sql::Sql = &*sql;
    let left = sql.exec("SELECT id FROM invitation", &[]).unwrap();
    assert_eq!(left.len(), 1);
}
