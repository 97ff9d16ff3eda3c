//! Which roles are held on the organization itself: the policy's, whoever holds them and however they came by them.

use std::sync::Arc;

use lockstep_core::{
    Access, CustomRole, Facts, Grant, Invitation, Level, MembershipError, Offer, Operation, Policy,
    PolicySpec, RoleId, Target, change_role, grant_account, may_admit, may_link, may_open_domain,
};

use crate::shop::{NOW_MS, record, spec};

/// The shop, in which whoever hires does all of it, and the organization makes roles of `levels`.
fn bound(spec: PolicySpec, levels: &[Level]) -> PolicySpec {
    let operations = [
        Operation::DomainManage,
        Operation::IssuerManage,
        Operation::ServiceAccountManage,
    ];
    let bound = operations.map(|operation| (operation.as_str().into(), "hire".into()));
    let mut spec = PolicySpec {
        custom_levels: levels.into(),
        ..spec
    };
    spec.operations.extend(bound);
    spec
}

/// The same where no role is the organization's own.
fn flat() -> PolicySpec {
    let mut spec = spec();
    for role in &mut spec.roles {
        role.level = Level::Workspace;
        role.overriding = false;
        role.cap = None;
    }
    for permission in &mut spec.permissions {
        permission.level = Level::Workspace;
    }
    spec
}

/// Every way in which somebody comes by a role on the organization.
fn ways(actor: &Access, role: RoleId) -> [Result<(), MembershipError>; 6] {
    let facts = Facts::default();
    let target = Target {
        role: None,
        role_id: "gone",
        is_self: false,
        is_creator: false,
        other_admins: 1,
        keeps_owner: true,
        record: None,
    };
    let offer = Offer::of(role);
    let id = &actor.policy().describe_role(role).unwrap().id;
    [
        change_role(actor, &target, role, &Facts::default()),
        Invitation::may_invite(actor, &offer, &facts),
        may_link(actor, &offer, &facts),
        may_admit(actor, role, &facts),
        may_open_domain(actor, role, &facts),
        grant_account(actor, None, &[Grant::new(id.as_str(), "shop")], &facts),
    ]
}

#[test]
fn nobody_has_a_role_on_the_organization_that_it_made() {
    for spec in [
        bound(flat(), &[Level::Workspace]),
        bound(spec(), &[Level::Organization, Level::Workspace]),
    ] {
        let policy = Arc::new(Policy::compile(&spec).unwrap());
        let mut record = record(&[("owner", "shop")]);
        record.customization.roles = vec![CustomRole {
            id: "own".into(),
            name: "Own".into(),
            base: "staff".into(),
            ..CustomRole::default()
        }];
        let owner = Access::resolve(&policy, record, NOW_MS).unwrap();
        let role = |id: &str| owner.policy().role(id).unwrap();
        for (way, answer) in ways(&owner, role("own")).into_iter().enumerate() {
            assert_eq!(answer, Err(MembershipError::NotAssignable), "way {way}");
        }
        for (way, answer) in ways(&owner, role("staff")).into_iter().enumerate() {
            assert_eq!(answer, Ok(()), "way {way}");
        }
    }
}
