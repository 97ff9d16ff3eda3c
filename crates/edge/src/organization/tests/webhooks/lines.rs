//! A Worker has six connections at a time that wait for an answer ("Simultaneous open connections" among the limits of Workers): what has no turn is not late.

use serde_json::json;

use super::URL;
use crate::{
    edge::Clock,
    objects::ring,
    organization::{OrganizationObject, tests::lockstep},
    sql::Sql,
    testing::{Lines, START_MS},
};

#[test]
fn slow_endpoints_take_everything_at_the_first_try() {
    let acme = lockstep("");
    let (webhook, _) = acme.webhook_with(&json!({ "name": "All", "url": URL }));
    for at in 0..20 {
        acme.rename(&format!("Acme {at}"));
    }
    let sql = acme.database();
    let lines = Lines::new(acme.world.clock.now_ms(), 6_000);
    let edge = lines.on(&acme.world.edge);
    let waiting = || {
        let waiting = "SELECT COUNT(*) AS n FROM webhook_delivery WHERE state = 'pending'";
        let rows = Sql::exec(&*sql, waiting, &[]).unwrap();
        rows[0].integer("n").unwrap()
    };
    let mut rings = 0;
    while waiting() > 0 && rings < 10 {
        lines
            .run(ring::<OrganizationObject>(&*sql, &edge, &acme.id))
            .unwrap();
        rings += 1;
    }
    let all = "SELECT state, attempts, COUNT(*) AS n FROM webhook_delivery WHERE webhook = ? GROUP BY state, attempts";
    let rows = Sql::exec(&*sql, all, &[webhook.as_str().into()]).unwrap();
    let read = |row: &crate::sql::Row| {
        (
            row.text("state").unwrap().to_owned(),
            row.integer("attempts").unwrap(),
            row.integer("n").unwrap(),
        )
    };
    let became: Vec<_> = rows.iter().map(read).collect();
    assert_eq!(became, [("delivered".to_owned(), 1, 21)]);
    assert_eq!(lines.sent().len(), 21);
    assert!(lines.now_ms() - START_MS < 60_000);
}
