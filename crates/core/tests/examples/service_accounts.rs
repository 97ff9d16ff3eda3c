//! What service accounts are granted, and who is shown a key that acts as one: law 5 on both ways.

use std::sync::Arc;

use lockstep_core::{
    Access, DelegationError, Facts, MembershipError, NodeId, Operation, Policy, PolicySpec,
    PrincipalKind, Record, RoleId, grant_account, show_key,
};

use crate::shop::{NOW_MS, record, spec};

/// The shop, in which whoever hires also makes service accounts and their keys.
fn policy() -> Arc<Policy> {
    let mut spec: PolicySpec = spec();
    let operations = [Operation::ServiceAccountManage, Operation::ServiceKeyManage];
    let bound = operations.map(|operation| (operation.as_str().into(), "hire".into()));
    spec.operations.extend(bound);
    Arc::new(Policy::compile(&spec).unwrap())
}

fn access(policy: &Arc<Policy>, grants: &[(&str, &str)]) -> Access {
    Access::resolve(policy, record(grants), NOW_MS).unwrap()
}

fn grant(actor: &Access, grants: &[(&str, &str)]) -> Result<(), MembershipError> {
    let named = |(role, node): &(&str, &str)| -> (RoleId, NodeId) {
        let role = actor.policy().role(role).unwrap();
        (role, actor.node(node).unwrap())
    };
    let grants: Vec<_> = grants.iter().map(named).collect();
    grant_account(actor, &grants, &Facts::default())
}

fn show(actor: &Access, held: &[(&str, &str)]) -> Result<(), MembershipError> {
    let holder = Record {
        kind: PrincipalKind::ServiceAccount,
        ..record(held)
    };
    show_key(actor, &holder, &Facts::default())
}

/// Refused because the actor lacks what is handed out.
fn exceeds(refused: &Result<(), MembershipError>) -> bool {
    let error = refused.as_ref().unwrap_err();
    matches!(
        error,
        MembershipError::Delegation(DelegationError::Exceeds { .. })
    )
}

#[test]
fn an_account_is_granted_what_its_maker_holds_there() {
    let policy = policy();
    let foreman = access(&policy, &[("foreman", "shop"), ("manager", "north")]);
    for held in [
        &[][..],
        &[("foreman", "shop")],
        &[("staff", "shop"), ("clerk", "north"), ("viewer", "south")],
        &[("manager", "north")],
    ] {
        assert_eq!(grant(&foreman, held), Ok(()), "{held:?}");
    }
    // One grant too many, wherever it stands among the others.
    for lacking in [
        &[("owner", "shop")][..],
        &[("manager", "south")],
        &[("manager", "south"), ("clerk", "north")],
        &[("clerk", "north"), ("manager", "south")],
    ] {
        assert!(exceeds(&grant(&foreman, lacking)), "{lacking:?}");
    }
}

#[test]
fn an_account_has_roles_where_they_can_be_held() {
    let policy = policy();
    let owner = access(&policy, &[("owner", "shop")]);
    for misplaced in [
        ("clerk", "shop"),
        ("staff", "north"),
        ("staff", "till"),
        ("clerk", "till"),
    ] {
        let both = [("staff", "shop"), misplaced];
        let refused = grant(&owner, &both);
        assert_eq!(
            refused,
            Err(MembershipError::NotAssignable),
            "{misplaced:?}"
        );
    }
    assert_eq!(
        grant(&owner, &[("owner", "shop"), ("manager", "south")]),
        Ok(())
    );
}

#[test]
fn a_key_is_shown_to_who_holds_what_it_gives() {
    let policy = policy();
    let foreman = access(&policy, &[("foreman", "shop"), ("manager", "north")]);
    assert_eq!(show(&foreman, &[]), Ok(()));
    assert_eq!(show(&foreman, &[("clerk", "south")]), Ok(()));
    assert_eq!(show(&foreman, &[("manager", "north")]), Ok(()));
    assert!(exceeds(&show(&foreman, &[("manager", "south")])));
    assert!(exceeds(&show(&foreman, &[("owner", "shop")])));
}

#[test]
fn neither_is_for_who_lacks_the_permission() {
    let policy = policy();
    let manager = access(&policy, &[("staff", "shop"), ("manager", "north")]);
    let (granted, shown) = (grant(&manager, &[]), show(&manager, &[]));
    assert!(matches!(granted, Err(MembershipError::Denied(_))));
    assert!(matches!(shown, Err(MembershipError::Denied(_))));
    let unbound = Arc::new(Policy::compile(&spec()).unwrap());
    let owner = access(&unbound, &[("owner", "shop")]);
    let accounts = MembershipError::NotOffered(Operation::ServiceAccountManage);
    let keys = MembershipError::NotOffered(Operation::ServiceKeyManage);
    assert_eq!(grant(&owner, &[]), Err(accounts));
    assert_eq!(show(&owner, &[]), Err(keys));
}
