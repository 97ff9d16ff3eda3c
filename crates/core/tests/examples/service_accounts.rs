//! What service accounts are granted, and who is shown a key that acts as one: law 5 on both ways.

use std::sync::Arc;

use lockstep_core::{
    Access, DelegationError, Effect, Facts, MembershipError, Operation, Policy, PolicySpec,
    PrincipalKind, Record, RuleSpec, Window, grant_account, show_key,
};

use crate::shop::{NOW_MS, record, spec, strings};

/// The shop, in which whoever hires also makes service accounts and their keys.
fn policy() -> Arc<Policy> {
    with_rules(Vec::new())
}

fn with_rules(rules: Vec<RuleSpec>) -> Arc<Policy> {
    let mut spec = PolicySpec { rules, ..spec() };
    let operations = [Operation::ServiceAccountManage, Operation::ServiceKeyManage];
    let bound = operations.map(|operation| (operation.as_str().into(), "hire".into()));
    spec.operations.extend(bound);
    Arc::new(Policy::compile(&spec).unwrap())
}

fn access(policy: &Arc<Policy>, grants: &[(&str, &str)]) -> Access {
    Access::resolve(policy, record(grants), NOW_MS).unwrap()
}

fn grant(actor: &Access, grants: &[(&str, &str)]) -> Result<(), MembershipError> {
    grant_account(actor, None, &record(grants).grants, &Facts::default())
}

/// Grants in the place of all that an account has.
fn change(
    actor: &Access,
    account: &Record,
    grants: &[(&str, &str)],
) -> Result<(), MembershipError> {
    let grants = record(grants).grants;
    grant_account(actor, Some(account), &grants, &Facts::default())
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

/// Nobody counts tills who is a manager or a clerk; who made a till does it otherwise.
#[test]
fn law_5_what_an_account_owns_is_freed_by_who_holds_what_was_held_back_there() {
    let policy = with_rules(vec![RuleSpec {
        id: "counting".into(),
        effect: Effect::Deny,
        roles: strings(&["manager", "clerk"]),
        permissions: strings(&["count"]),
        when: Vec::new(),
        because: String::new(),
    }]);
    let bound = access(&policy, &[("foreman", "shop"), ("manager", "north")]);
    let owner = access(&policy, &[("owner", "shop")]);
    let plain = Record {
        kind: PrincipalKind::ServiceAccount,
        ..record(&[("clerk", "north")])
    };
    let mut owning = plain.clone();
    owning.nodes[3].owned = true;
    let lifts = Err(MembershipError::Delegation(DelegationError::LiftsCap));
    for freed in [&[("viewer", "north")][..], &[("clerk", "south")], &[]] {
        assert_eq!(change(&bound, &owning, freed), lifts, "{freed:?}");
        assert_eq!(change(&owner, &owning, freed), Ok(()), "{freed:?}");
        // What owns nothing is only granted less.
        assert_eq!(change(&bound, &plain, freed), Ok(()), "{freed:?}");
    }
    // And so is what loses with the rule's role also the one that gave what was held back.
    let both = Record {
        kind: PrincipalKind::ServiceAccount,
        ..record(&[("clerk", "north"), ("manager", "south")])
    };
    assert_eq!(change(&bound, &both, &[("viewer", "north")]), Ok(()));
    // Still bound, by the same role or beside another one.
    for kept in [
        &[("clerk", "north")][..],
        &[("viewer", "north"), ("clerk", "north")],
        &[("manager", "north")],
    ] {
        assert_eq!(change(&bound, &owning, kept), Ok(()), "{kept:?}");
    }
    // For a time only, which is over before what was.
    let mut shorter = record(&[("clerk", "north")]).grants;
    shorter[0].window = Window {
        not_before_ms: None,
        expires_at_ms: Some(NOW_MS + 1),
    };
    let done = grant_account(&bound, Some(&owning), &shorter, &Facts::default());
    assert_eq!(done, lifts);
    // What was over held back nothing any more.
    owning.grants[0].window.expires_at_ms = Some(NOW_MS);
    assert_eq!(change(&bound, &owning, &[("viewer", "north")]), Ok(()));
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
