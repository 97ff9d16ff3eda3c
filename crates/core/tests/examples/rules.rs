//! Rules by example: what they allow beside roles, what they take away, and for whom.

use std::sync::Arc;

use lockstep_core::{
    Access, Condition, CustomRole, Customization, DelegationError, DenyReason, Effect, FactType,
    Facts, Level, MembershipError, Outcome, PermissionSpec, Policy, PolicySpec, Record,
    ReplacementSpec, RoleSpec, RuleSpec, Target, Test, Value, can_delegate, change_role,
    directory_facts, evaluate, fact_type, limits, verdict,
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
fn what_is_allowed_to_a_role_widens_no_cap_that_it_makes() {
    let rules = || vec![rule("more", Effect::Allow, &["viewer"], &["sell"])];
    let both: [(&str, &str); 2] = [("guest", "shop"), ("clerk", "north")];
    let guest = access(&policy(rules()), &both);
    assert_eq!(answer(&guest, "sell", "north", &[]), "capped");
    let customization = Customization {
        rules: rules(),
        ..Customization::default()
    };
    let record = Record {
        customization,
        ..record(&both)
    };
    let guest = Access::resolve(&policy(Vec::new()), record, NOW_MS).unwrap();
    assert_eq!(answer(&guest, "sell", "north", &[]), "capped");
    let viewer = access(&policy(rules()), &[("viewer", "north")]);
    assert_eq!(answer(&viewer, "sell", "north", &[]), "allow");
}

#[test]
fn a_deny_for_a_role_binds_what_is_made_of_it_and_what_takes_its_place() {
    let spec = PolicySpec {
        custom_levels: vec![Level::Workspace],
        features: strings(&["flat"]),
        replacements: vec![ReplacementSpec {
            feature: "flat".into(),
            level: Level::Workspace,
            role: "manager".into(),
        }],
        ..spec()
    };
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let role = CustomRole {
        id: "own".into(),
        name: "Own".into(),
        base: "clerk".into(),
        ..CustomRole::default()
    };
    let asks = |granted: &str, plan: &[&str], effect| {
        let record = Record {
            plan: strings(plan),
            customization: Customization {
                roles: vec![role.clone()],
                rules: vec![rule("own rule", effect, &["clerk"], &["sell", "hire"])],
            },
            ..record(&[(granted, "north")])
        };
        let access = Access::resolve(&policy, record, NOW_MS).unwrap();
        ["sell", "hire"].map(|permission| answer(&access, permission, "north", &[]))
    };
    let both = |answer: &str| [answer.to_owned(), answer.to_owned()];
    assert_eq!(asks("clerk", &[], Effect::Deny), both("own rule"));
    assert_eq!(asks("own", &[], Effect::Deny), both("own rule"));
    assert_eq!(asks("clerk", &["flat"], Effect::Deny), both("own rule"));
    assert_eq!(asks("own", &["flat"], Effect::Deny), both("own rule"));
    assert_eq!(asks("manager", &[], Effect::Deny), ["allow", "no-grant"]);
    // What the organization allows goes to the role that it names alone.
    assert_eq!(asks("clerk", &[], Effect::Allow), both("allow"));
    assert_eq!(asks("own", &[], Effect::Allow), ["allow", "no-grant"]);
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
        rule("own", Effect::Deny, &["clerk"], &["sell", "gone"]),
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
    // Whoever had a role that is gone may hold another one, so its deny rule binds everybody.
    let clerk = own(vec![rule("own", Effect::Deny, &["gone"], &["sell"])]);
    assert_eq!(answer(&clerk, "sell", "till", &[]), "own");
    let clerk = own(vec![rule("own", Effect::Deny, &["viewer"], &["sell"])]);
    assert_eq!(answer(&clerk, "sell", "till", &[]), "allow");
}

/// By a role that is gone nobody knows whom a condition meant: it denies as if it held, and allows nothing.
#[test]
fn a_condition_by_a_role_that_is_gone_cannot_be_tested() {
    let policy = policy(Vec::new());
    let decide = |effect, fact: &str, test: &Test, target: &str| {
        let customization = Customization {
            rules: vec![RuleSpec {
                when: vec![Condition::new(fact, test.clone())],
                ..rule("r", effect, &["clerk"], &["sell", "close"])
            }],
            ..Customization::default()
        };
        let record = Record {
            customization,
            ..record(&[("clerk", "north")])
        };
        let clerk = Access::resolve(&policy, record, NOW_MS).unwrap();
        let asked = match effect {
            Effect::Allow => "close",
            Effect::Deny => "sell",
        };
        let asked = policy.permission(asked).unwrap();
        let mut facts = Facts::default();
        facts.set(fact, Value::Text(target.into()));
        evaluate(&clerk, asked, clerk.node("north").unwrap(), &facts).is_allow()
    };
    let text = |id: &str| Value::Text(id.into());
    for fact in directory_facts().filter(|fact| fact_type(fact) == Some(FactType::Role)) {
        for target in ["owner", "gone", "staff"] {
            for test in [
                Test::Equals(text("gone")),
                Test::NotEquals(text("gone")),
                Test::In(strings(&["staff", "gone"])),
                Test::NotIn(strings(&["staff", "gone"])),
                Test::Equals(Value::Bool(true)),
            ] {
                for effect in [Effect::Deny, Effect::Allow] {
                    let allows = decide(effect, fact, &test, target);
                    assert!(!allows, "{effect:?} {fact} {test:?} {target}");
                }
            }
            // One that is there is tested for.
            let test = Test::In(strings(&["owner", "staff"]));
            let holds = ["owner", "staff"].contains(&target);
            assert_eq!(decide(Effect::Deny, fact, &test, target), !holds);
            assert_eq!(decide(Effect::Allow, fact, &test, target), holds);
        }
    }
    let gone = Test::Equals(text("gone"));
    assert!(!decide(Effect::Deny, "target.role", &gone, "staff"));
    // Any text may be that of another fact.
    assert!(!decide(Effect::Deny, "resource.role", &gone, "gone"));
    assert!(decide(Effect::Deny, "resource.role", &gone, "staff"));
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
    // Elsewhere it does not matter.
    let beside = &[("manager", "north"), ("clerk", "south")];
    assert_eq!(hand_out(beside, "manager", "north"), [""; 0]);
    // A rule that binds the grantor on a node below counts as well.
    assert_eq!(hand_out(below, "manager", "north"), ["sell"]);
    assert_eq!(hand_out(below, "manager", "till"), ["sell"]);
}

#[test]
fn who_is_freed_of_a_rule_is_freed_by_who_holds_what_it_took() {
    let of = |rules: Vec<RuleSpec>| {
        let mut spec = PolicySpec { rules, ..spec() };
        for id in ["hr", "plain"] {
            spec.roles.push(RoleSpec {
                id: id.into(),
                ..RoleSpec::new(Level::Organization)
            });
        }
        let promote = spec.permissions.iter_mut().find(|p| p.id == "promote");
        promote.unwrap().allow.push("hr".into());
        let policy = Arc::new(Policy::compile(&spec).unwrap());
        let hr = access(&policy, &[("hr", "shop")]);
        let target = Target {
            role: policy.role("staff"),
            role_id: "staff",
            is_self: false,
            is_creator: false,
            other_admins: 0,
            keeps_owner: true,
            record: None,
        };
        change_role(
            &hr,
            &target,
            policy.role("plain").unwrap(),
            &Facts::default(),
        )
    };
    let lifts = Err(MembershipError::Delegation(DelegationError::LiftsCap));
    let rule = |role: &str| rule("no-sale", Effect::Deny, &[role], &["sell"]);
    assert_eq!(of(Vec::new()), Ok(()));
    assert_eq!(of(vec![rule("staff")]), lifts);
    // A rule that binds neither role, or both, frees of nothing.
    assert_eq!(of(vec![rule("clerk")]), Ok(()));
    let both = RuleSpec {
        roles: strings(&["staff", "plain"]),
        ..rule("staff")
    };
    assert_eq!(of(vec![both]), Ok(()));
}

#[test]
fn what_an_organizations_rule_gives_is_compared_when_it_is_handed_on() {
    let policy = policy(Vec::new());
    let late = ["close", "hire"].map(|id| at_night(rule(id, Effect::Allow, &["clerk"], &[id])));
    let customization = Customization {
        rules: late.into(),
        ..Customization::default()
    };
    let missing = |grants: &[(&str, &str)]| {
        let record = Record {
            customization: customization.clone(),
            ..record(grants)
        };
        let grantor = Access::resolve(&policy, record, NOW_MS).unwrap();
        let clerk = policy.role("clerk").unwrap();
        match can_delegate(&grantor, clerk, grantor.node("north").unwrap()) {
            Ok(()) => 0,
            Err(DelegationError::Exceeds { permissions }) => permissions.len(),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(missing(&[("clerk", "north")]), 0);
    // A foreman includes the policy's clerk, and hires.
    assert_eq!(missing(&[("foreman", "shop")]), 1);
    assert_eq!(missing(&[("manager", "north")]), 1);
}

#[test]
fn rights_that_rules_give_under_conditions_have_a_limit() {
    let permission = |at: usize| PermissionSpec {
        id: format!("p{at}"),
        ..PermissionSpec::new(Level::Organization)
    };
    let mut spec = spec();
    let more = (spec.permissions.len()..limits::PERMISSIONS_MAX).map(permission);
    spec.permissions.extend(more);
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let allow = |at: usize| RuleSpec {
        when: vec![is(&format!("context.f{at}"), true)],
        ..rule(&format!("rule{at}"), Effect::Allow, &[], &["*"])
    };
    let held = |rules: usize, asked: usize| {
        let customization = Customization {
            rules: (0..rules).map(allow).collect(),
            ..Customization::default()
        };
        let record = Record {
            customization,
            ..record(&[("staff", "shop")])
        };
        let staff = Access::resolve(&policy, record, NOW_MS).unwrap();
        let last = format!("p{}", limits::PERMISSIONS_MAX - 1);
        let fact = format!("context.f{asked}");
        answer(&staff, &last, "shop", &[(&fact, true)])
    };
    // Four rules about all but what is one's own leave no room for a fifth one's last.
    assert_eq!(limits::CONDITIONAL_RIGHTS_MAX / limits::PERMISSIONS_MAX, 4);
    assert_eq!(held(4, 3), "allow");
    assert_eq!(held(5, 3), "allow");
    assert_ne!(held(5, 4), "allow");
}
