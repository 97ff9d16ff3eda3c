//! What is over is kept for a while, and no longer.

use serde_json::json;

use super::{ADA, Acme, BEN, CAT, DAN, lockstep};
use crate::{
    edge::Clock,
    objects::Class,
    sql::Sql,
    testing::{json, text},
};

const DAY_MS: i64 = 86_400_000;

impl Acme {
    pub(super) fn count(&self, table: &str) -> i64 {
        let select = format!("SELECT COUNT(*) AS n FROM {table}");
        let rows = Sql::exec(&*self.database(), &select, &[]).unwrap();
        rows[0].integer("n").unwrap()
    }

    fn counts(&self) -> [i64; 4] {
        let tables = [
            "invitation",
            "invitation_grant",
            "invitation_link",
            "invitation_mail",
        ];
        tables.map(|table| self.count(table))
    }

    /// Days go by, and the alarm rings.
    fn later(&self, days: i64) {
        self.world.clock.advance_ms(days * DAY_MS);
        self.world.ring(Class::Organization, &self.id);
    }
}

#[test]
fn addresses_of_invitations_that_are_over_are_kept_for_ninety_days() {
    let mut acme = lockstep("");
    let north = acme.workspace("North").replace("/workspaces/", "");
    let role = json!([{ "workspace": north, "role": "viewer" }]);
    let invite = |email: &str| {
        let body = json!({ "email": email, "role": "member", "workspaces": role });
        let made = acme.post(&acme.ada, "/invitations", &body);
        assert_eq!(made.status, 201, "{}", text(&made));
        json(&made)["id"].as_str().unwrap().to_owned()
    };
    let [accepted, canceled, waiting] = [BEN, DAN, CAT].map(invite);
    let ben = acme.world.sign_in(BEN);
    let accept = format!("/invitations/{accepted}/accept");
    assert_eq!(acme.post(&ben, &accept, &json!({})).status, 200);
    let cancel = format!("/invitations/{canceled}");
    assert_eq!(acme.delete(&acme.ada, &cancel).status, 204);
    let body = json!({ "role": "member", "uses_max": 9, "workspaces": role });
    let [revoked, _] = [0, 1].map(|_| {
        let made = json(&acme.post(&acme.ada, "/links", &body));
        made["id"].as_str().unwrap().to_owned()
    });
    assert_eq!(
        acme.delete(&acme.ada, &format!("/links/{revoked}")).status,
        204
    );
    acme.world.settle();
    assert_eq!(acme.counts(), [3, 5, 2, 3]);
    let log = acme.log().len();
    acme.later(1);
    assert_eq!(acme.counts(), [3, 5, 2, 0]);
    acme.later(88);
    assert_eq!(acme.counts(), [3, 5, 2, 0]);
    let wakes_at_ms = acme.world.objects.organization_wakes_at_ms(&acme.id);
    assert!(wakes_at_ms.unwrap() <= acme.world.clock.now_ms() + DAY_MS);
    acme.later(1);
    // What waits is there until somebody cancels it: it may be sent again. The other link ended a week after the first.
    assert_eq!(acme.counts(), [1, 2, 1, 0]);
    acme.later(7);
    assert_eq!(acme.counts(), [1, 1, 0, 0]);
    assert_eq!(acme.count("audit_change"), 0);
    let wakes_at_ms = acme.world.objects.organization_wakes_at_ms(&acme.id);
    assert!(wakes_at_ms.is_none_or(|at_ms| at_ms > acme.world.clock.now_ms()));
    acme.ada = acme.world.sign_in(ADA);
    assert_eq!(
        acme.log().len(),
        log,
        "their ends are in the log since they ended"
    );
    let again = acme.post(
        &acme.ada,
        &format!("/invitations/{waiting}/resend"),
        &json!({}),
    );
    assert_eq!(again.status, 200, "{}", text(&again));
    let listed = json(&acme.get(&acme.ada, "/invitations"));
    assert_eq!(listed["invitations"][0]["email"], CAT);
}
