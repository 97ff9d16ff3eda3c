//! Each reason by itself, and which of two wins: the first factor that is false.

use std::sync::Arc;

use lockstep_core::{
    Access, Condition, ConditionalSpec, Decision, DenyReason, Effect, Policy, RuleSpec, Source,
    Test, TokenLimit,
};

use crate::shop::{
    NOW_MS, access, decide, is, policy, reason, record, record_until, resolve, spec, strings,
};

const OPEN: &[(&str, bool)] = &[("resource.open", true)];
const SHUT: &[(&str, bool)] = &[("resource.open", false)];

#[track_caller]
fn allowed_by(access: &Access, permission: &str, node: &str, known: &[(&str, bool)], by: &str) {
    let Decision::Allow(allowance) = decide(access, permission, node, known) else {
        panic!("{permission} on {node} is denied");
    };
    let place = |node| access.describe(node).unwrap().id;
    let said = match allowance.source {
        Source::Everyone => "everyone".to_owned(),
        Source::Ownership(node) => format!("owner of {}", place(node)),
        Source::Role { role, node, .. } => {
            format!(
                "{} in {}",
                policy().describe_role(role).unwrap().id,
                place(node)
            )
        }
    };
    assert_eq!(said, by);
}

#[test]
fn a_role_allows_where_it_is_granted_and_below() {
    let clerk = access(&[("clerk", "north")]);
    allowed_by(&clerk, "sell", "north", &[], "clerk in north");
    allowed_by(&clerk, "sell", "till", &[], "clerk in north");
    assert_eq!(reason(&clerk, "sell", "south", &[]), DenyReason::NoGrant);
    assert_eq!(reason(&clerk, "sell", "shop", &[]), DenyReason::NoGrant);
}

#[test]
fn the_nearest_grant_is_named_before_ownership_and_everybody() {
    let both = access(&[("manager", "shop"), ("clerk", "north")]);
    allowed_by(&both, "sell", "till", &[], "clerk in north");
    allowed_by(&both, "sell", "south", &[], "manager in shop");

    let mut record = record(&[("staff", "shop")]);
    record.nodes.last_mut().unwrap().owned = true;
    let owner_of_till = resolve(record);
    allowed_by(&owner_of_till, "count", "till", SHUT, "owner of till");
    allowed_by(&owner_of_till, "resign", "shop", &[], "everyone");
}

#[test]
fn an_implied_permission_is_held_through_the_role() {
    let manager = access(&[("manager", "north")]);
    allowed_by(&manager, "look", "north", &[], "manager in north");
}

#[test]
fn no_membership_comes_before_everything() {
    let mut stranger = record(&[]);
    stranger.token = Some(TokenLimit {
        permissions: Some(Vec::new()),
        node: None,
        ..TokenLimit::default()
    });
    let stranger = resolve(stranger);
    for permission in ["look", "count", "resign"] {
        assert_eq!(
            reason(&stranger, permission, "north", OPEN),
            DenyReason::NoMembership
        );
    }
    // A membership that is over is none.
    let former = resolve(record_until(&[("manager", "north")], NOW_MS));
    assert_eq!(
        reason(&former, "look", "north", &[]),
        DenyReason::NoMembership
    );
}

#[test]
fn a_guard_comes_before_token_cap_and_grant() {
    let guard_failed = DenyReason::GuardFailed {
        guard: "resource.open = false".into(),
    };
    let mut record = record(&[("guest", "shop")]);
    record.token = Some(TokenLimit {
        permissions: Some(Vec::new()),
        node: None,
        ..TokenLimit::default()
    });
    let guest = resolve(record);
    assert_eq!(reason(&guest, "count", "north", OPEN), guard_failed);
    // An override lifts no guard.
    assert_eq!(
        reason(&access(&[("owner", "shop")]), "count", "north", OPEN),
        guard_failed
    );
}

#[test]
fn a_missing_fact_denies_and_is_named() {
    let missing = |fact: &str| DenyReason::FactMissing { fact: fact.into() };
    let manager = access(&[("manager", "north")]);
    assert_eq!(
        reason(&manager, "count", "north", &[]),
        missing("resource.open")
    );
    allowed_by(&manager, "count", "north", SHUT, "manager in north");

    // Under a condition of the role's, too.
    let clerk = access(&[("clerk", "north")]);
    assert_eq!(
        reason(&clerk, "refund", "north", &[]),
        missing("resource.own")
    );
    let own = |own| [("resource.own", own)];
    allowed_by(&clerk, "refund", "north", &own(true), "clerk in north");
    let guard = "resource.own = true".into();
    assert_eq!(
        reason(&clerk, "refund", "north", &own(false)),
        DenyReason::GuardFailed { guard }
    );
}

/// A clerk takes back what they sold, and whoever opened the shop takes back anything.
fn refunds() -> Arc<Policy> {
    let mut spec = spec();
    let mut permissions = spec.permissions.iter_mut();
    let refund = permissions.find(|permission| permission.id == "refund");
    refund.unwrap().conditional.insert(
        0,
        ConditionalSpec {
            roles: strings(&["clerk"]),
            when: vec![is("principal.creator", true), is("resource.open", true)],
        },
    );
    Arc::new(Policy::compile(&spec).unwrap())
}

#[test]
fn of_conditions_that_fail_those_are_named_that_whoever_asks_can_meet() {
    let policy = refunds();
    let clerk = Access::resolve(&policy, record(&[("clerk", "north")]), NOW_MS).unwrap();
    let told = |known: &[(&str, bool)]| reason(&clerk, "refund", "north", known);
    let missing = |fact: &str| DenyReason::FactMissing { fact: fact.into() };
    let failed = |guard: &str| DenyReason::GuardFailed {
        guard: guard.into(),
    };
    assert_eq!(told(&[]), missing("resource.own"));
    let (stranger, foreign) = (("principal.creator", false), ("resource.own", false));
    assert_eq!(told(&[stranger]), missing("resource.own"));
    assert_eq!(told(&[stranger, foreign]), failed("resource.own = true"));
    // What may yet hold comes before what does not, whoever knows of it.
    assert_eq!(told(&[foreign]), missing("principal.creator"));
    // Conditions that hold do not matter: who opened the shop only has to open the till.
    let founder = ("principal.creator", true);
    let found = told(&[founder, ("resource.open", false), foreign]);
    assert_eq!(
        found,
        failed("principal.creator = true and resource.open = true")
    );
}

/// Which of the two stands first is no matter.
#[test]
fn who_asks_can_meet_what_is_compared_with_a_fact_of_theirs() {
    let mut spec = spec();
    let mut permissions = spec.permissions.iter_mut();
    let refund = permissions.find(|permission| permission.id == "refund");
    let theirs = Condition::new("principal.id", Test::EqualsFact("resource.owner".into()));
    refund.unwrap().conditional = [is("principal.creator", true), theirs]
        .map(|condition| ConditionalSpec {
            roles: strings(&["clerk"]),
            when: vec![condition],
        })
        .into();
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let clerk = Access::resolve(&policy, record(&[("clerk", "north")]), NOW_MS).unwrap();
    let known = [("principal.creator", false), ("principal.id", false)];
    let told = |owner: &[(&str, bool)]| {
        let known = [known.as_slice(), owner].concat();
        reason(&clerk, "refund", "north", &known)
    };
    let fact = "resource.owner".into();
    assert_eq!(told(&[]), DenyReason::FactMissing { fact });
    let guard = "principal.id = resource.owner".into();
    let others = [("resource.owner", true)];
    assert_eq!(told(&others), DenyReason::GuardFailed { guard });
}

/// What a question calls its resource by is no fact any more, whatever rules were stored when it was.
#[test]
fn an_organizations_rule_by_what_is_no_fact_needs_none() {
    let told = |effect, known: &[(&str, bool)]| {
        let rule = |condition| RuleSpec {
            id: "old".into(),
            effect,
            roles: strings(&["clerk"]),
            permissions: strings(&["close"]),
            when: vec![condition, is("resource.own", true)],
            because: String::new(),
        };
        let of = |condition| {
            let mut record = record(&[("clerk", "north"), ("manager", "south")]);
            record.customization.rules.push(rule(condition));
            reason(&resolve(record), "close", "north", known)
        };
        let facts = ["resource.id", "resource.type", "action.name"];
        let reasons = facts.map(|fact| of(is(fact, true)));
        let beside =
            facts.map(|fact| of(Condition::new("resource.a", Test::EqualsFact(fact.into()))));
        let mut all = reasons.iter().chain(&beside);
        assert!(
            all.all(|other| *other == reasons[0]),
            "{reasons:?} {beside:?}"
        );
        reasons[0].clone()
    };
    let own = [("resource.own", true)];
    assert_eq!(told(Effect::Allow, &own), DenyReason::NoGrant);
    assert_eq!(told(Effect::Allow, &[]), DenyReason::NoGrant);
    // A deny rule denies as if the condition held.
    let denied = DenyReason::DeniedByRule { rule: 0 };
    assert_eq!(told(Effect::Deny, &own), denied);
    let fact = "resource.own".into();
    assert_eq!(told(Effect::Deny, &[]), DenyReason::FactMissing { fact });
    let foreign = [("resource.own", false)];
    assert_eq!(told(Effect::Deny, &foreign), DenyReason::NoGrant);
}

#[test]
fn a_token_comes_before_cap_and_grant() {
    let narrowed = |permissions: Option<&[&str]>, node: Option<&str>| {
        let mut record = record(&[("guest", "shop"), ("manager", "north")]);
        record.token = Some(TokenLimit {
            permissions: permissions.map(strings),
            node: node.map(Into::into),
            ..TokenLimit::default()
        });
        resolve(record)
    };
    let out = DenyReason::OutOfTokenScope;
    let to_looking = narrowed(Some(&["look"]), None);
    assert_eq!(reason(&to_looking, "sell", "north", &[]), out);
    allowed_by(&to_looking, "look", "till", &[], "manager in north");
    let to_till = narrowed(None, Some("till"));
    assert_eq!(reason(&to_till, "look", "north", &[]), out);
    allowed_by(&to_till, "look", "till", &[], "manager in north");
    let to_nowhere = narrowed(None, Some("closed-branch"));
    assert_eq!(reason(&to_nowhere, "look", "north", &[]), out);
}

#[test]
fn a_cap_comes_before_the_grant_and_spares_what_is_ones_own() {
    let guest = access(&[("guest", "shop"), ("manager", "north")]);
    let capped = DenyReason::Capped {
        role: policy().role("guest").unwrap(),
    };
    assert_eq!(reason(&guest, "sell", "north", &[]), capped);
    // Whether or not a role would give it.
    assert_eq!(reason(&guest, "sell", "south", &[]), capped);
    allowed_by(&guest, "look", "north", &[], "manager in north");
    allowed_by(&guest, "resign", "shop", &[], "everyone");
}

/// Under another cap, `refund` is held only of what one sold oneself.
#[test]
fn a_cap_that_facts_decide_names_the_fact_that_is_missing() {
    let mut spec = spec();
    let mut roles = spec.roles.iter_mut();
    roles.find(|role| role.id == "guest").unwrap().cap = Some("clerk".into());
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let access =
        |grants: &[(&str, &str)]| Access::resolve(&policy, record(grants), NOW_MS).unwrap();
    let own = |own| [("resource.own", own)];
    let missing = DenyReason::FactMissing {
        fact: "resource.own".into(),
    };
    let manager = access(&[("guest", "shop"), ("manager", "north")]);
    assert_eq!(reason(&manager, "refund", "north", &[]), missing);
    let decided = |known: &[(&str, bool)]| decide(&manager, "refund", "north", known);
    assert!(matches!(decided(&own(true)), Decision::Allow(_)));
    let capped = DenyReason::Capped {
        role: policy.role("guest").unwrap(),
    };
    assert_eq!(reason(&manager, "refund", "north", &own(false)), capped);
    // Who would not be given it either way lacks no fact.
    let guest = access(&[("guest", "shop")]);
    assert_eq!(reason(&guest, "refund", "north", &[]), DenyReason::NoGrant);
    assert_eq!(reason(&guest, "refund", "north", &own(false)), capped);
}

#[test]
fn an_override_beats_a_cap() {
    let both = access(&[("guest", "shop"), ("owner", "shop")]);
    allowed_by(&both, "sell", "south", &[], "owner in shop");
    // It overrides from the organization only.
    let lower = access(&[("guest", "shop"), ("owner", "north")]);
    let capped = policy().role("guest").unwrap();
    assert_eq!(
        reason(&lower, "sell", "north", &[]),
        DenyReason::Capped { role: capped }
    );
}

#[test]
fn a_grant_that_is_over_is_named_where_it_would_have_allowed() {
    let grants = [("staff", "shop"), ("clerk", "north")];
    let expired = |role: &str, access: &Access, node: &str| DenyReason::Expired {
        role: policy().role(role).unwrap(),
        node: access.node(node).unwrap(),
    };
    // It counts before the millisecond at which it ends, and from there on not.
    allowed_by(
        &resolve(record_until(&grants, NOW_MS + 1)),
        "sell",
        "till",
        &[],
        "clerk in north",
    );
    let over = resolve(record_until(&grants, NOW_MS));
    assert_eq!(
        reason(&over, "sell", "till", &[]),
        expired("clerk", &over, "north")
    );
    assert_eq!(reason(&over, "sell", "south", &[]), DenyReason::NoGrant);
    assert_eq!(reason(&over, "hire", "shop", &[]), DenyReason::NoGrant);
}

#[test]
fn a_grant_that_has_not_begun_gives_nothing_yet() {
    let mut record = record(&[("staff", "shop"), ("clerk", "north")]);
    record.grants.last_mut().unwrap().window.not_before_ms = Some(NOW_MS + 1);
    let policy = policy();
    let early = Access::resolve(&policy, record.clone(), NOW_MS).unwrap();
    assert_eq!(reason(&early, "sell", "north", &[]), DenyReason::NoGrant);
    assert_eq!(early.changes_at_ms(), Some(NOW_MS + 1));
    let begun = Access::resolve(&policy, record, NOW_MS + 1).unwrap();
    allowed_by(&begun, "sell", "north", &[], "clerk in north");
    assert_eq!(begun.changes_at_ms(), None);
}

#[test]
fn a_role_that_is_gone_gives_nothing() {
    let member = access(&[("cashier", "shop")]);
    assert_eq!(reason(&member, "sell", "north", &[]), DenyReason::NoGrant);
    // Who holds it is still a member, and may go.
    allowed_by(&member, "resign", "shop", &[], "everyone");
}
