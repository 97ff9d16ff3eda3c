//! Rules, guards, custom roles and reasons: what they never do, whatever the policy.

use lockstep_core::{
    Condition, Decision, Effect, Facts, Grant, OwnPolicy, PolicySpec, Record, RuleSpec, Test, Value,
};
use proptest::prelude::*;

use crate::support::policies::condition;
use crate::support::worlds::{self, NODES, NOW_MS};
use crate::support::{allowed, config, decisions, permissions};
use crate::{any_policy, code, compile, resolve};

/// A rule that denies everything to everybody while `when` holds.
fn deny(when: Vec<Condition>) -> RuleSpec {
    RuleSpec {
        id: "deny".into(),
        effect: Effect::Deny,
        roles: Vec::new(),
        permissions: vec!["*".into()],
        when,
        because: String::new(),
    }
}

/// `facts` but for `names`; with `value` in the place of each.
fn without(facts: &Facts, names: &[&str], value: Option<&Value>) -> Facts {
    let mut rest: Facts = facts
        .iter()
        .filter(|(name, _)| !names.contains(name))
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
    for (name, value) in names.iter().zip(value.into_iter().cycle()) {
        rest.set(*name, value.clone());
    }
    rest
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_deny_beats_everything(
        spec in any_policy(),
        record in worlds::records(),
        facts in worlds::facts(),
    ) {
        let mut own = record.clone();
        own.customization.rules.push(deny(Vec::new()));
        prop_assert_eq!(allowed(&resolve(&compile(&spec), &own), &facts), []);
        let mut spec = spec;
        spec.rules.push(deny(Vec::new()));
        prop_assert_eq!(allowed(&resolve(&compile(&spec), &record), &facts), []);
    }

    #[test]
    fn a_deny_on_a_missing_or_mistyped_fact_denies(
        spec in any_policy(),
        record in worlds::records(),
        condition in condition(),
        facts in worlds::facts(),
    ) {
        let other = condition.test.other_fact().unwrap_or(&condition.fact).to_owned();
        let missing = without(&facts, &[&condition.fact, &other], None);
        // No condition tests one of two facts for equality with a number.
        let fits = matches!(
            condition.test,
            Test::AtLeast(_) | Test::AtMost(_) | Test::AtLeastFact(_) | Test::AtMostFact(_)
        );
        let wrong = if fits { Value::Text("2".into()) } else { Value::Integer(2) };
        let mut mistyped = without(&facts, &[&condition.fact], Some(&wrong));
        if other != condition.fact {
            mistyped.set(other, Value::Text("2".into()));
        }
        let mut record = record;
        record.customization.rules.push(deny(vec![condition.clone()]));
        let access = resolve(&compile(&spec), &record);
        prop_assert_eq!(allowed(&access, &missing), []);
        prop_assert_eq!(allowed(&access, &mistyped), []);
    }

    #[test]
    fn conditions_together_are_each_of_them(
        spec in any_policy(),
        record in worlds::records(),
        one in condition(),
        other in condition(),
        facts in worlds::facts(),
    ) {
        let under = |guard: &[&Condition]| {
            let mut spec = spec.clone();
            for permission in &mut spec.permissions {
                permission.guard = guard.iter().map(|condition| (*condition).clone()).collect();
            }
            allowed(&resolve(&compile(&spec), &record), &facts)
        };
        let (of_one, of_other) = (under(&[&one]), under(&[&other]));
        let both: Vec<_> = of_one.into_iter().filter(|access| of_other.contains(access)).collect();
        prop_assert_eq!(under(&[&one, &other]), both);
    }

    #[test]
    fn a_custom_role_holds_no_more_than_its_base_where_nothing_may_be_added(
        spec in any_policy(),
        record in worlds::records(),
        node in prop::sample::select(NODES.as_slice()),
        facts in worlds::facts(),
    ) {
        let spec = PolicySpec { custom_additions: false, ..spec };
        let policy = compile(&spec);
        let mut record = record;
        record.customization.rules.clear();
        let fitting = resolve(&policy, &record);
        for made in &record.customization.roles {
            // Where two roles have one id, the first that fits is meant; one that does not is none.
            let named = record.customization.roles.iter().filter(|other| other.id == made.id);
            let of_policy = policy.role(&made.id).is_some();
            if of_policy || named.count() > 1 || fitting.policy().role(&made.id).is_none() {
                continue;
            }
            let may = |granted: &str| {
                let grants = vec![Grant::new(granted, node.id)];
                allowed(&resolve(&policy, &Record { grants, ..record.clone() }), &facts)
            };
            let base = may(&made.base);
            for access in may(&made.id) {
                prop_assert!(base.contains(&access), "{:?} beyond {}", access, made.base);
            }
        }
    }

    #[test]
    fn what_an_organization_adds_leaves_the_numbers_of_the_policy(
        spec in any_policy(),
        record in worlds::records(),
    ) {
        let policy = compile(&spec);
        let own = OwnPolicy::new(&policy, &record.customization).unwrap();
        for (permission, id) in permissions(&policy) {
            prop_assert_eq!(own.permission(id), Some(permission));
        }
        prop_assert_eq!(own.permissions().len(), policy.permissions().len());
        for role in policy.roles() {
            prop_assert_eq!(own.role(&role.id), policy.role(&role.id));
        }
    }

    #[test]
    fn the_reason_is_the_first_factor_that_is_false(
        spec in any_policy(),
        record in worlds::records(),
        token in prop::option::of(worlds::tokens()),
        facts in worlds::facts(),
    ) {
        let mut record = Record { token, ..record };
        let mut spec = spec;
        let asked = |spec: &PolicySpec, record: &Record| {
            decisions(&resolve(&compile(spec), record), &facts)
        };
        // With the first factor true, with the first two, and so on.
        let mut stages = vec![asked(&spec, &record)];
        for make_true in FACTORS {
            make_true(&mut spec, &mut record);
            stages.push(asked(&spec, &record));
        }
        for (at, decision) in stages[0].iter().enumerate() {
            let Some(rank) = rank(decision) else { continue };
            // What comes before it is true: making it so changes nothing.
            prop_assert_eq!(code(&stages[rank][at]), code(decision));
            // It is false itself: once it is true, the reason is another one, or there is none.
            if let Some(stage) = stages.get(rank + 1) {
                prop_assert_ne!(code(&stage[at]), code(decision));
            }
        }
    }

    #[test]
    fn what_is_over_stays_over(
        spec in any_policy(),
        record in worlds::records(),
        later in 0..3_u64,
        facts in worlds::facts(),
    ) {
        let policy = compile(&spec);
        let mut left = record.clone();
        left.grants.retain(|grant| !grant.window.is_over(NOW_MS));
        let at = NOW_MS + later;
        let now = resolve(&policy, &record).at(at);
        prop_assert_eq!(allowed(&now, &facts), allowed(&resolve(&policy, &left).at(at), &facts));
    }
}

/// What makes each factor true, in the order of the factors.
const FACTORS: [fn(&mut PolicySpec, &mut Record); 6] = [
    |_, record| record.grants.push(Grant::new("gone", "org")),
    |spec, record| {
        for rules in [&mut spec.rules, &mut record.customization.rules] {
            rules.retain(|rule| rule.effect == Effect::Allow);
        }
    },
    |spec, _| {
        spec.permissions
            .iter_mut()
            .for_each(|known| known.plan.clear())
    },
    |spec, _| {
        spec.permissions
            .iter_mut()
            .for_each(|known| known.guard.clear())
    },
    |_, record| record.token = None,
    |spec, _| spec.roles.iter_mut().for_each(|role| role.cap = None),
];

/// The place of the reason's factor. A guard may be the permission's or a role's, so it has none.
fn rank(decision: &Decision) -> Option<usize> {
    match code(decision) {
        "no-membership" => Some(0),
        "denied-by-rule" => Some(1),
        "plan" => Some(2),
        "out-of-token-scope" => Some(4),
        "capped" => Some(5),
        "expired" | "no-grant" => Some(6),
        _ => None,
    }
}
