//! What is stored under one policy or configuration, and asked about under the next.

use std::rc::Rc;

use lockstep_wire::{AuditPoint, AuditStart, CompiledPolicy};
use serde_json::Value;

use super::{Acme, BEN, audit::follow, lockstep, plans::KEY, roles::blind_editor};
use crate::{
    sql::Sql,
    testing::{World, config},
};

impl Acme {
    /// The same objects and the same KV, once something else was deployed.
    fn under(&self, vars: &[(&str, &str)]) -> Self {
        self.deployed_as(World::with_vars(vars))
    }

    /// The same under Lockstep's own policy, of which the document was changed as JSON.
    pub(super) fn under_changed(&self, change: impl FnOnce(Value) -> Value) -> Self {
        let mut config = config(&[
            ("LOCKSTEP_POLICY", "lockstep"),
            ("LOCKSTEP_OPERATOR_KEY", KEY),
        ]);
        let document = serde_json::to_value(&config.policy.document).unwrap();
        let document = change(document).to_string();
        config.policy = Rc::new(CompiledPolicy::from_json(&document).unwrap());
        self.deployed_as(World::of(config))
    }

    fn deployed_as(&self, world: World) -> Self {
        world.objects.take_over(&self.world.objects);
        for (key, value) in self.world.kv.puts.borrow().iter() {
            world.kv.set(key, value);
        }
        Self {
            world,
            ada: self.ada.clone(),
            id: self.id.clone(),
        }
    }
}

/// Whoever does not change is asked about by many isolates, each of which would ask the object for ever.
#[test]
fn kv_is_filled_again_under_another_policy() {
    let acme = lockstep("");
    blind_editor(&acme);
    assert!(acme.may(&acme.ada, "organization.read"));
    acme.world.settle();
    let later = acme.under(&[("LOCKSTEP_POLICY", "langsmith-current")]);
    let policy = &later.world.edge.config.policy.policy;
    let mut permissions = policy.permissions().iter();
    let is_plain = |id: &str| {
        let permission = policy.permission(id).unwrap();
        !policy.depends_on_facts(permission)
    };
    let plain = permissions.find(|known| !known.sensitive && is_plain(&known.id));
    let plain = plain.unwrap().id.as_str();
    let asked = || ["snapshot", "roles"].map(|command| later.world.objects.asked(command));
    let before = asked();
    for isolates in 0..3 {
        later.world.edge.grants.forget();
        later.may(&later.ada, plain);
        later.world.clock.advance_ms(2_000);
        later.world.settle();
        assert_eq!(asked(), before.map(|count| count + 1), "{isolates}");
    }
}

/// Nobody need change for a namespace that was lost to be filled again.
#[test]
fn kv_is_filled_again_when_it_has_lost_what_it_was_sent() {
    let acme = lockstep("");
    blind_editor(&acme);
    assert!(acme.may(&acme.ada, "organization.read"));
    acme.world.settle();
    let asked = || ["snapshot", "roles"].map(|command| acme.world.objects.asked(command));
    let by_a_new_isolate = || {
        acme.world.edge.grants.forget();
        let before = asked();
        assert!(acme.may(&acme.ada, "organization.read"));
        acme.world.clock.advance_ms(2_000);
        acme.world.settle();
        let after = asked();
        [after[0] - before[0], after[1] - before[1]]
    };
    assert_eq!(by_a_new_isolate(), [0, 0], "it has both");
    acme.world.kv.lose_all();
    let puts = acme.world.kv.puts.borrow().len();
    assert_eq!(by_a_new_isolate(), [1, 1]);
    let now = acme.world.kv.puts.borrow().len();
    assert_eq!(now, puts, "what was sent a moment ago may be on its way");
    acme.world.clock.advance_ms(3_600_000);
    assert_eq!(by_a_new_isolate(), [1, 1]);
    assert_eq!(by_a_new_isolate(), [0, 0], "it has both again");
}

/// However short the window is, what an object answers is an answer, and asking it twice is none that is newer.
#[test]
fn without_a_window_each_question_asks_the_object_once() {
    let acme = Acme::in_world(World::with_vars(&[("LOCKSTEP_FRESHNESS_MS", "0")]));
    let stranger = acme.world.sign_in(BEN);
    for (session, is_member) in [(&acme.ada, true), (&stranger, false)] {
        let before = acme.world.objects.asked("freshness");
        assert_eq!(acme.may(session, "resources.view"), is_member);
        let left = acme.world.drop_background();
        let asked = acme.world.objects.asked("freshness") - before;
        assert_eq!((asked, left), (1, 0), "{is_member}");
    }
}

/// Whoever only reads sets no alarm, and one that was set under a longer time is late.
#[test]
fn what_the_log_keeps_no_longer_is_not_shown_however_long_nobody_changes_anything() {
    let acme = lockstep("");
    acme.invited(BEN, "member");
    let day_ms = 86_400_000_i64;
    let age = format!("UPDATE audit SET at_ms = at_ms - {}", 40 * day_ms);
    acme.execute(&age);
    // More than one sweep removes.
    let many = "WITH RECURSIVE more (number) AS (SELECT 3 UNION ALL SELECT number + 1 FROM more WHERE number < 6000)
        INSERT INTO audit (number, at_ms, epoch, action, target, outcome, count, changes, hash)
        SELECT more.number, audit.at_ms, 1, 'old', 'x', 'done', 1, '[]', 'ff' FROM more, audit WHERE audit.number = 2";
    acme.execute(many);
    let renamed = acme.patch(&acme.ada, "", &serde_json::json!({ "name": "Later" }));
    assert_eq!(renamed.status, 200);
    assert_eq!(acme.log().len(), 6_001);
    // The day's count of mails would wake it, too.
    acme.execute("DELETE FROM invitation_mail");
    assert_eq!(acme.world.objects.organization_wakes_at_ms(&acme.id), None);

    let later = acme.under(&[
        ("LOCKSTEP_POLICY", "lockstep"),
        ("LOCKSTEP_AUDIT_DAYS", "30"),
    ]);
    let beginning = AuditPoint {
        number: 6_000,
        hash: "ff".to_owned(),
    };
    // Whether it is read for the first time, while some of it is still stored, or once none of it is.
    for _ in 0..3 {
        let log = later.log();
        let numbers: Vec<i64> = log.iter().map(|row| row.number).collect();
        assert_eq!(numbers, [6_001]);
        let export = later.export("format=ndjson");
        assert_eq!(export.lines().count(), 3, "start, row and end");
        let start: AuditStart = serde_json::from_str(export.lines().next().unwrap()).unwrap();
        assert_eq!(start.checkpoint, beginning);
        follow(start.checkpoint, &log).unwrap();
        assert_eq!(later.export("format=csv&action=old").lines().count(), 1);
    }
    let sql = later.database();
    let rows = Sql::exec(&*sql, "SELECT number FROM audit", &[]).unwrap();
    assert_eq!(rows.len(), 1);
    // When all of it is too old, what comes next still stands on it.
    later.execute(&age);
    assert_eq!(later.log(), []);
    later.patch(&later.ada, "", &serde_json::json!({ "name": "Again" }));
    assert_eq!(later.log()[0].number, 6_002);
}
