//! Issuers: who saves one, whom it lets in, and what its members may hold.

use std::sync::Arc;

use lockstep_core::{
    Access, DelegationError, Facts, MembershipError, Operation, Policy, Record, may_admit,
    may_open_domain, save_issuer,
};

use crate::shop::{NOW_MS, record, spec};

/// The shop, in which whoever hires may have others vouch for people.
fn policy() -> Arc<Policy> {
    let mut spec = spec();
    for manage in [Operation::IssuerManage, Operation::DomainManage] {
        let bound = (manage.as_str().into(), "hire".into());
        spec.operations.push(bound);
    }
    Arc::new(Policy::compile(&spec).unwrap())
}

fn save(actor: &[(&str, &str)], role: Option<&str>, held: &Record) -> Result<(), MembershipError> {
    let policy = policy();
    let actor = Access::resolve(&policy, record(actor), NOW_MS).unwrap();
    let role = role.map(|role| policy.role(role).unwrap());
    let facts = Facts::default();
    let saved = save_issuer(&actor, role, held, &facts);
    if let (Some(role), true) = (role, held.grants.is_empty()) {
        for asked in [may_admit, may_open_domain] {
            assert_eq!(
                asked(&actor, role, &facts),
                saved,
                "asked anew it is the same"
            );
        }
    }
    saved
}

fn exceeds(answer: &Result<(), MembershipError>) -> bool {
    let lifts = Err(MembershipError::Delegation(DelegationError::LiftsCap));
    let is_more = matches!(
        answer,
        Err(MembershipError::Delegation(DelegationError::Exceeds { .. }))
    );
    is_more || *answer == lifts
}

#[test]
fn nobody_comes_in_as_an_admin_or_as_more_than_who_saved_it() {
    let (owner, foreman, staff) = (
        [("owner", "shop")],
        [("foreman", "shop")],
        [("staff", "shop")],
    );
    let none = record(&[]);
    assert_eq!(save(&owner, None, &none), Ok(()));
    assert_eq!(save(&owner, Some("foreman"), &none), Ok(()));
    assert_eq!(save(&foreman, Some("staff"), &none), Ok(()));
    let not_there = Err(MembershipError::NotAssignable);
    assert_eq!(save(&owner, Some("owner"), &none), not_there, "an admin");
    assert_eq!(save(&owner, Some("clerk"), &none), not_there, "a branch's");
    assert!(matches!(
        save(&staff, None, &none),
        Err(MembershipError::Denied(_))
    ));
    assert!(matches!(
        save(&staff, Some("staff"), &none),
        Err(MembershipError::Denied(_))
    ));
}

#[test]
fn law_5_who_says_which_keys_count_holds_all_that_its_members_hold() {
    let (owner, foreman) = ([("owner", "shop")], [("foreman", "shop")]);
    let clerk = record(&[("staff", "shop"), ("clerk", "north")]);
    let manager = record(&[("staff", "shop"), ("manager", "north")]);
    assert_eq!(save(&foreman, None, &clerk), Ok(()));
    assert!(exceeds(&save(&foreman, None, &manager)));
    assert!(exceeds(&save(
        &foreman,
        Some("staff"),
        &record(&[("owner", "shop")])
    )));
    assert_eq!(save(&owner, None, &manager), Ok(()));
    let mut owned = record(&[("staff", "shop")]);
    owned
        .nodes
        .iter_mut()
        .for_each(|node| node.owned = node.id == "till");
    assert!(
        exceeds(&save(&foreman, None, &owned)),
        "only a manager counts"
    );
    assert_eq!(save(&owner, None, &owned), Ok(()));
    // A role that is gone gives nothing.
    assert_eq!(
        save(
            &foreman,
            None,
            &record(&[("gone", "shop"), ("gone", "west")])
        ),
        Ok(())
    );
}
