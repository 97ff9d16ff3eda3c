//! The evaluator against its model: as many random decisions as `LOCKSTEP_DECISIONS` says, drawn from
//! `LOCKSTEP_SEED`, with no difference.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use lockstep_core::{
    Effect, Facts, Level, Outcome, PolicySpec, PrincipalKind, Record, Window, evaluate, verdict,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use crate::support::model::Model;
use crate::support::policies::{Without, policies};
use crate::support::worlds::{self, NODES, NOW_MS};
use crate::support::{corpus, permissions};
use crate::{compile, resolve};

/// How many decisions each run compares, where the environment does not say.
const DECISIONS: usize = 100_000;
/// How many cases are drawn at once.
const ROUND: u32 = 50;
/// In one case of how many it is counted what matters.
const COUNTED: usize = 2;

/// A policy, what one principal has under it, and the facts of some questions.
type Case = (PolicySpec, Record, Vec<Facts>);

fn cases() -> impl Strategy<Value = Case> {
    let token = prop::option::weighted(0.3, worlds::tokens());
    let record = (worlds::records(), token).prop_map(|(record, token)| Record { token, ..record });
    (
        policies(Without::default()),
        record,
        vec(worlds::facts(), 4),
    )
}

fn environment(name: &str, default: usize) -> usize {
    let value = std::env::var(name);
    value.map_or(default, |value| value.parse().unwrap())
}

#[test]
fn the_evaluator_agrees_with_the_plain_model() {
    let wanted = environment("LOCKSTEP_DECISIONS", DECISIONS);
    let seed = environment("LOCKSTEP_SEED", 1);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes()[..8]);
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::with_cases(ROUND)
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut source = TestRunner::new_with_rng(config.clone(), rng);
    let (decisions, allowed, drawn) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let matters = RefCell::new(BTreeMap::<&str, usize>::new());
    while decisions.get() < wanted {
        // A runner stops for good after its cases.
        let mut runner = TestRunner::new_with_rng(config.clone(), source.new_rng());
        let run = runner.run(&cases(), |case| {
            let answers = compare(&case).map_err(TestCaseError::fail)?;
            decisions.set(decisions.get() + answers.len());
            let allows = answers.iter().filter(|allow| **allow).count();
            allowed.set(allowed.get() + allows);
            if drawn.get() % COUNTED == 0 {
                count_what_matters(&case, &answers, &mut matters.borrow_mut());
            }
            drawn.set(drawn.get() + 1);
            Ok(())
        });
        match run {
            Ok(()) => {}
            Err(TestError::Fail(reason, (spec, record, questions))) => {
                let wrong = |facts: &&Facts| !differing(&spec, &record, facts).is_empty();
                let facts = questions.iter().find(wrong).unwrap_or(&questions[0]);
                let asked = differing(&spec, &record, facts);
                let written = corpus::written(&spec, &record, facts, &asked);
                panic!("LOCKSTEP_SEED={seed}: {reason}\n{written}")
            }
            Err(error) => panic!("{error}"),
        }
    }
    // A generator that never lets a feature decide proves nothing about it.
    let (decisions, allowed) = (decisions.get(), allowed.get());
    assert!(
        (decisions / 10..decisions * 9 / 10).contains(&allowed),
        "{allowed} of {decisions}"
    );
    println!(
        "counted: LOCKSTEP_SEED={seed}: {decisions} decisions as the model makes them, {allowed} of them allow"
    );
    let counted = drawn.get().div_ceil(COUNTED);
    let matters = matters.into_inner();
    for (feature, _) in FEATURES {
        let cases = matters.get(feature).copied().unwrap_or(0);
        println!("{feature}: decides something in {cases} of {counted} cases");
        assert!(cases * 100 >= counted, "{feature} hardly ever matters");
    }
}

/// The answers of the evaluator, once each has been compared with the model's.
fn compare((spec, record, questions): &Case) -> Result<Vec<bool>, String> {
    let policy = compile(spec);
    let access = resolve(&policy, record);
    let mut answers = Vec::new();
    for facts in questions {
        let model = Model {
            spec,
            record,
            facts,
            now_ms: NOW_MS,
        };
        for node in NODES {
            let at = access.node(node.id).unwrap();
            for (permission, id) in permissions(access.policy()) {
                let decided = evaluate(&access, permission, at, facts).is_allow();
                let by_model = model.allows(id, node.id);
                if decided != by_model {
                    let node = node.id;
                    return Err(format!(
                        "{id} on {node}: {decided}, by the model {by_model}"
                    ));
                }
                // What the browser reads from its table is the same answer, or that facts are needed.
                let verdict = verdict(&access, permission, at, facts);
                let settled = access.settled(permission, at);
                if decided != (verdict == Outcome::True)
                    || (settled != Outcome::Unknown && settled != verdict)
                {
                    return Err(format!("{id} on {}: {settled:?}, {verdict:?}", node.id));
                }
                answers.push(decided);
            }
        }
    }
    Ok(answers)
}

/// The questions, as permission and node, to which the evaluator and the model have different answers.
fn differing(spec: &PolicySpec, record: &Record, facts: &Facts) -> Vec<(String, &'static str)> {
    let access = resolve(&compile(spec), record);
    let model = Model {
        spec,
        record,
        facts,
        now_ms: NOW_MS,
    };
    let mut found = Vec::new();
    for node in NODES {
        let at = access.node(node.id).unwrap();
        for (permission, id) in permissions(access.policy()) {
            let decided = evaluate(&access, permission, at, facts).is_allow();
            if decided != model.allows(id, node.id) {
                found.push((id.to_owned(), node.id));
            }
        }
    }
    found
}

type Change = fn(&mut PolicySpec, &mut Record, &mut [Facts]);

/// What takes each feature out of a case. Where an answer changes, the feature mattered.
const FEATURES: [(&str, Change); 20] = [
    ("allow rules", |spec, _, _| {
        spec.rules.retain(|rule| rule.effect == Effect::Deny)
    }),
    ("deny rules", |spec, _, _| {
        spec.rules.retain(|rule| rule.effect == Effect::Allow)
    }),
    ("the organization's allow rules", |_, record, _| {
        record
            .customization
            .rules
            .retain(|rule| rule.effect == Effect::Deny);
    }),
    ("the organization's deny rules", |_, record, _| {
        record
            .customization
            .rules
            .retain(|rule| rule.effect == Effect::Allow);
    }),
    ("roles of rules", |spec, record, _| {
        let rules = spec.rules.iter_mut().chain(&mut record.customization.rules);
        rules.for_each(|rule| rule.roles.clear());
    }),
    ("conditions of rules", |spec, record, _| {
        let rules = spec.rules.iter_mut().chain(&mut record.customization.rules);
        rules.for_each(|rule| rule.when.clear());
    }),
    ("guards", |spec, _, _| {
        spec.permissions.iter_mut().for_each(|p| p.guard.clear())
    }),
    ("features of the plan", |spec, _, _| {
        spec.permissions.iter_mut().for_each(|p| p.plan.clear())
    }),
    ("replaced roles", |spec, _, _| spec.replacements.clear()),
    ("custom roles", |_, record, _| {
        record.customization.roles.clear()
    }),
    ("what custom roles drop", |_, record, _| {
        record
            .customization
            .roles
            .iter_mut()
            .for_each(|role| role.without.clear());
    }),
    ("what custom roles add", |spec, _, _| {
        spec.custom_additions = false
    }),
    ("levels of custom roles", |spec, _, _| {
        spec.custom_levels = Level::ALL.into()
    }),
    ("groups", |_, record, _| {
        record
            .grants
            .iter_mut()
            .for_each(|grant| grant.group = None)
    }),
    ("kinds", |_, record, _| record.kind = PrincipalKind::User),
    ("tokens", |_, record, _| record.token = None),
    ("windows of tokens", |_, record, _| {
        record
            .token
            .iter_mut()
            .for_each(|token| token.window = Window::default());
    }),
    ("what is known to be absent", |_, _, facts| {
        facts
            .iter_mut()
            .for_each(|facts| *facts = known(facts, |_, _| true));
    }),
    ("values of the wrong type", |_, _, facts| {
        facts.iter_mut().for_each(|facts| {
            let mut fitting = known(facts, worlds::fits);
            facts.groups().for_each(|group| fitting.complete(group));
            *facts = fitting;
        });
    }),
    ("caps", |spec, _, _| {
        spec.roles.iter_mut().for_each(|role| role.cap = None)
    }),
];

/// The facts that `keep` keeps, and that none is known to be absent.
fn known(facts: &Facts, keep: fn(&str, &lockstep_core::Value) -> bool) -> Facts {
    let kept = facts.iter().filter(|(name, value)| keep(name, value));
    kept.map(|(name, value)| (name.to_owned(), value.clone()))
        .collect()
}

fn count_what_matters(case: &Case, answers: &[bool], matters: &mut BTreeMap<&'static str, usize>) {
    for (feature, take_out) in FEATURES {
        let (mut spec, mut record, mut questions) = case.clone();
        take_out(&mut spec, &mut record, &mut questions);
        let (policy, mut answers) = (compile(&spec), answers.iter());
        let access = resolve(&policy, &record);
        let changed = questions.iter().any(|facts| {
            NODES.iter().any(|node| {
                let at = access.node(node.id).unwrap();
                permissions(access.policy()).any(|(permission, _)| {
                    let now = verdict(&access, permission, at, facts) == Outcome::True;
                    answers.next() != Some(&now)
                })
            })
        });
        if changed {
            *matters.entry(feature).or_default() += 1;
        }
    }
}
