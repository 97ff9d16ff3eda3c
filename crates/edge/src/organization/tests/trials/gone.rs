//! KV gone: right answers. An object gone: no wrong answer, and a clear one.

use super::*;
use crate::{
    objects::Class,
    testing::{Dice, seed},
};

const KINDS: [Kind; 5] = [
    Kind::DeploymentJwt,
    Kind::OrganizationJwt,
    Kind::PersonalToken,
    Kind::ServiceKey,
    Kind::Session,
];
/// Trials for each kind of credential.
const TRIALS: u64 = 40;

#[track_caller]
fn is_unavailable(answer: &Response, what: &str) {
    assert_eq!(
        (answer.status, &json(answer)["code"]),
        (503, &json!("unavailable")),
        "{what}"
    );
    assert!(answer.header("retry-after").is_some(), "{what}");
}

/// Whichever object is gone, nothing that it has to be asked about is allowed, and nothing is denied for it.
#[test]
fn w7_without_an_object_no_credential_is_told_yes_or_no() {
    let (seed, each) = (seed(), trials_of_each_fault("LOCKSTEP_TRIALS", TRIALS));
    let dice = Dice::of(seed);
    let mut asked = 0;
    for (kind, faults) in KINDS
        .iter()
        .flat_map(|kind| faults().into_iter().map(|faults| (*kind, faults)))
    {
        let mut trial = Trial::new(kind, faults);
        for _ in 0..each {
            trial.stay_signed_in();
            let isolates = trial.isolates();
            for isolate in &isolates[..2] {
                assert!(trial.may(isolate, ORDINARY) && trial.may(isolate, SENSITIVE));
            }
            // Sessions and tokens are known to the user's object, too; a sensitive question asks both.
            let users = matches!(kind, Kind::PersonalToken | Kind::Session);
            let class = match users && dice.happens(500) {
                true => Class::User,
                false => Class::Organization,
            };
            let objects = &trial.acme.world.objects;
            objects.is_down.set(Some(class));
            let what = format!("{kind:?} {faults} {class:?}");
            for isolate in &isolates {
                is_unavailable(&trial.ask(isolate, SENSITIVE), &what);
                let write = json!({ "name": "x" });
                let written = trial.send(isolate, Method::Patch, &trial.workspace, &write);
                is_unavailable(&written, &what);
                asked += 2;
            }
            trial.wait(5_000);
            for isolate in &isolates {
                is_unavailable(&trial.ask(isolate, ORDINARY), &what);
                asked += 1;
            }
            objects.is_down.set(None);
            assert!(trial.may(&isolates[2], ORDINARY), "and it is back: {what}");
            match kind {
                Kind::DeploymentJwt => trial.bear(0, "ben"),
                Kind::OrganizationJwt => trial.bear(1, "ben-1"),
                _ => {}
            }
        }
    }
    println!(
        "counted: LOCKSTEP_SEED={seed}: {asked} questions without an object, each answered 503"
    );
}

#[test]
fn w6_without_kv_every_credential_gets_the_right_answers() {
    for kind in KINDS {
        let trial = Trial::new(kind, "");
        trial.acme.world.kv.is_down.set(true);
        for role in ["viewer", "workspace-admin", "viewer"] {
            trial.give(role);
            trial.wait(10_000);
            for isolate in trial.isolates() {
                for permission in [ORDINARY, SENSITIVE] {
                    let is_admin = role == "workspace-admin";
                    assert_eq!(trial.may(&isolate, permission), is_admin, "{kind:?} {role}");
                }
            }
        }
    }
}
