//! Roles that an organization makes of the policy's.

use std::sync::Arc;

use lockstep_core::{
    Access, CustomRole, CustomRoleError, Customization, Decision, Level, OwnPolicy, Policy,
    PolicySpec, Record, RecordError, Suggestion, limits,
};

use crate::shop::{NOW_MS, decide, record, spec, strings};

fn policy(additions: bool) -> Arc<Policy> {
    let spec = PolicySpec {
        custom_levels: vec![Level::Workspace],
        custom_additions: additions,
        ..spec()
    };
    Arc::new(Policy::compile(&spec).unwrap())
}

fn custom(base: &str, with: &[&str], without: &[&str]) -> CustomRole {
    CustomRole {
        id: "own".into(),
        name: "Own".into(),
        base: base.into(),
        with: strings(with),
        without: strings(without),
    }
}

fn access(policy: &Arc<Policy>, roles: Vec<CustomRole>) -> Access {
    let customization = Customization {
        roles,
        ..Customization::default()
    };
    let record = Record {
        customization,
        ..record(&[("own", "north")])
    };
    Access::resolve(policy, record, NOW_MS).unwrap()
}

/// What the holder of `role` may do in the north, by itself.
fn held(policy: &Arc<Policy>, role: CustomRole) -> Vec<&'static str> {
    let access = access(policy, vec![role]);
    let asked = ["look", "sell", "refund", "count", "hire", "close"];
    let known = &[("resource.own", true), ("resource.open", false)];
    let allowed = |permission: &&str| decide(&access, permission, "north", known).is_allow();
    asked.into_iter().filter(allowed).collect()
}

#[test]
fn a_custom_role_holds_what_its_base_does_but_for_what_it_drops() {
    let policy = policy(false);
    let clerk = |without| held(&policy, custom("clerk", &[], without));
    assert_eq!(clerk(&[]), ["look", "sell", "refund"]);
    assert_eq!(clerk(&["sell"]), ["look", "refund"]);
    // Also what the base holds under a condition.
    assert_eq!(clerk(&["refund"]), ["look", "sell"]);
    // What would bring the dropped one back goes with it.
    assert_eq!(
        held(&policy, custom("manager", &[], &["look"])),
        ["sell", "refund", "count"]
    );
    // Nothing is added where the policy does not let it.
    assert_eq!(held(&policy, custom("viewer", &["sell"], &[])), ["look"]);
}

#[test]
fn a_custom_role_may_add_where_the_policy_lets_it() {
    let policy = policy(true);
    assert_eq!(
        held(&policy, custom("viewer", &["sell"], &[])),
        ["look", "sell"]
    );
    // With what comes with it.
    let closer = custom("viewer", &["close"], &["look"]);
    assert_eq!(held(&policy, closer), [""; 0]);
    assert_eq!(
        held(&policy, custom("viewer", &["close"], &[])),
        ["look", "close"]
    );
}

#[test]
fn a_custom_role_that_no_longer_fits_holds_nothing() {
    let policy = policy(true);
    for base in ["owner", "staff", "gone"] {
        assert_eq!(
            held(&policy, custom(base, &["sell"], &[])),
            [""; 0],
            "{base}"
        );
    }
    // It never takes the place of one of the policy's.
    let mut manager = custom("manager", &[], &[]);
    manager.id = "viewer".into();
    let customization = Customization {
        roles: vec![manager],
        ..Customization::default()
    };
    let record = Record {
        customization,
        ..record(&[("viewer", "north")])
    };
    let viewer = Access::resolve(&policy, record, NOW_MS).unwrap();
    assert!(!decide(&viewer, "sell", "north", &[]).is_allow());
    assert_eq!(viewer.policy().roles().len(), policy.roles().len());
}

#[test]
fn a_custom_role_is_described_like_its_base() {
    let policy = policy(false);
    let own = access(&policy, vec![custom("clerk", &[], &[])]);
    let role = own.policy().role("own").unwrap();
    let described = own.policy().describe_role(role).unwrap();
    assert_eq!(
        (described.name.as_str(), described.level, described.admin),
        ("Own", Level::Workspace, false)
    );
    assert_eq!(role.index(), policy.roles().len());
}

#[test]
fn only_members_are_told_of_the_roles_that_an_organization_made() {
    let said = |grants: &[(&str, &str)]| {
        let record = Record {
            customization: Customization {
                roles: vec![custom("clerk", &[], &["sell"])],
                ..Customization::default()
            },
            ..record(grants)
        };
        let access = Access::resolve(&policy(false), record, NOW_MS).unwrap();
        let Decision::Deny(denial) = decide(&access, "refund", "north", &[("resource.own", true)])
        else {
            panic!("this is denied");
        };
        let roles = denial
            .suggestions
            .iter()
            .map(|suggestion| match suggestion {
                Suggestion::Role(role, _) => {
                    access.policy().describe_role(*role).unwrap().id.clone()
                }
                Suggestion::Ownership(_) => panic!("nobody owns a branch"),
            });
        roles.collect::<Vec<_>>()
    };
    assert_eq!(said(&[("staff", "shop")]), ["own"]);
    assert_eq!(said(&[]), ["clerk"]);
}

#[test]
fn an_organization_that_adds_nothing_has_the_policy_itself() {
    let policy = policy(false);
    let plain = Access::resolve(&policy, record(&[]), NOW_MS).unwrap();
    let own = OwnPolicy::plain(&policy);
    assert!(plain.policy().is(&own) && plain.policy().is(plain.policy()));
    let adding = access(&policy, vec![custom("clerk", &[], &[])]);
    assert!(!adding.policy().is(&own) && !own.is(adding.policy()));
}

#[test]
fn a_role_made_of_an_admins_is_none() {
    let mut spec = PolicySpec {
        custom_levels: vec![Level::Organization],
        ..spec()
    };
    let foreman = spec.roles.iter_mut().find(|role| role.id == "foreman");
    foreman.unwrap().admin = true;
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let own = access(&policy, vec![custom("foreman", &[], &[])]);
    let role = own.policy().role("own").unwrap();
    assert!(!own.policy().describe_role(role).unwrap().admin);
}

#[test]
fn custom_roles_have_a_limit() {
    let policy = policy(false);
    let resolve = |count: usize| {
        let role = |at: usize| CustomRole {
            id: format!("own{at}"),
            ..custom("clerk", &[], &[])
        };
        let customization = Customization {
            roles: (0..count).map(role).collect(),
            ..Customization::default()
        };
        let record = Record {
            customization,
            ..record(&[])
        };
        Access::resolve(&policy, record, NOW_MS).map(drop)
    };
    let limit = limits::CUSTOM_ROLES_MAX;
    assert_eq!(resolve(limit), Ok(()));
    assert_eq!(resolve(limit + 1), Err(RecordError::TooMany { limit }));
}

#[test]
fn what_may_not_be_saved_is_said() {
    #[track_caller]
    fn refused(additions: bool, role: &CustomRole, expected: CustomRoleError) {
        assert_eq!(policy(additions).check_role(role), Err(expected));
    }
    let good = custom("clerk", &[], &["refund"]);
    assert_eq!(policy(false).check_role(&good), Ok(()));
    for id in ["", "o w n", "viewer"] {
        let role = CustomRole {
            id: id.into(),
            ..good.clone()
        };
        refused(false, &role, CustomRoleError::InvalidId(id.into()));
    }
    let nameless = CustomRole {
        name: " ".into(),
        ..good
    };
    refused(false, &nameless, CustomRoleError::NoName);
    let (base, with) = (CustomRoleError::UnknownBase, custom);
    refused(false, &with("gone", &[], &[]), base("gone".into()));
    refused(
        false,
        &custom("owner", &[], &[]),
        CustomRoleError::OverridingBase("owner".into()),
    );
    refused(
        false,
        &custom("staff", &[], &[]),
        CustomRoleError::LevelNotAllowed(Level::Organization),
    );
    let adding = custom("viewer", &["sell"], &[]);
    refused(false, &adding, CustomRoleError::AdditionsNotAllowed);
    assert_eq!(policy(true).check_role(&adding), Ok(()));
    for (with, without) in [(vec!["gone"], vec![]), (vec![], vec!["gone"])] {
        let unknown = CustomRoleError::UnknownPermission("gone".into());
        refused(true, &custom("viewer", &with, &without), unknown);
    }
    // Closing the books comes with looking at them.
    let implied = || CustomRoleError::Implied {
        kept: "close".into(),
        dropped: "look".into(),
    };
    refused(false, &custom("manager", &[], &["look"]), implied());
    refused(true, &custom("viewer", &["close"], &["look"]), implied());
    let both = custom("manager", &[], &["look", "close"]);
    assert_eq!(policy(false).check_role(&both), Ok(()));
    assert_eq!(
        implied().to_string(),
        "`close` comes with `look`, so a role cannot keep the one and drop the other"
    );
}

#[test]
fn what_a_record_says_is_added_counts_nothing_where_the_organizations_policy_is_there_already() {
    let policy = policy(true);
    let record = Record {
        customization: Customization {
            roles: vec![custom("viewer", &["sell"], &[])],
            ..Customization::default()
        },
        ..record(&[("staff", "shop"), ("own", "north")])
    };
    let sells = |access: Result<Access, RecordError>| {
        decide(&access.unwrap(), "sell", "north", &[]).is_allow()
    };
    assert!(sells(Access::resolve(&policy, record.clone(), NOW_MS)));
    let own = OwnPolicy::new(&policy, &record.customization).unwrap();
    assert!(sells(Access::resolve_own(&own, record.clone(), NOW_MS)));
    let plain = OwnPolicy::plain(&policy);
    assert!(!sells(Access::resolve_own(&plain, record, NOW_MS)));
}
