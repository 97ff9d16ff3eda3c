//! What is granted on nodes, handed over and given back: law 5 on each of these ways.

use std::sync::Arc;

use lockstep_core::{
    Access, Assignment, CustomRole, DelegationError, Effect, Facts, Grant, Level, MembershipError,
    Operation, Policy, PolicySpec, Record, RoleSpec, RuleSpec, Target, Window, assign, define_role,
    enter_group, leave_group, replace_role, restore, suspend, transfer,
};

use crate::shop::{NOW_MS, record, spec, strings};

/// The shop, in which whoever hires also gives roles in branches, hands over and suspends.
fn policy(rules: Vec<RuleSpec>) -> Arc<Policy> {
    Arc::new(Policy::compile(&bound(rules)).unwrap())
}

fn bound(rules: Vec<RuleSpec>) -> PolicySpec {
    let operations = [
        Operation::GroupManage,
        Operation::RoleManage,
        Operation::WorkspaceMemberManage,
        Operation::ProjectTransfer,
        Operation::MemberSuspend,
    ];
    let bound = operations.map(|operation| (operation.as_str().into(), "hire".into()));
    let mut spec = PolicySpec { rules, ..spec() };
    spec.operations.extend(bound);
    spec
}

fn access(policy: &Arc<Policy>, grants: &[(&str, &str)]) -> Access {
    Access::resolve(policy, record(grants), NOW_MS).unwrap()
}

fn set(actor: &Access, node: &str, old: &[&str], new: Option<&str>) -> Result<(), MembershipError> {
    let always = Window::default();
    let old: Vec<_> = old.iter().map(|old| (*old, always)).collect();
    set_for(actor, node, &old, new.map(|new| (new, always)))
}

/// As [`set`], of roles that count for a time.
fn set_for(
    actor: &Access,
    node: &str,
    old: &[(&str, Window)],
    new: Option<(&str, Window)>,
) -> Result<(), MembershipError> {
    let role = |(id, window): &(&str, Window)| (actor.policy().role(id).unwrap(), *window);
    let old: Vec<_> = old.iter().map(role).collect();
    let assignment = Assignment {
        operation: Operation::WorkspaceMemberManage,
        node: actor.node(node).unwrap(),
        old: &old,
        new: new.as_ref().map(role),
        facts: Facts::default(),
    };
    assign(actor, &assignment)
}

fn exceeds(actor: &Access, permissions: &[&str]) -> Result<(), MembershipError> {
    let permissions = permissions.iter();
    Err(MembershipError::Delegation(DelegationError::Exceeds {
        permissions: permissions
            .map(|id| actor.policy().permission(id).unwrap())
            .collect(),
    }))
}

fn deny(role: &str, permission: &str) -> RuleSpec {
    RuleSpec {
        id: "rule".into(),
        effect: Effect::Deny,
        roles: strings(&[role]),
        permissions: strings(&[permission]),
        when: Vec::new(),
        because: String::new(),
    }
}

/// Whoever only changes when a role counts takes it for the rest of the time.
#[test]
fn law_5_a_role_that_held_back_ends_where_its_new_window_does_not_reach() {
    // Who hires lacks what the rule takes, too.
    let policy = policy(vec![deny("manager", "refund")]);
    let boss = access(&policy, &[("foreman", "shop"), ("manager", "north")]);
    let window = |from: Option<u64>, until: Option<u64>| Window {
        not_before_ms: from,
        expires_at_ms: until,
    };
    let lifts = Err(MembershipError::Delegation(DelegationError::LiftsCap));
    let always = Window::default();
    let (later, latest) = (Some(NOW_MS + 10), Some(NOW_MS + 20));
    for (old, new, held) in [
        (always, always, true),
        (always, window(Some(NOW_MS), None), true),
        (always, window(later, None), false),
        (always, window(None, later), false),
        (window(None, later), window(None, later), true),
        (window(None, later), window(None, latest), true),
        (window(None, latest), window(None, later), false),
        (window(later, None), window(later, None), true),
        (window(latest, None), window(later, None), true),
        (window(later, None), window(latest, None), false),
        (window(later, latest), window(later, latest), true),
        // One that is over holds back nothing.
        (window(None, Some(NOW_MS)), window(later, None), true),
    ] {
        let done = set_for(&boss, "north", &[("manager", old)], Some(("manager", new)));
        let expected = if held { Ok(()) } else { lifts.clone() };
        assert_eq!(done, expected, "{old:?} {new:?}");
    }
}

#[test]
fn a_role_in_a_branch_is_given_by_who_holds_it_there() {
    let policy = policy(Vec::new());
    let foreman = access(&policy, &[("foreman", "shop")]);
    assert_eq!(set(&foreman, "north", &[], Some("clerk")), Ok(()));
    assert_eq!(set(&foreman, "till", &["clerk"], Some("viewer")), Ok(()));
    let lacks = exceeds(&foreman, &["refund", "count", "close"]);
    assert_eq!(set(&foreman, "north", &[], Some("manager")), lacks);
    // With a branch of their own they give it there, and only there.
    let of_north = access(&policy, &[("foreman", "shop"), ("manager", "north")]);
    assert_eq!(set(&of_north, "north", &[], Some("manager")), Ok(()));
    assert_eq!(set(&of_north, "till", &[], Some("manager")), Ok(()));
    assert_eq!(set(&of_north, "south", &[], Some("manager")), lacks);
    // Taking it needs no more than the permission.
    assert_eq!(set(&foreman, "north", &["manager"], None), Ok(()));
    let clerk = access(&policy, &[("staff", "shop"), ("manager", "north")]);
    for new in [Some("viewer"), None] {
        let denied = set(&clerk, "north", &["clerk"], new);
        assert!(matches!(denied, Err(MembershipError::Denied(_))));
    }
}

#[test]
fn a_role_of_the_organization_is_held_in_no_branch() {
    let policy = policy(Vec::new());
    let owner = access(&policy, &[("owner", "shop")]);
    for node in ["shop", "north", "till"] {
        let given = set(&owner, node, &[], Some("staff"));
        assert_eq!(given, Err(MembershipError::NotAssignable), "{node}");
    }
    let unbound = Arc::new(Policy::compile(&spec()).unwrap());
    let owner = access(&unbound, &[("owner", "shop")]);
    let nobody = MembershipError::NotOffered(Operation::WorkspaceMemberManage);
    assert_eq!(set(&owner, "north", &[], Some("viewer")), Err(nobody));
}

#[test]
fn what_a_taken_role_held_back_is_freed_by_who_holds_it_there() {
    let lifts = Err(MembershipError::Delegation(DelegationError::LiftsCap));
    let denied = policy(vec![deny("viewer", "count")]);
    let foreman = access(&denied, &[("foreman", "shop")]);
    assert_eq!(set(&foreman, "north", &["viewer"], None), lifts);
    assert_eq!(set(&foreman, "north", &["viewer"], Some("clerk")), lifts);
    // The rule goes on to bind who keeps the role it names, and nothing else is held back.
    assert_eq!(set(&foreman, "north", &["viewer"], Some("viewer")), Ok(()));
    assert_eq!(set(&foreman, "north", &["clerk"], None), Ok(()));
    let of_north = access(&denied, &[("foreman", "shop"), ("manager", "north")]);
    assert_eq!(set(&of_north, "north", &["viewer"], None), Ok(()));
    assert_eq!(set(&of_north, "south", &["viewer"], None), lifts);
    // What the foreman holds, too, they may free.
    let held = policy(vec![deny("viewer", "sell")]);
    let foreman = access(&held, &[("foreman", "shop")]);
    assert_eq!(set(&foreman, "north", &["viewer"], None), Ok(()));
}

#[test]
fn a_project_is_handed_over_by_who_holds_what_ownership_gives() {
    let policy = policy(Vec::new());
    let hand_over = |actor: &Access| {
        let till = actor.node("till").unwrap();
        transfer(actor, till, &Facts::default())
    };
    let foreman = access(&policy, &[("foreman", "shop")]);
    assert_eq!(hand_over(&foreman), exceeds(&foreman, &["count"]));
    let manager = access(&policy, &[("foreman", "shop"), ("manager", "north")]);
    // Counting is guarded for everybody alike, and so is what is handed over.
    assert_eq!(hand_over(&manager), Ok(()));
    let mut owning = record(&[("foreman", "shop")]);
    owning.nodes[3].owned = true;
    let owning = Access::resolve(&policy, owning, NOW_MS).unwrap();
    assert_eq!(hand_over(&owning), Ok(()));
    let staff = access(&policy, &[("staff", "shop"), ("manager", "north")]);
    assert!(matches!(hand_over(&staff), Err(MembershipError::Denied(_))));
}

#[test]
fn who_comes_into_a_group_gets_what_who_puts_them_there_holds() {
    let plain = policy(Vec::new());
    let foreman = access(&plain, &[("foreman", "shop")]);
    let north = foreman.node("north").unwrap();
    let none = Facts::default();
    let grants = |grants: &[(&str, &str)]| record(grants).grants;
    let enter =
        |actor: &Access, given: &[(&str, &str)]| enter_group(actor, north, &grants(given), &none);
    assert_eq!(
        enter(&foreman, &[("clerk", "north"), ("viewer", "till")]),
        Ok(())
    );
    assert_eq!(
        enter(&foreman, &[("gone", "north"), ("gone", "gone")]),
        Ok(())
    );
    let lacks = exceeds(&foreman, &["refund", "count", "close"]);
    assert_eq!(
        enter(&foreman, &[("clerk", "north"), ("manager", "till")]),
        lacks
    );
    let staff = access(&plain, &[("staff", "shop"), ("manager", "north")]);
    assert!(matches!(
        enter(&staff, &[]),
        Err(MembershipError::Denied(_))
    ));
    // Whoever goes is freed of what the group's role held back.
    let denied = policy(vec![deny("viewer", "count")]);
    let foreman = access(&denied, &[("foreman", "shop")]);
    let leave = |given: &[(&str, &str)]| leave_group(&foreman, north, &grants(given), &none);
    assert_eq!(leave(&[("manager", "north")]), Ok(()));
    let lifts = Err(MembershipError::Delegation(DelegationError::LiftsCap));
    assert_eq!(leave(&[("clerk", "till"), ("viewer", "till")]), lifts);
    let staff = access(&denied, &[("staff", "shop"), ("manager", "north")]);
    let refused = leave_group(&staff, north, &[], &none);
    assert!(matches!(refused, Err(MembershipError::Denied(_))));
}

#[test]
fn a_role_is_made_by_who_holds_all_of_it_on_the_organization() {
    let own = |with: &[&str], without: &[&str]| CustomRole {
        id: "own".into(),
        name: "Own".into(),
        base: "clerk".into(),
        with: strings(with),
        without: strings(without),
    };
    let spec = PolicySpec {
        custom_levels: vec![Level::Workspace],
        custom_additions: true,
        ..bound(Vec::new())
    };
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let define =
        |actor: &Access, role: &CustomRole| define_role(actor, actor, role, &Facts::default());
    let foreman = access(&policy, &[("foreman", "shop")]);
    assert_eq!(define(&foreman, &own(&[], &[])), Ok(()));
    assert_eq!(define(&foreman, &own(&["look"], &["sell"])), Ok(()));
    assert_eq!(
        define(&foreman, &own(&["refund"], &[])),
        exceeds(&foreman, &["refund"])
    );
    // What is held in one branch may be granted in another one, so it does not count.
    let of_north = access(&policy, &[("foreman", "shop"), ("manager", "north")]);
    assert_eq!(
        define(&of_north, &own(&["close"], &[])),
        exceeds(&foreman, &["close"])
    );
    // Who holds the role itself on the organization is not enlarged by what it becomes.
    let mut holder = record(&[("foreman", "shop"), ("own", "shop")]);
    holder.customization.roles = vec![own(&[], &[])];
    let holder = Access::resolve(&policy, holder, NOW_MS).unwrap();
    assert_eq!(
        define(&holder, &own(&["count"], &[])),
        exceeds(&foreman, &["count"])
    );
    let staff = access(&policy, &[("staff", "shop"), ("clerk", "shop")]);
    let denied = define(&staff, &own(&[], &[]));
    assert!(matches!(denied, Err(MembershipError::Denied(_))));
}

#[test]
fn what_takes_a_deleted_roles_place_is_handed_out_wherever_it_was() {
    let policy = policy(vec![deny("viewer", "count")]);
    let replace = |actor: &Access, old: &str, new: Option<&str>, nodes: &[&str]| {
        let role = |id| actor.policy().role(id).unwrap();
        let nodes: Vec<_> = nodes.iter().map(|id| actor.node(id).unwrap()).collect();
        replace_role(
            actor,
            actor,
            Some(role(old)),
            new.map(role),
            &nodes,
            &Facts::default(),
        )
    };
    let foreman = access(&policy, &[("foreman", "shop"), ("manager", "north")]);
    assert_eq!(
        replace(&foreman, "clerk", Some("manager"), &["north", "till"]),
        Ok(())
    );
    let lacks = exceeds(&foreman, &["refund", "count", "close"]);
    assert_eq!(
        replace(&foreman, "clerk", Some("manager"), &["north", "south"]),
        lacks
    );
    assert_eq!(replace(&foreman, "clerk", Some("manager"), &[]), Ok(()));
    let lifts = Err(MembershipError::Delegation(DelegationError::LiftsCap));
    assert_eq!(replace(&foreman, "viewer", None, &["north"]), Ok(()));
    assert_eq!(
        replace(&foreman, "viewer", None, &["north", "south"]),
        lifts
    );
    let staff = replace(&foreman, "clerk", Some("staff"), &["north"]);
    assert_eq!(staff, Err(MembershipError::NotAssignable));
}

#[test]
fn a_suspended_member_gets_back_what_who_ends_it_holds() {
    let policy = policy(Vec::new());
    let foreman = access(&policy, &[("foreman", "shop")]);
    let member = Target {
        role: policy.role("staff"),
        role_id: "staff",
        is_self: false,
        is_creator: false,
        other_admins: 0,
        keeps_owner: true,
        record: None,
    };
    assert_eq!(suspend(&foreman, &member, &Facts::default()), Ok(()));
    let owner = Target {
        role: policy.role("owner"),
        ..member
    };
    let last = Err(MembershipError::LastAdmin);
    assert_eq!(suspend(&foreman, &owner, &Facts::default()), last);
    let oneself = Target {
        is_self: true,
        ..member
    };
    assert_eq!(
        suspend(&foreman, &oneself, &Facts::default()),
        Err(MembershipError::Oneself)
    );
    let end = |kept: &Record| restore(&foreman, &member, kept, &Facts::default());
    assert_eq!(
        end(&record(&[("staff", "shop"), ("clerk", "north")])),
        Ok(())
    );
    // Roles that are gone give nothing back.
    assert_eq!(end(&record(&[("gone", "shop"), ("gone", "gone")])), Ok(()));
    let lacks = exceeds(&foreman, &["refund", "count", "close"]);
    assert_eq!(end(&record(&[("manager", "north")])), lacks);
    let mut owning = record(&[("staff", "shop")]);
    owning.nodes[3].owned = true;
    assert_eq!(end(&owning), exceeds(&foreman, &["count"]));
    let mut in_group = record(&[("staff", "shop")]);
    in_group.grants.push(Grant {
        group: Some("crew".into()),
        ..Grant::new("manager", "south")
    });
    assert_eq!(end(&in_group), lacks);
    // What is over gives nothing back, and what has not begun will.
    let managing = |window| {
        let mut kept = record(&[("staff", "shop")]);
        kept.grants.push(Grant {
            window,
            ..Grant::new("manager", "north")
        });
        end(&kept)
    };
    let [over, to_come] = [(None, Some(NOW_MS)), (Some(NOW_MS + 1), Some(NOW_MS + 2))].map(
        |(not_before_ms, expires_at_ms)| Window {
            not_before_ms,
            expires_at_ms,
        },
    );
    assert_eq!(managing(over), Ok(()));
    assert_eq!(managing(to_come), lacks);
    let staff = access(&policy, &[("staff", "shop")]);
    for refused in [
        suspend(&staff, &member, &Facts::default()),
        restore(&staff, &member, &record(&[]), &Facts::default()),
    ] {
        assert!(matches!(refused, Err(MembershipError::Denied(_))));
    }
}

#[test]
fn who_is_capped_saves_no_role_that_frees_from_the_cap() {
    let mut spec = bound(Vec::new());
    spec.custom_levels = vec![Level::Organization, Level::Workspace];
    spec.roles.push(RoleSpec {
        id: "deputy".into(),
        cap: Some("foreman".into()),
        ..RoleSpec::new(Level::Organization)
    });
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let save = |actor: &Access, base: &str| {
        let role = CustomRole {
            id: "own".into(),
            name: "Own".into(),
            base: base.into(),
            with: Vec::new(),
            without: Vec::new(),
        };
        define_role(actor, actor, &role, &Facts::default())
    };
    let lifts = Err(MembershipError::Delegation(DelegationError::LiftsCap));
    let deputy = access(&policy, &[("foreman", "shop"), ("deputy", "shop")]);
    // `staff` gives nothing, and still would free its holder of the cap.
    assert_eq!(save(&deputy, "staff"), lifts);
    assert_eq!(save(&deputy, "deputy"), Ok(()));
    // A role in a branch frees nobody.
    assert_eq!(save(&deputy, "clerk"), Ok(()));
    let foreman = access(&policy, &[("foreman", "shop")]);
    assert_eq!(save(&foreman, "staff"), Ok(()));
    assert_eq!(save(&foreman, "clerk"), Ok(()));
}
