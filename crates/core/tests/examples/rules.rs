//! Rules by example: what they allow beside roles, what they take away, and for whom.

use std::sync::Arc;

use lockstep_core::{
    Access, Customization, DelegationError, DenyReason, Effect, Outcome, Policy, PolicySpec,
    Record, RuleSpec, can_delegate, verdict,
};

use crate::shop::{NOW_MS, facts, is, record, spec, strings};

fn rule(id: &str, effect: Effect, roles: &[&str], permissions: &[&str]) -> RuleSpec {
    RuleSpec {
        id: id.into(),
        effect,
        roles: strings(roles),
        permissions: strings(permissions),
        when: Vec::new(),
        because: format!("because of {id}"),
    }
}

fn at_night(rule: RuleSpec) -> RuleSpec {
    RuleSpec {
        when: vec![is("context.night", true)],
        ..rule
    }
}

fn policy(rules: Vec<RuleSpec>) -> Arc<Policy> {
    let spec = PolicySpec { rules, ..spec() };
    Arc::new(Policy::compile(&spec).unwrap())
}

fn access(policy: &Arc<Policy>, grants: &[(&str, &str)]) -> Access {
    Access::resolve(policy, record(grants), NOW_MS).unwrap()
}

/// `allow`, the code of the denial, or the rule or fact that it names.
fn answer(access: &Access, permission: &str, node: &str, known: &[(&str, bool)]) -> String {
    let policy = access.policy();
    let id = policy.permission(permission).unwrap();
    let at = access.node(node).unwrap();
    let facts = facts(known);
    let decision = lockstep_core::evaluate(access, id, at, &facts);
    assert_eq!(
        decision.is_allow(),
        verdict(access, id, at, &facts) == Outcome::True
    );
    match decision {
        lockstep_core::Decision::Allow(_) => "allow".into(),
        lockstep_core::Decision::Deny(denial) => match denial.reason {
            DenyReason::DeniedByRule { rule } => {
                let rule = policy.rule(rule).unwrap();
                assert_eq!(rule.because, format!("because of {}", rule.id));
                rule.id.clone()
            }
            DenyReason::FactMissing { fact } => fact,
            other => other.code().into(),
        },
    }
}

#[test]
fn a_deny_beats_everything_for_everybody() {
    let policy = policy(vec![rule("closed", Effect::Deny, &[], &["sell"])]);
    for grants in [[("owner", "shop")], [("manager", "north")]] {
        let somebody = access(&policy, &grants);
        assert_eq!(answer(&somebody, "sell", "north", &[]), "closed");
        assert_eq!(answer(&somebody, "look", "north", &[]), "allow");
    }
    // Strangers are told first that they are strangers.
    assert_eq!(
        answer(&access(&policy, &[]), "sell", "north", &[]),
        "no-membership"
    );
}

#[test]
fn a_deny_for_a_role_reaches_as_far_as_the_role_was_granted() {
    let policy = policy(vec![
        rule("other", Effect::Deny, &["viewer"], &["look"]),
        rule("no-clerks", Effect::Deny, &["clerk"], &["sell", "refund"]),
    ]);
    let both = access(&policy, &[("clerk", "north"), ("manager", "shop")]);
    assert_eq!(answer(&both, "sell", "north", &[]), "no-clerks");
    assert_eq!(answer(&both, "refund", "till", &[]), "no-clerks");
    assert_eq!(answer(&both, "sell", "south", &[]), "allow");
    assert_eq!(answer(&both, "look", "till", &[]), "allow");
}

#[test]
fn a_deny_under_a_condition_counts_while_the_fact_is_missing() {
    let policy = policy(vec![at_night(rule("night", Effect::Deny, &[], &["*"]))]);
    let manager = access(&policy, &[("manager", "north")]);
    for permission in ["look", "sell", "refund", "close", "resign"] {
        let answer = |known| answer(&manager, permission, "north", known);
        assert_eq!(answer(&[]), "context.night");
        assert_eq!(answer(&[("context.night", true)]), "night");
        assert_eq!(answer(&[("context.night", false)]), "allow");
    }
    // Where a rule applies outright, it is named before what another one misses.
    let both = self::policy(vec![
        at_night(rule("night", Effect::Deny, &[], &["sell"])),
        rule("closed", Effect::Deny, &[], &["sell"]),
    ]);
    let manager = access(&both, &[("manager", "north")]);
    assert_eq!(answer(&manager, "sell", "north", &[]), "closed");
}

#[test]
fn an_allow_gives_beside_roles_what_it_names_and_what_that_implies() {
    let policy = policy(vec![
        rule("closers", Effect::Allow, &["staff"], &["close"]),
        at_night(rule("night", Effect::Allow, &[], &["sell"])),
    ]);
    let staff = access(&policy, &[("staff", "shop")]);
    assert_eq!(answer(&staff, "close", "north", &[]), "allow");
    assert_eq!(answer(&staff, "look", "till", &[]), "allow");
    assert_eq!(answer(&staff, "refund", "north", &[]), "no-grant");
    assert_eq!(answer(&staff, "sell", "north", &[]), "context.night");
    assert_eq!(
        answer(&staff, "sell", "north", &[("context.night", true)]),
        "allow"
    );
    assert_eq!(
        answer(&staff, "sell", "north", &[("context.night", false)]),
        "guard-failed"
    );
    let viewer = access(&policy, &[("viewer", "north")]);
    assert_eq!(answer(&viewer, "close", "north", &[]), "no-grant");
    assert_eq!(
        answer(&viewer, "sell", "south", &[("context.night", true)]),
        "allow"
    );
    let stranger = access(&policy, &[]);
    assert_eq!(
        answer(&stranger, "sell", "north", &[("context.night", true)]),
        "no-membership"
    );
}

#[test]
fn an_allow_stands_under_caps_and_guards() {
    let policy = policy(vec![rule("all", Effect::Allow, &[], &["*"])]);
    let guest = access(&policy, &[("guest", "shop")]);
    assert_eq!(answer(&guest, "look", "north", &[]), "allow");
    assert_eq!(answer(&guest, "sell", "north", &[]), "capped");
    let staff = access(&policy, &[("staff", "shop")]);
    assert_eq!(answer(&staff, "sell", "north", &[]), "allow");
    assert_eq!(answer(&staff, "count", "north", &[]), "resource.open");
}

#[test]
fn an_organization_adds_rules_of_its_own() {
    let policy = policy(vec![rule("first", Effect::Deny, &["viewer"], &["look"])]);
    let own = |rules: Vec<RuleSpec>| {
        let customization = Customization {
            rules,
            ..Customization::default()
        };
        let record = Record {
            customization,
            ..record(&[("clerk", "north")])
        };
        Access::resolve(&policy, record, NOW_MS).unwrap()
    };
    let clerk = own(vec![
        rule("own", Effect::Deny, &["clerk", "gone"], &["sell", "gone"]),
        rule("more", Effect::Allow, &[], &["hire"]),
        at_night(rule("late", Effect::Allow, &["clerk"], &["close"])),
    ]);
    assert_eq!(answer(&clerk, "sell", "till", &[]), "own");
    assert_eq!(answer(&clerk, "hire", "shop", &[]), "allow");
    assert_eq!(answer(&clerk, "close", "south", &[]), "no-grant");
    assert_eq!(answer(&clerk, "close", "north", &[]), "context.night");
    // What is gone is left out, and what is left of the rule still counts.
    let clerk = own(vec![
        rule("gone", Effect::Allow, &["gone"], &["*"]),
        rule("all", Effect::Deny, &["clerk"], &["*"]),
    ]);
    assert_eq!(answer(&clerk, "hire", "shop", &[]), "no-grant");
    assert_eq!(answer(&clerk, "look", "north", &[]), "all");
}

#[test]
fn what_a_rule_takes_is_handed_on_only_to_who_is_bound_by_it() {
    let policy = policy(vec![
        rule("no-clerks", Effect::Deny, &["clerk"], &["sell"]),
        rule("nobody", Effect::Deny, &[], &["refund"]),
    ]);
    let hand_out = |grants: &[(&str, &str)], role: &str, node: &str| {
        let grantor = access(&policy, grants);
        let result = can_delegate(
            &grantor,
            policy.role(role).unwrap(),
            grantor.node(node).unwrap(),
        );
        match result {
            Ok(()) => Vec::new(),
            Err(DelegationError::Exceeds { permissions }) => permissions
                .into_iter()
                .map(|at| policy.describe(at).unwrap().id.clone())
                .collect(),
            Err(error) => vec![error.to_string()],
        }
    };
    let manager = &[("manager", "north")];
    let both = &[("manager", "north"), ("clerk", "north")];
    let below = &[("manager", "north"), ("clerk", "till")];
    assert_eq!(hand_out(manager, "manager", "north"), [""; 0]);
    // Who holds it in spite of the rule may not hand it to a role that the rule leaves alone.
    assert_eq!(hand_out(both, "manager", "north"), ["sell"]);
    assert_eq!(hand_out(both, "clerk", "north"), [""; 0]);
    // A rule that binds the grantor on a node below counts as well.
    assert_eq!(hand_out(below, "manager", "north"), ["sell"]);
    assert_eq!(hand_out(below, "manager", "till"), ["sell"]);
}
