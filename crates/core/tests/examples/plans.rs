//! Plans by example: what an organization has not paid for, and what a plan makes of people's roles.

use std::sync::Arc;

use lockstep_core::{
    Access, Decision, DelegationError, DenyReason, Facts, Invitation, Level, MembershipError,
    Offer, Operation, Policy, PolicySpec, PrincipalKind, Record, ReplacementSpec, RoleSpec,
    Suggestion, can_delegate, evaluate, may_admit, may_link, may_open_domain, save_domain,
    save_issuer,
};

use crate::shop::{NOW_MS, facts, record, spec, strings};

/// Selling needs two features; a `flat` plan makes everybody in a branch a clerk.
fn policy() -> Arc<Policy> {
    let mut spec = PolicySpec {
        features: strings(&["till", "flat", "card"]),
        replacements: vec![ReplacementSpec {
            feature: "flat".into(),
            level: Level::Workspace,
            role: "clerk".into(),
        }],
        ..spec()
    };
    // Holds of the branches what a viewer does.
    spec.roles.push(RoleSpec {
        id: "greeter".into(),
        includes: strings(&["viewer"]),
        ..RoleSpec::new(Level::Organization)
    });
    let sell = spec.permissions.iter_mut().find(|p| p.id == "sell");
    sell.unwrap().plan = strings(&["till", "card"]);
    Arc::new(Policy::compile(&spec).unwrap())
}

fn access(kind: PrincipalKind, plan: &[&str], grants: &[(&str, &str)]) -> Access {
    let record = Record {
        kind,
        plan: strings(plan),
        ..record(grants)
    };
    Access::resolve(&policy(), record, NOW_MS).unwrap()
}

fn person(plan: &[&str], grants: &[(&str, &str)]) -> Access {
    access(PrincipalKind::User, plan, grants)
}

fn answer(access: &Access, permission: &str) -> String {
    let permission = access.policy().permission(permission).unwrap();
    let north = access.node("north").unwrap();
    match evaluate(
        access,
        permission,
        north,
        &facts(&[("resource.own", false)]),
    ) {
        Decision::Allow(_) => "allow".into(),
        Decision::Deny(denial) => match denial.reason {
            DenyReason::Plan { feature } => {
                assert_eq!(denial.suggestions, [], "no grant changes a plan");
                feature
            }
            reason => reason.code().into(),
        },
    }
}

#[test]
fn a_permission_needs_every_feature_that_it_names() {
    for role in ["manager", "owner"] {
        let on = if role == "owner" { "shop" } else { "north" };
        let asks = |plan: &[&str]| answer(&person(plan, &[(role, on)]), "sell");
        assert_eq!(asks(&["till", "card"]), "allow");
        assert_eq!(asks(&["card"]), "till");
        assert_eq!(asks(&["till"]), "card");
        assert_eq!(asks(&[]), "till");
        assert_eq!(answer(&person(&[], &[(role, on)]), "look"), "allow");
    }
}

#[test]
fn a_plan_replaces_the_roles_of_people() {
    let roles = |plan: &[&str], role: &str| answer(&person(plan, &[(role, "north")]), "refund");
    assert_eq!(roles(&[], "manager"), "allow");
    assert_eq!(roles(&["flat"], "manager"), "guard-failed");
    assert_eq!(roles(&["flat"], "viewer"), "guard-failed");
    assert_eq!(roles(&["till", "card"], "viewer"), "no-grant");
    // Roles of another level, and those of programs, stay what they are.
    assert_eq!(
        answer(&person(&["flat"], &[("owner", "shop")]), "refund"),
        "allow"
    );
    let program = access(
        PrincipalKind::ServiceAccount,
        &["flat"],
        &[("manager", "north")],
    );
    assert_eq!(answer(&program, "refund"), "allow");
}

#[test]
fn a_full_plan_takes_no_roles_away() {
    assert_eq!(policy().full_plan(), ["till", "card"]);
    assert_eq!(policy().features(), ["till", "flat", "card"]);
    let replaces = |plan: &[&str]| policy().replaces_roles(&strings(plan));
    assert!(replaces(&["flat"]) && replaces(&["card", "flat"]));
    assert!(!replaces(&[]) && !replaces(&["till", "card", "round"]));
}

#[test]
fn what_is_handed_out_is_the_role_and_what_the_plan_makes_of_it() {
    let missing = |plan: &[&str], grants: &[(&str, &str)], role: &str| {
        let grantor = person(plan, grants);
        let role = grantor.policy().role(role).unwrap();
        let north = grantor.node("north").unwrap();
        match can_delegate(&grantor, role, north) {
            Ok(()) => 0,
            Err(DelegationError::Exceeds { permissions }) => permissions.len(),
            Err(error) => panic!("{error}"),
        }
    };
    let full = &["till", "card"];
    assert_eq!(missing(full, &[("manager", "north")], "manager"), 0);
    assert_eq!(missing(full, &[("clerk", "north")], "manager"), 3);
    // Under the flat plan a viewer's role would make a clerk, which a foreman of viewers is not.
    let flat = &["till", "card", "flat"];
    assert_eq!(missing(flat, &[("viewer", "north")], "viewer"), 0);
    assert_eq!(missing(flat, &[("viewer", "north")], "manager"), 3);
    assert_eq!(missing(flat, &[("foreman", "shop")], "viewer"), 0);
    assert_eq!(missing(full, &[("greeter", "shop")], "viewer"), 0);
    assert_eq!(missing(flat, &[("greeter", "shop")], "viewer"), 2);
}

#[test]
fn law_5_nobody_joins_as_what_the_plan_makes_an_admin() {
    let mut spec = PolicySpec {
        features: strings(&["open"]),
        replacements: vec![ReplacementSpec {
            feature: "open".into(),
            level: Level::Organization,
            role: "owner".into(),
        }],
        ..spec()
    };
    for manage in [Operation::IssuerManage, Operation::DomainManage] {
        let bound = (manage.as_str().into(), "hire".into());
        spec.operations.push(bound);
    }
    let ways = |spec: &PolicySpec, plan: &[&str]| {
        let policy = Arc::new(Policy::compile(spec).unwrap());
        let record = Record {
            plan: strings(plan),
            ..record(&[("owner", "shop")])
        };
        let owner = Access::resolve(&policy, record, NOW_MS).unwrap();
        let staff = policy.role("staff").unwrap();
        let (offer, facts) = (Offer::of(staff), Facts::default());
        let invited = Invitation::may_invite(&owner, &offer, &facts);
        assert_eq!(invited, Ok(()), "by hand anybody may become one");
        let saved = [
            save_issuer(&owner, Some(staff), &Record::default(), &facts),
            save_domain(&owner, staff, &facts),
        ];
        assert_eq!(saved, [Ok(()), Ok(())], "under another plan it is none");
        let as_owner = save_domain(&owner, policy.role("owner").unwrap(), &facts);
        assert_eq!(as_owner, Err(MembershipError::NotAssignable), "under any");
        let outsider = Access::resolve(&policy, self::record(&[]), NOW_MS).unwrap();
        assert!(save_domain(&outsider, staff, &facts).is_err());
        [
            may_link(&owner, &offer, &facts),
            may_admit(&owner, staff, &facts),
            may_open_domain(&owner, staff, &facts),
        ]
    };
    assert_eq!(ways(&spec, &[]), [Ok(()), Ok(()), Ok(())]);
    assert!(
        ways(&spec, &["open"])
            .iter()
            .all(|way| *way == Err(MembershipError::NotAssignable))
    );
    // Nor as one who holds everything, and is not called an admin.
    let lord = RoleSpec {
        id: "lord".into(),
        overriding: true,
        ..RoleSpec::new(Level::Organization)
    };
    spec.roles.push(lord);
    spec.replacements[0].role = "lord".into();
    assert_eq!(ways(&spec, &[]), [Ok(()), Ok(()), Ok(())]);
    assert!(
        ways(&spec, &["open"])
            .iter()
            .all(|way| *way == Err(MembershipError::NotAssignable))
    );
}

#[test]
fn nobody_is_told_to_ask_for_a_role_that_the_plan_replaces() {
    let asks = |plan: &[&str]| {
        let staff = person(plan, &[("staff", "shop")]);
        let look = staff.policy().permission("look").unwrap();
        let north = staff.node("north").unwrap();
        let Decision::Deny(denial) = evaluate(&staff, look, north, &facts(&[])) else {
            panic!("staff look at nothing");
        };
        let roles = denial
            .suggestions
            .iter()
            .filter_map(|suggestion| match suggestion {
                Suggestion::Role(role, _) => {
                    Some(staff.policy().describe_role(*role).unwrap().id.clone())
                }
                Suggestion::Ownership(_) => None,
            });
        roles.collect::<Vec<_>>()
    };
    assert_eq!(asks(&[]), ["viewer"]);
    assert_eq!(asks(&["flat"]), ["clerk", "greeter"]);
}
