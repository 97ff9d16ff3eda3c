//! The organization as a whole: how much of it there may be, whose it is, and how it is brought back after its end.

use std::sync::Arc;

use lockstep_core::{
    Access, DelegationError, Effect, Facts, MembershipError, Move, Operation, Policy, Record,
    RuleSpec, Target, TokenLimit, can_delegate, can_transfer, has_room, keeps_workspace, relocate,
    revive, transfer_organization,
};

use crate::shop::{NOW_MS, record, spec};

/// The shop, which whoever hires may also close, open again and hand over.
fn policy() -> Arc<Policy> {
    let mut spec = spec();
    let delete = Operation::OrganizationDelete.as_str();
    let transfer = Operation::OrganizationTransfer.as_str();
    let (take, make) = (Operation::ProjectDelete, Operation::ProjectCreate);
    for operation in [delete, transfer, take.as_str(), make.as_str()] {
        spec.operations.push((operation.into(), "hire".into()));
    }
    Arc::new(Policy::compile(&spec).unwrap())
}

fn access(policy: &Arc<Policy>, record: Record) -> Access {
    Access::resolve(policy, record, NOW_MS).unwrap()
}

#[test]
fn law_5_who_opens_the_shop_again_holds_all_that_comes_back() {
    let policy = policy();
    let owner = access(&policy, record(&[("owner", "shop")]));
    let foreman = access(&policy, record(&[("foreman", "shop")]));
    let none = Facts::default();
    let back = |actor: &Access, was_admin: bool, given: &[(&str, &str)], owned: &[&str]| {
        let owned: Vec<_> = owned.iter().map(|id| actor.node(id).unwrap()).collect();
        revive(actor, was_admin, &record(given).grants, &owned, &none)
    };
    let staffed = [("owner", "shop"), ("manager", "north"), ("clerk", "till")];
    assert_eq!(back(&owner, true, &staffed, &["till"]), Ok(()));
    let exceeds = |answer| {
        let error = Err(MembershipError::Delegation(DelegationError::LiftsCap));
        let is_exceeded = matches!(
            answer,
            Err(MembershipError::Delegation(DelegationError::Exceeds { .. }))
        );
        is_exceeded || answer == error
    };
    assert_eq!(back(&foreman, true, &[("clerk", "north")], &[]), Ok(()));
    assert!(exceeds(back(&foreman, true, &staffed, &[])));
    assert!(exceeds(back(&foreman, true, &[("manager", "south")], &[])));
    assert!(exceeds(back(&foreman, true, &[], &["till"])));
    // What names a role that is gone gives nothing, and holds nobody back.
    let gone = [("gone", "north"), ("gone", "gone")];
    assert_eq!(back(&foreman, true, &gone, &[]), Ok(()));
}

/// The rule comes back with what it took, and nobody else could bring either back.
#[test]
fn who_holds_everything_opens_the_shop_again_under_a_rule_that_binds_them() {
    let mut spec = spec();
    let delete = Operation::OrganizationDelete.as_str();
    spec.operations.push((delete.into(), "hire".into()));
    spec.rules.push(RuleSpec {
        id: "shut".into(),
        effect: Effect::Deny,
        roles: vec!["owner".into(), "foreman".into()],
        permissions: vec!["look".into(), "count".into()],
        when: Vec::new(),
        because: String::new(),
    });
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let none = Facts::default();
    let staffed = record(&[("owner", "shop"), ("clerk", "north")]).grants;
    let owner = access(&policy, record(&[("owner", "shop")]));
    let till = [owner.node("till").unwrap()];
    assert_eq!(revive(&owner, true, &staffed, &till, &none), Ok(()));
    let clerk = policy.role("clerk").unwrap();
    let north = owner.node("north").unwrap();
    assert!(can_delegate(&owner, clerk, north).is_err());
    assert!(can_transfer(&owner, till[0]).is_err());
    // Whoever holds less is bound by it in this, too.
    let foreman = access(&policy, record(&[("foreman", "shop")]));
    assert!(revive(&foreman, true, &staffed[1..], &[], &none).is_err());
    // Nor does a token bring back what it does not reach.
    let mut narrow = record(&[("owner", "shop")]);
    narrow.token = Some(TokenLimit {
        permissions: Some(vec!["hire".into()]),
        ..TokenLimit::default()
    });
    let narrow = access(&policy, narrow);
    assert!(revive(&narrow, true, &staffed, &[], &none).is_err());
}

#[test]
fn it_takes_who_may_close_it_and_was_an_admin() {
    let policy = policy();
    let owner = access(&policy, record(&[("owner", "shop")]));
    let none = Facts::default();
    let not_admin = Err(MembershipError::NotAdmin);
    assert_eq!(revive(&owner, false, &[], &[], &none), not_admin);
    let staff = access(&policy, record(&[("staff", "shop")]));
    let denied = revive(&staff, true, &[], &[], &none);
    assert!(matches!(denied, Err(MembershipError::Denied(_))));
    let unbound = Arc::new(Policy::compile(&spec()).unwrap());
    let owner = access(&unbound, record(&[("owner", "shop")]));
    let nobody = MembershipError::NotOffered(Operation::OrganizationDelete);
    assert_eq!(revive(&owner, true, &[], &[], &none), Err(nobody));
}

#[test]
fn law_5_the_shop_is_handed_over_by_who_owns_it_and_holds_the_role_that_goes_with_it() {
    let policy = policy();
    let owner = access(&policy, record(&[("owner", "shop")]));
    let foreman = access(&policy, record(&[("foreman", "shop")]));
    let none = Facts::default();
    let to = Target {
        role: policy.role("staff"),
        role_id: "staff",
        is_self: false,
        is_creator: false,
        other_admins: 1,
        keeps_owner: true,
        record: None,
    };
    let hand_over = |actor: &Access, is_owner: bool, role: &str| {
        let role = actor.policy().role(role).unwrap();
        transfer_organization(actor, is_owner, &to, role, &none)
    };
    assert_eq!(hand_over(&owner, true, "owner"), Ok(()));
    let not_owner = Err(MembershipError::NotOwner);
    assert_eq!(hand_over(&owner, false, "owner"), not_owner);
    // Owning it is not enough: the role is handed out, too.
    let exceeded = hand_over(&foreman, true, "owner");
    assert!(matches!(exceeded, Err(MembershipError::Delegation(_))));
    assert_eq!(hand_over(&foreman, true, "staff"), Ok(()));
    // No role of a branch is one of the shop's.
    let below = Err(MembershipError::NotAssignable);
    assert_eq!(hand_over(&owner, true, "clerk"), below);
    let staff = access(&policy, record(&[("staff", "shop")]));
    let denied = hand_over(&staff, true, "staff");
    assert!(matches!(denied, Err(MembershipError::Denied(_))));
}

#[test]
fn there_is_room_below_a_limit_and_always_without_one() {
    assert!(has_room(Some(2), 1));
    assert!(!has_room(Some(2), 2));
    assert!(!has_room(Some(2), 3));
    assert!(!has_room(Some(0), 0));
    assert!(has_room(None, u32::MAX));
}

#[test]
fn law_5_a_till_is_moved_by_who_holds_what_counts_on_it_then() {
    let policy = policy();
    let none = Facts::default();
    let relocated = |actor: &Access, begins: &[(&str, &str)], ends: &[(&str, &str)]| {
        let moved = Move {
            node: actor.node("till").unwrap(),
            to: actor.node("south").unwrap(),
            begins: &record(begins).grants,
            ends: &record(ends).grants,
        };
        relocate(actor, &moved, &none)
    };
    let foreman = access(&policy, record(&[("foreman", "shop")]));
    let clerk = [("clerk", "south")];
    let manager = [("manager", "south")];
    assert_eq!(relocated(&foreman, &clerk, &[("manager", "north")]), Ok(()));
    let exceeded = relocated(&foreman, &manager, &[]);
    assert!(matches!(exceeded, Err(MembershipError::Delegation(_))));
    // Who holds it on the till may have others come to hold it there.
    let of_north = access(
        &policy,
        record(&[("foreman", "shop"), ("manager", "north")]),
    );
    assert_eq!(relocated(&of_north, &manager, &[]), Ok(()));
    let staff = access(&policy, record(&[("staff", "shop"), ("manager", "north")]));
    let denied = relocated(&staff, &[], &[]);
    assert!(matches!(denied, Err(MembershipError::Denied(_))));
}

#[test]
fn the_only_branch_stays() {
    assert!(keeps_workspace(2) && !keeps_workspace(1) && !keeps_workspace(0));
}
