//! Law 5 by example: who may hand out which role, and where.

use std::sync::Arc;

use lockstep_core::{
    Access, DelegationError, PolicySpec, PrincipalKind, Record, TokenLimit, can_delegate,
    can_hand_over,
};
use lockstep_core::{ConditionalSpec, Level, PermissionSpec, Policy, RoleSpec};

use crate::shop::{NOW_MS, access, is, policy, record, resolve, spec, strings};

/// What is missing for `grantor` to hand out `role` on `node`: permission ids, or `cap`.
fn missing(policy: &Arc<Policy>, grantor: &Access, role: &str, node: &str) -> Vec<String> {
    let role = policy.role(role).unwrap();
    match can_delegate(grantor, role, grantor.node(node).unwrap()) {
        Ok(()) => Vec::new(),
        Err(DelegationError::Exceeds { permissions }) => {
            let id = |permission| policy.describe(permission).unwrap().id.clone();
            permissions.into_iter().map(id).collect()
        }
        Err(DelegationError::LiftsCap) => strings(&["cap"]),
        Err(DelegationError::Unknown) => strings(&["unknown"]),
    }
}

#[test]
fn a_role_is_handed_out_by_who_holds_all_of_it() {
    let policy = policy();
    let manager = access(&[("manager", "north")]);
    assert_eq!(missing(&policy, &manager, "clerk", "north"), [""; 0]);
    assert_eq!(missing(&policy, &manager, "manager", "till"), [""; 0]);
    assert_eq!(missing(&policy, &manager, "viewer", "south"), ["look"]);
    assert_eq!(missing(&policy, &manager, "viewer", "shop"), ["look"]);
    let clerk = access(&[("clerk", "north")]);
    assert_eq!(
        missing(&policy, &clerk, "manager", "north"),
        ["refund", "count", "close"]
    );
}

/// What is missing for `grantor` to see a key of a program that was granted `granted`: permission ids.
fn missing_for_key(
    granted: &[(&str, &str)],
    scope: Option<&[&str]>,
    node: Option<&str>,
    grantor: &Access,
) -> Vec<String> {
    let record = Record {
        kind: PrincipalKind::ServiceAccount,
        token: Some(TokenLimit {
            permissions: scope.map(strings),
            node: node.map(Into::into),
            ..TokenLimit::default()
        }),
        ..record(granted)
    };
    missing_between(grantor, &record)
}

/// What is missing for `grantor` to hand out what acts as `holder`: permission ids.
fn missing_between(grantor: &Access, holder: &Record) -> Vec<String> {
    match can_hand_over(grantor, holder) {
        Ok(()) => Vec::new(),
        Err(DelegationError::Exceeds { permissions }) => {
            let id = |permission| grantor.policy().describe(permission).unwrap().id.clone();
            permissions.into_iter().map(id).collect()
        }
        Err(other) => panic!("{other}"),
    }
}

/// Whose last grant is over is nobody, and has not even what everybody has.
#[test]
fn what_is_over_is_no_part_of_what_a_key_gives() {
    let clerk = access(&[("clerk", "north")]);
    let held = |expires_at_ms| {
        let mut record = record(&[("clerk", "north"), ("manager", "north")]);
        record.grants[1].window.expires_at_ms = Some(expires_at_ms);
        missing_between(&clerk, &record)
    };
    assert_eq!(held(NOW_MS), Vec::<String>::new());
    assert_ne!(held(NOW_MS + 1), Vec::<String>::new());
}

#[test]
fn a_key_is_shown_to_who_holds_what_it_gives() {
    let manager = access(&[("manager", "north")]);
    let clerk = access(&[("clerk", "north")]);
    let of_manager = [("manager", "north")];
    assert_eq!(missing_for_key(&of_manager, None, None, &manager), [""; 0]);
    assert_eq!(
        missing_for_key(&of_manager, None, None, &clerk),
        ["refund", "count", "close"]
    );
    // Scopes and a subtree leave less of it.
    assert_eq!(
        missing_for_key(&of_manager, Some(&["look", "refund"]), None, &clerk),
        ["refund"]
    );
    assert_eq!(
        missing_for_key(&of_manager, Some(&["look"]), None, &clerk),
        [""; 0]
    );
    let of_both = [("clerk", "north"), ("manager", "south")];
    assert_eq!(
        missing_for_key(&of_both, None, Some("north"), &clerk),
        [""; 0]
    );
    assert!(!missing_for_key(&of_both, None, Some("shop"), &clerk).is_empty());
    // A key for a node below what was granted is one for that node.
    assert_eq!(
        missing_for_key(&of_manager, None, Some("till"), &manager),
        [""; 0]
    );
    assert!(!missing_for_key(&[("manager", "shop")], None, Some("south"), &manager).is_empty());
    assert!(!missing_for_key(&of_manager, None, None, &access(&[])).is_empty());
}

#[test]
fn a_key_of_who_overrides_gives_everything_and_of_nobody_else() {
    let foreman = access(&[("foreman", "shop")]);
    let owner = access(&[("owner", "shop")]);
    let of_owner = [("owner", "shop")];
    assert_eq!(missing_for_key(&of_owner, None, None, &owner), [""; 0]);
    // The table alone gives an owner nothing that a foreman lacks.
    assert_eq!(
        missing_for_key(&of_owner, None, None, &foreman),
        ["refund", "count", "close"]
    );
    let of_foreman = [("foreman", "shop")];
    assert_eq!(missing_for_key(&of_foreman, None, None, &foreman), [""; 0]);
}

#[test]
fn a_key_of_a_member_gives_what_everybody_holds() {
    let policy = Arc::new(
        Policy::compile(&PolicySpec {
            everyone: strings(&["close"]),
            ..spec()
        })
        .unwrap(),
    );
    let of = |grants: &[(&str, &str)]| Access::resolve(&policy, record(grants), NOW_MS).unwrap();
    // Their cap takes it from a guest.
    let guest = of(&[("guest", "shop")]);
    let missing = missing_between(&guest, &record(&[("viewer", "north")]));
    assert!(missing.contains(&"close".to_owned()), "{missing:?}");
    assert_eq!(missing_between(&guest, &record(&[])), [""; 0]);
    let staff = of(&[("staff", "shop")]);
    assert_eq!(
        missing_between(&staff, &record(&[("staff", "shop")])),
        [""; 0]
    );
}

#[test]
fn a_stranger_hands_out_nothing_not_even_what_everybody_holds() {
    let policy = policy();
    assert_eq!(missing(&policy, &access(&[]), "viewer", "shop"), ["look"]);
}

#[test]
fn what_is_held_under_a_condition_is_handed_on_under_the_same_one_only() {
    let mut spec: PolicySpec = spec();
    for (id, fact) in [("trainee", "resource.own"), ("auditor", "resource.open")] {
        spec.roles.push(RoleSpec {
            id: id.into(),
            ..RoleSpec::new(Level::Workspace)
        });
        let refund = spec.permissions.iter_mut().find(|p| p.id == "refund");
        refund.unwrap().conditional.push(ConditionalSpec {
            roles: strings(&[id]),
            when: vec![is(fact, true)],
        });
    }
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let clerk = Access::resolve(&policy, record(&[("clerk", "north")]), NOW_MS).unwrap();
    assert_eq!(missing(&policy, &clerk, "trainee", "north"), [""; 0]);
    assert_eq!(missing(&policy, &clerk, "auditor", "north"), ["refund"]);
    // Who holds it without a condition may hand it on under any.
    let manager = Access::resolve(&policy, record(&[("manager", "north")]), NOW_MS).unwrap();
    assert_eq!(missing(&policy, &manager, "auditor", "north"), [""; 0]);
}

#[test]
fn a_cap_binds_what_its_holder_hands_out() {
    let policy = policy();
    let guest = access(&[("guest", "shop"), ("manager", "north")]);
    assert_eq!(missing(&policy, &guest, "viewer", "north"), [""; 0]);
    assert_eq!(
        missing(&policy, &guest, "clerk", "north"),
        ["sell", "refund"]
    );
    // `staff` gives nothing, and still would free its holder of the cap.
    assert_eq!(missing(&policy, &guest, "staff", "shop"), ["cap"]);
    assert_eq!(missing(&policy, &guest, "guest", "shop"), [""; 0]);
}

#[test]
fn a_wider_cap_frees_as_well() {
    let mut spec = spec();
    spec.roles.push(RoleSpec {
        id: "helper".into(),
        cap: Some("clerk".into()),
        ..RoleSpec::new(Level::Organization)
    });
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let guest = Access::resolve(&policy, record(&[("guest", "shop")]), NOW_MS).unwrap();
    assert_eq!(missing(&policy, &guest, "helper", "shop"), ["cap"]);
    let helper = Access::resolve(&policy, record(&[("helper", "shop")]), NOW_MS).unwrap();
    assert_eq!(missing(&policy, &helper, "guest", "shop"), [""; 0]);
}

#[test]
fn an_override_is_handed_out_by_who_overrides() {
    let mut spec = spec();
    // Holds everything by the table, and overrides nothing.
    for permission in &mut spec.permissions {
        permission.allow.push("foreman".into());
    }
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let of = |role| Access::resolve(&policy, record(&[(role, "shop")]), NOW_MS).unwrap();
    assert_eq!(missing(&policy, &of("foreman"), "owner", "shop"), ["cap"]);
    assert_eq!(
        missing(&policy, &of("foreman"), "manager", "north"),
        [""; 0]
    );
    assert_eq!(missing(&policy, &of("owner"), "owner", "shop"), [""; 0]);
}

#[test]
fn a_token_hands_out_no_more_than_it_may_use() {
    let policy = policy();
    let mut narrowed = record(&[("owner", "shop")]);
    narrowed.token = Some(TokenLimit {
        permissions: Some(strings(&["look", "hire"])),
        node: None,
        ..TokenLimit::default()
    });
    let narrowed = resolve(narrowed);
    assert_eq!(missing(&policy, &narrowed, "viewer", "north"), [""; 0]);
    assert_eq!(
        missing(&policy, &narrowed, "clerk", "north"),
        ["sell", "refund"]
    );
}

#[test]
fn what_is_ones_own_is_not_compared() {
    let mut policy_spec = spec();
    policy_spec.permissions.push(PermissionSpec {
        id: "own.photo".into(),
        allow: strings(&["viewer"]),
        personal: true,
        ..PermissionSpec::new(Level::Workspace)
    });
    let policy = Arc::new(Policy::compile(&policy_spec).unwrap());
    let clerk = Access::resolve(&policy, record(&[("clerk", "north")]), NOW_MS).unwrap();
    assert_eq!(missing(&policy, &clerk, "viewer", "north"), [""; 0]);
}

#[test]
fn why_a_role_is_not_handed_out_is_said_in_a_sentence() {
    let policy = policy();
    let clerk = access(&[("clerk", "north")]);
    let exceeds = can_delegate(
        &clerk,
        policy.role("manager").unwrap(),
        clerk.node("north").unwrap(),
    );
    let said = [
        exceeds.unwrap_err(),
        DelegationError::LiftsCap,
        DelegationError::Unknown,
    ];
    assert_eq!(
        said.map(|error| error.to_string()),
        [
            "the role gives 3 permissions that the grantor lacks",
            "the role lifts a cap that the grantor may not lift",
            "no such role or node",
        ]
    );
}
