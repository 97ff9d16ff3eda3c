//! How much an isolate remembers.

use std::rc::Rc;

use lockstep_wire::{
    GrantRecord, KindName, LevelName, NodeRecord, PolicyReference, SNAPSHOT_FORMAT, Snapshot,
};

use super::{Cache, ENTRIES_MAX, Held, Known, WEIGHT_MAX};

/// A principal of an organization with so many places, asked about at that time.
fn known(places: usize, asked_at_ms: i64) -> Known {
    let node = NodeRecord {
        id: "org_1".to_owned(),
        level: LevelName::Organization,
        parent: None,
        owned: false,
    };
    let grant = GrantRecord {
        role: "member".to_owned(),
        node: "org_1".to_owned(),
        not_before_ms: None,
        expires_at_ms: None,
        group: None,
    };
    let snapshot = Snapshot {
        format: SNAPSHOT_FORMAT,
        policy: PolicyReference {
            id: "p".to_owned(),
            digest: String::new(),
        },
        organization: "org_1".to_owned(),
        principal: "usr_1".to_owned(),
        epoch: 1,
        server_time_ms: 1,
        kind: KindName::User,
        plan: Vec::new(),
        roles: Vec::new(),
        rules: Vec::new(),
        nodes: vec![node; places],
        grants: vec![grant; 2],
        token: None,
    };
    Known {
        asked_at_ms,
        epoch: 1,
        token_lifetime_max_s: None,
        tokens_from_ms: None,
        snapshot: Rc::new(Held::new(snapshot)),
        own: None,
    }
}

/// One customer's thousands of places, for each of its members, are in the memory of everybody.
#[test]
fn an_isolate_remembers_so_many_places_and_grants_and_no_more() {
    let cache = Cache::default();
    let mut most = 0;
    for at in 0..200 {
        cache.remember(format!("grants/org_1/usr_{at}"), known(4_000, at));
        let entries = cache.known.borrow();
        let weight: usize = entries.values().map(|known| known.snapshot.weight()).sum();
        most = most.max(weight);
        let newest = entries.values().map(|known| known.asked_at_ms).max();
        assert_eq!(newest, Some(at), "the newest is there");
    }
    assert!((WEIGHT_MAX / 2..=WEIGHT_MAX).contains(&most), "{most}");
}

#[test]
fn an_isolate_remembers_so_many_principals_and_no_more() {
    let cache = Cache::default();
    let count = i64::try_from(3 * ENTRIES_MAX).unwrap();
    for at in 0..count {
        cache.remember(format!("grants/org_1/usr_{at}"), known(1, at));
    }
    let entries = cache.known.borrow().len();
    assert!(
        (ENTRIES_MAX / 2..=ENTRIES_MAX).contains(&entries),
        "{entries}"
    );
}

/// What was asked earlier is not put over what was asked later, and takes its own place in the sum.
#[test]
fn of_one_principal_the_newest_is_kept() {
    let cache = Cache::default();
    for at in [5, 3, 7] {
        cache.remember("grants/org_1/usr_1".to_owned(), known(1, at));
    }
    let entries = cache.known.borrow();
    let times: Vec<i64> = entries.values().map(|known| known.asked_at_ms).collect();
    assert_eq!(times, [7]);
}
