//! How memberships change: who may, and that an admin stays.

use std::sync::Arc;

use lockstep_core::{
    Access, DelegationError, Facts, MembershipError, Target, change_role, leave, remove,
};

use crate::shop::{access, policy, record};

/// A member who holds `role`, beside `other_admins` admins.
fn target(role: &str, other_admins: usize) -> Target<'_> {
    Target {
        role: policy().role(role),
        role_id: role,
        is_self: false,
        is_creator: false,
        other_admins,
        keeps_owner: true,
        record: None,
    }
}

fn change(actor: &Access, member: &Target<'_>, role: &str) -> Result<(), MembershipError> {
    let policy = policy();
    change_role(actor, member, policy.role(role).unwrap(), &Facts::default())
}

/// The code of the denial, or what else stood against it.
fn against(result: Result<(), MembershipError>) -> String {
    match result {
        Ok(()) => String::new(),
        Err(MembershipError::Denied(denial)) => denial.reason.code().to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_last_admin_can_be_neither_demoted_nor_removed_nor_leave() {
    let owner = access(&[("owner", "shop")]);
    let alone = Target {
        is_self: true,
        ..target("owner", 0)
    };
    for result in [
        change(&owner, &alone, "staff"),
        remove(&owner, &alone, &Facts::default()),
        leave(&owner, &alone, &Facts::default()),
    ] {
        assert_eq!(result, Err(MembershipError::LastAdmin));
    }
    // With one more admin all three are fine, and so is staying one.
    let second = Target {
        other_admins: 1,
        keeps_owner: true,
        ..alone
    };
    assert_eq!(change(&owner, &second, "staff"), Ok(()));
    assert_eq!(remove(&owner, &second, &Facts::default()), Ok(()));
    assert_eq!(leave(&owner, &second, &Facts::default()), Ok(()));
    assert_eq!(change(&owner, &alone, "owner"), Ok(()));
}

#[test]
fn a_role_is_changed_by_who_may_and_holds_what_it_gives() {
    let (owner, foreman) = (access(&[("owner", "shop")]), access(&[("foreman", "shop")]));
    let clerk = access(&[("staff", "shop"), ("clerk", "north")]);
    let staff = target("staff", 1);
    assert_eq!(against(change(&owner, &staff, "owner")), "");
    assert_eq!(against(change(&foreman, &staff, "foreman")), "");
    assert_eq!(against(change(&clerk, &staff, "guest")), "no-grant");
    assert!(matches!(
        change(&foreman, &staff, "owner"),
        Err(MembershipError::Delegation(DelegationError::Exceeds { .. }))
    ));
    // A role of a branch is not one that a member of the organization can hold.
    assert_eq!(
        change(&owner, &staff, "clerk"),
        Err(MembershipError::NotAssignable)
    );
}

#[test]
fn a_cap_is_lifted_only_by_who_holds_what_it_held_back() {
    let guest = target("guest", 1);
    assert_eq!(
        against(change(&access(&[("owner", "shop")]), &guest, "staff")),
        ""
    );
    // The guest may be manager of a branch, which the foreman is not.
    let foreman = access(&[("foreman", "shop")]);
    assert_eq!(
        change(&foreman, &guest, "staff"),
        Err(MembershipError::Delegation(DelegationError::LiftsCap))
    );
    assert_eq!(against(change(&foreman, &guest, "guest")), "");
    // Where it is known what the guest was granted beside, only that counts: nothing, the role of a
    // manager, or one that begins later.
    let nothing = record(&[("guest", "shop")]);
    let manager = record(&[("guest", "shop"), ("manager", "north")]);
    let mut later = manager.clone();
    later.grants[1].window.not_before_ms = Some(u64::MAX);
    for (known, lifts) in [(&nothing, false), (&manager, true), (&later, true)] {
        let guest = Target {
            record: Some(known),
            ..guest
        };
        let expected = if lifts {
            Err(MembershipError::Delegation(DelegationError::LiftsCap))
        } else {
            Ok(())
        };
        assert_eq!(change(&foreman, &guest, "staff"), expected);
    }
}

#[test]
fn the_creator_is_beyond_the_guard() {
    let owner = access(&[("owner", "shop")]);
    let creator = Target {
        is_creator: true,
        ..target("owner", 1)
    };
    assert_eq!(
        against(remove(&owner, &creator, &Facts::default())),
        "guard-failed"
    );
    assert_eq!(
        against(remove(&owner, &target("owner", 1), &Facts::default())),
        ""
    );
}

#[test]
fn what_the_policy_binds_to_nothing_nobody_may() {
    let mut spec = crate::shop::spec();
    spec.operations.clear();
    let policy = Arc::new(lockstep_core::Policy::compile(&spec).unwrap());
    let owner = Access::resolve(&policy, record(&[("owner", "shop")]), 0).unwrap();
    assert_eq!(
        against(remove(&owner, &target("staff", 1), &Facts::default())),
        "the policy opens `member.remove` to nobody"
    );
}

#[test]
fn who_is_no_admin_may_go_whoever_else_is_one() {
    let owner = access(&[("owner", "shop")]);
    assert_eq!(against(change(&owner, &target("staff", 0), "guest")), "");
}

/// Admins may be enough for law 7, and none of them could make anybody an owner again.
#[test]
fn the_last_one_who_holds_everything_keeps_that() {
    let owner = access(&[("owner", "shop")]);
    let last = Target {
        keeps_owner: false,
        ..target("owner", 1)
    };
    let none = Facts::default();
    for result in [
        change(&owner, &last, "staff"),
        remove(&owner, &last, &none),
        leave(&owner, &last, &none),
    ] {
        assert_eq!(result, Err(MembershipError::LastAdmin));
    }
    assert_eq!(change(&owner, &last, "owner"), Ok(()));
    let staff = Target {
        keeps_owner: false,
        ..target("staff", 1)
    };
    assert_eq!(change(&owner, &staff, "foreman"), Ok(()));
    assert_eq!(remove(&owner, &staff, &none), Ok(()));
}
