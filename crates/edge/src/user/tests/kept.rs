//! What a person was told of organizations is kept for a while, and no longer.

use super::*;
use crate::{
    edge::Clock,
    testing::START_MS,
    user::{Notice, NoticeKind, Restorable},
};

fn notice(epoch: i64, at_ms: i64) -> Command {
    let notice = Notice {
        organization: "org_1".to_owned(),
        organization_name: "Acme".to_owned(),
        epoch,
        at_ms,
        kind: NoticeKind::InvitationAccepted {
            email: format!("p{epoch}@example.com"),
        },
    };
    Command::ProjectNotice { notice }
}

/// Names of organizations, and addresses of others.
#[test]
fn names_and_addresses_go_when_nobody_has_a_use_for_them() {
    let world = World::new();
    let session = world.sign_in(ANN);
    let me = json(&get(&world, "/v1/me", ("cookie", &session)));
    let user = me["user"]["id"].as_str().unwrap();
    let tell = |command: &Command| world.ask::<UserObject, ()>(user, command).unwrap();
    let change = OrganizationChange {
        organization: "org_2".to_owned(),
        epoch: 9,
        name: None,
        restorable: Some(Restorable {
            name: "Gone".to_owned(),
            until_ms: START_MS + 30 * DAY_MS,
        }),
    };
    tell(&Command::ProjectOrganization { change });
    tell(&notice(1, START_MS));
    tell(&notice(2, START_MS + DAY_MS));
    let knows = |text: &str| {
        let sql = world.objects.database(Class::User, user).unwrap();
        sql.dump().contains(text)
    };
    let later = |days: i64| {
        world.clock.advance_ms(days * DAY_MS);
        world.ring(Class::User, user);
        let wakes_at_ms = world.objects.wakes_at_ms::<UserObject>(user);
        let now_ms = world.clock.now_ms();
        assert!(
            wakes_at_ms.is_none_or(|at_ms| at_ms > now_ms),
            "{wakes_at_ms:?}"
        );
        wakes_at_ms.map(|at_ms| (at_ms - now_ms) / DAY_MS)
    };
    assert_eq!(later(29), Some(1));
    assert!(knows("Gone"));
    assert_eq!(later(1), Some(60));
    assert!(
        !knows("Gone") && knows("org_2"),
        "what is late is still told apart"
    );
    assert_eq!(later(60), Some(1));
    assert!(!knows("p1@example.com") && knows("p2@example.com"));
    assert_eq!(later(1), None);
    assert!(!knows("p2@example.com") && !knows("Acme"));
}
