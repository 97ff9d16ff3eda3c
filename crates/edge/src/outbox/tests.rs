//! Deliveries: order, gaps, retries and what is dropped.

use super::{Delivery, drain, enqueue, next_at_ms};
use crate::{
    edge::{Kv, KvError, KvKeys, Later},
    mail::Mail,
    objects::Class,
    sql::Sql,
    testing::{Lines, START_MS, World, now},
    user::{Command, OrganizationChange, Profile, UserObject},
};

/// A user's object: any born object has an outbox.
fn born(world: &World) -> std::rc::Rc<crate::testing::LocalSql> {
    let open = Command::OpenSession {
        id: "ses_1".to_owned(),
        address: "ann@example.com".to_owned(),
        hash: "h".to_owned(),
    };
    world.ask::<UserObject, ()>("usr_1", &open).unwrap();
    world.objects.database(Class::User, "usr_1").unwrap()
}

fn put(world: &World, sql: &dyn Sql, key: &str, value: &str) {
    let delivery = Delivery::KvPut {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    enqueue(sql, crate::edge::Clock::now_ms(&*world.clock), &delivery).unwrap();
}

fn puts(world: &World) -> Vec<String> {
    world
        .kv
        .puts
        .borrow()
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}

/// A deployment whose mails go to a provider.
fn with_provider() -> World {
    World::with_vars(&[
        ("LOCKSTEP_MAIL", "http"),
        ("LOCKSTEP_MAIL_URL", "https://mail.example/send"),
        ("LOCKSTEP_MAIL_KEY", "very-secret"),
        ("LOCKSTEP_MAIL_FROM", "us@example.com"),
    ])
}

fn owe_codes(sql: &dyn Sql, count: usize) {
    for at in 0..count {
        let mail = Mail::SignInCode {
            to: format!("p{at}@example.com"),
            name: "adr_1".to_owned(),
            nonce: at.to_string(),
            expires_at_ms: START_MS + 600_000,
        };
        enqueue(sql, START_MS, &Delivery::mail(mail, START_MS)).unwrap();
    }
}

/// What has no turn at a slow provider is neither sent nor late.
#[test]
fn every_mail_is_taken_by_a_slow_provider_at_the_first_try() {
    let world = with_provider();
    let sql = born(&world);
    owe_codes(&*sql, 20);
    let lines = Lines::new(START_MS, 3_000);
    let edge = lines.on(&world.edge);
    let mut alarms = 0;
    while next_at_ms(&*sql).unwrap().is_some() {
        lines
            .run(drain::<UserObject>(&*sql, &edge, "usr_1"))
            .unwrap();
        alarms += 1;
    }
    assert_eq!(
        (lines.sent().len(), alarms),
        (20, 4),
        "each at the first try"
    );
}

/// Others decide by what is in KV, and programs by webhooks, which follow the outbox in the same alarm.
#[test]
fn what_is_owed_to_others_does_not_wait_for_a_provider_of_mails() {
    let world = with_provider();
    let sql = born(&world);
    owe_codes(&*sql, 20);
    put(&world, &*sql, "a", "1");
    put(&world, &*sql, "b", "1");
    let lines = Lines::new(START_MS, 60_000);
    let edge = lines.on(&world.edge);
    let alarm = || {
        lines
            .run(drain::<UserObject>(&*sql, &edge, "usr_1"))
            .unwrap()
    };
    alarm();
    assert_eq!(puts(&world), ["a=1", "b=1"]);
    assert_eq!(lines.sent().len(), 6, "the first mails, which hang");
    put(&world, &*sql, "c", "1");
    alarm();
    assert_eq!(puts(&world), ["a=1", "b=1", "c=1"]);
    assert!(crate::edge::Clock::now_ms(&lines) <= START_MS + 12_000);
}

/// A KV whose puts take as long as they may, and fail.
struct Hanging(Lines);

impl Kv for Hanging {
    fn get<'a>(&'a self, _: &'a str) -> Later<'a, Result<Option<String>, KvError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn put<'a>(&'a self, _: &'a str, _: &'a str) -> Later<'a, Result<(), KvError>> {
        let late = crate::edge::Clock::sleep(&self.0, 5_000);
        Box::pin(async move {
            late.await;
            Err(KvError::Late("no answer".to_owned()))
        })
    }

    fn list<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a str>,
        _: u32,
    ) -> Later<'a, Result<KvKeys, KvError>> {
        Box::pin(std::future::pending())
    }
}

#[test]
fn mails_have_their_turn_however_much_hangs_before_them() {
    let world = with_provider();
    let sql = born(&world);
    for at in 0..20 {
        put(&world, &*sql, &format!("key-{at}"), "1");
    }
    owe_codes(&*sql, 7);
    let lines = Lines::new(START_MS, 10);
    let edge = crate::edge::Edge {
        kv: std::rc::Rc::new(Hanging(lines.clone())),
        ..lines.on(&world.edge)
    };
    lines
        .run(drain::<UserObject>(&*sql, &edge, "usr_1"))
        .unwrap();
    assert_eq!(lines.sent().len(), 7, "all, in the same alarm");
}

#[test]
fn one_key_is_put_in_order_at_most_once_a_second_and_only_the_newest() {
    let world = World::new();
    let sql = born(&world);
    put(&world, &*sql, "a", "1");
    put(&world, &*sql, "b", "1");
    world.settle();
    assert_eq!(puts(&world), ["a=1", "b=1"]);
    for value in ["2", "3", "4"] {
        world.clock.advance_ms(100);
        put(&world, &*sql, "a", value);
        world.settle();
    }
    assert_eq!(puts(&world), ["a=1", "b=1"]);
    assert_eq!(next_at_ms(&*sql).unwrap(), Some(START_MS + 1_000));
    world.clock.advance_ms(699);
    world.settle();
    assert_eq!(puts(&world), ["a=1", "b=1"]);
    world.clock.advance_ms(1);
    world.settle();
    assert_eq!(puts(&world), ["a=1", "b=1", "a=4"]);
    assert_eq!(next_at_ms(&*sql).unwrap(), None);
}

#[test]
fn what_fails_is_tried_again_with_longer_and_longer_waits() {
    let world = World::new();
    let sql = born(&world);
    world.kv.is_down.set(true);
    put(&world, &*sql, "a", "1");
    let mut waits = Vec::new();
    for _ in 0..11 {
        world.settle();
        let wait_ms =
            next_at_ms(&*sql).unwrap().unwrap() - crate::edge::Clock::now_ms(&*world.clock);
        waits.push(wait_ms / 1_000);
        world.clock.advance_ms(wait_ms);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    world.kv.is_down.set(false);
    world.settle();
    assert_eq!(puts(&world), ["a=1"]);
}

#[test]
fn a_newer_value_does_not_wait_for_the_retry_of_an_older_one() {
    let world = World::new();
    let sql = born(&world);
    world.kv.is_down.set(true);
    put(&world, &*sql, "a", "1");
    world.settle();
    world.kv.is_down.set(false);
    put(&world, &*sql, "a", "2");
    world.clock.advance_ms(1_000);
    world.settle();
    assert_eq!(puts(&world), ["a=2"]);
}

/// KV that has an older value under way when a newer one comes.
struct LateKv {
    inner: std::rc::Rc<crate::testing::MemoryKv>,
    is_late: std::cell::Cell<bool>,
}

impl Kv for LateKv {
    fn get<'a>(&'a self, key: &'a str) -> Later<'a, Result<Option<String>, KvError>> {
        self.inner.get(key)
    }

    fn put<'a>(&'a self, key: &'a str, value: &'a str) -> Later<'a, Result<(), KvError>> {
        if !self.is_late.get() {
            return self.inner.put(key, value);
        }
        Box::pin(std::future::ready(Err(KvError::Late("late".to_owned()))))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u32,
    ) -> Later<'a, Result<KvKeys, KvError>> {
        self.inner.list(prefix, after, limit)
    }
}

#[test]
fn a_put_that_lands_late_is_put_over() {
    for is_there_already in [true, false] {
        let mut world = World::new();
        let kv = std::rc::Rc::new(LateKv {
            inner: world.kv.clone(),
            is_late: std::cell::Cell::new(true),
        });
        world.edge.kv = kv.clone();
        let sql = born(&world);
        put(&world, &*sql, "a", "1");
        world.settle();
        kv.is_late.set(false);
        if !is_there_already {
            // The same value again waits for nothing.
            world.clock.advance_ms(1_000);
            world.settle();
            assert_eq!(puts(&world), ["a=1"]);
        }
        put(&world, &*sql, "a", "2");
        put(&world, &*sql, "b", "1");
        let before = puts(&world).len();
        world
            .clock
            .advance_ms(59_999 - 1_000 * i64::from(!is_there_already));
        world.settle();
        assert_eq!(puts(&world)[before..], ["b=1"]);
        kv.inner.set("a", "1");
        world.clock.advance_ms(2_000);
        world.settle();
        assert_eq!(puts(&world)[before..], ["b=1", "a=2"]);
        assert_eq!(now(kv.get("a")).unwrap().as_deref(), Some("2"));
    }
}

#[test]
fn what_the_receiver_refuses_for_good_is_dropped_and_what_is_down_is_not() {
    let world = World::new();
    let sql = born(&world);
    let change = OrganizationChange {
        organization: "org_1".to_owned(),
        epoch: 1,
        name: Some("Alpha".to_owned()),
        restorable: None,
    };
    let to = |user: &str| Delivery::UserOrganization {
        user: user.to_owned(),
        change: change.clone(),
    };
    world.objects.is_down.set(Some(Class::User));
    enqueue(&*sql, START_MS, &to("usr_unborn")).unwrap();
    enqueue(&*sql, START_MS, &to("usr_1")).unwrap();
    world.settle();
    let left = || sql.exec("SELECT id FROM outbox", &[]).unwrap().len();
    assert_eq!(left(), 2);
    world.objects.is_down.set(None);
    world.clock.advance_ms(1_000);
    world.settle();
    assert_eq!(left(), 0);
    let profile: Profile = world
        .ask::<UserObject, _>("usr_1", &Command::Profile)
        .unwrap();
    assert_eq!(profile.organizations.len(), 1);
}

#[test]
fn mail_that_is_of_no_more_use_is_dropped() {
    let world = World::new();
    let sql = born(&world);
    let mail = Mail::SignInCode {
        to: "ann@example.com".to_owned(),
        name: "n".to_owned(),
        nonce: "0".to_owned(),
        expires_at_ms: START_MS + 5_000,
    };
    enqueue(&*sql, START_MS, &Delivery::mail(mail, START_MS)).unwrap();
    world.objects.is_down.set(Some(Class::Mailbox));
    world.settle();
    world.clock.advance_ms(5_000);
    world.objects.is_down.set(None);
    world.settle();
    assert_eq!(next_at_ms(&*sql).unwrap(), None);
    assert!(world.mail("ann@example.com").is_empty());
}

#[test]
fn a_change_that_is_undone_delivers_nothing() {
    let world = World::new();
    let sql = born(&world);
    let sql: &dyn Sql = &*sql;
    let undone: Result<(), crate::problem::ApiError> = sql.transaction(|| {
        put(&world, sql, "a", "1");
        Err(crate::problem::ApiError::not_found())
    });
    assert!(undone.is_err());
    world.settle();
    assert!(puts(&world).is_empty());
}

/// A release is rolled back: what newer code owes is done when it comes again, and not given up by code that does not know it.
#[test]
fn what_other_code_has_written_waits_for_it_a_week_long() {
    let world = World::new();
    let sql = born(&world);
    let left = || sql.exec("SELECT id FROM outbox", &[]).unwrap().len();
    let owe = |payload: &str| {
        let insert = "INSERT INTO outbox (payload, next_at_ms) VALUES (?, ?)";
        let now_ms = crate::edge::Clock::now_ms(&*world.clock);
        sql.exec(insert, &[payload.into(), now_ms.into()]).unwrap();
    };
    owe("{\"of_tomorrow\":{}}");
    world.settle();
    assert_eq!(left(), 1);
    let known = "UPDATE outbox SET payload = ?";
    let delivery = "{\"kv_put\":{\"key\":\"a\",\"value\":\"1\"}}";
    sql.exec(known, &[delivery.into()]).unwrap();
    world.clock.advance_ms(1_000);
    world.settle();
    assert_eq!((puts(&world), left()), (vec!["a=1".to_owned()], 0));

    owe("{\"of_tomorrow\":{}}");
    for _ in 0..2_016 {
        world.clock.advance_ms(300_000);
        world.settle();
        assert_eq!(left(), 1);
    }
    world.clock.advance_ms(300_000);
    world.settle();
    assert_eq!(left(), 0);
}
