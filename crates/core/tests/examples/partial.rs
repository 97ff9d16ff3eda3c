//! Law 5 where somebody was resolved on a part of the organization, or on what it was before: what they do not see
//! there, nobody says that they hold.

use std::sync::Arc;

use lockstep_core::{
    Access, CustomRole, Customization, DelegationError, Effect, Facts, Invitation, Level,
    MembershipError, Node, Offer, Operation, Policy, PolicySpec, PrincipalKind, Record, RuleSpec,
    Target, TokenLimit, can_hand_over, change_role, enter_group, leave_group, restore, revive,
    save_issuer, show_key,
};

use crate::shop::{NOW_MS, is, record, spec, strings};

/// The shop, in which whoever hires does all of it.
fn policy() -> Arc<Policy> {
    let operations = [
        Operation::GroupManage,
        Operation::IssuerManage,
        Operation::MemberSuspend,
        Operation::OrganizationDelete,
        Operation::ServiceKeyManage,
    ];
    let bound = operations.map(|operation| (operation.as_str().into(), "hire".into()));
    let mut spec = PolicySpec {
        custom_levels: vec![Level::Workspace],
        custom_additions: true,
        ..spec()
    };
    spec.operations.extend(bound);
    Arc::new(Policy::compile(&spec).unwrap())
}

/// The foreman as their own snapshot has them: of the branches they need not know.
fn foreman(policy: &Arc<Policy>) -> Access {
    let alone = Record {
        nodes: vec![Node::organization("shop")],
        ..record(&[("foreman", "shop")])
    };
    Access::resolve(policy, alone, NOW_MS).unwrap()
}

const MEMBER: Target<'static> = Target {
    role: None,
    role_id: "staff",
    is_self: false,
    is_creator: false,
    other_admins: 1,
    keeps_owner: true,
    record: None,
};

fn unknown<T>() -> Result<T, MembershipError> {
    Err(MembershipError::Delegation(DelegationError::Unknown))
}

/// All ways on which `given` is handed out or taken back.
fn ways(actor: &Access, given: &Record) -> [Result<(), MembershipError>; 7] {
    let none = Facts::default();
    let home = actor.root();
    let grants = &given.grants;
    let groups = [(home, grants.clone())];
    let offer = Offer {
        groups: &groups,
        ..Offer::of(actor.policy().role("staff").unwrap())
    };
    [
        enter_group(actor, home, grants, &none),
        leave_group(actor, home, grants, &none),
        restore(actor, &MEMBER, given, &none),
        save_issuer(actor, None, given, &none),
        revive(actor, true, grants, &[], &none),
        Invitation::may_invite(actor, &offer, &none),
        show_key(actor, given, &none),
    ]
}

#[test]
fn law_5_who_was_resolved_on_a_part_hands_out_nothing_on_the_rest() {
    let policy = policy();
    let (partly, wholly) = (
        foreman(&policy),
        Access::resolve(&policy, record(&[("foreman", "shop")]), NOW_MS).unwrap(),
    );
    // Also what they hold there, as a clerk: which is not seen in what is before them.
    for role in ["manager", "clerk"] {
        let given = record(&[("staff", "shop"), (role, "north")]);
        assert_eq!(ways(&partly, &given), [(); 7].map(|()| unknown()), "{role}");
    }
    let clerk = record(&[("staff", "shop"), ("clerk", "north")]);
    assert_eq!(ways(&wholly, &clerk), [(); 7].map(Ok));
    // What is over gives nothing, wherever it was, and so does a role that is gone.
    let mut over = record(&[("gone", "north"), ("manager", "north")]);
    over.grants[1].window.expires_at_ms = Some(NOW_MS);
    assert_eq!(ways(&partly, &over), [(); 7].map(Ok));
}

#[test]
fn law_5_nor_what_somebody_owns_there() {
    let policy = policy();
    let partly = foreman(&policy);
    let mut owning = record(&[("staff", "shop")]);
    owning.nodes[3].owned = true;
    let none = Facts::default();
    assert_eq!(restore(&partly, &MEMBER, &owning, &none), unknown());
    assert_eq!(save_issuer(&partly, None, &owning, &none), unknown());
    assert_eq!(show_key(&partly, &owning, &none), unknown());
    // What is owned and gives nothing is nobody's concern.
    owning.nodes[3].owned = false;
    owning.nodes[1].owned = true;
    assert_eq!(show_key(&partly, &owning, &none), Ok(()));
}

#[test]
fn law_5_nor_a_key_for_a_place_that_they_do_not_see() {
    let policy = policy();
    let partly = foreman(&policy);
    let key = |node: &str, held: &[(&str, &str)]| Record {
        kind: PrincipalKind::ServiceAccount,
        token: Some(TokenLimit {
            node: Some(node.into()),
            ..TokenLimit::default()
        }),
        ..record(held)
    };
    let of_all = [("owner", "shop")];
    let hidden = can_hand_over(&partly, &key("north", &of_all));
    assert_eq!(hidden, Err(DelegationError::Unknown));
    let seen = can_hand_over(&partly, &key("shop", &of_all));
    assert!(matches!(seen, Err(DelegationError::Exceeds { .. })));
    // Of an account that holds nothing, no key gives anything.
    assert_eq!(can_hand_over(&partly, &key("north", &[])), Ok(()));
}

/// `own` is a role of the shop's that holds what a manager does, and a rule lets clerks close the books at night.
fn added() -> Customization {
    Customization {
        roles: vec![CustomRole {
            id: "own".into(),
            name: "Own".into(),
            base: "manager".into(),
            ..CustomRole::default()
        }],
        rules: vec![RuleSpec {
            id: "closing".into(),
            effect: Effect::Allow,
            roles: strings(&["clerk"]),
            permissions: strings(&["close"]),
            when: vec![is("context.night", true)],
            because: String::new(),
        }],
    }
}

#[test]
fn law_5_what_the_organization_added_since_is_handed_out_by_nobody_of_before() {
    let policy = policy();
    let resolve = |customization| {
        let record = record(&[("foreman", "shop")]);
        let record = Record {
            customization,
            ..record
        };
        Access::resolve(&policy, record, NOW_MS).unwrap()
    };
    let (before, after) = (resolve(Customization::default()), resolve(added()));
    let none = Facts::default();
    for held in ["own", "clerk", "viewer"] {
        let now = Record {
            customization: added(),
            ..record(&[("staff", "shop"), (held, "north")])
        };
        assert_eq!(show_key(&before, &now, &none), unknown(), "{held}");
        assert_eq!(restore(&before, &MEMBER, &now, &none), unknown(), "{held}");
        assert_eq!(save_issuer(&before, None, &now, &none), unknown(), "{held}");
        let target = Target {
            role: policy.role("guest"),
            record: Some(&now),
            ..MEMBER
        };
        let staff = policy.role("staff").unwrap();
        assert_eq!(
            change_role(&before, &target, staff, &none),
            unknown(),
            "{held}"
        );
        // Of who was resolved with it, it is asked like anything else; also where the record does not say it again.
        for added in [added(), Customization::default()] {
            let now = Record {
                customization: added,
                ..now.clone()
            };
            let shown = show_key(&after, &now, &none);
            let lacks = held != "viewer";
            let exceeds = matches!(
                shown,
                Err(MembershipError::Delegation(DelegationError::Exceeds { .. }))
            );
            assert_eq!((exceeds, shown.is_ok()), (lacks, !lacks), "{held}");
        }
    }
}
